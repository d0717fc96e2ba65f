//! `lua`: whatever a script computes; and the profiles that scripts in plugin directories are.

mod calls;
mod fixed;
mod light;
mod shares;
mod table;

use std::f64::consts::PI;
use std::sync::{Mutex, OnceLock};

use mlua::Value;

use self::calls::{Calls, Probe};
use self::fixed::FixedTable;
use self::light::Sampled;
use self::shares::Shares;
use self::table::RadialTable;
use super::{Dense, Profile, Shape, Sizes, Sums};
use crate::description::Table;
use crate::diagnostic::Diagnostic;
use crate::grid::{Box3, Grid};
use crate::plugin::{Bad, Cell, Param, Plugin, TableReader, TableSpec};
use crate::random::Streams;
use crate::script::role::{PARAMS, Part, Role};
use crate::spot::{Refusal, Size};

const SCRIPT: Param<String> =
    Param::required("script", "The Lua file that returns `radial` or `intensity`, and `support`.");
pub const LUA: Plugin<dyn Profile> = Plugin {
    kind: "lua",
    about: "Whatever a Lua script computes within its `support`: `radial(p, r)`, sampled to a table, or \
            `intensity(p, dx, dy, dz)`, called at every voxel. See docs/lua.md.",
    table: TableSpec { params: &[&SCRIPT, &PARAMS], one_of: &[] },
    example: "{ kind = \"lua\", script = \"../scripts/donut.lua\", params = { radius = 1.5 } }",
    build,
};

/// What a script must return to be a profile.
pub static SCRIPTED: Role = Role { name: "profile", functions: &["radial", "intensity"] };

/// The share of a scene's tolerance that a radial table may be off by; the sum over the spots that overlap at a voxel
/// is part of the rounding bound.
const TABLE_SHARE: f64 = 0.01;

pub struct Lua {
    calls: Calls,
    form: Form,
    /// Beyond this distance from the centre there is nothing.
    support: f64,
    found: Sampled,
    /// Made for the first spot that a face of the grid cuts.
    shares: OnceLock<Shares>,
    /// The first problem of a voxel, while it is rendered.
    failure: Mutex<Option<Diagnostic>>,
}

enum Form {
    /// A table holds the values to the scene's tolerance; maybe one does that fits into registers.
    Table(Box<RadialTable>, Option<Box<FixedTable>>),
    /// No table does: the script is called at every voxel. Or it is asked for that.
    Radial,
    Intensity,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Profile>, Bad> {
    let part = SCRIPTED.read_table(p, &SCRIPT)?;
    let profile = Lua::new(part, p.reading.flat.get()).map_err(|problem| {
        p.reading.report(problem.or_at(|| p.place_of(&SCRIPT)));
        Bad
    })?;
    Ok(Box::new(profile))
}

/// The profile that the script of a plugin directory is; its parameters stand in the slot itself.
pub fn plugin(cell: &Cell<'_>, table: &Table, script: &str) -> Result<Box<dyn Profile>, Bad> {
    let part = SCRIPTED.read_plugin(cell, table, script)?;
    match Lua::new(part, cell.reading.flat.get()) {
        Ok(profile) => Ok(Box::new(profile)),
        Err(problem) => cell.fail(problem),
    }
}

impl Lua {
    fn new(part: Part, flat: bool) -> Result<Lua, Diagnostic> {
        let radial = part.function == "radial";
        let mut calls = Calls::new(part);
        let (form, support, mut found) = calls.probe(|probe| {
            let support = probe.support()?;
            let (form, found) = if radial {
                let (table, found) = sample_radial(probe, support, flat)?;
                let fixed = FixedTable::sample(support, &mut |r, out| probe.radial(r, out))?;
                (Form::Table(Box::new(table), Some(Box::new(fixed))), found)
            } else {
                (Form::Intensity, light::solid(support, flat, |points, out| probe.intensity(points, out))?)
            };
            if found.peak == 0.0 {
                return Err(probe.problem("the profile is 0 everywhere within its support"));
            }
            Ok((form, support, found))
        })?;
        found.forget_rounding(support, flat);
        Ok(Lua { calls, form, support, found, shares: OnceLock::new(), failure: Mutex::new(None) })
    }

    fn fail(&self, problem: Diagnostic) {
        let mut failure = self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Of several the same one is told, whatever the order of the threads.
        let earlier = |other: &Diagnostic| other.message <= problem.message;
        if !failure.as_ref().is_some_and(earlier) {
            *failure = Some(problem);
        }
    }

    /// Values at offsets from the centre; 0 beyond the support.
    fn values(&self, dx: &[f64], dy: f64, dz: f64, out: &mut [f64]) {
        let rest = dy * dy + dz * dz;
        let limit = self.support * self.support;
        if let Form::Table(table, _) = &self.form {
            return table.row(dx, rest, out);
        }
        out.fill(0.0);
        // Those within the support are neighbours.
        let inside = |dx: &f64| dx * dx + rest <= limit;
        let Some(start) = dx.iter().position(inside) else { return };
        let end = dx.iter().rposition(inside).map_or(start, |last| last + 1);
        let result = match self.form {
            Form::Intensity => {
                self.calls.each(dx[start..end].iter().map(|&dx| [dx, dy, dz]), &mut out[start..end])
            }
            _ => {
                let radius = |dx: &f64| [(dx * dx + rest).sqrt()];
                self.calls.each(dx[start..end].iter().map(radius), &mut out[start..end])
            }
        };
        if let Err(problem) = result {
            out.fill(0.0);
            self.fail(problem);
        }
    }
}

impl Profile for Lua {
    fn has_width(&self) -> bool {
        true
    }

