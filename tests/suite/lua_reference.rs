//! docs/lua.md: its examples run, and it names what there is, neither less nor more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::program::{Bench, Outcome};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(root().join("docs/lua.md")).unwrap()
}

/// The fenced blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let block = |rest: &str| rest.split("```").next().unwrap_or_default().to_string();
    page.split(&fence).skip(1).map(block).collect()
}

const GRID: &str = "grid = { shape = { x = 40, y = 30, z = 20 }, voxel_size = 0.1 }\n";
const GAUSSIAN: &str = "profile = { kind = \"gaussian\", sigma = 0.2 }\n";
const POINT: &str = "generator = { kind = \"points\", points = [{ x = 2, y = 1.5, z = 1 }] }\n";

/// Renders a spot group in which `slot` stands; the other slot is built-in.
fn render(bench: &Bench, slot: &str) -> Outcome {
    let other = if slot.starts_with("generator") { GAUSSIAN } else { POINT };
    bench.write("scenes/s.toml", format!("{GRID}[spots.a]\namplitude = 10\n{other}{slot}\n"));
    bench.run(&["run", "--force", "scenes/s.toml"])
}

fn is_script(text: &str) -> bool {
    text.lines().any(|line| line == "return {")
}

/// A bench with the scripts and modules that the page calls by a name.
fn bench(page: &str) -> Bench {
    let bench = Bench::new();
    for text in blocks(page, "lua") {
        if let Some(name) = text.lines().next().and_then(|line| line.strip_prefix("-- ")) {
            bench.write(&format!("scenes/{name}"), &text);
            bench.write(&format!("scenes/plugins/{name}"), &text);
        }
    }
    bench.write("scripts/donut.lua", fs::read(root().join("scripts/donut.lua")).unwrap());
    bench
}

#[test]
fn every_example_runs() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let pages = page() + &readme;
    let bench = bench(&pages);
    let (mut scripts, mut fragments) = (0, 0);
    for text in blocks(&pages, "lua") {
        let slot = |kind: &str| format!("{kind} = {{ kind = \"lua\", script = \"example.lua\" }}");
        let slot = if text.starts_with("-- lib/") {
            // A module: it runs with the script that requires it.
            continue;
        } else if is_script(&text) {
            scripts += 1;
            bench.write("scenes/example.lua", &text);
            slot(if text.contains("generate = ") { "generator" } else { "profile" })
        } else {
            fragments += 1;
            let begin = "return { generate = function(p, scene) local rng = scene.rng do";
            let end = "end return scene.grid.centre end }";
            let generate = format!("{begin}\n{text}\n{end}");
            bench.write("scenes/example.lua", generate);
            slot("generator")
        };
        let outcome = render(&bench, &slot);
        assert_eq!(outcome.code, Some(0), "{text}\n{}", outcome.err);
        assert!(!outcome.err.contains("warning"), "{text}\n{}", outcome.err);
    }
    assert!(scripts >= 9 && fragments >= 15, "{scripts} scripts, {fragments} fragments");
    for text in blocks(&page(), "toml") {
        let outcome = render(&bench, &text);
        assert_eq!(outcome.code, Some(0), "{text}\n{}", outcome.err);
    }
}

/// Every method of `scene.rng` has its section, with an example that calls it.
#[test]
fn every_method_of_the_random_object_is_explained() {
    let source = fs::read_to_string(root().join("src/script/streams/methods.rs")).unwrap();
    let registered = source.lines().filter_map(|line| {
        let name = line.trim().strip_prefix("(c\"")?;
        name.split_once("\", ").map(|(name, _)| name.to_string())
    });
    let registered: BTreeSet<String> = registered.collect();
    assert!(registered.len() >= 12 && registered.contains("unit_vector"), "{registered:?}");
    let page = page();
    let mut explained = BTreeSet::new();
    for section in page.split("\n#### `rng:").skip(1) {
        let name = section.split('(').next().unwrap().to_string();
        let examples = blocks(section, "lua").concat();
        assert!(examples.contains(&format!("rng:{name}(")), "no example calls rng:{name}");
        explained.insert(name);
    }
    assert_eq!(explained, registered);
}

/// The names in backquotes of the first column of the table that follows `begin`.
fn first_column(page: &str, begin: &str) -> BTreeSet<String> {
    let rest = page.split_once(begin).unwrap_or_else(|| panic!("no `{begin}`")).1;
    let rows =
        rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| quoted(row.split('|').nth(1).unwrap_or_default())).collect()
}

/// What stands in backquotes.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(String::from).collect()
}

#[test]
fn every_field_and_function_is_named() {
    let bench = Bench::new();
    let script = r#"
        return { generate = function(p, scene)
            local function names(table, title)
                local list = {}
                for name, value in pairs(table) do
                    if title ~= "_G" or type(value) == "function" then list[#list + 1] = name end
                end
                print(title, _G.table.concat(list, " "))
            end
            names(scene, "scene")
            names(scene.grid, "grid")
            names(_G, "_G")
            for _, library in { "math", "string", "table", "bit32", "coroutine" } do names(_G[library], library) end
        end }"#;
    bench.write("scenes/example.lua", script);
    let outcome = render(&bench, "generator = { kind = \"lua\", script = \"example.lua\" }");
    assert_eq!(outcome.code, Some(0), "{}", outcome.err);
    let existing = |title: &str| -> BTreeSet<String> {
        let line = outcome.err.lines().find_map(|line| line.split_once(&format!("example.lua: {title} ")));
        let list = line.unwrap_or_else(|| panic!("{title}: {}", outcome.err)).1;
        list.split_whitespace().map(String::from).collect()
    };
    let page = page();
    let scene: BTreeSet<String> = existing("scene").iter().map(|name| format!("scene.{name}")).collect();
    assert_eq!(first_column(&page, "`scene` is the second argument"), scene);
    assert_eq!(first_column(&page, "Fields of `scene.grid`"), existing("grid"));
    let globals = page.split_once("Globals: ").unwrap().1.split_once("and the tables below").unwrap().0;
    assert_eq!(quoted(globals), existing("_G"));
    for library in ["math", "string", "table", "bit32", "coroutine"] {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{library}` |"))).unwrap();
        let functions = quoted(row.split('|').nth(2).unwrap());
        assert_eq!(functions, existing(library), "{library}");
    }
}

/// What the page says is absent is absent.
#[test]
fn what_is_not_there_is_not_there() {
    let page = page();
    let absent = page.split_once("Not there, so that").unwrap().1.split_once("no file, process").unwrap().0;
    let names = quoted(absent);
    assert!(names.contains("os") && names.len() >= 10, "{names:?}");
    let bench = Bench::new();
    let asserts: String = names.iter().map(|name| format!("assert({name} == nil, \"{name}\")\n")).collect();
    bench.write("scenes/example.lua", format!("{asserts} return {{ generate = function() end }}"));
    let outcome = render(&bench, "generator = { kind = \"lua\", script = \"example.lua\" }");
    assert_eq!(outcome.code, Some(0), "{}", outcome.err);
}
