//! Spots that come many at a time: lists of tables, and columns of numbers.

use std::cell::RefCell;
use std::ffi::c_int;

use mlua::{Lua, Result, Table, Value, ffi};

use super::{Collector, Field};
use crate::diagnostic::counted;

/// Takes over a list of spots, each a table.
///
/// # Errors
/// A spot that is none, or a list with a hole.
pub fn list(lua: &Lua, collector: &RefCell<Collector>, list: Table) -> Result<()> {
    let length = list.raw_len();
    let (mut wrong, mut entries) = (None, 0);
    let (result, count) = (&mut wrong, &mut entries);
    // SAFETY: the list lies at 1, and each spot above it is popped again.
    unsafe {
        lua.exec_raw::<()>(list, |state| {
            let mut collector = collector.borrow_mut();
            for i in 1..=length {
                let found = ffi::lua_rawgeti_(state, 1, i as c_int);
                let taken = match found {
                    ffi::LUA_TTABLE => collector.table(state, -1),
                    _ => Err("it is no table".to_string()),
                };
                if let Err(what) = taken {
                    *result = Some(format!("spot {i} of the list: {what}"));
                    break;
                }
                ffi::lua_settop(state, 1);
            }
            drop(collector);
            let mut at = 0;
            loop {
                ffi::lua_settop(state, 1);
                at = ffi::lua_rawiter(state, 1, at);
                if at < 0 {
                    break;
                }
                *count += 1;
            }
            ffi::lua_settop(state, 0);
        })?;
    }
    match wrong {
        Some(what) => Err(mlua::Error::runtime(what)),
        None if entries > length && length == 0 => Err(mlua::Error::runtime(
            "the table is no list of spots, and has no `x`, so it is no spot either",
        )),
        None if entries > length => Err(mlua::Error::runtime(format!(
            "the list of spots has {entries} entries, of which only 1 to {length} follow one another"
        ))),
        None => Ok(()),
    }
}

/// Takes over columns: `{ x = {…}, y = {…}, z = {…}, amplitude = {…} or one number for all, … }`.
///
/// # Errors
/// A column that is none, or is longer or shorter than `x`.
pub fn columns(lua: &Lua, collector: &RefCell<Collector>, table: Table) -> Result<()> {
    let x: Table = table.raw_get("x")?;
    let count = x.raw_len();
    let mut collector = collector.borrow_mut();
    let fail = |what: String| Err(mlua::Error::runtime(what));
    let mut given: Vec<(Field, String, Given)> = Vec::new();
    for pair in table.pairs::<Value, Value>() {
        let (key, value) = pair?;
        let Value::String(name) = &key else {
            return fail("the columns have an entry without a name".into());
        };
        let shown = crate::diagnostic::shown(&name.to_string_lossy());
        let field = collector.field_of(&name.as_bytes()).or_else(fail_with)?;
        let values = match value {
            Value::Table(list) if list.raw_len() == count => Given::Each(list),
            Value::Table(list) => {
                return fail(format!(
                    "the column `{shown}` has {}, and `x` has {count}",
                    counted(list.raw_len(), "value")
                ));
            }
            Value::Number(x) => Given::All(x),
            Value::Integer(n) => Given::All(n as f64),
            other => {
                return fail(format!(
                    "the column `{shown}` is {}; allowed: a list of numbers, or one for all",
                    crate::script::kind(&other)
                ));
            }
        };
        given.push((field, shown, values));
    }
    let first = collector.positions.len();
    for _ in 0..count {
        collector.begin().or_else(fail_with)?;
    }
    given.sort_by(|a, b| a.1.cmp(&b.1));
    for (field, name, values) in given {
        let numbers = match values {
            Given::All(x) => vec![x; count],
            Given::Each(list) => numbers(lua, &list, count).map_err(|i| {
                mlua::Error::runtime(format!("value {i} of the column `{name}` is no number"))
            })?,
        };
        if let Some(i) = numbers.iter().position(|&x| collector.allow(field, x).is_err()) {
            let what = collector.allow(field, numbers[i]).err().unwrap_or_default();
            return fail(format!("spot {} of the columns: {what}", i + 1));
        }
        collector.extend(field, first, &numbers);
    }
    collector.end_all(first).or_else(|(i, what)| fail(format!("spot {} of the columns: {what}", i + 1)))
}

fn fail_with<T>(what: String) -> Result<T> {
    Err(mlua::Error::runtime(what))
}

enum Given {
    All(f64),
    Each(Table),
}

/// The numbers of a list, or the index of the first that is none.
fn numbers(lua: &Lua, list: &Table, count: usize) -> std::result::Result<Vec<f64>, usize> {
    let mut numbers = vec![0.0; count];
    let mut bad = None;
    let (out, first) = (&mut numbers, &mut bad);
    // SAFETY: the list lies at 1, and each number above it is popped again.
    let read = unsafe {
        lua.exec_raw::<()>(list.clone(), |state| {
            for (i, x) in out.iter_mut().enumerate() {
                if ffi::lua_rawgeti_(state, 1, i as c_int + 1) != ffi::LUA_TNUMBER {
                    *first = Some(i + 1);
                    break;
                }
                *x = ffi::lua_tonumber(state, -1);
                ffi::lua_settop(state, 1);
            }
            ffi::lua_settop(state, 0);
        })
    };
    match (read, bad) {
        (Ok(()), None) => Ok(numbers),
        (_, bad) => Err(bad.unwrap_or(0)),
    }
}
