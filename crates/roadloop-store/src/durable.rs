//! A folder as an object store that survives a crash at any instant.
//!
//! `object_store`'s local implementation renames whole files into place but
//! calls fsync nowhere, so after a power cut a commit may be there and its
//! data not. Here every object is written to a staging folder, synced, then
//! renamed (or linked, where it must not exist yet), then its folders are
//! synced. Reads, listings and deletes are the library's.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, UploadPart,
};
use tokio::task::spawn_blocking;

use crate::StoreError;

const STAGING: &str = ".staging";

/// A folder whose objects are synced before they are visible.
#[derive(Clone)]
pub(crate) struct DurableFolder {
    inner: LocalFileSystem,
    root: PathBuf,
    /// Made when something is first written: reading needs no right to write.
    staging: Arc<Mutex<Option<StagingFolder>>>,
}

/// Where this process writes what is not yet visible. The lock lives as long
/// as the process, so what a killed one left can be told apart and removed.
struct StagingFolder {
    path: PathBuf,
    _lock: File,
    next: u64,
}

impl DurableFolder {
    pub(crate) fn open(root: PathBuf) -> Result<DurableFolder, StoreError> {
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |source| StoreError::Folder { action, path, source }
        };
        fs::create_dir_all(&root).map_err(failed("make", &root))?;
        let root = fs::canonicalize(&root).map_err(failed("open", &root))?;
        let inner = LocalFileSystem::new_with_prefix(&root)
            .map_err(|source| StoreError::backend("open", "/", source))?;
        // What a killed process left goes even where nothing is written any more.
        let staging = root.join(STAGING);
        sweep_dead_staging(&staging);
        // Somebody else's may be in it.
        let _ = fs::remove_dir(&staging);
        Ok(DurableFolder { inner, root, staging: Arc::default() })
    }

    pub(crate) fn path_of(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_ref())
    }

    /// Writes bytes where nobody sees them, not yet synced.
    pub(crate) fn stage(&self, parts: &[Bytes]) -> io::Result<PathBuf> {
        let path = self.fresh_staging_path()?;
        let written = File::create_new(&path).and_then(|mut file| {
            for part in parts {
                file.write_all(part)?;
            }
            Ok(())
        });
        if let Err(error) = written {
            // What could not be written whole must not fill the disk further.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(path)
    }

    /// The same with the content of a file.
    pub(crate) fn stage_file(&self, file: &Path) -> io::Result<PathBuf> {
        let path = self.fresh_staging_path()?;
        match fs::copy(file, &path) {
            Ok(_) => Ok(path),
            Err(error) => {
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }

    fn fresh_staging_path(&self) -> io::Result<PathBuf> {
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(staging) = staging.as_mut() {
            return Ok(staging.fresh_path());
        }
        let parent = self.root.join(STAGING);
        for _ in 0..8 {
            fs::create_dir_all(&parent)?;
            sweep_dead_staging(&parent);
            match StagingFolder::new(&parent) {
                // Another process was done with it at this very moment.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                made => return Ok(staging.insert(made?).fresh_path()),
            }
        }
        Err(io::Error::other("other processes keep removing the staging folder"))
    }

    /// Syncs staged files, then makes all of them visible, then syncs their folders.
    pub(crate) fn publish(&self, staged: &[(PathBuf, Key)]) -> io::Result<()> {
        for (path, _) in staged {
            File::open(path)?.sync_all()?;
        }
        let mut folders = BTreeSet::new();
        for (path, key) in staged {
            let target = self.path_of(key);
            make_parents(&self.root, &target)?;
            fs::rename(path, &target)?;
            folders.extend(target.parent().map(Path::to_owned));
        }
        for folder in folders {
            sync_folder(&folder)?;
        }
        Ok(())
    }

    fn put_blocking(&self, key: &Key, parts: &[Bytes], mode: &PutMode) -> io::Result<()> {
        let staged = self.stage(parts)?;
        let published = match mode {
            PutMode::Create => self.link_new(&staged, key),
            PutMode::Overwrite | PutMode::Update(_) => {
                self.publish(&[(staged.clone(), key.clone())])
            }
        };
        if published.is_err() || matches!(mode, PutMode::Create) {
            let _ = fs::remove_file(&staged);
        }
        published
    }

    /// Makes a staged file visible unless the name is taken: a link is atomic
    /// and refuses an existing target, a rename would replace it.
    fn link_new(&self, staged: &Path, key: &Key) -> io::Result<()> {
        File::open(staged)?.sync_all()?;
        let target = self.path_of(key);
        make_parents(&self.root, &target)?;
        fs::hard_link(staged, &target)?;
        sync_parent(&target)
    }

    async fn sync_after(&self, key: &Key) -> object_store::Result<()> {
        let target = self.path_of(key);
        let name = key.to_string();
        blocking(name, move || {
            File::open(&target)?.sync_all()?;
            sync_parent(&target)
        })
        .await
    }
}

impl StagingFolder {
    fn new(parent: &Path) -> io::Result<StagingFolder> {
        // The lock file lies beside the folder and is locked before the folder
        // appears: a sweeping process never sees a live folder unlocked.
        for attempt in 0.. {
            let name = format!("{}-{attempt}", std::process::id());
            let lock = File::create(parent.join(format!("{name}.lock")))?;
            if lock.try_lock().is_err() {
                continue;
            }
            let path = parent.join(&name);
            match fs::create_dir(&path) {
                Ok(()) => return Ok(StagingFolder { path, _lock: lock, next: 0 }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            }
        }
        unreachable!("the range of attempts has no end")
    }

    fn fresh_path(&mut self) -> PathBuf {
        self.next += 1;
        self.path.join(self.next.to_string())
    }
}

impl Drop for StagingFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
        let _ = fs::remove_file(self.path.with_extension("lock"));
        // Nobody's folder is left with something of ours in it; while another
        // process stages there too, this fails.
        let _ = self.path.parent().map(fs::remove_dir);
    }
}

/// Removes what killed processes left. Best effort: what cannot be removed
/// now is tried again at the next opening.
fn sweep_dead_staging(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let lock_path = entry.path();
        if lock_path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        let Ok(lock) = File::open(&lock_path) else { continue };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(lock_path.with_extension(""));
            let _ = fs::remove_file(&lock_path);
        }
    }
}

