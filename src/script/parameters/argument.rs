//! Values of parameters, and what may stand in the place of one.

use mlua::{Lua, Value as LuaValue};
use serde_json::{Value as Json, json};

use crate::grid::AXES;
use crate::plugin::{Range, Reads};

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

impl Argument {
    /// Whether all its numbers lie in `range`.
    pub fn lies_in(&self, range: &Range) -> bool {
        match self {
            Argument::Number(x) => range.contains(*x),
            Argument::Flag(_) | Argument::Text(_) => true,
            Argument::List(items) => items.iter().all(|item| item.lies_in(range)),
            Argument::Table(entries) => entries.iter().all(|(_, item)| item.lies_in(range)),
        }
    }

    /// Whether it is a table of axis names and numbers.
    pub fn is_axes(&self) -> bool {
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
    pub fn form(&self) -> String {
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
    pub fn toml(&self) -> String {
        match self {
            Argument::Number(x) => number(*x),
            Argument::Flag(b) => b.to_string(),
            // The escapes of JSON are TOML's too, which has one more.
            Argument::Text(text) => json!(text).to_string().replace('\u{7f}', "\\u007f"),
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
    pub fn schema(&self, range: &Range) -> Json {
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
}

/// A number that TOML reads back, in few digits.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-4..1e15).contains(&x.abs()) { format!("{x}") } else { format!("{x:e}") }
}

/// The table that a script gets as its parameters; it cannot be changed.
///
/// # Errors
/// When the interpreter has no memory left.
pub fn to_lua(lua: &Lua, arguments: &[(String, Argument)]) -> mlua::Result<LuaValue> {
    Argument::Table(arguments.to_vec()).to_lua(lua)
}
