//! The transcendental functions of the render path: own code, so that the bits are the same everywhere.
//!
//! Everything is made of `mul_add` (exactly rounded) and the four operations, elementwise.

mod means;

use std::f64::consts::{LN_2, LOG2_E};

use crate::simd::for_every_width;

pub use means::{WIDE, gaussian_means, gaussian_means_f32};

/// Below this argument `exp` is taken for 0 (it is under 4e-308).
const EXP_MIN: f64 = -708.0;

/// exp(x) for x <= 700, to 2 units in the last place; 0 below -708.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    exp_of_degree::<13>(x)
}

/// exp(x) for x <= 700; 0 below -708.
///
/// x = n ln 2 + r with |r| <= ln(2)/2, and the Taylor polynomial of `DEGREE` for exp(r), whose remainder is below 5e-18
/// at degree 13 and below 1e-11 at degree 9.
#[inline(always)]
fn exp_of_degree<const DEGREE: usize>(x: f64) -> f64 {
    const C: [f64; 14] = [
        1.0,
        1.0,
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5_040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
        1.0 / 3_628_800.0,
        1.0 / 39_916_800.0,
        1.0 / 479_001_600.0,
        1.0 / 6_227_020_800.0,
    ];
    // ln 2 in two parts; n times the first is exact for |n| < 2^11.
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    // Adding this rounds to an integer and leaves it in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const { assert!(DEGREE == 13 || DEGREE == 9) };

    let clamped = if x < EXP_MIN { EXP_MIN } else { x };
    let shifted = clamped.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, clamped));
    // Estrin's scheme: short chains keep the vector units busy.
    let (r2, pair) = (r * r, |i: usize| r.mul_add(C[i + 1], C[i]));
    let r4 = r2 * r2;
    let low = r4.mul_add(r2.mul_add(pair(6), pair(4)), r2.mul_add(pair(2), pair(0)));
    let high = if DEGREE == 13 { r4.mul_add(pair(12), r2.mul_add(pair(10), pair(8))) } else { pair(8) };
    let p = (r4 * r4).mul_add(high, low);
    let scaled = f64::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 52));
    if x < EXP_MIN { 0.0 } else { scaled }
}

/// Distances of successive voxels to a spot's centre along one axis, in widths of the spot:
/// `start + (first + i) * step`, rounded once, for i = 0 .. `count`.
#[derive(Debug, Clone, Copy)]
pub struct Ramp {
    pub first: f64,
    pub step: f64,
    pub start: f64,
    pub count: usize,
    /// Where the first result goes.
    pub place: usize,
}

/// Results come in groups of so many: the numbers of the widest register.
pub const GROUP: usize = 8;

impl Ramp {
    #[inline(always)]
    fn at(&self, i: f64) -> f64 {
        (self.first + i).mul_add(self.step, self.start)
    }

    /// The distances themselves.
    pub fn distances(&self) -> Vec<f64> {
        (0..self.count).map(|i| self.at(i as f64)).collect()
    }

    /// Room that the results for this ramp take: whole groups, with anything behind the last result.
    #[inline(always)]
    pub fn room(&self) -> usize {
        self.count.next_multiple_of(GROUP)
    }
}

/// Calls `$body` for whole groups, so that no numbers are left over for a slow loop.
#[inline(always)]
fn by_groups<T>(out: &mut [T], body: impl Fn(f64) -> T) {
    let mut first = 0.0;
    for group in out.as_chunks_mut::<GROUP>().0 {
        for (value, i) in group.iter_mut().zip(0_i32..) {
            *value = body(first + f64::from(i));
        }
        first += GROUP as f64;
    }
}

#[inline(always)]
fn gaussian_points_body(ramps: &[Ramp], out: &mut [f64]) {
    for ramp in ramps {
        let own = &mut out[ramp.place..ramp.place + ramp.room()];
        by_groups(own, |i| {
            let u = ramp.at(i);
            exp(-0.5 * u * u)
        });
    }
}

for_every_width! {
    /// exp(-u^2/2) at the distances u of each ramp; see [`Ramp::room`].
    pub fn gaussian_points(ramps: &[Ramp], out: &mut [f64]) = gaussian_points_body;
}

/// Below this argument `exp_f32` gives 0.
const EXP_F32_MIN: f32 = -87.0;

/// exp(x) for x <= 0, to one unit in the last place of f32; 0 below -87.
///
/// As `exp`, with the polynomial 1 + r + r^2 P(r) of S. Moshier's Cephes library.
#[inline(always)]
fn exp_f32(x: f32) -> f32 {
    const P: [f32; 6] = [0.5, 1.666_666_5e-1, 4.166_579_6e-2, 8.333_452e-3, 1.398_199_9e-3, 1.987_569_1e-4];
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    const ROUND: f32 = 12_582_912.0;

    let clamped = if x < EXP_F32_MIN { EXP_F32_MIN } else { x };
    let shifted = clamped.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, clamped));
    let mut p = P[5];
    for i in (0..5).rev() {
        p = p.mul_add(r, P[i]);
    }
    let p = p.mul_add(r * r, r) + 1.0;
    let scaled = f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x < EXP_F32_MIN { 0.0 } else { scaled }
}

