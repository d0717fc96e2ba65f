//! The spots of a batch into one tile.

use std::ops::Range;

use super::Renderer;
use super::block::{Block, Lit};
use super::kernel::{Real, Rows, TILE_WIDTH};
use super::strokes::{Kind, Stroke};
use super::tables::Factors;
use crate::profiles::{Shape, Sums};

/// What a product costs beside its multiplications, in spots: the tile is loaded and stored.
const PRODUCT_OVERHEAD: usize = 2;

/// How much more drawing by rows costs for each voxel: load, multiply-add and store instead of a multiply-add.
const ROWS_COST: usize = 2;

impl<T: Real> Block<T> {
    /// Draws spots into a tile, in their order: those of a kind in a row together.
    #[inline(always)]
    pub(super) fn draw_tile(
        &mut self,
        renderer: &Renderer<'_>,
        tile: usize,
        strokes: &[Stroke],
        factors: Factors<'_, T>,
    ) {
        let first = self.first_voxel(tile);
        let extent = self.extent();
        let extent = [0, 1, 2].map(|a| self.size[a].min(extent[a] - first[a]));
        let floored = renderer.scene.render.per_spot_floor;
        for run in strokes.chunk_by(|a, b| a.kind == b.kind) {
            if run[0].kind == Kind::Dense {
                run.iter().for_each(|stroke| self.draw_dense(renderer, tile, stroke, floored));
                continue;
            }
            let multiply = run[0].kind == Kind::Wide && !floored && pays(run, extent);
            // A product begins with nothing, or goes on with the whole of the tile.
            let fresh = multiply && self.lit[tile].is_none();
            if fresh {
                self.lit[tile] = Some(Lit { y: 0..extent[1], z: 0..extent[2] });
            } else if multiply {
                self.light(tile, 0..extent[1], 0..extent[2]);
            } else if !self.lit[tile].as_ref().is_some_and(|lit| lit.is_whole(extent)) {
                let (y, z) = hull(run);
                self.light(tile, y, z);
            }
            let place = self.place(tile);
            let mut rows = Rows { voxels: &mut self.sums[place], height: self.size[1], extent };
            match (floored, multiply) {
                (true, _) => T::draw_floored(&mut rows, run, factors.values),
                (false, true) => T::multiply(&mut rows, run, factors, fresh, &mut self.crowd),
                (false, false) => T::draw(&mut rows, run, factors.values),
            }
        }
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

    /// Draws a spot voxel by voxel.
    fn draw_dense(&mut self, renderer: &Renderer<'_>, tile: usize, stroke: &Stroke, floored: bool) {
        let id = stroke.id as usize;
        let spot = &renderer.spots.list[id];
        let group = &renderer.scene.groups[renderer.spots.group_of(id)];
        let range = |(start, end): (u16, u16)| start as usize..end as usize;
        let within = [range((stroke.x.0.into(), stroke.x.1.into())), range(stroke.y), range(stroke.z)];
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

/// Whether a product is less work for wide strokes than drawing by rows, in a tile of which `extent` is wanted.
#[inline(always)]
fn pays(strokes: &[Stroke], extent: [usize; 3]) -> bool {
    let product = strokes.iter().map(|stroke| stroke.product_voxels(extent)).sum::<usize>();
    let by_rows = strokes.iter().map(Stroke::voxels).sum::<usize>();
    product + PRODUCT_OVERHEAD * extent.iter().product::<usize>() < ROWS_COST * by_rows
}

/// The rows and the slices that strokes reach.
#[inline(always)]
fn hull(strokes: &[Stroke]) -> (Range<usize>, Range<usize>) {
    let (mut y, mut z) = ((u16::MAX, 0), (u16::MAX, 0));
    for stroke in strokes {
        y = (stroke.y.0.min(y.0), stroke.y.1.max(y.1));
        z = (stroke.z.0.min(z.0), stroke.z.1.max(z.1));
    }
    (y.0 as usize..y.1 as usize, z.0 as usize..z.1 as usize)
}
