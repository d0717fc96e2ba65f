//! Every voxel within the bounds that the file states.

use super::assert_exact;
use super::reference::{self, Shape};
use super::run::{Dice, group, points, rendered, rendered_with};

fn head(shape: &str, rest: &str) -> String {
    format!("[grid]\nshape = {shape}\n{rest}\n[scene]\nname = \"t\"\n")
}

fn render(tolerance: &str, precision: &str, dtype: &str) -> String {
    format!("[render]\n{tolerance}\nprecision = \"{precision}\"\n[output]\ndtype = \"{dtype}\"\n")
}

/// Voxel centres, edges, corners, half a voxel off the border, outside: where things go wrong.
fn places(shape: [f64; 3]) -> Vec<[f64; 3]> {
    let [x, y, z] = shape;
    vec![
        [x / 2.0, y / 2.0, z / 2.0],
        [3.0, 4.0, 5.0],
        [3.5, 4.0, 5.0],
        [7.5, 8.5, 5.0],
        [9.5, 9.5, 9.5],
        [0.0, 0.0, 0.0],
        [-0.5, -0.5, -0.5],
        [x - 1.0, y - 1.0, z - 1.0],
        [x - 0.5, 3.2, z - 0.5],
        [-2.3, 5.1, 6.0],
        [x + 3.7, y + 1.2, 4.0],
        [6.1, 7.2, -400.0],
        [12.3, 4.56, 7.89],
        [4.0 + 1e-13, 6.0 - 1e-13, 2.0],
    ]
}

const WIDTHS: [&str; 12] = [
    "0.05",
    "0.1",
    "0.3",
    "0.9",
    "2.0",
    "3.99",
    "4.01",
    "9.0",
    "70.0",
    "300.0",
    "{ x = 0.2, y = 1.5, z = 6.0 }",
    "{ x = 300.0, y = 0.05, z = 1.0 }",
];

#[test]
fn gaussians_of_every_width_and_sampling() {
    let grid = head("{ x = 21, y = 18, z = 15 }", "");
    for (sampling, shape) in [("point", Shape::Points), ("integrated", Shape::Means)] {
        for (i, sigma) in WIDTHS.into_iter().enumerate() {
            let tolerance = ["1e-3", "1e-5", "1e-7", "1e-9"][i % 4];
            for precision in ["f32", "f64"] {
                let profile =
                    format!("{{ kind = \"gaussian\", sigma = {sigma}, sampling = \"{sampling}\" }}");
                let scene = grid.clone()
                    + &render(&format!("tolerance = {tolerance}"), precision, "float64")
                    + &group("a", &profile, 137.0, &points(&places([21.0, 18.0, 15.0])));
                let name = format!("{sampling} {sigma} {tolerance} {precision}");
                assert_exact(&name, &rendered(&scene), &[shape]);
            }
        }
    }
}

/// With a cutoff the bound is computed: it holds, and is not pulled out of the air.
#[test]
fn cutoffs_have_honest_bounds() {
    let grid = head("{ x = 48, y = 40, z = 32 }", "");
    for cutoff in [0.3, 2.0, 3.0, 4.5, 6.0, 8.0] {
        for (sampling, shape) in [("point", Shape::Points), ("integrated", Shape::Means)] {
            let profile = format!("{{ kind = \"gaussian\", sigma = 1.7, sampling = \"{sampling}\" }}");
            let settings = render(&format!("cutoff = {cutoff:?}"), "f64", "float64");
            let lone = grid.clone()
                + &settings
                + &group("a", &profile, 100.0, &points(&[[20.5, 20.25, 16.0], [44.0, 5.0, 5.0]]));
            let seen = assert_exact(&format!("cutoff {cutoff} {sampling}"), &rendered(&lone), &[shape]);
            assert!(seen.slack() < 12.0, "cutoff {cutoff}: {} times too careful", seen.slack());
            let crowd = grid.clone()
                + &settings
                + &group("a", &profile, 100.0, &points(&places([48.0, 40.0, 32.0])))
                + &group("b", &profile, -3.0, &points(&places([40.0, 32.0, 20.0])));
            assert_exact(&format!("cutoff {cutoff} {sampling} crowd"), &rendered(&crowd), &[shape; 2]);
        }
    }
    // A narrow spot's box may hold no voxel centre: the bound says so.
    let profile = "{ kind = \"gaussian\", sigma = 0.05 }";
    let scene = grid
        + &render("cutoff = 2.0", "f64", "float64")
        + &group("a", profile, 100.0, &points(&[[20.5, 20.5, 16.5]]));
    assert_exact("cutoff between the voxels", &rendered(&scene), &[Shape::Means]);
}

