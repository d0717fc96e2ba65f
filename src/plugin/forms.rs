//! The forms a parameter's value may have: numbers, texts, axis tables and points.

use serde_json::{Value as Json, json};

use super::{Bad, Cell, Range, Reads};
use crate::description::Value;
use crate::diagnostic::{Diagnostic, nearest};
use crate::grid::AXES;

/// A value for each axis, x y z. In a scene one value stands for all axes, or a table names them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axes<T>(pub [T; 3]);

/// A text out of a fixed list.
pub trait Choice: Sized + Copy + 'static {
    const ALL: &'static [(&'static str, Self)];
    /// What else people call them, in lower case, and the name of the list that they mean.
    const MEANT: &'static [(&'static str, &'static str)] = &[];
}

impl Reads for f64 {
    fn read(cell: &Cell<'_>) -> Result<f64, Bad> {
        let x = match cell.node.value {
            Value::Integer(n) => n as f64,
            Value::Float(x) => x,
            _ => return cell.wrong(&cell.with_limits("a number")),
        };
        if cell.range.contains(x) { Ok(x) } else { cell.wrong(&cell.with_limits("a finite number")) }
    }

    fn form() -> String {
        "number".into()
    }

    fn schema(range: &Range) -> Json {
        let mut schema = json!({ "type": "number" });
        if range.min.is_finite() {
            schema[if range.above { "exclusiveMinimum" } else { "minimum" }] = json!(range.min);
        }
        if range.max.is_finite() {
            schema["maximum"] = json!(range.max);
        }
        schema
    }
}

impl Reads for u64 {
    fn read(cell: &Cell<'_>) -> Result<u64, Bad> {
        match cell.node.value {
            Value::Integer(n) if n >= 0 && cell.range.contains(n as f64) => Ok(n as u64),
            _ => {
                let range = Range { min: cell.range.min.max(0.0), ..cell.range };
                let allowed = Cell { range, ..cell.at(cell.node) }.with_limits("a whole number");
                cell.wrong(&allowed)
            }
        }
    }

    fn form() -> String {
        "whole number".into()
    }

    fn schema(range: &Range) -> Json {
        let mut schema = f64::schema(&Range { min: range.min.max(0.0), ..*range });
        schema["type"] = json!("integer");
        schema
    }
}

impl Reads for bool {
    fn read(cell: &Cell<'_>) -> Result<bool, Bad> {
        match cell.node.value {
            Value::Bool(b) => Ok(b),
            _ => cell.wrong("true or false"),
        }
    }

    fn form() -> String {
        "true or false".into()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "boolean" })
    }
}

impl Reads for String {
    fn read(cell: &Cell<'_>) -> Result<String, Bad> {
        match &cell.node.value {
            // HDF5 ends a string at NUL, and control characters would reach terminals.
            Value::Text(text) if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') => {
                cell.fail(Diagnostic::invalid(format!("`{}` holds a control character", cell.name)))
            }
            Value::Text(text) => Ok(text.clone()),
            _ => cell.wrong("a text, in quotes"),
        }
    }

    fn form() -> String {
        "text".into()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "string" })
    }
}

impl<C: Choice> Reads for C {
    fn read(cell: &Cell<'_>) -> Result<C, Bad> {
        let names = || C::ALL.iter().map(|(name, _)| *name);
        let Value::Text(text) = &cell.node.value else {
            return cell.wrong(&Self::form());
        };
        match C::ALL.iter().find(|(name, _)| name == text) {
            Some((_, choice)) => Ok(*choice),
            None => {
                let meant = C::MEANT.iter().find(|(other, _)| *other == text.to_lowercase());
                let meant = meant.map_or(text.as_str(), |(_, name)| name);
                cell.fail(
                    Diagnostic::invalid(format!("`{}` is {}", cell.name, cell.node.found()))
                        .help(nearest(meant, names())),
                )
            }
        }
    }

    fn form() -> String {
        C::ALL.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(" or ")
    }

    fn schema(_: &Range) -> Json {
        json!({ "enum": C::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>() })
    }
}

impl<T: Reads + Clone> Reads for Axes<T> {
    fn read(cell: &Cell<'_>) -> Result<Axes<T>, Bad> {
        // A distribution is a table too: only axis names make an axis table.
        let axis_table = match &cell.node.value {
            Value::Table(table) => {
                table.entries.iter().any(|e| AXES.contains(&e.name.as_str())) || table.entries.is_empty()
            }
            _ => false,
        };
        if !axis_table {
            let value = T::read(&cell.of_all_axes())?;
            return Ok(Axes([value.clone(), value.clone(), value]));
        }
        read_axes(cell, T::read)
    }

    fn form() -> String {
        format!("{0}, or {{ x, y, z }} of one each", T::form())
    }

    fn schema(range: &Range) -> Json {
        let one = T::schema(range);
        json!({ "anyOf": [one, axis_schema(one.clone())] })
    }
}

pub fn axis_schema(one: Json) -> Json {
    json!({
        "type": "object",
        "properties": { "x": one, "y": one, "z": one },
        "required": ["x", "y"],
        "additionalProperties": false,
    })
}

/// Reads a table of axis names. In a flat scene z may be left out and is ignored.
pub fn read_axes<T: Clone>(
    cell: &Cell<'_>,
    read: impl Fn(&Cell<'_>) -> Result<T, Bad>,
) -> Result<Axes<T>, Bad> {
    let Value::Table(table) = &cell.node.value else {
        return cell.wrong("a table { x, y, z }");
    };
    let mut bad = false;
    for entry in &table.entries {
        if !AXES.contains(&entry.name.as_str()) {
            let problem = Diagnostic::invalid(format!("unknown axis `{}` in `{}`", entry.name, cell.name));
            let place = cell.reading.description.place(entry.name_span.clone());
            cell.reading.report(problem.at(place).help(nearest(&entry.name, AXES)));
            bad = true;
        }
    }
    let mut axis = |name: &str| match table.get(name) {
        Some(entry) => read(&cell.inner(name, &entry.node)).ok(),
        None if name == "z" && cell.reading.flat.get() => None,
        None => {
            let problem = Diagnostic::invalid(format!("`{}` has no `{name}`", cell.name));
            let _: Result<(), Bad> = cell.fail(problem.help("a table of axes names x, y and, in 3-D, z"));
            bad = true;
            None
        }
    };
    let (x, y, z) = (axis("x"), axis("y"), axis("z"));
    match (x, y, z) {
        (Some(x), Some(y), Some(z)) if !bad => Ok(Axes([x, y, z])),
        (Some(x), Some(y), None) if !bad && cell.reading.flat.get() => Ok(Axes([x.clone(), y, x])),
        _ => Err(Bad),
    }
}
