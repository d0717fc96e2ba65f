//! Scripts in the volume file: the same bytes again, from the file alone and on any number of threads.

use std::collections::BTreeMap;
use std::path::Path;

use crate::program::Bench;

fn good(bench: &Bench, arguments: &[&str]) -> String {
    let outcome = bench.run(arguments);
    assert_eq!(outcome.code, Some(0), "{arguments:?}: {}", outcome.err);
    outcome.err
}

/// Generators, a module of a module, a plugin beside the scene, one from elsewhere, and both sorts of profiles.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.write(
        "in/scene.toml",
        r#"
        grid = { shape = { x = 40, y = 30, z = 20 }, voxel_size = 0.1 }
        [spots.a]
        generator = { kind = "lua", script = "scripts/cloud.lua", params = { count = 300 } }
        profile = { kind = "lua", script = "scripts/donut.lua" }
        photons = 100
        [spots.b]
        generator = { kind = "own", count = 20 }
        profile = { kind = "comet", width = 0.15 }
        amplitude = 5
        "#,
    );
    bench.write(
        "in/scripts/cloud.lua",
        "local shapes = require('lib/shapes')
         return { params = { count = 9 }, generate = function(p, scene) return shapes.cloud(scene, p.count) end }",
    );
    bench.write(
        "in/scripts/lib/shapes.lua",
        "local size = require('size')
         return { cloud = function(scene, n)
             local t, c = scene.rng:unit_vector(n), scene.grid.centre
             for i = 1, n do t.x[i] = c.x + size * t.x[i]; t.y[i] = c.y + size * t.y[i]; t.z[i] = c.z + size * t.z[i] end
             return t
         end }",
    );
    bench.write("in/scripts/lib/size.lua", "return 0.8");
    bench.write(
        "in/scripts/donut.lua",
        "return { support = 1, radial = function(p, r) return math.exp(-((r - 0.3) / 0.1) ^ 2 / 2) end }",
    );
    bench.write(
        "in/plugins/own.lua",
        "return { params = { count = 1 }, generate = function(p, scene)
             for i = 1, p.count do local q = scene.rng:point() q.order = i coroutine.yield(q) end end }",
    );
    bench.write(
        "elsewhere/comet.lua",
        "local half = require('lib/half')
         return { params = { width = 0.1 }, support = 1.2, intensity = function(p, x, y, z)
             return math.exp(-half * ((x / (x > 0 and 0.2 or p.width)) ^ 2 + (y * y + z * z) / p.width ^ 2)) end }",
    );
    bench.write("elsewhere/lib/half.lua", "return 0.5");
    bench
}

#[test]
fn the_number_of_threads_leaves_no_trace() {
    let bench = bench();
    let bytes = |threads: &str| {
        let out = format!("{threads}.h5");
        good(
            &bench,
            &["run", "-q", "in/scene.toml", "--plugins", "elsewhere", "--threads", threads, "-o", &out],
        );
        std::fs::read(bench.path(&out)).unwrap()
    };
    let one = bytes("1");
    assert!(one == bytes("2") && one == bytes("5"));
}

/// `verify` and `extract` where nothing but the file is, and a run of what was extracted.
#[test]
fn scripts_modules_and_plugins_travel() {
    let bench = bench();
    good(&bench, &["run", "in/scene.toml", "--plugins", "elsewhere", "-o", "out.h5"]);
    let empty = Bench::new();
    std::fs::copy(bench.path("out.h5"), empty.path("out.h5")).unwrap();
    good(&empty, &["verify", "out.h5"]);
    good(&empty, &["extract", "out.h5", "-C", "x"]);
    for (extracted, written) in [
        ("scene.toml", "in/scene.toml"),
        ("scripts/cloud.lua", "in/scripts/cloud.lua"),
        ("scripts/lib/shapes.lua", "in/scripts/lib/shapes.lua"),
        ("scripts/lib/size.lua", "in/scripts/lib/size.lua"),
        ("scripts/donut.lua", "in/scripts/donut.lua"),
        ("plugins/own.lua", "in/plugins/own.lua"),
        ("plugins/comet.lua", "elsewhere/comet.lua"),
        ("plugins/lib/half.lua", "elsewhere/lib/half.lua"),
    ] {
        let read = |path: &Path| std::fs::read(path).unwrap_or_else(|error| panic!("{extracted}: {error}"));
        assert_eq!(read(&empty.path(&format!("x/{extracted}"))), read(&bench.path(written)), "{extracted}");
    }
    good(&empty, &["run", "x/scene.toml", "-o", "again.h5"]);
    let read = |name: &str| std::fs::read(empty.path(name)).unwrap();
    assert!(read("out.h5") == read("again.h5"));
}

/// An earlier directory of plugins hides a later one, and both hide the scene's own; built-in kinds come first.
#[test]
fn plugins_lie_over_one_another() {
    let bench = Bench::new();
    let script =
        |x: u32| format!("return {{ generate = function() return {{ x = {x}, y = 1, z = 1 }} end }}");
    let places: BTreeMap<&str, u32> = [("in/plugins", 1), ("first", 2), ("second", 3)].into();
    for (place, x) in &places {
        bench.write(&format!("{place}/spot.lua"), script(*x));
        bench.write(&format!("{place}/uniform.lua"), "error('hidden by the built-in kind')");
    }
    bench.write("second/other.lua", script(4));
    let x_of = |slot: &str, plugins: &[&str]| {
        bench.write(
            "in/s.toml",
            format!(
                "grid = {{ shape = 8 }}\n[spots.a]\ngenerator = {{ {slot} }}\n\
                 profile = {{ kind = \"gaussian\", sigma = 1 }}\namplitude = 1\n"
            ),
        );
        let mut arguments = vec!["run", "-q", "--force", "in/s.toml", "-o", "s.h5"];
        plugins.iter().for_each(|directory| arguments.extend(["--plugins", directory]));
        good(&bench, &arguments);
        crate::brute_force::run::Volume::read(&bench.path("s.h5")).spots["x"][0]
    };
    assert_eq!(x_of("kind = \"spot\"", &[]), 1.0);
    assert_eq!(x_of("kind = \"spot\"", &["first", "second"]), 2.0);
    assert_eq!(x_of("kind = \"spot\"", &["second", "first"]), 3.0);
    assert_eq!(x_of("kind = \"other\"", &["first", "second"]), 4.0);
    x_of("kind = \"uniform\", count = 1", &[]);
}
