//! `verify`: renders again from what a file carries, and compares bit by bit.

use std::path::PathBuf;

use clap::Args;

use blobscene::diagnostic::counted;
use blobscene::error::{Error, Result};
use blobscene::plan::Limits;
use blobscene::verify::verify;

use super::console::Console;
use super::scenes::{ScriptLimits, pool};
use super::signals;

/// Render again from what each file itself carries and compare bit by bit.
#[derive(Args)]
pub struct Arguments {
    /// Volume files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    scripts: ScriptLimits,
}

pub fn run(arguments: &Arguments, console: &mut Console) -> Result<()> {
    let limits = Limits::new(None, None);
    let pool = pool(limits.threads)?;
    let mut last = Ok(());
    for path in &arguments.files {
        match verify(path, &pool, &limits, arguments.scripts.host(), &signals::STOP) {
            Ok(voxels) => {
                console.answer(&format!("{}: the same, {}\n", path.display(), counted(voxels, "voxel")));
            }
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => {
                // Every file gets its verdict; the last failure gives the exit code.
                if let Err(error) = std::mem::replace(&mut last, Err(error)) {
                    console.error(&error);
                }
            }
        }
    }
    last
}
