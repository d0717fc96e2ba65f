//! The gate: [`Description`] -> [`Scene`]. Names, ranges, units and files are checked here, all problems at
//! once; what comes out can be rendered. One file for each table of the format.

mod grid;
mod group;
mod header;
mod open;
mod output;
mod render;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::description::{Description, Table, Value};
use crate::diagnostic::{Diagnostic, nearest, shown};
use crate::files::{Files, Used};
use crate::grid::Grid;
use crate::plugin::{Bad, Reading, TableReader, TableSpec};
use crate::script::Host;

pub use group::{Brightness, Group};
pub use open::Request;
pub use output::{Compression, Dtype, Output};
pub use render::{Accuracy, Precision, RenderSettings};

/// Newest version of the scene format that this program reads.
pub const FORMAT: u64 = 1;

/// Tables of the format that this version does not have yet.
const PLANNED_TABLES: &[&str] = &["channels", "time", "background", "camera", "dataset"];

/// The tables of the format, with the parameters of each.
pub const TABLES: [(&str, &str, &TableSpec); 5] = [
    ("scene", "What the scene is called and its seed; optional.", &header::SPEC),
    ("grid", "The voxel grid.", &grid::SPEC),
    ("spots.*", "A group of spots; the key is its name, and its random streams hang on it.", &group::SPEC),
    ("render", "How exactly the spots are drawn; optional.", &render::SPEC),
    ("output", "The file that is written; optional.", &output::SPEC),
];

/// A scene that can be rendered.
pub struct Scene {
    pub name: String,
    pub description: String,
    pub seed: u64,
    pub grid: Grid,
    /// In the byte order of their names.
    pub groups: Vec<Group>,
    pub render: RenderSettings,
    pub output: Output,
    /// Where its text stands: absolute, or its path in a volume file.
    pub path: PathBuf,
    /// The text it was read from, overrides applied.
    pub text: Arc<str>,
    /// Every file it names.
    pub files: Vec<Used>,
    /// What the user should know although it can be rendered.
    pub warnings: Vec<String>,
}

impl Scene {
    /// Reads a scene whose text stands at `path`; that file's stem is the default for the scene's name. `host` says
    /// what its scripts may use.
    ///
    /// # Errors
    /// Every problem of the scene, in the order of its text.
    pub fn read(
        description: &Description,
        path: &Path,
        files: &dyn Files,
        host: Host,
    ) -> Result<Scene, Vec<Diagnostic>> {
        let mut reading = Reading::new(description, files);
        reading.host = host;
        let scene = Scene::gate(&reading, path);
        let problems = reading.finish();
        match scene {
            Ok(scene) if problems.is_empty() => Ok(scene),
            _ => Err(problems),
        }
    }

