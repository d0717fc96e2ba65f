//! Reading a volume file that anyone may have made: types and sizes are checked before anything is read.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use hdf5::filters::Filter;
use hdf5::types::{FloatSize, IntSize, TypeDescriptor, VarLenUnicode};
use hdf5::{Dataset, File, Group, H5Type};

use super::encode::unpack;
use super::provenance::MOST_CARRIED;
use super::truth::{ROWS, Truth};
use super::writer::{ZSTD_FILTER, first_line};
use crate::description::MAX_SCENE_BYTES;
use crate::error::{Error, Result};
use crate::grid::Unit;
use crate::scene::{Compression, Dtype};

/// The most files and group names that are looked at.
const MOST_FILES: usize = 10_000;

/// An open volume file.
pub struct VolumeFile {
    pub path: PathBuf,
    file: File,
    volume: Dataset,
    pub header: Header,
}

/// What the file says of its volume; axes are x, y, z, and a plane has one voxel along z.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    pub shape: [u64; 3],
    pub flat: bool,
    pub chunk: [u64; 3],
    pub dtype: Dtype,
    pub compression: Compression,
    pub voxel_size: [f64; 3],
    pub origin: [f64; 3],
    pub unit: Unit,
    pub creator: String,
    pub max_abs_error: f64,
    pub max_rounding_error: f64,
    pub saturated_voxels: u64,
    pub blake3: String,
    pub seed: u64,
    pub version: String,
    pub rng: String,
    pub scene_blake3: String,
    /// `x=A:B,…` where the file holds a part of its scene's grid.
    pub region: Option<String>,
    pub spots: u64,
    pub groups: Vec<String>,
}

/// A file that travels with the volume.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    pub path: PathBuf,
    pub blake3: String,
    pub size: u64,
    /// The contents; `None` for a large file of which only the hash is kept.
    pub bytes: Option<Arc<[u8]>>,
}

/// Where a spot lies, as `/spots` tells.
#[derive(Debug, Clone, Copy, H5Type)]
#[repr(C)]
struct Centre3 {
    ix: f64,
    iy: f64,
    iz: f64,
    truth: f64,
}

#[derive(Debug, Clone, Copy, H5Type)]
#[repr(C)]
struct Centre2 {
    ix: f64,
    iy: f64,
    truth: f64,
}

impl VolumeFile {
    /// Opens a file and checks what it says of itself.
    ///
    /// # Errors
    /// When it cannot be read, or is no complete volume file.
    pub fn open(path: &Path) -> Result<VolumeFile> {
        let info = std::fs::metadata(path).map_err(Error::io("read", path))?;
        let not = |reason: &str| Error::NotAVolume { path: path.to_path_buf(), reason: reason.to_string() };
        if !info.is_file() {
            return Err(not("it is not a regular file"));
        }
        let file = File::open(path).map_err(|_| not("it is not an HDF5 file, or it is damaged"))?;
        let look = Look { path };
        let provenance = look.group(&file, "provenance")?;
        if look.number::<u8>(&provenance, "complete")? != 1 {
            return Err(not("it is not complete"));
        }
        let volume = look.dataset(&file, "volume")?;
        let header = look.header(&file, &volume, &provenance)?;
        Ok(VolumeFile { path: path.to_path_buf(), file, volume, header })
    }

    /// The scene's text and its path in the carried tree.
    ///
    /// # Errors
    /// When it is absent, too large, or its path leads elsewhere.
    pub fn scene(&self) -> Result<(String, PathBuf)> {
        let look = Look { path: &self.path };
        let dataset = look.dataset(&self.file, "provenance/scene")?;
        if !dataset.is_scalar()
            || !matches!(
                look.ok(dataset.dtype().and_then(|d| d.to_descriptor()))?,
                TypeDescriptor::VarLenUnicode
            )
        {
            return Err(look.not("its scene is not a text"));
        }
        let text = look.ok(dataset.read_scalar::<VarLenUnicode>())?.as_str().to_string();
        if text.len() as u64 > MAX_SCENE_BYTES {
            return Err(look.not("its scene is larger than 4 MiB"));
        }
        let path = look.inner_path(&look.text(&dataset, "path")?)?;
        Ok((text, path))
    }

