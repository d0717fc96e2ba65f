//! `filament`: along wormlike chains.

use std::f64::consts::TAU;

use libm::{cos, exp, expm1, log, sin};
use rayon::prelude::*;

use super::{Generator, Layout, Placed};
use crate::plugin::{Bad, Param, Plugin, Range, TableReader, TableSpec};
use crate::random::Draws;
use crate::regions::{Region, of_grid};
use crate::spot::{Extra, Refusal};
use crate::value::{Count, Value};

const COUNT: Param<Count> = Param::required("count", "How many filaments; each starts anywhere in the grid.");
const LENGTH: Param<Value> =
    Param::required("length", "Contour length; a distribution is drawn once per filament.")
        .unit("grid.unit")
        .range(Range::NOT_NEGATIVE);
const SPACING: Param<f64> =
    Param::required("spacing", "Contour between neighbouring spots; one is at the start.")
        .unit("grid.unit")
        .range(Range::POSITIVE);
const PERSISTENCE: Param<Value> = Param::required(
    "persistence",
    "Persistence length P: directions a contour s apart have a mean cosine of exp(-s/P), in 2-D \
     exp(-s/2P); a distribution is drawn once per filament.",
)
.unit("grid.unit")
.range(Range::POSITIVE);

pub const FILAMENT: Plugin<dyn Generator> = Plugin {
    kind: "filament",
    about: "Evenly along wormlike chains, which may leave the grid.",
    table: TableSpec { params: &[&COUNT, &LENGTH, &SPACING, &PERSISTENCE], one_of: &[] },
    example: "{ kind = \"filament\", count = 5, length = 40, spacing = 0.5, persistence = 15 }",
    build,
};

struct Filament {
    count: Count,
    length: Value,
    spacing: f64,
    persistence: Value,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Generator>, Bad> {
    let (count, length) = (p.get(&COUNT), p.get(&LENGTH));
    let (spacing, persistence) = (p.get(&SPACING), p.get(&PERSISTENCE));
    Ok(Box::new(Filament { count: count?, length: length?, spacing: spacing?, persistence: persistence? }))
}

/// A length that is a whole number of spacings keeps its last spot whatever the division rounds to.
const WHOLE: f64 = 1e-9;

impl Generator for Filament {
    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal> {
        let flat = layout.grid.flat;
        let count = layout.admit(self.count.draw(&mut layout.streams.field("count").at(0)))?;
        let lengths = layout.streams.field("filament.length");
        let persistences = layout.streams.field("filament.persistence");
        let mut total = 0_u64;
        let mut chains = Vec::with_capacity(count);
        for i in 0..count as u64 {
            let steps = self.length.draw(&lengths, i)? / self.spacing + WHOLE;
            // The cast saturates, as does the sum.
            let spots = (steps as u64).saturating_add(1);
            total = total.saturating_add(spots);
            chains.push((spots, self.persistence.draw(&persistences, i)?));
        }
        layout.admit(total)?;

        let (starts, bends) = (layout.streams.field("filament.start"), layout.streams.field("filament.bend"));
        let grid = of_grid(layout.grid);
        let centres = (0..count).into_par_iter().flat_map_iter(|i| {
            let (spots, persistence) = chains[i];
            let bend = Bend::new(self.spacing, persistence, flat);
            let mut draws = bends.at(i as u64);
            let mut at = grid.point(&mut starts.at(i as u64), flat);
            let mut tangent = draws.direction(flat);
            (0..spots).map(move |k| {
                if k > 0 {
                    bend.advance(&mut at, &mut tangent, &mut draws);
                }
                at
            })
        });
        let of_spot = (0..count).into_par_iter().flat_map_iter(|i| (0..chains[i].0).map(move |_| i as f64));
        let filament = Extra { name: "filament".into(), unit: String::new(), values: of_spot.collect() };
        Ok(Placed { extras: vec![filament], ..Placed::at(centres.collect()) })
    }
}

/// How a wormlike chain (Kratky and Porod, Rec. Trav. Chim. 68, 1106, 1949) goes on from spot to spot.
///
/// With λ the length over which the mean cosine falls to 1/e (λ = P, in 2-D 2P), a step of contour h from
/// the tangent t0 to t1 with e = <t0·t1> = exp(-h/λ) moves by a (t0 + t1), a = λ tanh(h/2λ): then the mean
/// move given either tangent is that of the chain, λ (1 - e) t, and so are all correlations between
/// different steps, for any h. Only a step's own mean square lacks h³/6λ. Over a contour L = n h that is
/// n h³/6λ of R² = 2 λ L (1 - λ/L (1 - exp(-L/λ))): at most 8e-4 of it between any two spots, as there are
/// at least eight steps from one to the next and none is longer than λ/32.
#[derive(Clone, Copy)]
struct Bend {
    flat: bool,
    /// Steps between two spots.
    steps: u32,
    /// Contour of a step over λ.
    x: f64,
    a: f64,
    /// Standard deviation per axis of the move around a (t0 + t1), where one step is many λ.
    coil: f64,
    spacing: f64,
}

/// The largest step, in λ, and the fewest steps between two spots.
const STEP: f64 = 1.0 / 32.0;
const STEPS: f64 = 8.0;
/// Beyond so many λ between two spots the chain between them is a Gaussian coil to a good approximation: one
/// step with the exact second moments, drawn again where it would be longer than its contour.
const COIL: f64 = 20.0;

impl Bend {
    fn new(spacing: f64, persistence: f64, flat: bool) -> Bend {
        let lambda = if flat { 2.0 * persistence } else { persistence };
        let between = spacing / lambda;
        if between > COIL {
            // In units of the spacing: a (t0 + t1) has the mean square 2 a² (1 + e), the chain R².
            let (e, l) = (exp(-between), 1.0 / between);
            let a = l * (1.0 - e) / (1.0 + e);
            let rest = 2.0 * (l * (1.0 - l * (1.0 - e)) - a * a * (1.0 + e));
            let coil = (rest.max(0.0) / if flat { 2.0 } else { 3.0 }).sqrt();
            // Beyond 1000 λ the directions have nothing in common, and no angle is infinite.
            let x = between.min(1e3);
            return Bend { flat, steps: 1, x, a: a * spacing, coil: coil * spacing, spacing };
        }
        let steps = (between / STEP).ceil().max(STEPS);
        let x = between / steps;
        // tanh(x/2) = (1 - e) / (1 + e); nearly straight chains have a = h/2.
        let a = if x < 1e-8 { 0.5 * spacing / steps } else { lambda * -expm1(-x) / (1.0 + exp(-x)) };
        Bend { flat, steps: steps as u32, x, a, coil: 0.0, spacing }
    }

