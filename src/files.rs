//! The files a scene names: where they may lie, and what was read of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, shown};

/// A file a scene has read.
#[derive(Debug, Clone)]
pub struct Used {
    /// Where the scene sees it: absolute without links resolved, or as it stands in a volume file.
    pub path: PathBuf,
    /// Where it was read.
    pub source: PathBuf,
    pub bytes: Arc<[u8]>,
}

/// Where the files of a scene come from: the disk, or a volume file that carries them.
pub trait Files {
    /// The contents of the file that the scene calls `written`.
    ///
    /// # Errors
    /// A problem without a place: the file is missing, unreadable or outside the allowed directories.
    fn read(&self, written: &str) -> Result<Arc<[u8]>, Diagnostic>;

    /// The kinds that scripts in plugin directories add, in the byte order of their names; [`plugin_path`] leads to them.
    fn plugins(&self) -> Vec<String> {
        Vec::new()
    }

    /// Every file that has been read, once each.
    fn used(&self) -> Vec<Used>;
}

/// How an HDF5 file begins.
pub const HDF5_SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";

/// The folder beside a scene in which plugins lie, or seem to lie.
const PLUGINS: &str = "plugins";

/// Where a scene sees the script of the plugin `kind`.
pub fn plugin_path(kind: &str) -> String {
    format!("{PLUGINS}/{kind}.lua")
}

/// The plugins among the names of files.
fn plugin_names(files: impl Iterator<Item = PathBuf>) -> Vec<String> {
    let plugin = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.strip_suffix(".lua")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        (!name.is_empty() && name.chars().all(plain)).then(|| name.to_string())
    };
    let mut names: Vec<String> = files.filter_map(plugin).collect();
    names.sort();
    names.dedup();
    names
}

/// Files on the disk, beneath the scene's directory, the current one, or one that was allowed.
pub struct DiskFiles {
    scene_dir: PathBuf,
    roots: Vec<PathBuf>,
    /// Directories that lie over the scene's own `plugins`: what is in one of them seems to be there.
    plugins: Vec<PathBuf>,
    max_bytes: u64,
    used: RefCell<Vec<Used>>,
}

impl DiskFiles {
    /// `scene_dir` is absolute; `allowed` are the directories of `--allow-path`; a file larger than `max_bytes` is refused.
    pub fn new(scene_dir: &Path, allowed: &[PathBuf], max_bytes: u64) -> DiskFiles {
        let mut roots = vec![scene_dir.to_path_buf(), PathBuf::from(".")];
        roots.extend(allowed.iter().cloned());
        let roots = roots.iter().filter_map(|root| root.canonicalize().ok()).collect();
        DiskFiles {
            scene_dir: scene_dir.to_path_buf(),
            roots,
            plugins: Vec::new(),
            max_bytes,
            used: RefCell::default(),
        }
    }

    /// Adds the directories of `--plugins`; an earlier one hides a later one, and all of them the scene's own.
    pub fn with_plugins(mut self, directories: &[PathBuf]) -> DiskFiles {
        self.plugins = directories.to_vec();
        self.roots.extend(directories.iter().filter_map(|directory| directory.canonicalize().ok()));
        self
    }

    /// Where the file lies that the scene sees at `path`.
    fn source(&self, path: &Path) -> PathBuf {
        let inner = path.strip_prefix(self.scene_dir.join(PLUGINS));
        let over = inner.ok().and_then(|inner| {
            self.plugins.iter().map(|directory| directory.join(inner)).find(|path| path.exists())
        });
        over.unwrap_or_else(|| path.to_path_buf())
    }
}

