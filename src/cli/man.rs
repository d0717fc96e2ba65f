//! `man`: the manual page.

use std::path::Path;

use clap::{Args, CommandFactory};

use blobscene::error::{Error, Result};

use super::console::Console;

/// Print the manual page.
#[derive(Args)]
pub struct Arguments {}

pub fn run(_: &Arguments, console: &mut Console) -> Result<()> {
    let mut out = Vec::new();
    let failed = Error::io("write", Path::new("man page"));
    let command = super::Arguments::command();
    let pages =
        command.get_subcommands().map(|sub| sub.clone().name(format!("blobscene-{}", sub.get_name())));
    let pages: Vec<_> = std::iter::once(command.clone()).chain(pages).collect();
    pages.into_iter().try_for_each(|page| clap_mangen::Man::new(page).render(&mut out)).map_err(failed)?;
    console.answer(&String::from_utf8_lossy(&out));
    Ok(())
}
