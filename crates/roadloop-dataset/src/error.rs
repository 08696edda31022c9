//! What can be wrong with a dataset or with files of others, in words that say where.

use std::io;
use std::path::{Path, PathBuf};

use roadloop_base::ErrorKind;

use crate::{BadName, Format};

#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// `place` is a line of it, an element, a record: `line 3`, `annotation 17`.
    #[error("{place}: {reason}\npath: {}", path.display())]
    Damaged { path: PathBuf, place: String, reason: String },
    #[error("this is no dataset in the form {form}: {reason}\npath: {}", path.display())]
    NotOfForm { form: Format, path: PathBuf, reason: String },
    #[error("cannot read a file: {source}\npath: {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write a file: {source}\npath: {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{image} cannot be written as {form}: {reason}")]
    Unwritable { form: Format, image: String, reason: String },
    #[error("{0}")]
    Name(#[from] BadName),
    /// Settings that contradict each other or the samples.
    #[error("{0}")]
    Settings(String),
    #[error("more than {most} {what}")]
    TooMany { most: u64, what: &'static str },
    #[error("the frozen rows of the dataset are damaged: {0}")]
    Rows(String),
}

impl DatasetError {
    pub fn damaged(path: &Path, place: impl Into<String>, reason: impl Into<String>) -> Self {
        let (place, reason) = (place.into(), whole(&reason.into()));
        DatasetError::Damaged { path: path.to_owned(), place, reason }
    }

    pub fn read(path: &Path) -> impl FnOnce(io::Error) -> DatasetError {
        move |source| DatasetError::Read { path: path.to_owned(), source }
    }

    pub fn write(path: &Path) -> impl FnOnce(io::Error) -> DatasetError {
        move |source| DatasetError::Write { path: path.to_owned(), source }
    }

    /// The same, of a file that people know by another path.
    #[must_use]
    pub fn of_file(self, shown: &Path) -> DatasetError {
        let known = || shown.to_owned();
        match self {
            DatasetError::Damaged { place, reason, .. } => {
                DatasetError::Damaged { path: known(), place, reason }
            }
            DatasetError::NotOfForm { form, reason, .. } => {
                DatasetError::NotOfForm { form, path: known(), reason }
            }
            DatasetError::Read { source, .. } => DatasetError::Read { path: known(), source },
            other => other,
        }
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            DatasetError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            DatasetError::Read { .. } | DatasetError::Write { .. } | DatasetError::Rows(_) => {
                ErrorKind::Internal
            }
            _ => ErrorKind::Invalid,
        }
    }
}

/// A reason is said to its end, whose quotes are cut by who quotes; the bound is for what
/// parsers quote.
fn whole(reason: &str) -> String {
    const MOST: usize = 1000;
    let characters: Vec<char> = reason.chars().take(MOST).collect();
    // As many as are shown whole.
    characters.chunks(80).map(|part| shown(&part.iter().collect::<String>())).collect()
}

/// What is quoted of a file is quoted in part, and without characters of control.
pub(crate) fn shown(text: &str) -> String {
    roadloop_manifest::shown(text)
}
