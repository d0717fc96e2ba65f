//! `preview`: maximum projections as a PNG.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use rayon::ThreadPool;

use blobscene::error::{Error, Result};
use blobscene::files::HDF5_SIGNATURE;
use blobscene::grid::Grid;
use blobscene::memory::size_text;
use blobscene::plan::{Limits, Plan};
use blobscene::projection::{Picture, Work, most_bytes, of_file, of_scene};
use blobscene::render::Renderer;
use blobscene::volume_file::partial::Partial;
use blobscene::volume_file::read::VolumeFile;

use super::console::Console;
use super::scenes::{Placed, Reading, pool};
use super::signals;

/// Show maximum projections along z, y and x, with a scale bar, as a PNG.
#[derive(Args)]
pub struct Arguments {
    /// A volume file or a scene, which is rendered for it.
    #[arg(value_name = "FILE|SCENE")]
    input: PathBuf,
    /// The picture to write [default: the input's name with .png, in the current directory].
    #[arg(short, long, value_name = "PNG")]
    output: Option<PathBuf>,
    /// Mark where the spots truly are; distractors in another colour.
    #[arg(long)]
    spots: bool,
    #[command(flatten)]
    reading: Reading,
    /// Replace an existing picture.
    #[arg(long)]
    force: bool,
}

pub fn run(arguments: &Arguments, console: &mut Console) -> Result<()> {
    let limits = arguments.reading.limits();
    let pool = pool(limits.threads)?;
    let target = arguments.output.clone().unwrap_or_else(|| {
        let mut name = arguments.input.file_stem().unwrap_or_default().to_os_string();
        name.push(".png");
        PathBuf::from(name)
    });
    let target = Target { path: &target, force: arguments.force };
    let (width, height) = match Input::of(&arguments.input) {
        Input::Volume => {
            refuse_scene_options(&arguments.reading)?;
            of_volume(arguments, &target, &limits, &pool, console)?
        }
        Input::Scene => of_description(arguments, &target, &limits, &pool, console)?,
        Input::Neither(why) => {
            return Err(Error::Usage(format!(
                "`{}` is neither a volume file nor a scene: it is {why}",
                arguments.input.display()
            )));
        }
    };
    console.note(&format!("{}: {width} x {height} pixels", target.path.display()));
    Ok(())
}

/// What a file seems to be.
enum Input {
    Volume,
    /// Or a file that cannot be read, which is told when it is opened.
    Scene,
    /// And why.
    Neither(&'static str),
}

/// Bytes that are looked at.
const BEGINNING: u64 = 4096;

impl Input {
    fn of(path: &Path) -> Input {
        let mut start = Vec::new();
        let read = |start: &mut Vec<u8>| File::open(path)?.take(BEGINNING).read_to_end(start);
        if !path.is_file() || read(&mut start).is_err() {
            return Input::Scene;
        }
        match std::str::from_utf8(&start) {
            _ if start.starts_with(HDF5_SIGNATURE) => Input::Volume,
            Ok("") => Input::Neither("empty"),
            // A character may be cut at the end of what is looked at.
            Err(error) if error.error_len().is_some() => Input::Neither("not text"),
            _ => Input::Scene,
        }
    }
}

fn refuse_scene_options(reading: &Reading) -> Result<()> {
    let given = [
        ("--set", !reading.overrides.is_empty()),
        ("--seed", reading.seed.is_some()),
        ("--region", reading.region.is_some()),
        ("--allow-path", !reading.allow_path.is_empty()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Error::Usage(format!(
            "{option} changes how a scene is read, and a volume file is rendered already"
        ))),
        None => Ok(()),
    }
}

/// Where the picture goes.
struct Target<'a> {
    path: &'a Path,
    force: bool,
}

