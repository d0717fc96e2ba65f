//! `table`: one spot per row of a CSV or TSV file, as localisation programs write them.

mod choice;
mod header;
mod read;
mod rows;
mod sheet;
mod world;

use std::path::Path;

use self::choice::{Columns, Where};
use self::world::{Lengths, check};
use super::{Brings, Generator, Layout, Placed};
use crate::diagnostic::{Diagnostic, shown};
use crate::plugin::forms::Axes;
use crate::plugin::{Bad, Param, Plugin, TableReader, TableSpec};
use crate::spot::{Extra, Refusal};

const PATH: Param<String> = Param::required("path", "The file: CSV or TSV, with a header.");
const COLUMNS: Param<Columns> = Param::otherwise(
    "columns",
    "found by their usual names",
    "Which column is x, y, z, sigma, sigma_x, sigma_y, sigma_z, fwhm, amplitude or photons; those not named here \
     are found by their usual names. \"\": the table brings none.",
);
const SCALE: Param<Axes<f64>> = Param::default(
    "scale",
    "1",
    "Multiplies coordinates and widths after their units are converted; negative: mirrors that axis. Where \
     grid.unit is \"px\", numbers in nm or um are multiplied as they stand.",
);
const WHERE: Param<Where> = Param::otherwise(
    "where",
    "all rows",
    "Leaves out rows with a number outside any of these closed ranges, in the units of the file.",
);

pub const TABLE: Plugin<dyn Generator> = Plugin {
    kind: "table",
    about: "One spot per row of a CSV or TSV file: plain x,y,z,sigma,…,amplitude,photons in grid.unit, or as \
            ThunderSTORM, SMAP, Picasso, TrackMate, RS-FISH and Spotiflow write it; pixels are voxels. \
            Other numeric columns become columns of /spots, as table_<name> where the name is taken.",
    table: TableSpec { params: &[&PATH, &COLUMNS, &SCALE, &WHERE], one_of: &[] },
    example: "{ kind = \"table\", path = \"data/smap_3d.csv\", where = { locprecnm = [0, 30] } }",
    build,
};

struct Table {
    count: usize,
    /// x, y and, unless the scene is flat, z.
    centre: Vec<Lengths>,
    /// Widths on one axis, and the one for all axes without.
    widths: [Option<Lengths>; 3],
    width: Option<Lengths>,
    amplitude: Vec<f64>,
    photons: Vec<f64>,
    extras: Vec<Extra>,
    scale: Option<[f64; 3]>,
}

fn build(p: &TableReader<'_>) -> Result<Box<dyn Generator>, Bad> {
    let (path, columns) = (p.get(&PATH), p.optional(&COLUMNS));
    let (scale, limits) = (p.optional(&SCALE), p.optional(&WHERE));
    let report = |problems: Vec<Diagnostic>| {
        for problem in problems {
            p.reading.report(problem.or_at(|| p.place_of(&PATH)));
        }
        Bad
    };
    let scale = scale?.map(|scale| scale.0);
    if scale.is_some_and(|scale| scale.contains(&0.0)) {
        let problem = Diagnostic::invalid(format!("`{}.scale` is 0; allowed: any other number", p.name));
        return Err(report(vec![problem.at(p.place_of(&SCALE))]));
    }
    let path = path?;
    let bytes = p.reading.files.read(&path).map_err(|problem| report(vec![problem]))?;
    // The scene's name is as the user wrote it; the file's shall be so too.
    let folder = Path::new(&p.reading.description.source.name).parent().unwrap_or(Path::new(""));
    let file = shown(&folder.join(&path).display().to_string());
    let (columns, limits) = (columns?.unwrap_or_default(), limits?.unwrap_or_default());
    Table::read(&file, &bytes, &columns, &limits, scale, p.reading.flat.get())
        .map(|table| Box::new(table) as Box<dyn Generator>)
        .map_err(report)
}

impl Table {
    /// The sigma of every row, NaN where it brings none; empty where no row does. On an axis without a width of
    /// its own the lateral one holds: the other lateral axis's, and along z the mean of the two.
    fn sigma(&self, layout: &Layout<'_>) -> Result<Vec<[f64; 3]>, Refusal> {
        let axis = |a: usize| {
            let lengths = self.widths[a].as_ref().or(self.width.as_ref().filter(|_| a < 2));
            lengths.map(|lengths| lengths.widths(layout.grid, a, self.scale)).transpose()
        };
        let (x, y, z) = (axis(0)?, axis(1)?, axis(2)?);
        let (Some(x), Some(y)) = (x.as_ref().or(y.as_ref()), y.as_ref().or(x.as_ref())) else {
            return Ok(Vec::new());
        };
        let scale = self.scale.unwrap_or([1.0; 3]).map(f64::abs);
        let sigma = |i: usize| {
            let (x, y) = (x(i), y(i));
            let z = z.as_ref().map_or((x + y) / 2.0, |z| z(i));
            let sigma = [x * scale[0], y * scale[1], z * scale[2]];
            if sigma.iter().any(|s| s.is_nan()) { [f64::NAN; 3] } else { sigma }
        };
        Ok((0..self.count).map(sigma).collect())
    }
}

impl Generator for Table {
    fn brings(&self) -> Brings {
        let whole = |values: &[f64]| values.len() == self.count && !values.iter().any(|x| x.is_nan());
        let mut widths = self.widths.iter().chain([&self.width]).flatten().peekable();
        Brings {
            brightness: whole(&self.amplitude) || whole(&self.photons),
            sigma: widths.peek().is_some() && widths.all(|width| whole(&width.values)),
        }
    }

    fn place(&self, layout: &Layout<'_>) -> Result<Placed, Refusal> {
        layout.admit(self.count as u64)?;
        let mut centres = vec![[0.0; 3]; self.count];
        for (a, lengths) in self.centre.iter().enumerate() {
            let position = lengths.positions(layout.grid, a, self.scale)?;
            centres.iter_mut().enumerate().for_each(|(i, centre)| centre[a] = position(i));
        }
        let sigma = self.sigma(layout)?;
        for (i, centre) in centres.iter().enumerate() {
            check(centre, sigma.get(i))?;
        }
        Ok(Placed {
            centres,
            amplitude: self.amplitude.clone(),
            photons: self.photons.clone(),
            sigma,
            extras: self.extras.clone(),
        })
    }
}
