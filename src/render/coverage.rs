//! How deep boxes overlap: an upper bound of the sum of their weights at any voxel.

use rayon::prelude::*;

use crate::grid::{Box3, Grid};

/// The grid is looked at in at most this many cells; coarser cells only make the bound larger.
const MOST_CELLS: u64 = 1 << 16;

/// Cells of the grid, x fastest; all edges have 2^`bits` voxels.
struct Cells {
    bits: u32,
    count: [usize; 3],
}

impl Cells {
    fn new(grid: &Grid, boxes: usize) -> Cells {
        let most = (4 * boxes as u64).clamp(64, MOST_CELLS);
        let mut bits = 0;
        loop {
            let count = grid.shape.map(|n| n.div_ceil(1 << bits));
            if count.iter().map(|&n| u128::from(n)).product::<u128>() <= u128::from(most) {
                return Cells { bits, count: count.map(|n| n as usize) };
            }
            bits += 1;
        }
    }

    /// Index into an array with one more entry along each axis.
    fn at(&self, [x, y, z]: [usize; 3]) -> usize {
        (z * (self.count[1] + 1) + y) * (self.count[0] + 1) + x
    }

    fn len(&self) -> usize {
        self.count.iter().map(|n| n + 1).product()
    }
}

/// The largest sum of the weights of boxes that share a voxel, for `N` weights at once; never too small, and
/// the same for any number of threads, because it sums whole numbers. `weighted` gives each of the `n` boxes in
/// voxels of `grid`.
pub fn deepest<const N: usize>(
    grid: &Grid,
    n: usize,
    weighted: impl Fn(usize) -> Option<(Box3, [u64; N])> + Sync,
) -> [u64; N] {
    let cells = Cells::new(grid, n);
    let share = n.div_ceil(rayon::current_num_threads()).max(1024);
    // Weights enter at the low corner of a box and leave behind its high one; sums along the axes then give
    // the depth of each cell. Differences wrap, sums come out right.
    let differences = (0..n.div_ceil(share))
        .into_par_iter()
        .map(|part| {
            let mut sums = vec![[0_u64; N]; cells.len()];
            for i in part * share..((part + 1) * share).min(n) {
                let Some((voxels, weights)) = weighted(i) else { continue };
                let low = voxels.each_ref().map(|r| (r.start >> cells.bits) as usize);
                let high = voxels.each_ref().map(|r| ((r.end - 1) >> cells.bits) as usize + 1);
                for corner in 0..8 {
                    let pick = |a: usize| if corner >> a & 1 == 1 { high[a] } else { low[a] };
                    let sum = &mut sums[cells.at([pick(0), pick(1), pick(2)])];
                    let leaves = (corner as u32).count_ones() % 2 == 1;
                    for (sum, &weight) in sum.iter_mut().zip(&weights) {
                        *sum = if leaves { sum.wrapping_sub(weight) } else { sum.wrapping_add(weight) };
                    }
                }
            }
            sums
        })
        .reduce_with(|mut a, b| {
            for (a, b) in a.iter_mut().zip(&b) {
                for (a, b) in a.iter_mut().zip(b) {
                    *a = a.wrapping_add(*b);
                }
            }
            a
        });
    let Some(mut sums) = differences else { return [0; N] };
    let mut stride = 1;
    for count in cells.count {
        for line in sums.chunks_exact_mut(stride * (count + 1)) {
            for i in stride..line.len() {
                let before = line[i - stride];
                for (sum, before) in line[i].iter_mut().zip(before) {
                    *sum = sum.wrapping_add(before);
                }
            }
        }
        stride *= count + 1;
    }
    let mut deepest = [0; N];
    for sum in &sums {
        for (deepest, &sum) in deepest.iter_mut().zip(sum) {
            *deepest = (*deepest).max(sum);
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Unit;

    #[test]
    fn the_depth_is_never_below_a_count_voxel_by_voxel() {
        let grid = Grid {
            shape: [40, 30, 20],
            voxel_size: [1.0; 3],
            origin: [0.0; 3],
            unit: Unit::Pixel,
            flat: false,
        };
        let mut draws = crate::random::Streams::new(1, 0, "boxes").field("corner").at(0);
        for n in [1, 10, 3000] {
            let boxes: Vec<Box3> = (0..n)
                .map(|_| {
                    [0, 1, 2].map(|a| {
                        let low = draws.below(grid.shape[a]);
                        low..(low + 1 + draws.below(12)).min(grid.shape[a])
                    })
                })
                .collect();
            let mut depth = vec![0_u64; 40 * 30 * 20];
            for b in &boxes {
                for z in b[2].clone() {
                    for y in b[1].clone() {
                        for x in b[0].clone() {
                            depth[((z * 30 + y) * 40 + x) as usize] += 1;
                        }
                    }
                }
            }
            let exact = depth.iter().max().copied().unwrap_or(0);
            let [bound, tenfold] = deepest(&grid, n, |i| Some((boxes[i].clone(), [1, 10])));
            assert!(bound >= exact && bound <= 8 * exact, "{bound} {exact}");
            assert_eq!(tenfold, 10 * bound);
        }
    }
}
