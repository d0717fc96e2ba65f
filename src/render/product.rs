//! Many wide spots into one tile: a product of matrices, V[(z y), x] = sum over spots of ey[y] (ez[z] ex[x]).
//!
//! A few rows of the tile are kept in registers while spot after spot is added to them, so that a voxel costs
//! one fused multiply-add and hardly any memory. For that, every spot works on the whole of these rows: its
//! factors are 0 outside its box.

use super::kernel::{Real, Rows, TILE_WIDTH};
use super::lanes::{LANE, Registers};
use super::strokes::Stroke;

/// Spots that are added in one go: few enough for their factors to stay in the first-level cache while they
/// pass by all slices.
const TOGETHER: usize = 80;

/// Slices for which spots are collected: few enough for most of them to reach all.
pub const SLICES: usize = 8;

/// Where one spot's factors for the rows and slices at hand begin.
#[derive(Clone, Copy)]
struct Spot<T> {
    x: *const T,
    y: *const T,
    z: *const T,
}

/// Adds wide strokes to the tile, in their order; to 0 where it is `fresh`.
///
/// # Safety
/// The processor has the instructions of `R`; the strokes are wide, lie within the tile, and have their factors
/// within `factors`.
#[inline(always)]
pub unsafe fn product<T: Real, R: Registers<T>, const ROWS: usize, const COLUMNS: usize>(
    tile: &mut Rows<'_, T>,
    strokes: &[Stroke],
    factors: &[T],
    fresh: bool,
) {
    let [width, height, depth] = tile.extent;
    let mut spots = [Spot { x: factors.as_ptr(), y: factors.as_ptr(), z: factors.as_ptr() }; TOGETHER];
    for (part, strokes) in strokes.chunks(TOGETHER).enumerate() {
        let fresh = fresh && part == 0;
        for z in (0..depth).step_by(SLICES) {
            for y in (0..height).step_by(ROWS) {
                for x in (0..width).step_by(COLUMNS * R::WIDTH) {
                    let sides = [[x, COLUMNS * R::WIDTH], [y, ROWS], [z, SLICES]];
                    let reaching = reaching(strokes, factors, sides, &mut spots);
                    if reaching == 0 && !fresh {
                        continue;
                    }
                    let narrow = width - x <= R::WIDTH;
                    for slice in 0..SLICES.min(depth - z) {
                        let at = ((z + slice) * tile.height + y) * TILE_WIDTH + x;
                        let across = if narrow { 1 } else { COLUMNS };
                        let rows = &mut tile.voxels[at..at + (ROWS - 1) * TILE_WIDTH + across * R::WIDTH];
                        // SAFETY: the rows lie within the tile, and the factors of all of them are there.
                        unsafe {
                            if narrow {
                                add::<T, R, ROWS, 1>(rows.as_mut_ptr(), &spots[..reaching], slice, fresh);
                            } else {
                                add::<T, R, ROWS, COLUMNS>(
                                    rows.as_mut_ptr(),
                                    &spots[..reaching],
                                    slice,
                                    fresh,
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Collects those strokes that reach some of the columns, rows and slices at hand, given as first and count.
#[inline(always)]
fn reaching<T>(
    strokes: &[Stroke],
    factors: &[T],
    [[x, columns], [y, rows], [z, slices]]: [[usize; 2]; 3],
    spots: &mut [Spot<T>; TOGETHER],
) -> usize {
    let mut count = 0;
    for stroke in strokes {
        let first = stroke.first_lane();
        spots[count] = Spot {
            x: factors.as_ptr().wrapping_add(stroke.factors[0] as usize + x).wrapping_sub(first),
            y: factors
                .as_ptr()
                .wrapping_add(stroke.factors[1] as usize + y)
                .wrapping_sub(stroke.y.0 as usize),
            z: factors
                .as_ptr()
                .wrapping_add(stroke.factors[2] as usize + z)
                .wrapping_sub(stroke.z.0 as usize),
        };
        let across = first < x + columns && x < first + stroke.lanes() * LANE;
        let along = (stroke.y.0 as usize) < y + rows && y < stroke.y.1 as usize;
        let through = (stroke.z.0 as usize) < z + slices && z < stroke.z.1 as usize;
        count += usize::from(across & along & through);
    }
    count
}

/// V[y, x] = fma(ey[y], ez * ex[x], V[y, x]) for the rows and columns at hand, in slice `z` of those at hand.
///
/// # Safety
/// As for `product`; `rows` points to the rows at hand.
#[inline(always)]
unsafe fn add<T: Real, R: Registers<T>, const ROWS: usize, const COLUMNS: usize>(
    rows: *mut T,
    spots: &[Spot<T>],
    z: usize,
    fresh: bool,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        let at = |y: usize, x: usize| rows.add(y * TILE_WIDTH + x * R::WIDTH);
        let mut sums = [[R::splat(T::default()); COLUMNS]; ROWS];
        if !fresh {
            for y in 0..ROWS {
                for x in 0..COLUMNS {
                    sums[y][x] = R::load(at(y, x));
                }
            }
        }
        for spot in spots {
            let ez = R::splat(*spot.z.add(z));
            let zx: [R; COLUMNS] = std::array::from_fn(|x| ez.mul(R::load(spot.x.add(x * R::WIDTH))));
            for y in 0..ROWS {
                let ey = R::splat(*spot.y.add(y));
                for x in 0..COLUMNS {
                    sums[y][x] = ey.mul_add(zx[x], sums[y][x]);
                }
            }
        }
        for y in 0..ROWS {
            for x in 0..COLUMNS {
                sums[y][x].store(at(y, x));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::Portable;
    use super::super::strokes::{Kind, Strokes};
    use super::*;
    use crate::random::Streams;

    /// Strokes all over a tile of 32 x 16 x 4 voxels, and their factors.
    fn strokes<T: Real>(count: u32) -> (Strokes, Vec<T>) {
        let mut draws = Streams::new(3, 0, "strokes").field("place").at(0);
        let (mut strokes, mut factors) = (Strokes::default(), Vec::new());
        strokes.begin([32, 16, 4], [1; 3]);
        for id in 0..count {
            let mut part = |edge: u64| {
                let start = draws.below(edge);
                start as u32..(start + 1 + draws.below(edge - start)) as u32
            };
            let voxels = [part(32), part(16), part(4)];
            let at = factors.len() as u32;
            for (edge, range) in [32, 16, 4].into_iter().zip(&voxels) {
                let factor = |i| T::from_f64(if range.contains(&i) { draws.unit() } else { 0.0 });
                factors.extend((0..edge).map(factor));
            }
            let lane = voxels[0].start / LANE as u32 * LANE as u32;
            let first = [at + lane, at + 32 + voxels[1].start, at + 48 + voxels[2].start];
            strokes.add(id, &voxels, first, Kind::Wide);
        }
        strokes.sort();
        (strokes, factors)
    }

    fn products_and_rows_agree<T: Real + std::fmt::Debug>()
    where
        Portable<T>: Registers<T>,
    {
        for (count, extent) in [(1, [32, 16, 4]), (7, [5, 9, 3]), (200, [32, 16, 4]), (49, [17, 16, 1])] {
            let (strokes, factors) = strokes::<T>(count);
            let strokes = strokes.of(0);
            let sum = |draw: &dyn Fn(&mut Rows<'_, T>)| {
                let mut voxels = vec![T::default(); 32 * 16 * 4];
                draw(&mut Rows { voxels: &mut voxels, height: 16, extent });
                let mut seen = Vec::new();
                for z in 0..extent[2] {
                    for y in 0..extent[1] {
                        seen.extend(
                            voxels[(z * 16 + y) * 32..][..extent[0]].iter().map(|v| v.to_f64().to_bits()),
                        );
                    }
                }
                seen
            };
            let rows = sum(&|tile| T::draw(tile, strokes, &factors));
            assert!(rows == sum(&|tile| T::multiply(tile, strokes, &factors, true)), "{count}");
            let (first, rest) = strokes.split_at(strokes.len() / 3);
            let both = sum(&|tile| {
                T::draw(tile, first, &factors);
                T::multiply(tile, rest, &factors, false);
            });
            assert!(rows == both, "{count} in two parts");
            // SAFETY: plain arrays need no special instructions, and all strokes have all factors.
            let plain =
                sum(&|tile| unsafe { product::<T, Portable<T>, 4, 1>(tile, strokes, &factors, true) });
            assert!(rows == plain, "{count} in plain arrays");
        }
    }

    #[test]
    fn products_and_rows_have_the_same_bits() {
        products_and_rows_agree::<f32>();
        products_and_rows_agree::<f64>();
    }
}
