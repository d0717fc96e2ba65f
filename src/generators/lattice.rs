//! `lattice`: a regular lattice all over the grid.

use rayon::prelude::*;

use super::{Generator, Layout, Placed};
use crate::grid::Grid;
use crate::plugin::forms::Axes;
use crate::plugin::{Bad, Param, Plugin, Range, TableReader, TableSpec};
use crate::spot::Refusal;

const SPACING: Param<Axes<f64>> =
    Param::required("spacing", "Distance between neighbours.").unit("grid.unit").range(Range::POSITIVE);
const OFFSET: Param<Axes<f64>> =
    Param::default("offset", "0", "How far the lattice is shifted from the centre of voxel (0, 0, 0).")
        .unit("grid.unit");
const JITTER: Param<Axes<f64>> = Param::default(
    "jitter",
    "0",
    "Standard deviation of the normal displacement of each spot, which may leave the grid.",
)
.unit("grid.unit")
.range(Range::NOT_NEGATIVE);

pub const LATTICE: Plugin<dyn Generator> = Plugin {
    kind: "lattice",
    about: "A regular lattice through the centre of voxel (0, 0, 0), all over the grid; x runs fastest.",
    table: TableSpec { params: &[&SPACING, &OFFSET, &JITTER], one_of: &[] },
    example: "{ kind = \"lattice\", spacing = { x = 5, y = 5, z = 10 }, jitter = 0.2 }",
    build,
};

struct Lattice {
    spacing: [f64; 3],
    offset: [f64; 3],
    jitter: [f64; 3],
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Generator>, Bad> {
    let (spacing, offset, jitter) = (p.get(&SPACING), p.get(&OFFSET), p.get(&JITTER));
    Ok(Box::new(Lattice { spacing: spacing?.0, offset: offset?.0, jitter: jitter?.0 }))
}

/// The lattice planes along one axis that lie in the grid: positions `start + (first + i) * spacing`.
struct Planes {
    start: f64,
    first: f64,
    spacing: f64,
    count: u64,
    /// The grid's lower face, in world units.
    low: f64,
}

/// How near to a face of the grid a lattice point counts as lying on it, as a share of spacing and voxel.
/// The lower face belongs to the grid and the upper does not, so their number does not hang on a rounding.
const ON_THE_FACE: f64 = 1e-9;

impl Planes {
    fn new(grid: &Grid, axis: usize, spacing: f64, offset: f64) -> Planes {
        let voxel = grid.voxel_size[axis];
        let tolerance = ON_THE_FACE * spacing.min(voxel);
        // The remainder is exact; it keeps the numbers small where the offset is many spacings.
        let phase = offset % spacing;
        // Number of the first plane at or above `edge`, which is relative to the first voxel's centre.
        let from = |edge: f64| {
            let below = |k: f64| phase + k * spacing < edge - tolerance;
            let k = ((edge - phase) / spacing).ceil();
            if !below(k - 1.0) {
                k - 1.0
            } else if below(k) {
                k + 1.0
            } else {
                k
            }
        };
        let (first, end) = (from(-0.5 * voxel), from((grid.shape[axis] as f64 - 0.5) * voxel));
        // A cast saturates: what is too much for a number is refused as too many spots.
        let count = (end - first).max(0.0) as u64;
        let start = grid.origin[axis];
        Planes { start: start + phase, first, spacing, count, low: grid.corners().0[axis] }
    }

    /// What there is along z in a plane.
    const FLAT: Planes = Planes { start: 0.0, first: 0.0, spacing: 0.0, count: 1, low: 0.0 };

    fn position(&self, i: u64) -> f64 {
        (self.start + (self.first + i as f64) * self.spacing).max(self.low)
    }
}

impl Generator for Lattice {
    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal> {
        let grid = layout.grid;
        let planes = [0, 1, 2].map(|a| {
            if grid.axes().contains(&a) {
                Planes::new(grid, a, self.spacing[a], self.offset[a])
            } else {
                Planes::FLAT
            }
        });
        let product = planes.iter().try_fold(1_u64, |all, p| all.checked_mul(p.count));
        let none = planes.iter().any(|p| p.count == 0);
        let count = layout.admit(if none { 0 } else { product.unwrap_or(u64::MAX) })?;

        let field = layout.streams.field("lattice.jitter");
        let still = self.jitter[grid.axes()].iter().all(|&sd| sd == 0.0);
        let [nx, ny] = [planes[0].count, planes[1].count];
        let point = |i: usize| {
            let i = i as u64;
            let steps = [i % nx, i / nx % ny, i / nx / ny];
            let mut centre = [0, 1, 2].map(|a| planes[a].position(steps[a]));
            if !still {
                let mut draws = field.at(i);
                for a in grid.axes() {
                    centre[a] += self.jitter[a] * draws.normal();
                }
            }
            centre
        };
        Ok(Placed::at((0..count).into_par_iter().map(point).collect()))
    }
}
