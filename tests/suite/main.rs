//! The integration tests, as one binary; a file each subject.
#![allow(clippy::disallowed_methods, reason = "references may use the platform's own functions")]

mod bad_input;
mod brute_force;
mod commands;
mod determinism;
mod generators;
mod lua_attacks;
mod lua_reference;
mod memory;
mod preview;
mod profiles;
mod program;
mod reference;
mod scenes;
mod schema;
mod scripts;
mod table;
mod volume_file_page;

/// As in the program: scripts give the same result in every run.
#[global_allocator]
static ALLOCATOR: blobscene::script::heap::ScriptAllocator = blobscene::script::heap::ScriptAllocator;
