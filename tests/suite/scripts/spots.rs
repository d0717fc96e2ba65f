//! Spots as scripts bring them, and what is refused.

use crate::brute_force::run::Place;

use super::{GRID, PLANE, generated, generator_scene, refused, script_rendered};

#[test]
fn own_columns_arrive_beside_the_truth() {
    let file = generated(
        GRID,
        "return {
             { x = 1, y = 1, z = 1, amplitude = 7, cell = 4 },
             { x = 2, y = 1, z = 1, photons = 90, weight = -0.5 },
             { x = 3, y = 1, z = 1, sigma = { x = 0.2, y = 0.3, z = 0.4 }, cell = 5 },
         }",
    );
    assert_eq!(file.spot_count(), 3);
    assert_eq!(file.spots["amplitude"][0], 7.0);
    assert_eq!(file.spots["photons"][1], 90.0);
    assert_eq!(file.spots["amplitude"][2], 10.0, "what a spot does not say the group says");
    assert_eq!([0, 1, 2].map(|a| file.triple("sigma_", a, 0.0)), [[0.1; 3], [0.1; 3], [0.2, 0.3, 0.4]]);
    let bits = |name: &str| file.spots[name].iter().map(|x| x.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!((bits("cell").as_str(), bits("weight").as_str()), ("4 NaN 5", "NaN -0.5 NaN"));
}

/// A list, columns, batches, single spots and `emit` are the same spots, in the same order.
#[test]
fn every_way_gives_the_same_spots() {
    let begin = "local r = scene.rng; local x, y, z, a = r:uniform(0, 4, 50), r:uniform(0, 3, 50), r:uniform(0, 2, 50), r:gamma(2, 9, 50)\n";
    let spot = "{ x = x[i], y = y[i], z = z[i], amplitude = a[i], tag = i % 3 }";
    let ways = [
        format!("{begin} local l = {{}} for i = 1, 50 do l[i] = {spot} end return l"),
        format!(
            "{begin} local t = {{}} for i = 1, 50 do t[i] = i % 3 end return {{ x = x, y = y, z = z, amplitude = a, tag = t }}"
        ),
        format!("{begin} for i = 1, 50 do coroutine.yield({spot}) end"),
        format!(
            "{begin} for i = 1, 48, 2 do local l = {{}} for j = 0, 1 do local i = i + j l[j + 1] = {spot} end coroutine.yield(l) end local i = 49 scene.emit({spot}) i = 50 return {spot}"
        ),
        format!("{begin} for i = 1, 50 do scene.emit(x[i], y[i], z[i], a[i], i % 3) end"),
    ];
    let volumes = ways.map(|body| {
        let script = format!(
            "return {{ columns = {{ \"amplitude\", \"tag\" }}, generate = function(p, scene) {body} end }}"
        );
        script_rendered(GRID, &script)
    });
    assert_eq!(volumes[0].spot_count(), 50);
    for volume in &volumes {
        assert_eq!(volume.blake3, volumes[0].blake3);
        assert_eq!(volume.spots, volumes[0].spots);
    }
}

#[test]
fn a_plane_ignores_z() {
    let body = |z: &str| {
        format!("return {{ {{ x = 1, y = 2 {z} }}, {{ x = 3, y = 1 {z}, sigma = {{ x = 0.2, y = 0.1 }} }} }}")
    };
    let (without, with) = (generated(PLANE, &body("")), generated(PLANE, &body(", z = 77")));
    assert!(without.flat && without.blake3 == with.blake3 && without.spots == with.spots);
    assert!(!with.columns.contains(&"z".to_string()));
}

