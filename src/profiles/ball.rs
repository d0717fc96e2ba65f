//! `ball`: a ball or an ellipsoid along the axes, sharp or with a soft edge.

use super::ellipsoid::Ellipsoid;
use super::{Dense, Profile, Shape, Sizes};
use crate::grid::{Box3, Grid};
use crate::plugin::{Bad, Param, Plugin, Range, TableReader, TableSpec};
use crate::random::Streams;
use crate::spot::Size;
use crate::value::{Value, Widths};

const RADIUS: Param<Widths> = Param::required("radius", "Radius; one per axis makes an ellipsoid.")
    .unit("grid.unit")
    .range(Range::POSITIVE);
const EDGE: Param<Value> =
    Param::default("edge", "0", "Beyond the radius the intensity falls to 0 over this length.")
        .unit("grid.unit")
        .range(Range::NOT_NEGATIVE);

pub const BALL: Plugin<dyn Profile> = Plugin {
    kind: "ball",
    about: "A ball or ellipsoid: amplitude where (dx/rx)^2 + (dy/ry)^2 + (dz/rz)^2 <= 1, beyond it falling to 0 over `edge`: \
            the mean of the ellipsoids with radii r + s edge over s from 0 to 1.",
    table: TableSpec { params: &[&RADIUS, &EDGE], one_of: &[] },
    example: "{ kind = \"ball\", radius = { x = 1.5, y = 1.5, z = 2.0 }, edge = 0.2 }",
    build,
};

struct Ball {
    radius: Widths,
    edge: Value,
    flat: bool,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Profile>, Bad> {
    let (radius, edge) = (p.get(&RADIUS), p.get(&EDGE));
    Ok(Box::new(Ball { radius: radius?, edge: edge?, flat: p.reading.flat.get() }))
}

fn ellipsoid(size: &Size) -> Ellipsoid {
    Ellipsoid { radius: size.width, edge: size.rim }
}

impl Profile for Ball {
    fn has_width(&self) -> bool {
        true
    }

    /// A sigma that a spot brings says nothing about a radius: it is ignored.
    fn sizes<'a>(&'a self, streams: &Streams) -> Sizes<'a> {
        let radius = self.radius.sampler(streams, "radius");
        let edge = streams.field("edge");
        Box::new(move |index, _| {
            let [x, y, z] = radius(index)?;
            // In a plane a z is ignored, down to the last bit.
            Ok(Size { width: [x, y, if self.flat { x } else { z }], rim: self.edge.draw(&edge, index)? })
        })
    }

    /// Integral over space, per voxel.
    fn light(&self, size: &Size, grid: &Grid) -> f64 {
        ellipsoid(size).measure(grid.flat) / grid.voxel_measure()
    }

    fn peak(&self, _: &Size, _: &Grid) -> f64 {
        1.0
    }

    fn reach(&self, size: &Size, grid: &Grid, _: f64) -> [f64; 3] {
        ellipsoid(size).reach(grid)
    }

    fn reach_at_cutoff(&self, size: &Size, grid: &Grid, _: f64) -> [f64; 3] {
        ellipsoid(size).reach(grid)
    }

    fn outside(&self, size: &Size, grid: &Grid, reach: [f64; 3]) -> f64 {
        ellipsoid(size).outside(grid, reach)
    }

    /// A sharp ball is 0 or 1. In an edge the offset in radii has 8 units, and the value falls by R/edge for each.
    fn rounding(&self, size: &Size, grid: &Grid) -> f64 {
        let largest =
            grid.axes().map(|a| size.width[a]).fold(0.0, |most: f64, r| if r > most { r } else { most });
        if size.rim > 0.0 { 16.0 * (1.0 + largest / size.rim) } else { 2.0 }
    }

    fn inside(&self, centre: [f64; 3], size: &Size, grid: &Grid, region: &Box3) -> f64 {
        let ball = ellipsoid(size);
        let partly = || (ball.within(centre, grid, region) / ball.measure(grid.flat)).clamp(0.0, 1.0);
        ball.plain_share(centre, grid, region).unwrap_or_else(partly)
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Dense(self)
    }
}

impl Dense for Ball {
    fn row(&self, size: &Size, dx: &[f64], dy: f64, dz: f64, out: &mut [f64]) {
        let ball = ellipsoid(size);
        if size.rim > 0.0 {
            ball.soft_row(dx, dy, dz, out);
        } else {
            out.fill(0.0);
            ball.fill_row(dx, dy, dz, 1.0, out);
        }
    }
}
