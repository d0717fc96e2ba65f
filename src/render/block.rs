//! A block of voxels: its spots are drawn tile by tile, a batch of spots at a time.

use std::ops::Range;

use super::Renderer;
use super::kernel::{Real, Rows, Stroke, TILE_WIDTH};
use super::lanes::{LANE, Numbers};
use super::tables::{Drawn, Form, Frame, Tables};
use crate::grid::Box3;
use crate::profiles::Shape;

/// Rows of a tile, of all its slices together: 16 KiB of f32, half a first-level cache.
pub const TILE_ROWS: usize = 128;

/// Slices of a tile at most.
pub const TILE_DEPTH: usize = 8;

/// The product works on rows in groups of so many.
const ROW_GROUP: usize = 8;

/// What a product costs beside its multiplications, in spots: the tile is loaded and stored.
const PRODUCT_OVERHEAD: usize = 2;

/// How much more drawing by rows costs for each voxel: load, multiply-add and store instead of a multiply-add.
const ROWS_COST: usize = 2;

/// The voxels of one block while they are summed; reused from block to block.
pub struct Block<T> {
    /// Indices of the whole grid.
    pub voxels: Box3,
    /// Voxels of a tile, x y z.
    size: [usize; 3],
    /// Tiles along x y z.
    count: [usize; 3],
    /// Tile by tile; in passing there is only one.
    sums: Numbers<T>,
    passing: bool,
    /// The part of each tile that holds light; the rest is not even cleared.
    lit: Vec<Option<Lit>>,
    tables: Tables<T>,
    /// The spots of a batch that reach each tile, and where those of each tile begin.
    reaching: Vec<u32>,
    starts: Vec<u32>,
    strokes: Vec<Stroke>,
}

/// Rows and slices of a tile.
#[derive(Clone)]
struct Lit {
    y: Range<usize>,
    z: Range<usize>,
}

/// The lit part of a tile, clipped to the block.
pub struct Tile<'a, T> {
    /// Its first voxel and its voxels along x y z, within the block.
    pub first: [usize; 3],
    pub extent: [usize; 3],
    sums: &'a [T],
    height: usize,
}

/// Receives complete tiles.
type Done<'a, T> = dyn FnMut(Tile<'_, T>) + 'a;

impl<T> Tile<'_, T> {
    /// The voxels of row `y` of slice `z`.
    pub fn row(&self, y: usize, z: usize) -> &[T] {
        &self.sums[(z * self.height + y) * TILE_WIDTH..][..self.extent[0]]
    }
}

