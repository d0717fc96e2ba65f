//! The spots of a script while they come in: one by one, as lists of tables or as columns of numbers.

mod batches;
mod stack;

use std::ffi::c_char;

use crate::generators::{Layout, Placed};
use crate::grid::AXES;
use crate::spot::{Extra, TRUTH_COLUMNS};

pub use self::batches::{columns, list};
pub use self::stack::provide_emit;

/// More columns of its own than these no script brings.
const MOST_COLUMNS: usize = 64;

/// Columns that are known by name, in the order in which they lie in [`Collector::columns`].
const KNOWN: [&str; 5] = ["amplitude", "photons", "sigma_x", "sigma_y", "sigma_z"];
const AMPLITUDE: usize = 0;
const PHOTONS: usize = 1;
const SIGMA: usize = 2;

struct Column {
    name: String,
    /// Not longer than there are spots; NaN for spots without a value.
    values: Vec<f64>,
}

/// What a field of a spot is.
#[derive(Clone, Copy)]
enum Field {
    Position(usize),
    /// The same on all axes.
    Sigma,
    Column(usize),
}

pub struct Collector {
    flat: bool,
    /// The most spots without columns of their own.
    most: u64,
    /// Bytes that the spots of a script may take.
    memory: u64,
    /// What is used up, once one more spot was asked for.
    pub full: Option<Full>,
    positions: Vec<[f64; 3]>,
    columns: Vec<Column>,
    /// What `emit` takes behind x, y and z.
    emitted: Vec<Field>,
    /// Fields by the address of their names, which the interpreter keeps once each.
    names: Vec<(*const c_char, Box<[u8]>, Field)>,
}

/// How many spots fit into the memory of the whole program, or of the script.
#[derive(Clone, Copy)]
pub enum Full {
    Program(u64),
    Script(u64),
}

/// Bytes of a spot, and of each of its columns.
const SPOT_BYTES: u64 = 24;
const COLUMN_BYTES: u64 = 8;

/// Why a spot cannot be taken.
type Wrong = Result<(), String>;

impl Collector {
    /// `memory` is that of the script; `emitted` are the names that it declares for what `emit` takes behind x, y and z.
    ///
    /// # Errors
    /// A name that cannot be a column.
    pub fn new(layout: &Layout<'_>, memory: u64, emitted: Vec<String>) -> Result<Collector, String> {
        let column = |name: &&str| Column { name: name.to_string(), values: Vec::new() };
        let mut collector = Collector {
            flat: layout.grid.flat,
            most: layout.most_spots,
            memory,
            full: None,
            positions: Vec::new(),
            columns: KNOWN.iter().map(column).collect(),
            emitted: Vec::new(),
            names: Vec::new(),
        };
        for name in emitted {
            let field = collector.field_of(name.as_bytes())?;
            collector.emitted.push(field);
        }
        Ok(collector)
    }

    /// Everything that came in.
    pub fn finish(&mut self) -> Placed {
        let count = self.positions.len();
        let mut columns = std::mem::take(&mut self.columns).into_iter().map(|mut column| {
            if !column.values.is_empty() {
                column.values.resize(count, f64::NAN);
            }
            column
        });
        let mut next = || columns.next().map_or_else(Vec::new, |column| column.values);
        let (amplitude, photons) = (next(), next());
        let (x, y, z) = (next(), next(), next());
        let at = |column: &[f64], i: usize| column.get(i).copied().unwrap_or(f64::NAN);
        let sigma = |i: usize| [at(&x, i), at(&y, i), at(&z, i)];
        Placed {
            centres: std::mem::take(&mut self.positions),
            amplitude,
            photons,
            sigma: if x.is_empty() && y.is_empty() && z.is_empty() {
                Vec::new()
            } else {
                (0..count).map(sigma).collect()
            },
            extras: columns
                .map(|column| Extra { name: column.name, unit: String::new(), values: column.values })
                .collect(),
        }
    }

    /// The field that a name stands for; a new one becomes a column.
    fn field_of(&mut self, name: &[u8]) -> Result<Field, String> {
        let text = std::str::from_utf8(name).unwrap_or("");
        if let Some(axis) = AXES.iter().position(|axis| *axis == text) {
            return Ok(Field::Position(axis));
        }
        if text == "sigma" {
            return Ok(Field::Sigma);
        }
        if let Some(column) = self.columns.iter().position(|column| column.name == text) {
            return Ok(Field::Column(column));
        }
        let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && text.len() <= 64;
        if !is_name {
            let found = crate::diagnostic::shown(&String::from_utf8_lossy(name));
            return Err(format!("`{found}` cannot be a column of /spots: letters, digits and _, at most 64"));
        }
        if TRUTH_COLUMNS.contains(&text.to_ascii_lowercase().as_str()) {
            return Err(format!("`{text}` is a column that /spots has of its own; choose another name"));
        }
        if self.columns.len() == KNOWN.len() + MOST_COLUMNS {
            return Err(format!("the spots bring more than {MOST_COLUMNS} columns of their own"));
        }
        self.columns.push(Column { name: text.to_string(), values: Vec::new() });
        Ok(Field::Column(self.columns.len() - 1))
    }

