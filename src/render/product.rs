//! Many wide spots into one tile: a product of matrices, V[(z y), x] = sum over spots of ey[y] (ez[z] ex[x]).
//!
//! A few rows of the tile are kept in registers while spot after spot is added to them, so that a voxel costs
//! one fused multiply-add and hardly any memory. For that, every spot works on the whole of these rows: its
//! factors are 0 outside its box.

use super::block::ROW_GROUP;
use super::crowd::{Crowd, TOGETHER};
use super::kernel::{Real, Rows, TILE_WIDTH};
use super::lanes::Registers;
use super::strokes::Stroke;
use super::tables::Factors;

/// Slices for which spots are collected: few enough for most of them to reach all.
pub const SLICES: usize = 8;

/// Rows that are kept in registers where no more are left.
const FEW_ROWS: usize = 8;

/// Adds wide strokes to the tile, in their order; to 0 where it is `fresh`.
///
/// # Safety
/// The processor has the instructions of `R`; the tile has whole groups of rows and at most [`DEPTH`](super::block::DEPTH)
/// slices; the strokes are wide, lie within it, and have finite factors in `factors` for the whole of every group of columns,
/// rows and slices that they reach. What the crowd holds beforehand does not matter.
#[inline(always)]
pub unsafe fn product<T: Real, R: Registers<T>, const ROWS: usize>(
    tile: &mut Rows<'_, T>,
    strokes: &[Stroke],
    factors: Factors<'_, T>,
    fresh: bool,
    crowd: &mut Crowd<T>,
) {
    let [width, height, depth] = tile.extent;
    for (part, strokes) in strokes.chunks(TOGETHER).enumerate() {
        let fresh = fresh && part == 0;
        crowd.take(strokes, factors, tile.extent, R::WIDTH, fresh);
        for y in (0..height).step_by(ROW_GROUP) {
            crowd.at_rows(strokes, factors, y);
            for x in (0..width).step_by(R::WIDTH) {
                for z in (0..depth).step_by(SLICES) {
                    // SAFETY: as for this function.
                    unsafe { add_crowd::<T, R, ROWS>(tile, crowd, factors.values, [x, y, z], fresh) };
                }
            }
        }
    }
}

/// Adds those of a crowd that change anything in the column of registers at `x`, the group of rows from `y` and up to
/// [`SLICES`] slices from `z` on.
///
/// # Safety
/// As for `product`.
#[inline(always)]
unsafe fn add_crowd<T: Real, R: Registers<T>, const ROWS: usize>(
    tile: &mut Rows<'_, T>,
    crowd: &Crowd<T>,
    factors: &[T],
    [x, y, z]: [usize; 3],
    fresh: bool,
) {
    let size = [R::WIDTH, ROW_GROUP, SLICES];
    let [width, wanted, slices] = [0, 1, 2].map(|a| size[a].min(tile.extent[a] - [x, y, z][a]));
    let slice = tile.height * TILE_WIDTH;
    let first = z * slice + y * TILE_WIDTH + x;
    let last = first + (slices - 1) * slice + (ROW_GROUP - 1) * TILE_WIDTH;
    let voxels = &mut tile.voxels[first..last + R::WIDTH];
    // SAFETY: as for this function; the voxels lie within the tile, and the factors of all of them are there.
    unsafe {
        let lowest = if fresh {
            T::default()
        } else {
            lowest::<T, R>(voxels.as_ptr(), slice, [width, wanted, slices])
        };
        let mut spots = [0; TOGETHER];
        let spots = crowd.reaching::<R>([x, z], lowest, &mut spots);
        if spots.is_empty() && !fresh {
            return;
        }
        for i in 0..slices {
            for j in (0..wanted).step_by(ROWS) {
                let rows = voxels.as_mut_ptr().add(i * slice + j * TILE_WIDTH);
                let places = spots.iter().map(|&spot| {
                    let place = &crowd.places[usize::from(spot)];
                    let at =
                        |a: usize, first: usize| factors.as_ptr().wrapping_add(place[a].wrapping_add(first));
                    [at(0, x), at(1, y + j), at(2, z + i)]
                });
                // No registers for rows that are not wanted.
                if ROWS > FEW_ROWS && wanted - j <= FEW_ROWS {
                    add::<T, R, FEW_ROWS>(rows, places, fresh);
                } else {
                    add::<T, R, ROWS>(rows, places, fresh);
                }
            }
        }
    }
}

/// The lowest of the first `width` voxels of some rows and slices, which are `slice` voxels apart.
///
/// # Safety
/// As for `product`; `voxels` points to the first.
#[inline(always)]
unsafe fn lowest<T: Real, R: Registers<T>>(
    voxels: *const T,
    slice: usize,
    [width, rows, slices]: [usize; 3],
) -> T {
    let mut low = [T::default(); TILE_WIDTH];
    // SAFETY: as promised by the caller.
    unsafe {
        let mut column = R::load(voxels);
        for z in 0..slices {
            for y in 0..rows {
                column = column.min(R::load(voxels.add(z * slice + y * TILE_WIDTH)));
            }
        }
        column.store(low.as_mut_ptr());
    }
    low[1..width].iter().fold(low[0], |low, &voxel| if voxel < low { voxel } else { low })
}

