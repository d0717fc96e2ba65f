//! Spots -> blocks of voxels.
//!
//! The part of the grid that is wanted is cut into blocks, each rendered by one task that owns its voxels: no
//! locks, no atomics, no merging. Every voxel sums its spots in the order of their numbers, in one chain of
//! fused multiply-adds whose terms depend on spot and voxel alone; so the bits depend neither on threads
//! nor on how the grid is cut.

mod accuracy;
mod array;
mod bins;
mod block;
mod coverage;
mod crowd;
mod cut;
mod gather;
mod kernel;
mod lanes;
mod lattice;
mod ordered;
mod paint;
mod pen;
mod product;
mod strokes;
mod tables;
mod target;

use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::ThreadPool;

use crate::diagnostic::Diagnostic;
use crate::error::{Error, Result};
use crate::grid::{Box3, Grid};
use crate::populate::Spots;
use crate::scene::{Dtype, Precision, Scene};

use lattice::Lattice;

pub use accuracy::{Accuracy, Bounds, Reach};
pub use block::{Block, padded};
pub use kernel::Real;
pub use ordered::ordered;

/// A scene with its spots, ready to be rendered in parts.
pub struct Renderer<'a> {
    pub scene: &'a Scene,
    pub spots: &'a Spots,
    pub accuracy: Accuracy,
    lattice: Lattice,
    /// References to spots that may be held at once; more blocks are binned in further passes over the spots.
    most_references: u64,
    bounds: OnceLock<Bounds>,
}

/// How the wanted part of the grid is cut into blocks, in C order (z slowest).
#[derive(Debug, Clone, PartialEq)]
pub struct BlockGrid {
    pub region: Box3,
    /// Voxels of a block, x y z.
    pub block: [u64; 3],
    /// Blocks along x y z.
    pub count: [u64; 3],
}

impl BlockGrid {
    pub fn new(region: &Box3, block: [u64; 3]) -> BlockGrid {
        let count = [0, 1, 2].map(|a| (region[a].end - region[a].start).div_ceil(block[a]));
        BlockGrid { region: region.clone(), block, count }
    }

    pub fn len(&self) -> usize {
        self.count.iter().product::<u64>() as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows of blocks: all along x.
    pub fn rows(&self) -> u64 {
        self.count[1] * self.count[2]
    }

    /// The numbers of the blocks of some rows.
    pub fn of_rows(&self, rows: &Range<u64>) -> Range<usize> {
        (rows.start * self.count[0]) as usize..(rows.end * self.count[0]) as usize
    }

    /// The voxels of block `index`, in indices of the whole grid, clipped to the region.
    pub fn voxels(&self, index: usize) -> Box3 {
        let index = index as u64;
        let at = [
            index % self.count[0],
            index / self.count[0] % self.count[1],
            index / self.count[0] / self.count[1],
        ];
        [0, 1, 2].map(|a| {
            let start = self.region[a].start + at[a] * self.block[a];
            start..(start + self.block[a]).min(self.region[a].end)
        })
    }
}

/// Receives rendered blocks, in any order and on any thread.
pub trait Sink: Sync {
    type Out: Send;
    /// What a worker keeps from block to block.
    type Scratch: Default;
    fn block<T: Real>(&self, scratch: &mut Self::Scratch, index: usize, block: &Block<T>) -> Self::Out;
}

/// Where a run stops early.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop<E> {
    Interrupted,
    Failed(E),
}

