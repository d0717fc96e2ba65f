//! Random numbers for scripts: an object whose methods draw from one counter-based stream.
//!
//! The methods are plain C functions that read their arguments off the interpreter's stack, since a script draws
//! millions of numbers one by one. With a count as their last argument they return a list instead, filled
//! without a step of the interpreter for each number.

use std::ffi::{CStr, c_int};
use std::io::Write;
use std::mem::size_of;

use mlua::ffi::{self, lua_State};
use mlua::{Lua, Result, Table, Value};

use super::budget;
use crate::random::{Draws, Field, Streams};

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

/// Numbers that one call may return in a list.
const MOST_NUMBERS: f64 = 5e7;

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
    type Method = (&'static CStr, ffi::lua_CFunction);
    const METHODS: &[Method] = &[
        (c"uniform", uniform),
        (c"integer", integer),
        (c"normal", normal),
        (c"lognormal", lognormal),
        (c"exponential", exponential),
        (c"gamma", gamma),
        (c"poisson", poisson),
        (c"choice", choice),
        (c"point", point),
        (c"unit_vector", unit_vector),
        (c"shuffle", shuffle),
        (c"stream", stream),
    ];
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

/// The call of a method: its stack, and the name that its messages begin with.
struct Call {
    state: *mut lua_State,
    name: &'static str,
}

impl Call {
    /// Ends the call with an error at the script's line. Nothing with a destructor may be alive.
    unsafe fn fail(&self, what: std::fmt::Arguments<'_>) -> ! {
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
    unsafe fn stream<'a>(&self) -> &'a mut Stream {
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
    unsafe fn number(&self, index: c_int, what: &str, default: Option<f64>) -> f64 {
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
    unsafe fn size(&self, index: c_int, what: &str, default: Option<f64>) -> f64 {
        // SAFETY: as for this function.
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
    unsafe fn count(&self, index: c_int) -> Option<usize> {
        // SAFETY: as for this function.
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
    unsafe fn give(&self, index: c_int, mut draw: impl FnMut(&mut Draws) -> f64) -> c_int {
        // SAFETY: as for this function; the list has room for what is written.
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
    unsafe fn give_points(&self, mut draw: impl FnMut(&mut Stream) -> [f64; 3]) -> c_int {
        const NAMES: [&CStr; 3] = [c"x", c"y", c"z"];
        // SAFETY: as for this function.
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

/// Defines the method `$name`, whose body has the call at hand.
macro_rules! method {
    ($(#[$about:meta])* $name:ident, |$call:ident| $body:expr) => {
        $(#[$about])*
        unsafe extern "C-unwind" fn $name(state: *mut lua_State) -> c_int {
            let $call = Call { state, name: stringify!($name) };
            // SAFETY: called by the interpreter, with its arguments on the stack; nothing here has a destructor.
            unsafe { $body }
        }
    };
}

method!(uniform, |call| {
    let (low, high) =
        (call.number(1, "the lower limit", Some(0.0)), call.number(2, "the upper limit", Some(1.0)));
    if low > high {
        call.fail(format_args!("the limits must rise, and are {low} and {high}"));
    }
    call.give(3, |draws| draws.uniform(low, high))
});

method!(integer, |call| {
    let (low, high) = (call.number(1, "the first number", None), call.number(2, "the last number", None));
    // Beyond 2^53 not every whole number exists.
    if low.fract() != 0.0 || high.fract() != 0.0 || low.abs() > 9e15 || high.abs() > 9e15 || low > high {
        call.fail(format_args!("two whole numbers must rise, and are {low} and {high}"));
    }
    let choices = (high as i64 - low as i64) as u64 + 1;
    call.give(3, |draws| (low as i64 + draws.below(choices) as i64) as f64)
});

method!(normal, |call| {
    let (mean, sd) =
        (call.number(1, "the mean", Some(0.0)), call.size(2, "the standard deviation", Some(1.0)));
    call.give(3, |draws| mean + sd * draws.normal())
});

method!(lognormal, |call| {
    let (mu, sigma) = (call.number(1, "mu", Some(0.0)), call.size(2, "sigma", Some(1.0)));
    call.give(3, |draws| libm::exp(mu + sigma * draws.normal()))
});

method!(exponential, |call| {
    let mean = call.size(1, "the mean", Some(1.0));
    call.give(2, |draws| mean * draws.exponential())
});

method!(gamma, |call| {
    let (shape, scale) = (call.number(1, "the shape", None), call.size(2, "the scale", Some(1.0)));
    if shape <= 0.0 {
        call.fail(format_args!("the shape must be > 0, and is {shape}"));
    }
    call.give(3, |draws| scale * draws.gamma(shape))
});

method!(poisson, |call| {
    let mean = call.size(1, "the mean", None);
    if mean > 1e15 {
        call.fail(format_args!("the mean must be <= 1e15, and is {mean}"));
    }
    call.give(2, |draws| draws.poisson(mean))
});

method!(
    /// One element of a list, or with a count a list of them, each drawn anew.
    choice, |call| {
        if ffi::lua_type(call.state, 2) != ffi::LUA_TTABLE {
            call.fail(format_args!("the choices must be a list"));
        }
        let choices = ffi::lua_objlen(call.state, 2);
        if choices == 0 {
            call.fail(format_args!("the list of choices is empty"));
        }
        let draws = &mut call.stream().draws;
        let mut pick = || ffi::lua_rawgeti_(call.state, 2, draws.below(choices as u64) as c_int + 1);
        match call.count(2) {
            None => { pick(); }
            Some(n) => {
                ffi::lua_createtable(call.state, n as c_int, 0);
                for i in 0..n {
                    pick();
                    ffi::lua_rawseti_(call.state, -2, i as c_int + 1);
                }
            }
        }
        1
    }
);

method!(
    /// Uniform in the grid: the union of its voxels.
    point, |call| call.give_points(|stream| {
        let (low, high) = stream.corners;
        let mut point = [0.0; 3];
        for a in 0..if stream.flat { 2 } else { 3 } {
            point[a] = stream.draws.uniform(low[a], high[a]);
        }
        point
    })
);

method!(
    /// Uniform on the unit sphere, in a plane on the unit circle.
    unit_vector, |call| call.give_points(|stream| stream.draws.direction(stream.flat))
);

method!(
    /// Puts a list into a random order, and returns it (Fisher and Yates).
    shuffle, |call| {
        if ffi::lua_type(call.state, 2) != ffi::LUA_TTABLE {
            call.fail(format_args!("what is shuffled must be a list"));
        }
        if ffi::lua_getreadonly(call.state, 2) != 0 {
            call.fail(format_args!("the list is frozen; shuffle a copy, table.clone(list)"));
        }
        let draws = &mut call.stream().draws;
        let length = ffi::lua_objlen(call.state, 2);
        budget::charge(length as u64);
        for i in (2..=length).rev() {
            let j = draws.below(i as u64) as usize + 1;
            ffi::lua_rawgeti_(call.state, 2, i as c_int);
            ffi::lua_rawgeti_(call.state, 2, j as c_int);
            ffi::lua_rawseti_(call.state, 2, i as c_int);
            ffi::lua_rawseti_(call.state, 2, j as c_int);
        }
        ffi::lua_settop(call.state, 2);
        1
    }
);

method!(
    /// A stream of its own for a number, such as that of a cell: what is drawn from it changes nothing elsewhere.
    stream, |call| {
        let index = call.number(1, "the number of the stream", None);
        if index.fract() != 0.0 || !(0.0..9e15).contains(&index) {
            call.fail(format_args!("the number of a stream must be whole and >= 0, and is {index}"));
        }
        let own = call.stream();
        let field: Field = own.draws.branch();
        let inner = Stream { draws: field.at(index as u64), corners: own.corners, flat: own.flat };
        push(call.state, &inner);
        1
    }
);

/// `math.random()`, `math.random(n)`, `math.random(m, n)`, as Lua has it.
unsafe extern "C-unwind" fn math_random(state: *mut lua_State) -> c_int {
    let call = Call { state, name: "math.random" };
    // SAFETY: as for the methods; the upvalue was made by `provide`.
    unsafe {
        let place = ffi::lua_touserdatatagged(state, ffi::lua_upvalueindex(1), TAG).cast::<Stream>();
        let Some(stream) = place.as_mut() else { call.fail(format_args!("it has lost its stream")) };
        let whole = |index: c_int, what: &str| {
            // There is no object before the arguments.
            let x = call.number(index - 1, what, None);
            if x.fract() != 0.0 || x.abs() > 9e15 {
                call.fail(format_args!("{what} must be a whole number, and is {x}"));
            }
            x as i64
        };
        let (low, high) = match ffi::lua_gettop(state) {
            0 => {
                ffi::lua_pushnumber(state, stream.draws.unit());
                return 1;
            }
            1 => (1, whole(1, "the last number")),
            _ => (whole(1, "the first number"), whole(2, "the last number")),
        };
        if low > high {
            call.fail(format_args!("there is no number from {low} to {high}"));
        }
        let drawn = low + stream.draws.below((high - low) as u64 + 1) as i64;
        ffi::lua_pushnumber(state, drawn as f64);
        1
    }
}
