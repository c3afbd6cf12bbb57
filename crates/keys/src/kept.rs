//! A seed that nobody configured: made once, and kept in the data folder for its owner alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Ids;
use std::fs;
use std::io::{Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The seed in `folder/file`, 32 bytes in base64, made there if it is missing. Processes that start at once agree on one:
/// the file appears whole under its name or not at all, and whoever comes second reads it.
///
/// # Errors
/// When the folder cannot be read or written.
pub fn kept(folder: &Path, file: &str, ids: &dyn Ids) -> Result<String, Error> {
    let path = folder.join(file);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!("{file}.{}", ids.next().simple()));
    write_private(&draft, &STANDARD.encode(ids.secret()))?;
    let linked = fs::hard_link(&draft, &path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => fs::read_to_string(&path),
    }
}

fn write_private(path: &PathBuf, text: &str) -> Result<(), Error> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
