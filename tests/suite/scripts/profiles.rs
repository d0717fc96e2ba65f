//! Scripted profiles against the same formulas in Rust, at every voxel.

use crate::brute_force::run::group;
use crate::brute_force::run::{Place, Volume, blobscene, points};

const GRID: &str =
    "[grid]\nshape = { x = 41, y = 37, z = 29 }\nvoxel_size = { x = 0.1, y = 0.12, z = 0.15 }\n";
const PLANE: &str = "[grid]\nshape = { x = 61, y = 57 }\nvoxel_size = { x = 0.1, y = 0.12 }\n";
const CENTRES: [[f64; 3]; 4] = [[2.0, 2.2, 2.0], [2.33, 1.9, 2.41], [0.1, 4.2, 0.5], [3.9, 0.3, 3.1]];
const LUA: &str = r#"{ kind = "lua", script = "p.lua" }"#;

/// The scene with `script` as the profile, what the program said, and its volume.
fn drawn(grid: &str, script: &str, more: &str) -> (Volume, String) {
    let place = Place::new();
    place.write("p.lua", script);
    place.write("scene.toml", &(grid.to_string() + &group("a", LUA, 10.0, &points(&CENTRES)) + more));
    let output = blobscene(place.path(), &[]).args(["run", "-o", "out.h5", "scene.toml"]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{err}");
    (Volume::read(&place.path().join("out.h5")), err)
}

/// Asserts that every voxel is the sum of `exact` at its offsets, within the bounds that the file states.
fn assert_drawn(file: &Volume, exact: impl Fn([f64; 3]) -> f64) {
    let bound = file.bound();
    assert!(bound.is_finite() && bound < 0.02, "{bound}");
    let mut brightest = 0.0_f64;
    for z in 0..file.shape[2] {
        for y in 0..file.shape[1] {
            for x in 0..file.shape[0] {
                let at = |a: usize, i: usize| file.origin[a] + i as f64 * file.voxel_size[a];
                let value = |spot: usize| {
                    let c = file.triple("", spot, 0.0);
                    let dz = if file.flat { 0.0 } else { at(2, z) - c[2] };
                    file.spots["amplitude"][spot] * exact([at(0, x) - c[0], at(1, y) - c[1], dz])
                };
                let want: f64 = (0..file.spot_count()).map(value).sum();
                let got = file.at(x, y, z);
                assert!((got - want).abs() <= bound, "({x} {y} {z}): {got}, exactly {want}, bound {bound:e}");
                brightest = brightest.max(got);
            }
        }
    }
    assert!(brightest > 1.0, "the volume is dark");
}

fn length(d: [f64; 3]) -> f64 {
    (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt()
}

const DONUT: &str = "return { support = 0.8 + 5.5 * 0.2, radial = function(p, r)
    return math.exp(-((r - 0.8) / 0.2) ^ 2 / 2) end }";

fn donut(d: [f64; 3]) -> f64 {
    if length(d) > 1.9 { 0.0 } else { (-((length(d) - 0.8) / 0.2).powi(2) / 2.0).exp() }
}

#[test]
fn a_radial_profile_is_what_its_script_says() {
    for grid in [GRID, PLANE] {
        for more in ["", "[render]\nprecision = \"f64\"\n", "[render]\ntolerance = 1e-3\n"] {
            let (file, err) = drawn(grid, DONUT, more);
            assert!(!err.contains("warning"), "{err}");
            assert_drawn(&file, donut);
        }
    }
}

/// No table holds a jump: the script is called at every voxel, and a warning says so.
#[test]
fn a_radial_profile_with_a_jump_is_exact_but_slow() {
    let script = "return { support = 1.5, radial = function(p, r)
        return if r < 0.7313 then 1 else 0.25 * (1.5 - r) ^ 2 end }";
    let (file, err) = drawn(GRID, script, "");
    assert!(err.contains("warning") && err.contains("called at every voxel"), "{err}");
    assert_drawn(&file, |d| match length(d) {
        r if r < 0.7313 => 1.0,
        r if r <= 1.5 => 0.25 * (1.5 - r).powi(2),
        _ => 0.0,
    });
}

