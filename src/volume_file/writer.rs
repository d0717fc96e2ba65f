//! The HDF5 calls that writing a file takes: nothing here knows what the file means.
//!
//! Files are in the oldest format there is, without times, so that the same contents make the same bytes and
//! every reader opens them.
//!
//! After a failed write no further HDF5 call is safe: closing a file on a full disk crashes the library
//! (seen with HDF5 2.2; h5py issue 914). Every dataset therefore stays open in the [`Writer`], which is *leaked*
//! unless everything went well.

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Once;

use hdf5::file::LibraryVersion;
use hdf5::plist::dataset_create::{AllocTime, FillTime};
use hdf5::types::{TypeDescriptor, VarLenUnicode};
use hdf5::{Dataset, Extents, File, Group, H5Type, Location};

use super::encode::Chunk;
use crate::error::{Error, Result};
use crate::scene::Compression;

/// Number of the zstd filter among the registered HDF5 filters.
pub const ZSTD_FILTER: i32 = 32015;

/// What takes so many bytes or more, such as a volume in one piece, begins at a multiple of `ALIGNMENT`, a small part of it:
/// rows that fill whole pages then fill pages of the file, which the system writes faster.
const LARGE: u64 = 4 << 20;
const ALIGNMENT: u64 = 1 << 17;

/// The most bytes that are skipped before a piece of `bytes` bytes.
pub fn skipped_before(bytes: u64) -> u64 {
    if bytes < LARGE { 0 } else { ALIGNMENT }
}

pub struct Writer {
    file: ManuallyDrop<File>,
    path: PathBuf,
    /// Datasets and groups that stay open until the end.
    datasets: ManuallyDrop<Vec<Dataset>>,
}

