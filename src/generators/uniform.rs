//! `uniform`: uniformly at random in the grid or in a region.

use rayon::prelude::*;

use super::{Generator, Layout, Placed};
use crate::plugin::forms::Axes;
use crate::plugin::{Bad, OneOf, Param, Plugin, Range, TableReader, TableSpec};
use crate::regions::{Region, of_grid};
use crate::spot::Refusal;
use crate::value::Count;

const COUNT: Param<Count> = Param::optional("count", "How many spots.");
const DENSITY: Param<f64> =
    Param::optional("density", "How many spots per cubic (in 2-D square) unit; rounded.")
        .unit("per grid.unit^3")
        .range(Range::NOT_NEGATIVE);
const WITHIN: Param<Box<dyn Region>> = Param::otherwise("within", "the grid", "The region the spots lie in.");
const MARGIN: Param<Axes<f64>> = Param::default(
    "margin",
    "0",
    "How far from the region's surface they keep; negative: how far beyond it they go.",
)
.unit("grid.unit");

pub const UNIFORM: Plugin<dyn Generator> = Plugin {
    kind: "uniform",
    about: "Uniformly at random.",
    table: TableSpec {
        params: &[&COUNT, &DENSITY, &WITHIN, &MARGIN],
        one_of: &[OneOf { names: &["count", "density"], required: true }],
    },
    example: "{ kind = \"uniform\", count = 100 }",
    build,
};

struct Uniform {
    count: Option<Count>,
    density: Option<f64>,
    within: Option<Box<dyn Region>>,
    margin: [f64; 3],
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Generator>, Bad> {
    let (count, density) = (p.optional(&COUNT), p.optional(&DENSITY));
    let (within, margin) = (p.optional(&WITHIN), p.get(&MARGIN));
    Ok(Box::new(Uniform { count: count?, density: density?, within: within?, margin: margin?.0 }))
}

impl Generator for Uniform {
    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal> {
        let flat = layout.grid.flat;
        let whole = of_grid(layout.grid);
        let region = self.within.as_deref().unwrap_or(&whole).shrunk(self.margin).ok_or_else(|| {
            Refusal::new("`margin` leaves nothing of the region").help("choose a smaller `margin`")
        })?;
        let count = match (self.count, self.density) {
            (Some(count), _) => count.draw(&mut layout.streams.field("count").at(0)),
            (None, density) => (density.unwrap_or(0.0) * region.measure(flat)).round_ties_even() as u64,
        };
        let count = layout.admit(count)?;
        let field = layout.streams.field("position");
        let point = |i: usize| region.point(&mut field.at(i as u64), flat);
        Ok(Placed::at((0..count).into_par_iter().map(point).collect()))
    }
}
