//! Whatever is wrong with a scene or an argument: the right exit code, the place, words that help, and nothing
//! left behind.

use std::path::Path;

use rayon::prelude::*;

use crate::program::{Bench, pipe};

/// Stands in a scene before the byte that the message must point to.
const MARK: char = '⟦';

/// The way out where a list stands for the axes.
const AXES: &str = "{ x = .., y = .., z = .. }";

const GRID: &str = "[grid]\nshape = 16\n";
const SPOTS: &str = "[spots.a]\ngenerator = { kind = \"uniform\", count = 3 }\n\
                     profile = { kind = \"gaussian\", sigma = 1.5 }\namplitude = 10\n";

struct Case {
    name: String,
    scene: Vec<u8>,
    arguments: Vec<String>,
    code: i32,
    place: Option<String>,
    words: Vec<&'static str>,
    prepare: fn(&Path),
}

/// A scene that is wrong at its mark.
fn bad(scene: impl Into<String>, words: &[&'static str]) -> Case {
    let marked: String = scene.into();
    let place = marked.find(MARK).map(|at| {
        let line = marked[..at].rsplit('\n').next().unwrap_or_default();
        format!("s.toml:{}:{}", marked[..at].matches('\n').count() + 1, line.chars().count() + 1)
    });
    Case {
        name: marked.chars().take(300).collect(),
        scene: marked.replace(MARK, "").into_bytes(),
        arguments: Vec::new(),
        code: 2,
        place,
        words: words.to_vec(),
        prepare: |_| (),
    }
}

/// A good scene with bad arguments.
fn call(arguments: &[&str], words: &[&'static str]) -> Case {
    bad(format!("{GRID}{SPOTS}"), words).with(arguments)
}

impl Case {
    /// It is not the request that is wrong.
    fn impossible(self) -> Case {
        Case { code: 1, ..self }
    }

    fn with(self, arguments: &[&str]) -> Case {
        Case {
            arguments: arguments.iter().map(|a| a.to_string()).collect(),
            name: format!("{} {arguments:?}", self.name),
            ..self
        }
    }

    fn prepared(self, prepare: fn(&Path)) -> Case {
        Case { prepare, ..self }
    }

    fn at(self, place: &str) -> Case {
        Case { place: Some(place.to_string()), ..self }
    }

    /// What is not as it should be.
    fn judge(&self, command: &str) -> Option<String> {
        let bench = Bench::new();
        bench.write("s.toml", &self.scene);
        (self.prepare)(&bench.path(""));
        let before = bench.files();
        let mut arguments = vec![command, "s.toml"];
        arguments.extend(self.arguments.iter().map(String::as_str));
        let outcome = bench.run(&arguments);
        let place = self.place.as_ref().map(|place| format!("--> {place}\n"));
        let missing: Vec<_> = self.words.iter().copied().chain(place.as_deref()).collect();
        let missing: Vec<_> = missing.iter().filter(|word| !outcome.err.contains(**word)).collect();
        let mut wrong = String::new();
        if outcome.code != Some(self.code) {
            wrong += &format!("exit code {:?} instead of {}\n", outcome.code, self.code);
        }
        if !missing.is_empty() {
            wrong += &format!("the message lacks {missing:?}\n");
        }
        if outcome.err.contains('\u{1b}') || outcome.out.contains('\u{1b}') {
            wrong += "an escape sequence got out\n";
        }
        if outcome.err.contains("defect") || outcome.err.contains("panicked") {
            wrong += "it panicked\n";
        }
        if !outcome.out.is_empty() {
            wrong += "it answered on standard output\n";
        }
        if bench.files() != before {
            wrong += &format!("it left {:?}\n", bench.files().difference(&before).collect::<Vec<_>>());
        }
        let scene: String = self.name.chars().take(400).collect();
        let err: String = outcome.err.chars().take(1500).collect();
        (!wrong.is_empty()).then(|| format!("=== {command} {scene}\n{wrong}--- it said:\n{err}"))
    }
}

fn judge_all(cases: &[Case]) {
    let wrong: Vec<String> = cases.par_iter().filter_map(|case| case.judge("run")).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn grid(lines: &str) -> String {
    format!("[grid]\n{lines}\n{SPOTS}")
}

fn generator(table: &str) -> String {
    format!(
        "{GRID}[spots.a]\ngenerator = {table}\nprofile = {{ kind = \"gaussian\", sigma = 1.5 }}\namplitude = 10\n"
    )
}

fn profile(table: &str) -> String {
    format!(
        "{GRID}[spots.a]\ngenerator = {{ kind = \"uniform\", count = 3 }}\nprofile = {table}\namplitude = 10\n"
    )
}

fn sigma(value: &str) -> String {
    profile(&format!("{{ kind = \"gaussian\", sigma = {value} }}"))
}

/// A group with these lines for its brightness.
fn light(lines: &str) -> String {
    format!("{GRID}{}{lines}\n", SPOTS.replace("amplitude = 10\n", ""))
}

fn also(lines: &str) -> String {
    format!("{GRID}{SPOTS}{lines}\n")
}

fn output(line: &str) -> String {
    also(&format!("[output]\n{line}"))
}

fn render(lines: &str) -> String {
    also(&format!("[render]\n{lines}"))
}

#[test]
fn texts() {
    judge_all(&[
        bad("a = ⟦\nb = 2 3\n[grid\nshape = 16\n", &["not valid TOML", "s.toml:2:", "s.toml:3:6"]),
        bad(format!("{GRID}{SPOTS}⟦amplitude = 2\n"), &["duplicate key"]),
        bad(format!("{GRID}{SPOTS}[spots.⟦a]\n"), &["duplicate key"]),
        bad(format!("⟦[[grid]]\nshape = 1\n{SPOTS}"), &["`grid` is an array", "allowed: a table"]),
        bad("⟦", &["the scene has no [grid]", "the scene has no [spots", "shape = {"]),
        bad(format!("{GRID}[⟦spots]\n"), &["no group of spots"]),
        bad("[grid]\nshape = ⟦1\u{0}2\n", &["not valid TOML"]),
        bad(format!("{GRID}{SPOTS}# ⟦\u{1b}[31m\n"), &["comment"]),
        bad(
            format!("{GRID}{}", SPOTS.replace("10", "⟦\"\\u001b[31m\"")),
            &["`spots.a.amplitude`", "a number"],
        ),
        bad(also("⟦\"\\u001b[31mx\" = 3"), &["unknown key"]),
        bad(format!("{GRID}[spots.⟦\"a\\u001b[31m\"]\n"), &["control character"]),
        bad(format!("{GRID}[spots.⟦\"a\u{9b}31m\"]\n"), &["control character"]),
        bad(sigma("{ x = 1, y = 1, z = 1, ⟦\"\\u001b[2J\" = 1 }"), &["unknown axis", "x, y, z"]),
        bad(light("amplitude = { ⟦\"\\u001b[2J\" = 1 }"), &["no distribution", "uniform"]),
        bad(format!("a = {}", "[".repeat(100_000)), &["recur"]).at("s.toml:1:85"),
        bad(format!("[a{}]", ".a".repeat(100_000)), &["recursion"]).at("s.toml:1:1"),
        bad(format!("a = {}", "{ a = ".repeat(100_000)), &["recur"]),
        bad("] = [\n".repeat(600_000), &["not valid TOML"]).at("s.toml:1:1"),
        bad(format!("{GRID}{}", "⟦k = 1\n"), &["unknown key `grid.k`", "allowed: shape"]),
        bad(
            format!("{GRID}{}{SPOTS}", (0..100_000).map(|i| format!("k{i} = 1\n")).collect::<String>()),
            &["unknown key `grid.k0`", "and 99900 more problems"],
        )
        .at("s.toml:3:1"),
        bad(light(&format!("amplitude = ⟦\"{}\"", "é".repeat(100_000))), &["is the text \"éé", "…"]),
        bad(
            generator(&format!(
                "{{ kind = \"points\", points = [{}{{ x = 1, y = ⟦\"a\", z = 2 }}] }}",
                "{ x = 1, y = 1, z = 1 }, ".repeat(9000)
            )),
            &["is the text \"a\"", "a number", "^^^"],
        ),
        bad("#".repeat(5 << 20), &["larger than 4 MiB", "`table`"]),
        Case { scene: b"a = 1\nb = \xff\xfe\n".to_vec(), ..bad("not UTF-8", &["not UTF-8"]) }
            .at("s.toml:2:5"),
        bad(also("⟦amplitud = 3").replace('\n', "\r\n"), &["did you mean `amplitude`?"]),
    ]);
}

#[test]
fn names_and_tables() {
    let planned = "part of the scene format, but this version does not have it yet";
    judge_all(&[
        bad(also("[⟦grdi]"), &["unknown table or key `grdi`", "did you mean `grid`?"]),
        bad(format!("⟦foo = 1\n{GRID}{SPOTS}"), &["`foo`", "allowed: scene, grid, spots"]),
        bad(format!("{GRID}⟦shpe = 3\n{SPOTS}"), &["`grid.shpe`", "did you mean `shape`?"]),
        bad(also("⟦amplitud = 3"), &["`spots.a.amplitud`", "did you mean `amplitude`?"]),
        bad(generator("{ kind = \"uniform\", count = 1, ⟦cuont = 3 }"), &["did you mean `count`?"]),
        bad(profile("{ kind = \"gaussian\", ⟦sigam = 3 }"), &["did you mean `sigma`?", "how wide"]),
        bad(light("amplitude = { ⟦unifrom = [1, 2] }"), &["did you mean `uniform`?"]),
        bad(sigma("{ x = 1, y = 1, z = 1, ⟦w = 1 }"), &["unknown axis `w`", "x, y, z"]),
        bad(sigma("⟦{ x = 1, y = 1 }"), &["has no `z`"]),
        bad(generator("{ kind = ⟦\"unifrom\", count = 3 }"), &["no generator `unifrom`", "`uniform`?"]),
        bad(generator("⟦{ count = 3 }"), &["has no `kind`", "one of points"]),
        bad(generator("{ kind = ⟦3, count = 3 }"), &["name of a kind"]),
        bad(generator("⟦3"), &["a table with `kind`", "uniform"]),
        bad(profile("{ kind = ⟦\"gausian\" }"), &["did you mean `gaussian`?"]),
        bad(generator("{ kind = ⟦\"spiral\" }"), &["`plugins/spiral.lua` beside the scene", "--plugins DIR"]),
        bad(profile("{ kind = ⟦\"moffat\" }"), &["`plugins/moffat.lua` beside the scene", "--plugins DIR"]),
        bad(
            generator("{ kind = ⟦\"mask\", path = \"a.h5\", dataset = \"a\", count = 3 }"),
            &["generator `mask`", planned],
        ),
        bad(generator("{ kind = ⟦\"mask\" }"), &["generator `mask`", planned]),
        bad(profile("{ kind = ⟦\"airy\", na = 1.4 }"), &["profile `airy`", planned]),
        bad(profile("{ kind = ⟦\"image\" }"), &["profile `image`", planned]),
        bad(also("⟦motion = { kind = \"brownian\" }"), &["`spots.a.motion`", planned]),
        bad(also("⟦channel = \"GFP\""), &["`spots.a.channel`", planned]),
        bad(also("[⟦camera]\nqe = 0.8"), &["[camera]", planned]),
        bad(also("[⟦time]\nframes = 3"), &["[time]", planned]),
        bad(also("[⟦dataset]\ncount = 3"), &["[dataset]", planned]),
        bad(also("[⟦channels.GFP]"), &["[channels]", planned]),
        bad(also("[⟦background.x]\nkind = \"constant\""), &["[background]", planned]),
        bad(output("labels = ⟦true"), &["`output.labels`", planned]),
        bad(output("noise_free = ⟦true"), &["`output.noise_free`", planned]),
        bad(
            format!("{GRID}⟦[spots.a]\n"),
            &["`spots.a.generator` is missing", "`spots.a.profile` is missing"],
        ),
        bad(
            format!("{GRID}spots = ⟦3\n").replace("[grid]\nshape = 16", "grid = { shape = 16 }"),
            &["`spots` is 3"],
        ),
        bad(light(""), &["does not say how bright", "`amplitude` or `photons`"]),
        bad(profile("{ kind = \"gaussian\" }"), &["does not say how wide", "`fwhm`"]),
        bad(profile("{ kind = \"gaussian\", sigma = 1, ⟦fwhm = 2 }"), &["exclude one another"]),
        bad(also("⟦photons = 3"), &["`spots.a.amplitude` and `spots.a.photons` exclude"]),
        bad(grid("shape = 16\nbounds = [0, 1]\n⟦voxel_size = 1"), &["exclude one another"]),
        bad(grid("shape = 16\nbounds = [0, 1]\n⟦origin = 1"), &["exclude one another"]),
        bad(render("tolerance = 1e-6\n⟦cutoff = 5"), &["exclude one another"]),
        bad(generator("⟦{ kind = \"uniform\" }"), &["needs one of `count`, `density`"]),
        bad(format!("[scene]\nformat = ⟦2\n{GRID}{SPOTS}"), &["format 1", "newer"]),
        bad(format!("[scene]\nname = ⟦\"a/b\"\n{GRID}{SPOTS}"), &["`scene.name`", "no slashes"]),
        bad(format!("[scene]\nname = ⟦\"{}\"\n{GRID}{SPOTS}", "a".repeat(300)), &["at most 200 bytes"]),
    ]);
}

#[test]
fn numbers() {
    judge_all(&[
        bad(light("amplitude = ⟦nan"), &["`spots.a.amplitude` is NaN", "a finite number"]),
        bad(light("amplitude = ⟦-inf"), &["is -inf", "a finite number"]),
        bad(sigma("⟦-0.0"), &["is -0.0", "> 0", "um"]),
        bad(sigma("⟦-1"), &["is -1", "> 0"]),
        bad(sigma("{ x = 1, y = 1, z = ⟦0 }"), &["`spots.a.profile.sigma.z` is 0"]),
        bad(grid("shape = ⟦0"), &["`grid.shape` is 0", "1 ..= ", "voxels"]),
        bad(grid("shape = ⟦16.0"), &["is 16.0", "a whole number", "write 16"]),
        bad(grid("shape = ⟦-3"), &["is -3"]),
        bad(grid("shape = ⟦\"big\""), &["is the text \"big\""]),
        bad(grid("shape = { x = 4, ⟦w = 4, y = 4 }"), &["unknown axis `w`"]),
        bad(grid("shape = ⟦[64, 64, 16]"), &["is an array of 3", AXES]),
        bad(grid("shape = ⟦[64, 64]"), &["is an array of 2", AXES]),
        bad(grid("shape = 16\nvoxel_size = ⟦[0.1, 0.1, 0.3]"), &["`grid.voxel_size`", AXES]),
        bad(grid("shape = 16\norigin = ⟦[0, 0, 1]"), &["`grid.origin`", AXES]),
        bad(grid("shape = 16\nbounds = ⟦[[0, 1], [0, 1], [0, 2]]"), &["[first, last]", AXES]),
        bad(sigma("⟦[1, 1, 2]"), &["`spots.a.profile.sigma`", "a number or a distribution", AXES]),
        bad(output("chunk = ⟦[64, 64, 16]"), &["`output.chunk`", AXES]),
        bad(grid("shape = ⟦99999999999999999999"), &["too large for a whole number"]),
        bad(grid("shape = ⟦10000000000000"), &["`grid.shape` is 10000000000000"]),
        bad(grid("shape = 1000000"), &["1000000 x 1000000 x 1000000", "--region"]).impossible(),
        bad(grid("shape = 1000000000000"), &["--region"]).impossible(),
        bad(grid("shape = { x = 1000000000, y = 1 }"), &["--region"])
            .impossible()
            .with(&["--max-memory", "2GiB"]),
        bad(grid("shape = 16\nbounds = ⟦[1, 0]"), &["must lie below"]),
        bad(grid("shape = 1\nbounds = ⟦[0, 1]"), &["two voxels"]),
        bad(grid("shape = 16\norigin = ⟦\"middle\""), &["\"centre\""]),
        bad(format!("⟦{}", grid("shape = 16\norigin = 1e20")), &["too far from 0"]),
        bad(grid("shape = 16\nvoxel_size = ⟦0"), &["> 0"]),
        bad(grid("shape = 16\nunit = ⟦\"m\""), &["did you mean `um`?", "allowed: nm, um, mm, px"]),
        bad(grid("shape = 16\nunit = ⟦\"\u{b5}m\""), &["did you mean `um`?"]),
        bad(grid("shape = 16\nunit = ⟦\"\u{3bc}m\""), &["did you mean `um`?"]),
        bad(grid("shape = 16\nunit = ⟦\"Micron\""), &["did you mean `um`?"]),
        bad(grid("shape = 16\nunit = ⟦\"micrometer\""), &["did you mean `um`?"]),
        bad(grid("shape = 16\nunit = ⟦\"micrometre\""), &["did you mean `um`?"]),
        bad(grid("shape = 16\nunit = ⟦\"nanometers\""), &["did you mean `nm`?"]),
        bad(grid("shape = 16\nunit = ⟦\"pixel\""), &["did you mean `px`?"]),
        bad(grid("shape = 16\nunit = ⟦\"furlong\""), &["help: allowed: nm, um, mm, px"]),
        bad(format!("[scene]\nseed = ⟦9223372036854775808\n{GRID}{SPOTS}"), &["9223372036854775807"]),
        bad(format!("[scene]\nseed = ⟦-1\n{GRID}{SPOTS}"), &["`scene.seed` is -1", ">= 0"]),
        bad(generator("{ kind = \"uniform\", count = ⟦1e3 }"), &["is 1000.0", "write 1000"]),
        bad(
            generator("{ kind = \"uniform\", count = 1000000000000000 }"),
            &["spots.a", "1000000000000000 spots", "--max-memory"],
        )
        .impossible(),
        bad(generator("{ kind = \"uniform\", density = 1e300 }"), &["--max-memory"]).impossible(),
        bad(generator("{ kind = \"uniform\", count = { poisson = 1e14 } }"), &["--max-memory"]).impossible(),
        bad(generator("{ kind = \"uniform\", count = { poisson = ⟦-1 } }"), &["is -1"]),
        bad(generator("{ kind = \"uniform\", count = 3, margin = 10 }"), &["`margin` leaves nothing"]),
        bad(
            generator("{ kind = \"uniform\", count = 3, within = { kind = \"box\", min = 3, max = ⟦1 } }"),
            &["`min` must be below `max`"],
        ),
        bad(
            generator("{ kind = \"cluster\", clusters = 3, per_cluster = ⟦-1, radius = 1 }"),
            &["is -1", ">= 0"],
        ),
        bad(
            generator("{ kind = \"cluster\", clusters = 3, per_cluster = 1e300, radius = 1 }"),
            &["--max-memory"],
        )
        .impossible(),
        bad(generator("{ kind = \"lattice\", spacing = 1e-9 }"), &["--max-memory"]).impossible(),
        bad(generator("{ kind = \"lattice\", spacing = ⟦0 }"), &["> 0"]),
        bad(
            generator("{ kind = \"poisson_disk\", min_distance = 4, count = 10000 }"),
            &["of 10000 spots fit"],
        ),
        bad(generator("{ kind = \"poisson_disk\", min_distance = 1e-9 }"), &["--max-memory"]).impossible(),
        bad(
            generator("{ kind = \"shell\", centre = { x = 1, y = 1, z = 1 }, radius = ⟦-1, count = 3 }"),
            &["is -1"],
        ),
        bad(
            generator("{ kind = \"filament\", count = 10, length = 1e12, spacing = 1e-9, persistence = 1 }"),
            &["--max-memory"],
        )
        .impossible(),
        bad(generator("{ kind = \"points\", points = [⟦3] }"), &["a table { x, y, z"]),
        bad(generator("{ kind = \"points\", points = [⟦{ x = 1, y = 1 }] }"), &["`z`"]),
        bad(generator("{ kind = \"points\", points = [{ x = 1, y = 1, z = 1, ⟦q = 1 }] }"), &["unknown key"]),
        bad(sigma("1e13"), &["1e13 voxels wide", "1e-12 to 1e12"]),
        bad(light("amplitude = 1e39"), &["too bright", "f32", "precision"]),
        bad(light("amplitude = 1e308\n[render]\nprecision = \"f64\""), &["too bright", "f64"]),
        bad(light("photons = ⟦-1"), &["is -1", ">= 0 photons"]),
        bad(light("amplitude = -5\n[render]\nper_spot_floor = true"), &["per_spot_floor", "-5"]),
        bad(light("amplitude = ⟦[1, 2]"), &["an array of 2", "a number or a distribution"]),
        bad(light("amplitude = ⟦{}"), &["names no distribution", "uniform"]),
        bad(light("amplitude = { normal = [1, 1], ⟦uniform = [1, 2] }"), &[]).at_any(),
        bad(light("amplitude = { uniform = ⟦[2, 1] }"), &["2 is above 1"]),
        bad(light("amplitude = { uniform = ⟦[1] }"), &["[low, high]"]),
        bad(light("amplitude = { normal = [1, ⟦-1] }"), &["is -1", ">= 0"]),
        bad(light("amplitude = { choice = ⟦[] }"), &["an array of one number or more"]),
        bad(light("amplitude = ⟦{ normal = [0, 1], min = 5, max = 1 }"), &["leave no value to draw"]),
        bad(light("amplitude = ⟦{ normal = [0, 1], min = 50 }"), &["leave no value to draw"]),
        bad(light("amplitude = ⟦{ uniform = [1, 2], min = 3 }"), &["leave no value to draw"]),
        bad(light("amplitude = ⟦{ poisson = 1, min = 1.2, max = 1.8 }"), &["leave no value to draw"]),
        bad(light("amplitude = ⟦{ gamma = [1, 1], min = 500 }"), &["leave no value to draw"]),
        bad(light("amplitude = { lognormal = [700, 100] }"), &["no finite number", "`max`"]),
        bad(sigma("{ normal = [0, 1] }"), &["drew -", "truncate", "`min`"]),
        bad(sigma("⟦{ uniform = [-1, 1] }"), &["may draw values from -1 to 1"]),
        bad(sigma("⟦{ choice = [1, 0] }"), &["may draw 0"]),
        bad(render("tolerance = ⟦0"), &["1e-15 ..= 1"]),
        bad(render("tolerance = ⟦-1"), &["1e-15 ..= 1"]),
        bad(render("tolerance = ⟦2"), &["1e-15 ..= 1"]),
        bad(render("cutoff = ⟦0"), &["> 0", "sigma"]),
        bad(render("precision = ⟦\"f16\""), &["f32, f64"]),
        bad(render("per_spot_floor = ⟦1"), &["true or false"]),
        bad(output("dtype = ⟦\"int8\""), &["did you mean `uint8`?"]),
        bad(output("dtype = ⟦\"float16\""), &["float32"]),
        bad(output("compression = ⟦\"lz4\""), &["\"gzip\""]),
        bad(output("compression = { kind = \"gzip\", level = ⟦10 }"), &["1 ..= 9"]),
        bad(output("compression = { kind = \"none\", level = ⟦1 }"), &["no level"]),
        bad(output("chunk = ⟦0"), &["1 ..= 65536", "voxels"]),
        bad(output("chunk = ⟦100000"), &["1 ..= 65536"]),
        bad(format!("{}[output]\nchunk = ⟦1024\n", grid("shape = 2000")), &["at most 2 GiB"]),
    ]);
}

impl Case {
    /// The order of keys is no matter: either of two may be pointed at.
    fn at_any(self) -> Case {
        Case { place: None, words: vec!["names two distributions"], ..self }
    }
}

#[test]
fn paths() {
    let table = "{ kind = \"table\", path = ⟦\"t.csv\" }";
    judge_all(&[
        bad(generator(table), &["cannot read", "t.csv", "relative to the scene file"]).impossible(),
        bad(generator(table), &["not a regular file"])
            .impossible()
            .prepared(|dir| std::fs::create_dir(dir.join("t.csv")).expect("a directory")),
        bad(generator(table), &["not a regular file"]).impossible().prepared(|dir| pipe(&dir.join("t.csv"))),
        bad(generator("{ kind = \"table\", path = ⟦\"/etc/passwd\" }"), &["outside", "--allow-path /etc"]),
        bad(generator(table), &["outside", "--allow-path"])
            .prepared(|dir| std::os::unix::fs::symlink("/etc/passwd", dir.join("t.csv")).expect("a link")),
        bad(generator(&table.replace(MARK, "")), &["`y`", "foo"])
            .prepared(|dir| std::fs::write(dir.join("t.csv"), "x,y,z\n1,2,3\n1,foo,3\n").expect("a table"))
            .at("t.csv:3:3"),
        bad(generator(&table.replace(MARK, "")), &["not a number"])
            .prepared(|dir| std::fs::write(dir.join("t.csv"), "x,y,z\n1,\u{1b}[2J,3\n").expect("a table"))
            .at("t.csv:2:3"),
        bad(generator(table), &["binary"]).prepared(|dir| {
            std::fs::write(dir.join("t.csv"), [0_u8, 1, 2, 255, 254].repeat(999)).expect("a table")
        }),
        bad(generator(table), &["empty", "x,y,z"])
            .prepared(|dir| std::fs::write(dir.join("t.csv"), "").expect("a table")),
        bad(generator("{ kind = \"table\", path = ⟦\"a\\u0000b\" }"), &["control character"]),
        bad(output("path = ⟦\"/tmp/x.h5\""), &["without `..`", "-o"]),
        bad(output("path = ⟦\"../x.h5\""), &["without `..`"]),
        bad(output("path = ⟦\"a/../../x.h5\""), &["without `..`"]),
        bad(output("path = ⟦\"\""), &["without `..`"]),
        bad(output("path = ⟦\"\\u001b[2J.h5\""), &["control character"]),
        bad(output("path = \"link/x.h5\""), &["through a link", "-o"])
            .prepared(|dir| std::os::unix::fs::symlink("/tmp", dir.join("link")).expect("a link")),
        bad(output("path = \"no/x.h5\""), &["cannot write `no/x.h5`", "no directory `no`; create it"])
            .impossible(),
    ]);
}

#[test]
fn arguments() {
    let set = |argument: &str, column: usize, words: &[&'static str]| {
        call(&["--set", argument], words).at(&format!("--set:1:{column}"))
    };
    let shifted = bad(format!("[scene]\nname = \"x\"\n{GRID}{SPOTS}⟦amplitud = 3\n"), &["`amplitude`?"]);
    judge_all(&[
        set("foo", 1, &["no `=`", "dotted path"]),
        set("=3", 1, &["not a dotted path"]),
        set("spots.a.amplitud=3", 9, &["did you mean `amplitude`?"]),
        set("foo.bar=3", 1, &["`foo`", "allowed: scene"]),
        set("grid.shpe=3", 6, &["did you mean `shape`?"]),
        set("spots.b.amplitude=3", 1, &["the scene has no group `b`", "allowed: a"]),
        set("spots.a.amplitude=foo", 1, &["not a TOML value", "quotes"]),
        set(
            "spots.a.amplitude=99999999999999999999",
            19,
            &["too large for a whole number", "9223372036854775807"],
        ),
        set("spots.a.amplitude=\"x\"", 19, &["is the text \"x\""]),
        set("spots.a.profile.sigma=-1", 23, &["is -1", "> 0"]),
        set("spots.a.amplitude.x=1", 1, &["not a table"]),
        set("spots.a.amplitude=\"\\u001b[2J\"", 19, &["a number"]),
        set("\u{1b}[2J=1", 1, &["not a dotted path"]),
        shifted.with(&["--seed", "3", "--set", "grid.voxel_size=2"]),
        call(&["--seed", "-1"], &["--seed"]),
        call(&["--seed", "9223372036854775808"], &["--seed", "9223372036854775807"]),
        call(&["--region", "x"], &["--region", "x=0:64"]),
        call(&["--region", "x=0:17"], &["0:16"]),
        call(&["--region", "x=3:1"], &["from < to"]),
        call(&["--region", "w=0:1"], &["no axis `w`"]),
        call(&["--region", "\u{1b}[2J=0:1"], &["no axis"]),
        call(&["--max-memory", "1B"], &["1 B", "--max-memory"]).impossible(),
        call(&["--max-memory", "25MiB"], &["25.0 MiB", "--max-memory"]).impossible(),
        call(&["--max-memory", "lots"], &["B, KiB, MiB or GiB"]),
        call(&["--threads", "0"], &["--threads"]),
        call(&["-o", "no/such/x.h5"], &["cannot write `no/such/x.h5`", "no directory `no/such`; create it"])
            .impossible(),
        call(&["-o", "no/such/"], &["cannot write", "no directory `no/such`"]).impossible(),
        call(&["-o", "s.toml/x.h5"], &["cannot write"]).impossible(),
        call(&["-o", "/proc/x.h5"], &["/proc/x.h5"]).impossible(),
        call(&["-o", "e.h5"], &["already exists", "--force"])
            .impossible()
            .prepared(|dir| std::fs::write(dir.join("e.h5"), "").expect("a file")),
        call(&["-o", "f.h5", "--force"], &["not a regular file"]).prepared(|dir| pipe(&dir.join("f.h5"))),
        call(&["-o", "s.toml", "--force"], &["`s.toml` is a file that the scene reads"]),
        call(&["nosuch.toml"], &["cannot read `nosuch.toml`"]).impossible(),
        call(&["t.toml"], &["not a regular file"]).impossible().prepared(|dir| pipe(&dir.join("t.toml"))),
        call(&["."], &["not a regular file"]).impossible(),
        call(&["--nonsense"], &["--nonsense"]),
        bad(generator("{ kind = \"table\", path = \"t.csv\" }"), &["`t.csv` is a file that the scene reads"])
            .with(&["-o", "t.csv", "--force"])
            .prepared(|dir| std::fs::write(dir.join("t.csv"), "x,y,z,sigma\n1,2,3,1\n").expect("a table")),
        bad(grid("shape = { x = 4, y = 4 }"), &["no axis `z`"]).with(&["--region", "z=0:1"]),
    ]);
}

/// Extremes that are no mistakes.
#[test]
fn odd_but_good() {
    let good = [
        sigma("1e-9"),
        sigma("1e9"),
        light("amplitude = -0.0"),
        light("photons = 0"),
        generator("{ kind = \"points\", points = [] }"),
        generator("{ kind = \"points\", points = [{ x = 1e300, y = 0, z = 0 }] }"),
        format!("{GRID}{}", SPOTS.replace("spots.a", "spots.\"a/b 'c' \\\"d\\\" ü\u{202e}\"")),
        format!("{GRID}{}", SPOTS.replace("spots.a", &format!("spots.{}", "x".repeat(70_000)))),
        format!("{GRID}{}", SPOTS.replace("spots.a", "spots.\"\"")),
        format!("\u{feff}{GRID}{SPOTS}"),
        output("chunk = 65536"),
        grid("shape = 1"),
    ];
    good.par_iter().for_each(|scene| {
        let bench = Bench::new();
        bench.write("s.toml", scene);
        for arguments in [&["run", "s.toml"][..], &["verify", "s.h5"], &["info", "s.h5"]] {
            let outcome = bench.run(arguments);
            assert_eq!(outcome.code, Some(0), "{arguments:?} {:.300}: {:.600}", scene, outcome.err);
        }
    });
}

/// A spot a billion voxels wide lights every voxel with its amplitude.
#[test]
fn the_widest_spot_is_flat() {
    let bench = Bench::new();
    bench.write("s.toml", sigma("1e9"));
    let outcome = bench.run(&["run", "s.toml"]);
    assert!(!outcome.err.contains("no light"), "{}", outcome.err);
    let volume = hdf5::File::open(bench.path("s.h5")).unwrap().dataset("volume").unwrap();
    let voxels: Vec<f32> = volume.read_raw().unwrap();
    assert!(voxels.iter().all(|v| (v - 30.0).abs() < 1e-3), "{:?}", &voxels[..3]);
}
