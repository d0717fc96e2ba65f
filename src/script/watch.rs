//! The clock behind a call into a script: a last resort, because its verdict depends on the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::diagnostic::Diagnostic;

/// How long a script may go on after it was told to stop, before the process is ended.
const GRACE: Duration = Duration::from_millis(700);

/// Tells a call to stop when its time is up; until it is dropped.
pub struct Watch {
    late: Arc<AtomicBool>,
    /// Dropped with the watch, which ends the waiting thread.
    _done: Option<Sender<()>>,
}

impl Watch {
    pub fn new(time: Duration, overrun: fn(&Diagnostic), problem: Diagnostic) -> Watch {
        let late = Arc::new(AtomicBool::new(false));
        let (done, over) = channel::<()>();
        let flag = late.clone();
        let wait = move || {
            let expired = |time| over.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
            if expired(time) {
                flag.store(true, Ordering::Relaxed);
                if expired(GRACE) {
                    overrun(&problem);
                }
            }
        };
        // Without a thread the count of steps is all there is.
        let done = thread::Builder::new().name("script clock".into()).spawn(wait).ok().map(|_| done);
        Watch { late, _done: done }
    }

    pub fn late(&self) -> &Arc<AtomicBool> {
        &self.late
    }
}
