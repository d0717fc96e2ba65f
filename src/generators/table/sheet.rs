//! The text of a table: where its header stands, what separates its cells, where a cell stands.

use std::ops::Range;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::header::Program;
use crate::diagnostic::{Diagnostic, Place, shown};

pub struct Sheet<'a> {
    /// As the user knows it.
    pub file: &'a str,
    pub text: &'a str,
    pub delimiter: u8,
    pub headers: Vec<String>,
    /// Where the header's line starts.
    pub header_at: usize,
    pub program: Program,
    /// TrackMate's line of units.
    pub units: Vec<String>,
    /// Where the rows start.
    pub body: usize,
}

/// The bytes as text without a byte order mark, or why they are no table.
pub fn decode<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Vec<Diagnostic>> {
    let kinds: &[(&[u8], &str, &str)] = &[
        (b"\x89HDF", "an HDF5 file", "export it as CSV from the program that wrote it"),
        (b"\x1f\x8b", "compressed with gzip", "unpack it first"),
        (b"PK\x03\x04", "a ZIP archive or a spreadsheet", "save it as CSV"),
        (b"\xff\xfe", "UTF-16 text", "save it as UTF-8"),
        (b"\xfe\xff", "UTF-16 text", "save it as UTF-8"),
    ];
    if let Some((_, what, help)) = kinds.iter().find(|(start, ..)| bytes.starts_with(start)) {
        return Err(vec![Diagnostic::invalid(format!("`{file}` is not a CSV file but {what}")).help(*help)]);
    }
    if bytes.contains(&0) {
        return Err(vec![
            Diagnostic::invalid(format!("`{file}` is a binary file, not a CSV file"))
                .help("export the table as CSV or TSV"),
        ]);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let start = before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
            let line = bytes[start..].split(|&b| b == b'\n').next().unwrap_or_default();
            let line = String::from_utf8_lossy(line);
            let at = error.valid_up_to() - start;
            let number = before.iter().filter(|&&b| b == b'\n').count() + 1;
            let place = Place::in_line(file.to_string(), number, line.trim_end(), at..at + 3);
            Err(vec![
                Diagnostic::invalid(format!("`{file}` is not UTF-8 text"))
                    .at(place)
                    .help("save it with the encoding UTF-8"),
            ])
        }
    }
}

impl<'a> Sheet<'a> {
    pub fn open(file: &'a str, text: &'a str) -> Result<Sheet<'a>, Vec<Diagnostic>> {
        let header_at = first_line(text).ok_or_else(|| {
            let problem = Diagnostic::invalid(format!("`{file}` is empty: it has no header"));
            vec![problem.help("the first line names the columns, such as x,y,z")]
        })?;
        let line = text[header_at..].lines().next().unwrap_or_default();
        let mut sheet = Sheet {
            file,
            text,
            delimiter: delimiter(line),
            headers: Vec::new(),
            header_at,
            program: Program::Plain,
            units: Vec::new(),
            body: text.len(),
        };
        let mut reader = sheet.reader(header_at..text.len());
        let mut record = ByteRecord::new();
        let mut next = || {
            let more = reader.read_byte_record(&mut record).unwrap_or(false);
            let cells: Vec<String> =
                record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_string()).collect();
            (more.then_some(cells), header_at + reader.position().byte() as usize)
        };
        let (header, mut body) = next();
        sheet.headers = header.unwrap_or_default();
        sheet.program = Program::of(&sheet.headers);
        if sheet.program == Program::TrackMate {
            // Human names, short names, units: all but the oldest versions write them.
            let x = sheet.headers.iter().position(|name| name.eq_ignore_ascii_case("position_x"));
            for _ in 0..3 {
                let (cells, end) = next();
                let Some(cells) = cells else { break };
                match x.and_then(|x| cells.get(x)).map(String::as_str) {
                    Some("X" | "x") => {}
                    Some(unit) if unit.starts_with('(') => sheet.units = cells,
                    _ => break,
                }
                body = end;
            }
        }
        sheet.body = body;
        sheet.check()?;
        Ok(sheet)
    }

    fn check(&self) -> Result<(), Vec<Diagnostic>> {
        let given: Vec<&String> = self.headers.iter().filter(|name| !name.is_empty()).collect();
        if given.iter().all(|name| name.parse::<f64>().is_ok()) {
            let commented = self.text[..self.header_at].contains('#');
            return Err(vec![
                Diagnostic::invalid(format!("`{}` has no header: its first line is numbers", self.file))
                    .at(self.place(self.header_at, None))
                    .help(if commented {
                        "if the line that starts with # is the header, remove the #"
                    } else {
                        "the first line names the columns, such as x,y,z"
                    }),
            ]);
        }
        for (i, name) in self.headers.iter().enumerate() {
            if let Some(first) = self.headers[..i].iter().position(|other| other == name)
                && !name.is_empty()
            {
                return Err(vec![
                    Diagnostic::invalid(format!(
                        "the columns {} and {} are both called `{}`",
                        first + 1,
                        i + 1,
                        shown(name)
                    ))
                    .at(self.place(self.header_at, Some(i)))
                    .help("give every column a name of its own"),
                ]);
            }
        }
        Ok(())
    }

    /// Reads the records of a stretch of the text.
    pub fn reader(&self, range: Range<usize>) -> Reader<&'a [u8]> {
        ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .from_reader(&self.text.as_bytes()[range])
    }

    /// The header names, for messages.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The place of a cell of the record that starts at `at`, or of its first line.
    pub fn place(&self, at: usize, cell: Option<usize>) -> Place {
        let bytes = self.text.as_bytes();
        // A record's position may lie before the line breaks that precede it.
        let start = at + bytes[at..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let span = match cell {
            Some(cell) => self.cell(start, cell),
            None => start..start + self.text[start..].lines().next().unwrap_or_default().len(),
        };
        let line_at = bytes[..span.start].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let number = bytes[..line_at].iter().filter(|&&b| b == b'\n').count() + 1;
        let line = self.text[line_at..].lines().next().unwrap_or_default();
        Place::in_line(self.file.to_string(), number, line, span.start - line_at..span.end - line_at)
    }

    /// The bytes of a cell without blanks around it, or the end of the record where it has fewer.
    fn cell(&self, start: usize, cell: usize) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let (mut from, mut seen, mut quoted) = (start, 0, false);
        let mut end = bytes.len();
        for (i, &b) in bytes.iter().enumerate().skip(start) {
            match b {
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'\r' | b'\n' => {
                    end = i;
                    break;
                }
                b if b == self.delimiter && seen == cell => {
                    end = i;
                    break;
                }
                b if b == self.delimiter => (from, seen) = (i + 1, seen + 1),
                _ => {}
            }
        }
        let text = &self.text[from..end];
        let blank = text.len() - text.trim_start().len();
        from + blank..from + blank + text.trim().len()
    }
}

/// Where the first line stands that is neither blank nor a comment.
fn first_line(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Whichever of tab, semicolon and comma stands most often in the header, outside quotes.
fn delimiter(line: &str) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for b in line.bytes() {
        quoted ^= b == b'"';
        for (delimiter, count) in &mut counts {
            *count += usize::from(b == *delimiter && !quoted);
        }
    }
    // The last of equals: a comma inside a name is likelier than a tab.
    counts
        .into_iter()
        .max_by_key(|&(_, count)| count)
        .filter(|&(_, count)| count > 0)
        .map_or(b',', |(d, _)| d)
}
