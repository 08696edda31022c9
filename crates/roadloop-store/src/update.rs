//! An object changed as nobody else changes it meanwhile.
//!
//! In a folder, who changes one holds a lock of the operating system, gone with the
//! process. Elsewhere the object is put on condition that it is still what was read,
//! and read again where it is not.

use std::fs::File;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::objects::parse_key;
use crate::{Store, StoreError};

/// One for all objects of a folder: a change takes milliseconds.
const LOCK: &str = ".update.lock";

/// How often an object is tried that others keep changing; each waits a little
/// longer than the one before, and not as long as the others do.
const TRIES: u32 = 40;

impl Store {
    /// Reads an object, asks what it is to be, and puts that, so that no other
    /// update comes in between; `None` leaves it as it is. The question may be asked
    /// more than once.
    pub async fn update<E: From<StoreError>>(
        &self,
        key: &str,
        mut change: impl FnMut(Option<Bytes>) -> Result<Option<Bytes>, E>,
    ) -> Result<(), E> {
        let location = parse_key(key)?;
        if let Some(path) = self.file_of(&Key::from(LOCK)) {
            let locked = spawn_blocking(move || {
                let file = File::options().write(true).create(true).truncate(false).open(&path)?;
                file.lock().map(|()| file)
            });
            let failed = |source| StoreError::io("lock", LOCK, source);
            let _held = locked
                .await
                .unwrap_or_else(|error| Err(std::io::Error::other(error)))
                .map_err(failed)?;
            let found = match self.get(key).await {
                Ok(bytes) => Some(bytes),
                Err(StoreError::NotFound { .. }) => None,
                Err(error) => return Err(error.into()),
            };
            if let Some(bytes) = change(found)? {
                self.put(key, bytes).await?;
            }
            return Ok(());
        }
        let objects = self.object_store();
        let failed = |source| StoreError::backend("write", key, source);
        let mut tries = 0;
        loop {
            let (found, mode) = match objects.get(&location).await {
                Ok(found) => {
                    let e_tag = found.meta.e_tag.clone();
                    let version = found.meta.version.clone();
                    let bytes = found.bytes().await.map_err(failed)?;
                    (Some(bytes), PutMode::Update(UpdateVersion { e_tag, version }))
                }
                Err(Error::NotFound { .. }) => (None, PutMode::Create),
                Err(source) => return Err(failed(source).into()),
            };
            let Some(bytes) = change(found)? else { return Ok(()) };
            let options = PutOptions { mode, ..PutOptions::default() };
            let put = objects.put_opts(&location, PutPayload::from_bytes(bytes), options).await;
            match put {
                Ok(_) => return Ok(()),
                Err(
                    Error::Precondition { .. }
                    | Error::AlreadyExists { .. }
                    | Error::NotFound { .. },
                ) if tries < TRIES => {}
                Err(source) => return Err(failed(source).into()),
            }
            tries += 1;
            sleep(Duration::from_millis(u64::from(tries * (5 + std::process::id() % 16)))).await;
        }
    }
}