impl<'a> Renderer<'a> {
    /// `most_references` bounds the memory of the lists that say which spots reach which block: 4 bytes for each, and as
    /// much again for the lists to grow.
    pub fn new(scene: &'a Scene, spots: &'a Spots, most_references: u64) -> Renderer<'a> {
        Renderer {
            scene,
            spots,
            accuracy: Accuracy::new(scene, spots),
            lattice: Lattice::new(&scene.grid),
            most_references,
            bounds: OnceLock::new(),
        }
    }

    /// The bounds of the errors; counted at the first call.
    pub fn bounds(&self) -> &Bounds {
        self.bounds.get_or_init(|| self.accuracy.bounds(self.scene, self.spots))
    }

    /// Refuses sums that the scene's precision, or a floating-point output, cannot hold.
    ///
    /// # Errors
    /// What to change.
    pub fn check(&self) -> Result<()> {
        let (single, double) = (f64::from(f32::MAX) / 4.0, f64::MAX / 4.0);
        let below = |most: f64| {
            self.bounds().heaviest < most && self.spots.list.iter().all(|spot| spot.amplitude.abs() < most)
        };
        let (message, help) = match (self.scene.render.precision, self.scene.output.dtype) {
            (Precision::F32, _) if !below(single) => ("summed in f32", "set `render.precision = \"f64\"`"),
            (Precision::F64, _) if !below(double) => ("summed in f64", "lower their amplitude"),
            (Precision::F64, Dtype::Float32) if !below(single) => {
                ("written as float32", "set `output.dtype = \"float64\"`")
            }
            _ => return Ok(()),
        };
        let message = format!("the spots are too bright to be {message}");
        // The group of the brightest spot; of several the first.
        let magnitude = |id: &usize| self.spots.list[*id].amplitude.abs();
        let brightest = (0..self.spots.list.len()).rev().max_by(|a, b| magnitude(a).total_cmp(&magnitude(b)));
        let problem = Diagnostic::invalid(message).help(help);
        Err(Error::Scene(vec![match brightest {
            Some(id) => problem.at(self.scene.groups[self.spots.group_of(id)].places.brightness.clone()),
            None => problem,
        }]))
    }

    /// Tells what went wrong in a profile while it was evaluated.
    ///
    /// # Errors
    /// That.
    pub fn failure(&self) -> Result<()> {
        match self.scene.groups.iter().find_map(|group| group.profile.failure()) {
            Some(problem) => Err(Error::Scene(vec![problem])),
            None => Ok(()),
        }
    }

    pub fn grid(&self) -> &Grid {
        &self.scene.grid
    }

    /// Renders all blocks of `blocks`. `sink` turns each block that holds light into something on the worker
    /// that rendered it; `consume` receives the results on the calling thread in the order of the blocks, with
    /// `None` for blocks that no spot reaches. At most `window` results wait at any time.
    ///
    /// # Errors
    /// When `stop` was set, or what `consume` failed with; the remaining blocks are dropped.
    pub fn render<S: Sink, E: Send>(
        &self,
        pool: &ThreadPool,
        blocks: &BlockGrid,
        window: usize,
        stop: &AtomicBool,
        sink: &S,
        mut consume: impl FnMut(usize, Option<S::Out>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), Stop<E>> {
        for rows in self.passes(pool, blocks) {
            let numbers = blocks.of_rows(&rows);
            let first = numbers.start;
            let bins = pool.install(|| bins::Bins::new(self, blocks, &rows));
            ordered(
                pool,
                numbers.len(),
                window,
                || Worker { block32: Block::new(), block64: Block::new(), scratch: S::Scratch::default() },
                |worker, i| {
                    let ids = bins.of(i);
                    if ids.is_empty() || stop.load(Ordering::Relaxed) {
                        return None;
                    }
                    let voxels = blocks.voxels(first + i);
                    Some(match self.scene.render.precision {
                        Precision::F32 => {
                            worker.block32.render(self, &voxels, ids);
                            sink.block(&mut worker.scratch, first + i, &worker.block32)
                        }
                        Precision::F64 => {
                            worker.block64.render(self, &voxels, ids);
                            sink.block(&mut worker.scratch, first + i, &worker.block64)
                        }
                    })
                },
                |i, out| {
                    if stop.load(Ordering::Relaxed) {
                        return Err(Stop::Interrupted);
                    }
                    consume(first + i, out).map_err(Stop::Failed)
                },
            )?;
        }
        Ok(())
    }

    /// How often spots reach blocks of `blocks`, all together: at least the number of blocks with light.
    pub fn references(&self, blocks: &BlockGrid) -> u64 {
        bins::references_per_row(self, blocks).iter().sum()
    }

    /// Ranges of rows of blocks whose references to spots fit into memory together.
    fn passes(&self, pool: &ThreadPool, blocks: &BlockGrid) -> Vec<Range<u64>> {
        // However far they reach, the spots cannot be in more blocks than there are.
        if (self.spots.list.len() as u64).saturating_mul(blocks.len() as u64) <= self.most_references {
            return std::iter::once(0..blocks.rows()).collect();
        }
        let references = pool.install(|| bins::references_per_row(self, blocks));
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let mut held = 0;
        for (row, &n) in (0..).zip(&references) {
            match ranges.last_mut() {
                Some(range) if held + n <= self.most_references => {
                    range.end = row + 1;
                    held += n;
                }
                _ => {
                    ranges.push(row..row + 1);
                    held = n;
                }
            }
        }
        ranges
    }
}

/// What a worker keeps from block to block.
struct Worker<S> {
    block32: Block<f32>,
    block64: Block<f64>,
    scratch: S,
}
