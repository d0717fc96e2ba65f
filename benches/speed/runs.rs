//! The binary as a whole: from the start of the process to the file under its name, and back.

use std::ffi::OsStr;
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
                let compression = format!("output.compression=\"{compression}\"");
                let dtype = format!("output.dtype=\"{dtype}\"");
                let options =
                    ["run", "--quiet", "--set", &compression, "--set", &dtype, "-o"].map(OsStr::new);
                blobscene(&[&options[..], &[file.as_ref(), path(name).as_ref()]].concat());
            };
            let id = BenchmarkId::new(name, format!("{compression} {dtype}"));
            group.bench_function(id, |bencher| bencher.iter(run));
        }
    }
    group.finish();
    reads(criterion);
}

/// What reads a volume, in one piece and in many small chunks.
fn reads(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut group = criterion.benchmark_group("reads");
    for (layout, key) in [("one piece", "output.compression=\"none\""), ("15 625 chunks", "output.chunk=8")] {
        let [file, picture] = ["volume.h5", "picture.png"].map(|name| directory.path().join(name));
        let options = ["run", "--quiet", "--force", "--set", key, "-o"].map(OsStr::new);
        blobscene(&[&options[..], &[file.as_ref(), path("few").as_ref()]].concat());
        let [verify, preview, output] = ["verify", "preview", "-o"].map(OsStr::new);
        group.bench_function(BenchmarkId::new("verify", layout), |bencher| {
            bencher.iter(|| blobscene(&[verify, file.as_ref()]));
        });
        group.bench_function(BenchmarkId::new("preview", layout), |bencher| {
            bencher.iter(|| {
                blobscene(&[preview, OsStr::new("--force"), file.as_ref(), output, picture.as_ref()]);
            });
        });
    }
    group.finish();
}

fn blobscene(arguments: &[&OsStr]) {
    let done = Command::new(env!("CARGO_BIN_EXE_blobscene")).args(arguments).output().expect("the binary");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
