//! The laws of the profiles: whatever stands in the list obeys them, checked by brute force over voxels.

use std::collections::BTreeMap;
use std::path::Path;

use blobscene::description::{Description, Table, Value};
use blobscene::files::CarriedFiles;
use blobscene::grid::{Box3, Grid, Unit};
use blobscene::plugin::{Cell, Presence, Range, Reading, TableReader};
use blobscene::profiles::{PROFILES, Profile, Shape};
use blobscene::random::Streams;
use blobscene::spot::{Refusal, Size};

/// Beside the examples.
const VARIATIONS: &[&str] = &[
    r#"{ kind = "gaussian" }"#,
    r#"{ kind = "gaussian", sigma = 0.7, sampling = "point" }"#,
    r#"{ kind = "gaussian", fwhm = { x = 1, y = 2, z = 3 }, sampling = "integrated" }"#,
    r#"{ kind = "gaussian", spread = { uniform = [1, 2] }, sampling = "point" }"#,
    r#"{ kind = "ball", radius = 3 }"#,
    r#"{ kind = "ball", radius = 2, edge = 1 }"#,
    r#"{ kind = "ball", radius = { x = 1, y = 2.5, z = 0.8 } }"#,
    r#"{ kind = "ball", radius = { x = 1, y = 0.3, z = 2 }, edge = 1.5 }"#,
    r#"{ kind = "ball", radius = 0.01, edge = { uniform = [1, 2] } }"#,
    r#"{ kind = "shell", radius = { x = 1, y = 2, z = 1.5 }, thickness = 0.5 }"#,
    r#"{ kind = "shell", radius = { x = 2, y = 1, z = 1.5 }, thickness = 2 }"#,
    r#"{ kind = "shell", radius = 1, thickness = 2 }"#,
];

/// Sub-voxel positions of the spot's centre.
const FRACTIONS: [[f64; 3]; 3] = [[0.0; 3], [0.5, 0.25, -0.375], [-0.17, 0.49, 0.31]];

struct Stamp {
    name: String,
    profile: Box<dyn Profile>,
    size: Size,
    grid: Grid,
}

fn grid(voxel_size: [f64; 3], flat: bool) -> Grid {
    let shape = [1_000, 1_000, if flat { 1 } else { 1_000 }];
    Grid { shape, voxel_size, origin: [0.0; 3], unit: Unit::Micrometre, flat }
}

