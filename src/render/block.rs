//! A block of voxels: its spots are drawn tile by tile, a batch of spots at a time.

use std::ops::Range;

use super::Renderer;
use super::bins::List;
use super::crowd::Crowd;
use super::kernel::{Real, TILE_WIDTH};
use super::lanes::Numbers;
use super::pen::TileRows;
use super::product::SLICES;
use super::strokes::Strokes;
use super::tables::Tables;
use crate::grid::Box3;
use crate::simd::for_every_width;

/// How a block is cut into tiles. The larger they are, the fewer spots reach over the edge of one; a strip should stay
/// in the second-level cache.
#[derive(Clone, Copy)]
pub struct Tiling {
    /// Rows of all tiles of a strip, and slices of a tile, at most.
    pub strip_rows: usize,
    pub depth: usize,
}

impl Tiling {
    pub const LARGE: Tiling = Tiling { strip_rows: 8192, depth: DEPTH };

    /// Voxels of a tile of a block of `extent` voxels along x y z; powers of two.
    fn tile(self, extent: [usize; 3]) -> [usize; 3] {
        let rows = (self.strip_rows / extent[0].div_ceil(TILE_WIDTH)).clamp(LEAST_ROWS, MOST_ROWS);
        // Where half the size would leave less room unused, it is better.
        let fitting = |edge: usize, most: usize, least: usize| {
            let mut size = edge.next_power_of_two().min(1 << most.ilog2());
            while size > least && edge.next_multiple_of(size) * 4 > edge * 5 {
                size /= 2;
            }
            size.max(least)
        };
        let depth = fitting(extent[2], self.depth, 1);
        [TILE_WIDTH, fitting(extent[1], rows / depth, ROW_GROUP), depth]
    }
}

/// Rows of a tile, of all its slices together.
const LEAST_ROWS: usize = 128;
const MOST_ROWS: usize = 2048;

/// Slices of a tile, at most.
pub const DEPTH: usize = 32;

/// The product works on rows in groups of so many.
pub const ROW_GROUP: usize = 16;

/// The voxels of one block while they are summed; reused from block to block.
pub struct Block<T> {
    /// Indices of the whole grid.
    pub voxels: Box3,
    /// Voxels of a tile, x y z.
    pub(super) size: [usize; 3],
    /// Tiles along x y z.
    count: [usize; 3],
    /// Tile by tile; in passing there is only one strip of them.
    pub(super) sums: Numbers<T>,
    passing: bool,
    /// The part of each tile that holds light; the rest is not even cleared.
    pub(super) lit: Vec<Option<Lit>>,
    tables: Tables<T>,
    strokes: Strokes,
    pub(super) crowd: Box<Crowd<T>>,
}

/// Rows and slices of a tile.
#[derive(Clone)]
pub(super) struct Lit {
    pub y: Range<usize>,
    pub z: Range<usize>,
}

impl Lit {
    /// Whether it is all of a tile of which `extent` is wanted.
    #[inline(always)]
    pub fn is_whole(&self, [_, height, depth]: [usize; 3]) -> bool {
        self.y == (0..height) && self.z == (0..depth)
    }
}

/// The lit part of a tile, clipped to the block.
pub struct Tile<'a, T> {
    /// Its first voxel and its voxels along x y z, within the block.
    pub first: [usize; 3],
    pub extent: [usize; 3],
    sums: &'a [T],
    height: usize,
}

impl<T> Tile<'_, T> {
    /// Row `y` of slice `z`; what lies behind `extent` means nothing.
    #[inline(always)]
    pub fn row(&self, y: usize, z: usize) -> &[T; TILE_WIDTH] {
        &self.sums.as_chunks().0[z * self.height + y]
    }
}

/// A row of tiles along x, complete.
pub struct Strip<'a, T> {
    block: &'a Block<T>,
    /// Its first tile.
    tile: usize,
}

/// Receives strips.
type Done<'a, T> = dyn FnMut(Strip<'_, T>) + 'a;

impl<T: Real> Strip<'_, T> {
    /// Its tiles that hold light.
    pub fn lit(&self) -> impl Iterator<Item = Tile<'_, T>> {
        (self.tile..self.tile + self.block.count[0]).filter_map(|tile| self.block.tile(tile))
    }

    /// Slice `z` of the block: the rows of each tile, `None` where it is dark.
    #[inline(always)]
    pub fn slice(&self, z: usize) -> Vec<TileRows<'_, T>> {
        let z = z - self.block.first_voxel(self.tile)[2];
        let rows = |tile: usize| {
            // All rows of its slices were cleared.
            let lit = self.block.lit[tile].as_ref().filter(|lit| lit.z.contains(&z));
            let slice = TILE_WIDTH * self.block.size[1];
            let start = self.block.place(tile).start + z * slice;
            lit.map(|_| self.block.sums[start..start + slice].as_chunks().0)
        };
        (self.tile..self.tile + self.block.count[0]).map(rows).collect()
    }

    /// Its rows and slices within the block.
    pub fn rows(&self) -> [Range<usize>; 2] {
        let (first, extent) = (self.block.first_voxel(self.tile), self.block.extent());
        [1, 2].map(|a| first[a]..(first[a] + self.block.size[a]).min(extent[a]))
    }
}

/// Voxels that a block of `block` voxels along x y z takes in memory at most: it is made of whole tiles.
pub fn padded(block: [u64; 3]) -> u128 {
    let block = block.map(|n| n as usize);
    let tile = Tiling::LARGE.tile(block);
    [0, 1, 2].map(|a| block[a].next_multiple_of(tile[a]) as u128).iter().product()
}

