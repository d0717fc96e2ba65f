//! Factors of the spots of a block, evaluated once for all its tiles.

use std::ops::Range;

use super::Renderer;
use super::accuracy::footprint;
use super::kernel::{Factors, Real};
use super::lanes::{LANE, Lane, numbers_mut};
use crate::grid::{Box3, Grid};
use crate::math::Ramp;
use crate::profiles::{Dense, Profile, Separable, Shape};
use crate::simd::prefetch;
use crate::spot::Spot;

/// One spot within a block; voxels count from the block's first.
pub struct Drawn<'a> {
    pub x: Range<usize>,
    pub y: Range<usize>,
    pub z: Range<usize>,
    pub form: Form<'a>,
}

pub enum Form<'a> {
    /// Indices of the factors of the first lane that the spot touches, its first row and its first slice.
    Separable {
        xs: usize,
        ys: usize,
        zs: usize,
    },
    Dense {
        dense: &'a dyn Dense,
        spot: &'a Spot,
        frames: [Frame; 3],
    },
}

/// Distances to a spot's centre along one axis: `start + (i - anchor) * step` for voxel i of the whole grid.
///
/// The anchor is the voxel nearest to the centre and `start` its distance, taken in twice the precision: so
/// distances are exact to two roundings wherever the grid lies, and each depends on its voxel alone.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    anchor: f64,
    start: f64,
    step: f64,
}

impl Frame {
    /// Distances in units of `width` (world units).
    pub fn new(grid: &Grid, axis: usize, centre: f64, width: f64) -> Frame {
        let (origin, step) = (grid.origin[axis], grid.voxel_size[axis]);
        let anchor = nearest((centre - origin) / step);
        // anchor * step + (origin - centre), each sum and product with its rounding error.
        let product = anchor * step;
        let product_error = anchor.mul_add(step, -product);
        let (shift, shift_error) = two_sum(origin, -centre);
        let (sum, sum_error) = two_sum(product, shift);
        let start = sum + (sum_error + (product_error + shift_error));
        Frame { anchor, start: start / width, step: step / width }
    }

    /// The distances of `voxels`.
    pub fn ramp(&self, voxels: &Range<u64>) -> Ramp {
        Ramp {
            first: voxels.start as f64 - self.anchor,
            step: self.step,
            start: self.start,
            count: (voxels.end - voxels.start) as usize,
        }
    }
}

/// The nearest whole number, by additions alone: the instruction for it is not everywhere.
fn nearest(x: f64) -> f64 {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // Beyond 2^51 the sum would lose bits; any number near x will do there.
    if x.abs() < 2_251_799_813_685_248.0 { (x + ROUND) - ROUND } else { x }
}

/// a + b and its rounding error (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// How many spots ahead memory is asked for: a block's spots lie scattered over the list of all.
const AHEAD: usize = 16;

/// Factors of a batch of spots, in the order of their numbers.
pub struct Tables<T> {
    x: Vec<Lane<T>>,
    y: Vec<T>,
    z: Vec<T>,
    factors: Vec<f64>,
}

impl<T: Real> Tables<T> {
    pub fn new() -> Tables<T> {
        Tables { x: Vec::new(), y: Vec::new(), z: Vec::new(), factors: Vec::new() }
    }

    pub fn view(&self) -> Factors<'_, T> {
        Factors { x: &self.x, y: &self.y, z: &self.z }
    }

    /// Replaces the factors by those of the spots `ids` within the block `voxels` (indices of the whole grid).
    pub fn fill<'a>(&mut self, renderer: &Renderer<'a>, voxels: &Box3, ids: &[u32]) -> Vec<Drawn<'a>> {
        self.x.clear();
        self.y.clear();
        self.z.clear();
        let mut drawn = Vec::with_capacity(ids.len());
        for (i, &id) in ids.iter().enumerate() {
            if let Some(&ahead) = ids.get(i + AHEAD) {
                prefetch(&renderer.spots.list[ahead as usize]);
                prefetch(&renderer.accuracy.reach[ahead as usize]);
            }
            drawn.extend(self.add(renderer, voxels, id as usize));
        }
        drawn
    }

    fn add<'a>(&mut self, renderer: &Renderer<'a>, voxels: &Box3, id: usize) -> Option<Drawn<'a>> {
        let (scene, spots) = (renderer.scene, renderer.spots);
        let spot = &spots.list[id];
        let profile: &dyn Profile = scene.groups[spots.group_of(id)].profile.as_ref();
        let reach = renderer.accuracy.reach[id].map(f64::from);
        let part = footprint(&scene.grid, spot, reach, voxels)?;
        let [x, y, z] = [0, 1, 2]
            .map(|a| (part[a].start - voxels[a].start) as usize..(part[a].end - voxels[a].start) as usize);
        let form = match profile.shape() {
            Shape::Separable(separable) => self.add_factors(&scene.grid, spot, separable, &part, &x),
            Shape::Dense(dense) => {
                let frames = [0, 1, 2].map(|a| Frame::new(&scene.grid, a, spot.centre[a], 1.0));
                Form::Dense { dense, spot, frames }
            }
        };
        Some(Drawn { x, y, z, form })
    }

    fn add_factors(
        &mut self,
        grid: &Grid,
        spot: &Spot,
        profile: &dyn Separable,
        part: &Box3,
        x: &Range<usize>,
    ) -> Form<'static> {
        let form = Form::Separable { xs: self.x.len(), ys: self.y.len(), zs: self.z.len() };
        let ramps = [0, 1, 2].map(|a| Frame::new(grid, a, spot.centre[a], spot.size.width[a]).ramp(&part[a]));
        let ramps = &ramps[grid.axes()];
        self.factors.resize(ramps.iter().map(Ramp::room).sum(), 0.0);
        profile.factors(ramps, &mut self.factors);
        let (x_factors, rest) = self.factors.split_at(ramps[0].room());
        let (y_factors, z_factors) = rest.split_at(ramps[1].room());
        // Whole lanes, counted from the block's first voxel, with zeros around the spot's own.
        let (first, end) = (x.start / LANE, x.end.div_ceil(LANE));
        let at = self.x.len();
        self.x.resize(at + end - first, Lane([T::ZERO; LANE]));
        let lanes = &mut numbers_mut(&mut self.x[at..])[x.start - first * LANE..][..x.len()];
        for (voxel, &factor) in lanes.iter_mut().zip(x_factors) {
            *voxel = T::from_f64(factor);
        }
        self.y.extend(y_factors[..ramps[1].count].iter().map(|&factor| T::from_f64(factor)));
        match ramps.get(2) {
            Some(z) => self.z.extend(z_factors[..z.count].iter().map(|&f| T::from_f64(spot.amplitude * f))),
            None => self.z.push(T::from_f64(spot.amplitude)),
        }
        form
    }
}