impl Files for DiskFiles {
    fn read(&self, written: &str) -> Result<Arc<[u8]>, Diagnostic> {
        let path = lexical(&self.scene_dir.join(written));
        if let Some(used) = self.used.borrow().iter().find(|used| used.path == path) {
            return Ok(used.bytes.clone());
        }
        let source = self.source(&path);
        let name = shown(&source.display().to_string());
        let missing = |why: &dyn std::fmt::Display| {
            Diagnostic::impossible(format!("cannot read `{name}`: {why}"))
                .help("paths are relative to the scene file")
        };
        let real = source.canonicalize().map_err(|error| missing(&error))?;
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            let parent = real.parent().unwrap_or(&real).display().to_string();
            return Err(Diagnostic::invalid(format!(
                "`{}` lies outside the directories a scene may read: its own and the current one",
                shown(written)
            ))
            .help(format!("if you trust the scene, allow it: --allow-path {}", shown(&parent))));
        }
        let info = fs::metadata(&real).map_err(|error| missing(&error))?;
        if !info.is_file() {
            return Err(missing(&"it is not a regular file"));
        }
        let too_large = || {
            Diagnostic::impossible(format!("`{name}` is larger than the memory allowed"))
                .help("raise --max-memory")
        };
        if info.len() > self.max_bytes {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        fs::File::open(&real)
            .and_then(|file| file.take(self.max_bytes + 1).read_to_end(&mut bytes))
            .map_err(|error| missing(&error))?;
        if bytes.len() as u64 > self.max_bytes {
            return Err(too_large());
        }
        let bytes: Arc<[u8]> = bytes.into();
        self.used.borrow_mut().push(Used { path, source, bytes: bytes.clone() });
        Ok(bytes)
    }

    fn plugins(&self) -> Vec<String> {
        let own = self.scene_dir.join(PLUGINS);
        let directories = self.plugins.iter().chain(std::iter::once(&own));
        let entries = directories.filter_map(|directory| fs::read_dir(directory).ok()).flatten().flatten();
        plugin_names(entries.map(|entry| entry.path()))
    }

    fn used(&self) -> Vec<Used> {
        self.used.borrow().clone()
    }
}

/// Files that a volume file carries, by their paths in it.
pub struct CarriedFiles {
    /// Directory of the scene in the carried tree.
    scene_dir: PathBuf,
    files: BTreeMap<PathBuf, Arc<[u8]>>,
    used: RefCell<Vec<Used>>,
}

impl CarriedFiles {
    pub fn new(scene_path: &Path, files: BTreeMap<PathBuf, Arc<[u8]>>) -> CarriedFiles {
        let scene_dir = scene_path.parent().unwrap_or(Path::new("")).to_path_buf();
        CarriedFiles { scene_dir, files, used: RefCell::default() }
    }

    /// A scene may have named a file by an absolute path, or one with `..`; the carried tree knows only how
    /// that path ends.
    fn find(&self, written: &str) -> Option<(&PathBuf, &Arc<[u8]>)> {
        let path = lexical(&self.scene_dir.join(written));
        self.files.get_key_value(&path).or_else(|| {
            let mut ending = self.files.iter().filter(|(carried, _)| path.ends_with(carried));
            ending.next().filter(|_| ending.next().is_none())
        })
    }
}

impl Files for CarriedFiles {
    fn read(&self, written: &str) -> Result<Arc<[u8]>, Diagnostic> {
        let (path, bytes) = self.find(written).ok_or_else(|| {
            Diagnostic::impossible(format!("the volume file does not carry `{}`", shown(written)))
        })?;
        let mut used = self.used.borrow_mut();
        if !used.iter().any(|used| used.path == *path) {
            used.push(Used { path: path.clone(), source: path.clone(), bytes: bytes.clone() });
        }
        Ok(bytes.clone())
    }

    fn plugins(&self) -> Vec<String> {
        let own = self.scene_dir.join(PLUGINS);
        plugin_names(self.files.keys().filter(|path| path.parent() == Some(&own)).cloned())
    }

    fn used(&self) -> Vec<Used> {
        self.used.borrow().clone()
    }
}

/// The path without `.` and `..`, by its text alone.
pub fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            Component::ParentDir if out.has_root() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lexical_paths_lose_their_dots() {
        assert_eq!(lexical(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(lexical(Path::new("/../a")), Path::new("/a"));
        assert_eq!(lexical(Path::new("a/../../b")), Path::new("../b"));
    }

    #[test]
    fn a_carried_file_is_found_by_the_end_of_its_path() {
        let files = BTreeMap::from([(PathBuf::from("data/a.csv"), Arc::from(&b"1"[..]))]);
        let carried = CarriedFiles::new(Path::new("scenes/s.toml"), files);
        for written in ["../data/a.csv", "/home/someone/data/a.csv"] {
            assert!(carried.read(written).is_ok(), "{written}");
        }
        assert!(carried.read("a.csv").is_err());
    }
}
