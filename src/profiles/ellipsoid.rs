//! The geometry that `ball` and `shell` share: ellipsoids along the axes, with an edge.

use std::f64::consts::FRAC_PI_2;

use libm::{acos, asin, atan2};

use crate::grid::{Box3, Grid};
use crate::random::unit_ball_measure;
use crate::simd::for_every_width;

/// 1 inside the ellipsoid with radii R; beyond it the mean of the ellipsoids with radii R + s edge, s uniform in
/// [0, 1]. At an offset d that is 1 - s, where the ellipsoid of s runs through d: sum((d / (R + s edge))^2) = 1.
#[derive(Debug, Clone, Copy)]
pub struct Ellipsoid {
    pub radius: [f64; 3],
    pub edge: f64,
}

/// A voxel centre on the surface belongs to the ellipsoid although its offset is rounded: sum((d/R)^2) may be
/// larger than 1 by this.
const SURFACE: f64 = 1.0 + 1e-11;

/// What boxes have in reserve for `SURFACE` and for the rounding of offsets: relative, and in voxels.
const RESERVE: (f64, f64) = (1e-11, 1e-9);

impl Ellipsoid {
    /// The radii of the layer s.
    fn layer(&self, s: f64) -> [f64; 3] {
        self.radius.map(|r| r + s * self.edge)
    }

    /// Volume (area) under the profile: the mean volume of the layers. The integral of prod(R + s e) over s is
    /// Rx Ry Rz + e/2 (Rx Ry + Ry Rz + Rx Rz) + e^2/3 (Rx + Ry + Rz) + e^3/4; in a plane Rx Ry + e/2 (Rx + Ry) + e^2/3.
    pub fn measure(&self, flat: bool) -> f64 {
        let ([x, y, z], e) = (self.radius, self.edge);
        let product = if flat {
            x * y + e * ((x + y) / 2.0 + e / 3.0)
        } else {
            x * y * z + e * ((x * y + y * z + x * z) / 2.0 + e * ((x + y + z) / 3.0 + e / 4.0))
        };
        unit_ball_measure(flat) * product
    }

    /// Half widths in voxels of a box beyond which there is nothing.
    pub fn reach(&self, grid: &Grid) -> [f64; 3] {
        let (outermost, mut reach) = (self.layer(1.0), [0.5; 3]);
        for a in grid.axes() {
            reach[a] = outermost[a] / grid.voxel_size[a] * (1.0 + RESERVE.0) + RESERVE.1;
        }
        reach
    }

    /// The largest value outside a box of half widths `reach` voxels: it lies on an axis, where the profile is
    /// the ramp (R + edge - d) / edge.
    pub fn outside(&self, grid: &Grid, reach: [f64; 3]) -> f64 {
        grid.axes().fold(0.0, |largest, a| {
            let left = self.radius[a] * (1.0 + RESERVE.0) + self.edge - reach[a] * grid.voxel_size[a];
            let value = if left <= 0.0 {
                0.0
            } else if left < self.edge {
                left / self.edge
            } else {
                1.0
            };
            if value > largest { value } else { largest }
        })
    }

    /// Writes `value` to the voxels of a row that lie inside the radii; the edge is left out.
    pub fn fill_row(&self, dx: &[f64], dy: f64, dz: f64, value: f64, out: &mut [f64]) {
        fill_row(dx, self.radius[0], self.rest(dy, dz), value, out);
    }

    /// Writes the profile of a row; edge > 0.
    pub fn soft_row(&self, dx: &[f64], dy: f64, dz: f64, out: &mut [f64]) {
        let ([x, y, z], rest) = (self.radius, self.rest(dy, dz));
        if x == y && y == z {
            return ramp_row(dx, x, rest, x / self.edge, out);
        }
        /// Marks the voxels of the edge until their layer is known.
        const EDGE: f64 = -1.0;
        let outermost = Ellipsoid { radius: self.layer(1.0), edge: 0.0 };
        out.fill(0.0);
        outermost.fill_row(dx, dy, dz, EDGE, out);
        self.fill_row(dx, dy, dz, 1.0, out);
        for (out, &dx) in out.iter_mut().zip(dx) {
            if *out == EDGE {
                *out = 1.0 - self.layer_through([dx, dy, dz]);
            }
        }
    }

    /// (dy/Ry)^2 + (dz/Rz)^2.
    fn rest(&self, dy: f64, dz: f64) -> f64 {
        let (y, z) = (dy / self.radius[1], dz / self.radius[2]);
        y * y + z * z
    }

