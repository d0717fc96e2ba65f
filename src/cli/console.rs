//! Standard output and standard error: answers, messages and progress.

use std::io::{ErrorKind, IsTerminal, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value as Json, json};

use blobscene::diagnostic::{Diagnostic, Severity};
use blobscene::error::Error;

pub struct Console {
    quiet: bool,
    colour: bool,
}

impl Console {
    pub fn new(quiet: bool) -> Console {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Console { quiet, colour: std::io::stderr().is_terminal() && !no_colour }
    }

    /// Writes what was asked for. A reader that has gone away, such as `head`, is no error.
    pub fn answer(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
            && error.kind() != ErrorKind::BrokenPipe
        {
            self.message(Level::ERROR, &format!("cannot write to standard output: {error}"));
        }
    }

    /// Writes one JSON object.
    pub fn answer_json(&self, value: &Json) {
        self.answer(&format!("{value:#}\n"));
    }

    /// Says something beside the answer, unless asked to be quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.to_stderr(&format!("{text}\n"));
        }
    }

    pub fn warning(&self, text: &str) {
        self.message(Level::WARNING, text);
    }

    pub fn error(&self, error: &Error) {
        match error {
            Error::Scene(problems) => problems.iter().for_each(|problem| self.diagnostic(problem)),
            Error::Interrupted => self.to_stderr("interrupted\n"),
            other => self.message(Level::ERROR, &other.to_string()),
        }
    }

    /// Shows a problem with the line it stands in.
    pub fn diagnostic(&self, problem: &Diagnostic) {
        let level = if problem.severity == Severity::Warning { Level::WARNING } else { Level::ERROR };
        let mut group = Group::with_title(level.primary_title(problem.message.clone()));
        if let Some(place) = &problem.place {
            let origin = Origin::path(place.file.clone()).line(place.line).char_column(place.column);
            group = group.element(origin);
            if !place.excerpt.is_empty() {
                let underline = AnnotationKind::Primary.span(place.underline.clone());
                let snippet = Snippet::source(place.excerpt.clone()).line_start(place.line);
                group = group.element(snippet.annotation(underline));
            }
        }
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.clone()));
        }
        self.report(group);
    }

    fn message(&self, level: Level<'static>, text: &str) {
        self.report(Group::with_title(level.primary_title(text.to_string())));
    }

    fn report(&self, group: Group<'_>) {
        let renderer = if self.colour { Renderer::styled() } else { Renderer::plain() };
        self.to_stderr(&format!("{}\n", renderer.render(&[group])));
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

/// A problem for `--json`.
pub fn diagnostic_json(problem: &Diagnostic) -> Json {
    let severity = match problem.severity {
        Severity::Warning => "warning",
        _ => "error",
    };
    let place = problem.place.as_ref();
    json!({
        "severity": severity,
        "message": problem.message,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "help": problem.help,
    })
}
