//! The scenes of `benches/scenes`, read and with their spots placed.

use std::path::PathBuf;

use blobscene::diagnostic::Diagnostic;
use blobscene::populate::{Spots, populate};
use blobscene::render::Renderer;
use blobscene::scene::{Request, Scene};
use rayon::ThreadPool;

pub struct Placed {
    pub scene: Scene,
    pub spots: Spots,
}

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("benches/scenes/{name}.toml"))
}

pub fn pool(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

/// All threads of the machine.
pub fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

impl Placed {
    /// Reads a scene; `changes` are as those of `--set`.
    pub fn read(name: &str, changes: &[&str], pool: &ThreadPool) -> Placed {
        let said = |problems: Vec<Diagnostic>| -> String {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let overrides = changes.iter().map(ToString::to_string).collect();
        let request = Request { overrides, ..Request::default() };
        let scene = Scene::open(&path(name), &request).map_err(said).expect("a valid scene");
        let spots = pool.install(|| populate(&scene, 0, u64::from(u32::MAX))).map_err(said).expect("spots");
        Placed { scene, spots }
    }

    pub fn renderer(&self, pool: &ThreadPool) -> Renderer<'_> {
        pool.install(|| Renderer::new(&self.scene, &self.spots, u64::MAX))
    }
}