#[inline(always)]
fn gaussian_points_f32_body(ramps: &[Ramp], out: &mut [f32]) {
    for ramp in ramps {
        let own = &mut out[ramp.place..ramp.place + ramp.room()];
        // Two groups fill the widest register.
        let (pairs, rest) = own.as_chunks_mut::<{ 2 * GROUP }>();
        let mut first = 0.0;
        for pair in pairs {
            points_f32(ramp, first, pair);
            first += 2.0 * GROUP as f64;
        }
        for group in rest.as_chunks_mut::<GROUP>().0 {
            points_f32(ramp, first, group);
        }
    }
}

#[inline(always)]
fn points_f32<const N: usize>(ramp: &Ramp, first: f64, out: &mut [f32; N]) {
    for (value, i) in out.iter_mut().zip(0_i32..) {
        let u = ramp.at(first + f64::from(i)) as f32;
        *value = exp_f32(-0.5 * u * u);
    }
}

for_every_width! {
    /// The same as [`gaussian_points`] in single precision: to 2 units of 2^-24 of the value, and 1.2 of the peak.
    ///
    /// u is rounded once and u^2 again, so that u^2/2 is exact to 3 units; of those exp makes 3 u^2/2 exp(-u^2/2) < 1.2.
    /// That bounds the product of three factors as well, whose u^2 add up.
    pub fn gaussian_points_f32(ramps: &[Ramp], out: &mut [f32]) = gaussian_points_f32_body;
}

/// An upper bound of ln(x) for x >= 1, less than 0.005 above it; quick, and the same bits everywhere.
pub fn ln_above(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as f64 - 1023.0;
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    // ln is concave: the tangent at any point lies above it. Four tangents on [1, 2).
    let t = if m < 1.19 {
        1.09
    } else if m < 1.41 {
        1.3
    } else if m < 1.68 {
        1.54
    } else {
        1.83
    };
    let ln_t = if t == 1.09 {
        0.086_177_696_241_052_42
    } else if t == 1.3 {
        0.262_364_264_467_491_1
    } else if t == 1.54 {
        0.431_782_416_425_538
    } else {
        0.604_315_966_853_329_6
    };
    exponent.mul_add(LN_2, ln_t + (m - t) / t) + 1e-12
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Double-double reference would be overkill: the pinned libm is exact to one unit in the last place.
    #[test]
    fn exp_is_exact_to_two_units() {
        for i in 0..=200_000 {
            let x = -707.0 + 1000.0 * f64::from(i) / 200_000.0;
            let (got, want) = (exp(x), libm::exp(x));
            assert!((got - want).abs() <= 3.0 * f64::EPSILON * want, "{x}: {got:e} {want:e}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-1e300), 0.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
    }

    #[test]
    fn exp_f32_is_exact_to_one_unit() {
        for i in 0..=2_000_000 {
            let x = -86.9 * (i as f32 / 2_000_000.0);
            let (got, want) = (f64::from(exp_f32(x)), libm::exp(f64::from(x)));
            assert!((got - want).abs() <= f64::from(f32::EPSILON) * want, "{x}: {got:e} {want:e}");
        }
        assert_eq!(exp_f32(0.0), 1.0);
        assert_eq!(exp_f32(-1e30), 0.0);
    }

    #[test]
    fn single_precision_keeps_its_bound() {
        for step in [3e-3, 0.05, 0.3, 0.9, 2.5] {
            for part in 0..100 {
                let start = step * (f64::from(part) / 100.0 - 0.5);
                let half = (6.0 / step) as usize + 1;
                let ramp = Ramp { first: -(half as f64), step, start, count: 2 * half, place: 0 };
                let (mut exact, mut got) = (vec![0.0; ramp.room()], vec![0.0; ramp.room()]);
                gaussian_points(&[ramp], &mut exact);
                gaussian_points_f32(&[ramp], &mut got);
                for (got, exact) in got.iter().zip(&exact).take(ramp.count) {
                    let bound = 0.5 * f64::from(f32::EPSILON) * (2.0 * exact + 1.2);
                    assert!((f64::from(*got) - exact).abs() <= bound, "{step} {part}: {got:e} {exact:e}");
                }
            }
        }
    }

    #[test]
    fn ln_above_is_above_and_near() {
        for i in 0..100_000 {
            let x = 1.0 + f64::from(i) * 0.001 + 1e10 * f64::from(i % 7);
            let (bound, ln) = (ln_above(x), libm::log(x));
            assert!(bound >= ln && bound < ln + 0.01, "{x}: {bound} {ln}");
        }
    }
}