impl Writer {
    /// Creates a file at `path`, where there is none.
    ///
    /// # Errors
    /// What the library says.
    pub fn create(path: &Path) -> Result<Writer> {
        static ONCE: Once = Once::new();
        // The library's own clean-up at exit would touch files that were left open after an error.
        // SAFETY: called once, before any other HDF5 call of this program.
        ONCE.call_once(|| unsafe {
            hdf5_sys::h5::H5dont_atexit();
            declare_zstd();
        });
        let file = File::with_options()
            // The temporary file is nobody else's, so it needs no lock.
            .with_fapl(|p| {
                p.libver_bounds(LibraryVersion::Earliest, LibraryVersion::V110)
                    .file_locking(false)
                    .alignment(LARGE, ALIGNMENT)
            })
            .with_fcpl(|p| p.obj_track_times(false))
            .create_excl(path)
            .map_err(|error| failed(path, &error))?;
        Ok(Writer {
            file: ManuallyDrop::new(file),
            path: path.to_path_buf(),
            datasets: ManuallyDrop::new(Vec::new()),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn root(&self) -> &Group {
        &self.file
    }

    fn ok<T>(&self, result: hdf5::Result<T>) -> Result<T> {
        result.map_err(|error| failed(&self.path, &error))
    }

    /// Creates the group `path` and those above it.
    pub fn group(&self, path: &str) -> Result<Group> {
        let builder = self.file.create_group_builder().obj_track_times(false).create_intermediate_group(true);
        self.ok(builder.create(path))
    }

    /// The group at `path`, which exists.
    pub fn group_at(&self, path: &str) -> Result<Group> {
        self.ok(self.file.group(path))
    }

    /// Creates a dataset for ready-made chunks; `shape` and `chunk` are in the file's order of axes.
    pub fn chunked(
        &mut self,
        name: &str,
        element: &TypeDescriptor,
        shape: &[usize],
        chunk: &[usize],
        compression: Compression,
    ) -> Result<Dataset> {
        let mut builder = self
            .file
            .new_dataset_builder()
            .packed(true)
            .empty_as(element)
            .shape(shape.to_vec())
            .obj_track_times(false);
        if shape.iter().all(|&n| n > 0) {
            builder = builder.chunk(chunk.to_vec());
            builder = match compression {
                Compression::None => builder,
                _ if element.size() > 1 => builder.shuffle(),
                _ => builder,
            };
            builder = match compression {
                Compression::None => builder,
                Compression::Gzip(level) => builder.deflate(level as u8),
                // The library itself has no such filter; the chunks come compressed already.
                Compression::Zstd(level) => builder.add_filter(ZSTD_FILTER, &[level]),
            };
        }
        let dataset = self.ok(builder.create(name))?;
        Ok(self.keep(dataset))
    }

    /// Creates a dataset in one piece, whose place is known at once and whose values are written there by others.
    pub fn contiguous(&mut self, name: &str, element: &TypeDescriptor, shape: &[usize]) -> Result<Dataset> {
        let builder = self
            .file
            .new_dataset_builder()
            .packed(true)
            .empty_as(element)
            .shape(shape.to_vec())
            .alloc_time(Some(AllocTime::Early))
            .fill_time(FillTime::Never)
            .obj_track_times(false);
        let dataset = self.ok(builder.create(name))?;
        Ok(self.keep(dataset))
    }

    /// Writes a one-dimensional dataset.
    pub fn array<T: H5Type>(&mut self, path: &str, values: &[T]) -> Result<Dataset> {
        let builder = self.file.new_dataset::<T>().create_intermediate_group(true).obj_track_times(false);
        let dataset = self.ok(builder.shape(values.len()).create(path))?;
        if !values.is_empty() {
            self.ok(dataset.write_raw(values))?;
        }
        Ok(self.keep(dataset))
    }

    /// Writes a single text.
    pub fn text(&mut self, path: &str, text: &str) -> Result<Dataset> {
        let value = self.unicode(text)?;
        let builder = self.file.new_dataset::<VarLenUnicode>().obj_track_times(false);
        let dataset = self.ok(builder.shape(Extents::Scalar).create(path))?;
        self.ok(dataset.write_scalar(&value))?;
        Ok(self.keep(dataset))
    }

    fn keep(&mut self, dataset: Dataset) -> Dataset {
        self.datasets.push(dataset.clone());
        dataset
    }

    /// Writes a chunk that has passed its filters already.
    pub fn write_chunk(&self, dataset: &Dataset, chunk: &Chunk, axes: usize) -> Result<()> {
        let offset: Vec<u64> = chunk.offset[..axes].iter().rev().copied().collect();
        let code = hdf5::sync::sync(|| {
            // SAFETY: the offset has as many entries as the dataset has axes, and the bytes outlive the call.
            unsafe {
                hdf5_sys::h5d::H5Dwrite_chunk(
                    dataset.id(),
                    hdf5_sys::h5p::H5P_DEFAULT,
                    0,
                    offset.as_ptr(),
                    chunk.bytes.len(),
                    chunk.bytes.as_ptr().cast(),
                )
            }
        });
        if code < 0 {
            let reason =
                hdf5::Error::query().map_or_else(|_| "a chunk was refused".into(), |e| e.to_string());
            return Err(Error::Hdf5 {
                action: "write",
                path: self.path.clone(),
                reason: first_line(&reason),
            });
        }
        Ok(())
    }

    pub fn link(&self, target: &str, name: &str) -> Result<()> {
        self.ok(self.file.link_hard(target, name))
    }

    pub fn attribute<T: H5Type>(&self, object: &Location, name: &str, value: T) -> Result<()> {
        let attribute = self.ok(object.new_attr::<T>().create(name))?;
        self.ok(attribute.write_scalar(&value))
    }

    pub fn attribute_array<T: H5Type>(&self, object: &Location, name: &str, values: &[T]) -> Result<()> {
        self.ok(object.new_attr_builder().with_data(values).create(name)).map(|_| ())
    }

    pub fn attribute_text(&self, object: &Location, name: &str, value: &str) -> Result<()> {
        let value = self.unicode(value)?;
        self.attribute(object, name, value)
    }

    pub fn attribute_texts(&self, object: &Location, name: &str, values: &[String]) -> Result<()> {
        let values = values.iter().map(|value| self.unicode(value)).collect::<Result<Vec<_>>>()?;
        self.attribute_array(object, name, &values)
    }

    fn unicode(&self, text: &str) -> Result<VarLenUnicode> {
        text.parse().map_err(|_| Error::Hdf5 {
            action: "write",
            path: self.path.clone(),
            reason: "a text holds a NUL character".into(),
        })
    }

    /// Flushes and closes the file. Without this, or after an error, it stays open until the process ends.
    ///
    /// # Errors
    /// When not everything reached the file.
    pub fn finish(mut self) -> Result<()> {
        self.ok(self.file.flush())?;
        // SAFETY: the flush has written everything, so closing is safe; `self` is not used again.
        let (file, datasets) =
            unsafe { (ManuallyDrop::take(&mut self.file), ManuallyDrop::take(&mut self.datasets)) };
        drop(datasets);
        let path = self.path;
        file.close().map_err(|error| failed(&path, &error))
    }
}

/// Makes the library accept the zstd filter, which it does not have, for datasets that it never (un)packs itself:
/// chunks are written and read as they stand.
///
/// # Safety
/// No other thread calls the library meanwhile.
unsafe fn declare_zstd() {
    use hdf5_sys::h5z::{H5Z_CLASS_T_VERS, H5Z_class2_t, H5Zregister};
    unsafe extern "C" fn never(
        _: u32,
        _: usize,
        _: *const u32,
        _: usize,
        _: *mut usize,
        _: *mut *mut std::ffi::c_void,
    ) -> usize {
        // Failure.
        0
    }
    let class = H5Z_class2_t {
        version: H5Z_CLASS_T_VERS as i32,
        id: ZSTD_FILTER,
        encoder_present: 1,
        decoder_present: 1,
        name: c"zstd".as_ptr(),
        can_apply: None,
        set_local: None,
        filter: Some(never),
    };
    // SAFETY: the library copies the class. A refusal shows when a dataset asks for the filter.
    unsafe { H5Zregister((&raw const class).cast()) };
}

fn failed(path: &Path, error: &hdf5::Error) -> Error {
    Error::Hdf5 { action: "write", path: path.to_path_buf(), reason: first_line(&error.to_string()) }
}

/// The library's messages hold a stack of calls, times and addresses.
pub fn first_line(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    match (line.find("error message = '"), line.find("errno = 28")) {
        (_, Some(_)) => "no space left on the disk".to_string(),
        (Some(at), _) => line[at + 17..].split('\'').next().unwrap_or(line).to_string(),
        _ => line.to_string(),
    }
}
