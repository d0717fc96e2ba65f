//! The transcendental functions of the render path: own code, so that the bits are the same everywhere.
//!
//! Everything is made of `mul_add` (exactly rounded) and the four operations, elementwise.

use std::f64::consts::{LN_2, LOG2_E, PI};

use crate::simd::for_every_width;

/// Below this argument `exp` is taken for 0 (it is under 4e-308).
const EXP_MIN: f64 = -708.0;

/// exp(x) for x <= 700, to 2 units in the last place; 0 below -708.
///
/// x = n ln 2 + r with |r| <= ln(2)/2, and the Taylor polynomial of degree 13 for exp(r), whose remainder is
/// below 5e-18.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
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

    let clamped = if x < EXP_MIN { EXP_MIN } else { x };
    let shifted = clamped.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, clamped));
    // Estrin's scheme: short chains keep the vector units busy.
    let (r2, pair) = (r * r, |i: usize| r.mul_add(C[i + 1], C[i]));
    let r4 = r2 * r2;
    let low = r4.mul_add(r2.mul_add(pair(6), pair(4)), r2.mul_add(pair(2), pair(0)));
    let high = r4.mul_add(pair(12), r2.mul_add(pair(10), pair(8)));
    let p = (r4 * r4).mul_add(high, low);
    let scaled = f64::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 52));
    if x < EXP_MIN { 0.0 } else { scaled }
}

