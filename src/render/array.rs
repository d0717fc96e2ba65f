//! Rendering into memory: scene -> `ndarray::Array3<f32>`.
//!
//! What takes the time of a sparse scene is memory. So blocks are sheets that lie together in memory, each worker draws
//! neighbouring ones, and strips of tiles go straight from the cache into the array, each line of which is written once.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array1, Array3, s};
use rayon::ThreadPool;

use super::block::Block;
use super::cut;
use super::pen::{LINE, Pen};
use super::target::Target;
use super::{BlockGrid, Renderer, bins};
use crate::grid::Box3;
use crate::memory::{self, advise_huge};
use crate::scene::Precision;

impl Renderer<'_> {
    /// Renders `region` into a new array; axes z y x, C order. Of spots that [`Renderer::check`] refuses, voxels may be
    /// infinite or no numbers.
    pub fn array(&self, pool: &ThreadPool, region: &Box3) -> Array3<f32> {
        let [x, y, z] = region.each_ref().map(|range| (range.end - range.start) as usize);
        let (mut array, dark) = new_array([z, y, x]);
        let target = Target::new(array.as_slice_mut().unwrap_or_default(), region, dark);
        pool.install(|| self.draw_into(pool, &target));
        array
    }

    /// Renders `region` into an array of its shape (axes z y x), whatever it holds.
    ///
    /// # Panics
    /// Where the array is not in C order or has another shape.
    pub fn fill_array(&self, pool: &ThreadPool, region: &Box3, array: &mut Array3<f32>) {
        let (z, y, x) = array.dim();
        let shape = region.each_ref().map(|range| (range.end - range.start) as usize);
        assert_eq!([x, y, z], shape, "the array has another shape than the region");
        let Some(voxels) = array.as_slice_mut() else { panic!("the array is not in C order") };
        let target = Target::new(voxels, region, false);
        pool.install(|| self.draw_into(pool, &target));
    }

    /// Runs on a thread of the pool.
    fn draw_into(&self, pool: &ThreadPool, target: &Target<'_>) {
        if target.region.iter().any(|range| range.is_empty()) {
            return;
        }
        let blocks = BlockGrid::new(&target.region, cut::block(self, &target.region));
        for rows in self.passes(pool, &blocks) {
            let numbers = blocks.of_rows(&rows);
            let bins = bins::Bins::new(self, &blocks, &rows);
            let shares = Shares::new(numbers.len(), pool.current_num_threads());
            let draw = |worker: usize| {
                let (mut block32, mut block64, mut pen) =
                    (Block::<f32>::new(), Block::<f64>::new(), Pen::new());
                while let Some(i) = shares.next(worker) {
                    let (voxels, ids) = (blocks.voxels(numbers.start + i), bins.of(i));
                    match self.scene.render.precision {
                        Precision::F32 => block32.pass(self, &voxels, ids, target.tiling(), |strip| {
                            target.write(&voxels, &strip, &mut pen);
                        }),
                        Precision::F64 => block64.pass(self, &voxels, ids, target.tiling(), |strip| {
                            target.write(&voxels, &strip, &mut pen);
                        }),
                    }
                }
            };
            // Not broadcast: nobody waits for a thread that has other things to do, whose share others take.
            pool.scope(|scope| {
                for worker in 0..pool.current_num_threads() {
                    let draw = &draw;
                    scope.spawn(move |_| draw(worker));
                }
            });
        }
    }
}

/// Tasks in shares, one for each worker: neighbours in memory go to the same worker, which helps others when it is done.
struct Shares(Vec<(AtomicUsize, usize)>);

impl Shares {
    fn new(tasks: usize, workers: usize) -> Shares {
        let start = |worker: usize| tasks * worker / workers;
        Shares((0..workers).map(|i| (AtomicUsize::new(start(i)), start(i + 1))).collect())
    }

    fn next(&self, worker: usize) -> Option<usize> {
        let workers = self.0.len();
        (worker..worker + workers).find_map(|i| {
            let (next, end) = &self.0[i % workers];
            Some(next.fetch_add(1, Ordering::Relaxed)).filter(|task| task < end)
        })
    }
}

/// A new array, and whether it is dark. It begins with a line of the cache: memory from the system's allocator begins a
/// few bytes behind one.
fn new_array([z, y, x]: [usize; 3]) -> (Array3<f32>, bool) {
    let count = x * y * z;
    let mut numbers = Vec::<f32>::with_capacity(count);
    if let Some(dark) = memory::cleared(std::hint::black_box(numbers.as_mut_ptr())) {
        // SAFETY: the memory holds zeros from the system, or numbers from before, all of which are written over; that
        // it does was told by code which the compiler does not see through.
        unsafe { numbers.set_len(count) };
        if let Ok(array) = Array3::from_shape_vec((z, y, x), numbers) {
            return (array, dark);
        }
    } else {
        drop(numbers);
    }
    let mut zeros = vec![0.0; count + LINE];
    // SAFETY: an initialised number is also a possibly uninitialised one; nothing is written through it.
    advise_huge(unsafe { &mut *(std::ptr::from_mut(&mut zeros[..]) as *mut [std::mem::MaybeUninit<f32>]) });
    let skipped = zeros.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE) as isize;
    let end = skipped + count as isize;
    let array = Array1::from(zeros).slice_move(s![skipped..end]).into_shape_with_order((z, y, x));
    (array.unwrap_or_else(|_| Array3::zeros((z, y, x))), true)
}
