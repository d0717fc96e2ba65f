//! A block of voxels: its spots are drawn tile by tile, a batch of spots at a time.

use std::ops::Range;

use super::Renderer;
use super::kernel::{Real, Stroke, TILE_WIDTH};
use super::lanes::Numbers;
use super::tables::{Drawn, Tables};
use crate::grid::Box3;
use crate::simd::for_every_width;

/// Rows of a tile, of all its slices together: 32 KiB of f32, about a first-level cache.
const TILE_ROWS: usize = 256;

/// Slices of a tile at most.
pub const TILE_DEPTH: usize = 16;

/// The product works on rows in groups of so many.
pub const ROW_GROUP: usize = 8;

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
    /// The spots of a batch that reach each tile, and where those of each tile begin.
    pub(super) reaching: Vec<u32>,
    starts: Vec<u32>,
    pub(super) strokes: Vec<Stroke>,
}

/// Rows and slices of a tile.
#[derive(Clone)]
pub(super) struct Lit {
    pub y: Range<usize>,
    pub z: Range<usize>,
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
    pub fn slice(&self, z: usize) -> Vec<Option<&[[T; TILE_WIDTH]]>> {
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

/// Voxels of a tile of a block with `height` rows and `depth` slices; powers of two.
fn tile_size(height: usize, depth: usize) -> [usize; 3] {
    let depth = depth.next_power_of_two().min(TILE_DEPTH);
    [TILE_WIDTH, height.next_power_of_two().clamp(ROW_GROUP, TILE_ROWS / depth), depth]
}

/// Voxels that a block of `block` voxels along x y z takes in memory at most: it is made of whole tiles.
pub fn padded(block: [u64; 3]) -> u128 {
    let block = block.map(|n| n as usize);
    let tile = tile_size(block[1], block[2]);
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
            reaching: Vec::new(),
            starts: Vec::new(),
            strokes: Vec::new(),
        }
    }

    /// Voxels along x y z.
    pub fn extent(&self) -> [usize; 3] {
        self.voxels.each_ref().map(|range| (range.end - range.start) as usize)
    }

    /// The tiles that hold light.
    pub fn tiles(&self) -> impl Iterator<Item = Tile<'_, T>> {
        (0..self.lit.len()).filter_map(|tile| self.tile(tile))
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

    /// Renders the voxels of `voxels` from the spots `ids`, which are in ascending order.
    pub fn render(&mut self, renderer: &Renderer<'_>, voxels: &Box3, ids: &[u32]) {
        self.reset(voxels);
        draw(self, renderer, ids, None);
    }

    /// The same; `done` receives every strip as soon as it is complete, and the block keeps none.
    pub fn pass(
        &mut self,
        renderer: &Renderer<'_>,
        voxels: &Box3,
        ids: &[u32],
        mut done: impl FnMut(Strip<'_, T>),
    ) {
        self.reset(voxels);
        draw(self, renderer, ids, Some(&mut done));
    }

    /// Makes all voxels dark.
    fn reset(&mut self, voxels: &Box3) {
        self.voxels = voxels.clone();
        let extent = self.extent();
        self.size = tile_size(extent[1], extent[2]);
        self.count = [0, 1, 2].map(|a| extent[a].div_ceil(self.size[a]));
        self.lit.clear();
        self.lit.resize(self.count.iter().product(), None);
    }

    /// Sorts the spots of a batch into the tiles, in order.
    #[inline(always)]
    fn sort(&mut self, drawn: &[Drawn]) {
        let Block { count: [columns, rows, _], size, reaching, starts, .. } = self;
        starts.clear();
        starts.resize(self.lit.len() + 2, 0);
        for spot in drawn {
            visit(spot, *size, [*columns, *rows], |tile| starts[tile + 2] += 1);
        }
        for tile in 2..starts.len() {
            starts[tile] += starts[tile - 1];
        }
        reaching.resize(starts.last().map_or(0, |&end| end as usize), 0);
        for (i, spot) in (0..).zip(drawn) {
            visit(spot, *size, [*columns, *rows], |tile| {
                let next = &mut starts[tile + 1];
                reaching[*next as usize] = i;
                *next += 1;
            });
        }
    }
}

/// Calls `seen` for each tile that a spot reaches; tiles have `size` voxels, and there are so many columns and rows.
#[inline(always)]
fn visit(spot: &Drawn, size: [usize; 3], [columns, rows]: [usize; 2], mut seen: impl FnMut(usize)) {
    let tiles = |a: usize| {
        let (range, bits) = (&spot.voxels[a], size[a].trailing_zeros());
        (range.start >> bits) as usize..((range.end - 1) >> bits) as usize + 1
    };
    for z in tiles(2) {
        for y in tiles(1) {
            let row = (z * rows + y) * columns;
            for x in tiles(0) {
                seen(row + x);
            }
        }
    }
}

for_every_width! {
    /// Draws the spots `ids`, a batch at a time. With one batch for all, each strip is `done` at once and its memory
    /// used again, which keeps it in the cache.
    fn draw<T: Real>(
        block: &mut Block<T>,
        renderer: &Renderer<'_>,
        ids: &[u32],
        done: Option<&mut Done<'_, T>>,
    ) = draw_body;
}

#[inline(always)]
fn draw_body<T: Real>(
    block: &mut Block<T>,
    renderer: &Renderer<'_>,
    ids: &[u32],
    mut done: Option<&mut Done<'_, T>>,
) {
    let mut tables = std::mem::replace(&mut block.tables, Tables::new());
    let whole = [TILE_WIDTH, ROW_GROUP, block.size[2]];
    let mut rest = ids;
    while !rest.is_empty() {
        let left = tables.fill(renderer, &block.voxels, whole, rest);
        block.passing = done.is_some() && rest.len() == ids.len() && left.is_empty();
        rest = left;
        let columns = block.count[0];
        let tiles = if block.passing { columns } else { block.lit.len() };
        block.sums.resize(tiles * block.size.iter().product::<usize>());
        block.sort(&tables.drawn);
        for tile in 0..block.lit.len() {
            let reaching = block.starts[tile] as usize..block.starts[tile + 1] as usize;
            if !reaching.is_empty() {
                block.draw_tile(renderer, tile, reaching, &tables);
            }
            if let (Some(done), true, 0) = (&mut done, rest.is_empty(), (tile + 1) % columns) {
                done(Strip { block, tile: tile + 1 - columns });
            }
        }
    }
    block.tables = tables;
}
