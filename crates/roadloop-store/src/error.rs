//! What can go wrong with a store.

use std::io;
use std::path::PathBuf;

use roadloop_base::{ErrorKind, is_disk_full};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no object of that name is stored\nkey: {key}")]
    NotFound { key: String },
    #[error("an object of that name is stored already\nkey: {key}")]
    AlreadyExists { key: String },
    #[error("{key:?} is not a key: parts are separated by '/', and none may be empty, '.' or '..'")]
    BadKey { key: String },
    #[error("cannot {action} the store's folder\npath: {}", path.display())]
    Folder { action: &'static str, path: PathBuf, source: io::Error },
    #[error("the disk is full; free some space and run the same command again\nkey: {key}")]
    Full { key: String },
    #[error("cannot {action} an object\nkey: {key}")]
    Io { action: &'static str, key: String, source: io::Error },
    #[error("cannot {action} an object\nkey: {key}")]
    Backend { action: &'static str, key: String, source: object_store::Error },
    #[error("no store answers to {scheme}: URIs in this build; use a folder\nstore: {uri}")]
    UnknownScheme { scheme: String, uri: String },
    #[error(
        "nothing is read from {scheme}: addresses; s3:, gs:, az:, http: and https: are\naddress: {uri}"
    )]
    UnknownAddress { scheme: String, uri: String },
    #[error("not an address: {reason}\naddress: {uri}")]
    BadAddress { uri: String, reason: String },
}

impl StoreError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            StoreError::NotFound { .. } => ErrorKind::NotFound,
            StoreError::AlreadyExists { .. } => ErrorKind::Conflict,
            StoreError::BadKey { .. }
            | StoreError::UnknownScheme { .. }
            | StoreError::UnknownAddress { .. }
            | StoreError::BadAddress { .. } => ErrorKind::Invalid,
            StoreError::Full { .. } => ErrorKind::Busy,
            StoreError::Folder { .. } | StoreError::Io { .. } | StoreError::Backend { .. } => {
                ErrorKind::Internal
            }
        }
    }

    /// An I/O error at a key; a full disk gets a word of its own.
    pub(crate) fn io(action: &'static str, key: &str, source: io::Error) -> StoreError {
        let key = key.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { key },
            io::ErrorKind::NotFound if action == "read" => StoreError::NotFound { key },
            _ => StoreError::Io { action, key, source },
        }
    }

    pub(crate) fn backend(
        action: &'static str,
        key: &str,
        source: object_store::Error,
    ) -> StoreError {
        let key = key.to_owned();
        match source {
            object_store::Error::NotFound { .. } => StoreError::NotFound { key },
            object_store::Error::AlreadyExists { .. } => StoreError::AlreadyExists { key },
            source if is_disk_full(&source) => StoreError::Full { key },
            source => StoreError::Backend { action, key, source },
        }
    }
}
