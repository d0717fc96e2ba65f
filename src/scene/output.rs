//! `[output]`: the file that is written.

use std::path::{Component, Path};

use serde_json::{Value as Json, json};

use crate::description::Value;
use crate::diagnostic::Diagnostic;
use crate::grid::Grid;
use crate::plugin::forms::{Axes, Choice};
use crate::plugin::{Bad, Cell, Param, Range, Reads, TableReader, TableSpec};

const PATH: Param<String> = Param::otherwise(
    "path",
    "\"<name>.h5\" in the current directory",
    "Where the file goes: relative to the current directory, which it may not leave.",
);
const DTYPE: Param<Dtype> =
    Param::default("dtype", "\"float32\"", "Type of a voxel; integers are rounded to nearest and saturate.");
const COMPRESSION: Param<Compression> = Param::default(
    "compression",
    "\"gzip\"",
    "How chunks are packed: gzip opens everywhere, zstd needs a plugin in the reader.",
);
const CHUNK: Param<Axes<u64>> = Param::otherwise(
    "chunk",
    "64; with compression \"none\" the volume is one piece",
    "Voxels of an HDF5 chunk along each axis.",
)
.unit("voxels")
.range(Range::between(1.0, 65_536.0));
const LABELS: Param<bool> = Param::default("labels", "false", "Also write /labels; not in this version yet.");
const NOISE_FREE: Param<bool> =
    Param::default("noise_free", "false", "Also write /noise_free; not in this version yet.");

pub const SPEC: TableSpec =
    TableSpec { params: &[&PATH, &DTYPE, &COMPRESSION, &CHUNK, &LABELS, &NOISE_FREE], one_of: &[] };

#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Relative, where the scene names one.
    pub path: Option<String>,
    pub dtype: Dtype,
    pub compression: Compression,
    /// Voxels of a chunk, x y z; not larger than the grid. `None` where the volume is one piece in the file.
    pub chunk: Option<[u64; 3]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dtype {
    #[default]
    Float32,
    Float64,
    Uint8,
    Uint16,
    Uint32,
}

impl Dtype {
    pub fn bytes(self) -> usize {
        match self {
            Dtype::Uint8 => 1,
            Dtype::Uint16 => 2,
            Dtype::Float32 | Dtype::Uint32 => 4,
            Dtype::Float64 => 8,
        }
    }

    /// Whether it holds whole numbers only.
    pub fn is_whole(self) -> bool {
        !matches!(self, Dtype::Float32 | Dtype::Float64)
    }

    pub fn name(self) -> &'static str {
        Dtype::ALL.iter().find(|(_, dtype)| *dtype == self).map_or("", |(name, _)| name)
    }
}

impl Choice for Dtype {
    const ALL: &'static [(&'static str, Dtype)] = &[
        ("float32", Dtype::Float32),
        ("float64", Dtype::Float64),
        ("uint8", Dtype::Uint8),
        ("uint16", Dtype::Uint16),
        ("uint32", Dtype::Uint32),
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    /// Level 1 ..= 9.
    Gzip(u32),
    /// Level 1 ..= 22.
    Zstd(u32),
}

