//! What is written where, and what stops it.

use super::*;

/// A scene of so many spots in a cube of `edge` voxels.
fn crowd(edge: u32, count: u32) -> String {
    format!(
        "grid = {{ shape = {edge} }}\n[spots.a]\ngenerator = {{ kind = \"uniform\", count = {count} }}\n\
         amplitude = 9\nprofile = {{ kind = \"gaussian\", sigma = 2 }}\n"
    )
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
        crowd(65, 500)
            + "[output]
chunk = 64
",
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
    bench.write("big.toml", crowd(128, 3000));
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
