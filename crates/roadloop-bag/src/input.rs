//! A file of a recording: on this machine, or elsewhere.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::BagError;
use crate::remote::{Parts, RemoteFile};

/// A file and its names. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// As people call it, whether it lies there or not.
    pub(crate) path: PathBuf,
    /// What places in it are named by.
    pub(crate) name: String,
    place: Place,
}

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Here(PathBuf),
    Elsewhere(Arc<Parts>),
    /// Read from its start to its end, and once.
    Stream(Arc<dyn RemoteFile>),
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Input {
        Input { path: path.to_owned(), name: name_of(path), place: Place::Here(path.to_owned()) }
    }
}

impl Input {
    pub(crate) fn remote(name: &Path, file: Arc<dyn RemoteFile>) -> Input {
        let place = match file.size() {
            Some(len) => Place::Elsewhere(Arc::new(Parts::new(file, len))),
            None => Place::Stream(file),
        };
        Input { path: name.to_owned(), name: name_of(name), place }
    }

    /// Its content, as it lies in a file of this machine now.
    pub(crate) fn kept_in(&self, file: PathBuf, name: &str) -> Input {
        Input { path: self.path.clone(), name: name.to_owned(), place: Place::Here(file) }
    }

    /// Where it lies, if it does so on this machine.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Here(file) => Some(file),
            Place::Elsewhere(_) | Place::Stream(_) => None,
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// In bytes.
    pub(crate) fn len(&self) -> io::Result<u64> {
        match &self.place {
            Place::Here(file) => Ok(file.metadata()?.len()),
            Place::Elsewhere(parts) => Ok(parts.len()),
            Place::Stream(_) => Err(io::Error::other("nobody said how long it is")),
        }
    }

    /// Up to so many bytes, from its start.
    pub(crate) fn start(&self, count: u64) -> io::Result<Vec<u8>> {
        match &self.place {
            Place::Elsewhere(parts) => {
                let count = count.min(parts.len());
                if count == 0 {
                    return Ok(Vec::new());
                }
                let (_, bytes) = parts.get(0, count)?;
                Ok(bytes[..count as usize].to_vec())
            }
            Place::Here(_) | Place::Stream(_) => {
                let mut start = Vec::new();
                self.stream()?.take(count).read_to_end(&mut start)?;
                Ok(start)
            }
        }
    }

    /// All of it, from its start.
    pub(crate) fn stream(&self) -> io::Result<Box<dyn Read + Send>> {
        match &self.place {
            Place::Here(file) => Ok(Box::new(File::open(file)?)),
            Place::Elsewhere(parts) => parts.stream(),
            Place::Stream(file) => file.stream(),
        }
    }

    /// What failed on the way here, as an error.
    pub(crate) fn failure(&self) -> Option<BagError> {
        let Place::Elsewhere(parts) = &self.place else { return None };
        let source = io::Error::other(parts.failure()?.to_owned());
        Some(BagError::Read { path: self.path.clone(), source })
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
