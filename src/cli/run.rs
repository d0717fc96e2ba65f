//! `run`: renders scenes to volume files.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use rayon::ThreadPool;
use serde_json::{Value as Json, json};

use blobscene::diagnostic::counted;
use blobscene::error::{Error, Result};
use blobscene::files::lexical;
use blobscene::memory::size_text;
use blobscene::plan::{Limits, Plan};
use blobscene::render::Renderer;
use blobscene::volume_file::{self, Options, Summary};

use super::console::Console;
use super::scenes::{Placed, Reading, pool, read_all};
use super::{signals, warnings};

/// Render each scene to its volume file.
#[derive(Args)]
pub struct Arguments {
    /// Scene files.
    #[arg(required = true, value_name = "SCENE")]
    scenes: Vec<PathBuf>,
    /// The file to write, or a directory for it [default: what the scene says, else <name>.h5].
    #[arg(short, long, value_name = "FILE|DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    /// Replace an existing output.
    #[arg(long)]
    force: bool,
    /// Only show the plan: spots, voxels, bytes, memory, files.
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, console: &mut Console) -> Result<()> {
    let limits = arguments.reading.limits();
    let pool = pool(limits.threads)?;
    let placed = read_all(&arguments.scenes, &arguments.reading, &limits, &pool)?;
    let targets = targets(&placed, arguments.output.as_deref())?;
    if !arguments.dry_run && !arguments.force {
        // All of them before the first is rendered, which may take hours.
        targets.iter().try_for_each(|target| refuse_existing(target))?;
    }
    let mut results = Vec::new();
    for (placed, target) in placed.iter().zip(&targets) {
        results.push(run_one(arguments, placed, target, &limits, &pool, console)?);
    }
    if arguments.json {
        console.answer_json(&json!({ "runs": results }));
    }
    Ok(())
}

/// Where each scene's file goes; no two to the same place, and none over a file that is read.
fn targets(placed: &[Placed], output: Option<&Path>) -> Result<Vec<PathBuf>> {
    let directory = output.filter(|path| path.is_dir() || path.to_string_lossy().ends_with('/'));
    if let (Some(file), None, 2..) = (output, directory, placed.len()) {
        return Err(Error::Usage(format!(
            "several scenes need a directory for -o, and `{}` is none",
            file.display()
        )));
    }
    let inputs = || {
        placed.iter().flat_map(|placed| {
            std::iter::once(&placed.scene.path).chain(placed.scene.files.iter().map(|used| &used.source))
        })
    };
    let mut targets: Vec<PathBuf> = Vec::new();
    for Placed { scene, .. } in placed {
        let own = scene.output.path.clone().unwrap_or_else(|| format!("{}.h5", scene.name));
        let target = match (directory, output) {
            (Some(directory), _) => directory.join(Path::new(&own).file_name().unwrap_or_default()),
            (None, Some(file)) => file.to_path_buf(),
            (None, None) => PathBuf::from(own),
        };
        if output.is_none() && !stays_here(&target) {
            return Err(Error::Usage(format!(
                "`output.path` leads out of the current directory through a link: `{}`; use -o for any other place",
                target.display()
            )));
        }
        if targets.iter().any(|other| lexical(other) == lexical(&target)) {
            return Err(Error::Usage(format!("two scenes would write `{}`", target.display())));
        }
        if let Ok(real) = target.canonicalize()
            && inputs().any(|input| input.canonicalize().is_ok_and(|input| input == real))
        {
            return Err(Error::IsInput(target));
        }
        targets.push(target);
    }
    Ok(targets)
}

fn refuse_existing(target: &Path) -> Result<()> {
    if target.symlink_metadata().is_ok() { Err(Error::exists(target, "--force replaces it")) } else { Ok(()) }
}

/// A link must not lead a scene's own `output.path` out of the current directory.
fn stays_here(target: &Path) -> bool {
    let directory = Path::new(".").join(target.parent().unwrap_or(Path::new("")));
    match (directory.canonicalize(), Path::new(".").canonicalize()) {
        (Ok(directory), Ok(here)) => directory.starts_with(here),
        // A directory that is missing is told when the file is created.
        _ => true,
    }
}

