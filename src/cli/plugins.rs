//! `plugins`: what generators, profiles and regions there are, and their parameters.

use std::fmt::Write;

use clap::Args;
use serde_json::json;

use blobscene::diagnostic::nearest;
use blobscene::error::{Error, Result};
use blobscene::files::DiskFiles;
use blobscene::reference::{Page, pages, scripted};

use super::console::Console;
use super::scenes::Scripts;

/// Bytes of a script that are read: more than one may have.
const SCRIPTS_AT_MOST: u64 = 1 << 20;

/// List the plugins, also the scripts in `plugins` here and in the directories of --plugins; with a name, show its
/// parameters, units, ranges, defaults and an example.
#[derive(Args)]
pub struct Arguments {
    /// A family (generator), a plugin (uniform), or both (generator.uniform).
    #[arg(value_name = "KIND[.NAME]")]
    name: Option<String>,
    #[command(flatten)]
    scripts: Scripts,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, console: &mut Console) -> Result<()> {
    let mut pages = pages();
    let here = std::env::current_dir().map_err(Error::io("read", "."))?;
    let files = DiskFiles::new(&here, &[], SCRIPTS_AT_MOST).with_plugins(arguments.scripts.directories()?);
    let (scripted, problems) = scripted(&files, arguments.scripts.limits.host());
    pages.extend(scripted);
    problems.iter().for_each(|problem| console.warning(&problem.to_string()));
    let wanted = arguments.name.as_deref();
    let chosen: Vec<&Page> =
        pages.iter().filter(|page| wanted.is_none_or(|name| matches(page, name))).collect();
    if chosen.is_empty() {
        let names: Vec<String> = pages.iter().map(|page| format!("{}.{}", page.family, page.kind)).collect();
        let wanted = wanted.unwrap_or_default();
        let help = nearest(wanted, names.iter().map(String::as_str));
        return Err(Error::Usage(format!("there is no plugin `{wanted}`; {help}")));
    }
    if arguments.json {
        let list: Vec<_> =
            chosen.iter().map(|page| json!({ "family": page.family, "plugin": page.json })).collect();
        console.answer_json(&json!({ "plugins": list }));
        return Ok(());
    }
    let whole = wanted.is_some_and(|name| pages.iter().all(|page| page.family != name));
    let mut out = String::new();
    for page in chosen {
        if whole {
            let _ = writeln!(out, "{}.{}", page.family, page.text);
        } else {
            let _ = writeln!(out, "{:<24} {}", format!("{}.{}", page.family, page.kind), page.about);
        }
    }
    console.answer(&out);
    Ok(())
}

fn matches(page: &Page, name: &str) -> bool {
    page.family == name || page.kind == name || name.split_once('.') == Some((page.family, &page.kind))
}
