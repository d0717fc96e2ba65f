//! Rendering into memory: scene -> `ndarray::Array3<f32>`.

use std::convert::Infallible;
use std::sync::atomic::AtomicBool;

use ndarray::Array3;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::block::Block;
use super::kernel::Real;
use super::{BlockGrid, Renderer, Sink};
use crate::grid::Box3;
use crate::memory::{HUGE_PAGE, advise_huge};

/// Voxels of a block along x y z: small enough for a second-level cache, many enough for many threads.
const BLOCK: [u64; 3] = [64, 64, 64];

impl Renderer<'_> {
    /// Renders `region` into a new array; axes z y x, C order.
    pub fn array(&self, pool: &ThreadPool, region: &Box3) -> Array3<f32> {
        let [x, y, z] = region.each_ref().map(|range| (range.end - range.start) as usize);
        let mut array = Array3::zeros((z, y, x));
        pool.install(|| fault_in(array.as_slice_mut().unwrap_or_default()));
        self.add_to(pool, region, &mut array);
        array
    }

    /// Renders `region` into an array of its shape (axes z y x) whose voxels are 0.
    ///
    /// # Panics
    /// Where the array is not in C order or has another shape.
    pub fn add_to(&self, pool: &ThreadPool, region: &Box3, array: &mut Array3<f32>) {
        let (z, y, x) = array.dim();
        let shape = region.each_ref().map(|range| (range.end - range.start) as usize);
        assert_eq!([x, y, z], shape, "the array has another shape than the region");
        let Some(voxels) = array.as_slice_mut() else { panic!("the array is not in C order") };
        let sink = ArraySink { voxels: Voxels(voxels.as_mut_ptr()), region: region.clone(), shape };
        let blocks = BlockGrid::new(region, BLOCK);
        let never = AtomicBool::new(false);
        let ignore = |_, _: Option<()>| Ok::<(), Infallible>(());
        // Nothing waits for its turn: the blocks land in the array as they are done.
        let done = self.render(pool, &blocks, blocks.len(), &never, &sink, ignore);
        debug_assert!(done.is_ok());
    }
}

/// Faults in a large new array on huge pages, each by one thread: page by page it takes longer than filling it, and
/// two threads that meet in a huge page would both clear it.
fn fault_in(voxels: &mut [f32]) {
    if size_of_val(voxels) < 2 * HUGE_PAGE {
        return;
    }
    // SAFETY: an initialised number is also a possibly uninitialised one; nothing is written through it.
    advise_huge(unsafe { &mut *(std::ptr::from_mut(voxels) as *mut [std::mem::MaybeUninit<f32>]) });
    voxels.par_chunks_mut(HUGE_PAGE / size_of::<f32>()).for_each(|page| {
        // SAFETY: a write through a reference; volatile, so that it is not left out for changing nothing.
        unsafe { std::ptr::write_volatile(&raw mut page[page.len() / 2], 0.0) };
    });
}

struct ArraySink {
    voxels: Voxels,
    region: Box3,
    /// x y z.
    shape: [usize; 3],
}

struct Voxels(*mut f32);
// SAFETY: every block writes its own voxels.
unsafe impl Sync for Voxels {}

impl Sink for ArraySink {
    type Out = ();
    type Scratch = ();

    fn block<T: Real>(&self, (): &mut (), _: usize, block: &Block<T>) {
        let start = [0, 1, 2].map(|a| (block.voxels[a].start - self.region[a].start) as usize);
        for tile in block.tiles() {
            for z in 0..tile.extent[2] {
                for y in 0..tile.extent[1] {
                    let row = tile.row(y, z);
                    let at = [
                        start[0] + tile.first[0],
                        start[1] + tile.first[1] + y,
                        start[2] + tile.first[2] + z,
                    ];
                    let index = (at[2] * self.shape[1] + at[1]) * self.shape[0] + at[0];
                    // SAFETY: the row lies within the array, and no other block has these voxels.
                    let out = unsafe { std::slice::from_raw_parts_mut(self.voxels.0.add(index), row.len()) };
                    for (out, value) in out.iter_mut().zip(row) {
                        *out = value.to_f64() as f32;
                    }
                }
            }
        }
    }
}
