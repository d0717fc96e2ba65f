//! `preview`: maximum projections as a PNG.

use std::path::PathBuf;

use clap::Args;

use blobscene::error::Result;

use super::console::Console;

/// Show maximum projections.
#[derive(Args)]
pub struct Arguments {
    /// A volume file or a scene.
    file: PathBuf,
}

pub fn run(_: &Arguments, _: &mut Console) -> Result<()> {
    Ok(())
}
