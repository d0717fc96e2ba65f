//! Means of a Gaussian over voxels.

use std::f64::consts::PI;

use super::{GROUP, Ramp, by_groups, exp, exp_of_degree};
use crate::simd::for_every_width;

/// From this width on, in voxels, the mean over a voxel is taken from a series.
pub const WIDE: f64 = 4.0;

/// `round` makes results of the means, those of narrow spots from the error function's complement `erfc`.
#[inline(always)]
fn means<T>(
    ramps: &[Ramp],
    out: &mut [T],
    erfc: impl Fn(f64) -> f64 + Copy,
    round: impl Fn(f64) -> T + Copy,
) {
    for ramp in ramps {
        let own = &mut out[ramp.place..ramp.place + ramp.room()];
        if ramp.step <= 1.0 / WIDE {
            wide_means(ramp, own, round);
        } else {
            narrow_means(ramp, own, erfc, round);
        }
    }
}

#[inline(always)]
fn gaussian_means_body(ramps: &[Ramp], out: &mut [f64]) {
    means(ramps, out, erfc, |mean| mean);
}

for_every_width! {
    /// The mean of exp(-u^2/2) over voxels whose centres lie at the distances u of each ramp and whose edge is
    /// its step; see [`Ramp::room`].
    pub fn gaussian_means(ramps: &[Ramp], out: &mut [f64]) = gaussian_means_body;
}

#[inline(always)]
fn gaussian_means_f32_body(ramps: &[Ramp], out: &mut [f32]) {
    means(ramps, out, short_erfc, |mean| mean as f32);
}

