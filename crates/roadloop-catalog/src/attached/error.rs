//! What can be wrong with data that is to be attached, in words that say what
//! to do next.

use roadloop_base::ErrorKind;

use crate::MAX_FILE_BYTES;

#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    #[error("{name:?} cannot be the name of a source: {reason}")]
    BadName { name: String, reason: String },
    #[error("{tag:?} cannot be a tag: {reason}")]
    BadTag { tag: String, reason: String },
    #[error("{text:?} is not a way to join: {reason}")]
    BadJoining { text: String, reason: String },
    #[error("{reason}\nfile: {file}")]
    BadColumns { file: String, reason: String },
    #[error("cannot read the file: {reason}\nfile: {file}")]
    Unreadable { file: String, reason: String },
    #[error(
        "the file is larger than what is held in memory: {found}, and the limit is {limit}; \
         split it, or leave out columns or rows\nfile: {file}"
    )]
    TooLarge { file: String, found: String, limit: String },
    #[error("the file has no column of {wanted}: it has {found}; {hint}\nfile: {file}")]
    NoColumn { file: String, wanted: String, found: String, hint: String },
    #[error("none of the {rows} rows can be used: {first}\nfile: {file}")]
    NothingUsable { file: String, rows: u64, first: String },
    #[error("nothing is attached as {name}; {known}")]
    NotAttached { name: String, known: String },
    #[error("the rows of {name} are no longer in the store; attach the file again\nkey: {key}")]
    RowsGone { name: String, key: String },
    #[error(
        "other data was attached as {name} meanwhile, by another process; it was left as it is"
    )]
    Superseded { name: String },
}

impl AttachError {
    /// For a file of which only a beginning was read.
    pub fn too_long(file: &str) -> AttachError {
        let limit = format!("{} MiB", MAX_FILE_BYTES >> 20);
        AttachError::TooLarge { file: file.to_owned(), found: format!("more than {limit}"), limit }
    }

    /// Whether it is about what was typed, not about what is in a file.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            AttachError::BadName { .. }
                | AttachError::BadTag { .. }
                | AttachError::BadJoining { .. }
                | AttachError::BadColumns { .. }
                | AttachError::NoColumn { .. }
                | AttachError::NotAttached { .. }
        )
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            AttachError::NotAttached { .. } => ErrorKind::NotFound,
            AttachError::Superseded { .. } => ErrorKind::Conflict,
            _ => ErrorKind::Invalid,
        }
    }
}
