//! `points`: exactly the spots that are listed.

use serde_json::{Value as Json, json};

use super::{Brings, Generator, Layout, Placed};
use crate::description::Value as TomlValue;
use crate::plugin::{Bad, Cell, OneOf, Param, Plugin, Range, Reads, TableReader, TableSpec};
use crate::spot::Refusal;
use crate::value::{Value, Widths};

const POINTS_LIST: Param<Vec<Point>> = Param::required("points", "The spots, in order.").unit("grid.unit");

pub const POINTS: Plugin<dyn Generator> = Plugin {
    kind: "points",
    about: "Exactly the spots that are listed; each may bring its own amplitude or photons, and sigma.",
    table: TableSpec { params: &[&POINTS_LIST], one_of: &[] },
    example: "{ kind = \"points\", points = [{ x = 1, y = 2.5, z = 0 }, { x = 4, y = 0, z = 0, photons = 800 }] }",
    build,
};

const X: Param<f64> = Param::required("x", "Position.").unit("grid.unit");
const Y: Param<f64> = Param::required("y", "Position.").unit("grid.unit");
const Z: Param<f64> = Param::otherwise("z", "required in 3-D", "Position; ignored in 2-D.").unit("grid.unit");
const AMPLITUDE: Param<Value> = Param::optional("amplitude", "Peak of this spot.");
const PHOTONS: Param<Value> =
    Param::optional("photons", "Light of this spot.").unit("photons").range(Range::NOT_NEGATIVE);
const SIGMA: Param<Widths> =
    Param::optional("sigma", "Gaussian width of this spot.").unit("grid.unit").range(Range::POSITIVE);

const POINT: TableSpec = TableSpec {
    params: &[&X, &Y, &Z, &AMPLITUDE, &PHOTONS, &SIGMA],
    one_of: &[OneOf { names: &["amplitude", "photons"], required: false }],
};

struct Point {
    centre: [f64; 3],
    amplitude: Option<Value>,
    photons: Option<Value>,
    sigma: Option<Widths>,
}

struct Points(Vec<Point>);

fn build(p: &TableReader<'_>) -> Result<Box<dyn Generator>, Bad> {
    Ok(Box::new(Points(p.get(&POINTS_LIST)?)))
}

impl Reads for Vec<Point> {
    fn read(cell: &Cell<'_>) -> Result<Vec<Point>, Bad> {
        let TomlValue::Array(items) = &cell.node.value else {
            return cell.wrong("an array of tables { x, y, z, … }");
        };
        let points: Vec<_> = items.iter().map(|item| read_point(&cell.at(item))).collect();
        points.into_iter().collect()
    }

    fn form() -> String {
        "array of { x, y, z, amplitude or photons, sigma }".into()
    }

    fn schema(_: &Range) -> Json {
        json!({ "type": "array", "items": POINT.schema() })
    }
}

fn read_point(cell: &Cell<'_>) -> Result<Point, Bad> {
    let TomlValue::Table(table) = &cell.node.value else {
        return cell.wrong("a table { x, y, z, … }");
    };
    let p = TableReader::new(cell.reading, &cell.name, table, &POINT, &[]);
    let (x, y, z) = (p.get(&X), p.get(&Y), p.optional(&Z));
    let (amplitude, photons, sigma) = (p.optional(&AMPLITUDE), p.optional(&PHOTONS), p.optional(&SIGMA));
    let z = match z? {
        Some(z) => z,
        None if cell.reading.flat.get() => 0.0,
        None => {
            return cell.fail(
                crate::diagnostic::Diagnostic::invalid(format!("a point of `{}` has no `z`", cell.name))
                    .help("in a 3-D scene every spot needs x, y and z"),
            );
        }
    };
    Ok(Point { centre: [x?, y?, z], amplitude: amplitude?, photons: photons?, sigma: sigma? })
}

impl Generator for Points {
    fn brings(&self) -> Brings {
        Brings {
            brightness: self.0.iter().all(|p| p.amplitude.is_some() || p.photons.is_some()),
            sigma: self.0.iter().all(|p| p.sigma.is_some()),
        }
    }

    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal> {
        layout.admit(self.0.len() as u64)?;
        let draw = |name: &str, value: fn(&Point) -> &Option<Value>| {
            let field = layout.streams.field(name);
            let each = |(i, point): (usize, &Point)| {
                value(point).as_ref().map_or(Ok(f64::NAN), |value| value.draw(&field, i as u64))
            };
            self.0.iter().enumerate().map(each).collect::<Result<Vec<f64>, Refusal>>()
        };
        let sigma = |(i, point): (usize, &Point)| match &point.sigma {
            Some(widths) => widths.sampler(layout.streams, "sigma")(i as u64),
            None => Ok([f64::NAN; 3]),
        };
        Ok(Placed {
            centres: self.0.iter().map(|point| point.centre).collect(),
            amplitude: draw("amplitude", |point| &point.amplitude)?,
            photons: draw("photons", |point| &point.photons)?,
            sigma: self.0.iter().enumerate().map(sigma).collect::<Result<_, _>>()?,
            extras: Vec::new(),
        })
    }
}
