//! A block of voxels: its spots are drawn tile by tile, a batch of spots at a time.

use std::ops::Range;

use super::Renderer;
use super::kernel::{Real, Stroke, TILE_LANES, TileRows};
use super::lanes::{LANE, Lane, numbers, numbers_mut};
use super::tables::{Drawn, Form, Tables};
use crate::grid::Box3;
use crate::profiles::Sums;

/// Bytes of a tile: it must leave room in a first-level cache of 32 KiB for the factors.
const TILE_BYTES: usize = 1 << 15;

/// Spots whose factors are held at once: enough to keep a tile in the cache for long, few enough for the factors
/// to stay in the second-level cache.
const BATCH: usize = 1024;

/// Bytes that their factors may take; only long blocks come near.
const TABLE_BYTES: usize = 2 << 20;

/// The voxels of one block while they are summed; reused from block to block.
pub struct Block<T> {
    /// Indices of the whole grid.
    pub voxels: Box3,
    /// Rows and slices of a tile; its rows have `TILE_LANES` lanes.
    height: usize,
    depth: usize,
    /// Tiles along x y z.
    count: [usize; 3],
    /// Tile by tile.
    lanes: Vec<Lane<T>>,
    /// The part of each tile that holds light; the rest is not even cleared.
    lit: Vec<Option<Lit>>,
    tables: Tables<T>,
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
    lanes: &'a [Lane<T>],
    height: usize,
}

impl<T> Tile<'_, T> {
    /// The voxels of row `y` of slice `z`.
    pub fn row(&self, y: usize, z: usize) -> &[T] {
        let lanes = &self.lanes[(z * self.height + y) * TILE_LANES..][..TILE_LANES];
        &numbers(lanes)[..self.extent[0]]
    }
}

/// Rows and slices of the tiles of a block with `height` rows and `depth` slices, whose numbers have `bytes` bytes.
fn tile_size(height: usize, depth: usize, bytes: usize) -> (usize, usize) {
    let rows = TILE_BYTES / (TILE_LANES * LANE * bytes);
    let depth = depth.min(8);
    (height.min(rows / depth.next_power_of_two()), depth)
}

/// Voxels that a block of `block` voxels along x y z takes in memory at most: it is made of whole tiles.
pub fn padded(block: [u64; 3]) -> u128 {
    let [width, height, depth] = block.map(|n| n as usize);
    let (tile_height, tile_depth) = tile_size(height, depth, size_of::<f32>());
    let whole = |n: usize, tile: usize| n.next_multiple_of(tile) as u128;
    whole(width, TILE_LANES * LANE) * whole(height, tile_height) * whole(depth, tile_depth)
}

impl<T: Real> Block<T> {
    pub fn new() -> Block<T> {
        Block {
            voxels: [0..0, 0..0, 0..0],
            height: 0,
            depth: 0,
            count: [0; 3],
            lanes: Vec::new(),
            lit: Vec::new(),
            tables: Tables::new(),
        }
    }

    /// Voxels along x y z.
    pub fn extent(&self) -> [usize; 3] {
        self.voxels.each_ref().map(|range| (range.end - range.start) as usize)
    }

