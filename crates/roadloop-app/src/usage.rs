//! What was typed wrongly is told from what went wrong: the first exits with 2,
//! the second with 1.

use std::error::Error as StdError;
use std::fmt;

use anyhow::{Error, Result};
use roadloop_base::{BadId, Nanos};
use roadloop_engine::EngineError;
use roadloop_engine::bag::BagError;
use roadloop_engine::catalog::{CatalogError, FilterError, Period};
use roadloop_engine::datasets::DatasetError;
use roadloop_engine::queue::QueueError;
use roadloop_engine::store::StoreError;
use roadloop_engine::training::TrainError;

/// A flag, a setting or a name that cannot be meant.
#[derive(Debug)]
struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for UsageError {}

/// An error about what was typed.
pub(crate) fn usage(text: impl Into<String>) -> Error {
    UsageError(text.into()).into()
}

/// Pairs as they are typed, `OLD=NEW`, of an option whose example is one.
pub(crate) fn renames(
    option: &str,
    example: &str,
    typed: &[String],
) -> Result<Vec<(String, String)>> {
    let pairs = typed.iter().map(|text| match text.split_once('=') {
        Some((old, new)) if !old.is_empty() => Ok((old.to_owned(), new.to_owned())),
        _ => Err(usage(format!("{option} is OLD=NEW, as {example}, and not {text:?}"))),
    });
    pairs.collect()
}

/// A stretch of time as it was typed, from its start and before its end.
pub(crate) fn stretch(
    from: Option<Period>,
    to: Option<Period>,
) -> Result<(Option<Nanos>, Option<Nanos>)> {
    if let (Some(from), Some(to)) = (from, to)
        && from.start() >= to.end_of_range()
    {
        return Err(usage(format!("--from {} is not before --to {}", from.start(), to.start())));
    }
    Ok((from.map(Period::start), to.map(Period::end_of_range)))
}

/// Whether the error is about what was typed: a flag, a setting, a filter, a
/// query, a name.
pub(crate) fn is_usage(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<UsageError>()
            || cause.is::<FilterError>()
            || cause.is::<BadId>()
            || matches!(cause.downcast_ref(), Some(QueueError::BadAddress { .. }))
            || cause.downcast_ref().is_some_and(is_usage_of_store)
            || cause.downcast_ref().is_some_and(is_usage_of_bag)
            || cause.downcast_ref().is_some_and(is_usage_of_catalog)
            || cause.downcast_ref().is_some_and(is_usage_of_engine)
    })
}

/// As [`is_usage`], for the engine's own error.
pub(crate) fn is_usage_of_engine(error: &EngineError) -> bool {
    match error {
        EngineError::Bag(error) => is_usage_of_bag(error),
        EngineError::Store(error) => is_usage_of_store(error),
        EngineError::Catalog(error) => is_usage_of_catalog(error),
        EngineError::NoSuchRecording { .. }
        | EngineError::SeveralRecordings { .. }
        | EngineError::FolderTaken { .. }
        | EngineError::NoSuchDataset { .. }
        | EngineError::NoSuchDatasetVersion { .. }
        | EngineError::NoSuchClass { .. }
        | EngineError::NoSuchRun { .. }
        | EngineError::RunExists { .. }
        | EngineError::NoSuchModel { .. }
        | EngineError::EmptySplit { .. }
        | EngineError::Train(TrainError::Setting { .. } | TrainError::Augment(_))
        | EngineError::NamesNoImages { .. }
        | EngineError::Dataset(DatasetError::Settings(_) | DatasetError::Name(_))
        | EngineError::NotHere => true,
        _ => false,
    }
}

fn is_usage_of_bag(error: &BagError) -> bool {
    matches!(
        error,
        BagError::NoSuchTopic { .. } | BagError::NotACamera { .. } | BagError::BadRate { .. }
    )
}

fn is_usage_of_store(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::UnknownScheme { .. }
            | StoreError::UnknownAddress { .. }
            | StoreError::BadAddress { .. }
    )
}

fn is_usage_of_catalog(error: &CatalogError) -> bool {
    match error {
        CatalogError::Attach(error) => error.is_usage(),
        CatalogError::Filter(_)
        | CatalogError::BadSql { .. }
        | CatalogError::NoSuchGroup { .. }
        | CatalogError::SameGroup { .. }
        | CatalogError::TooManyWords { .. }
        | CatalogError::TooManyStrata { .. }
        | CatalogError::NoSuchSelection { .. }
        | CatalogError::NoSuchVersion { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn what_was_typed_is_told_from_what_went_wrong() {
        let topic = BagError::NoSuchTopic { topic: "/x".to_owned(), known: Vec::new() };
        assert!(is_usage(&EngineError::from(topic).into()));
        let query = CatalogError::BadSql { reason: "x".to_owned() };
        assert!(is_usage(&Error::from(query).context("while asking")));
        let nested: Result<()> = Err(usage("--rate is 0"));
        assert!(is_usage(&nested.context("settings").unwrap_err()));
        let gone = BagError::NotFound { path: "gone.bag".into() };
        assert!(!is_usage(&gone.into()));
    }
}
