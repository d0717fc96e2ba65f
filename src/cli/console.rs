//! Standard output and standard error: answers, messages and progress.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value as Json, json};

use unicode_width::UnicodeWidthChar;

use blobscene::diagnostic::{Diagnostic, Place, Severity, counted, printable};
use blobscene::error::Error;

pub struct Console {
    quiet: bool,
    colour: bool,
    /// Set when an answer could not be written.
    failed: Cell<bool>,
}

/// More problems than these are counted, not shown.
const MOST_SHOWN: usize = 100;

/// What a message is, with its colour on a terminal.
#[derive(Clone, Copy)]
enum Level {
    Error,
    Warning,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Level::Error => "1;31",
            Level::Warning => "1;33",
        }
    }
}

const BOLD: &str = "1";
const GUTTER: &str = "1;34";
const HELP: &str = "1;36";

impl Console {
    pub fn new(quiet: bool) -> Console {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Console { quiet, colour: std::io::stderr().is_terminal() && !no_colour, failed: Cell::new(false) }
    }

    /// Writes what was asked for. A reader that has gone away, such as `head`, is no error.
    ///
    /// What stands in a file that someone else made may hold control characters; they never get out.
    pub fn answer(&self, text: &str) {
        let text: String =
            text.chars().map(|c| if matches!(c, '\n' | '\t') { c } else { printable(c) }).collect();
        let mut out = std::io::stdout().lock();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
            && error.kind() != ErrorKind::BrokenPipe
        {
            self.failed.set(true);
            self.message(Level::Error, &format!("cannot write to standard output: {error}"));
        }
    }

    /// Whether an answer could not be written.
    pub fn failed(&self) -> bool {
        self.failed.get()
    }

    /// Writes one JSON object.
    pub fn answer_json(&self, value: &Json) {
        let mut text = String::new();
        for c in format!("{value:#}\n").chars() {
            // JSON has a form for what must not reach a terminal, all of it below U+10000.
            if c == '\n' || printable(c) == c {
                text.push(c);
            } else {
                let _ = write!(text, "\\u{:04x}", c as u32);
            }
        }
        self.answer(&text);
    }

    /// Says something beside the answer, unless asked to be quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.to_stderr(&format!("{}\n", one_line(text)));
        }
    }

    pub fn warning(&self, text: &str) {
        self.message(Level::Warning, text);
    }

    pub fn error(&self, error: &Error) {
        match error {
            Error::Scene(problems) => {
                problems.iter().take(MOST_SHOWN).for_each(|problem| self.diagnostic(problem));
                if let Some(more @ 1..) = problems.len().checked_sub(MOST_SHOWN) {
                    self.message(Level::Error, &format!("… and {}", counted(more, "more problem")));
                }
            }
            Error::Interrupted => self.to_stderr("interrupted\n"),
            other => self.message(Level::Error, &other.to_string()),
        }
    }

    /// Shows a problem with the line it stands in.
    pub fn diagnostic(&self, problem: &Diagnostic) {
        let level = if problem.severity == Severity::Warning { Level::Warning } else { Level::Error };
        let mut out = self.title(level, &problem.message);
        let place = problem.place.as_deref();
        if let Some(place) = place {
            self.place(&mut out, level, place);
        }
        if let Some(help) = &problem.help {
            let indent = place.map_or(2, |place| place.line.to_string().len() + 1);
            let mark = self.painted(GUTTER, &format!("{:indent$}=", ""));
            let _ = writeln!(out, "{mark} {} {}", self.painted(HELP, "help:"), one_line(help));
        }
        self.to_stderr(&out);
    }

    /// ```text
    ///  --> a.toml:3:5
    ///   |
    /// 3 | x = bad
    ///   |     ^^^
    /// ```
    fn place(&self, out: &mut String, level: Level, place: &Place) {
        let digits = place.line.to_string().len();
        let gutter = |number: &str| self.painted(GUTTER, &format!("{number:digits$} |"));
        let arrow = self.painted(GUTTER, &format!("{:digits$}-->", ""));
        let _ = writeln!(out, "{arrow} {}:{}:{}", one_line(&place.file), place.line, place.column);
        if place.excerpt.is_empty() {
            return;
        }
        let (before, rest) = place.excerpt.split_at(place.underline.start);
        let marked = &rest[..place.underline.len()];
        let carets = self.painted(level.colour(), &"^".repeat(width(marked).max(1)));
        let _ = writeln!(out, "{}", gutter(""));
        let _ = writeln!(out, "{} {}", gutter(&place.line.to_string()), place.excerpt.trim_end());
        let _ = writeln!(out, "{} {:2$}{carets}", gutter(""), "", width(before));
    }

    fn message(&self, level: Level, text: &str) {
        self.to_stderr(&self.title(level, text));
    }

    fn title(&self, level: Level, text: &str) -> String {
        let text = self.painted(BOLD, &format!(": {}", one_line(text)));
        format!("{}{text}\n", self.painted(level.colour(), level.name()))
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_string() }
    }

    fn to_stderr(&self, text: &str) {
        // Nobody is left to be told when this fails.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// A progress bar of `length` steps, seen only on a terminal.
    pub fn progress(&self, what: &str, length: usize) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} {bar:30} {percent:>3} %  {elapsed}, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what.to_string());
        bar
    }
}

/// Columns that `text` takes on a terminal.
fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(1)).sum()
}

/// Names of files and groups may hold control characters; they never get out.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { ' ' } else { printable(c) }).collect()
}

/// A problem for `--json`.
pub fn diagnostic_json(problem: &Diagnostic) -> Json {
    let severity = match problem.severity {
        Severity::Warning => "warning",
        _ => "error",
    };
    let place = problem.place.as_deref();
    json!({
        "severity": severity,
        "message": problem.message,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "help": problem.help,
    })
}

/// Shows a line that a script prints.
pub fn script_says(script: &str, line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}: {}", one_line(script), one_line(line));
}

/// Ends the process because a script cannot be stopped; no output has been begun while one runs.
pub fn script_overran(problem: &Diagnostic) {
    Console::new(false).diagnostic(problem);
    super::signals::exit_now(1);
}
