//! `require`: the modules beside a script, each run once.

use std::cell::RefCell;
use std::path::Path;

use mlua::chunk::ChunkMode;
use mlua::{Lua, Value};

use super::{SOURCE_NAME, Sources};
use crate::diagnostic::shown;
use crate::files::lexical;

/// Modules that were required: their values, and the first that the program does not have.
#[derive(Default)]
pub struct Requirements {
    pub missing: RefCell<Option<String>>,
    pub values: RefCell<Vec<(usize, Value)>>,
}

/// Runs source number `index`: what it returns.
pub fn load(lua: &Lua, sources: &Sources, index: usize) -> mlua::Result<Value> {
    let text = sources.list[index].text.as_bytes();
    lua.load(text).set_name(format!("={SOURCE_NAME}{index}")).set_mode(ChunkMode::Text).eval()
}

/// `require(name)`: what the module `name`.lua beside the script that asks for it returns.
pub fn require(lua: &Lua, sources: &Sources, requirements: &Requirements, name: &str) -> mlua::Result<Value> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let parts_are_names = name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    if !name.chars().all(plain) || !parts_are_names {
        return Err(mlua::Error::runtime(format!(
            "require: `{}` is no module; a module is named by its path from this script, such as \"lib/shapes\"",
            shown(name)
        )));
    }
    let asking = lua.inspect_stack(1, |frame| {
        let source = frame.source().short_src?;
        source.strip_prefix(SOURCE_NAME)?.parse::<usize>().ok()
    });
    let asking = sources.list.get(asking.flatten().unwrap_or(0)).map_or("", |source| &source.written);
    let file = format!("{}.lua", name.trim_end_matches(".lua"));
    let written = lexical(&Path::new(asking).with_file_name(file)).display().to_string();
    let Some(index) = sources.list.iter().position(|source| source.written == written) else {
        requirements.missing.borrow_mut().get_or_insert(written);
        return Err(mlua::Error::runtime(format!(
            "require: `{name}` was not loaded; require modules at the top of the script"
        )));
    };
    if let Some((_, value)) = requirements.values.borrow().iter().find(|(known, _)| *known == index) {
        return match value {
            Value::Nil => Err(mlua::Error::runtime(format!("require: `{name}` requires itself"))),
            value => Ok(value.clone()),
        };
    }
    requirements.values.borrow_mut().push((index, Value::Nil));
    let value = load(lua, sources, index)?;
    if value.is_nil() {
        return Err(mlua::Error::runtime(format!("require: `{name}` returns nothing")));
    }
    if let Some(entry) = requirements.values.borrow_mut().iter_mut().find(|(known, _)| *known == index) {
        entry.1 = value.clone();
    }
    Ok(value)
}
