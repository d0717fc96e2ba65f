//! The inner loops: many spots into one tile.
//!
//! A tile is a box of voxels that stays in the second-level cache. A spot's factors along x begin at whole lanes of
//! the tile's rows and are 0 outside its box; adding 0 changes nothing (but -0, which leaves as 0). A narrow spot is
//! added row by row (here); spots that fill much of the tile go through the product of `product.rs`. Both compute, for
//! each voxel and in the order of the spots,
//!
//! V[z, y, x] = fma(y factor, z factor * x factor, V): one rounding of the product, one of the sum.

use super::crowd::Crowd;
use super::lanes::{self, LANE, Registers, best};
use super::product::product;
use super::strokes::Stroke;
use super::tables::Factors;
use crate::math::Ramp;
use crate::profiles::Separable;

/// Voxels of a row of a tile.
pub const TILE_WIDTH: usize = 32;

/// A number in which spots are summed: f32 or f64.
pub trait Real: Copy + Default + Send + Sync + PartialOrd + 'static {
    /// What is less than this share of a voxel rounds away when it is added to it; a little less than epsilon / 4.
    const UNSEEN: Self;
    /// Three of these multiplied are not yet too small for the format.
    const TINY: Self;
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn mul(self, factor: Self) -> Self;
    fn add(self, other: Self) -> Self;
    /// The numbers, where they are f32.
    fn single(numbers: &mut [Self]) -> Option<&mut [f32]>;
    fn as_single(numbers: &[Self]) -> Option<&[f32]>;
    /// The factors of a profile; see [`Separable::factors`].
    fn factors(profile: &dyn Separable, ramps: &[Ramp], out: &mut [Self]);
    /// Loads numbers in f32.
    ///
    /// # Safety
    /// The processor has the instructions of `R`, and there are as many numbers as it holds.
    unsafe fn narrow<R: Registers<f32>>(from: *const Self) -> R;
    /// Adds the spots of `strokes` to the tile, in their order, row by row.
    fn draw(tile: &mut Rows<'_, Self>, strokes: &[Stroke], factors: &[Self]);
    /// The same, each spot's value rounded down.
    fn draw_floored(tile: &mut Rows<'_, Self>, strokes: &[Stroke], factors: &[Self]);
    /// The same as `draw`, for wide strokes; a tile that is `fresh` holds nothing yet.
    fn multiply(
        tile: &mut Rows<'_, Self>,
        strokes: &[Stroke],
        factors: Factors<'_, Self>,
        fresh: bool,
        crowd: &mut Crowd<Self>,
    );
}

/// The rows of one tile: `voxels[(z * height + y) * TILE_WIDTH + x]`.
pub struct Rows<'a, T> {
    pub voxels: &'a mut [T],
    /// Rows of a slice in memory.
    pub height: usize,
    /// The part of the tile that is wanted, x y z.
    pub extent: [usize; 3],
}

/// # Safety
/// The processor has the instructions of `R`; the strokes lie within the tile and their factors within `factors`.
#[inline(always)]
unsafe fn draw<T: Real, R: Registers<T>>(tile: &mut Rows<'_, T>, strokes: &[Stroke], factors: &[T]) {
    for stroke in strokes {
        // SAFETY: as for this function.
        unsafe {
            match stroke.lanes() {
                1 => sweep::<T, R, 1>(tile, stroke, factors),
                2 => sweep::<T, R, 2>(tile, stroke, factors),
                3 => sweep::<T, R, 3>(tile, stroke, factors),
                _ => sweep::<T, R, 4>(tile, stroke, factors),
            }
        }
    }
}

/// # Safety
/// As for `draw`; the stroke has `LANES` lanes, of which `R` holds one.
#[inline(always)]
unsafe fn sweep<T: Real, R: Registers<T>, const LANES: usize>(
    tile: &mut Rows<'_, T>,
    stroke: &Stroke,
    factors: &[T],
) {
    let factors = factors.as_ptr();
    let first = stroke.z.0 as usize * tile.height + stroke.y.0 as usize;
    // SAFETY: rows, lanes and factors are the stroke's own, as promised by the caller.
    unsafe {
        let x: [R; LANES] =
            std::array::from_fn(|i| R::load(factors.add(stroke.factors[0] as usize + i * LANE)));
        let ys = factors.add(stroke.factors[1] as usize);
        let mut slice = tile.voxels.as_mut_ptr().add(first * TILE_WIDTH + stroke.first_lane());
        for z in 0..(stroke.z.1 - stroke.z.0) as usize {
            let z = R::splat(*factors.add(stroke.factors[2] as usize + z));
            let zx = x.map(|x| z.mul(x));
            let mut row = slice;
            for y in 0..(stroke.y.1 - stroke.y.0) as usize {
                let y = R::splat(*ys.add(y));
                for (i, zx) in zx.into_iter().enumerate() {
                    let lane = row.add(i * LANE);
                    y.mul_add(zx, R::load(lane)).store(lane);
                }
                row = row.add(TILE_WIDTH);
            }
            slice = slice.add(tile.height * TILE_WIDTH);
        }
    }
}

