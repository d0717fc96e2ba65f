//! `[scene]`: what the scene is called, and its seed.

use super::FORMAT;
use crate::diagnostic::{Diagnostic, shown};
use crate::plugin::{Bad, Param, Range, TableReader, TableSpec};

const FORMAT_VERSION: Param<u64> =
    Param::default("format", "1", "Version of the scene format.").range(Range::between(1.0, 1e6));
const NAME: Param<String> =
    Param::otherwise("name", "the file's stem", "Name of the scene; names the output.");
const DESCRIPTION: Param<String> = Param::default("description", "\"\"", "Goes into the output's metadata.");
const SEED: Param<u64> =
    Param::default("seed", "0", "Seed of all random numbers; neighbouring seeds share nothing.");

pub const SPEC: TableSpec = TableSpec { params: &[&FORMAT_VERSION, &NAME, &DESCRIPTION, &SEED], one_of: &[] };

/// File systems allow 255, of which endings and temporary names take some.
const MOST_NAME: usize = 200;

pub struct Header {
    pub name: String,
    pub description: String,
    pub seed: u64,
}

pub fn read(p: &TableReader<'_>, stem: &str) -> Result<Header, Bad> {
    let (format, name) = (p.get(&FORMAT_VERSION), p.optional(&NAME));
    let (description, seed) = (p.get(&DESCRIPTION), p.get(&SEED));
    if format? > FORMAT {
        let message = format!("this version reads format {FORMAT} and older");
        p.reading.report(
            Diagnostic::invalid(message).at(p.place_of(&FORMAT_VERSION)).help("use a newer blobscene"),
        );
        return Err(Bad);
    }
    let name = name?.unwrap_or_else(|| stem.to_string());
    let safe = !name.starts_with('.') && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'));
    if name.is_empty() || name.len() > MOST_NAME || !safe {
        let message = format!(
            "`scene.name` is \"{}\"; it names a file: not empty, at most {MOST_NAME} bytes, no leading dot, no \
             slashes, no control characters",
            shown(&name)
        );
        let help = "without `scene.name` it is the scene file's own name";
        p.reading.report(Diagnostic::invalid(message).at(p.place_of(&NAME)).help(help));
        return Err(Bad);
    }
    Ok(Header { name, description: description?, seed: seed? })
}