#[test]
fn a_profile_without_symmetry_is_what_its_script_says() {
    let script = "return { params = { tail = 0.5 }, support = 3, intensity = function(p, dx, dy, dz)
        local sx = dx > 0 and p.tail or 0.2
        return math.exp(-(dx / sx) ^ 2 / 2 - ((dy - 0.3 * dx) / 0.3) ^ 2 - (dz / 0.4) ^ 2) end }";
    let exact = |d: [f64; 3]| {
        let sx = if d[0] > 0.0 { 0.5 } else { 0.2 };
        let value =
            (-(d[0] / sx).powi(2) / 2.0 - ((d[1] - 0.3 * d[0]) / 0.3).powi(2) - (d[2] / 0.4).powi(2)).exp();
        if length(d) > 3.0 { 0.0 } else { value }
    };
    for grid in [GRID, PLANE] {
        let (file, err) = drawn(grid, script, "");
        assert!(!err.contains("called at every voxel"), "{err}");
        assert_drawn(&file, exact);
    }
}

/// The built-in Gaussian, sampled at the voxels' centres, by another way.
#[test]
fn a_scripted_gaussian_is_the_built_in_one() {
    let functions = [
        "radial = function(p, r) return math.exp(-(r / 0.25) ^ 2 / 2) end",
        "intensity = function(p, dx, dy, dz) return math.exp(-(dx * dx + dy * dy + dz * dz) / (2 * 0.0625)) end",
    ];
    for (grid, function) in [GRID, PLANE].iter().flat_map(|grid| functions.map(|function| (grid, function))) {
        let light = |slot: &str| {
            let place = Place::new();
            place.write("p.lua", &format!("return {{ support = 0.25 * 7, {function} }}"));
            let spots = group("a", slot, 1.0, &points(&CENTRES)).replace("amplitude = 1.0", "photons = 5000");
            Volume::read(&place.file(&(grid.to_string() + &spots), &[]))
        };
        let built_in = light(r#"{ kind = "gaussian", sigma = 0.25, sampling = "point" }"#);
        let scripted = light(LUA);
        let peak = built_in.spots["amplitude"][0];
        for (a, b) in scripted.spots["amplitude"].iter().zip(&built_in.spots["amplitude"]) {
            assert!((a / b - 1.0).abs() < 1e-6, "{function}: {a} {b}");
        }
        // The amplitude comes of a numeric integral.
        let bound = scripted.bound() + built_in.bound() + 4.0 * 1e-6 * peak;
        let off = scripted.largest_difference(&built_in);
        assert!(off <= bound, "{function}: {off:e} > {bound:e}");
        assert!(peak > 1.0);
    }
}

/// The light of a spot well inside the grid adds up to its photons: sampling a smooth profile at the voxels' centres is as good
/// as an integral.
#[test]
fn photons_add_up() {
    for (script, grid) in [
        (DONUT, "[grid]\nshape = { x = 52, y = 52, z = 52 }\nvoxel_size = 0.08\n"),
        (DONUT, "[grid]\nshape = { x = 52, y = 52 }\nvoxel_size = 0.08\n"),
        (
            "return { support = 1.9, intensity = function(p, dx, dy, dz)
                 return math.exp(-((dx - 0.2) ^ 2 + dy * dy * 2 + dz * dz) / (2 * 0.0625)) end }",
            "[grid]\nshape = { x = 52, y = 52, z = 52 }\nvoxel_size = 0.08\n",
        ),
    ] {
        let place = Place::new();
        place.write("p.lua", script);
        let spots =
            group("a", LUA, 1.0, &points(&[[2.05, 2.02, 2.08]])).replace("amplitude = 1.0", "photons = 1234");
        let file = Volume::read(&place.file(&(grid.to_string() + &spots), &[]));
        let sum: f64 = file.voxels.iter().sum();
        assert!((sum / 1234.0 - 1.0).abs() < 1e-4, "{script}: {sum}");
        assert!((file.spots["inside"][0] - 1.0).abs() < 1e-9);
    }
}

