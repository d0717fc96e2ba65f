//! Every command as it is meant to be used, through the real binary.

mod volumes;
mod writing;

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::brute_force::run::Volume;
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
fn spots_that_all_lie_outside_are_said_before_anything_is_drawn() {
    let bench = bench();
    let scene = |x: f64| {
        format!(
            "[grid]\nshape = {{ x = 64, y = 48 }}\nvoxel_size = 0.1\nunit = \"um\"\n[spots.far]\n\
             generator = {{ kind = \"points\", points = [{{ x = {x}, y = 40 }}, {{ x = 5990, y = 20 }}] }}\n\
             profile = {{ kind = \"gaussian\", sigma = 0.2 }}\namplitude = 10\n"
        )
    };
    let said = "spots.far: none of 2 spots has its centre in the grid (x -0.05 to 6.35, y -0.05 to 4.75 um), they are at \
                x 17.5 to 5990, y 20 to 40 um; in another unit, or from another origin?";
    bench.write("far.toml", scene(17.5));
    for command in [&["check", "far.toml"][..], &["run", "far.toml", "--dry-run"], &["run", "far.toml"]] {
        let outcome = good(&bench, command);
        assert_eq!(outcome.err.matches(said).count(), 1, "{command:?} {}", outcome.err);
    }
    for (command, list) in [
        (&["check", "far.toml", "--json"][..], "scenes"),
        (&["run", "far.toml", "--dry-run", "--force", "--json"], "runs"),
    ] {
        assert_eq!(json(&bench, command)[list][0]["warnings"], serde_json::json!([said]));
    }
    // A region elsewhere is no mistake, nor is a group of which some spots lie within.
    bench.write("near.toml", scene(0.1).replace("y = 40", "y = 1"));
    let outcome = good(&bench, &["run", "near.toml", "--region", "x=50:60"]);
    assert!(!outcome.err.contains("has its centre"), "{}", outcome.err);
}

