//! The exact volume by brute force: every spot at every voxel, in f64, with nothing of the program.

use super::run::Volume;

/// What the scene's text says about a group's profile; widths of Gaussians stand in /spots.
#[derive(Clone, Copy)]
pub enum Shape {
    Points,
    Means,
    /// Radius and edge.
    Ball([f64; 3], f64),
    /// Radius and thickness.
    Shell([f64; 3], f64),
}

/// The sum over all spots at every voxel, in C order; `shapes` are those of the groups.
pub fn volume(file: &Volume, shapes: &[Shape]) -> Vec<f64> {
    let mut sums = Sums::new(file.voxels.len());
    each_spot(file, shapes, |index, value| sums.add(index, value));
    sums.finish()
}

/// Calls `seen` with index and value of every voxel that a spot reaches in f64.
fn each_spot(file: &Volume, shapes: &[Shape], mut seen: impl FnMut(usize, f64)) {
    let [width, height, depth] = file.shape;
    let rule = GaussLegendre::new(24);
    for spot in 0..file.spot_count() {
        let shape = shapes[file.spots["group"][spot] as usize];
        let centre = file.triple("", spot, 0.0);
        let sigma = file.triple("sigma_", spot, 1.0);
        let amplitude = file.spots["amplitude"][spot];
        match shape {
            Shape::Points | Shape::Means => {
                let factors = [0, 1, 2].map(|a| -> Vec<f64> {
                    (0..file.shape[a])
                        .map(|i| {
                            if a >= file.axes() {
                                return 1.0;
                            }
                            let (step, width) = (file.voxel_size[a], sigma[a]);
                            let offset = distance(file.origin[a], i, step, centre[a]);
                            if matches!(shape, Shape::Points) {
                                let u = (offset.0 + offset.1) / width;
                                (-0.5 * u * u).exp()
                            } else {
                                rule.mean(offset, step, width)
                            }
                        })
                        .collect()
                });
                for z in 0..depth {
                    for y in 0..height {
                        let row = amplitude * (factors[2][z] * factors[1][y]);
                        // Less than 1e-40 of the spot changes no sum that is looked at.
                        if factors[2][z] * factors[1][y] < 1e-40 {
                            continue;
                        }
                        let at = (z * height + y) * width;
                        for (x, factor) in factors[0].iter().enumerate() {
                            seen(at + x, row * factor);
                        }
                    }
                }
            }
            Shape::Ball(radius, edge) => each_voxel(file, centre, |index, d| {
                seen(index, amplitude * ball(d, radius, edge));
            }),
            Shape::Shell(radius, thickness) => each_voxel(file, centre, |index, d| {
                let outer = norm(d, radius.map(|r| r + 0.5 * thickness)) <= 1.0;
                let inner = norm(d, radius.map(|r| r - 0.5 * thickness)) <= 1.0;
                seen(index, if outer && !inner { amplitude } else { 0.0 });
            }),
        }
    }
}

fn each_voxel(file: &Volume, centre: [f64; 3], mut seen: impl FnMut(usize, [f64; 3])) {
    let [width, height, depth] = file.shape;
    let along = |a: usize, i: usize| {
        if a >= file.axes() {
            return 0.0;
        }
        let d = distance(file.origin[a], i, file.voxel_size[a], centre[a]);
        d.0 + d.1
    };
    for z in 0..depth {
        for y in 0..height {
            for x in 0..width {
                seen((z * height + y) * width + x, [along(0, x), along(1, y), along(2, z)]);
            }
        }
    }
}

/// sqrt(sum((d/r)^2)); a surface that is hit exactly belongs to the inside although divisions round.
fn norm(d: [f64; 3], radius: [f64; 3]) -> f64 {
    let norm = (0..3).map(|a| (d[a] / radius[a]) * (d[a] / radius[a])).sum::<f64>().sqrt();
    if (norm - 1.0).abs() < 4e-12 { 1.0 } else { norm }
}

