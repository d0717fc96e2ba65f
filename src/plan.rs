//! What a run will take, before anything large is allocated.

use std::path::Path;

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use crate::diagnostic::counted;
use crate::error::{Error, Result};
use crate::grid::Box3;
use crate::memory::{size_text, whole_pages};
use crate::populate::{BYTES_PER_SPOT, Spots};
use crate::render::{Renderer, padded};
use crate::scene::{Compression, Precision, Scene};
use crate::volume_file::layout::{HASH_EDGE, Layout};
use crate::volume_file::skipped_before;

/// What a run may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes.
    pub memory: u64,
    pub threads: usize,
}

/// Code, HDF5's own tables, stacks.
const FIXED: u64 = 24 << 20;

/// Tables of factors, strokes and the compressor of one worker.
const PER_WORKER: u64 = 6 << 20;

/// Digest of a block of the hash, with what holds it.
const PER_HASH_BLOCK: u64 = 64;

/// Entry of a chunk in the file's index.
const PER_CHUNK: u64 = 128;

/// What does not shrink is stored in pieces of at least so many bytes, which take a few bytes more.
const STORED: u64 = 4096;

/// How many times smaller compression may make a volume: deflate at most 1032 times.
const MOST_SHRUNK: u64 = 1000;

/// Bytes of a reference to a spot in a list, with the room in which the list grows.
const PER_REFERENCE: u64 = 8;

/// Lists of spots that are worth holding at once.
const MOST_LISTS: u64 = 256 << 20;

/// Voxels of a block that would be too large to spread over threads.
const MOST_BLOCK_VOXELS: u64 = 1 << 24;

/// The plan of one run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub layout: Layout,
    pub spots: u64,
    pub voxels: u64,
    /// Bytes of the volume as an array.
    pub volume_bytes: u64,
    /// The most bytes the file may take on the disk.
    pub file_bytes: u64,
    /// Blocks that may wait for the writer.
    pub window: usize,
    /// Bytes for the lists of which spots reach which block, and how many of them are likely to be used.
    lists: u64,
    expected_lists: u64,
    /// Bytes for all else.
    besides_lists: u64,
}

impl Limits {
    /// `memory` and `threads`, or what the machine has free.
    pub fn new(memory: Option<u64>, threads: Option<usize>) -> Limits {
        let threads = threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
            .clamp(1, 4096);
        Limits { memory: memory.unwrap_or_else(free_memory), threads }
    }

    /// How many spots fit into half of the memory.
    pub fn most_spots(&self) -> u64 {
        (self.memory / 2 / BYTES_PER_SPOT).min(u64::from(u32::MAX))
    }
}

/// Memory that this machine, or the container around this process, has free.
fn free_memory() -> u64 {
    let system = System::new_with_specifics(
        RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram()),
    );
    let available = system.available_memory();
    system.cgroup_limits().map_or(available, |limits| limits.free_memory.min(available))
}

/// Refuses a grid whose size alone is beyond the limits; to be called before the spots are placed.
///
/// # Errors
/// The limit that is hit.
pub fn admit_grid(scene: &Scene, region: &Box3, limits: &Limits) -> Result<()> {
    let blocks: u128 =
        region.iter().map(|range| u128::from((range.end - range.start).div_ceil(HASH_EDGE))).product();
    if limits.memory < FIXED {
        return Err(Error::Limit(format!(
            "{} of memory are allowed, and the program alone needs {}; raise --max-memory",
            size_text(u128::from(limits.memory)),
            size_text(u128::from(FIXED)),
        )));
    }
    let axis = u128::from(longest_axis(region)) * 8;
    let needed = blocks.saturating_mul(u128::from(PER_HASH_BLOCK)) + u128::from(FIXED) + axis;
    if needed > u128::from(limits.memory) {
        return Err(Error::Limit(format!(
            "a grid of {} voxels takes {} of memory to keep track of, and {} are allowed; render a part of it with \
             --region",
            scene.grid.part(region).shape_text(),
            size_text(needed),
            size_text(u128::from(limits.memory)),
        )));
    }
    Ok(())
}

/// Voxels along the longest axis: the file lists the world coordinates of each axis.
fn longest_axis(region: &Box3) -> u64 {
    region.iter().map(|range| range.end - range.start).fold(0, u64::max)
}

