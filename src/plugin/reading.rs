//! A scene's tables while they are read: each value knows its place, its name and its allowed range, and every
//! problem is reported where it stands.

use std::cell::{Cell as Slot, RefCell};
use std::collections::BTreeSet;
use std::ops::Range as Span;

use super::{Bad, Param, Presence, Range, Reads, TableSpec};
use crate::description::{Description, Node, Table, Value};
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::files::Files;
use crate::script::Host;

/// What all tables of one scene share while they are read.
pub struct Reading<'a> {
    pub description: &'a Description,
    pub files: &'a dyn Files,
    /// What scripts may use.
    pub host: Host,
    /// Whether the scene is two-dimensional; known once `grid.shape` has been read.
    pub flat: Slot<bool>,
    /// The unit of lengths; known once `grid.unit` has been read.
    pub unit: Slot<&'static str>,
    problems: RefCell<Vec<Diagnostic>>,
}

impl<'a> Reading<'a> {
    pub fn new(description: &'a Description, files: &'a dyn Files) -> Reading<'a> {
        Reading {
            description,
            files,
            host: Host::default(),
            flat: Slot::new(false),
            unit: Slot::new("in grid.unit"),
            problems: RefCell::default(),
        }
    }

    pub fn report(&self, problem: Diagnostic) {
        self.problems.borrow_mut().push(problem);
    }

    /// Everything reported so far, in the order of the text.
    pub fn finish(self) -> Vec<Diagnostic> {
        let mut problems = self.problems.into_inner();
        problems
            .sort_by_key(|p| p.place.as_ref().map_or((usize::MAX, 0), |place| (place.line, place.column)));
        problems
    }
}

/// One value while it is read: it knows its place and its allowed range.
pub struct Cell<'a> {
    pub reading: &'a Reading<'a>,
    pub node: &'a Node,
    /// Dotted path, as messages call it.
    pub name: String,
    pub unit: &'a str,
    pub range: Range,
    /// Whether a table of axes may stand here too.
    pub axes: bool,
}

impl<'a> Cell<'a> {
    /// Reports `problem` at this value, unless it names a place of its own.
    pub fn fail<T>(&self, problem: Diagnostic) -> Result<T, Bad> {
        self.reading.report(problem.or_at(|| self.place()));
        Err(Bad)
    }

    /// Reports that something else than `allowed` was found.
    pub fn wrong<T>(&self, allowed: &str) -> Result<T, Bad> {
        let message = format!("`{}` is {}; allowed: {allowed}", self.name, self.node.found());
        let problem = Diagnostic::invalid(message);
        self.fail(match self.node.value {
            // 1e3 is no whole number in TOML.
            Value::Float(x) if allowed.contains("whole number") && x.fract() == 0.0 && x.abs() < 1e18 => {
                problem.help(format!("write {x:.0}"))
            }
            Value::Array(_) if self.axes => {
                problem.help("a value for each axis is written { x = .., y = .., z = .. }")
            }
            _ => problem,
        })
    }

    pub fn place(&self) -> Place {
        self.reading.description.place(self.node.span.clone())
    }

    /// The same parameter, seen at an inner value.
    pub fn at<'b>(&'b self, node: &'b Node) -> Cell<'b> {
        let Cell { reading, unit, range, .. } = *self;
        Cell { reading, node, name: self.name.clone(), unit, range, axes: false }
    }