    /// Makes room for one more spot. A column takes a 25th of what a spot takes without.
    fn begin(&mut self) -> Wrong {
        let own = (self.columns.len() - KNOWN.len()) as u64;
        let most = (u128::from(self.most) * 25 / u128::from(25 + own)) as u64;
        let columns = self.columns.iter().filter(|column| !column.values.is_empty()).count() as u64;
        let of_script = self.memory / (SPOT_BYTES + COLUMN_BYTES * columns);
        if self.positions.len() as u64 >= most.min(of_script) {
            self.full = Some(if most < of_script { Full::Program(most) } else { Full::Script(of_script) });
            return Err("no more spots fit into the memory allowed".into());
        }
        self.positions.push([f64::NAN; 3]);
        Ok(())
    }

    fn set(&mut self, field: Field, x: f64) {
        let Some(last) = self.positions.last_mut() else { return };
        match field {
            Field::Position(axis) => last[axis] = x,
            Field::Sigma => (0..3).for_each(|axis| self.set_column(SIGMA + axis, x)),
            Field::Column(column) => self.set_column(column, x),
        }
    }

    fn set_column(&mut self, column: usize, x: f64) {
        let spot = self.positions.len() - 1;
        let values = &mut self.columns[column].values;
        if values.len() < spot {
            values.resize(spot, f64::NAN);
        }
        values.truncate(spot);
        values.push(x);
    }

    /// Checks the spot that came in last.
    fn end(&mut self) -> Wrong {
        let spot = self.positions.len() - 1;
        let of = |column: usize| self.columns[column].values.get(spot).is_some_and(|x| !x.is_nan());
        if of(AMPLITUDE) && of(PHOTONS) {
            return Err("it has `amplitude` and `photons`; give one of them".into());
        }
        let sigmas = [0, 1, 2].map(|axis| of(SIGMA + axis));
        let axes = if self.flat { 2 } else { 3 };
        if sigmas[..axes].contains(&true) && sigmas[..axes].contains(&false) {
            return Err("it has a sigma on some axes only".into());
        }
        if self.flat && sigmas[0] {
            // In a plane a z is ignored.
            self.set_column(SIGMA + 2, self.columns[SIGMA].values[spot]);
        }
        let Some(position) = self.positions.last_mut() else { return Ok(()) };
        if self.flat {
            position[2] = 0.0;
        }
        match position.iter().position(|x| x.is_nan()) {
            Some(axis) => Err(format!("it has no `{}`", AXES[axis])),
            None => Ok(()),
        }
    }

    fn name(&self, field: Field) -> &str {
        match field {
            Field::Position(axis) => AXES[axis],
            Field::Sigma => "sigma",
            Field::Column(column) => &self.columns[column].name,
        }
    }

    /// Checks a number that the script gave for a field.
    fn allow(&self, field: Field, x: f64) -> Wrong {
        if !x.is_finite() {
            return Err(format!("its `{}` is {x}; allowed: a finite number", self.name(field)));
        }
        let positive = match field {
            Field::Sigma => true,
            Field::Column(column) => (SIGMA..KNOWN.len()).contains(&column),
            Field::Position(_) => false,
        };
        if positive && x <= 0.0 {
            return Err(format!("its `{}` is {x}; allowed: > 0", self.name(field)));
        }
        if matches!(field, Field::Column(PHOTONS)) && x < 0.0 {
            return Err(format!("its `photons` is {x}; allowed: >= 0"));
        }
        Ok(())
    }

    /// Puts a column's numbers to the spots from `first` on.
    fn extend(&mut self, field: Field, first: usize, numbers: &[f64]) {
        match field {
            Field::Position(axis) => {
                self.positions[first..].iter_mut().zip(numbers).for_each(|(position, x)| position[axis] = *x);
            }
            Field::Sigma => (0..3).for_each(|axis| self.extend(Field::Column(SIGMA + axis), first, numbers)),
            Field::Column(column) => {
                let values = &mut self.columns[column].values;
                values.resize(first, f64::NAN);
                values.extend_from_slice(numbers);
            }
        }
    }

    /// Checks the spots from `first` on; an index counts from there.
    fn end_all(&mut self, first: usize) -> Result<(), (usize, String)> {
        let positions = self.positions.split_off(first);
        for (i, position) in positions.into_iter().enumerate() {
            self.positions.push(position);
            self.end().map_err(|what| (i, what))?;
        }
        Ok(())
    }
}
