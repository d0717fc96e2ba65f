//! Lanes: eight numbers at a time, in memory and in the registers of each vector width.
//!
//! The kernels are written once over [`Registers`]; what stands here is only which instruction does what. Every
//! operation is exactly rounded and elementwise, so all widths give the same bits. Left to itself, the
//! compiler vectorises the kernels across rows, with gathers, at a tenth of the speed.

use std::ops::{Deref, DerefMut};

use crate::memory::whole_pages;

/// Voxels of a lane: spots are drawn in whole lanes along x.
pub const LANE: usize = 8;

/// A line of the cache.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line<T>([T; 16]);

/// A growing list of numbers that begins with a line of the cache.
pub struct Numbers<T> {
    lines: Vec<Line<T>>,
    len: usize,
}

impl<T: Copy + Default> Numbers<T> {
    pub fn new() -> Numbers<T> {
        Numbers { lines: Vec::new(), len: 0 }
    }

    /// Changes the length; new numbers are whatever was there before.
    pub fn resize(&mut self, len: usize) {
        let lines = len.div_ceil(16);
        if lines > self.lines.len() {
            // So that a [`LargeMemory`](crate::memory::LargeMemory) puts them on huge pages, which are there sooner.
            let room = whole_pages(size_of::<Line<T>>() * lines) / size_of::<Line<T>>();
            self.lines.reserve_exact(room - self.lines.len());
            self.lines.resize(lines, Line([T::default(); 16]));
        }
        self.len = len;
    }
}

impl<T> Deref for Numbers<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: a line is 16 numbers and nothing else, and there are enough for `len`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T> DerefMut for Numbers<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `deref`.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// A lane or several, in registers.
///
/// # Safety
/// The methods may be called only on a processor that has the instructions of the implementing type, and with
/// pointers to as many numbers as it holds.
pub trait Registers<T>: Copy {
    /// Numbers that it holds.
    const WIDTH: usize;
    unsafe fn load(from: *const T) -> Self;
    unsafe fn store(self, to: *mut T);
    /// Stores past the cache; `to` is a whole number of registers from the beginning of a line.
    unsafe fn stream(self, to: *mut T);
    unsafe fn splat(value: T) -> Self;
    unsafe fn mul(self, factor: Self) -> Self;
    /// self * factor + other, rounded once.
    unsafe fn mul_add(self, factor: Self, other: Self) -> Self;
    unsafe fn add_floor(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    /// A bit for each number that is above its counterpart in `other`, the lowest for the first.
    unsafe fn above(self, other: Self) -> u32;
}

/// Any processor: what the compiler makes of plain arrays.
#[derive(Clone, Copy)]
pub struct Portable<T>([T; LANE]);

macro_rules! portable {
    ($type:ty) => {
        impl Registers<$type> for Portable<$type> {
            const WIDTH: usize = LANE;
            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                // SAFETY: as promised by the caller; so below.
                Portable(unsafe { from.cast::<[$type; LANE]>().read() })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                unsafe { to.cast::<[$type; LANE]>().write(self.0) };
            }
            #[inline(always)]
            unsafe fn stream(self, to: *mut $type) {
                unsafe { self.store(to) };
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
            #[inline(always)]
            unsafe fn min(self, other: Self) -> Self {
                Portable(std::array::from_fn(|i| if other.0[i] < self.0[i] { other.0[i] } else { self.0[i] }))
            }
            #[inline(always)]
            unsafe fn above(self, other: Self) -> u32 {
                (0..LANE).fold(0, |bits, i| bits | u32::from(self.0[i] > other.0[i]) << i)
            }
        }
    };
}
portable!(f32);
portable!(f64);

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Registers;