    /// The tiles that hold light.
    pub fn tiles(&self) -> impl Iterator<Item = Tile<'_, T>> {
        let extent = self.extent();
        let width = TILE_LANES * LANE;
        (0..self.lit.len()).filter_map(move |i| {
            let lit = self.lit[i].as_ref()?;
            let first = self.first_voxel(i);
            let lanes = i * self.tile_lanes() + (lit.z.start * self.height + lit.y.start) * TILE_LANES;
            Some(Tile {
                first: [first[0], first[1] + lit.y.start, first[2] + lit.z.start],
                extent: [width.min(extent[0] - first[0]), lit.y.len(), lit.z.len()],
                lanes: &self.lanes[lanes..(i + 1) * self.tile_lanes()],
                height: self.height,
            })
        })
    }

    /// The first voxel of a tile within the block, x y z.
    fn first_voxel(&self, tile: usize) -> [usize; 3] {
        let [columns, rows, _] = self.count;
        [
            tile % columns * TILE_LANES * LANE,
            tile / columns % rows * self.height,
            tile / columns / rows * self.depth,
        ]
    }

    fn tile_lanes(&self) -> usize {
        TILE_LANES * self.height * self.depth
    }

    /// Renders the voxels of `voxels` from the spots `ids`, which are in ascending order.
    pub fn render(&mut self, renderer: &Renderer<'_>, voxels: &Box3, ids: &[u32]) {
        self.reset(voxels);
        let mut tables = std::mem::replace(&mut self.tables, Tables::new());
        let edges: usize = self.extent().iter().sum::<usize>() + LANE;
        let batch = (TABLE_BYTES / (edges * size_of::<T>())).clamp(1, BATCH);
        for batch in ids.chunks(batch) {
            let drawn = tables.fill(renderer, voxels, batch);
            self.draw(renderer, &drawn, &tables);
        }
        self.tables = tables;
    }

    fn reset(&mut self, voxels: &Box3) {
        self.voxels = voxels.clone();
        let [width, height, depth] = self.extent();
        (self.height, self.depth) = tile_size(height, depth, size_of::<T>());
        self.count =
            [width.div_ceil(TILE_LANES * LANE), height.div_ceil(self.height), depth.div_ceil(self.depth)];
        let tiles = self.count.iter().product();
        self.lit.clear();
        self.lit.resize(tiles, None);
        self.lanes.resize(tiles * self.tile_lanes(), Lane([T::ZERO; LANE]));
    }

    fn draw(&mut self, renderer: &Renderer<'_>, drawn: &[Drawn<'_>], tables: &Tables<T>) {
        let floored = renderer.scene.render.per_spot_floor;
        let mut lists: Vec<Vec<u32>> = vec![Vec::new(); self.lit.len()];
        for (i, spot) in drawn.iter().enumerate() {
            let tiles = |range: &Range<usize>, size: usize| range.start / size..(range.end - 1) / size + 1;
            for z in tiles(&spot.z, self.depth) {
                for y in tiles(&spot.y, self.height) {
                    for x in tiles(&spot.x, TILE_LANES * LANE) {
                        lists[(z * self.count[1] + y) * self.count[0] + x].push(i as u32);
                    }
                }
            }
        }
        let mut strokes = Vec::new();
        for (tile, list) in lists.iter().enumerate().filter(|(_, list)| !list.is_empty()) {
            let first = self.first_voxel(tile);
            // Separable spots in a row are drawn together; the others each by themselves, in between.
            for &i in list {
                let spot = &drawn[i as usize];
                self.light(tile, part(&spot.y, first[1], self.height), part(&spot.z, first[2], self.depth));
                match spot.form {
                    Form::Separable { xs, ys, zs } => {
                        strokes.push(self.stroke(spot, first, [xs, ys, zs]));
                    }
                    Form::Dense { .. } => {
                        self.flush(tile, &mut strokes, tables, floored);
                        self.draw_dense(tile, first, spot, floored);
                    }
                }
            }
            self.flush(tile, &mut strokes, tables, floored);
        }
    }

    /// Makes sure that rows `y` and slices `z` of a tile may be added to: slices that had no light are cleared.
    fn light(&mut self, tile: usize, y: Range<usize>, z: Range<usize>) {
        let (start, slice) = (tile * self.tile_lanes(), TILE_LANES * self.height);
        let mut clear = |slices: Range<usize>| {
            self.lanes[start + slices.start * slice..start + slices.end * slice].fill(Lane([T::ZERO; LANE]));
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

    /// The part of a spot within the tile that begins at voxel `first` of the block.
    fn stroke(&self, spot: &Drawn<'_>, first: [usize; 3], factors: [usize; 3]) -> Stroke {
        let (lane, end) = (spot.x.start / LANE, spot.x.end.div_ceil(LANE));
        let tile_lane = first[0] / LANE;
        let (from, to) = (lane.max(tile_lane), end.min(tile_lane + TILE_LANES));
        let y = part(&spot.y, first[1], self.height);
        let z = part(&spot.z, first[2], self.depth);
        Stroke {
            lane: (from - tile_lane) as u32,
            lanes: (to - from) as u32,
            y: (y.start as u32, y.end as u32),
            z: (z.start as u32, z.end as u32),
            xs: (factors[0] + from - lane) as u32,
            ys: (factors[1] + first[1] + y.start - spot.y.start) as u32,
            zs: (factors[2] + first[2] + z.start - spot.z.start) as u32,
        }
    }

    fn flush(&mut self, tile: usize, strokes: &mut Vec<Stroke>, tables: &Tables<T>, floored: bool) {
        let lanes = self.tile_lanes();
        let rows = &mut self.lanes[tile * lanes..(tile + 1) * lanes];
        let mut tile = TileRows { rows, height: self.height };
        if floored {
            T::draw_floored(&mut tile, strokes, tables.view());
        } else {
            T::draw(&mut tile, strokes, tables.view());
        }
        strokes.clear();
    }

    fn draw_dense(&mut self, tile: usize, first: [usize; 3], drawn: &Drawn<'_>, floored: bool) {
        let Form::Dense { dense, spot, frames } = &drawn.form else { return };
        let size = [TILE_LANES * LANE, self.height, self.depth];
        let [xs, ys, zs] = [
            part(&drawn.x, first[0], size[0]),
            part(&drawn.y, first[1], size[1]),
            part(&drawn.z, first[2], size[2]),
        ];
        let distances = |a: usize, range: &Range<usize>| {
            let from = self.voxels[a].start + (first[a] + range.start) as u64;
            frames[a].ramp(&(from..from + range.len() as u64)).distances()
        };
        let [dx, dy, dz] = [distances(0, &xs), distances(1, &ys), distances(2, &zs)];
        let lanes = self.tile_lanes();
        let tile = numbers_mut(&mut self.lanes[tile * lanes..(tile + 1) * lanes]);
        let steps = [TILE_LANES * LANE, self.height * TILE_LANES * LANE];
        if !floored && let Some(numbers) = T::single(tile) {
            let first = zs.start * steps[1] + ys.start * steps[0] + xs.start;
            let mut sums = Sums { numbers, first, steps, width: xs.len() };
            if dense.add(&spot.size, spot.amplitude, [&dx, &dy, &dz], &mut sums) {
                return;
            }
        }
        let mut values = vec![0.0; dx.len()];
        for (&dz, z) in dz.iter().zip(zs) {
            for (&dy, y) in dy.iter().zip(ys.clone()) {
                dense.row(&spot.size, &dx, dy, dz, &mut values);
                let row = &mut tile[(z * self.height + y) * TILE_LANES * LANE + xs.start..];
                for (voxel, &value) in row.iter_mut().zip(&values) {
                    let light = spot.amplitude * value;
                    *voxel = voxel.add(T::from_f64(if floored { light.floor() } else { light }));
                }
            }
        }
    }
}

/// The part of `range` in a tile of `size` that begins at `first`, counted from there.
fn part(range: &Range<usize>, first: usize, size: usize) -> Range<usize> {
    range.start.max(first) - first..range.end.min(first + size) - first
}
