//! Volumes in memory: the same bits as the file, however they are drawn, and within its bounds of the exact sum.

use blobscene::grid::Box3;
use blobscene::populate::{Spots, populate};
use blobscene::render::Renderer;
use blobscene::scene::{Request, Scene};
use ndarray::Array3;
use rayon::ThreadPool;

use crate::brute_force::assert_exact;
use crate::brute_force::reference::Shape;
use crate::brute_force::run::{Place, Volume};

fn pool(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn open(place: &Place, text: &str) -> (Scene, Spots) {
    let scene = Scene::open(&place.write("scene.toml", text), &Request::default());
    let scene = scene.unwrap_or_else(|problems| panic!("{problems:?}"));
    let spots = populate(&scene, 0, u64::from(u32::MAX)).unwrap_or_else(|problems| panic!("{problems:?}"));
    (scene, spots)
}

/// The lists of references of a few blocks fit at once where `most` is small.
fn render(scene: &Scene, spots: &Spots, threads: usize, most: u64, region: &Box3) -> Array3<f32> {
    let pool = pool(threads);
    pool.install(|| Renderer::new(scene, spots, most)).array(&pool, region)
}

/// Scenes on both sides of every choice that the renderer makes: sheets and compact blocks, rows and products,
/// one batch of factors and several, lanes and tiles that the grid does not fill.
fn scenes() -> Vec<(&'static str, String, Vec<Shape>)> {
    let head = |shape: &str, render: &str| {
        format!(
            "[scene]\nseed = 5\n[grid]\nshape = {shape}\n[output]\ndtype = \"float32\"\n[render]\nprecision = {render}\n"
        )
    };
    let spots = |name: &str, count: usize, sigma: &str, sampling: &str| {
        format!(
            "[spots.{name}]\ngenerator = {{ kind = \"uniform\", count = {count} }}\namplitude = {{ uniform = [1, 2] }}\n\
             profile = {{ kind = \"gaussian\", sigma = {sigma}, sampling = \"{sampling}\" }}\n"
        )
    };
    let solid = "{ x = 75, y = 50, z = 35 }";
    let mixed = "{ lognormal = [1.5, 1.2], min = 0.5, max = 40 }";
    vec![
        ("sparse", head(solid, "\"f32\"") + &spots("a", 9, "1.5", "point"), vec![Shape::Points]),
        // Whole lines of the cache in every row, and so large that the memory is the allocator's own.
        (
            "lines",
            head("{ x = 256, y = 130, z = 40 }", "\"f32\"") + &spots("a", 30, "2", "point"),
            vec![Shape::Points],
        ),
        ("wide", head(solid, "\"f32\"") + &spots("a", 90, "15", "point"), vec![Shape::Points]),
        // So many that most of them round away in most places.
        ("wide crowd", head(solid, "\"f32\"") + &spots("a", 700, "7", "point"), vec![Shape::Points]),
        // Negative terms that are too small for the format leave -0 behind.
        (
            "faint and negative",
            head(solid, "\"f32\"")
                + "cutoff = 13\n"
                + &spots("a", 5, "1.1", "point").replace("uniform = [1, 2]", "uniform = [-2, -1]"),
            vec![Shape::Points],
        ),
        ("wide f64", head(solid, "\"f64\"") + &spots("a", 60, "15", "integrated"), vec![Shape::Means]),
        ("mixed", head(solid, "\"f32\"") + &spots("a", 200, mixed, "point"), vec![Shape::Points]),
        ("crowded", head(solid, "\"f32\"") + &spots("a", 6000, "1.2", "point"), vec![Shape::Points]),
        (
            "wide among narrow",
            head(solid, "\"f32\"") + &spots("a", 40, "9", "point") + &spots("b", 500, "1", "integrated"),
            vec![Shape::Points, Shape::Means],
        ),
        (
            "plane",
            head("{ x = 333, y = 120 }", "\"f32\"") + &spots("a", 3000, "1.3", "integrated"),
            vec![Shape::Means],
        ),
    ]
}

#[test]
fn memory_holds_what_the_file_does() {
    for (name, text, shapes) in scenes() {
        let place = Place::new();
        let file = Volume::read(&place.file(&text, &[]));
        assert_exact(name, &file, &shapes);
        let same = |what: &str, array: &Array3<f32>| {
            let differing =
                array.iter().zip(&file.voxels).position(|(a, b)| f64::from(*a).to_bits() != b.to_bits());
            assert_eq!(differing, None, "{name}: {what}");
        };
        for simd in ["portable", "avx2", "avx512"] {
            let other = Volume::read(&place.file_with(&text, &[], &[("BLOBSCENE_SIMD", simd)]));
            assert_eq!(other.blake3, file.blake3, "{name}: {simd}");
        }
        let (scene, spots) = open(&place, &text);
        let whole = scene.grid.whole();
        for threads in [1, 2, 5] {
            same("threads", &render(&scene, &spots, threads, u64::MAX, &whole));
        }
        same("few references at once", &render(&scene, &spots, 2, 1, &whole));
        // Into an array that holds something else.
        let pool = pool(2);
        let mut array = Array3::from_elem([2, 1, 0].map(|a| scene.grid.shape[a] as usize), f32::NAN);
        pool.install(|| Renderer::new(&scene, &spots, u64::MAX)).fill_array(&pool, &whole, &mut array);
        same("an old array", &array);
        // A part of the volume.
        let part = [11..66, 3..41, 0..scene.grid.shape[2].min(29)];
        let cut = render(&scene, &spots, 2, u64::MAX, &part);
        let [xs, ys, zs] = part.map(|range| range.start as usize..range.end as usize);
        let bits = |voxels: &mut dyn Iterator<Item = &f32>| voxels.map(|v| v.to_bits()).collect::<Vec<_>>();
        let expected = array.slice(ndarray::s![zs, ys, xs]);
        assert!(bits(&mut cut.iter()) == bits(&mut expected.iter()), "{name}: a part");
    }
}

#[test]
fn an_empty_scene_is_dark() {
    let place = Place::new();
    let text = "[grid]\nshape = 20\n[spots.a]\ngenerator = { kind = \"uniform\", count = 0 }\n\
        profile = { kind = \"gaussian\", sigma = 1 }\namplitude = 1\n";
    let (scene, spots) = open(&place, text);
    let array = render(&scene, &spots, 2, u64::MAX, &scene.grid.whole());
    assert!(array.iter().all(|&voxel| voxel == 0.0));
}

#[test]
fn of_no_voxels_there_is_an_empty_array() {
    let place = Place::new();
    let (_, text, _) = scenes().remove(0);
    let (scene, spots) = open(&place, &text);
    for a in 0..3 {
        let mut region = scene.grid.whole();
        region[a] = 5..5;
        assert!(render(&scene, &spots, 2, u64::MAX, &region).is_empty(), "{a}");
    }
}
