//! What a scene gives: a table of TOML -> the values that the script gets.

use serde_json::{Value as Json, json};

use super::{Argument, Parameter};
use crate::description::{Entry, Node, Table, Value as TomlValue};
use crate::diagnostic::{Diagnostic, nearest, shown};
use crate::grid::AXES;
use crate::plugin::forms::read_axes;
use crate::plugin::{Bad, Cell, Range, Reading, Reads};

/// The table that `params` of a scene is; what is in it is for the script to say.
pub struct Given(pub Table);

impl Reads for Given {
    fn read(cell: &Cell<'_>) -> Result<Given, Bad> {
        match &cell.node.value {
            TomlValue::Table(table) => Ok(Given(table.clone())),
            _ => cell.wrong("a table of the script's parameters"),
        }
    }

    fn form() -> String {
        "table of the script's own parameters".into()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "object" })
    }
}

/// Reads what a scene gives for declared parameters; what it leaves out has its default.
///
/// # Errors
/// [`Bad`] where an unknown name or an unfit value was reported at its place.
pub fn arguments(
    reading: &Reading<'_>,
    path: &str,
    given: &[&Entry],
    parameters: &[Parameter],
) -> Result<Vec<(String, Argument)>, Bad> {
    let known: Vec<Known<'_>> =
        parameters.iter().map(|p| (p.name.as_str(), &p.default, p.unit.as_str(), p.range)).collect();
    fill(reading, path, given.iter().copied(), &known)
}

/// A name, what stands there otherwise, and the unit and range of its numbers.
type Known<'a> = (&'a str, &'a Argument, &'a str, Range);

/// Reads the entries of a table whose names and defaults are known.
fn fill<'a>(
    reading: &Reading<'_>,
    path: &str,
    given: impl Iterator<Item = &'a Entry> + Clone,
    known: &[Known<'_>],
) -> Result<Vec<(String, Argument)>, Bad> {
    let mut bad = false;
    let names = || known.iter().map(|(name, ..)| *name);
    for entry in given.clone().filter(|entry| names().all(|name| name != entry.name)) {
        let message = format!("unknown key `{}`", shown(&format!("{path}.{}", entry.name)));
        let place = reading.description.place(entry.name_span.clone());
        reading.report(Diagnostic::invalid(message).at(place).help(nearest(&entry.name, names())));
        bad = true;
    }
    let mut filled = Vec::new();
    for &(name, default, unit, range) in known {
        let value = match given.clone().find(|entry| entry.name == name) {
            None => Ok(default.clone()),
            Some(entry) => {
                let name = format!("{path}.{name}");
                default.read(&Cell { reading, node: &entry.node, name, unit, range, axes: false })
            }
        };
        match value {
            Ok(value) => filled.push((name.to_string(), value)),
            Err(Bad) => bad = true,
        }
    }
    if bad { Err(Bad) } else { Ok(filled) }
}

impl Argument {
    /// Reads what a scene puts in the place of this default.
    fn read(&self, cell: &Cell<'_>) -> Result<Argument, Bad> {
        match (self, &cell.node.value) {
            (Argument::Number(_), _) => f64::read(cell).map(Argument::Number),
            (Argument::Flag(_), _) => bool::read(cell).map(Argument::Flag),
            (Argument::Text(_), _) => String::read(cell).map(Argument::Text),
            (Argument::List(items), TomlValue::Array(nodes)) => {
                let read = |node: &Node| match items.first() {
                    Some(item) => item.read(&cell.at(node)),
                    None => plain(&cell.at(node)),
                };
                nodes.iter().map(read).collect::<Result<_, _>>().map(Argument::List)
            }
            (axes, found) if axes.is_axes() => {
                let axes = match found {
                    TomlValue::Table(_) => read_axes(cell, f64::read)?.0,
                    _ => [f64::read(&cell.of_all_axes())?; 3],
                };
                let entries = AXES.iter().zip(axes).map(|(name, x)| (name.to_string(), Argument::Number(x)));
                Ok(Argument::Table(entries.collect()))
            }
            (Argument::Table(entries), TomlValue::Table(table)) => {
                let known: Vec<Known<'_>> = entries
                    .iter()
                    .map(|(name, value)| (name.as_str(), value, cell.unit, cell.range))
                    .collect();
                fill(cell.reading, &cell.name, table.entries.iter(), &known).map(Argument::Table)
            }
            _ => cell.wrong(&self.form()),
        }
    }
}

/// A value where the script's own default says nothing of its kind: an empty list.
fn plain(cell: &Cell<'_>) -> Result<Argument, Bad> {
    let form = match &cell.node.value {
        TomlValue::Integer(_) | TomlValue::Float(_) => Argument::Number(0.0),
        TomlValue::Bool(_) => Argument::Flag(false),
        TomlValue::Text(_) => Argument::Text(String::new()),
        _ => return cell.wrong("numbers, texts, true or false"),
    };
    form.read(cell)
}
