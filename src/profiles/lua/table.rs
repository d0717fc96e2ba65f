//! A radial function as a table: polynomials of degree 7 on equal intervals of r^2 or of r.
//!
//! In r^2 no root is taken for a voxel, and functions that are smooth at the centre are so in r^2 too; others, such as
//! exp(-r), need r.

use super::light::{AtRadii, GAUSS};
use crate::diagnostic::Diagnostic;
use crate::simd::for_every_width;

/// Coefficients of a polynomial.
pub const TERMS: usize = 8;

/// An error at which no finer table is tried, as a share of the largest value.
const GOOD: f64 = 1e-10;

/// Numbers of intervals that are tried, in this order.
const INTERVALS: [usize; 6] = [16, 32, 256, 2048, 16_384, 65_536];

/// Points on which an interval is tested, between those on which it is fitted.
const TESTS: usize = 9;

pub struct RadialTable {
    support: f64,
    /// Whether the intervals are of r; else of r^2.
    of_r: bool,
    /// For each interval the coefficients of s^0 .. s^7, with s from -1 to 1 across it.
    pub pieces: Vec<[f64; TERMS]>,
    /// The largest deviation from the function that was found, as a share of `peak`, times two.
    pub error: f64,
    /// Largest magnitude of the function.
    pub peak: f64,
    /// Largest slope, per unit of length.
    pub steepest: f64,
}

impl RadialTable {
    /// Samples `function` from 0 to `support`.
    ///
    /// # Errors
    /// What the function gives.
    pub fn sample(support: f64, function: &mut AtRadii<'_>) -> Result<RadialTable, Diagnostic> {
        let mut best: Option<RadialTable> = None;
        for count in INTERVALS {
            for of_r in [false, true] {
                let table = RadialTable::with(support, of_r, count, function)?;
                let good = table.error <= GOOD;
                if best.as_ref().is_none_or(|best| table.error < best.error) {
                    best = Some(table);
                }
                if good {
                    break;
                }
            }
            if best.as_ref().is_some_and(|best| best.error <= GOOD) {
                break;
            }
        }
        match best {
            Some(table) => Ok(table),
            None => RadialTable::with(support, false, 1, function),
        }
    }

    /// A table of `count` pieces.
    ///
    /// # Errors
    /// What the function gives.
    pub fn with(
        support: f64,
        of_r: bool,
        count: usize,
        function: &mut AtRadii<'_>,
    ) -> Result<RadialTable, Diagnostic> {
        let fit = Fit::new();
        let mut table =
            RadialTable { support, of_r, pieces: Vec::new(), error: 0.0, peak: 0.0, steepest: 0.0 };
        let mut off = 0.0_f64;
        let mut before: Option<(f64, f64)> = None;
        for piece in 0..count {
            let radius = |s: f64| {
                let share = (piece as f64 + (s + 1.0) / 2.0) / count as f64;
                support * if of_r { share } else { share.sqrt() }
            };
            // Those on which the interval is fitted, then those on which it is tested.
            let place = |i: usize| match i.checked_sub(TERMS) {
                None => fit.nodes[i],
                Some(test) => 2.0 * test as f64 / (TESTS - 1) as f64 - 1.0,
            };
            let places: [f64; TERMS + TESTS] = std::array::from_fn(place);
            let radii = places.map(radius);
            let mut values = [0.0; TERMS + TESTS];
            function(&radii, &mut values)?;
            let mut fitted = [0.0; TERMS];
            fitted.copy_from_slice(&values[..TERMS]);
            let coefficients = fit.coefficients(&fitted);
            for i in TERMS..TERMS + TESTS {
                let (s, r, exact) = (places[i], radii[i], values[i]);
                off = larger(off, (polynomial(&coefficients, s) - exact).abs());
                table.peak = larger(table.peak, exact.abs());
                if let Some((r0, f0)) = before.filter(|(r0, _)| r > *r0) {
                    table.steepest = larger(table.steepest, ((exact - f0) / (r - r0)).abs());
                }
                before = Some((r, exact));
            }
            table.pieces.push(coefficients);
        }
        table.peak = larger(table.peak, table.pieces.iter().map(highest).fold(0.0, larger));
        table.error = if table.peak > 0.0 { 2.0 * off / table.peak } else { 0.0 };
        Ok(table)
    }

    /// Values at offsets `dx` along a row whose square distance from the centre is `rest`; 0 beyond the support.
    pub fn row(&self, dx: &[f64], rest: f64, out: &mut [f64]) {
        let count = self.pieces.len() as f64;
        if self.of_r {
            row_of_r(dx, rest, self.support, count / self.support, &self.pieces, out);
        } else {
            row_of_square(dx, rest, self.support, count / (self.support * self.support), &self.pieces, out);
        }
    }

    /// Integral over space, or in a plane over the plane, by Gauss's rule on every interval.
    pub fn integral(&self, flat: bool) -> f64 {
        let count = self.pieces.len() as f64;
        let mut sum = 0.0;
        for (i, piece) in self.pieces.iter().enumerate() {
            for (s, weight) in GAUSS {
                let share = (i as f64 + (s + 1.0) / 2.0) / count;
                // dr = support / (2 count) ds, or with q = r^2: dr = support^2 / (4 count r) ds.
                let (r, dr) = if self.of_r {
                    (self.support * share, self.support / (2.0 * count))
                } else {
                    let r = self.support * share.sqrt();
                    (r, self.support * self.support / (4.0 * count * r))
                };
                let shell = if flat { r } else { r * r };
                sum += weight * polynomial(piece, s) * shell * dr;
            }
        }
        super::unit_surface(flat) * sum
    }
}

