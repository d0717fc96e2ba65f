//! `lua`: wherever a script says; and the generators that scripts in plugin directories are.

mod collector;
mod surroundings;

use std::cell::RefCell;

use mlua::thread::ThreadStatus;
use mlua::{Function, Value};

use self::collector::{Collector, Full};
use super::{Brings, Generator, Layout, Placed};
use crate::description::Table;
use crate::plugin::{Bad, Cell, Param, Plugin, TableReader, TableSpec};
use crate::script::parameters::to_lua;
use crate::script::role::{PARAMS, Part, Role};
use crate::script::{budget, in_thread, kind, streams};
use crate::spot::Refusal;

const SCRIPT: Param<String> = Param::required("script", "The Lua file that returns `generate`.");
pub const LUA: Plugin<dyn Generator> = Plugin {
    kind: "lua",
    about: "Wherever a Lua script says: its `generate(p, scene)` returns, yields or emits spots, which may bring \
            amplitude or photons, sigma, and columns of their own for /spots. See docs/lua.md.",
    table: TableSpec { params: &[&SCRIPT, &PARAMS], one_of: &[] },
    example: "{ kind = \"lua\", script = \"../scripts/random_clusters.lua\", params = { clusters = 8, radius = 1.5 } }",
    build,
};

/// What a script must return to be a generator.
pub static SCRIPTED: Role = Role { name: "generator", functions: &["generate"] };

struct Lua(Part);

fn build(p: &TableReader<'_>) -> Result<Box<dyn Generator>, Bad> {
    Ok(Box::new(Lua(SCRIPTED.read_table(p, &SCRIPT)?)))
}

/// The generator that the script of a plugin directory is; its parameters stand in the slot itself.
pub fn plugin(cell: &Cell<'_>, table: &Table, script: &str) -> Result<Box<dyn Generator>, Bad> {
    Ok(Box::new(Lua(SCRIPTED.read_plugin(cell, table, script)?)))
}

impl Generator for Lua {
    /// Only its spots tell; one that lacks something is told then.
    fn brings(&self) -> Brings {
        Brings { brightness: true, sigma: true }
    }

    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal> {
        let Lua(Part { program, arguments, .. }) = self;
        let grid = layout.grid;
        let running =
            program.start(|lua| streams::provide(lua, layout.streams, grid.corners(), grid.flat))?;
        let columns = running.names("columns")?;
        let collector =
            Collector::new(layout, program.host().memory, columns).map_err(|what| program.problem(&what))?;
        let collector = RefCell::new(collector);
        let called = running.engine.run(|lua| {
            let generate: Function = running.module.raw_get("generate")?;
            let parameters = to_lua(lua, arguments)?;
            let scene = surroundings::scene(lua, layout, &collector)?;
            let thread = lua.create_thread(generate)?;
            let located = |error| in_thread(lua, &thread, error);
            let mut spots: Value = thread.resume((parameters, scene)).map_err(located)?;
            while thread.status() == ThreadStatus::Resumable {
                absorb(lua, &collector, spots)?;
                spots = thread.resume(()).map_err(located)?;
            }
            absorb(lua, &collector, spots)
        });
        let mut collector = collector.borrow_mut();
        // A script may have caught the error, but not what it stands for.
        if let Some(full) = collector.full {
            let (most, memory, option) = match full {
                Full::Program(most) => (most, "memory allowed", "--max-memory"),
                Full::Script(most) => (most, "memory of a script", "--lua-memory"),
            };
            let name = program.name();
            let what =
                format!("{name}: the script makes more spots than fit into the {memory}, which holds {most}");
            return Err(Refusal { limit: true, ..Refusal::new(what) }
                .help(format!("ask for fewer spots, or raise {option}")));
        }
        called?;
        Ok(collector.finish())
    }
}

/// Steps that a batch of spots takes by itself.
const BATCH_STEPS: u64 = 20;

/// Takes over what `generate` returned or yielded.
fn absorb(lua: &mlua::Lua, collector: &RefCell<Collector>, spots: Value) -> mlua::Result<()> {
    budget::charge(BATCH_STEPS);
    match spots {
        Value::Nil => Ok(()),
        Value::Table(table) => {
            let x: Value = table.raw_get("x")?;
            match x {
                Value::Table(_) => collector::columns(lua, collector, table),
                Value::Nil => collector::list(lua, collector, table),
                _ => collector::list(lua, collector, lua.create_sequence_from([table])?),
            }
        }
        other => Err(mlua::Error::runtime(format!(
            "`generate` gives {}; allowed: a list of spots, columns of numbers {{ x = {{…}}, y = {{…}}, … }}, or nothing",
            kind(&other)
        ))),
    }
}