/// Spots at the faces, edges and corners: the built-in Gaussian has a closed form.
#[test]
fn the_share_inside_is_that_of_the_built_in_gaussian() {
    for grid in [GRID, PLANE] {
        let inside = |slot: &str| {
            let place = Place::new();
            place.write(
                "p.lua",
                "return { support = 1.5, radial = function(p, r) return math.exp(-(r / 0.25) ^ 2 / 2) end }",
            );
            let cut =
                [[0.0, 2.0, 2.0], [-0.2, 0.1, 2.0], [0.3, 0.3, 0.3], [-0.4, -0.3, 0.2], [2.0, 2.0, 4.4]];
            let scene = grid.to_string() + &group("a", slot, 10.0, &points(&cut));
            Volume::read(&place.file(&scene, &[])).spots["inside"].clone()
        };
        let exact = inside(r#"{ kind = "gaussian", sigma = 0.25 }"#);
        assert!(exact.iter().any(|share| *share < 0.3) && exact.iter().any(|share| *share > 0.5));
        for (found, exact) in inside(LUA).iter().zip(&exact) {
            assert!((found - exact).abs() < 2e-3, "{found} {exact}");
        }
    }
}

#[test]
fn a_profile_that_is_cut_off_gets_a_warning() {
    let (_, err) =
        drawn(GRID, "return { support = 0.5, radial = function(p, r) return math.exp(-r * r) end }", "");
    assert!(err.contains("at its support of 0.5") && err.contains("7.8e-1"), "{err}");
}

/// A generous support changes nothing about the light that is found.
#[test]
fn light_is_found_within_a_support_that_is_too_large() {
    for (support, function) in [
        (80.0, "radial = function(p, r) return math.exp(-r * r / 0.08) end"),
        (2.5, "intensity = function(p, x, y, z) return math.exp(-(x * x + y * y + z * z) / 0.08) end"),
    ] {
        let (file, err) = drawn(GRID, &format!("return {{ support = {support}, {function} }}"), "");
        let inside = &file.spots["inside"];
        assert!(inside[0] > 0.9999 && inside[1] > 0.9999 && inside[2] < 0.99, "{function}: {inside:?}");
        assert!(!err.contains("no light"), "{err}");
    }
}

#[test]
fn photons_of_a_profile_whose_light_sums_to_0_are_refused() {
    for function in [
        "radial = function(p, r) return r < 1 and 7 or -1 end",
        "intensity = function(p, x, y, z) return x * (4 - x * x - y * y - z * z) ^ 2 end",
    ] {
        let place = Place::new();
        place.write("p.lua", &format!("return {{ support = 2, {function} }}"));
        let scene = GRID.to_string() + &group("a", LUA, 10.0, &points(&CENTRES));
        let (code, err) = super::refused(&place, &scene.replace("amplitude =", "photons ="));
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains("sums to 0") && err.contains("give `amplitude`"), "{err}");
    }
}

#[test]
fn what_is_no_profile_is_refused() {
    for (script, words) in [
        ("return { radial = function(p, r) return 1 - r end }", &["support"][..]),
        ("return { support = -1, radial = function(p, r) return 1 end }", &["support", "-1"]),
        ("return { support = 0/0, radial = function(p, r) return 1 end }", &["support"]),
        ("return { support = 1, radial = function(p, r) return 0 end }", &["0 everywhere"]),
        ("return { support = 1, radial = function(p, r) return 1 / r end }", &["at (", "finite number"]),
        ("return { support = 1, radial = function(p, r) return 0 / 0 end }", &["NaN"]),
        ("return { support = 1, radial = function(p, r) end }", &["returns nothing"]),
        ("return { support = 1, radial = function(p, r) return 'bright' end }", &["no number"]),
        ("return { support = 1, radial = function(p, r) error('no') end }", &["p.lua:1", "no"]),
        ("return { support = 1, intensity = function(p, x) return x / 0 end }", &["finite number"]),
        ("return { support = 1 }", &["`radial` or `intensity`"]),
        ("return { support = 1, radial = print, intensity = print }", &["one of them is enough"]),
        ("return { support = 1, radial = function(p, r) return math.random() end }", &["random numbers"]),
        (
            "local n = 0 return { support = 1, radial = function(p, r) n = n + 1 return n end }",
            &["changes a variable"],
        ),
        ("local t = {} return { support = 1, radial = function(p, r) t[1] = r return 1 end }", &["readonly"]),
        ("return { support = 1, radial = function(p, r) p.x = r return 1 end }", &["readonly"]),
        (
            "local w = coroutine.wrap return { support = 1, radial = function(p, r) return 1 end }",
            &["coroutine"],
        ),
    ] {
        let place = Place::new();
        place.write("p.lua", script);
        let scene = GRID.to_string() + &group("a", LUA, 10.0, &points(&CENTRES));
        let (code, err) = super::refused(&place, &scene);
        assert_eq!(code, Some(2), "{script}: {err}");
        assert!(words.iter().all(|word| err.contains(word)), "{script}: {err}");
        assert!(err.contains("p.lua"), "{script}: {err}");
    }
}
