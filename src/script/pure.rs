//! Functions whose result depends on their arguments alone.
//!
//! A profile's function is called for voxel after voxel, in several interpreters at once and in an order that depends
//! on the threads. So it must not remember anything: whatever it can reach is frozen once the script has been
//! loaded, and after every call the variables that it shares with other functions must be what they were.

use std::collections::HashSet;
use std::ffi::{CStr, c_int, c_void};

use mlua::ffi::{self, lua_State};
use mlua::{Function, Lua, Result, Value};

use super::{SOURCE_NAME, budget};

/// A function that may be called any number of times, and the variables it can reach.
pub struct Pure {
    function: Function,
    /// Functions with variables, and for each variable its value: a list [function, index, value, …].
    variables: Value,
    count: c_int,
}

/// Places on the stack of a call: the function, its parameters and the list of variables.
const FUNCTION: c_int = 1;
const PARAMETERS: c_int = 2;
const VARIABLES: c_int = 3;

impl Pure {
    /// Freezes every table that `function` can reach, and takes note of its variables.
    ///
    /// # Errors
    /// When the interpreter has no memory left.
    pub fn new(lua: &Lua, function: Function) -> Result<Pure> {
        let list = lua.create_table()?;
        let mut seen = HashSet::new();
        let met = &mut seen;
        // SAFETY: the closure works on the two values it is given, and makes room for what it adds.
        unsafe {
            lua.exec_raw::<()>((function.clone(), list.clone()), |state| {
                freeze(state, 1, 2, met, 0);
                ffi::lua_settop(state, 0);
            })?;
        }
        let count = list.raw_len() as c_int;
        Ok(Pure { function, variables: Value::Table(list), count })
    }

    /// Calls the function with `parameters` and the numbers of each of `points`, and puts the results into `out`. Each call
    /// has `steps` to itself, or takes what the whole has left.
    ///
    /// # Errors
    /// An error of the function, a result that is no finite number, or a variable that it has changed.
    pub fn call_each<const N: usize>(
        &self,
        lua: &Lua,
        parameters: &Value,
        points: impl Iterator<Item = [f64; N]>,
        out: &mut [f64],
        steps: Option<u64>,
    ) -> Result<()> {
        let arguments = (self.function.clone(), parameters.clone(), self.variables.clone());
        let mut fault = Fault::None;
        let result = &mut fault;
        let mut pairs = points.zip(out);
        let (each, count) = (&mut pairs, self.count);
        // SAFETY: the closure keeps to the stack it is given and holds nothing that needs to be dropped when an error
        // of the function leaves it.
        unsafe {
            lua.exec_raw::<()>(arguments, |state| {
                for (point, out) in each {
                    if let Some(steps) = steps {
                        budget::refill(steps);
                    }
                    ffi::lua_pushvalue(state, FUNCTION);
                    ffi::lua_pushvalue(state, PARAMETERS);
                    for x in point {
                        ffi::lua_pushnumber(state, x);
                    }
                    ffi::lua_call(state, 1 + N as c_int, 1);
                    let value = ffi::lua_tonumber(state, -1);
                    if ffi::lua_type(state, -1) != ffi::LUA_TNUMBER || !value.is_finite() {
                        *result = Fault::Value(ffi::lua_type(state, -1), value, point);
                        break;
                    }
                    ffi::lua_settop(state, VARIABLES);
                    *out = value;
                    if !unchanged(state, count) {
                        *result = Fault::Changed;
                        break;
                    }
                }
                ffi::lua_settop(state, 0);
            })?;
        }
        let returns = |what: &str, point: &[f64]| {
            let point: Vec<String> = point.iter().map(|x| format!("{x:.4}")).collect();
            Err(mlua::Error::runtime(format!(
                "at ({}) it returns {what}; allowed: a finite number",
                point.join(", ")
            )))
        };
        match fault {
            Fault::None => Ok(()),
            Fault::Value(ffi::LUA_TNUMBER, x, point) => returns(&x.to_string(), &point),
            Fault::Value(ffi::LUA_TNIL, _, point) => returns("nothing", &point),
            Fault::Value(_, _, point) => returns("something that is no number", &point),
            Fault::Changed => Err(mlua::Error::runtime(
                "the function changes a variable outside of itself; its result may depend on its arguments alone",
            )),
        }
    }
}

enum Fault<const N: usize> {
    None,
    /// The kind of what was returned, its value as a number, and the arguments.
    Value(c_int, f64, [f64; N]),
    Changed,
}

/// Deeper structures than this are left as they are found: no script builds them by hand.
const MAX_DEPTH: usize = 60;

