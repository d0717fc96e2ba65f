//! Commands that take a volume file: `info`, `verify`, `extract`, and what they make of strange ones.

use std::str::FromStr;

use hdf5::types::VarLenUnicode;

use super::*;

#[test]
fn info_shows_what_a_file_holds() {
    let bench = rendered();
    let text = good(&bench, &["info", "s.h5"]).out;
    for words in ["x 20, y 18, z 16 voxels", "float32", "5 in a", "blake3"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let info = json(&bench, &["info", "s.h5", "--json"]);
    assert_eq!(info["chunk"]["x"], 8);
    for key in ["unit", "groups", "seed", "max_abs_error", "version", "rng", "scene_blake3", "scene", "files"]
    {
        assert!(!info[key].is_null(), "{key}");
    }
}

#[test]
fn verify_tells_every_change() {
    let bench = rendered();
    assert_eq!(good(&bench, &["verify", "s.h5"]).out, "s.h5: the same, 5760 voxels\n");
    // A flipped byte in the middle of a chunk, where no program knows of it.
    let file = hdf5::File::open(bench.path("s.h5")).unwrap();
    let volume = file.dataset("volume").unwrap();
    let chunk = volume.chunk_info(0).unwrap();
    drop((volume, file));
    let mut bytes = std::fs::read(bench.path("s.h5")).unwrap();
    bytes[(chunk.addr + chunk.size / 2) as usize] ^= 1;
    bench.write("flipped.h5", &bytes);
    // A voxel that another program changed.
    std::fs::copy(bench.path("s.h5"), bench.path("changed.h5")).unwrap();
    let file = open_rw(&bench.path("changed.h5"));
    let volume = file.dataset("volume").unwrap();
    let mut voxels: Vec<f32> = volume.read_raw().unwrap();
    voxels[(3 * 18 + 5) * 20 + 7] += 1.0;
    volume.write_raw(&voxels).unwrap();
    drop((volume, file));
    let outcome = bench.run(&["verify", "flipped.h5", "s.h5", "changed.h5"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.out.contains("s.h5: the same"), "{}", outcome.out);
    assert!(outcome.err.contains("`flipped.h5` differs"), "{}", outcome.err);
    assert!(
        outcome.err.contains("`changed.h5` differs") && outcome.err.contains("x 7, y 5, z 3"),
        "{}",
        outcome.err
    );
    // The truth table counts too.
    std::fs::copy(bench.path("s.h5"), bench.path("table.h5")).unwrap();
    let file = open_rw(&bench.path("table.h5"));
    let chunk = file.dataset("spots").unwrap().chunk_info(0).unwrap();
    drop(file);
    let mut bytes = std::fs::read(bench.path("table.h5")).unwrap();
    bytes[(chunk.addr + chunk.size - 20) as usize] ^= 1;
    bench.write("table.h5", &bytes);
    let outcome = bench.run(&["verify", "table.h5"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("row of /spots is 4"), "{}", outcome.err);
}

#[test]
fn verify_reads_what_the_file_says_of_itself() {
    let bench = rendered();
    let altered = |name: &str, alter: &dyn Fn(&hdf5::File)| {
        std::fs::copy(bench.path("s.h5"), bench.path(name)).unwrap();
        alter(&open_rw(&bench.path(name)));
        let outcome = bench.run(&["verify", name]);
        assert_eq!(outcome.code, Some(1), "{name} {}", outcome.out);
        outcome.err
    };
    let volume = |file: &hdf5::File, name: &str| file.dataset("volume").unwrap().attr(name).unwrap();
    let size = altered("size.h5", &|file| volume(file, "voxel_size").write(&[9.0, 9.0, 9.0]).unwrap());
    assert!(size.contains("`voxel_size` is not what its scene gives"), "{size}");
    let origin = altered("origin.h5", &|file| volume(file, "origin").write(&[0.0, 7.0, 0.0]).unwrap());
    assert!(origin.contains("`origin`"), "{origin}");
    let bound = altered("bound.h5", &|file| volume(file, "max_abs_error").write_scalar(&0.0).unwrap());
    assert!(bound.contains("`max_abs_error`"), "{bound}");
    let provenance = |file: &hdf5::File, name: &str| file.group("provenance").unwrap().attr(name).unwrap();
    let seed = altered("seed.h5", &|file| provenance(file, "seed").write_scalar(&77_u64).unwrap());
    assert!(seed.contains("`seed`"), "{seed}");
    let format = altered("format.h5", &|file| provenance(file, "format").write_scalar(&99_u64).unwrap());
    assert!(format.contains("its format is 99") && format.contains("newer"), "{format}");
}

/// A bench with out.h5, made from a scene in one directory and a table in another.
fn with_table() -> Bench {
    let bench = Bench::new();
    bench.write("scenes/s.toml", TABLE_SCENE);
    bench.write("data/t.csv", "x,y,z\n3,4,5\n8,8,8\n");
    good(&bench, &["run", "scenes/s.toml", "-o", "out.h5", "-q"]);
    bench
}

#[test]
fn a_file_alone_is_enough() {
    let (made, elsewhere) = (with_table(), Bench::new());
    std::fs::copy(made.path("out.h5"), elsewhere.path("out.h5")).unwrap();
    good(&elsewhere, &["verify", "out.h5"]);
    let listed = good(&elsewhere, &["extract", "out.h5", "-C", "tree"]).out;
    assert_eq!(listed, "tree/scenes/s.toml\ntree/data/t.csv\n");
    assert_eq!(std::fs::read_to_string(elsewhere.path("tree/scenes/s.toml")).unwrap(), TABLE_SCENE);
    good(&elsewhere, &["run", "tree/scenes/s.toml", "-o", "again.h5", "--allow-path", "tree"]);
    assert_eq!(
        std::fs::read(made.path("out.h5")).unwrap(),
        std::fs::read(elsewhere.path("again.h5")).unwrap()
    );
}

#[test]
fn extract_never_overwrites_and_never_leaves_its_directory() {
    let bench = with_table();
    // Something in the way: nothing is written at all.
    bench.write("a/data/t.csv", "mine");
    assert_eq!(bench.run(&["extract", "out.h5", "-C", "a"]).code, Some(1));
    assert_eq!(std::fs::read_to_string(bench.path("a/data/t.csv")).unwrap(), "mine");
    assert!(!bench.path("a/scenes").exists());
    // A link on the way.
    std::fs::create_dir_all(bench.path("b")).unwrap();
    std::fs::create_dir_all(bench.path("outside")).unwrap();
    std::os::unix::fs::symlink(bench.path("outside"), bench.path("b/data")).unwrap();
    assert_eq!(bench.run(&["extract", "out.h5", "-C", "b"]).code, Some(2));
    assert!(!bench.path("outside/t.csv").exists());
    // A path that leads out.
    for evil in ["../evil.toml", "/tmp/blobscene-evil.toml", "a/../../evil.toml", ""] {
        std::fs::copy(bench.path("out.h5"), bench.path("evil.h5")).unwrap();
        set_scene_path(&bench, evil);
        for command in ["extract", "info", "verify"] {
            let outcome = bench.run(&[command, "evil.h5"]);
            assert_eq!(outcome.code, Some(1), "{command} {evil}");
            assert!(outcome.err.contains("leads out"), "{}", outcome.err);
        }
    }
    assert!(!bench.path("evil.toml").exists());
}

fn set_scene_path(bench: &Bench, path: &str) {
    let file = open_rw(&bench.path("evil.h5"));
    let scene = file.dataset("provenance/scene").unwrap();
    scene.delete_attr("path").unwrap();
    let attribute = scene.new_attr::<VarLenUnicode>().create("path").unwrap();
    attribute.write_scalar(&VarLenUnicode::from_str(path).unwrap()).unwrap();
}

/// Files that are none, or that someone has changed.
#[test]
fn strange_files_are_refused() {
    let bench = rendered();
    let whole = std::fs::read(bench.path("s.h5")).unwrap();
    bench.write("text.h5", "no HDF5 file");
    bench.write("empty.h5", "");
    bench.write("short.h5", &whole[..whole.len() / 2]);
    bench.write(
        "random.h5",
        (0..50_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
    );
    let other = hdf5::File::create(bench.path("other.h5")).unwrap();
    other.new_dataset::<f32>().shape([4, 4, 4]).create("volume").unwrap();
    drop(other);
    crate::program::pipe(&bench.path("pipe.h5"));
    let mut files: Vec<String> = ["text", "empty", "short", "random", "other", "pipe", "missing"]
        .map(|name| format!("{name}.h5"))
        .into();
    let attributes = [
        (
            "volume",
            ["voxel_size", "origin", "unit", "max_abs_error", "saturated_voxels", "blake3"].as_slice(),
        ),
        ("spots", &["groups"]),
        ("provenance", &["seed", "version", "rng", "scene_blake3", "complete"]),
        ("provenance/scene", &["path"]),
        ("/", &["creator"]),
    ];
    for (object, names) in attributes {
        for name in names {
            for retyped in [false, true] {
                let path = format!("at{}-{name}-{retyped}.h5", object.replace('/', "-"));
                bench.write(&path, &whole);
                let file = open_rw(&bench.path(&path));
                let change = |at: &hdf5::Location| {
                    at.delete_attr(name).unwrap();
                    if retyped {
                        at.new_attr::<f32>().shape([7]).create(*name).unwrap();
                    }
                };
                match file.dataset(object) {
                    Ok(dataset) => change(&dataset),
                    Err(_) => change(&file.group(object).unwrap()),
                }
                files.push(path);
            }
        }
    }
    let before = bench.files();
    for file in &files {
        for command in [&["info"][..], &["verify"], &["extract", "-C", "out"]] {
            let outcome = bench.run(&[command, &[file.as_str()]].concat());
            assert_eq!(outcome.code, Some(1), "{command:?} {file}: {}", outcome.err);
            assert!(outcome.err.contains(file.as_str()), "{command:?} {file}: {}", outcome.err);
            assert!(!outcome.err.contains("panicked") && !outcome.err.contains("defect"), "{}", outcome.err);
            assert_eq!(outcome.out, "", "{command:?} {file}");
        }
    }
    assert_eq!(bench.files(), before);
}

#[test]
fn a_file_that_may_not_be_read_is_not_called_damaged() {
    let bench = rendered();
    std::fs::set_permissions(bench.path("s.h5"), PermissionsExt::from_mode(0o000)).unwrap();
    for command in ["info", "verify", "preview", "extract"] {
        let outcome = bench.run_with(&[command, "s.h5"], unprivileged);
        assert_eq!(outcome.code, Some(1), "{command}: {}", outcome.err);
        let said = outcome.err.contains("cannot read `s.h5`: Permission denied");
        assert!(said && !outcome.err.contains("HDF5"), "{command}: {}", outcome.err);
    }
}

#[test]
fn a_volume_file_is_not_taken_for_a_scene() {
    let bench = rendered();
    let whole = std::fs::read(bench.path("s.h5")).unwrap();
    // Larger than a scene may be.
    bench.write("large.h5", [whole, vec![0; 5 << 20]].concat());
    for file in ["s.h5", "large.h5"] {
        for command in ["run", "check"] {
            let outcome = bench.run(&[command, file]);
            assert_eq!(outcome.code, Some(2), "{command} {file}: {}", outcome.err);
            let said = |words: &str| outcome.err.contains(words);
            assert!(said(&format!("`{file}` is a volume file, not a scene")), "{}", outcome.err);
            assert!(said(&format!("blobscene extract {file}")), "{}", outcome.err);
        }
    }
}

#[test]
fn texts_of_a_strange_file_do_not_reach_the_terminal_raw() {
    let bench = rendered();
    let file = open_rw(&bench.path("s.h5"));
    file.delete_attr("creator").unwrap();
    let attribute = file.new_attr::<VarLenUnicode>().create("creator").unwrap();
    attribute.write_scalar(&VarLenUnicode::from_str("\u{1b}[31mred\u{9b}2J").unwrap()).unwrap();
    drop((attribute, file));
    for arguments in [&["info", "s.h5"][..], &["info", "s.h5", "--json"]] {
        let out = good(&bench, arguments).out;
        assert!(!out.contains(['\u{1b}', '\u{9b}']), "{out:?}");
    }
}
