//! The volume file: image, truth and recipe in one HDF5 file.

mod bytes_at;
mod chunks;
mod contiguous;
mod convert;
mod deflate;
pub mod encode;
pub mod layout;
mod look;
pub mod pack;
pub mod partial;
pub mod provenance;
pub mod read;
pub mod truth;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use blake3::{Hash, Hasher};
use hdf5::types::{FloatSize, IntSize, TypeDescriptor};
use hdf5::{Dataset, Group};
use rayon::ThreadPool;
use serde_json::json;

use crate::error::{Error, Result};
use crate::grid::{AXES, Grid};
use crate::render::{Renderer, Stop};
use crate::scene::{Compression, Dtype, FORMAT, Precision, Scene};
use contiguous::Contiguous;
use encode::{Chunk, Digest, Encoded, Encoder, Spare};
use layout::Layout;
use pack::Packer;
use partial::{Partial, Writeback};
use truth::{ROWS, Truth};
use writer::Writer;

pub use writer::skipped_before;

/// How a file is written; nothing of this leaves a trace in it.
pub struct Options<'a> {
    pub pool: &'a ThreadPool,
    /// Blocks that may wait for the writer.
    pub window: usize,
    /// Replace an existing file.
    pub force: bool,
    /// Set to stop early.
    pub stop: &'a AtomicBool,
    /// Called with the number of blocks done so far.
    pub progress: &'a dyn Fn(usize),
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub saturated_voxels: u64,
    pub spots_outside: usize,
    pub max_abs_error: f64,
    pub max_rounding_error: f64,
    pub blake3: String,
}

/// Renders what `layout` names into the file `target`, which appears when it is complete.
///
/// # Errors
/// When the file exists or cannot be written, or the work was stopped; nothing is left then.
pub fn write(
    renderer: &Renderer<'_>,
    layout: &Layout,
    target: &Path,
    options: &Options<'_>,
) -> Result<Summary> {
    let partial = Partial::create(target, options.force)?;
    let named_for_target = |error| match error {
        Error::Hdf5 { action, reason, .. } => Error::Hdf5 { action, path: target.to_path_buf(), reason },
        Error::Io { action, source, .. } => Error::Io { action, path: target.to_path_buf(), source },
        other => other,
    };
    let writer = Writer::create(partial.path()).map_err(named_for_target)?;
    let summary = contents(writer, renderer, layout, options).map_err(named_for_target)?;
    partial.publish(options.force)?;
    Ok(summary)
}

fn contents(
    mut writer: Writer,
    renderer: &Renderer<'_>,
    layout: &Layout,
    options: &Options<'_>,
) -> Result<Summary> {
    let scene = renderer.scene;
    let part = scene.grid.part(&layout.region);
    let axes = part.axes().end;
    writer.attribute_text(writer.root(), "creator", concat!("blobscene ", env!("CARGO_PKG_VERSION")))?;
    writer.attribute(writer.root(), "format", FORMAT)?;
    writer.attribute_text(writer.root(), "NX_class", "NXroot")?;
    writer.attribute_text(writer.root(), "default", "entry")?;

    let in_file = |voxels: [u64; 3]| voxels[..axes].iter().rev().map(|&n| n as usize).collect::<Vec<_>>();
    let output = &scene.output;
    let (kind, shape) = (element(output.dtype), in_file(part.shape));
    let volume = if output.chunk.is_none() {
        writer.contiguous("volume", &kind, &shape)?
    } else {
        writer.chunked("volume", &kind, &shape, &in_file(layout.chunk), output.compression)?
    };
    describe_volume(&writer, &volume, &part, renderer)?;
    nexus(&mut writer, &part)?;
    let totals = volume_chunks(&writer, &volume, renderer, layout, options)?;

    let truth = options.pool.install(|| Truth::new(scene, renderer.spots, &layout.region));
    write_truth(&mut writer, &truth, scene, options)?;

    let summary = Summary {
        saturated_voxels: totals.saturated,
        spots_outside: options.pool.install(|| truth.outside()),
        max_abs_error: renderer.bounds().max_abs_error,
        max_rounding_error: rounding_error(renderer, totals.highest),
        blake3: totals.hash.to_hex().to_string(),
    };
    writer.attribute(&volume, "max_abs_error", summary.max_abs_error)?;
    writer.attribute(&volume, "max_rounding_error", summary.max_rounding_error)?;
    writer.attribute(&volume, "saturated_voxels", summary.saturated_voxels)?;
    writer.attribute_text(&volume, "blake3", &summary.blake3)?;
    provenance::write(&mut writer, scene, &layout.region)?;
    // The truth table evaluates profiles too.
    renderer.failure()?;
    let group = writer.group_at("provenance")?;
    writer.attribute(&group, "complete", 1_u8)?;
    drop((group, volume));
    writer.finish()?;
    Ok(summary)
}

