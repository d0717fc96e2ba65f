//! `[render]`: how exactly the spots are drawn.

use super::Dtype;
use crate::plugin::forms::Choice;
use crate::plugin::{Bad, OneOf, Param, Range, TableReader, TableSpec};

const TOLERANCE: Param<f64> = Param::otherwise(
    "tolerance",
    "1e-6",
    "Guaranteed bound of what is left out at any voxel, over all spots together, relative to the largest value one \
     spot can take at a voxel.",
)
.range(Range::between(1e-15, 1.0));
const CUTOFF: Param<f64> = Param::optional(
    "cutoff",
    "Instead of tolerance: half width of every spot's box on each axis; the bound is then computed, not chosen.",
)
.unit("sigma")
.range(Range::above_to(0.0, 100.0));
const PRECISION: Param<Precision> = Param::otherwise(
    "precision",
    "\"f64\" for dtype float64 and uint32, else \"f32\"",
    "Floating-point format in which spots are summed.",
);
const PER_SPOT_FLOOR: Param<bool> = Param::default(
    "per_spot_floor",
    "false",
    "Round each spot's value down before it is summed, as uint16(b*exp(…)) per spot does; sums in f64, amplitude >= 0.",
);

pub const SPEC: TableSpec = TableSpec {
    params: &[&TOLERANCE, &CUTOFF, &PRECISION, &PER_SPOT_FLOOR],
    one_of: &[OneOf { names: &["tolerance", "cutoff"], required: false }],
};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RenderSettings {
    pub accuracy: Accuracy,
    pub precision: Precision,
    pub per_spot_floor: bool,
}

/// What decides how far a spot is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Accuracy {
    /// Bound of the error, relative to the largest value of one spot.
    Tolerance(f64),
    /// Half width of the box in sigma.
    Cutoff(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    F32,
    F64,
}

impl Choice for Precision {
    const ALL: &'static [(&'static str, Precision)] = &[("f32", Precision::F32), ("f64", Precision::F64)];
}

pub const DEFAULT_TOLERANCE: f64 = 1e-6;

pub fn read(p: &TableReader<'_>, dtype: Dtype) -> Result<RenderSettings, Bad> {
    let (tolerance, cutoff) = (p.optional(&TOLERANCE), p.optional(&CUTOFF));
    let (precision, per_spot_floor) = (p.optional(&PRECISION), p.get(&PER_SPOT_FLOOR));
    let accuracy = match (tolerance?, cutoff?) {
        (_, Some(sigmas)) => Accuracy::Cutoff(sigmas),
        (tolerance, None) => Accuracy::Tolerance(tolerance.unwrap_or(DEFAULT_TOLERANCE)),
    };
    let per_spot_floor = per_spot_floor?;
    let wide = per_spot_floor || matches!(dtype, Dtype::Float64 | Dtype::Uint32);
    let precision = match precision? {
        Some(chosen) if !per_spot_floor => chosen,
        _ if wide => Precision::F64,
        _ => Precision::F32,
    };
    Ok(RenderSettings { accuracy, precision, per_spot_floor })
}
