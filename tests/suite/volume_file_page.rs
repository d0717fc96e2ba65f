//! docs/volume-file.md names what a volume file holds, with its types, neither less nor more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use hdf5::types::{CompoundType, FloatSize, IntSize, TypeDescriptor};
use hdf5::{Dataset, File, Group, Location};

use crate::program::Bench;

/// Types by (object, kind of name, name), where the kind is "attribute", "column" or, for the object itself, "path".
type Names = BTreeMap<(String, String, String), String>;

/// Every file that the scene reads is called by this name.
const CARRIED: &str = "/provenance/files/<path>";

const SCENES: [&str; 2] = [
    "scene = { description = \"With everything.\" }\n\
     grid = { shape = { x = 20, y = 18, z = 16 }, voxel_size = 0.1, unit = \"um\" }\n\
     [spots.script]\ngenerator = { kind = \"lua\", script = \"one.lua\" }\n\
     profile = { kind = \"ball\", radius = 0.3 }\namplitude = 10\n\
     [spots.table]\ngenerator = { kind = \"table\", path = \"data/t.csv\" }\n\
     profile = { kind = \"gaussian\", sigma = 0.2 }\nphotons = 10\ntruth = false\n",
    "grid = { shape = { x = 20, y = 18 }, voxel_size = 1, unit = \"px\" }\n\
     [spots.a]\ngenerator = { kind = \"uniform\", count = 3 }\n\
     profile = { kind = \"gaussian\", sigma = 2 }\nphotons = 10\n",
];

/// The files of the scenes; of the first, a part of the grid.
fn rendered() -> Bench {
    let bench = Bench::new();
    bench.write("one.lua", "return { generate = function(p, scene) return scene.grid.centre end }");
    bench.write("data/t.csv", "x,y,z\n1,1,1\n0.5,0.5,0.5\n");
    for (i, scene) in SCENES.iter().enumerate() {
        let (scene_name, file) = (format!("{i}.toml"), format!("{i}.h5"));
        bench.write(&scene_name, scene);
        let mut arguments = vec!["run", "-o", &file, &scene_name];
        if i == 0 {
            arguments.extend(["--region", "x=2:20"]);
        }
        let outcome = bench.run(&arguments);
        assert_eq!(outcome.code, Some(0), "{}", outcome.err);
    }
    bench
}

/// A type as the page writes it; what is not alone is an array.
fn type_name(kind: &TypeDescriptor, shape: &[usize]) -> String {
    let name = match kind {
        TypeDescriptor::VarLenUnicode => "string".to_string(),
        TypeDescriptor::Float(FloatSize::U4) => "float32".to_string(),
        TypeDescriptor::Float(FloatSize::U8) => "float64".to_string(),
        TypeDescriptor::Unsigned(IntSize::U1) => "uint8".to_string(),
        TypeDescriptor::Unsigned(IntSize::U4) => "uint32".to_string(),
        TypeDescriptor::Unsigned(IntSize::U8) => "uint64".to_string(),
        TypeDescriptor::Integer(IntSize::U4) => "int32".to_string(),
        TypeDescriptor::Compound(_) => "compound".to_string(),
        other => panic!("the page has no name for {other:?}"),
    };
    name + if shape.is_empty() { "" } else { "[]" }
}

fn attributes(object: &Location, path: &str, names: &mut Names) {
    for name in object.attr_names().unwrap() {
        let attribute = object.attr(&name).unwrap();
        let kind = attribute.dtype().unwrap().to_descriptor().unwrap();
        names.insert((path.into(), "attribute".into(), name), type_name(&kind, &attribute.shape()));
    }
}

fn dataset(dataset: &Dataset, path: &str, names: &mut Names) {
    let kind = dataset.dtype().unwrap().to_descriptor().unwrap();
    if let TypeDescriptor::Compound(CompoundType { fields, .. }) = &kind {
        for field in fields {
            let key = (path.into(), "column".into(), field.name.clone());
            names.insert(key, type_name(&field.ty, &[]));
        }
    }
    names.insert((path.into(), "path".into(), path.into()), type_name(&kind, &[]));
}

