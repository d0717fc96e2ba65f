//! What can go wrong beyond the scene's own text.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Severity, counted};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Problems of a scene or of the files it reads.
    #[error("{}", counted(.0.len(), "problem"))]
    Scene(Vec<Diagnostic>),
    /// The command line asks for something that is not there.
    #[error("{0}")]
    Usage(String),
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot write `{}`: there is no directory `{}`; create it first", path.display(), directory.display())]
    NoDirectory { path: PathBuf, directory: PathBuf },
    #[error("cannot {action} `{}`: {reason}", path.display())]
    Hdf5 { action: &'static str, path: PathBuf, reason: String },
    #[error("`{}` already exists; {help}", path.display())]
    Exists { path: PathBuf, help: &'static str },
    #[error("`{}` is a file that the scene reads; choose another output", .0.display())]
    IsInput(PathBuf),
    /// More memory or disk than there is, or than was allowed.
    #[error("{0}")]
    Limit(String),
    #[error("`{}` is not a volume file of blobscene: {reason}", path.display())]
    NotAVolume { path: PathBuf, reason: String },
    /// A verification that failed.
    #[error("`{}` differs: {what}", path.display())]
    Differs { path: PathBuf, what: String },
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// The program's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Scene(problems) if problems.iter().any(|p| p.severity == Severity::Invalid) => 2,
            Error::Usage(_) | Error::IsInput(_) => 2,
            Error::Interrupted => 130,
            _ => 1,
        }
    }

    pub fn exists(path: impl Into<PathBuf>, help: &'static str) -> Error {
        Error::Exists { path: path.into(), help }
    }

    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { action, path, source }
    }

    /// A new file that cannot be written.
    pub fn unwritten(path: &Path) -> impl FnOnce(io::Error) -> Error {
        let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
        move |source| match directory {
            Some(directory) if source.kind() == io::ErrorKind::NotFound && !directory.exists() => {
                Error::NoDirectory { path: path.to_path_buf(), directory: directory.to_path_buf() }
            }
            _ => Error::io("write", path)(source),
        }
    }
}
