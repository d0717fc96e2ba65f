//! Chunks to the bytes of the file, on one thread: shuffle and compression.

use blobscene::scene::{Compression, Dtype};
use blobscene::volume_file::pack::Packer;
use criterion::{BenchmarkId, Criterion, Throughput};

use crate::scenes::{Placed, pool};

/// Voxels along an edge of a chunk.
const EDGE: u64 = 64;

pub fn bench(criterion: &mut Criterion) {
    let levels = [
        ("none", Compression::None),
        ("gzip 1", Compression::Gzip(1)),
        ("gzip 4", Compression::Gzip(4)),
        ("gzip 9", Compression::Gzip(9)),
        ("zstd 1", Compression::Zstd(1)),
        ("zstd 9", Compression::Zstd(9)),
    ];
    let mut group = criterion.benchmark_group("writer");
    for name in ["few", "field", "haze"] {
        for dtype in [Dtype::Float32, Dtype::Uint16] {
            let chunk = chunk(name, dtype);
            for (level, compression) in levels {
                let (mut packer, mut packed) = (Packer::default(), Vec::new());
                let mut pack =
                    || packer.pack(&chunk, dtype.bytes(), compression, &mut packed).expect("a packed chunk");
                group.throughput(Throughput::Bytes(chunk.len() as u64));
                group
                    .bench_function(BenchmarkId::new(format!("{name} {}", dtype.name()), level), |bencher| {
                        bencher.iter(&mut pack)
                    });
            }
        }
    }
    group.finish();
}

/// A chunk from the middle of a scene.
fn chunk(name: &str, dtype: Dtype) -> Vec<u8> {
    let pool = pool(1);
    let placed = Placed::read(name, &[], &pool);
    let region = placed.scene.grid.whole().map(|range| {
        let first = range.end / 2 - EDGE / 2;
        first..first + EDGE
    });
    let voxels = placed.renderer(&pool).array(&pool, &region);
    match dtype {
        Dtype::Uint16 => voxels.iter().flat_map(|voxel| (voxel.round() as u16).to_le_bytes()).collect(),
        _ => voxels.iter().flat_map(|voxel| voxel.to_le_bytes()).collect(),
    }
}
