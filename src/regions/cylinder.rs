//! `cylinder`: a cylinder along one of the axes.

use super::Region;
use crate::plugin::forms::{Axes, Choice};
use crate::plugin::{Bad, Param, Plugin, Range, TableReader, TableSpec};
use crate::random::{Draws, unit_ball_measure};

const CENTRE: Param<Axes<f64>> = Param::required("centre", "The middle.").unit("grid.unit");
const RADIUS: Param<f64> =
    Param::required("radius", "Radius of the round section.").unit("grid.unit").range(Range::POSITIVE);
const LENGTH: Param<f64> =
    Param::required("length", "Length along the axis.").unit("grid.unit").range(Range::POSITIVE);
const AXIS: Param<Axis> = Param::default("axis", "\"z\"", "The axis it lies along.");

pub const CYLINDER: Plugin<dyn Region> = Plugin {
    kind: "cylinder",
    about: "A cylinder along an axis; in 2-D its section with the plane: a disc along z, else a rectangle.",
    table: TableSpec { params: &[&CENTRE, &RADIUS, &LENGTH, &AXIS], one_of: &[] },
    example: "{ kind = \"cylinder\", centre = 0, radius = 5, length = 20, axis = \"x\" }",
    build,
};

/// The index of an axis, x y z.
#[derive(Clone, Copy)]
struct Axis(usize);

impl Choice for Axis {
    const ALL: &'static [(&'static str, Axis)] = &[("x", Axis(0)), ("y", Axis(1)), ("z", Axis(2))];
}

struct Cylinder {
    centre: [f64; 3],
    /// Half extents x y z: the radii across, half the length along.
    half: [f64; 3],
    along: usize,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Region>, Bad> {
    let (centre, radius, length, axis) = (p.get(&CENTRE), p.get(&RADIUS), p.get(&LENGTH), p.get(&AXIS));
    let (Axis(along), radius, length) = (axis?, radius?, length?);
    let mut half = [radius; 3];
    half[along] = length / 2.0;
    Ok(Box::new(Cylinder { centre: centre?.0, half, along }))
}

impl Region for Cylinder {
    fn shrunk(&self, margin: [f64; 3]) -> Option<Box<dyn Region>> {
        let half = [0, 1, 2].map(|a| self.half[a] - margin[a]);
        let left = half.iter().all(|&h| h > 0.0);
        left.then(|| Box::new(Cylinder { centre: self.centre, half, along: self.along }) as Box<dyn Region>)
    }

    fn measure(&self, flat: bool) -> f64 {
        let across = |a: usize| self.half[(self.along + a) % 3];
        match (flat, self.along) {
            (true, 2) => unit_ball_measure(true) * self.half[0] * self.half[1],
            (true, _) => 4.0 * self.half[0] * self.half[1],
            _ => unit_ball_measure(true) * across(1) * across(2) * 2.0 * self.half[self.along],
        }
    }

    fn point(&self, draws: &mut Draws, flat: bool) -> [f64; 3] {
        let mut unit = [0.0; 3];
        if flat && self.along != 2 {
            unit[0] = draws.uniform(-1.0, 1.0);
            unit[1] = draws.uniform(-1.0, 1.0);
        } else {
            let disc = draws.in_unit_ball(true);
            unit[(self.along + 1) % 3] = disc[0];
            unit[(self.along + 2) % 3] = disc[1];
            unit[self.along] = draws.uniform(-1.0, 1.0);
        }
        [0, 1, 2].map(|a| if flat && a == 2 { 0.0 } else { self.centre[a] + self.half[a] * unit[a] })
    }
}
