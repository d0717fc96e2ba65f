//! Which spots reach which block: a stable counting sort in parallel.

use std::ops::Range;

use rayon::prelude::*;

use super::gather::{Gathered, SPOTS};
use super::lattice::Window;
use super::{BlockGrid, Renderer};
use crate::memory::vec_with_capacity;
use crate::simd::for_every_width;

/// The numbers of the spots that reach each block of some layers, in ascending order.
pub struct Bins {
    start: Vec<usize>,
    ids: Vec<u32>,
}

/// Blocks times parts of the spots that are counted apart; more parts would only cost memory.
const MOST_COUNTERS: usize = 1 << 22;

impl Bins {
    /// Sorts the spots into the blocks of `layers`.
    pub fn new(renderer: &Renderer<'_>, blocks: &BlockGrid, layers: Range<u64>) -> Bins {
        let n = renderer.spots.list.len();
        let per_layer = (blocks.count[0] * blocks.count[1]) as usize;
        let bins = (layers.end - layers.start) as usize * per_layer;
        let parts =
            (n / 4096 + 1).min(4 * rayon::current_num_threads()).min(MOST_COUNTERS / bins.max(1)).max(1);
        let share = n.div_ceil(parts).max(1);
        let part_of = |part: usize| part * share..((part + 1) * share).min(n);
        let mut counts: Vec<Vec<usize>> = (0..parts)
            .into_par_iter()
            .map(|part| {
                let mut count = vec![0; bins];
                count_part(renderer, blocks, &layers, part_of(part), &mut count);
                count
            })
            .collect();
        // Each part's share of a bin begins where the part before ends: the order of the numbers stays.
        let mut start = Vec::with_capacity(bins + 1);
        let mut total = 0;
        for bin in 0..bins {
            start.push(total);
            for count in &mut counts {
                total += std::mem::replace(&mut count[bin], total);
            }
        }
        start.push(total);
        let mut ids = vec_with_capacity(total);
        let out = Scatter(ids.as_mut_ptr());
        counts
            .par_iter_mut()
            .enumerate()
            .for_each(|(part, next)| sort_part(renderer, blocks, &layers, part_of(part), next, &out));
        // SAFETY: the parts have written all elements.
        unsafe { ids.set_len(total) };
        Bins { start, ids }
    }

    /// The spots that reach block `index` of the layers.
    pub fn of(&self, index: usize) -> &[u32] {
        &self.ids[self.start[index]..self.start[index + 1]]
    }
}

struct Scatter(*mut u32);
// SAFETY: every thread writes to elements of its own.
unsafe impl Sync for Scatter {}

for_every_width! {
    /// Counts how often the spots `ids` reach each bin.
    fn count_part(
        renderer: &Renderer<'_>,
        blocks: &BlockGrid,
        layers: &Range<u64>,
        ids: Range<usize>,
        count: &mut [usize],
    ) = count_part_body;
}

#[inline(always)]
fn count_part_body(
    renderer: &Renderer<'_>,
    blocks: &BlockGrid,
    layers: &Range<u64>,
    ids: Range<usize>,
    count: &mut [usize],
) {
    visit(renderer, blocks, layers, ids, |bin, _| count[bin] += 1);
}

for_every_width! {
    /// Writes the numbers of the spots `ids` into their bins; `next` is where those of this part begin.
    fn sort_part(
        renderer: &Renderer<'_>,
        blocks: &BlockGrid,
        layers: &Range<u64>,
        ids: Range<usize>,
        next: &mut [usize],
        out: &Scatter,
    ) = sort_part_body;
}

#[inline(always)]
fn sort_part_body(
    renderer: &Renderer<'_>,
    blocks: &BlockGrid,
    layers: &Range<u64>,
    ids: Range<usize>,
    next: &mut [usize],
    out: &Scatter,
) {
    visit(renderer, blocks, layers, ids, |bin, id| {
        // SAFETY: `next[bin]` runs over the part's own share of the bin, which no other part writes and which lies
        // within the list.
        unsafe { out.0.add(next[bin]).write(id as u32) };
        next[bin] += 1;
    });
}

/// Calls `seen(bin, id)` for every block of `layers` that each of the spots `ids` reaches.
#[inline(always)]
fn visit(
    renderer: &Renderer<'_>,
    blocks: &BlockGrid,
    layers: &Range<u64>,
    ids: Range<usize>,
    mut seen: impl FnMut(usize, usize),
) {
    let [columns, rows, _] = blocks.count;
    each(renderer, blocks, ids, |id, [xs, ys, zs]| {
        for z in zs.start.max(layers.start)..zs.end.min(layers.end) {
            for y in ys.clone() {
                let row = ((z - layers.start) * rows + y) * columns;
                for x in xs.clone() {
                    seen((row + x) as usize, id);
                }
            }
        }
    });
}

/// Calls `seen` with every spot of `ids` and the blocks that it reaches along x y z.
#[inline(always)]
fn each(
    renderer: &Renderer<'_>,
    blocks: &BlockGrid,
    ids: Range<usize>,
    mut seen: impl FnMut(usize, [Range<u64>; 3]),
) {
    let window = Window::new(&blocks.region);
    let per_block = blocks.block.map(|edge| 1.0 / edge as f64);
    let (mut spots, mut rest) = (Gathered::new(), ids.clone());
    while !rest.is_empty() {
        let first = rest.start;
        spots.take(renderer, &mut rest);
        spots.footprints(renderer, &window);
        // Half a voxel from the edges of a block, where the rounding of the product does not matter.
        for a in 0..3 {
            for i in 0..SPOTS {
                let (first, end) = (spots.first[a][i], spots.end[a][i]);
                let block = |voxel: f64| (voxel * per_block[a]).floor();
                spots.first[a][i] = block(first + 0.5);
                spots.end[a][i] = if first < end { block(end - 0.5) + 1.0 } else { spots.first[a][i] };
            }
        }
        for i in 0..spots.count {
            if spots.visible(i) {
                let along = |a: usize| spots.first[a][i] as u64..spots.end[a][i] as u64;
                seen(first + i, [along(0), along(1), along(2)]);
            }
        }
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
    each(renderer, blocks, ids, |_, [x, y, z]| {
        for layer in z {
            count[layer as usize] += (x.end - x.start) * (y.end - y.start);
        }
    });
}
