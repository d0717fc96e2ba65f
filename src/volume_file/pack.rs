//! Chunks -> the bytes that stand in the file: shuffled and compressed as the HDF5 filters do, and back.

use std::io;

use libdeflater::{CompressionLvl, Compressor, Decompressor};

use super::deflate::Deflater;
use crate::scene::Compression;
use crate::simd::for_every_width;

/// Packs chunks; keeps its memory from one to the next.
#[derive(Default)]
pub struct Packer {
    shuffled: Vec<u8>,
    fast: Deflater,
    /// The compressor of a higher level, and that level.
    thorough: Option<(u32, Compressor)>,
    zstd: Option<(u32, zstd::bulk::Compressor<'static>)>,
}

impl Packer {
    /// Packs elements of `size` bytes each into `out`.
    pub fn pack(
        &mut self,
        bytes: &[u8],
        size: usize,
        compression: Compression,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        out.clear();
        if compression == Compression::None {
            out.extend_from_slice(bytes);
            return Ok(());
        }
        self.shuffled.resize(bytes.len(), 0);
        shuffle(bytes, size, &mut self.shuffled);
        match compression {
            Compression::None => {}
            Compression::Gzip(1) => {
                out.extend_from_slice(self.fast.zlib(&self.shuffled, bytes.len() / size.max(1)));
            }
            Compression::Gzip(level) => {
                let compressor = match &mut self.thorough {
                    Some((kept, compressor)) if *kept == level => compressor,
                    slot => {
                        let level_of_library =
                            CompressionLvl::new(level as i32).map_err(|_| io::ErrorKind::InvalidInput)?;
                        &mut slot.insert((level, Compressor::new(level_of_library))).1
                    }
                };
                out.resize(compressor.zlib_compress_bound(bytes.len()), 0);
                let packed = compressor.zlib_compress(&self.shuffled, out).map_err(io::Error::other)?;
                out.truncate(packed);
            }
            Compression::Zstd(level) => {
                let compressor = match &mut self.zstd {
                    Some((kept, compressor)) if *kept == level => compressor,
                    slot => &mut slot.insert((level, zstd::bulk::Compressor::new(level as i32)?)).1,
                };
                out.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
                compressor.compress_to_buffer(&self.shuffled, out)?;
            }
        }
        Ok(())
    }
}

for_every_width! {
    /// All first bytes, then all second bytes, … as the HDF5 shuffle filter; `out` is as long as `bytes`.
    fn shuffle(bytes: &[u8], size: usize, out: &mut [u8]) = shuffle_elements;
}

#[inline(always)]
fn shuffle_elements(bytes: &[u8], size: usize, out: &mut [u8]) {
    match size {
        2 => shuffle_sized::<2>(bytes, out),
        4 => shuffle_sized::<4>(bytes, out),
        8 => shuffle_sized::<8>(bytes, out),
        0 | 1 => out.copy_from_slice(bytes),
        _ => {
            let words = size / 8 * 8;
            (0..words).step_by(8).for_each(|first| shuffle_part::<8>(bytes, size, first, out));
            (words..size).for_each(|first| shuffle_part::<1>(bytes, size, first, out));
        }
    }
}

/// Elements that are shuffled at once, which the compiler turns into permutations of vectors.
const AT_ONCE: usize = 64;

/// Shuffles `PART` bytes of elements of any size, from byte `first` of each on.
#[inline(always)]
fn shuffle_part<const PART: usize>(bytes: &[u8], size: usize, first: usize, out: &mut [u8]) {
    let count = bytes.len() / size;
    for (g, elements) in bytes.chunks(AT_ONCE * size).enumerate() {
        let mut group = [[0; PART]; AT_ONCE];
        for (part, element) in group.iter_mut().zip(elements.chunks_exact(size)) {
            part.copy_from_slice(&element[first..first + PART]);
        }
        for byte in 0..PART {
            let plane: [u8; AT_ONCE] = std::array::from_fn(|i| group[i][byte]);
            let at = (first + byte) * count + g * AT_ONCE;
            let filled = elements.len() / size;
            out[at..at + filled].copy_from_slice(&plane[..filled]);
        }
    }
}

/// The same for the whole of elements of `SIZE` bytes: they lie together already, which makes it several times faster.
#[inline(always)]
fn shuffle_sized<const SIZE: usize>(bytes: &[u8], out: &mut [u8]) {
    let (elements, _) = bytes.as_chunks::<SIZE>();
    let count = elements.len();
    let (groups, rest) = elements.as_chunks::<AT_ONCE>();
    for (g, group) in groups.iter().enumerate() {
        for byte in 0..SIZE {
            let mut plane = [0; AT_ONCE];
            for i in 0..AT_ONCE {
                plane[i] = group[i][byte];
            }
            out[byte * count + g * AT_ONCE..][..AT_ONCE].copy_from_slice(&plane);
        }
    }
    for (i, element) in (count - rest.len()..).zip(rest) {
        for byte in 0..SIZE {
            out[byte * count + i] = element[byte];
        }
    }
}

/// Undoes [`Packer::pack`] for a chunk of `length` bytes; `None` where the bytes are damaged.
pub fn unpack(bytes: &[u8], size: usize, length: usize, compression: Compression) -> Option<Vec<u8>> {
    let shuffled = match compression {
        Compression::None => return (bytes.len() == length).then(|| bytes.to_vec()),
        Compression::Gzip(_) => {
            let mut out = vec![0; length];
            let unpacked = Decompressor::new().zlib_decompress(bytes, &mut out).ok()?;
            out.truncate(unpacked);
            out
        }
        Compression::Zstd(_) => zstd::bulk::decompress(bytes, length).ok()?,
    };
    if shuffled.len() != length {
        return None;
    }
    if size == 1 {
        return Some(shuffled);
    }
    let mut out = vec![0; length];
    unshuffle(&shuffled, size, &mut out);
    Some(out)
}

for_every_width! {
    fn unshuffle(bytes: &[u8], size: usize, out: &mut [u8]) = unshuffle_elements;
}

#[inline(always)]
fn unshuffle_elements(bytes: &[u8], size: usize, out: &mut [u8]) {
    match size {
        2 => unshuffle_sized::<2>(bytes, out),
        4 => unshuffle_sized::<4>(bytes, out),
        8 => unshuffle_sized::<8>(bytes, out),
        _ => out.copy_from_slice(bytes),
    }
}

#[inline(always)]
fn unshuffle_sized<const SIZE: usize>(bytes: &[u8], out: &mut [u8]) {
    let (elements, _) = out.as_chunks_mut::<SIZE>();
    let count = elements.len();
    let planes: [&[u8]; SIZE] = std::array::from_fn(|byte| &bytes[byte * count..][..count]);
    for (i, element) in elements.iter_mut().enumerate() {
        *element = std::array::from_fn(|byte| planes[byte][i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_can_be_undone() {
        let bytes: Vec<u8> = (0..4104_u32).flat_map(|i| (i * i).to_le_bytes()).collect();
        let mut packer = Packer::default();
        let gzip = (1..=9).map(Compression::Gzip);
        for compression in [Compression::None, Compression::Zstd(3)].into_iter().chain(gzip) {
            for size in [1, 2, 4, 8] {
                let mut packed = Vec::new();
                packer.pack(&bytes, size, compression, &mut packed).unwrap();
                assert_eq!(unpack(&packed, size, bytes.len(), compression).as_deref(), Some(&bytes[..]));
                assert_eq!(unpack(&packed, size, bytes.len() + 8, compression), None);
                assert_eq!(unpack(&packed, size, bytes.len() - 8, compression), None);
            }
        }
    }

    #[test]
    fn the_shuffle_is_that_of_hdf5() {
        for size in [1, 2, 3, 4, 8, 13] {
            let bytes: Vec<u8> = (0..size * 150).map(|i| (i * 7 % 251) as u8).collect();
            let mut out = vec![0; bytes.len()];
            shuffle(&bytes, size, &mut out);
            let expected: Vec<u8> =
                (0..size).flat_map(|byte| bytes[byte..].iter().step_by(size).copied()).collect();
            assert_eq!(out, expected);
        }
    }
}
