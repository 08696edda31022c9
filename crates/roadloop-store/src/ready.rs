//! Is a store there, and does it do what its promises need? Asked once, when a
//! store is opened to be worked with, so that what is wrong is said in the words
//! of the one who named it.

use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStoreExt};

use crate::{Store, StoreError};

/// What an unused store is tried with. Its own name for each process: two may
/// try at once.
fn probe() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!(".probe-{}-{}", std::process::id(), now.unwrap_or_default().as_nanos())
}

impl Store {
    /// Whether anything lies below a prefix.
    pub async fn holds(&self, prefix: &str) -> Result<bool, StoreError> {
        self.any_below(Some(Key::from(prefix))).await
    }

    /// Whether the store can be reached. A folder was made when it was opened, but
    /// may be gone since, with the disk it is on.
    pub async fn reach(&self) -> Result<(), StoreError> {
        let Some(path) = self.file_of(&Key::default()) else {
            return self.any_below(None).await.map(drop);
        };
        let failed = |source| StoreError::Folder { action: "open", path: path.clone(), source };
        match tokio::fs::metadata(&path).await.map_err(failed)?.is_dir() {
            true => Ok(()),
            false => Err(failed(std::io::ErrorKind::NotADirectory.into())),
        }
    }

    /// Whether tables can be kept in the store: one in which nothing lies yet is
    /// [tried](Store::try_writing) before anything is entrusted to it.
    pub async fn ready(&self) -> Result<(), StoreError> {
        if !self.is_far() || self.any_below(None).await? {
            return Ok(());
        }
        self.try_writing().await
    }

    /// Writes something, sees to it that it cannot be written over by mistake,
    /// and deletes it.
    pub async fn try_writing(&self) -> Result<(), StoreError> {
        let probe = probe();
        let put = self.put_new(&probe, "roadloop".into()).await;
        put.map_err(|error| self.unreachable(error))?;
        let again = self.put_new(&probe, "again".into()).await;
        let deleted = self.object_store().delete(&Key::from(probe.as_str())).await;
        match again {
            Err(StoreError::AlreadyExists { .. }) => {}
            Ok(()) => return Err(StoreError::NoConditions { uri: self.uri().to_owned() }),
            // What it did not understand, it did not do.
            Err(StoreError::Backend {
                source: Error::NotImplemented { .. } | Error::NotSupported { .. },
                ..
            }) => return Err(StoreError::NoConditions { uri: self.uri().to_owned() }),
            Err(error) => return Err(self.unreachable(error)),
        }
        deleted.map_err(|source| self.unreachable(StoreError::backend("delete", &probe, source)))
    }

    async fn any_below(&self, prefix: Option<Key>) -> Result<bool, StoreError> {
        let objects = self.object_store();
        let first = objects.list(prefix.as_ref()).try_next().await;
        let first = first.map_err(|source| StoreError::backend("list", "", source));
        Ok(first.map_err(|error| self.unreachable(error))?.is_some())
    }

    /// What went wrong with a listing: nothing but the bucket can be missing.
    pub(crate) fn unlisted(&self, prefix: &str, source: Error) -> StoreError {
        match StoreError::backend("list", prefix, source) {
            StoreError::Backend { source, .. } if !names_no_bucket(&source) => {
                StoreError::backend("list", prefix, source)
            }
            error => self.unreachable(error),
        }
    }

    /// What went wrong while a store was tried is about the store, not the object.
    fn unreachable(&self, error: StoreError) -> StoreError {
        let uri = self.uri().to_owned();
        match error {
            // Neither a prefix nor what is put can be missing, so the bucket is.
            StoreError::NotFound { .. } => StoreError::NoSuchBucket { uri },
            StoreError::Backend { source, .. } if names_no_bucket(&source) => {
                StoreError::NoSuchBucket { uri }
            }
            StoreError::Backend { source, .. } => StoreError::Unreachable { uri, source },
            error => error,
        }
    }
}

/// By the codes of S3 and Google, and of Azure.
fn names_no_bucket(error: &Error) -> bool {
    let text = error.to_string();
    text.contains("NoSuchBucket") || text.contains("ContainerNotFound")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Habit, S3};

    #[tokio::test]
    async fn what_is_wrong_with_a_bucket_is_said() {
        let server = S3::start(&["fleet"]);
        let error = server.store("flet", "lake").ready().await.unwrap_err();
        assert!(matches!(error, StoreError::NoSuchBucket { .. }), "{error:?}");
        assert!(error.to_string().contains("s3://flet/lake"), "{error}");
        let error = server.store("flet", "lake").list("board").await.unwrap_err();
        assert!(matches!(error, StoreError::NoSuchBucket { .. }), "{error:?}");

        server.set(Habit::Refuses);
        let error = server.store("fleet", "lake").ready().await.unwrap_err();
        assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"), "{error}");

        server.set(Habit::IgnoresConditions);
        let error = server.store("fleet", "lake").ready().await.unwrap_err();
        assert!(matches!(error, StoreError::NoConditions { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_folder_that_went_is_not_reached() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("lake");
        let store = crate::open(folder.to_str().unwrap()).unwrap();
        store.reach().await.unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let error = store.reach().await.unwrap_err();
        assert!(matches!(error, StoreError::Folder { .. }), "{error:?}");
        std::fs::write(&folder, "no folder").unwrap();
        store.reach().await.unwrap_err();
        crate::open("memory:").unwrap().reach().await.unwrap();
    }

    #[tokio::test]
    async fn only_an_unused_store_is_tried() {
        let server = S3::start(&["fleet"]);
        let store = server.store("fleet", "lake");
        store.ready().await.unwrap();
        assert!(!store.holds("tables").await.unwrap());
        store.put("tables/a", "a".into()).await.unwrap();
        let before = server.requests();
        store.ready().await.unwrap();
        assert_eq!(server.requests(), before + 1);
        assert!(store.holds("tables").await.unwrap());
    }
}
