//! The part a script takes in a scene, generator or profile: what it must return, and its parameters.

use std::path::Path;

use mlua::Value;

use super::parameters::{Argument, Parameter, arguments, declared};
use super::{Program, Running};
use crate::description::Entry;
use crate::diagnostic::{Diagnostic, Place};
use crate::plugin::docs::Sheet;
use crate::plugin::{Bad, Declared, Reading};

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
    /// Reads the script that the scene calls `script`, and what it gives for the script's parameters at `path`. What is
    /// wrong with the script is reported at its own line, else at `place`.
    ///
    /// # Errors
    /// [`Bad`] where something was reported.
    pub fn read(
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
