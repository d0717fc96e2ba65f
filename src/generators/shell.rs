//! `shell`: on a sphere or ellipsoid, or in a layer of some thickness around it.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::{Generator, Layout, Placed};
use crate::diagnostic::Diagnostic;
use crate::plugin::forms::Axes;
use crate::plugin::{Bad, Param, Plugin, Range, TableReader, TableSpec};
use crate::random::Draws;
use crate::spot::Refusal;
use crate::value::Count;

const CENTRE: Param<Axes<f64>> = Param::required("centre", "The middle.").unit("grid.unit");
const RADIUS: Param<Axes<f64>> = Param::required("radius", "Radius; one per axis makes an ellipsoid.")
    .unit("grid.unit")
    .range(Range::POSITIVE);
const THICKNESS: Param<f64> = Param::default(
    "thickness",
    "0",
    "The spots fill the layer between the surfaces with half of this less and half of this more radius; \
     at most twice the smallest radius.",
)
.unit("grid.unit")
.range(Range::NOT_NEGATIVE);
const COUNT: Param<Count> = Param::required("count", "How many spots.");

pub const SHELL: Plugin<dyn Generator> = Plugin {
    kind: "shell",
    about: "On a sphere or ellipsoid, uniform by area, or with a thickness by volume; in 2-D on a circle \
            or ellipse.",
    table: TableSpec { params: &[&CENTRE, &RADIUS, &THICKNESS, &COUNT], one_of: &[] },
    example: "{ kind = \"shell\", centre = 20, radius = { x = 10, y = 10, z = 15 }, count = 200 }",
    build,
};

struct Shell {
    centre: [f64; 3],
    radius: [f64; 3],
    thickness: f64,
    count: Count,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Generator>, Bad> {
    let (centre, radius) = (p.get(&CENTRE), p.get(&RADIUS));
    let (thickness, count) = (p.get(&THICKNESS), p.get(&COUNT));
    let (radius, thickness) = (radius?.0, thickness?);
    let axes = if p.reading.flat.get() { 0..2 } else { 0..3 };
    let smallest = radius[axes].iter().fold(f64::INFINITY, |least, &r| least.min(r));
    if thickness / 2.0 > smallest {
        let problem =
            Diagnostic::invalid(format!("`{}`: `thickness` is more than twice the smallest radius", p.name))
                .help("the inner surface has half of the thickness less radius on every axis");
        p.reading.report(problem.at(p.place_of(&THICKNESS)));
        return Err(Bad);
    }
    Ok(Box::new(Shell { centre: centre?.0, radius, thickness, count: count? }))
}

/// A point (R_x n_x, R_y n_y, R_z n_z) of an ellipsoid with n uniform on the unit sphere and accepted with a
/// probability proportional to the area or volume that belongs to n. The area vector of the image of dΩ
/// under diag(R) is det(R) (n_a / R_a) dΩ.
///
/// - On the surface: its length, |(n_a / R_a)| <= 1 / min R.
/// - In a layer whose radii are R = r + s, s uniform: the surface moves by n ds, hence the volume
///   det(R) Σ n_a² / R_a dΩ ds, that is Σ n_a² Π_{b≠a} R_b. It is largest at the outer surface along the
///   smallest radius.
///
/// At least one try in nine is accepted, whatever the radii.
fn on_ellipsoid(draws: &mut Draws, radius: &[f64; 3], thickness: f64, axes: usize) -> [f64; 3] {
    let outer = |r: f64| r + thickness / 2.0;
    let largest = outer(radius[..axes].iter().fold(0.0, |most: f64, &r| most.max(r)));
    let smallest = radius[..axes].iter().fold(f64::INFINITY, |least, &r| least.min(r));
    // Radii relative to the largest: no product overflows.
    let others =
        |of: &[f64; 3], a: usize| -> f64 { (0..axes).filter(|&b| b != a).map(|b| of[b] / largest).product() };
    let outermost = radius.map(outer);
    let most = (0..axes).map(|a| others(&outermost, a)).fold(0.0, f64::max);
    loop {
        let n = draws.direction(axes == 2);
        let s = if thickness > 0.0 { draws.uniform(-thickness / 2.0, thickness / 2.0) } else { 0.0 };
        let r = radius.map(|r| r + s);
        let (weight, most) = if thickness > 0.0 {
            ((0..axes).map(|a| n[a] * n[a] * others(&r, a)).sum::<f64>(), most)
        } else {
            let lengths = (0..axes).map(|a| n[a] * (smallest / r[a]));
            (lengths.map(|x| x * x).sum::<f64>().sqrt(), 1.0)
        };
        // Radii at the end of all numbers give NaN, which must not try for ever.
        if (draws.unit() * most).partial_cmp(&weight) != Some(Ordering::Greater) {
            return [0, 1, 2].map(|a| r[a] * n[a]);
        }
    }
}

impl Generator for Shell {
    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal> {
        let count = self.count.draw(&mut layout.streams.field("count").at(0));
        let count = layout.admit(count)?;
        let field = layout.streams.field("position");
        let axes = layout.grid.axes().len();
        let point = |i: usize| {
            let p = on_ellipsoid(&mut field.at(i as u64), &self.radius, self.thickness, axes);
            [0, 1, 2].map(|a| if a < axes { self.centre[a] + p[a] } else { 0.0 })
        };
        Ok(Placed::at((0..count).into_par_iter().map(point).collect()))
    }
}
