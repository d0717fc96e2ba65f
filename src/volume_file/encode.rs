//! Blocks -> chunks of the file, ready-made: converted, hashed, shuffled and compressed on the worker that
//! rendered them.

use std::io;
use std::sync::{Mutex, PoisonError};

use blake3::{Hash, Hasher};

use super::contiguous::{Contiguous, dark};
use super::layout::{HASH_EDGE, Layout};
use super::pack::Packer;
use crate::grid::Box3;
use crate::render::{Block, BlockGrid, Real, Sink};
use crate::scene::{Compression, Dtype};
use crate::simd::for_every_width;

/// What a rendered block becomes.
#[derive(Default)]
pub struct Encoded {
    pub chunks: Vec<Chunk>,
    pub digests: Vec<Digest>,
    /// Voxels that a whole-number type cannot hold.
    pub saturated: u64,
    /// The largest magnitude before rounding.
    pub highest: f64,
}

pub struct Chunk {
    /// Its first voxel in the file's volume, x y z.
    pub offset: [u64; 3],
    pub bytes: Vec<u8>,
}

/// The digest of one block of the hash.
pub struct Digest {
    /// Its number among the volume's blocks of the hash.
    pub index: usize,
    pub hash: Hash,
}

/// Buffers of chunks that have been written, to be filled again: the system clears new memory page by page, which
/// takes longer than what is put there.
#[derive(Default)]
pub struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Takes back the buffer of a chunk.
    pub fn give(&self, chunk: Chunk) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(chunk.bytes);
    }
}

/// Turns blocks into chunks and digests.
pub struct Encoder<'a> {
    pub layout: &'a Layout,
    pub dtype: Dtype,
    pub compression: Compression,
    /// Whether to make chunks, and whether to make digests.
    pub chunks: bool,
    pub digests: bool,
    /// Where the blocks of a volume in one piece go, which then has no chunks.
    pub place: Option<&'a Contiguous>,
    pub spare: Spare,
}

/// Buffers that a worker keeps from block to block.
#[derive(Default)]
pub struct Scratch {
    voxels: Vec<u8>,
    part: Vec<u8>,
    packer: Packer,
}

impl Sink for Encoder<'_> {
    type Out = io::Result<Encoded>;
    type Scratch = Scratch;

    fn block<T: Real>(&self, scratch: &mut Scratch, _: usize, block: &Block<T>) -> io::Result<Encoded> {
        let mut out = Encoded::default();
        let extent = block.extent();
        convert(block, self.dtype, &mut scratch.voxels, &mut out);
        let first = [0, 1, 2].map(|a| block.voxels[a].start - self.layout.region[a].start);
        let whole = extent.map(|n| 0..n as u64);
        let bytes = self.dtype.bytes();
        if self.digests {
            let hash_blocks = self.layout.hash_blocks();
            let parts = BlockGrid::new(&whole, [HASH_EDGE; 3]);
            for part in (0..parts.len()).map(|i| parts.voxels(i)) {
                // A slice at a time stays in the first-level cache.
                let depth = if sizes(&part) == extent { extent[2] as u64 } else { 1 };
                let mut hasher = Hasher::new();
                for z in part[2].clone().step_by(depth as usize) {
                    let slices = [part[0].clone(), part[1].clone(), z..z + depth];
                    hasher.update(gather(
                        &scratch.voxels,
                        extent,
                        bytes,
                        &slices,
                        sizes(&slices),
                        &mut scratch.part,
                    ));
                }
                let at = [0, 1, 2].map(|a| (first[a] + part[a].start) / HASH_EDGE);
                let index = (at[2] * hash_blocks.count[1] + at[1]) * hash_blocks.count[0] + at[0];
                out.digests.push(Digest { index: index as usize, hash: hasher.finalize() });
            }
        }
        if let Some(place) = self.place {
            place.write(first, extent, &scratch.voxels)?;
        }
        if self.chunks {
            let parts = BlockGrid::new(&whole, self.layout.chunk);
            for part in (0..parts.len()).map(|i| parts.voxels(i)) {
                let chunk = self.layout.chunk.map(|n| n as usize);
                let voxels = gather(&scratch.voxels, extent, bytes, &part, chunk, &mut scratch.part);
                if dark(voxels) {
                    continue;
                }
                let mut packed = self.spare.take();
                scratch.packer.pack(voxels, bytes, self.compression, &mut packed)?;
                out.chunks.push(Chunk { offset: [0, 1, 2].map(|a| first[a] + part[a].start), bytes: packed });
            }
        }
        Ok(out)
    }
}

for_every_width! {
    /// Puts the block's voxels into `out` as the file holds them: little-endian, C order.
    pub fn convert<T: Real>(block: &Block<T>, dtype: Dtype, out: &mut Vec<u8>, seen: &mut Encoded) = convert_block;
}

