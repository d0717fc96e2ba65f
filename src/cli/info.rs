//! `info`: what a volume file holds.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use blobscene::error::Result;
use blobscene::grid::AXES;
use blobscene::scene::Compression;
use blobscene::volume_file::read::{Header, VolumeFile};

use super::console::Console;

/// Show what a volume file holds: grid, spots, seed, version, hash, saturation.
#[derive(Args)]
pub struct Arguments {
    /// A volume file.
    file: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, console: &mut Console) -> Result<()> {
    let file = VolumeFile::open(&arguments.file)?;
    let files: Vec<String> =
        file.carried()?.iter().map(|carried| carried.path.display().to_string()).collect();
    let (_, scene) = file.scene()?;
    if arguments.json {
        console.answer_json(&as_json(&file.header, &scene.display().to_string(), &files));
    } else {
        console.answer(&as_text(&file.header, &scene.display().to_string(), &files));
    }
    Ok(())
}

fn axes(header: &Header) -> std::ops::Range<usize> {
    0..if header.flat { 2 } else { 3 }
}

fn per_axis<T: std::fmt::Display>(header: &Header, values: &[T; 3]) -> String {
    axes(header).map(|a| format!("{} {}", AXES[a], values[a])).collect::<Vec<_>>().join(", ")
}

fn compression_text(compression: Compression) -> String {
    match compression {
        Compression::None => "none".into(),
        Compression::Gzip(level) => format!("gzip level {level}"),
        Compression::Zstd(level) => format!("zstd level {level}"),
    }
}

fn as_text(header: &Header, scene: &str, files: &[String]) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<20}{value}");
    };
    line("shape", format!("{} voxels", per_axis(header, &header.shape)));
    line("voxel size", format!("{} {}", per_axis(header, &header.voxel_size), header.unit.name()));
    line("origin", format!("{} {}", per_axis(header, &header.origin), header.unit.name()));
    line("type", header.dtype.name().into());
    let chunk = header.chunk.map_or("one piece".into(), |chunk| per_axis(header, &chunk));
    line("chunk", format!("{chunk}, {}", compression_text(header.compression)));
    if let Some(region) = &header.region {
        line("region", region.clone());
    }
    line("spots", format!("{} in {}", header.spots, header.groups.join(", ")));
    line("seed", header.seed.to_string());
    line("max abs error", format!("{:e}", header.max_abs_error));
    line("max rounding error", format!("{:e}", header.max_rounding_error));
    line("saturated voxels", header.saturated_voxels.to_string());
    line("blake3", header.blake3.clone());
    line("created by", format!("{}, rng {}", header.creator, header.rng));
    line("scene", scene.into());
    line("files", if files.is_empty() { "none".into() } else { files.join(", ") });
    out
}

fn as_json(header: &Header, scene: &str, files: &[String]) -> Json {
    let finite = |x: f64| if x.is_finite() { json!(x) } else { Json::Null };
    let named = |values: Vec<Json>| -> Json {
        axes(header)
            .map(|a| (AXES[a].to_string(), values[a].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    json!({
        "shape": named(header.shape.map(|n| json!(n)).to_vec()),
        "voxel_size": named(header.voxel_size.map(|x| json!(x)).to_vec()),
        "origin": named(header.origin.map(|x| json!(x)).to_vec()),
        "unit": header.unit.name(),
        "dtype": header.dtype.name(),
        "chunk": header.chunk.map(|chunk| named(chunk.map(|n| json!(n)).to_vec())),
        "compression": compression_text(header.compression),
        "region": header.region,
        "spots": header.spots,
        "groups": header.groups,
        "seed": header.seed,
        "max_abs_error": finite(header.max_abs_error),
        "max_rounding_error": finite(header.max_rounding_error),
        "saturated_voxels": header.saturated_voxels,
        "blake3": header.blake3,
        "version": header.version,
        "rng": header.rng,
        "scene_blake3": header.scene_blake3,
        "scene": scene,
        "files": files,
    })
}
