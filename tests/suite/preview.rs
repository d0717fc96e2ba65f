//! `preview`: the real binary's pictures, against projections of the volume that the hdf5 crate reads.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Output};

use ndarray::{Array2, Array3, Axis};
use serde_json::Value as Json;
use tempfile::{TempDir, tempdir};

const SPOTS: &str = "
[spots.beads]
generator = { kind = \"uniform\", count = 12 }
profile = { kind = \"gaussian\", sigma = 1.5 }
amplitude = { uniform = [20, 100] }
";

fn blobscene(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_blobscene")).args(arguments).current_dir(dir).output().unwrap()
}

/// Runs it and returns what it says on standard error.
fn run(dir: &Path, arguments: &[&str], code: i32) -> String {
    let output = blobscene(dir, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty());
    said
}

/// A directory with `a.toml` and, rendered from it, `a.h5`.
fn rendered(grid: &str, rest: &str) -> TempDir {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("a.toml"), format!("[grid]\n{grid}\n{rest}")).unwrap();
    run(dir.path(), &["run", "a.toml", "-o", "a.h5"], 0);
    dir
}

/// A decoded picture.
struct Picture {
    width: usize,
    depth: usize,
    pixels: Vec<u8>,
    facts: Json,
}

impl Picture {
    fn read(path: &Path) -> Picture {
        let decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let info = reader.info();
        let text = &info.uncompressed_latin1_text[0];
        assert_eq!(text.keyword, "blobscene");
        Picture {
            width: info.width as usize,
            depth: info.bytes_per_pixel(),
            facts: serde_json::from_str(&text.text).unwrap(),
            pixels,
        }
    }

    fn of(dir: &TempDir, arguments: &[&str]) -> Picture {
        let arguments = [&["preview", "--force", "-o", "out.png"], arguments].concat();
        run(dir.path(), &arguments, 0);
        Picture::read(&dir.path().join("out.png"))
    }

    fn pixel(&self, x: usize, y: usize) -> &[u8] {
        &self.pixels[(y * self.width + x) * self.depth..][..self.depth]
    }

    fn panel(&self, name: &str) -> Option<Rect> {
        let panels = self.facts["panels"].as_array().unwrap();
        panels.iter().find(|panel| panel["name"] == name).map(rect)
    }

    /// The grey levels of a panel, rows first.
    fn grey(&self, name: &str) -> Array2<u8> {
        let rect = self.panel(name).unwrap();
        Array2::from_shape_fn((rect.height, rect.width), |(y, x)| self.pixel(rect.left + x, rect.top + y)[0])
    }

    fn number(&self, key: &str) -> f64 {
        self.facts[key].as_f64().unwrap()
    }

    fn voxels_per_pixel(&self, axis: &str) -> f64 {
        self.facts["voxels_per_pixel"][axis].as_f64().unwrap()
    }
}

#[derive(Debug, Clone, Copy)]
struct Rect {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

fn rect(facts: &Json) -> Rect {
    let number = |key: &str| facts[key].as_u64().unwrap() as usize;
    Rect { left: number("left"), top: number("top"), width: number("width"), height: number("height") }
}

/// The volume, axes z y x; a plane has one slice.
fn volume(dir: &TempDir) -> Array3<f64> {
    let volume = hdf5::File::open(dir.path().join("a.h5")).unwrap().dataset("volume").unwrap();
    match volume.ndim() {
        2 => volume.read_2d::<f64>().unwrap().insert_axis(Axis(0)),
        _ => volume.read::<f64, ndarray::Ix3>().unwrap(),
    }
}

/// The projections by their names, as NumPy's `volume.max(axis)`; rows first.
fn projections(volume: &Array3<f64>) -> [(&'static str, Array2<f64>); 3] {
    let highest = |axis: usize| volume.map_axis(Axis(axis), |line| line.fold(f64::MIN, |a, &b| a.max(b)));
    [("xy", highest(0)), ("zy", highest(2).reversed_axes()), ("xz", highest(1))]
}

/// What a panel should show of a projection that is enlarged by whole numbers.
fn enlarged(projection: &Array2<f64>, zoom: (usize, usize), (low, high): (f64, f64)) -> Array2<u8> {
    let (rows, columns) = projection.dim();
    Array2::from_shape_fn((rows * zoom.0, columns * zoom.1), |(y, x)| {
        let value = projection[[y / zoom.0, x / zoom.1]];
        if high > low { (255.0 * (value - low) / (high - low)).round_ties_even() as u8 } else { 0 }
    })
}

/// All three panels, pixel for pixel; `deep` pixels stand for a voxel along z where `zoom` do along x and y.
fn assert_shows(picture: &Picture, volume: &Array3<f64>, zoom: usize, deep: usize) {
    assert_eq!(picture.number("zoom"), zoom as f64);
    let projections = projections(volume);
    let all = || projections.iter().flat_map(|(_, projection)| projection.iter().copied());
    let range = (all().fold(0.0, f64::min), all().fold(0.0, f64::max));
    assert_eq!((picture.number("low"), picture.number("high")), range);
    for (name, projection) in &projections {
        let (projection, zooms) = match *name {
            "zy" => (projection.clone(), (zoom, deep)),
            "xz" => (projection.clone(), (deep, zoom)),
            _ => (projection.clone(), (zoom, zoom)),
        };
        let expected = enlarged(&projection, zooms, range);
        assert_eq!(picture.grey(name), expected, "{name}");
    }
}

#[test]
fn a_panel_is_the_maximum_projection_pixel_for_pixel() {
    for dtype in ["float32", "float64", "uint8", "uint16", "uint32"] {
        // Chunks that do not divide the shape.
        let output = format!("[output]\ndtype = \"{dtype}\"\nchunk = {{ x = 32, y = 17, z = 9 }}\n");
        let dir = rendered("shape = { x = 90, y = 70, z = 40 }", &(SPOTS.to_string() + &output));
        let picture = Picture::of(&dir, &["a.h5"]);
        assert_eq!(picture.depth, 1);
        assert_shows(&picture, &volume(&dir), 4, 4);
        assert!(picture.grey("xy").iter().any(|&grey| grey == 255));
    }
}

#[test]
fn a_scene_looks_as_its_file_byte_for_byte() {
    let distractors = "[spots.dust]\ngenerator = { kind = \"uniform\", count = 5 }\ntruth = false\n\
        profile = { kind = \"ball\", radius = 3 }\namplitude = -7\n";
    let grids = [
        "shape = { x = 130, y = 70, z = 80 }",
        "shape = { x = 130, y = 70, z = 20 }\nvoxel_size = { x = 0.1, y = 0.13, z = 0.3 }\norigin = \"centre\"",
        "shape = { x = 2500, y = 300, z = 65 }",
        "shape = { x = 400, y = 300 }",
    ];
    for grid in grids {
        for dtype in ["float32", "uint8"] {
            let output = format!("{distractors}[output]\ndtype = \"{dtype}\"\nchunk = 50\n");
            let dir = rendered(grid, &(SPOTS.to_string() + &output));
            for option in [&[][..], &["--spots"]] {
                let [scene, file] = ["a.toml", "a.h5"].map(|input| {
                    let target = format!("{input}.png");
                    run(dir.path(), &[&["preview", input, "--force", "-o", &target], option].concat(), 0);
                    fs::read(dir.path().join(target)).unwrap()
                });
                assert!(scene == file, "{grid} {dtype} {option:?}");
            }
        }
    }
}

#[test]
fn a_region_of_a_scene_looks_as_its_file() {
    let dir = rendered("shape = 64\nvoxel_size = { x = 1, y = 1, z = 1 }", SPOTS);
    let region = ["--region", "x=10:50,z=3:40", "--seed", "7", "--set", "grid.voxel_size.z=2"];
    run(dir.path(), &[&["run", "a.toml", "-o", "a.h5", "--force"][..], &region].concat(), 0);
    run(dir.path(), &[&["preview", "a.toml", "--spots", "-o", "s.png"][..], &region].concat(), 0);
    run(dir.path(), &["preview", "a.h5", "--spots", "-o", "f.png"], 0);
    assert!(fs::read(dir.path().join("s.png")).unwrap() == fs::read(dir.path().join("f.png")).unwrap());
}

#[test]
fn neither_threads_nor_memory_change_the_picture() {
    let dir = rendered("shape = { x = 300, y = 200, z = 100 }", SPOTS);
    let first = Picture::of(&dir, &["a.toml", "--threads", "1"]);
    for options in [["--threads", "5"], ["--max-memory", "96MiB"]] {
        for input in ["a.toml", "a.h5"] {
            assert!(Picture::of(&dir, &[&[input][..], &options].concat()).pixels == first.pixels);
        }
    }
}

#[test]
fn the_darkest_of_negative_light_is_black() {
    let spots = "[spots.a]\ngenerator = { kind = \"points\", points = [{ x = 5, y = 5, z = 5 }] }\n\
        profile = { kind = \"ball\", radius = 100 }\namplitude = -4\n\
        [spots.b]\ngenerator = { kind = \"points\", points = [{ x = 5, y = 5, z = 5 }] }\n\
        profile = { kind = \"ball\", radius = 3 }\namplitude = 10\n";
    let dir = rendered("shape = 20", spots);
    let picture = Picture::of(&dir, &["a.h5"]);
    assert_eq!((picture.number("low"), picture.number("high")), (-4.0, 6.0));
    assert_shows(&picture, &volume(&dir), 13, 13);
}

#[test]
fn deep_voxels_are_deep_pixels() {
    let grid = "shape = { x = 60, y = 50, z = 30 }\nvoxel_size = { x = 0.1, y = 0.1, z = 0.3 }";
    let dir = rendered(grid, &SPOTS.replace("1.5", "0.3"));
    assert_shows(&Picture::of(&dir, &["a.h5"]), &volume(&dir), 4, 12);
    // Voxels that are no multiple of each other: within a pixel.
    let grid = "shape = { x = 61, y = 50, z = 37 }\nvoxel_size = { x = 0.107, y = 0.2, z = 0.313 }";
    let dir = rendered(grid, &SPOTS.replace("1.5", "0.3"));
    let picture = Picture::of(&dir, &["a.h5"]);
    let pixel = picture.number("pixel_size");
    let sides =
        [("xy", 61.0 * 0.107, 50.0 * 0.2), ("zy", 37.0 * 0.313, 10.0), ("xz", 61.0 * 0.107, 37.0 * 0.313)];
    let volume = volume(&dir);
    let high = volume.iter().copied().fold(0.0, f64::max);
    for (name, wide, high_side) in sides {
        let rect = picture.panel(name).unwrap();
        assert!((rect.width as f64 * pixel - wide).abs() <= pixel, "{name}");
        assert!((rect.height as f64 * pixel - high_side).abs() <= pixel, "{name}");
    }
    for (name, projection) in projections(&volume) {
        let (right, down) = (&name[..1], &name[1..]);
        let (right, down) = (picture.voxels_per_pixel(right), picture.voxels_per_pixel(down));
        for ((y, x), &grey) in picture.grey(name).indexed_iter() {
            let voxel = |pixel: usize, scale: f64| ((pixel as f64 + 0.5) * scale) as usize;
            let value = projection[[voxel(y, down), voxel(x, right)]];
            assert_eq!(grey, (255.0 * value / high).round_ties_even() as u8, "{name} {y} {x}");
        }
    }
}

#[test]
fn large_volumes_are_pooled_and_no_maximum_is_lost() {
    let grid = "shape = { x = 5000, y = 40, z = 33 }\nvoxel_size = { x = 1, y = 1, z = 1.7 }";
    let dir = rendered(grid, SPOTS);
    let picture = Picture::of(&dir, &["a.h5"]);
    assert_eq!(picture.number("pooling"), 3.0);
    let volume = volume(&dir);
    let high = volume.iter().copied().fold(0.0, f64::max);
    for (name, projection) in projections(&volume) {
        let (right, down) = (picture.voxels_per_pixel(&name[..1]), picture.voxels_per_pixel(&name[1..]));
        let shown = picture.grey(name);
        assert!(shown.dim().0 <= 2048 && shown.dim().1 <= 2048);
        let mut pooled = Array2::<f64>::zeros(shown.dim());
        for ((y, x), &value) in projection.indexed_iter() {
            let pixel = &mut pooled[[(y as f64 / down) as usize, (x as f64 / right) as usize]];
            *pixel = pixel.max(value);
        }
        assert_eq!(shown, pooled.mapv(|value| (255.0 * value / high).round_ties_even() as u8), "{name}");
    }
}

#[test]
fn grids_far_larger_than_memory_are_shown() {
    let dir = tempdir().unwrap();
    let spots = SPOTS.replace("uniform\", count = 12", "uniform\", count = 30");
    for shape in
        ["x = 1000000, y = 20, z = 10", "x = 3, y = 2, z = 1000000", "x = 100000, y = 1000, z = 1000"]
    {
        fs::write(dir.path().join("a.toml"), format!("[grid]\nshape = {{ {shape} }}\n{spots}")).unwrap();
        let picture = Picture::of(&dir, &["a.toml", "--max-memory", "512MiB"]);
        assert!(picture.width < 4200 && picture.grey("xy").iter().any(|&grey| grey == 255));
    }
}

#[test]
fn every_true_spot_is_marked_where_it_is() {
    let spots = "[spots.a]\ngenerator = { kind = \"points\", points = [{ x = 10.4, y = 20, z = 7.6 },\
        { x = 39.4, y = 0, z = 12 }, { x = 39.6, y = 5, z = 5 }] }\n\
        profile = { kind = \"gaussian\", sigma = 1 }\namplitude = 1\n\
        [spots.b]\ngenerator = { kind = \"points\", points = [{ x = 30, y = 9, z = 3 }] }\ntruth = false\n\
        profile = { kind = \"gaussian\", sigma = 1 }\namplitude = 1\n";
    let dir = rendered("shape = { x = 40, y = 40, z = 16 }", spots);
    let (plain, marked) = (Picture::of(&dir, &["a.h5"]), Picture::of(&dir, &["a.h5", "--spots"]));
    assert_eq!((plain.depth, marked.depth), (1, 3));
    let marks = &marked.facts["marks"];
    assert_eq!(marks["count"], 3, "one spot lies outside");
    assert_eq!(marks["radius"]["xy"], marks["radius"]["zy"]);
    let radius = marks["radius"]["xy"].as_u64().unwrap() as isize;
    let zoom = marked.number("zoom");
    let seen = [([10.4, 20.0, 7.6], "truth"), ([39.4, 0.0, 12.0], "truth"), ([30.0, 9.0, 3.0], "distractor")];
    let mut expected = 0;
    for (name, right, down) in [("xy", 0, 1), ("zy", 2, 1), ("xz", 0, 2)] {
        let rect = marked.panel(name).unwrap();
        let mut wanted = Vec::new();
        for (centre, kind) in seen {
            let at = [right, down].map(|a| ((centre[a] + 0.5) * zoom).floor() as isize);
            for (dx, dy) in [(radius, 0), (-radius, 0), (0, radius), (0, -radius)] {
                let (x, y) = (at[0] + dx, at[1] + dy);
                if (0..rect.width as isize).contains(&x) && (0..rect.height as isize).contains(&y) {
                    let (x, y) = (rect.left + x as usize, rect.top + y as usize);
                    let colour: Vec<u8> = serde_json::from_value(marks[kind].clone()).unwrap();
                    assert_eq!(marked.pixel(x, y), colour, "{name} {centre:?}");
                    expected += 1;
                }
            }
            wanted.push(at);
        }
        // Nothing else is coloured, and what is not coloured is as without marks.
        for y in 0..rect.height {
            for x in 0..rect.width {
                let near = wanted.iter().any(|at| {
                    let d = (at[0] - x as isize, at[1] - y as isize);
                    (1 - radius..=radius).contains(&(d.0 * d.0 + d.1 * d.1 - radius * radius))
                });
                let (x, y) = (rect.left + x, rect.top + y);
                assert_eq!(marked.pixel(x, y) != [plain.pixel(x, y)[0]; 3], near, "{name} {x} {y}");
            }
        }
    }
    assert!(expected >= 30);
}

#[test]
fn the_scale_bar_is_as_long_as_it_says() {
    let grids = [
        ("shape = 50\nvoxel_size = 0.13", " um"),
        ("shape = { x = 200, y = 100, z = 5 }\nunit = \"px\"", " px"),
        (
            "shape = { x = 3000, y = 100, z = 500 }\nunit = \"nm\"\nvoxel_size = { x = 65, y = 65, z = 200 }",
            " nm",
        ),
        ("shape = { x = 300, y = 200 }\nunit = \"mm\"\nvoxel_size = 1e-7", " mm"),
        ("shape = 1", " um"),
    ];
    for (grid, unit) in grids {
        let dir = rendered(grid, SPOTS);
        let picture = Picture::of(&dir, &["a.h5"]);
        let bar = &picture.facts["scale_bar"];
        let (length, label) = (bar["length"].as_f64().unwrap(), bar["label"].as_str().unwrap());
        assert_eq!(label.strip_suffix(unit).unwrap().parse::<f64>().unwrap(), length);
        let rect = rect(bar);
        assert!((rect.width as f64 - length / picture.number("pixel_size")).abs() <= 1.0, "{grid}");
        let white = |x: usize| picture.pixel(x, rect.top) == [255];
        assert!((rect.left..rect.left + rect.width).all(white));
        assert!(!white(rect.left - 1) && !white(rect.left + rect.width));
        // Neither bar nor panels lie on each other.
        for panel in picture.facts["panels"].as_array().unwrap().iter().map(self::rect) {
            let beside = rect.left >= panel.left + panel.width || rect.top >= panel.top + panel.height;
            assert!(beside, "{grid}");
        }
    }
}

#[test]
fn a_plane_is_one_panel() {
    let dir = rendered("shape = { x = 150, y = 100 }", SPOTS);
    let picture = Picture::of(&dir, &["a.h5"]);
    assert_eq!(picture.facts["panels"].as_array().unwrap().len(), 1);
    let volume = volume(&dir);
    let high = volume.iter().copied().fold(0.0, f64::max);
    let expected = enlarged(&volume.index_axis(Axis(0), 0).to_owned(), (4, 4), (0.0, high));
    assert_eq!(picture.grey("xy"), expected);
}

#[test]
fn an_empty_volume_is_black() {
    let dir = rendered("shape = 20", &SPOTS.replace("12", "0"));
    for input in ["a.h5", "a.toml"] {
        let picture = Picture::of(&dir, &[input, "--spots"]);
        assert_eq!((picture.number("low"), picture.number("high")), (0.0, 0.0));
        for name in ["xy", "zy", "xz"] {
            assert!(picture.grey(name).iter().all(|&grey| grey == 0));
        }
    }
}

#[test]
fn nothing_is_overwritten_unasked() {
    let dir = rendered("shape = 20", SPOTS);
    run(dir.path(), &["preview", "a.h5"], 0);
    let first = fs::read(dir.path().join("a.png")).unwrap();
    fs::write(dir.path().join("a.png"), "precious").unwrap();
    assert!(run(dir.path(), &["preview", "a.h5"], 1).contains("--force"));
    assert!(run(dir.path(), &["preview", "a.toml"], 1).contains("--force"));
    assert_eq!(fs::read(dir.path().join("a.png")).unwrap(), b"precious");
    run(dir.path(), &["preview", "a.h5", "--force"], 0);
    assert!(fs::read(dir.path().join("a.png")).unwrap() == first);
    for input in ["a.h5", "a.toml"] {
        assert!(run(dir.path(), &["preview", input, "-o", input, "--force"], 2).contains("reads"));
    }
    let mut names: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.h5", "a.png", "a.toml"]);
}

#[test]
fn what_cannot_be_shown_gets_one_clear_message() {
    let dir = rendered("shape = 20", SPOTS);
    for option in [["--set", "scene.seed=1"], ["--seed", "1"], ["--region", "x=0:2"], ["--allow-path", "/"]] {
        let said = run(dir.path(), &["preview", "a.h5", option[0], option[1]], 2);
        assert!(said.contains(option[0]), "{said}");
    }
    assert!(run(dir.path(), &["preview", "none.h5"], 1).contains("cannot read `none.h5`"));
    let said = run(dir.path(), &["preview", "a.h5", "-o", "none/a.png"], 1);
    assert!(said.contains("cannot write `none/a.png`: there is no directory `none`"), "{said}");
    assert!(run(dir.path(), &["preview", "a.h5", "-o", "."], 2).contains("directory"));
    assert!(run(dir.path(), &["preview", "a.h5", "--max-memory", "1KiB"], 1).contains("--max-memory"));
    fs::write(dir.path().join("bad.toml"), "[grid]\nshape = -1\n").unwrap();
    assert!(run(dir.path(), &["preview", "bad.toml"], 2).contains("bad.toml:2"));
    for (contents, why) in [(&b""[..], "it is empty"), (b"\x7f\xfe\x00\x81", "it is not text")] {
        fs::write(dir.path().join("strange.h5"), contents).unwrap();
        let said = run(dir.path(), &["preview", "strange.h5"], 2);
        assert!(said.contains("`strange.h5` is neither a volume file nor a scene"), "{said}");
        assert!(said.contains(why), "{said}");
    }
    // Another program's HDF5 file, and what is left of one of ours.
    hdf5::File::create(dir.path().join("other.h5")).unwrap();
    let whole = fs::read(dir.path().join("a.h5")).unwrap();
    fs::write(dir.path().join("cut.h5"), &whole[..whole.len() / 2]).unwrap();
    for name in ["other.h5", "cut.h5"] {
        assert!(run(dir.path(), &["preview", name], 1).contains("is not a volume file"), "{name}");
    }
}
