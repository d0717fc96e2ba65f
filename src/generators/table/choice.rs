//! `columns` and `where`: what the scene says about the columns of a table, and what follows from it.

use serde_json::{Value as Json, json};

use super::header::{Column, Role};
use super::rows::Filter;
use super::sheet::Sheet;
use crate::description::{Node, Value};
use crate::diagnostic::{Diagnostic, Place, nearest, shown};
use crate::plugin::{Bad, Cell, Range, Reads};

/// `{ x = "header", … }`; an empty text: the table brings none of it.
#[derive(Default)]
pub struct Columns(Vec<Mapped>);

struct Mapped {
    role: Role,
    header: String,
    place: Place,
}

/// `{ "header" = [min, max] }`.
#[derive(Default)]
pub struct Where(Vec<Limits>);

struct Limits {
    header: String,
    range: [f64; 2],
    place: Place,
}

impl Reads for Columns {
    fn read(cell: &Cell<'_>) -> Result<Columns, Bad> {
        let Value::Table(table) = &cell.node.value else {
            return cell.wrong("a table { x = \"header\", … }");
        };
        let mapped: Vec<_> = table
            .entries
            .iter()
            .map(|entry| {
                let inner = cell.inner(&shown(&entry.name), &entry.node);
                let Some((_, role)) = Role::ALL.into_iter().find(|(name, _)| *name == entry.name) else {
                    let place = cell.reading.description.place(entry.name_span.clone());
                    let names = Role::ALL.map(|(name, _)| name);
                    return cell.fail(
                        Diagnostic::invalid(format!("unknown key `{}`", inner.name))
                            .at(place)
                            .help(nearest(&entry.name, names)),
                    );
                };
                Ok(Mapped { role, header: String::read(&inner)?, place: inner.place() })
            })
            .collect();
        mapped.into_iter().collect::<Result<_, _>>().map(Columns)
    }

    fn form() -> String {
        "table of headers: { x = \"header\", … }".into()
    }

    fn schema(_: &Range) -> Json {
        let properties: serde_json::Map<String, Json> =
            Role::ALL.iter().map(|(name, _)| (name.to_string(), json!({ "type": "string" }))).collect();
        json!({ "type": "object", "properties": properties, "additionalProperties": false })
    }
}

impl Reads for Where {
    fn read(cell: &Cell<'_>) -> Result<Where, Bad> {
        let Value::Table(table) = &cell.node.value else {
            return cell.wrong("a table { \"header\" = [min, max] }");
        };
        let limits: Vec<_> = table
            .entries
            .iter()
            .map(|entry| {
                let inner = cell.inner(&shown(&entry.name), &entry.node);
                let place = cell.reading.description.place(entry.name_span.clone());
                Ok(Limits { header: entry.name.clone(), range: limits(&inner)?, place })
            })
            .collect();
        limits.into_iter().collect::<Result<_, _>>().map(Where)
    }

    fn form() -> String {
        "table of ranges: { \"header\" = [min, max] }".into()
    }

    fn schema(_: &Range) -> Json {
        let range = json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 });
        json!({ "type": "object", "additionalProperties": range })
    }
}

/// Two numbers in order; infinite ones leave a side open.
fn limits(cell: &Cell<'_>) -> Result<[f64; 2], Bad> {
    let number = |node: &Node| match node.value {
        Value::Integer(n) => n as f64,
        Value::Float(x) => x,
        _ => f64::NAN,
    };
    match &cell.node.value {
        Value::Array(items) if items.len() == 2 => {
            let [min, max] = [number(&items[0]), number(&items[1])];
            if min <= max {
                return Ok([min, max]);
            }
            cell.fail(Diagnostic::invalid(format!("`{}` is no range; allowed: [min, max]", cell.name)))
        }
        _ => cell.wrong("[min, max]"),
    }
}

/// Which column has which role.
#[derive(Debug)]
pub struct Choice(Vec<(Role, usize)>);

