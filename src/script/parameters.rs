//! Parameters that a script declares: `params = { clusters = 5, radius = { default = 4.0, unit = "um", above = 0 } }`.
//!
//! The default says what a scene may put in its place: a number, a text, true or false, a list of them, a table with
//! the same names, or, where it is a table of axis names, a number for all axes or such a table.

use mlua::{Lua, Table as LuaTable, Value as LuaValue};
use serde_json::{Value as Json, json};

use super::kind;
use crate::description::{Entry, Node, Table, Value as TomlValue};
use crate::diagnostic::{Diagnostic, nearest, shown};
use crate::grid::AXES;
use crate::plugin::forms::read_axes;
use crate::plugin::{Bad, Cell, Declared, Presence, Range, Reading, Reads};

/// A value that a script gets as a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    Number(f64),
    Flag(bool),
    Text(String),
    List(Vec<Argument>),
    /// In the byte order of the names.
    Table(Vec<(String, Argument)>),
}

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

/// Tables in tables deeper than this are no parameters.
const MAX_DEPTH: usize = 8;

/// More values than these, counting all defaults, are no parameters.
const MAX_VALUES: usize = 10_000;

/// Reads the parameters that a script's table declares, in the byte order of their names.
///
/// # Errors
/// What is wrong with the declaration.
pub fn declared(module: &LuaTable) -> Result<Vec<Parameter>, String> {
    let table = match module.raw_get::<LuaValue>("params") {
        Ok(LuaValue::Table(table)) => table,
        Ok(LuaValue::Nil) | Err(_) => return Ok(Vec::new()),
        Ok(other) => {
            return Err(format!("`params` must be a table of names and defaults, and is {}", kind(&other)));
        }
    };
    let mut room = MAX_VALUES;
    let mut parameters = named(&table, "params")?
        .into_iter()
        .map(|(name, value)| parameter(name, value, &mut room))
        .collect::<Result<Vec<_>, _>>()?;
    parameters.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(parameters)
}

