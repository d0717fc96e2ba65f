//! The laws that a number may be drawn from.

use libm::{exp, log};

use crate::description::{Table, Value as TomlValue};
use crate::diagnostic::{Diagnostic, nearest};
use crate::plugin::{Bad, Cell, Range, Reads};
use crate::random::{Draws, exponential_between};

/// A law, with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    Constant(f64),
    Uniform(f64, f64),
    Normal { mean: f64, sd: f64 },
    LogNormal { mu: f64, sigma: f64 },
    Exponential { mean: f64 },
    Gamma { shape: f64, scale: f64 },
    Poisson { mean: f64 },
    Choice(Vec<f64>),
}

/// Name, parameters in words, and whether the parameters are one number or an array.
pub const LAWS: &[(&str, &str)] = &[
    ("uniform", "[low, high]"),
    ("normal", "[mean, standard deviation]"),
    ("lognormal", "[mu, sigma] of the logarithm"),
    ("exponential", "mean"),
    ("gamma", "[shape, scale]"),
    ("poisson", "mean"),
    ("choice", "[a, b, …]"),
];

/// Truncated gamma and Poisson draws are made by rejection; fewer accepted draws than one in this many
/// count as impossible. The other laws are truncated by inversion, however far out.
pub const TRIES: u64 = 20_000;

/// The limits of a law that is not truncated.
pub const UNLIMITED: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl Law {
    /// Draws a number between two limits; beyond them it is drawn again.
    pub fn sample(&self, draws: &mut Draws, (low, high): (f64, f64)) -> f64 {
        let free = (low, high) == UNLIMITED;
        match self {
            Law::Constant(x) => *x,
            Law::Uniform(a, b) => draws.uniform(a.max(low), b.min(high)),
            Law::Choice(values) => values[draws.below(values.len() as u64) as usize],
            Law::Normal { mean, sd } if free => mean + sd * draws.normal(),
            Law::Normal { mean, sd } => {
                (mean + sd * draws.normal_between((low - mean) / sd, (high - mean) / sd)).clamp(low, high)
            }
            Law::LogNormal { mu, sigma } if free => exp(mu + sigma * draws.normal()),
            Law::LogNormal { mu, sigma } => {
                let standard = |x: f64| if x > 0.0 { (log(x) - mu) / sigma } else { f64::NEG_INFINITY };
                exp(mu + sigma * draws.normal_between(standard(low), standard(high))).clamp(low, high)
            }
            Law::Exponential { mean } if free => mean * draws.exponential(),
            Law::Exponential { mean } => {
                (mean * exponential_between(draws.unit(), low.max(0.0) / mean, high / mean)).clamp(low, high)
            }
            Law::Gamma { shape, scale } => rejected(draws, low, high, |d| scale * d.gamma(*shape)),
            Law::Poisson { mean } => rejected(draws, low, high, |d| d.poisson(*mean)),
        }
    }

    /// The smallest and the largest value there can be.
    pub fn support(&self) -> (f64, f64) {
        match self {
            Law::Constant(x) => (*x, *x),
            Law::Uniform(a, b) => (*a, *b),
            Law::Normal { .. } => UNLIMITED,
            Law::Choice(values) => {
                values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| {
                    (if x < low { x } else { low }, if x > high { x } else { high })
                })
            }
            _ => (0.0, f64::INFINITY),
        }
    }
}

fn rejected(draws: &mut Draws, low: f64, high: f64, sample: impl Fn(&mut Draws) -> f64) -> f64 {
    // The gate has seen that acceptance is likely enough; the bound only rules out an endless loop.
    let mut x = sample(draws);
    for _ in 0..1000 * TRIES {
        if x >= low && x <= high {
            break;
        }
        x = sample(draws);
    }
    x
}

/// Reads the law that a distribution table names; `min` and `max` are left to the caller.
pub fn read_law(cell: &Cell<'_>, table: &Table) -> Result<Law, Bad> {
    let names = || LAWS.iter().map(|(name, _)| *name);
    let mut law = None;
    for entry in &table.entries {
        if matches!(entry.name.as_str(), "min" | "max") {
            continue;
        }
        let place = cell.reading.description.place(entry.name_span.clone());
        if !names().any(|name| name == entry.name) {
            let message = format!("`{}`: there is no distribution `{}`", cell.name, entry.name);
            let known = names().chain(["min", "max"]);
            return cell.fail(Diagnostic::invalid(message).at(place).help(nearest(&entry.name, known)));
        }
        if law.replace(entry).is_some() {
            let message = format!("`{}` names two distributions", cell.name);
            return cell.fail(Diagnostic::invalid(message).at(place));
        }
    }
    let Some(entry) = law else {
        let allowed = names().collect::<Vec<_>>().join(", ");
        return cell.fail(
            Diagnostic::invalid(format!("`{}` names no distribution", cell.name))
                .help(format!("one of {allowed}")),
        );
    };
    let inner = cell.inner(&entry.name, &entry.node);
    let number = |node, range| f64::read(&Cell { range, unit: "", ..inner.at(node) });
    let one = |range| number(&entry.node, range);
    let pair = |first: Range, second: Range| match &entry.node.value {
        TomlValue::Array(items) if items.len() == 2 => {
            let (a, b) = (number(&items[0], first), number(&items[1], second));
            Ok((a?, b?))
        }
        _ => inner.wrong(LAWS.iter().find(|(name, _)| *name == entry.name).map_or("", |(_, form)| form)),
    };
    Ok(match entry.name.as_str() {
        "uniform" => {
            let (low, high) = pair(Range::ANY, Range::ANY)?;
            if low > high {
                return inner.fail(Diagnostic::invalid(format!("`{}`: {low} is above {high}", inner.name)));
            }
            Law::Uniform(low, high)
        }
        "normal" => match pair(Range::ANY, Range::NOT_NEGATIVE)? {
            (mean, 0.0) => Law::Uniform(mean, mean),
            (mean, sd) => Law::Normal { mean, sd },
        },
        "lognormal" => match pair(Range::between(-700.0, 700.0), Range::between(0.0, 100.0))? {
            (mu, 0.0) => Law::Uniform(exp(mu), exp(mu)),
            (mu, sigma) => Law::LogNormal { mu, sigma },
        },
        "exponential" => Law::Exponential { mean: one(Range::POSITIVE)? },
        "gamma" => {
            let (shape, scale) = pair(Range::POSITIVE, Range::POSITIVE)?;
            Law::Gamma { shape, scale }
        }
        "poisson" => Law::Poisson { mean: one(Range::between(0.0, 1e15))? },
        _ => match &entry.node.value {
            TomlValue::Array(items) if !items.is_empty() => {
                Law::Choice(items.iter().map(|item| number(item, Range::ANY)).collect::<Result<_, _>>()?)
            }
            _ => return inner.wrong("an array of one number or more"),
        },
    })
}