impl Choice {
    pub fn of(&self, role: Role) -> Option<usize> {
        self.0.iter().find(|(other, _)| *other == role).map(|&(_, column)| column)
    }

    pub fn used(&self) -> &[(Role, usize)] {
        &self.0
    }

    /// Roles by the scene's word, the others by the names of the columns. A width that the scene names replaces
    /// all that go by their names, and so does a brightness. In a plane z is ignored.
    pub fn make(
        sheet: &Sheet<'_>,
        columns: &[Column],
        said: &Columns,
        flat: bool,
    ) -> Result<Choice, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        let mut chosen = Vec::new();
        for mapped in said.0.iter().filter(|mapped| !mapped.header.is_empty()) {
            match find(columns, &mapped.header) {
                Some(column) => chosen.push((mapped.role, column)),
                None => problems.push(missing(sheet, &mapped.header).at(mapped.place.clone())),
            }
        }
        let says = |which: fn(Role) -> bool| said.0.iter().any(|mapped| which(mapped.role));
        let (widths, brightness) = (says(Role::is_lateral_width), says(Role::is_brightness));
        for (name, role) in Role::ALL {
            let replaced = said.0.iter().any(|mapped| mapped.role == role)
                || widths && (role.is_lateral_width() || role == Role::SigmaZ)
                || brightness && role.is_brightness();
            if replaced || flat && role.is_along_z() {
                continue;
            }
            let mut found = (0..columns.len()).filter(|&i| columns[i].role == Some(role));
            match (found.next(), found.next()) {
                (Some(first), Some(second)) => {
                    let (first, second) = (&columns[first].header, (&columns[second].header, second));
                    problems.push(
                        Diagnostic::invalid(format!("`{first}` and `{}` may both be the {name}", second.0))
                            .at(sheet.place(sheet.header_at, Some(second.1)))
                            .help(format!("choose one: columns = {{ {name} = \"{first}\" }}")),
                    );
                }
                (Some(column), None) => chosen.push((role, column)),
                (None, _) => {}
            }
        }
        if flat {
            chosen.retain(|(role, _)| !role.is_along_z());
        }
        let choice = Choice(chosen);
        if let (Some(amplitude), Some(photons)) = (choice.of(Role::Amplitude), choice.of(Role::Photons)) {
            problems.push(
                Diagnostic::invalid(format!(
                    "`{}` and `{}` exclude one another",
                    columns[amplitude].header, columns[photons].header
                ))
                .at(sheet.place(sheet.header_at, Some(amplitude.max(photons))))
                .help(format!(
                    "choose amplitude or photons, as in columns = {{ photons = \"{}\" }}",
                    columns[photons].header
                )),
            );
        }
        if problems.is_empty() { Ok(choice) } else { Err(problems) }
    }
}

impl Where {
    pub fn filters(&self, sheet: &Sheet<'_>, columns: &[Column]) -> Result<Vec<Filter>, Vec<Diagnostic>> {
        let (mut filters, mut problems) = (Vec::new(), Vec::new());
        for limits in &self.0 {
            match find(columns, &limits.header) {
                Some(column) => {
                    filters.push(Filter { column, min: limits.range[0], max: limits.range[1] });
                }
                None => problems.push(missing(sheet, &limits.header).at(limits.place.clone())),
            }
        }
        if problems.is_empty() { Ok(filters) } else { Err(problems) }
    }
}

fn find(columns: &[Column], header: &str) -> Option<usize> {
    columns.iter().position(|column| column.header == header.trim() && !column.header.is_empty())
}

fn missing(sheet: &Sheet<'_>, header: &str) -> Diagnostic {
    let names: Vec<String> = sheet.names().map(shown).collect();
    Diagnostic::invalid(format!("`{}` has no column `{}`", sheet.file, shown(header)))
        .help(nearest(header, names.iter().map(String::as_str)))
}
