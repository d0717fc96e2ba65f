//! What a script finds around it: Luau's own libraries without anything that reaches outside, tells the time,
//! shows an address or takes long without being counted.

use std::ffi::c_int;

use mlua::{Lua, Result, StdLib, Table, Value, ffi};

use super::budget;

/// Globals that Luau brings and a script does not get.
const REMOVED: &[&str] = &[
    "require",
    "loadstring",
    "collectgarbage",
    "newproxy",
    "getfenv",
    "setfenv",
    "gcinfo",
    "_VERSION",
    "print",
];

/// Of the libraries: what is replaced or stays away. A finalizer would run outside of any call.
const REMOVED_INNER: &[(&str, &[&str])] = &[
    ("math", &["random"]),
    ("coroutine", &["close", "finally"]),
    ("table", &["foreach", "foreachi", "getn", "maxn"]),
];

/// Functions of the prelude that the compiler would otherwise replace with the library's own, which take no steps.
pub const PAYING: [&str; 3] = ["unpack", "table.unpack", "tonumber"];

/// Functions of the libraries that are replaced.
const PRELUDE: &str = include_str!("prelude.lua");

/// What the interpreter calls them.
pub const PRELUDE_NAME: &str = "blobscene";

/// Opens the libraries and closes what they leave open.
pub fn furnish(lua: &Lua) -> Result<()> {
    lua.load_std_libs(StdLib::TABLE | StdLib::STRING | StdLib::MATH | StdLib::BIT | StdLib::COROUTINE)?;
    let globals = lua.globals();
    for name in REMOVED {
        globals.raw_set(*name, Value::Nil)?;
    }
    for (library, names) in REMOVED_INNER {
        let library: Table = globals.raw_get(*library)?;
        for name in *names {
            library.raw_set(*name, Value::Nil)?;
        }
    }
    // SAFETY: plain C functions without upvalues.
    let given = unsafe { (lua.create_c_function(charge)?, lua.create_c_function(exhausted)?) };
    lua.load(PRELUDE).set_name(format!("={PRELUDE_NAME}")).call::<()>(given)
}

/// `exhausted()`: a script caught the error that memory had run out.
unsafe extern "C-unwind" fn exhausted(state: *mut ffi::lua_State) -> c_int {
    // SAFETY: the interpreter waits for this function.
    budget::exhausted((1..10).find_map(|level| unsafe { budget::position(state, level) }));
    0
}

/// `charge(n)`: takes n steps.
unsafe extern "C-unwind" fn charge(state: *mut ffi::lua_State) -> c_int {
    // SAFETY: the stack holds what the prelude passes.
    let steps = unsafe { ffi::lua_tonumber(state, 1) };
    // Conversion saturates; NaN is 0.
    budget::charge(steps as u64);
    0
}
