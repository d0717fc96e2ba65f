//! `check`: reads and validates scenes, renders nothing.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use blobscene::diagnostic::{Diagnostic, counted};
use blobscene::error::{Error, Result};
use blobscene::plan::Plan;
use blobscene::render::Renderer;

use super::console::{Console, diagnostic_json};
use super::scenes::{Placed, Reading, pool};
use super::warnings;

/// Read and validate scenes, and report every problem at once.
#[derive(Args)]
pub struct Arguments {
    /// Scene files.
    #[arg(required = true, value_name = "SCENE")]
    scenes: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, console: &mut Console) -> Result<()> {
    let limits = arguments.reading.limits();
    let pool = pool(limits.threads)?;
    let mut problems: Vec<Diagnostic> = Vec::new();
    let mut scenes: Vec<Json> = Vec::new();
    for path in &arguments.scenes {
        let checked = Placed::read(path, &arguments.reading, &limits, &pool).and_then(|placed| {
            let Placed { scene, spots, region } = &placed;
            let plan = Plan::new(scene, spots, region, &limits)?;
            let warnings = pool.install(|| {
                let renderer = Renderer::new(scene, spots, plan.most_references());
                renderer.check().map(|()| warnings::of_scene(&renderer))
            })?;
            Ok((placed, warnings))
        });
        let (found, warnings) = match checked {
            Ok((placed, warnings)) => {
                warnings.iter().for_each(|warning| console.warning(warning));
                if !arguments.json {
                    console.answer(&format!(
                        "{}: valid, {} in {} voxels\n",
                        path.display(),
                        counted(placed.spots.list.len(), "spot"),
                        placed.scene.grid.shape_text(),
                    ));
                }
                (Vec::new(), warnings)
            }
            Err(Error::Scene(found)) => (found, Vec::new()),
            Err(limit @ Error::Limit(_)) => {
                (vec![Diagnostic::impossible(format!("{}: {limit}", path.display()))], Vec::new())
            }
            Err(wrong @ Error::Usage(_)) => {
                (vec![Diagnostic::invalid(format!("{}: {wrong}", path.display()))], Vec::new())
            }
            Err(other) => return Err(other),
        };
        let listed: Vec<Json> = found.iter().map(diagnostic_json).collect();
        scenes.push(json!({ "scene": path.to_string_lossy(), "valid": found.is_empty(), "problems": listed, "warnings": warnings }));
        problems.extend(found);
    }
    if arguments.json {
        console.answer_json(&json!({ "valid": problems.is_empty(), "scenes": scenes }));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Scene(problems)) }
}
