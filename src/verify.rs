//! Volume file -> the same file again? Renders what the file itself carries and compares bit by bit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rayon::ThreadPool;

use crate::description::Description;
use crate::error::{Error, Result};
use crate::files::CarriedFiles;
use crate::grid::{AXES, Grid, parse_region};
use crate::plan::{Limits, Plan, admit_grid};
use crate::populate::populate;
use crate::random;
use crate::render::{Block, BlockGrid, Real, Renderer, Sink, Stop};
use crate::scene::{Compression, Scene};
use crate::script::Host;
use crate::volume_file::encode::{Chunk, Encoder, Scratch, Spare};
use crate::volume_file::layout::Layout;
use crate::volume_file::read::{Carried, Header, VolumeFile};
use crate::volume_file::truth::Truth;
use crate::volume_file::volume_hash;

/// Verifies the file at `path` and returns its number of voxels; `host` says what its scripts may use.
///
/// # Errors
/// Where it differs, or why that cannot be told.
pub fn verify(path: &Path, pool: &ThreadPool, limits: &Limits, host: Host, stop: &AtomicBool) -> Result<u64> {
    let file = VolumeFile::open(path)?;
    let scene = pool.install(|| carried_scene(&file, host))?;
    let differs = |what: String| Error::Differs { path: path.to_path_buf(), what };
    let header = &file.header;
    let region = match &header.region {
        None => scene.grid.whole(),
        Some(text) => parse_region(text, &scene.grid)
            .map_err(|why| Error::NotAVolume { path: path.to_path_buf(), reason: why })?,
    };
    let part = scene.grid.part(&region);
    if (part.shape, part.flat, scene.output.dtype) != (header.shape, header.flat, header.dtype) {
        return Err(differs("its volume has another shape or type than its scene says".into()));
    }
    admit_grid(&scene, &region, limits)?;
    let spots = pool.install(|| populate(&scene, 0, limits.most_spots())).map_err(Error::Scene)?;
    let plan = Plan::new(&scene, &spots, &region, limits)?;
    if scene.output.chunk.map(|_| plan.layout.chunk) != header.chunk {
        return Err(differs("its chunks are not those of its scene; was it repacked?".into()));
    }
    let renderer = pool.install(|| Renderer::new(&scene, &spots, plan.most_references()));
    if let Some(name) = misstated(header, &part, &renderer) {
        return Err(differs(format!("its `{name}` is not what its scene gives")));
    }
    let digests = compare_voxels(&file, &renderer, &plan, pool, stop)?;
    let truth = pool.install(|| Truth::new(&scene, &spots, &region));
    renderer.failure()?;
    if let Some(row) = file.first_different_row(&truth)? {
        return Err(differs(format!("the first differing row of /spots is {row}")));
    }
    if let Some(digests) = digests {
        let hash = volume_hash(&plan.layout, header.dtype, digests).to_hex().to_string();
        if hash != header.blake3 {
            return Err(differs("its attribute `blake3` is not the hash of its volume".into()));
        }
    }
    Ok(plan.voxels)
}

