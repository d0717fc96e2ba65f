//! Functions whose result depends on their arguments alone.
//!
//! A profile's function is called for voxel after voxel, in several interpreters at once and in an order that depends
//! on the threads. So it must not remember anything: whatever it can reach is frozen once the script has been
//! loaded, and after every call the variables that it shares with other functions must be what they were.

use std::collections::HashSet;
use std::ffi::{c_int, c_void};

use mlua::ffi::{self, lua_State};
use mlua::{Function, Lua, Result, Value};

use super::budget;

/// A function that may be called any number of times, and the variables it can reach.
pub struct Pure {
    function: Function,
    /// Functions with variables, and for each variable its value: a list [function, index, value, …].
    variables: Value,
    count: c_int,
    /// Bytes of memory at which what calls have left behind is cleared away.
    full: u64,
}

/// Places on the stack of a call: the function, its parameters and the list of variables.
const FUNCTION: c_int = 1;
const PARAMETERS: c_int = 2;
const VARIABLES: c_int = 3;

/// What calls leave behind, in bytes, before it is cleared away.
const MOST_GARBAGE: u64 = 4 << 20;

impl Pure {
    /// Freezes every table that `function` or the `modules` of its script reach, and takes note of their variables.
    /// `memory` is the interpreter's limit.
    ///
    /// # Errors
    /// A weak table among them, or that the interpreter has no memory left.
    pub fn new(lua: &Lua, function: Function, modules: Vec<Value>, memory: u64) -> Result<Pure> {
        let list = lua.create_table()?;
        let roots = lua.create_sequence_from(modules)?;
        let mut seen = HashSet::new();
        let (mut weak, mut held) = (false, 0);
        let (met, found, bytes) = (&mut seen, &mut weak, &mut held);
        // Behind the script's own globals lie those of the sandbox, which are frozen, and whose variables never change.
        let libraries: Value = match lua.globals().metatable() {
            Some(metatable) => metatable.raw_get("__index")?,
            None => Value::Nil,
        };
        let nothing = lua.create_table()?;
        // SAFETY: the closure works on the values it is given, and makes room for what it adds.
        unsafe {
            lua.exec_raw::<()>((libraries, list.clone(), nothing), |state| {
                freeze(state, met, false);
                ffi::lua_settop(state, 0);
            })?;
            lua.exec_raw::<()>((function.clone(), list.clone(), roots), |state| {
                *found = freeze(state, met, true);
                ffi::lua_settop(state, 0);
                // When the collector runs depends on all calls before; so it waits for the end of a call.
                ffi::lua_gc(state, ffi::LUA_GCCOLLECT, 0);
                ffi::lua_gc(state, ffi::LUA_GCSTOP, 0);
                *bytes = held_bytes(state);
            })?;
        }
        if weak {
            return Err(mlua::Error::runtime(
                "a profile uses a weak table (`__mode`): what that still holds depends on more than the function's arguments",
            ));
        }
        let count = list.raw_len() as c_int;
        let full = held + (memory.saturating_sub(held) / 4).min(MOST_GARBAGE);
        Ok(Pure { function, variables: Value::Table(list), count, full })
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
        let each = &mut pairs;
        // SAFETY: the closure keeps to the stack it is given and holds nothing that needs to be dropped when an error
        // of the function leaves it.
        unsafe {
            lua.exec_raw::<()>(arguments, |state| {
                let mut held = held_bytes(state);
                for (point, out) in each {
                    match self.call(state, point, steps) {
                        Ok(value) => *out = value,
                        Err(wrong) => {
                            *result = wrong;
                            break;
                        }
                    }
                    if held_bytes(state) != held {
                        // Where the objects lie that the call has made, it must not tell: elsewhere its result is the
                        // same.
                        for _ in 0..held % 7 {
                            ffi::lua_createtable(state, 1, 1);
                        }
                        ffi::lua_settop(state, VARIABLES);
                        let again = self.call(state, point, steps);
                        if !matches!(again, Ok(value) if value.to_bits() == out.to_bits()) {
                            *result = Fault::Unsteady;
                            break;
                        }
                        if held_bytes(state) > self.full {
                            ffi::lua_gc(state, ffi::LUA_GCCOLLECT, 0);
                            ffi::lua_gc(state, ffi::LUA_GCSTOP, 0);
                        }
                        held = held_bytes(state);
                    }
                }
                ffi::lua_settop(state, 0);
            })?;
        }
        let returns = |what: &str, point: &[f64]| {
            let point: Vec<String> = point.iter().map(|x| format!("{x}")).collect();
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
            Fault::Unsteady => Err(mlua::Error::runtime(
                "the function gives one result and then another for the same arguments; it must not depend on the order in which \
                 `pairs` gives tables or functions that are keys",
            )),
        }
    }

    /// One call at one point.
    unsafe fn call<const N: usize>(
        &self,
        state: *mut lua_State,
        point: [f64; N],
        steps: Option<u64>,
    ) -> std::result::Result<f64, Fault<N>> {
        if let Some(steps) = steps {
            budget::refill(steps);
        }
        budget::charge(CALL_STEPS);
        // SAFETY: the stack is that of `call_each`, which has room for the arguments.
        unsafe {
            ffi::lua_pushvalue(state, FUNCTION);
            ffi::lua_pushvalue(state, PARAMETERS);
            for x in point {
                ffi::lua_pushnumber(state, x);
            }
            ffi::lua_call(state, 1 + N as c_int, 1);
            let (kind, value) = (ffi::lua_type(state, -1), ffi::lua_tonumber(state, -1));
            ffi::lua_settop(state, VARIABLES);
            match () {
                () if kind != ffi::LUA_TNUMBER || !value.is_finite() => Err(Fault::Value(kind, value, point)),
                () if !unchanged(state, self.count) => Err(Fault::Changed),
                () => Ok(value),
            }
        }
    }
}

