//! `per_spot_floor`: integer for integer what NumPy code with uint16(…) per spot sums up.

use super::run::{Dice, Place, Volume, blobscene, group, points, rendered};

/// The sum of floor(bright * exp(-((x-x0)/spread)^2 - …)); `None` where a value is too near to an integer to tell.
fn numpy(file: &Volume, spread: [f64; 3]) -> Vec<Option<f64>> {
    let mut sums = vec![Some(0.0); file.voxels.len()];
    for spot in 0..file.spot_count() {
        let (centre, bright) = (file.triple("", spot, 0.0), file.spots["amplitude"][spot]);
        // From here on values are below 1.
        let reach = bright.max(1.0).ln().sqrt() + 0.01;
        let axes = [0, 1, 2].map(|a| -> Vec<(usize, f64)> {
            (0..file.shape[a])
                .map(|i| {
                    let d = if a < file.axes() {
                        i as f64 * file.voxel_size[a] + file.origin[a] - centre[a]
                    } else {
                        0.0
                    };
                    (i, d / spread[a])
                })
                .filter(|(_, u)| u.abs() <= reach)
                .collect()
        });
        for (z, uz) in &axes[2] {
            for (y, uy) in &axes[1] {
                for (x, ux) in &axes[0] {
                    let value = bright * (-(ux * ux) - uy * uy - uz * uz).exp();
                    let at = (z * file.shape[1] + y) * file.shape[0] + x;
                    let near = (value - value.round()).abs() <= 1e-11 * value && value != value.round();
                    sums[at] = if near { None } else { sums[at].map(|sum| sum + value.floor()) };
                }
            }
        }
    }
    sums
}

fn assert_equal(name: &str, file: &Volume, spread: [f64; 3], most: f64) {
    let want = numpy(file, spread);
    let (mut lit, mut unclear) = (0, 0);
    for (i, (got, want)) in file.voxels.iter().zip(&want).enumerate() {
        let Some(want) = want else {
            unclear += 1;
            continue;
        };
        assert_eq!(*got, want.min(most), "{name}: voxel {i}");
        lit += usize::from(*got > 0.0);
    }
    assert!(lit > 1000 && unclear < 10, "{name}: {lit} lit, {unclear} unclear");
    assert!(file.max_abs_error.is_nan() && file.max_rounding_error == 0.0);
}

/// The question the program began with.
#[test]
fn the_original_question() {
    for (generator, seed) in [("count = 100", 1), ("count = 2000", 2)] {
        let scene = format!(
            "[scene]\nseed = {seed}\n[grid]\nshape = 200\nbounds = [-50, 50]\nunit = \"px\"\n\
             [spots.blobs]\ngenerator = {{ kind = \"uniform\", {generator} }}\n\
             profile = {{ kind = \"gaussian\", spread = 2.0, sampling = \"point\" }}\namplitude = 100\n\
             [render]\nper_spot_floor = true\n[output]\ndtype = \"uint16\"\n"
        );
        let file = rendered(&scene);
        assert_eq!(file.origin, [-50.0; 3]);
        assert_equal(generator, &file, [2.0; 3], 65_535.0);
    }
}

#[test]
fn bright_anisotropic_and_saturating() {
    let mut dice = Dice(7);
    let list: Vec<_> = (0..150)
        .map(|_| {
            let bright = 10.0_f64.powf(dice.within(0.0, 5.5)).round();
            ([0, 1, 2].map(|_| dice.within(-5.0, 45.0)), format!(", amplitude = {bright:?}"))
        })
        .collect();
    for (dtype, most) in [("uint16", 65_535.0), ("float32", f64::MAX), ("uint32", f64::from(u32::MAX))] {
        let scene = "[grid]\nshape = 40\n[render]\nper_spot_floor = true\n".to_string()
            + &format!("[output]\ndtype = \"{dtype}\"\n")
            + &group(
                "a",
                "{ kind = \"gaussian\", spread = { x = 1.5, y = 3.0, z = 2.2 }, sampling = \"point\" }",
                1.0,
                &list,
            );
        let file = rendered(&scene);
        let sum = numpy(&file, [1.5, 3.0, 2.2]);
        assert_equal(dtype, &file, [1.5, 3.0, 2.2], most);
        if dtype == "uint16" {
            let over = sum.iter().filter(|v| v.is_some_and(|v| v > most)).count() as u64;
            assert!(over > 0 && file.saturated >= over && file.saturated <= over + 10);
        }
    }
}

#[test]
fn planes_are_floored_too() {
    let mut dice = Dice(8);
    let list: Vec<_> = (0..300).map(|_| [dice.within(0.0, 200.0), dice.within(0.0, 100.0), 0.0]).collect();
    let scene = "[grid]\nshape = { x = 200, y = 100 }\n[render]\nper_spot_floor = true\n".to_string()
        + &group("a", "{ kind = \"gaussian\", spread = 3.0, sampling = \"point\" }", 100.0, &points(&list));
    assert_equal("plane", &rendered(&scene), [3.0; 3], f64::MAX);
}

/// float32 cannot hold every whole number: then the sum is rounded, and the file says so.
#[test]
fn sums_too_large_for_float32_are_bounded() {
    let scene = "[grid]\nshape = 12\n[render]\nper_spot_floor = true\n".to_string()
        + &group(
            "a",
            "{ kind = \"gaussian\", sigma = 2.0, sampling = \"point\" }",
            30_000_001.0,
            &points(&[[5.0; 3]]),
        );
    let file = rendered(&scene);
    let error = (file.at(5, 5, 5) - 30_000_001.0).abs();
    assert!(error == 1.0 && file.max_rounding_error >= error && file.max_rounding_error < 10.0);
}

#[test]
fn negative_amplitudes_cannot_be_floored() {
    let place = Place::new();
    let profile = "{ kind = \"gaussian\", sigma = 2.0 }";
    for amplitude in ["-1.0", "{ normal = [1, 5] }"] {
        let scene = "[grid]\nshape = 12\n[render]\nper_spot_floor = true\n".to_string()
            + &group("a", profile, 1.0, &points(&[[5.0; 3]; 60]))
                .replace("amplitude = 1.0", &format!("amplitude = {amplitude}"));
        place.write("scene.toml", &scene);
        let output = blobscene(place.path(), &[])
            .args(["run", "-q", "--force", "scene.toml", "-o", "out.h5"])
            .output()
            .unwrap();
        assert!(!output.status.success(), "{amplitude}");
    }
}
