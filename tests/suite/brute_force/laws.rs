//! Laws of the picture, each of which some other program breaks.

use super::assert_exact;
use super::reference::{self, Shape};
use super::run::{Dice, Place, Volume, blobscene, group, points, rendered};

const EXACT: &str = "[render]\ntolerance = 1e-9\nprecision = \"f64\"\n[output]\ndtype = \"float64\"\n";

fn gaussian(sigma: f64, sampling: &str) -> String {
    format!("{{ kind = \"gaussian\", sigma = {sigma:?}, sampling = \"{sampling}\" }}")
}

fn lone(centre: [f64; 3], profile: &str) -> Volume {
    rendered(&("[grid]\nshape = 48\n".to_string() + EXACT + &group("a", profile, 100.0, &points(&[centre]))))
}

/// The truth is off by half a voxel elsewhere (sim-fish, after resampling).
#[test]
fn the_centroid_is_the_tables() {
    let mut dice = Dice(10);
    for _ in 0..6 {
        let centre = [0, 1, 2].map(|_| dice.within(20.0, 27.0));
        for profile in [gaussian(1.5, "point"), gaussian(2.0, "integrated")] {
            let file = lone(centre, &profile);
            let (mut sum, mut moments) = (0.0, [0.0; 3]);
            for z in 0..48 {
                for y in 0..48 {
                    for x in 0..48 {
                        let value = file.at(x, y, z);
                        sum += value;
                        for (moment, i) in moments.iter_mut().zip([x, y, z]) {
                            *moment += value * i as f64;
                        }
                    }
                }
            }
            let index = file.triple("i", 0, 0.0);
            for a in 0..3 {
                assert!((moments[a] / sum - index[a]).abs() < 1e-6, "{profile} {centre:?}");
            }
        }
    }
}

/// sim-fish's stamps of 1.73 sigma lose 23 % of the light.
#[test]
fn the_light_is_all_there() {
    let mut dice = Dice(11);
    for (tolerance, dtype) in [("1e-9", "float64"), ("1e-6", "float32")] {
        for sigma in [0.05, 0.4, 1.0, 2.5] {
            let list: Vec<_> = (0..20).map(|_| [0, 1, 2].map(|_| dice.within(24.0, 40.0))).collect();
            let scene = format!(
                "[grid]\nshape = 64\nvoxel_size = {{ x = 1.0, y = 1.0, z = 1.0 }}\n[render]\ntolerance = {tolerance}\n[output]\ndtype = \"{dtype}\"\n"
            ) + &group("a", &gaussian(sigma, "integrated"), 1.0, &points(&list))
                .replace("amplitude = 1.0", "photons = 5000");
            let file = rendered(&scene);
            let sum: f64 = file.voxels.iter().sum();
            let photons: f64 = file.spots["photons"].iter().sum();
            assert_eq!(photons, 100_000.0);
            let lit = file.voxels.iter().filter(|v| **v != 0.0).count();
            assert!((sum - photons).abs() <= file.bound() * file.voxels.len() as f64);
            assert!((sum - photons).abs() <= 2e-4 * photons, "{sigma} {tolerance}: {sum} of {lit}");
        }
    }
}

#[test]
fn volumes_add_up() {
    let mut dice = Dice(12);
    let mut some =
        |n: usize| -> Vec<[f64; 3]> { (0..n).map(|_| [0, 1, 2].map(|_| dice.within(-2.0, 50.0))).collect() };
    let a = group("a", &gaussian(1.5, "integrated"), 7.0, &points(&some(80)));
    let b = group("b", "{ kind = \"ball\", radius = 3.3, edge = 1.0 }", -2.0, &points(&some(50)));
    let run = |groups: &str| rendered(&("[grid]\nshape = 48\n".to_string() + EXACT + groups));
    let (one, two, both) = (run(&a), run(&b), run(&(a.clone() + &b)));
    let bound = one.bound() + two.bound() + both.bound();
    for i in 0..both.voxels.len() {
        assert!((one.voxels[i] + two.voxels[i] - both.voxels[i]).abs() <= bound);
    }
}

