//! The file itself, below SQLite.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::error::OpenError;

/// Makes an empty file that only its owner may read, where there is none. One that exists is not
/// even opened: to close it would release the locks that SQLite holds on it in this process.
pub(crate) fn create(path: &Path) -> Result<(), OpenError> {
    no_folder(path)?;
    match create_new(path) {
        Ok(file) => {
            drop(file);
            sync_folder(path).map_err(|error| OpenError::io(path, error))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => match path.parent() {
            Some(folder) if error.kind() == io::ErrorKind::NotFound => {
                Err(OpenError::NoFolder { path: path.to_owned(), folder: folder.to_owned() })
            }
            _ => Err(OpenError::io(path, error)),
        },
    }
}

/// Makes sure that there is a file, and does not open it either.
pub(crate) fn find(path: &Path) -> Result<(), OpenError> {
    no_folder(path)?;
    match fs::metadata(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::NoStore { path: path.to_owned() })
        }
        Err(error) => Err(OpenError::io(path, error)),
    }
}

fn no_folder(path: &Path) -> Result<(), OpenError> {
    if path.is_dir() {
        return Err(OpenError::IsFolder { path: path.to_owned() });
    }
    Ok(())
}

/// A new file with mode 0600.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// So that the name of a new file survives a power loss, too.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
pub(crate) fn identity(path: &Path) -> io::Result<Option<(u64, u64)>> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map(|metadata| Some((metadata.dev(), metadata.ino())))
}

/// Where a file that is open can be neither deleted nor replaced.
#[cfg(not(unix))]
pub(crate) fn identity(path: &Path) -> io::Result<Option<(u64, u64)>> {
    fs::metadata(path).map(|_| None)
}
