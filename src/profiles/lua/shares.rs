//! How much of a scripted profile's light lies in a box around its centre: from a table of sums that is made once.

use crate::grid::{Box3, Grid};

/// Cells along each axis of the cube around the light.
const CELLS: usize = 64;

/// Sums of the values over the box from the cube's first corner to each corner of a cell, x fastest; in a plane one layer.
pub struct Shares {
    /// How far the light reaches.
    extent: f64,
    flat: bool,
    sums: Vec<f64>,
}

impl Shares {
    /// `row` gives the values at offsets along x, at one offset along y and z.
    pub fn new(extent: f64, flat: bool, mut row: impl FnMut(&[f64], f64, f64, &mut [f64])) -> Shares {
        const EDGES: usize = CELLS + 1;
        let middle = |i: usize| extent * ((2 * i + 1) as f64 / CELLS as f64 - 1.0);
        let dx: Vec<f64> = (0..CELLS).map(middle).collect();
        let layers = if flat { 1 } else { CELLS };
        let mut sums = vec![0.0; EDGES * EDGES * (layers + 1)];
        let mut values = [0.0; CELLS];
        for z in 0..layers {
            for y in 0..CELLS {
                row(&dx, middle(y), if flat { 0.0 } else { middle(z) }, &mut values);
                let mut along = 0.0;
                for (x, value) in values.iter().enumerate() {
                    along += value;
                    let at = |x: usize, y: usize, z: usize| (z * EDGES + y) * EDGES + x;
                    // The sum of the row, of the rows before it, and of the layers before this one.
                    sums[at(x + 1, y + 1, z + 1)] =
                        along + sums[at(x + 1, y, z + 1)] + sums[at(x + 1, y + 1, z)] - sums[at(x + 1, y, z)];
                }
            }
        }
        Shares { extent, flat, sums }
    }

    /// The share of the light of a spot at `centre` (voxels) that falls into `region`.
    pub fn of(&self, centre: [f64; 3], grid: &Grid, region: &Box3) -> f64 {
        let mut sides =
            [[0.0, CELLS as f64], [0.0, CELLS as f64], [0.0, if self.flat { 1.0 } else { CELLS as f64 }]];
        let whole = self.sum(sides.map(|[_, high]| high));
        for a in grid.axes() {
            let cell = |edge: f64| {
                let offset = (edge - centre[a]) * grid.voxel_size[a];
                ((offset / self.extent + 1.0) * (CELLS as f64 / 2.0)).clamp(0.0, CELLS as f64)
            };
            sides[a] = [cell(region[a].start as f64 - 0.5), cell(region[a].end as f64 - 0.5)];
        }
        let mut part = 0.0;
        for corner in 0..8_usize {
            let high = [0, 1, 2].map(|a| corner >> a & 1);
            let sign = if high.iter().sum::<usize>() % 2 == 1 { 1.0 } else { -1.0 };
            part += sign * self.sum([0, 1, 2].map(|a| sides[a][high[a]]));
        }
        if whole == 0.0 { 0.0 } else { (part / whole).clamp(0.0, 1.0) }
    }

    /// The sum up to a point in units of cells, linear between the corners.
    fn sum(&self, point: [f64; 3]) -> f64 {
        const EDGES: usize = CELLS + 1;
        let layers = self.sums.len() / (EDGES * EDGES);
        let last = [EDGES - 2, EDGES - 2, layers - 2];
        let cell = [0, 1, 2].map(|a| (point[a] as usize).min(last[a]));
        let rest = [0, 1, 2].map(|a| point[a] - cell[a] as f64);
        let mut sum = 0.0;
        for corner in 0..8_usize {
            let high = [0, 1, 2].map(|a| corner >> a & 1);
            let weight: f64 =
                [0, 1, 2].map(|a| if high[a] == 1 { rest[a] } else { 1.0 - rest[a] }).iter().product();
            let [x, y, z] = [0, 1, 2].map(|a| cell[a] + high[a]);
            sum += weight * self.sums[(z * EDGES + y) * EDGES + x];
        }
        sum
    }
}