/// V[y, x] = fma(ey[y], ez * ex[x], V[y, x]) for some rows of one slice, as many columns as a register has, and spots whose
/// factors x y z begin at `spots`.
///
/// # Safety
/// As for `product`; `rows` points to the first of the voxels.
#[inline(always)]
unsafe fn add<T: Real, R: Registers<T>, const ROWS: usize>(
    rows: *mut T,
    spots: impl Iterator<Item = [*const T; 3]>,
    fresh: bool,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        let row = |y: usize| rows.add(y * TILE_WIDTH);
        let mut sums = [R::splat(T::default()); ROWS];
        if !fresh {
            sums = std::array::from_fn(|y| R::load(row(y)));
        }
        for [ex, ey, ez] in spots {
            let zx = R::splat(*ez).mul(R::load(ex));
            for (y, sum) in sums.iter_mut().enumerate() {
                *sum = R::splat(*ey.add(y)).mul_add(zx, *sum);
            }
        }
        for (y, sum) in sums.into_iter().enumerate() {
            sum.store(row(y));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{LANE, Portable};
    use super::super::strokes::{Kind, Strokes};
    use super::super::tables::find_peaks;
    use super::*;
    use crate::math::GROUP;
    use crate::random::Streams;

    /// Strokes all over a tile of 32 x 32 x 16 voxels, and their factors: one in twelve fills it, most of the others are too
    /// faint to change a bright voxel, and one in fifty is negative where `signs` are mixed.
    fn strokes<T: Real>(count: u32, signs: bool) -> (Strokes, Vec<T>) {
        let mut draws = Streams::new(3, 0, "strokes").field("place").at(0);
        let (mut strokes, mut factors) = (Strokes::default(), Vec::new());
        strokes.begin([32, 32, 16], [1; 3]);
        for id in 0..count {
            let filling = id % 12 == 0;
            let mut part = |edge: u64| {
                let start = draws.below(edge);
                let end = start + 1 + draws.below(edge - start);
                if filling { 0..edge as u32 } else { start as u32..end as u32 }
            };
            let voxels = [part(32), part(32), part(16)];
            let at = factors.len() as u32;
            let sign = if signs && id % 50 == 30 { -1.0 } else { 1.0 };
            for (edge, range) in [32, 32, 16].into_iter().zip(&voxels) {
                // Factors along z are times the amplitude.
                let sign = if edge == 16 { sign } else { 1.0 };
                let size = if filling { 1.0 } else { libm::exp(-20.0 * draws.unit()) };
                // Faint voxels lie among the bright ones.
                let size = |i| if filling && i % 4 == 3 { 1e-4 } else { size };
                let factor = |i| if range.contains(&i) { sign * size(i) * (0.5 + draws.unit()) } else { 0.0 };
                factors.extend((0..edge).map(factor).map(T::from_f64));
            }
            let lane = voxels[0].start / LANE as u32 * LANE as u32;
            let first = [at + lane, at + 32 + voxels[1].start, at + 64 + voxels[2].start];
            strokes.add(id, &voxels, first, Kind::Wide);
        }
        strokes.sort();
        (strokes, factors)
    }

    fn products_and_rows_agree<T: Real + std::fmt::Debug>()
    where
        Portable<T>: Registers<T>,
    {
        let many = 2 * TOGETHER as u32 + 9;
        for (count, extent, signs) in [
            (1, [32, 32, 16], false),
            (7, [5, 9, 3], false),
            (many, [32, 32, 16], false),
            (many, [29, 21, 11], false),
            (many, [32, 32, 16], true),
            (49, [17, 32, 1], true),
        ] {
            let (strokes, factors) = strokes::<T>(count, signs);
            let strokes = strokes.of(0);
            let mut peaks = vec![T::default(); factors.len() / GROUP];
            find_peaks(&factors, &mut peaks);
            let table = Factors { values: &factors, peaks: &peaks };
            // What a fresh tile holds does not matter.
            let left_over = T::from_f64(7.0);
            let sum = |before: T, draw: &dyn Fn(&mut Rows<'_, T>)| {
                let mut voxels = vec![before; 32 * 32 * 16];
                draw(&mut Rows { voxels: &mut voxels, height: 32, extent });
                let mut seen = Vec::new();
                for z in 0..extent[2] {
                    for y in 0..extent[1] {
                        seen.extend(
                            voxels[(z * 32 + y) * 32..][..extent[0]].iter().map(|v| v.to_f64().to_bits()),
                        );
                    }
                }
                seen
            };
            let dark = T::default();
            let rows = sum(dark, &|tile| T::draw(tile, strokes, &factors));
            let multiply = |tile: &mut Rows<'_, T>, strokes: &[Stroke], fresh| {
                T::multiply(tile, strokes, table, fresh, &mut Crowd::new());
            };
            assert!(rows == sum(left_over, &|tile| multiply(tile, strokes, true)), "{count}");
            if let Some(low) = strokes.iter().find(|stroke| stroke.y.1 as usize <= ROW_GROUP) {
                let low = std::slice::from_ref(low);
                let rows = sum(dark, &|tile| T::draw(tile, low, &factors));
                assert!(
                    rows == sum(left_over, &|tile| multiply(tile, low, true)),
                    "{count}, half of it dark"
                );
            }
            let (first, rest) = strokes.split_at(strokes.len() / 3);
            let both = sum(dark, &|tile| {
                T::draw(tile, first, &factors);
                multiply(tile, rest, false);
            });
            assert!(rows == both, "{count} in two parts");
            // SAFETY: plain arrays need no special instructions, and all strokes have all factors.
            let plain = sum(left_over, &|tile| unsafe {
                product::<T, Portable<T>, 4>(tile, strokes, table, true, &mut Crowd::new())
            });
            assert!(rows == plain, "{count} in plain arrays");
        }
    }

    #[test]
    fn products_and_rows_have_the_same_bits() {
        products_and_rows_agree::<f32>();
        products_and_rows_agree::<f64>();
    }
}
