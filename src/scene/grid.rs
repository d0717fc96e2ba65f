//! `[grid]`: how many voxels, how large, and where.

use serde_json::{Value as Json, json};

use crate::description::Value;
use crate::diagnostic::Diagnostic;
use crate::grid::{AXES, Grid, Unit};
use crate::plugin::forms::{Axes, Choice, axis_schema, read_axes};
use crate::plugin::{Bad, Cell, OneOf, Param, Range, Reads, TableReader, TableSpec};

const SHAPE: Param<Shape> =
    Param::required("shape", "Voxels along each axis; a table without z makes a 2-D scene.")
        .unit("voxels")
        .range(Range::between(1.0, 1_099_511_627_776.0));
const VOXEL_SIZE: Param<Axes<f64>> =
    Param::default("voxel_size", "1", "Edge length of a voxel.").unit("grid.unit").range(Range::POSITIVE);
const ORIGIN: Param<Origin> = Param::default(
    "origin",
    "0",
    "World position of the centre of voxel (0, 0, 0); \"centre\" puts 0 into the middle of the grid.",
)
.unit("grid.unit");
const BOUNDS: Param<Axes<Interval>> = Param::optional(
    "bounds",
    "Instead of voxel_size and origin: centres of the first and the last voxel, as numpy.linspace.",
)
.unit("grid.unit");
const UNIT: Param<Unit> = Param::default("unit", "\"um\"", "The unit of every length in the scene.");

pub const SPEC: TableSpec = TableSpec {
    params: &[&SHAPE, &VOXEL_SIZE, &ORIGIN, &BOUNDS, &UNIT],
    one_of: &[
        OneOf { names: &["bounds", "voxel_size"], required: false },
        OneOf { names: &["bounds", "origin"], required: false },
    ],
};

pub fn read(p: &TableReader<'_>) -> Result<Grid, Bad> {
    let shape = p.get(&SHAPE);
    if let Ok(shape) = &shape {
        p.reading.flat.set(shape.flat);
    }
    let unit = p.get(&UNIT);
    if let Ok(unit) = &unit {
        p.reading.unit.set(unit.name());
    }
    let (voxel_size, origin, bounds) = (p.get(&VOXEL_SIZE), p.get(&ORIGIN), p.optional(&BOUNDS));
    let (shape, Axes(voxel_size), origin, bounds, unit) = (shape?, voxel_size?, origin?, bounds?, unit?);
    let Shape { voxels, flat } = shape;
    let axes = if flat { 0..2 } else { 0..3 };
    let mut grid = Grid { shape: voxels, voxel_size, origin: [0.0; 3], unit, flat };
    match (bounds, origin) {
        (Some(Axes(bounds)), _) => {
            for a in axes.clone() {
                if voxels[a] < 2 {
                    let message = format!("`bounds` needs at least two voxels along {}", AXES[a]);
                    p.reading.report(Diagnostic::invalid(message).at(p.place_of(&BOUNDS)));
                    return Err(Bad);
                }
                let Interval(first, last) = bounds[a];
                grid.voxel_size[a] = (last - first) / (voxels[a] - 1) as f64;
                grid.origin[a] = first;
            }
        }
        (None, Origin::Centre) => {
            for a in axes.clone() {
                grid.origin[a] = -0.5 * (voxels[a] - 1) as f64 * voxel_size[a];
            }
        }
        (None, Origin::At(Axes(origin))) => grid.origin = origin,
    }
    if flat {
        (grid.voxel_size[2], grid.origin[2]) = (1.0, 0.0);
    }
    let (low, high) = grid.corners();
    let sound = axes.clone().all(|a| {
        (low[a].is_finite() && high[a].is_finite() && grid.voxel_size[a] > 0.0)
            // Neighbouring voxels must not share a position.
            && (high[a] - high[a].abs() * f64::EPSILON * 4.0 < high[a])
            && high[a].abs().max(low[a].abs()) * f64::EPSILON * 16.0 < grid.voxel_size[a]
    });
    if !sound {
        let message = "the grid is too far from 0, or its voxels too small or large, to tell voxels apart";
        p.reading.report(Diagnostic::invalid(message).at(p.place()));
        return Err(Bad);
    }
    Ok(grid)
}

impl Choice for Unit {
    const ALL: &'static [(&'static str, Unit)] =
        &[("nm", Unit::Nanometre), ("um", Unit::Micrometre), ("mm", Unit::Millimetre), ("px", Unit::Pixel)];
    const MEANT: &'static [(&'static str, &'static str)] = &[
        ("nanometer", "nm"),
        ("nanometers", "nm"),
        ("nanometre", "nm"),
        ("nanometres", "nm"),
        // The micro sign, and the Greek letter.
        ("\u{b5}m", "um"),
        ("\u{3bc}m", "um"),
        ("m", "um"),
        ("micron", "um"),
        ("microns", "um"),
        ("micrometer", "um"),
        ("micrometers", "um"),
        ("micrometre", "um"),
        ("micrometres", "um"),
        ("millimeter", "mm"),
        ("millimeters", "mm"),
        ("millimetre", "mm"),
        ("millimetres", "mm"),
        ("pixel", "px"),
        ("pixels", "px"),
    ];
}

/// Voxels along x y z, and whether there is no z.
struct Shape {
    voxels: [u64; 3],
    flat: bool,
}

impl Reads for Shape {
    fn read(cell: &Cell<'_>) -> Result<Shape, Bad> {
        let Value::Table(table) = &cell.node.value else {
            return u64::read(&cell.of_all_axes()).map(|n| Shape { voxels: [n; 3], flat: false });
        };
        let flat = table.get("z").is_none();
        cell.reading.flat.set(flat);
        let Axes([x, y, z]) = read_axes(cell, u64::read)?;
        Ok(Shape { voxels: [x, y, if flat { 1 } else { z }], flat })
    }

    fn form() -> String {
        "whole number, or { x, y, z } of one each".into()
    }

    fn schema(range: &Range) -> Json {
        let one = u64::schema(range);
        json!({ "anyOf": [one, axis_schema(one.clone())] })
    }
}

enum Origin {
    At(Axes<f64>),
    Centre,
}

impl Reads for Origin {
    fn read(cell: &Cell<'_>) -> Result<Origin, Bad> {
        match &cell.node.value {
            Value::Text(text) if text == "centre" => Ok(Origin::Centre),
            Value::Text(_) => cell.wrong("a number, { x, y, z } or \"centre\""),
            _ => Axes::read(cell).map(Origin::At),
        }
    }

    fn form() -> String {
        format!("{}, or \"centre\"", Axes::<f64>::form())
    }

    fn schema(range: &Range) -> Json {
        json!({ "anyOf": [Axes::<f64>::schema(range), { "const": "centre" }] })
    }
}

/// First and last, the first below the last.
#[derive(Clone, Copy)]
struct Interval(f64, f64);

impl Reads for Interval {
    fn read(cell: &Cell<'_>) -> Result<Interval, Bad> {
        let Value::Array(items) = &cell.node.value else {
            return cell.wrong("[first, last], or { x, y, z } of one each");
        };
        let [first, last] = &items[..] else {
            return cell.wrong("[first, last]");
        };
        let (first, last) = (f64::read(&cell.at(first)), f64::read(&cell.at(last)));
        match (first?, last?) {
            (first, last) if first < last => Ok(Interval(first, last)),
            (first, last) => cell.fail(Diagnostic::invalid(format!(
                "`{}`: the first centre, {first}, must lie below the last, {last}",
                cell.name
            ))),
        }
    }

    fn form() -> String {
        "[first, last]".into()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 })
    }
}