impl<T: Real> Block<T> {
    pub fn new() -> Block<T> {
        Block {
            voxels: [0..0, 0..0, 0..0],
            size: [0; 3],
            count: [0; 3],
            sums: Numbers::new(),
            passing: false,
            lit: Vec::new(),
            tables: Tables::new(),
            strokes: Strokes::default(),
            crowd: Box::new(Crowd::new()),
        }
    }

    /// Voxels along x y z.
    pub fn extent(&self) -> [usize; 3] {
        self.voxels.each_ref().map(|range| (range.end - range.start) as usize)
    }

    /// The tiles that hold light in slice `z`.
    #[inline(always)]
    pub fn tiles_of_slice(&self, z: usize) -> impl Iterator<Item = Tile<'_, T>> {
        let layer = self.count[0] * self.count[1];
        let first = z / self.size[2] * layer;
        (first..first + layer)
            .filter_map(|tile| self.tile(tile))
            .filter(move |tile| (tile.first[2]..tile.first[2] + tile.extent[2]).contains(&z))
    }

    #[inline(always)]
    fn tile(&self, tile: usize) -> Option<Tile<'_, T>> {
        let lit = self.lit[tile].as_ref()?;
        let first = self.first_voxel(tile);
        let width = self.size[0].min(self.extent()[0] - first[0]);
        let sums = self.place(tile);
        let skipped = (lit.z.start * self.size[1] + lit.y.start) * TILE_WIDTH;
        Some(Tile {
            first: [first[0], first[1] + lit.y.start, first[2] + lit.z.start],
            extent: [width, lit.y.len(), lit.z.len()],
            sums: &self.sums[sums.start + skipped..sums.end],
            height: self.size[1],
        })
    }

    /// Where the sums of a tile lie.
    #[inline(always)]
    pub(super) fn place(&self, tile: usize) -> Range<usize> {
        let tile = if self.passing { tile % self.count[0] } else { tile };
        let size = self.size.iter().product::<usize>();
        tile * size..(tile + 1) * size
    }

    /// The first voxel of a tile within the block, x y z.
    #[inline(always)]
    pub(super) fn first_voxel(&self, tile: usize) -> [usize; 3] {
        let [columns, rows, _] = self.count;
        let at = [tile % columns, tile / columns % rows, tile / columns / rows];
        [0, 1, 2].map(|a| at[a] * self.size[a])
    }

    /// Renders the voxels of `voxels` from the spots `ids`.
    pub fn render(&mut self, renderer: &Renderer<'_>, voxels: &Box3, ids: List<'_>) {
        self.reset(voxels, Tiling::LARGE);
        draw(self, renderer, ids, None);
    }

    /// The same; `done` receives every strip as soon as it is complete, dark ones too, and the block keeps none.
    pub fn pass(
        &mut self,
        renderer: &Renderer<'_>,
        voxels: &Box3,
        ids: List<'_>,
        tiling: Tiling,
        mut done: impl FnMut(Strip<'_, T>),
    ) {
        self.reset(voxels, tiling);
        if ids.is_empty() {
            (0..self.lit.len()).step_by(self.count[0]).for_each(|tile| done(Strip { block: self, tile }));
        } else {
            draw(self, renderer, ids, Some(&mut done));
        }
    }

    /// Makes all voxels dark.
    fn reset(&mut self, voxels: &Box3, tiling: Tiling) {
        self.voxels = voxels.clone();
        let extent = self.extent();
        self.size = tiling.tile(extent);
        self.count = [0, 1, 2].map(|a| extent[a].div_ceil(self.size[a]));
        self.lit.clear();
        self.lit.resize(self.count.iter().product(), None);
    }
}

for_every_width! {
    /// Draws the spots `ids`, a batch at a time. With one batch for all, each strip is `done` at once and its memory
    /// used again, which keeps it in the cache.
    fn draw<T: Real>(
        block: &mut Block<T>,
        renderer: &Renderer<'_>,
        ids: List<'_>,
        done: Option<&mut Done<'_, T>>,
    ) = draw_body;
}

#[inline(always)]
fn draw_body<T: Real>(
    block: &mut Block<T>,
    renderer: &Renderer<'_>,
    ids: List<'_>,
    mut done: Option<&mut Done<'_, T>>,
) {
    let mut tables = std::mem::replace(&mut block.tables, Tables::new());
    let mut strokes = std::mem::take(&mut block.strokes);
    let whole = [TILE_WIDTH, ROW_GROUP, SLICES.min(block.size[2])];
    let (mut rest, mut first) = (ids, true);
    while !rest.is_empty() {
        strokes.begin(block.size, block.count);
        tables.fill(renderer, &block.voxels, whole, &mut rest, &mut strokes);
        strokes.sort();
        block.passing = done.is_some() && first && rest.is_empty();
        first = false;
        let columns = block.count[0];
        let tiles = if block.passing { columns } else { block.lit.len() };
        block.sums.resize(tiles * block.size.iter().product::<usize>());
        for strip in (0..block.lit.len()).step_by(columns) {
            for tile in strip..strip + columns {
                block.draw_tile(renderer, tile, strokes.of(tile), tables.factors());
            }
            if let (Some(done), true) = (&mut done, rest.is_empty()) {
                done(Strip { block, tile: strip });
            }
        }
    }
    block.strokes = strokes;
    block.tables = tables;
}