#[test]
fn the_bound_is_within_reach_for_a_lone_spot() {
    for (sampling, shape) in [("point", Shape::Points), ("integrated", Shape::Means)] {
        for tolerance in ["1e-3", "1e-6", "1e-9"] {
            let profile = format!("{{ kind = \"gaussian\", sigma = 2.0, sampling = \"{sampling}\" }}");
            let scene = head("{ x = 40, y = 40, z = 40 }", "")
                + &render(&format!("tolerance = {tolerance}"), "f64", "float64")
                + &group("a", &profile, 100.0, &points(&[[20.1, 20.2, 20.3]]));
            let seen = assert_exact(&format!("lone {sampling} {tolerance}"), &rendered(&scene), &[shape]);
            assert!(seen.slack() < 30.0, "{} times too careful", seen.slack());
        }
    }
}

#[test]
fn a_crowd_of_ten_thousand() {
    let mut dice = Dice(1);
    let list: Vec<_> = (0..10_000)
        .map(|i| {
            let centre = [0, 1, 2].map(|_| dice.within(-4.0, 68.0));
            let sigma = dice.within(0.6, 2.5);
            (centre, format!(", sigma = {sigma:?}, amplitude = {:?}", if i % 3 == 0 { 1e3 } else { 2.0 }))
        })
        .collect();
    for (sampling, shape) in [("point", Shape::Points), ("integrated", Shape::Means)] {
        let profile = format!("{{ kind = \"gaussian\", sampling = \"{sampling}\" }}");
        let body = head("64", "") + &group("a", &profile, 1.0, &list);
        let f32 = assert_exact(
            &format!("crowd {sampling} f32"),
            &rendered(&(body.clone() + &render("tolerance = 1e-4", "f32", "float32"))),
            &[shape],
        );
        assert!(f32.slack() < 1e3);
        if sampling == "point" {
            let f64 = rendered(&(body + &render("tolerance = 1e-9", "f64", "float64")));
            let f64 = assert_exact("crowd point f64", &f64, &[shape]);
            assert!(f64.slack() < 1e4);
        }
    }
}

/// The bound is one of all spots together: many equal spots that all end at the same voxel must not add up past it.
#[test]
fn many_spots_that_end_at_the_same_voxel() {
    let mut list = Vec::new();
    for i in 0..600 {
        // On a sphere whose radius is about the reach of each.
        let angle = f64::from(i) * 2.399_963;
        let z = 1.0 - 2.0 * (f64::from(i) + 0.5) / 600.0;
        let r = 12.0 * (1.0 - z * z).sqrt();
        list.push([32.0 + r * angle.cos(), 32.0 + r * angle.sin(), 32.0 + 12.0 * z]);
    }
    for sigma in [1.5, 2.0, 2.3, 2.7] {
        let profile = format!("{{ kind = \"gaussian\", sigma = {sigma:?}, sampling = \"point\" }}");
        for settings in ["tolerance = 1e-4", "tolerance = 1e-6", "cutoff = 4.0"] {
            let scene = head("64", "")
                + &render(settings, "f64", "float64")
                + &group("a", &profile, 10.0, &points(&list));
            assert_exact(&format!("sphere {sigma} {settings}"), &rendered(&scene), &[Shape::Points]);
        }
    }
}

#[test]
fn bright_and_dim_and_negative_groups() {
    let mut dice = Dice(2);
    let mut some =
        |n: usize| -> Vec<[f64; 3]> { (0..n).map(|_| [0, 1, 2].map(|_| dice.within(0.0, 31.0))).collect() };
    let bright = group("bright", "{ kind = \"gaussian\", sigma = 1.2 }", 1e6, &points(&some(40)));
    let dim = group("dim", "{ kind = \"gaussian\", sigma = 2.2 }", 1.0, &points(&some(300)));
    let dark =
        group("dark", "{ kind = \"gaussian\", sigma = 1.6, sampling = \"point\" }", -2e5, &points(&some(60)));
    // Groups count in the byte order of their names.
    let shapes = [Shape::Means, Shape::Points, Shape::Means];
    for tolerance in ["1e-3", "1e-6", "1e-9"] {
        for precision in ["f32", "f64"] {
            let settings = render(&format!("tolerance = {tolerance}"), precision, "float64");
            let scene = head("32", "") + &settings + &bright + &dim + &dark;
            assert_exact(&format!("mixed {tolerance} {precision}"), &rendered(&scene), &shapes);
        }
    }
}

