//! A file that appears under its name only when it is complete.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A temporary file beside its target. Dropped before [`Partial::publish`], it is removed.
pub struct Partial {
    target: PathBuf,
    path: PathBuf,
    published: bool,
}

impl Partial {
    /// Creates the temporary file; an existing target is refused unless `force`.
    ///
    /// # Errors
    /// When the target exists or its directory cannot be written.
    pub fn create(target: &Path, force: bool) -> Result<Partial> {
        refuse_existing(target, force)?;
        remove_stale(target);
        let path = beside(target, &format!("{}.partial", std::process::id()));
        // Tried here for the sake of the message, and made again by the HDF5 library: a file that it empties instead
        // would be written to the disk when it is closed, and closing would wait for that.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|_| fs::remove_file(&path))
            .map_err(Error::unwritten(target))?;
        Ok(Partial { target: target.to_path_buf(), path, published: false })
    }

    /// Where to write: nothing is there, and nothing that appears there may be followed or replaced.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name, after its contents have reached the disk.
    ///
    /// # Errors
    /// When that fails, or the target has appeared meanwhile.
    pub fn publish(mut self, force: bool) -> Result<()> {
        let synced = File::open(&self.path).and_then(|file| file.sync_all());
        synced.map_err(Error::io("write", &self.target))?;
        refuse_existing(&self.target, force)?;
        fs::rename(&self.path, &self.target).map_err(Error::io("write", &self.target))?;
        self.published = true;
        // The name itself reaches the disk with its directory; where that cannot be asked for, so be it.
        if let Some(directory) = parent(&self.target) {
            let _ = File::open(directory).and_then(|directory| directory.sync_all());
        }
        Ok(())
    }
}

/// Writes a new file, which appears when it is complete.
///
/// # Errors
/// When it exists, or cannot be written; nothing is left then.
pub fn write_new(target: &Path, bytes: &[u8]) -> Result<()> {
    let partial = Partial::create(target, false)?;
    fs::write(partial.path(), bytes).map_err(Error::io("write", target))?;
    partial.publish(false)
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Has the system write a file to the disk while it grows, so that little is left to wait for at the end. Nothing depends
/// on it: what fails here fails again where [`Partial::publish`] waits for the disk.
pub struct Writeback {
    file: Option<File>,
    /// Bytes since the last call.
    waiting: u64,
}

/// Bytes that are worth a call.
const WORTHWHILE: u64 = 2 << 20;

impl Writeback {
    pub fn new(path: &Path) -> Writeback {
        Writeback { file: File::open(path).ok(), waiting: 0 }
    }

    /// Tells that so many bytes were written: every few MiB, the system is asked to begin with all that waits.
    pub fn written(&mut self, bytes: u64) {
        self.waiting += bytes;
        if self.waiting >= WORTHWHILE {
            self.waiting = 0;
            if let Some(file) = &self.file {
                start(file);
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn start(file: &File) {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is open.
    unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
fn start(_: &File) {}

fn refuse_existing(target: &Path, force: bool) -> Result<()> {
    match fs::symlink_metadata(target) {
        Ok(info) if info.is_dir() => Err(Error::Usage(format!("`{}` is a directory", target.display()))),
        Ok(_) if !force => Err(Error::exists(target, "--force replaces it")),
        // A rename would put a file where a device or a pipe was.
        Ok(info) if !info.is_file() && !info.is_symlink() => {
            Err(Error::Usage(format!("`{}` is not a regular file", target.display())))
        }
        _ => Ok(()),
    }
}

fn parent(target: &Path) -> Option<&Path> {
    target.parent().map(|dir| if dir == Path::new("") { Path::new(".") } else { dir })
}

/// `.<name>.<suffix>` in the target's directory.
fn beside(target: &Path, suffix: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{suffix}"))
}

/// Removes what a killed run left beside this target; the name tells its process.
fn remove_stale(target: &Path) {
    let prefix = beside(target, "");
    let Some(prefix) = prefix.file_name().map(|name| name.to_string_lossy().into_owned()) else { return };
    let Some(entries) = parent(target).and_then(|dir| fs::read_dir(dir).ok()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(".partial"));
        if let Some(process) = process.and_then(|process| process.parse::<u32>().ok())
            && process != std::process::id()
            && Path::new("/proc/self").exists()
            && !Path::new(&format!("/proc/{process}")).exists()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpublished_file_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.h5");
        drop(Partial::create(&target, false).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_at_the_target_is_replaced_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (target, precious) = (dir.path().join("a.h5"), dir.path().join("precious"));
        fs::write(&precious, "keep").unwrap();
        std::os::unix::fs::symlink(&precious, &target).unwrap();
        assert!(matches!(Partial::create(&target, false), Err(Error::Exists { .. })));
        let partial = Partial::create(&target, true).unwrap();
        fs::write(partial.path(), "new").unwrap();
        partial.publish(true).unwrap();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "keep");
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
    }

    #[test]
    fn leftovers_of_dead_processes_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.h5");
        let stale = dir.path().join(".a.h5.4294967294.partial");
        fs::write(&stale, "").unwrap();
        drop(Partial::create(&target, false).unwrap());
        assert!(!stale.exists());
    }
}
