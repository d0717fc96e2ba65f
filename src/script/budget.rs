//! The limits of one call into a script. A step is a call, a return or a turn of a loop; large pieces of memory
//! cost steps as well, so that no single instruction can take long unnoticed. The count is the same on every
//! machine; a clock stands behind it as a last resort.
//!
//! Once a limit is hit every further step fails: no `pcall`, coroutine or metamethod outlives it.

use std::cell::Cell;
use std::ffi::c_int;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

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

/// What a call has left, for itself and for the clock behind it.
pub struct Meter {
    /// Steps that the call began with.
    pub steps: u64,
    left: AtomicU64,
    /// Set when the call has run for too long.
    pub late: AtomicBool,
}

impl Meter {
    pub fn new(steps: u64) -> Meter {
        Meter { steps, left: AtomicU64::new(steps), late: AtomicBool::new(false) }
    }

    pub fn used(&self) -> u64 {
        self.steps.saturating_sub(self.left.load(Ordering::Relaxed))
    }

    fn charge(&self, steps: u64) {
        // Only the thread that runs the call writes.
        self.left.store(self.left.load(Ordering::Relaxed).saturating_sub(steps), Ordering::Relaxed);
    }
}

struct Budget {
    /// Of the running call; null where none runs.
    meter: Cell<*const Meter>,
    hit: Cell<Option<(Limit, Position)>>,
}

thread_local! {
    static BUDGET: Budget = const { Budget { meter: Cell::new(ptr::null()), hit: Cell::new(None) } };
}

/// Runs `call` with the steps of `meter`; says what limit it hit, whatever came of the call.
pub fn within<R>(meter: &Meter, call: impl FnOnce() -> R) -> (R, Option<(Limit, Position)>) {
    /// The meter is forgotten even if `call` panics.
    struct Running;
    impl Drop for Running {
        fn drop(&mut self) {
            BUDGET.with(|budget| budget.meter.set(ptr::null()));
        }
    }
    BUDGET.with(|budget| {
        budget.meter.set(meter);
        budget.hit.set(None);
    });
    let running = Running;
    let result = call();
    drop(running);
    (result, BUDGET.with(|budget| budget.hit.take()))
}

fn with_meter<R>(work: impl FnOnce(&Meter) -> R) -> Option<R> {
    // SAFETY: `within` borrows the meter for as long as it stands here.
    BUDGET.with(|budget| unsafe { budget.meter.get().as_ref() }.map(work))
}

/// Gives the running call `steps` to use from here on, as if it began anew.
pub fn refill(steps: u64) {
    with_meter(|meter| meter.left.store(steps, Ordering::Relaxed));
}

/// Takes `steps` from the running call; the next step finds out whether any are left.
pub fn charge(steps: u64) {
    with_meter(|meter| meter.charge(steps));
}

/// Steps that the running call has taken.
pub fn used() -> u64 {
    with_meter(Meter::used).unwrap_or(0)
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
    with_meter(|meter| meter.charge(u64::MAX));
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
    let limit = with_meter(|meter| match meter.left.load(Ordering::Relaxed) {
        0 => Some(Limit::Steps),
        _ if meter.late.load(Ordering::Relaxed) => Some(Limit::Clock),
        left => {
            meter.left.store(left - 1, Ordering::Relaxed);
            None
        }
    });
    // Outside of a call there is nothing to use.
    if let Some(limit) = limit.unwrap_or(Some(Limit::Steps)) {
        // SAFETY: the interpreter is at rest between two instructions, and there is room for one more value; no
        // destructor is skipped.
        unsafe {
            BUDGET.with(|budget| stop(budget, limit, position(state, 0)));
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
