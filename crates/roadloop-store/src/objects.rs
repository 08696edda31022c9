//! Whole objects under keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::prefix::PrefixStore;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use tokio::task::spawn_blocking;

use crate::durable::DurableFolder;
use crate::uploads::{self, Uploads};
use crate::{StoreError, public_part};

/// A workspace's objects. Cheap to clone.
///
/// Promises, each a case in `suite.rs`: what was put is there, whole, also
/// after a crash; a put replaces the old object in one instant; what was
/// staged is invisible until it is published, and then all of it is durable
/// before the call returns; no key leads outside the store.
#[derive(Clone, Debug)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Folder(Arc<DurableFolder>),
    /// A bucket, or memory: what is put is there at once and whole.
    Elsewhere {
        uri: Arc<str>,
        uploads: Uploads,
    },
}

/// An object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    pub key: String,
    pub bytes: u64,
}

/// An object on its way: written, but not yet visible or synced.
#[must_use = "a staged object is lost unless it is published"]
#[derive(Debug)]
pub struct Staged {
    key: Key,
    place: StagedPlace,
}

#[derive(Debug)]
enum StagedPlace {
    File(PathBuf),
    Elsewhere(uploads::Staged),
}

impl Store {
    pub(crate) fn in_folder(folder: Arc<DurableFolder>) -> Store {
        Store { objects: folder.clone(), place: Place::Folder(folder) }
    }

    pub(crate) fn elsewhere(objects: Arc<dyn ObjectStore>, uri: &str) -> Store {
        let uri = public_part(uri).into();
        let uploads = Uploads::new(Arc::clone(&objects));
        Store { objects, place: Place::Elsewhere { uri, uploads } }
    }

    /// What lies below a prefix of a bucket, which has that address.
    pub(crate) fn below(bucket: Arc<dyn ObjectStore>, prefix: Key, uri: &str) -> Store {
        if prefix.as_ref().is_empty() {
            return Store::elsewhere(bucket, uri);
        }
        Store::elsewhere(Arc::new(PrefixStore::new(bucket, prefix)), uri)
    }

    /// The store as the tables see it.
    pub fn object_store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    /// Where an object lies on this machine's disk, for people who want to look.
    pub fn local_path(&self, key: &str) -> Option<PathBuf> {
        self.file_of(&parse_key(key).ok()?)
    }

    /// The file behind a key, where objects are files.
    pub(crate) fn file_of(&self, key: &Key) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path_of(key)),
            Place::Elsewhere { .. } => None,
        }
    }

    /// Whether each read and write is a wait for a network, as for a bucket.
    pub fn is_far(&self) -> bool {
        matches!(self.place, Place::Elsewhere { .. })
    }

    /// By what people anywhere know it, without what is secret.
    pub fn place(&self) -> String {
        let Place::Folder(folder) = &self.place else { return self.uri().to_owned() };
        let path = folder.path_of(&Key::default());
        let path = path.canonicalize().or_else(|_| std::path::absolute(&path)).unwrap_or(path);
        path.display().to_string()
    }

    /// What people call it; folders have names enough.
    pub(crate) fn uri(&self) -> &str {
        match &self.place {
            Place::Folder(_) => "",
            Place::Elsewhere { uri, .. } => uri,
        }
    }

    pub async fn get(&self, key: &str) -> Result<Bytes, StoreError> {
        let location = parse_key(key)?;
        let failed = |source| StoreError::backend("read", key, source);
        self.objects.get(&location).await.map_err(failed)?.bytes().await.map_err(failed)
    }

    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        let location = parse_key(key)?;
        let put = self.objects.put(&location, PutPayload::from_bytes(bytes)).await;
        put.map(drop).map_err(|source| StoreError::backend("write", key, source))
    }

    /// Puts an object only where none is.
    pub async fn put_new(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        let location = parse_key(key)?;
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = self.objects.put_opts(&location, PutPayload::from_bytes(bytes), options).await;
        put.map(drop).map_err(|source| StoreError::backend("write", key, source))
    }

    /// Puts the content of a file, which may be larger than memory.
    pub async fn put_file(&self, key: &str, file: &Path) -> Result<(), StoreError> {
        let location = parse_key(key)?;
        match &self.place {
            Place::Folder(folder) => {
                let (folder, file) = (Arc::clone(folder), file.to_owned());
                let put = spawn_blocking(move || {
                    let staged = folder.stage_file(&file)?;
                    folder.publish(&[(staged, location)])
                });
                flatten(put.await).map_err(|source| StoreError::io("write", key, source))
            }
            Place::Elsewhere { uploads, .. } => uploads.put_file(&location, file).await,
        }
    }

    /// Removes an object, if it is there.
    pub async fn remove(&self, key: &str) -> Result<(), StoreError> {
        let location = parse_key(key)?;
        match self.objects.delete(&location).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(StoreError::backend("remove", key, source)),
        }
    }

    /// What lies below a prefix, in order of the keys.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let location = parse_key(prefix)?;
        let metas: Vec<_> = self
            .objects
            .list(Some(&location))
            .try_collect()
            .await
            .map_err(|source| self.unlisted(prefix, source))?;
        let listed = |meta: ObjectMeta| Listed { key: meta.location.into(), bytes: meta.size };
        let mut objects: Vec<Listed> = metas.into_iter().map(listed).collect();
        objects.sort();
        Ok(objects)
    }

    /// Writes an object where nobody sees it yet. Cheap: nothing is synced.
    pub async fn stage(&self, key: &str, bytes: Bytes) -> Result<Staged, StoreError> {
        let location = parse_key(key)?;
        let place = match &self.place {
            Place::Folder(folder) => {
                let folder = Arc::clone(folder);
                let written = spawn_blocking(move || folder.stage(&[bytes])).await;
                let written =
                    flatten(written).map_err(|source| StoreError::io("write", key, source))?;
                StagedPlace::File(written)
            }
            Place::Elsewhere { uploads, .. } => {
                StagedPlace::Elsewhere(uploads.stage(&location, bytes).await?)
            }
        };
        Ok(Staged { key: location, place })
    }

    /// Makes staged objects visible and durable, replacing what has their keys.
    pub async fn publish(&self, staged: Vec<Staged>) -> Result<(), StoreError> {
        let (mut files, mut others) = (Vec::new(), Vec::new());
        for Staged { key, place } in staged {
            match place {
                StagedPlace::File(path) => files.push((path, key)),
                StagedPlace::Elsewhere(staged) => others.push((key, staged)),
            }
        }
        match &self.place {
            Place::Folder(folder) => {
                let folder = Arc::clone(folder);
                let first_key = files.first().map(|(_, key)| key.to_string()).unwrap_or_default();
                let published = spawn_blocking(move || folder.publish(&files)).await;
                flatten(published).map_err(|source| StoreError::io("write", &first_key, source))
            }
            Place::Elsewhere { uploads, .. } => uploads.publish(others).await,
        }
    }
}

pub(crate) fn parse_key(key: &str) -> Result<Key, StoreError> {
    let bad = || StoreError::BadKey { key: key.to_owned() };
    let usable = |part: &str| !part.is_empty() && part != "." && part != "..";
    if !key.split('/').all(usable) || key.contains('\0') {
        return Err(bad());
    }
    Key::parse(key).map_err(|_| bad())
}

fn flatten<T>(joined: Result<std::io::Result<T>, tokio::task::JoinError>) -> std::io::Result<T> {
    joined.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}
