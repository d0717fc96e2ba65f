//! A number that belongs to a spot: constant, or a distribution that is drawn once per spot.

mod law;

use serde_json::{Value as Json, json};

use crate::description::Value as TomlValue;
use crate::diagnostic::Diagnostic;
use crate::grid::AXES;
use crate::plugin::forms::{Axes, read_axes};
use crate::plugin::{Bad, Cell, Range, Reads};
use crate::random::{Draws, Field, Streams};
use crate::spot::Refusal;
use law::{LAWS, Law, TRIES, UNLIMITED, read_law};

#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    law: Law,
    /// Draws outside are drawn again.
    limits: (f64, f64),
    /// What the parameter allows, and its name: a draw beyond it is an error.
    allowed: Range,
    name: String,
}

impl Value {
    pub fn constant(x: f64) -> Value {
        Value { law: Law::Constant(x), limits: UNLIMITED, allowed: Range::ANY, name: String::new() }
    }

    /// Draws the number of spot `index`.
    ///
    /// # Errors
    /// A draw that the parameter does not allow, such as a negative width.
    pub fn draw(&self, field: &Field, index: u64) -> Result<f64, Refusal> {
        let x = match self.law {
            Law::Constant(x) => return Ok(x),
            _ => self.law.sample(&mut field.at(index), self.limits),
        };
        if self.allowed.contains(x) {
            return Ok(x);
        }
        if !x.is_finite() {
            return Err(Refusal::new(format!(
                "`{}` drew {x} for spot {index}, which is no finite number",
                self.name
            ))
            .help("choose other parameters, or truncate the distribution with `max`"));
        }
        let bound = if x <= self.allowed.min { "min" } else { "max" };
        Err(Refusal::new(format!(
            "`{}` drew {x} for spot {index}, but only {} is allowed",
            self.name,
            self.allowed.describe()
        ))
        .help(format!("truncate the distribution with `{bound}`")))
    }
}

impl Reads for Value {
    fn read(cell: &Cell<'_>) -> Result<Value, Bad> {
        let TomlValue::Table(table) = &cell.node.value else {
            return match cell.node.value {
                TomlValue::Integer(_) | TomlValue::Float(_) => Ok(Value::constant(f64::read(cell)?)),
                _ => cell.wrong(&cell.with_limits("a number or a distribution such as { uniform = [1, 2] }")),
            };
        };
        let law = read_law(cell, table)?;
        let unbounded = |name| -> Result<Option<f64>, Bad> {
            let Some(entry) = table.get(name) else { return Ok(None) };
            f64::read(&Cell { range: Range::ANY, ..cell.inner(name, &entry.node) }).map(Some)
        };
        let (min, max) = (unbounded("min"), unbounded("max"));
        let limits = (min?.unwrap_or(UNLIMITED.0), max?.unwrap_or(UNLIMITED.1));
        let law = match law {
            Law::Choice(values) => {
                Law::Choice(values.into_iter().filter(|&x| x >= limits.0 && x <= limits.1).collect())
            }
            law => law,
        };
        let value = Value { law, limits, allowed: cell.range, name: cell.name.clone() };
        value.judge(cell)?;
        Ok(value)
    }

    fn form() -> String {
        "number or distribution".into()
    }

    fn schema(range: &Range) -> Json {
        let laws = LAWS.iter().map(|(name, parameters)| {
            let shape = if parameters.starts_with('[') {
                json!({ "type": "array", "items": { "type": "number" }, "minItems": 1 })
            } else {
                json!({ "type": "number" })
            };
            json!({
                "type": "object",
                "properties": { *name: shape, "min": { "type": "number" }, "max": { "type": "number" } },
                "required": [name],
                "additionalProperties": false,
            })
        });
        json!({ "anyOf": std::iter::once(f64::schema(range)).chain(laws).collect::<Vec<_>>() })
    }
}

impl Value {
    /// Whether the limits lie so far out that inversion finds no number there.
    fn beyond_inversion(&self) -> bool {
        let mut draws = Streams::new(0, 0, "truncation").field("trial").at(0);
        self.limits != UNLIMITED && !self.law.sample(&mut draws, self.limits).is_finite()
    }

