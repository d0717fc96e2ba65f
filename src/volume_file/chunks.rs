//! Where the chunks of a volume lie in its file. The HDF5 library is asked once for all: for a single one it looks through
//! all others. They are read past it, which does one thing at a time.

use std::fs::File;

use hdf5::Dataset;

use super::bytes_at::read_at;

/// The chunks that a file stores, in the order of their first voxels.
pub struct Chunks(Vec<Stored>);

/// A chunk in the file.
struct Stored {
    /// Its first voxel, z y x.
    first: [u64; 3],
    place: u64,
    bytes: u64,
    /// Whether all filters were applied.
    filtered: bool,
}

impl Chunks {
    /// Lists the chunks of a volume of at most three axes.
    pub fn list(volume: &Dataset) -> hdf5::Result<Chunks> {
        let mut stored = Vec::new();
        volume.chunks_visit(|chunk| {
            let mut first = [0; 3];
            for (first, &voxel) in first.iter_mut().rev().zip(chunk.offset.iter().rev()) {
                *first = voxel;
            }
            let filtered = chunk.filter_mask == 0;
            // A chunk may have an entry, but no place yet.
            if chunk.size > 0 && chunk.addr != hdf5_sys::h5::HADDR_UNDEF {
                stored.push(Stored { first, place: chunk.addr, bytes: chunk.size, filtered });
            }
            0
        })?;
        stored.sort_unstable_by_key(|chunk| chunk.first);
        Ok(Chunks(stored))
    }

    /// The bytes of the chunk that begins at voxel `first` (x y z), at most `most`, as they stand in `file`; `None` where it
    /// stores none.
    ///
    /// # Errors
    /// What is wrong with the chunk.
    pub fn read(&self, file: &File, [x, y, z]: [u64; 3], most: u64) -> Result<Option<Vec<u8>>, &'static str> {
        let found = self.0.binary_search_by_key(&[z, y, x], |chunk| chunk.first);
        let Ok(found) = found.map(|i| &self.0[i]) else { return Ok(None) };
        if !found.filtered {
            return Err("a chunk was stored without its filters");
        }
        if found.bytes > most {
            return Err("a chunk has an impossible size");
        }
        let mut bytes = vec![0; found.bytes as usize];
        read_at(file, &mut bytes, found.place).map_err(|_| "a chunk is cut short")?;
        Ok(Some(bytes))
    }
}
