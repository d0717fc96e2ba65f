//! What can be drawn: the methods of `scene.rng`, and `math.random`.

use std::ffi::{CStr, c_int};

use mlua::ffi::{self, lua_State};

use super::call::Call;
use super::{Stream, TAG, push};
use crate::random::Field;
use crate::script::budget;

type Method = (&'static CStr, ffi::lua_CFunction);
pub const METHODS: &[Method] = &[
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
pub unsafe extern "C-unwind" fn math_random(state: *mut lua_State) -> c_int {
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
