//! Every generator against theory that shares no code with it, and the laws all of them keep.

use std::collections::BTreeSet;
use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use blobscene::description::{Description, Value};
use blobscene::diagnostic::Diagnostic;
use blobscene::files::{Files, Used};
use blobscene::generators::{GENERATORS, Generator, Layout, Placed};
use blobscene::grid::{Grid, Unit};
use blobscene::plugin::{Cell, Presence, Range, Reading, TableReader};
use blobscene::random::Streams;
use blobscene::spot::Refusal;

/// The files beside the scenes, which examples may name.
struct SceneFiles;

impl Files for SceneFiles {
    fn read(&self, written: &str) -> Result<Arc<[u8]>, Diagnostic> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes").join(written);
        match std::fs::read(path) {
            Ok(bytes) => Ok(bytes.into()),
            Err(_) => Err(Diagnostic::impossible(format!("no file `{written}`"))),
        }
    }

    fn used(&self) -> Vec<Used> {
        Vec::new()
    }
}

/// Builds the generator of a slot text, or says what is wrong with it.
fn generator(slot: &str, flat: bool) -> Result<Box<dyn Generator>, Vec<String>> {
    let description = Description::parse("test", &format!("slot = {slot}")).expect("TOML");
    build(&description, flat)
}

fn build(description: &Description, flat: bool) -> Result<Box<dyn Generator>, Vec<String>> {
    let reading = Reading::new(description, &SceneFiles);
    reading.flat.set(flat);
    let node = &description.root.get("slot").expect("the slot").node;
    let cell =
        Cell { reading: &reading, node, name: "slot".into(), unit: "", range: Range::ANY, axes: false };
    let built = GENERATORS.read(&cell);
    let problems: Vec<_> = reading.finish().iter().map(|p| p.message.clone()).collect();
    assert!(built.is_ok() || !problems.is_empty(), "a refusal without a word");
    if problems.is_empty() { built.map_err(|_| problems) } else { Err(problems) }
}

fn grid(shape: [u64; 3], voxel_size: [f64; 3], origin: [f64; 3]) -> Grid {
    Grid { shape, voxel_size, origin, unit: Unit::Micrometre, flat: false }
}

/// 100 µm wide, from -50 to 50.
fn cube() -> Grid {
    grid([100; 3], [1.0; 3], [-49.5; 3])
}

fn plane() -> Grid {
    Grid { flat: true, ..grid([100, 100, 1], [1.0; 3], [-49.5, -49.5, 0.0]) }
}

fn attempt(slot: &str, grid: &Grid, seed: u64) -> Result<Placed, Refusal> {
    let streams = Streams::new(seed, 0, "group");
    let generator = generator(slot, grid.flat).unwrap_or_else(|problems| panic!("{slot}: {problems:?}"));
    generator.place(&Layout { grid, streams: &streams, most_spots: 1 << 22 })
}

fn place(slot: &str, grid: &Grid, seed: u64) -> Vec<[f64; 3]> {
    attempt(slot, grid, seed).unwrap_or_else(|refusal| panic!("{slot}: {}", refusal.message)).centres
}

/// Kolmogorov-Smirnov: fails where so large a distance had a probability below 1e-3 (Kolmogorov's limit law).
fn assert_law(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64, what: &str) {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let distance = sample.iter().enumerate().fold(0.0_f64, |most, (i, &x)| {
        let f = cdf(x);
        most.max((f - i as f64 / n).abs()).max((f - (i + 1) as f64 / n).abs())
    });
    assert!(distance * n.sqrt() < 1.95, "{what}: distance {distance} of {n}");
}

fn uniform(low: f64, high: f64) -> impl Fn(f64) -> f64 {
    move |x| (x - low) / (high - low)
}

/// The distribution function with a given density on [low, high], by the midpoint rule.
fn integrated(low: f64, high: f64, density: impl Fn(f64) -> f64) -> impl Fn(f64) -> f64 {
    const STEPS: usize = 20_000;
    let step = (high - low) / STEPS as f64;
    let mut sums = vec![0.0];
    for i in 0..STEPS {
        sums.push(sums[i] + density(low + (i as f64 + 0.5) * step));
    }
    move |x| sums[(((x - low) / step) as usize).min(STEPS)] / sums[STEPS]
}

