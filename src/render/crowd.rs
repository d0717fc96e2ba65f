//! The wide spots that a product adds in one go, and which of them change anything in a few rows of a tile.
//!
//! What is too small for a voxel rounds away: V + c = V for 0 <= c < ulp(V)/2, and ulp(V)/2 > V epsilon/4. So a spot
//! whose value stays below epsilon/4 of the lowest voxel need not be added: the bits are the same. As long as nothing
//! negative is added no voxel falls, and so the voxels before the first of the spots are the bound for all of them.

use super::block::{DEPTH, ROW_GROUP};
use super::kernel::{Real, TILE_WIDTH};
use super::lanes::LANE;
use super::product::SLICES;
use super::strokes::Stroke;

/// Spots that are added in one go: few enough for what a group of voxels takes of their factors to stay in the first-level
/// cache while they pass by its slices.
pub const TOGETHER: usize = 128;

/// Where one spot's factors for the first column, row and slice of the tile would be, x y z: not all of them are there, and
/// so these numbers wrap.
pub type Place = [usize; 3];

/// The largest factor of each spot in a few columns, rows or slices; 0 where it does not reach them, otherwise at least
/// [`Real::TINY`], so that no product of three is too small for the format and exact to three roundings.
type Peaks<T> = [T; TOGETHER];

/// Up to [`TOGETHER`] wide strokes.
pub struct Crowd<T> {
    count: usize,
    pub places: [Place; TOGETHER],
    /// In the rows at hand, in all columns, `across` at a time, and in all slices, [`SLICES`] at a time.
    rows: Peaks<T>,
    columns: [Peaks<T>; TILE_WIDTH / LANE],
    slices: [Peaks<T>; DEPTH / SLICES],
    across: usize,
    /// Whether all spots are added that reach the voxels: none of these is known to hold anything, or they may fall, because
    /// a factor is negative.
    all: bool,
}

impl<T: Real> Crowd<T> {
    pub fn new() -> Crowd<T> {
        let none = [T::default(); TOGETHER];
        Crowd {
            count: 0,
            places: [[0; 3]; TOGETHER],
            rows: none,
            columns: [none; TILE_WIDTH / LANE],
            slices: [none; DEPTH / SLICES],
            across: 0,
            all: false,
        }
    }

    /// Takes other strokes, in a tile of which `extent` is wanted, and which may be `fresh`: hold nothing yet. Its columns
    /// will be looked at `across` at a time.
    #[inline(always)]
    pub fn take(
        &mut self,
        strokes: &[Stroke],
        factors: &[T],
        extent: [usize; 3],
        across: usize,
        fresh: bool,
    ) {
        (self.count, self.across, self.all) = (strokes.len(), across, fresh);
        for (place, stroke) in self.places.iter_mut().zip(strokes) {
            let first = stroke.first();
            *place = [0, 1, 2].map(|a| (stroke.factors[a] as usize).wrapping_sub(first[a]));
        }
        for (x, peaks) in (0..extent[0]).step_by(across).zip(&mut self.columns) {
            self.all |= measure(strokes, factors, 0, [x, across], peaks, self.all);
        }
        for (z, peaks) in (0..extent[2]).step_by(SLICES).zip(&mut self.slices) {
            self.all |= measure(strokes, factors, 2, [z, SLICES.min(extent[2] - z)], peaks, self.all);
        }
    }

    /// Looks at the rows of the group that begins with `y`; the strokes and factors are those that were taken.
    #[inline(always)]
    pub fn at_rows(&mut self, strokes: &[Stroke], factors: &[T], y: usize) {
        self.all |= measure(strokes, factors, 1, [y, ROW_GROUP], &mut self.rows, self.all);
    }

    /// Collects the spots that reach the rows at hand in the columns from `x` and the slices from `z` on, and that may
    /// change a voxel there; none is below `lowest`.
    #[inline(always)]
    pub fn reaching<'s>(&self, [x, z]: [usize; 2], lowest: T, spots: &'s mut [u16; TOGETHER]) -> &'s [u16] {
        let nothing = T::default();
        let least = if self.all { nothing } else { higher(nothing, lowest).mul(T::UNSEEN) };
        let peaks = self.columns[x / self.across].iter().zip(&self.rows).zip(&self.slices[z / SLICES]);
        let mut count = 0;
        for (i, ((x, y), z)) in peaks.take(self.count).enumerate() {
            spots[count] = i as u16;
            count += usize::from(x.mul(*y).mul(*z) > least);
        }
        &spots[..count]
    }
}

/// Finds the peaks of strokes along an axis, or only where there are any; tells whether a factor is negative.
#[inline(always)]
fn measure<T: Real>(
    strokes: &[Stroke],
    factors: &[T],
    axis: usize,
    [first, count]: [usize; 2],
    peaks: &mut Peaks<T>,
    only_where: bool,
) -> bool {
    let mut falling = false;
    for (peak, stroke) in peaks.iter_mut().zip(strokes) {
        let (start, end) = (stroke.first()[axis], stroke.end()[axis]);
        *peak = T::default();
        if start < first + count && first < end {
            *peak = T::TINY;
            if only_where {
                continue;
            }
            let at = (stroke.factors[axis] as usize + first).wrapping_sub(start);
            let (lowest, highest) = extremes(&factors[at..at + count]);
            falling |= lowest < T::default();
            *peak = higher(highest, *peak);
        }
    }
    falling
}

#[inline(always)]
fn lower<T: Real>(a: T, b: T) -> T {
    if b < a { b } else { a }
}

#[inline(always)]
fn higher<T: Real>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

/// The lowest and the highest of at least one number.
#[inline(always)]
pub fn extremes<T: Real>(numbers: &[T]) -> (T, T) {
    let (fours, rest) = numbers.as_chunks::<4>();
    let (mut low, mut high) = ([numbers[0]; 4], [numbers[0]; 4]);
    for four in fours {
        for i in 0..4 {
            (low[i], high[i]) = (lower(low[i], four[i]), higher(high[i], four[i]));
        }
    }
    for &number in rest {
        (low[0], high[0]) = (lower(low[0], number), higher(high[0], number));
    }
    let of = |choose: fn(T, T) -> T, [a, b, c, d]: [T; 4]| choose(choose(a, b), choose(c, d));
    (of(lower, low), of(higher, high))
}

#[cfg(test)]
mod tests {
    use super::super::strokes::{Kind, Strokes};
    use super::*;

    /// The spots that are added to voxels of at least `lowest`: each has one factor that is not 1, for its second slice.
    fn added<T: Real>(lowest: T, values: &[f64]) -> Vec<u16> {
        let (mut strokes, mut factors) = (Strokes::default(), Vec::new());
        strokes.begin([32, 8, 2], [1; 3]);
        for (id, &value) in (0..).zip(values) {
            let at = factors.len() as u32;
            factors.extend([T::from_f64(1.0); 40]);
            factors.extend([T::from_f64(0.0), T::from_f64(value)]);
            strokes.add(id, &[0..32, 0..8, 0..2], [at, at + 32, at + 40], Kind::Wide);
        }
        strokes.sort();
        let mut crowd = Crowd::new();
        crowd.take(strokes.of(0), &factors, [32, 8, 2], TILE_WIDTH, false);
        crowd.at_rows(strokes.of(0), &factors, 0);
        crowd.reaching([0, 0], lowest, &mut [0; TOGETHER]).to_vec()
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
    }
}