/// A bound of a piece's magnitude: between points h apart a function is at most h^2/8 of its largest second derivative
/// above them.
fn highest(coefficients: &[f64; TERMS]) -> f64 {
    const STEPS: usize = 128;
    let h = 2.0 / STEPS as f64;
    let at = |i: usize| polynomial(coefficients, i as f64 * h - 1.0).abs();
    let bend: f64 = coefficients.iter().zip(0..).map(|(c, k)| c.abs() * f64::from(k * (k - 1).max(0))).sum();
    (0..=STEPS).map(at).fold(0.0, larger) + bend * h * h / 8.0
}

#[inline(always)]
fn polynomial(coefficients: &[f64; TERMS], s: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum: f64, c| sum.mul_add(s, *c))
}

#[inline(always)]
fn evaluate(square: f64, at: f64, limit: f64, pieces: &[[f64; TERMS]]) -> f64 {
    let piece = (at as usize).min(pieces.len() - 1);
    let s = 2.0f64.mul_add(at - piece as f64, -1.0);
    let value = polynomial(&pieces[piece], s);
    if square <= limit { value } else { 0.0 }
}

#[inline(always)]
fn of_square_body(dx: &[f64], rest: f64, support: f64, scale: f64, pieces: &[[f64; TERMS]], out: &mut [f64]) {
    let limit = support * support;
    for (out, dx) in out.iter_mut().zip(dx) {
        let square = dx * dx + rest;
        *out = evaluate(square, square * scale, limit, pieces);
    }
}

#[inline(always)]
fn of_r_body(dx: &[f64], rest: f64, support: f64, scale: f64, pieces: &[[f64; TERMS]], out: &mut [f64]) {
    let limit = support * support;
    for (out, dx) in out.iter_mut().zip(dx) {
        let square = dx * dx + rest;
        *out = evaluate(square, square.sqrt() * scale, limit, pieces);
    }
}

for_every_width! {
    /// A row of a table of r^2.
    fn row_of_square(dx: &[f64], rest: f64, support: f64, scale: f64, pieces: &[[f64; TERMS]], out: &mut [f64]) = of_square_body;
}

for_every_width! {
    /// A row of a table of r.
    fn row_of_r(dx: &[f64], rest: f64, support: f64, scale: f64, pieces: &[[f64; TERMS]], out: &mut [f64]) = of_r_body;
}

/// Fits a polynomial through eight points.
struct Fit {
    /// Chebyshev's nodes.
    nodes: [f64; TERMS],
    /// From the values at the nodes to the coefficients.
    inverse: [[f64; TERMS]; TERMS],
}

impl Fit {
    fn new() -> Fit {
        let node = |k: usize| -libm::cos(std::f64::consts::PI * (k as f64 + 0.5) / TERMS as f64);
        let nodes: [f64; TERMS] = std::array::from_fn(node);
        // Lagrange's polynomials, expanded.
        let mut inverse = [[0.0; TERMS]; TERMS];
        for (k, &node) in nodes.iter().enumerate() {
            let mut product = [0.0; TERMS];
            product[0] = 1.0;
            for (_, &other) in nodes.iter().enumerate().filter(|(j, _)| *j != k) {
                let mut next = [0.0; TERMS];
                for (power, &c) in product.iter().enumerate() {
                    next[power] -= c * other / (node - other);
                    if power + 1 < TERMS {
                        next[power + 1] += c / (node - other);
                    }
                }
                product = next;
            }
            for (power, &c) in product.iter().enumerate() {
                inverse[power][k] = c;
            }
        }
        Fit { nodes, inverse }
    }

    fn coefficients(&self, values: &[f64; TERMS]) -> [f64; TERMS] {
        self.inverse.map(|row| row.iter().zip(values).map(|(c, value)| c * value).sum())
    }
}

fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(support: f64, function: impl Fn(f64) -> f64) -> RadialTable {
        let mut all = |radii: &[f64], out: &mut [f64]| {
            out.iter_mut().zip(radii).for_each(|(out, r)| *out = function(*r));
            Ok(())
        };
        RadialTable::sample(support, &mut all).unwrap()
    }

    #[test]
    fn smooth_functions_fit_into_few_pieces() {
        for (support, function) in [
            (6.0, (|r: f64| libm::exp(-r * r / 2.0)) as fn(f64) -> f64),
            (8.0, |r: f64| libm::exp(-(r - 3.0) * (r - 3.0))),
            (5.0, |r: f64| libm::exp(-r)),
            (1.0, |r: f64| 1.0 - r),
        ] {
            let table = table(support, function);
            assert!(
                table.error <= GOOD && table.pieces.len() <= 256,
                "{} {}",
                table.error,
                table.pieces.len()
            );
            let dx: Vec<f64> = (0..1000).map(|i| support * 1.1 * f64::from(i) / 999.0).collect();
            let mut out = vec![0.0; dx.len()];
            table.row(&dx, 0.0, &mut out);
            for (x, value) in dx.iter().zip(out) {
                let exact = if *x <= support { function(*x) } else { 0.0 };
                assert!((value - exact).abs() <= table.error * table.peak + 1e-15, "{x}: {value} {exact}");
            }
        }
    }

    #[test]
    fn a_jump_is_found_out() {
        assert!(table(1.0, |r| if r < 0.5 { 1.0 } else { 0.0 }).error > 0.1);
    }

    /// The integral of exp(-r^2/2) over space is (2 pi)^(3/2), over the plane 2 pi.
    #[test]
    fn the_light_of_a_gaussian_is_known() {
        let table = table(9.0, |r| libm::exp(-r * r / 2.0));
        let tau = std::f64::consts::TAU;
        assert!((table.integral(false) / (tau * tau.sqrt()) - 1.0).abs() < 1e-9);
        assert!((table.integral(true) / tau - 1.0).abs() < 1e-9);
    }
}
