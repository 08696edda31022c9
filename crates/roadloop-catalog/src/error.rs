//! What can go wrong with the catalog.

use std::io;
use std::time::Duration;

use deltalake::DeltaTableError;
use deltalake::arrow::error::ArrowError;
use deltalake::datafusion::error::DataFusionError;
use deltalake::logstore::object_store;
use deltalake::parquet::errors::ParquetError;

use roadloop_base::{ErrorKind, is_disk_full};

use crate::{AttachError, FilterError};

#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error(
        "the catalog's {table} table has format {found}, this program knows up to {known}; use a newer roadloop"
    )]
    NewerFormat { table: String, found: u32, known: u32 },
    #[error("there is a {table} table that roadloop did not make: it carries no roadloop.format")]
    NotOurs { table: String },
    #[error("cannot {action} the catalog's {table} table")]
    Table { action: &'static str, table: String, source: Box<DeltaTableError> },
    #[error("cannot {action} a file of the catalog\nkey: {key}")]
    Object { action: &'static str, key: String, source: object_store::Error },
    #[error("the catalog's disk is full; free some space and run the same command again")]
    Full { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("a file of the catalog is damaged\nkey: {key}")]
    Damaged { key: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("rows of the catalog are damaged: {what}")]
    DamagedRows { what: String },
    #[error("shard {shard} cannot be kept: {reason}")]
    BadShard { shard: String, reason: String },
    #[error(
        "{new} and {old}, already in the catalog, fall on the same stream number; give the recording another --name"
    )]
    StreamTaken { new: String, old: String },
    #[error("the annotation cannot be kept: {reason}")]
    BadAnnotation { reason: String },
    #[error("{} since you looked at frame {frame}; load it again, then save", changed_by(author))]
    AnnotationChanged { frame: String, author: Option<String> },
    #[error("other writers were first {attempts} times in a row; try again")]
    Contended { attempts: u32 },
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error(transparent)]
    Attach(#[from] AttachError),
    #[error("{word} groups no frames: {reason}")]
    NoSuchGroup { word: String, reason: String },
    #[error("{word} is there twice; each word groups frames once")]
    SameGroup { word: String },
    #[error("frames are grouped by at most {most} words")]
    TooManyWords { most: usize },
    #[error("more than {most} strata: that is no sample of frames; draw by fewer words")]
    TooManyStrata { most: usize },
    #[error("no selection is saved as {wanted}{}", did_you_mean(suggestion))]
    NoSuchSelection { wanted: String, suggestion: Option<String> },
    #[error("there is no {wanted}; saved are versions {}", in_words(versions))]
    NoSuchVersion { wanted: String, versions: Vec<u32> },
    #[error(
        "the card of selection {name} has format {found}, this program knows up to {known}; use a newer roadloop"
    )]
    NewerSelection { name: String, found: u32, known: u32 },
    #[error("this is not a question that can be answered: {reason}")]
    BadSql { reason: String },
    #[error("the answer took longer than {} s; ask for less", limit.as_secs_f32())]
    TooSlow { limit: Duration },
    #[error(
        "the answer needs more memory than the {limit_mib} MiB it may use; ask for less \
         (two count(DISTINCT …) keep all values in memory, one beside counts and sums does not)"
    )]
    TooBig { limit_mib: usize, source: Box<DataFusionError> },
    #[error("the catalog cannot answer")]
    Query { source: Box<DataFusionError> },
    #[error("cannot lay out the answer")]
    Layout(#[from] ArrowError),
    #[error("cannot encode rows")]
    Encode(#[from] ParquetError),
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
    #[error("a task of the catalog was stopped")]
    Stopped,
    #[error("cannot start threads to answer with")]
    Threads { source: io::Error },
}

impl CatalogError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            CatalogError::NewerFormat { .. }
            | CatalogError::NotOurs { .. }
            | CatalogError::BadShard { .. }
            | CatalogError::BadAnnotation { .. }
            | CatalogError::Filter(_)
            | CatalogError::BadSql { .. }
            | CatalogError::NoSuchGroup { .. }
            | CatalogError::SameGroup { .. }
            | CatalogError::TooManyWords { .. }
            | CatalogError::TooManyStrata { .. }
            | CatalogError::NewerSelection { .. }
            | CatalogError::TooBig { .. } => ErrorKind::Invalid,
            CatalogError::Attach(error) => error.kind(),
            CatalogError::NoSuchSelection { .. } | CatalogError::NoSuchVersion { .. } => {
                ErrorKind::NotFound
            }
            CatalogError::StreamTaken { .. } | CatalogError::AnnotationChanged { .. } => {
                ErrorKind::Conflict
            }
            CatalogError::Full { .. }
            | CatalogError::Contended { .. }
            | CatalogError::Threads { .. }
            | CatalogError::TooSlow { .. } => ErrorKind::Busy,
            CatalogError::Table { .. }
            | CatalogError::Object { .. }
            | CatalogError::Damaged { .. }
            | CatalogError::DamagedRows { .. }
            | CatalogError::Query { .. }
            | CatalogError::Layout(_)
            | CatalogError::Encode(_)
            | CatalogError::Write(_)
            | CatalogError::Stopped => ErrorKind::Internal,
        }
    }

    pub(crate) fn table(
        action: &'static str,
        table: &str,
        source: DeltaTableError,
    ) -> CatalogError {
        if is_disk_full(&source) {
            return CatalogError::Full { source: Box::new(source) };
        }
        CatalogError::Table { action, table: table.to_owned(), source: Box::new(source) }
    }

    pub(crate) fn object(
        action: &'static str,
        key: impl Into<String>,
        source: object_store::Error,
    ) -> CatalogError {
        if is_disk_full(&source) {
            return CatalogError::Full { source: Box::new(source) };
        }
        CatalogError::Object { action, key: key.into(), source }
    }

    /// Whether a file is not there any more.
    pub(crate) fn is_of_a_missing_file(&self) -> bool {
        matches!(self, CatalogError::Object { source: object_store::Error::NotFound { .. }, .. })
    }

    pub(crate) fn damaged(
        key: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> CatalogError {
        CatalogError::Damaged { key: key.into(), source: Box::new(source) }
    }
}

fn changed_by(author: &Option<String>) -> String {
    match author {
        Some(author) => format!("{author} saved another annotation"),
        None => "somebody took the annotation back".to_owned(),
    }
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or(String::new(), |name| format!("; did you mean {name}?"))
}

fn in_words(versions: &[u32]) -> String {
    let words: Vec<String> = versions.iter().map(u32::to_string).collect();
    words.join(", ")
}

impl From<DataFusionError> for CatalogError {
    fn from(source: DataFusionError) -> CatalogError {
        CatalogError::Query { source: Box::new(source) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_through_every_wrapping() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let wrapped =
            object_store::Error::Generic { store: "LocalFileSystem", source: full.into() };
        let error = CatalogError::object("write", "tables/x", wrapped);
        assert!(matches!(error, CatalogError::Full { .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Busy);
    }
}
