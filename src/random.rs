//! Counter-based random streams: (seed, sample, group, field, spot, draw) -> numbers.
//!
//! Every number is a pure function of its address, so nothing depends on the order of evaluation, and
//! adding a group or a field reshuffles no other. The generator is Philox4x32-10 (Salmon et al., "Parallel
//! random numbers: as easy as 1, 2, 3", SC11). Its key and the top word of its counter are a BLAKE3
//! digest of seed, sample, group and field; so neighbouring seeds share nothing. The distributions are
//! this program's own and use the pinned `libm`, because their bits are part of the scene format.

use std::f64::consts::{PI, TAU};

use libm::{cos, erfc, exp, lgamma, log, log1p, pow, sin, sqrt};

/// Name of algorithm and version, as the volume file states it. A change of any bit gets a new name.
pub const ALGORITHM: &str = "philox4x32-10/v1";

/// One block of Philox4x32-10: 128 random bits for a counter and a key.
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = 0xD251_1F53_u64 * u64::from(counter[0]);
        let b = 0xCD9E_8D57_u64 * u64::from(counter[2]);
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

/// The streams of one spot group in one sample of one seed.
#[derive(Debug, Clone)]
pub struct Streams {
    prefix: blake3::Hasher,
}

impl Streams {
    /// `seed` is the scene's, `sample` the number of the data set's sample (0 without one).
    pub fn new(seed: u64, sample: u64, group: &str) -> Streams {
        let mut prefix = blake3::Hasher::new();
        prefix.update(b"blobscene streams 1");
        prefix.update(&seed.to_le_bytes());
        prefix.update(&sample.to_le_bytes());
        prefix.update(&(group.len() as u64).to_le_bytes());
        prefix.update(group.as_bytes());
        Streams { prefix }
    }

    /// The stream of one field, such as `"position"` or `"amplitude"`.
    pub fn field(&self, name: &str) -> Field {
        Field::from_digest(self.prefix.clone().update(name.as_bytes()))
    }
}

/// The stream of one field of one group; every spot has its own numbers in it.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    key: [u32; 2],
    salt: u32,
}

impl Field {
    fn from_digest(digest: &blake3::Hasher) -> Field {
        let mut bytes = [0; 12];
        digest.finalize_xof().fill(&mut bytes);
        let word = |i: usize| u32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]);
        Field { key: [word(0), word(4)], salt: word(8) }
    }

    /// The numbers of spot `index` (any 64-bit number the caller gives a meaning).
    pub fn at(&self, index: u64) -> Draws {
        Draws { field: *self, index, block: 0, words: [0; 4], used: 4 }
    }
}

/// The successive numbers of one spot in one field.
#[derive(Debug, Clone)]
pub struct Draws {
    field: Field,
    index: u64,
    block: u32,
    words: [u32; 4],
    used: usize,
}

impl Draws {
    /// The field of streams that branches off this one: it shares no number with it, nor with the field of any other
    /// spot's stream.
    pub fn branch(&self) -> Field {
        let mut digest = blake3::Hasher::new();
        digest.update(b"blobscene branch 1");
        for word in [self.field.key[0], self.field.key[1], self.field.salt] {
            digest.update(&word.to_le_bytes());
        }
        digest.update(&self.index.to_le_bytes());
        Field::from_digest(&digest)
    }

    fn bits(&mut self) -> u64 {
        if self.used == 4 {
            let counter = [self.index as u32, (self.index >> 32) as u32, self.block, self.field.salt];
            self.words = philox(counter, self.field.key);
            self.block = self.block.wrapping_add(1);
            self.used = 0;
        }
        let pair = (u64::from(self.words[self.used]) << 32) | u64::from(self.words[self.used + 1]);
        self.used += 2;
        pair
    }

