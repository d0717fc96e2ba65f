//! The reference: every table and plugin with its parameters, out of their declarations.

use std::fmt::Write;

use serde_json::Value as Json;

use crate::generators::GENERATORS;
use crate::plugin::Family;
use crate::profiles::PROFILES;
use crate::regions::REGIONS;
use crate::scene::TABLES;

/// What there is to say about one plugin.
pub struct Page {
    pub family: &'static str,
    pub kind: &'static str,
    pub about: &'static str,
    pub text: String,
    pub markdown: String,
    pub json: Json,
}

/// All plugins, family by family.
pub fn pages() -> Vec<Page> {
    let mut pages = family(&GENERATORS);
    pages.extend(family(&PROFILES));
    pages.extend(family(&REGIONS));
    pages
}

fn family<T: ?Sized>(family: &'static Family<T>) -> Vec<Page> {
    let page = |plugin: &&'static crate::plugin::Plugin<T>| Page {
        family: family.name,
        kind: plugin.kind,
        about: plugin.about,
        text: plugin.sheet().text(),
        markdown: plugin.sheet().markdown(),
        json: plugin.sheet().json(),
    };
    family.plugins.iter().map(page).collect()
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
