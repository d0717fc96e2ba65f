//! The part a script takes in a scene, generator or profile: what it must return, and its parameters.

use std::path::Path;

use mlua::Value;

use super::parameters::{Argument, Given, Parameter, arguments, declared};
use super::{Program, Running};
use crate::description::{Entry, Table};
use crate::diagnostic::{Diagnostic, Place};
use crate::plugin::docs::Sheet;
use crate::plugin::{Bad, Cell, Declared, Param, Reading, TableReader};

/// Declared by every kind `lua`.
pub const PARAMS: Param<Given> = Param::otherwise(
    "params",
    "the script's own",
    "Values for the parameters that the script declares; any other name is an error.",
);

pub struct Role {
    /// `generator` or `profile`.
    pub name: &'static str,
    /// The functions of which it must return one.
    pub functions: &'static [&'static str],
}

/// What a script says of itself.
pub struct Described {
    pub about: String,
    pub parameters: Vec<Parameter>,
    /// Which of the role's functions it returns.
    pub function: &'static str,
}

/// A script with what a scene gives for its parameters.
pub struct Part {
    pub program: Program,
    pub arguments: Vec<(String, Argument)>,
    pub function: &'static str,
}

impl Role {
    /// Reads a slot of kind `lua`: the script that `script` names, with the parameters in `params`.
    ///
    /// # Errors
    /// [`Bad`] where something was reported.
    pub fn read_table(&self, p: &TableReader<'_>, script: &Param<String>) -> Result<Part, Bad> {
        let (path, params) = (p.get(script), p.optional(&PARAMS));
        let (path, params) = (path?, params?.map(|given| given.0));
        let given: Vec<_> = params.iter().flat_map(|table| &table.entries).collect();
        self.read(p.reading, &path, || p.place_of(script), &format!("{}.params", p.name), &given)
    }

    /// Reads a slot whose kind is a plugin's `script`; its parameters stand in the slot itself.
    ///
    /// # Errors
    /// [`Bad`] where something was reported.
    pub fn read_plugin(&self, cell: &Cell<'_>, table: &Table, script: &str) -> Result<Part, Bad> {
        let given: Vec<_> = table.entries.iter().filter(|entry| entry.name != "kind").collect();
        self.read(cell.reading, script, || cell.place(), &cell.name, &given)
    }

    /// Reads the script that the scene calls `script`, and what it gives for the script's parameters at `path`. What is
    /// wrong with the script is reported at its own line, else at `place`.
    ///
    /// # Errors
    /// [`Bad`] where something was reported.
    fn read(
        &self,
        reading: &Reading<'_>,
        script: &str,
        place: impl Fn() -> Place,
        path: &str,
        given: &[&Entry],
    ) -> Result<Part, Bad> {
        let report = |problem: Diagnostic| {
            reading.report(problem.or_at(&place));
            Bad
        };
        // The scene's name is as the user wrote it; the script's shall be so too.
        let folder = Path::new(&reading.description.source.name).parent().unwrap_or(Path::new(""));
        let (program, running) =
            Program::read(reading.files, script, folder, reading.host).map_err(report)?;
        let described = self.describe(&running).map_err(|what| report(program.problem(&what)))?;
        let arguments = arguments(reading, path, given, &described.parameters)?;
        Ok(Part { program, arguments, function: described.function })
    }

    /// What a script that was started says of itself.
    ///
    /// # Errors
    /// Why it cannot take this part.
    pub fn describe(&self, running: &Running) -> Result<Described, String> {
        let is_function = |name: &&&str| matches!(running.module.raw_get(**name), Ok(Value::Function(_)));
        let found: Vec<&str> = self.functions.iter().filter(is_function).copied().collect();
        let function = match found[..] {
            [one] => one,
            [] => {
                let names = self.functions.join("` or `");
                return Err(format!("the script is no {}: it returns no function `{names}`", self.name));
            }
            _ => {
                return Err(format!("the script returns `{}`; one of them is enough", found.join("` and `")));
            }
        };
        Ok(Described { about: running.about(), parameters: declared(&running.module)?, function })
    }
}

impl Described {
    /// What `plugins` shows of a script that is the plugin `kind`.
    pub fn sheet<'a>(&'a self, kind: &'a str, example: &'a str) -> Sheet<'a> {
        let params = self.parameters.iter().map(|parameter| parameter as &dyn Declared).collect();
        Sheet { kind, about: &self.about, params, rules: Vec::new(), example }
    }
}
