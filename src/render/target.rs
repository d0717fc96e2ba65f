//! The array that is drawn into.
//!
//! Every line of the cache is written once. New memory is faulted in just before a strip is written, and what stays dark
//! is not touched again. Memory that holds something is written past the cache, dark or not: so it need not be
//! read first.

use std::ops::Range;
use std::sync::Once;

use super::block::{Strip, Tiling};
use super::kernel::Real;
use super::lanes::{self, Registers, best};
use super::pen::{Pen, copy, settle};
use crate::grid::Box3;
use crate::memory::HUGE_PAGE;

pub struct Target<'a> {
    voxels: *mut f32,
    pub region: Box3,
    /// x y z.
    shape: [usize; 3],
    /// The pages of a new array, each to be faulted in by one thread: two that meet in one would both clear it.
    pages: Option<Vec<Once>>,
    lifetime: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: every block writes its own voxels.
unsafe impl Sync for Target<'_> {}

impl Target<'_> {
    /// `voxels` are those of `region`, in C order; all 0 where they are `new`.
    pub fn new<'a>(voxels: &'a mut [f32], region: &Box3, new: bool) -> Target<'a> {
        let start = voxels.as_ptr() as usize;
        let pages = (start + size_of_val(voxels)).div_ceil(HUGE_PAGE) - start / HUGE_PAGE;
        let shape = region.each_ref().map(|range| (range.end - range.start) as usize);
        assert_eq!(voxels.len(), shape.iter().product::<usize>(), "one voxel each");
        Target {
            voxels: voxels.as_mut_ptr(),
            region: region.clone(),
            shape,
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

    /// How blocks should be cut into tiles: new memory is to be written while what the system has cleared of it is still
    /// in the cache.
    pub fn tiling(&self) -> Tiling {
        let slices = HUGE_PAGE / size_of::<f32>() / (self.shape[0] * self.shape[1]);
        match self.pages {
            Some(_) => Tiling { strip_rows: 2048, depth: slices.clamp(1, Tiling::LARGE.depth) },
            None => Tiling::LARGE,
        }
    }

    /// Makes rows and slices of a block of a new array ready to be drawn: a new page is cleared by the first access.
    fn prepare(&self, pages: &[Once], block: &Box3, [rows, slices]: [Range<usize>; 2]) {
        let (first, [width, ..]) = self.place(block);
        for z in slices {
            self.fault_in(
                pages,
                self.index([first[0], first[1] + rows.start, first[2] + z]),
                self.index([first[0] + width - 1, first[1] + rows.end - 1, first[2] + z]) + 1,
            );
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

    /// Writes a strip of a block.
    pub fn write<T: Real>(&self, block: &Box3, strip: &Strip<'_, T>, pen: &mut Pen) {
        match &self.pages {
            Some(pages) => {
                self.prepare(pages, block, strip.rows());
                add_light(self, block, strip);
            }
            None => {
                replace(self, block, strip, pen);
                settle();
            }
        }
    }
}

best! {
    /// Writes the lit part of a strip to memory that is dark.
    fn add_light<T: Real>(target: &Target<'_>, block: &Box3, strip: &Strip<'_, T>) =
        add_light_body::<T, lanes::Avx512F32>,
        add_light_body::<T, lanes::Avx2F32>,
        add_light_body::<T, lanes::Portable<f32>>;
}

/// # Safety
/// The processor has the instructions of `R`; so below.
#[inline(always)]
unsafe fn add_light_body<T: Real, R: Registers<f32>>(
    target: &Target<'_>,
    block: &Box3,
    strip: &Strip<'_, T>,
) {
    let (first, _) = target.place(block);
    for tile in strip.lit() {
        let [width, height, depth] = tile.extent;
        for z in 0..depth {
            let [x0, y0, z0] = [0, 1, 2].map(|a| first[a] + tile.first[a]);
            let slice = target.index([x0, y0, z0 + z]);
            for y in 0..height {
                // SAFETY: the row lies within the array, and no other block has these voxels.
                unsafe {
                    let to = target.voxels.add(slice + y * target.shape[0]);
                    copy::<T, R>(tile.row(y, z), to, width);
                }
            }
        }
    }
}

best! {
    /// Writes a strip, dark or not.
    fn replace<T: Real>(target: &Target<'_>, block: &Box3, strip: &Strip<'_, T>, pen: &mut Pen) =
        replace_body::<T, lanes::Avx512F32>,
        replace_body::<T, lanes::Avx2F32>,
        replace_body::<T, lanes::Portable<f32>>;
}

#[inline(always)]
unsafe fn replace_body<T: Real, R: Registers<f32>>(
    target: &Target<'_>,
    block: &Box3,
    strip: &Strip<'_, T>,
    pen: &mut Pen,
) {
    let (first, [width, ..]) = target.place(block);
    let [rows, slices] = strip.rows();
    for z in slices {
        let tiles = strip.slice(z);
        let slice = target.index([first[0], first[1] + rows.start, first[2] + z]);
        for y in 0..rows.len() {
            // SAFETY: as above.
            unsafe { pen.write::<T, R>(&tiles, y, target.voxels.add(slice + y * target.shape[0]), width) };
        }
    }
    // SAFETY: what the pen holds belongs where it was written.
    unsafe { pen.lift::<R>() };
}
