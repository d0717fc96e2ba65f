//! Every command as it is meant to be used, through the real binary.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::str::FromStr;
use std::time::{Duration, Instant};

use hdf5::types::VarLenUnicode;
use serde_json::Value as Json;

use crate::program::{Bench, Outcome, open_rw, unprivileged, wait};

const SCENE: &str = "# A comment that travels along.\n[grid]\nshape = { x = 20, y = 18, z = 16 }\n\
                     [spots.a]\ngenerator = { kind = \"uniform\", count = 5 }\n\
                     profile = { kind = \"gaussian\", sigma = 1.5 }\namplitude = 10\n\
                     [output]\nchunk = 8\ncompression = \"none\"\n";

const TABLE_SCENE: &str = "[grid]\nshape = 16\n[spots.a]\n\
                           generator = { kind = \"table\", path = \"../data/t.csv\" }\n\
                           profile = { kind = \"gaussian\", sigma = 1.5 }\namplitude = 10\n";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("s.toml", SCENE);
    bench
}

fn good(bench: &Bench, arguments: &[&str]) -> Outcome {
    let outcome = bench.run(arguments);
    assert_eq!(outcome.code, Some(0), "{arguments:?}: {}", outcome.err);
    outcome
}

fn json(bench: &Bench, arguments: &[&str]) -> Json {
    let outcome = good(bench, arguments);
    serde_json::from_str(&outcome.out).unwrap_or_else(|error| panic!("{error}: {}", outcome.out))
}

/// A bench with a rendered s.h5.
fn rendered() -> Bench {
    let bench = bench();
    good(&bench, &["run", "s.toml", "-q"]);
    bench
}

#[test]
fn run_writes_a_file_and_says_so_on_standard_error() {
    let bench = bench();
    let outcome = good(&bench, &["run", "s.toml"]);
    assert_eq!(outcome.out, "");
    assert!(outcome.err.contains("s.h5: 5 spots, 20 x 18 x 16 float32 voxels"), "{}", outcome.err);
    assert_eq!(bench.files().into_iter().collect::<Vec<_>>(), ["s.h5", "s.toml"]);
    assert_eq!(bench.run(&["run", "s.toml"]).code, Some(1), "an existing file stays");
    let quiet = good(&bench, &["run", "s.toml", "--force", "--quiet"]);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
}

#[test]
fn what_there_is_one_of_is_named_in_the_singular() {
    let bench = Bench::new();
    let scene = "[grid]\nshape = 1\n[spots.a]\n\
                 generator = { kind = \"points\", points = [{ x = 0, y = 0, z = 0 }] }\n\
                 profile = { kind = \"gaussian\", sigma = 1.5 }\namplitude = 1000\n\
                 [output]\ndtype = \"uint8\"\n";
    bench.write("s.toml", scene);
    assert!(good(&bench, &["check", "s.toml"]).out.contains("valid, 1 spot in"));
    assert!(good(&bench, &["run", "s.toml", "--threads", "1", "--dry-run"]).out.contains(", 1 thread\n"));
    let said = good(&bench, &["run", "s.toml"]).err;
    assert!(
        said.contains("s.h5: 1 spot, ") && said.contains("uint8 cannot hold the values of 1 voxel,"),
        "{said}"
    );
    assert_eq!(good(&bench, &["verify", "s.h5"]).out, "s.h5: the same, 1 voxel\n");
    bench.write("far.toml", scene.replace("x = 0", "x = 1000"));
    let said = good(&bench, &["run", "far.toml"]).err;
    assert!(said.contains("no light in the grid from 1 of 1 spot, "), "{said}");
}

#[test]
fn run_dry_and_as_json() {
    let bench = bench();
    let plan = good(&bench, &["run", "s.toml", "--dry-run"]).out;
    assert!(plan.contains("spots    5 (a 5)") && plan.contains("20 x 18 x 16"), "{plan}");
    let plan = json(&bench, &["run", "s.toml", "--dry-run", "--json"]);
    assert_eq!(plan["runs"][0]["spots"], 5);
    assert_eq!(plan["runs"][0]["shape"]["x"], 20);
    assert_eq!(plan["runs"][0]["volume_bytes"], 20 * 18 * 16 * 4);
    for key in ["output", "voxels", "dtype", "memory_bytes", "file_bytes_at_most", "threads", "files"] {
        assert!(!plan["runs"][0][key].is_null(), "{key}");
    }
    assert_eq!(bench.files().len(), 1, "a dry run writes nothing");
    let result = json(&bench, &["run", "s.toml", "--json"]);
    for key in ["output", "spots", "voxels", "saturated_voxels", "max_abs_error", "blake3", "warnings"] {
        assert!(!result["runs"][0][key].is_null(), "{key}");
    }
}

