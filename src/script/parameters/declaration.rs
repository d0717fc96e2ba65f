//! What a script declares: a table of names and defaults -> parameters.

use mlua::{Table as LuaTable, Value as LuaValue};

use super::{Argument, Parameter};
use crate::diagnostic::nearest;
use crate::plugin::Range;
use crate::script::kind;

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