    /// The s of the layer that runs through `d`: 0 inside the innermost, 1 outside the outermost.
    ///
    /// Newton's method for 1/sqrt(S(s)) = 1 with S = sum((d / (R + s e))^2): 1/sqrt(S) is the power mean of order -2
    /// of the affine (R + s e)/|d|, hence concave and rising, so that Newton's steps from s = 0 never overshoot;
    /// where one axis rules it is a straight line and the first step is the last.
    fn layer_through(&self, d: [f64; 3]) -> f64 {
        const STEPS: usize = 24;
        let mut s = 0.0;
        for _ in 0..STEPS {
            let (mut sum, mut slope) = (0.0, 0.0);
            for (d, r) in d.iter().zip(self.layer(s)) {
                let square = (d / r) * (d / r);
                sum += square;
                slope += square * (self.edge / r);
            }
            if sum <= 1.0 {
                break;
            }
            let next = s + sum * (sum.sqrt() - 1.0) / slope;
            if next <= s {
                break;
            }
            // So far out that the squares overflow is outside too.
            if next >= 1.0 || next.is_nan() {
                return 1.0;
            }
            s = next;
        }
        s
    }

    /// The share of the light in a region that takes all of it or nothing; else none.
    pub fn plain_share(&self, centre: [f64; 3], grid: &Grid, region: &Box3) -> Option<f64> {
        let (low, high) = faces(centre, grid, region);
        let outermost = self.layer(1.0);
        if grid.axes().all(|a| low[a] <= -outermost[a] && high[a] >= outermost[a]) {
            return Some(1.0);
        }
        let squares = grid.axes().map(|a| {
            let nearest = 0.0_f64.clamp(low[a], high[a]) / outermost[a];
            nearest * nearest
        });
        (squares.sum::<f64>() >= 1.0).then_some(0.0)
    }

    /// The volume (area) under the profile within `region`, to 1e-15 of the whole, or 1e-9 with an edge.
    pub fn within(&self, centre: [f64; 3], grid: &Grid, region: &Box3) -> f64 {
        let (low, high) = faces(centre, grid, region);
        let farthest = grid.axes().map(|a| {
            let far = if -low[a] > high[a] { low[a] } else { high[a] } / self.radius[a];
            far * far
        });
        if farthest.sum::<f64>() <= 1.0 {
            // Exact for a grid deep inside a huge ball, where the corners' sum would cancel.
            return grid.axes().map(|a| high[a] - low[a]).product();
        }
        // The volume between the centre and a corner is odd in each coordinate of the corner.
        let mut sum = 0.0;
        for corner in 0..if grid.flat { 4 } else { 8 } {
            let (mut at, mut sign) = ([0.0; 3], 1.0);
            for a in grid.axes() {
                let upper = corner >> a & 1 == 1;
                at[a] = if upper { high[a] } else { low[a] };
                if upper != (at[a] >= 0.0) {
                    sign = -sign;
                }
                at[a] = at[a].abs();
            }
            sum += sign * self.up_to_corner(at, grid.flat);
        }
        sum
    }

    /// The volume (area) under the profile within the box from the centre to the corner `at` (>= 0): the mean over
    /// the layers, integrated piecewise between those that touch a face, an edge or the corner of the box.
    fn up_to_corner(self, at: [f64; 3], flat: bool) -> f64 {
        let layer = |s: f64| {
            let r = self.layer(s);
            let corner = [0, 1, 2].map(|a| at[a] / r[a]);
            if flat {
                r[0] * r[1] * disc(1.0, corner[0], corner[1])
            } else {
                r[0] * r[1] * r[2] * octant(corner)
            }
        };
        if self.edge <= 0.0 {
            return layer(0.0);
        }
        // One break for each set of axes, and the last layer.
        let mut breaks: [f64; 9] = std::array::from_fn(|axes| {
            self.layer_through([0, 1, 2].map(|a| if axes >> a & 1 == 1 { at[a] } else { 0.0 }))
        });
        breaks[8] = 1.0;
        breaks.sort_by(f64::total_cmp);
        breaks.windows(2).map(|ends| integral(ends[0], ends[1], layer)).sum()
    }
}

/// The region's faces as offsets from the centre in world units.
fn faces(centre: [f64; 3], grid: &Grid, region: &Box3) -> ([f64; 3], [f64; 3]) {
    let offset = |a: usize, voxel: u64| (voxel as f64 - 0.5 - centre[a]) * grid.voxel_size[a];
    ([0, 1, 2].map(|a| offset(a, region[a].start)), [0, 1, 2].map(|a| offset(a, region[a].end)))
}

