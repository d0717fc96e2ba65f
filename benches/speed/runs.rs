//! The binary as a whole: from the start of the process to the file under its name.

use std::process::Command;

use criterion::{BenchmarkId, Criterion};

use crate::scenes::path;

pub fn bench(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut group = criterion.benchmark_group("runs");
    for name in ["few", "wide", "slab", "field"] {
        for (compression, dtype) in [("none", "float32"), ("gzip", "float32"), ("gzip", "uint16")] {
            let run = || {
                let file = directory.path().join("volume.h5");
                let _ = std::fs::remove_file(&file);
                let status = Command::new(env!("CARGO_BIN_EXE_blobscene"))
                    .args(["run", "--quiet", "--set", &format!("output.compression=\"{compression}\"")])
                    .args(["--set", &format!("output.dtype=\"{dtype}\""), "-o"])
                    .args([&file, &path(name)])
                    .status();
                assert!(status.expect("the binary").success());
            };
            let id = BenchmarkId::new(name, format!("{compression} {dtype}"));
            group.bench_function(id, |bencher| bencher.iter(run));
        }
    }
    group.finish();
}
