//! Objects on their way to a store in which a put is there at once and whole:
//! a bucket.
//!
//! What is staged waits in memory, to be put when it is published, many at once:
//! each costs one request, and a wait for the network. Of what waits there is a
//! bound; beyond it an upload in parts is begun, which nobody sees until it is
//! completed. One that a killed process began stays with the store until a rule
//! of the bucket (`AbortIncompleteMultipartUpload`) clears it away.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryFutureExt, TryStreamExt, stream};
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::StoreError;

/// All that waits in memory to be published, in bytes.
const WAITING_BYTES: usize = 64 << 20;

/// S3 takes parts of 5 MiB and more, the last one excepted, and 10,000 of them.
const PART_BYTES: usize = 8 << 20;

/// Requests under way at once, of one publishing.
const AT_ONCE: usize = 16;

/// Parts of one object under way at once: they are in memory.
const PARTS_AT_ONCE: usize = 4;

#[derive(Clone, Debug)]
pub(crate) struct Uploads {
    objects: Arc<dyn ObjectStore>,
    /// A permit is a byte.
    waiting: Arc<Semaphore>,
}

#[derive(Debug)]
pub(crate) enum Staged {
    /// With its room in memory, given back when it is dropped.
    Waiting(Bytes, OwnedSemaphorePermit),
    Begun(Box<dyn MultipartUpload>),
}

impl Uploads {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>) -> Uploads {
        Uploads { objects, waiting: Arc::new(Semaphore::new(WAITING_BYTES)) }
    }

    pub(crate) async fn stage(&self, key: &Key, bytes: Bytes) -> Result<Staged, StoreError> {
        let permits = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if let Ok(room) = Arc::clone(&self.waiting).try_acquire_many_owned(permits) {
            return Ok(Staged::Waiting(bytes, room));
        }
        let mut next = 0;
        let parts = std::iter::from_fn(|| {
            let part = bytes.slice(next..bytes.len().min(next + PART_BYTES));
            next += part.len();
            (!part.is_empty()).then_some(Ok(part))
        });
        Ok(Staged::Begun(self.send_parts(key, stream::iter(parts)).await?))
    }

    /// All are there when this returns; on an error, some may be.
    pub(crate) async fn publish(&self, staged: Vec<(Key, Staged)>) -> Result<(), StoreError> {
        let puts = staged.into_iter().map(async |(key, staged)| {
            let done = match staged {
                Staged::Waiting(bytes, _room) => {
                    self.objects.put(&key, PutPayload::from_bytes(bytes)).await
                }
                Staged::Begun(mut upload) => upload.complete().await,
            };
            done.map(drop).map_err(|source| StoreError::backend("write", key.as_ref(), source))
        });
        stream::iter(puts).buffer_unordered(AT_ONCE).try_collect().await
    }

    pub(crate) async fn put_file(&self, key: &Key, path: &Path) -> Result<(), StoreError> {
        let failed = |source| StoreError::io("write", key.as_ref(), source);
        let file = tokio::fs::File::open(path).await.map_err(failed)?.into_std().await;
        let bytes = file.metadata().map_err(failed)?.len();
        let parts = stream::try_unfold(file, async |mut file| {
            let read = move || {
                let mut part = Vec::with_capacity(PART_BYTES);
                Read::by_ref(&mut file).take(PART_BYTES as u64).read_to_end(&mut part)?;
                Ok((!part.is_empty()).then_some((Bytes::from(part), file)))
            };
            let read = spawn_blocking(read).await.map_err(std::io::Error::other);
            read.flatten().map_err(failed)
        });
        let mut parts = std::pin::pin!(parts);
        if bytes <= PART_BYTES as u64 {
            let whole = parts.next().await.transpose()?.unwrap_or_default();
            let put = self.objects.put(key, PutPayload::from_bytes(whole)).await;
            return put
                .map(drop)
                .map_err(|source| StoreError::backend("write", key.as_ref(), source));
        }
        let mut upload = self.send_parts(key, parts).await?;
        let completed = upload.complete().await;
        completed.map(drop).map_err(|source| StoreError::backend("write", key.as_ref(), source))
    }

    /// An upload of which all parts are there; one that cannot be is taken back.
    async fn send_parts(
        &self,
        key: &Key,
        parts: impl stream::Stream<Item = Result<Bytes, StoreError>>,
    ) -> Result<Box<dyn MultipartUpload>, StoreError> {
        let failed = |source| StoreError::backend("write", key.as_ref(), source);
        let mut upload = self.objects.put_multipart(key).await.map_err(failed)?;
        let sent = parts
            .map_ok(|part| upload.put_part(PutPayload::from_bytes(part)).map_err(failed))
            .try_buffer_unordered(PARTS_AT_ONCE)
            .try_collect::<()>()
            .await;
        match sent {
            Ok(()) => Ok(upload),
            Err(error) => {
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::S3;

    #[tokio::test]
    async fn what_is_too_much_for_memory_is_sent_ahead() {
        let server = S3::start(&["fleet"]);
        let store = server.store("fleet", "lake");
        let large = Bytes::from(vec![7; 20 << 20]);
        let mut staged = Vec::new();
        for number in 0..5 {
            staged.push(store.stage(&format!("images/{number}"), large.clone()).await.unwrap());
        }
        let begun = |word: &str| server.asked().iter().filter(|line| line.contains(word)).count();
        assert_eq!((begun("?uploads"), begun("partNumber=")), (2, 6));
        assert_eq!(store.list("images").await.unwrap(), []);
        store.publish(staged).await.unwrap();
        let listed = store.list("images").await.unwrap();
        assert!(listed.len() == 5 && listed.iter().all(|one| one.bytes == large.len() as u64));
        assert_eq!(store.get("images/4").await.unwrap(), large);
        // There is room again.
        let one = store.stage("images/5", large.clone()).await.unwrap();
        assert_eq!(begun("?uploads"), 2);
        store.publish(vec![one]).await.unwrap();
    }
}