    /// The same value, which stands for all axes where a table of them may stand too.
    pub fn of_all_axes(&self) -> Cell<'_> {
        Cell { axes: true, ..self.at(self.node) }
    }

    /// An inner value with a name of its own.
    pub fn inner<'b>(&'b self, name: &str, node: &'b Node) -> Cell<'b> {
        Cell { name: format!("{}.{name}", self.name), ..self.at(node) }
    }

    /// Range and unit in words: `> 0 um`.
    pub fn limits(&self) -> String {
        let unit = if self.unit == "grid.unit" { self.reading.unit.get() } else { self.unit };
        [self.range.describe(), unit.to_string()]
            .iter()
            .filter(|s| !s.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// `what`, with range and unit behind it.
    pub fn with_limits(&self, what: &str) -> String {
        let limits = self.limits();
        if limits.is_empty() { what.to_string() } else { format!("{what}, {limits}") }
    }
}

/// A table while it is read by its declared parameters.
pub struct TableReader<'a> {
    pub reading: &'a Reading<'a>,
    /// Dotted path, as messages call it; empty for the root.
    pub name: String,
    table: &'a Table,
    spec: &'static TableSpec,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> TableReader<'a> {
    /// Opens a table and reports unknown keys, absent required ones and those that exclude one another.
    /// `besides` are keys that someone else reads or has reported.
    pub fn new(
        reading: &'a Reading<'a>,
        name: &str,
        table: &'a Table,
        spec: &'static TableSpec,
        besides: &[&'static str],
    ) -> TableReader<'a> {
        let reader = TableReader { reading, name: name.to_string(), table, spec, asked: RefCell::default() };
        let known = || besides.iter().copied().chain(spec.params.iter().map(|p| p.name()));
        for entry in &table.entries {
            if !known().any(|name| name == entry.name) {
                let place = reading.description.place(entry.name_span.clone());
                let message =
                    format!("unknown key `{}`", crate::diagnostic::shown(&reader.path(&entry.name)));
                let offered = spec.params.iter().map(|p| p.name());
                reading.report(Diagnostic::invalid(message).at(place).help(nearest(&entry.name, offered)));
            }
        }
        for param in spec.params.iter().filter(|p| p.presence() == Presence::Required) {
            if table.get(param.name()).is_none() {
                reader.missing(&format!("`{}` is missing", reader.path(param.name())), param.about());
            }
        }
        for choice in spec.one_of {
            let given: Vec<_> = choice.names.iter().filter_map(|name| table.get(name)).collect();
            let names = choice.names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            if let [first, second, ..] = given[..] {
                let place = reading.description.place(second.name_span.clone());
                let message = format!(
                    "`{}` and `{}` exclude one another",
                    reader.path(&first.name),
                    reader.path(&second.name)
                );
                reading.report(Diagnostic::invalid(message).at(place).help(format!("give one of {names}")));
            } else if given.is_empty() && choice.required {
                reader.missing(&format!("`{}` needs one of {names}", reader.name), "");
            }
        }
        reader
    }

    fn missing(&self, message: &str, about: &str) {
        let problem = Diagnostic::invalid(message).at(self.place());
        self.reading.report(if about.is_empty() { problem } else { problem.help(about) });
    }

    fn path(&self, name: &str) -> String {
        if self.name.is_empty() { name.to_string() } else { format!("{}.{name}", self.name) }
    }

    pub fn place(&self) -> Place {
        self.reading.description.place(self.table.span.clone())
    }

    /// The value of a parameter that is required or has a default.
    pub fn get<T: Reads>(&self, param: &Param<T>) -> Result<T, Bad> {
        match (self.optional(param)?, param.presence) {
            (Some(value), _) => Ok(value),
            (None, Presence::Default(toml)) => self.read_default(param, toml),
            (None, _) => Err(Bad),
        }
    }

    /// The value of a parameter, where it is given.
    pub fn optional<T: Reads>(&self, param: &Param<T>) -> Result<Option<T>, Bad> {
        debug_assert!(
            self.spec.params.iter().any(|p| p.name() == param.name),
            "`{}` is not declared",
            param.name
        );
        self.asked.borrow_mut().insert(param.name);
        self.table.get(param.name).map(|entry| T::read(&self.cell(param, &entry.node))).transpose()
    }

    /// The place of a parameter's value, or of the table where it is not given.
    pub fn place_of<T>(&self, param: &Param<T>) -> Place {
        let span = self.table.get(param.name).map_or(&self.table.span, |entry| &entry.node.span);
        self.reading.description.place(Span::clone(span))
    }

    /// Which declared parameters were never asked for; the laws of the plugins want none.
    pub fn unasked(&self) -> Vec<&'static str> {
        let asked = self.asked.borrow();
        self.spec.params.iter().map(|p| p.name()).filter(|name| !asked.contains(name)).collect()
    }

    fn cell<'b, T>(&'b self, param: &Param<T>, node: &'b Node) -> Cell<'b> {
        Cell {
            reading: self.reading,
            node,
            name: self.path(param.name),
            unit: param.unit,
            range: param.range,
            axes: false,
        }
    }

    fn read_default<T: Reads>(&self, param: &Param<T>, toml: &str) -> Result<T, Bad> {
        // A default is written as in a scene, so that the reference can show it and one reader serves both.
        let description = Description::parse("default", &format!("value = {toml}")).map_err(|_| Bad)?;
        let entry = description.root.get("value").ok_or(Bad)?;
        T::read(&self.cell(param, &entry.node))
    }
}
