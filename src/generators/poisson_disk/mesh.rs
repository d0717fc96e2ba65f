//! A mesh of equal cells over the grid, and the spots found by it.

use crate::regions::Cuboid;

/// Equal cells over a box.
#[derive(Clone, Copy)]
pub struct Mesh {
    low: [f64; 3],
    high: [f64; 3],
    extent: [f64; 3],
    side: [f64; 3],
    /// Cells along each axis; 1 along z in a plane.
    pub parts: [u64; 3],
    pub flat: bool,
}

/// Cells are wider than the distance by so much that no rounding puts two near points two cells apart.
const SLACK: f64 = 1.0 + 1e-6;
/// Cell numbers stay exact as f64 and cells wider than the rounding of their position.
const MOST_PARTS: u64 = 1 << 50;

impl Mesh {
    /// Cells no narrower than `distance` and, where the box allows, hardly wider; at most `most`.
    pub fn new(region: &Cuboid, distance: f64, most: u64, flat: bool) -> Mesh {
        let extent = [0, 1, 2].map(|a| region.max[a] - region.min[a]);
        let mut mesh = Mesh { low: region.min, high: region.max, extent, side: extent, parts: [1; 3], flat };
        // The casts saturate.
        let fine = mesh.map_axes(1, |a| ((extent[a] / (distance * SLACK)) as u64).max(1));
        let all = |parts: [u64; 3]| parts.iter().map(|&n| u128::from(n)).try_fold(1, u128::checked_mul);
        let fits = |parts: [u64; 3]| all(parts).is_some_and(|n| n <= u128::from(most));
        if fits(fine) {
            return mesh.divided(fine);
        }
        // Halve the longest side of the cells as long as there may be more of them.
        loop {
            let longest = mesh.longest_axis();
            let mut parts = mesh.parts;
            parts[longest] = parts[longest].saturating_mul(2);
            if !fits(parts) || mesh.side[longest] / 2.0 < distance * SLACK || parts[longest] > MOST_PARTS {
                return mesh;
            }
            mesh = mesh.divided(parts);
        }
    }

    /// A number of spots that fits in any case, however badly they are placed.
    pub fn at_least(region: &Cuboid, distance: f64, flat: bool) -> u64 {
        // As long as points of a lattice of twice the distance are left uncovered there is room.
        let axes = 0..if flat { 2 } else { 3 };
        let along = |a: usize| ((region.max[a] - region.min[a]) / (2.0 * distance * SLACK)) as u64;
        axes.map(|a| along(a).max(1)).fold(1, u64::saturating_mul)
    }

    fn map_axes<T: Copy>(&self, other: T, f: impl Fn(usize) -> T) -> [T; 3] {
        [0, 1, 2].map(|a| if self.flat && a == 2 { other } else { f(a) })
    }

    fn divided(self, parts: [u64; 3]) -> Mesh {
        Mesh { parts, side: [0, 1, 2].map(|a| self.extent[a] / parts[a] as f64), ..self }
    }

    fn longest_axis(&self) -> usize {
        (1..3).fold(0, |best, a| if self.side[a] > self.side[best] { a } else { best })
    }

    /// The cell a point lies in.
    pub fn cell(&self, point: [f64; 3]) -> [u64; 3] {
        self.map_axes(0, |a| {
            let share = (point[a] - self.low[a]) / self.extent[a];
            ((share * self.parts[a] as f64) as u64).min(self.parts[a] - 1)
        })
    }

    /// The cells along each axis that are not farther than a cell from a point, the nearer first; some may
    /// lie beyond the mesh.
    fn around(&self, point: [f64; 3]) -> [[u64; 3]; 3] {
        let cell = self.cell(point);
        [0, 1, 2].map(|a| {
            let middle = self.low[a] + (cell[a] as f64 + 0.5) * self.side[a];
            let (below, above) = (cell[a].wrapping_sub(1), cell[a] + 1);
            if point[a] < middle { [cell[a], below, above] } else { [cell[a], above, below] }
        })
    }

    /// The place `part` (0 ..= 1 along each axis) of the way through a cell.
    pub fn place(&self, cell: [u64; 3], part: [f64; 3]) -> [f64; 3] {
        self.map_axes(0.0, |a| {
            (self.low[a] + (cell[a] as f64 + part[a]) * self.side[a]).clamp(self.low[a], self.high[a])
        })
    }

    /// The mesh whose cells are halved along the longer axes; `None` where numbers end.
    pub fn halved(&self) -> Option<Mesh> {
        let (side, longest) = (self.side, self.side[self.longest_axis()]);
        let parts =
            [0, 1, 2].map(|a| if side[a] > 0.6 * longest { 2 * self.parts[a] } else { self.parts[a] });
        (longest > 0.0 && parts.iter().all(|&n| n <= MOST_PARTS)).then(|| self.divided(parts))
    }

    /// The cells of `finer` that make up a cell of this mesh.
    pub fn children(&self, cell: [u64; 3], finer: &Mesh) -> impl Iterator<Item = [u64; 3]> + use<> {
        let [nx, ny, nz] = [0, 1, 2].map(|a| finer.parts[a] / self.parts[a]);
        (0..nx * ny * nz)
            .map(move |i| [cell[0] * nx + i % nx, cell[1] * ny + i / nx % ny, cell[2] * nz + i / nx / ny])
    }

    fn index(&self, cell: [u64; 3]) -> usize {
        ((cell[2] * self.parts[1] + cell[1]) * self.parts[0] + cell[0]) as usize
    }
}

const NONE: usize = usize::MAX;

/// Spots that keep their distance.
pub struct Crowd {
    pub mesh: Mesh,
    pub distance: f64,
    points: Vec<[f64; 3]>,
    /// The last spot of each cell, and before each spot the one before it in its cell.
    last: Vec<usize>,
    before: Vec<usize>,
}

pub fn apart(p: [f64; 3], q: [f64; 3]) -> f64 {
    let d = [p[0] - q[0], p[1] - q[1], p[2] - q[2]];
    (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt()
}

impl Crowd {
    pub fn new(mesh: Mesh, distance: f64) -> Crowd {
        let cells = mesh.parts.iter().product::<u64>() as usize;
        Crowd { mesh, distance, points: Vec::new(), last: vec![NONE; cells], before: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.points.len()
    }

    pub fn into_points(self) -> Vec<[f64; 3]> {
        self.points
    }

    pub fn add(&mut self, point: [f64; 3]) {
        let cell = self.mesh.index(self.mesh.cell(point));
        self.before.push(std::mem::replace(&mut self.last[cell], self.points.len()));
        self.points.push(point);
    }

    pub fn has_room(&self, point: [f64; 3]) -> bool {
        !self.nearby(point, |_| true)
    }

    /// Whether `stop` holds for one of the spots nearer than the distance to `point`.
    pub fn nearby(&self, point: [f64; 3], mut stop: impl FnMut([f64; 3]) -> bool) -> bool {
        // Nearer cells first: a spot in the way is mostly found in one of the first.
        let around = self.mesh.around(point);
        let there = |a: usize| around[a].into_iter().filter(move |&i| i < self.mesh.parts[a]);
        for z in there(2) {
            for y in there(1) {
                for x in there(0) {
                    let mut next = self.last[self.mesh.index([x, y, z])];
                    while next != NONE {
                        let spot = self.points[next];
                        if apart(spot, point) < self.distance && stop(spot) {
                            return true;
                        }
                        next = self.before[next];
                    }
                }
            }
        }
        false
    }
}