impl Plan {
    /// Plans to render `region` with the spots at hand.
    ///
    /// # Errors
    /// The limit that is hit.
    pub fn new(scene: &Scene, spots: &Spots, region: &Box3, limits: &Limits) -> Result<Plan> {
        admit_grid(scene, region, limits)?;
        let threads = limits.threads as u64;
        let voxels: u64 = region.iter().map(|range| range.end - range.start).product();
        let hash_blocks: u64 =
            region.iter().map(|range| (range.end - range.start).div_ceil(HASH_EDGE)).product();
        let spots_bytes = spots.list.len() as u64 * (BYTES_PER_SPOT + 8 * spots.extras.len() as u64);
        let axis_bytes = 8 * longest_axis(region);
        let resident = FIXED + axis_bytes + hash_blocks * PER_HASH_BLOCK + spots_bytes + threads * PER_WORKER;
        let too_much = |needed: u64| {
            Error::Limit(format!(
                "the run takes {} of memory, and {} are allowed: {} for {}, the rest for {}; \
                 raise --max-memory or lower --threads, `output.chunk` or the number of spots",
                size_text(u128::from(needed)),
                size_text(u128::from(limits.memory)),
                size_text(u128::from(spots_bytes)),
                counted(spots.list.len(), "spot"),
                counted(threads, "thread"),
            ))
        };
        let free = limits.memory.checked_sub(resident).ok_or_else(|| too_much(resident))?;
        let lists = (free / 4).min(MOST_LISTS);
        let free = free - lists;
        // A voxel of a block: its sum, its final value, and its share of the chunk that is packed.
        let sum = if scene.render.precision == Precision::F64 { 8 } else { 4 };
        let dtype = scene.output.dtype.bytes() as u64;
        let per_voxel = sum + 3 * dtype;
        let affordable = free / 2 / threads / per_voxel;
        let layout = Layout::new(region, scene.output.chunk, affordable.min(MOST_BLOCK_VOXELS));
        let block: u64 = layout.blocks.block.iter().product();
        // Only the sums are padded.
        let sums = whole_pages((padded(layout.blocks.block) as u64 * sum) as usize) as u64;
        let worker = sums + block * 3 * dtype;
        let workers = threads.saturating_mul(worker);
        if workers > free / 2 {
            // A quarter of what is free is kept for lists, as far as they need it.
            let besides = workers.saturating_mul(2);
            let lists = besides.div_ceil(3).min(MOST_LISTS);
            return Err(too_much(resident.saturating_add(besides).saturating_add(lists)));
        }
        let window = ((free - workers) / 2 / (block * dtype).max(1)).clamp(1, 16 * threads);
        let volume_bytes = voxels.saturating_mul(dtype);
        Ok(Plan {
            spots: spots.list.len() as u64,
            voxels,
            volume_bytes,
            file_bytes: volume_bytes,
            window: window as usize,
            lists,
            expected_lists: lists.min(2 * PER_REFERENCE * spots.list.len() as u64),
            besides_lists: resident + workers + window * block * dtype,
            layout,
        })
    }

    /// The most memory the run is meant to take.
    pub fn memory(&self) -> u64 {
        self.besides_lists + self.expected_lists
    }

    /// How many references to spots may be held at once.
    pub fn most_references(&self) -> u64 {
        self.lists / PER_REFERENCE
    }

    /// Sharpens what is known of the file's size and of the memory by the blocks that spots really reach.
    pub fn count_light(&mut self, renderer: &Renderer<'_>) {
        let dtype = renderer.scene.output.dtype.bytes() as u64;
        // Chunks are whole, also at the edge.
        let whole = |voxels: [u64; 3]| {
            let edges = [0, 1, 2].map(|a| voxels[a].next_multiple_of(self.layout.chunk[a]));
            edges.iter().product::<u64>().saturating_mul(dtype)
        };
        let lit = renderer.references(&self.layout.blocks);
        self.expected_lists = self.lists.min(PER_REFERENCE.saturating_mul(lit));
        let table = self.spots * (130 + 8 * renderer.spots.extras.len() as u64);
        let axes: u64 = self.layout.shape().iter().map(|n| 8 * n).sum();
        // A volume in one piece has holes where it is dark, but not every disk has holes.
        let (lit_bytes, index) = if renderer.scene.output.chunk.is_none() {
            (self.volume_bytes, skipped_before(self.volume_bytes))
        } else {
            let lit = lit.saturating_mul(whole(self.layout.blocks.block)).min(whole(self.layout.shape()));
            let chunk = self.layout.chunk.iter().product::<u64>() * dtype;
            let per_chunk = PER_CHUNK + chunk / STORED * 8 + skipped_before(chunk);
            (lit, (lit / chunk + 1).saturating_mul(per_chunk))
        };
        self.file_bytes = lit_bytes.saturating_add(index + table + axes + (1 << 16));
    }

    /// Refuses a file that the disk under `target` cannot hold; a warning where it may yet, compressed.
    ///
    /// # Errors
    /// When it has less room than the file takes.
    pub fn admit_disk(&self, target: &Path, compression: Compression) -> Result<Option<String>> {
        let directory = target.parent().filter(|dir| *dir != Path::new("")).unwrap_or(Path::new("."));
        let Ok(free) = fs4::available_space(directory) else { return Ok(None) };
        if self.file_bytes <= free {
            return Ok(None);
        }
        let problem = format!(
            "`{}` may take up to {}, and its disk has {} free",
            target.display(),
            size_text(u128::from(self.file_bytes)),
            size_text(u128::from(free)),
        );
        if compression == Compression::None || self.file_bytes / MOST_SHRUNK > free {
            return Err(Error::Limit(problem + "; write elsewhere with -o, or render a part with --region"));
        }
        Ok(Some(problem + "; if it gets full, nothing is left behind"))
    }
}