    /// The files that travel with the volume, in the order of their paths.
    ///
    /// # Errors
    /// When one is not what it should be.
    pub fn carried(&self) -> Result<Vec<Carried>> {
        let look = Look { path: &self.path };
        let root = look.group(&self.file, "provenance/files")?;
        let mut carried = BTreeMap::new();
        let mut groups = vec![(PathBuf::new(), root)];
        let mut seen = 0;
        while let Some((prefix, group)) = groups.pop() {
            for name in look.ok(group.member_names())? {
                seen += 1;
                if seen > MOST_FILES {
                    return Err(look.not("it carries too many files"));
                }
                let path = prefix.join(&name);
                if let Ok(inner) = group.group(&name) {
                    groups.push((path, inner));
                    continue;
                }
                let dataset = look.dataset(&group, &name)?;
                let path = look.inner_path(&path.to_string_lossy())?;
                carried.insert(path.clone(), look.carried_file(&dataset, path)?);
            }
        }
        Ok(carried.into_values().collect())
    }

    /// The voxels of the chunk that begins at voxel `first` (x y z), padded to a whole chunk, little-endian, z y x;
    /// `None` where the file stores none. Safe to call from many threads; only the read itself waits its turn.
    ///
    /// # Errors
    /// When the chunk is damaged.
    pub fn chunk(&self, first: [u64; 3]) -> Result<Option<Vec<u8>>> {
        let look = Look { path: &self.path };
        let axes = if self.header.flat { 2 } else { 3 };
        let offset: Vec<u64> = first[..axes].iter().rev().copied().collect();
        let length = self.header.chunk.iter().product::<u64>() as usize * self.header.dtype.bytes();
        let packed = hdf5::sync::sync(|| -> std::result::Result<Option<Vec<u8>>, &str> {
            let (mut mask, mut address, mut size) = (0, 0, 0);
            // SAFETY: the offset has as many entries as the dataset has axes; the outputs are valid.
            let code = unsafe {
                hdf5_sys::h5d::H5Dget_chunk_info_by_coord(
                    self.volume.id(),
                    offset.as_ptr(),
                    &raw mut mask,
                    &raw mut address,
                    &raw mut size,
                )
            };
            if code < 0 {
                return Err("a chunk cannot be found");
            }
            if size == 0 || address == hdf5_sys::h5::HADDR_UNDEF {
                return Ok(None);
            }
            if mask != 0 || size as usize > 2 * length + 1024 {
                return Err("a chunk has an impossible size");
            }
            let mut bytes = vec![0_u8; size as usize];
            let mut capacity = bytes.len();
            // SAFETY: the buffer has room for `capacity` bytes.
            let code = unsafe {
                hdf5_sys::h5d::H5Dread_chunk2(
                    self.volume.id(),
                    hdf5_sys::h5p::H5P_DEFAULT,
                    offset.as_ptr(),
                    &raw mut mask,
                    bytes.as_mut_ptr().cast(),
                    &raw mut capacity,
                )
            };
            if code < 0 { Err("a chunk cannot be read") } else { Ok(Some(bytes)) }
        })
        .map_err(|reason| look.not(reason))?;
        let Some(packed) = packed else { return Ok(None) };
        unpack(&packed, self.header.dtype.bytes(), length, self.header.compression)
            .map(Some)
            .ok_or_else(|| look.not("a chunk is damaged"))
    }

    /// The first row of `/spots` that differs from `truth`; `None` where all agree.
    ///
    /// # Errors
    /// When the table has other columns or cannot be read.
    pub fn first_different_row(&self, truth: &Truth<'_>) -> Result<Option<usize>> {
        let look = Look { path: &self.path };
        let spots = look.dataset(&self.file, "spots")?;
        if look.ok(spots.dtype().and_then(|d| d.to_descriptor()))? != truth.row_type()
            || spots.size() != truth.rows()
        {
            return Ok(Some(0));
        }
        let size = truth.row_type().size();
        for first in (0..truth.rows()).step_by(ROWS) {
            let count = ROWS.min(truth.rows() - first);
            let mut stored = vec![0_u8; count * size];
            look.ok(read_rows(&spots, first, &mut stored, count))?;
            let expected = truth.chunk(first / ROWS);
            let rows = stored.chunks_exact(size).zip(expected.chunks_exact(size));
            if let Some(row) = rows.into_iter().position(|(a, b)| a != b) {
                return Ok(Some(first + row));
            }
        }
        Ok(None)
    }

