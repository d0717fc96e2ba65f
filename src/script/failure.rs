//! What an interpreter says went wrong -> a [`Diagnostic`] at the script's own line.

use mlua::{Error, Lua, Thread, ffi};

use super::budget::{Limit, Position, position};
use super::{Host, SOURCE_NAME, Sources};
use crate::diagnostic::{Diagnostic, Place, counted, excerpt};
use crate::memory::size_text;

/// Characters of a script's message that are shown.
const MAX_MESSAGE: usize = 400;

/// What an error may be besides a text, as the interpreter calls it.
const OBJECTS: [&str; 5] = ["table", "function", "thread", "userdata", "buffer"];

/// A script that hit a limit.
pub fn limit(limit: Limit, position: Position, sources: &Sources, host: &Host) -> Diagnostic {
    let entry = sources.name(0);
    let message = match limit {
        Limit::Steps => format!("the script `{entry}` took more than {}", counted(host.steps, "step")),
        Limit::Memory => {
            format!("the script `{entry}` needs more memory than {}", size_text(u128::from(host.memory)))
        }
        Limit::Clock => {
            format!("the script `{entry}` ran for too long, with steps that take longer than any should")
        }
    };
    let help = match limit {
        Limit::Steps => "if it is not caught in a loop, raise --lua-steps",
        Limit::Memory => "if it needs that much, raise --lua-memory",
        Limit::Clock => "the time goes by the steps it takes, and by --lua-steps",
    };
    place(Diagnostic::impossible(message).help(help), position, sources)
}

fn place(problem: Diagnostic, position: Position, sources: &Sources) -> Diagnostic {
    match position.and_then(|(source, line)| sources.place(source, line)) {
        Some(place) => problem.at(place),
        None => problem,
    }
}

/// An error of the script.
pub fn error(error: &Error, sources: &Sources, host: &Host) -> Diagnostic {
    let (text, trace) = texts(error);
    let (position, message) = split(&text);
    // An error that carries no position of its own was raised by the innermost line of the script.
    let position = position.or_else(|| trace.lines().find_map(|line| split(line.trim()).0));
    if is_memory(error) || message.trim() == OUT_OF_MEMORY {
        return limit(Limit::Memory, position, sources, host);
    }
    let message = sources.with_names(message.trim());
    let message = match message.split_once(": 0x") {
        _ if message.is_empty() => "the script failed without a message".to_string(),
        // Addresses differ between runs.
        Some((kind, _)) if OBJECTS.contains(&kind) => {
            format!("the script failed with a {kind} for a message")
        }
        _ => message,
    };
    let problem = place(Diagnostic::invalid(excerpt(&message, MAX_MESSAGE)), position, sources);
    match problem.place {
        Some(_) => problem,
        None => Diagnostic { message: format!("{}: {}", sources.name(0), problem.message), ..problem },
    }
}

/// An error that ended a coroutine, with the line where it was if memory ran out: such an error does not carry one.
pub fn in_thread(lua: &Lua, thread: &Thread, error: Error) -> Error {
    if !is_memory(&error) {
        return error;
    }
    let mut found = None;
    // SAFETY: the coroutine lies at 1; it has ended and keeps its frames.
    let asked = unsafe {
        lua.exec_raw::<()>(thread.clone(), |state| {
            let ended = ffi::lua_tothread(state, 1);
            if !ended.is_null() {
                found = (0..MAX_FRAMES).find_map(|level| position(ended, level));
            }
            ffi::lua_settop(state, 0);
        })
    };
    match (asked, found) {
        (Ok(()), Some((source, line))) => {
            Error::runtime(format!("{SOURCE_NAME}{source}:{line}: {OUT_OF_MEMORY}"))
        }
        _ => error,
    }
}

/// Frames of library functions that may lie above the script's own.
const MAX_FRAMES: i32 = 8;

/// The message, and the traceback behind it.
fn texts(error: &Error) -> (String, String) {
    match error {
        Error::CallbackError { traceback, cause } => {
            let (text, inner) = texts(cause);
            (text, format!("{inner}\n{traceback}"))
        }
        Error::SyntaxError { message, .. } => (message.clone(), String::new()),
        Error::RuntimeError(text) => match text.split_once("\nstack traceback:\n") {
            Some((text, trace)) => (text.to_string(), trace.to_string()),
            None => (text.clone(), String::new()),
        },
        other => (other.to_string(), String::new()),
    }
}

fn is_memory(error: &Error) -> bool {
    match error {
        Error::MemoryError(_) => true,
        Error::CallbackError { cause, .. } => is_memory(cause),
        _ => false,
    }
}

/// What the interpreter says when memory runs out; an inner call may have passed that on as an error of its own.
const OUT_OF_MEMORY: &str = "not enough memory";

/// `script3:17: message` -> source 3, line 17, and the message.
fn split(text: &str) -> (Position, &str) {
    let parse = || {
        let rest = text.strip_prefix(SOURCE_NAME)?;
        let (source, rest) = rest.split_once(':')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let position = (source.parse().ok()?, rest[..digits].parse().ok()?);
        Some((position, rest[digits..].trim_start_matches([':', ' '])))
    };
    // A library function that stands in for another is no place of the script's.
    let of_library = || text.strip_prefix(super::sandbox::PRELUDE_NAME)?.strip_prefix(':')?.split_once(": ");
    match (parse(), of_library()) {
        (Some((position, message)), _) => (Some(position), message),
        (None, Some((line, message))) if line.chars().all(|c| c.is_ascii_digit()) => (None, message),
        (None, _) => (None, text),
    }
}

impl Sources {
    /// What users call source `index`.
    pub fn name(&self, index: usize) -> &str {
        self.list.get(index).map_or("script", |source| &source.shown)
    }

    /// A line of a source, underlined as a whole.
    fn place(&self, index: usize, line: usize) -> Option<Place> {
        let source = self.list.get(index)?;
        let text = source.text.lines().nth(line.checked_sub(1)?).unwrap_or("");
        let start = text.len() - text.trim_start().len();
        Some(Place::in_line(source.shown.clone(), line, text, start..text.trim_end().len().max(start)))
    }

    /// `text` with the names of the files instead of those the interpreter knows.
    fn with_names(&self, text: &str) -> String {
        let mut text = text.to_string();
        for (index, source) in self.list.iter().enumerate().rev() {
            text = text.replace(&format!("{SOURCE_NAME}{index}:"), &format!("{}:", source.shown));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_off_messages() {
        assert_eq!(split("script3:17: boom: 2"), (Some((3, 17)), "boom: 2"));
        assert_eq!(split("script0:4 function f"), (Some((0, 4)), "function f"));
        assert_eq!(split("scripture"), (None, "scripture"));
        assert_eq!(split("script1"), (None, "script1"));
        assert_eq!(split("blobscene:70: too many"), (None, "too many"));
    }
}
