//! Factors of the spots of a block, evaluated once for all its tiles.

use std::ops::Range;

use super::Renderer;
use super::accuracy::footprint;
use super::kernel::Real;
use super::lanes::{LANE, Numbers};
use crate::grid::{Box3, Grid};
use crate::math::Ramp;
use crate::profiles::{Separable, Shape};
use crate::simd::prefetch;
use crate::spot::Spot;

/// One spot within a block; voxels count from the block's first.
pub struct Drawn {
    /// x y z.
    pub voxels: [Range<u32>; 3],
    pub form: Form,
}

pub enum Form {
    Separable {
        /// Indices of the factors of the first lane that the spot touches, its first row and its first slice.
        factors: [u32; 3],
        /// Whether there are factors, 0, for the whole of every box of a product that the spot reaches.
        wide: bool,
    },
    /// Evaluated voxel by voxel: the number of the spot.
    Dense(u32),
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

/// Bytes that the factors of a batch of spots should take at most: they stay in the second-level cache.
pub const TABLE_BYTES: usize = 3 << 18;

/// Spots of a batch at most; those that are evaluated voxel by voxel have no factors.
const MOST_SPOTS: usize = 1 << 14;

/// Factors of a batch of spots, in the order of their numbers.
pub struct Tables<T> {
    pub factors: Numbers<T>,
    pub drawn: Vec<Drawn>,
    /// Factors of one spot, in f64.
    exact: Vec<f64>,
}

impl<T: Real> Tables<T> {
    pub fn new() -> Tables<T> {
        Tables { factors: Numbers::new(), drawn: Vec::new(), exact: Vec::new() }
    }

    /// Replaces the factors by those of the first of the spots `ids` within the block `voxels` (indices of the whole
    /// grid), and returns the spots that are left. Where a product is drawn, it works on boxes of `whole` voxels.
    pub fn fill<'a>(
        &mut self,
        renderer: &Renderer<'_>,
        voxels: &Box3,
        whole: [usize; 3],
        ids: &'a [u32],
    ) -> &'a [u32] {
        self.factors.resize(0);
        self.drawn.clear();
        for (i, &id) in ids.iter().enumerate() {
            if self.factors.len() * size_of::<T>() >= TABLE_BYTES || i == MOST_SPOTS {
                return &ids[i..];
            }
            if let Some(&ahead) = ids.get(i + AHEAD) {
                prefetch(&renderer.spots.list[ahead as usize]);
                prefetch(&renderer.accuracy.reach[ahead as usize]);
            }
            let (scene, spots) = (renderer.scene, renderer.spots);
            let spot = &spots.list[id as usize];
            let reach = renderer.accuracy.reach[id as usize].map(f64::from);
            let Some(part) = footprint(&scene.grid, spot, reach, voxels) else { continue };
            let within = [0, 1, 2]
                .map(|a| (part[a].start - voxels[a].start) as u32..(part[a].end - voxels[a].start) as u32);
            let form = match scene.groups[spots.group_of(id as usize)].profile.shape() {
                Shape::Separable(profile) => self.add(&scene.grid, spot, profile, &part, &within, whole),
                Shape::Dense(_) => Form::Dense(id),
            };
            self.drawn.push(Drawn { voxels: within, form });
        }
        &[]
    }

    /// Adds the factors of a spot for the voxels `part` of the whole grid, `within` the block.
    fn add(
        &mut self,
        grid: &Grid,
        spot: &Spot,
        profile: &dyn Separable,
        part: &Box3,
        within: &[Range<u32>; 3],
        whole: [usize; 3],
    ) -> Form {
        let ramps = [0, 1, 2].map(|a| Frame::new(grid, a, spot.centre[a], spot.size.width[a]).ramp(&part[a]));
        let ramps = &ramps[grid.axes()];
        self.exact.resize(ramps.iter().map(Ramp::room).sum(), 0.0);
        profile.factors(ramps, &mut self.exact);
        let around = |a: usize, step: usize| {
            let range = &within[a];
            range.start as usize / step * step..(range.end as usize).next_multiple_of(step)
        };
        let whole = [0, 1, 2].map(|a| around(a, whole[a]));
        let narrow = [around(0, LANE), around(1, 1), around(2, 1)];
        let wide =
            within.iter().map(Range::len).product::<usize>() * 2 > whole.iter().map(Range::len).product();
        let around = if wide { whole } else { narrow };
        // Lines of the cache begin with factors that are read together.
        let mut at = self.factors.len().next_multiple_of(2 * LANE);
        self.factors.resize(at + around.iter().map(Range::len).sum::<usize>());
        let mut first = [0; 3];
        let mut exact = &self.exact[..];
        for a in 0..3 {
            let start = within[a].start as usize - around[a].start;
            let factors = &mut self.factors[at..at + around[a].len()];
            factors.fill(T::default());
            let own = &mut factors[start..start + within[a].len()];
            let amplitude = if a == 2 { spot.amplitude } else { 1.0 };
            match ramps.get(a) {
                Some(ramp) => {
                    for (own, &factor) in own.iter_mut().zip(exact) {
                        *own = T::from_f64(amplitude * factor);
                    }
                    exact = &exact[ramp.room()..];
                }
                None => own.fill(T::from_f64(amplitude)),
            }
            // The first lane begins before the spot does.
            first[a] = (at + if a == 0 { start / LANE * LANE } else { start }) as u32;
            at += around[a].len();
        }
        Form::Separable { factors: first, wide }
    }
}
