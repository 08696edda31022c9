//! Why a recording cannot be opened or read at all. What costs only a part of
//! it is a [`Skip`](roadloop_base::Skip), not an error.

use std::io;
use std::path::{Path, PathBuf};

use roadloop_base::ErrorKind;

const EXPECTED: &str = "a ROS 1 bag (.bag), an MCAP file (.mcap), \
    a rosbag2 database (.db3) or a rosbag2 folder";

#[derive(Debug, thiserror::Error)]
pub enum BagError {
    #[error("cannot read the recording: {source}\npath: {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("no such file or folder\npath: {}", path.display())]
    NotFound { path: PathBuf },
    #[error("the file is empty (0 bytes); expected {EXPECTED}\npath: {}", path.display())]
    Empty { path: PathBuf },
    #[error("not a recording: found {found}; expected {EXPECTED}\npath: {}", path.display())]
    NotARecording { path: PathBuf, found: String },
    #[error("no recordings in this folder ({files} files looked at); expected {EXPECTED}\npath: {}", path.display())]
    NothingInFolder { path: PathBuf, files: usize },
    #[error("cannot decompress the recording into {}: {source}; TMPDIR names another folder\npath: {}", folder.display(), path.display())]
    Decompress { path: PathBuf, folder: PathBuf, source: io::Error },
    #[error("cannot keep a copy of the recording in {}: {source}; TMPDIR names another folder\npath: {}", folder.display(), path.display())]
    Spool { path: PathBuf, folder: PathBuf, source: io::Error },
    #[error("cannot decompress the recording: {reason}\npath: {}", path.display())]
    Compressed { path: PathBuf, reason: String },
    #[error("{what} cannot be read yet\npath: {}", path.display())]
    Unsupported { path: PathBuf, what: String },
    #[error("topic {topic:?} is not in the recording; it has {}", list(known))]
    NoSuchTopic { topic: String, known: Vec<String> },
    #[error("topic {topic:?} carries {found}, not camera images")]
    NotACamera { topic: String, found: String },
    #[error("the recording has no camera topics; it has {}\npath: {}", list(found), path.display())]
    NoCameras { path: PathBuf, found: Vec<String> },
    #[error("no topic of the recording can be read: {damage}\npath: {}", path.display())]
    NothingReadable { path: PathBuf, damage: String },
    #[error("cannot use the definition of {message_type}: {reason}\ntopic: {topic}")]
    BadDefinition { topic: String, message_type: String, reason: String },
    #[error("the topic has no message type, so its messages cannot be decoded\ntopic: {topic}")]
    NoMessageType { topic: String },
    #[error("{rate_hz} is no rate; expected frames per second, more than 0")]
    BadRate { rate_hz: f64 },
}

impl BagError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            BagError::Read { .. } | BagError::Decompress { .. } | BagError::Spool { .. } => {
                ErrorKind::Internal
            }
            BagError::NotFound { .. } | BagError::NoSuchTopic { .. } => ErrorKind::NotFound,
            BagError::Empty { .. }
            | BagError::NotARecording { .. }
            | BagError::Compressed { .. }
            | BagError::NoMessageType { .. }
            | BagError::NothingInFolder { .. }
            | BagError::Unsupported { .. }
            | BagError::NotACamera { .. }
            | BagError::NoCameras { .. }
            | BagError::NothingReadable { .. }
            | BagError::BadDefinition { .. }
            | BagError::BadRate { .. } => ErrorKind::Invalid,
        }
    }

    /// For `map_err`: an I/O error with the path it happened at.
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> BagError + '_ {
        |source| match source.kind() {
            io::ErrorKind::NotFound => BagError::NotFound { path: path.to_owned() },
            _ => BagError::Read { path: path.to_owned(), source },
        }
    }
}

/// The names, at most twenty of them.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    if names.is_empty() {
        return "none at all".to_owned();
    }
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}
