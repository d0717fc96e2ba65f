//! How a volume is cut: into the chunks of the file, and into the blocks that are rendered.

use crate::grid::Box3;
use crate::render::{BlockGrid, padded};

/// Edge of the blocks whose digests make up the volume's hash.
pub const HASH_EDGE: u64 = 64;

/// Voxels that a rendered block should have at least: fewer are not worth a task.
const WORTHWHILE: u64 = 1 << 18;

/// Blocks that should remain when small ones are joined, so that there is work for many threads.
const MANY: u64 = 256;

#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// The part of the whole grid that the file holds.
    pub region: Box3,
    /// Voxels of a chunk, x y z, not larger than the region; of a volume in one piece those of a block.
    pub chunk: [u64; 3],
    /// Blocks to render; each holds whole chunks.
    pub blocks: BlockGrid,
    /// Whether each block also holds whole blocks of the hash; if not, these are rendered a second time.
    pub hash_in_blocks: bool,
}

impl Layout {
    /// `chunk` is the wanted chunk, and a block may take at most `most_voxels` voxels in memory, unless a
    /// chunk takes more. Without chunks the volume is one piece in the file, and blocks are as long along x as they may:
    /// rows that are the volume's are written together, others each by itself.
    pub fn new(region: &Box3, chunk: Option<[u64; 3]>, most_voxels: u64) -> Layout {
        let shape = region.each_ref().map(|range| range.end - range.start);
        let least = chunk.unwrap_or([HASH_EDGE; 3]);
        let least = [0, 1, 2].map(|a| least[a].min(shape[a]));
        let common = [0, 1, 2].map(|a| common_multiple(least[a], HASH_EDGE).min(shape[a]));
        let hash_in_blocks = fits(common, most_voxels);
        let mut block = if hash_in_blocks { common } else { least };
        if chunk.is_none() {
            block = lengthened(block, shape, most_voxels);
        }
        let block = grown(block, shape, most_voxels);
        let chunk = if chunk.is_none() { block } else { least };
        Layout { region: region.clone(), chunk, blocks: BlockGrid::new(region, block), hash_in_blocks }
    }

    /// Voxels along x y z.
    pub fn shape(&self) -> [u64; 3] {
        self.region.each_ref().map(|range| range.end - range.start)
    }

    /// The blocks of the hash, in C order.
    pub fn hash_blocks(&self) -> BlockGrid {
        BlockGrid::new(&self.region, [HASH_EDGE; 3])
    }
}

fn fits(block: [u64; 3], most_voxels: u64) -> bool {
    padded(block) <= u128::from(most_voxels)
}

fn common_multiple(a: u64, b: u64) -> u64 {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

/// Joins blocks along x while they fit.
fn lengthened(mut block: [u64; 3], shape: [u64; 3], most_voxels: u64) -> [u64; 3] {
    while block[0] < shape[0] {
        let longer = [(2 * block[0]).min(shape[0]), block[1], block[2]];
        if !fits(longer, most_voxels) {
            break;
        }
        block = longer;
    }
    block
}

/// Joins small blocks along x, then y, then z, until they are worth a task each.
fn grown(mut block: [u64; 3], shape: [u64; 3], most_voxels: u64) -> [u64; 3] {
    let count =
        |block: [u64; 3]| [0, 1, 2].map(|a| u128::from(shape[a].div_ceil(block[a]))).iter().product::<u128>();
    while block.iter().product::<u64>() < WORTHWHILE && count(block) > u128::from(MANY) {
        // The shortest edge first, so that blocks stay compact.
        let growable = (0..3).filter(|&a| block[a] < shape[a]).min_by_key(|&a| block[a]);
        let Some(a) = growable else { break };
        let mut larger = block;
        larger[a] = (2 * block[a]).min(shape[a]);
        if !fits(larger, most_voxels) {
            break;
        }
        block = larger;
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(shape: [u64; 3], chunk: [u64; 3]) -> Layout {
        Layout::new(&shape.map(|n| 0..n), Some(chunk), 1 << 24)
    }

    #[test]
    fn blocks_hold_whole_chunks_and_whole_hash_blocks() {
        for shape in [[200, 200, 200], [1000, 70, 3], [5, 5, 5], [100_000, 100_000, 1], [65, 64, 63]] {
            for chunk in [[64, 64, 64], [32, 16, 128], [50, 64, 1], [7, 11, 13], [1, 1, 1], [200, 200, 200]] {
                let layout = layout(shape, chunk);
                for a in 0..3 {
                    let whole = layout.blocks.block[a] >= shape[a];
                    assert!(
                        whole || layout.blocks.block[a].is_multiple_of(layout.chunk[a]),
                        "{shape:?} {chunk:?}"
                    );
                    let hash = layout.blocks.block[a].is_multiple_of(HASH_EDGE);
                    assert!(whole || hash || !layout.hash_in_blocks, "{shape:?} {chunk:?}");
                }
            }
        }
    }

    /// They are written together.
    #[test]
    fn rows_of_a_volume_in_one_piece_stay_whole_where_there_is_room() {
        let longest = |most| Layout::new(&[0..3000, 0..500, 0..100], None, most).blocks.block[0];
        assert_eq!(longest(1 << 24), 3000);
        assert_eq!(longest(1 << 20), 256);
    }

    #[test]
    fn planes_are_rendered_in_large_blocks() {
        let blocks = layout([100_000, 100_000, 1], [64, 64, 1]).blocks;
        assert!(blocks.block.iter().product::<u64>() >= WORTHWHILE);
    }
}
