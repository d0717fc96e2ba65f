//! Declared parameters: a parameter is declared once, and read, checked, documented and put into the
//! JSON Schema from that declaration.
//!
//! A plugin is a [`Plugin`]: its `kind`, its declared parameters and a function that builds it from a
//! [`TableReader`]. Plugins of one family stand in a visible list, a [`Family`]. The fixed tables of a scene
//! (`[grid]`, `[render]`, …) are declared in the same way, as [`TableSpec`].

pub mod docs;
pub mod forms;
mod reading;

use std::marker::PhantomData;

use serde_json::Value as Json;

use crate::description::{Table, Value};
use crate::diagnostic::{Diagnostic, nearest, shown};
use crate::files::plugin_path;

pub use reading::{Cell, Reading, TableReader};

/// Something was wrong and has been reported; there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bad;

/// Which numbers a parameter allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub min: f64,
    pub max: f64,
    /// Whether `min` itself is left out.
    pub above: bool,
}

impl Range {
    pub const ANY: Range = Range { min: f64::NEG_INFINITY, max: f64::INFINITY, above: false };
    pub const POSITIVE: Range = Range { min: 0.0, max: f64::INFINITY, above: true };
    pub const NOT_NEGATIVE: Range = Range { min: 0.0, max: f64::INFINITY, above: false };

    pub const fn between(min: f64, max: f64) -> Range {
        Range { min, max, above: false }
    }

    pub const fn above_to(min: f64, max: f64) -> Range {
        Range { min, max, above: true }
    }

    pub fn contains(&self, x: f64) -> bool {
        x.is_finite() && x <= self.max && if self.above { x > self.min } else { x >= self.min }
    }

    /// As it stands in messages and in the reference: `> 0`, `0 ..= 1`; empty where all is allowed.
    pub fn describe(&self) -> String {
        match (self.min.is_finite(), self.max.is_finite(), self.above) {
            (false, false, _) => String::new(),
            (false, true, _) => format!("<= {}", number(self.max)),
            (true, false, false) => format!(">= {}", number(self.min)),
            (true, false, true) => format!("> {}", number(self.min)),
            (true, true, false) => format!("{} ..= {}", number(self.min), number(self.max)),
            (true, true, true) => format!("> {}, <= {}", number(self.min), number(self.max)),
        }
    }
}

/// A number without a row of zeros.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-4..1e13).contains(&x.abs()) { format!("{x}") } else { format!("{x:e}") }
}

/// What happens where a parameter is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence<'a> {
    Required,
    Optional,
    /// A TOML value that stands in for it.
    Default(&'a str),
    /// Optional, and the text says what then holds.
    Otherwise(&'a str),
}

/// The declaration of one parameter whose value reads as `T`.
pub struct Param<T> {
    pub name: &'static str,
    pub about: &'static str,
    pub unit: &'static str,
    pub range: Range,
    pub presence: Presence<'static>,
    form: PhantomData<fn() -> T>,
}

impl<T> Param<T> {
    pub const fn required(name: &'static str, about: &'static str) -> Param<T> {
        Param { name, about, unit: "", range: Range::ANY, presence: Presence::Required, form: PhantomData }
    }

    pub const fn optional(name: &'static str, about: &'static str) -> Param<T> {
        Param { presence: Presence::Optional, ..Param::required(name, about) }
    }

    pub const fn default(name: &'static str, toml: &'static str, about: &'static str) -> Param<T> {
        Param { presence: Presence::Default(toml), ..Param::required(name, about) }
    }

    pub const fn otherwise(name: &'static str, what: &'static str, about: &'static str) -> Param<T> {
        Param { presence: Presence::Otherwise(what), ..Param::required(name, about) }
    }

    pub const fn unit(self, unit: &'static str) -> Param<T> {
        Param { unit, ..self }
    }

    pub const fn range(self, range: Range) -> Param<T> {
        Param { range, ..self }
    }
}

/// A declaration without its type, for lists.
pub trait Declared: Sync {
    fn name(&self) -> &str;
    fn about(&self) -> &str;
    fn unit(&self) -> &str;
    fn range(&self) -> Range;
    fn presence(&self) -> Presence<'_>;
    /// What may stand there, in words.
    fn form(&self) -> String;
    fn schema(&self) -> Json;
}

impl<T: Reads> Declared for Param<T> {
    fn name(&self) -> &str {
        self.name
    }
    fn about(&self) -> &str {
        self.about
    }
    fn unit(&self) -> &str {
        self.unit
    }
    fn range(&self) -> Range {
        self.range
    }
    fn presence(&self) -> Presence<'_> {
        self.presence
    }
    fn form(&self) -> String {
        T::form()
    }
    fn schema(&self) -> Json {
        T::schema(&self.range)
    }
}