    fn gate(reading: &Reading<'_>, path: &Path) -> Result<Scene, Bad> {
        let root = &reading.description.root;
        unknown_tables(reading, root);
        let empty = Table { span: root.span.start..root.span.start, ..Table::default() };
        let table = |name: &str| -> Result<Option<&Table>, Bad> {
            match root.get(name).map(|entry| (&entry.node.value, entry)) {
                None => Ok(None),
                Some((Value::Table(table), _)) => Ok(Some(table)),
                Some((_, entry)) => {
                    let message = format!("`{name}` is {}; allowed: a table", entry.node.found());
                    let place = reading.description.place(entry.node.span.clone());
                    reading.report(Diagnostic::invalid(message).at(place));
                    Err(Bad)
                }
            }
        };
        let optional = |name: &str, spec| -> Result<TableReader<'_>, Bad> {
            Ok(TableReader::new(reading, name, table(name)?.unwrap_or(&empty), spec, &[]))
        };
        // The grid comes first: whether there is a z decides how axis tables read.
        let grid = match table("grid") {
            Ok(Some(table)) => grid::read(&TableReader::new(reading, "grid", table, &grid::SPEC, &[])),
            Ok(None) => {
                let place = reading.description.place(root.span.start..root.span.start);
                let help = "add, for example, [grid] with shape = { x = 64, y = 64, z = 64 }";
                reading.report(Diagnostic::invalid("the scene has no [grid]").at(place).help(help));
                Err(Bad)
            }
            Err(Bad) => Err(Bad),
        };
        let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let header = optional("scene", &header::SPEC).and_then(|reader| header::read(&reader, &stem));
        let groups = match root.get("spots") {
            Some(entry) => group::read_all(reading, entry),
            None => {
                let place = reading.description.place(root.span.start..root.span.start);
                let help = "add, for example, [spots.cells] with a generator and a profile";
                reading.report(Diagnostic::invalid("the scene has no [spots.…]").at(place).help(help));
                Err(Bad)
            }
        };
        let output =
            optional("output", &output::SPEC).and_then(|reader| output::read(&reader, grid.as_ref().ok()));
        let render = optional("render", &render::SPEC)
            .and_then(|reader| render::read(&reader, output.as_ref().map(|o| o.dtype).unwrap_or_default()));
        let (header, grid, mut groups, render, output) = (header?, grid?, groups?, render?, output?);
        let warnings = settle(reading, &mut groups, &render)?;
        Ok(Scene {
            name: header.name,
            description: header.description,
            seed: header.seed,
            grid,
            groups,
            render,
            output,
            path: path.to_path_buf(),
            text: reading.description.text.clone(),
            files: reading.files.used(),
            warnings,
        })
    }
}

/// Lets every profile become as exact as the scene wants its sum to be.
fn settle(reading: &Reading<'_>, groups: &mut [Group], render: &RenderSettings) -> Result<Vec<String>, Bad> {
    let tolerance = match render.accuracy {
        Accuracy::Tolerance(tolerance) => tolerance,
        Accuracy::Cutoff(_) => render::DEFAULT_TOLERANCE,
    };
    // A floored value is never one of f32.
    let single = render.precision == Precision::F32 && !render.per_spot_floor;
    let mut warnings = Vec::new();
    for group in groups {
        match group.profile.settle(tolerance, single) {
            Ok(more) => warnings.extend(more.into_iter().map(|what| format!("spots.{}: {what}", group.name))),
            Err(refusal) => {
                let problem = Diagnostic::invalid(refusal.message).at(group.places.profile.clone());
                reading.report(match refusal.help {
                    Some(help) => problem.help(help),
                    None => problem,
                });
                return Err(Bad);
            }
        }
    }
    Ok(warnings)
}

fn unknown_tables(reading: &Reading<'_>, root: &Table) {
    let known = || TABLES.iter().map(|(name, ..)| name.trim_end_matches(".*"));
    for entry in &root.entries {
        let name = entry.name.as_str();
        if known().any(|known| known == name) {
            continue;
        }
        let problem = if PLANNED_TABLES.contains(&name) {
            Diagnostic::invalid(format!(
                "[{name}] is part of the scene format, but this version does not have it yet"
            ))
        } else {
            Diagnostic::invalid(format!("unknown table or key `{}`", shown(name)))
                .help(nearest(name, known()))
        };
        reading.report(problem.at(reading.description.place(entry.name_span.clone())));
    }
}

/// JSON Schema (draft 2020-12) of the scene format, for editors.
pub fn schema() -> Json {
    let mut properties = serde_json::Map::new();
    for (name, about, spec) in TABLES {
        let mut schema = spec.schema();
        schema["description"] = json!(about);
        match name.strip_suffix(".*") {
            Some(family) => {
                let groups = json!({ "type": "object", "additionalProperties": schema, "minProperties": 1 });
                properties.insert(family.to_string(), groups);
            }
            None => {
                properties.insert(name.to_string(), schema);
            }
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "blobscene scene",
        "type": "object",
        "properties": properties,
        "required": ["grid", "spots"],
        "additionalProperties": false,
    })
}
