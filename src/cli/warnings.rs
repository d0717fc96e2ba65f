//! What the user should know, with numbers.

use blobscene::diagnostic::counted;
use blobscene::grid::{AXES, Grid};
use blobscene::render::Renderer;
use blobscene::scene::Group;
use blobscene::spot::Spot;
use blobscene::volume_file::Summary;
use rayon::prelude::*;

use super::scenes::Placed;

/// Of a spot's light, what its voxels may miss before it is said.
const MISSED: f64 = 0.05;

/// What can be told before anything is drawn.
pub fn of_scene(renderer: &Renderer<'_>) -> Vec<String> {
    let Renderer { scene, spots, .. } = *renderer;
    let mut warnings = scene.warnings.clone();
    if spots.list.is_empty() {
        warnings.push("the scene has no spots: the volume is empty".to_string());
    }
    for (i, group) in scene.groups.iter().enumerate() {
        let own = &spots.list[spots.groups[i].clone()];
        warnings.extend(all_outside(group, own, &scene.grid));
        warnings.extend(light_missed(group, own, &scene.grid));
        warnings.extend(too_faint(group, renderer.accuracy.brightest[i], renderer));
    }
    warnings
}

/// What is known when the volume is written.
pub fn of_volume(placed: &Placed, summary: &Summary) -> Vec<String> {
    let Placed { scene, spots, region } = placed;
    let mut warnings = Vec::new();
    if summary.spots_outside > 0 {
        let place = if *region == scene.grid.whole() { "the grid" } else { "the region" };
        warnings.push(format!(
            "no light in {place} from {} of {}, listed in /spots with `inside` near 0",
            summary.spots_outside,
            counted(spots.list.len(), "spot")
        ));
    }
    if summary.saturated_voxels > 0 {
        let negative = spots.list.iter().any(|spot| spot.amplitude < 0.0);
        warnings.push(format!(
            "{} cannot hold the values of {}, saturated; {}",
            scene.output.dtype.name(),
            counted(summary.saturated_voxels, "voxel"),
            if negative {
                "where they are negative, only `output.dtype` float32 or float64 holds them"
            } else {
                "lower the brightness or choose another `output.dtype`"
            }
        ));
    }
    warnings
}

/// Positions in another unit than the grid's are the commonest reason for an empty volume.
fn all_outside(group: &Group, spots: &[Spot], grid: &Grid) -> Option<String> {
    let (low, high) = grid.corners();
    let within = |spot: &Spot| grid.axes().all(|a| low[a] <= spot.centre[a] && spot.centre[a] <= high[a]);
    if spots.is_empty() || spots.par_iter().any(within) {
        return None;
    }
    let end = |choose: fn(f64, f64) -> f64| {
        [0, 1, 2].map(|a| spots.iter().map(|spot| spot.centre[a]).fold(spots[0].centre[a], choose))
    };
    let ranges = |low: [f64; 3], high: [f64; 3]| {
        let range = |a: usize| format!("{} {} to {}", AXES[a], short(low[a]), short(high[a]));
        grid.axes().map(range).collect::<Vec<_>>().join(", ")
    };
    Some(format!(
        "spots.{}: none of {} has its centre in the grid ({} {unit}), they are at {} {unit}; in another unit, or from another \
         origin?",
        group.name,
        counted(spots.len(), "spot"),
        ranges(low, high),
        ranges(end(f64::min), end(f64::max)),
        unit = grid.unit.name(),
    ))
}

/// Voxels whose centres alone are looked at may miss a narrow spot.
fn light_missed(group: &Group, spots: &[Spot], grid: &Grid) -> Option<String> {
    let missed = |spot: &Spot| group.profile.missed(&spot.size, grid);
    let most = spots.par_iter().map(missed).reduce(|| 0.0, f64::max);
    (most > MISSED).then(|| {
        format!(
            "spots.{}: taken at voxel centres, which are too far apart for its narrowest spot: the sum of its voxels may be \
             wrong by {} %; `sampling = \"integrated\"` keeps the light",
            group.name,
            short(100.0 * most)
        )
    })
}

fn too_faint(group: &Group, brightest: f64, renderer: &Renderer<'_>) -> Vec<String> {
    let (scene, mut warnings) = (renderer.scene, Vec::new());
    let bound = renderer.bounds().max_abs_error;
    if brightest > 0.0 && brightest <= bound {
        warnings.push(format!(
            "spots.{} is at most {brightest:.3e} bright, which the error bound {bound:.3e} swallows: it may not be drawn at \
             all; lower `render.tolerance`",
            group.name
        ));
    }
    // What rounds to 1, or with the floor is 1.
    let least = if scene.render.per_spot_floor { 1.0 } else { 0.5 };
    if scene.output.dtype.is_whole() && brightest > 0.0 && brightest < least {
        warnings.push(format!(
            "spots.{} is at most {brightest:.3e} bright, and {} holds whole numbers: where no others add to it, nothing is \
             left of it; make it brighter, or set `output.dtype = \"float32\"`",
            group.name,
            scene.output.dtype.name()
        ));
    }
    warnings
}

/// A number to four digits.
fn short(x: f64) -> String {
    format!("{x:.3e}").parse::<f64>().unwrap_or(x).to_string()
}