for_every_width! {
    /// The same as [`gaussian_means`], rounded to single precision; the product of three is known to 0.1 units of 2^-24
    /// of the largest there is, beside what that rounding makes.
    ///
    /// A mean is sqrt(pi/2)/h times the difference of two complements, of which none is above 1 and each is known to
    /// 9e-11 of itself; the largest mean is sqrt(pi/2)/h times 2 erf(h / sqrt(8)) > 0.19, as h > 1/4. That makes 9.5e-10
    /// of it, and of the product of three means 2.9e-9, which is 0.05 units.
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

/// Edges that are evaluated together, at most: whole groups.
const EDGES: usize = 4 * GROUP;

/// The mean by the difference of error functions at the voxel's edges, which neighbours share.
#[inline(always)]
fn narrow_means<T>(
    ramp: &Ramp,
    out: &mut [T],
    erfc: impl Fn(f64) -> f64 + Copy,
    round: impl Fn(f64) -> T + Copy,
) {
    let mut first = 0;
    // A group of edges less where the room behind the results has none.
    for part in out.chunks_mut(EDGES - 1) {
        match ramp.count.saturating_sub(first).min(part.len()) {
            0..8 => part_means::<T, 8>(ramp, first, part, erfc, round),
            8..16 => part_means::<T, 16>(ramp, first, part, erfc, round),
            16..24 => part_means::<T, 24>(ramp, first, part, erfc, round),
            _ => part_means::<T, EDGES>(ramp, first, part, erfc, round),
        }
        first += part.len();
    }
}

/// The means from voxel `first` on, as far as `EDGES` edges reach. Each complement is taken on the side where it is small, so
/// that tails keep their relative accuracy.
#[inline(always)]
fn part_means<T, const EDGES: usize>(
    ramp: &Ramp,
    first: usize,
    out: &mut [T],
    erfc: impl Fn(f64) -> f64,
    round: impl Fn(f64) -> T,
) {
    let scale = sqrt_half_pi() / ramp.step;
    let mut edge = [0.0; EDGES];
    let first = first as f64 - 0.5;
    by_groups(&mut edge, |i| ramp.at(first + i) * std::f64::consts::FRAC_1_SQRT_2);
    let mut complement = [0.0; EDGES];
    for (complement, edge) in
        complement.as_chunks_mut::<GROUP>().0.iter_mut().zip(edge.as_chunks::<GROUP>().0)
    {
        for (complement, &edge) in complement.iter_mut().zip(edge) {
            *complement = erfc(edge.abs());
        }
    }
    for (i, mean) in out.iter_mut().take(EDGES - 1).enumerate() {
        let (low, high, below, above) = (edge[i], edge[i + 1], complement[i], complement[i + 1]);
        let outside = if low >= 0.0 { below - above } else { above - below };
        let across = 2.0 - below - above;
        *mean = round(scale * if low < 0.0 && high > 0.0 { across } else { outside });
    }
}

#[inline(always)]
fn sqrt_half_pi() -> f64 {
    // A constant: the square root is exactly rounded.
    (0.5 * PI).sqrt()
}

/// erfc(z) for z >= 0, to 4 units in the last place where z^2 is small beside 1/epsilon; 0 beyond z = 26.6.
///
/// (1 + 2z) exp(z^2) erfc(z) is smooth in t = (z - k)/(z + k) on [-1, 1] (Shepherd and Laframboise, Math. Comp. 36,
/// 249, 1981); with k = 3.75 its Chebyshev series of degree 24, here as powers of t, is exact to 1e-16.
#[inline(always)]
fn erfc(z: f64) -> f64 {
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

/// erfc(z) for z >= 0, to 9e-11 of itself; beyond z = 9.5, where it is below 4e-41, what it is there.
///
/// As `erfc` with k = 3.25, whose minimax polynomial of degree 11 for z from 0 to 9.5 (by Lawson's iteration) is exact to
/// 7.8e-11, and one division for both quotients.
#[inline(always)]
fn short_erfc(z: f64) -> f64 {
    const K: f64 = 3.25;
    const C: [f64; 12] = [
        1.247_515_113_105_313_3,
        -0.138_611_333_863_608_5,
        -0.027_456_764_729_013_518,
        0.113_507_515_693_032_47,
        -0.118_979_338_832_371,
        0.080_148_316_249_083_38,
        -0.036_956_421_261_856_88,
        0.010_156_629_151_883_902,
        -0.000_201_280_274_440_423_2,
        -0.001_113_931_634_569_943_1,
        0.000_305_162_305_265_968_8,
        0.000_139_274_741_584_630_4,
    ];
    let z = if z > 9.5 { 9.5 } else { z };
    let (sum, double) = (z + K, 2.0_f64.mul_add(z, 1.0));
    let inverse = 1.0 / (sum * double);
    let t = (z - K) * double * inverse;
    // Estrin's scheme.
    let (t2, pair) = (t * t, |i: usize| t.mul_add(C[i + 1], C[i]));
    let t4 = t2 * t2;
    let four = |i: usize| t2.mul_add(pair(i + 2), pair(i));
    let p = t4.mul_add(t4.mul_add(four(8), four(4)), four(0));
    exp_of_degree::<9>(-z * z) * p * (sum * inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_short_erfc_keeps_its_bound() {
        for i in 0..=950_000 {
            let z = f64::from(i) / 100_000.0;
            let (got, want) = (short_erfc(z), libm::erfc(z));
            assert!((got - want).abs() <= 9e-11 * want, "{z}: {got:e} {want:e}");
        }
        assert!(short_erfc(30.0) < 1e-40);
    }

    #[test]
    fn means_in_single_precision_keep_their_bound() {
        for step in [0.251, 0.3, 0.7, 1.5, 4.0, 30.0] {
            for part in 0..100 {
                let start = step * (f64::from(part) / 100.0 - 0.5);
                let ramp = Ramp { first: -40.0, step, start, count: 80, place: 0 };
                let (mut exact, mut got) = (vec![0.0; ramp.room()], vec![0.0; ramp.room()]);
                gaussian_means(&[ramp], &mut exact);
                gaussian_means_f32(&[ramp], &mut got);
                let largest = exact.iter().copied().fold(0.0, f64::max);
                for (got, exact) in got.iter().zip(&exact) {
                    // One unit for the rounding to single precision, which is no part of the bound.
                    let bound = 0.5 * f64::from(f32::EPSILON) * (1.001 * exact + 0.1 / 3.0 * largest) + 1e-45;
                    assert!((f64::from(*got) - exact).abs() <= bound, "{step} {part}: {got:e} {exact:e}");
                }
            }
        }
    }

    /// Whatever the number of voxels, each has the bits that it has by itself.
    #[test]
    fn a_mean_depends_on_its_voxel_alone() {
        for step in [0.1, 0.6] {
            for count in 1..=100 {
                let ramp = Ramp { first: -40.0, step, start: 0.2, count, place: 0 };
                let mut together = vec![0.0_f32; ramp.room()];
                gaussian_means_f32(&[ramp], &mut together);
                for (i, mean) in together.iter().take(count).enumerate() {
                    let ramp = Ramp { first: ramp.first + i as f64, count: 1, ..ramp };
                    let mut alone = [0.0; GROUP];
                    gaussian_means_f32(&[ramp], &mut alone);
                    assert_eq!(mean.to_bits(), alone[0].to_bits(), "{i} of {count}");
                }
            }
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
}
