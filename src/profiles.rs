//! Profiles: what one spot looks like. One file each kind; the list below is all there is.
//!
//! A profile is a function of the offset from the spot's centre whose peak is 1; the renderer multiplies it
//! with the amplitude. Sizes are in world units, centres, reaches and regions in voxels; arrays are x, y, z.

mod ball;
mod ellipsoid;
mod gaussian;
mod shell;

use serde_json::Value as Json;

use crate::grid::{Box3, Grid};
use crate::math::Ramp;
use crate::plugin::{Bad, Cell, Family, Range, Reads};
use crate::random::Streams;
use crate::spot::{Refusal, Size};

pub trait Profile: Send + Sync {
    /// Whether the profile names a width; if not, every spot must bring its own sigma.
    fn has_width(&self) -> bool;

    /// Prepares the draws of the sizes: (spot index, the sigma it brings) -> size.
    fn sizes<'a>(&'a self, streams: &Streams) -> Sizes<'a>;

    /// The Gaussian widths for the truth table; NaN where the profile has none.
    fn sigma(&self, size: &Size) -> [f64; 3] {
        let _ = size;
        [f64::NAN; 3]
    }

    /// Light of a spot of amplitude 1, summed over all voxels of an unbounded grid.
    fn light(&self, size: &Size, grid: &Grid) -> f64;

    /// The largest value a spot of amplitude 1 can take at a voxel.
    fn peak(&self, size: &Size, grid: &Grid) -> f64;

    /// Half widths in voxels of a box around the centre outside of which a spot of amplitude 1 stays at or
    /// below `level` (> 0) at every voxel centre.
    fn reach(&self, size: &Size, grid: &Grid, level: f64) -> [f64; 3];

    /// Half widths in voxels for a cutoff in widths, where the scene gives one; a profile that ends by itself
    /// ignores it.
    fn reach_at_cutoff(&self, size: &Size, grid: &Grid, cutoff: f64) -> [f64; 3];

    /// The largest value a spot of amplitude 1 takes at any voxel centre outside a box of half widths `reach`
    /// (voxels) around its centre.
    fn outside(&self, size: &Size, grid: &Grid, reach: [f64; 3]) -> f64;

    /// Bound of the rounding error of a value computed in f64, in units of `f64::EPSILON` times the peak.
    fn rounding(&self, size: &Size, grid: &Grid) -> f64;

    /// The share of the spot's light that falls into `region`.
    fn inside(&self, centre: [f64; 3], size: &Size, grid: &Grid, region: &Box3) -> f64;

    fn shape(&self) -> Shape<'_>;
}

pub type Sizes<'a> = Box<dyn Fn(u64, Option<[f64; 3]>) -> Result<Size, Refusal> + Sync + 'a>;

/// How the renderer evaluates a profile.
pub enum Shape<'a> {
    Separable(&'a dyn Separable),
    Dense(&'a dyn Dense),
}

/// A product of one factor per axis, each at most 1.
pub trait Separable: Sync {
    /// Factors at the distances of each axis' ramp, one axis behind the other, each in whole groups of voxels
    /// ([`Ramp::room`]). Elementwise.
    fn factors(&self, axes: &[Ramp], out: &mut [f64]);

    /// The same for sums in f32, to 2 units of 2^-24 of each value and [`Separable::rounding_f32`].
    fn factors_f32(&self, axes: &[Ramp], out: &mut [f32]) {
        let mut exact = vec![0.0; out.len()];
        self.factors(axes, &mut exact);
        for (out, exact) in out.iter_mut().zip(exact) {
            *out = exact as f32;
        }
    }

    /// Bound of what else the rounding of `factors_f32` makes of the product, in units of 2^-24 times the peak.
    fn rounding_f32(&self) -> f64 {
        0.0
    }
}

/// Anything else: evaluated voxel by voxel.
pub trait Dense: Sync {
    /// Values along a row, at offsets `dx`, `dy`, `dz` from the centre in world units.
    fn row(&self, size: &Size, dx: &[f64], dy: f64, dz: f64, out: &mut [f64]);
}

pub const PROFILES: Family<dyn Profile> = Family {
    name: "profile",
    plugins: &[&gaussian::GAUSSIAN, &ball::BALL, &shell::SHELL],
    planned: &["airy", "gibson_lanni", "image", "lua"],
};

impl Reads for Box<dyn Profile> {
    fn read(cell: &Cell<'_>) -> Result<Self, Bad> {
        PROFILES.read(cell)
    }

    fn form() -> String {
        PROFILES.form()
    }

    fn schema(_: &Range) -> Json {
        PROFILES.schema()
    }
}
