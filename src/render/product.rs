//! Many wide spots into one tile: a product of matrices, V[(z y), x] = sum over spots of ey[y] (ez[z] ex[x]).
//!
//! A few rows of the tile are kept in registers while spot after spot is added to them, so that a voxel costs
//! one fused multiply-add and hardly any memory. For that, every spot works on the whole of these rows: its
//! factors are 0 outside its box.

use super::kernel::{Real, Rows, Stroke, TILE_WIDTH};
use super::lanes::{LANE, Registers};

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
        let first = stroke.x as usize;
        spots[count] = Spot {
            x: factors.as_ptr().wrapping_add(stroke.xs as usize + x).wrapping_sub(first),
            y: factors.as_ptr().wrapping_add(stroke.ys as usize + y).wrapping_sub(stroke.y.0 as usize),
            z: factors.as_ptr().wrapping_add(stroke.zs as usize + z).wrapping_sub(stroke.z.0 as usize),
        };
        let across = first < x + columns && x < first + stroke.lanes as usize * LANE;
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
    use super::*;
    use crate::random::Streams;

    /// Strokes all over a tile of 32 x 16 x 4 voxels, and their factors.
    fn strokes<T: Real>(count: u64) -> (Vec<Stroke>, Vec<T>) {
        let mut draws = Streams::new(3, 0, "strokes").field("place").at(0);
        let mut factors = Vec::new();
        let strokes = (0..count).map(|_| {
            let mut part = |edge: u64| {
                let start = draws.below(edge);
                (start as u32, (start + 1 + draws.below(edge - start)) as u32)
            };
            let (x, y, z) = (part(4), part(16), part(4));
            let at = factors.len();
            for (edge, (start, end)) in [(32, (8 * x.0, 8 * x.1)), (16, y), (4, z)] {
                let own = |i: u32| (start..end).contains(&i);
                factors.extend((0..edge).map(|i| T::from_f64(if own(i) { draws.unit() } else { 0.0 })));
            }
            Stroke {
                x: 8 * x.0,
                lanes: x.1 - x.0,
                y,
                z,
                xs: at as u32 + 8 * x.0,
                ys: at as u32 + 32 + y.0,
                zs: at as u32 + 48 + z.0,
                wide: true,
            }
        });
        (strokes.collect(), factors)
    }

    fn products_and_rows_agree<T: Real + std::fmt::Debug>()
    where
        Portable<T>: Registers<T>,
    {
        for (count, extent) in [(1, [32, 16, 4]), (7, [5, 9, 3]), (200, [32, 16, 4]), (49, [17, 16, 1])] {
            let (strokes, factors) = strokes::<T>(count);
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
            let rows = sum(&|tile| T::draw(tile, &strokes, &factors));
            assert!(rows == sum(&|tile| T::multiply(tile, &strokes, &factors, true)), "{count}");
            let (first, rest) = strokes.split_at(strokes.len() / 3);
            let both = sum(&|tile| {
                T::draw(tile, first, &factors);
                T::multiply(tile, rest, &factors, false);
            });
            assert!(rows == both, "{count} in two parts");
            // SAFETY: plain arrays need no special instructions, and all strokes have all factors.
            let plain =
                sum(&|tile| unsafe { product::<T, Portable<T>, 4, 1>(tile, &strokes, &factors, true) });
            assert!(rows == plain, "{count} in plain arrays");
        }
    }

    #[test]
    fn products_and_rows_have_the_same_bits() {
        products_and_rows_agree::<f32>();
        products_and_rows_agree::<f64>();
    }
}
