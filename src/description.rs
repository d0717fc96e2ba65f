//! Scene text -> [`Description`]: a tree of values that know their place, without any meaning.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};
use toml_edit::{DocumentMut, Item, TableLike};

use crate::diagnostic::{Diagnostic, Place, Source, nearest, shown};

/// Scene texts are written by people; long lists belong in a table. The limit keeps the
/// parser's memory (some 80 bytes a byte) within bounds.
pub const MAX_SCENE_BYTES: u64 = 4 << 20;

/// A parsed scene text.
#[derive(Debug, Clone)]
pub struct Description {
    /// The text that was read, for messages.
    pub source: Source,
    /// The text with all overrides written into it.
    pub text: Arc<str>,
    pub root: Table,
    /// `--set` arguments. Their spans lie behind the source's, one behind the other, so that a span alone
    /// tells which text it belongs to.
    overrides: Vec<Source>,
}

/// A value, and the bytes of the text it stands in.
#[derive(Debug, Clone)]
pub struct Node {
    pub span: Range<usize>,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub enum Value {
    Table(Table),
    Array(Vec<Node>),
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Date,
}

#[derive(Debug, Clone, Default)]
pub struct Table {
    pub span: Range<usize>,
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    pub name_span: Range<usize>,
    pub node: Node,
}

impl Table {
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

impl Node {
    /// What stands here, for the message "found …".
    pub fn found(&self) -> String {
        match &self.value {
            Value::Table(_) => "a table".into(),
            Value::Array(items) => format!("an array of {}", items.len()),
            Value::Text(text) => format!("the text \"{}\"", shown(text)),
            Value::Integer(n) => format!("{n}"),
            Value::Float(x) => format!("{x:?}"),
            Value::Bool(b) => format!("{b}"),
            Value::Date => "a date".into(),
        }
    }
}

/// More syntax errors than these follow from the first ones, or the text is no TOML at all.
const MOST_ERRORS: usize = 3;

impl Description {
    /// Parses `text`; `name` is what messages call it.
    ///
    /// # Errors
    /// The first syntax errors of the text, or all numbers in it that are too large.
    pub fn parse(name: &str, text: &str) -> Result<Description, Vec<Diagnostic>> {
        let source = Source::new(name, text);
        let root = read(&source, 0)?;
        Ok(Description { text: source.text.clone(), source, root, overrides: Vec::new() })
    }

