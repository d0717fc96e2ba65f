//! Addresses that repeat: where the objects of scripts lie in memory.
//!
//! Luau orders the keys of a table by a hash, and the hash of a table or a function as key is that of the lower
//! 32 bits of its address. So the pages in which an interpreter puts its objects come from a stretch of address
//! space of its own, which begins at a multiple of 4 GiB, and are handed out in an order that the script alone decides:
//! `pairs` gives any table's keys in the same order in every run.
//!
//! A program has that where [`ScriptAllocator`] is its global allocator.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::budget;
use crate::memory::LargeMemory;

/// The interpreter's objects lie in pages of these sizes (`lmem.cpp` of Luau 0.740), which nothing else asks for at this
/// alignment.
const PAGES: [usize; 2] = [16 * 1024 - 24, 32 * 1024 - 24];
const ALIGNMENT: usize = 16;

/// Space of a page of each size.
const SPACES: [usize; 2] = [16 * 1024, 32 * 1024];

/// A stretch begins at a multiple of this, so that an address leads to the stretch it lies in.
const STRETCH: usize = 1 << 36;

/// How many multiples there are to choose from: below what systems use by themselves.
const PLACES: usize = 1024;

/// The sizes of the stretches there; 0 where there is none.
static SIZES: [AtomicUsize; PLACES] = [const { AtomicUsize::new(0) }; PLACES];

/// Stands there while a stretch is made: too small to hold anything.
const TAKEN: usize = 1;

/// What an interpreter takes besides what its limit counts, in bytes.
const SLACK: usize = 16 << 20;

/// The pages of one interpreter. It lies at the beginning of its own stretch.
struct Stretch {
    size: usize,
    top: usize,
    /// The first free page of each size, which holds the address of the next.
    free: [*mut u8; 2],
}

thread_local! {
    /// The stretch of the interpreter that runs on this thread.
    static CURRENT: Cell<*mut Stretch> = const { Cell::new(ptr::null_mut()) };
}

/// The system's allocator, but for the objects of scripts, and for large pieces, which get huge pages and are not kept.
pub struct ScriptAllocator;

const OTHERS: LargeMemory = LargeMemory { kept: 0 };

// SAFETY: pages come from a stretch that nobody else has, everything else from the system; the address tells which.
unsafe impl GlobalAlloc for ScriptAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() == ALIGNMENT {
            let current = CURRENT.get();
            if !current.is_null() {
                budget::charge_bytes(layout.size());
                if let Some(kind) = PAGES.iter().position(|size| *size == layout.size()) {
                    // SAFETY: the stretch is there while its interpreter runs, on this thread alone.
                    let page = unsafe { (*current).take(kind) };
                    if !page.is_null() {
                        return page;
                    }
                }
            }
        }
        // SAFETY: as for this function.
        unsafe { OTHERS.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        let number = place as usize / STRETCH;
        if layout.align() == ALIGNMENT
            && let Some(kind) = PAGES.iter().position(|size| *size == layout.size())
            && SIZES.get(number).is_some_and(|size| place as usize % STRETCH < size.load(Ordering::Relaxed))
        {
            let stretch = (number * STRETCH) as *mut Stretch;
            // SAFETY: pages of a stretch are freed by the interpreter that owns it.
            unsafe { (*stretch).give_back(place, kind) };
            return;
        }
        // SAFETY: as for this function.
        unsafe { OTHERS.dealloc(place, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as for this function; the interpreter does not ask for this.
        unsafe { OTHERS.alloc_zeroed(layout) }
    }
}

impl Stretch {
    fn take(&mut self, kind: usize) -> *mut u8 {
        let page = self.free[kind];
        if !page.is_null() {
            // SAFETY: a free page holds the address of the next one.
            self.free[kind] = unsafe { page.cast::<*mut u8>().read() };
            return page;
        }
        if SPACES[kind] > self.size - self.top {
            return ptr::null_mut();
        }
        self.top += SPACES[kind];
        // SAFETY: below `size`, hence within the stretch.
        unsafe { ptr::from_mut(self).cast::<u8>().add(self.top - SPACES[kind]) }
    }

    fn give_back(&mut self, page: *mut u8, kind: usize) {
        // SAFETY: the page is at least as large as an address, and nobody uses it any more.
        unsafe { page.cast::<*mut u8>().write(self.free[kind]) };
        self.free[kind] = page;
    }
}

/// The stretch of one interpreter; it must outlive it.
pub struct Pages(*mut Stretch);

impl Pages {
    /// A stretch for an interpreter of `limit` bytes; `None` where there is no address space left.
    pub fn new(limit: u64) -> Option<Pages> {
        let size = usize::try_from(limit).ok()?.checked_add(SLACK)?.next_multiple_of(SPACES[1]);
        if size > STRETCH {
            return None;
        }
        (1..PLACES).find_map(|number| {
            if SIZES[number].compare_exchange(0, TAKEN, Ordering::AcqRel, Ordering::Relaxed).is_err() {
                return None;
            }
            let Some(base) = map(number * STRETCH, size) else {
                SIZES[number].store(0, Ordering::Release);
                return None;
            };
            let stretch = base.cast::<Stretch>();
            // SAFETY: the stretch is new, and its first pages are left for this.
            unsafe { stretch.write(Stretch { size, top: SPACES[1], free: [ptr::null_mut(); 2] }) };
            SIZES[number].store(size, Ordering::Release);
            Some(Pages(stretch))
        })
    }

    /// Runs `work`, whose interpreter takes its pages from here.
    pub fn during<R>(&self, work: impl FnOnce() -> R) -> R {
        /// What ran before, which goes on even if `work` panics.
        struct Before(*mut Stretch);
        impl Drop for Before {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _before = Before(CURRENT.replace(self.0));
        work()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let held = &SIZES[self.0 as usize / STRETCH];
        // From here on an address there is the system's.
        let size = held.swap(TAKEN, Ordering::AcqRel);
        // SAFETY: the stretch is there until now, and no page of it is in use any more.
        unsafe { unmap(self.0.cast(), size) };
        held.store(0, Ordering::Release);
    }
}

#[cfg(unix)]
fn map(place: usize, size: usize) -> Option<*mut u8> {
    // Linux refuses a place that is taken; elsewhere the address is but a wish.
    #[cfg(target_os = "linux")]
    const FIXED: libc::c_int = libc::MAP_FIXED_NOREPLACE;
    #[cfg(not(target_os = "linux"))]
    const FIXED: libc::c_int = 0;
    let wish = place as *mut libc::c_void;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | FIXED;
    // SAFETY: a new mapping that replaces none.
    let found = unsafe { libc::mmap(wish, size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    if found == wish {
        return Some(found.cast());
    }
    if found != libc::MAP_FAILED {
        // SAFETY: the mapping was made just now.
        unsafe { unmap(found.cast(), size) };
    }
    None
}

#[cfg(unix)]
unsafe fn unmap(base: *mut u8, size: usize) {
    // SAFETY: as for this function: a mapping of this size that nobody uses.
    unsafe { libc::munmap(base.cast(), size) };
}
