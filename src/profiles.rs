//! Profiles: what one spot looks like. One file each kind; the list below is all there is.
//!
//! A profile is a function of the offset from the spot's centre whose peak is 1; the renderer multiplies it
//! with the amplitude. Sizes are in world units, centres, reaches and regions in voxels; arrays are x, y, z.

mod ball;
mod ellipsoid;
mod gaussian;
mod lua;
mod shell;

use serde_json::Value as Json;

use crate::diagnostic::Diagnostic;
use crate::grid::{Box3, Grid};
use crate::math::Ramp;
use crate::plugin::{Bad, Cell, Family, Range, Reads};
use crate::random::Streams;
use crate::spot::{Refusal, Size};

pub trait Profile: Send + Sync {
    /// Whether the profile names a width; if not, every spot must bring its own sigma.
    fn has_width(&self) -> bool;

    /// Called once the scene's tolerance is known, which is relative to the peak: a profile that is not exact by itself
    /// becomes as exact as that; `single` says that sums are in f32. Gives what the user should know.
    ///
    /// # Errors
    /// Why it cannot be.
    fn settle(&mut self, tolerance: f64, single: bool) -> Result<Vec<String>, Refusal> {
        let _ = (tolerance, single);
        Ok(Vec::new())
    }

    /// What went wrong while the profile was evaluated; its values count for nothing then.
    fn failure(&self) -> Option<Diagnostic> {
        None
    }

    /// Prepares the draws of the sizes: (spot index, the sigma it brings) -> size.
    fn sizes<'a>(&'a self, streams: &Streams) -> Sizes<'a>;

    /// The Gaussian widths for the truth table; NaN where the profile has none.
    fn sigma(&self, size: &Size) -> [f64; 3] {
        let _ = size;
        [f64::NAN; 3]
    }

    /// Light of a spot of amplitude 1: its integral over unbounded space, over the volume of a voxel. Of integrated
    /// Gaussians that is the sum over all voxels; what is taken at voxel centres adds up to it where voxels are small enough.
    fn light(&self, size: &Size, grid: &Grid) -> f64;

    /// The largest share of a spot's light by which the sum of all voxels may differ from it, because only the values at
    /// their centres count.
    fn missed(&self, size: &Size, grid: &Grid) -> f64 {
        let _ = (size, grid);
        0.0
    }

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

/// A product of one factor per axis, each from 0 to 1.
pub trait Separable: Sync {
    /// Factors at the distances of each ramp, which says where they go, in whole groups of voxels ([`Ramp::room`]).
    /// Elementwise.
    fn factors(&self, ramps: &[Ramp], out: &mut [f64]);

    /// The same for sums in f32, to 2 units of 2^-24 of each value and [`Separable::rounding_f32`].
    fn factors_f32(&self, ramps: &[Ramp], out: &mut [f32]);

    /// Bound of what else the rounding of `factors_f32` makes of the product, in units of 2^-24 times the peak.
    fn rounding_f32(&self) -> f64;
}

/// Anything else: evaluated voxel by voxel.
pub trait Dense: Sync {
    /// Values along a row, at offsets `dx`, `dy`, `dz` from the centre in world units.
    fn row(&self, size: &Size, dx: &[f64], dy: f64, dz: f64, out: &mut [f64]);

    /// Adds `amplitude` times the values at `offsets` (along x, y and z) to sums in f32, where the profile can do that
    /// faster than row by row in f64; `false` where it cannot.
    fn add(&self, size: &Size, amplitude: f64, offsets: [&[f64]; 3], sums: &mut Sums<'_>) -> bool {
        let _ = (size, amplitude, offsets, sums);
        false
    }
}

/// The sums of a box of voxels.
pub struct Sums<'a> {
    pub numbers: &'a mut [f32],
    pub first: usize,
    /// From row to row, and from slice to slice.
    pub steps: [usize; 2],
    /// Voxels of a row.
    pub width: usize,
}

impl Sums<'_> {
    pub fn row(&mut self, y: usize, z: usize) -> &mut [f32] {
        let start = self.first + y * self.steps[0] + z * self.steps[1];
        &mut self.numbers[start..start + self.width]
    }
}

pub use lua::SCRIPTED;

pub const PROFILES: Family<dyn Profile> = Family {
    name: "profile",
    plugins: &[&gaussian::GAUSSIAN, &ball::BALL, &shell::SHELL, &lua::LUA],
    planned: &["airy", "gibson_lanni", "image"],
    scripted: Some(lua::plugin),
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
