//! Writing past the cache: memory that is only written need not be read first.
//!
//! That works on whole lines of the cache. Rows that do not begin with one are laid one behind the other in a
//! buffer, from which whole lines go.

use super::kernel::{Real, TILE_WIDTH};
use super::lanes::Registers;

/// Numbers of a line of the cache.
pub const LINE: usize = 16;

/// Lines of the buffer, and tiles that are written in one go.
const LINES: usize = 256;
const AT_ONCE: usize = 16;

/// The rows of a tile in one slice; `None` where it is dark.
pub type TileRows<'a, T> = Option<&'a [[T; TILE_WIDTH]]>;

/// Writes rows; those that are neighbours in memory should come one after the other.
pub struct Pen {
    buffer: Box<Buffer>,
    /// Where the buffer's numbers belong: those from `start` to `end` wait there.
    to: *mut f32,
    start: usize,
    end: usize,
}

#[repr(C, align(64))]
struct Buffer([f32; LINES * LINE]);

/// Loads numbers of a row. -0, which is what is left of a negative term that is too small for the format, becomes 0: so
/// voxels without light have one form only.
///
/// # Safety
/// As for [`Real::narrow`].
#[inline(always)]
unsafe fn load<T: Real, R: Registers<f32>>(from: *const T) -> R {
    // SAFETY: as promised by the caller.
    unsafe {
        let zero = R::splat(0.0);
        zero.mul_add(zero, T::narrow(from))
    }
}

/// Writes the first `count` numbers of a row of a tile.
///
/// # Safety
/// The processor has the instructions of `R`; there is room at `to` for `count` numbers, at most a row.
#[inline(always)]
pub unsafe fn copy<T: Real, R: Registers<f32>>(row: &[T; TILE_WIDTH], to: *mut f32, count: usize) {
    let row = row.as_ptr();
    // SAFETY: as promised by the caller; a row is a whole number of registers.
    unsafe {
        let whole = count / R::WIDTH * R::WIDTH;
        for i in (0..whole).step_by(R::WIDTH) {
            load::<T, R>(row.add(i)).store(to.add(i));
        }
        for i in whole..count {
            to.add(i).write((*row.add(i)).to_f64() as f32 + 0.0);
        }
    }
}

/// The same past the cache.
///
/// # Safety
/// As for `copy`; `to` begins with a line, and there are whole lines of numbers.
#[inline(always)]
unsafe fn stream<T: Real, R: Registers<f32>>(row: &[T; TILE_WIDTH], to: *mut f32, count: usize) {
    for i in (0..count).step_by(R::WIDTH) {
        // SAFETY: as promised by the caller; a line is a whole number of registers.
        unsafe { load::<T, R>(row.as_ptr().add(i)).stream(to.add(i)) };
    }
}

impl Pen {
    pub fn new() -> Pen {
        Pen { buffer: Box::new(Buffer([0.0; LINES * LINE])), to: std::ptr::null_mut(), start: 0, end: 0 }
    }

    /// Writes `count` numbers to `to`: row `y` of each of some tiles side by side, 0 where there is none. They may wait in
    /// the buffer until the pen is lifted.
    ///
    /// # Safety
    /// The processor has the instructions of `R`, there is room at `to` until the pen is lifted, and there are tiles for all
    /// of it.
    #[inline(always)]
    pub unsafe fn write<T: Real, R: Registers<f32>>(
        &mut self,
        tiles: &[TileRows<'_, T>],
        y: usize,
        to: *mut f32,
        count: usize,
    ) {
        let dark = [T::default(); TILE_WIDTH];
        for (tiles, first) in tiles.chunks(AT_ONCE).zip((0..count).step_by(AT_ONCE * TILE_WIDTH)) {
            let count = (count - first).min(AT_ONCE * TILE_WIDTH);
            // SAFETY: as promised by the caller; in the buffer there is room for whole rows of tiles.
            unsafe {
                let to = to.add(first);
                let rows = tiles.iter().map(|rows| rows.map(|rows| &rows[y]));
                let starts = (0..count).step_by(TILE_WIDTH);
                let aligned = (to as usize).is_multiple_of(LINE * size_of::<f32>());
                if self.start == self.end && aligned && count.is_multiple_of(LINE) {
                    for (row, x) in rows.zip(starts) {
                        stream::<T, R>(row.unwrap_or(&dark), to.add(x), TILE_WIDTH.min(count - x));
                    }
                } else {
                    self.make_room::<R>(to);
                    let buffer = self.buffer.0.as_mut_ptr().add(self.end);
                    for (row, x) in rows.zip(starts) {
                        match row {
                            Some(row) => copy::<T, R>(row, buffer.add(x), TILE_WIDTH),
                            None => buffer.add(x).cast::<[f32; TILE_WIDTH]>().write([0.0; TILE_WIDTH]),
                        }
                    }
                    self.end += count;
                }
            }
        }
    }

    /// Makes room in the buffer for numbers that belong to `to`.
    ///
    /// # Safety
    /// As for `write`.
    #[inline(always)]
    unsafe fn make_room<R: Registers<f32>>(&mut self, to: *mut f32) {
        // SAFETY: as for `write`.
        unsafe {
            if self.to.wrapping_add(self.end) != to {
                self.lift::<R>();
                let within = to as usize / size_of::<f32>() % LINE;
                (self.to, self.start, self.end) = (to.wrapping_sub(within), within, within);
            } else if self.end + AT_ONCE * TILE_WIDTH > self.buffer.0.len() {
                let whole = self.end / LINE * LINE;
                self.drain::<R>(whole);
                self.buffer.0.copy_within(whole..self.end, 0);
                (self.to, self.end) = (self.to.wrapping_add(whole), self.end - whole);
                self.start = self.start.saturating_sub(whole);
            }
        }
    }

    /// Writes what waits.
    ///
    /// # Safety
    /// As for `write`.
    #[inline(always)]
    pub unsafe fn lift<R: Registers<f32>>(&mut self) {
        let whole = self.end / LINE * LINE;
        // SAFETY: as for `write`.
        unsafe {
            self.drain::<R>(whole);
            for i in self.start.max(whole)..self.end {
                self.to.wrapping_add(i).write(self.buffer.0[i]);
            }
        }
        self.start = self.end;
    }

    /// Writes what waits before `whole`, which ends a line.
    ///
    /// # Safety
    /// As for `write`.
    #[inline(always)]
    unsafe fn drain<R: Registers<f32>>(&mut self, whole: usize) {
        // The line that begins with somebody else's numbers.
        let first = self.start.next_multiple_of(LINE).min(whole);
        // SAFETY: as for `write`.
        unsafe {
            for i in self.start..first {
                self.to.wrapping_add(i).write(self.buffer.0[i]);
            }
            for i in (first..whole).step_by(R::WIDTH) {
                R::load(self.buffer.0.as_ptr().add(i)).stream(self.to.wrapping_add(i));
            }
        }
    }
}

/// Makes what was written past the cache visible before anything that is written later, as other threads expect of all
/// that is written.
#[inline(always)]
pub fn settle() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this kind has the instruction.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}
