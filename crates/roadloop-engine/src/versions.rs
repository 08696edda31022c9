//! Cards of what has a name and versions: `<folder>/<name>/<version>.json`, one for each
//! version, never changed.

use std::collections::BTreeMap;

use bytes::Bytes;
use roadloop_base::is_plain_name;
use roadloop_store::{Store, StoreError};

use crate::EngineError;

/// Where a version's card lies.
pub(crate) fn card_key(folder: &str, name: &str, version: u32) -> String {
    format!("{folder}/{name}/{version}.json")
}

/// Versions of a name, rising; none where there is no such name.
pub(crate) async fn versions(
    store: &Store,
    folder: &str,
    name: &str,
) -> Result<Vec<u32>, EngineError> {
    let listed = store.list(&format!("{folder}/{name}")).await?;
    let files = listed.iter().filter_map(|object| object.key.rsplit('/').next());
    let mut versions: Vec<u32> = files.filter_map(version_of).collect();
    versions.sort_unstable();
    Ok(versions)
}

/// All names there are, with their versions, rising.
pub(crate) async fn names(
    store: &Store,
    folder: &str,
) -> Result<BTreeMap<String, Vec<u32>>, EngineError> {
    let mut names: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for object in store.list(folder).await? {
        let mut parts = object.key.split('/').skip(1);
        let (Some(name), Some(file), None) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if let (true, Some(version)) = (is_plain_name(name), version_of(file)) {
            names.entry(name.to_owned()).or_default().push(version);
        }
    }
    for versions in names.values_mut() {
        versions.sort_unstable();
    }
    Ok(names)
}

/// Keeps a card where no version of that number is yet; `false` where somebody was faster.
pub(crate) async fn put_version(
    store: &Store,
    key: &str,
    card: impl Into<Bytes>,
) -> Result<bool, EngineError> {
    match store.put_new(key, card.into()).await {
        Ok(()) => Ok(true),
        Err(StoreError::AlreadyExists { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Of a card's file, `3.json`.
fn version_of(file: &str) -> Option<u32> {
    file.strip_suffix(".json")?.parse().ok()
}
