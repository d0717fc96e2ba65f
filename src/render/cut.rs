//! How a region in memory is cut into blocks.

use rayon::prelude::*;

use super::Renderer;
use super::block::{TILE_DEPTH, TILE_ROWS};
use super::kernel::TILE_WIDTH;
use super::tables::TABLE_BYTES;
use crate::grid::Box3;

/// Spots at a voxel, on average, from which the arithmetic takes longer than the memory.
const CROWDED: f64 = 16.0;

/// Voxels of one slice of a sheet.
const SHEET: u64 = 1 << 18;

/// Edge of a compact block in voxels, and of one that is a plane.
const COMPACT: u64 = 64;
const COMPACT_PLANE: u64 = 512;

/// Blocks for each thread: enough for all to be done at nearly the same time.
const BLOCKS_PER_THREAD: u64 = 16;

/// Voxels of a block, x y z: a sheet that lies together in memory, or where spots crowd a compact block, for whose tiles
/// a spot's factors are evaluated once.
pub fn block(renderer: &Renderer<'_>, region: &Box3) -> [u64; 3] {
    let shape = region.each_ref().map(|range| range.end - range.start);
    let spots = Spots::new(renderer);
    let mut block = shape;
    if spots.depth < CROWDED {
        block[2] = block[2].min(TILE_DEPTH as u64);
        block[0] = block[0].min(SHEET / 64);
        block[1] = block[1].min(SHEET.div_ceil(block[0]));
    } else {
        let edge = if shape[2] < TILE_DEPTH as u64 { COMPACT_PLANE } else { COMPACT };
        block = block.map(|n| n.min(edge));
    }
    let tile = [TILE_WIDTH, TILE_ROWS / TILE_DEPTH, TILE_DEPTH].map(|n| n as u64);
    // Blocks of nearly the same size, of whole tiles.
    let even =
        |a: usize, n: u64| shape[a].div_ceil(shape[a].div_ceil(n)).next_multiple_of(tile[a]).min(shape[a]);
    block = [0, 1, 2].map(|a| even(a, block[a]));
    let count = |block: [u64; 3]| (0..3).map(|a| shape[a].div_ceil(block[a])).product::<u64>();
    let wanted = BLOCKS_PER_THREAD * rayon::current_num_threads() as u64;
    while count(block) < wanted && block[1] > tile[1] {
        block[1] = even(1, block[1] / 2);
    }
    // A block's factors should fit together, as long as cutting it means fewer spots for each part.
    while spots.table_bytes(block) > TABLE_BYTES as f64 {
        let widest =
            (0..3).filter(|&a| block[a] > tile[a] && block[a] as f64 > 2.0 * spots.extent[a]).max_by(
                |&a, &b| (block[a] as f64 / spots.extent[a]).total_cmp(&(block[b] as f64 / spots.extent[b])),
            );
        let Some(a) = widest else { break };
        block[a] = even(a, block[a] / 2);
    }
    block
}

/// The spots on average.
struct Spots {
    count: f64,
    shape: [f64; 3],
    /// Voxels of a spot's box along x y z.
    extent: [f64; 3],
    /// Spots at a voxel.
    depth: f64,
}

impl Spots {
    fn new(renderer: &Renderer<'_>) -> Spots {
        let shape = renderer.grid().shape.map(|n| n as f64);
        let reach = &renderer.accuracy.reach;
        let none = || (0.0, [0.0; 3], 0.0);
        let add = |(count, extent, volume): (f64, [f64; 3], f64), more: (f64, [f64; 3], f64)| {
            (count + more.0, [0, 1, 2].map(|a| extent[a] + more.1[a]), volume + more.2)
        };
        let one = |reach: &[f32; 3]| {
            let extent = [0, 1, 2].map(|a| (2.0 * f64::from(reach[a]) + 1.0).min(shape[a]));
            if reach[0] < 0.0 { none() } else { (1.0, extent, extent.iter().product::<f64>()) }
        };
        let (count, extent, volume) =
            reach.par_iter().fold(none, |sum, reach| add(sum, one(reach))).reduce(none, add);
        Spots {
            count,
            shape,
            extent: extent.map(|sum| (sum / count).max(1.0)),
            depth: volume / shape.iter().product::<f64>(),
        }
    }

    /// What the factors of the spots that reach a block take.
    fn table_bytes(&self, block: [u64; 3]) -> f64 {
        let reach: f64 =
            (0..3).map(|a| (block[a] as f64 + self.extent[a]) / (self.shape[a] + self.extent[a])).product();
        let factors: f64 = (0..3).map(|a| self.extent[a].min(block[a] as f64)).sum();
        self.count * reach * (factors + 16.0) * size_of::<f32>() as f64
    }
}
