//! `table`: one spot per row of a CSV or TSV file, as localisation programs write them.

mod choice;
mod header;
mod rows;
mod sheet;
mod world;

use std::borrow::Cow;
use std::path::Path;

use self::choice::{Choice, Columns, Where};
use self::header::{Column, Measure, Role};
use self::rows::{Plan, Rows, Rule};
use self::sheet::Sheet;
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
            ThunderSTORM, SMAP, Picasso, TrackMate, RS-FISH and Spotiflow write it; pixels are voxels.",
    table: TableSpec { params: &[&PATH, &COLUMNS, &SCALE, &WHERE], one_of: &[] },
    example: "{ kind = \"table\", path = \"data/smap_3d.csv\", where = { locprecnm = [0, 30] } }",
    build,
};

/// sigma = fwhm / (2 sqrt(2 ln 2)).
const SIGMAS_PER_FWHM: f64 = 0.424_660_900_144_009_5;

/// What /spots says of every spot; a column of the table that is called the same gets `table_` before its name.
const TAKEN: &[&str] = &[
    "id",
    "group",
    "x",
    "y",
    "z",
    "ix",
    "iy",
    "iz",
    "amplitude",
    "photons",
    "sigma_x",
    "sigma_y",
    "sigma_z",
    "inside",
    "nearest",
    "truth",
];

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
            let place = problem.place.clone().unwrap_or_else(|| p.place_of(&PATH));
            p.reading.report(problem.at(place));
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
    fn read(
        file: &str,
        bytes: &[u8],
        said: &Columns,
        limits: &Where,
        scale: Option<[f64; 3]>,
        flat: bool,
    ) -> Result<Table, Vec<Diagnostic>> {
        let mut text = Cow::from(sheet::decode(file, bytes).map_err(|problem| vec![problem])?);
        if !text.contains('\n') {
            // Line breaks of old Macs.
            text = Cow::from(text.replace('\r', "\n"));
        }
        let sheet = Sheet::open(file, &text).map_err(|problem| vec![problem])?;
        let columns = sheet.program.columns(&sheet.headers, &sheet.units);
        let (choice, filters) =
            (Choice::make(&sheet, &columns, said, flat), limits.filters(&sheet, &columns));
        let (choice, filters) = match (choice, filters) {
            (Ok(choice), Ok(filters)) => (choice, filters),
            (choice, filters) => {
                let problems = [choice.err(), filters.err()];
                return Err(problems.into_iter().flatten().flatten().collect());
            }
        };
        complete(&sheet, &choice, flat)?;
        let measures = measures(&sheet, &columns, &choice)?;

        let is_extra = |&i: &usize| {
            let along_z = columns[i].role.is_some_and(Role::is_along_z);
            let used = choice.used().iter().any(|&(_, column)| column == i);
            !used && !columns[i].header.is_empty() && !(flat && along_z)
        };
        let extras: Vec<usize> = (0..columns.len()).filter(is_extra).collect();
        let used = choice.used().iter().map(|&(role, column)| (column, rule(role))).collect();
        let plan = Plan { filters, used, extras };
        let rows = Rows::read(&sheet, &plan)?;

        let mut values: Vec<Option<Vec<f64>>> = rows.used.into_iter().map(Some).collect();
        let mut take = |role: Role| {
            let i = choice.used().iter().position(|&(other, _)| other == role)?;
            Some((i, values[i].take()?))
        };
        let mut lengths = |role: Role| {
            let (i, values) = take(role)?;
            let header = columns[choice.used()[i].1].header.clone();
            let factor = if role == Role::Fwhm { SIGMAS_PER_FWHM } else { 1.0 };
            Some(Lengths { header, values, measure: measures[i], factor })
        };
        Ok(Table {
            count: rows.count,
            centre: [Role::X, Role::Y, Role::Z].into_iter().filter_map(&mut lengths).collect(),
            widths: [Role::SigmaX, Role::SigmaY, Role::SigmaZ].map(&mut lengths),
            width: lengths(Role::Sigma).or_else(|| lengths(Role::Fwhm)),
            amplitude: take(Role::Amplitude).map_or(Vec::new(), |(_, values)| values),
            photons: take(Role::Photons).map_or(Vec::new(), |(_, values)| values),
            extras: name_extras(&columns, &plan.extras, rows.extras),
            scale,
        })
    }

    /// The sigma of every row, NaN where it brings none; empty where no row does. On an axis without a width of
    /// its own the lateral one holds: the other lateral axis's, and along z the mean of the two.
    fn sigma(&self, layout: &Layout<'_>) -> Result<Vec<[f64; 3]>, Refusal> {
        let axis = |a: usize| -> Result<Option<Box<dyn Fn(usize) -> f64 + '_>>, Refusal> {
            let Some(lengths) = self.widths[a].as_ref().or(self.width.as_ref().filter(|_| a < 2)) else {
                return Ok(None);
            };
            let width = lengths.widths(layout.grid, a, self.scale)?;
            Ok(Some(Box::new(width)))
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

fn rule(role: Role) -> Rule {
    match role {
        Role::X | Role::Y | Role::Z => Rule::Coordinate,
        Role::Amplitude => Rule::Amplitude,
        Role::Photons => Rule::Photons,
        _ => Rule::Width,
    }
}

/// Whether the table has what a spot needs.
fn complete(sheet: &Sheet<'_>, choice: &Choice, flat: bool) -> Result<(), Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let columns = sheet.names().map(shown).collect::<Vec<_>>().join(", ");
    for (name, role) in [("x", Role::X), ("y", Role::Y), ("z", Role::Z)] {
        if choice.of(role).is_none() && !(flat && role == Role::Z) {
            let needs = if role == Role::Z { ", and a 3-D scene needs one" } else { "" };
            problems.push(
                Diagnostic::invalid(format!("`{}` has no column for {name}{needs}", sheet.file)).help(
                    format!(
                        "name the column, as in columns = {{ {name} = \"header\" }}; the file has: {columns}"
                    ),
                ),
            );
        }
    }
    let lateral = choice.used().iter().any(|(role, _)| role.is_lateral_width());
    if choice.of(Role::SigmaZ).is_some() && !lateral {
        problems.push(
            Diagnostic::invalid(format!("`{}` has a width along z, but none across", sheet.file))
                .help(format!("name it, as in columns = {{ sigma = \"header\" }}; the file has: {columns}")),
        );
    }
    if choice.of(Role::Sigma).is_some() && choice.of(Role::Fwhm).is_some() {
        problems.push(Diagnostic::invalid("`sigma` and `fwhm` of `columns` exclude one another"));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// What the lengths are counted in, one for each used column.
fn measures(sheet: &Sheet<'_>, columns: &[Column], choice: &Choice) -> Result<Vec<Measure>, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let each = |&(role, i): &(Role, usize)| {
        let known = Measure::of(&columns[i].unit).or(role.is_brightness().then_some(Measure::Grid));
        known.unwrap_or_else(|| {
            let unit = shown(&columns[i].unit);
            problems.push(
                Diagnostic::invalid(format!(
                    "`{unit}` of the column `{}` is no unit of length",
                    columns[i].header
                ))
                .at(sheet.place(sheet.header_at, Some(i)))
                .help("allowed: nm, um, mm, px, or none for grid.unit"),
            );
            Measure::Grid
        })
    };
    let measures = choice.used().iter().map(each).collect();
    if problems.is_empty() { Ok(measures) } else { Err(problems) }
}

/// The other numeric columns, each with a name of its own.
fn name_extras(columns: &[Column], which: &[usize], values: Vec<Option<Vec<f64>>>) -> Vec<Extra> {
    let mut extras: Vec<Extra> = Vec::new();
    for (&i, values) in which.iter().zip(values) {
        let Some(values) = values else { continue };
        let column = &columns[i];
        let taken = TAKEN.contains(&column.name.to_lowercase().as_str());
        let mut name = if taken { format!("table_{}", column.name) } else { column.name.clone() };
        // `d [nm]` beside `d [px]`; headers as a whole are distinct, but may look like a prefixed one.
        while extras.iter().any(|extra| extra.name == name) {
            name = format!("{name}_{}", if column.unit.is_empty() { "2" } else { column.unit.as_str() });
        }
        extras.push(Extra { name, unit: column.unit.clone(), values });
    }
    extras
}
