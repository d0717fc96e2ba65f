//! Work done in parallel, its results taken in order, with a bounded number of them waiting.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::ThreadPool;

/// What the workers share; it is locked once per item, and items take milliseconds.
struct Queue {
    next: usize,
    /// Items below this may be started.
    open: usize,
    stopped: bool,
}

/// Calls `produce` for 0 .. `count` on the threads of `pool`, each with a state of its own made by `state`, and
/// `consume` with the results on the calling thread, in order. No item is started that is `window` or more ahead
/// of the first unconsumed one.
///
/// # Errors
/// The first error of `consume`; items that were not started are then never started.
pub fn ordered<S, R: Send, E>(
    pool: &ThreadPool,
    count: usize,
    window: usize,
    state: impl Fn() -> S + Sync,
    produce: impl Fn(&mut S, usize) -> R + Sync,
    mut consume: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<(), E> {
    let queue = Mutex::new(Queue { next: 0, open: window.max(1), stopped: false });
    let changed = Condvar::new();
    let (sender, receiver) = mpsc::channel();
    let work = |sender: mpsc::Sender<(usize, R)>| {
        let guard = StopOnPanic { queue: &queue, changed: &changed };
        let mut state = state();
        while let Some(item) = take(&queue, &changed, count) {
            if sender.send((item, produce(&mut state, item))).is_err() {
                break;
            }
        }
        drop(guard);
    };
    pool.in_place_scope(|scope| {
        for _ in 0..pool.current_num_threads().min(count) {
            let (work, sender) = (&work, sender.clone());
            scope.spawn(move |_| work(sender));
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        let mut result = Ok(());
        for (item, value) in receiver {
            waiting.insert(item, value);
            let before = due;
            while let Some(value) = waiting.remove(&due) {
                if result.is_ok() {
                    result = consume(due, value);
                }
                due += 1;
            }
            if due > before {
                let mut queue = lock(&queue);
                queue.open = due.saturating_add(window.max(1));
                queue.stopped |= result.is_err();
                changed.notify_all();
            }
        }
        result
    })
}

fn take(queue: &Mutex<Queue>, changed: &Condvar, count: usize) -> Option<usize> {
    let mut queue = lock(queue);
    loop {
        if queue.stopped || queue.next >= count {
            return None;
        }
        if queue.next < queue.open {
            queue.next += 1;
            return Some(queue.next - 1);
        }
        queue = changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

/// A poisoned lock means that a worker panicked; the queue itself is always in order.
fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Releases the other workers when one panics, so that the panic can travel on.
struct StopOnPanic<'a> {
    queue: &'a Mutex<Queue>,
    changed: &'a Condvar,
}

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.queue).stopped = true;
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn pool(threads: usize) -> ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
    }

    #[test]
    fn results_come_in_order_and_few_wait() {
        for threads in [1, 3] {
            let consumed = AtomicUsize::new(0);
            let mut seen = Vec::new();
            ordered(
                &pool(threads),
                1000,
                5,
                || (),
                |(), i| {
                    assert!(i < consumed.load(Ordering::SeqCst) + 5 + 1);
                    i * i
                },
                |i, square| {
                    assert_eq!(square, i * i);
                    seen.push(i);
                    consumed.store(i + 1, Ordering::SeqCst);
                    Ok::<(), ()>(())
                },
            )
            .unwrap();
            assert_eq!(seen, (0..1000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_error_stops_the_work() {
        let started = AtomicUsize::new(0);
        let result = ordered(
            &pool(2),
            1_000_000,
            4,
            || (),
            |(), i| {
                started.fetch_add(1, Ordering::SeqCst);
                i
            },
            |i, _| if i == 10 { Err(i) } else { Ok(()) },
        );
        assert_eq!(result, Err(10));
        assert!(started.load(Ordering::SeqCst) < 20);
    }

    #[test]
    fn a_panic_ends_in_a_panic_not_in_a_hang() {
        let result = std::panic::catch_unwind(|| {
            ordered(&pool(2), 100, 2, || (), |(), i| assert_ne!(i, 7), |_, ()| Ok::<(), ()>(()))
        });
        assert!(result.is_err());
    }
}