    /// Refuses a truncation that leaves nothing, and a bounded law that leaves the allowed range.
    fn judge(&self, cell: &Cell<'_>) -> Result<(), Bad> {
        let (low, high) = self.law.support();
        let (min, max) = self.limits;
        let impossible = match &self.law {
            Law::Choice(values) => values.is_empty(),
            Law::Gamma { .. } | Law::Poisson { .. } if self.limits != UNLIMITED => {
                let field = Streams::new(0, 0, "truncation").field("trial");
                let mut draws = field.at(0);
                !(0..TRIES).any(|_| {
                    let x = self.law.sample(&mut draws, UNLIMITED);
                    x >= min && x <= max
                })
            }
            _ => {
                min > max || min > high || max < low || (min == max && low < high) || self.beyond_inversion()
            }
        };
        if impossible {
            return cell.fail(
                Diagnostic::invalid(format!("the limits of `{}` leave no value to draw", cell.name))
                    .help("`min` and `max` truncate: draws outside are drawn again"),
            );
        }
        let below =
            |x: f64| if self.allowed.above { x < self.allowed.min } else { !self.allowed.contains(x) };
        if let Law::Choice(values) = &self.law
            && let Some(&x) = values.iter().find(|&&x| !self.allowed.contains(x))
        {
            let message = format!("`{}` may draw {x}; allowed: {}", cell.name, cell.limits());
            return cell.fail(Diagnostic::invalid(message));
        }
        let bounds = [if low > min { low } else { min }, if high < max { high } else { max }];
        if bounds.iter().any(|&x| x.is_finite() && (below(x) || x > self.allowed.max)) {
            return cell.fail(Diagnostic::invalid(format!(
                "`{}` may draw values from {} to {}; allowed: {}",
                cell.name,
                bounds[0],
                bounds[1],
                cell.limits()
            )));
        }
        Ok(())
    }
}

/// A width on each axis: one number or distribution for all axes (one draw), or an axis table that draws for
/// each.
#[derive(Debug, Clone, PartialEq)]
pub enum Widths {
    One(Value),
    Each([Value; 3]),
}

impl Widths {
    /// Prepares the draws of the field `name`: spot index -> x, y, z.
    pub fn sampler(
        &self,
        streams: &Streams,
        name: &str,
    ) -> impl Fn(u64) -> Result<[f64; 3], Refusal> + Sync + '_ {
        let field = streams.field(name);
        let fields = AXES.map(|axis| streams.field(&format!("{name}.{axis}")));
        move |index| match self {
            Widths::One(value) => value.draw(&field, index).map(|x| [x; 3]),
            Widths::Each(values) => {
                let mut widths = [0.0; 3];
                for a in 0..3 {
                    widths[a] = values[a].draw(&fields[a], index)?;
                }
                Ok(widths)
            }
        }
    }
}

impl Reads for Widths {
    fn read(cell: &Cell<'_>) -> Result<Widths, Bad> {
        match &cell.node.value {
            TomlValue::Table(table) if table.entries.iter().any(|e| AXES.contains(&e.name.as_str())) => {
                read_axes(cell, Value::read).map(|Axes(values)| Widths::Each(values))
            }
            _ => Value::read(&cell.of_all_axes()).map(Widths::One),
        }
    }

    fn form() -> String {
        "number or distribution, or { x, y, z } of one each".into()
    }

    fn schema(range: &Range) -> Json {
        <Axes<Value>>::schema(range)
    }
}

/// How many spots: a whole number, or drawn from a Poisson distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Count {
    Exactly(u64),
    Poisson(f64),
}

impl Count {
    pub fn draw(&self, draws: &mut Draws) -> u64 {
        match *self {
            Count::Exactly(n) => n,
            Count::Poisson(mean) => draws.poisson(mean) as u64,
        }
    }
}

impl Reads for Count {
    fn read(cell: &Cell<'_>) -> Result<Count, Bad> {
        let allowed = "a whole number >= 0, or { poisson = mean }";
        let TomlValue::Table(table) = &cell.node.value else {
            return match cell.node.value {
                TomlValue::Integer(n) if n >= 0 => Ok(Count::Exactly(n as u64)),
                _ => cell.wrong(allowed),
            };
        };
        match &table.entries[..] {
            [entry] if entry.name == "poisson" => {
                let inner = cell.inner("poisson", &entry.node);
                f64::read(&Cell { range: Range::between(0.0, 1e15), ..inner }).map(Count::Poisson)
            }
            _ => cell.wrong(allowed),
        }
    }

    fn form() -> String {
        "whole number, or { poisson = mean }".into()
    }

    fn schema(_: &Range) -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            {
                "type": "object",
                "properties": { "poisson": { "type": "number", "minimum": 0 } },
                "required": ["poisson"],
                "additionalProperties": false,
            },
        ] })
    }
}
