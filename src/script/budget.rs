//! The limits of one call into a script. A step is a call, a return or a turn of a loop; large pieces of memory
//! cost steps as well, so that no single instruction can take long unnoticed. The count is the same on every
//! machine; a clock stands behind it as a last resort.
//!
//! Once a limit is hit every further step fails: no `pcall`, coroutine or metamethod outlives it.

use std::cell::Cell;
use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use mlua::ffi;

/// What stopped a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Steps,
    Memory,
    Clock,
}

/// Where it stopped: the number of the source and the line.
pub type Position = Option<(usize, usize)>;

/// Bytes of new memory that cost a step.
const BYTES_A_STEP: usize = 256;

struct Budget {
    left: Cell<u64>,
    hit: Cell<Option<(Limit, Position)>>,
    late: Cell<*const AtomicBool>,
}

thread_local! {
    static BUDGET: Budget = const {
        Budget {
            left: Cell::new(0),
            hit: Cell::new(None),
            late: Cell::new(ptr::null()),
        }
    };
}

/// Runs `call` with `steps` to use; says what limit it hit, whatever came of the call.
pub fn within<R>(steps: u64, late: &AtomicBool, call: impl FnOnce() -> R) -> (R, Option<(Limit, Position)>) {
    BUDGET.with(|budget| {
        budget.left.set(steps);
        budget.hit.set(None);
        budget.late.set(late);
    });
    let result = call();
    BUDGET.with(|budget| {
        budget.late.set(ptr::null());
        (result, budget.hit.take())
    })
}

/// Gives the running call `steps` to use from here on, as if it began anew.
pub fn refill(steps: u64) {
    BUDGET.with(|budget| budget.left.set(steps));
}

/// Takes `steps` from the running call; the next step finds out whether any are left.
pub fn charge(steps: u64) {
    BUDGET.with(|budget| budget.left.set(budget.left.get().saturating_sub(steps)));
}

pub fn charge_bytes(bytes: usize) {
    if bytes >= BYTES_A_STEP {
        charge((bytes / BYTES_A_STEP) as u64);
    }
}

/// Remembers the first limit that is hit, and leaves no step for anything else.
fn stop(budget: &Budget, limit: Limit, position: Position) {
    if budget.hit.get().is_none() {
        budget.hit.set(Some((limit, position)));
    }
    budget.left.set(0);
}

/// Ends the running call because memory ran out, wherever that was noticed.
pub fn exhausted(position: Position) {
    BUDGET.with(|budget| stop(budget, Limit::Memory, position));
}

/// The interpreter calls this at every step.
///
/// # Safety
/// Called by the interpreter of `state` alone.
pub unsafe extern "C-unwind" fn step(state: *mut ffi::lua_State, collecting: c_int) {
    if collecting >= 0 {
        return;
    }
    let hit = BUDGET.with(|budget| {
        let left = budget.left.get();
        // SAFETY: it outlives the call that `within` makes, or is null.
        let late = unsafe { budget.late.get().as_ref() }.is_some_and(|late| late.load(Ordering::Relaxed));
        let limit = match () {
            () if left == 0 => Limit::Steps,
            () if late => Limit::Clock,
            () => {
                budget.left.set(left - 1);
                return false;
            }
        };
        // SAFETY: the interpreter is at rest between two instructions.
        stop(budget, limit, unsafe { position(state, 0) });
        true
    });
    if hit {
        // SAFETY: there is room for one more value; no destructor is skipped.
        unsafe {
            ffi::lua_rawcheckstack(state, 1);
            ffi::lua_pushnil(state);
            ffi::lua_error(state)
        }
    }
}

/// Source and line that run at `level` (0: what runs now, 1: its caller).
///
/// # Safety
/// `state` is an interpreter at rest.
pub unsafe fn position(state: *mut ffi::lua_State, level: c_int) -> Position {
    // SAFETY: all zeros is a valid record of numbers and pointers.
    let mut record: ffi::lua_Debug = unsafe { std::mem::zeroed() };
    // SAFETY: as for this function; `short_src` ends with a zero.
    unsafe {
        if ffi::lua_getinfo(state, level, c"sl".as_ptr(), &mut record) == 0 || record.short_src.is_null() {
            return None;
        }
        let name = std::ffi::CStr::from_ptr(record.short_src).to_str().ok()?;
        let source = name.strip_prefix(super::SOURCE_NAME)?.parse().ok()?;
        Some((source, usize::try_from(record.currentline).ok()?))
    }
}
