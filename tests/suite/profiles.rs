//! The laws of the profiles: whatever stands in the list obeys them, checked by brute force over voxels.

mod balls;
mod stamp;

use blobscene::description::{Table, Value};
use blobscene::grid::{Box3, Grid};
use blobscene::plugin::{Presence, TableReader};
use blobscene::profiles::PROFILES;

use stamp::{FINER, FRACTIONS, Stamp, grid, halton, stamps, with_cell};

#[test]
fn every_parameter_is_asked_for_and_every_default_parses() {
    for plugin in PROFILES.plugins {
        with_cell(plugin.example, false, |cell| {
            let Value::Table(full) = &cell.node.value else { panic!("{} is no table", plugin.example) };
            let required = |name: &str| {
                name == "kind"
                    || plugin
                        .table
                        .params
                        .iter()
                        .any(|p| p.name() == name && p.presence() == Presence::Required)
            };
            let entries = full.entries.iter().filter(|entry| required(&entry.name)).cloned().collect();
            for table in [full.clone(), Table { entries, ..full.clone() }] {
                let reader = TableReader::new(cell.reading, "profile", &table, &plugin.table, &["kind"]);
                assert!((plugin.build)(&reader).is_ok(), "{}", plugin.kind);
                assert_eq!(reader.unasked(), Vec::<&str>::new(), "{}", plugin.kind);
            }
        });
    }
}

#[test]
fn no_value_is_above_the_peak() {
    for stamp in stamps(8.0) {
        let peak = stamp.profile.peak(&stamp.size, &stamp.grid);
        // That of a table is a bound.
        assert!(peak > 0.0 && peak <= 1.0 + 1e-5, "{}: peak {peak}", stamp.name);
        let reach = stamp.profile.reach(&stamp.size, &stamp.grid, 1e-7);
        for fraction in FRACTIONS {
            stamp.scan(fraction, Stamp::half(reach, 1.0), |offset, value| {
                assert!(
                    (0.0..=peak * (1.0 + 1e-12)).contains(&value),
                    "{} {offset:?}: {value} {peak}",
                    stamp.name
                );
            });
        }
    }
}

#[test]
fn values_are_symmetric_under_a_change_of_sign() {
    for stamp in stamps(6.0) {
        for i in 0..400_u32 {
            // Halton points over the profile and a little beyond.
            let offset = [2, 3, 5]
                .map(|base| 7.5 * halton(i + 1, base))
                .map(|x| if i % 7 == 0 { x.floor() } else { x });
            let want = stamp.at(offset);
            for mirror in 1..8 {
                let flipped: Vec<f64> =
                    (0..3).map(|a| if mirror >> a & 1 == 1 { -offset[a] } else { offset[a] }).collect();
                let got = stamp.at([flipped[0], flipped[1], flipped[2]]);
                // A Gaussian's mean over a voxel is a difference, whose rounding may depend on the side.
                assert!((got - want).abs() <= 1e-15, "{} {offset:?}: {got} {want}", stamp.name);
            }
        }
    }
}

/// Sharp surfaces leave a voxel sum uncertain: its mean over three centres to 4e-3 at 24 voxels of reach.
#[test]
fn the_light_is_the_sum_over_all_voxels() {
    for stamp in stamps(24.0) {
        let want = stamp.profile.light(&stamp.size, &stamp.grid);
        let reach = stamp.profile.reach(&stamp.size, &stamp.grid, 1e-7);
        let mut sum = 0.0;
        for fraction in FRACTIONS {
            stamp.scan(fraction, Stamp::half(reach, 1.0), |_, value| sum += value / 3.0);
        }
        assert!((sum / want - 1.0).abs() < 4e-3, "{}: {sum} {want}", stamp.name);
    }
}

#[test]
fn outside_its_reach_no_value_is_above_the_level() {
    for stamp in stamps(9.0) {
        for level in [2.0, 1.0, 0.999, 0.5, 0.1, 1e-2, 1e-4, 1e-6, 1e-9] {
            let reach = stamp.profile.reach(&stamp.size, &stamp.grid, level);
            let outside = stamp.profile.outside(&stamp.size, &stamp.grid, reach);
            assert!(outside <= level * (1.0 + 1e-12), "{} level {level}: {outside}", stamp.name);
            for fraction in FRACTIONS {
                stamp.scan(fraction, Stamp::half(reach, 2.0), |offset, value| {
                    let beyond = stamp.grid.axes().any(|a| offset[a].abs() > reach[a]);
                    assert!(
                        !beyond || value <= level * (1.0 + 1e-12),
                        "{} level {level} {offset:?}: {value}",
                        stamp.name
                    );
                });
            }
        }
    }
}

/// Boxes larger, equal and smaller than the reach.
#[test]
fn outside_a_box_no_value_is_above_what_it_says() {
    for stamp in stamps(7.0) {
        for scale in [0.0, 0.2, 0.45, 0.8, 0.93, 1.0, 1.1] {
            let whole = stamp.profile.reach(&stamp.size, &stamp.grid, 1e-4);
            let reach = whole.map(|r| r * scale);
            let bound = stamp.profile.outside(&stamp.size, &stamp.grid, reach);
            assert!((0.0..=1.0 + 1e-5).contains(&bound), "{} {scale}: {bound}", stamp.name);
            for fraction in FRACTIONS {
                stamp.scan(fraction, Stamp::half(whole, 3.0), |offset, value| {
                    if stamp.grid.axes().any(|a| offset[a].abs() > reach[a]) {
                        assert!(value <= bound * (1.0 + 1e-12), "{} {offset:?}: {value} {bound}", stamp.name);
                    }
                });
            }
        }
    }
}

