//! `poisson_disk`: no two spots nearer than a distance.

mod filling;
mod mesh;

use self::filling::fill;
use self::mesh::{Crowd, Mesh};
use super::{Generator, Layout, Placed};
use crate::plugin::{Bad, Param, Plugin, Range, TableReader, TableSpec};
use crate::regions::{Region, of_grid};
use crate::spot::Refusal;
use crate::value::Count;

const MIN_DISTANCE: Param<f64> = Param::required("min_distance", "No two spots are nearer than this.")
    .unit("grid.unit")
    .range(Range::POSITIVE);
const COUNT: Param<Count> = Param::otherwise("count", "as many as fit", "How many spots.");

pub const POISSON_DISK: Plugin<dyn Generator> = Plugin {
    kind: "poisson_disk",
    about: "At random with no two nearer than a distance: each spot uniformly in the room the ones before \
            it leave.",
    table: TableSpec { params: &[&MIN_DISTANCE, &COUNT], one_of: &[] },
    example: "{ kind = \"poisson_disk\", min_distance = 4, count = 100 }",
    build,
};

struct PoissonDisk {
    min_distance: f64,
    count: Option<Count>,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Generator>, Bad> {
    let (min_distance, count) = (p.get(&MIN_DISTANCE), p.optional(&COUNT));
    Ok(Box::new(PoissonDisk { min_distance: min_distance?, count: count? }))
}

/// So many darts in a row without a hit, and most of the room is taken: were only 90 % of it, this would
/// happen once in 40 000 runs.
const MISSES: u32 = 100;

impl Generator for PoissonDisk {
    /// Random sequential insertion. While there is much room, darts are thrown at all of the grid; then the
    /// room that is left is searched out (see [`filling`]), so that "as many as fit" ends where there is no
    /// room for one more.
    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal> {
        let (flat, region) = (layout.grid.flat, of_grid(layout.grid));
        let distance = self.min_distance;
        let asked = match self.count {
            Some(count) => Some(layout.admit(count.draw(&mut layout.streams.field("count").at(0)))?),
            None => {
                layout.admit(Mesh::at_least(&region, distance, flat))?;
                None
            }
        };
        let wanted = asked.unwrap_or(usize::MAX);
        // More cells than this serve nobody, however small the distance.
        let cells = 4_u64.saturating_mul(asked.map_or(layout.most_spots, |count| count as u64));
        let mut crowd = Crowd::new(Mesh::new(&region, distance, cells, flat), distance);

        let field = layout.streams.field("position");
        let (mut dart, mut misses) = (0, 0);
        while crowd.len() < wanted && misses < MISSES {
            let point = region.point(&mut field.at(dart), flat);
            dart += 1;
            misses += 1;
            if crowd.has_room(point) {
                layout.admit(crowd.len() as u64 + 1)?;
                crowd.add(point);
                misses = 0;
            }
        }
        fill(&mut crowd, wanted, layout)?;
        if let Some(asked) = asked
            && crowd.len() < asked
        {
            let message =
                format!("only {} of {asked} spots fit at a `min_distance` of {distance}", crowd.len());
            return Err(Refusal::new(message).help("choose a smaller `count` or `min_distance`"));
        }
        Ok(Placed::at(crowd.into_points()))
    }
}