/// GROMACS spreads a density without its last plane.
#[test]
fn both_faces_of_a_stamp_are_there() {
    for profile in [
        gaussian(2.0, "point"),
        gaussian(2.0, "integrated"),
        "{ kind = \"ball\", radius = 6 }".to_string(),
        "{ kind = \"ball\", radius = 6, edge = 2.0 }".to_string(),
        "{ kind = \"shell\", radius = 6, thickness = 2.0 }".to_string(),
    ] {
        let file = lone([24.0; 3], &profile);
        let mut reach = [[usize::MAX, 0]; 3];
        for z in 0..47 {
            for y in 0..47 {
                for x in 0..47 {
                    let value = file.at(x + 1, y + 1, z + 1);
                    // The centre, 24, mirrors 1 to 47.
                    let mirrored = file.at(47 - x, 47 - y, 47 - z);
                    assert!((value - mirrored).abs() <= file.max_rounding_error, "{profile}");
                    if value != 0.0 {
                        for (reach, i) in reach.iter_mut().zip([x + 1, y + 1, z + 1]) {
                            *reach = [reach[0].min(i), reach[1].max(i)];
                        }
                    }
                }
            }
        }
        for [low, high] in reach {
            assert_eq!(low + high, 48, "{profile}: {reach:?}");
        }
        if profile.contains("ball") && !profile.contains("edge") {
            assert_eq!((reach[0], file.at(30, 24, 24), file.at(31, 24, 24)), ([18, 30], 100.0, 0.0));
        }
    }
}

#[test]
fn whole_voxels_move_the_very_bits() {
    let list = [[20.25, 21.5, 19.0], [22.0, 21.125, 20.0], [21.0, 20.0, 23.75]];
    for profile in [
        gaussian(1.75, "point"),
        gaussian(0.5, "integrated"),
        gaussian(5.0, "integrated"),
        "{ kind = \"ball\", radius = 3.5, edge = 1.0 }".to_string(),
    ] {
        for settings in ["cutoff = 3.0", "tolerance = 1e-3"] {
            for precision in ["f32", "f64"] {
                let run = |shift: [f64; 3]| {
                    let moved = list.map(|p| [0, 1, 2].map(|a| p[a] + 0.5 * shift[a]));
                    rendered(
                        &(format!(
                            "[grid]\nshape = 80\nvoxel_size = 0.5\n[render]\n{settings}\nprecision = \"{precision}\"\n"
                        ) + &group(
                            "a",
                            &profile.replace("e = 5.0", "e = 2.0"),
                            64.0,
                            &points(&moved[..if settings.starts_with('c') { 3 } else { 1 }]),
                        )),
                    )
                };
                let (still, moved) = (run([0.0; 3]), run([3.0, -5.0, 7.0]));
                for z in 8..70 {
                    for y in 8..70 {
                        for x in 8..70 {
                            let (a, b) = (still.at(x, y, z), moved.at(x + 3, y - 5, z + 7));
                            assert_eq!(a.to_bits(), b.to_bits(), "{profile} {settings} {x} {y} {z}");
                        }
                    }
                }
            }
        }
    }
}

/// The same in a grid that lies elsewhere: a million voxels away.
#[test]
fn the_origin_moves_no_bit() {
    let list = [[20.25, 21.5, 19.0], [2.0, 1.125, 30.0]];
    let run = |origin: f64| {
        let moved = list.map(|p| p.map(|c| c + origin));
        rendered(
            &(format!("[grid]\nshape = 40\norigin = {origin:?}\n")
                + &group("a", &gaussian(1.3, "integrated"), 64.0, &points(&moved))),
        )
    };
    let here = run(0.0);
    for origin in [1024.0, -1_048_576.0, 1_073_741_824.0] {
        assert_eq!(run(origin).blake3, here.blake3, "{origin}");
    }
}