fn run_one(
    arguments: &Arguments,
    placed: &Placed,
    target: &Path,
    limits: &Limits,
    pool: &ThreadPool,
    console: &Console,
) -> Result<Json> {
    let begin = Instant::now();
    let Placed { scene, spots, region } = placed;
    let mut plan = Plan::new(scene, spots, region, limits)?;
    let renderer = pool.install(|| Renderer::new(scene, spots, plan.most_references()));
    pool.install(|| renderer.check())?;
    pool.install(|| plan.count_light(&renderer));
    let mut warnings = pool.install(|| warnings::of_scene(&renderer));
    warnings.iter().for_each(|warning| console.warning(warning));
    if arguments.dry_run {
        let facts = plan_json(placed, target, &plan, limits, &warnings);
        if !arguments.json {
            console.answer(&plan_text(placed, target, &plan, limits));
        }
        return Ok(facts);
    }
    if let Some(warning) = plan.admit_disk(target, scene.output.compression)? {
        console.warning(&warning);
    }
    let blocks = plan.layout.blocks.len();
    let progress = console.progress(&scene.name, blocks);
    let summary = signals::writing(|| {
        volume_file::write(
            &renderer,
            &plan.layout,
            target,
            &Options {
                pool,
                window: plan.window,
                force: arguments.force,
                stop: &signals::STOP,
                progress: &|done| progress.set_position(done as u64),
            },
        )
    });
    progress.finish_and_clear();
    let summary = summary?;
    let seconds = begin.elapsed().as_secs_f64();
    let found = warnings::of_volume(placed, &summary);
    found.iter().for_each(|warning| console.warning(warning));
    warnings.extend(found);
    if !arguments.json {
        console.note(&format!(
            "{}: {}, {} {} voxels in {seconds:.2} s",
            target.display(),
            counted(plan.spots, "spot"),
            scene.grid.part(region).shape_text(),
            scene.output.dtype.name(),
        ));
    }
    Ok(result_json(placed, target, &plan, &summary, &warnings, seconds))
}

fn plan_text(placed: &Placed, target: &Path, plan: &Plan, limits: &Limits) -> String {
    let Placed { scene, region, .. } = placed;
    let shape = scene.grid.part(region).shape_text();
    let groups = scene.groups.iter().zip(&placed.spots.groups);
    let groups = groups.map(|(group, range)| format!("{} {}", group.name, range.len())).collect::<Vec<_>>();
    let inputs: Vec<_> = scene.files.iter().map(|used| used.source.display().to_string()).collect();
    format!(
        "scene    {}\nspots    {} ({})\nvoxels   {} ({shape}, {})\nvolume   {}\nfile     {}, at most {}\nmemory   {} of \
         {} allowed, {}\nreads    {}\n",
        scene.name,
        plan.spots,
        groups.join(", "),
        plan.voxels,
        scene.output.dtype.name(),
        size_text(u128::from(plan.volume_bytes)),
        target.display(),
        size_text(u128::from(plan.file_bytes)),
        size_text(u128::from(plan.memory())),
        size_text(u128::from(limits.memory)),
        counted(limits.threads, "thread"),
        if inputs.is_empty() { "nothing else".to_string() } else { inputs.join(", ") },
    )
}

fn plan_json(placed: &Placed, target: &Path, plan: &Plan, limits: &Limits, warnings: &[String]) -> Json {
    let grid = placed.scene.grid.part(&placed.region);
    let axes = ["x", "y", "z"].iter().zip(grid.shape).take(grid.axes().end);
    json!({
        "scene": placed.scene.name,
        "output": target.to_string_lossy(),
        "spots": plan.spots,
        "groups": placed.scene.groups.iter().zip(&placed.spots.groups)
            .map(|(group, range)| (group.name.clone(), json!(range.len())))
            .collect::<serde_json::Map<_, _>>(),
        "shape": axes.map(|(axis, n)| (axis.to_string(), json!(n))).collect::<serde_json::Map<_, _>>(),
        "voxels": plan.voxels,
        "dtype": placed.scene.output.dtype.name(),
        "volume_bytes": plan.volume_bytes,
        "file_bytes_at_most": plan.file_bytes,
        "memory_bytes": plan.memory(),
        "max_memory_bytes": limits.memory,
        "threads": limits.threads,
        "files": placed.scene.files.iter().map(|used| used.source.to_string_lossy()).collect::<Vec<_>>(),
        "warnings": warnings,
    })
}

fn result_json(
    placed: &Placed,
    target: &Path,
    plan: &Plan,
    summary: &Summary,
    warnings: &[String],
    seconds: f64,
) -> Json {
    let finite = |x: f64| if x.is_finite() { json!(x) } else { Json::Null };
    json!({
        "scene": placed.scene.name,
        "output": target.to_string_lossy(),
        "spots": plan.spots,
        "voxels": plan.voxels,
        "spots_outside": summary.spots_outside,
        "saturated_voxels": summary.saturated_voxels,
        "max_abs_error": finite(summary.max_abs_error),
        "max_rounding_error": finite(summary.max_rounding_error),
        "blake3": summary.blake3,
        "seconds": seconds,
        "warnings": warnings,
    })
}
