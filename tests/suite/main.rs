//! The integration tests, as one binary; a file each subject.
#![allow(clippy::disallowed_methods, reason = "references may use the platform's own functions")]

mod bad_input;
mod commands;
mod generators;
mod profiles;
mod program;
mod table;
