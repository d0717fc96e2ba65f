//! Where the voxels lie from a spot: which are within its box, and how far along an axis they are.

use std::ops::Range;

use super::accuracy::Reach;
use crate::grid::{Box3, Grid};
use crate::math::Ramp;

/// The grid as the inner loops need it; no division is left.
pub struct Lattice {
    origin: [f64; 3],
    step: [f64; 3],
    /// Voxels per unit of length; 0 along an axis that is not there.
    per_length: [f64; 3],
}

/// A box of voxels in floating point: the first and the last along each axis.
pub struct Window {
    pub first: [f64; 3],
    last: [f64; 3],
}

impl Window {
    pub fn new(voxels: &Box3) -> Window {
        Window {
            first: [0, 1, 2].map(|a| voxels[a].start as f64),
            last: [0, 1, 2].map(|a| voxels[a].end as f64 - 1.0),
        }
    }
}

impl Lattice {
    pub fn new(grid: &Grid) -> Lattice {
        let mut per_length = [0.0; 3];
        for a in grid.axes() {
            per_length[a] = 1.0 / grid.voxel_size[a];
        }
        Lattice { origin: grid.origin, step: grid.voxel_size, per_length }
    }

    /// The voxels of `window` along an axis whose centres lie within `reach` voxels of `centre`: first and end, counted
    /// from the first of the window; none where the end is not behind the first.
    #[inline(always)]
    pub fn span(&self, axis: usize, centre: f64, reach: f64, window: &Window) -> (f64, f64) {
        let centre = (centre - self.origin[axis]) * self.per_length[axis];
        // In floating point: the numbers may be far beyond any integer.
        let (low, high) = (centre - reach, centre + reach);
        let (first, last) = (window.first[axis], window.last[axis]);
        let low = if low > first { low } else { first };
        let high = if high < last { high } else { last };
        // The differences are exact.
        ((low - first).ceil(), (high - first).floor() + 1.0)
    }

    /// The voxels of `window` whose centres lie within `reach` of `centre`; indices of the whole grid.
    pub fn footprint(&self, centre: &[f64; 3], reach: &Reach, window: &Window) -> Option<Box3> {
        let mut voxels = [0..0, 0..0, 0..0];
        for a in 0..3 {
            let (first, end) = self.span(a, centre[a], f64::from(reach[a]), window);
            let voxel = |within: f64| (window.first[a] + within) as u64;
            voxels[a] = voxel(first)..voxel(end);
            if !(first < end) {
                return None;
            }
        }
        Some(voxels)
    }

    /// Distances along an axis from `centre`, `per_width` for each unit of length.
    #[inline(always)]
    pub fn frame(&self, axis: usize, centre: f64, per_width: f64) -> Frame {
        let (origin, step) = (self.origin[axis], self.step[axis]);
        let anchor = nearest((centre - origin) * self.per_length[axis]);
        // anchor * step + (origin - centre), each sum and product with its rounding error.
        let product = anchor * step;
        let product_error = anchor.mul_add(step, -product);
        let (shift, shift_error) = two_sum(origin, -centre);
        let (sum, sum_error) = two_sum(product, shift);
        let start = sum + (sum_error + (product_error + shift_error));
        Frame { anchor, start: start * per_width, step: step * per_width }
    }
}

/// Distances to a spot's centre along one axis: `start + (i - anchor) * step` for voxel i of the whole grid.
///
/// The anchor is the voxel nearest to the centre and `start` its distance, taken in twice the precision: so
/// distances are exact to three roundings wherever the grid lies, and each depends on its voxel alone.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub anchor: f64,
    pub start: f64,
    pub step: f64,
}

impl Frame {
    /// The distances of `voxels`.
    #[inline(always)]
    pub fn ramp(&self, voxels: &Range<u64>) -> Ramp {
        Ramp {
            first: voxels.start as f64 - self.anchor,
            step: self.step,
            start: self.start,
            count: (voxels.end - voxels.start) as usize,
            place: 0,
        }
    }
}

/// The nearest whole number, by additions alone: the instruction for it is not everywhere.
#[inline(always)]
fn nearest(x: f64) -> f64 {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // Beyond 2^51 the sum would lose bits; any number near x will do there.
    if x.abs() < 2_251_799_813_685_248.0 { (x + ROUND) - ROUND } else { x }
}

/// a + b and its rounding error (Knuth).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}
