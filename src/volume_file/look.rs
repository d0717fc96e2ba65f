//! Careful reading of HDF5 objects that anyone may have made: each says what it should be before it is read.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use hdf5::filters::Filter;
use hdf5::plist::dataset_create::Layout;
use hdf5::types::{FloatSize, IntSize, TypeDescriptor, VarLenUnicode};
use hdf5::{Dataset, File, Group, H5Type};

use super::provenance::MOST_CARRIED;
use super::read::{Carried, Header};
use super::writer::{ZSTD_FILTER, first_line};
use crate::error::{Error, Result};
use crate::grid::Unit;
use crate::scene::{Compression, Dtype, FORMAT};

/// The most files and group names that are looked at.
pub const MOST_FILES: usize = 10_000;

/// Reads `count` rows of a table from row `first` on, as they lie in the file.
pub fn read_rows(table: &Dataset, first: usize, bytes: &mut [u8], count: usize) -> hdf5::Result<()> {
    let (kind, space) = (table.dtype()?, table.space()?);
    let rows = space.select(first..first + count)?;
    let memory = hdf5::Dataspace::try_new(count)?;
    let code = hdf5::sync::sync(|| {
        // SAFETY: `bytes` has room for `count` rows of the file's own type.
        unsafe {
            hdf5_sys::h5d::H5Dread(
                table.id(),
                kind.id(),
                memory.id(),
                rows.id(),
                hdf5_sys::h5p::H5P_DEFAULT,
                bytes.as_mut_ptr().cast(),
            )
        }
    });
    if code < 0 { Err(hdf5::Error::Internal("the table cannot be read".into())) } else { Ok(()) }
}

/// Reads with an eye on what it gets.
pub struct Look<'a> {
    pub path: &'a Path,
}

