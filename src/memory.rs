//! Large pieces of memory on huge pages: fewer faults when they are new, fewer look-ups where they are read here
//! and there.

/// The size of a huge page.
pub const HUGE_PAGE: usize = 2 << 20;

/// Asks for huge pages behind `memory`, which should be new; smaller pieces are left as they are. The advice may
/// be refused, and changes nothing but speed.
pub fn advise_huge<T>(memory: &mut [std::mem::MaybeUninit<T>]) {
    #[cfg(target_os = "linux")]
    {
        let (start, bytes) = (memory.as_mut_ptr() as usize, size_of_val(memory));
        if bytes < 2 * HUGE_PAGE {
            return;
        }
        let first = start.next_multiple_of(4096);
        // SAFETY: the range lies within the slice; the advice leaves its contents alone.
        unsafe { libc::madvise(first as *mut libc::c_void, start + bytes - first, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

/// An empty vector with room for `capacity` elements, on huge pages where it is large.
pub fn vec_with_capacity<T>(capacity: usize) -> Vec<T> {
    let mut vec = Vec::with_capacity(capacity);
    advise_huge(vec.spare_capacity_mut());
    vec
}