/// Freezes what the value at `index` reaches; functions put their variables into the list at `list`.
unsafe fn freeze(
    state: *mut lua_State,
    index: c_int,
    list: c_int,
    seen: &mut HashSet<*const c_void>,
    depth: usize,
) {
    // SAFETY: the stack grows by a few values on each level, for which there is room.
    unsafe {
        let index = ffi::lua_absindex(state, index);
        let kind = ffi::lua_type(state, index);
        if !matches!(kind, ffi::LUA_TTABLE | ffi::LUA_TFUNCTION | ffi::LUA_TUSERDATA) || depth > MAX_DEPTH {
            return;
        }
        if !seen.insert(ffi::lua_topointer(state, index)) {
            return;
        }
        ffi::lua_rawcheckstack(state, 8);
        if ffi::lua_getmetatable(state, index) != 0 {
            freeze(state, -1, list, seen, depth + 1);
            ffi::lua_pop(state, 1);
        }
        match kind {
            ffi::LUA_TTABLE => {
                ffi::lua_setreadonly(state, index, 1);
                ffi::lua_pushnil(state);
                while ffi::lua_next(state, index) != 0 {
                    freeze(state, -2, list, seen, depth + 1);
                    freeze(state, -1, list, seen, depth + 1);
                    ffi::lua_pop(state, 1);
                }
            }
            ffi::LUA_TFUNCTION => {
                let own = is_of_script(state, index);
                let mut variable = 1;
                while !ffi::lua_getupvalue(state, index, variable).is_null() {
                    if own {
                        note(state, index, variable, list);
                    }
                    freeze(state, -1, list, seen, depth + 1);
                    ffi::lua_pop(state, 1);
                    variable += 1;
                }
                ffi::lua_getfenv(state, index);
                freeze(state, -1, list, seen, depth + 1);
                ffi::lua_pop(state, 1);
            }
            _ => {}
        }
    }
}

/// Whether the function at `index` stands in a script. The libraries' own functions have variables as well, which nothing
/// changes, and to look at them after every call would take longer than most calls.
unsafe fn is_of_script(state: *mut lua_State, index: c_int) -> bool {
    // SAFETY: all zeros is a valid record of numbers and pointers; `short_src` ends with a zero.
    unsafe {
        let mut record: ffi::lua_Debug = std::mem::zeroed();
        ffi::lua_pushvalue(state, index);
        let known = ffi::lua_getinfo(state, -1, c"s".as_ptr(), &mut record) != 0;
        ffi::lua_pop(state, 1);
        known
            && !record.short_src.is_null()
            && CStr::from_ptr(record.short_src).to_bytes().starts_with(SOURCE_NAME.as_bytes())
    }
}

/// Puts variable number `variable` of the function at `index`, whose value lies on top of the stack, into the list.
unsafe fn note(state: *mut lua_State, index: c_int, variable: c_int, list: c_int) {
    // SAFETY: two values at most lie on the stack in between.
    unsafe {
        let next = ffi::lua_objlen(state, list) as c_int + 1;
        ffi::lua_pushvalue(state, index);
        ffi::lua_rawseti_(state, list, next);
        ffi::lua_pushnumber(state, f64::from(variable));
        ffi::lua_rawseti_(state, list, next + 1);
        ffi::lua_pushvalue(state, -1);
        // A hole would end the list.
        if ffi::lua_type(state, -1) == ffi::LUA_TNIL {
            ffi::lua_pop(state, 1);
            ffi::lua_pushlightuserdatatagged(state, std::ptr::null_mut(), 0);
        }
        ffi::lua_rawseti_(state, list, next + 2);
    }
}

/// Whether every variable of the list has the value it had.
unsafe fn unchanged(state: *mut lua_State, count: c_int) -> bool {
    // SAFETY: the list holds what `freeze` put there; five values at most lie above it.
    unsafe {
        let mut at = 1;
        while at <= count {
            ffi::lua_rawgeti_(state, VARIABLES, at);
            ffi::lua_rawgeti_(state, VARIABLES, at + 1);
            ffi::lua_rawgeti_(state, VARIABLES, at + 2);
            let variable = ffi::lua_tonumber(state, -2) as c_int;
            let name = ffi::lua_getupvalue(state, -3, variable);
            let nothing = ffi::lua_type(state, -1) == ffi::LUA_TNIL
                && ffi::lua_type(state, -2) == ffi::LUA_TLIGHTUSERDATA;
            let same = nothing || ffi::lua_rawequal(state, -1, -2) != 0;
            ffi::lua_settop(state, VARIABLES);
            if name.is_null() || !same {
                return false;
            }
            at += 3;
        }
        true
    }
}
