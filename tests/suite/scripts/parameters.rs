//! Declared parameters: what a scene may set, and where it is told that it may not.

use crate::brute_force::run::{Place, Volume};

use super::{GRID, generator_scene, refused};

/// Gives its parameters back as columns.
const SCRIPT: &str = r#"return {
    params = {
        count = { default = 3, min = 1, max = 9 },
        radius = { default = 0.5, unit = "grid.unit", above = 0 },
        axes = { x = 1, y = 2, z = 3 },
        list = { 1, 2 },
        mode = "ring",
        on = true,
        ends = { near = 0, far = 1 },
    },
    generate = function(p, scene)
        assert(not pcall(function() p.count = 1 end))
        local spots = {}
        for i = 1, p.count do
            spots[i] = {
                x = i * 0.3, y = 1, z = 1, r = p.radius, ax = p.axes.x, az = p.axes.z, n = #p.list, mode = #p.mode,
                on = p.on and 1 or 0, far = p.ends.far, near = p.ends.near,
            }
        end
        return spots
    end,
}"#;

fn values(params: &str) -> Vec<f64> {
    let place = Place::new();
    place.write("s.lua", SCRIPT);
    let file = Volume::read(&place.file(&generator_scene(GRID, params), &[]));
    let of = |name: &str| file.spots[name][0];
    let mut values = vec![file.spot_count() as f64];
    values.extend(["r", "ax", "az", "n", "mode", "on", "near", "far"].map(of));
    values
}

#[test]
fn a_scene_sets_what_it_likes_and_the_rest_has_its_default() {
    assert_eq!(values(""), [3.0, 0.5, 1.0, 3.0, 2.0, 4.0, 1.0, 0.0, 1.0]);
    let all =
        r#"count = 4, radius = 2, axes = 7, list = [1, 2, 3], mode = "x", on = false, ends = { far = 5 }"#;
    assert_eq!(values(all), [4.0, 2.0, 7.0, 7.0, 3.0, 1.0, 0.0, 0.0, 5.0]);
    assert_eq!(values("axes = { x = 4, y = 5, z = 6 }")[2..4], [4.0, 6.0]);
}

/// The problem is shown at its place in the scene, with what is allowed.
#[test]
fn unfit_parameters_are_told_at_their_place() {
    for (params, underlined, words) in [
        ("radiu = 2", "radiu", &["params.radiu", "radius"][..]),
        ("count = 0", "0", &["params.count", "1 ..= 9"]),
        ("count = 10", "10", &["params.count", "9"]),
        ("radius = 0", "0", &["params.radius", "> 0 um"]),
        (r#"count = "three""#, r#""three""#, &["params.count", "number"]),
        ("mode = 3", "3", &["params.mode", "text"]),
        ("on = 1", "1", &["params.on", "true or false"]),
        ("list = 4", "4", &["params.list", "array of number"]),
        (r#"list = [1, "b"]"#, r#""b""#, &["params.list"]),
        ("axes = { x = 1, y = 2, q = 3 }", "q", &["params.axes"]),
        ("axes = [1, 2, 3]", "[1", &["params.axes", "{ x = .., y = .., z = .. }"]),
        ("ends = { fa = 1 }", "fa", &["params.ends.fa", "far"]),
        ("count = nan", "nan", &["params.count"]),
    ] {
        let place = Place::new();
        place.write("s.lua", SCRIPT);
        let scene = generator_scene(GRID, params);
        let (code, err) = refused(&place, &scene);
        assert_eq!(code, Some(2), "{params}: {err}");
        assert!(words.iter().all(|word| err.contains(word)), "{params}: {err}");
        let line = scene.lines().position(|line| line.contains("params")).unwrap();
        let text = scene.lines().nth(line).unwrap();
        let start = text.find(params).unwrap();
        let column = start + params[..].rfind(underlined).unwrap() + 1;
        let first = start + params.find(underlined).unwrap() + 1;
        let at = |column: usize| err.contains(&format!("scene.toml:{}:{column}", line + 1));
        assert!(at(column) || at(first), "{params}: {err}");
    }
}

#[test]
fn a_declaration_that_makes_no_sense_is_refused() {
    for (params, words) in [
        ("{ radius = { default = 1, mim = 0 } }", &["params.radius", "mim", "min"][..]),
        ("{ radius = { default = -1, min = 0 } }", &["params.radius", ">= 0"]),
        ("{ radius = print }", &["params.radius", "a function"]),
        ("{ radius = 0/0 }", &["params.radius"]),
        ("{ ['a b'] = 1 }", &["params", "a b"]),
        ("5", &["`params` must be a table"]),
    ] {
        let place = Place::new();
        place.write("s.lua", &format!("return {{ params = {params}, generate = function() end }}"));
        let (code, err) = refused(&place, &generator_scene(GRID, ""));
        assert_eq!(code, Some(2), "{params}: {err}");
        assert!(words.iter().all(|word| err.contains(word)), "{params}: {err}");
    }
}
