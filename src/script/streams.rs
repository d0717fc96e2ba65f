//! Random numbers for scripts: an object whose methods draw from one counter-based stream.
//!
//! The methods are plain C functions that read their arguments off the interpreter's stack, since a script draws
//! millions of numbers one by one. With a count as their last argument they return a list instead, filled
//! without a step of the interpreter for each number.

mod call;
mod methods;

use std::ffi::c_int;
use std::mem::size_of;

use mlua::ffi::{self, lua_State};
use mlua::{Lua, Result, Table, Value};

use crate::random::{Draws, Streams};
use methods::{METHODS, math_random};

/// Marks this object's userdata among all others.
const TAG: c_int = 11;

/// What an object holds: plain numbers, so that the interpreter may drop it as it likes.
#[derive(Clone)]
struct Stream {
    draws: Draws,
    /// The grid as a region, x y z, and whether it is a plane.
    corners: ([f64; 3], [f64; 3]),
    flat: bool,
}

/// Where `provide` leaves the object.
const REGISTERED: &str = "blobscene.rng";

/// The object that [`provide`] made.
///
/// # Errors
/// When it made none.
pub fn provided(lua: &Lua) -> Result<Value> {
    lua.named_registry_value(REGISTERED)
}

/// Puts a `math.random` in place that refuses: no stream is there yet, or none may be.
///
/// # Errors
/// When the interpreter has no memory left.
pub fn forbid(lua: &Lua) -> Result<()> {
    let refuse = |_: &Lua, ()| -> Result<()> {
        Err(mlua::Error::runtime(
            "random numbers are drawn inside `generate` alone, so that each scene has its own",
        ))
    };
    lua.globals().get::<Table>("math")?.raw_set("random", lua.create_function(refuse)?)
}

/// Makes the object that scripts find as `scene.rng`, and `math.random` with a stream of its own; before the script is
/// loaded, which looks up the libraries' functions then.
///
/// # Errors
/// When the interpreter has no memory left.
pub fn provide(lua: &Lua, streams: &Streams, corners: ([f64; 3], [f64; 3]), flat: bool) -> Result<()> {
    let stream = |field: &str| Stream { draws: streams.field(field).at(0), corners, flat };
    // SAFETY: the closures leave one value on a stack with room for it, and skip no destructor.
    unsafe {
        lua.exec_raw::<()>((), |state| {
            methods(state);
            ffi::lua_setuserdatametatable(state, TAG);
        })?;
        let (rng, general) = (stream("script"), stream("math.random"));
        let rng: Value = lua.exec_raw((), |state| push(state, &rng))?;
        let general: Value = lua.exec_raw((), |state| {
            push(state, &general);
            ffi::lua_pushcclosurek(state, math_random, c"random".as_ptr(), 1, None);
        })?;
        lua.set_named_registry_value(REGISTERED, rng)?;
        lua.globals().get::<Table>("math")?.raw_set("random", general)
    }
}

/// Leaves the metatable on the stack.
unsafe fn methods(state: *mut lua_State) {
    // SAFETY: two tables and a function at most lie on the stack.
    unsafe {
        ffi::lua_createtable(state, 0, 2);
        ffi::lua_createtable(state, 0, METHODS.len() as c_int);
        for (name, method) in METHODS {
            ffi::lua_pushcclosurek(state, *method, name.as_ptr(), 0, None);
            ffi::lua_rawsetfield(state, -2, name.as_ptr());
        }
        ffi::lua_setreadonly(state, -1, 1);
        ffi::lua_rawsetfield(state, -2, c"__index".as_ptr());
        ffi::lua_pushboolean(state, 0);
        ffi::lua_rawsetfield(state, -2, c"__metatable".as_ptr());
        ffi::lua_setreadonly(state, -1, 1);
    }
}

unsafe fn push(state: *mut lua_State, stream: &Stream) {
    // SAFETY: the userdata is as large as what is written, and aligned for any number.
    unsafe {
        let place = ffi::lua_newuserdatataggedwithmetatable(state, size_of::<Stream>(), TAG);
        place.cast::<Stream>().write(stream.clone());
    }
}
