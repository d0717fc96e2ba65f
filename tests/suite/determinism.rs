//! The same scene makes the same bytes, whatever machine and options it is made with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::brute_force::run::{Place, Volume, blobscene, succeeded};

const SCENE: &str = r#"
[scene]
seed = 11
[grid]
shape = { x = 150, y = 100, z = 70 }
voxel_size = { x = 0.1, y = 0.1, z = 0.3 }
[spots.many]
generator = { kind = "uniform", count = 3000 }
profile = { kind = "gaussian", sigma = { x = { uniform = [0.1, 0.3] }, y = 0.2, z = 0.5 } }
photons = { lognormal = [6, 1] }
[spots.balls]
generator = { kind = "cluster", clusters = 5, per_cluster = { poisson = 20 }, radius = 1.0 }
profile = { kind = "ball", radius = { x = 0.5, y = 0.7, z = 0.9 }, edge = 0.2 }
amplitude = { normal = [10, 20] }
[spots.listed]
generator = { kind = "table", path = "data/spots.csv" }
profile = { kind = "gaussian", sigma = 0.25, sampling = "point" }
"#;

const TABLE: &str = "x,y,z,amplitude,quality\n2,3,4,50,1\n7.25,4.5,9,-20,2\n1,9,20,5,3\n";

fn place(scene: &str) -> (Place, PathBuf) {
    let place = Place::new();
    place.write("in/data/spots.csv", TABLE);
    let scene = place.write("in/scene.toml", scene);
    (place, scene)
}

fn bytes(directory: &Path, scene: &Path, out: &Path, args: &[&str], env: &[(&str, &str)]) -> Vec<u8> {
    let output =
        blobscene(directory, env).args(["run", "-q", "-o"]).args([out, scene]).args(args).output().unwrap();
    succeeded(&output, "");
    std::fs::read(out).unwrap()
}

#[test]
fn threads_instructions_names_places_and_times_leave_no_trace() {
    for extra in
        ["", "[output]\ndtype = \"uint16\"\ncompression = \"zstd\"\n", "[render]\nprecision = \"f64\"\n"]
    {
        let (place, scene) = place(&(SCENE.to_string() + extra));
        let here = place.path();
        let first = bytes(here, &scene, &here.join("first.h5"), &["--threads", "2"], &[]);
        std::thread::sleep(Duration::from_millis(1100));
        let mut runs: Vec<(&str, Vec<u8>)> = Vec::new();
        for threads in ["1", "2", "5"] {
            let out = here.join(format!("threads{threads}.h5"));
            runs.push(("threads", bytes(here, &scene, &out, &["--threads", threads], &[])));
        }
        for simd in ["portable", "avx2", "avx512"] {
            let out = here.join(format!("{simd}.h5"));
            runs.push(("instructions", bytes(here, &scene, &out, &[], &[("BLOBSCENE_SIMD", simd)])));
        }
        std::fs::create_dir(here.join("elsewhere")).unwrap();
        let elsewhere = here.join("elsewhere");
        let relative = Path::new("../in/scene.toml");
        runs.push(("directory", bytes(&elsewhere, relative, &elsewhere.join("another name.h5"), &[], &[])));
        runs.push((
            "its own directory",
            bytes(&here.join("in"), Path::new("scene.toml"), &here.join("c.h5"), &[], &[]),
        ));
        runs.push((
            "language",
            bytes(
                here,
                &scene,
                &here.join("l.h5"),
                &[],
                &[("LC_ALL", "tr_TR.UTF-8"), ("TZ", "Asia/Tokyo"), ("HOME", "/nowhere")],
            ),
        ));
        for memory in ["80MiB", "2GiB"] {
            let out = here.join(format!("{memory}.h5"));
            runs.push((
                "memory",
                bytes(here, &scene, &out, &["--max-memory", memory, "--threads", "1"], &[]),
            ));
        }
        // A copy of the scene's whole tree at another place.
        let (copy, moved) = self::place(&(SCENE.to_string() + extra));
        runs.push(("another place", bytes(copy.path(), &moved, &copy.path().join("first.h5"), &[], &[])));
        for (what, run) in runs {
            let differing = run.iter().zip(&first).position(|(a, b)| a != b);
            assert!(run == first, "{what}: {} and {} bytes, first {differing:?}", run.len(), first.len());
        }
        let text = String::from_utf8_lossy(&first);
        for trace in [here.to_str().unwrap(), "/tmp", "scene.toml/"] {
            assert!(!text.contains(trace), "the file holds {trace}");
        }
    }
}

