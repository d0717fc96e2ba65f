//! Where the voxels come from: a file, chunk by chunk, or a scene, block by block.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::ThreadPool;

use super::maxima::{Maxima, Voxels};
use super::scale::Scale;
use crate::error::{Error, Result};
use crate::grid::{Box3, Grid};
use crate::plan::Plan;
use crate::render::{Block, BlockGrid, Real, Renderer, Sink, Stop, ordered};
use crate::scene::Dtype;
use crate::volume_file::encode::convert;
use crate::volume_file::read::VolumeFile;

/// More chunks are not worth waiting for.
const MOST_CHUNKS: u128 = 1 << 32;

/// How the work is done.
pub struct Work<'a> {
    pub pool: &'a ThreadPool,
    /// Set to stop early.
    pub stop: &'a AtomicBool,
    /// Called with the parts done so far and the parts in all.
    pub progress: &'a dyn Fn(usize, usize),
}

/// The memory that projections and picture take at most, in bytes.
pub fn most_bytes(grid: &Grid) -> u64 {
    let pixels = Scale::new(grid).axes.map(|axis| axis.bins.max(axis.pixels) as u64 + 64);
    let [x, y, z] = if grid.flat { [pixels[0], pixels[1], 0] } else { pixels };
    // 8 bytes for a maximum, and the picture once in grey or in colour, once packed.
    8 * (x * y + z * y + x * z) + 6 * (x + z) * (y + z)
}

/// Projects the volume of a file.
///
/// # Errors
/// When the file is damaged, or the work was stopped.
pub fn of_file(file: &VolumeFile, grid: &Grid, work: &Work<'_>) -> Result<Maxima> {
    let header = &file.header;
    let not = |reason: &str| Error::NotAVolume { path: file.path.clone(), reason: reason.into() };
    if !grid.voxel_size.iter().all(|size| size.is_finite() && *size > 0.0) {
        return Err(not("its voxels have no size"));
    }
    let portion = file.portion();
    let count = |a: usize| u128::from(grid.shape[a].div_ceil(portion[a]));
    if count(0).saturating_mul(count(1)).saturating_mul(count(2)) > MOST_CHUNKS {
        return Err(not("it has too many chunks"));
    }
    let scale = Scale::new(grid);
    let mut maxima = Maxima::new(grid, &scale);
    let chunks = BlockGrid::new(&grid.whole(), portion);
    let stride = [portion[0] as usize, portion[1] as usize];
    let project = |(): &mut (), i: usize| -> Result<Option<Maxima>> {
        if work.stop.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let part = chunks.voxels(i);
        let Some(bytes) = file.voxels(part.each_ref().map(|range| range.start), portion)? else {
            return Ok(None);
        };
        let voxels = Voxels { bytes: &bytes, dtype: header.dtype, stride, part: &part };
        Ok(Some(Maxima::of_voxels(&scale, &voxels)))
    };
    let window = 4 * work.pool.current_num_threads();
    ordered(
        work.pool,
        chunks.len(),
        window,
        || (),
        project,
        |i, part| {
            match part? {
                Some(part) => maxima.absorb(&part),
                None => maxima.absorb_dark(&scale, &chunks.voxels(i)),
            }
            (work.progress)(i + 1, chunks.len());
            Ok(())
        },
    )?;
    Ok(maxima)
}

/// Projects the volume that a run of the scene would write; `grid` is the part of the scene's that `plan` renders.
///
/// # Errors
/// When the work was stopped.
pub fn of_scene(renderer: &Renderer<'_>, plan: &Plan, grid: &Grid, work: &Work<'_>) -> Result<Maxima> {
    let layout = &plan.layout;
    let scale = Scale::new(grid);
    let mut maxima = Maxima::new(grid, &scale);
    let sink = Projection { scale: &scale, region: &layout.region, dtype: renderer.scene.output.dtype };
    let blocks = &layout.blocks;
    let absorb = |i: usize, part: Option<Maxima>| -> Result<()> {
        renderer.failure()?;
        match part {
            Some(part) => maxima.absorb(&part),
            None => maxima.absorb_dark(&scale, &within(&blocks.voxels(i), &layout.region)),
        }
        (work.progress)(i + 1, blocks.len());
        Ok(())
    };
    renderer.render(work.pool, blocks, plan.window, work.stop, &sink, absorb).map_err(|stop| match stop {
        Stop::Interrupted => Error::Interrupted,
        Stop::Failed(error) => error,
    })?;
    Ok(maxima)
}

/// Projects rendered blocks, their voxels rounded as the file would hold them.
struct Projection<'a> {
    scale: &'a Scale,
    region: &'a Box3,
    dtype: Dtype,
}

impl Sink for Projection<'_> {
    type Out = Maxima;
    type Scratch = Vec<u8>;

    fn block<T: Real>(&self, bytes: &mut Vec<u8>, _: usize, block: &Block<T>) -> Maxima {
        convert(block, self.dtype, bytes);
        let [width, height, _] = block.extent();
        let part = within(&block.voxels, self.region);
        Maxima::of_voxels(
            self.scale,
            &Voxels { bytes, dtype: self.dtype, stride: [width, height], part: &part },
        )
    }
}

/// A box of the whole grid, in voxels of the region.
fn within(voxels: &Box3, region: &Box3) -> Box3 {
    [0, 1, 2].map(|a| voxels[a].start - region[a].start..voxels[a].end - region[a].start)
}