#[test]
fn planes() {
    let mut dice = Dice(3);
    let list: Vec<_> = (0..300).map(|_| [dice.within(-5.0, 105.0), dice.within(-5.0, 75.0), 1e6]).collect();
    let grid =
        head("{ x = 100, y = 70 }", "voxel_size = { x = 0.5, y = 2.0 }\norigin = { x = 1.0, y = -3.0 }");
    for (sampling, shape) in [("point", Shape::Points), ("integrated", Shape::Means)] {
        let profile = format!("{{ kind = \"gaussian\", sigma = 1.1, sampling = \"{sampling}\" }}");
        let scene = grid.clone()
            + &render("tolerance = 1e-6", "f64", "float64")
            + &group("a", &profile, 5.0, &points(&list));
        let file = rendered(&scene);
        assert!(!file.spots.contains_key("z"));
        assert_exact(&format!("plane {sampling}"), &file, &[shape]);
    }
    let scene = grid
        + &group("a", "{ kind = \"ball\", radius = { x = 3.1, y = 2.3 }, edge = 0.7 }", 5.0, &points(&list));
    assert_exact("plane ball", &rendered(&scene), &[Shape::Ball([3.1, 2.3, 1.0], 0.7)]);
}

#[test]
fn balls_and_shells() {
    let list = places([21.0, 18.0, 15.0]);
    for (profile, shape) in [
        ("{ kind = \"ball\", radius = 2.5 }", Shape::Ball([2.5; 3], 0.0)),
        ("{ kind = \"ball\", radius = 5 }", Shape::Ball([5.0; 3], 0.0)),
        ("{ kind = \"ball\", radius = 0.3 }", Shape::Ball([0.3; 3], 0.0)),
        ("{ kind = \"ball\", radius = 400 }", Shape::Ball([400.0; 3], 0.0)),
        ("{ kind = \"ball\", radius = 2.5, edge = 1.25 }", Shape::Ball([2.5; 3], 1.25)),
        ("{ kind = \"ball\", radius = 2.5, edge = 0.001 }", Shape::Ball([2.5; 3], 0.001)),
        ("{ kind = \"ball\", radius = 2.5, edge = 0.000001 }", Shape::Ball([2.5; 3], 0.000_001)),
        (
            "{ kind = \"ball\", radius = { x = 1.5, y = 4.0, z = 2.2 }, edge = 3.0 }",
            Shape::Ball([1.5, 4.0, 2.2], 3.0),
        ),
        ("{ kind = \"ball\", radius = { x = 1.5, y = 4.0, z = 2.2 } }", Shape::Ball([1.5, 4.0, 2.2], 0.0)),
        ("{ kind = \"shell\", radius = 4.0, thickness = 1.0 }", Shape::Shell([4.0; 3], 1.0)),
        ("{ kind = \"shell\", radius = 4.5, thickness = 1.0 }", Shape::Shell([4.5; 3], 1.0)),
        (
            "{ kind = \"shell\", radius = { x = 3.0, y = 5.0, z = 4.0 }, thickness = 2.0 }",
            Shape::Shell([3.0, 5.0, 4.0], 2.0),
        ),
    ] {
        for precision in ["f32", "f64"] {
            for settings in ["tolerance = 1e-6", "cutoff = 2.0"] {
                let scene = head("{ x = 21, y = 18, z = 15 }", "")
                    + &render(settings, precision, "float64")
                    + &group("a", profile, 7.25, &points(&list));
                assert_exact(&format!("{profile} {precision}"), &rendered(&scene), &[shape]);
            }
        }
    }
}