/// The definition in the page about the file, on what the file holds.
fn hash(path: &Path) -> String {
    let volume = hdf5::File::open(path).unwrap().dataset("volume").unwrap();
    let size = volume.dtype().unwrap().size();
    let mut shape = volume.shape();
    let bytes: Vec<u8> = match size {
        1 => volume.read_raw::<u8>().unwrap(),
        2 => volume.read_raw::<u16>().unwrap().into_iter().flat_map(u16::to_le_bytes).collect(),
        4 if volume.dtype().unwrap().is::<f32>() => {
            volume.read_raw::<f32>().unwrap().into_iter().flat_map(f32::to_le_bytes).collect()
        }
        4 => volume.read_raw::<u32>().unwrap().into_iter().flat_map(u32::to_le_bytes).collect(),
        _ => volume.read_raw::<f64>().unwrap().into_iter().flat_map(f64::to_le_bytes).collect(),
    };
    if shape.len() == 2 {
        shape.insert(0, 1);
    }
    let mut all = blake3::Hasher::new();
    for z in (0..shape[0]).step_by(64) {
        for y in (0..shape[1]).step_by(64) {
            for x in (0..shape[2]).step_by(64) {
                let mut block = Vec::new();
                for z in z..(z + 64).min(shape[0]) {
                    for y in y..(y + 64).min(shape[1]) {
                        let row = (z * shape[1] + y) * shape[2];
                        let end = (x + 64).min(shape[2]);
                        block.extend_from_slice(&bytes[(row + x) * size..(row + end) * size]);
                    }
                }
                all.update(blake3::hash(&block).as_bytes());
            }
        }
    }
    all.finalize().to_hex().to_string()
}

#[test]
fn chunks_change_no_voxel_and_no_hash() {
    for dtype in ["float32", "float64", "uint8", "uint16", "uint32"] {
        let mut first: Option<Volume> = None;
        let chunks = [
            "chunk = 64",
            "chunk = { x = 32, y = 16, z = 8 }",
            "chunk = 50\ncompression = \"none\"",
            "chunk = { x = 7, y = 11, z = 13 }",
            "chunk = { x = 150, y = 100, z = 70 }",
            // One piece.
            "compression = \"none\"",
        ];
        for (i, chunk) in chunks.into_iter().enumerate() {
            let (place, scene) = place(&format!("{SCENE}\n[output]\ndtype = \"{dtype}\"\n{chunk}\n"));
            let out = place.path().join("out.h5");
            // Little memory makes blocks too small for whole blocks of the hash.
            for memory in [if i == 4 { "300MiB" } else { "110MiB" }, "2GiB"] {
                bytes(
                    place.path(),
                    &scene,
                    &out,
                    &["--force", "--max-memory", memory, "--threads", "1"],
                    &[],
                );
                let file = Volume::read(&out);
                assert_eq!(file.blake3, hash(&out), "{dtype} {chunk} {memory}");
                let first = first.get_or_insert_with(|| Volume::read(&out));
                assert_eq!(file.blake3, first.blake3, "{dtype} {chunk} {memory}");
                assert!(file.voxels.iter().zip(&first.voxels).all(|(a, b)| a.to_bits() == b.to_bits()));
                assert_eq!(file.max_rounding_error, first.max_rounding_error);
                assert_eq!(file.max_abs_error, first.max_abs_error);
            }
        }
    }
}

#[test]
fn parts_and_planes_have_their_own_hash() {
    let (place, scene) = place(SCENE);
    let out = place.path().join("out.h5");
    bytes(place.path(), &scene, &out, &["--region", "x=3:140,y=65:70,z=1:66"], &[]);
    assert_eq!(Volume::read(&out).blake3, hash(&out));
    let (place, scene) = self::place(&SCENE.replace(", z = 70", "").replace(", z = 0.3", ""));
    let out = place.path().join("out.h5");
    bytes(place.path(), &scene, &out, &[], &[]);
    assert_eq!(Volume::read(&out).blake3, hash(&out));
}

#[test]
fn a_volume_in_one_piece_is_the_same_however_it_is_written() {
    for scene in [SCENE.to_string(), SCENE.replace(", z = 70", "").replace(", z = 0.3", "")] {
        let (place, scene) = place(&format!("{scene}\n[output]\ncompression = \"none\"\n"));
        let out = place.path().join("out.h5");
        let render = |threads, memory| {
            let options = ["--force", "--threads", threads, "--max-memory", memory];
            bytes(place.path(), &scene, &out, &options, &[])
        };
        let first = render("1", "2GiB");
        assert!(first == render("3", "2GiB") && first == render("2", "110MiB"));
        let volume = hdf5::File::open(&out).unwrap().dataset("volume").unwrap();
        assert!(volume.offset().is_some() && !volume.is_chunked());
    }
}

#[test]
fn dark_chunks_are_not_stored() {
    let text = "[grid]\nshape = 128\n[output]\nchunk = 16\n[spots.a]\namplitude = 9\n\
        generator = { kind = \"points\", points = [{ x = 30, y = 40, z = 50 }, { x = 100, y = 8, z = 8 }] }\n\
        profile = { kind = \"gaussian\", sigma = 1.5 }\n";
    for dtype in ["float32", "uint8"] {
        let place = Place::new();
        let out = place.file(
            &format!("{text}[output2]\n").replace("[output2]\n", ""),
            &["--set", &format!("output.dtype=\"{dtype}\"")],
        );
        let file = Volume::read(&out);
        let mut lit = std::collections::BTreeSet::new();
        for (i, value) in file.voxels.iter().enumerate() {
            if *value != 0.0 {
                lit.insert([i / 16384 / 16, i / 128 % 128 / 16, i % 128 / 16]);
            }
        }
        let volume = hdf5::File::open(&out).unwrap().dataset("volume").unwrap();
        assert_eq!(volume.num_chunks(), Some(lit.len()));
        for i in 0..lit.len() {
            let offset = volume.chunk_info(i).unwrap().offset;
            assert!(lit.contains(&[0, 1, 2].map(|a| offset[a] as usize / 16)));
        }
        assert!(lit.len() < 40);
    }
}
