//! Blocks -> chunks of the file, ready-made: converted, hashed, shuffled and compressed on the worker that
//! rendered them.

use std::io;
use std::sync::{Mutex, PoisonError};

use blake3::{Hash, Hasher};

use super::contiguous::Contiguous;
use super::convert::{Seen, convert_slice};
use super::layout::{HASH_EDGE, Layout};
use super::pack::Packer;
use crate::grid::Box3;
use crate::render::{Block, BlockGrid, Real, Sink};
use crate::scene::{Compression, Dtype};

/// What a rendered block becomes.
#[derive(Default)]
pub struct Encoded {
    pub chunks: Vec<Chunk>,
    pub digests: Vec<Digest>,
    pub seen: Seen,
    /// Bytes that go, or went, into the file.
    pub written: u64,
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
    hashing: Vec<Hashing>,
    packer: Packer,
}

/// A block of the hash while its slices come in.
#[derive(Default)]
struct Hashing {
    hasher: Hasher,
    waiting: Vec<u8>,
}

/// Bytes that are hashed at once: what the widest registers work on side by side.
const HASHED_AT_ONCE: usize = 1 << 14;

impl Hashing {
    /// Adds the voxels `part` (x y) of a slice whose rows are `row` bytes apart.
    fn add(&mut self, slice: &[u8], row: usize, part: &Box3, bytes: usize) {
        let [from, to] = [part[0].start, part[0].end].map(|x| x as usize * bytes);
        for y in part[1].clone() {
            self.waiting.extend_from_slice(&slice[y as usize * row..][from..to]);
        }
        if self.waiting.len() >= HASHED_AT_ONCE {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
    }

    fn finish(mut self) -> Hash {
        self.hasher.update(&self.waiting);
        self.hasher.finalize()
    }
}

impl Sink for Encoder<'_> {
    type Out = io::Result<Encoded>;
    type Scratch = Scratch;

    fn block<T: Real>(&self, scratch: &mut Scratch, _: usize, block: &Block<T>) -> io::Result<Encoded> {
        let mut out = Encoded::default();
        let extent = block.extent();
        let first = [0, 1, 2].map(|a| block.voxels[a].start - self.layout.region[a].start);
        let whole = extent.map(|n| 0..n as u64);
        let bytes = self.dtype.bytes();
        let slice = extent[0] * extent[1] * bytes;
        // Each slice is converted, hashed and written while it is in the cache; only chunks need all of them.
        scratch.voxels.resize(if self.chunks { extent[2] * slice } else { slice }, 0);
        let hashes = BlockGrid::new(&[whole[0].clone(), whole[1].clone(), 0..1], [HASH_EDGE, HASH_EDGE, 1]);
        // A block of the hash as wide as this one lies together, where its slices are kept.
        let together = self.chunks && hashes.len() == 1;
        for layer in (0..extent[2]).step_by(HASH_EDGE as usize) {
            let slices = layer..(layer + HASH_EDGE as usize).min(extent[2]);
            scratch.hashing.clear();
            scratch.hashing.resize_with(if self.digests { hashes.len() } else { 0 }, Hashing::default);
            for z in slices.clone() {
                let at = if self.chunks { z * slice } else { 0 };
                let voxels = &mut scratch.voxels[at..at + slice];
                let lit = convert_slice(block, z, self.dtype, voxels, &mut out.seen);
                if !together {
                    for (part, hashing) in scratch.hashing.iter_mut().enumerate() {
                        hashing.add(voxels, extent[0] * bytes, &hashes.voxels(part), bytes);
                    }
                }
                if let (Some(place), false) = (self.place, lit.is_empty()) {
                    let (row, [x, y, first_z]) = (extent[0] * bytes, first);
                    let begin = [x, y + lit.start as u64, first_z + z as u64];
                    let voxels = &voxels[lit.start * row..lit.end * row];
                    place.write(begin, extent[0], voxels)?;
                    out.written += voxels.len() as u64;
                }
            }
            if let (true, [hashing]) = (together, &mut scratch.hashing[..]) {
                hashing.hasher.update(&scratch.voxels[slices.start * slice..slices.end * slice]);
            }
            let blocks = self.layout.hash_blocks();
            for (part, hashing) in scratch.hashing.drain(..).enumerate() {
                let part = hashes.voxels(part);
                let at = |a: usize, within: u64| (first[a] + within) / HASH_EDGE;
                let [x, y, z] = [at(0, part[0].start), at(1, part[1].start), at(2, layer as u64)];
                let index = (z * blocks.count[1] + y) * blocks.count[0] + x;
                out.digests.push(Digest { index: index as usize, hash: hashing.finish() });
            }
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
                out.written += packed.len() as u64;
                out.chunks.push(Chunk { offset: [0, 1, 2].map(|a| first[a] + part[a].start), bytes: packed });
            }
        }
        Ok(out)
    }
}

/// Puts the block's voxels into `out` as the file holds them: little-endian, C order.
pub fn convert<T: Real>(block: &Block<T>, dtype: Dtype, out: &mut Vec<u8>) {
    let [width, height, depth] = block.extent();
    let slice = width * height * dtype.bytes();
    out.resize(depth * slice, 0);
    for (z, out) in out.chunks_exact_mut(slice).enumerate() {
        convert_slice(block, z, dtype, out, &mut Seen::default());
    }
}

/// Whether all bytes are 0; a page at a time, so that the end comes early where there is light.
fn dark(bytes: &[u8]) -> bool {
    bytes.chunks(4096).all(|page| page.iter().fold(0, |any, byte| any | byte) == 0)
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
