//! Scene to array in memory: bounds, binning, tables and kernel.

use criterion::{BenchmarkId, Criterion, Throughput};

use crate::scenes::{Placed, all_threads, pool};

const SCENES: [&str; 8] = ["few", "wide", "field", "crowd", "slab", "haze", "mixed", "plane"];

pub fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("renderer");
    for name in SCENES {
        let mut threads = vec![1, all_threads()];
        threads.dedup();
        for threads in threads {
            let pool = pool(threads);
            let placed = Placed::read(name, &[], &pool);
            let region = placed.scene.grid.whole();
            group.throughput(Throughput::Elements(placed.spots.list.len() as u64));
            group.bench_function(BenchmarkId::new(name, threads), |bencher| {
                // The array is dropped outside the measurement.
                bencher.iter_with_large_drop(|| placed.renderer(&pool).array(&pool, &region));
            });
        }
    }
    group.finish();
}
