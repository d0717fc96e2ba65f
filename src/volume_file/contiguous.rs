//! An uncompressed volume, which lies in the file as one piece: its rows are written and read where they belong,
//! by all threads, past the HDF5 library, which does one thing at a time. What holds no light is left out: a hole
//! in the file reads as zeros.

use std::fs::File;
use std::io;
use std::path::Path;

use super::bytes_at::{read_at, write_at};

pub struct Contiguous {
    file: File,
    /// Where the volume begins in the file.
    offset: u64,
    /// Voxels of the volume, x y z, and the bytes of one.
    shape: [u64; 3],
    bytes: usize,
}

impl Contiguous {
    /// Opens the file at `path` to write a volume into it.
    pub fn create(path: &Path, offset: u64, shape: [u64; 3], bytes: usize) -> io::Result<Contiguous> {
        let file = File::options().write(true).open(path)?;
        Ok(Contiguous { file, offset, shape, bytes })
    }

    /// Takes the open `file` to read its volume, all of which must be there.
    pub fn open(file: File, offset: u64, shape: [u64; 3], bytes: usize) -> io::Result<Contiguous> {
        let voxels = shape.iter().try_fold(bytes as u64, |product, &n| product.checked_mul(n));
        let end = voxels.and_then(|bytes| bytes.checked_add(offset));
        if end.is_none_or(|end| end > file.metadata().map_or(0, |info| info.len())) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Contiguous { file, offset, shape, bytes })
    }

    /// Where a voxel lies in the file; it is one of the volume's.
    fn place(&self, [x, y, z]: [u64; 3]) -> u64 {
        self.offset + ((z * self.shape[1] + y) * self.shape[0] + x) * self.bytes as u64
    }

    /// Writes rows of `width` voxels of one slice, one behind the other from voxel `first` on.
    pub fn write(&self, first: [u64; 3], width: usize, voxels: &[u8]) -> io::Result<()> {
        // Rows as long as the volume's are one piece.
        let whole = width as u64 == self.shape[0];
        let piece = if whole { voxels.len() } else { width * self.bytes };
        for (row, piece) in voxels.chunks(piece).enumerate() {
            write_at(&self.file, piece, self.place([first[0], first[1] + row as u64, first[2]]))?;
        }
        Ok(())
    }

    /// Reads a block of `extent` voxels that begins at voxel `first` into one of `size` voxels, zeros behind.
    pub fn read(&self, first: [u64; 3], extent: [usize; 3], size: [usize; 3]) -> io::Result<Vec<u8>> {
        let mut voxels = vec![0; size.iter().product::<usize>() * self.bytes];
        // Rows as long as the volume's are one piece.
        let rows = if extent[0] == size[0] && extent[0] as u64 == self.shape[0] { extent[1] } else { 1 };
        for z in 0..extent[2] {
            for y in (0..extent[1]).step_by(rows) {
                let at = (z * size[1] + y) * size[0] * self.bytes;
                let place = self.place([first[0], first[1] + y as u64, first[2] + z as u64]);
                read_at(&self.file, &mut voxels[at..at + rows * extent[0] * self.bytes], place)?;
            }
        }
        Ok(voxels)
    }
}
