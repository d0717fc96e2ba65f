//! The wide spots that a product adds in one go, and which of them change anything in a few rows of a tile.
//!
//! What is too small for a voxel rounds away: V + c = V for 0 <= c < ulp(V)/2, and ulp(V)/2 > V epsilon/4. So a spot
//! whose value stays below epsilon/4 of the lowest voxel need not be added: the bits are the same. As long as nothing
//! negative is added no voxel falls, and so the voxels before the first of the spots are the bound for all of them.

use super::block::{DEPTH, ROW_GROUP};
use super::kernel::{Real, TILE_WIDTH};
use super::lanes::{LANE, Registers};
use super::product::SLICES;
use super::strokes::Stroke;
use super::tables::{Factors, higher};
use crate::math::GROUP;

/// Spots that are added in one go: few enough for what a group of voxels takes of their factors to stay in the first-level
/// cache while they pass by its slices.
pub const TOGETHER: usize = 128;
const _: () =
    assert!(TOGETHER <= 256 && TOGETHER.is_multiple_of(TILE_WIDTH), "numbers of eight bits, whole registers");

/// Where one spot's factors for the first column, row and slice of the tile would be, x y z: not all of them are there, and
/// so these numbers wrap.
pub type Place = [usize; 3];

/// The largest factor of each spot in a few columns, rows or slices; 0 where it does not reach them, otherwise at least
/// [`Real::TINY`], so that no product of three is too small for the format and exact to three roundings.
type Peaks<T> = [T; TOGETHER];

/// Up to [`TOGETHER`] wide strokes.
pub struct Crowd<T> {
    pub places: [Place; TOGETHER],
    /// In the rows at hand, in all columns, `across` at a time, and in all slices, [`SLICES`] at a time.
    rows: Peaks<T>,
    columns: [Peaks<T>; TILE_WIDTH / LANE],
    slices: [Peaks<T>; DEPTH / SLICES],
    across: usize,
    /// Whether all spots are added that reach the voxels: none of these is known to hold anything, or they may fall, because
    /// an amplitude is negative.
    all: bool,
}

impl<T: Real> Crowd<T> {
    pub fn new() -> Crowd<T> {
        let none = [T::default(); TOGETHER];
        Crowd {
            places: [[0; 3]; TOGETHER],
            rows: none,
            columns: [none; TILE_WIDTH / LANE],
            slices: [none; DEPTH / SLICES],
            across: 0,
            all: false,
        }
    }

    /// Takes other strokes, at most [`TOGETHER`], in a tile of which `extent` is wanted, and which may be `fresh`: hold nothing
    /// yet. Its columns will be looked at `across` at a time.
    #[inline(always)]
    pub fn take(
        &mut self,
        strokes: &[Stroke],
        factors: Factors<'_, T>,
        extent: [usize; 3],
        across: usize,
        fresh: bool,
    ) {
        (self.across, self.all) = (across, fresh);
        for (place, stroke) in self.places.iter_mut().zip(strokes) {
            let first = stroke.first();
            *place = [0, 1, 2].map(|a| (stroke.factors[a] as usize).wrapping_sub(first[a]));
            // The profile's factors are not negative, and those along z are times the amplitude, be it -0 that is left.
            self.all |= factors.values[stroke.factors[2] as usize].to_f64().is_sign_negative();
        }
        for (x, peaks) in (0..extent[0]).step_by(across).zip(&mut self.columns) {
            measure(strokes, factors.peaks, 0, [x, across], peaks);
        }
        for (z, peaks) in (0..extent[2]).step_by(SLICES).zip(&mut self.slices) {
            measure(strokes, factors.peaks, 2, [z, SLICES], peaks);
        }
    }

    /// Looks at the rows of the group that begins with `y`; the strokes and factors are those that were taken.
    #[inline(always)]
    pub fn at_rows(&mut self, strokes: &[Stroke], factors: Factors<'_, T>, y: usize) {
        measure(strokes, factors.peaks, 1, [y, ROW_GROUP], &mut self.rows);
    }

