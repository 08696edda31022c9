//! URI to implementation: the only place that chooses.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::path::Path as Key;
use url::Url;

use crate::clouds::{Patience, connect, is_bucket};
use crate::durable::DurableFolder;
use crate::{Store, StoreError, public_part};

/// Opens the store a URI names: a folder (`/data/lake`, `./lake`,
/// `file:///data/lake`; made when missing), a place in a bucket or container
/// (`s3://bucket/prefix`, `gs://…`, `az://…`), or `memory:` for tests.
///
/// A bucket is not asked yet whether it is there: see [`Store::ready`].
pub fn open(uri: &str) -> Result<Store, StoreError> {
    if uri == "memory:" {
        return Ok(Store::elsewhere(Arc::new(InMemory::new()), uri));
    }
    if let Some(folder) = folder_of(uri) {
        return Ok(Store::in_folder(Arc::new(DurableFolder::open(folder)?)));
    }
    let scheme = uri.split_once("://").map_or(uri, |(scheme, _)| scheme);
    if !is_bucket(scheme) {
        let (scheme, uri) = (scheme.to_owned(), public_part(uri));
        return Err(StoreError::UnknownScheme { scheme, uri });
    }
    let bad = |reason: String| StoreError::BadAddress { uri: public_part(uri), reason };
    let url = Url::parse(uri).map_err(|error| bad(error.to_string()))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad("it names no bucket".to_owned()));
    }
    let prefix = Key::from_url_path(url.path()).map_err(|error| bad(error.to_string()))?;
    let mut root = url.clone();
    root.set_path("");
    root.set_query(None);
    let client = connect(&url, root.as_str(), Patience::WORKING);
    let client = client.ok_or_else(|| bad("nobody answers to it".to_owned()))?;
    let failed = |source| StoreError::Unreachable { uri: public_part(uri), source };
    Ok(Store::below(client.map_err(failed)?, prefix, uri))
}

/// The folder a URI names, which may not be there; `None` where it names none.
pub fn folder_of(uri: &str) -> Option<PathBuf> {
    match uri.split_once("://") {
        None if uri == "memory:" => None,
        None => Some(PathBuf::from(uri)),
        Some(("file", path)) => Some(PathBuf::from(path)),
        Some(_) => None,
    }
}

/// Whether anything lies below a prefix of the store a URI names. Makes nothing.
pub async fn holds(uri: &str, prefix: &str) -> Result<bool, StoreError> {
    match folder_of(uri) {
        Some(folder) => Ok(folder.join(prefix).exists()),
        None => open(uri)?.holds(prefix).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite;
    use crate::testing::S3;

    #[tokio::test]
    async fn memory_keeps_the_promises() {
        suite::store_keeps_its_promises(|| open("memory:").unwrap()).await;
    }

    #[tokio::test]
    async fn folder_keeps_the_promises() {
        let parent = tempfile::tempdir().unwrap();
        let mut number = 0;
        suite::store_keeps_its_promises(|| {
            number += 1;
            open(parent.path().join(number.to_string()).to_str().unwrap()).unwrap()
        })
        .await;
    }

    #[tokio::test]
    async fn s3_keeps_the_promises() {
        let server = S3::start(&["fleet"]);
        let mut number = 0;
        suite::store_keeps_its_promises(|| {
            number += 1;
            server.store("fleet", &format!("made by/{number}"))
        })
        .await;
        // A bucket without a prefix is a store too.
        let server = S3::start(&["fleet"]);
        let mut whole = Some(server.store("fleet", ""));
        whole.take().unwrap().ready().await.unwrap();
    }

    #[test]
    fn unknown_schemes_are_named() {
        let error = open("ftp://host/lake").unwrap_err();
        assert!(error.to_string().contains("ftp: URIs"), "{error}");
        let error = open("https://someone:secret@host/lake").unwrap_err();
        assert!(error.to_string().contains("https: URIs"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn folders_are_told_from_buckets() {
        assert_eq!(folder_of("./lake"), Some(PathBuf::from("./lake")));
        assert_eq!(folder_of("file:///data/lake"), Some(PathBuf::from("/data/lake")));
        assert_eq!(folder_of("s3://fleet/lake"), None);
        assert_eq!(folder_of("memory:"), None);
    }

    #[tokio::test]
    async fn what_holds_nothing_is_not_made() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("lake");
        let uri = folder.to_str().unwrap();
        assert!(!holds(uri, "tables").await.unwrap());
        assert!(!folder.exists());
        open(uri).unwrap().put("tables/a", "a".into()).await.unwrap();
        assert!(holds(uri, "tables").await.unwrap());
        assert!(!holds("memory:", "tables").await.unwrap());
    }
}