#[test]
fn the_plan_bounds_the_file_even_of_tiny_chunks() {
    let bench = bench();
    let arguments = ["run", "s.toml", "--set", "output.chunk=1", "--set", "output.compression=\"gzip\""];
    let plan = json(&bench, &[&arguments[..], &["--dry-run", "--json"]].concat());
    good(&bench, &arguments);
    let size = std::fs::metadata(bench.path("s.h5")).unwrap().len();
    assert!(size <= plan["runs"][0]["file_bytes_at_most"].as_u64().unwrap(), "{size} {plan}");
}

#[test]
fn the_plan_bounds_the_file_of_padded_chunks() {
    let bench = bench();
    bench.write(
        "edge.toml",
        "grid = { shape = 65 }\n[spots.a]\ngenerator = { kind = \"uniform\", count = 500 }\n\
        amplitude = 9\nprofile = { kind = \"gaussian\", sigma = 2 }\n[output]\nchunk = 64\n",
    );
    for compression in ["none", "gzip", "zstd"] {
        let set = format!("output.compression=\"{compression}\"");
        let arguments = ["run", "edge.toml", "--force", "--set", &set];
        let plan = json(&bench, &[&arguments[..], &["--dry-run", "--json"]].concat());
        good(&bench, &arguments);
        let size = std::fs::metadata(bench.path("edge.h5")).unwrap().len();
        let most = plan["runs"][0]["file_bytes_at_most"].as_u64().unwrap();
        assert!(size <= most, "{compression} {size} {most}");
        // A padded volume without compression is nearly all of it.
        assert!(compression != "none" || most < size + size / 4, "{size} {most}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_that_fails_names_the_file_and_leaves_nothing() {
    let bench = bench();
    bench.write(
        "big.toml",
        "grid = { shape = 128 }\n[spots.a]\ngenerator = { kind = \"uniform\", count = 3000 }\n\
        amplitude = 9\nprofile = { kind = \"gaussian\", sigma = 2 }\n",
    );
    let before = bench.files();
    // The signal that would come with it is the program's to ignore.
    let small_files = || {
        let limit = libc::rlimit { rlim_cur: 300 << 10, rlim_max: 300 << 10 };
        // SAFETY: the limit is this process's own.
        if unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) } == 0 {
            Ok(())
        } else {
            Err(std::io::Error::last_os_error())
        }
    };
    for compression in ["none", "gzip"] {
        let set = format!("output.compression=\"{compression}\"");
        let outcome = bench.run_with(&["run", "big.toml", "--set", &set], |command| {
            // SAFETY: between fork and exec nothing but a system call happens.
            unsafe { std::os::unix::process::CommandExt::pre_exec(command, small_files) }
        });
        assert_eq!(outcome.code, Some(1), "{compression} {}", outcome.err);
        assert!(outcome.err.contains("cannot write `big.h5`"), "{compression} {}", outcome.err);
        assert_eq!(bench.files(), before, "{compression}");
    }
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_end_in_no_panic() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let bench = bench();
    let odd = OsStr::from_bytes(b"odd\xff.toml");
    std::fs::copy(bench.path("s.toml"), bench.path("").join(odd)).unwrap();
    let outcome = bench.run_with(&["check", "--json"], |command| command.arg(odd));
    assert_eq!(outcome.code, Some(0), "{}", outcome.err);
    let odd = OsStr::from_bytes(b"odd\xff.h5");
    let outcome = bench.run_with(&["run", "s.toml", "--json", "-o"], |command| command.arg(odd));
    assert_eq!(outcome.code, Some(0), "{}", outcome.err);
}

