//! Where the chunks of a volume lie in its file. The HDF5 library is asked once for all: for a single one it looks through
//! all others. They are read past it, which does one thing at a time.

use std::fs::File;

use hdf5::Dataset;

use super::bytes_at::read_at;
use crate::grid::Box3;
use crate::render::BlockGrid;

/// The chunks that a file stores.
pub struct Chunks {
    /// Chunks along x y z.
    count: [u64; 3],
    /// Voxels of a chunk, x y z.
    size: [u64; 3],
    /// By their numbers, in C order.
    stored: Vec<Stored>,
}

/// A chunk in the file.
struct Stored {
    number: u64,
    place: u64,
    bytes: u64,
    /// Whether all filters were applied.
    filtered: bool,
}

impl Chunks {
    /// Lists the chunks of `volume`, which have `size` voxels along x y z in a volume of `whole`.
    pub fn list(volume: &Dataset, whole: &Box3, size: [u64; 3]) -> hdf5::Result<Chunks> {
        let mut chunks = Chunks { count: BlockGrid::new(whole, size).count, size, stored: Vec::new() };
        volume.chunks_visit(|chunk| {
            let mut first = [0; 3];
            for (first, &place) in first.iter_mut().zip(chunk.offset.iter().rev()) {
                *first = place;
            }
            chunks.stored.push(Stored {
                number: chunks.number(first),
                place: chunk.addr,
                bytes: chunk.size,
                filtered: chunk.filter_mask == 0,
            });
            0
        })?;
        chunks.stored.sort_unstable_by_key(|chunk| chunk.number);
        Ok(chunks)
    }

    /// The number of the chunk that begins at voxel `first`, x y z.
    fn number(&self, first: [u64; 3]) -> u64 {
        let [x, y, z] = [0, 1, 2].map(|a| first[a] / self.size[a]);
        (z * self.count[1] + y) * self.count[0] + x
    }

    /// The bytes of the chunk that begins at voxel `first`, at most `most`, as they stand in `file`; `None` where it stores
    /// none.
    ///
    /// # Errors
    /// What is wrong with the chunk.
    pub fn read(&self, file: &File, first: [u64; 3], most: u64) -> Result<Option<Vec<u8>>, &'static str> {
        let found = self.stored.binary_search_by_key(&self.number(first), |chunk| chunk.number);
        let Ok(found) = found.map(|i| &self.stored[i]) else { return Ok(None) };
        if !found.filtered || found.bytes > most {
            return Err("a chunk has an impossible size");
        }
        let mut bytes = vec![0; found.bytes as usize];
        read_at(file, &mut bytes, found.place).map_err(|_| "a chunk is cut short")?;
        Ok(Some(bytes))
    }
}
