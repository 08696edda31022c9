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
    #[error("cannot {action} an object{}\nkey: {key}", hint(source))]
    Backend { action: &'static str, key: String, source: object_store::Error },
    #[error("{holder} is at it already; try again when it is done\nlock: {name}")]
    Locked { name: &'static str, holder: String },
    #[error(
        "no store answers to {scheme}: URIs; a folder, s3://BUCKET/PREFIX, gs:// and az:// do\nstore: {uri}"
    )]
    UnknownScheme { scheme: String, uri: String },
    #[error("there is no such bucket; make it first, or look at its name and region\nstore: {uri}")]
    NoSuchBucket { uri: String },
    #[error("cannot work with the store{}\nstore: {uri}", hint(source))]
    Unreachable { uri: String, source: object_store::Error },
    #[error(
        "the store writes over what is there though told not to (If-None-Match), so writers would \
         undo each other's work; use Amazon S3, or another that keeps to it, or a folder\nstore: {uri}"
    )]
    NoConditions { uri: String },
    #[error("cannot read what lies elsewhere{}\naddress: {address}", hint(source))]
    Remote { address: String, source: object_store::Error },
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
            StoreError::NotFound { .. } | StoreError::NoSuchBucket { .. } => ErrorKind::NotFound,
            StoreError::AlreadyExists { .. } => ErrorKind::Conflict,
            StoreError::BadKey { .. }
            | StoreError::UnknownScheme { .. }
            | StoreError::UnknownAddress { .. }
            | StoreError::NoConditions { .. }
            | StoreError::BadAddress { .. } => ErrorKind::Invalid,
            StoreError::Full { .. } | StoreError::Locked { .. } => ErrorKind::Busy,
            StoreError::Folder { .. }
            | StoreError::Io { .. }
            | StoreError::Backend { .. }
            | StoreError::Unreachable { .. }
            | StoreError::Remote { .. } => ErrorKind::Internal,
        }
    }

    /// Whether it was the store or the way to it, and not this one object.
    pub fn is_of_the_store(&self) -> bool {
        use object_store::Error::{Generic, PermissionDenied, Unauthenticated};
        match self {
            StoreError::Unreachable { .. } => true,
            StoreError::Backend { source: Generic { store, .. }, .. } => {
                matches!(*store, "S3" | "GCS" | "MicrosoftAzure")
            }
            StoreError::Backend { source, .. } => {
                matches!(source, PermissionDenied { .. } | Unauthenticated { .. })
            }
            _ => false,
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

/// How stores say it, where the library does not.
const REFUSALS: [&str; 7] = [
    "AccessKey",
    "redential",
    "169.254.169.254",
    "AccessDenied",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "AuthenticationFailed",
];

/// What to do where a store did not let us in.
fn hint(error: &object_store::Error) -> &'static str {
    use object_store::Error::{PermissionDenied, Unauthenticated};
    let text = error.to_string();
    let is_refused = matches!(error, PermissionDenied { .. } | Unauthenticated { .. })
        || REFUSALS.iter().any(|word| text.contains(word));
    let of = |store: &str| is_refused && format!("{error:?}").contains(store);
    if of("S3") {
        "; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION let in, \
         AWS_SKIP_SIGNATURE=true reads a public bucket"
    } else if of("GCS") {
        "; GOOGLE_APPLICATION_CREDENTIALS lets in, GOOGLE_SKIP_SIGNATURE=true reads a public bucket"
    } else if of("Azure") {
        "; AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY let in"
    } else {
        ""
    }
}
