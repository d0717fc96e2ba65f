//! The generated reference is current, and the README's scene works.

use std::fs;
use std::path::Path;

use blobscene::description::Description;
use blobscene::files::DiskFiles;
use blobscene::scene::Scene;
use blobscene::script::Host;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn reference_page_is_current() {
    let path = root().join("docs/reference.md");
    let page = blobscene::reference::markdown();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page, "docs/reference.md is not what the declarations say; run `just reference`");
}

#[test]
fn the_readme_begins_with_a_scene_that_works() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let scene = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(scene.lines().filter(|line| !line.is_empty()).count() <= 6);
    let description = Description::parse("README", scene).unwrap();
    let files = DiskFiles::new(root(), &[], 1 << 20);
    let scene = Scene::read(&description, Path::new("/readme.toml"), &files, Host::default());
    assert!(scene.is_ok(), "{:?}", scene.err());
}

/// Every file that README, CONTRIBUTING and the docs link to exists.
#[test]
fn links_lead_somewhere() {
    for page in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/accuracy.md", "docs/reference.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let directory = root().join(page).parent().unwrap().to_path_buf();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.starts_with("http") {
                assert!(directory.join(link).exists(), "{page} links to {link}");
            }
        }
    }
}

/// The README's picture is what the program draws.
#[test]
fn the_picture_is_current() {
    let directory = tempfile::tempdir().unwrap();
    let drawn = directory.path().join("drawn.png");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_blobscene"))
        .args(["preview", "-q", "-o"])
        .arg(&drawn)
        .arg(root().join("scenes/anisotropic.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stored = fs::read(root().join("docs/images/anisotropic.png")).unwrap();
    assert!(
        fs::read(drawn).unwrap() == stored,
        "draw docs/images/anisotropic.png again with `blobscene preview`"
    );
}
