//! Sizes of memory for people, and large pieces of it on huge pages: fewer faults when they are new, fewer look-ups
//! where they are read here and there.

mod large;

pub use large::{LargeMemory, cleared, give_back};

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

/// `bytes`; from half a huge page on, as many as whole huge pages hold.
pub fn whole_pages(bytes: usize) -> usize {
    if bytes < HUGE_PAGE / 2 { bytes } else { bytes.next_multiple_of(HUGE_PAGE) }
}

/// An empty vector with room for `capacity` elements, on huge pages where it is large.
pub fn vec_with_capacity<T>(capacity: usize) -> Vec<T> {
    let mut vec = Vec::with_capacity(capacity);
    advise_huge(vec.spare_capacity_mut());
    vec
}

/// A number of bytes for people: `12.5 GiB`.
pub fn size_text(bytes: u128) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// Reads a whole number with `B`, `KiB`, `MiB` or `GiB`.
///
/// # Errors
/// What the form is.
pub fn parse_size(text: &str) -> std::result::Result<u64, String> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];
    units
        .iter()
        .find_map(|(unit, shift)| text.trim().strip_suffix(unit).map(|number| (number, *shift)))
        .and_then(|(number, shift)| number.trim().parse::<u64>().ok()?.checked_mul(1 << shift))
        .ok_or_else(|| "a whole number with B, KiB, MiB or GiB, such as 512MiB".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_need_a_unit() {
        assert_eq!(parse_size("3KiB"), Ok(3072));
        assert_eq!(parse_size("10B"), Ok(10));
        for bad in ["3", "KiB", "-1MiB", "1.5GiB", "99999999999GiB", "3 kb"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}
