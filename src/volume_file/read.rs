//! Reading a volume file that anyone may have made: types and sizes are checked before anything is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, File, H5Type};

use super::chunks::Chunks;
use super::contiguous::Contiguous;
use super::look::{Look, MOST_FILES, read_rows};
use super::pack::unpack;
use super::truth::{ROWS, Truth};
use crate::description::MAX_SCENE_BYTES;
use crate::error::{Error, Result};
use crate::grid::Unit;
use crate::scene::{Compression, Dtype};

/// Voxels x y z of a volume in one piece that are read at once: enough to be worth a call, few enough for each thread.
const LONG_ROWS: [u64; 3] = [1 << 12, 1 << 4, 1 << 4];

/// An open volume file.
pub struct VolumeFile {
    pub path: PathBuf,
    file: File,
    volume: Dataset,
    place: Place,
    pub header: Header,
}

/// Where the voxels are, to be read past the HDF5 library.
enum Place {
    Piece(Contiguous),
    /// In chunks of this file, which are listed when the first is read; `None` where that fails.
    Chunks(std::fs::File, OnceLock<Option<Chunks>>),
}

/// What the file says of its volume; axes are x, y, z, and a plane has one voxel along z.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    pub shape: [u64; 3],
    pub flat: bool,
    /// Voxels of a chunk; `None` where the volume is one piece.
    pub chunk: Option<[u64; 3]>,
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
        // The HDF5 library does not say why it cannot open a file.
        let bytes = std::fs::File::open(path).map_err(Error::io("read", path))?;
        // A file is complete when it has its name, and never changes then: no lock is needed, and some network
        // file systems have none.
        let file = File::with_options()
            .with_fapl(|p| p.file_locking(false))
            .open(path)
            .map_err(|_| not("it is not an HDF5 file, or it is damaged"))?;
        let look = Look { path };
        let provenance = look.group(&file, "provenance")?;
        if look.number::<u8>(&provenance, "complete")? != 1 {
            return Err(not("it is not complete"));
        }
        let volume = look.dataset(&file, "volume")?;
        let header = look.header(&file, &volume, &provenance)?;
        let place = if header.chunk.is_none() {
            // Values that lie in another file have no offset.
            let offset = volume.offset().ok_or_else(|| not("its volume lies elsewhere"))?;
            let opened = Contiguous::open(bytes, offset, header.shape, header.dtype.bytes());
            Place::Piece(opened.map_err(|_| not("its volume is cut short"))?)
        } else {
            Place::Chunks(bytes, OnceLock::new())
        };
        Ok(VolumeFile { path: path.to_path_buf(), file, volume, place, header })
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
        let text = look.decoded(&look.ok(dataset.read_scalar())?, "scene")?;
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

    /// The voxels, x y z, that are best read at once: a chunk, or long rows of a volume in one piece.
    pub fn portion(&self) -> [u64; 3] {
        let rows = || [0, 1, 2].map(|a| self.header.shape[a].min(LONG_ROWS[a]));
        self.header.chunk.unwrap_or_else(rows)
    }

    /// The `size` voxels (x y z) from voxel `first` on, with zeros behind the volume's end; little-endian, z y x. They are a
    /// chunk, `None` where the file stores none, or anything in a volume in one piece. Safe to call from many threads.
    ///
    /// # Errors
    /// When the chunk is damaged.
    pub fn voxels(&self, first: [u64; 3], size: [u64; 3]) -> Result<Option<Vec<u8>>> {
        let look = Look { path: &self.path };
        let (file, chunks) = match &self.place {
            Place::Piece(piece) => {
                let extent = [0, 1, 2].map(|a| size[a].min(self.header.shape[a] - first[a]) as usize);
                let voxels = piece.read(first, extent, size.map(|n| n as usize));
                return voxels.map(Some).map_err(|_| look.not("its volume is cut short"));
            }
            Place::Chunks(file, chunks) => (file, chunks.get_or_init(|| Chunks::list(&self.volume).ok())),
        };
        let length = size.iter().product::<u64>() as usize * self.header.dtype.bytes();
        let chunks = chunks.as_ref().ok_or_else(|| look.not("its chunks cannot be found"))?;
        let packed = chunks.read(file, first, 2 * length as u64 + 1024).map_err(|why| look.not(why))?;
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
