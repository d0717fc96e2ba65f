//! Lanes: sixteen numbers at a time, in memory and in the registers of each vector width.
//!
//! The kernel is written once over [`Registers`]; what stands here is only which instruction does what. Every
//! operation is exactly rounded and elementwise, so all widths give the same bits. Left to itself, the
//! compiler vectorises the kernel across rows, with gathers, at a tenth of the speed.

/// Voxels of a lane.
pub const LANE: usize = 16;

/// 16 voxels, or 16 factors, along x.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Lane<T>(pub [T; LANE]);

/// Lanes as the numbers they hold.
pub fn numbers<T>(lanes: &[Lane<T>]) -> &[T] {
    // SAFETY: a lane is 16 numbers and nothing else: their size is a multiple of its alignment.
    unsafe { std::slice::from_raw_parts(lanes.as_ptr().cast(), lanes.len() * LANE) }
}

/// Lanes as the numbers they hold.
pub fn numbers_mut<T>(lanes: &mut [Lane<T>]) -> &mut [T] {
    // SAFETY: as for `numbers`.
    unsafe { std::slice::from_raw_parts_mut(lanes.as_mut_ptr().cast(), lanes.len() * LANE) }
}

/// The numbers of one lane, in registers.
///
/// # Safety
/// The methods may be called only on a processor that has the instructions of the implementing type.
pub trait Registers<T>: Copy {
    unsafe fn load(lane: &Lane<T>) -> Self;
    unsafe fn store(self, lane: &mut Lane<T>);
    unsafe fn splat(value: T) -> Self;
    unsafe fn mul(self, factor: Self) -> Self;
    /// self * factor + other, rounded once.
    unsafe fn mul_add(self, factor: Self, other: Self) -> Self;
    unsafe fn add_floor(self, other: Self) -> Self;
}

/// Any processor: what the compiler makes of plain arrays.
#[derive(Clone, Copy)]
pub struct Portable<T>([T; LANE]);

macro_rules! portable {
    ($type:ty) => {
        impl Registers<$type> for Portable<$type> {
            #[inline(always)]
            unsafe fn load(lane: &Lane<$type>) -> Self {
                Portable(lane.0)
            }
            #[inline(always)]
            unsafe fn store(self, lane: &mut Lane<$type>) {
                lane.0 = self.0;
            }
            #[inline(always)]
            unsafe fn splat(value: $type) -> Self {
                Portable([value; LANE])
            }
            #[inline(always)]
            unsafe fn mul(self, factor: Self) -> Self {
                Portable(std::array::from_fn(|i| self.0[i] * factor.0[i]))
            }
            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, other: Self) -> Self {
                Portable(std::array::from_fn(|i| self.0[i].mul_add(factor.0[i], other.0[i])))
            }
            #[inline(always)]
            unsafe fn add_floor(self, other: Self) -> Self {
                Portable(std::array::from_fn(|i| self.0[i] + other.0[i].floor()))
            }
        }
    };
}
portable!(f32);
portable!(f64);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Lane, Registers};

    /// `$name` holds a lane of `$type` in `$count` registers of `$per` numbers.
    macro_rules! registers {
        ($name:ident, $type:ty, $register:ty, $count:literal, $per:literal,
         $load:ident, $store:ident, $splat:ident, $mul:ident, $fma:ident, $add:ident, $floor:expr) => {
            #[derive(Clone, Copy)]
            pub struct $name([$register; $count]);

            impl Registers<$type> for $name {
                #[inline(always)]
                unsafe fn load(lane: &Lane<$type>) -> Self {
                    // SAFETY: a lane holds all the numbers that are loaded, and is aligned to 64 bytes.
                    $name(std::array::from_fn(|i| unsafe { $load(lane.0.as_ptr().add(i * $per)) }))
                }
                #[inline(always)]
                unsafe fn store(self, lane: &mut Lane<$type>) {
                    for (i, register) in self.0.into_iter().enumerate() {
                        // SAFETY: as for `load`.
                        unsafe { $store(lane.0.as_mut_ptr().add(i * $per), register) }
                    }
                }
                #[inline(always)]
                unsafe fn splat(value: $type) -> Self {
                    // SAFETY: the processor has the instruction, as promised by the caller; so below.
                    $name([unsafe { $splat(value) }; $count])
                }
                #[inline(always)]
                unsafe fn mul(self, factor: Self) -> Self {
                    $name(std::array::from_fn(|i| unsafe { $mul(self.0[i], factor.0[i]) }))
                }
                #[inline(always)]
                unsafe fn mul_add(self, factor: Self, other: Self) -> Self {
                    $name(std::array::from_fn(|i| unsafe { $fma(self.0[i], factor.0[i], other.0[i]) }))
                }
                #[inline(always)]
                unsafe fn add_floor(self, other: Self) -> Self {
                    $name(std::array::from_fn(|i| unsafe { $add(self.0[i], $floor(other.0[i])) }))
                }
            }
        };
    }
    const DOWN: i32 = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
    registers!(
        Avx512F32,
        f32,
        __m512,
        1,
        16,
        _mm512_load_ps,
        _mm512_store_ps,
        _mm512_set1_ps,
        _mm512_mul_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        _mm512_roundscale_ps::<DOWN>
    );
    registers!(
        Avx512F64,
        f64,
        __m512d,
        2,
        8,
        _mm512_load_pd,
        _mm512_store_pd,
        _mm512_set1_pd,
        _mm512_mul_pd,
        _mm512_fmadd_pd,
        _mm512_add_pd,
        _mm512_roundscale_pd::<DOWN>
    );
    registers!(
        Avx2F32,
        f32,
        __m256,
        2,
        8,
        _mm256_load_ps,
        _mm256_store_ps,
        _mm256_set1_ps,
        _mm256_mul_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        _mm256_floor_ps
    );
    registers!(
        Avx2F64,
        f64,
        __m256d,
        4,
        4,
        _mm256_load_pd,
        _mm256_store_pd,
        _mm256_set1_pd,
        _mm256_mul_pd,
        _mm256_fmadd_pd,
        _mm256_add_pd,
        _mm256_floor_pd
    );
}
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};
