//! A scene's file on the disk -> [`Scene`].

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Scene;
use crate::description::{Description, MAX_SCENE_BYTES};
use crate::diagnostic::{Diagnostic, Place, shown};
use crate::files::{DiskFiles, HDF5_SIGNATURE, lexical};
use crate::script::Host;

/// What the command line may change about how a scene is read.
#[derive(Debug, Clone)]
pub struct Request {
    /// `--set` arguments, `dotted.path=TOML value`.
    pub overrides: Vec<String>,
    pub seed: Option<u64>,
    /// Directories a scene may read besides its own and the current one.
    pub allowed: Vec<PathBuf>,
    /// Directories whose scripts are plugins.
    pub plugins: Vec<PathBuf>,
    /// What scripts may use.
    pub host: Host,
    /// The largest file a scene may read, in bytes.
    pub max_bytes: u64,
}

impl Default for Request {
    fn default() -> Request {
        Request {
            overrides: Vec::new(),
            seed: None,
            allowed: Vec::new(),
            plugins: Vec::new(),
            host: Host::default(),
            max_bytes: u64::MAX - 1,
        }
    }
}

impl Scene {
    /// Reads the scene at `path`.
    ///
    /// # Errors
    /// Every problem of the scene, or that its file cannot be read.
    pub fn open(path: &Path, request: &Request) -> Result<Scene, Vec<Diagnostic>> {
        let name = path.display().to_string();
        let text = read_text(path).map_err(|problem| vec![problem])?;
        let mut overrides = request.overrides.clone();
        overrides.extend(request.seed.map(|seed| format!("scene.seed={seed}")));
        let description = Description::parse(&shown(&name), &text)?.with_overrides(&overrides)?;
        let path = lexical(&std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()));
        let dir = path.parent().unwrap_or(Path::new("/"));
        let files = DiskFiles::new(dir, &request.allowed, request.max_bytes).with_plugins(&request.plugins);
        Scene::read(&description, &path, &files, request.host)
    }
}

fn read_text(path: &Path) -> Result<String, Diagnostic> {
    let name = shown(&path.display().to_string());
    let failed = |why: &dyn std::fmt::Display| Diagnostic::impossible(format!("cannot read `{name}`: {why}"));
    let info = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if !info.is_file() {
        return Err(failed(&"it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SCENE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| failed(&error))?;
    if bytes.starts_with(HDF5_SIGNATURE) {
        return Err(Diagnostic::invalid(format!("`{name}` is a volume file, not a scene"))
            .help(format!("its scene comes out of it with: blobscene extract {name}")));
    }
    if bytes.len() as u64 > MAX_SCENE_BYTES {
        return Err(Diagnostic::invalid(format!("`{name}` is larger than 4 MiB"))
            .help("put long lists of spots into a CSV file and read it with the generator `table`"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|&&b| b == b'\n').count() + 1;
        let start = error.as_bytes()[..at].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let rest = String::from_utf8_lossy(&error.as_bytes()[start..]);
        let excerpt = rest.lines().next().unwrap_or_default();
        let place = Place::in_line(name.clone(), line, excerpt, at - start..at - start + 3);
        Diagnostic::invalid(format!("`{name}` is not UTF-8 text")).at(place).help("save it as UTF-8")
    })
}