    /// Each `$name` holds `$count` registers of `$per` numbers of `$type`.
    macro_rules! registers {
        ($($name:ident: $count:literal),+; $type:ty, $register:ty, $per:literal,
         $load:ident, $store:ident, $stream:ident, $splat:ident, $mul:ident, $fma:ident, $add:ident, $floor:expr, $min:ident, $above:expr) => {
            $(
            #[derive(Clone, Copy)]
            pub struct $name([$register; $count]);

            impl Registers<$type> for $name {
                const WIDTH: usize = $count * $per;
                #[inline(always)]
                unsafe fn load(from: *const $type) -> Self {
                    // SAFETY: the processor has the instruction, and the numbers are there, as promised by the
                    // caller; so below.
                    $name(std::array::from_fn(|i| unsafe { $load(from.add(i * $per)) }))
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $type) {
                    for (i, register) in self.0.into_iter().enumerate() {
                        unsafe { $store(to.add(i * $per), register) }
                    }
                }
                #[inline(always)]
                unsafe fn stream(self, to: *mut $type) {
                    for i in 0..$count {
                        unsafe { $stream(to.add(i * $per), self.0[i]) };
                    }
                }
                #[inline(always)]
                unsafe fn splat(value: $type) -> Self {
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
                #[inline(always)]
                unsafe fn min(self, other: Self) -> Self {
                    $name(std::array::from_fn(|i| unsafe { $min(self.0[i], other.0[i]) }))
                }
                #[inline(always)]
                unsafe fn above(self, other: Self) -> u32 {
                    (0..$count)
                        .fold(0, |bits, i| bits | unsafe { $above(self.0[i], other.0[i]) } << (i * $per))
                }
            }
            )+
        };
    }
    const DOWN: i32 = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
    registers!(
        Avx512F32: 1;
        f32,
        __m512,
        16,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_stream_ps,
        _mm512_set1_ps,
        _mm512_mul_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        _mm512_roundscale_ps::<DOWN>,
        _mm512_min_ps,
        |a, b| u32::from(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b))
    );
    registers!(
        Avx512F64: 1;
        f64,
        __m512d,
        8,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_stream_pd,
        _mm512_set1_pd,
        _mm512_mul_pd,
        _mm512_fmadd_pd,
        _mm512_add_pd,
        _mm512_roundscale_pd::<DOWN>,
        _mm512_min_pd,
        |a, b| u32::from(_mm512_cmp_pd_mask::<_CMP_GT_OQ>(a, b))
    );
    registers!(
        Avx2F32: 1, Avx2F32Pair: 2;
        f32,
        __m256,
        8,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_stream_ps,
        _mm256_set1_ps,
        _mm256_mul_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        _mm256_floor_ps,
        _mm256_min_ps,
        |a, b| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(a, b)) as u32
    );
    registers!(
        Avx2F64: 2;
        f64,
        __m256d,
        4,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_stream_pd,
        _mm256_set1_pd,
        _mm256_mul_pd,
        _mm256_fmadd_pd,
        _mm256_add_pd,
        _mm256_floor_pd,
        _mm256_min_pd,
        |a, b| _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(a, b)) as u32
    );
}
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2F32, Avx2F32Pair, Avx2F64, Avx512F32, Avx512F64};

/// Defines a function with a body for each set of instructions; the call goes to the best that the processor has.
macro_rules! best {
    (
        $(#[$doc:meta])*
        fn $name:ident $(<$($generic:ident: $bound:path),*>)? ($($arg:ident: $type:ty),* $(,)?) =
            $avx512:expr, $avx2:expr, $portable:expr;
    ) => {
        $(#[$doc])*
        fn $name $(<$($generic: $bound),*>)? ($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                fn avx512 $(<$($generic: $bound),*>)? ($($arg: $type),*) {
                    // SAFETY: this function has the instructions; so below.
                    unsafe { $avx512($($arg),*) }
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2 $(<$($generic: $bound),*>)? ($($arg: $type),*) {
                    // SAFETY: as above.
                    unsafe { $avx2($($arg),*) }
                }
                match $crate::simd::Simd::best() {
                    // SAFETY: `best` has seen that the processor has these instructions; so below.
                    $crate::simd::Simd::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::simd::Simd::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::simd::Simd::Portable => {}
                }
            }
            // SAFETY: every processor has what plain arrays need.
            unsafe { $portable($($arg),*) }
        }
    };
}
pub(super) use best;
