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

/// What a heading is called in a link.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    heading.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}

/// Every file and heading that README, CONTRIBUTING and the docs link to is there.
#[test]
fn links_lead_somewhere() {
    let pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(String::from);
    let docs = ["accuracy", "gallery", "lua", "performance", "reference", "volume-file"]
        .map(|name| format!("docs/{name}.md"));
    for page in pages.iter().chain(&docs) {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let directory = root().join(page).parent().unwrap().to_path_buf();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let leads = match link.strip_prefix('#') {
                Some(anchor) => {
                    text.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor)
                }
                None => link.starts_with("http") || directory.join(link).exists(),
            };
            assert!(leads, "{page} links to {link}");
        }
    }
}

/// Every picture of the README and the docs is what the program draws of the scene of its name.
#[test]
fn the_pictures_are_current() {
    let directory = tempfile::tempdir().unwrap();
    let drawn = directory.path().join("drawn.png");
    let pictures = fs::read_dir(root().join("docs/images")).unwrap().map(|entry| entry.unwrap().path());
    // A curve of measurements is drawn as SVG.
    for stored in pictures.filter(|path| path.extension().is_some_and(|kind| kind == "png")) {
        let name = stored.file_stem().unwrap().to_str().unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_blobscene"))
            .args(["preview", "-q", "--force", "-o"])
            .arg(&drawn)
            .arg(format!("scenes/{name}.toml"))
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(
            fs::read(&drawn).unwrap() == fs::read(&stored).unwrap(),
            "draw docs/images/{name}.png again with `just pictures`"
        );
    }
}
