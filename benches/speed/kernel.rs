//! The inner loops alone, on one thread: a block that stays in the cache, with more spots than anything beside them
//! could matter.

use criterion::{BenchmarkId, Criterion, Throughput};

use crate::scenes::{Placed, pool};

pub fn bench(criterion: &mut Criterion) {
    let pool = pool(1);
    let mut group = criterion.benchmark_group("kernel");
    for (sigma, count) in [(0.7, 200_000), (1.2, 100_000), (2.0, 50_000), (5.0, 5_000), (20.0, 2_000)] {
        let changes = [
            "grid.shape={ x = 64, y = 64, z = 64 }".to_string(),
            format!("spots.all.generator.count={count}"),
            format!("spots.all.profile.sigma={sigma}"),
        ];
        let placed = Placed::read("crowd", &changes.each_ref().map(String::as_str), &pool);
        let (renderer, region) = (placed.renderer(&pool), placed.scene.grid.whole());
        let mut volume = renderer.array(&pool, &region);
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("sigma", sigma), |bencher| {
            bencher.iter(|| renderer.fill_array(&pool, &region, &mut volume));
        });
    }
    group.finish();
}
