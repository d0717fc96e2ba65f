//! `/provenance`: what it takes to make the file again.

use std::path::{Path, PathBuf};

use super::writer::Writer;
use crate::error::{Error, Result};
use crate::grid::{AXES, Box3};
use crate::random;
use crate::scene::{FORMAT, Scene};

/// Larger files are carried by their hash alone.
pub const MOST_CARRIED: usize = 16 << 20;

/// Writes everything but `complete`, which the end of the file is for.
pub fn write(writer: &mut Writer, scene: &Scene, region: &Box3) -> Result<()> {
    let group = writer.group("provenance")?;
    let text = writer.text("provenance/scene", &scene.text)?;
    let shared = shared_directory(scene);
    writer.attribute_text(&text, "path", &relative(&scene.path, &shared)?)?;
    writer.group("provenance/files")?;
    for used in &scene.files {
        let carried: &[u8] = if used.bytes.len() > MOST_CARRIED { &[] } else { &used.bytes };
        let name = format!("provenance/files/{}", relative(&used.path, &shared)?);
        let dataset = writer.array(&name, carried)?;
        writer.attribute_text(&dataset, "blake3", blake3::hash(&used.bytes).to_hex().as_str())?;
        writer.attribute(&dataset, "bytes", used.bytes.len() as u64)?;
    }
    writer.attribute_text(&group, "version", env!("CARGO_PKG_VERSION"))?;
    writer.attribute(&group, "format", FORMAT)?;
    writer.attribute(&group, "seed", scene.seed)?;
    writer.attribute_text(&group, "rng", random::ALGORITHM)?;
    writer.attribute_text(&group, "scene_blake3", blake3::hash(scene.text.as_bytes()).to_hex().as_str())?;
    if *region != scene.grid.whole() {
        writer.attribute_text(&group, "region", &region_text(region, scene.grid.axes().end))?;
    }
    Ok(())
}

/// `x=0:64,y=…` of a region's first `axes` axes.
pub fn region_text(region: &Box3, axes: usize) -> String {
    let parts = (0..axes).map(|a| format!("{}={}:{}", AXES[a], region[a].start, region[a].end));
    parts.collect::<Vec<_>>().join(",")
}

/// The deepest directory that the scene and its files share.
fn shared_directory(scene: &Scene) -> PathBuf {
    let mut shared = scene.path.parent().unwrap_or(Path::new("")).to_path_buf();
    for used in &scene.files {
        while !used.path.starts_with(&shared) && shared.pop() {}
    }
    shared
}

fn relative(path: &Path, shared: &Path) -> Result<String> {
    let unfit = |reason: &str| Error::Usage(format!("`{}` cannot be carried: {reason}", path.display()));
    let inner = path.strip_prefix(shared).map_err(|_| unfit("it lies on another drive"))?;
    // HDF5 separates with slashes, whatever the machine does.
    let parts = inner.components().map(|part| part.as_os_str().to_str());
    let parts = parts.collect::<Option<Vec<_>>>().ok_or_else(|| unfit("its name is not UTF-8"))?;
    Ok(parts.join("/"))
}
