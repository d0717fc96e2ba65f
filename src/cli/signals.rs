//! Ctrl-C, full disks and panics: what reaches the process from outside ends it in an orderly way.

use std::sync::atomic::{AtomicBool, Ordering};

/// Set by the first Ctrl-C (or SIGTERM) while a file is being written.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// Whether a file is being written, which then must be cleaned up first.
static WRITING: AtomicBool = AtomicBool::new(false);

/// To be called once, before anything else.
pub fn prepare() {
    // A file beyond the size limit should be an error of the write, not the end of the process.
    #[cfg(unix)]
    // SAFETY: ignoring a signal has no handler that could misbehave.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
    // Without a handler Ctrl-C ends the process at once, which is right but for a partial file left behind.
    let _ = ctrlc::set_handler(|| {
        if !WRITING.load(Ordering::SeqCst) || STOP.swap(true, Ordering::SeqCst) {
            exit_now(130);
        }
    });
    std::panic::set_hook(Box::new(|info| {
        use std::io::Write;
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let _ = writeln!(
            std::io::stderr(),
            "error: blobscene has a defect and stopped ({place}); please report it with the scene that caused it"
        );
    }));
}

/// Runs `work` with Ctrl-C asking it to stop instead of ending the process.
pub fn writing<T>(work: impl FnOnce() -> T) -> T {
    WRITING.store(true, Ordering::SeqCst);
    let result = work();
    WRITING.store(false, Ordering::SeqCst);
    result
}

/// Ends the process without running anything more.
pub fn exit_now(code: i32) {
    #[cfg(unix)]
    // SAFETY: `_exit` may be called at any time.
    unsafe {
        libc::_exit(code)
    }
    #[cfg(not(unix))]
    std::process::exit(code)
}