/// Voxels within an edge far thinner than themselves, whose values hang on the last bits of the distance.
#[test]
fn very_thin_edges() {
    for edge in [1e-3, 1e-6, 1e-9] {
        let z = 1.118_033_988_749_895 + 0.45 * edge;
        let list = [[8.5 + 0.4 * edge, 6.0, 6.0], [6.0, 8.5 + 0.7 * edge, 6.0], [8.0, 7.0, 6.0 + z]];
        let profile = format!("{{ kind = \"ball\", radius = 2.5, edge = {edge:?} }}");
        let scene = head("14", "")
            + &render("cutoff = 2.0", "f64", "float64")
            + &group("a", &profile, 7.25, &points(&list));
        let file = rendered(&scene);
        assert!(file.at(6, 6, 6) > 1.0 && file.at(6, 6, 6) < 3.0 * 7.25);
        assert_exact(&format!("edge {edge:e}"), &file, &[Shape::Ball([2.5; 3], edge)]);
    }
}

/// Coordinates a million voxels from 0, voxels of 1e-6 and of 1e6.
#[test]
fn far_from_the_origin_and_at_every_scale() {
    for scale in [1.0, 1e-6, 1e6, 0.1, 1.0 / 3.0] {
        for shift in [0.0, 1e6, -1e6, 123_456_789.25] {
            let origin = shift * scale;
            let list: Vec<_> = places([21.0, 18.0, 15.0])
                .into_iter()
                .map(|p| p.map(|c| origin + c * scale))
                .map(|p| (p, String::new()))
                .collect();
            for (sampling, shape, sigma) in [
                ("point", Shape::Points, 1.3),
                ("integrated", Shape::Means, 0.7),
                ("integrated", Shape::Means, 7.0),
            ] {
                let profile = format!(
                    "{{ kind = \"gaussian\", sigma = {:?}, sampling = \"{sampling}\" }}",
                    sigma * scale
                );
                let scene = head(
                    "{ x = 21, y = 18, z = 15 }",
                    &format!("voxel_size = {scale:?}\norigin = {origin:?}\nunit = \"px\""),
                ) + &render("tolerance = 1e-9", "f64", "float64")
                    + &group("a", &profile, 100.0, &list);
                assert_exact(&format!("scale {scale} shift {shift} {sampling}"), &rendered(&scene), &[shape]);
            }
        }
    }
}

/// The bound of the arithmetic by itself: nothing is left out at this tolerance.
#[test]
fn rounding_is_bounded_and_not_absurdly() {
    let mut dice = Dice(4);
    let crowd: Vec<[f64; 3]> = (0..3000).map(|_| [0, 1, 2].map(|_| dice.within(0.0, 31.0))).collect();
    let half: Vec<_> = crowd
        .iter()
        .enumerate()
        .map(|(i, &p)| (p, format!(", amplitude = {}", if i % 2 == 0 { 3.0 } else { -3.0 })))
        .collect();
    for (name, list) in [("one", points(&crowd[..1])), ("crowd", points(&crowd)), ("mixed signs", half)] {
        for (sampling, shape) in [("point", Shape::Points), ("integrated", Shape::Means)] {
            let profile = format!("{{ kind = \"gaussian\", sigma = 2.1, sampling = \"{sampling}\" }}");
            let body = head("32", "") + &group("a", &profile, 3.0, &list);
            let low = rendered(&(body.clone() + &render("tolerance = 1e-12", "f32", "float64")));
            let high = rendered(&(body + &render("tolerance = 1e-12", "f64", "float64")));
            let actual = low.largest_difference(&high);
            let bound = low.max_rounding_error;
            eprintln!("rounding {name} {sampling}: f32 {:.1} times the actual {actual:.1e}", bound / actual);
            assert!(actual <= bound + high.max_rounding_error);
            // Of spots with both signs only the sum of all peaks is known.
            assert!(bound <= if name == "mixed signs" { 1e6 } else { 1e3 } * actual);
            let seen = assert_exact(&format!("rounding {name} {sampling} f64"), &high, &[shape]);
            assert!(name == "mixed signs" || high.max_rounding_error <= 2e3 * seen.worst);
        }
    }
}

