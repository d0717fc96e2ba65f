//! `extract`: writes the scene and the files that a volume carries back to the disk.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use blobscene::diagnostic::counted;
use blobscene::error::{Error, Result};
use blobscene::volume_file::partial::write_new;
use blobscene::volume_file::read::VolumeFile;

use super::console::Console;

/// Write the scene and the files that a volume carries back out.
#[derive(Args)]
pub struct Arguments {
    /// A volume file.
    file: PathBuf,
    /// Directory to write to [default: the current one].
    #[arg(short = 'C', value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,
}

pub fn run(arguments: &Arguments, console: &mut Console) -> Result<()> {
    let file = VolumeFile::open(&arguments.file)?;
    let (text, scene) = file.scene()?;
    let carried = file.carried()?;
    let mut contents: Vec<(&Path, &[u8])> = vec![(&scene, text.as_bytes())];
    for file in &carried {
        match &file.bytes {
            Some(bytes) => contents.push((&file.path, bytes)),
            None => console.warning(&format!(
                "`{}` ({}) is not in the file, only its BLAKE3 {}; put your copy there",
                file.path.display(),
                counted(file.size, "byte"),
                file.blake3
            )),
        }
    }
    // Nothing is written unless everything can be: an existing file is never replaced.
    for (path, _) in &contents {
        let target = arguments.directory.join(path);
        refuse_links(&arguments.directory, path)?;
        if target.symlink_metadata().is_ok() {
            return Err(Error::exists(target, "extract into an empty directory"));
        }
    }
    for (path, bytes) in &contents {
        let target = arguments.directory.join(path);
        if let Some(directory) = target.parent() {
            fs::create_dir_all(directory).map_err(Error::io("create", directory))?;
        }
        write_new(&target, bytes)?;
        console.answer(&format!("{}\n", target.display()));
    }
    Ok(())
}

/// A link on the way would lead out of the directory.
fn refuse_links(directory: &Path, path: &Path) -> Result<()> {
    let mut at = directory.to_path_buf();
    for part in path.components() {
        at.push(part);
        if at.symlink_metadata().is_ok_and(|info| info.is_symlink()) {
            return Err(Error::Usage(format!(
                "`{}` is a link; extract into an empty directory",
                at.display()
            )));
        }
    }
    Ok(())
}
