//! Volumes larger than the memory that is allowed, and odd shapes.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::assert_exact;
use super::reference::Shape;
use super::run::{Dice, Place, Volume, blobscene, group, points, rendered, text_attribute};

const MIB: u64 = 1 << 20;

/// Runs `scene` with a limit and returns the most memory that the process had at once, in bytes.
fn peak_memory(place: &Place, scene: &str, limit_mib: u64, threads: u64) -> u64 {
    place.write("scene.toml", scene);
    let mut child = blobscene(place.path(), &[])
        .args(["run", "-q", "--force", "scene.toml", "-o", "out.h5"])
        .args(["--max-memory", &format!("{limit_mib}MiB"), "--threads", &threads.to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let peak = watch(&mut child);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    eprintln!("peak {:.1} MiB of {limit_mib} MiB", peak as f64 / MIB as f64);
    peak
}

/// The high-water mark as the kernel keeps it, looked at until the process ends; 0 where there is no /proc.
fn watch(child: &mut Child) -> u64 {
    let status = Path::new("/proc").join(child.id().to_string()).join("status");
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let mark = mark.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(mark.unwrap_or(0) << 10);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

fn uniform(count: usize, profile: &str) -> String {
    format!(
        "[spots.a]\ngenerator = {{ kind = \"uniform\", count = {count} }}\nprofile = {profile}\namplitude = 100\n"
    )
}

#[test]
fn half_a_gibibyte_in_a_quarter_of_it() {
    let place = Place::new();
    let scene = "[grid]\nshape = 512\n".to_string() + &uniform(3000, "{ kind = \"gaussian\", sigma = 3.0 }");
    let peak = peak_memory(&place, &scene, 128, 2);
    assert!(peak <= 128 * MIB, "{peak}");
    let file = hdf5::File::open(place.path().join("out.h5")).unwrap();
    assert_eq!(file.dataset("volume").unwrap().shape(), [512; 3]);
    // The same volume, whatever the limit made of the blocks.
    let volume = file.dataset("volume").unwrap();
    let small = text_attribute(&volume, "blake3");
    let free = Place::new();
    free.write("scene.toml", &scene);
    assert_eq!(
        text_attribute(
            &hdf5::File::open(free.file(&scene, &[])).unwrap().dataset("volume").unwrap(),
            "blake3"
        ),
        small
    );
}

#[test]
fn crowds_stay_within_the_limit() {
    let place = Place::new();
    let profile = "{ kind = \"gaussian\", sigma = 1.0 }";
    let scene = "[grid]\nshape = 128\n[render]\ntolerance = 1e-3\n".to_string() + &uniform(200_000, profile);
    let peak = peak_memory(&place, &scene, 192, 2);
    assert!(peak <= 192 * MIB, "{peak}");
}

/// Planes and rods: rows are padded in the renderer, which must not multiply its memory.
#[test]
fn flat_and_thin_shapes_stay_within_the_limit() {
    for (shape, chunk, profile) in [
        ("{ x = 1, y = 4096, z = 4096 }", "64", "{ kind = \"gaussian\", sigma = 2.0 }"),
        ("{ x = 4096, y = 1, z = 4096 }", "64", "{ kind = \"gaussian\", sigma = 2.0 }"),
        ("{ x = 65536, y = 256 }", "{ x = 65536, y = 16 }", "{ kind = \"gaussian\", sigma = 20000 }"),
        ("{ x = 65536, y = 64, z = 2 }", "{ x = 65536, y = 8, z = 1 }", "{ kind = \"ball\", radius = 9000 }"),
        (
            "{ x = 2, y = 65536, z = 64 }",
            "{ x = 1, y = 4096, z = 8 }",
            "{ kind = \"gaussian\", sigma = 20000 }",
        ),
    ] {
        let place = Place::new();
        let count = if profile.contains("000") { 60 } else { 3000 };
        let scene =
            format!("[grid]\nshape = {shape}\n[output]\nchunk = {chunk}\n[render]\ntolerance = 1e-3\n")
                + &uniform(count, profile);
        let peak = peak_memory(&place, &scene, 160, 2);
        assert!(peak <= 160 * MIB, "{shape}: {peak}");
    }
}

#[test]
fn a_large_plane_with_little_in_it() {
    let place = Place::new();
    let scene = "[grid]\nshape = { x = 20000, y = 20000 }\n[output]\ndtype = \"uint8\"\n".to_string()
        + &uniform(20, "{ kind = \"gaussian\", sigma = 2.0 }");
    let peak = peak_memory(&place, &scene, 96, 2);
    assert!(peak <= 96 * MIB, "{peak}");
    let path = place.path().join("out.h5");
    let volume = hdf5::File::open(&path).unwrap().dataset("volume").unwrap();
    assert_eq!(volume.shape(), [20_000; 2]);
    assert!(volume.num_chunks().unwrap() <= 80 && std::fs::metadata(&path).unwrap().len() < 1 << 20);
}

#[test]
fn tiny_and_odd_grids() {
    let mut dice = Dice(30);
    for shape in [
        "{ x = 1, y = 1, z = 1 }",
        "{ x = 1, y = 1 }",
        "{ x = 1, y = 500 }",
        "{ x = 500, y = 1 }",
        "{ x = 1, y = 1, z = 300 }",
        "{ x = 65, y = 65, z = 65 }",
        "{ x = 65, y = 1, z = 129 }",
        "{ x = 63, y = 17, z = 9 }",
        "{ x = 16, y = 33, z = 8 }",
    ] {
        let list: Vec<_> = (0..20)
            .map(|_| [dice.within(-1.0, 66.0), dice.within(-1.0, 5.0), dice.within(-1.0, 40.0)])
            .chain([[0.0; 3], [0.3, 0.1, 0.2]])
            .collect();
        let scene = format!("[grid]\nshape = {shape}\n")
            + &group("a", "{ kind = \"gaussian\", sigma = 1.3 }", 9.0, &points(&list))
            + &group("b", "{ kind = \"ball\", radius = 2.2, edge = 0.5 }", 9.0, &points(&list));
        let file: Volume = rendered(&scene);
        assert_exact(shape, &file, &[Shape::Means, Shape::Ball([2.2; 3], 0.5)]);
    }
}