/// The first thing that the file says of itself and its scene says otherwise.
fn misstated(header: &Header, part: &Grid, renderer: &Renderer<'_>) -> Option<&'static str> {
    let scene = renderer.scene;
    let axes = part.axes();
    // Of `per_spot_floor` the bound is no number.
    let bits = |bound: f64| if bound.is_nan() { u64::MAX } else { bound.to_bits() };
    let said = [
        ("voxel_size", header.voxel_size[axes.clone()] == part.voxel_size[axes.clone()]),
        ("origin", header.origin[axes.clone()] == part.origin[axes]),
        ("unit", header.unit == part.unit),
        ("max_abs_error", bits(header.max_abs_error) == bits(renderer.bounds().max_abs_error)),
        ("groups", header.groups.iter().eq(scene.groups.iter().map(|group| &group.name))),
        ("seed", header.seed == scene.seed),
        ("rng", header.rng == random::ALGORITHM),
        ("scene_blake3", header.scene_blake3 == blake3::hash(scene.text.as_bytes()).to_hex().as_str()),
    ];
    said.iter().find(|(_, same)| !same).map(|(name, _)| *name)
}

/// The scene that a file carries, with nothing read but the file, save what it carries by its hash only.
fn carried_scene(file: &VolumeFile, host: Host) -> Result<Scene> {
    let (text, path) = file.scene()?;
    let mut files: BTreeMap<PathBuf, Arc<[u8]>> = BTreeMap::new();
    for carried in file.carried()? {
        let bytes = match &carried.bytes {
            Some(bytes) => bytes.clone(),
            None => beside(&carried)?,
        };
        files.insert(carried.path, bytes);
    }
    let description = Description::parse(&path.display().to_string(), &text).map_err(Error::Scene)?;
    Scene::read(&description, &path, &CarriedFiles::new(&path, files), host).map_err(Error::Scene)
}

/// A file too large to travel along: looked for under the current directory.
fn beside(carried: &Carried) -> Result<Arc<[u8]>> {
    let info = std::fs::metadata(&carried.path).map_err(Error::io("read", &carried.path))?;
    // Its size is known: a pipe or a device is not read at all, and a file of any other size is not it.
    let bytes = if info.is_file() && info.len() == carried.size {
        std::fs::read(&carried.path).map_err(Error::io("read", &carried.path))?
    } else {
        Vec::new()
    };
    if blake3::hash(&bytes).to_hex().as_str() != carried.blake3 {
        return Err(Error::Differs {
            path: carried.path.clone(),
            what: format!(
                "it is not the file with the BLAKE3 {} that the volume was made from",
                carried.blake3
            ),
        });
    }
    Ok(bytes.into())
}

type Digests = Vec<crate::volume_file::encode::Digest>;

/// Compares all voxels; returns the digests of the blocks where the layout gives them.
fn compare_voxels(
    file: &VolumeFile,
    renderer: &Renderer<'_>,
    plan: &Plan,
    pool: &ThreadPool,
    stop: &AtomicBool,
) -> Result<Option<Digests>> {
    let layout = &plan.layout;
    let encoder = Encoder {
        layout,
        dtype: renderer.scene.output.dtype,
        compression: Compression::None,
        chunks: true,
        digests: layout.hash_in_blocks,
        place: None,
        spare: Spare::default(),
    };
    let sink = Comparison { file, encoder };
    let mut digests = Vec::new();
    let step = |index: usize, out: Option<Result<Digests>>| -> Result<()> {
        renderer.failure()?;
        match out {
            Some(more) => digests.extend(more?),
            // No spot reaches the block: it must be dark.
            None => compare(file, layout, &layout.blocks.voxels(index), &[])?,
        }
        Ok(())
    };
    renderer.render(pool, &layout.blocks, plan.window, stop, &sink, step).map_err(|stop| match stop {
        Stop::Interrupted => Error::Interrupted,
        Stop::Failed(error) => error,
    })?;
    Ok(layout.hash_in_blocks.then_some(digests))
}

struct Comparison<'a> {
    file: &'a VolumeFile,
    encoder: Encoder<'a>,
}

impl Sink for Comparison<'_> {
    type Out = Result<Digests>;
    type Scratch = Scratch;

    fn block<T: Real>(&self, scratch: &mut Scratch, index: usize, block: &Block<T>) -> Result<Digests> {
        let encoded =
            self.encoder.block(scratch, index, block).map_err(Error::io("compare", &self.file.path))?;
        compare(self.file, self.encoder.layout, &block.voxels, &encoded.chunks)?;
        encoded.chunks.into_iter().for_each(|chunk| self.encoder.spare.give(chunk));
        Ok(encoded.digests)
    }
}

/// Compares the chunks of a block with the lit ones that were rendered.
fn compare(file: &VolumeFile, layout: &Layout, voxels: &crate::grid::Box3, lit: &[Chunk]) -> Result<()> {
    let chunks = BlockGrid::new(voxels, layout.chunk);
    for chunk in (0..chunks.len()).map(|i| chunks.voxels(i)) {
        let first = [0, 1, 2].map(|a| chunk[a].start - layout.region[a].start);
        let stored = file.voxels(first, layout.chunk)?;
        let rendered = lit.iter().find(|chunk| chunk.offset == first).map(|chunk| &chunk.bytes);
        let differing = match (&stored, rendered) {
            (None, None) => None,
            // Whole chunks at once, as long as they agree.
            (Some(stored), Some(rendered)) if stored == rendered => None,
            (Some(stored), Some(rendered)) => stored.iter().zip(rendered).position(|(a, b)| a != b),
            (Some(bytes), None) | (None, Some(bytes)) => bytes.iter().position(|&byte| byte != 0),
        };
        if let Some(byte) = differing {
            let index = (byte / file.header.dtype.bytes()) as u64;
            let [width, height, _] = layout.chunk;
            let within = [index % width, index / width % height, index / width / height];
            let axes = if file.header.flat { 2 } else { 3 };
            let voxel: Vec<String> =
                (0..axes).map(|a| format!("{} {}", AXES[a], first[a] + within[a])).collect();
            return Err(Error::Differs {
                path: file.path.clone(),
                what: format!("the first differing voxel found is {}", voxel.join(", ")),
            });
        }
    }
    Ok(())
}