#[inline(always)]
fn convert_block<T: Real>(block: &Block<T>, dtype: Dtype, out: &mut Vec<u8>, seen: &mut Encoded) {
    let [width, height, depth] = block.extent();
    let bytes = dtype.bytes();
    out.clear();
    out.resize(width * height * depth * bytes, 0);
    for tile in block.tiles() {
        for z in 0..tile.extent[2] {
            for y in 0..tile.extent[1] {
                let row = &tile.row(y, z)[..tile.extent[0]];
                let at = ((tile.first[2] + z) * height + tile.first[1] + y) * width + tile.first[0];
                convert_row(row, dtype, &mut out[at * bytes..(at + row.len()) * bytes], seen);
            }
        }
    }
}

#[inline(always)]
fn convert_row<T: Real>(row: &[T], dtype: Dtype, out: &mut [u8], seen: &mut Encoded) {
    // Magnitudes are in the order of their bits, which unlike numbers have a maximum that is quickly found.
    let highest = row.iter().map(|value| value.to_f64().abs().to_bits()).fold(0, u64::max);
    seen.highest = f64::from_bits(highest.max(seen.highest.to_bits()));
    // Adding 0 turns -0 into 0, so that voxels without light have one form only.
    match dtype {
        Dtype::Float32 => {
            for (out, value) in out.as_chunks_mut::<4>().0.iter_mut().zip(row) {
                *out = (value.to_f64() as f32 + 0.0).to_le_bytes();
            }
        }
        Dtype::Float64 => {
            for (out, value) in out.as_chunks_mut::<8>().0.iter_mut().zip(row) {
                *out = (value.to_f64() + 0.0).to_le_bytes();
            }
        }
        Dtype::Uint8 => {
            let put = |out: &mut [u8; 1], value: u64| *out = [value as u8];
            convert_whole(row, f64::from(u8::MAX), out, put, seen);
        }
        Dtype::Uint16 => {
            let put = |out: &mut [u8; 2], value: u64| *out = (value as u16).to_le_bytes();
            convert_whole(row, f64::from(u16::MAX), out, put, seen);
        }
        Dtype::Uint32 => {
            let put = |out: &mut [u8; 4], value: u64| *out = (value as u32).to_le_bytes();
            convert_whole(row, f64::from(u32::MAX), out, put, seen);
        }
    }
}

/// Rounds to nearest, ties to even, and saturates.
#[inline(always)]
fn convert_whole<T: Real, const BYTES: usize>(
    row: &[T],
    most: f64,
    out: &mut [u8],
    put: impl Fn(&mut [u8; BYTES], u64),
    seen: &mut Encoded,
) {
    let mut saturated = 0;
    for (out, value) in out.as_chunks_mut::<BYTES>().0.iter_mut().zip(row) {
        let rounded = value.to_f64().round_ties_even();
        let kept = rounded.clamp(0.0, most);
        saturated += u64::from(rounded != kept);
        // From 2^52 on the lowest bits are the whole number: quicker than a conversion with all its special cases.
        put(out, (kept + (1_u64 << 52) as f64).to_bits());
    }
    seen.saturated += saturated;
}

fn sizes(part: &Box3) -> [usize; 3] {
    part.each_ref().map(|range| (range.end - range.start) as usize)
}

/// The voxels `part` of a block of `extent` voxels (x y z) as an array of `size` voxels, zeros behind; copied into
/// `out` unless they are all of the block.
fn gather<'a>(
    voxels: &'a [u8],
    extent: [usize; 3],
    bytes: usize,
    part: &Box3,
    size: [usize; 3],
    out: &'a mut Vec<u8>,
) -> &'a [u8] {
    let filled = sizes(part);
    if filled == extent && size == extent {
        return voxels;
    }
    out.clear();
    if filled != size {
        out.resize(size.iter().product::<usize>() * bytes, 0);
    }
    let start = part.each_ref().map(|range| range.start as usize);
    for z in 0..filled[2] {
        for y in 0..filled[1] {
            let from = ((start[2] + z) * extent[1] + start[1] + y) * extent[0] + start[0];
            let row = &voxels[from * bytes..(from + filled[0]) * bytes];
            if filled == size {
                out.extend_from_slice(row);
            } else {
                let to = (z * size[1] + y) * size[0] * bytes;
                out[to..to + row.len()].copy_from_slice(row);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_round_to_even_and_saturate() {
        let mut seen = Encoded::default();
        let mut out = [0; 14];
        convert_row(&[0.5_f64, 1.5, 2.5, -0.4, -0.6, 65_535.4, 65_535.5], Dtype::Uint16, &mut out, &mut seen);
        let got: Vec<u16> = out.as_chunks().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
        assert_eq!(got, [0, 2, 2, 0, 0, 65_535, 65_535]);
        assert_eq!(seen.saturated, 2);
    }
}