impl Target<'_> {
    /// Makes the picture, which appears under its name when it is complete. `inputs` are not overwritten.
    fn write<'p>(
        &self,
        mut inputs: impl Iterator<Item = &'p Path>,
        make: impl FnOnce() -> Result<Picture>,
    ) -> Result<(usize, usize)> {
        if let Ok(real) = self.path.canonicalize()
            && inputs.any(|input| input.canonicalize().is_ok_and(|input| input == real))
        {
            return Err(Error::IsInput(self.path.to_path_buf()));
        }
        signals::writing(|| {
            let partial = Partial::create(self.path, self.force)?;
            let picture = make()?;
            picture.write(&partial, self.path)?;
            partial.publish(self.force)?;
            Ok(picture.size())
        })
    }
}

/// What is left of the memory beside the picture.
fn limits_beside_picture(grid: &Grid, limits: &Limits) -> Result<Limits> {
    let needed = most_bytes(grid);
    match limits.memory.checked_sub(needed) {
        Some(memory) => Ok(Limits { memory, ..*limits }),
        None => Err(Error::Limit(format!(
            "the picture takes {} of memory, and {} are allowed; raise --max-memory",
            size_text(u128::from(needed)),
            size_text(u128::from(limits.memory)),
        ))),
    }
}

/// Reports (done, all) to a progress bar.
fn shown_by(bar: &ProgressBar) -> impl Fn(usize, usize) + '_ {
    |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    }
}

fn of_volume(
    arguments: &Arguments,
    target: &Target<'_>,
    limits: &Limits,
    pool: &ThreadPool,
    console: &Console,
) -> Result<(usize, usize)> {
    let file = VolumeFile::open(&arguments.input)?;
    let header = &file.header;
    let grid = Grid {
        shape: header.shape,
        voxel_size: header.voxel_size,
        origin: header.origin,
        unit: header.unit,
        flat: header.flat,
    };
    limits_beside_picture(&grid, limits)?;
    target.write([arguments.input.as_path()].into_iter(), || {
        let bar = console.progress(&arguments.input.display().to_string(), 0);
        let progress = shown_by(&bar);
        let maxima = of_file(&file, &grid, &Work { pool, stop: &signals::STOP, progress: &progress });
        bar.finish_and_clear();
        let maxima = maxima?;
        let spots = if arguments.spots { Some(file.centres()?) } else { None };
        Ok(Picture::new(&grid, &maxima, spots.as_deref()))
    })
}

fn of_description(
    arguments: &Arguments,
    target: &Target<'_>,
    limits: &Limits,
    pool: &ThreadPool,
    console: &Console,
) -> Result<(usize, usize)> {
    let placed = Placed::read(&arguments.input, &arguments.reading, limits, pool)?;
    let Placed { scene, spots, region } = &placed;
    let grid = scene.grid.part(region);
    let limits = limits_beside_picture(&grid, limits)?;
    let plan = Plan::new(scene, spots, region, &limits)?;
    let renderer = pool.install(|| Renderer::new(scene, spots, plan.most_references()));
    pool.install(|| renderer.check())?;
    let inputs = scene.files.iter().map(|used| used.source.as_path());
    target.write(inputs.chain([arguments.input.as_path()]), || {
        let bar = console.progress(&scene.name, 0);
        let progress = shown_by(&bar);
        let work = Work { pool, stop: &signals::STOP, progress: &progress };
        let maxima = of_scene(&renderer, &plan, &grid, &work);
        bar.finish_and_clear();
        let maxima = maxima?;
        let centres = arguments.spots.then(|| centres(&placed));
        Ok(Picture::new(&grid, &maxima, centres.as_deref()))
    })
}

/// Voxel coordinates in the region, as `/spots` holds them, and whether each spot counts as truth.
fn centres(placed: &Placed) -> Vec<([f64; 3], bool)> {
    let Placed { scene, spots, region } = placed;
    let centre = |id: usize| {
        let voxel = scene.grid.to_voxel(spots.list[id].centre);
        let within = [0, 1, 2].map(|a| voxel[a] - region[a].start as f64);
        (within, scene.groups[spots.group_of(id)].truth)
    };
    (0..spots.list.len()).map(centre).collect()
}
