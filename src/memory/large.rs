//! Large pieces of memory: each on huge pages of its own, and kept for the next one of its size when it is freed.
//!
//! A new piece is cleared by the system page by page when it is first touched, which takes longer than a sparse scene
//! takes to draw. The C library keeps freed pieces of up to 32 MiB for that reason; [`LargeMemory`] can keep larger ones,
//! too, and puts them where huge pages are. What it keeps is the system's to take back whenever memory runs short.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use super::HUGE_PAGE;

/// Smaller pieces are the system allocator's.
const LARGE: usize = HUGE_PAGE;

/// Sizes are multiples of this: the largest of the pages that systems have as their small ones.
const LARGEST_PAGE: usize = 1 << 16;

/// Pieces that can be there at once; further ones are the system allocator's.
const PIECES: usize = 256;

/// An allocator for programs that render one volume after the other, to be their `#[global_allocator]`: keeps up to
/// `kept` bytes that were freed.
pub struct LargeMemory {
    pub kept: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Nothing,
    /// In use; `cleared` where nothing but zeros was there when it was handed out.
    Used {
        cleared: bool,
    },
    Kept,
}

#[derive(Clone, Copy)]
struct Piece {
    place: usize,
    bytes: usize,
    state: State,
}

struct Table {
    pieces: [Piece; PIECES],
    /// The most bytes that were ever in use at once.
    peak: usize,
}

static TABLE: Mutex<Table> =
    Mutex::new(Table { pieces: [Piece { place: 0, bytes: 0, state: State::Nothing }; PIECES], peak: 0 });

impl Table {
    fn find(&mut self, wanted: impl Fn(&Piece) -> bool) -> Option<&mut Piece> {
        self.pieces.iter_mut().find(|piece| wanted(piece))
    }

    fn bytes(&self, wanted: impl Fn(State) -> bool) -> usize {
        self.pieces.iter().filter(|piece| wanted(piece.state)).map(|piece| piece.bytes).sum()
    }

    /// Gives memory that is kept to the system, as long as the program has more than `most` bytes.
    fn release(&mut self, most: usize) {
        while self.bytes(|state| state != State::Nothing) > most {
            let Some(piece) = self.find(|piece| piece.state == State::Kept) else { return };
            unmap(piece);
        }
    }

    /// A new mapping and its entry.
    fn add(&mut self, bytes: usize) -> Option<*mut u8> {
        let place = map(bytes)?;
        let Some(piece) = self.find(|piece| piece.state == State::Nothing) else {
            unmap(&mut Piece { place: place as usize, bytes, state: State::Nothing });
            return None;
        };
        *piece = Piece { place: place as usize, bytes, state: State::Used { cleared: true } };
        let used = self.bytes(|state| matches!(state, State::Used { .. }));
        self.peak = self.peak.max(used);
        Some(place)
    }
}

/// Whether the memory at `place`, which was allocated just now, holds nothing but zeros; `None` where it did not come
/// from a [`LargeMemory`]. The first answer counts: whoever asks is going to write there.
pub fn cleared<T>(place: *const T) -> Option<bool> {
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    match &mut table.find(|piece| piece.place == place as usize)?.state {
        State::Used { cleared } => Some(std::mem::take(cleared)),
        _ => None,
    }
}

/// Gives what is kept to the system.
pub fn give_back() {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner).release(0);
}

// SAFETY: a piece is a mapping of its own, handed out to one owner at a time; the table tells pieces from what the system's
// allocator gave.
unsafe impl GlobalAlloc for LargeMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= LARGE
            && layout.align() <= HUGE_PAGE
            && let Some((place, _)) = self.take(layout.size())
        {
            return place;
        }
        // SAFETY: as for this function; so below.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= LARGE
            && layout.align() <= HUGE_PAGE
            && let Some((place, cleared)) = self.take(layout.size())
        {
            if !cleared {
                // SAFETY: the piece has at least so many bytes.
                unsafe { place.write_bytes(0, layout.size()) };
            }
            return place;
        }
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if layout.size() < LARGE || !self.give_back(place) {
            unsafe { System.dealloc(place, layout) }
        }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.size().max(size) < LARGE {
            return unsafe { System.realloc(place, layout, size) };
        }
        // SAFETY: the new layout is as valid as the caller promises for `size`; both pieces have the bytes that are copied.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                ptr::copy_nonoverlapping(place, new, layout.size().min(size));
                cleared(new);
                self.dealloc(place, layout);
            }
            new
        }
    }
}

impl LargeMemory {
    /// A piece of at least `bytes`, and whether it holds nothing but zeros.
    fn take(&self, bytes: usize) -> Option<(*mut u8, bool)> {
        let bytes = bytes.checked_next_multiple_of(LARGEST_PAGE)?;
        let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(piece) = table.find(|piece| piece.state == State::Kept && piece.bytes == bytes) {
            piece.state = State::Used { cleared: false };
            return Some((piece.place as *mut u8, false));
        }
        // What is kept must not make the program larger than it ever was.
        let used = table.bytes(|state| matches!(state, State::Used { .. }));
        let most = table.peak.max(used.saturating_add(bytes));
        table.release(most.saturating_sub(bytes));
        let place = table.add(bytes).or_else(|| {
            table.release(0);
            table.add(bytes)
        })?;
        Some((place, true))
    }

