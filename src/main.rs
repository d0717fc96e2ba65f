//! Arguments -> library -> exit code.

mod cli;

use std::process::ExitCode;

use blobscene::script::heap::ScriptAllocator;

/// Gives the objects of scripts the same addresses in every run.
#[global_allocator]
static ALLOCATOR: ScriptAllocator = ScriptAllocator;

fn main() -> ExitCode {
    cli::main()
}