/// 1 - s of the layer R + s edge that runs through d, by bisection.
fn ball(d: [f64; 3], radius: [f64; 3], edge: f64) -> f64 {
    if norm(d, radius) <= 1.0 {
        return 1.0;
    }
    let inside = |s: f64| {
        (0..3).map(|a| (d[a] / (radius[a] + s * edge)) * (d[a] / (radius[a] + s * edge))).sum::<f64>() <= 1.0
    };
    if edge == 0.0 || !inside(1.0) {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if inside(middle) { high = middle } else { low = middle }
    }
    1.0 - high
}

/// origin + i step - centre, as a sum of two numbers: exact far from 0 as well.
fn distance(origin: f64, i: usize, step: f64, centre: f64) -> (f64, f64) {
    let product = i as f64 * step;
    let product_error = (i as f64).mul_add(step, -product);
    let (a, b) = exact_sum(origin, -centre);
    let (c, d) = exact_sum(product, a);
    exact_sum(c, d + (b + product_error))
}

/// A sum and its rounding error (Dekker: needs the larger one first).
fn exact_sum(a: f64, b: f64) -> (f64, f64) {
    let (large, small) = if a.abs() >= b.abs() { (a, b) } else { (b, a) };
    let sum = large + small;
    (sum, small - (sum - large))
}

/// Sums with the rounding errors carried along (Neumaier).
struct Sums(Vec<(f64, f64)>);

impl Sums {
    fn new(n: usize) -> Sums {
        Sums(vec![(0.0, 0.0); n])
    }

    #[inline]
    fn add(&mut self, index: usize, value: f64) {
        let (sum, rest) = self.0[index];
        let total = sum + value;
        let part = total - sum;
        self.0[index] = (total, rest + ((sum - (total - part)) + (value - part)));
    }

    fn finish(self) -> Vec<f64> {
        self.0.into_iter().map(|(sum, rest)| sum + rest).collect()
    }
}

/// Gauss-Legendre quadrature, its nodes by Newton's method.
pub struct GaussLegendre(Vec<(f64, f64)>);

impl GaussLegendre {
    pub fn new(n: usize) -> GaussLegendre {
        let nodes = (0..n).map(|i| {
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut p, mut before) = (1.0, 0.0);
                for k in 1..=n {
                    let k = k as f64;
                    (p, before) = (((2.0 * k - 1.0) * x * p - (k - 1.0) * before) / k, p);
                }
                slope = n as f64 * (x * p - before) / (x * x - 1.0);
                x -= p / slope;
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        });
        GaussLegendre(nodes.collect())
    }

    /// The mean of exp(-(x/width)^2/2) over a voxel of edge `step` around `centre`.
    pub fn mean(&self, centre: (f64, f64), step: f64, width: f64) -> f64 {
        let edge = |half: f64| {
            let (sum, error) = exact_sum(centre.0, half);
            (sum + (error + centre.1)) / width
        };
        let h = step / width;
        // Beyond 12 widths there is less than 1e-31 of the peak.
        let (low, high) = (edge(-0.5 * step).max(-12.0), edge(0.5 * step).min(12.0));
        if h <= 1.0 {
            // The voxel as it is: edges would lose digits.
            let u = (centre.0 + centre.1) / width;
            return if u.abs() > 14.0 { 0.0 } else { 0.5 * self.sum(u, 0.5 * h) };
        }
        if low >= high {
            return 0.0;
        }
        let pieces = (high - low).ceil();
        let half = 0.5 * (high - low) / pieces;
        (0..pieces as usize).map(|i| half * self.sum(low + half * (2 * i + 1) as f64, half)).sum::<f64>() / h
    }

    fn sum(&self, middle: f64, half: f64) -> f64 {
        let f = |x: f64| (-0.5 * (middle + half * x) * (middle + half * x)).exp();
        self.0.iter().map(|&(x, weight)| weight * f(x)).sum()
    }
}