/// Where a single voxel's mean hangs on the last bits of the position.
#[test]
fn very_narrow_spots_at_the_edges_of_voxels() {
    for sigma in [1e-2, 1e-3, 1e-6, 1e-9] {
        let offsets = [0.0, 0.3, -0.7, 1.1];
        let list: Vec<[f64; 3]> = offsets
            .iter()
            .map(|o| [4.5 + o * sigma, 5.5 - o * sigma, 3.3])
            .chain([[2.2, 3.1, 4.7], [8.5, 8.5, 8.5]])
            .collect();
        let profile = format!("{{ kind = \"gaussian\", sigma = {sigma:?} }}");
        for grid in ["", "voxel_size = 0.1", "voxel_size = 0.3\norigin = 1000.1"] {
            let scaled: Vec<_> = match grid {
                "" => list.clone(),
                "voxel_size = 0.1" => list.iter().map(|p| p.map(|c| c * 0.1)).collect(),
                _ => list.iter().map(|p| p.map(|c| 1000.1 + c * 0.3)).collect(),
            };
            let scene = head("12", grid)
                + &render("tolerance = 1e-12", "f64", "float64")
                + &group("a", &profile, 100.0, &points(&scaled));
            assert_exact(&format!("narrow {sigma} {grid:?}"), &rendered(&scene), &[Shape::Means]);
        }
    }
}

/// Values at the ends of the number formats: no NaN, no infinity, and the bounds still hold.
#[test]
fn values_at_the_ends_of_the_formats() {
    let list = points(&[[5.0, 5.0, 5.0], [6.2, 5.1, 4.4], [-3.0, 4.0, 4.0]]);
    for amplitude in [1e-44, 1e-40, 1e-38, 1e-30, 1e30, 1e37] {
        for sampling in ["point", "integrated"] {
            let profile = format!("{{ kind = \"gaussian\", sigma = 1.4, sampling = \"{sampling}\" }}");
            let shape = if sampling == "point" { Shape::Points } else { Shape::Means };
            for (precision, dtype) in [("f32", "float32"), ("f64", "float32"), ("f64", "float64")] {
                let scene = head("12", "")
                    + &render("tolerance = 1e-6", precision, dtype)
                    + &group("a", &profile, amplitude, &list);
                assert_exact(&format!("{amplitude:e} {precision} {dtype}"), &rendered(&scene), &[shape]);
            }
        }
    }
    for amplitude in [1e-310, 1e-300, 1e200, 1e300] {
        let profile = "{ kind = \"gaussian\", sigma = 1.4, sampling = \"point\" }";
        let scene = head("12", "")
            + &render("tolerance = 1e-6", "f64", "float64")
            + &group("a", profile, amplitude, &list);
        assert_exact(&format!("{amplitude:e} f64"), &rendered(&scene), &[Shape::Points]);
    }
}

/// What no float32 can hold is refused, not written as infinity.
#[test]
fn sums_beyond_float32_are_refused() {
    let profile = "{ kind = \"gaussian\", sigma = 1.4 }";
    for precision in ["f32", "f64"] {
        let scene = head("12", "")
            + &render("tolerance = 1e-6", precision, "float32")
            + &group("a", profile, 1e39, &points(&[[5.0; 3]]));
        let place = super::run::Place::new();
        place.write("scene.toml", &scene);
        let output = super::run::blobscene(place.path(), &[])
            .args(["run", "-q", "scene.toml", "-o", "out.h5"])
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && message.contains("too bright"), "{precision}: {message}");
    }
}

/// Whole numbers: nearest, ties to even, saturated at both ends and counted.
#[test]
fn integers_round_to_even_and_saturate() {
    // A huge ball is a constant: every voxel holds exactly these values.
    for (dtype, most) in [("uint8", 255.0), ("uint16", 65_535.0), ("uint32", 4_294_967_295.0)] {
        let steps: [f64; 11] =
            [0.5, 1.5, 2.5, 3.5, 2.499_999, 2.500_001, most - 0.5, most + 0.49, most + 0.5, most * 3.0, -7.0];
        let rounded = [0.0, 2.0, 2.0, 4.0, 2.0, 3.0, most - 1.0, most, most, most, 0.0];
        let list: Vec<_> = steps
            .iter()
            .enumerate()
            .map(|(i, v)| ([10.0 * i as f64, 0.0, 0.0], format!(", amplitude = {v:?}")))
            .collect();
        let scene = head("{ x = 101, y = 3, z = 3 }", "")
            + &render("tolerance = 1e-15", "f64", dtype)
            + &group("a", "{ kind = \"ball\", radius = 3 }", 1.0, &list);
        let file = rendered(&scene);
        let lit = file.voxels.len();
        assert_eq!(lit, 909);
        for (i, &want) in rounded.iter().enumerate() {
            let want = if i == 6 && dtype == "uint8" { 254.0 } else { want };
            assert_eq!(file.at(10 * i, 0, 0), want, "{dtype} {}", steps[i]);
        }
        let exact = reference::volume(&file, &[Shape::Ball([3.0; 3], 0.0)]);
        let saturated =
            exact.iter().filter(|v| v.round_ties_even() < 0.0 || v.round_ties_even() > most).count();
        assert_eq!(file.saturated, saturated as u64, "{dtype}");
        assert!(saturated > 40);
    }
}

