//! Rendering into memory: scene -> `ndarray::Array3<f32>`.
//!
//! What takes the time of a sparse scene is memory: a new array is faulted in and cleared by the kernel, and a finished
//! tile should find its lines still in the cache. So blocks are sheets that lie together in memory, each faults in its
//! own pages just before it is drawn, and tiles go straight from the first-level cache into the array.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array1, Array3, s};
use rayon::ThreadPool;

use super::block::{Block, Tile};
use super::cut;
use super::kernel::Real;
use super::{BlockGrid, Renderer, bins};
use crate::grid::Box3;
use crate::memory::{HUGE_PAGE, advise_huge};
use crate::scene::Precision;
use crate::simd::for_every_width;

impl Renderer<'_> {
    /// Renders `region` into a new array; axes z y x, C order.
    pub fn array(&self, pool: &ThreadPool, region: &Box3) -> Array3<f32> {
        let [x, y, z] = region.each_ref().map(|range| (range.end - range.start) as usize);
        let mut array = aligned_zeros([z, y, x]);
        let voxels = array.as_slice_mut().unwrap_or_default();
        // SAFETY: an initialised number is also a possibly uninitialised one; nothing is written through it.
        advise_huge(unsafe { &mut *(std::ptr::from_mut(voxels) as *mut [std::mem::MaybeUninit<f32>]) });
        let target = Target::new(voxels, region, true);
        self.draw_into(pool, &target);
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
        self.draw_into(pool, &target);
    }

    fn draw_into(&self, pool: &ThreadPool, target: &Target<'_>) {
        let shape = pool.install(|| cut::block(self, &target.region));
        let blocks = BlockGrid::new(&target.region, shape);
        let per_layer = (blocks.count[0] * blocks.count[1]) as usize;
        for layers in self.layers(pool, &blocks) {
            let first = layers.start as usize * per_layer;
            let count = (layers.end - layers.start) as usize * per_layer;
            let bins = pool.install(|| bins::Bins::new(self, &blocks, layers.clone()));
            // In order, so that the threads work on neighbouring sheets.
            let next = AtomicUsize::new(0);
            pool.broadcast(|_| {
                let (mut block32, mut block64) = (Block::<f32>::new(), Block::<f64>::new());
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= count {
                        return;
                    }
                    let (voxels, ids) = (blocks.voxels(first + i), bins.of(i));
                    target.prepare(&voxels);
                    match self.scene.render.precision {
                        _ if ids.is_empty() => {}
                        Precision::F32 => {
                            block32.pass(self, &voxels, ids, |tile| write(target, &voxels, &tile))
                        }
                        Precision::F64 => {
                            block64.pass(self, &voxels, ids, |tile| write(target, &voxels, &tile))
                        }
                    }
                }
            });
        }
    }
}

/// An array that begins with a line of the cache: memory from the system begins a few bytes behind one.
fn aligned_zeros([z, y, x]: [usize; 3]) -> Array3<f32> {
    const LINE: usize = 16;
    let zeros = vec![0.0; x * y * z + LINE];
    let skipped = zeros.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE) as isize;
    let end = skipped + (x * y * z) as isize;
    let array = Array1::from(zeros).slice_move(s![skipped..end]).into_shape_with_order((z, y, x));
    array.unwrap_or_else(|_| Array3::zeros((z, y, x)))
}

/// The array that is drawn into.
struct Target<'a> {
    voxels: *mut f32,
    region: Box3,
    /// x y z.
    shape: [usize; 3],
    /// The pages of a new array, each to be faulted in by one thread: two that meet in one would both clear it.
    pages: Option<Vec<Once>>,
    lifetime: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: every block writes its own voxels.
unsafe impl Sync for Target<'_> {}

impl Target<'_> {
    fn new<'a>(voxels: &'a mut [f32], region: &Box3, new: bool) -> Target<'a> {
        let start = voxels.as_ptr() as usize;
        let pages = (start + size_of_val(voxels)).div_ceil(HUGE_PAGE) - start / HUGE_PAGE;
        Target {
            voxels: voxels.as_mut_ptr(),
            region: region.clone(),
            shape: region.each_ref().map(|range| (range.end - range.start) as usize),
            pages: new.then(|| (0..pages).map(|_| Once::new()).collect()),
            lifetime: std::marker::PhantomData,
        }
    }

    /// The index of a voxel.
    fn index(&self, at: [usize; 3]) -> usize {
        (at[2] * self.shape[1] + at[1]) * self.shape[0] + at[0]
    }

    /// The first voxel of a block, and how many it has.
    fn place(&self, block: &Box3) -> ([usize; 3], [usize; 3]) {
        let first = [0, 1, 2].map(|a| (block[a].start - self.region[a].start) as usize);
        (first, block.each_ref().map(|range| (range.end - range.start) as usize))
    }

    /// Makes the voxels of a block dark: a new page is cleared by the first access.
    fn prepare(&self, block: &Box3) {
        let (first, [width, height, depth]) = self.place(block);
        for z in first[2]..first[2] + depth {
            let (start, end) = (
                self.index([first[0], first[1], z]),
                self.index([first[0] + width - 1, first[1] + height - 1, z]) + 1,
            );
            match &self.pages {
                Some(pages) => self.fault_in(pages, start, end),
                None => {
                    for y in first[1]..first[1] + height {
                        let start = self.index([first[0], y, z]);
                        // SAFETY: the row lies within the array, and no other block has these voxels.
                        unsafe { std::slice::from_raw_parts_mut(self.voxels.add(start), width).fill(0.0) };
                    }
                }
            }
        }
    }

    fn fault_in(&self, pages: &[Once], start: usize, end: usize) {
        let base = self.voxels as usize;
        let byte = |voxel: usize| base + voxel * size_of::<f32>();
        for page in byte(start) / HUGE_PAGE..byte(end).div_ceil(HUGE_PAGE) {
            pages[page - base / HUGE_PAGE].call_once(|| {
                // The first voxel within the page.
                let voxel = (page * HUGE_PAGE).saturating_sub(base).div_ceil(size_of::<f32>());
                // SAFETY: it lies within the array, and nothing was written there before its page was faulted in;
                // volatile, so that the write is not left out for changing nothing.
                unsafe { self.voxels.add(voxel).write_volatile(0.0) };
            });
        }
    }
}

for_every_width! {
    /// Writes a tile of a block.
    fn write<T: Real>(target: &Target<'_>, block: &Box3, tile: &Tile<'_, T>) = write_body;
}

#[inline(always)]
fn write_body<T: Real>(target: &Target<'_>, block: &Box3, tile: &Tile<'_, T>) {
    let (first, _) = target.place(block);
    for z in 0..tile.extent[2] {
        for y in 0..tile.extent[1] {
            let row = tile.row(y, z);
            let start = target.index([
                first[0] + tile.first[0],
                first[1] + tile.first[1] + y,
                first[2] + tile.first[2] + z,
            ]);
            // SAFETY: the row lies within the array, and no other block has these voxels.
            let out = unsafe { std::slice::from_raw_parts_mut(target.voxels.add(start), row.len()) };
            T::write(row, out);
        }
    }
}
