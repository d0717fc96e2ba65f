//! Scene text -> [`Description`]: a tree of values that know their place, without any meaning.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};
use toml_edit::{DocumentMut, Item, TableLike};

use crate::diagnostic::{Diagnostic, Place, Source, shown};

/// Scene texts are written by people; long lists belong in a table. The limit keeps the
/// parser's memory (some 80 bytes a byte) within bounds.
pub const MAX_SCENE_BYTES: u64 = 4 << 20;

/// A parsed scene text.
#[derive(Debug, Clone)]
pub struct Description {
    pub source: Source,
    pub root: Table,
    overrides: Vec<Override>,
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

/// `--set path=value`, as it stands in the overridden text.
#[derive(Debug, Clone)]
struct Override {
    path: Vec<String>,
    argument: String,
}

impl Description {
    /// Parses `text`; `name` is what messages call it.
    ///
    /// # Errors
    /// Every syntax error of the text.
    pub fn parse(name: &str, text: &str) -> Result<Description, Vec<Diagnostic>> {
        let source = Source { name: name.to_string(), text: Arc::from(text) };
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(errors
                .iter()
                .map(|error| {
                    let problem = Diagnostic::invalid(format!("not valid TOML: {}", shown(error.message())));
                    match error.span() {
                        Some(span) => problem.at(Place::new(&source, span)),
                        None => problem,
                    }
                })
                .collect());
        }
        let mut problems = Vec::new();
        let span = table.span();
        let root = convert_table(table.get_ref(), span, &source, &mut problems);
        if problems.is_empty() {
            Ok(Description { source, root, overrides: Vec::new() })
        } else {
            Err(problems)
        }
    }

    /// The same scene with `--set` arguments (`dotted.path=TOML value`) written into its text.
    ///
    /// # Errors
    /// An argument that is not a path and a value, or a path that leads through something that is no table.
    pub fn with_overrides(self, arguments: &[String]) -> Result<Description, Vec<Diagnostic>> {
        if arguments.is_empty() {
            return Ok(self);
        }
        let mut document: DocumentMut = match self.source.text.parse() {
            Ok(document) => document,
            Err(error) => return Err(vec![Diagnostic::invalid(format!("not valid TOML: {error}"))]),
        };
        let mut overrides = Vec::new();
        let mut problems = Vec::new();
        for argument in arguments {
            match set(&mut document, argument) {
                Ok(path) => overrides.push(Override { path, argument: argument.clone() }),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut description = Description::parse(&self.source.name, &document.to_string())?;
        description.overrides = overrides;
        Ok(description)
    }

    /// Where `span` stands for the user: in the scene's file, or in the `--set` argument that wrote it.
    pub fn place(&self, span: Range<usize>) -> Place {
        for change in self.overrides.iter().rev() {
            if let Some(entry) = self.entry(&change.path)
                && entry.name_span.start <= span.start
                && span.end <= entry.node.span.end
            {
                let text = &change.argument;
                return Place::in_line("--set".into(), 1, text, 0..text.len());
            }
        }
        Place::new(&self.source, span)
    }

    fn entry(&self, path: &[String]) -> Option<&Entry> {
        let (last, parents) = path.split_last()?;
        let mut table = &self.root;
        for name in parents {
            match &table.get(name)?.node.value {
                Value::Table(inner) => table = inner,
                _ => return None,
            }
        }
        table.get(last)
    }
}

fn convert_table(
    table: &DeTable,
    span: Range<usize>,
    source: &Source,
    problems: &mut Vec<Diagnostic>,
) -> Table {
    let entries = table
        .iter()
        .map(|(key, value)| Entry {
            name: key.get_ref().to_string(),
            name_span: key.span(),
            node: convert(value.get_ref(), value.span(), source, problems),
        })
        .collect();
    Table { span, entries }
}

fn convert(value: &DeValue, span: Range<usize>, source: &Source, problems: &mut Vec<Diagnostic>) -> Node {
    let converted = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(n) => match i64::from_str_radix(n.as_str(), n.radix()) {
            Ok(n) => Value::Integer(n),
            Err(_) => {
                let message = format!("the whole number {} does not fit into 64 bits", shown(n.as_str()));
                problems.push(Diagnostic::invalid(message).at(Place::new(source, span.clone())));
                Value::Integer(0)
            }
        },
        DeValue::Float(x) => Value::Float(x.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(b) => Value::Bool(*b),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::Array(
            items.iter().map(|item| convert(item.get_ref(), item.span(), source, problems)).collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(table, span.clone(), source, problems)),
    };
    Node { span, value: converted }
}

/// Writes one `--set` argument into the document and returns its path.
fn set(document: &mut DocumentMut, argument: &str) -> Result<Vec<String>, Diagnostic> {
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
        let quoted = format!("{}=\"{}\"", path.trim(), value.trim());
        wrong(format!("`{}` is not a TOML value", shown(value)))
            .help(format!("a text needs quotes: --set '{}'", shown(&quoted)))
    })?;
    let keys: Vec<String> = keys.iter().map(|key| key.get().to_string()).collect();
    let Some((last, parents)) = keys.split_last() else {
        return Err(wrong("no path before the `=`".into()).help(form));
    };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for name in parents {
        let item = table.entry(name).or_insert_with(|| {
            let mut inner = toml_edit::Table::new();
            inner.set_implicit(true);
            Item::Table(inner)
        });
        table = item
            .as_table_like_mut()
            .ok_or_else(|| wrong(format!("`{}` of the path is not a table in this scene", shown(name))))?;
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
    Ok(keys)
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

    fn number(description: &Description, path: &[&str]) -> f64 {
        let path: Vec<String> = path.iter().map(|s| s.to_string()).collect();
        match description.entry(&path).expect("the path").node.value {
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
        assert!(changed.source.text.contains("# five"), "comments survive");
    }

    #[test]
    fn an_overridden_value_is_placed_at_its_argument() {
        let description = Description::parse("s", "[render]\ntolerance = 1\n")
            .unwrap()
            .with_overrides(&["render.tolerance=-3".into()])
            .unwrap();
        let span = description.entry(&["render".into(), "tolerance".into()]).unwrap().node.span.clone();
        assert_eq!(description.place(span).file, "--set");
    }

    #[test]
    fn a_path_through_a_number_is_refused() {
        let description = Description::parse("s", "a = 1\n").unwrap();
        assert!(description.with_overrides(&["a.b=2".into()]).is_err());
    }

    #[test]
    fn every_syntax_error_is_reported() {
        let problems = Description::parse("s", "a = \nb = 2\nc = [1,\n[d\n").unwrap_err();
        assert!(problems.len() >= 2, "{problems:?}");
        assert!(problems.iter().all(|p| p.place.is_some()));
    }
}