/// The entries of a table whose keys are names.
fn named(table: &LuaTable, path: &str) -> Result<Vec<(String, LuaValue)>, String> {
    let mut entries = Vec::new();
    for pair in table.pairs::<LuaValue, LuaValue>() {
        let (key, value) = pair.map_err(|error| error.to_string())?;
        let name = match &key {
            LuaValue::String(name) => name.to_str().map(|name| name.to_string()).ok(),
            _ => None,
        };
        let is_name = |name: &String| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        match name.filter(is_name) {
            Some(name) => entries.push((name, value)),
            None => {
                return Err(format!("`{path}` has {} as a name; allowed: letters, digits and _", kind(&key)));
            }
        }
        if entries.len() > MAX_VALUES {
            return Err(format!("`{path}` has more than {MAX_VALUES} entries"));
        }
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(entries)
}

fn parameter(name: String, value: LuaValue, room: &mut usize) -> Result<Parameter, String> {
    let path = format!("params.{name}");
    let mut found = Parameter {
        name,
        about: String::new(),
        unit: String::new(),
        range: Range::ANY,
        default: Argument::Flag(false),
        default_text: String::new(),
    };
    let declaration = match &value {
        LuaValue::Table(table) if table.contains_key("default").unwrap_or(false) => {
            Some(named(table, &path)?)
        }
        _ => None,
    };
    let Some(declaration) = declaration else {
        found.default = argument(&value, &path, MAX_DEPTH, room)?;
        found.default_text = found.default.toml();
        return Ok(found);
    };
    for (key, value) in declaration {
        let text = || match &value {
            LuaValue::String(text) => Ok(text.to_string_lossy()),
            other => Err(format!("`{path}.{key}` must be a text, and is {}", kind(other))),
        };
        let number = || match value {
            LuaValue::Number(x) => Ok(x),
            LuaValue::Integer(n) => Ok(n as f64),
            ref other => Err(format!("`{path}.{key}` must be a number, and is {}", kind(other))),
        };
        match key.as_str() {
            "default" => found.default = argument(&value, &path, MAX_DEPTH, room)?,
            "about" => found.about = text()?,
            "unit" => found.unit = text()?,
            "min" => found.range.min = number()?,
            "above" => (found.range.min, found.range.above) = (number()?, true),
            "max" => found.range.max = number()?,
            other => {
                let known = ["default", "about", "unit", "min", "above", "max"];
                return Err(format!("`{path}` has `{other}`; {}", nearest(other, known)));
            }
        }
    }
    if !found.default.lies_in(&found.range) {
        return Err(format!("the default of `{path}` is not {}", found.range.describe()));
    }
    found.default_text = found.default.toml();
    Ok(found)
}

fn argument(value: &LuaValue, path: &str, depth: usize, room: &mut usize) -> Result<Argument, String> {
    *room = room.checked_sub(1).ok_or_else(|| format!("`params` has more than {MAX_VALUES} values"))?;
    if depth == 0 {
        return Err(format!("`{path}` has tables nested more than {MAX_DEPTH} deep"));
    }
    match value {
        LuaValue::Number(x) if x.is_finite() => Ok(Argument::Number(*x)),
        LuaValue::Integer(n) => Ok(Argument::Number(*n as f64)),
        LuaValue::Boolean(b) => Ok(Argument::Flag(*b)),
        LuaValue::String(text) => match text.to_str() {
            Ok(text) if !text.contains('\0') => Ok(Argument::Text(text.to_string())),
            _ => Err(format!("the default of `{path}` is no text: it is not UTF-8, or holds a zero byte")),
        },
        LuaValue::Table(table) if table.raw_len() > 0 => {
            let mut list = Vec::new();
            for i in 1..=table.raw_len() {
                let item = table.raw_get(i).map_err(|error| error.to_string())?;
                list.push(argument(&item, path, depth - 1, room)?);
            }
            Ok(Argument::List(list))
        }
        LuaValue::Table(table) => {
            let mut entries = Vec::new();
            for (name, value) in named(table, path)? {
                let value = argument(&value, &format!("{path}.{name}"), depth - 1, room)?;
                entries.push((name, value));
            }
            Ok(Argument::Table(entries))
        }
        other => Err(format!(
            "the default of `{path}` is {}; allowed: a finite number, a text, true or false, or a table of them",
            kind(other)
        )),
    }
}

impl Argument {
    /// Whether all its numbers lie in `range`.
    fn lies_in(&self, range: &Range) -> bool {
        match self {
            Argument::Number(x) => range.contains(*x),
            Argument::Flag(_) | Argument::Text(_) => true,
            Argument::List(items) => items.iter().all(|item| item.lies_in(range)),
            Argument::Table(entries) => entries.iter().all(|(_, item)| item.lies_in(range)),
        }
    }

    /// Whether it is a table of axis names and numbers.
    fn is_axes(&self) -> bool {
        match self {
            Argument::Table(entries) => {
                entries.len() >= 2
                    && entries
                        .iter()
                        .all(|(name, x)| AXES.contains(&name.as_str()) && matches!(x, Argument::Number(_)))
            }
            _ => false,
        }
    }

    /// What may stand in its place, in words.
    fn form(&self) -> String {
        match self {
            Argument::Number(_) => "number".into(),
            Argument::Flag(_) => "true or false".into(),
            Argument::Text(_) => "text".into(),
            Argument::List(items) => {
                format!("array of {}", items.first().map_or_else(|| "anything".into(), Argument::form))
            }
            axes if axes.is_axes() => "number, or { x, y, z } of one each".into(),
            Argument::Table(entries) => {
                let names: Vec<_> = entries.iter().map(|(name, _)| name.as_str()).collect();
                format!("table {{ {} }}", names.join(", "))
            }
        }
    }

    /// As a scene writes it.
    fn toml(&self) -> String {
        match self {
            Argument::Number(x) => number(*x),
            Argument::Flag(b) => b.to_string(),
            Argument::Text(text) => format!("{text:?}"),
            Argument::List(items) => {
                format!("[{}]", items.iter().map(Argument::toml).collect::<Vec<_>>().join(", "))
            }
            Argument::Table(entries) if entries.is_empty() => "{}".into(),
            Argument::Table(entries) => {
                let entries = entries.iter().map(|(name, value)| format!("{name} = {}", value.toml()));
                format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// JSON Schema of what may stand in its place.
    fn schema(&self, range: &Range) -> Json {
        match self {
            Argument::Number(_) => f64::schema(range),
            Argument::Flag(_) => bool::schema(range),
            Argument::Text(_) => String::schema(range),
            Argument::List(items) => match items.first() {
                Some(item) => json!({ "type": "array", "items": item.schema(range) }),
                None => json!({ "type": "array" }),
            },
            axes if axes.is_axes() => {
                let one = f64::schema(range);
                json!({ "anyOf": [one, crate::plugin::forms::axis_schema(one.clone())] })
            }
            Argument::Table(entries) => {
                let entries = entries.iter().map(|(name, value)| (name.clone(), value.schema(range)));
                let properties: serde_json::Map<_, _> = entries.collect();
                json!({ "type": "object", "properties": properties, "additionalProperties": false })
            }
        }
    }

    /// As a value of the interpreter.
    ///
    /// # Errors
    /// When the interpreter has no memory left.
    pub fn to_lua(&self, lua: &Lua) -> mlua::Result<LuaValue> {
        Ok(match self {
            Argument::Number(x) => LuaValue::Number(*x),
            Argument::Flag(b) => LuaValue::Boolean(*b),
            Argument::Text(text) => LuaValue::String(lua.create_string(text)?),
            Argument::List(items) => {
                let table = lua.create_table_with_capacity(items.len(), 0)?;
                for (i, item) in items.iter().enumerate() {
                    table.raw_set(i + 1, item.to_lua(lua)?)?;
                }
                table.set_readonly(true);
                LuaValue::Table(table)
            }
            Argument::Table(entries) => {
                let table = lua.create_table_with_capacity(0, entries.len())?;
                for (name, item) in entries {
                    table.raw_set(name.as_str(), item.to_lua(lua)?)?;
                }
                table.set_readonly(true);
                LuaValue::Table(table)
            }
        })
    }

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
                    _ => [f64::read(cell)?; 3],
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

/// A number that TOML reads back: never `1` where a float is meant to look like one, nor `inf`.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-4..1e15).contains(&x.abs()) { format!("{x}") } else { format!("{x:e}") }
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
                default.read(&Cell { reading, node: &entry.node, name, unit, range })
            }
        };
        match value {
            Ok(value) => filled.push((name.to_string(), value)),
            Err(Bad) => bad = true,
        }
    }
    if bad { Err(Bad) } else { Ok(filled) }
}

/// The table that a script gets as its parameters; it cannot be changed.
///
/// # Errors
/// When the interpreter has no memory left.
pub fn to_lua(lua: &Lua, arguments: &[(String, Argument)]) -> mlua::Result<LuaValue> {
    Argument::Table(arguments.to_vec()).to_lua(lua)
}

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