    /// Whether the piece at `place` came from here; if so, it is free now.
    fn give_back(&self, place: *mut u8) -> bool {
        let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = table.bytes(|state| state == State::Kept);
        let used = |piece: &Piece| matches!(piece.state, State::Used { .. });
        let Some(piece) = table.find(|piece| piece.place == place as usize && used(piece)) else {
            return false;
        };
        if kept + piece.bytes <= self.kept && offer(piece) {
            piece.state = State::Kept;
        } else {
            unmap(piece);
        }
        true
    }
}

/// New memory that begins with a huge page.
#[cfg(target_os = "linux")]
fn map(bytes: usize) -> Option<*mut u8> {
    let (flags, access) = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, libc::PROT_READ | libc::PROT_WRITE);
    let space = bytes.checked_add(HUGE_PAGE)?;
    // SAFETY: a new mapping that replaces none; what is unmapped of it nobody uses.
    unsafe {
        let start = libc::mmap(ptr::null_mut(), space, access, flags, -1, 0);
        if start == libc::MAP_FAILED {
            return None;
        }
        let first = (start as usize).next_multiple_of(HUGE_PAGE);
        let before = first - start as usize;
        if before > 0 {
            libc::munmap(start, before);
        }
        libc::munmap((first + bytes) as *mut libc::c_void, HUGE_PAGE - before);
        // A refusal changes nothing but speed.
        libc::madvise(first as *mut libc::c_void, bytes, libc::MADV_HUGEPAGE);
        Some(first as *mut u8)
    }
}

#[cfg(target_os = "linux")]
fn unmap(piece: &mut Piece) {
    // SAFETY: the piece is a mapping that nobody uses any more.
    unsafe { libc::munmap(piece.place as *mut libc::c_void, piece.bytes) };
    *piece = Piece { place: 0, bytes: 0, state: State::Nothing };
}

/// Lets the system take the memory of a piece that nobody uses; whether it may be kept until then.
#[cfg(target_os = "linux")]
fn offer(piece: &Piece) -> bool {
    // SAFETY: the contents are nobody's any more.
    unsafe { libc::madvise(piece.place as *mut libc::c_void, piece.bytes, libc::MADV_FREE) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn map(_: usize) -> Option<*mut u8> {
    None
}

#[cfg(not(target_os = "linux"))]
fn unmap(_: &mut Piece) {}

#[cfg(not(target_os = "linux"))]
fn offer(_: &Piece) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Pieces have sizes that no other test asks for.
    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 8).unwrap()
    }

    /// # Safety
    /// The memory at `place` has as many bytes.
    unsafe fn is_zero(place: *const u8, bytes: usize) -> bool {
        // SAFETY: as promised by the caller.
        unsafe { std::slice::from_raw_parts(place, bytes) }.iter().all(|&byte| byte == 0)
    }

    /// One test: the table of pieces is common to all.
    #[test]
    fn freed_memory_is_used_again_as_far_as_allowed_and_never_taken_for_zeros() {
        const BYTES: usize = LARGE + 4097;
        let memory = LargeMemory { kept: 2 * BYTES };
        // SAFETY: every piece is freed once, with its layout, and used within its size.
        unsafe {
            let first = memory.alloc(layout(BYTES));
            assert_eq!(cleared(first), Some(true));
            assert_eq!(first as usize % HUGE_PAGE, 0);
            assert!(is_zero(first, BYTES));
            first.write_bytes(7, BYTES);
            memory.dealloc(first, layout(BYTES));
            assert_eq!(cleared(first), None);
            let second = memory.alloc(layout(BYTES));
            assert_eq!(second, first);
            assert_eq!(cleared(second), Some(false));
            memory.dealloc(second, layout(BYTES));
            let third = memory.alloc_zeroed(layout(BYTES));
            assert!(is_zero(third, BYTES));
            // A growing piece keeps its contents.
            third.write_bytes(9, BYTES);
            let grown = memory.realloc(third, layout(BYTES), 3 * BYTES);
            assert!((0..BYTES).all(|i| *grown.add(i) == 9));
            // And so it does on its way to the other allocator and back.
            let shrunk = memory.realloc(grown, layout(3 * BYTES), 100);
            assert!((0..100).all(|i| *shrunk.add(i) == 9));
            let back = memory.realloc(shrunk, layout(100), BYTES);
            assert!((0..100).all(|i| *back.add(i) == 9));
            memory.dealloc(back, layout(BYTES));

            let memory = LargeMemory { kept: LARGE };
            let piece = memory.alloc(layout(BYTES));
            piece.write_bytes(1, BYTES);
            memory.dealloc(piece, layout(BYTES));
            let next = memory.alloc(layout(BYTES));
            assert_eq!(cleared(next), Some(true));
            assert!(is_zero(next, BYTES));
            memory.dealloc(next, layout(BYTES));
        }
    }
}
