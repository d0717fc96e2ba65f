//! Which spots reach which block: lists by the block, filled in parallel.

use std::ops::Range;

use rayon::prelude::*;

use super::gather::{Gathered, SPOTS};
use super::lattice::Window;
use super::{BlockGrid, Renderer};
use crate::simd::for_every_width;

/// The numbers of the spots that reach each block of some layers, in ascending order: a list for each block from each
/// part of the spots, one part after the other.
pub struct Bins {
    parts: Vec<Vec<Vec<u32>>>,
}

/// Blocks times parts of the spots; more parts would only cost memory.
const MOST_LISTS: usize = 1 << 20;

impl Bins {
    /// Sorts the spots into the blocks of `layers`.
    pub fn new(renderer: &Renderer<'_>, blocks: &BlockGrid, layers: Range<u64>) -> Bins {
        let n = renderer.spots.list.len();
        let bins = ((layers.end - layers.start) * blocks.count[0] * blocks.count[1]) as usize;
        let most = MOST_LISTS / bins.max(1);
        let parts = (n / 4096 + 1).min(4 * rayon::current_num_threads()).min(most).max(1);
        let share = n.div_ceil(parts).max(1);
        let parts = (0..parts).into_par_iter().map(|part| {
            let mut lists = vec![Vec::new(); bins];
            let ids = part * share..((part + 1) * share).min(n);
            sort(renderer, blocks, &layers, ids, &mut lists);
            lists
        });
        Bins { parts: parts.collect() }
    }

    /// Replaces `ids` by the spots that reach block `index` of the layers.
    pub fn list(&self, index: usize, ids: &mut Vec<u32>) {
        ids.clear();
        for part in &self.parts {
            ids.extend_from_slice(&part[index]);
        }
    }
}

for_every_width! {
    /// Adds each of the spots `ids` to the lists of the blocks that it reaches.
    fn sort(
        renderer: &Renderer<'_>,
        blocks: &BlockGrid,
        layers: &Range<u64>,
        ids: Range<usize>,
        lists: &mut [Vec<u32>],
    ) = sort_body;
}

#[inline(always)]
fn sort_body(
    renderer: &Renderer<'_>,
    blocks: &BlockGrid,
    layers: &Range<u64>,
    ids: Range<usize>,
    lists: &mut [Vec<u32>],
) {
    let [columns, rows, _] = blocks.count.map(|n| n as usize);
    let layers = layers.start as u32..layers.end as u32;
    let (mut reached, mut rest) = (Reached::new(blocks), ids);
    while !rest.is_empty() {
        let first = rest.start;
        reached.take(renderer, &mut rest);
        for i in 0..reached.spots.count {
            let [xs, ys, zs] = reached.blocks(i);
            for z in zs.start.max(layers.start)..zs.end.min(layers.end) {
                for y in ys.clone() {
                    let row = ((z - layers.start) as usize * rows + y as usize) * columns;
                    for x in xs.clone() {
                        lists[row + x as usize].push((first + i) as u32);
                    }
                }
            }
        }
    }
}

/// Spots side by side, and the blocks that they reach.
struct Reached {
    window: Window,
    per_block: [f64; 3],
    spots: Gathered,
    /// Along x y z; none where a spot has no voxels.
    first: [[u32; SPOTS]; 3],
    end: [[u32; SPOTS]; 3],
}

impl Reached {
    #[inline(always)]
    fn new(blocks: &BlockGrid) -> Reached {
        let none = [[0; SPOTS]; 3];
        Reached {
            window: Window::new(&blocks.region),
            per_block: blocks.block.map(|edge| 1.0 / edge as f64),
            spots: Gathered::new(),
            first: none,
            end: none,
        }
    }

    /// Takes the first of the spots `ids`, at most [`SPOTS`].
    #[inline(always)]
    fn take(&mut self, renderer: &Renderer<'_>, ids: &mut Range<usize>) {
        self.spots.take(renderer, ids);
        self.spots.footprints(renderer, &self.window);
        for i in 0..SPOTS {
            let visible = self.spots.visible(i);
            for a in 0..3 {
                // Half a voxel from the edges of a block, where the rounding of the product does not matter.
                let block = |voxel: f64| (voxel * self.per_block[a]) as i32 as u32;
                self.first[a][i] = block(self.spots.first[a][i] + 0.5);
                self.end[a][i] = if visible { block(self.spots.end[a][i] - 0.5) + 1 } else { 0 };
            }
        }
    }

    /// The blocks that spot `i` of those at hand reaches along x y z.
    #[inline(always)]
    fn blocks(&self, i: usize) -> [Range<u32>; 3] {
        [0, 1, 2].map(|a| self.first[a][i]..self.end[a][i])
    }
}

/// How many spot references each layer of blocks (along z) holds.
pub fn references_per_layer(renderer: &Renderer<'_>, blocks: &BlockGrid) -> Vec<u64> {
    const SHARE: usize = 1 << 14;
    let (n, layers) = (renderer.spots.list.len(), blocks.count[2] as usize);
    (0..n.div_ceil(SHARE))
        .into_par_iter()
        .fold(
            || vec![0_u64; layers],
            |mut count, share| {
                count_layers(renderer, blocks, share * SHARE..((share + 1) * SHARE).min(n), &mut count);
                count
            },
        )
        .reduce(
            || vec![0; layers],
            |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                a
            },
        )
}

for_every_width! {
    /// Counts how many blocks of each layer the spots `ids` reach.
    fn count_layers(
        renderer: &Renderer<'_>,
        blocks: &BlockGrid,
        ids: Range<usize>,
        count: &mut [u64],
    ) = count_layers_body;
}

#[inline(always)]
fn count_layers_body(renderer: &Renderer<'_>, blocks: &BlockGrid, ids: Range<usize>, count: &mut [u64]) {
    let (mut reached, mut rest) = (Reached::new(blocks), ids);
    while !rest.is_empty() {
        reached.take(renderer, &mut rest);
        for i in 0..reached.spots.count {
            let [x, y, z] = reached.blocks(i);
            for layer in z {
                count[layer as usize] += u64::from(x.end - x.start) * u64::from(y.end - y.start);
            }
        }
    }
}
