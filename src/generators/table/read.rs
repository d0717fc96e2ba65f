//! A table's bytes -> its columns of numbers, each with its role.

use std::borrow::Cow;

use super::Table;
use super::choice::{Choice, Columns, Where};
use super::header::{Column, Measure, Role};
use super::rows::{Plan, Rows, Rule};
use super::sheet::{Sheet, decode};
use super::world::Lengths;
use crate::diagnostic::{Diagnostic, shown};
use crate::spot::{Extra, SIGMAS_PER_FWHM, TRUTH_COLUMNS};

impl Table {
    pub fn read(
        file: &str,
        bytes: &[u8],
        said: &Columns,
        limits: &Where,
        scale: Option<[f64; 3]>,
        flat: bool,
    ) -> Result<Table, Vec<Diagnostic>> {
        let mut text = Cow::from(decode(file, bytes)?);
        if !text.contains('\n') {
            // Line breaks of old Macs.
            text = Cow::from(text.replace('\r', "\n"));
        }
        let sheet = Sheet::open(file, &text)?;
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
            let ignored = columns[i].header.is_empty() || flat && along_z;
            !used && !ignored
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

/// The other numeric columns, each with a name of its own; one that /spots has already gets `table_` before it.
fn name_extras(columns: &[Column], which: &[usize], values: Vec<Option<Vec<f64>>>) -> Vec<Extra> {
    let mut extras: Vec<Extra> = Vec::new();
    for (&i, values) in which.iter().zip(values) {
        let Some(values) = values else { continue };
        let column = &columns[i];
        let taken = TRUTH_COLUMNS.contains(&column.name.to_lowercase().as_str());
        let mut name = if taken { format!("table_{}", column.name) } else { column.name.clone() };
        // `d [nm]` beside `d [px]`; headers as a whole are distinct, but may look like a prefixed one.
        while extras.iter().any(|extra| extra.name == name) {
            name = format!("{name}_{}", if column.unit.is_empty() { "2" } else { column.unit.as_str() });
        }
        extras.push(Extra { name, unit: column.unit.clone(), values });
    }
    extras
}