/// Steps that a call takes by itself.
const CALL_STEPS: u64 = 5;

enum Fault<const N: usize> {
    None,
    /// The kind of what was returned, its value as a number, and the arguments.
    Value(c_int, f64, [f64; N]),
    Changed,
    Unsteady,
}

/// What the interpreter holds, in bytes.
unsafe fn held_bytes(state: *mut lua_State) -> u64 {
    // SAFETY: asking changes nothing.
    let (large, small) =
        unsafe { (ffi::lua_gc(state, ffi::LUA_GCCOUNT, 0), ffi::lua_gc(state, ffi::LUA_GCCOUNTB, 0)) };
    (large as u64) << 10 | small as u64
}

/// Places on the stack of [`freeze`]: the function, the list of variables, values to look into, and the one at hand.
const LIST: c_int = 2;
const QUEUE: c_int = 3;
const AT_HAND: c_int = 4;

/// Freezes what the function and the values in the queue reach, and puts their variables into the list where those are
/// to be watched; whether there is a weak table among them.
unsafe fn freeze(state: *mut lua_State, seen: &mut HashSet<*const c_void>, watched: bool) -> bool {
    let mut weak = false;
    // SAFETY: the stack grows by a few values, for which there is room, and each round leaves it as it was.
    unsafe {
        ffi::lua_rawcheckstack(state, 8);
        let mut queued = ffi::lua_objlen(state, QUEUE) as c_int;
        ffi::lua_pushvalue(state, FUNCTION);
        reach(state, seen, &mut queued);
        let mut at = 0;
        while at < queued {
            at += 1;
            ffi::lua_rawgeti_(state, QUEUE, at);
            if ffi::lua_getmetatable(state, AT_HAND) != 0 {
                weak |= ffi::lua_rawgetfield(state, -1, c"__mode".as_ptr()) != ffi::LUA_TNIL;
                ffi::lua_pop(state, 1);
                reach(state, seen, &mut queued);
            }
            match ffi::lua_type(state, AT_HAND) {
                ffi::LUA_TTABLE => {
                    ffi::lua_setreadonly(state, AT_HAND, 1);
                    ffi::lua_pushnil(state);
                    while ffi::lua_next(state, AT_HAND) != 0 {
                        reach(state, seen, &mut queued);
                        ffi::lua_pushvalue(state, -1);
                        reach(state, seen, &mut queued);
                    }
                }
                ffi::LUA_TFUNCTION => {
                    let mut variable = 1;
                    while !ffi::lua_getupvalue(state, AT_HAND, variable).is_null() {
                        if watched {
                            note_variable(state, variable);
                        }
                        reach(state, seen, &mut queued);
                        variable += 1;
                    }
                    ffi::lua_getfenv(state, AT_HAND);
                    reach(state, seen, &mut queued);
                }
                _ => {}
            }
            ffi::lua_settop(state, QUEUE);
        }
    }
    weak
}

/// Takes the value on top of the stack off it, and puts it into the queue where it is new and holds others.
unsafe fn reach(state: *mut lua_State, seen: &mut HashSet<*const c_void>, queued: &mut c_int) {
    // SAFETY: there is a value on the stack.
    unsafe {
        let holds =
            matches!(ffi::lua_type(state, -1), ffi::LUA_TTABLE | ffi::LUA_TFUNCTION | ffi::LUA_TUSERDATA);
        if holds && seen.insert(ffi::lua_topointer(state, -1)) {
            *queued += 1;
            ffi::lua_rawseti_(state, QUEUE, *queued);
        } else {
            ffi::lua_pop(state, 1);
        }
    }
}

/// Puts the function at hand, the number of one of its variables and that one's value, which is on top of the stack,
/// into the list.
unsafe fn note_variable(state: *mut lua_State, variable: c_int) {
    // SAFETY: three values at most are added, and taken off again.
    unsafe {
        let next = ffi::lua_objlen(state, LIST) as c_int + 1;
        ffi::lua_pushvalue(state, AT_HAND);
        ffi::lua_rawseti_(state, LIST, next);
        ffi::lua_pushnumber(state, f64::from(variable));
        ffi::lua_rawseti_(state, LIST, next + 1);
        ffi::lua_pushvalue(state, -1);
        // A hole would end the list.
        if ffi::lua_type(state, -1) == ffi::LUA_TNIL {
            ffi::lua_pop(state, 1);
            ffi::lua_pushlightuserdatatagged(state, std::ptr::null_mut(), 0);
        }
        ffi::lua_rawseti_(state, LIST, next + 2);
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
            let nan = |index| ffi::lua_rawequal(state, index, index) == 0;
            let same = nothing || ffi::lua_rawequal(state, -1, -2) != 0 || nan(-1) && nan(-2);
            ffi::lua_settop(state, VARIABLES);
            if name.is_null() || !same {
                return false;
            }
            at += 3;
        }
        true
    }
}
