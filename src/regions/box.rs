//! `box`: a box along the axes.

use super::Region;
use crate::diagnostic::Diagnostic;
use crate::plugin::forms::Axes;
use crate::plugin::{Bad, Param, Plugin, TableReader, TableSpec};
use crate::random::Draws;

const MIN: Param<Axes<f64>> =
    Param::required("min", "The corner with the smallest coordinates.").unit("grid.unit");
const MAX: Param<Axes<f64>> =
    Param::required("max", "The corner with the largest coordinates.").unit("grid.unit");

pub const BOX: Plugin<dyn Region> = Plugin {
    kind: "box",
    about: "A box along the axes.",
    table: TableSpec { params: &[&MIN, &MAX], one_of: &[] },
    example: "{ kind = \"box\", min = { x = -10, y = -10, z = -5 }, max = { x = 10, y = 10, z = 5 } }",
    build,
};

/// A box with these corners, x y z.
pub struct Cuboid {
    pub min: [f64; 3],
    pub max: [f64; 3],
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Region>, Bad> {
    let (min, max) = (p.get(&MIN), p.get(&MAX));
    let (Axes(min), Axes(max)) = (min?, max?);
    let axes = if p.reading.flat.get() { 0..2 } else { 0..3 };
    if axes.clone().any(|a| min[a] >= max[a]) {
        let problem = Diagnostic::invalid(format!("`{}`: `min` must be below `max` on every axis", p.name));
        p.reading.report(problem.at(p.place_of(&MAX)));
        return Err(Bad);
    }
    Ok(Box::new(Cuboid { min, max }))
}

impl Region for Cuboid {
    fn shrunk(&self, margin: [f64; 3]) -> Option<Box<dyn Region>> {
        let (mut min, mut max) = (self.min, self.max);
        for a in 0..3 {
            // A flat grid has no extent along z.
            if max[a] > min[a] {
                min[a] += margin[a];
                max[a] -= margin[a];
                if min[a] >= max[a] {
                    return None;
                }
            }
        }
        Some(Box::new(Cuboid { min, max }))
    }

    fn measure(&self, flat: bool) -> f64 {
        (0..if flat { 2 } else { 3 }).map(|a| self.max[a] - self.min[a]).product()
    }

    fn point(&self, draws: &mut Draws, flat: bool) -> [f64; 3] {
        let mut point = [0.0; 3];
        for a in 0..if flat { 2 } else { 3 } {
            point[a] = draws.uniform(self.min[a], self.max[a]);
        }
        point
    }
}