/// gemmi takes the square root of a negative number there.
#[test]
fn spots_below_the_tolerance_give_no_nan() {
    for (dim, settings) in [(1e-12, "tolerance = 1e-3"), (0.0, "tolerance = 1e-6"), (1e-30, "cutoff = 3.0")] {
        let scene = format!("[grid]\nshape = 24\n[render]\n{settings}\n")
            + &group("bright", &gaussian(1.5, "integrated"), 1e3, &points(&[[8.0; 3]]))
            + &group("dim", &gaussian(1.5, "point"), dim, &points(&[[15.0; 3], [9.0; 3]]));
        let file = rendered(&scene);
        assert!(file.voxels.iter().all(|v| v.is_finite()));
        assert_exact("below the tolerance", &file, &[Shape::Means, Shape::Points]);
    }
    let scene = "[grid]\nshape = 24\n".to_string()
        + &group("dark", &gaussian(1.5, "integrated"), 0.0, &points(&[[8.0; 3]]));
    let file = rendered(&scene);
    assert!(file.voxels.iter().all(|v| *v == 0.0) && file.bound() == 0.0);
}

#[test]
fn a_swallowed_group_is_named() {
    let place = Place::new();
    let scene = "[grid]\nshape = 24\n[render]\ntolerance = 1e-3\n".to_string()
        + &group("bright", &gaussian(1.5, "integrated"), 1e6, &points(&[[8.0; 3]]))
        + &group("dim", &gaussian(1.5, "integrated"), 1.0, &points(&[[15.0; 3]]));
    place.write("scene.toml", &scene);
    let output = blobscene(place.path(), &[]).args(["run", "scene.toml", "-o", "out.h5"]).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && message.contains("spots.dim"), "{message}");
}

/// ChimeraX clamps atoms beyond the map onto its face.
#[test]
fn spots_outside_stay_outside() {
    for profile in
        [gaussian(1.0, "integrated"), gaussian(1.0, "point"), "{ kind = \"ball\", radius = 3 }".into()]
    {
        let far = [[-20.0, 10.0, 10.0], [10.0, 45.0, 10.0], [10.0, 10.0, -21.0], [1e9, 1e9, -1e9], [60.0; 3]];
        let scene = "[grid]\nshape = 24\n".to_string() + &group("a", &profile, 100.0, &points(&far));
        let file = rendered(&scene);
        assert!(file.voxels.iter().all(|v| *v == 0.0), "{profile}");
        assert_eq!(file.spots["inside"], [0.0; 5], "{profile}");
        assert_eq!(file.spots["x"], far.map(|p| p[0]));
    }
}

/// The first voxel beyond a stamp would hold less than the bound: nothing to be seen.
#[test]
fn stamps_have_no_edge() {
    for tolerance in ["1e-3", "1e-6"] {
        for sampling in ["point", "integrated"] {
            let scene = format!(
                "[grid]\nshape = 64\n[render]\ntolerance = {tolerance}\nprecision = \"f64\"\n[output]\ndtype = \"float64\"\n"
            ) + &group(
                "a",
                &gaussian(2.5, sampling),
                100.0,
                &points(&[[31.3, 30.8, 32.1], [12.0, 50.0, 40.0]]),
            );
            let file = rendered(&scene);
            let shape = if sampling == "point" { Shape::Points } else { Shape::Means };
            let exact = reference::volume(&file, &[shape]);
            let mut edges = 0;
            for z in 0..64 {
                for y in 0..64 {
                    for x in 0..63 {
                        let (a, b) = (file.at(x, y, z), file.at(x + 1, y, z));
                        if (a == 0.0) != (b == 0.0) {
                            let at = (z * 64 + y) * 64 + x;
                            let step = (a - b) - (exact[at] - exact[at + 1]);
                            assert!(step.abs() <= file.bound(), "{x} {y} {z}");
                            edges += 1;
                        }
                    }
                }
            }
            assert!(edges > 100);
        }
    }
}

fn random(seed: &str, groups: &str) -> Volume {
    rendered(&format!("[grid]\nshape = 32\n[scene]\n{seed}\n{groups}"))
}