    /// Uniform in the open interval (0, 1): the middles of 2^53 equal steps.
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform between `low` and `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        // The weighted mean cannot overflow where high - low would, and stays within the limits.
        let u = self.unit();
        (low * (1.0 - u) + high * u).clamp(low, high)
    }

    /// One of 0 .. `n`, all equally likely.
    pub fn below(&mut self, n: u64) -> u64 {
        // Multiply and shift; the bias of at most n / 2^64 is beyond observation.
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// Standard normal, by inversion.
    pub fn normal(&mut self) -> f64 {
        normal_quantile(self.unit())
    }

    /// Standard normal between `low` and `high`, by inversion between their probabilities.
    pub fn normal_between(&mut self, low: f64, high: f64) -> f64 {
        // In the upper tail the probabilities would all round to one: mirror it.
        if low > 0.0 {
            return -self.normal_between(-high, -low);
        }
        let p = self.uniform(normal_probability(low), normal_probability(high));
        normal_quantile(p).clamp(low, high)
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -log(self.unit())
    }

    /// Gamma with the given shape and scale 1 (Marsaglia and Tsang, ACM TOMS 26, 363, 2000).
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = pow(self.unit(), 1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let t = 1.0 + c * x;
            if t > 0.0 {
                let v = t * t * t;
                if log(self.unit()) < 0.5 * x * x + d - d * v + d * log(v) {
                    return d * v;
                }
            }
        }
    }

    /// Poisson with the given mean: inversion below 10, else the transformed rejection PTRS
    /// (Hoermann, Insurance: Mathematics and Economics 12, 39, 1993).
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean <= 0.0 {
            return 0.0;
        }
        if mean < 10.0 {
            let u = self.unit();
            let (mut k, mut p) = (0.0, exp(-mean));
            let mut sum = p;
            while u > sum && p > 0.0 {
                k += 1.0;
                p *= mean / k;
                sum += p;
            }
            return k;
        }
        let b = 0.931 + 2.53 * sqrt(mean);
        let a = -0.059 + 0.02483 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let v_r = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.unit() - 0.5;
            let v = self.unit();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= v_r {
                return k;
            }
            if k >= 0.0
                && (us >= 0.013 || v <= us)
                && log(v * inverse_alpha / (a / (us * us) + b)) <= k * log(mean) - mean - lgamma(k + 1.0)
            {
                return k;
            }
        }
    }

    /// Uniform on the unit sphere (x, y, z), or with `flat` on the unit circle (z = 0).
    pub fn direction(&mut self, flat: bool) -> [f64; 3] {
        let z = if flat { 0.0 } else { self.uniform(-1.0, 1.0) };
        let angle = TAU * self.unit();
        let r = sqrt(1.0 - z * z);
        [r * cos(angle), r * sin(angle), z]
    }

    /// Uniform in the unit ball (x, y, z), or with `flat` in the unit disc (z = 0).
    pub fn in_unit_ball(&mut self, flat: bool) -> [f64; 3] {
        let direction = self.direction(flat);
        let u = self.unit();
        let r = if flat { sqrt(u) } else { libm::cbrt(u) };
        direction.map(|c| c * r)
    }
}

/// Probability that a standard normal lies below `x`.
fn normal_probability(x: f64) -> f64 {
    0.5 * erfc(-x / std::f64::consts::SQRT_2)
}

/// Inverse of the standard normal distribution, to about 1e-16 (Wichura, algorithm AS 241, Applied
/// Statistics 37, 477, 1988).
fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 8] = [
        3.387_132_872_796_366_5,
        1.331_416_678_917_843_8e2,
        1.971_590_950_306_551_3e3,
        1.373_169_376_550_946e4,
        4.592_195_393_154_987e4,
        6.726_577_092_700_87e4,
        3.343_057_558_358_813e4,
        2.509_080_928_730_122_7e3,
    ];
    const B: [f64; 8] = [
        1.0,
        4.231_333_070_160_091e1,
        6.871_870_074_920_579e2,
        5.394_196_021_424_751e3,
        2.121_379_430_158_659_7e4,
        3.930_789_580_009_271e4,
        2.872_908_573_572_194_3e4,
        5.226_495_278_852_545e3,
    ];
    const C: [f64; 8] = [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        2.417_807_251_774_506e-1,
        2.272_384_498_926_918_4e-2,
        7.745_450_142_783_414e-4,
    ];
    const D: [f64; 8] = [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        6.897_673_349_851e-1,
        1.481_039_764_274_800_8e-1,
        1.519_866_656_361_645_7e-2,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ];
    const E: [f64; 8] = [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        2.965_605_718_285_048_7e-1,
        2.653_218_952_657_612_4e-2,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ];
    const F: [f64; 8] = [
        1.0,
        5.998_322_065_558_879e-1,
        1.369_298_809_227_358e-1,
        1.487_536_129_085_061_5e-2,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ];
    fn ratio(top: &[f64; 8], bottom: &[f64; 8], r: f64) -> f64 {
        let horner = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, &c| sum * r + c);
        horner(top) / horner(bottom)
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(&A, &B, 0.180_625 - q * q);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let r = sqrt(-log(tail));
    let x = if r <= 5.0 { ratio(&C, &D, r - 1.6) } else { ratio(&E, &F, r - 5.0) };
    if q < 0.0 { -x } else { x }
}

/// Exponential of mean 1 below `high`, above `low`: the inverse of the truncated distribution.
pub fn exponential_between(u: f64, low: f64, high: f64) -> f64 {
    // F(x) = 1 - exp(-x); relative to `low` the distribution is the same again.
    let width = high - low;
    let x = if width.is_finite() { -log1p(u * libm::expm1(-width)) } else { -log1p(-u) };
    (low + x).clamp(low, high)
}

/// Volume of the unit ball, or area of the unit disc.
pub fn unit_ball_measure(flat: bool) -> f64 {
    if flat { PI } else { 4.0 / 3.0 * PI }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_published_known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    /// The bits are part of the format: a change here is a change of every scene.
    #[test]
    fn the_bits_of_the_streams_are_frozen() {
        let mut draws = Streams::new(7, 0, "vesicles").field("position").at(3);
        let numbers =
            [draws.unit(), draws.normal(), draws.gamma(2.5), draws.poisson(3.0), draws.poisson(300.0)];
        assert_eq!(numbers.map(f64::to_bits), FROZEN, "{numbers:?}");
    }
    const FROZEN: [u64; 5] = [
        4_593_075_026_951_745_980,
        13_831_408_907_627_297_451,
        4_615_301_608_976_483_656,
        4_613_937_818_241_073_152,
        4_644_055_640_749_113_344,
    ];

    /// Reference values: `scipy.stats.norm.ppf` of SciPy 1.17.
    #[test]
    fn the_normal_quantile_agrees_with_scipy() {
        for (p, x) in [
            (1e-300, -37.047_096_299_361_2),
            (1e-20, -9.262_340_089_798_41),
            (0.001, -3.090_232_306_167_813_5),
            (0.075, -1.439_531_470_938_456),
            (0.3, -0.524_400_512_708_041),
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
        ] {
            let got = normal_quantile(p);
            assert!((got - x).abs() <= 4e-15 * x.abs().max(1.0), "p {p}: {got} {x}");
        }
    }

    #[test]
    fn neighbouring_addresses_share_nothing() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..4 {
            for group in ["a", "b", ""] {
                for field in ["x", "y", "ab"] {
                    for spot in 0..50 {
                        let mut draws = Streams::new(seed, 0, group).field(field).at(spot);
                        for _ in 0..4 {
                            assert!(seen.insert(draws.bits()));
                        }
                    }
                }
            }
        }
    }
}