    /// The same scene with `--set` arguments (`dotted.path=TOML value`) written into its text.
    ///
    /// # Errors
    /// An argument that is not a path and a value, or a path that leads through something that is no table.
    pub fn with_overrides(mut self, arguments: &[String]) -> Result<Description, Vec<Diagnostic>> {
        if arguments.is_empty() {
            return Ok(self);
        }
        let mut document: DocumentMut = match self.source.text.parse() {
            Ok(document) => document,
            Err(error) => return Err(vec![Diagnostic::invalid(format!("not valid TOML: {error}"))]),
        };
        let mut problems = Vec::new();
        for argument in arguments {
            let written = set(&mut document, argument).map_err(|problem| vec![problem]);
            let source = Source::new("--set", argument.as_str());
            match written.and_then(|depth| Ok((depth, read(&source, self.end())?))) {
                Ok((depth, value)) => overlay(&mut self.root, value, depth),
                Err(more) => problems.extend(more),
            }
            self.overrides.push(source);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        self.text = Arc::from(document.to_string());
        Ok(self)
    }

    /// Where the spans of the next override begin.
    fn end(&self) -> usize {
        std::iter::once(&self.source).chain(&self.overrides).map(|source| source.text.len() + 1).sum()
    }

    /// Where `span` stands for the user: in the scene's file, or in the `--set` argument that wrote it.
    pub fn place(&self, span: Range<usize>) -> Place {
        let mut begin = 0;
        for source in std::iter::once(&self.source).chain(&self.overrides) {
            if span.start <= begin + source.text.len() {
                return Place::new(source, span.start - begin..span.end.max(span.start) - begin);
            }
            begin += source.text.len() + 1;
        }
        Place::new(&self.source, span)
    }
}

/// Parses a whole text; its spans are moved by `base`.
fn read(source: &Source, base: usize) -> Result<Table, Vec<Diagnostic>> {
    let (table, mut errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
        // Every bracket that is still open at the end is told there.
        errors.dedup_by(|a, b| a.span() == b.span() && a.message() == b.message());
        let problem = |error: &toml::de::Error| {
            Diagnostic::invalid(format!("not valid TOML: {}", shown(error.message())))
                .at(Place::new(source, error.span().unwrap_or(0..0)))
        };
        return Err(errors.iter().take(MOST_ERRORS).map(problem).collect());
    }
    let mut problems = Vec::new();
    let span = moved(table.span(), base);
    let text = Text { source, base };
    let root = convert_table(table.get_ref(), span, &text, &mut problems);
    if problems.is_empty() { Ok(root) } else { Err(problems) }
}

/// A text, and where its spans begin.
struct Text<'a> {
    source: &'a Source,
    base: usize,
}

fn moved(span: Range<usize>, base: usize) -> Range<usize> {
    span.start + base..span.end + base
}

/// Puts the value that `above` names by a path of `depth` keys into `table`.
fn overlay(table: &mut Table, above: Table, depth: usize) {
    for entry in above.entries {
        match (table.entries.iter_mut().find(|below| below.name == entry.name), entry) {
            (
                Some(Entry { node: Node { value: Value::Table(below), .. }, .. }),
                Entry { node: Node { value: Value::Table(above), .. }, .. },
            ) if depth > 1 => overlay(below, above, depth - 1),
            (Some(below), entry) => *below = entry,
            (None, entry) => {
                table.entries.push(entry);
                table.entries.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
    }
}

fn convert_table(
    table: &DeTable,
    span: Range<usize>,
    text: &Text<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Table {
    let entries = table
        .iter()
        .map(|(key, value)| Entry {
            name: key.get_ref().to_string(),
            name_span: moved(key.span(), text.base),
            node: convert(value.get_ref(), value.span(), text, problems),
        })
        .collect();
    Table { span, entries }
}

/// `found` is where the value stands in `text` alone.
fn convert(value: &DeValue, found: Range<usize>, text: &Text<'_>, problems: &mut Vec<Diagnostic>) -> Node {
    let span = moved(found.clone(), text.base);
    let converted = match value {
        DeValue::String(string) => Value::Text(string.to_string()),
        DeValue::Integer(n) => match i64::from_str_radix(n.as_str(), n.radix()) {
            Ok(n) => Value::Integer(n),
            Err(_) => {
                let message = format!(
                    "{} is too large for a whole number; allowed: {} ..= {}",
                    shown(n.as_str()),
                    i64::MIN,
                    i64::MAX
                );
                problems.push(Diagnostic::invalid(message).at(Place::new(text.source, found)));
                Value::Integer(0)
            }
        },
        DeValue::Float(x) => Value::Float(x.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(b) => Value::Bool(*b),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::Array(
            items.iter().map(|item| convert(item.get_ref(), item.span(), text, problems)).collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, span.clone(), text, problems)),
    };
    Node { span, value: converted }
}

/// Writes one `--set` argument into the document and returns how many keys its path has.
fn set(document: &mut DocumentMut, argument: &str) -> Result<usize, Diagnostic> {
    let wrong = |message: String| {
        Diagnostic::invalid(message).at(Place::in_line("--set".into(), 1, argument, 0..argument.len()))
    };
    let form = "--set takes a dotted path and a TOML value, as in --set spots.cells.amplitude=80";
    let Some((path, value)) = split_argument(argument) else {
        return Err(wrong("no `=` between path and value".into()).help(form));
    };
    let keys = toml_edit::Key::parse(path)
        .map_err(|_| wrong(format!("`{}` is not a dotted path", shown(path))).help(form))?;
    let value: toml_edit::Value = value.trim().parse().map_err(|_| {
        too_large(argument).unwrap_or_else(|| {
            let quoted = format!("{}=\"{}\"", path.trim(), value.trim());
            wrong(format!("`{}` is not a TOML value", shown(value)))
                .help(format!("a text needs quotes: --set '{}'", shown(&quoted)))
        })
    })?;
    let keys: Vec<String> = keys.iter().map(|key| key.get().to_string()).collect();
    let Some((last, parents)) = keys.split_last() else {
        return Err(wrong("no path before the `=`".into()).help(form));
    };
    // Groups have names of the user's own: a new one could only be a slip.
    if let ["spots", group, ..] = parents.iter().map(String::as_str).collect::<Vec<_>>()[..]
        && let Some(groups) = document.get("spots").and_then(Item::as_table_like)
        && !groups.contains_key(group)
    {
        let names: Vec<&str> = groups.iter().map(|(name, _)| name).collect();
        return Err(wrong(format!("the scene has no group `{}`", shown(group))).help(nearest(group, names)));
    }
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for name in parents {
        let item = table.entry(name).or_insert_with(|| {
            let mut inner = toml_edit::Table::new();
            inner.set_implicit(true);
            Item::Table(inner)
        });
        table = item.as_table_like_mut().ok_or_else(|| {
            wrong(format!("`{}` of the path is not a table in this scene", shown(name)))
                .help("set the whole value, such as --set 'grid.shape={ x = 64, y = 64, z = 64 }'")
        })?;
    }
    match table.get_mut(last) {
        // Keep the spacing and the comment that stand around the old value.
        Some(Item::Value(old)) => {
            let decor = old.decor().clone();
            *old = value;
            *old.decor_mut() = decor;
        }
        _ => {
            table.insert(last, Item::Value(value));
        }
    }
    Ok(keys.len())
}

/// What is wrong with an argument that is TOML all the same: a number in it.
fn too_large(argument: &str) -> Option<Diagnostic> {
    DeTable::parse(argument).ok()?;
    read(&Source::new("--set", argument), 0).err()?.into_iter().next()
}

/// Splits at the first `=` outside quotes, so that a quoted key may hold one.
fn split_argument(argument: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (i, c) in argument.char_indices() {
        match (quote, c) {
            (None, '=') => return Some((&argument[..i], &argument[i + 1..])),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(description: &'a Description, path: &[&str]) -> &'a Entry {
        let (last, parents) = path.split_last().unwrap();
        let table = parents.iter().fold(&description.root, |table, name| {
            match &table.get(name).expect("the path").node.value {
                Value::Table(inner) => inner,
                _ => panic!("no table"),
            }
        });
        table.get(last).expect("the path")
    }

    fn number(description: &Description, path: &[&str]) -> f64 {
        match entry(description, path).node.value {
            Value::Integer(n) => n as f64,
            Value::Float(x) => x,
            _ => panic!("no number"),
        }
    }

    #[test]
    fn overrides_reach_inline_tables_and_new_tables() {
        let text = "[spots.a]\ngenerator = { kind = \"uniform\", count = 5 } # five\n";
        let changed = Description::parse("s", text)
            .unwrap()
            .with_overrides(&["spots.a.generator.count=7".into(), "render.tolerance = 1e-4".into()])
            .unwrap();
        assert_eq!(number(&changed, &["spots", "a", "generator", "count"]), 7.0);
        assert_eq!(number(&changed, &["render", "tolerance"]), 1e-4);
        assert!(changed.text.contains("# five"), "comments survive");
    }

    #[test]
    fn an_overridden_value_is_placed_at_its_argument() {
        let description = Description::parse("s", "[render]\ntolerance = 1\n[grid]\n")
            .unwrap()
            .with_overrides(&["render.cutoff=2".into(), "render.tolerance=-3".into()])
            .unwrap();
        let place = |path| description.place(entry(&description, path).node.span.clone());
        let changed = place(&["render", "tolerance"]);
        assert_eq!((changed.file.as_str(), changed.line, changed.column), ("--set", 1, 18));
        assert_eq!(changed.excerpt, "render.tolerance=-3");
        // What stands behind an inserted line keeps its place in the file.
        let untouched = place(&["grid"]);
        assert_eq!((untouched.file.as_str(), untouched.line), ("s", 3));
    }

    #[test]
    fn a_path_through_a_number_is_refused() {
        let description = Description::parse("s", "a = 1\n").unwrap();
        assert!(description.with_overrides(&["a.b=2".into()]).is_err());
    }

    #[test]
    fn the_first_syntax_errors_are_reported() {
        let problems = Description::parse("s", "a = \nb = 2\nc = [1,\n[d\n").unwrap_err();
        assert!((2..=MOST_ERRORS).contains(&problems.len()), "{problems:?}");
        assert!(problems.iter().all(|p| p.place.is_some()));
        // No TOML at all.
        let table = Description::parse("s", &"1.5,2.5,3.5\n".repeat(1000)).unwrap_err();
        let lines: Vec<_> = table.iter().map(|p| p.place.as_ref().unwrap().line).collect();
        assert_eq!(lines, [1, 2, 3]);
    }
}
