//! How a region in memory is cut into blocks.

use rayon::prelude::*;

use super::Renderer;
use super::block::ROW_GROUP;
use super::kernel::TILE_WIDTH;
use crate::grid::Box3;

/// Spots at a voxel, on average, from which the arithmetic takes longer than the memory.
const CROWDED: f64 = 16.0;

/// Voxels of one slice of a sheet.
const SHEET: u64 = 1 << 18;

/// Slices of a sheet: few enough for its pages to stay in the cache, enough for factors to be worth their evaluation.
const SHEET_DEPTH: u64 = 8;

/// Edge of a compact block in voxels, and of one of a volume with fewer slices than `THIN`.
const COMPACT: u64 = 128;
const COMPACT_PLANE: u64 = 512;
const THIN: u64 = 16;

/// Blocks for each thread: enough for all to be done at nearly the same time.
const BLOCKS_PER_THREAD: u64 = 8;

/// Voxels of a block, x y z: a sheet that lies together in memory, or where spots crowd a compact block, for whose tiles
/// a spot's factors are evaluated once.
pub fn block(renderer: &Renderer<'_>, region: &Box3) -> [u64; 3] {
    let shape = region.each_ref().map(|range| range.end - range.start);
    let mut block = shape;
    // Sheets stay whole along x; of compact blocks the longest side is halved.
    let halved: &[usize] = if depth(renderer) < CROWDED {
        block[2] = block[2].min(SHEET_DEPTH);
        block[0] = block[0].min(SHEET / 64);
        block[1] = block[1].min(SHEET.div_ceil(block[0]));
        &[1]
    } else {
        let edge = if shape[2] < THIN { COMPACT_PLANE } else { COMPACT };
        block = block.map(|n| n.min(edge));
        &[0, 2, 1]
    };
    let tile = [TILE_WIDTH as u64, ROW_GROUP as u64, SHEET_DEPTH];
    // Blocks of nearly the same size, of whole tiles.
    let even =
        |a: usize, n: u64| shape[a].div_ceil(shape[a].div_ceil(n)).next_multiple_of(tile[a]).min(shape[a]);
    block = [0, 1, 2].map(|a| even(a, block[a]));
    let count = |block: [u64; 3]| (0..3).map(|a| shape[a].div_ceil(block[a])).product::<u64>();
    let wanted = BLOCKS_PER_THREAD * rayon::current_num_threads() as u64;
    while count(block) < wanted {
        let longest = halved.iter().filter(|&&a| block[a] > tile[a]).max_by_key(|&&a| block[a]);
        let Some(&a) = longest else { break };
        block[a] = even(a, block[a] / 2);
    }
    block
}

/// How many spots are drawn at a voxel, on average.
fn depth(renderer: &Renderer<'_>) -> f64 {
    let grid = renderer.grid().shape.map(|n| n as f64);
    let share = |reach: &[f32; 3]| {
        (0..3).map(|a| (2.0 * f64::from(reach[a]).max(0.0) + 1.0).min(grid[a]) / grid[a]).product::<f64>()
    };
    renderer.accuracy.reach.par_iter().filter(|reach| reach[0] >= 0.0).map(share).sum()
}
