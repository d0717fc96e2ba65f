//! Scripts as generators and profiles, through the real binary.

mod gallery;
mod parameters;
mod profiles;
mod random;
mod spots;
mod travel;

use std::process::Output;

use crate::brute_force::run::{Place, Volume, blobscene};

/// 40 x 30 x 20 voxels, x from -0.05 to 3.95.
const GRID: &str = "grid = { shape = { x = 40, y = 30, z = 20 }, voxel_size = 0.1 }\n";
const PLANE: &str = "grid = { shape = { x = 40, y = 30 }, voxel_size = 0.1 }\n";

/// A scene whose group `a` is placed by `script`.
fn generator_scene(grid: &str, params: &str) -> String {
    format!(
        "{grid}[spots.a]\ngenerator = {{ kind = \"lua\", script = \"s.lua\", params = {{ {params} }} }}\n\
         profile = {{ kind = \"gaussian\", sigma = 0.1 }}\namplitude = 10\n"
    )
}

/// What comes of the body of `generate`.
fn generated(grid: &str, body: &str) -> Volume {
    script_rendered(grid, &format!("return {{ generate = function(p, scene)\n{body}\nend }}"))
}

fn script_rendered(grid: &str, script: &str) -> Volume {
    let place = Place::new();
    place.write("s.lua", script);
    Volume::read(&place.file(&generator_scene(grid, ""), &[]))
}

/// A script that must be refused: exit code and message.
fn refused(place: &Place, scene: &str) -> (Option<i32>, String) {
    place.write("scene.toml", scene);
    let output: Output =
        blobscene(place.path(), &[]).args(["run", "--force", "-o", "out.h5", "scene.toml"]).output().unwrap();
    assert!(!place.path().join("out.h5").exists());
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}
