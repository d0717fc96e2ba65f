//! The reference: every table and plugin with its parameters, out of their declarations.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value as Json;

use crate::diagnostic::Diagnostic;
use crate::files::{Files, plugin_path};
use crate::generators::{self, GENERATORS};
use crate::plugin::Family;
use crate::plugin::docs::Sheet;
use crate::profiles::{self, PROFILES};
use crate::regions::REGIONS;
use crate::scene::TABLES;
use crate::script::role::Role;
use crate::script::{Host, Program};

/// What there is to say about one plugin.
pub struct Page {
    pub family: &'static str,
    pub kind: String,
    pub about: String,
    pub text: String,
    pub markdown: String,
    pub json: Json,
}

impl Page {
    fn new(family: &'static str, sheet: &Sheet<'_>) -> Page {
        Page {
            family,
            kind: sheet.kind.to_string(),
            about: sheet.about.to_string(),
            text: sheet.text(),
            markdown: sheet.markdown(),
            json: sheet.json(),
        }
    }
}

/// All plugins, family by family.
pub fn pages() -> Vec<Page> {
    let mut pages = family(&GENERATORS);
    pages.extend(family(&PROFILES));
    pages.extend(family(&REGIONS));
    pages
}

fn family<T: ?Sized>(family: &'static Family<T>) -> Vec<Page> {
    family.plugins.iter().map(|plugin| Page::new(family.name, &plugin.sheet())).collect()
}

/// The plugins that scripts in plugin directories are, and what is wrong with the others.
pub fn scripted(files: &dyn Files, host: Host) -> (Vec<Page>, Vec<Diagnostic>) {
    let (mut pages, mut problems) = (Vec::new(), Vec::new());
    for kind in files.plugins() {
        match script_page(files, host, &kind) {
            Ok(page) => pages.push(page),
            Err(problem) => problems.push(problem),
        }
    }
    (pages, problems)
}

fn script_page(files: &dyn Files, host: Host, kind: &str) -> Result<Page, Diagnostic> {
    let (program, running) = Program::read(files, &plugin_path(kind), Path::new(""), host)?;
    let mut built_in = pages().into_iter().filter(|page| page.kind == kind);
    let wrong = |what: String| Diagnostic::invalid(format!("{}: {what}", program.name()));
    let described = |role: &'static Role| {
        let described = role.describe(&running)?;
        Ok::<_, String>(Page::new(role.name, &described.sheet(kind, &format!("{{ kind = \"{kind}\" }}"))))
    };
    // A script that is neither is told what a generator is.
    let page = described(&generators::SCRIPTED)
        .or_else(|what| described(&profiles::SCRIPTED).map_err(|_| what))
        .map_err(wrong)?;
    match built_in.find(|built_in| built_in.family == page.family) {
        Some(_) => {
            Err(wrong(format!("the {} `{kind}` is built in; give the script another name", page.family)))
        }
        None => Ok(page),
    }
}

const INTRODUCTION: &str = "\
# Reference of the scene format

Generated from the program's own declarations by `UPDATE_REFERENCE=1 cargo test --release reference`; do not edit.

Lengths are in `grid.unit`. A value *per axis* is one value for all axes, or a table `{ x, y, z }`; in a 2-D scene z may \
be left out. Where *number or distribution* stands, one of these tables may stand instead of a number and is drawn \
once per spot: `{ uniform = [low, high] }`, `{ normal = [mean, sd] }`, `{ lognormal = [mu, sigma] }`, \
`{ exponential = mean }`, `{ gamma = [shape, scale] }`, `{ poisson = mean }`, `{ choice = [a, b, c] }`; each takes \
`min` and `max`, which truncate (draw again).

";

/// The reference page, in Markdown.
pub fn markdown() -> String {
    let mut out = INTRODUCTION.to_string();
    for (name, about, spec) in TABLES {
        let _ = write!(out, "## `[{name}]`\n\n{about}\n\n{}", spec.markdown());
    }
    let mut last = "";
    for page in pages() {
        if page.family != last {
            let _ = write!(out, "## Kinds of {}\n\n", page.family);
            last = page.family;
        }
        out.push_str(&page.markdown);
    }
    out.trim_end().to_string() + "\n"
}