/// The share that is said, beside the volume of a spot at a voxel's centre, where the sum of its voxels is largest.
#[test]
fn spots_too_narrow_for_voxel_centres_are_said_with_what_they_miss() {
    let bench = bench();
    let scene = |shape: &str, sigma: &str, sampling: &str| {
        format!(
            "grid = {{ shape = {shape} }}\n[spots.narrow]\n\
             generator = {{ kind = \"points\", points = [{{ x = 9, y = 8 {} }}] }}\nphotons = 1000\n\
             profile = {{ kind = \"gaussian\", sigma = {sigma}, sampling = \"{sampling}\" }}\n[render]\ntolerance = 1e-9\n",
            if shape == "20" { ", z = 7" } else { "" }
        )
    };
    for (shape, sigma) in
        [("20", "0.4"), ("20", "{ x = 0.2, y = 1.3, z = 0.9 }"), ("{ x = 20, y = 18 }", "0.3")]
    {
        bench.write("s.toml", scene(shape, sigma, "point"));
        let told = good(&bench, &["run", "s.toml", "--force"]).err;
        let percent =
            told.split("may be wrong by ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("");
        let percent: f64 = percent.parse().unwrap_or_else(|_| panic!("{told}"));
        let sum = Volume::read(&bench.path("s.h5")).voxels.iter().sum::<f64>();
        let seen = 100.0 * (sum / 1000.0 - 1.0);
        assert!((percent / seen - 1.0).abs() < 1e-3, "{sigma}: {percent} {seen}");
    }
    for (sigma, sampling) in [("0.51", "point"), ("0.1", "integrated")] {
        bench.write("s.toml", scene("20", sigma, sampling));
        let told = good(&bench, &["check", "s.toml"]).err;
        assert_eq!(told, "", "{sigma} {sampling}");
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
    // Four blocks, three of them cut short.
    bench.write("s.toml", SCENE.replace("chunk = 8\n", "").replace("y = 18, z = 16", "y = 70, z = 66"));
    good(&bench, &["run", "s.toml"]);
    assert!(good(&bench, &["info", "s.h5"]).out.contains("one piece, none"));
    assert_eq!(json(&bench, &["info", "s.h5", "--json"])["chunk"], Json::Null);
    assert_eq!(good(&bench, &["verify", "s.h5"]).out, "s.h5: the same, 92400 voxels\n");
    let bytes = std::fs::read(bench.path("s.h5")).unwrap();
    let file = hdf5::File::open(bench.path("s.h5")).unwrap();
    let first = file.dataset("volume").unwrap().offset().unwrap() as usize;
    drop(file);
    for [x, y, z] in [[7, 5, 3], [19, 69, 65]] {
        let mut flipped = bytes.clone();
        flipped[first + 4 * ((z * 70 + y) * 20 + x)] ^= 1;
        bench.write("flipped.h5", &flipped);
        let outcome = bench.run(&["verify", "flipped.h5"]);
        assert!(outcome.err.contains(&format!("x {x}, y {y}, z {z}")), "{}", outcome.err);
    }
    bench.write("short.h5", &bytes[..first + 5000]);
    assert_eq!(bench.run(&["verify", "short.h5"]).code, Some(1));
    assert_eq!(bench.run(&["preview", "short.h5"]).code, Some(1));
}

/// What a file calls UTF-8 is anybody's bytes.
#[test]
fn a_scene_that_is_no_text_is_refused() {
    let bench = bench();
    good(&bench, &["run", "s.toml"]);
    let mut bytes = std::fs::read(bench.path("s.h5")).unwrap();
    let comment = b"# A comment";
    let at = bytes.windows(comment.len()).position(|bytes| bytes == comment).unwrap();
    bytes[at + 4] = 0xff;
    bench.write("s.h5", &bytes);
    for command in ["info", "verify", "extract"] {
        let outcome = bench.run(&[command, "s.h5"]);
        assert_eq!(outcome.code, Some(1), "{command}: {}", outcome.err);
        assert!(outcome.err.contains("its `scene` is not UTF-8"), "{command}: {}", outcome.err);
    }
}

/// The least that a run says it takes is enough for it.
#[test]
fn a_run_takes_no_more_memory_than_it_says() {
    let bench = bench();
    let refused = bench.run(&["run", "s.toml", "--max-memory", "26MiB", "--threads", "3"]);
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    let (_, said) = refused.err.split_once("the run takes ").unwrap();
    let said: f64 = said.split_once(" MiB").unwrap().0.parse().unwrap();
    assert!(said > 26.0, "{}", refused.err);
    let enough = format!("{}MiB", said as u64 + 1);
    good(&bench, &["run", "s.toml", "--max-memory", &enough, "--threads", "3"]);
}

/// Rows that fill pages of memory fill pages of the file.
#[test]
fn a_large_volume_in_one_piece_begins_with_a_page() {
    let bench = bench();
    let large =
        SCENE.replace("chunk = 8\n", "").replace("x = 20, y = 18, z = 16", "x = 1024, y = 64, z = 16");
    bench.write("s.toml", large);
    good(&bench, &["run", "s.toml"]);
    let file = hdf5::File::open(bench.path("s.h5")).unwrap();
    let volume = file.dataset("volume").unwrap();
    assert_eq!(volume.offset().unwrap() % 131_072, 0);
    assert_eq!(good(&bench, &["verify", "s.h5"]).out, "s.h5: the same, 1048576 voxels\n");
    let planned = json(&bench, &["run", "s.toml", "--force", "--dry-run", "--json"]);
    let most = planned["runs"][0]["file_bytes_at_most"].as_u64().unwrap();
    let size = std::fs::metadata(bench.path("s.h5")).unwrap().len();
    assert!(size <= most, "{size} {most}");
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
fn no_colour_without_a_terminal_nor_with_no_color() {
    let bench = bench();
    bench.write("bad.toml", "[grid]\nshape = 0\n");
    for value in ["", "1"] {
        let outcome = bench.run_with(&["run", "bad.toml"], |command| command.env("NO_COLOR", value));
        assert!(!outcome.err.contains('\u{1b}'), "{:?}", outcome.err);
    }
}