/// Bound of the rounding errors of a volume whose largest magnitude came out as `highest`.
fn rounding_error(renderer: &Renderer<'_>, highest: f64) -> f64 {
    let (scene, spots) = (renderer.scene, renderer.spots);
    let precision = scene.render.precision;
    let mixed_signs = spots.list.iter().any(|spot| spot.amplitude < 0.0);
    let mut rounding = renderer.bounds().rounding_error(precision, mixed_signs, highest);
    // Whole numbers are summed exactly as long as all of them are there.
    let mut whole = 2.0 / f64::EPSILON;
    if scene.render.per_spot_floor && highest < whole {
        rounding = 0.0;
    }
    whole = 2.0 / f64::from(f32::EPSILON);
    if scene.output.dtype == Dtype::Float32
        && precision == Precision::F64
        && !(scene.render.per_spot_floor && highest <= whole)
    {
        rounding += highest * f64::from(f32::EPSILON) / 2.0 + f64::from(f32::from_bits(1));
    }
    rounding
}

fn element(dtype: Dtype) -> TypeDescriptor {
    match dtype {
        Dtype::Float32 => TypeDescriptor::Float(FloatSize::U4),
        Dtype::Float64 => TypeDescriptor::Float(FloatSize::U8),
        Dtype::Uint8 => TypeDescriptor::Unsigned(IntSize::U1),
        Dtype::Uint16 => TypeDescriptor::Unsigned(IntSize::U2),
        Dtype::Uint32 => TypeDescriptor::Unsigned(IntSize::U4),
    }
}

/// The values of each axis there is, in the file's order: z y x, or y x.
fn in_file_order<T: Copy>(grid: &Grid, values: [T; 3]) -> Vec<T> {
    values[grid.axes()].iter().rev().copied().collect()
}

/// Axes, scale and origin in the forms that Fiji, ilastik, h5web, silx and napari look for.
fn describe_volume(writer: &Writer, volume: &Dataset, grid: &Grid, renderer: &Renderer<'_>) -> Result<()> {
    let scene = renderer.scene;
    let names: Vec<String> = in_file_order(grid, AXES).into_iter().map(String::from).collect();
    let unit = grid.unit.name();
    writer.attribute_texts(volume, "dimension_names", &names)?;
    writer.attribute_array(volume, "voxel_size", &in_file_order(grid, grid.voxel_size))?;
    writer.attribute_array(volume, "origin", &in_file_order(grid, grid.origin))?;
    writer.attribute_text(volume, "unit", unit)?;
    writer.attribute_text(volume, "coordinate_convention", "integer index = voxel centre")?;
    if let Some(nanometres) = grid.unit.nanometres() {
        // Fiji's HDF5 readers: float32, z y x.
        let micrometres = |a: usize| (grid.voxel_size[a] * nanometres / 1e3) as f32;
        writer.attribute_array(
            volume,
            "element_size_um",
            &in_file_order(grid, [0, 1, 2].map(micrometres)),
        )?;
    }
    // Fiji's N5/HDF5 importer reads x first.
    writer.attribute_array(volume, "resolution", &grid.voxel_size[grid.axes()])?;
    let axistags: Vec<_> = (names.iter().zip(in_file_order(grid, grid.voxel_size)))
        .map(|(key, resolution)| json!({ "key": key, "typeFlags": 2, "resolution": resolution, "description": "" }))
        .collect();
    writer.attribute_text(volume, "axistags", &json!({ "axes": axistags }).to_string())?;
    let axis_units: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), json!(unit))).collect();
    writer.attribute_text(volume, "axis_units", &serde_json::Value::Object(axis_units).to_string())?;
    writer.attribute_text(volume, "long_name", "fluorescence")?;
    writer.attribute_text(volume, "units", renderer.spots.value_unit())?;
    writer.attribute_text(volume, "name", &scene.name)?;
    if !scene.description.is_empty() {
        writer.attribute_text(volume, "description", &scene.description)?;
    }
    Ok(())
}

/// `/entry/data`, the plot that NeXus readers show first, with the world coordinates along each axis.
fn nexus(writer: &mut Writer, grid: &Grid) -> Result<()> {
    let names: Vec<String> = in_file_order(grid, AXES).into_iter().map(String::from).collect();
    let entry = writer.group("entry")?;
    writer.attribute_text(&entry, "NX_class", "NXentry")?;
    writer.attribute_text(&entry, "default", "data")?;
    let data: Group = writer.group("entry/data")?;
    writer.attribute_text(&data, "NX_class", "NXdata")?;
    writer.attribute_text(&data, "signal", "volume")?;
    writer.attribute_texts(&data, "axes", &names)?;
    writer.link("volume", "entry/data/volume")?;
    for (position, name) in names.iter().enumerate() {
        let a = AXES.iter().position(|axis| axis == name).unwrap_or(0);
        let world: Vec<f64> =
            (0..grid.shape[a]).map(|i| grid.origin[a] + i as f64 * grid.voxel_size[a]).collect();
        let dataset = writer.array(&format!("entry/data/{name}"), &world)?;
        writer.attribute_text(&dataset, "units", grid.unit.name())?;
        writer.attribute(&data, &format!("{name}_indices"), position as i32)?;
    }
    Ok(())
}

