//! Regions: where random spots may lie. One file each kind.

mod ball;
mod r#box;
mod cylinder;

use serde_json::Value as Json;

use crate::grid::Grid;
use crate::plugin::{Bad, Cell, Family, Range, Reads};
use crate::random::Draws;

pub use r#box::Cuboid;

/// A part of space, in world units; points are x, y, z.
pub trait Region: Send + Sync {
    /// The region whose surface lies `margin` (x, y, z) further in; `None` where nothing is left.
    fn shrunk(&self, margin: [f64; 3]) -> Option<Box<dyn Region>>;
    /// Volume, or area where `flat`.
    fn measure(&self, flat: bool) -> f64;
    /// A point, all equally likely.
    fn point(&self, draws: &mut Draws, flat: bool) -> [f64; 3];
}

pub const REGIONS: Family<dyn Region> = Family {
    name: "region",
    plugins: &[&r#box::BOX, &ball::BALL, &cylinder::CYLINDER],
    planned: &[],
    scripted: None,
};

impl Reads for Box<dyn Region> {
    fn read(cell: &Cell<'_>) -> Result<Self, Bad> {
        REGIONS.read(cell)
    }

    fn form() -> String {
        REGIONS.form()
    }

    fn schema(_: &Range) -> Json {
        REGIONS.schema()
    }
}

/// The grid as a region: the union of its voxels.
pub fn of_grid(grid: &Grid) -> Cuboid {
    let (min, max) = grid.corners();
    Cuboid { min, max }
}