    /// Voxel coordinates (x y z) of the spots, and whether each counts as truth.
    ///
    /// # Errors
    /// When the table is not what it should be.
    pub fn centres(&self) -> Result<Vec<([f64; 3], bool)>> {
        let look = Look { path: &self.path };
        let spots = look.dataset(&self.file, "spots")?;
        Ok(if self.header.flat {
            let rows = look.ok(spots.read_raw::<Centre2>())?;
            rows.iter().map(|row| ([row.ix, row.iy, 0.0], row.truth != 0.0)).collect()
        } else {
            let rows = look.ok(spots.read_raw::<Centre3>())?;
            rows.iter().map(|row| ([row.ix, row.iy, row.iz], row.truth != 0.0)).collect()
        })
    }
}

/// Reads `count` rows of a table from row `first` on, as they lie in the file.
fn read_rows(table: &Dataset, first: usize, bytes: &mut [u8], count: usize) -> hdf5::Result<()> {
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
struct Look<'a> {
    path: &'a Path,
}

impl Look<'_> {
    fn not(&self, reason: &str) -> Error {
        Error::NotAVolume { path: self.path.to_path_buf(), reason: reason.to_string() }
    }

    fn ok<T>(&self, result: hdf5::Result<T>) -> Result<T> {
        result.map_err(|error| self.not(&first_line(&error.to_string())))
    }

    fn group(&self, at: &Group, name: &str) -> Result<Group> {
        at.group(name).map_err(|_| self.not(&format!("it has no group `{name}`")))
    }

    fn dataset(&self, at: &Group, name: &str) -> Result<Dataset> {
        at.dataset(name).map_err(|_| self.not(&format!("it has no dataset `{name}`")))
    }

    fn attribute(&self, at: &hdf5::Location, name: &str) -> Result<hdf5::Attribute> {
        at.attr(name).map_err(|_| self.not(&format!("the attribute `{name}` is missing")))
    }

    fn number<T: H5Type>(&self, at: &hdf5::Location, name: &str) -> Result<T> {
        let attribute = self.attribute(at, name)?;
        if !attribute.is_scalar() {
            return Err(self.not(&format!("the attribute `{name}` is not one number")));
        }
        self.ok(attribute.read_scalar())
    }

    fn text(&self, at: &hdf5::Location, name: &str) -> Result<String> {
        let attribute = self.attribute(at, name)?;
        let kind = self.ok(attribute.dtype().and_then(|d| d.to_descriptor()))?;
        if !attribute.is_scalar() || kind != TypeDescriptor::VarLenUnicode {
            return Err(self.not(&format!("the attribute `{name}` is not a text")));
        }
        Ok(self.ok(attribute.read_scalar::<VarLenUnicode>())?.as_str().to_string())
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

    fn header(&self, file: &File, volume: &Dataset, provenance: &Group) -> Result<Header> {
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
        let chunk = volume
            .chunk()
            .filter(|chunk| chunk.len() == axes)
            .ok_or_else(|| self.not("its volume is not chunked"))?;
        let chunk = in_order(&chunk);
        let dtype = self.dtype(&self.ok(volume.dtype().and_then(|d| d.to_descriptor()))?)?;
        if chunk.iter().map(|&n| u128::from(n)).product::<u128>() * dtype.bytes() as u128 > 1 << 31 {
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
            groups: groups.iter().map(|name| name.as_str().to_string()).collect(),
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
    fn inner_path(&self, text: &str) -> Result<PathBuf> {
        let path = PathBuf::from(text);
        let inner = path.components().all(|part| matches!(part, Component::Normal(_)));
        if inner && !text.is_empty() { Ok(path) } else { Err(self.not("a path in it leads out of its tree")) }
    }

    fn carried_file(&self, dataset: &Dataset, path: PathBuf) -> Result<Carried> {
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
