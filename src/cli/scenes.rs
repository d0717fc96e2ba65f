//! What `run`, `check` and `preview` share: reading scenes and placing their spots.

use std::path::{Path, PathBuf};

use clap::Args;

use blobscene::diagnostic::{Diagnostic, counted};
use blobscene::error::{Error, Result};
use blobscene::grid::{Box3, parse_region};
use blobscene::memory::parse_size;
use blobscene::plan::{Limits, admit_grid};
use blobscene::populate::{Spots, populate};
use blobscene::scene::{Request, Scene};
use blobscene::script::Host;
use rayon::ThreadPool;

use super::console;

/// Options that change what is read.
#[derive(Args)]
pub struct Reading {
    /// Set a value of the scene: a dotted path and a TOML value, such as spots.cells.amplitude=80. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Use this seed instead of the scene's.
    #[arg(long, value_name = "N", allow_negative_numbers = true,
          value_parser = parse_seed)]
    pub seed: Option<u64>,
    /// Render only this part: half-open voxel indices, such as x=0:64,y=10:20; an axis left out is whole.
    #[arg(long, value_name = "x=A:B,…")]
    pub region: Option<String>,
    /// Let the scene read files below this directory too. May be repeated.
    #[arg(long, value_name = "DIR")]
    pub allow_path: Vec<PathBuf>,
    /// Threads to use [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=4096))]
    pub threads: Option<u64>,
    #[command(flatten)]
    pub scripts: Scripts,
    /// Memory to use at most: a whole number with B, KiB, MiB or GiB [default: what is free].
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_memory: Option<u64>,
}

/// Options about scripts.
#[derive(Args)]
pub struct Scripts {
    /// Make each Lua script in this directory a generator or a profile of its own name. May be repeated.
    #[arg(long, value_name = "DIR")]
    pub plugins: Vec<PathBuf>,
    #[command(flatten)]
    pub limits: ScriptLimits,
}

/// What scripts may use.
#[derive(Args)]
pub struct ScriptLimits {
    /// Memory of one Lua interpreter: a whole number with B, KiB, MiB or GiB [default: 256MiB].
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    lua_memory: Option<u64>,
    /// Steps of one call of a Lua script: calls, returns and turns of loops [default: 500000000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    lua_steps: Option<u64>,
}

impl ScriptLimits {
    pub fn host(&self) -> Host {
        let default = Host::default();
        Host {
            memory: self.lua_memory.unwrap_or(default.memory),
            steps: self.lua_steps.unwrap_or(default.steps),
            print: console::script_says,
            overrun: console::script_overran,
        }
    }
}

impl Scripts {
    /// The plugin directories, which must be there.
    pub fn directories(&self) -> Result<&[PathBuf]> {
        match self.plugins.iter().find(|directory| !directory.is_dir()) {
            Some(missing) => Err(Error::Usage(format!("--plugins: `{}` is no directory", missing.display()))),
            None => Ok(&self.plugins),
        }
    }
}

impl Reading {
    pub fn limits(&self) -> Limits {
        Limits::new(self.max_memory, self.threads.map(|n| n as usize))
    }

    pub fn open(&self, path: &Path, limits: &Limits) -> Result<Scene> {
        let request = Request {
            overrides: self.overrides.clone(),
            seed: self.seed,
            allowed: self.allow_path.clone(),
            plugins: self.scripts.directories()?.to_vec(),
            host: self.scripts.limits.host(),
            max_bytes: limits.memory,
        };
        Scene::open(path, &request).map_err(Error::Scene)
    }

    /// The part of the scene's grid that is asked for.
    pub fn region(&self, scene: &Scene) -> Result<Box3> {
        match &self.region {
            None => Ok(scene.grid.whole()),
            Some(text) => {
                parse_region(text, &scene.grid).map_err(|why| Error::Usage(format!("--region: {why}")))
            }
        }
    }
}

/// A scene with its spots.
pub struct Placed {
    pub scene: Scene,
    pub spots: Spots,
    pub region: Box3,
}

impl Placed {
    pub fn read(path: &Path, reading: &Reading, limits: &Limits, pool: &ThreadPool) -> Result<Placed> {
        let scene = pool.install(|| reading.open(path, limits))?;
        let region = reading.region(&scene)?;
        admit_grid(&scene, &region, limits)?;
        let spots = pool.install(|| populate(&scene, 0, limits.most_spots())).map_err(Error::Scene)?;
        Ok(Placed { scene, spots, region })
    }
}

/// Reads all scenes; the problems of all of them come together.
pub fn read_all(
    paths: &[PathBuf],
    reading: &Reading,
    limits: &Limits,
    pool: &ThreadPool,
) -> Result<Vec<Placed>> {
    let mut placed = Vec::new();
    let mut problems: Vec<Diagnostic> = Vec::new();
    for path in paths {
        match Placed::read(path, reading, limits, pool) {
            Ok(scene) => placed.push(scene),
            Err(Error::Scene(more)) => problems.extend(more),
            Err(other) => return Err(other),
        }
    }
    if problems.is_empty() { Ok(placed) } else { Err(Error::Scene(problems)) }
}

fn parse_seed(text: &str) -> std::result::Result<u64, String> {
    let seed = text.parse().ok().filter(|&seed| seed <= i64::MAX as u64);
    seed.ok_or_else(|| format!("a whole number, 0 ..= {}", i64::MAX))
}

/// Bytes of the stack of a worker.
const STACK: usize = 8 << 20;

pub fn pool(threads: usize) -> Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        // Scripts run on these threads too, and may nest deeply.
        .stack_size(STACK)
        .build()
        .map_err(|error| Error::Limit(format!("cannot start {}: {error}", counted(threads, "thread"))))
}
