//! The real binary, run in a directory of its own.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A run that takes longer counts as a hang.
const PATIENCE: Duration = Duration::from_secs(40);

/// An empty directory that programs run in.
pub struct Bench {
    directory: tempfile::TempDir,
}

pub struct Outcome {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Bench {
    pub fn new() -> Bench {
        Bench { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file and the directories above it.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, contents).expect("a file");
    }

    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, |command| command)
    }

    pub fn run_with(
        &self,
        arguments: &[&str],
        prepare: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Outcome {
        wait(self.start(arguments, prepare), arguments)
    }

    pub fn start(&self, arguments: &[&str], prepare: impl FnOnce(&mut Command) -> &mut Command) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_blobscene"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        prepare(&mut command).spawn().expect("the program starts")
    }

    /// Every file below the directory, hidden ones too.
    pub fn files(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        collect(self.directory.path(), self.directory.path(), &mut files);
        files
    }
}

fn collect(root: &Path, at: &Path, files: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(at).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(root, &path, files);
        }
        files.insert(path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned());
    }
}

/// Waits for the program and collects what it said; a hang is killed and fails the test.
pub fn wait(mut child: Child, what: &[&str]) -> Outcome {
    fn reader(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut stream) = stream {
                let _ = stream.read_to_end(&mut bytes);
            }
            bytes
        })
    }
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the program can be waited for") {
            break status;
        }
        if begin.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!("`blobscene {}` hangs", what.join(" "));
        }
        thread::sleep(Duration::from_millis(2));
    };
    let text = |handle: thread::JoinHandle<Vec<u8>>| {
        String::from_utf8_lossy(&handle.join().expect("a reader")).into_owned()
    };
    Outcome { code: status.code(), out: text(out), err: text(err) }
}

/// Lets the program read only what the permissions of files allow, also where it runs as root.
pub fn unprivileged(command: &mut Command) -> &mut Command {
    use std::os::unix::process::CommandExt;
    // CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
    let drop_rights = || {
        for capability in [1, 2] {
            // SAFETY: a plain system call; whoever may not make it has no such right to drop.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
        Ok(())
    };
    // SAFETY: nothing but system calls between fork and exec.
    unsafe { command.pre_exec(drop_rights) }
}

pub fn pipe(path: &Path) {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).expect("no NUL");
    // SAFETY: the path is a string that ends with NUL.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0, "a pipe");
}

/// Opens a file for a change without locking it: a lock would pass on to whatever program another test starts
/// at that moment, and outlive this test's use of the file.
pub fn open_rw(path: &Path) -> hdf5::File {
    hdf5::File::with_options().with_fapl(|p| p.file_locking(false)).open_rw(path).unwrap()
}