#[test]
fn every_dtype_is_the_exact_value_rounded() {
    let mut dice = Dice(5);
    let list: Vec<_> = (0..200).map(|_| [0, 1, 2].map(|_| dice.within(-1.0, 31.0))).collect();
    let profile = "{ kind = \"gaussian\", sigma = 2.0 }";
    for (dtype, most) in [("uint8", 255.0), ("uint16", 65_535.0), ("uint32", f64::from(u32::MAX))] {
        let amplitude = most / 2.0;
        for precision in ["f32", "f64"] {
            let scene = head("32", "")
                + &render("tolerance = 1e-6", precision, dtype)
                + &group("a", profile, amplitude, &points(&list));
            let file = rendered(&scene);
            let exact = reference::volume(&file, &[Shape::Means]);
            let mut clipped = (0, 0);
            for (got, want) in file.voxels.iter().zip(&exact) {
                assert!((got - want.clamp(0.0, most)).abs() <= 0.5 + file.bound(), "{dtype}: {got} {want}");
                clipped.0 += u64::from(*want > most + 0.5 + file.bound());
                clipped.1 += u64::from(*want > most + 0.5 - file.bound());
            }
            assert!(clipped.0 <= file.saturated && file.saturated <= clipped.1 && clipped.0 > 0);
        }
    }
}

/// A part holds the very bits of the whole.
#[test]
fn parts_are_cut_from_the_whole() {
    let mut dice = Dice(6);
    let list: Vec<_> = (0..400).map(|_| [0, 1, 2].map(|_| dice.within(-3.0, 90.0))).collect();
    let body = |dtype: &str| {
        head("{ x = 90, y = 80, z = 70 }", "voxel_size = 0.9\norigin = 0.3")
            + &format!("[output]\ndtype = \"{dtype}\"\n")
            + &group("a", "{ kind = \"gaussian\", sigma = 1.7 }", 50.0, &points(&list))
            + &group("b", "{ kind = \"ball\", radius = 3.2, edge = 1.0 }", 50.0, &points(&list[..50]))
    };
    for dtype in ["float32", "float64", "uint16"] {
        let whole = rendered(&body(dtype));
        for region in
            ["x=0:1,y=0:1,z=0:1", "x=5:90,y=33:34,z=1:70", "z=64:70", "x=63:66,y=63:66,z=63:66", "y=79:80"]
        {
            let part = rendered_with(&body(dtype), &["--region", region]);
            let mut first = [0; 3];
            for axis in region.split(',') {
                let (name, range) = axis.split_once('=').unwrap();
                let a = ["x", "y", "z"].iter().position(|n| *n == name).unwrap();
                first[a] = range.split_once(':').unwrap().0.parse().unwrap();
            }
            for z in 0..part.shape[2] {
                for y in 0..part.shape[1] {
                    for x in 0..part.shape[0] {
                        let want = whole.at(first[0] + x, first[1] + y, first[2] + z);
                        assert_eq!(part.at(x, y, z).to_bits(), want.to_bits(), "{region} {x} {y} {z}");
                    }
                }
            }
            for a in 0..3 {
                let want = whole.origin[a] + first[a] as f64 * whole.voxel_size[a];
                assert_eq!(part.origin[a], want);
            }
            assert_eq!(part.max_abs_error, whole.max_abs_error);
            for (i, ix) in part.spots["ix"].iter().enumerate() {
                assert!((ix - (whole.spots["ix"][i] - first[0] as f64)).abs() < 1e-12);
            }
        }
    }
}
