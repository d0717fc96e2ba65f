//! The rows of a table -> columns of numbers, chunk by chunk at once.

use std::ops::Range;

use csv::ByteRecord;
use rayon::prelude::*;

use super::sheet::Sheet;
use crate::diagnostic::{Diagnostic, counted, shown};

/// So many bad cells of a table are reported one by one.
const REPORTED: usize = 10;
/// A chunk smaller than this is not worth a task.
const CHUNK_BYTES: usize = 1 << 18;

/// What a cell of a column must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A finite number.
    Coordinate,
    /// > 0; empty or NaN: this row brings none.
    Width,
    /// Finite; empty or NaN: this row brings none.
    Amplitude,
    /// >= 0; empty or NaN: this row brings none.
    Photons,
}

/// Rows whose cell in `column` lies outside are left out, and nothing else of them is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    pub column: usize,
    pub min: f64,
    pub max: f64,
}

/// What to read of every row; columns are numbered as in the file.
pub struct Plan {
    pub filters: Vec<Filter>,
    pub used: Vec<(usize, Rule)>,
    pub extras: Vec<usize>,
}

#[derive(Default)]
pub struct Rows {
    pub count: usize,
    /// As the plan's `used`; NaN where a row brings none.
    pub used: Vec<Vec<f64>>,
    /// As the plan's `extras`; `None` where a cell is no number, or no row has one.
    pub extras: Vec<Option<Vec<f64>>>,
    faults: Vec<Fault>,
    fault_count: usize,
}

/// A bad cell, or a row of the wrong length.
struct Fault {
    /// Where the record starts.
    at: usize,
    column: usize,
    why: Why,
}

enum Why {
    Cells(usize),
    NotANumber,
    NotFinite,
    Outside(&'static str),
}

impl Rows {
    /// Reads all rows; where some are bad, what is wrong with them.
    pub fn read(sheet: &Sheet<'_>, plan: &Plan) -> Result<Rows, Vec<Diagnostic>> {
        let chunks: Vec<Rows> =
            chunks(sheet).into_par_iter().map(|range| Rows::of_chunk(sheet, plan, range)).collect();
        let mut all = Rows::empty(plan, chunks.iter().map(|chunk| chunk.count).sum());
        for chunk in chunks {
            all.append(chunk);
        }
        for extra in &mut all.extras {
            // An empty column says nothing.
            if extra.as_ref().is_some_and(|values| values.iter().all(|x| x.is_nan())) && all.count > 0 {
                *extra = None;
            }
        }
        if all.fault_count == 0 { Ok(all) } else { Err(all.problems(sheet)) }
    }

    fn empty(plan: &Plan, capacity: usize) -> Rows {
        Rows {
            used: plan.used.iter().map(|_| Vec::with_capacity(capacity)).collect(),
            extras: plan.extras.iter().map(|_| Some(Vec::with_capacity(capacity))).collect(),
            ..Rows::default()
        }
    }

    fn append(&mut self, chunk: Rows) {
        self.count += chunk.count;
        self.used.iter_mut().zip(chunk.used).for_each(|(all, values)| all.extend(values));
        for (all, values) in self.extras.iter_mut().zip(chunk.extras) {
            match (all.as_mut(), values) {
                (Some(all), Some(values)) => all.extend(values),
                _ => *all = None,
            }
        }
        self.fault_count += chunk.fault_count;
        let room = REPORTED.saturating_sub(self.faults.len());
        self.faults.extend(chunk.faults.into_iter().take(room));
    }

    fn of_chunk(sheet: &Sheet<'_>, plan: &Plan, range: Range<usize>) -> Rows {
        let start = range.start;
        let lines = sheet.text.as_bytes()[range.clone()].iter().filter(|&&b| b == b'\n').count();
        let mut rows = Rows::empty(plan, lines + 1);
        let mut reader = sheet.reader(range);
        let mut record = ByteRecord::new();
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let at = start + record.position().map_or(0, |position| position.byte() as usize);
            rows.push(sheet, plan, &record, at);
        }
        rows
    }

