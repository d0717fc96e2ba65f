//! `completions`: shell completions.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use blobscene::error::Result;

use super::console::Console;

/// Print completions for a shell.
#[derive(Args)]
pub struct Arguments {
    shell: Shell,
}

pub fn run(arguments: &Arguments, console: &mut Console) -> Result<()> {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "blobscene", &mut out);
    console.answer(&String::from_utf8_lossy(&out));
    Ok(())
}
