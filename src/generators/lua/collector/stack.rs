//! Spots that lie on the interpreter's stack: the arguments of `emit`, and tables.

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int};

use mlua::ffi::{self, lua_State};
use mlua::{Lua, Result, Value};

use super::{Collector, Field, MOST_COLUMNS, SIGMA, Wrong};
use crate::diagnostic::counted;
use crate::grid::AXES;

impl Collector {
    /// The field whose name is the text at `index` of the stack.
    unsafe fn field_at(&mut self, state: *mut lua_State, index: c_int) -> std::result::Result<Field, String> {
        // SAFETY: a text is not converted, so a traversal of its table is not disturbed.
        let name = unsafe {
            if ffi::lua_type(state, index) != ffi::LUA_TSTRING {
                return Err("it has entries without a name; allowed: x, y, z and other named numbers".into());
            }
            let mut length = 0;
            let text = ffi::lua_tolstring(state, index, &mut length);
            std::slice::from_raw_parts(text.cast::<u8>(), length)
        };
        // The address alone may have been another name's before.
        let known = |(address, bytes, _): &&(*const c_char, Box<[u8]>, Field)| {
            *address == name.as_ptr().cast() && **bytes == *name
        };
        if let Some((_, _, field)) = self.names.iter().find(known) {
            return Ok(*field);
        }
        let field = self.field_of(name)?;
        self.names.truncate(4 * MOST_COLUMNS);
        self.names.push((name.as_ptr().cast(), name.into(), field));
        Ok(field)
    }

    /// Takes over the spot that the table at `index` of the stack is.
    pub unsafe fn table(&mut self, state: *mut lua_State, index: c_int) -> Wrong {
        self.begin()?;
        // SAFETY: the traversal leaves the stack as it was, and calls nothing of the script's.
        unsafe {
            let index = ffi::lua_absindex(state, index);
            let mut at = 0;
            loop {
                at = ffi::lua_rawiter(state, index, at);
                if at < 0 {
                    break;
                }
                let field = self.field_at(state, -2)?;
                match (ffi::lua_type(state, -1), field) {
                    (ffi::LUA_TNUMBER, field) => {
                        let x = ffi::lua_tonumber(state, -1);
                        self.allow(field, x)?;
                        self.set(field, x);
                    }
                    (ffi::LUA_TTABLE, Field::Sigma) => self.sigma(state)?,
                    (found, _) => {
                        let name = CStr::from_ptr(ffi::lua_tostring(state, -2)).to_string_lossy();
                        let found = CStr::from_ptr(ffi::lua_typename(state, found)).to_string_lossy();
                        return Err(format!("its `{name}` is a {found}; allowed: a number"));
                    }
                }
                ffi::lua_pop(state, 2);
            }
        }
        self.end()
    }

    /// Takes over the table of widths that lies on top of the stack.
    unsafe fn sigma(&mut self, state: *mut lua_State) -> Wrong {
        for (axis, name) in [c"x", c"y", c"z"].into_iter().enumerate() {
            // SAFETY: the stack grows by one value and shrinks again.
            let x = unsafe {
                let found = ffi::lua_rawgetfield(state, -1, name.as_ptr());
                let x = ffi::lua_tonumber(state, -1);
                ffi::lua_pop(state, 1);
                match found {
                    ffi::LUA_TNUMBER => x,
                    _ if axis == 2 && self.flat => continue,
                    _ => return Err(format!("its `sigma` has no number `{}`", AXES[axis])),
                }
            };
            self.allow(Field::Column(SIGMA + axis), x)?;
            self.set_column(SIGMA + axis, x);
        }
        Ok(())
    }

    /// Takes over the arguments of `emit`: x, y, z and the columns that the script declares; or the table of a spot.
    unsafe fn arguments(&mut self, state: *mut lua_State) -> Wrong {
        // SAFETY: only arguments are read, by their kinds.
        unsafe {
            let count = ffi::lua_gettop(state) as usize;
            if count == 1 && ffi::lua_type(state, 1) == ffi::LUA_TTABLE {
                return self.table(state, 1);
            }
            if count > 1 && ffi::lua_type(state, 1) == ffi::LUA_TTABLE {
                return Err("it begins with a table; call it with a dot: scene.emit(x, y, z)".into());
            }
            if count > 3 + self.emitted.len() {
                return Err(format!(
                    "it has {} behind x, y and z, and the script declares {} with `columns`",
                    counted(count - 3, "value"),
                    self.emitted.len()
                ));
            }
            self.begin()?;
            for i in 0..count {
                let field = if i < 3 { Field::Position(i) } else { self.emitted[i - 3] };
                match ffi::lua_type(state, i as c_int + 1) {
                    ffi::LUA_TNUMBER => {
                        let x = ffi::lua_tonumber(state, i as c_int + 1);
                        self.allow(field, x)?;
                        self.set(field, x);
                    }
                    ffi::LUA_TNIL => {}
                    _ => return Err(format!("its `{}` is no number", self.name(field))),
                }
            }
        }
        self.end()
    }
}

/// `scene.emit(x, y, z, …)`.
///
/// # Errors
/// When the interpreter has no memory left.
pub fn provide_emit(lua: &Lua, collector: &RefCell<Collector>) -> Result<Value> {
    let place: *const RefCell<Collector> = collector;
    // SAFETY: one value is left on the stack; the collector outlives the interpreter's run.
    unsafe {
        lua.exec_raw((), |state| {
            ffi::lua_pushlightuserdatatagged(state, place.cast_mut().cast(), 0);
            ffi::lua_pushcclosurek(state, emit, c"emit".as_ptr(), 1, None);
        })
    }
}

unsafe extern "C-unwind" fn emit(state: *mut lua_State) -> c_int {
    // SAFETY: the upvalue is the collector of `provide_emit`, which nothing else borrows while a script runs; the
    // message is dropped before the error leaves this frame.
    unsafe {
        let place = ffi::lua_tolightuserdata(state, ffi::lua_upvalueindex(1)).cast::<RefCell<Collector>>();
        let wrong = match (*place).try_borrow_mut() {
            Ok(mut collector) => {
                let before = collector.positions.len();
                let wrong = collector.arguments(state);
                wrong.map_err(|what| {
                    // The script may catch the error: then the spot was never there.
                    collector.positions.truncate(before);
                    collector.columns.iter_mut().for_each(|column| column.values.truncate(before));
                    format!("emit: spot {}: {what}", before + 1)
                })
            }
            Err(_) => Err("emit: called while a spot is taken over".into()),
        };
        let failed = match wrong {
            Ok(()) => false,
            Err(what) => {
                ffi::luaL_where(state, 1);
                ffi::lua_pushlstring_(state, what.as_ptr().cast(), what.len());
                ffi::lua_concat(state, 2);
                true
            }
        };
        if failed {
            ffi::lua_error(state)
        }
    }
    0
}
