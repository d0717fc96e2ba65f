//! The inner loops: many spots into one tile.
//!
//! A tile is a box of voxels that stays in the first-level cache. Its rows, and the spots' factors along x, lie
//! in lanes of 16 voxels that start at fixed voxels, so that loads are aligned; a factor is 0 outside its
//! spot's box, and adding 0 changes nothing.

use super::lanes::{self, Lane, Registers};
use crate::simd::Simd;

/// Lanes of a row of a tile.
pub const TILE_LANES: usize = 4;

/// A number in which spots are summed: f32 or f64.
pub trait Real: Copy + Send + Sync + PartialEq + 'static {
    const ZERO: Self;
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn mul(self, factor: Self) -> Self;
    fn add(self, other: Self) -> Self;
    /// The numbers, where they are f32.
    fn single(numbers: &mut [Self]) -> Option<&mut [f32]>;
    /// Adds the spots of `strokes` to the tile, in their order.
    fn draw(tile: &mut TileRows<'_, Self>, strokes: &[Stroke], tables: Factors<'_, Self>);
    /// The same, each spot's value rounded down.
    fn draw_floored(tile: &mut TileRows<'_, Self>, strokes: &[Stroke], tables: Factors<'_, Self>);
}

/// The rows of one tile: `rows[(z * height + y) * TILE_LANES ..]`.
pub struct TileRows<'a, T> {
    pub rows: &'a mut [Lane<T>],
    pub height: usize,
}

/// One spot's box within a tile, and where its factors lie.
#[derive(Debug, Clone, Copy)]
pub struct Stroke {
    /// First lane within a row, and how many.
    pub lane: u32,
    pub lanes: u32,
    /// First and end row and slice within the tile.
    pub y: (u32, u32),
    pub z: (u32, u32),
    /// Indices of the factors of that first lane, row and slice.
    pub xs: u32,
    pub ys: u32,
    pub zs: u32,
}

/// Factors of many spots: x in lanes, y, and z times the amplitude.
#[derive(Clone, Copy)]
pub struct Factors<'a, T> {
    pub x: &'a [Lane<T>],
    pub y: &'a [T],
    pub z: &'a [T],
}

/// Adds the spots of `strokes`, in their order.
///
/// # Safety
/// The processor has the instructions of `R`.
#[inline(always)]
unsafe fn draw<T: Real, R: Registers<T>>(
    tile: &mut TileRows<'_, T>,
    strokes: &[Stroke],
    factors: Factors<'_, T>,
) {
    for stroke in strokes {
        // SAFETY: as for this function.
        unsafe {
            match stroke.lanes {
                1 => sweep::<T, R, 1>(tile, stroke, factors),
                2 => sweep::<T, R, 2>(tile, stroke, factors),
                3 => sweep::<T, R, 3>(tile, stroke, factors),
                _ => sweep::<T, R, 4>(tile, stroke, factors),
            }
        }
    }
}

/// V[z, y, x] = fma(y factor, z factor * x factor, V): one rounding of the product, one of the sum.
///
/// # Safety
/// The processor has the instructions of `R`.
#[inline(always)]
unsafe fn sweep<T: Real, R: Registers<T>, const LANES: usize>(
    tile: &mut TileRows<'_, T>,
    stroke: &Stroke,
    factors: Factors<'_, T>,
) {
    let xs = &factors.x[stroke.xs as usize..][..LANES];
    let ys = &factors.y[stroke.ys as usize..][..(stroke.y.1 - stroke.y.0) as usize];
    let zs = &factors.z[stroke.zs as usize..][..(stroke.z.1 - stroke.z.0) as usize];
    // SAFETY: as for this function.
    unsafe {
        let x: [R; LANES] = std::array::from_fn(|i| R::load(&xs[i]));
        for (z, slice) in zs.iter().zip(stroke.z.0 as usize..) {
            let z = R::splat(*z);
            let zx = x.map(|x| z.mul(x));
            let first = (slice * tile.height + stroke.y.0 as usize) * TILE_LANES;
            let rows = &mut tile.rows[first..first + ys.len() * TILE_LANES];
            for (row, y) in rows.chunks_exact_mut(TILE_LANES).zip(ys) {
                let y = R::splat(*y);
                for (lane, zx) in row[stroke.lane as usize..][..LANES].iter_mut().zip(zx) {
                    y.mul_add(zx, R::load(lane)).store(lane);
                }
            }
        }
    }
}

