//! The call of a method: its arguments and what it returns, on the interpreter's stack.

use std::ffi::{CStr, c_int};
use std::io::Write;

use mlua::ffi::{self, lua_State};

use super::{Stream, TAG};
use crate::random::Draws;
use crate::script::budget;

/// Numbers that one call may return in a list.
const MOST_NUMBERS: f64 = 5e7;

/// The call of a method: its stack, and the name that its messages begin with.
///
/// # Safety
/// Its methods may be called only while the interpreter `state` is calling, with the arguments on its stack, and while
/// nothing with a destructor is alive: [`Call::fail`] leaves the frame by a jump.
pub struct Call {
    pub state: *mut lua_State,
    pub name: &'static str,
}

impl Call {
    /// Ends the call with an error at the script's line. Nothing with a destructor may be alive.
    pub unsafe fn fail(&self, what: std::fmt::Arguments<'_>) -> ! {
        let mut text = [0_u8; 200];
        let room = text.len();
        let mut rest = &mut text[..];
        let _ = write!(rest, "{}: {what}", self.name);
        let length = room - rest.len();
        // SAFETY: the text is copied before the frame is left.
        unsafe {
            ffi::luaL_where(self.state, 1);
            ffi::lua_pushlstring_(self.state, text.as_ptr().cast(), length);
            ffi::lua_concat(self.state, 2);
            ffi::lua_error(self.state)
        }
    }

    /// The object that the method was called on.
    pub unsafe fn stream<'a>(&self) -> &'a mut Stream {
        // SAFETY: only `push` makes userdata of this tag; it lives as long as it is on the stack.
        unsafe {
            let place = ffi::lua_touserdatatagged(self.state, 1, TAG).cast::<Stream>();
            match place.as_mut() {
                Some(stream) => stream,
                None => self.fail(format_args!("call it with a colon, as in scene.rng:{}()", self.name)),
            }
        }
    }

    /// Argument `index`, counted from 1 without the object; `default` where it is absent.
    pub unsafe fn number(&self, index: c_int, what: &str, default: Option<f64>) -> f64 {
        // SAFETY: reading an argument of any kind is sound.
        unsafe {
            let mut is_number = 0;
            let x = ffi::lua_tonumberx(self.state, index + 1, &mut is_number);
            if is_number != 0 && x.is_finite() {
                return x;
            }
            match (ffi::lua_type(self.state, index + 1), default) {
                (ffi::LUA_TNUMBER | ffi::LUA_TSTRING, _) if is_number != 0 => {
                    self.fail(format_args!("{what} must be finite, and is {x}"))
                }
                (ffi::LUA_TNIL | ffi::LUA_TNONE, Some(default)) => default,
                (kind, _) => self.fail(format_args!("{what} must be a number, and is {}", self.kind(kind))),
            }
        }
    }

    /// A number that must not be negative.
    pub unsafe fn size(&self, index: c_int, what: &str, default: Option<f64>) -> f64 {
        // SAFETY: as for `Call`.
        unsafe {
            let x = self.number(index, what, default);
            if x < 0.0 {
                self.fail(format_args!("{what} must be >= 0, and is {x}"));
            }
            x
        }
    }

    unsafe fn kind(&self, kind: c_int) -> &'static str {
        match kind {
            ffi::LUA_TNIL | ffi::LUA_TNONE => "missing",
            ffi::LUA_TBOOLEAN => "a boolean",
            ffi::LUA_TSTRING => "a string",
            ffi::LUA_TTABLE => "a table",
            ffi::LUA_TFUNCTION => "a function",
            _ => "something else",
        }
    }

    /// How many numbers are wanted: argument `index`, a list then; one number where it is absent.
    pub unsafe fn count(&self, index: c_int) -> Option<usize> {
        // SAFETY: as for `Call`.
        unsafe {
            if ffi::lua_gettop(self.state) <= index || ffi::lua_type(self.state, index + 1) == ffi::LUA_TNIL {
                return None;
            }
            let n = self.size(index, "the count", None);
            if n.fract() != 0.0 || n > MOST_NUMBERS {
                self.fail(format_args!("the count must be a whole number up to 5e7, and is {n}"));
            }
            budget::charge(n as u64);
            Some(n as usize)
        }
    }

    /// Returns a number, or with a count, which is argument `index`, a list of them.
    pub unsafe fn give(&self, index: c_int, mut draw: impl FnMut(&mut Draws) -> f64) -> c_int {
        // SAFETY: as for `Call`; the list has room for what is written.
        unsafe {
            let draws = &mut self.stream().draws;
            match self.count(index) {
                None => ffi::lua_pushnumber(self.state, draw(draws)),
                Some(n) => {
                    ffi::lua_createtable(self.state, n as c_int, 0);
                    for i in 0..n {
                        ffi::lua_pushnumber(self.state, draw(draws));
                        ffi::lua_rawseti_(self.state, -2, i as c_int + 1);
                    }
                }
            }
            1
        }
    }

    /// Returns a point `{ x, y, z }`, or with a count, the first argument, lists `{ x = {…}, y = {…}, z = {…} }`.
    pub unsafe fn give_points(&self, mut draw: impl FnMut(&mut Stream) -> [f64; 3]) -> c_int {
        const NAMES: [&CStr; 3] = [c"x", c"y", c"z"];
        // SAFETY: as for `Call`.
        unsafe {
            let stream = self.stream();
            let Some(n) = self.count(1) else {
                let point = draw(stream);
                ffi::lua_createtable(self.state, 0, 3);
                for (name, x) in NAMES.iter().zip(point) {
                    ffi::lua_pushnumber(self.state, x);
                    ffi::lua_rawsetfield(self.state, -2, name.as_ptr());
                }
                return 1;
            };
            ffi::lua_createtable(self.state, 0, 3);
            for name in NAMES {
                ffi::lua_createtable(self.state, n as c_int, 0);
                ffi::lua_pushvalue(self.state, -1);
                ffi::lua_rawsetfield(self.state, -3, name.as_ptr());
                ffi::lua_insert(self.state, 2);
            }
            // The lists lie at 4, 3 and 2 now, below the table of them.
            for i in 0..n {
                for (x, list) in draw(stream).into_iter().zip([4, 3, 2]) {
                    ffi::lua_pushnumber(self.state, x);
                    ffi::lua_rawseti_(self.state, list, i as c_int + 1);
                }
            }
            1
        }
    }
}