#[test]
fn what_is_no_spot_is_refused_with_the_reason() {
    for (body, words) in [
        ("return { { x = 1, y = 2 } }", &["spot 1 of the list", "no `z`"][..]),
        ("return { { x = 1, y = 0/0, z = 1 } }", &["`y` is NaN", "finite"]),
        ("return { { x = 1, y = 2, z = math.huge } }", &["`z` is inf"]),
        ("return { { x = 1, y = 2, z = 3, cell = -1/0 } }", &["`cell` is -inf"]),
        ("return { { x = 1, y = 2, z = 3, amplitude = 1, photons = 2 } }", &["`amplitude` and `photons`"]),
        ("return { { x = 1, y = 2, z = 3, photons = -2 } }", &["`photons` is -2", ">= 0"]),
        ("return { { x = 1, y = 2, z = 3, sigma = 0 } }", &["`sigma` is 0", "> 0"]),
        ("return { { x = 1, y = 2, z = 3, sigma_x = 1 } }", &["sigma on some axes only"]),
        ("return { { x = 1, y = 2, z = 3, sigma = { x = 1 } } }", &["`sigma` has no number `y`"]),
        ("return { { x = 1, y = 2, z = 3, nearest = 1 } }", &["`nearest`", "of its own"]),
        ("return { { x = 1, y = 2, z = 3, ['a b'] = 1 } }", &["a b", "letters, digits and _"]),
        ("return { { x = 1, y = 2, z = 3, tag = 'red' } }", &["`tag` is a string"]),
        ("return { { x = 1, y = 2, z = 3 }, 5 }", &["spot 2 of the list", "no table"]),
        ("return { { x = 1, y = 2, z = 3 }, nil, { x = 1, y = 2, z = 3 } }", &["list"]),
        ("return { x = { 1, 2 }, y = { 1 }, z = { 1, 2 } }", &["column `y` has 1 value, and `x` has 2"]),
        ("return { x = { 1, 2 }, y = { 1, 'a' }, z = 1 }", &["value 2 of the column `y`"]),
        ("return { x = { 1, 2 }, y = { 1, 0/0 }, z = 1 }", &["spot 2 of the columns", "`y` is NaN"]),
        ("return { x = { 1, 2 }, y = { 1, 2 } }", &["spot 1 of the columns", "no `z`"]),
        ("return 'spots'", &["`generate` gives the text \"spots\"", "list of spots"]),
        ("scene.emit(1, 2)", &["s.lua:2", "emit: spot 1", "no `z`"]),
        ("scene.emit(1, 2, 3, 4)", &["s.lua:2", "it has 1 value behind", "declares 0"]),
        ("scene:emit(1, 2, 3)", &["s.lua:2", "call it with a dot: scene.emit(x, y, z)"]),
        ("scene:emit({ x = 1, y = 2, z = 3 })", &["s.lua:2", "call it with a dot"]),
        ("math.randomseed(1)", &["s.lua:2", "the scene has the seed"]),
        ("scene.emit(1, 2, 'c')", &["s.lua:2", "`z` is no number"]),
        ("return { X = 1, y = 2, z = 3 }", &["no list of spots", "no `x`"]),
        ("error({})", &["s.lua:2", "failed with a table"]),
        ("error('too small a grid')", &["s.lua:2", "too small a grid"]),
        ("local t = nil; return t.x", &["s.lua:2", "index nil"]),
        ("scene.grid.size.x = 3", &["s.lua:2", "readonly"]),
        ("scene.rng.uniform()", &["s.lua:2", "with a colon"]),
        ("return scene.rng:normal(0, -1)", &["s.lua:2", "normal: the standard deviation", "-1"]),
        ("return scene.rng:uniform(2, 1)", &["uniform: the limits must rise"]),
        ("return scene.rng:choice({})", &["choice: the list of choices is empty"]),
        ("return scene.rng:gamma('a')", &["gamma: the shape must be a number, and is a string"]),
        ("return scene.rng:poisson(0/0)", &["poisson: the mean must be finite"]),
        ("return scene.rng:integer(1, 2.5)", &["integer: two whole numbers"]),
        ("return scene.rng:stream(-1)", &["stream:", "whole and >= 0"]),
    ] {
        let place = Place::new();
        place.write("s.lua", &format!("return {{ generate = function(p, scene)\n{body}\nend }}"));
        let (code, err) = refused(&place, &generator_scene(GRID, ""));
        assert_eq!(code, Some(2), "{body}: {err}");
        assert!(words.iter().all(|word| err.contains(word)), "{body}: {err}");
        assert!(err.contains("s.lua"), "{body}: {err}");
    }
}

/// An error that memory ran out carries no line of its own.
#[test]
fn where_memory_runs_out_is_told() {
    for body in ["local t = {}\nwhile true do t[#t + 1] = {} end", "local n = 1e9\nreturn string.rep('a', n)"]
    {
        let place = Place::new();
        place.write("s.lua", &format!("return {{ generate = function(p, scene)\n{body}\nend }}"));
        let (code, err) = refused(&place, &generator_scene(GRID, ""));
        assert_eq!(code, Some(1), "{body}: {err}");
        assert!(err.contains("s.lua:3") && err.contains("--lua-memory"), "{body}: {err}");
    }
}

/// A spot that was refused inside `pcall` was never there.
#[test]
fn a_caught_refusal_leaves_nothing_behind() {
    let file = generated(
        GRID,
        "scene.emit(1, 1, 1)
         assert(not pcall(scene.emit, 1, 1))
         assert(not pcall(scene.emit, { x = 1, y = 1, z = 1, cell = 0/0 }))
         scene.emit({ x = 2, y = 1, z = 1, cell = 3 })",
    );
    assert_eq!(file.spots["x"], [1.0, 2.0]);
    assert_eq!(file.spots["cell"][1], 3.0);
}