/// V[z, y, x] += floor((z factor * y factor) * x factor).
///
/// # Safety
/// The processor has the instructions of `R`.
#[inline(always)]
unsafe fn draw_floored<T: Real, R: Registers<T>>(
    tile: &mut TileRows<'_, T>,
    strokes: &[Stroke],
    factors: Factors<'_, T>,
) {
    for stroke in strokes {
        let xs = &factors.x[stroke.xs as usize..][..stroke.lanes as usize];
        for z in stroke.z.0..stroke.z.1 {
            for y in stroke.y.0..stroke.y.1 {
                let zy = factors.z[(stroke.zs + z - stroke.z.0) as usize]
                    .mul(factors.y[(stroke.ys + y - stroke.y.0) as usize]);
                let first = (z as usize * tile.height + y as usize) * TILE_LANES + stroke.lane as usize;
                for (lane, x) in tile.rows[first..].iter_mut().zip(xs) {
                    // SAFETY: as for this function.
                    unsafe { R::load(lane).add_floor(R::splat(zy).mul(R::load(x))).store(lane) }
                }
            }
        }
    }
}

/// `$name(tile, strokes, factors)`: `$body` with the widest registers that the processor has.
macro_rules! widest {
    ($name:ident, $type:ty, $body:ident, $avx512:ident, $avx2:ident) => {
        fn $name(tile: &mut TileRows<'_, $type>, strokes: &[Stroke], factors: Factors<'_, $type>) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                fn avx512(tile: &mut TileRows<'_, $type>, strokes: &[Stroke], factors: Factors<'_, $type>) {
                    // SAFETY: this function has the instructions.
                    unsafe { $body::<$type, lanes::$avx512>(tile, strokes, factors) }
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2(tile: &mut TileRows<'_, $type>, strokes: &[Stroke], factors: Factors<'_, $type>) {
                    // SAFETY: this function has the instructions.
                    unsafe { $body::<$type, lanes::$avx2>(tile, strokes, factors) }
                }
                match Simd::best() {
                    // SAFETY: `best` has seen that the processor has these instructions; so below.
                    Simd::Avx512 => return unsafe { avx512(tile, strokes, factors) },
                    Simd::Avx2 => return unsafe { avx2(tile, strokes, factors) },
                    Simd::Portable => {}
                }
            }
            // SAFETY: every processor has what plain arrays need.
            unsafe { $body::<$type, lanes::Portable<$type>>(tile, strokes, factors) }
        }
    };
}
widest!(draw_f32, f32, draw, Avx512F32, Avx2F32);
widest!(draw_f64, f64, draw, Avx512F64, Avx2F64);
widest!(draw_floored_f32, f32, draw_floored, Avx512F32, Avx2F32);
widest!(draw_floored_f64, f64, draw_floored, Avx512F64, Avx2F64);

macro_rules! real {
    ($type:ty, $draw:ident, $draw_floored:ident, $single:expr) => {
        impl Real for $type {
            const ZERO: $type = 0.0;

            #[inline(always)]
            fn from_f64(x: f64) -> $type {
                x as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn mul(self, factor: $type) -> $type {
                self * factor
            }
            #[inline(always)]
            fn add(self, other: $type) -> $type {
                self + other
            }
            fn single(numbers: &mut [$type]) -> Option<&mut [f32]> {
                $single(numbers)
            }
            fn draw(tile: &mut TileRows<'_, $type>, strokes: &[Stroke], factors: Factors<'_, $type>) {
                $draw(tile, strokes, factors)
            }
            fn draw_floored(tile: &mut TileRows<'_, $type>, strokes: &[Stroke], factors: Factors<'_, $type>) {
                $draw_floored(tile, strokes, factors)
            }
        }
    };
}
real!(f32, draw_f32, draw_floored_f32, Some);
real!(f64, draw_f64, draw_floored_f64, |_| None);