/// Voxels of a tile of a block with `height` rows and `depth` slices.
fn tile_size(height: usize, depth: usize) -> [usize; 3] {
    let depth = depth.min(TILE_DEPTH);
    [TILE_WIDTH, height.next_multiple_of(ROW_GROUP).min(TILE_ROWS / depth.next_power_of_two()), depth]
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
    fn place(&self, tile: usize) -> Range<usize> {
        let (tile, size) = (if self.passing { 0 } else { tile }, self.size.iter().product::<usize>());
        tile * size..(tile + 1) * size
    }

    /// The first voxel of a tile within the block, x y z.
    fn first_voxel(&self, tile: usize) -> [usize; 3] {
        let [columns, rows, _] = self.count;
        let at = [tile % columns, tile / columns % rows, tile / columns / rows];
        [0, 1, 2].map(|a| at[a] * self.size[a])
    }

    /// Renders the voxels of `voxels` from the spots `ids`, which are in ascending order.
    pub fn render(&mut self, renderer: &Renderer<'_>, voxels: &Box3, ids: &[u32]) {
        self.draw(renderer, voxels, ids, None);
    }

    /// The same; `done` receives every tile that holds light as soon as it is complete, and the block keeps none.
    pub fn pass(
        &mut self,
        renderer: &Renderer<'_>,
        voxels: &Box3,
        ids: &[u32],
        mut done: impl FnMut(Tile<'_, T>),
    ) {
        self.draw(renderer, voxels, ids, Some(&mut done));
    }

    /// Draws the spots, a batch at a time. With one batch for all, each tile is `done` at once and its memory used
    /// again, which keeps it in the first-level cache.
    fn draw(
        &mut self,
        renderer: &Renderer<'_>,
        voxels: &Box3,
        ids: &[u32],
        mut done: Option<&mut Done<'_, T>>,
    ) {
        self.reset(voxels);
        let mut tables = std::mem::replace(&mut self.tables, Tables::new());
        let mut rest = ids;
        while !rest.is_empty() {
            let left = tables.fill(renderer, voxels, [TILE_WIDTH, ROW_GROUP, self.size[2]], rest);
            self.passing = done.is_some() && rest.len() == ids.len() && left.is_empty();
            rest = left;
            let tiles = if self.passing { 1 } else { self.lit.len() };
            self.sums.resize(tiles * self.size.iter().product::<usize>());
            self.sort(&tables.drawn);
            for tile in 0..self.lit.len() {
                let reaching = self.starts[tile] as usize..self.starts[tile + 1] as usize;
                if !reaching.is_empty() {
                    self.draw_tile(renderer, tile, reaching, &tables);
                }
                if let (Some(done), true) = (&mut done, rest.is_empty()) {
                    self.tile(tile).map(done);
                }
            }
        }
        self.tables = tables;
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
    fn sort(&mut self, drawn: &[Drawn]) {
        let (count, size) = (self.count, self.size);
        let visit = |seen: &mut dyn FnMut(usize, u32)| {
            for (i, spot) in drawn.iter().enumerate() {
                let tiles = |a: usize| {
                    let range = &spot.voxels[a];
                    range.start as usize / size[a]..(range.end as usize - 1) / size[a] + 1
                };
                for z in tiles(2) {
                    for y in tiles(1) {
                        for x in tiles(0) {
                            seen((z * count[1] + y) * count[0] + x, i as u32);
                        }
                    }
                }
            }
        };
        self.starts.clear();
        self.starts.resize(self.lit.len() + 2, 0);
        visit(&mut |tile, _| self.starts[tile + 2] += 1);
        for tile in 2..self.starts.len() {
            self.starts[tile] += self.starts[tile - 1];
        }
        self.reaching.resize(self.starts.last().copied().unwrap_or(0) as usize, 0);
        visit(&mut |tile, i| {
            let next = &mut self.starts[tile + 1];
            self.reaching[*next as usize] = i;
            *next += 1;
        });
    }

    /// Draws spots into a tile: separable spots in a row together, the others each by themselves, in between.
    fn draw_tile(
        &mut self,
        renderer: &Renderer<'_>,
        tile: usize,
        reaching: Range<usize>,
        tables: &Tables<T>,
    ) {
        let first = self.first_voxel(tile);
        let floored = renderer.scene.render.per_spot_floor;
        let mut strokes = std::mem::take(&mut self.strokes);
        for i in reaching {
            let spot = &tables.drawn[self.reaching[i] as usize];
            let within = [0, 1, 2].map(|a| part(&spot.voxels[a], first[a], self.size[a]));
            match spot.form {
                Form::Separable { factors, wide } => strokes.push(stroke(spot, within, first, factors, wide)),
                Form::Dense(id) => {
                    self.flush(tile, &mut strokes, &tables.factors, floored);
                    self.draw_dense(renderer, tile, within, id, floored);
                }
            }
        }
        self.flush(tile, &mut strokes, &tables.factors, floored);
        self.strokes = strokes;
    }

    /// Draws strokes: those in a row that are wide by a product where that is less work, the others by rows.
    fn flush(&mut self, tile: usize, strokes: &mut Vec<Stroke>, factors: &[T], floored: bool) {
        let first = self.first_voxel(tile);
        let extent = self.extent();
        let extent = [0, 1, 2].map(|a| self.size[a].min(extent[a] - first[a]));
        for run in strokes.chunk_by(|a, b| a.wide == b.wide) {
            let product = (run.len() + PRODUCT_OVERHEAD) * extent.iter().product::<usize>();
            let by_rows = ROWS_COST * run.iter().map(Stroke::voxels).sum::<usize>();
            let multiply = run[0].wide && !floored && product < by_rows;
            // A product begins with nothing, or goes on with the whole of the tile.
            let fresh = multiply && self.lit[tile].is_none();
            if fresh {
                self.lit[tile] = Some(Lit { y: 0..extent[1], z: 0..extent[2] });
            } else if multiply {
                self.light(tile, 0..extent[1], 0..extent[2]);
            } else {
                for stroke in run {
                    let range = |(start, end): (u32, u32)| start as usize..end as usize;
                    self.light(tile, range(stroke.y), range(stroke.z));
                }
            }
            let place = self.place(tile);
            let mut rows = Rows { voxels: &mut self.sums[place], height: self.size[1], extent };
            match (floored, multiply) {
                (true, _) => T::draw_floored(&mut rows, run, factors),
                (false, true) => T::multiply(&mut rows, run, factors, fresh),
                (false, false) => T::draw(&mut rows, run, factors),
            }
        }
        strokes.clear();
    }

    /// Makes sure that rows `y` and slices `z` of a tile may be added to: slices that had no light are cleared.
    fn light(&mut self, tile: usize, y: Range<usize>, z: Range<usize>) {
        let place = self.place(tile);
        let (sums, slice) = (&mut self.sums[place], TILE_WIDTH * self.size[1]);
        let mut clear = |slices: Range<usize>| {
            // In registers: for so little memory the library's way is slower.
            for row in sums[slices.start * slice..slices.end * slice].as_chunks_mut::<TILE_WIDTH>().0 {
                *row = [T::default(); TILE_WIDTH];
            }
        };
        match &mut self.lit[tile] {
            Some(lit) => {
                if z.start < lit.z.start {
                    clear(z.start..lit.z.start);
                }
                if z.end > lit.z.end {
                    clear(lit.z.end..z.end);
                }
                *lit = Lit {
                    y: lit.y.start.min(y.start)..lit.y.end.max(y.end),
                    z: lit.z.start.min(z.start)..lit.z.end.max(z.end),
                };
            }
            dark => {
                clear(z.clone());
                *dark = Some(Lit { y, z });
            }
        }
    }

    /// Draws a spot voxel by voxel; `within` is its part of the tile.
    fn draw_dense(
        &mut self,
        renderer: &Renderer<'_>,
        tile: usize,
        within: [Range<usize>; 3],
        id: u32,
        floored: bool,
    ) {
        let spot = &renderer.spots.list[id as usize];
        let group = &renderer.scene.groups[renderer.spots.group_of(id as usize)];
        let Shape::Dense(dense) = group.profile.shape() else { return };
        let first = self.first_voxel(tile);
        let [dx, dy, dz] = [0, 1, 2].map(|a| {
            let from = self.voxels[a].start + (first[a] + within[a].start) as u64;
            let voxels = from..from + within[a].len() as u64;
            Frame::new(renderer.grid(), a, spot.centre[a], 1.0).ramp(&voxels).distances()
        });
        let [xs, ys, zs] = within;
        self.light(tile, ys.clone(), zs.clone());
        let place = self.place(tile);
        let sums = &mut self.sums[place];
        let mut values = vec![0.0; dx.len()];
        for (&dz, z) in dz.iter().zip(zs) {
            for (&dy, y) in dy.iter().zip(ys.clone()) {
                dense.row(&spot.size, &dx, dy, dz, &mut values);
                let row = &mut sums[(z * self.size[1] + y) * TILE_WIDTH + xs.start..];
                for (voxel, &value) in row.iter_mut().zip(&values) {
                    let light = spot.amplitude * value;
                    *voxel = voxel.add(T::from_f64(if floored { light.floor() } else { light }));
                }
            }
        }
    }
}

/// The part of a separable spot `within` the tile that begins at voxel `first` of the block.
fn stroke(
    spot: &Drawn,
    within: [Range<usize>; 3],
    first: [usize; 3],
    factors: [u32; 3],
    wide: bool,
) -> Stroke {
    let [xs, ys, zs] = within;
    let (lane, end) = (xs.start / LANE, xs.end.div_ceil(LANE));
    let skipped = |a: usize, start: usize| (first[a] + start - spot.voxels[a].start as usize) as u32;
    Stroke {
        x: (lane * LANE) as u32,
        lanes: (end - lane) as u32,
        y: (ys.start as u32, ys.end as u32),
        z: (zs.start as u32, zs.end as u32),
        xs: factors[0] + (first[0] + lane * LANE - spot.voxels[0].start as usize / LANE * LANE) as u32,
        ys: factors[1] + skipped(1, ys.start),
        zs: factors[2] + skipped(2, zs.start),
        wide,
    }
}

/// The part of `range` in a tile of `size` that begins at `first`, counted from there.
fn part(range: &Range<u32>, first: usize, size: usize) -> Range<usize> {
    (range.start as usize).max(first) - first..(range.end as usize).min(first + size) - first
}
