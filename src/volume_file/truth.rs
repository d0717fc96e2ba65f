//! `/spots`: the truth, one row per spot.

use hdf5::types::{CompoundField, CompoundType, FloatSize, IntSize, TypeDescriptor};
use rayon::prelude::*;

use crate::grid::{AXES, Box3, Grid};
use crate::nearest::nearest_distances;
use crate::populate::Spots;
use crate::scene::Scene;
use crate::spot::Spot;

/// Rows of a chunk of the table.
pub const ROWS: usize = 4096;

/// One column: its name, its unit, and whether it is a whole number of some bytes (else f64).
struct Column {
    name: String,
    unit: String,
    whole: Option<IntSize>,
}

/// The rows of the truth table, made when they are asked for.
pub struct Truth<'a> {
    scene: &'a Scene,
    spots: &'a Spots,
    /// The part of the grid that the file holds.
    region: &'a Box3,
    nearest: Vec<f64>,
    /// The share of each spot's light that falls into the region.
    inside: Vec<f64>,
    columns: Vec<Column>,
}

impl<'a> Truth<'a> {
    pub fn new(scene: &'a Scene, spots: &'a Spots, region: &'a Box3) -> Truth<'a> {
        let centres: Vec<[f64; 3]> =
            spots.list.par_iter().map(|spot| flattened(&scene.grid, spot.centre)).collect();
        let inside = |(id, spot): (usize, &Spot)| {
            let profile = &scene.groups[spots.group_of(id)].profile;
            profile.inside(scene.grid.to_voxel(spot.centre), &spot.size, &scene.grid, region)
        };
        Truth {
            scene,
            spots,
            region,
            nearest: nearest_distances(&centres),
            inside: spots.list.par_iter().enumerate().map(inside).collect(),
            columns: columns(scene, spots),
        }
    }

    pub fn rows(&self) -> usize {
        self.spots.list.len()
    }

    pub fn units(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.unit.clone()).collect()
    }

    /// The HDF5 type of a row: the columns one behind the other.
    pub fn row_type(&self) -> TypeDescriptor {
        let mut fields = Vec::new();
        let mut offset = 0;
        for (index, column) in self.columns.iter().enumerate() {
            let ty = column.whole.map_or(TypeDescriptor::Float(FloatSize::U8), TypeDescriptor::Unsigned);
            let size = ty.size();
            fields.push(CompoundField { name: column.name.clone(), ty, offset, index });
            offset += size;
        }
        TypeDescriptor::Compound(CompoundType { fields, size: offset })
    }

    /// The bytes of chunk `index`, little-endian, zeros behind the last row.
    pub fn chunk(&self, index: usize) -> Vec<u8> {
        let size = self.row_type().size();
        let first = index * ROWS;
        let mut bytes = Vec::with_capacity(ROWS.min(self.rows()) * size);
        for id in first..(first + ROWS).min(self.rows()) {
            self.row(id, &mut bytes);
        }
        bytes.resize(ROWS.min(self.rows()) * size, 0);
        bytes
    }

    fn row(&self, id: usize, bytes: &mut Vec<u8>) {
        let grid = &self.scene.grid;
        let (spot, group) = (&self.spots.list[id], self.spots.group_of(id));
        let (profile, truth) = (&self.scene.groups[group].profile, self.scene.groups[group].truth);
        let voxel = grid.to_voxel(spot.centre);
        bytes.extend((id as u64).to_le_bytes());
        bytes.extend((group as u32).to_le_bytes());
        let mut number = |x: f64| bytes.extend(x.to_le_bytes());
        grid.axes().for_each(|a| number(spot.centre[a]));
        grid.axes().for_each(|a| number(voxel[a] - self.region[a].start as f64));
        number(spot.amplitude);
        number(self.spots.photons[id]);
        let sigma = profile.sigma(&spot.size);
        grid.axes().for_each(|a| number(sigma[a]));
        number(self.inside[id]);
        number(self.nearest[id]);
        number(if truth { 1.0 } else { 0.0 });
        self.spots.extras.iter().for_each(|extra| number(extra.values[id]));
    }

    /// How many spots leave no light in the region.
    pub fn outside(&self) -> usize {
        let dark = |id: usize| {
            let spot = &self.spots.list[id];
            let profile = &self.scene.groups[self.spots.group_of(id)].profile;
            let inside = self.inside[id];
            // Less than a photon in a billion, and less than a billionth of one voxel at the spot's peak: of a spot
            // much wider than the grid nearly all light falls beside it, and yet it lights every voxel.
            inside < 1e-9 && inside * profile.light(&spot.size, &self.scene.grid) < 1e-9
        };
        (0..self.rows()).into_par_iter().filter(|&id| dark(id)).count()
    }
}

fn flattened(grid: &Grid, centre: [f64; 3]) -> [f64; 3] {
    if grid.flat { [centre[0], centre[1], 0.0] } else { centre }
}

fn columns(scene: &Scene, spots: &Spots) -> Vec<Column> {
    let unit = scene.grid.unit.name();
    let axes = || AXES[scene.grid.axes()].iter();
    let column = |name: &str, unit: &str| Column { name: name.into(), unit: unit.into(), whole: None };
    let mut columns = vec![
        Column { whole: Some(IntSize::U8), ..column("id", "") },
        Column { whole: Some(IntSize::U4), ..column("group", "") },
    ];
    columns.extend(axes().map(|axis| column(axis, unit)));
    columns.extend(axes().map(|axis| column(&format!("i{axis}"), "voxel")));
    columns.push(column("amplitude", spots.value_unit()));
    columns.push(column("photons", "photons"));
    columns.extend(axes().map(|axis| column(&format!("sigma_{axis}"), unit)));
    columns.push(column("inside", ""));
    columns.push(column("nearest", unit));
    columns.push(column("truth", ""));
    columns.extend(spots.extras.iter().map(|extra| column(&extra.name, &extra.unit)));
    columns
}