#[test]
fn extreme_widths_give_numbers() {
    for stamp in stamps(1.0) {
        for exponent in [-9, -6, -3, 3, 6, 9] {
            let factor = (0..i32::abs(exponent)).fold(1.0, |x, _| x * 10.0);
            let voxels = if exponent > 0 { factor } else { 1.0 / factor };
            let grid =
                Grid { voxel_size: stamp.grid.voxel_size.map(|edge| edge / voxels), ..stamp.grid.clone() };
            let stamp = Stamp { grid, ..stamp.copy() };
            let (p, s, g) = (&stamp.profile, &stamp.size, &stamp.grid);
            let name = format!("{} at {voxels} voxels", stamp.name);
            let positive = |what: &str, x: f64| assert!(x.is_finite() && x > 0.0, "{name}: {what} {x}");
            positive("light", p.light(s, g));
            positive("peak", p.peak(s, g));
            for reach in [p.reach(s, g, 1e-6), p.reach_at_cutoff(s, g, 5.0)] {
                g.axes().for_each(|a| positive("reach", reach[a]));
                let outside = p.outside(s, g, reach);
                assert!((0.0..=1.0).contains(&outside), "{name}: outside {outside}");
                for fraction in FRACTIONS {
                    // Around the centre and around the end of the box.
                    stamp.scan(fraction, [3; 3], |_, value| {
                        assert!((0.0..=1.0).contains(&value), "{name}: {value}");
                    });
                    let end = [0, 1, 2].map(|a| fraction[a] - reach[a].round());
                    stamp.scan(end, [3; 3], |_, value| {
                        assert!((0.0..=1.0).contains(&value), "{name}: {value}");
                    });
                }
            }
            let whole: Box3 = g.whole();
            for centre in [[500.0; 3], [0.0, 3.25, 7.0], [-0.5 - voxels, 5.0, 5.0], [-1e12, 1e12, 0.0]] {
                let share = p.inside(centre, s, g, &whole);
                assert!((0.0..=1.0).contains(&share), "{name}: inside {share}");
            }
        }
    }
}

/// Counted on voxels 8 (in a plane 64) times finer than those of the region.
#[test]
fn the_light_inside_a_region_is_what_the_voxels_in_it_sum_up_to() {
    for stamp in stamps(30.0) {
        let flat = stamp.grid.flat;
        let finer = if flat { FINER * FINER } else { FINER };
        let coarse = grid(stamp.grid.voxel_size.map(|edge| edge * finer as f64), flat);
        let layer = |low: u64, high: u64| if flat { 0..1 } else { low..high };
        let regions: [Box3; 6] = [
            [0..40, 0..40, layer(0, 40)],
            [10..20, 0..40, layer(0, 40)],
            [11..21, 9..13, layer(10, 40)],
            [9..12, 8..12, layer(9, 12)],
            [10..11, 10..11, layer(10, 11)],
            [13..15, 11..40, layer(12, 14)],
        ];
        let centre = [10.3, 9.9, if flat { 0.0 } else { 10.45 }];
        // The fine voxel j of the coarse voxel i has its centre at i - 1/2 + (j + 1/2) / finer.
        let fine = |x: f64| (x + 0.5) * finer as f64 - 0.5;
        let fine_centre = [fine(centre[0]), fine(centre[1]), if flat { 0.0 } else { fine(centre[2]) }];
        let fraction = fine_centre.map(|x| x - x.round());
        let reach = stamp.profile.reach(&stamp.size, &stamp.grid, 1e-7);
        let (mut total, mut sums) = (0.0, [0.0; 6]);
        stamp.scan(fraction, Stamp::half(reach, 1.0), |offset, value| {
            if value > 0.0 {
                total += value;
                for (sum, region) in sums.iter_mut().zip(&regions) {
                    let within = stamp.grid.axes().all(|a| {
                        let voxel = (fine_centre[a] + offset[a]).round();
                        voxel >= (region[a].start * finer) as f64 && voxel < (region[a].end * finer) as f64
                    });
                    *sum += if within { value } else { 0.0 };
                }
            }
        });
        for (region, sum) in regions.iter().zip(sums) {
            let (got, want) = (stamp.profile.inside(centre, &stamp.size, &coarse, region), sum / total);
            assert!((got - want).abs() <= 2e-3, "{} {region:?}: {got} {want}", stamp.name);
        }
    }
}

#[test]
fn the_parts_of_a_region_share_the_light_of_the_whole() {
    for stamp in stamps(6.0) {
        let flat = stamp.grid.flat;
        let parts = |cuts: &[u64]| -> Vec<std::ops::Range<u64>> {
            cuts.windows(2).map(|ends| ends[0]..ends[1]).collect()
        };
        for (c, centre) in [[9.0, 10.0, 8.5], [2.3, 11.1, 6.9], [-3.0, -2.0, 19.6]].iter().enumerate() {
            let z = if flat { parts(&[0, 1]) } else { parts(&[0, 3, 7, 9, 14]) };
            let (x, y) = (parts(&[0, 2, 8, 10, 12]), parts(&[1, 9, 11, 13]));
            let share = |region: Box3| stamp.profile.inside(*centre, &stamp.size, &stamp.grid, &region);
            let mut sum = 0.0;
            for x in &x {
                for y in &y {
                    for z in &z {
                        sum += share([x.clone(), y.clone(), z.clone()]);
                    }
                }
            }
            let whole = share([0..12, 1..13, if flat { 0..1 } else { 0..14 }]);
            assert!((sum - whole).abs() <= 1e-6, "{} centre {c}: {sum} {whole}", stamp.name);
        }
    }
}