/// V[z, y, x] += floor((z factor * y factor) * x factor).
///
/// # Safety
/// As for `draw`.
#[inline(always)]
unsafe fn draw_floored<T: Real, R: Registers<T>>(tile: &mut Rows<'_, T>, strokes: &[Stroke], factors: &[T]) {
    for stroke in strokes {
        let xs = &factors[stroke.factors[0] as usize..][..stroke.lanes() * LANE];
        for z in stroke.z.0..stroke.z.1 {
            for y in stroke.y.0..stroke.y.1 {
                let zy = factors[stroke.factors[2] as usize + (z - stroke.z.0) as usize]
                    .mul(factors[stroke.factors[1] as usize + (y - stroke.y.0) as usize]);
                let first = (z as usize * tile.height + y as usize) * TILE_WIDTH + stroke.first_lane();
                let row = &mut tile.voxels[first..first + xs.len()];
                for (lane, x) in row.chunks_exact_mut(LANE).zip(xs.chunks_exact(LANE)) {
                    // SAFETY: as for this function; a lane is what `R` holds.
                    unsafe {
                        let light = R::splat(zy).mul(R::load(x.as_ptr()));
                        R::load(lane.as_ptr()).add_floor(light).store(lane.as_mut_ptr());
                    }
                }
            }
        }
    }
}

/// The loops for one type of number, with the registers of each set of instructions: one lane for rows, and for the
/// product as many rows as there are registers for. With AVX2 a row's factor costs a load of its own, which a pair shares.
macro_rules! real {
    ($type:ty, tiny: $tiny:literal, $factors:ident, single: $single:expr, narrow: $narrow:expr, rows: $row512:ident $row256:ident, product: $wide512:ident $wide256:ident) => {
        impl Real for $type {
            const UNSEEN: $type = 0.249 * <$type>::EPSILON;
            const TINY: $type = $tiny;
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
            #[inline(always)]
            fn single(numbers: &mut [$type]) -> Option<&mut [f32]> {
                $single(numbers)
            }
            #[inline(always)]
            fn as_single(numbers: &[$type]) -> Option<&[f32]> {
                $single(numbers)
            }
            #[inline(always)]
            fn factors(profile: &dyn Separable, ramps: &[Ramp], out: &mut [$type]) {
                profile.$factors(ramps, out);
            }
            #[inline(always)]
            unsafe fn narrow<R: Registers<f32>>(from: *const $type) -> R {
                // SAFETY: as promised by the caller.
                unsafe { $narrow(from) }
            }
            fn draw(tile: &mut Rows<'_, $type>, strokes: &[Stroke], factors: &[$type]) {
                best! {
                    fn best(tile: &mut Rows<'_, $type>, strokes: &[Stroke], factors: &[$type]) =
                        draw::<$type, lanes::$row512>,
                        draw::<$type, lanes::$row256>,
                        draw::<$type, lanes::Portable<$type>>;
                }
                best(tile, strokes, factors);
            }
            fn draw_floored(tile: &mut Rows<'_, $type>, strokes: &[Stroke], factors: &[$type]) {
                best! {
                    fn best(tile: &mut Rows<'_, $type>, strokes: &[Stroke], factors: &[$type]) =
                        draw_floored::<$type, lanes::$row512>,
                        draw_floored::<$type, lanes::$row256>,
                        draw_floored::<$type, lanes::Portable<$type>>;
                }
                best(tile, strokes, factors);
            }
            fn multiply(
                tile: &mut Rows<'_, $type>,
                strokes: &[Stroke],
                factors: Factors<'_, $type>,
                fresh: bool,
                crowd: &mut Crowd<$type>,
            ) {
                best! {
                    fn best(
                        tile: &mut Rows<'_, $type>,
                        strokes: &[Stroke],
                        factors: Factors<'_, $type>,
                        fresh: bool,
                        crowd: &mut Crowd<$type>,
                    ) =
                        product::<$type, lanes::$wide512, 16>,
                        product::<$type, lanes::$wide256, 4>,
                        product::<$type, lanes::Portable<$type>, { 32 / size_of::<$type>() }>;
                }
                best(tile, strokes, factors, fresh, crowd);
            }
        }
    };
}
real!(f32, tiny: 1e-12, factors_f32, single: Some, narrow: |from| R::load(from), rows: Avx2F32 Avx2F32, product: Avx512F32 Avx2F32Pair);
real!(f64, tiny: 1e-102, factors, single: |_| None, narrow: |from: *const f64| R::load(std::array::from_fn::<f32, TILE_WIDTH, _>(|i| if i < R::WIDTH { *from.add(i) as f32 } else { 0.0 }).as_ptr()), rows: Avx512F64 Avx2F64, product: Avx512F64 Avx2F64);
