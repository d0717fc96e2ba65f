//! Every scene that comes with the program runs, and says what is new in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn scenes() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let mut scenes: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    scenes.sort();
    scenes
}

fn run(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_blobscene"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_scene_renders_and_verifies() {
    let scenes = scenes();
    assert!(scenes.len() >= 18);
    // Scripts lie beside the folder of the scenes, so that these run from the folder above both.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for scene in scenes.iter().filter(|scene| !scene.ends_with("big.toml")) {
        let directory = tempfile::tempdir().unwrap();
        let scene_path = scene.to_str().unwrap();
        run(root, &["check", scene_path]);
        let name = scene.file_stem().unwrap().to_str().unwrap();
        let file = format!("{name}.h5");
        run(root, &["run", "-o", directory.path().join(&file).to_str().unwrap(), scene_path]);
        run(directory.path(), &["verify", &file]);
        run(directory.path(), &["extract", &file, "-C", "out"]);
        let text = fs::read_to_string(scene).unwrap();
        assert!(text.starts_with('#'), "{scene_path} does not say what it shows");
    }
}

/// The large scene, whole, in a fraction of its size, and a part of it with the same bits.
#[test]
fn the_big_scene_renders_in_bounded_memory() {
    let directory = tempfile::tempdir().unwrap();
    let scene = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/big.toml");
    let scene = scene.to_str().unwrap();
    run(directory.path(), &["run", scene, "--max-memory", "256MiB"]);
    let part = "x=480:640,y=400:560,z=860:1024";
    run(directory.path(), &["run", scene, "--region", part, "-o", "part.h5"]);
    let read = |name: &str| hdf5::File::open(directory.path().join(name)).unwrap().dataset("volume").unwrap();
    let whole: ndarray::Array3<f32> = read("big.h5").read_slice((860..1024, 400..560, 480..640)).unwrap();
    let part: ndarray::Array3<f32> = read("part.h5").read().unwrap();
    assert!(whole == part);
    assert!(part.iter().any(|&voxel| voxel > 0.0));
}