/// Gauss-Legendre with 12 nodes, after s = a + (b - a) t^2 (3 - 2t): where a layer touches an edge the integrand
/// has a power of 5/2, which this makes a smooth one of 5.
fn integral(a: f64, b: f64, f: impl Fn(f64) -> f64) -> f64 {
    /// Nodes in (0, 1) and weights on [-1, 1]; the other half mirrors them.
    const NODES: [(f64, f64); 6] = [
        (0.9815606342467192, 0.04717533638651183),
        (0.9041172563704749, 0.10693932599531843),
        (0.7699026741943047, 0.16007832854334622),
        (0.5873179542866175, 0.20316742672306592),
        (0.3678314989981802, 0.2334925365383548),
        (0.1252334085114689, 0.24914704581340277),
    ];
    if a >= b {
        return 0.0;
    }
    let term = |x: f64| {
        let t = 0.5 + 0.5 * x;
        6.0 * t * (1.0 - t) * f(a + (b - a) * (t * t * (3.0 - 2.0 * t)))
    };
    0.5 * (b - a) * NODES.iter().map(|&(x, weight)| weight * (term(x) + term(-x))).sum::<f64>()
}

/// Area of the part of a disc of radius `r` that lies in [0, a] x [0, b]; a, b >= 0.
///
/// Where the corner lies outside: two right triangles, and between them the sector from acos(b/r) to asin(a/r).
fn disc(r: f64, a: f64, b: f64) -> f64 {
    let (a, b) = (if a < r { a } else { r }, if b < r { b } else { r });
    if a * a + b * b <= r * r {
        return a * b;
    }
    let sector = asin(a / r) - acos(b / r);
    0.5 * (a * leg(r, a) + b * leg(r, b) + r * r * sector)
}

/// sqrt(r^2 - a^2) for 0 <= a <= r.
fn leg(r: f64, a: f64) -> f64 {
    ((r - a) * (r + a)).sqrt()
}

/// Volume of the part of the unit ball that lies in [0, a] x [0, b] x [0, c]; all >= 0.
///
/// By the divergence theorem a third of the sum of (distance from the centre) * area over the surface. The faces
/// through the centre add nothing, the other three are parts of discs, and the sphere's part is its octant without
/// the caps beyond a, b and c, whose overlaps in pairs were taken twice (all three meet only if the corner lies
/// inside the ball).
fn octant(corner: [f64; 3]) -> f64 {
    let [a, b, c] = corner.map(|x| if x < 1.0 { x } else { 1.0 });
    if a * a + b * b + c * c <= 1.0 {
        return a * b * c;
    }
    let sphere = FRAC_PI_2 * (a + b + c - 2.0) + caps_overlap(a, b) + caps_overlap(b, c) + caps_overlap(a, c);
    let faces = a * disc(leg(1.0, a), b, c) + b * disc(leg(1.0, b), a, c) + c * disc(leg(1.0, c), a, b);
    (sphere + faces) / 3.0
}

/// Area on the unit sphere's half z >= 0 of x > a, y > b; a, b in [0, 1].
///
/// The integral of acos(b / sqrt(1 - x^2)) over x from a to sqrt(1 - b^2), by parts.
fn caps_overlap(a: f64, b: f64) -> f64 {
    let rest = 1.0 - a * a - b * b;
    if rest <= 0.0 {
        return 0.0;
    }
    let angle = |a: f64, b: f64| {
        let cosine = b / leg(1.0, a);
        acos(if cosine < 1.0 { cosine } else { 1.0 })
    };
    FRAC_PI_2 - atan2(a * b, rest.sqrt()) - a * angle(a, b) - b * angle(b, a)
}

#[inline(always)]
fn fill_row_body(dx: &[f64], radius: f64, rest: f64, value: f64, out: &mut [f64]) {
    for (out, &dx) in out.iter_mut().zip(dx) {
        let u = dx / radius;
        *out = if u * u + rest <= SURFACE { value } else { *out };
    }
}

for_every_width! {
    /// Writes `value` where (dx / radius)^2 + rest <= 1.
    fn fill_row(dx: &[f64], radius: f64, rest: f64, value: f64, out: &mut [f64]) = fill_row_body;
}

#[inline(always)]
fn ramp_row_body(dx: &[f64], radius: f64, rest: f64, slope: f64, out: &mut [f64]) {
    for (out, &dx) in out.iter_mut().zip(dx) {
        let u = dx / radius;
        let value = (1.0 - (u * u + rest).sqrt()) * slope + 1.0;
        let value = if value > 0.0 { value } else { 0.0 };
        *out = if value < 1.0 { value } else { 1.0 };
    }
}

for_every_width! {
    /// A sphere's ramp (R + edge - r) / edge, from 0 to 1; `slope` is R / edge, `rest` as in `fill_row`.
    fn ramp_row(dx: &[f64], radius: f64, rest: f64, slope: f64, out: &mut [f64]) = ramp_row_body;
}
