//! The vector instructions of the processor, chosen once at run time.
//!
//! Inner loops are written as plain Rust over slices and compiled for several vector widths. They use only
//! exactly rounded operations, elementwise, so that every width gives the same bits; the widths differ in
//! speed alone.

use std::sync::OnceLock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Simd {
    /// The target's baseline: NEON on aarch64, SSE2 (with `mul_add` in software) on x86-64.
    Portable,
    Avx2,
    Avx512,
}

impl Simd {
    pub const ALL: [(&'static str, Simd); 3] =
        [("portable", Simd::Portable), ("avx2", Simd::Avx2), ("avx512", Simd::Avx512)];

    /// The widest instructions that the processor has; at most those that the environment variable
    /// `BLOBSCENE_SIMD` names (`portable`, `avx2`, `avx512`), which is how tests compare them.
    pub fn best() -> Simd {
        static BEST: OnceLock<Simd> = OnceLock::new();
        *BEST.get_or_init(|| {
            let wanted = std::env::var("BLOBSCENE_SIMD").ok();
            let limit = Simd::ALL.iter().find(|(name, _)| Some(*name) == wanted.as_deref());
            Simd::detected().min(limit.map_or(Simd::Avx512, |&(_, simd)| simd))
        })
    }

    #[cfg(target_arch = "x86_64")]
    fn detected() -> Simd {
        let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let wide = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw");
        match (fma, wide) {
            (true, true) => Simd::Avx512,
            (true, false) => Simd::Avx2,
            _ => Simd::Portable,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn detected() -> Simd {
        Simd::Portable
    }
}

/// Asks for a value to be brought into the cache, which is worth it where values lie scattered in memory.
#[inline(always)]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let first = std::ptr::from_ref(value).cast::<i8>();
        // SAFETY: a prefetch reads nothing; the addresses are those of the value's first and last byte.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(first);
            if size_of::<T>() > align_of::<T>() {
                _mm_prefetch::<_MM_HINT_T0>(first.add(size_of::<T>() - 1));
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// Defines a function whose body, an `#[inline(always)]` function of the same arguments, is compiled for every
/// vector width; the call goes to the widest one that the processor has. It may be generic in types with a bound each.
macro_rules! for_every_width {
    (
        $(#[$doc:meta])*
        $vis:vis fn $name:ident $(<$($generic:ident: $bound:path),*>)? ($($arg:ident: $type:ty),* $(,)?) = $body:path;
    ) => {
        $(#[$doc])*
        $vis fn $name $(<$($generic: $bound),*>)? ($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                fn avx512 $(<$($generic: $bound),*>)? ($($arg: $type),*) {
                    $body($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2 $(<$($generic: $bound),*>)? ($($arg: $type),*) {
                    $body($($arg),*)
                }
                match $crate::simd::Simd::best() {
                    // SAFETY: `best` has seen that the processor has these instructions.
                    $crate::simd::Simd::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::simd::Simd::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::simd::Simd::Portable => {}
                }
            }
            $body($($arg),*)
        }
    };
}
pub(crate) use for_every_width;
