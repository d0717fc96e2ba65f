//! The JSON Schema of scenes: it takes every scene that there is, and refuses what the program refuses.

use std::fs;
use std::path::Path;

use blobscene::description::{Description, Table, Value};
use blobscene::scene::schema;
use serde_json::{Value as Json, json};

/// A scene as an editor sees it; infinities are large.
fn as_json(value: &Value) -> Json {
    match value {
        Value::Table(table) => table_as_json(table),
        Value::Array(items) => items.iter().map(|item| as_json(&item.value)).collect(),
        Value::Text(text) => json!(text),
        Value::Integer(n) => json!(n),
        Value::Float(x) => json!(x.clamp(f64::MIN, f64::MAX)),
        Value::Bool(flag) => json!(flag),
        Value::Date => panic!("no scene holds a date"),
    }
}

fn table_as_json(table: &Table) -> Json {
    table.entries.iter().map(|entry| (entry.name.clone(), as_json(&entry.node.value))).collect()
}

/// Whether `value` is what `schema` describes. A keyword that is not known here is an error, lest it go untested.
fn fits(value: &Json, schema: &Json) -> bool {
    let all = |schemas: &Json| schemas.as_array().unwrap().iter().all(|one| fits(value, one));
    let matching = |schemas: &Json| schemas.as_array().unwrap().iter().filter(|one| fits(value, one)).count();
    let number = |test: &dyn Fn(f64) -> bool| value.as_f64().is_none_or(test);
    let length = |test: &dyn Fn(u64) -> bool| value.as_array().is_none_or(|items| test(items.len() as u64));
    let members = || value.as_object().into_iter().flatten();
    schema.as_object().unwrap().iter().all(|(keyword, allowed)| match keyword.as_str() {
        "$schema" | "title" | "description" | "default" => true,
        "type" => match allowed.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            other => panic!("the type {other}"),
        },
        "const" => value == allowed,
        "enum" => allowed.as_array().unwrap().contains(value),
        "anyOf" => matching(allowed) > 0,
        "oneOf" => matching(allowed) == 1,
        "allOf" => all(allowed),
        "not" => !fits(value, allowed),
        "minimum" => number(&|x| x >= allowed.as_f64().unwrap()),
        "exclusiveMinimum" => number(&|x| x > allowed.as_f64().unwrap()),
        "maximum" => number(&|x| x <= allowed.as_f64().unwrap()),
        "minItems" => length(&|n| n >= allowed.as_u64().unwrap()),
        "maxItems" => length(&|n| n <= allowed.as_u64().unwrap()),
        "items" => value.as_array().into_iter().flatten().all(|item| fits(item, allowed)),
        "minProperties" => value.as_object().is_none_or(|o| o.len() as u64 >= allowed.as_u64().unwrap()),
        "required" => {
            allowed.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
        }
        "properties" => members().all(|(name, member)| allowed.get(name).is_none_or(|one| fits(member, one))),
        "additionalProperties" => members()
            .filter(|(name, _)| schema["properties"].get(name).is_none())
            .all(|(_, member)| allowed.as_bool().unwrap_or_else(|| fits(member, allowed))),
        other => panic!("the keyword {other}"),
    })
}

fn scene(text: &str) -> Json {
    table_as_json(&Description::parse("scene", text).unwrap().root)
}

#[test]
fn every_scene_is_valid() {
    let schema = schema();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let mut count = 0;
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|ending| ending == "toml") {
            let scene = scene(&fs::read_to_string(&path).unwrap());
            assert!(fits(&scene, &schema), "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 18, "{count}");
}

/// A scene in which one slot of the group holds what is asked for.
fn with(slot: &str) -> Json {
    let mut slots = vec![slot];
    for (name, usual) in [
        ("generator", "generator = { kind = \"uniform\", count = 3 }"),
        ("profile", "profile = { kind = \"gaussian\", sigma = 1 }"),
    ] {
        if !slot.starts_with(name) {
            slots.push(usual);
        }
    }
    scene(&format!("[grid]\nshape = 16\n[spots.a]\namplitude = 1\n{}\n", slots.join("\n")))
}

#[test]
fn kinds_of_scripts_are_free_and_built_in_ones_strict() {
    let schema = schema();
    for good in [
        "generator = { kind = \"ring\", count = 20 }",
        "generator = { kind = \"hexagonal\", spacing = { x = 1, y = 2 }, names = [\"a\"] }",
        "profile = { kind = \"donut\", width = 0.3 }",
        "profile = { kind = \"ball\", radius = { uniform = [1, 2] } }",
    ] {
        assert!(fits(&with(good), &schema), "{good}");
    }
    for bad in [
        "generator = { kind = \"uniform\", cuont = 20 }",
        "generator = { kind = \"uniform\", count = -1 }",
        "generator = { kind = \"uniform\", count = 3, more = 1 }",
        "generator = { kind = 7 }",
        "generator = { count = 7 }",
        "generator = \"ring\"",
        "profile = { kind = \"gaussian\", sigma = \"wide\" }",
        "profile = { kind = \"gaussian\", sigma = 1, fwhm = 2 }",
        "profile = { kind = \"ball\" }",
        // Regions are built in, all of them.
        "generator = { kind = \"uniform\", count = 3, within = { kind = \"pyramid\", height = 2 } }",
    ] {
        assert!(!fits(&with(bad), &schema), "{bad}");
    }
}
