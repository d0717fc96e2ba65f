//! What `generate` gets as its second argument: the grid, the random numbers, `emit`.

use std::cell::RefCell;

use mlua::{Lua, Result, Table, Value};

use super::collector::{Collector, provide_emit};
use crate::generators::Layout;
use crate::grid::AXES;
use crate::script::streams;

/// Makes the table `scene`.
///
/// # Errors
/// When the interpreter has no memory left.
pub fn scene(lua: &Lua, layout: &Layout<'_>, collector: &RefCell<Collector>) -> Result<Value> {
    let grid = layout.grid;
    let axes = |values: [f64; 3]| -> Result<Table> {
        let table = lua.create_table_with_capacity(0, 3)?;
        for (name, x) in AXES.iter().zip(values) {
            table.raw_set(*name, x)?;
        }
        table.set_readonly(true);
        Ok(table)
    };
    let (low, high) = grid.corners();
    let facts = lua.create_table()?;
    facts.raw_set("shape", axes(grid.shape.map(|n| n as f64))?)?;
    facts.raw_set("voxel_size", axes(grid.voxel_size)?)?;
    facts.raw_set("origin", axes(grid.origin)?)?;
    facts.raw_set("min", axes(low)?)?;
    facts.raw_set("max", axes(high)?)?;
    facts.raw_set("centre", axes([0, 1, 2].map(|a| low[a] + (high[a] - low[a]) / 2.0))?)?;
    facts.raw_set("size", axes([0, 1, 2].map(|a| high[a] - low[a]))?)?;
    facts.raw_set("unit", grid.unit.name())?;
    facts.raw_set("flat", grid.flat)?;
    facts.set_readonly(true);
    let scene = lua.create_table()?;
    scene.raw_set("grid", facts)?;
    scene.raw_set("rng", streams::provided(lua)?)?;
    scene.raw_set("frame", 0)?;
    scene.raw_set("emit", provide_emit(lua, collector)?)?;
    scene.set_readonly(true);
    Ok(Value::Table(scene))
}
