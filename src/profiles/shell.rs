//! `shell`: a hollow ball or ellipsoid.

use super::ellipsoid::Ellipsoid;
use super::{Dense, Profile, Shape, Sizes};
use crate::grid::{Box3, Grid};
use crate::plugin::{Bad, Param, Plugin, Range, TableReader, TableSpec};
use crate::random::{Streams, unit_ball_measure};
use crate::spot::{Refusal, Size};
use crate::value::{Value, Widths};

const RADIUS: Param<Widths> =
    Param::required("radius", "Radius of the middle of the wall; one per axis makes an ellipsoid.")
        .unit("grid.unit")
        .range(Range::POSITIVE);
const THICKNESS: Param<Value> =
    Param::required("thickness", "Thickness of the wall, at most twice the smallest radius.")
        .unit("grid.unit")
        .range(Range::POSITIVE);

pub const SHELL: Plugin<dyn Profile> = Plugin {
    kind: "shell",
    about: "A hollow ball or ellipsoid: amplitude between the ellipsoids with radii r - thickness/2 (exclusive) and \
            r + thickness/2 (inclusive), else 0.",
    table: TableSpec { params: &[&RADIUS, &THICKNESS], one_of: &[] },
    example: "{ kind = \"shell\", radius = 1.5, thickness = 0.4 }",
    build,
};

struct Shell {
    radius: Widths,
    thickness: Value,
    flat: bool,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Profile>, Bad> {
    let (radius, thickness) = (p.get(&RADIUS), p.get(&THICKNESS));
    Ok(Box::new(Shell { radius: radius?, thickness: thickness?, flat: p.reading.flat.get() }))
}

fn outer(size: &Size) -> Ellipsoid {
    Ellipsoid { radius: size.width.map(|r| r + 0.5 * size.rim), edge: 0.0 }
}

/// The cavity; none where the wall reaches the centre.
fn inner(size: &Size) -> Option<Ellipsoid> {
    let radius = size.width.map(|r| r - 0.5 * size.rim);
    radius.iter().all(|&r| r > 0.0).then_some(Ellipsoid { radius, edge: 0.0 })
}

/// prod(r + h) - prod(r - h) with h half the thickness, multiplied out: the difference would lose a thin wall.
fn measure(size: &Size, flat: bool) -> f64 {
    let ([x, y, z], h) = (size.width, 0.5 * size.rim);
    let product = if flat { 2.0 * h * (x + y) } else { 2.0 * h * (x * y + y * z + x * z + h * h) };
    unit_ball_measure(flat) * product
}

impl Profile for Shell {
    fn has_width(&self) -> bool {
        true
    }

    /// A sigma that a spot brings says nothing about a radius: it is ignored.
    fn sizes<'a>(&'a self, streams: &Streams) -> Sizes<'a> {
        let radius = self.radius.sampler(streams, "radius");
        let thickness = streams.field("thickness");
        Box::new(move |index, _| {
            let [x, y, z] = radius(index)?;
            // In a plane a z is ignored, down to the last bit.
            let width = [x, y, if self.flat { x } else { z }];
            let rim = self.thickness.draw(&thickness, index)?;
            let smallest = width.iter().fold(f64::INFINITY, |least, &r| if r < least { r } else { least });
            if rim > 2.0 * smallest {
                return Err(Refusal::new(format!(
                    "spot {index}: a shell of radius {smallest} cannot have a wall of thickness {rim}"
                ))
                .help("`thickness` is at most twice the smallest radius; then the shell is solid"));
            }
            Ok(Size { width, rim })
        })
    }

    /// Integral over space, per voxel.
    fn light(&self, size: &Size, grid: &Grid) -> f64 {
        measure(size, grid.flat) / grid.voxel_measure()
    }

    fn peak(&self, _: &Size, _: &Grid) -> f64 {
        1.0
    }

    fn reach(&self, size: &Size, grid: &Grid, _: f64) -> [f64; 3] {
        outer(size).reach(grid)
    }

    fn reach_at_cutoff(&self, size: &Size, grid: &Grid, _: f64) -> [f64; 3] {
        outer(size).reach(grid)
    }

    fn outside(&self, size: &Size, grid: &Grid, reach: [f64; 3]) -> f64 {
        outer(size).outside(grid, reach)
    }

    /// It is 0 or 1.
    fn rounding(&self, _: &Size, _: &Grid) -> f64 {
        2.0
    }

    fn inside(&self, centre: [f64; 3], size: &Size, grid: &Grid, region: &Box3) -> f64 {
        let outer = outer(size);
        let partly = || {
            let cavity = inner(size).map_or(0.0, |inner| inner.within(centre, grid, region));
            let wall = outer.within(centre, grid, region) - cavity;
            (wall / measure(size, grid.flat)).clamp(0.0, 1.0)
        };
        outer.plain_share(centre, grid, region).unwrap_or_else(partly)
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Dense(self)
    }
}

impl Dense for Shell {
    fn row(&self, size: &Size, dx: &[f64], dy: f64, dz: f64, out: &mut [f64]) {
        out.fill(0.0);
        outer(size).fill_row(dx, dy, dz, 1.0, out);
        if let Some(inner) = inner(size) {
            inner.fill_row(dx, dy, dz, 0.0, out);
        }
    }
}