    /// Collects the spots that reach the rows at hand in the columns from `x` and the slices from `z` on, and that may
    /// change a voxel there; none is below `lowest`.
    ///
    /// # Safety
    /// The processor has the instructions of `R`.
    #[inline(always)]
    pub unsafe fn reaching<'s, R: Registers<T>>(
        &self,
        [x, z]: [usize; 2],
        lowest: T,
        spots: &'s mut [u8; TOGETHER],
    ) -> &'s [u8] {
        let least = if self.all || !(lowest > T::default()) { T::default() } else { lowest.mul(T::UNSEEN) };
        let peaks = [&self.columns[x / self.across], &self.rows, &self.slices[z / SLICES]];
        let mut count = 0;
        for first in (0..TOGETHER).step_by(R::WIDTH) {
            // SAFETY: as promised by the caller; there are as many peaks as spots, a whole number of registers.
            let mut above = unsafe {
                let [x, y, z] = peaks.map(|peaks| R::load(peaks.as_ptr().add(first)));
                x.mul(y).mul(z).above(R::splat(least))
            };
            while above != 0 {
                spots[count] = (first + above.trailing_zeros() as usize) as u8;
                count += 1;
                above &= above - 1;
            }
        }
        &spots[..count]
    }
}

/// Finds the peaks of strokes in `count` columns, rows or slices from `first` on.
#[inline(always)]
fn measure<T: Real>(
    strokes: &[Stroke],
    groups: &[T],
    axis: usize,
    [first, count]: [usize; 2],
    peaks: &mut Peaks<T>,
) {
    *peaks = [T::default(); TOGETHER];
    for (peak, stroke) in peaks.iter_mut().zip(strokes) {
        let (start, end) = (stroke.first()[axis], stroke.end()[axis]);
        if start < first + count && first < end {
            let at = (stroke.factors[axis] as usize + first).wrapping_sub(start) / GROUP;
            *peak = groups[at..at + count / GROUP].iter().fold(groups[at], higher);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::Portable;
    use super::super::strokes::{Kind, Strokes};
    use super::super::tables::find_peaks;
    use super::*;

    /// The spots that are added to voxels of at least `lowest`: each has one factor that is not 1, for its second slice.
    fn added<T: Real>(lowest: T, values: &[f64]) -> Vec<u8>
    where
        Portable<T>: Registers<T>,
    {
        let (mut strokes, mut factors) = (Strokes::default(), Vec::new());
        strokes.begin([32, 16, 2], [1; 3]);
        for (id, &value) in (0..).zip(values) {
            let at = factors.len() as u32;
            factors.extend([T::from_f64(1.0); 48]);
            // What is negative shows in the first factor, too.
            factors.extend([0.0 * value, value, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0].map(T::from_f64));
            strokes.add(id, &[0..32, 0..16, 0..2], [at, at + 32, at + 48], Kind::Wide);
        }
        strokes.sort();
        let mut crowd = Crowd::new();
        let mut peaks = vec![T::default(); factors.len() / GROUP];
        find_peaks(&factors, &mut peaks);
        let factors = Factors { values: &factors, peaks: &peaks };
        crowd.take(strokes.of(0), factors, [32, 16, 2], TILE_WIDTH, false);
        crowd.at_rows(strokes.of(0), factors, 0);
        let mut spots = [0; TOGETHER];
        // SAFETY: plain arrays need no special instructions.
        unsafe { crowd.reaching::<Portable<T>>([0, 0], lowest, &mut spots) }.to_vec()
    }

    #[test]
    fn a_spot_is_left_out_only_where_it_rounds_away() {
        // Just below a power of two the unit is smallest beside the number: from half of it on, it moves.
        let (single, double) = (2.0_f32.next_down(), 2.0_f64.next_down());
        let (half_single, half_double) = (f32::EPSILON / 2.0, f64::EPSILON / 2.0);
        assert_eq!(single + half_single, 2.0);
        assert_eq!(single + 0.99 * half_single, single);
        let values = |half: f64| [1.0, 1.001 * half, half, 0.9 * half, 0.0];
        assert_eq!(added(single, &values(half_single.into())), [0, 1, 2]);
        assert_eq!(added(double, &values(half_double)), [0, 1, 2]);
        // What is negative may make a voxel so small that all others count, and of nothing all count.
        let faint = f64::from(half_single) / 2.0;
        assert_eq!(added(single, &[faint, -1e-30, 1e-40]), [0, 1, 2]);
        assert_eq!(added(0.0_f32, &[faint, 1e-40, 0.0]), [0, 1, 2]);
        assert_eq!(added(-1.0_f32, &[faint, 1e-40]), [0, 1]);
        assert_eq!(added(f32::NAN, &[faint, 1e-40]), [0, 1]);
    }
}