#[test]
fn what_whole_numbers_cannot_hold_is_said() {
    let bench = bench();
    let scene = |amplitude: &str| {
        format!(
            "grid = {{ shape = 20 }}\n[spots.dim]\ngenerator = {{ kind = \"uniform\", count = 9 }}\n\
             amplitude = {amplitude}\nprofile = {{ kind = \"gaussian\", sigma = 2 }}\n[output]\ndtype = \"uint8\"\n"
        )
    };
    for (amplitude, said) in [
        ("0.2", "spots.dim is at most"),
        ("-30", "where they are negative, only `output.dtype` float32 or float64 holds them"),
        ("3000", "lower the brightness"),
    ] {
        bench.write("dim.toml", scene(amplitude));
        let outcome = bench.run(&["run", "dim.toml", "--force"]);
        assert_eq!(outcome.code, Some(0));
        assert!(outcome.err.contains(said), "{amplitude} {}", outcome.err);
    }
}

#[test]
fn run_with_other_values_seed_and_region() {
    let bench = bench();
    let run = |arguments: &[&str]| {
        let base = ["run", "s.toml", "--json", "--force"];
        json(&bench, &[&base, arguments].concat())["runs"][0].clone()
    };
    let (plain, seeded) = (run(&[]), run(&["--seed", "9"]));
    assert_ne!(plain["blake3"], seeded["blake3"]);
    assert_eq!(json(&bench, &["info", "s.h5", "--json"])["seed"], 9);
    good(&bench, &["verify", "s.h5"]);
    assert_eq!(run(&["--threads", "1"])["blake3"], run(&["--threads", "3"])["blake3"]);
    assert_eq!(run(&["--max-memory", "64MiB"])["blake3"], plain["blake3"]);
    let changed = run(&["--set", "spots.a.generator.count=7", "--set", "output.dtype=\"uint16\""]);
    assert_eq!(changed["spots"], 7);
    assert_eq!(json(&bench, &["info", "s.h5", "--json"])["dtype"], "uint16");
    good(&bench, &["verify", "s.h5"]);
    good(&bench, &["extract", "s.h5", "-C", "out"]);
    let text = std::fs::read_to_string(bench.path("out/s.toml")).unwrap();
    assert!(text.contains("count = 7") || text.contains("count =7"), "{text}");
    assert!(text.contains("# A comment that travels along."), "{text}");
    let part = run(&["--region", "x=4:12,z=3:5"]);
    assert_eq!(part["voxels"], 8 * 18 * 2);
    let info = json(&bench, &["info", "s.h5", "--json"]);
    assert_eq!((&info["origin"]["x"], &info["shape"]["z"]), (&4.0.into(), &2.into()));
    assert_eq!(info["region"], "x=4:12,y=0:18,z=3:5");
    good(&bench, &["verify", "s.h5"]);
}

#[test]
fn every_compression_holds_the_same_voxels() {
    let bench = bench();
    let mut hashes = Vec::new();
    for compression in ["\"none\"", "\"gzip\"", "\"zstd\"", "{ kind = \"zstd\", level = 7 }"] {
        for dtype in ["float32", "uint8"] {
            let (packed, kind) =
                (format!("output.compression={compression}"), format!("output.dtype=\"{dtype}\""));
            let run = json(&bench, &["run", "s.toml", "--force", "--json", "--set", &packed, "--set", &kind]);
            hashes.push((dtype, run["runs"][0]["blake3"].clone()));
            good(&bench, &["verify", "s.h5"]);
            good(&bench, &["preview", "s.h5", "--force"]);
        }
    }
    assert!(
        hashes.iter().all(|(dtype, hash)| hashes[usize::from(*dtype == "uint8")].1 == *hash),
        "{hashes:?}"
    );
}

