//! What `ball` and `shell` are, by their definitions.

use blobscene::random::Streams;
use blobscene::spot::Size;

use super::stamp::{Stamp, grid, halton, plain, profile, size};

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
    for fraction in [0.0, 1e-13, -1e-13] {
        let mut count = 0;
        stamp.scan([fraction, 0.0, -fraction], [5; 3], |_, value| count += i32::from(value > 0.0));
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

/// A sharp ball against the lengths of its chords along z on a lattice of 2000 x 2000, within 1e-5.
#[test]
fn the_share_of_a_ball_agrees_with_its_chords() {
    let stamp = plain(r#"{ kind = "ball", radius = { x = 3, y = 5, z = 4 } }"#, false);
    for (centre, region) in [
        ([2.0, 3.0, 1.5], [0..9, 0..9, 0..9]),
        ([2.1, 3.7, 2.9], [0..4, 1..4, 2..6]),
        ([0.4, -1.2, 0.3], [0..3, 0..7, 0..4]),
        ([1.7, 2.2, 3.1], [1..3, 2..3, 0..9]),
        ([-1.5, -2.5, -1.0], [0..9, 0..9, 0..9]),
    ] {
        let n = 2000;
        let face =
            |a: usize, voxel: u64| ((voxel as f64 - 0.5 - centre[a]) / stamp.size.width[a]).clamp(-1.0, 1.0);
        let (low, high) =
            ([0, 1, 2].map(|a| face(a, region[a].start)), [0, 1, 2].map(|a| face(a, region[a].end)));
        let step = [0, 1].map(|a| (high[a] - low[a]) / f64::from(n));
        let mut sum = 0.0;
        for i in 0..n {
            let x = low[0] + step[0] * (f64::from(i) + 0.5);
            for j in 0..n {
                let y = low[1] + step[1] * (f64::from(j) + 0.5);
                let half = (1.0 - x * x - y * y).max(0.0).sqrt();
                sum += (half.min(high[2]) - (-half).max(low[2])).max(0.0);
            }
        }
        let want = sum * step[0] * step[1] / (4.0 / 3.0 * std::f64::consts::PI);
        let got = stamp.profile.inside(centre, &stamp.size, &stamp.grid, &region);
        assert!((got - want).abs() < 1e-5, "{region:?}: {got} {want}");
    }
}

/// A soft ball is the mean of its layers, here 4000 sharp ones by Simpson's rule, within 1e-7.
#[test]
fn the_share_of_a_soft_ball_is_the_mean_of_its_layers() {
    let slot = r#"{ kind = "ball", radius = { x = 3, y = 1, z = 2 }, edge = 3 }"#;
    for (flat, centre, z) in [
        (false, [2.0, 3.0, 1.5], 0..9),
        (false, [4.1, 6.7, 2.9], 2..6),
        (false, [-2.4, -1.2, 4.3], 0..4),
        (false, [8.0, 4.2, 9.1], 0..9),
        (true, [2.0, 3.0, 0.0], 0..1),
        (true, [-2.4, -1.2, 0.0], 0..1),
    ] {
        let stamp = plain(slot, flat);
        let region = [1..7, 0..5, z];
        let (mut light, mut inside) = (0.0, 0.0);
        let n = 4000;
        for i in 0..=n {
            let s = f64::from(i) / f64::from(n);
            let layer = Size { width: stamp.size.width.map(|r| r + s * stamp.size.rim), rim: 0.0 };
            let weight = if i == 0 || i == n { 1.0 } else { 2.0 + 2.0 * f64::from(i % 2) };
            let measure = weight * stamp.profile.light(&layer, &stamp.grid);
            light += measure;
            inside += measure * stamp.profile.inside(centre, &layer, &stamp.grid, &region);
        }
        let got = stamp.profile.inside(centre, &stamp.size, &stamp.grid, &region);
        assert!((got - inside / light).abs() < 1e-7, "{flat} {centre:?}: {got} {}", inside / light);
        let light = light / (3.0 * f64::from(n));
        assert!((stamp.profile.light(&stamp.size, &stamp.grid) / light - 1.0).abs() < 1e-12);
    }
}