impl Look<'_> {
    pub fn not(&self, reason: &str) -> Error {
        Error::NotAVolume { path: self.path.to_path_buf(), reason: reason.to_string() }
    }

    pub fn ok<T>(&self, result: hdf5::Result<T>) -> Result<T> {
        result.map_err(|error| self.not(&first_line(&error.to_string())))
    }

    pub fn group(&self, at: &Group, name: &str) -> Result<Group> {
        at.group(name).map_err(|_| self.not(&format!("it has no group `{name}`")))
    }

    pub fn dataset(&self, at: &Group, name: &str) -> Result<Dataset> {
        at.dataset(name).map_err(|_| self.not(&format!("it has no dataset `{name}`")))
    }

    fn attribute(&self, at: &hdf5::Location, name: &str) -> Result<hdf5::Attribute> {
        at.attr(name).map_err(|_| self.not(&format!("the attribute `{name}` is missing")))
    }

    pub fn number<T: H5Type>(&self, at: &hdf5::Location, name: &str) -> Result<T> {
        let attribute = self.attribute(at, name)?;
        if !attribute.is_scalar() {
            return Err(self.not(&format!("the attribute `{name}` is not one number")));
        }
        self.ok(attribute.read_scalar())
    }

    pub fn text(&self, at: &hdf5::Location, name: &str) -> Result<String> {
        let attribute = self.attribute(at, name)?;
        let kind = self.ok(attribute.dtype().and_then(|d| d.to_descriptor()))?;
        if !attribute.is_scalar() || kind != TypeDescriptor::VarLenUnicode {
            return Err(self.not(&format!("the attribute `{name}` is not a text")));
        }
        self.decoded(&self.ok(attribute.read_scalar())?, name)
    }

    /// The text called `name`: what a file says is UTF-8 need not be, and the library does not look.
    pub fn decoded(&self, text: &VarLenUnicode, name: &str) -> Result<String> {
        let decoded = String::from_utf8(text.as_bytes().to_vec());
        decoded.map_err(|_| self.not(&format!("its `{name}` is not UTF-8")))
    }

    /// An attribute of one number per axis, in the file's order, as x y z.
    fn per_axis(&self, at: &hdf5::Location, name: &str, axes: usize, absent: f64) -> Result<[f64; 3]> {
        let attribute = self.attribute(at, name)?;
        if attribute.shape() != [axes] {
            return Err(self.not(&format!("the attribute `{name}` has not one number per axis")));
        }
        let values: Vec<f64> = self.ok(attribute.read_raw())?;
        let mut out = [absent; 3];
        for (a, value) in values.iter().rev().enumerate() {
            out[a] = *value;
        }
        Ok(out)
    }

    pub fn header(&self, file: &File, volume: &Dataset, provenance: &Group) -> Result<Header> {
        let shape = volume.shape();
        let axes = shape.len();
        if !(2..=3).contains(&axes) || shape.contains(&0) {
            return Err(self.not("its volume has not two or three axes"));
        }
        let in_order = |sizes: &[usize]| {
            let mut out = [1; 3];
            for (a, &n) in sizes.iter().rev().enumerate() {
                out[a] = n as u64;
            }
            out
        };
        let chunk = match volume.chunk().filter(|chunk| chunk.len() == axes) {
            Some(chunk) => Some(in_order(&chunk)),
            None if volume.layout() == Layout::Contiguous => None,
            None => return Err(self.not("its volume has a layout of another program")),
        };
        let dtype = self.dtype(&self.ok(volume.dtype().and_then(|d| d.to_descriptor()))?)?;
        let voxels = |chunk: [u64; 3]| chunk.iter().map(|&n| u128::from(n)).product::<u128>();
        if chunk.is_some_and(|chunk| voxels(chunk) * dtype.bytes() as u128 > 1 << 31) {
            return Err(self.not("its chunks are too large"));
        }
        let spots = self.dataset(file, "spots")?;
        let groups = self.attribute(&spots, "groups")?;
        let kind = self.ok(groups.dtype().and_then(|d| d.to_descriptor()))?;
        if kind != TypeDescriptor::VarLenUnicode || groups.size() > MOST_FILES * 100 {
            return Err(self.not("its groups have no names"));
        }
        let groups = self.ok(groups.read_raw::<VarLenUnicode>())?;
        let unit = self.text(volume, "unit")?;
        let format: u64 = self.number(provenance, "format")?;
        if format > FORMAT {
            return Err(self
                .not(&format!("its format is {format}, and this program knows {FORMAT}; use a newer one")));
        }
        Ok(Header {
            shape: in_order(&shape),
            flat: axes == 2,
            chunk,
            dtype,
            compression: self.compression(&volume.filters(), dtype)?,
            voxel_size: self.per_axis(volume, "voxel_size", axes, 1.0)?,
            origin: self.per_axis(volume, "origin", axes, 0.0)?,
            unit: Unit::from_name(&unit).ok_or_else(|| self.not("its unit is unknown"))?,
            creator: self.text(file, "creator")?,
            max_abs_error: self.number(volume, "max_abs_error")?,
            max_rounding_error: self.number(volume, "max_rounding_error")?,
            saturated_voxels: self.number(volume, "saturated_voxels")?,
            blake3: self.text(volume, "blake3")?,
            seed: self.number(provenance, "seed")?,
            version: self.text(provenance, "version")?,
            rng: self.text(provenance, "rng")?,
            scene_blake3: self.text(provenance, "scene_blake3")?,
            region: provenance.attr("region").is_ok().then(|| self.text(provenance, "region")).transpose()?,
            spots: spots.size() as u64,
            groups: groups.iter().map(|name| self.decoded(name, "groups")).collect::<Result<_>>()?,
        })
    }

    fn dtype(&self, kind: &TypeDescriptor) -> Result<Dtype> {
        match kind {
            TypeDescriptor::Float(FloatSize::U4) => Ok(Dtype::Float32),
            TypeDescriptor::Float(FloatSize::U8) => Ok(Dtype::Float64),
            TypeDescriptor::Unsigned(IntSize::U1) => Ok(Dtype::Uint8),
            TypeDescriptor::Unsigned(IntSize::U2) => Ok(Dtype::Uint16),
            TypeDescriptor::Unsigned(IntSize::U4) => Ok(Dtype::Uint32),
            _ => Err(self.not("its volume has a type of another program")),
        }
    }

    fn compression(&self, filters: &[Filter], dtype: Dtype) -> Result<Compression> {
        let (shuffled, packing) = match filters {
            [Filter::Shuffle, rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let compression = match packing {
            [] => Compression::None,
            [Filter::Deflate(level)] => Compression::Gzip(u32::from(*level)),
            [Filter::User(ZSTD_FILTER, level)] => Compression::Zstd(level.first().copied().unwrap_or(1)),
            _ => return Err(self.not("its chunks were packed by another program")),
        };
        // The shuffle goes with a packing of elements that have more than one byte.
        if shuffled != (compression != Compression::None && dtype.bytes() > 1) {
            return Err(self.not("its chunks were packed by another program"));
        }
        Ok(compression)
    }

    /// A path of the carried tree: relative, and never upwards.
    pub fn inner_path(&self, text: &str) -> Result<PathBuf> {
        let path = PathBuf::from(text);
        let inner = path.components().all(|part| matches!(part, Component::Normal(_)));
        if inner && !text.is_empty() { Ok(path) } else { Err(self.not("a path in it leads out of its tree")) }
    }

    pub fn carried_file(&self, dataset: &Dataset, path: PathBuf) -> Result<Carried> {
        let kind = self.ok(dataset.dtype().and_then(|d| d.to_descriptor()))?;
        if kind != TypeDescriptor::Unsigned(IntSize::U1)
            || dataset.ndim() != 1
            || dataset.size() > MOST_CARRIED
        {
            return Err(self.not("a carried file is not a run of bytes"));
        }
        let (size, blake3) = (self.number::<u64>(dataset, "bytes")?, self.text(dataset, "blake3")?);
        let bytes: Option<Arc<[u8]>> = match dataset.size() {
            0 if size > 0 => None,
            0 => Some(Arc::from([])),
            _ => Some(self.ok(dataset.read_raw::<u8>())?.into()),
        };
        Ok(Carried { path, blake3, size, bytes })
    }
}