#[test]
fn a_volume_in_one_piece_is_checked_like_any_other() {
    let bench = bench();
    bench.write("s.toml", SCENE.replace("chunk = 8\n", ""));
    good(&bench, &["run", "s.toml"]);
    assert!(good(&bench, &["info", "s.h5"]).out.contains("one piece, none"));
    assert_eq!(json(&bench, &["info", "s.h5", "--json"])["chunk"], Json::Null);
    assert_eq!(good(&bench, &["verify", "s.h5"]).out, "s.h5: the same, 5760 voxels\n");
    let bytes = std::fs::read(bench.path("s.h5")).unwrap();
    let file = hdf5::File::open(bench.path("s.h5")).unwrap();
    let first = file.dataset("volume").unwrap().offset().unwrap() as usize;
    drop(file);
    let mut flipped = bytes.clone();
    flipped[first + 4 * ((3 * 18 + 5) * 20 + 7)] ^= 1;
    bench.write("flipped.h5", &flipped);
    let outcome = bench.run(&["verify", "flipped.h5"]);
    assert!(outcome.err.contains("x 7, y 5, z 3"), "{}", outcome.err);
    bench.write("short.h5", &bytes[..first + 5000]);
    assert_eq!(bench.run(&["verify", "short.h5"]).code, Some(1));
    assert_eq!(bench.run(&["preview", "short.h5"]).code, Some(1));
}

#[test]
fn check_finds_what_run_would_refuse() {
    let bench = bench();
    for command in ["check", "run"] {
        let outcome = bench.run(&[command, "s.toml", "--set", "spots.a.amplitude=1e39"]);
        assert_eq!(outcome.code, Some(2), "{command}: {}", outcome.err);
        assert!(outcome.err.contains("too bright"), "{command}: {}", outcome.err);
        let outcome = bench.run(&[command, "s.toml", "--seed", "-3"]);
        assert_eq!(outcome.code, Some(2), "{command}: {}", outcome.err);
        assert!(outcome.err.contains("0 ..= 9223372036854775807"), "{command}: {}", outcome.err);
    }
}