    /// Moves on to the next spot.
    fn advance(&self, at: &mut [f64; 3], tangent: &mut [f64; 3], draws: &mut Draws) {
        for _ in 0..self.steps {
            let old = *tangent;
            *tangent = if self.flat { turned_flat(old, self.x, draws) } else { turned(old, self.x, draws) };
            let mut step = [0, 1, 2].map(|i| self.a * (old[i] + tangent[i]));
            if self.coil > 0.0 {
                step = self.coiled(step, draws);
            }
            for i in 0..3 {
                at[i] += step[i];
            }
        }
    }

    /// A step of a Gaussian coil around its mean, no longer than its contour.
    fn coiled(&self, mean: [f64; 3], draws: &mut Draws) -> [f64; 3] {
        loop {
            let mut step = mean;
            for s in &mut step[..if self.flat { 2 } else { 3 }] {
                *s += self.coil * draws.normal();
            }
            // Longer happens less than once in 10 000 steps; rounding can make it no likelier than that.
            if step.iter().map(|s| s / self.spacing).map(|s| s * s).sum::<f64>() <= 1.0 {
                return step;
            }
        }
    }
}

/// A direction at the angle θ from `t`, all azimuths equally likely, with <cos θ> = exp(-x) exactly:
/// cos θ = 2 u^q - 1 with u uniform has the mean (1 - q) / (1 + q), so q = tanh(x/2). For small x,
/// 1 - cos θ is exponential with mean x: the diffusion of the tangent on the sphere.
fn turned(t: [f64; 3], x: f64, draws: &mut Draws) -> [f64; 3] {
    let q = -expm1(-x) / (1.0 + exp(-x));
    let versine = -2.0 * expm1(q * log(draws.unit()));
    let (cosine, sine) = (1.0 - versine, (versine * (2.0 - versine)).max(0.0).sqrt());
    let azimuth = TAU * draws.unit();
    let (p, q) = (sine * cos(azimuth), sine * sin(azimuth));
    // A basis around t without branches on its direction (Duff et al., JCGT 6(1), 1, 2017).
    let sign = 1.0_f64.copysign(t[2]);
    let a = -1.0 / (sign + t[2]);
    let b = t[0] * t[1] * a;
    let u = [1.0 + sign * t[0] * t[0] * a, sign * b, -sign * t[0]];
    let v = [b, sign + t[1] * t[1] * a, -t[1]];
    let new = [0, 1, 2].map(|i| cosine * t[i] + p * u[i] + q * v[i]);
    // Rounding must not add up along the chain.
    let length = new.iter().map(|c| c * c).sum::<f64>().sqrt();
    new.map(|c| c / length)
}

/// The same in a plane: θ normal with variance 2x, whose mean cosine is exp(-x).
fn turned_flat(t: [f64; 3], x: f64, draws: &mut Draws) -> [f64; 3] {
    let angle = (2.0 * x).sqrt() * draws.normal();
    let (s, c) = (sin(angle), cos(angle));
    let new = [c * t[0] - s * t[1], s * t[0] + c * t[1], 0.0];
    let length = (new[0] * new[0] + new[1] * new[1]).sqrt();
    new.map(|c| c / length)
}