struct Totals {
    saturated: u64,
    highest: f64,
    hash: Hash,
}

/// Renders the blocks and writes their chunks in order.
fn volume_chunks(
    writer: &Writer,
    volume: &Dataset,
    renderer: &Renderer<'_>,
    layout: &Layout,
    options: &Options<'_>,
) -> Result<Totals> {
    let axes = renderer.grid().axes().end;
    let output = &renderer.scene.output;
    let place = match volume.offset() {
        Some(offset) if output.chunk.is_none() => Some(
            Contiguous::create(writer.path(), offset, layout.shape(), output.dtype.bytes())
                .map_err(Error::io("write", writer.path()))?,
        ),
        _ => None,
    };
    let mut disk = Writeback::new(writer.path());
    let encoder = Encoder {
        layout,
        dtype: output.dtype,
        compression: output.compression,
        chunks: place.is_none(),
        digests: layout.hash_in_blocks,
        place: place.as_ref(),
        spare: Spare::default(),
    };
    let mut totals = (0, 0.0);
    let mut digests = Vec::new();
    let mut take = |encoded: std::io::Result<Encoded>| -> Result<()> {
        let encoded = encoded.map_err(Error::io("write", writer.path()))?;
        totals.0 += encoded.seen.saturated;
        totals.1 = encoded.seen.highest.max(totals.1);
        digests.extend(encoded.digests);
        for chunk in encoded.chunks {
            writer.write_chunk(volume, &chunk, axes)?;
            encoder.spare.give(chunk);
        }
        disk.written(encoded.written);
        Ok(())
    };
    let render = |encoder: &Encoder<'_>,
                  blocks,
                  take: &mut dyn FnMut(std::io::Result<Encoded>) -> Result<()>,
                  shown: bool| {
        let step = |i: usize, out: Option<std::io::Result<Encoded>>| {
            renderer.failure()?;
            if shown {
                (options.progress)(i + 1);
            }
            out.map_or(Ok(()), &mut *take)
        };
        renderer.render(options.pool, blocks, options.window, options.stop, encoder, step).map_err(|stop| {
            match stop {
                Stop::Interrupted => Error::Interrupted,
                Stop::Failed(error) => error,
            }
        })
    };
    render(&encoder, &layout.blocks, &mut take, true)?;
    if !layout.hash_in_blocks {
        let encoder = Encoder { chunks: false, digests: true, place: None, ..encoder };
        let mut only_digests = |encoded: std::io::Result<Encoded>| {
            digests.extend(encoded.map_err(Error::io("hash", writer.path()))?.digests);
            Ok(())
        };
        render(&encoder, &layout.hash_blocks(), &mut only_digests, false)?;
    }
    Ok(Totals { saturated: totals.0, highest: totals.1, hash: volume_hash(layout, output.dtype, digests) })
}

/// BLAKE3 of the digests of all blocks of the hash in C order; blocks without light hold zeros.
pub fn volume_hash(layout: &Layout, dtype: Dtype, mut digests: Vec<Digest>) -> Hash {
    digests.sort_unstable_by_key(|digest| digest.index);
    let blocks = layout.hash_blocks();
    let mut dark: BTreeMap<u64, Hash> = BTreeMap::new();
    let mut hasher = Hasher::new();
    let mut lit = digests.iter().peekable();
    for index in 0..blocks.len() {
        if let Some(digest) = lit.next_if(|digest| digest.index == index) {
            hasher.update(digest.hash.as_bytes());
            continue;
        }
        let voxels: u64 = blocks.voxels(index).iter().map(|range| range.end - range.start).product();
        let hash =
            dark.entry(voxels).or_insert_with(|| blake3::hash(&vec![0; voxels as usize * dtype.bytes()]));
        hasher.update(hash.as_bytes());
    }
    hasher.finalize()
}

fn write_truth(writer: &mut Writer, truth: &Truth<'_>, scene: &Scene, options: &Options<'_>) -> Result<()> {
    // The truth must open everywhere: gzip also where the volume asks for zstd.
    let compression = match scene.output.compression {
        Compression::Zstd(_) => Compression::Gzip(1),
        other => other,
    };
    let (rows, row_type) = (truth.rows(), truth.row_type());
    let dataset = writer.chunked("spots", &row_type, &[rows], &[ROWS.min(rows)], compression)?;
    crate::render::ordered(
        options.pool,
        rows.div_ceil(ROWS),
        options.window.max(4),
        Packer::default,
        |packer, i| {
            let mut bytes = Vec::new();
            packer.pack(&truth.chunk(i), row_type.size(), compression, &mut bytes).map(|()| bytes)
        },
        |i, bytes| {
            let bytes = bytes.map_err(Error::io("compress", writer.path()))?;
            writer.write_chunk(&dataset, &Chunk { offset: [(i * ROWS) as u64, 0, 0], bytes }, 1)
        },
    )?;
    let groups: Vec<String> = scene.groups.iter().map(|group| group.name.clone()).collect();
    writer.attribute_texts(&dataset, "groups", &groups)?;
    writer.attribute_texts(&dataset, "units", &truth.units())
}
