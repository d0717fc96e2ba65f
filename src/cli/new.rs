//! `new`: a starter scene.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use blobscene::error::{Error, Result};
use blobscene::volume_file::partial::write_new;

use super::console::Console;

/// The templates: the scenes that come with the program.
const TEMPLATES: &[(&str, &str)] = &[
    ("starter", include_str!("../../scenes/starter.toml")),
    ("cluster", include_str!("../../scenes/cluster.toml")),
    ("random_field", include_str!("../../scenes/random_field.toml")),
    ("lattice", include_str!("../../scenes/lattice.toml")),
    ("crowded", include_str!("../../scenes/crowded.toml")),
    ("anisotropic", include_str!("../../scenes/anisotropic.toml")),
    ("filaments", include_str!("../../scenes/filaments.toml")),
];

/// Write a commented starter scene.
#[derive(Args)]
pub struct Arguments {
    /// The file to write.
    file: PathBuf,
    /// What to start from.
    #[arg(long, default_value = "starter", value_name = "NAME",
          value_parser = PossibleValuesParser::new(TEMPLATES.iter().map(|(name, _)| *name)))]
    template: String,
}

pub fn run(arguments: &Arguments, console: &mut Console) -> Result<()> {
    let text = TEMPLATES.iter().find(|(name, _)| *name == arguments.template).map_or("", |(_, text)| *text);
    if arguments.file.symlink_metadata().is_ok() {
        return Err(Error::exists(&arguments.file, "choose another name"));
    }
    write_new(&arguments.file, text.as_bytes())?;
    console.note(&format!("wrote {0}; render it with: blobscene run {0}", arguments.file.display()));
    Ok(())
}
