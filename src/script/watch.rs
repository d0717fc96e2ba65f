//! The clock behind a call into a script: a last resort, because its verdict depends on the machine.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::budget::Meter;
use crate::diagnostic::Diagnostic;

/// How long a script may go on after it was told to stop, before the process is ended.
const GRACE: Duration = Duration::from_millis(700);

/// How long a call may take at all events, and for each of its steps: five times as long as on a slow machine.
const START: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_nanos(120);

/// The same for a call that has taken few steps yet, but long ones.
const SLOW_START: Duration = Duration::from_secs(8);
const SLOW_STEP: Duration = Duration::from_nanos(1000);

/// Tells a call to stop when its time is up; until it is dropped.
pub struct Watch {
    /// Dropped with the watch, which ends the waiting thread.
    _done: Option<Sender<()>>,
}

impl Watch {
    pub fn new(meter: &Arc<Meter>, overrun: fn(&Diagnostic), problem: Diagnostic) -> Watch {
        let (done, over) = channel::<()>();
        let meter = meter.clone();
        let begin = Instant::now();
        let wait = move || {
            let expired = |time| over.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
            while let Some(rest) = allowed(&meter).checked_sub(begin.elapsed()) {
                if !expired(rest) {
                    return;
                }
            }
            meter.late.store(true, Ordering::Relaxed);
            if expired(GRACE) {
                overrun(&problem);
            }
        };
        // Without a thread the count of steps is all there is.
        let done = thread::Builder::new().name("script clock".into()).spawn(wait).ok().map(|_| done);
        Watch { _done: done }
    }
}

/// How long the call may have taken by now.
fn allowed(meter: &Meter) -> Duration {
    let after = |start: Duration, step: Duration, steps: u64| {
        start + Duration::from_nanos(steps.saturating_mul(step.as_nanos() as u64).min(1 << 62))
    };
    after(START, STEP, meter.steps).min(after(SLOW_START, SLOW_STEP, meter.used()))
}
