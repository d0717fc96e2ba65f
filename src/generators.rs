//! Generators: where the spots are. One file each kind; the list below is all there is.

mod cluster;
mod filament;
mod lattice;
mod lua;
mod points;
mod poisson_disk;
mod shell;
mod table;
mod uniform;

use serde_json::Value as Json;

use crate::grid::Grid;
use crate::plugin::{Bad, Cell, Family, Range, Reads};
use crate::random::Streams;
use crate::spot::{Extra, Refusal};

/// Places the spots of one group.
pub trait Generator: Send + Sync {
    /// What every one of its spots brings along; the group must give the rest.
    fn brings(&self) -> Brings {
        Brings::default()
    }

    /// Places the spots. The result depends on the layout alone, not on threads or other groups.
    ///
    /// # Errors
    /// What cannot be done, such as a count that does not fit.
    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal>;
}

pub use lua::SCRIPTED;

pub const GENERATORS: Family<dyn Generator> = Family {
    name: "generator",
    plugins: &[
        &points::POINTS,
        &table::TABLE,
        &uniform::UNIFORM,
        &lattice::LATTICE,
        &poisson_disk::POISSON_DISK,
        &cluster::CLUSTER,
        &shell::SHELL,
        &filament::FILAMENT,
        &lua::LUA,
    ],
    planned: &["mask"],
    scripted: Some(lua::plugin),
};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Brings {
    /// Amplitude or photons.
    pub brightness: bool,
    pub sigma: bool,
}

/// What a generator may know of the scene.
pub struct Layout<'a> {
    pub grid: &'a Grid,
    pub streams: &'a Streams,
    /// The most spots that fit into the memory allowed.
    pub most_spots: u64,
}

impl Layout<'_> {
    /// `count` as a size to allocate, where so many spots fit into memory.
    pub fn admit(&self, count: u64) -> Result<usize, Refusal> {
        if count > self.most_spots {
            return Err(Refusal {
                limit: true,
                ..Refusal::new(format!(
                    "{} spots do not fit into the memory allowed, which holds {}",
                    // Counts saturate.
                    if count == u64::MAX { "more than 1e19".to_string() } else { count.to_string() },
                    self.most_spots
                ))
                .help("ask for fewer spots, or raise --max-memory")
            });
        }
        Ok(count as usize)
    }
}

/// The spots of a group, in the generator's order; world units, x y z.
#[derive(Debug, Default, PartialEq)]
pub struct Placed {
    pub centres: Vec<[f64; 3]>,
    /// Own values of the spots, as long as `centres` or empty; NaN where a spot brings none.
    pub amplitude: Vec<f64>,
    pub photons: Vec<f64>,
    pub sigma: Vec<[f64; 3]>,
    /// Further columns of the truth table.
    pub extras: Vec<Extra>,
}

impl Placed {
    pub fn at(centres: Vec<[f64; 3]>) -> Placed {
        Placed { centres, ..Placed::default() }
    }
}

impl Reads for Box<dyn Generator> {
    fn read(cell: &Cell<'_>) -> Result<Self, Bad> {
        GENERATORS.read(cell)
    }

    fn form() -> String {
        GENERATORS.form()
    }

    fn schema(_: &Range) -> Json {
        GENERATORS.schema()
    }
}
