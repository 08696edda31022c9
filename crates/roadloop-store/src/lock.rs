//! One at a time: a lock by name, which no crash leaves locked for ever.
//!
//! In a folder it is a lock of the operating system, gone with the process. In
//! other stores it is a lease, an object that says until when: its holder renews
//! it, and one that ran out is taken over. Each step is a put on condition, so
//! two never get it at once. A holder that slept past its lease is not stopped:
//! what is done under a lock must be safe without it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};
use std::sync::Arc;
use tokio::task::JoinHandle;

use crate::{Store, StoreError};

/// A lease without a word from its holder ends after this.
const LEASE: Duration = Duration::from_secs(300);
const RENEWED_EVERY: Duration = Duration::from_secs(60);

/// Held until it is [released](Lock::release) or dropped; a lease that was
/// dropped runs out.
#[must_use = "a lock that is dropped at once locks nothing"]
#[derive(Debug)]
pub struct Lock(Kind);

#[derive(Debug)]
enum Kind {
    File(#[expect(dead_code, reason = "locked as long as it is open")] File),
    Lease { objects: Arc<dyn ObjectStore>, key: Key, renewal: JoinHandle<()> },
}

impl Store {
    /// Takes a lock, or says who has it ([`StoreError::Locked`]).
    pub async fn lock(&self, name: &'static str) -> Result<Lock, StoreError> {
        let key = Key::from(format!(".{name}.lock"));
        let kind = match self.file_of(&key) {
            Some(path) => {
                let locked = tokio::task::spawn_blocking(move || lock_file(name, &path)).await;
                let locked = locked.unwrap_or_else(|error| {
                    Err(StoreError::io("lock", name, io::Error::other(error)))
                });
                Kind::File(locked?)
            }
            None => lease(name, self.object_store(), key).await?,
        };
        Ok(Lock(kind))
    }
}

impl Lock {
    /// For the next one to have it now.
    pub async fn release(mut self) {
        if let Kind::Lease { objects, key, renewal } = &mut self.0 {
            renewal.abort();
            // A renewal under way would bring the object back after its end.
            let _ = renewal.await;
            let _ = objects.delete(key).await;
        }
    }
}

impl Drop for Kind {
    fn drop(&mut self) {
        if let Kind::Lease { renewal, .. } = self {
            renewal.abort();
        }
    }
}

fn lock_file(name: &'static str, path: &std::path::Path) -> Result<File, StoreError> {
    let failed = |source| StoreError::Folder { action: "lock", path: path.to_owned(), source };
    let mut file =
        File::options().write(true).create(true).truncate(false).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(path).unwrap_or_default();
            return Err(locked(name, holder.trim()));
        }
        Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
    }
    // Whom to ask for; the lock holds without it.
    let _ = file.set_len(0).and_then(|()| file.write_all(holder().as_bytes()));
    Ok(file)
}

fn locked(name: &'static str, holder: &str) -> StoreError {
    let holder = if holder.is_empty() { "another process" } else { holder };
    StoreError::Locked { name, holder: holder.to_owned() }
}

fn holder() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match host.trim() {
        "" => format!("process {}", std::process::id()),
        host => format!("process {} on {host}", std::process::id()),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The lease as it is stored: when it ends, in seconds since 1970, and whose it is.
fn note() -> PutPayload {
    let until = now() + LEASE.as_secs();
    PutPayload::from_bytes(Bytes::from(format!("{until}\n{}\n", holder())))
}

async fn lease(
    name: &'static str,
    objects: Arc<dyn ObjectStore>,
    key: Key,
) -> Result<Kind, StoreError> {
    let failed = |source| StoreError::backend("lock", name, source);
    let put = async |mode: PutMode| {
        objects.put_opts(&key, note(), PutOptions { mode, ..PutOptions::default() }).await
    };
    let taken = match put(PutMode::Create).await {
        Err(Error::AlreadyExists { .. }) => {
            let found = objects.get(&key).await.map_err(failed)?;
            let version = UpdateVersion {
                e_tag: found.meta.e_tag.clone(),
                version: found.meta.version.clone(),
            };
            let text = found.bytes().await.map_err(failed)?;
            let text = String::from_utf8_lossy(&text).into_owned();
            let (until, holder) = text.split_once('\n').unwrap_or_default();
            // One that cannot be read belongs to nobody.
            let left = until.parse::<u64>().unwrap_or(0).saturating_sub(now());
            if left > 0 {
                let holder = match holder.trim() {
                    "" => "another process",
                    holder => holder,
                };
                let holder = format!("{holder}, for {left} s more if it was killed,");
                return Err(locked(name, &holder));
            }
            match put(PutMode::Update(version)).await {
                Err(Error::Precondition { .. }) => return Err(locked(name, "")),
                put => put,
            }
        }
        put => put,
    };
    let taken = taken.map_err(failed)?;
    let mut version = UpdateVersion { e_tag: taken.e_tag, version: taken.version };
    let renewal = tokio::spawn({
        let (objects, key) = (Arc::clone(&objects), key.clone());
        async move {
            loop {
                tokio::time::sleep(RENEWED_EVERY).await;
                let mode = PutMode::Update(version.clone());
                let options = PutOptions { mode, ..PutOptions::default() };
                match objects.put_opts(&key, note(), options).await {
                    Ok(put) => {
                        version = UpdateVersion { e_tag: put.e_tag, version: put.version };
                    }
                    // Somebody took it over: it is theirs now.
                    Err(Error::Precondition { .. }) => return,
                    Err(_) => {}
                }
            }
        }
    });
    Ok(Kind::Lease { objects, key, renewal })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open;

    #[tokio::test]
    async fn a_lease_that_ran_out_is_taken_over() {
        let store = open("memory:").unwrap();
        let lock = store.lock("upkeep").await.unwrap();
        let error = store.lock("upkeep").await.unwrap_err();
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        // As a killed process leaves it, long after.
        std::mem::forget(lock);
        let key = Key::from(".upkeep.lock");
        store.object_store().put(&key, "1\nprocess 1\n".into()).await.unwrap();
        store.lock("upkeep").await.unwrap().release().await;
        store.object_store().put(&key, "what is this".into()).await.unwrap();
        store.lock("upkeep").await.unwrap().release().await;
        assert!(store.object_store().head(&key).await.is_err());
    }
}
