//! The spots of a batch into one tile.

use std::ops::Range;

use super::Renderer;
use super::block::{Block, Lit};
use super::kernel::{Real, Rows, Stroke, TILE_WIDTH};
use super::lanes::LANE;
use super::tables::{Drawn, Form, Tables};
use crate::profiles::{Shape, Sums};
use crate::simd::prefetch;

/// What a product costs beside its multiplications, in spots: the tile is loaded and stored.
const PRODUCT_OVERHEAD: usize = 2;

/// How much more drawing by rows costs for each voxel: load, multiply-add and store instead of a multiply-add.
const ROWS_COST: usize = 2;

/// How many spots ahead memory is asked for.
const AHEAD: usize = 8;

impl<T: Real> Block<T> {
    /// Draws spots into a tile: separable spots in a row together, the others each by themselves, in between.
    #[inline(always)]
    pub(super) fn draw_tile(
        &mut self,
        renderer: &Renderer<'_>,
        tile: usize,
        reaching: &[u32],
        tables: &Tables<T>,
    ) {
        let first = self.first_voxel(tile);
        let floored = renderer.scene.render.per_spot_floor;
        let mut strokes = std::mem::take(&mut self.strokes);
        for (i, &spot) in reaching.iter().enumerate() {
            if let Some(&ahead) = reaching.get(i + AHEAD) {
                prefetch(&tables.drawn[ahead as usize]);
            }
            let spot = &tables.drawn[spot as usize];
            let along = |a: usize| part(&spot.voxels[a], first[a], self.size[a]);
            let within = [along(0), along(1), along(2)];
            match spot.form {
                Form::Separable { factors, wide } => {
                    let stroke = stroke(spot, within, first, factors, wide);
                    strokes.push(stroke);
                }
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
    #[inline(always)]
    fn flush(&mut self, tile: usize, strokes: &mut Vec<Stroke>, factors: &[T], floored: bool) {
        let first = self.first_voxel(tile);
        let extent = self.extent();
        let extent = [0, 1, 2].map(|a| self.size[a].min(extent[a] - first[a]));
        for run in strokes.chunk_by(|a, b| a.wide == b.wide) {
            let product = run.iter().map(|stroke| stroke.product_voxels(extent)).sum::<usize>()
                + PRODUCT_OVERHEAD * extent.iter().product::<usize>();
            let by_rows = ROWS_COST * run.iter().map(Stroke::voxels).sum::<usize>();
            let multiply = run[0].wide && !floored && product < by_rows;
            // A product begins with nothing, or goes on with the whole of the tile.
            let fresh = multiply && self.lit[tile].is_none();
            if fresh {
                self.lit[tile] = Some(Lit { y: 0..extent[1], z: 0..extent[2] });
            } else if multiply {
                self.light(tile, 0..extent[1], 0..extent[2]);
            } else {
                let hull = |range: fn(&Stroke) -> (u32, u32)| {
                    let join = |a: (u32, u32), b: (u32, u32)| (a.0.min(b.0), a.1.max(b.1));
                    let (start, end) = run.iter().map(range).fold((u32::MAX, 0), join);
                    start as usize..end as usize
                };
                self.light(tile, hull(|stroke| stroke.y), hull(|stroke| stroke.z));
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
    #[inline(always)]
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
            renderer.lattice.frame(a, spot.centre[a], 1.0).ramp(&voxels).distances()
        });
        let [xs, ys, zs] = within;
        self.light(tile, ys.clone(), zs.clone());
        let place = self.place(tile);
        let sums = &mut self.sums[place];
        if !floored && let Some(numbers) = T::single(sums) {
            let steps = [TILE_WIDTH, self.size[1] * TILE_WIDTH];
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
#[inline(always)]
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
#[inline(always)]
fn part(range: &Range<u32>, first: usize, size: usize) -> Range<usize> {
    (range.start as usize).max(first) - first..(range.end as usize).min(first + size) - first
}
