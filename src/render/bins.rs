//! Which spots reach which block: lists by the block, filled in parallel.

use std::ops::Range;

use rayon::prelude::*;

use super::gather::{Gathered, SPOTS};
use super::lattice::Window;
use super::{BlockGrid, Renderer};
use crate::simd::for_every_width;

/// The numbers of the spots that reach each block of some rows of blocks: a list for each block from each part of the
/// spots, one part after the other.
pub struct Bins {
    parts: Vec<Vec<Vec<u32>>>,
}

/// Blocks times parts of the spots that are aimed at: more parts would only cost memory.
const LISTS: usize = 1 << 20;

impl Bins {
    /// Sorts the spots into the blocks of `rows`; a row is all blocks along x.
    pub fn new(renderer: &Renderer<'_>, blocks: &BlockGrid, rows: &Range<u64>) -> Bins {
        let n = renderer.spots.list.len();
        let bins = blocks.of_rows(rows).len();
        let parts = (n / 4096 + 1).min(4 * rayon::current_num_threads()).min(LISTS / bins.max(1)).max(1);
        let share = n.div_ceil(parts).max(1);
        let parts = (0..parts).into_par_iter().map(|part| {
            let mut lists = vec![Vec::new(); bins];
            let ids = (part * share).min(n)..((part + 1) * share).min(n);
            sort(renderer, blocks, rows, ids, &mut lists);
            lists
        });
        Bins { parts: parts.collect() }
    }

    /// The spots that reach block `index` of the rows.
    pub fn of(&self, index: usize) -> List<'_> {
        List { parts: &self.parts, index, rest: &[] }.at_next()
    }
}

/// The numbers of the spots that reach one block, in ascending order.
#[derive(Clone, Copy)]
pub struct List<'a> {
    parts: &'a [Vec<Vec<u32>>],
    index: usize,
    /// What is left of the part before `parts`; empty at the end only.
    rest: &'a [u32],
}

impl<'a> List<'a> {
    fn at_next(mut self) -> List<'a> {
        while let (true, Some((part, parts))) = (self.rest.is_empty(), self.parts.split_first()) {
            (self.rest, self.parts) = (&part[self.index], parts);
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes the next ones, at most `most` and at least one unless it is empty.
    pub fn take(&mut self, most: usize) -> &'a [u32] {
        let (taken, rest) = self.rest.split_at(self.rest.len().min(most));
        *self = List { rest, ..*self }.at_next();
        taken
    }

    /// Some of those that come next.
    pub fn coming(&self) -> &'a [u32] {
        self.rest
    }
}

for_every_width! {
    /// Adds each of the spots `ids` to the lists of the blocks that it reaches.
    fn sort(
        renderer: &Renderer<'_>,
        blocks: &BlockGrid,
        rows: &Range<u64>,
        ids: Range<usize>,
        lists: &mut [Vec<u32>],
    ) = sort_body;
}

#[inline(always)]
fn sort_body(
    renderer: &Renderer<'_>,
    blocks: &BlockGrid,
    rows: &Range<u64>,
    ids: Range<usize>,
    lists: &mut [Vec<u32>],
) {
    let columns = blocks.count[0] as usize;
    visit(renderer, blocks, rows, ids, |row, xs, id| {
        let row = row as usize * columns;
        for list in &mut lists[row + xs.start as usize..row + xs.end as usize] {
            list.push(id);
        }
    });
}

/// Calls `seen` with each of `rows` that a spot of `ids` reaches, counted from the first, with its blocks there, and with
/// the spot.
#[inline(always)]
fn visit(
    renderer: &Renderer<'_>,
    blocks: &BlockGrid,
    rows: &Range<u64>,
    ids: Range<usize>,
    mut seen: impl FnMut(u64, Range<u32>, u32),
) {
    let per_layer = blocks.count[1];
    let layers = (rows.start / per_layer) as u32..rows.end.div_ceil(per_layer) as u32;
    let (mut reached, mut rest) = (Reached::new(blocks), ids);
    while !rest.is_empty() {
        let first = rest.start;
        reached.take(renderer, &mut rest);
        for i in 0..reached.spots.count {
            let [xs, ys, zs] = reached.blocks(i);
            for z in zs.start.max(layers.start)..zs.end.min(layers.end) {
                for y in ys.clone() {
                    let row = u64::from(z) * per_layer + u64::from(y);
                    if rows.contains(&row) {
                        seen(row - rows.start, xs.clone(), (first + i) as u32);
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

/// How many references to spots each row of blocks holds.
pub fn references_per_row(renderer: &Renderer<'_>, blocks: &BlockGrid) -> Vec<u64> {
    const SHARE: usize = 1 << 14;
    let (n, rows) = (renderer.spots.list.len(), blocks.rows() as usize);
    (0..n.div_ceil(SHARE))
        .into_par_iter()
        .fold(
            || vec![0_u64; rows],
            |mut count, share| {
                count_rows(renderer, blocks, share * SHARE..((share + 1) * SHARE).min(n), &mut count);
                count
            },
        )
        .reduce(
            || vec![0; rows],
            |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                a
            },
        )
}

for_every_width! {
    /// Counts how many blocks of each row the spots `ids` reach.
    fn count_rows(
        renderer: &Renderer<'_>,
        blocks: &BlockGrid,
        ids: Range<usize>,
        count: &mut [u64],
    ) = count_rows_body;
}

#[inline(always)]
fn count_rows_body(renderer: &Renderer<'_>, blocks: &BlockGrid, ids: Range<usize>, count: &mut [u64]) {
    visit(renderer, blocks, &(0..blocks.rows()), ids, |row, xs, _| {
        count[row as usize] += u64::from(xs.end - xs.start);
    });
}
