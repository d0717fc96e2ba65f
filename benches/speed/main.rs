//! `cargo bench`: how long the parts take, and the whole. `cargo bench -- writer` runs one of them.

mod kernel;
mod renderer;
mod runs;
mod scenes;
mod writer;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    // The shortest take a millisecond, the longest a second: a few of each tell enough.
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    kernel::bench(&mut criterion);
    renderer::bench(&mut criterion);
    writer::bench(&mut criterion);
    runs::bench(&mut criterion);
    criterion.final_summary();
}
