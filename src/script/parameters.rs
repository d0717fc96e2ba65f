//! Parameters that a script declares: `params = { clusters = 5, radius = { default = 4.0, unit = "um", above = 0 } }`.
//!
//! The default says what a scene may put in its place: a number, a text, true or false, a list of them, a table with
//! the same names, or, where it is a table of axis names, a number for all axes or such a table.

mod argument;
mod declaration;
mod given;

use serde_json::Value as Json;

use crate::plugin::{Declared, Presence, Range};

pub use argument::{Argument, to_lua};
pub use declaration::declared;
pub use given::{Given, arguments};

/// One declared parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    name: String,
    about: String,
    unit: String,
    range: Range,
    default: Argument,
    /// The default as a scene would write it.
    default_text: String,
}

impl Declared for Parameter {
    fn name(&self) -> &str {
        &self.name
    }
    fn about(&self) -> &str {
        &self.about
    }
    fn unit(&self) -> &str {
        &self.unit
    }
    fn range(&self) -> Range {
        self.range
    }
    fn presence(&self) -> Presence<'_> {
        Presence::Default(&self.default_text)
    }
    fn form(&self) -> String {
        self.default.form()
    }
    fn schema(&self) -> Json {
        self.default.schema(&self.range)
    }
}
