//! One arithmetic for all: the functions of `libm`, under the names that C gives them.
//!
//! Luau takes `exp`, `sin`, `pow` and the like from the C library, whose last bits differ from system to system.
//! These definitions stand before the system's when the program is linked, so that `math.exp`, `^` and `%` in a
//! script give the bits of the pinned crate. [`is_reference`] finds out whether that worked.

use std::sync::OnceLock;

use mlua::Lua;

macro_rules! functions {
    ($($name:ident($($x:ident),*)),* $(,)?) => {
        $(
            /// See `libm`.
            #[unsafe(no_mangle)]
            pub extern "C" fn $name($($x: f64),*) -> f64 {
                libm::$name($($x),*)
            }
        )*

        /// Keeps the linker from leaving them out.
        const ALL: [*const (); [$(stringify!($name)),*].len()] = [$($name as *const ()),*];
    };
}
functions!(
    exp(x),
    exp2(x),
    log(x),
    log2(x),
    log10(x),
    sin(x),
    cos(x),
    tan(x),
    asin(x),
    acos(x),
    atan(x),
    sinh(x),
    cosh(x),
    tanh(x),
    atan2(y, x),
    pow(x, y),
    fmod(x, y),
);

/// Formulas whose last bits tell one C library, or a compiler that fuses products and sums, from another.
const PROBES: &str = "
local a, b = ...
local r = {
    math.exp(a), math.log(b), math.log(b, 2), math.log10(b), math.sin(a), math.cos(a), math.tan(a), math.asin(a / 9),
    math.acos(a / 9), math.atan(a), math.atan2(a, b), math.sinh(a), math.cosh(a), math.tanh(a), b ^ a, math.pow(b, a),
    math.fmod(a * 1e5, b), (a * 1e5) % b, (a * 1e5) // b, math.lerp(a, b, a / 7),
}
return unpack(r)";

fn expected(a: f64, b: f64) -> [f64; 20] {
    let t = a / 7.0;
    let c = a * 1e5;
    [
        libm::exp(a),
        libm::log(b),
        libm::log2(b),
        libm::log10(b),
        libm::sin(a),
        libm::cos(a),
        libm::tan(a),
        libm::asin(a / 9.0),
        libm::acos(a / 9.0),
        libm::atan(a),
        libm::atan2(a, b),
        libm::sinh(a),
        libm::cosh(a),
        libm::tanh(a),
        libm::pow(b, a),
        libm::pow(b, a),
        libm::fmod(c, b),
        c - libm::floor(c / b) * b,
        libm::floor(c / b),
        a + (b - a) * t,
    ]
}

/// Whether this build's scripts compute as all others do; found out once.
pub fn is_reference(lua: &Lua) -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        std::hint::black_box(&ALL);
        let probes = lua.load(PROBES);
        let Ok(probes) = probes.into_function() else { return false };
        let mut x = 0.1_f64;
        (0..500).all(|_| {
            x = x.mul_add(16_807.123, 0.37) % 1.0;
            let (a, b) = (x * 7.0 - 3.3, x * x * 2.0 + 0.1);
            let got: mlua::Result<mlua::Variadic<f64>> = probes.call((a, b));
            let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            got.is_ok_and(|got| bits(&got) == bits(&expected(a, b)))
        })
    })
}
