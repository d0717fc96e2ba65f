//! `schema`: the JSON Schema of the scene format.

use clap::Args;

use blobscene::error::Result;

use super::console::Console;

/// Print the JSON Schema of the scene format, for editors.
#[derive(Args)]
pub struct Arguments {}

pub fn run(_: &Arguments, console: &mut Console) -> Result<()> {
    console.answer_json(&blobscene::scene::schema());
    Ok(())
}
