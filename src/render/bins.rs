//! Which spots reach which block: a stable counting sort in parallel.

use std::ops::Range;

use rayon::prelude::*;

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
    let window = Window::new(&blocks.region);
    for id in ids {
        let Some([xs, ys, zs]) = blocks_of(renderer, blocks, &window, id) else { continue };
        for z in zs.start.max(layers.start)..zs.end.min(layers.end) {
            for y in ys.clone() {
                let row = ((z - layers.start) * blocks.count[1] + y) * blocks.count[0];
                for x in xs.clone() {
                    seen((row + x) as usize, id);
                }
            }
        }
    }
}

/// The blocks that spot `id` reaches, x y z; `window` is their region.
#[inline(always)]
fn blocks_of(
    renderer: &Renderer<'_>,
    blocks: &BlockGrid,
    window: &Window,
    id: usize,
) -> Option<[Range<u64>; 3]> {
    let centre = &renderer.spots.list[id].centre;
    let mut voxels = renderer.lattice.footprint(centre, &renderer.accuracy.reach[id], window)?;
    for a in 0..3 {
        let (first, edge) = (blocks.region[a].start, blocks.block[a]);
        let block = |voxel: u64| {
            let within = voxel - first;
            // Edges in memory are powers of two, for which there is a quick way.
            if edge.is_power_of_two() { within >> edge.trailing_zeros() } else { within / edge }
        };
        voxels[a] = block(voxels[a].start)..block(voxels[a].end - 1) + 1;
    }
    Some(voxels)
}

/// How many spot references each layer of blocks (along z) holds.
pub fn references_per_layer(renderer: &Renderer<'_>, blocks: &BlockGrid) -> Vec<u64> {
    let layers = blocks.count[2] as usize;
    let window = Window::new(&blocks.region);
    (0..renderer.spots.list.len())
        .into_par_iter()
        .fold(
            || vec![0_u64; layers],
            |mut count, id| {
                if let Some([x, y, z]) = blocks_of(renderer, blocks, &window, id) {
                    for layer in z {
                        count[layer as usize] += (x.end - x.start) * (y.end - y.start);
                    }
                }
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
