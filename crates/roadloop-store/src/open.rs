//! URI to implementation: the only place that chooses.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::memory::InMemory;

use crate::durable::DurableFolder;
use crate::{Store, StoreError};

/// Opens the store a URI names: a folder (`/data/lake`, `./lake`,
/// `file:///data/lake`; made when missing), or `memory:` for tests.
pub fn open(uri: &str) -> Result<Store, StoreError> {
    if uri == "memory:" {
        return Ok(Store::in_memory(Arc::new(InMemory::new())));
    }
    let folder = match uri.split_once("://") {
        None => PathBuf::from(uri),
        Some(("file", path)) => PathBuf::from(path),
        Some((scheme, _)) => {
            let (scheme, uri) = (scheme.to_owned(), uri.to_owned());
            return Err(StoreError::UnknownScheme { scheme, uri });
        }
    };
    Ok(Store::in_folder(Arc::new(DurableFolder::open(folder)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite;

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

    #[test]
    fn unknown_schemes_are_named() {
        let error = open("ftp://host/lake").unwrap_err();
        assert!(error.to_string().contains("ftp: URIs"), "{error}");
    }
}
