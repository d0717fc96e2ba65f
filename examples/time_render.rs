//! Times the rendering of a scene into memory: `time_render SCENE [--threads N] [--out FILE] [--reuse | --new-memory]`.
//!
//! The spots are placed and the scene rendered once to warm up; then it is rendered once more into a new array (with
//! `--reuse` into the same one) and the wall time of that and the processor time of all
//! threads are printed in milliseconds. `--out` writes the volume as raw little-endian float32, z y x.

use std::path::PathBuf;
use std::time::Instant;

use blobscene::memory::{self, LargeMemory};
use blobscene::populate::populate;
use blobscene::render::Renderer;
use blobscene::scene::{Request, Scene};
use clap::Parser;

/// For programs that render again and again: a new array takes the memory of one that was dropped. The C library, and with
/// it NumPy, does the same up to 32 MiB; larger arrays of theirs are cleared by the system, page by page, each time.
#[global_allocator]
static MEMORY: LargeMemory = LargeMemory { kept: 4 << 30 };

#[derive(Parser)]
struct Arguments {
    scene: PathBuf,
    #[arg(long, default_value_t = 0)]
    threads: usize,
    #[arg(long)]
    out: Option<PathBuf>,
    #[arg(long)]
    reuse: bool,
    /// Give the first array back to the system, which has to clear the memory of the second one.
    #[arg(long)]
    new_memory: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let said = |problems: Vec<blobscene::diagnostic::Diagnostic>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let scene = Scene::open(&arguments.scene, &Request::default()).map_err(said)?;
    let spots = pool.install(|| populate(&scene, 0, u64::from(u32::MAX))).map_err(said)?;
    let region = scene.grid.whole();
    let mut volume = pool.install(|| Renderer::new(&scene, &spots, u64::MAX)).array(&pool, &region);
    if !arguments.reuse {
        drop(std::mem::take(&mut volume));
    }
    if arguments.new_memory {
        memory::give_back();
    }

    let (wall, processor) = (Instant::now(), processor_ms());
    let renderer = pool.install(|| Renderer::new(&scene, &spots, u64::MAX));
    if arguments.reuse {
        renderer.fill_array(&pool, &region, &mut volume);
    } else {
        volume = renderer.array(&pool, &region);
    }
    let (wall, processor) = (wall.elapsed().as_secs_f64() * 1e3, processor_ms() - processor);
    println!("time_ms {wall:.3}\ncpu_ms {processor:.3}");

    if let Some(path) = arguments.out {
        let bytes: Vec<u8> = volume.iter().flat_map(|voxel| voxel.to_le_bytes()).collect();
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

/// Processor time of all threads of this process so far.
fn processor_ms() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock writes into `time`.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 * 1e-6
}
