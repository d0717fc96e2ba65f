//! The lengths of a table -> world units.

use crate::diagnostic::shown;
use crate::grid::{AXES, Grid};
use crate::spot::Refusal;

use super::header::Measure;

/// A column of lengths as the file has them.
#[derive(Debug)]
pub struct Lengths {
    pub header: String,
    pub values: Vec<f64>,
    pub measure: Measure,
    /// Multiplies the values: a full width at half maximum is so many sigmas.
    pub factor: f64,
}

/// How one number becomes a length on one axis: times and divided by whole numbers where units allow it, so
/// that 7057.682 nm is 7.057682 um to the last bit.
#[derive(Clone, Copy)]
struct Conversion {
    times: f64,
    over: f64,
}

impl Lengths {
    fn conversion(&self, grid: &Grid, axis: usize, scale: Option<[f64; 3]>) -> Result<Conversion, Refusal> {
        let (times, over) = match (self.measure, grid.unit.nanometres()) {
            (Measure::Grid, _) => (1.0, 1.0),
            (Measure::Pixels, _) => (grid.voxel_size[axis], 1.0),
            (Measure::Nanometres(own), Some(unit)) if own >= unit => (own / unit, 1.0),
            (Measure::Nanometres(own), Some(unit)) => (1.0, unit / own),
            // The scale is the pixel size then.
            (Measure::Nanometres(_), None) if scale.is_some() => (1.0, 1.0),
            (Measure::Nanometres(_), None) => {
                return Err(Refusal::new(format!(
                    "the column `{}` has a unit of length, but grid.unit is \"px\"",
                    shown(&self.header)
                ))
                .help("give `scale`, pixels per unit of the table, or the grid its unit and voxel size"));
            }
        };
        Ok(Conversion { times, over })
    }

    /// World positions along one axis. Pixels are scaled as indices: those of a camera become voxels.
    pub fn positions(
        &self,
        grid: &Grid,
        axis: usize,
        scale: Option<[f64; 3]>,
    ) -> Result<impl Fn(usize) -> f64, Refusal> {
        let c = self.conversion(grid, axis, scale)?;
        let scale = scale.map_or(1.0, |scale| scale[axis]);
        let pixels = self.measure == Measure::Pixels;
        Ok(move |i: usize| {
            let raw = self.values[i] * self.factor;
            if pixels {
                let mut voxel = [0.0; 3];
                voxel[axis] = raw * scale;
                grid.to_world(voxel)[axis]
            } else {
                raw * c.times / c.over * scale
            }
        })
    }

    /// Widths along one axis before `scale`; NaN where a row brings none.
    pub fn widths(
        &self,
        grid: &Grid,
        axis: usize,
        scale: Option<[f64; 3]>,
    ) -> Result<impl Fn(usize) -> f64, Refusal> {
        let c = self.conversion(grid, axis, scale)?;
        Ok(move |i: usize| self.values[i] * self.factor * c.times / c.over)
    }
}

/// A number of the table may be finite and yet too large, or a width too small, in the grid's unit.
pub fn check(position: &[f64; 3], sigma: Option<&[f64; 3]>) -> Result<(), Refusal> {
    for a in 0..3 {
        if !position[a].is_finite() {
            return Err(Refusal::new(format!("a position of the table is too large: {}", AXES[a])));
        }
        // NaN: the row brings none.
        if sigma.is_some_and(|sigma| sigma[a] <= 0.0 || sigma[a].is_infinite()) {
            return Err(Refusal::new(format!("a width of the table is too large or small: {}", AXES[a])));
        }
    }
    Ok(())
}