fn uniform(name: &str, count: usize) -> String {
    format!(
        "[spots.{name}]\ngenerator = {{ kind = \"uniform\", count = {count} }}\n\
         profile = {{ kind = \"gaussian\", sigma = {{ uniform = [1, 2] }} }}\nphotons = {{ exponential = 100 }}\n"
    )
}

fn bits(column: &[f64]) -> Vec<u64> {
    column.iter().map(|v| v.to_bits()).collect()
}

/// GalSim's neighbouring seeds share all objects but one; elsewhere 0 means "no seed".
#[test]
fn seeds_share_nothing_and_zero_is_one_of_them() {
    let group = uniform("a", 500);
    let zero = random("seed = 0", &group);
    assert_eq!(random("seed = 0", &group).blake3, zero.blake3);
    assert_eq!(random("", &group).blake3, zero.blake3);
    let mut seen = std::collections::BTreeSet::new();
    for seed in [0_u64, 1, 2, 255, 256, u64::from(u32::MAX), u64::from(u32::MAX) + 1, (1 << 63) - 1] {
        let file = random(&format!("seed = {seed}"), &group);
        for column in ["x", "y", "z", "sigma_x", "photons"] {
            for value in bits(&file.spots[column]) {
                assert!(seen.insert(value), "seed {seed}: {column} has a number of another seed");
            }
        }
    }
    let place = Place::new();
    let text = format!("[grid]\nshape = 32\n[scene]\nseed = 5\n{group}");
    assert_eq!(Volume::read(&place.file(&text, &["--seed", "0"])).blake3, zero.blake3);
}

fn of_group(file: &Volume, name: &str) -> Vec<Vec<u64>> {
    let group = file.groups.iter().position(|g| g == name).unwrap() as f64;
    (0..file.spot_count())
        .filter(|&i| file.spots["group"][i] == group)
        .map(|i| {
            ["x", "y", "z", "ix", "iy", "iz", "amplitude", "photons", "sigma_x", "sigma_z", "inside"]
                .map(|c| file.spots[c][i].to_bits())
                .to_vec()
        })
        .collect()
}

#[test]
fn groups_do_not_disturb_each_other() {
    let (a, b, c) = (uniform("a", 50), uniform("b", 70), uniform("\"B c\"", 30));
    let alone = random("seed = 3", &b);
    for groups in [a.clone() + &b, b.clone() + &c, c.clone() + &b + &a] {
        let together = random("seed = 3", &groups);
        assert_eq!(of_group(&together, "b"), of_group(&alone, "b"));
        let mut sorted = together.groups.clone();
        sorted.sort();
        assert_eq!(together.groups, sorted);
    }
    // More spots of a group leave the first ones as they are.
    let more = random("seed = 3", &uniform("b", 90));
    let count = alone.spot_count();
    assert_eq!(of_group(&more, "b")[..count], of_group(&alone, "b")[..]);
    // Two groups that differ in nothing but their names share no spot.
    let twins = random("seed = 3", &(uniform("a", 70) + &b));
    let (one, two) = (of_group(&twins, "a"), of_group(&twins, "b"));
    assert!(one.iter().all(|spot| !two.iter().any(|other| other[0] == spot[0])));
}

#[test]
fn the_order_of_tables_changes_nothing() {
    let tables = [
        "[grid]\nshape = 32\n".to_string(),
        "[scene]\nseed = 9\n".to_string(),
        uniform("a", 50),
        uniform("Z", 70),
        uniform("\"\u{e4}\"", 20),
        "[output]\ndtype = \"float64\"\n".to_string(),
        "[render]\ntolerance = 1e-4\n".to_string(),
    ];
    let first = rendered(&tables.concat());
    assert_eq!(first.groups, ["Z", "a", "\u{e4}"]);
    for turn in 1..tables.len() {
        let mut turned = tables.clone();
        turned.rotate_left(turn);
        turned.swap(0, 3);
        let file = rendered(&turned.concat());
        assert_eq!(file.blake3, first.blake3);
        for column in &first.columns {
            assert_eq!(bits(&file.spots[column]), bits(&first.spots[column]), "{column}");
        }
    }
}
