//! Problems of the user's input: what is wrong, where, and what helps.
//!
//! A [`Diagnostic`] knows its place in a text by file, line and column and keeps the line, so it can be
//! shown long after the text is gone. The library only collects them; the binary prints.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that was read, under the name the user knows it by.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub text: Arc<str>,
    /// Where each line begins: a text with a hundred thousand problems is searched as often.
    lines: Arc<[usize]>,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Source {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Source { name: name.into(), text, lines }
    }
}

/// A stretch of one line of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name, or the command line option that the text came from.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// The line, made safe for a terminal and cut to a width that can be read.
    pub excerpt: String,
    /// The bytes of `excerpt` to underline.
    pub underline: Range<usize>,
}

/// How much of a long line is shown on either side of the place.
const CONTEXT: usize = 60;

impl Place {
    /// The place of the bytes `span` in `source`; a span over several lines is shown by its first one.
    pub fn new(source: &Source, span: Range<usize>) -> Place {
        let text = &source.text;
        let at = floor_boundary(text, span.start);
        let number = source.lines.partition_point(|&start| start <= at);
        let start = source.lines[number - 1];
        let end = source.lines.get(number).map_or(text.len(), |next| next - 1);
        let line = text[start..end].trim_end_matches('\r');
        let until = floor_boundary(text, span.end).clamp(at, start + line.len().max(at - start));
        Place::in_line(source.name.clone(), number, line, at - start..until - start)
    }

    /// The bytes `span` of `line`, which is line number `number` of `file`.
    pub fn in_line(file: String, number: usize, line: &str, span: Range<usize>) -> Place {
        let start = floor_boundary(line, span.start);
        let end = floor_boundary(line, span.end).max(start);
        let (before, inside, after) = (&line[..start], &line[start..end], &line[end..]);

        let (tail, cut) = last_chars(before, CONTEXT);
        let mut excerpt = String::from(if cut { "…" } else { "" });
        excerpt.extend(tail.chars().map(printable));
        let from = excerpt.len();
        let (head, cut) = first_chars(inside, 2 * CONTEXT);
        excerpt.extend(head.chars().map(printable));
        let to = excerpt.len();
        let (rest, cut) = if cut { ("", true) } else { first_chars(after, CONTEXT) };
        excerpt.extend(rest.chars().map(printable));
        excerpt.push_str(if cut { "…" } else { "" });
        Place { file, line: number, column: before.chars().count() + 1, excerpt, underline: from..to }
    }
}

/// The first `count` characters, and whether there are more.
fn first_chars(text: &str, count: usize) -> (&str, bool) {
    text.char_indices().nth(count).map_or((text, false), |(at, _)| (&text[..at], true))
}

/// The last `count` characters, and whether there are more.
fn last_chars(text: &str, count: usize) -> (&str, bool) {
    let at = text.char_indices().rev().nth(count.saturating_sub(1)).map_or(0, |(at, _)| at);
    (&text[at..], at > 0)
}

fn floor_boundary(text: &str, index: usize) -> usize {
    let mut i = index.min(text.len());
    while !text.is_char_boundary(i) {
        i -= 1;
    }
    i
}

/// Control characters would reach the terminal unchanged; a tab would shift the underline.
pub fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{FFFD}',
        // Direction marks reorder what stands beside them.
        '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => '\u{FFFD}',
        c => c,
    }
}

/// `text` as it may be shown inside a message: one line, no control characters, not too long.
pub fn shown(text: &str) -> String {
    excerpt(text, 80)
}

/// The same with a length of its own, in characters.
pub fn excerpt(text: &str, length: usize) -> String {
    let one_line = |c| if c == '\n' { ' ' } else { printable(c) };
    let mut out: String = text.chars().take(length).map(one_line).collect();
    if text.chars().nth(length).is_some() {
        out.push('…');
    }
    out
}

/// `count` with the noun that it counts, given in the singular: `1 spot`, `2 spots`.
pub fn counted<N: fmt::Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The request is wrong.
    Invalid,
    /// The request may be right, but it cannot be done here: a file is missing, a limit was hit.
    Impossible,
    /// It can be done, but the user should know.
    Warning,
}

/// One problem, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub message: String,
    pub place: Option<Box<Place>>,
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn invalid(message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Invalid, message: message.into(), place: None, help: None }
    }

    pub fn impossible(message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Impossible, ..Diagnostic::invalid(message) }
    }

    pub fn warning(message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::invalid(message) }
    }

    pub fn at(mut self, place: Place) -> Diagnostic {
        self.place = Some(Box::new(place));
        self
    }

    /// Places the problem unless it knows its place already.
    pub fn or_at(mut self, place: impl FnOnce() -> Place) -> Diagnostic {
        self.place.get_or_insert_with(|| Box::new(place()));
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{}:{}:{}: ", place.file, place.line, place.column)?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}

/// The sentence that helps where `found` is none of `known`: the nearest name, or the list of them.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let best = known
        .iter()
        .map(|name| (strsim::osa_distance(&found.to_lowercase(), &name.to_lowercase()), *name))
        .min_by_key(|&(distance, _)| distance);
    match best {
        Some((distance, name)) if distance <= (name.len() / 3).max(1) => {
            format!("did you mean `{name}`? allowed: {}", known.join(", "))
        }
        Some(_) => format!("allowed: {}", known.join(", ")),
        None => "nothing is allowed here".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("a.toml", text)
    }

    #[test]
    fn a_place_knows_its_line_and_column() {
        let s = source("a = 1\nbé = 22\n");
        let start = s.text.find("22").unwrap();
        let place = Place::new(&s, start..start + 2);
        assert_eq!((place.line, place.column), (2, 6));
        assert_eq!(&place.excerpt[place.underline.clone()], "22");
    }

    #[test]
    fn a_place_survives_any_span() {
        let s = source("é\r\n\n日本");
        for start in 0..=s.text.len() + 2 {
            for end in 0..=s.text.len() + 2 {
                let place = Place::new(&s, start..end);
                assert!(place.excerpt.get(place.underline.clone()).is_some());
            }
        }
    }

    #[test]
    fn control_characters_and_long_lines_never_reach_the_terminal() {
        let line = format!("x = \"\u{1b}[31m{}\"", "y".repeat(100_000));
        let place = Place::in_line("f".into(), 1, &line, 4..9);
        assert!(!place.excerpt.contains('\u{1b}'));
        assert!(place.excerpt.chars().count() < 5 * CONTEXT);
    }

    #[test]
    fn one_is_singular() {
        assert_eq!([0_u64, 1, 2].map(|n| counted(n, "spot")), ["0 spots", "1 spot", "2 spots"]);
    }

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        assert!(nearest("sigam", ["sigma", "fwhm"]).starts_with("did you mean `sigma`?"));
        assert_eq!(nearest("pitch", ["sigma", "fwhm"]), "allowed: sigma, fwhm");
    }
}