impl Reads for Compression {
    fn read(cell: &Cell<'_>) -> Result<Compression, Bad> {
        let allowed = "\"none\", \"gzip\", \"zstd\" or { kind = \"gzip\", level = 4 }";
        let (kind, table_level) = match &cell.node.value {
            Value::Text(kind) => (kind.as_str(), None),
            Value::Table(table) => {
                let Some(Value::Text(kind)) = table.get("kind").map(|entry| &entry.node.value) else {
                    return cell.wrong(allowed);
                };
                if let Some(entry) =
                    table.entries.iter().find(|e| !matches!(e.name.as_str(), "kind" | "level"))
                {
                    let problem = Diagnostic::invalid(format!("unknown key `{}.{}`", cell.name, entry.name));
                    return cell.at(&entry.node).fail(problem.help("allowed: kind, level"));
                }
                (kind.as_str(), table.get("level"))
            }
            _ => return cell.wrong(allowed),
        };
        let level = |max: f64| match table_level {
            None => Ok(1),
            Some(entry) => {
                u64::read(&Cell { range: Range::between(1.0, max), ..cell.inner("level", &entry.node) })
                    .map(|level| level as u32)
            }
        };
        match kind {
            "none" => match table_level {
                None => Ok(Compression::None),
                Some(entry) => cell
                    .at(&entry.node)
                    .fail(Diagnostic::invalid(format!("`{}` is \"none\", which has no level", cell.name))),
            },
            "gzip" => level(9.0).map(Compression::Gzip),
            "zstd" => level(22.0).map(Compression::Zstd),
            _ => cell.wrong(allowed),
        }
    }

    fn form() -> String {
        "\"none\", \"gzip\", \"zstd\", or { kind, level }".into()
    }

    fn schema(_: &Range) -> Json {
        let kinds = json!({ "enum": ["none", "gzip", "zstd"] });
        json!({ "anyOf": [kinds, {
            "type": "object",
            "properties": { "kind": kinds, "level": { "type": "integer", "minimum": 1, "maximum": 22 } },
            "required": ["kind"],
            "additionalProperties": false,
        }] })
    }
}

/// Voxels of a chunk along each axis, unless the scene says otherwise.
const CHUNK_EDGE: u64 = 64;

/// HDF5 keeps the size of a chunk in 32 bits.
const MAX_CHUNK_BYTES: u64 = 1 << 31;

pub fn read(p: &TableReader<'_>, grid: Option<&Grid>) -> Result<Output, Bad> {
    let (path, dtype, compression) = (p.optional(&PATH), p.get(&DTYPE), p.get(&COMPRESSION));
    let (chunk, labels, noise_free) = (p.optional(&CHUNK), p.get(&LABELS), p.get(&NOISE_FREE));
    let path = path?;
    if let Some(path) = &path
        && !stays_below(path)
    {
        let problem =
            Diagnostic::invalid(format!("`output.path` is {path:?}; allowed: a relative path without `..`"));
        let help = "a scene may write only below the current directory; use -o for any other place";
        p.reading.report(problem.at(p.place_of(&PATH)).help(help));
        return Err(Bad);
    }
    for (wanted, param) in [(labels?, &LABELS), (noise_free?, &NOISE_FREE)] {
        if wanted {
            let message = format!(
                "`output.{}` is part of the scene format, but this version does not have it yet",
                param.name
            );
            p.reading.report(Diagnostic::invalid(message).at(p.place_of(param)));
            return Err(Bad);
        }
    }
    let (dtype, compression, chunk) = (dtype?, compression?, chunk?);
    if compression == Compression::None && chunk.is_none() {
        return Ok(Output { path, dtype, compression, chunk: None });
    }
    let Axes(mut chunk) = chunk.unwrap_or(Axes([CHUNK_EDGE; 3]));
    if let Some(grid) = grid {
        for a in 0..3 {
            chunk[a] = chunk[a].min(grid.shape[a]);
        }
    }
    let voxels: u128 = chunk.iter().map(|&n| u128::from(n)).product();
    if voxels * dtype.bytes() as u128 > u128::from(MAX_CHUNK_BYTES) {
        let message = "a chunk may hold at most 2 GiB".to_string();
        p.reading
            .report(Diagnostic::invalid(message).at(p.place_of(&CHUNK)).help("choose a smaller `chunk`"));
        return Err(Bad);
    }
    Ok(Output { path, dtype, compression, chunk: Some(chunk) })
}

fn stays_below(path: &str) -> bool {
    let mut components = Path::new(path).components();
    !path.is_empty()
        && !path.ends_with('/')
        && components.all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
        && Path::new(path).file_name().is_some()
}