/// A value that can be read from a scene.
pub trait Reads: Sized {
    /// Reads the value; what is wrong has been reported where it gives [`Bad`].
    fn read(cell: &Cell<'_>) -> Result<Self, Bad>;
    /// What may stand there, in words.
    fn form() -> String;
    /// JSON Schema of what may stand there.
    fn schema(range: &Range) -> Json;
}

/// Parameters of which only one may be given.
#[derive(Debug, Clone, Copy)]
pub struct OneOf {
    pub names: &'static [&'static str],
    pub required: bool,
}

/// A table of the scene format: its parameters, and which exclude one another.
pub struct TableSpec {
    pub params: &'static [&'static dyn Declared],
    pub one_of: &'static [OneOf],
}

/// One plugin of a family, as declared in its own file.
pub struct Plugin<T: ?Sized + 'static> {
    /// Its name in a scene; also the name of its file.
    pub kind: &'static str,
    pub about: &'static str,
    pub table: TableSpec,
    /// A slot table that works as it stands.
    pub example: &'static str,
    pub build: fn(&TableReader<'_>) -> Result<Box<T>, Bad>,
}

/// All plugins that may stand in one slot.
pub struct Family<T: ?Sized + 'static> {
    /// The slot's name, such as `generator`.
    pub name: &'static str,
    pub plugins: &'static [&'static Plugin<T>],
    /// Kinds of the format that this version does not have yet.
    pub planned: &'static [&'static str],
    /// Builds the plugin that a script in a plugin directory is: (slot, its table, the script's path).
    pub scripted: Option<Scripted<T>>,
}

pub type Scripted<T> = fn(&Cell<'_>, &Table, &str) -> Result<Box<T>, Bad>;

impl<T: ?Sized> Family<T> {
    /// Reads a slot table: finds the plugin by `kind` and builds it.
    pub fn read(&self, cell: &Cell<'_>) -> Result<Box<T>, Bad> {
        let kinds = || self.plugins.iter().map(|plugin| plugin.kind);
        let Value::Table(table) = &cell.node.value else {
            return cell
                .wrong(&format!("a table with `kind`, one of {}", kinds().collect::<Vec<_>>().join(", ")));
        };
        let Some(entry) = table.get("kind") else {
            return cell.fail(
                Diagnostic::invalid(format!("`{}` has no `kind`", cell.name))
                    .help(format!("one of {}", kinds().collect::<Vec<_>>().join(", "))),
            );
        };
        let Value::Text(kind) = &entry.node.value else {
            return cell.at(&entry.node).wrong("the name of a kind, in quotes");
        };
        if let Some(plugin) = self.plugins.iter().find(|plugin| plugin.kind == kind) {
            return (plugin.build)(&TableReader::new(
                cell.reading,
                &cell.name,
                table,
                &plugin.table,
                &["kind"],
            ));
        }
        let scripts = cell.reading.files.plugins();
        let is_new = |own: &&str| kinds().all(|kind| kind != *own);
        let own = || self.scripted.iter().flat_map(|_| scripts.iter().map(String::as_str)).filter(is_new);
        match self.scripted {
            Some(build) if own().any(|own| own == kind) => build(cell, table, &plugin_path(kind)),
            _ if self.planned.contains(&kind.as_str()) => {
                cell.at(&entry.node).fail(Diagnostic::invalid(format!(
                    "the {} `{kind}` is part of the scene format, but this version does not have it yet",
                    self.name
                )))
            }
            _ => {
                let kind = shown(kind);
                let mut help = nearest(&kind, kinds().chain(own()));
                if self.scripted.is_some() {
                    let script = plugin_path(&kind);
                    help +=
                        &format!("; a script can add it: `{script}` beside the scene, or in --plugins DIR");
                }
                let problem = Diagnostic::invalid(format!("there is no {} `{kind}`", self.name));
                cell.at(&entry.node).fail(problem.help(help))
            }
        }
    }
}