/// erfc(z) for z >= 0, to 4 units in the last place where z^2 is small beside 1/epsilon; 0 beyond z = 26.6.
///
/// (1 + 2z) exp(z^2) erfc(z) is smooth in t = (z - k)/(z + k) on [-1, 1] (Shepherd and Laframboise, Math. Comp. 36,
/// 249, 1981); with k = 3.75 its Chebyshev series of degree 24, here as powers of t, is exact to 1e-16.
#[inline(always)]
pub fn erfc(z: f64) -> f64 {
    const K: f64 = 3.75;
    const C: [f64; 25] = [
        1.237_512_630_837_827_5,
        -0.140_240_598_585_546_97,
        0.003_585_415_485_464_429_3,
        0.082_276_738_490_145_2,
        -0.108_803_930_141_748_86,
        0.092_304_321_160_377_48,
        -0.058_693_398_589_636_77,
        0.028_362_277_418_956_406,
        -0.009_746_579_558_029_276,
        0.001_755_625_852_895_295_4,
        0.000_293_713_665_591_344_8,
        -0.000_290_154_080_540_841_7,
        5.164_909_889_268_241e-5,
        2.238_423_915_508_223e-5,
        -1.144_414_623_770_052_4e-5,
        -9.735_598_967_367_75e-7,
        1.751_637_648_849_062e-6,
        -5.721_823_060_322_409e-8,
        -2.586_685_071_615_588_4e-7,
        2.326_350_870_885_912_4e-8,
        3.867_533_424_222_235_4e-8,
        -3.744_210_080_962_018e-9,
        -5.173_990_214_011_31e-9,
        3.111_433_380_979_925_4e-10,
        4.251_471_444_796_39e-10,
    ];
    let z = if z > 27.0 { 27.0 } else { z };
    let t = (z - K) / (z + K);
    let mut p = C[24];
    for i in (0..24).rev() {
        p = p.mul_add(t, C[i]);
    }
    exp(-z * z) * p / 2.0_f64.mul_add(z, 1.0)
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

/// From this width on, in voxels, the mean over a voxel is taken from a series.
pub const WIDE: f64 = 4.0;

/// `round` makes results of the means.
#[inline(always)]
fn means<T>(ramps: &[Ramp], out: &mut [T], round: impl Fn(f64) -> T + Copy) {
    for ramp in ramps {
        let own = &mut out[ramp.place..ramp.place + ramp.room()];
        if ramp.step <= 1.0 / WIDE {
            wide_means(ramp, own, round);
        } else {
            narrow_means(ramp, own, round);
        }
    }
}

#[inline(always)]
fn gaussian_means_body(ramps: &[Ramp], out: &mut [f64]) {
    means(ramps, out, |mean| mean);
}

for_every_width! {
    /// The mean of exp(-u^2/2) over voxels whose centres lie at the distances u of each ramp and whose edge is
    /// its step; see [`Ramp::room`].
    pub fn gaussian_means(ramps: &[Ramp], out: &mut [f64]) = gaussian_means_body;
}

#[inline(always)]
fn gaussian_means_f32_body(ramps: &[Ramp], out: &mut [f32]) {
    means(ramps, out, |mean| mean as f32);
}

for_every_width! {
    /// The same as [`gaussian_means`], rounded to single precision.
    pub fn gaussian_means_f32(ramps: &[Ramp], out: &mut [f32]) = gaussian_means_f32_body;
}

/// The mean over [u - h/2, u + h/2] by the Taylor series around u: exp(-u^2/2) sum_k He_2k(u) (h/2)^2k / (2k+1)!,
/// with the Hermite polynomials He. At h <= 1/4 the first term left out, k = 6, is below 3e-17.
#[inline(always)]
fn wide_means<T>(ramp: &Ramp, out: &mut [T], round: impl Fn(f64) -> T) {
    let q = 0.25 * ramp.step * ramp.step;
    by_groups(out, |i| {
        let u = ramp.at(i);
        let w = u * u;
        let he2 = w - 1.0;
        let he4 = w.mul_add(w - 6.0, 3.0);
        let he6 = w.mul_add(w.mul_add(w - 15.0, 45.0), -15.0);
        let he8 = w.mul_add(w.mul_add(w.mul_add(w - 28.0, 210.0), -420.0), 105.0);
        let he10 = w.mul_add(w.mul_add(w.mul_add(w.mul_add(w - 45.0, 630.0), -3150.0), 4725.0), -945.0);
        let fourth = q.mul_add(he10 * (1.0 / 39_916_800.0), he8 * (1.0 / 362_880.0));
        let second = q.mul_add(q.mul_add(fourth, he6 * (1.0 / 5_040.0)), he4 * (1.0 / 120.0));
        let series = q.mul_add(q.mul_add(second, he2 * (1.0 / 6.0)), 1.0);
        // Far out the polynomial turns over, long after the Gaussian has vanished.
        let mean = exp(-0.5 * w) * series;
        round(if mean > 0.0 { mean } else { 0.0 })
    });
}

/// Voxels whose edges are evaluated together; with the last edge they fill whole groups.
const EDGES: usize = 64;

/// The mean by the difference of error functions at the voxel's edges, which neighbours share. Each complement is
/// taken on the side where it is small, so that tails keep their relative accuracy.
#[inline(always)]
fn narrow_means<T>(ramp: &Ramp, out: &mut [T], round: impl Fn(f64) -> T) {
    let scale = sqrt_half_pi() / ramp.step;
    let mut first = 0.0;
    for part in out.chunks_mut(EDGES - 1) {
        let mut edge = [0.0; EDGES];
        let mut complement = [0.0; EDGES];
        let edges = (part.len() + 1).next_multiple_of(GROUP);
        by_groups(&mut edge[..edges], |i| ramp.at(first + i - 0.5) * std::f64::consts::FRAC_1_SQRT_2);
        for (complement, edge) in
            complement[..edges].as_chunks_mut::<GROUP>().0.iter_mut().zip(edge.as_chunks::<GROUP>().0)
        {
            for (complement, &edge) in complement.iter_mut().zip(edge) {
                *complement = erfc(edge.abs());
            }
        }
        for (i, mean) in part.iter_mut().enumerate() {
            let (low, high, below, above) = (edge[i], edge[i + 1], complement[i], complement[i + 1]);
            let outside = if low >= 0.0 { below - above } else { above - below };
            let across = 2.0 - below - above;
            *mean = round(scale * if low < 0.0 && high > 0.0 { across } else { outside });
        }
        first += part.len() as f64;
    }
}

#[inline(always)]
fn sqrt_half_pi() -> f64 {
    // A constant: the square root is exactly rounded.
    (0.5 * PI).sqrt()
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
    fn erfc_keeps_relative_accuracy_in_the_tail() {
        for i in 0..=26_000 {
            let z = f64::from(i) / 1000.0;
            let (got, want) = (erfc(z), libm::erfc(z));
            // The rounding of z^2 alone shifts the exponential by z^2 half-units.
            let bound = (4.0 + 2.0 * z * z) * f64::EPSILON * want + 1e-300;
            assert!((got - want).abs() <= bound, "{z}: {got:e} {want:e}");
        }
    }

    /// The mean over a voxel against Simpson's rule with 2000 steps.
    #[test]
    fn means_agree_with_quadrature_for_every_width() {
        for step in [1e-9, 0.01, 0.1, 0.2499, 0.2501, 0.5, 1.0, 3.0, 40.0] {
            // Steps of a tenth of a width at most, so that every part of the curve is met.
            let ramps: Vec<Ramp> = (0..100)
                .map(|i| Ramp {
                    first: f64::from(i),
                    step,
                    start: f64::from(i - 50) * 0.1,
                    count: 70,
                    place: 72 * i as usize,
                })
                .collect();
            let mut means = vec![0.0; ramps.iter().map(Ramp::room).sum()];
            gaussian_means(&ramps, &mut means);
            for (ramp, means) in ramps.iter().zip(means.chunks(72)) {
                for i in [0, 1, 7, 62, 63, 69] {
                    let u = (ramp.first + f64::from(i)) * step + ramp.start;
                    let f = |j: i32| {
                        let at = u + step * (f64::from(j) / 2000.0 - 0.5);
                        libm::exp(-0.5 * at * at)
                    };
                    let inner: f64 =
                        (1..2000).map(|j| if j % 2 == 1 { 4.0 * f(j) } else { 2.0 * f(j) }).sum();
                    let (got, want) = (means[i as usize], (f(0) + inner + f(2000)) / 6000.0);
                    // Simpson's own error at steps of many widths.
                    let rule = if step > 10.0 { 1e-6 } else { 1e-9 };
                    assert!((got - want).abs() < rule * want + 2e-15, "step {step} u {u}: {got:e} {want:e}");
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