    fn push(&mut self, sheet: &Sheet<'_>, plan: &Plan, record: &ByteRecord, at: usize) {
        // Spreadsheets leave rows of separators alone behind.
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            return;
        }
        if record.len() != sheet.headers.len() {
            return self.fault(at, record.len(), Why::Cells(record.len()));
        }
        let faults = self.fault_count;
        for filter in &plan.filters {
            match number(&record[filter.column]) {
                None => self.fault(at, filter.column, Why::NotANumber),
                // NaN lies in no range.
                Some(x) if filter.min <= x && x <= filter.max => {}
                Some(_) => return,
            }
        }
        if self.fault_count > faults {
            return;
        }
        self.count += 1;
        for (i, &(column, rule)) in plan.used.iter().enumerate() {
            let value = match rule.judge(&record[column]) {
                Ok(value) => value,
                Err(why) => {
                    self.fault(at, column, why);
                    f64::NAN
                }
            };
            self.used[i].push(value);
        }
        for (values, &column) in self.extras.iter_mut().zip(&plan.extras) {
            match (values.as_mut(), number(&record[column])) {
                (Some(values), Some(value)) => values.push(value),
                _ => *values = None,
            }
        }
    }

    fn fault(&mut self, at: usize, column: usize, why: Why) {
        self.fault_count += 1;
        if self.faults.len() < REPORTED {
            self.faults.push(Fault { at, column, why });
        }
    }

    fn problems(&self, sheet: &Sheet<'_>) -> Vec<Diagnostic> {
        let mut problems: Vec<Diagnostic> = self.faults.iter().map(|fault| fault.problem(sheet)).collect();
        let more = self.fault_count - self.faults.len();
        if more > 0 {
            let more = counted(more, "more bad cell");
            problems.push(Diagnostic::invalid(format!("`{}`: and {more}", sheet.file)));
        }
        problems
    }
}

impl Rule {
    fn judge(self, cell: &[u8]) -> Result<f64, Why> {
        let x = number(cell).ok_or(Why::NotANumber)?;
        match self {
            Rule::Coordinate if !x.is_finite() => Err(Why::NotFinite),
            _ if x.is_infinite() => Err(Why::NotFinite),
            Rule::Width if x <= 0.0 => Err(Why::Outside("> 0")),
            Rule::Photons if x < 0.0 => Err(Why::Outside(">= 0")),
            _ => Ok(x),
        }
    }
}

impl Fault {
    fn problem(&self, sheet: &Sheet<'_>) -> Diagnostic {
        if let Why::Cells(cells) = self.why {
            let columns = sheet.headers.len();
            let place = sheet.place(self.at, (cells > columns).then_some(columns));
            return Diagnostic::invalid(format!(
                "the row has {}, the header {columns}",
                counted(cells, "cell")
            ))
            .at(place)
            .help("every row needs as many cells as the header");
        }
        let place = sheet.place(self.at, Some(self.column));
        let found = place.excerpt[place.underline.clone()].trim_matches('"').to_string();
        let found =
            if found.trim().is_empty() { "empty".to_string() } else { format!("\"{}\"", shown(&found)) };
        let column = format!("`{}` (column {})", shown(&sheet.headers[self.column]), self.column + 1);
        let message = match self.why {
            Why::Outside(allowed) => format!("{column} is {}; allowed: {allowed}", found.trim_matches('"')),
            Why::NotFinite => format!("{column} is {found}; allowed: a finite number"),
            _ => format!("{column} is {found}, not a number"),
        };
        let problem = Diagnostic::invalid(message).at(place);
        if sheet.delimiter != b',' && found.contains(',') {
            problem.help("write decimals with a point, not a comma")
        } else if matches!(self.why, Why::Outside(_)) {
            let name = shown(&sheet.headers[self.column]);
            problem.help(format!("leave such rows out with where = {{ \"{name}\" = [min, max] }}"))
        } else {
            problem
        }
    }
}

/// An empty cell is NaN, as where a program had nothing to write.
fn number(cell: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(cell).ok()?.trim_ascii();
    if text.is_empty() { Some(f64::NAN) } else { text.parse().ok() }
}

/// Stretches of whole rows. A quoted cell may hold line breaks, so a body with quotes stays in one.
fn chunks(sheet: &Sheet<'_>) -> Vec<Range<usize>> {
    let bytes = sheet.text.as_bytes();
    let mut chunks = Vec::new();
    let mut at = sheet.body;
    let whole = bytes[at..].contains(&b'"');
    while at < bytes.len() {
        let target = if whole { bytes.len() } else { (at + CHUNK_BYTES).min(bytes.len()) };
        let end = bytes[target..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |i| target + i + 1);
        chunks.push(at..end);
        at = end;
    }
    chunks
}
