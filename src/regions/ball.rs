//! `ball`: a ball or an ellipsoid along the axes.

use super::Region;
use crate::plugin::forms::Axes;
use crate::plugin::{Bad, Param, Plugin, Range, TableReader, TableSpec};
use crate::random::{Draws, unit_ball_measure};

const CENTRE: Param<Axes<f64>> = Param::required("centre", "The middle.").unit("grid.unit");
const RADIUS: Param<Axes<f64>> = Param::required("radius", "Radius; one per axis makes an ellipsoid.")
    .unit("grid.unit")
    .range(Range::POSITIVE);

pub const BALL: Plugin<dyn Region> = Plugin {
    kind: "ball",
    about: "A ball or ellipsoid; in 2-D a disc or ellipse.",
    table: TableSpec { params: &[&CENTRE, &RADIUS], one_of: &[] },
    example: "{ kind = \"ball\", centre = 0, radius = 10 }",
    build,
};

struct Ball {
    centre: [f64; 3],
    radius: [f64; 3],
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Region>, Bad> {
    let (centre, radius) = (p.get(&CENTRE), p.get(&RADIUS));
    Ok(Box::new(Ball { centre: centre?.0, radius: radius?.0 }))
}

impl Region for Ball {
    fn shrunk(&self, margin: [f64; 3]) -> Option<Box<dyn Region>> {
        let radius = [0, 1, 2].map(|a| self.radius[a] - margin[a]);
        let left = radius.iter().all(|&r| r > 0.0);
        left.then(|| Box::new(Ball { centre: self.centre, radius }) as Box<dyn Region>)
    }

    fn measure(&self, flat: bool) -> f64 {
        unit_ball_measure(flat) * self.radius[..if flat { 2 } else { 3 }].iter().product::<f64>()
    }

    fn point(&self, draws: &mut Draws, flat: bool) -> [f64; 3] {
        let p = draws.in_unit_ball(flat);
        [0, 1, 2].map(|a| if flat && a == 2 { 0.0 } else { self.centre[a] + self.radius[a] * p[a] })
    }
}