/// Hands a slot's table to `run`; wants no problem reported.
fn with_cell<T>(slot: &str, flat: bool, run: impl FnOnce(&Cell<'_>) -> T) -> T {
    let description = Description::parse("law", &format!("profile = {slot}")).expect("a scene text");
    let files = CarriedFiles::new(Path::new("law.toml"), BTreeMap::new());
    let reading = Reading::new(&description, &files);
    reading.flat.set(flat);
    let node = &description.root.get("profile").expect("the slot").node;
    let result = run(&Cell { reading: &reading, node, name: "profile".into(), unit: "", range: Range::ANY });
    let problems: Vec<String> = reading.finish().into_iter().map(|problem| problem.message).collect();
    assert!(problems.is_empty(), "{slot}: {problems:?}");
    result
}

fn profile(slot: &str, flat: bool) -> Box<dyn Profile> {
    with_cell(slot, flat, |cell| PROFILES.read(cell).expect("a profile"))
}

fn size(profile: &dyn Profile, index: u64) -> Result<Size, Refusal> {
    let own = if profile.has_width() { None } else { Some([1.0, 2.0, 1.5]) };
    profile.sizes(&Streams::new(5, 0, "laws"))(index, own)
}

/// Every example and variation, in space and in a plane, with voxels of such edges that the profile reaches
/// about `voxels` far: the same number on each axis, or different ones.
fn stamps(voxels: f64) -> Vec<Stamp> {
    let examples = PROFILES.plugins.iter().map(|plugin| plugin.example);
    let mut stamps = Vec::new();
    for slot in examples.chain(VARIATIONS.iter().copied()) {
        for flat in [false, true] {
            for stretch in [[1.0; 3], [0.7, 1.2, 0.9]] {
                let profile = profile(slot, flat);
                let size = size(&*profile, 3).expect("a size");
                let fine = grid(size.width.map(|w| w / 1000.0), flat);
                let reach = profile.reach(&size, &fine, 1e-7);
                let edges = [0, 1, 2].map(|a| reach[a] * fine.voxel_size[a] / (voxels * stretch[a]));
                let grid = grid(edges, flat);
                stamps.push(Stamp { name: format!("{slot} flat {flat} {stretch:?}"), profile, size, grid });
            }
        }
    }
    stamps
}

impl Stamp {
    /// Calls `visit` with offset from the centre (voxels) and value for all voxels within `half` voxels of the
    /// one that holds the centre, row by row.
    fn scan(&self, fraction: [f64; 3], half: [i64; 3], mut visit: impl FnMut([f64; 3], f64)) {
        let half = [half[0], half[1], if self.grid.flat { 0 } else { half[2] }];
        let fraction = [fraction[0], fraction[1], if self.grid.flat { 0.0 } else { fraction[2] }];
        let offsets: Vec<Vec<f64>> =
            (0..3).map(|a| (-half[a]..=half[a]).map(|i| i as f64 - fraction[a]).collect()).collect();
        let world = |a: usize| -> Vec<f64> {
            offsets[a].iter().map(|offset| offset * self.grid.voxel_size[a]).collect()
        };
        let factors: Option<Vec<Vec<f64>>> = match self.profile.shape() {
            Shape::Separable(separable) => Some(
                (0..3)
                    .map(|a| {
                        if a == 2 && self.grid.flat {
                            return vec![1.0];
                        }
                        let width = self.size.width[a];
                        let scaled: Vec<f64> = world(a).iter().map(|x| x / width).collect();
                        let mut out = vec![f64::NAN; scaled.len()];
                        separable.factors(&scaled, self.grid.voxel_size[a] / width, &mut out);
                        out
                    })
                    .collect(),
            ),
            Shape::Dense(_) => None,
        };
        let (dx, dy, dz) = (world(0), world(1), world(2));
        let mut row = vec![f64::NAN; dx.len()];
        for (k, &z) in offsets[2].iter().enumerate() {
            for (j, &y) in offsets[1].iter().enumerate() {
                match (&factors, self.profile.shape()) {
                    (Some(f), _) => {
                        for (value, factor) in row.iter_mut().zip(&f[0]) {
                            *value = factor * f[1][j] * f[2][k];
                        }
                    }
                    (None, Shape::Dense(dense)) => {
                        row.fill(f64::NAN);
                        dense.row(&self.size, &dx, dy[j], dz[k], &mut row);
                    }
                    (None, Shape::Separable(_)) => unreachable!("it has factors"),
                }
                for (&x, &value) in offsets[0].iter().zip(&row) {
                    visit([x, y, z], value);
                }
            }
        }
    }

    /// One value, at an offset in voxels.
    fn at(&self, offset: [f64; 3]) -> f64 {
        let mut result = f64::NAN;
        self.scan(offset.map(|x| -x), [0; 3], |_, value| result = value);
        result
    }

    fn half(&self, reach: [f64; 3], more: f64) -> [i64; 3] {
        reach.map(|r| (r + more).ceil() as i64)
    }
}

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
        assert!(peak > 0.0 && peak <= 1.0, "{}: peak {peak}", stamp.name);
        let reach = stamp.profile.reach(&stamp.size, &stamp.grid, 1e-7);
        for fraction in FRACTIONS {
            stamp.scan(fraction, stamp.half(reach, 1.0), |offset, value| {
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

fn halton(mut i: u32, base: u32) -> f64 {
    let (mut x, mut digit) = (0.0, 1.0 / f64::from(base));
    while i > 0 {
        x += digit * f64::from(i % base);
        digit /= f64::from(base);
        i /= base;
    }
    x
}

/// Sharp surfaces leave a voxel sum uncertain: its mean over three centres to 4e-3 at 24 voxels of reach.
#[test]
fn the_light_is_the_sum_over_all_voxels() {
    for stamp in stamps(24.0) {
        let want = stamp.profile.light(&stamp.size, &stamp.grid);
        let reach = stamp.profile.reach(&stamp.size, &stamp.grid, 1e-7);
        let mut sum = 0.0;
        for fraction in FRACTIONS {
            stamp.scan(fraction, stamp.half(reach, 1.0), |_, value| sum += value / 3.0);
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
            assert!((0.0..=1.0 + 1e-9).contains(&bound), "{} {scale}: {bound}", stamp.name);
            for fraction in FRACTIONS {
                stamp.scan(fraction, stamp.half(whole, 3.0), |offset, value| {
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
            let stamp =
                Stamp { profile: profile(slot_of(&stamp.name), grid.flat), grid, ..stamp_copy(&stamp) };
            let (p, s, g) = (&stamp.profile, &stamp.size, &stamp.grid);
            let name = format!("{} at {voxels} voxels", stamp.name);
            let positive = |what: &str, x: f64| assert!(x.is_finite() && x > 0.0, "{name}: {what} {x}");
            positive("light", p.light(s, g));
            positive("peak", p.peak(s, g));
            for reach in [p.reach(s, g, 1e-6), p.reach_at_cutoff(s, g, 5.0)] {
                reach.iter().for_each(|&r| positive("reach", r));
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

fn slot_of(name: &str) -> &str {
    name.split(" flat ").next().unwrap_or(name)
}

fn stamp_copy(stamp: &Stamp) -> Stamp {
    Stamp {
        name: stamp.name.clone(),
        profile: profile(slot_of(&stamp.name), stamp.grid.flat),
        size: stamp.size,
        grid: stamp.grid.clone(),
    }
}

/// Counted on voxels 8 times finer than those of the region.
#[test]
fn the_light_inside_a_region_is_what_the_voxels_in_it_sum_up_to() {
    const FINER: u64 = 8;
    for stamp in stamps(30.0) {
        let flat = stamp.grid.flat;
        let coarse = grid(stamp.grid.voxel_size.map(|edge| edge * FINER as f64), flat);
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
        // The fine voxel j of the coarse voxel i has its centre at i - 1/2 + (j + 1/2) / FINER.
        let fine = |x: f64| (x + 0.5) * FINER as f64 - 0.5;
        let fine_centre = [fine(centre[0]), fine(centre[1]), if flat { 0.0 } else { fine(centre[2]) }];
        let fraction = fine_centre.map(|x| x - x.round());
        let reach = stamp.profile.reach(&stamp.size, &stamp.grid, 1e-7);
        let (mut total, mut sums) = (0.0, [0.0; 6]);
        stamp.scan(fraction, stamp.half(reach, 1.0), |offset, value| {
            if value > 0.0 {
                total += value;
                for (sum, region) in sums.iter_mut().zip(&regions) {
                    let within = stamp.grid.axes().all(|a| {
                        let voxel = (fine_centre[a] + offset[a]).round();
                        voxel >= (region[a].start * FINER) as f64 && voxel < (region[a].end * FINER) as f64
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

/// A stamp on voxels of edge 1.
fn plain(slot: &str, flat: bool) -> Stamp {
    let profile = profile(slot, flat);
    let size = size(&*profile, 0).expect("a size");
    Stamp { name: slot.into(), profile, size, grid: grid([1.0; 3], flat) }
}

/// The definition: the mean of ellipsoids with radii R + s edge, found by bisection for s.
#[test]
fn a_soft_ball_is_the_mean_of_ellipsoids() {
    for (slot, radius, edge) in [
        (r#"{ kind = "ball", radius = 2, edge = 3 }"#, [2.0, 2.0, 2.0], 3.0),
        (r#"{ kind = "ball", radius = { x = 1, y = 2, z = 4 }, edge = 2 }"#, [1.0, 2.0, 4.0], 2.0),
        (r#"{ kind = "ball", radius = { x = 1e-9, y = 3, z = 1 }, edge = 4 }"#, [1e-9, 3.0, 1.0], 4.0),
        (r#"{ kind = "ball", radius = { x = 1e-9, y = 1e-5, z = 5 }, edge = 3 }"#, [1e-9, 1e-5, 5.0], 3.0),
        (r#"{ kind = "ball", radius = { x = 5, y = 5, z = 4 }, edge = 0.001 }"#, [5.0, 5.0, 4.0], 0.001),
    ] {
        let stamp = plain(slot, false);
        for i in 0..20_000 {
            let mut d = [2, 3, 5].map(|base| 9.0 * halton(i + 1, base));
            if i % 5 == 0 {
                d[(i as usize / 5) % 3] *= 1e-6;
            }
            let inside =
                |s: f64| (0..3).map(|a| d[a] / (radius[a] + s * edge)).map(|u| u * u).sum::<f64>() <= 1.0;
            let (mut low, mut high) = (0.0, 1.0);
            for _ in 0..60 {
                let middle = 0.5 * (low + high);
                if inside(middle) { high = middle } else { low = middle }
            }
            let want = if inside(0.0) { 1.0 } else { 1.0 - high };
            let got = stamp.at(d);
            assert!((got - want).abs() <= 1e-11, "{slot} {d:?}: {got} {want}");
        }
    }
}

#[test]
fn surfaces_belong_to_the_ball_and_to_the_outside_of_a_wall() {
    let ball = plain(r#"{ kind = "ball", radius = 3 }"#, false);
    for (offset, want) in [([3.0, 0.0, 0.0], 1.0), ([2.0, 2.0, 1.0], 1.0), ([3.0, 1e-4, 0.0], 0.0)] {
        assert_eq!(ball.at(offset), want, "{offset:?}");
    }
    let shell = plain(r#"{ kind = "shell", radius = 2.5, thickness = 1 }"#, false);
    for (r, want) in [(0.0, 0.0), (1.999, 0.0), (2.0, 0.0), (2.001, 1.0), (3.0, 1.0), (3.001, 0.0)] {
        assert_eq!(shell.at([0.0, 0.0, r]), want, "{r}");
    }
    let solid = plain(r#"{ kind = "shell", radius = { x = 1, y = 2, z = 3 }, thickness = 2 }"#, false);
    for offset in [[0.0; 3], [0.0, 0.5, 0.5], [2.0, 0.0, 0.0], [0.0, 0.0, 4.0]] {
        assert_eq!(solid.at(offset), 1.0, "{offset:?}");
    }
}

/// Rounded offsets: a radius of 0.3 holds three voxels of 0.1 on either side, wherever the centre lies.
#[test]
fn a_rounded_offset_does_not_make_a_ball_lopsided() {
    let stamp = Stamp { grid: grid([0.1; 3], false), ..plain(r#"{ kind = "ball", radius = 0.3 }"#, false) };
    for centre in [0.0, 7.0, 1234.0] {
        let centre = centre * 0.1 / 0.1;
        let mut count = 0;
        stamp.scan([centre - f64::round(centre), 0.0, 0.0], [5; 3], |_, value| {
            count += i32::from(value > 0.0)
        });
        // Lattice points within distance 3: the theta series gives 123.
        assert_eq!(count, 123);
    }
}

#[test]
fn a_wall_thicker_than_its_shell_is_refused_by_spot() {
    let shell = profile(r#"{ kind = "shell", radius = { x = 3, y = 1, z = 3 }, thickness = 2.5 }"#, false);
    let refusal = size(&*shell, 17).expect_err("too thick");
    assert!(refusal.message.contains("spot 17"), "{refusal:?}");
    // In a plane there is no z to be too small.
    let flat = profile(r#"{ kind = "shell", radius = { x = 3, y = 2, z = 0.1 }, thickness = 2.5 }"#, true);
    assert!(size(&*flat, 0).is_ok());
}

#[test]
fn a_spots_own_sigma_is_no_radius() {
    for slot in
        [r#"{ kind = "ball", radius = 3, edge = 1 }"#, r#"{ kind = "shell", radius = 3, thickness = 1 }"#]
    {
        let profile = profile(slot, false);
        let size = profile.sizes(&Streams::new(5, 0, "laws"))(0, Some([7.0; 3])).expect("a size");
        assert_eq!(size, Size { width: [3.0; 3], rim: 1.0 });
        assert!(profile.sigma(&size).iter().all(|s| s.is_nan()));
    }
}

/// From far inside to far outside of a ball as large as a world, without a loop over its voxels.
#[test]
fn the_share_of_a_huge_ball_is_exact_at_its_middle() {
    let stamp = plain(r#"{ kind = "ball", radius = 1e9, edge = 1e8 }"#, false);
    let light = stamp.profile.light(&stamp.size, &stamp.grid);
    let share = stamp.profile.inside([5.0; 3], &stamp.size, &stamp.grid, &[0..100, 0..10, 0..10]);
    assert!((share * light / 1e4 - 1.0).abs() < 1e-12, "{}", share * light);
    for (axes, want) in [(1, 0.5), (2, 0.25), (3, 0.125)] {
        let region = [0, 1, 2].map(|a| if a < axes { 0..4_000_000_000 } else { 0..8_000_000_000 });
        let centre = [0, 1, 2].map(|a| if a < axes { -0.5 } else { 4e9 });
        let share = stamp.profile.inside(centre, &stamp.size, &stamp.grid, &region);
        assert!((share - want).abs() < 1e-9, "{axes}: {share}");
    }
}