fn column(points: &[[f64; 3]], axis: usize) -> Vec<f64> {
    points.iter().map(|p| p[axis]).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let m = mean(values);
    values.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (values.len() - 1) as f64
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn norm(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

fn nearest_pair(points: &[[f64; 3]]) -> f64 {
    let mut least = f64::INFINITY;
    for (i, &p) in points.iter().enumerate() {
        for &q in &points[..i] {
            least = least.min(norm(minus(p, q)));
        }
    }
    least
}

// Laws over every plugin of the family.

#[test]
fn every_example_places_spots_in_three_dimensions_and_in_two() {
    for plugin in GENERATORS.plugins {
        for grid in [cube(), plane()] {
            let placed = attempt(plugin.example, &grid, 1).unwrap_or_else(|r| panic!("{}", r.message));
            let n = placed.centres.len();
            assert!(n > 0, "{}", plugin.kind);
            assert!(placed.centres.iter().flatten().all(|x| x.is_finite()), "{}", plugin.kind);
            assert!(!grid.flat || placed.centres.iter().all(|p| p[2] == 0.0), "{} has a z", plugin.kind);
            for length in [placed.amplitude.len(), placed.photons.len(), placed.sigma.len()] {
                assert!(length == 0 || length == n, "{}", plugin.kind);
            }
            assert!(placed.extras.iter().all(|extra| extra.values.len() == n), "{}", plugin.kind);
        }
    }
}

#[test]
fn every_declared_parameter_is_read_and_every_default_parses() {
    for plugin in GENERATORS.plugins {
        let text = format!("slot = {}", plugin.example);
        let example = Description::parse("test", &text).expect("TOML");
        let reading = Reading::new(&example, &SceneFiles);
        let Value::Table(table) = &example.root.entries[0].node.value else { panic!("a table") };
        let reader = TableReader::new(&reading, "slot", table, &plugin.table, &["kind"]);
        assert!((plugin.build)(&reader).is_ok(), "{}", plugin.kind);
        assert!(reader.unasked().is_empty(), "{}: {:?}", plugin.kind, reader.unasked());

        for param in plugin.table.params {
            let Presence::Default(default) = param.presence() else { continue };
            // Left out, and written out.
            let mut without = example.clone();
            let Value::Table(table) = &mut without.root.entries[0].node.value else { panic!("a table") };
            table.entries.retain(|entry| entry.name != param.name());
            assert!(build(&without, false).is_ok(), "{}.{}", plugin.kind, param.name());
            let set = format!("slot.{}={default}", param.name());
            let with = example.clone().with_overrides(&[set]).expect("a path");
            assert!(build(&with, false).is_ok(), "{}.{}", plugin.kind, param.name());
        }
    }
}

#[test]
fn every_parameter_says_what_it_is() {
    for plugin in GENERATORS.plugins {
        assert!(plugin.about.ends_with('.'), "{}", plugin.kind);
        for param in plugin.table.params {
            assert!(param.about().ends_with('.'), "{}.{}", plugin.kind, param.name());
        }
    }
}

#[test]
fn the_spots_depend_on_seed_and_group_alone() {
    for plugin in GENERATORS.plugins {
        let places = |seed, sample, group: &str, threads| {
            let (streams, grid) = (Streams::new(seed, sample, group), cube());
            let layout = Layout { grid: &grid, streams: &streams, most_spots: 1 << 22 };
            let generator = generator(plugin.example, false).expect("the example");
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| generator.place(&layout)).unwrap_or_else(|r| panic!("{}", r.message))
        };
        let first = places(0, 0, "a", 1);
        // As text: a NaN stands for "brings none" and is no equal of itself.
        let other = places(0, 0, "a", 3);
        assert_eq!(format!("{first:?}"), format!("{other:?}"), "{}: threads", plugin.kind);
        if matches!(plugin.kind, "points" | "table") {
            continue;
        }
        // No coordinate comes twice: neither seeds, samples nor groups share anything.
        let bits = |placed: &Placed| -> BTreeSet<u64> {
            placed.centres.iter().flatten().map(|x| x.to_bits()).collect()
        };
        let mut seen = bits(&first);
        for (seed, sample, group) in [(1, 0, "a"), (2, 0, "a"), (0, 1, "a"), (0, 0, "b"), (0, 0, "")] {
            let other = bits(&places(seed, sample, group, 2));
            assert!(seen.is_disjoint(&other), "{}: {seed} {sample} {group}", plugin.kind);
            seen.extend(other);
        }
    }
}

#[test]
fn extreme_numbers_are_refused_or_done_but_never_hang() {
    for plugin in GENERATORS.plugins {
        for param in plugin.table.params {
            for value in ["1e300", "1e-300", "1.7e308", "5e-324", "9223372036854775807", "0", "-1e300"] {
                for grid in [cube(), plane()] {
                    let text = format!("slot = {}", plugin.example);
                    let set = format!("slot.{}={value}", param.name());
                    let scene = Description::parse("test", &text).expect("TOML");
                    let scene = scene.with_overrides(&[set]).expect("a path");
                    let Ok(generator) = build(&scene, grid.flat) else { continue };
                    let streams = Streams::new(0, 0, "group");
                    let _ = generator.place(&Layout { grid: &grid, streams: &streams, most_spots: 1 << 14 });
                }
            }
        }
    }
}

// points

#[test]
fn points_are_exactly_those() {
    let slot =
        "{ kind = \"points\", points = [{ x = 1, y = 2.5, z = -3 }, { x = 4, y = 0, z = 7, photons = 8 }] }";
    assert_eq!(place(slot, &cube(), 1), [[1.0, 2.5, -3.0], [4.0, 0.0, 7.0]]);
    let placed = attempt(slot, &cube(), 1).expect("points");
    assert!(placed.photons[0].is_nan() && placed.photons[1] == 8.0);
    assert!(generator("{ kind = \"points\", points = [{ x = 1, y = 2 }] }", false).is_err());
    let flat = "{ kind = \"points\", points = [{ x = 1, y = 2 }] }";
    assert_eq!(place(flat, &plane(), 1), [[1.0, 2.0, 0.0]]);
}

// uniform

#[test]
fn uniform_spots_are_uniform_on_every_axis_of_the_whole_grid() {
    let grid = grid([40, 100, 20], [0.5, 1.0, 3.0], [7.0, -3.0, 0.0]);
    let points = place("{ kind = \"uniform\", count = 50000 }", &grid, 3);
    let (low, high) = ([6.75, -3.5, -1.5], [26.75, 96.5, 58.5]);
    for axis in 0..3 {
        let values = column(&points, axis);
        assert!(values.iter().all(|&x| x >= low[axis] && x <= high[axis]));
        assert_law(values, uniform(low[axis], high[axis]), "uniform");
    }
    // The axes know nothing of one another: x against y after a fold.
    let folded = points.iter().map(|p| ((p[0] - 6.75) / 20.0 + (p[1] + 3.5) / 100.0) % 1.0).collect();
    assert_law(folded, uniform(0.0, 1.0), "x + y");
}

#[test]
fn uniform_counts_follow_count_density_and_poisson() {
    assert_eq!(place("{ kind = \"uniform\", count = 0 }", &cube(), 0).len(), 0);
    assert_eq!(place("{ kind = \"uniform\", density = 1e-4 }", &cube(), 0).len(), 100);
    assert_eq!(place("{ kind = \"uniform\", density = 1e-2 }", &plane(), 0).len(), 100);
    for expected in [4.0, 60.0] {
        let slot = format!("{{ kind = \"uniform\", count = {{ poisson = {expected} }} }}");
        let counts: Vec<f64> = (0..4000).map(|seed| place(&slot, &plane(), seed).len() as f64).collect();
        // Standard errors: of the mean sqrt(m/n), of the variance m sqrt((2 + 1/m)/n).
        assert!((mean(&counts) - expected).abs() < 4.0 * (expected / 4000.0).sqrt());
        let error = expected * ((2.0 + 1.0 / expected) / 4000.0).sqrt();
        assert!((variance(&counts) - expected).abs() < 4.0 * error, "{}", variance(&counts));
    }
}

#[test]
fn within_and_margin_bound_the_region() {
    let ball = "{ kind = \"uniform\", count = 20000, margin = 4, \
                within = { kind = \"ball\", centre = { x = 1, y = 2, z = 3 }, radius = 24 } }";
    let radii: Vec<f64> = place(ball, &cube(), 5).iter().map(|&p| norm(minus(p, [1.0, 2.0, 3.0]))).collect();
    assert_law(radii, |r| (r / 20.0).powi(3), "radius in the ball");
    let disc: Vec<f64> = place(ball, &plane(), 5).iter().map(|&p| norm(minus(p, [1.0, 2.0, 0.0]))).collect();
    assert_law(disc, |r| (r / 20.0).powi(2), "radius in the disc");

    let margin = "{ kind = \"uniform\", count = 20000, margin = { x = 10, y = -5, z = 0 } }";
    let points = place(margin, &cube(), 5);
    for (axis, half) in [40.0, 55.0, 50.0].into_iter().enumerate() {
        assert_law(column(&points, axis), uniform(-half, half), "margin");
    }
    assert!(attempt("{ kind = \"uniform\", count = 1, margin = 50 }", &cube(), 0).is_err());

    let cylinder = "{ kind = \"uniform\", count = 20000, \
                    within = { kind = \"cylinder\", centre = 0, radius = 8, length = 30, axis = \"x\" } }";
    let points = place(cylinder, &cube(), 5);
    assert_law(column(&points, 0), uniform(-15.0, 15.0), "along the cylinder");
    let radii = points.iter().map(|p| norm([0.0, p[1], p[2]])).collect();
    assert_law(radii, |r| (r / 8.0).powi(2), "across the cylinder");
}

// lattice

#[test]
fn a_lattice_is_where_it_should_be_with_x_fastest() {
    let grid = grid([4, 3, 2], [1.0, 2.0, 3.0], [10.0, 20.0, 30.0]);
    let slot =
        "{ kind = \"lattice\", spacing = { x = 2, y = 2, z = 1.5 }, offset = { x = 0.5, y = 0, z = 0 } }";
    let mut expected = Vec::new();
    for z in [28.5, 30.0, 31.5, 33.0] {
        for y in [20.0, 22.0, 24.0] {
            for x in [10.5, 12.5] {
                expected.push([x, y, z]);
            }
        }
    }
    assert_eq!(place(slot, &grid, 0), expected);
    // An offset of whole spacings changes nothing; nor does the sign.
    let shifted = slot.replace("x = 0.5, y = 0, z = 0", "x = -99.5, y = 2000, z = -15");
    assert_eq!(place(&shifted, &grid, 0), expected);
}

#[test]
fn a_lattice_counts_right_whatever_the_division_rounds_to() {
    // The lower face belongs to the grid, the upper one does not: n voxels hold n * parts points.
    for voxel in [0.1, 0.3, 0.7, 1.1, 1e-7, 3e5] {
        for n in 1..60 {
            for parts in 1..12 {
                let grid = grid([n, 1, 1], [voxel; 3], [0.1, -7.3, 1e3]);
                let (fine, half) = (voxel / parts as f64, voxel / 2.0);
                let slot = format!(
                    "{{ kind = \"lattice\", spacing = {{ x = {fine:e}, y = {voxel:e}, z = {voxel:e} }}, \
                     offset = {{ x = {half:e}, y = 0, z = 0 }} }}"
                );
                assert_eq!(place(&slot, &grid, 0).len() as u64, n * parts, "{voxel} {n} {parts}");
            }
        }
    }
    assert_eq!(place("{ kind = \"lattice\", spacing = 1e300 }", &cube(), 0).len(), 1);
    assert!(attempt("{ kind = \"lattice\", spacing = 1e-300 }", &cube(), 0).is_err_and(|r| r.limit));
    assert!(attempt("{ kind = \"lattice\", spacing = 1e-3 }", &cube(), 0).is_err_and(|r| r.limit));
}

#[test]
fn jitter_is_normal_per_axis() {
    let still = place("{ kind = \"lattice\", spacing = 4 }", &cube(), 0);
    let moved = place("{ kind = \"lattice\", spacing = 4, jitter = { x = 0.5, y = 0, z = 2 } }", &cube(), 9);
    let n = still.len() as f64;
    assert_eq!(still.len(), moved.len());
    for (axis, sd) in [0.5, 0.0, 2.0].into_iter().enumerate() {
        let moves: Vec<f64> = still.iter().zip(&moved).map(|(s, m)| m[axis] - s[axis]).collect();
        assert!(mean(&moves).abs() <= 4.0 * sd / n.sqrt());
        assert!((variance(&moves).sqrt() - sd).abs() <= 4.0 * sd / (2.0 * n).sqrt());
    }
}

// poisson_disk

#[test]
fn disks_keep_their_distance_and_fill_the_grid() {
    for (grid, distance) in [(cube(), 11.3), (plane(), 3.1)] {
        let slot = format!("{{ kind = \"poisson_disk\", min_distance = {distance} }}");
        let points = place(&slot, &grid, 4);
        assert!(nearest_pair(&points) >= distance);
        let axes = grid.axes();
        assert!(points.iter().all(|p| p[axes.clone()].iter().all(|x| x.abs() <= 50.0)));
        // No room for one more, wherever one looks.
        for p in place("{ kind = \"uniform\", count = 100000 }", &grid, 77) {
            assert!(points.iter().any(|&q| norm(minus(p, q)) < distance), "room at {p:?}");
        }
        let one_more = format!("{{ kind = \"poisson_disk\", min_distance = {distance}, count = 100000 }}");
        let refusal = attempt(&one_more, &grid, 4).expect_err("too many");
        assert!(refusal.message.contains(&format!("only {} of 100000", points.len())), "{}", refusal.message);
        // A count that fits is the beginning of the same spots.
        let fewer =
            format!("{{ kind = \"poisson_disk\", min_distance = {distance}, count = {} }}", points.len());
        assert_eq!(place(&fewer, &grid, 4), points);
    }
}

/// Random sequential insertion on a line: M(x) cars of length 1 on x have a mean of C x - (1 - C) with
/// Rényi's constant C = 0.747 597 92 and, per length, a variance of 0.0382 (Rényi 1958; Mackenzie 1962).
#[test]
fn disks_on_a_line_park_like_renyis_cars() {
    let line = grid([200, 1, 1], [1.0, 1e-7, 1e-7], [0.0; 3]);
    let counts: Vec<f64> = (0..400)
        .map(|seed| place("{ kind = \"poisson_disk\", min_distance = 1 }", &line, seed).len() as f64)
        .collect();
    let theory = 0.747_597_92 * 201.0 - (1.0 - 0.747_597_92);
    let error = (0.0382 * 201.0 / 400.0_f64).sqrt();
    assert!((mean(&counts) - theory).abs() < 4.0 * error, "{} {theory}", mean(&counts));
}

#[test]
fn few_disks_are_uniform_and_a_tiny_distance_costs_nothing() {
    let points = place("{ kind = \"poisson_disk\", min_distance = 1e-9, count = 20000 }", &cube(), 2);
    for axis in 0..3 {
        assert_law(column(&points, axis), uniform(-50.0, 50.0), "disks");
    }
    assert_eq!(place("{ kind = \"poisson_disk\", min_distance = 1e9 }", &cube(), 2).len(), 1);
    assert!(attempt("{ kind = \"poisson_disk\", min_distance = 1e-9 }", &cube(), 2).is_err_and(|r| r.limit));
}

// cluster

#[test]
fn clusters_are_gaussian_clouds_around_their_parents() {
    let slot = "{ kind = \"cluster\", parents = [{ x = 40, y = 0, z = -20 }, { x = -1, y = 2, z = 3 }], \
                per_cluster = 20000, radius = { x = 1, y = 2, z = 30 } }";
    let placed = attempt(slot, &cube(), 8).expect("clusters");
    assert_eq!(placed.centres.len(), 40_000);
    assert_eq!(placed.extras[0].name, "cluster");
    let expected: Vec<f64> = (0..40_000).map(|i| f64::from(i / 20_000)).collect();
    assert_eq!(placed.extras[0].values, expected);
    for (c, parent) in [[40.0, 0.0, -20.0], [-1.0, 2.0, 3.0]].iter().enumerate() {
        let cloud = &placed.centres[c * 20_000..(c + 1) * 20_000];
        for (axis, sd) in [1.0, 2.0, 30.0].into_iter().enumerate() {
            let values = column(cloud, axis);
            assert!((mean(&values) - parent[axis]).abs() < 4.0 * sd / 20_000_f64.sqrt());
            assert!((variance(&values).sqrt() - sd).abs() < 4.0 * sd / 40_000_f64.sqrt());
            // Half of all lie within 0.674 49 standard deviations.
            let half = 0.674_489_75 * sd;
            let inside = values.iter().filter(|x| (**x - parent[axis]).abs() < half).count();
            assert!((inside as f64 - 10_000.0).abs() < 4.0 * 5000_f64.sqrt());
        }
    }
}

#[test]
fn cluster_numbers_and_radii_are_drawn_once_per_cluster() {
    let slot = "{ kind = \"cluster\", clusters = 4000, per_cluster = { poisson = 6 }, radius = 0 }";
    let placed = attempt(slot, &cube(), 8).expect("clusters");
    let mut counts = vec![0.0; 4000];
    for &c in &placed.extras[0].values {
        counts[c as usize] += 1.0;
    }
    assert!((mean(&counts) - 6.0).abs() < 4.0 * (6.0 / 4000.0_f64).sqrt());
    assert!((variance(&counts) - 6.0).abs() < 4.0 * 6.0 * ((2.0 + 1.0 / 6.0) / 4000.0_f64).sqrt());
    // With no radius every spot lies at its parent, and the parents are uniform in the grid.
    let mut parents = placed.centres.clone();
    parents.dedup();
    for axis in 0..3 {
        assert_law(column(&parents, axis), uniform(-50.0, 50.0), "parents");
    }
    let wide = "{ kind = \"cluster\", parents = [{ x = 0, y = 0, z = 0 }, { x = 0, y = 0, z = 0 }], \
                per_cluster = 5000, radius = { choice = [1, 9] } }";
    let spread = |seed, c: usize| {
        let points = place(wide, &cube(), seed);
        [0, 1, 2].map(|a| variance(&column(&points[c * 5000..(c + 1) * 5000], a)).sqrt())
    };
    for sd in (0..6).flat_map(|seed| [spread(seed, 0), spread(seed, 1)]) {
        let near = |x: f64, to: f64| (x / to - 1.0).abs() < 0.05;
        assert!(sd.iter().all(|&s| near(s, 1.0)) || sd.iter().all(|&s| near(s, 9.0)), "{sd:?}");
    }
    let negative = "{ kind = \"cluster\", clusters = 500, per_cluster = { normal = [1, 5] }, radius = 1 }";
    assert!(attempt(negative, &cube(), 0).is_err_and(|r| r.message.contains("per_cluster")));
    let many = "{ kind = \"cluster\", clusters = 1000, per_cluster = 1e300, radius = 1 }";
    assert!(attempt(many, &cube(), 0).is_err_and(|r| r.limit));
    assert_eq!(
        place("{ kind = \"cluster\", clusters = 3, per_cluster = 2.6, radius = 1 }", &cube(), 0).len(),
        9
    );
}

// shell

#[test]
fn a_sphere_is_covered_uniformly_by_area() {
    let slot = "{ kind = \"shell\", centre = { x = 1, y = 2, z = 3 }, radius = 7, count = 30000 }";
    let points: Vec<_> = place(slot, &cube(), 6).iter().map(|&p| minus(p, [1.0, 2.0, 3.0])).collect();
    assert!(points.iter().all(|&p| (norm(p) - 7.0).abs() < 1e-12));
    for axis in 0..3 {
        // Archimedes: equal heights, equal areas.
        assert_law(column(&points, axis), uniform(-7.0, 7.0), "height");
    }
    let circle: Vec<_> = place(slot, &plane(), 6).iter().map(|p| minus(*p, [1.0, 2.0, 0.0])).collect();
    assert!(circle.iter().all(|&p| (norm(p) - 7.0).abs() < 1e-12));
    assert_law(circle.iter().map(|p| p[1].atan2(p[0])).collect(), uniform(-PI, PI), "angle");
}

/// On a spheroid with radii a, a, c: dA = 2 pi a sqrt(1 - z²/c² + a² z²/c⁴) dz. On an ellipse:
/// ds = sqrt(a² sin² t + b² cos² t) dt at (a cos t, b sin t).
#[test]
fn an_ellipsoid_is_covered_uniformly_by_area() {
    for (a, c) in [(2.0, 9.0), (9.0, 1.0)] {
        let slot = format!(
            "{{ kind = \"shell\", centre = 0, radius = {{ x = {a}, y = {a}, z = {c} }}, count = 30000 }}"
        );
        let points = place(&slot, &cube(), 6);
        for p in &points {
            let on = (p[0] / a) * (p[0] / a) + (p[1] / a) * (p[1] / a) + (p[2] / c) * (p[2] / c);
            assert!((on - 1.0).abs() < 1e-12);
        }
        let density = move |z: f64| (1.0 - z * z / (c * c) + a * a * z * z / (c * c * c * c)).sqrt();
        assert_law(column(&points, 2), integrated(-c, c, density), "height on a spheroid");
        assert_law(points.iter().map(|p| p[1].atan2(p[0])).collect(), uniform(-PI, PI), "azimuth");

        let slot =
            format!("{{ kind = \"shell\", centre = 0, radius = {{ x = {a}, y = {c} }}, count = 30000 }}");
        let angles = place(&slot, &plane(), 6).iter().map(|p| (p[1] / c).atan2(p[0] / a)).collect();
        let density = move |t: f64| (a * a * t.sin() * t.sin() + c * c * t.cos() * t.cos()).sqrt();
        assert_law(angles, integrated(-PI, PI, density), "angle on an ellipse");
    }
}

#[test]
fn a_thick_shell_is_filled_uniformly_by_volume() {
    for thickness in [1e-6_f64, 6.0, 20.0] {
        let slot = format!(
            "{{ kind = \"shell\", centre = 0, radius = 10, thickness = {thickness}, count = 20000 }}"
        );
        let (inner, outer) = (10.0 - thickness / 2.0, 10.0 + thickness / 2.0);
        for (grid, power) in [(cube(), 3), (plane(), 2)] {
            let radii: Vec<f64> = place(&slot, &grid, 6).iter().map(|&p| norm(p)).collect();
            let (from, to) = (inner.powi(power), outer.powi(power));
            assert_law(radii, move |r: f64| (r.powi(power) - from) / (to - from), "radius");
        }
    }
    // Sections of an ellipsoid have the area pi a b (1 - z²/c²): of the layer, outer less inner.
    let slot =
        "{ kind = \"shell\", centre = 0, radius = { x = 5, y = 12, z = 3 }, thickness = 4, count = 30000 }";
    let points = place(slot, &cube(), 6);
    let section =
        |a: f64, b: f64, c: f64, z: f64| if z.abs() < c { a * b * (1.0 - z * z / (c * c)) } else { 0.0 };
    let (r, h) = ([5.0, 12.0, 3.0], 2.0);
    for axis in 0..3 {
        let (a, b, c) = (r[(axis + 1) % 3], r[(axis + 2) % 3], r[axis]);
        let density = move |z| section(a + h, b + h, c + h, z) - section(a - h, b - h, c - h, z);
        assert_law(column(&points, axis), integrated(-c - h, c + h, density), "section of a layer");
    }
    let thick =
        "{ kind = \"shell\", centre = 0, radius = { x = 5, y = 6, z = 3 }, thickness = 6.1, count = 1 }";
    assert!(generator(thick, false).is_err());
    assert!(generator(thick, true).is_ok(), "z is ignored in a plane");
}

// filament

/// Kratky and Porod: with l = P (in 2-D 2P) the mean cosine is exp(-s/l) and the mean square distance over
/// a contour s is 2 l s (1 - l/s (1 - exp(-s/l))); two steps of contour h with a gap g between them have
/// the mean product l² (1 - exp(-h/l))² exp(-g/l).
#[test]
fn filaments_are_wormlike_chains_at_any_spacing() {
    const CHAINS: usize = 8000;
    for (grid, per_persistence) in [(cube(), 1.0), (plane(), 2.0)] {
        for spacing in [0.05, 0.6, 2.0, 15.0, 19.0, 45.0] {
            let persistence = 1.0;
            let (l, length) = (per_persistence * persistence, 6.0 * spacing);
            let slot = format!(
                "{{ kind = \"filament\", count = {CHAINS}, length = {length}, spacing = {spacing}, \
                 persistence = {persistence} }}"
            );
            let points = place(&slot, &grid, 11);
            assert_eq!(points.len(), 7 * CHAINS);
            let chains: Vec<_> = points.chunks(7).collect();
            for chain in &chains {
                for pair in chain.windows(2) {
                    assert!(norm(minus(pair[1], pair[0])) <= spacing * (1.0 + 1e-12));
                }
            }
            let expect = |samples: Vec<f64>, theory: f64, what: &str| {
                let error = (variance(&samples) / samples.len() as f64).sqrt();
                let found = mean(&samples);
                assert!(
                    (found - theory).abs() < 4.0 * error + 1e-3 * theory,
                    "{what} {spacing}: {found} {theory}"
                );
            };
            for steps in [1, 2, 6] {
                let s = steps as f64 * spacing;
                let theory = 2.0 * l * s * (1.0 - l / s * (1.0 - (-s / l).exp()));
                let square = |chain: &&[[f64; 3]]| {
                    let d = minus(chain[steps], chain[0]);
                    dot(d, d)
                };
                expect(chains.iter().map(square).collect(), theory, "mean square");
            }
            for gap in [0, 1, 3] {
                let fall = 1.0 - (-spacing / l).exp();
                let theory = l * l * fall * fall * (-(gap as f64) * spacing / l).exp();
                let product = |c: &&[[f64; 3]]| dot(minus(c[1], c[0]), minus(c[2 + gap], c[1 + gap]));
                expect(chains.iter().map(product).collect(), theory, "product of steps");
            }
        }
    }
}

#[test]
fn filaments_start_anywhere_point_anywhere_and_straight_ones_are_straight() {
    let slot = "{ kind = \"filament\", count = 20000, length = 1, spacing = 0.1, persistence = 1e300 }";
    let placed = attempt(slot, &cube(), 3).expect("filaments");
    let expected: Vec<f64> = (0..220_000).map(|i| f64::from(i / 11)).collect();
    assert_eq!(placed.extras[0].values, expected);
    let (mut starts, mut directions) = (Vec::new(), Vec::new());
    for chain in placed.centres.chunks(11) {
        for (k, p) in chain.iter().enumerate() {
            assert!((norm(minus(*p, chain[0])) - 0.1 * k as f64).abs() < 1e-12, "straight and evenly");
        }
        starts.push(chain[0]);
        directions.push(minus(chain[10], chain[0]));
    }
    for axis in 0..3 {
        assert_law(column(&starts, axis), uniform(-50.0, 50.0), "start");
        assert_law(column(&directions, axis), uniform(-1.0, 1.0), "direction");
    }
    let flat = place(slot, &plane(), 3);
    let angles = flat.chunks(11).map(|c| (c[10][1] - c[0][1]).atan2(c[10][0] - c[0][0]).rem_euclid(TAU));
    assert_law(angles.collect(), uniform(0.0, TAU), "direction in the plane");
}

#[test]
fn filament_lengths_are_drawn_once_per_filament() {
    let slot =
        "{ kind = \"filament\", count = 300, length = { choice = [0, 10] }, spacing = 1, persistence = 5 }";
    let placed = attempt(slot, &cube(), 3).expect("filaments");
    let mut counts = [0; 300];
    for &f in &placed.extras[0].values {
        counts[f as usize] += 1;
    }
    assert!(counts.iter().all(|&n| n == 1 || n == 11));
    assert!(counts.contains(&1) && counts.contains(&11));
    let long = "{ kind = \"filament\", count = 3, length = 1e300, spacing = 1e-3, persistence = 5 }";
    assert!(attempt(long, &cube(), 0).is_err_and(|r| r.limit));
}
