//! `cluster`: Gaussian clouds around parents.

use rayon::prelude::*;
use serde_json::{Value as Json, json};

use super::{Generator, Layout, Placed};
use crate::description::Value as TomlValue;
use crate::plugin::forms::{Axes, axis_schema, read_axes};
use crate::plugin::{Bad, Cell, OneOf, Param, Plugin, Range, Reads, TableReader, TableSpec};
use crate::regions::{Region, of_grid};
use crate::spot::{Extra, Refusal};
use crate::value::{Count, Value, Widths};

const CLUSTERS: Param<Count> =
    Param::optional("clusters", "How many clusters; their middles lie uniformly at random in the grid.");
const PARENTS: Param<Parents> =
    Param::optional("parents", "The clusters' middles, which are no spots themselves.").unit("grid.unit");
const PER_CLUSTER: Param<Value> = Param::required(
    "per_cluster",
    "Spots in a cluster, rounded to a whole number; a distribution is drawn once per cluster.",
)
.range(Range::NOT_NEGATIVE);
const RADIUS: Param<Widths> = Param::required(
    "radius",
    "Standard deviation of a cluster on each axis; a distribution is drawn once per cluster.",
)
.unit("grid.unit")
.range(Range::NOT_NEGATIVE);

pub const CLUSTER: Plugin<dyn Generator> = Plugin {
    kind: "cluster",
    about: "Gaussian clouds (with Poisson numbers a Thomas process); spots may lie outside the grid.",
    table: TableSpec {
        params: &[&CLUSTERS, &PARENTS, &PER_CLUSTER, &RADIUS],
        one_of: &[OneOf { names: &["clusters", "parents"], required: true }],
    },
    example: "{ kind = \"cluster\", clusters = 5, per_cluster = { poisson = 20 }, radius = 4 }",
    build,
};

/// Points without anything else: x, y and, in 3-D, z.
struct Parents(Vec<[f64; 3]>);

struct Cluster {
    clusters: Option<Count>,
    parents: Option<Parents>,
    per_cluster: Value,
    radius: Widths,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Generator>, Bad> {
    let (clusters, parents) = (p.optional(&CLUSTERS), p.optional(&PARENTS));
    let (per_cluster, radius) = (p.get(&PER_CLUSTER), p.get(&RADIUS));
    Ok(Box::new(Cluster {
        clusters: clusters?,
        parents: parents?,
        per_cluster: per_cluster?,
        radius: radius?,
    }))
}

impl Reads for Parents {
    fn read(cell: &Cell<'_>) -> Result<Parents, Bad> {
        let TomlValue::Array(items) = &cell.node.value else {
            return cell.wrong("an array of points { x, y, z }");
        };
        let points: Vec<_> = items.iter().map(|item| read_axes(&cell.at(item), f64::read)).collect();
        points.into_iter().map(|point| point.map(|Axes(p)| p)).collect::<Result<_, _>>().map(Parents)
    }

    fn form() -> String {
        "array of { x, y, z }".into()
    }

    fn schema(range: &Range) -> Json {
        json!({ "type": "array", "items": axis_schema(f64::schema(range)) })
    }
}

impl Cluster {
    /// The clusters' middles.
    fn middles(&self, layout: &Layout<'_>) -> Result<Vec<[f64; 3]>, Refusal> {
        if let Some(Parents(points)) = &self.parents {
            return Ok(points.clone());
        }
        let count = self.clusters.unwrap_or(Count::Exactly(0));
        let count = layout.admit(count.draw(&mut layout.streams.field("cluster.clusters").at(0)))?;
        let (field, grid) = (layout.streams.field("cluster.parents"), of_grid(layout.grid));
        let middle = |i: usize| grid.point(&mut field.at(i as u64), layout.grid.flat);
        Ok((0..count).into_par_iter().map(middle).collect())
    }
}

impl Generator for Cluster {
    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal> {
        let middles = self.middles(layout)?;
        // `ends[c]` is the number of spots in the clusters up to and including c.
        let field = layout.streams.field("cluster.per_cluster");
        let mut ends = Vec::with_capacity(middles.len());
        let mut total = 0_u64;
        for c in 0..middles.len() as u64 {
            // The cast saturates, as does the sum.
            total = total.saturating_add(self.per_cluster.draw(&field, c)?.round_ties_even() as u64);
            ends.push(total);
        }
        let total = layout.admit(total)?;
        let radius = self.radius.sampler(layout.streams, "cluster.radius");
        let radii = (0..middles.len() as u64).map(radius).collect::<Result<Vec<_>, Refusal>>()?;

        let of_spot = |i: usize| ends.partition_point(|&end| end <= i as u64);
        let field = layout.streams.field("position");
        let point = |i: usize| {
            let c = of_spot(i);
            let mut draws = field.at(i as u64);
            let mut centre = [0.0; 3];
            for a in layout.grid.axes() {
                centre[a] = middles[c][a] + radii[c][a] * draws.normal();
            }
            centre
        };
        let cluster = Extra {
            name: "cluster".into(),
            unit: String::new(),
            values: (0..total).into_par_iter().map(|i| of_spot(i) as f64).collect(),
        };
        let centres = (0..total).into_par_iter().map(point).collect();
        Ok(Placed { extras: vec![cluster], ..Placed::at(centres) })
    }
}