fn objects(group: &Group, path: &str, names: &mut Names) {
    let carried = path.starts_with("/provenance/files/");
    if !carried {
        names.insert((path.into(), "path".into(), path.into()), "group".into());
        attributes(group, path, names);
    }
    for name in group.member_names().unwrap() {
        let inner = format!("{}/{name}", path.trim_end_matches('/'));
        match group.dataset(&name) {
            // The same dataset as /volume.
            Ok(linked) if inner == "/entry/data/volume" => dataset(&linked, &inner, names),
            Ok(object) => {
                let inner = if inner.starts_with("/provenance/files/") { CARRIED } else { &inner };
                dataset(&object, inner, names);
                attributes(&object, inner, names);
            }
            Err(_) => objects(&group.group(&name).unwrap(), &inner, names),
        }
    }
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/volume-file.md")).unwrap()
}

/// What stands in backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What the tables of the page name.
fn named(page: &str) -> Names {
    let mut names = Names::new();
    for section in page.split("\n## ").skip(1) {
        let heading = section.lines().next().unwrap();
        let object = quoted(heading).first().copied().unwrap_or("/");
        let mut header: Vec<&str> = Vec::new();
        for line in section.lines() {
            let cells: Vec<&str> = line.split('|').map(str::trim).skip(1).collect();
            if cells.is_empty() {
                header.clear();
            } else if header.is_empty() {
                header = cells;
            } else if !cells[0].starts_with("---") {
                let of = header.iter().position(|name| *name == "of");
                for name in quoted(cells[0]) {
                    let objects = match of {
                        Some(of) => quoted(cells[of]),
                        None => vec![if header[0] == "path" { name } else { object }],
                    };
                    for object in objects {
                        let kind = cells[1].replace("[n]", "[]");
                        names.insert((object.into(), header[0].into(), name.into()), kind);
                    }
                }
            }
        }
    }
    names
}

#[test]
fn every_object_attribute_and_column_is_named() {
    let bench = rendered();
    let mut written = Names::new();
    for i in 0..SCENES.len() {
        objects(&File::open(bench.path(&format!("{i}.h5"))).unwrap(), "/", &mut written);
    }
    let named = named(&page());
    assert!(written.len() > 70, "{written:?}");
    let keys = |names: &Names| names.keys().cloned().collect::<BTreeSet<_>>();
    let missing: Vec<_> = keys(&written).difference(&keys(&named)).cloned().collect();
    assert!(missing.is_empty(), "docs/volume-file.md does not name {missing:?}");
    let invented: Vec<_> = keys(&named).difference(&keys(&written)).cloned().collect();
    assert!(invented.is_empty(), "docs/volume-file.md names {invented:?}, which no file holds");
    for (key, kind) in &written {
        let said = &named[key];
        // Behind an object's type the page says more; that of /entry/data/volume is said of /volume.
        let agrees = if key.1 == "path" { said.contains(kind.as_str()) } else { said == kind };
        assert!(agrees || key.0 == "/entry/data/volume", "{key:?} is {kind}, not {said}");
    }
}

/// What belongs to z is absent in a plane, and arrays of `n` have a value for each axis there is.
#[test]
fn arrays_of_n_have_a_value_for_each_axis() {
    let (bench, page) = (rendered(), page());
    for (i, axes) in [(0, 3), (1, 2)] {
        let file = File::open(bench.path(&format!("{i}.h5"))).unwrap();
        let volume = file.dataset("volume").unwrap();
        assert_eq!(volume.ndim(), axes);
        let row = |name: &str| page.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap();
        for name in volume.attr_names().unwrap() {
            let shape = volume.attr(&name).unwrap().shape();
            assert_eq!(shape == [axes], row(&name).contains("[n]"), "{name}");
        }
        let mut names = Names::new();
        objects(&file, "/", &mut names);
        let of_z = ["z", "iz", "sigma_z", "z_indices", "/entry/data/z"];
        assert_eq!(names.keys().any(|(.., name)| of_z.contains(&name.as_str())), axes == 3);
    }
}