/// Makes the folders above a file and syncs each folder that got a new entry.
fn make_parents(root: &Path, file: &Path) -> io::Result<()> {
    let Some(parent) = file.parent() else { return Ok(()) };
    if parent.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(parent)?;
    for folder in parent.ancestors().skip(1).take_while(|folder| folder.starts_with(root)) {
        sync_folder(folder)?;
    }
    Ok(())
}

fn sync_parent(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), sync_folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Runs file work off the async threads, and gives its error the library's form.
async fn blocking<T: Send + 'static>(
    key: String,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> object_store::Result<T> {
    match spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(object_store::Error::AlreadyExists { path: key, source: error.into() })
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            Err(object_store::Error::NotFound { path: key, source: error.into() })
        }
        Ok(Err(error)) => {
            Err(object_store::Error::Generic { store: "DurableFolder", source: error.into() })
        }
        Err(source) => Err(object_store::Error::JoinError { source }),
    }
}

impl fmt::Debug for DurableFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DurableFolder({})", self.root.display())
    }
}

impl fmt::Display for DurableFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[async_trait]
impl ObjectStore for DurableFolder {
    async fn put_opts(
        &self,
        location: &Key,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        if matches!(options.mode, PutMode::Update(_)) {
            return Err(object_store::Error::NotSupported {
                source: "a folder cannot put on condition of a version".into(),
            });
        }
        let (folder, key) = (self.clone(), location.clone());
        let parts: Vec<Bytes> = payload.iter().cloned().collect();
        blocking(location.to_string(), move || folder.put_blocking(&key, &parts, &options.mode))
            .await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(
        &self,
        location: &Key,
        _: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        let (folder, key) = (self.clone(), location.clone());
        let path = blocking(key.to_string(), move || folder.stage(&[])).await?;
        Ok(Box::new(StagedUpload { folder: self.clone(), key, path, bytes: 0 }))
    }

    async fn get_opts(
        &self,
        location: &Key,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Key,
        ranges: &[Range<u64>],
    ) -> object_store::Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Key>>,
    ) -> BoxStream<'static, object_store::Result<Key>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Key>,
        offset: &Key,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Key,
        to: &Key,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        self.sync_after(to).await
    }

    async fn rename_opts(
        &self,
        from: &Key,
        to: &Key,
        options: RenameOptions,
    ) -> object_store::Result<()> {
        self.inner.rename_opts(from, to, options).await?;
        self.sync_after(to).await
    }
}

/// An upload in parts, for what is larger than memory. They are written where
/// nobody sees them and published together, like any object; what a killed
/// process left of them is swept with the rest.
#[derive(Debug)]
struct StagedUpload {
    folder: DurableFolder,
    key: Key,
    path: PathBuf,
    bytes: u64,
}

#[async_trait]
impl MultipartUpload for StagedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (path, offset) = (self.path.clone(), self.bytes);
        self.bytes += data.content_length() as u64;
        let written = blocking(self.key.to_string(), move || {
            let mut file = File::options().write(true).open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            data.iter().try_for_each(|bytes| file.write_all(bytes))
        });
        Box::pin(written)
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        let (folder, staged) = (self.folder.clone(), (self.path.clone(), self.key.clone()));
        blocking(self.key.to_string(), move || folder.publish(&[staged])).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        let path = self.path.clone();
        blocking(self.key.to_string(), move || fs::remove_file(path)).await
    }
}

impl Drop for StagedUpload {
    fn drop(&mut self) {
        // Not there any more when it was published.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_swept() {
        let root = tempfile::tempdir().unwrap();
        let staging = root.path().join(STAGING);
        fs::create_dir_all(staging.join("7-0")).unwrap();
        fs::write(staging.join("7-0/0"), b"half an ima").unwrap();
        fs::write(staging.join("7-0.lock"), b"").unwrap();
        let folder = DurableFolder::open(root.path().to_owned()).unwrap();
        assert!(!staging.exists());
        folder.stage(&[]).unwrap();
        assert!(staging.exists());
        drop(folder);
        assert!(!staging.exists());
    }

    #[test]
    fn a_live_process_keeps_its_staging() {
        let root = tempfile::tempdir().unwrap();
        let first = DurableFolder::open(root.path().to_owned()).unwrap();
        let staged = first.stage(&[Bytes::from_static(b"mine")]).unwrap();
        let second = DurableFolder::open(root.path().to_owned()).unwrap();
        second.stage(&[]).unwrap();
        assert_eq!(fs::read(staged).unwrap(), b"mine");
    }
}