    /// A sigma that a spot brings says nothing about what a script computes: it is ignored.
    fn sizes<'a>(&'a self, _: &Streams) -> Sizes<'a> {
        let size = Size { width: [self.support; 3], rim: 0.0 };
        Box::new(move |_, _| Ok(size))
    }

    fn settle(&mut self, tolerance: f64, single: bool) -> Result<Vec<String>, Refusal> {
        let mut warnings = Vec::new();
        let name = self.calls.name();
        let allowed = TABLE_SHARE * tolerance;
        if let Form::Table(_, fixed) = &mut self.form
            && !(single && fixed.as_ref().is_some_and(|fixed| fixed.table_error <= allowed))
        {
            *fixed = None;
        }
        if let Form::Table(table, _) = &self.form
            && table.error > allowed
        {
            warnings.push(format!(
                "{name}: no table holds `radial` to {tolerance:e} of its peak (it jumps, or bends sharply): it is called at every \
                 voxel, which is slow"
            ));
            self.form = Form::Radial;
        }
        if self.found.at_support > tolerance * self.found.peak {
            warnings.push(format!(
                "{name}: at its support of {} the profile is still {:.1e} of its peak: it is cut off there; raise `support`, or \
                 let the profile fall to 0",
                self.support,
                self.found.at_support / self.found.peak
            ));
        }
        let (integral, uncertain) = self.found.integral;
        if uncertain > 1e-3 * integral.abs() {
            warnings.push(format!(
                "{name}: the light of the profile is known to {:.1e} of itself only, and so are photons",
                uncertain / integral.abs()
            ));
        }
        Ok(warnings)
    }

    /// Integral over space, per voxel.
    fn light(&self, _: &Size, grid: &Grid) -> f64 {
        self.found.integral.0 / grid.voxel_measure()
    }

    fn peak(&self, _: &Size, _: &Grid) -> f64 {
        self.found.peak
    }

    fn reach(&self, _: &Size, grid: &Grid, _: f64) -> [f64; 3] {
        let mut reach = [0.5; 3];
        for a in grid.axes() {
            // In reserve for the rounding of offsets.
            reach[a] = self.support / grid.voxel_size[a] * (1.0 + 1e-11) + 1e-9;
        }
        reach
    }

    fn reach_at_cutoff(&self, size: &Size, grid: &Grid, _: f64) -> [f64; 3] {
        self.reach(size, grid, 0.0)
    }

    fn outside(&self, _: &Size, grid: &Grid, reach: [f64; 3]) -> f64 {
        let whole = grid.axes().all(|a| reach[a] * grid.voxel_size[a] >= self.support);
        if whole { 0.0 } else { self.found.peak }
    }

    /// An offset has 8 units of rounding; the table's own error comes to that.
    fn rounding(&self, _: &Size, _: &Grid) -> f64 {
        match &self.form {
            Form::Table(table, fixed) => {
                let off = fixed.as_ref().map_or(table.error, |fixed| fixed.error);
                16.0 * (1.0 + table.steepest * self.support / self.found.peak) + off / f64::EPSILON
            }
            _ => 16.0,
        }
    }

    fn inside(&self, centre: [f64; 3], _: &Size, grid: &Grid, region: &Box3) -> f64 {
        let extent = self.found.extent;
        let reach = |a: usize| extent / grid.voxel_size[a];
        let start = |a: usize| region[a].start as f64 - 0.5;
        let end = |a: usize| region[a].end as f64 - 0.5;
        if grid.axes().all(|a| centre[a] - reach(a) >= start(a) && centre[a] + reach(a) < end(a)) {
            return 1.0;
        }
        if grid.axes().any(|a| centre[a] + reach(a) < start(a) || centre[a] - reach(a) >= end(a)) {
            return 0.0;
        }
        let make = || Shares::new(extent, grid.flat, |dx, dy, dz, out| self.values(dx, dy, dz, out));
        self.shares.get_or_init(make).of(centre, grid, region)
    }

    fn shape(&self) -> Shape<'_> {
        Shape::Dense(self)
    }

    fn failure(&self) -> Option<Diagnostic> {
        self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Dense for Lua {
    fn row(&self, _: &Size, dx: &[f64], dy: f64, dz: f64, out: &mut [f64]) {
        self.values(dx, dy, dz, out);
    }

    fn add(&self, _: &Size, amplitude: f64, offsets: [&[f64]; 3], sums: &mut Sums<'_>) -> bool {
        match &self.form {
            Form::Table(_, Some(fixed)) => {
                fixed.add(amplitude as f32, offsets, sums);
                true
            }
            _ => false,
        }
    }
}

/// What is found of a radial function, and its table.
fn sample_radial(
    probe: &mut Probe<'_>,
    support: f64,
    flat: bool,
) -> Result<(RadialTable, Sampled), Diagnostic> {
    let mut function = |r: &[f64], out: &mut [f64]| probe.radial(r, out);
    let table = RadialTable::sample(support, &mut function)?;
    let mut edge = [0.0];
    function(&[support], &mut edge)?;
    let integral = if table.error <= TABLE_SHARE * 1e-3 {
        (table.integral(flat), 0.0)
    } else {
        light::radial(support, flat, &mut function)?
    };
    let extent = light::extent(support, &table);
    let found = Sampled { peak: table.peak, integral, at_support: edge[0].abs(), extent };
    Ok((table, found))
}

/// Surface of the unit sphere, or length of the unit circle.
fn unit_surface(flat: bool) -> f64 {
    if flat { 2.0 * PI } else { 4.0 * PI }
}

/// A number that a script returned.
fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(x) => Some(*x),
        Value::Integer(n) => Some(*n as f64),
        _ => None,
    }
}