#[test]
fn outputs_to_files_and_directories() {
    let bench = bench();
    std::fs::create_dir(bench.path("dir")).unwrap();
    bench.write("t.toml", SCENE);
    good(&bench, &["run", "s.toml", "-o", "x.h5"]);
    good(&bench, &["run", "s.toml", "t.toml", "-o", "dir"]);
    for file in ["x.h5", "dir/s.h5", "dir/t.h5"] {
        assert!(bench.path(file).is_file(), "{file}");
    }
    assert_eq!(bench.run(&["run", "s.toml", "t.toml", "-o", "y.h5"]).code, Some(2));
    assert_eq!(bench.run(&["run", "s.toml", "s.toml"]).code, Some(2), "the same file twice");
    // One scene's output must not fall on another scene.
    bench.write("dir/u.h5", SCENE);
    let outcome =
        bench.run(&["run", "s.toml", "dir/u.h5", "-o", "dir", "--set", "scene.name=\"u\"", "--force"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.err);
    assert_eq!(std::fs::read_to_string(bench.path("dir/u.h5")).unwrap(), SCENE);
    // An output that is in the way is found before anything is rendered.
    bench.write("t.h5", "old");
    assert_eq!(bench.run(&["run", "s.toml", "t.toml"]).code, Some(1));
    assert!(!bench.path("s.h5").exists());
    assert_eq!(std::fs::read_to_string(bench.path("t.h5")).unwrap(), "old");
}

#[test]
fn check_tells_all_problems_of_all_scenes() {
    let bench = bench();
    assert!(good(&bench, &["check", "s.toml"]).out.contains("s.toml: valid, 5 spots in 20 x 18 x 16"));
    assert_eq!(json(&bench, &["check", "s.toml", "--json"])["valid"], true);
    bench.write("bad.toml", SCENE.replace("shape", "shpe").replace("sigma", "sigam"));
    let outcome = bench.run(&["check", "bad.toml", "s.toml", "--json"]);
    assert_eq!(outcome.code, Some(2));
    let verdict: Json = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(verdict["scenes"][0]["valid"], false);
    assert_eq!(verdict["scenes"][1]["valid"], true);
    let problems = verdict["scenes"][0]["problems"].as_array().unwrap();
    assert!(problems.len() >= 3, "{problems:?}");
    let unknown = problems.iter().find(|p| p["message"] == "unknown key `grid.shpe`").unwrap();
    assert_eq!((&unknown["line"], &unknown["column"]), (&3.into(), &1.into()));
    assert_eq!(unknown["file"], "bad.toml");
    assert_eq!(bench.files().len(), 2, "nothing is rendered");
}

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

#[test]
fn plugins_and_schema() {
    let bench = Bench::new();
    let list = good(&bench, &["plugins"]).out;
    for name in ["generator.uniform", "profile.gaussian", "region.box"] {
        assert!(list.contains(name), "{list}");
    }
    let one = good(&bench, &["plugins", "generator.uniform"]).out;
    assert!(one.contains("count") && one.contains("example:"), "{one}");
    good(&bench, &["plugins", "generator"]);
    let unknown = bench.run(&["plugins", "generator.unifrom"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("did you mean `generator.uniform`?"), "{}", unknown.err);
    let schema = json(&bench, &["schema"]);
    assert_eq!(schema["type"], "object");
    assert!(schema["properties"]["grid"].is_object() && schema["properties"]["spots"].is_object());
}

#[test]
fn a_new_scene_runs() {
    let bench = Bench::new();
    good(&bench, &["new", "first.toml"]);
    let outcome = bench.run(&["new", "first.toml"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("already exists"), "{}", outcome.err);
    let outcome = bench.run(&["new", "no/x.toml"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("there is no directory `no`; create it"), "{}", outcome.err);
    assert_eq!(bench.run(&["new", "x.toml", "--template", "nosuch"]).code, Some(2));
    good(&bench, &["run", "first.toml"]);
    good(&bench, &["verify", "first.h5"]);
    for template in ["starter", "cluster", "random_field", "lattice", "crowded", "anisotropic", "filaments"] {
        let file = format!("my_{template}.toml");
        good(&bench, &["new", &file, "--template", template]);
        let plan = json(&bench, &["run", &file, "--dry-run", "--json"]);
        assert_eq!(plan["runs"][0]["output"], format!("my_{template}.h5"), "named after the new scene");
    }
}

#[test]
fn help_completions_and_the_manual() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(good(&bench, &["completions", shell]).out.contains("blobscene"));
    }
    assert!(good(&bench, &["man"]).out.contains(".TH"));
    assert!(good(&bench, &["--help"]).out.contains("verify"));
    assert!(good(&bench, &["--version"]).out.starts_with("blobscene "));
    for wrong in [&["nosuch"][..], &[], &["run"], &["completions", "nosuch"], &["verify"]] {
        let outcome = bench.run(wrong);
        assert_eq!(outcome.code, Some(2), "{wrong:?}");
        assert_eq!(outcome.out, "", "{wrong:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error_but_a_full_disk_is() {
    let bench = rendered();
    for arguments in
        [&["info", "s.h5"][..], &["plugins"], &["schema"], &["man"], &["run", "s.toml", "--dry-run"]]
    {
        let mut child = bench.start(arguments, |command| command);
        drop(child.stdout.take());
        let outcome = wait(child, arguments);
        assert_eq!((outcome.code, outcome.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let outcome = bench.run_with(&["info", "s.h5"], |command| command.stdout(Stdio::from(full)));
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.err.contains("standard output"), "{}", outcome.err);
}

#[test]
fn no_colour_without_a_terminal_nor_with_no_color() {
    let bench = bench();
    bench.write("bad.toml", "[grid]\nshape = 0\n");
    for value in ["", "1"] {
        let outcome = bench.run_with(&["run", "bad.toml"], |command| command.env("NO_COLOR", value));
        assert!(!outcome.err.contains('\u{1b}'), "{:?}", outcome.err);
    }
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    let bench = Bench::new();
    bench.write(
        "large.toml",
        "[grid]\nshape = 700\n[spots.a]\ngenerator = { kind = \"uniform\", count = 300000 }\n\
         profile = { kind = \"gaussian\", sigma = 4 }\namplitude = 10\n[output]\npath = \"large.h5\"\n",
    );
    let arguments = ["run", "large.toml", "--max-memory", "1GiB"];
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let child = bench.start(&arguments, |command| command);
        let begin = Instant::now();
        while !bench.files().iter().any(|file| file.ends_with(".partial")) {
            assert!(begin.elapsed() < Duration::from_secs(30), "it never began to write");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(100));
        // SAFETY: the child has not been waited for, so the number is still its own.
        assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, signal) }, 0);
        let outcome = wait(child, &arguments);
        assert_eq!(outcome.code, Some(130), "{}", outcome.err);
        assert!(outcome.err.contains("interrupted"), "{}", outcome.err);
        assert_eq!(bench.files().into_iter().collect::<Vec<_>>(), ["large.toml"]);
    }
}
