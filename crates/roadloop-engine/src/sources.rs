//! Where recordings come from: files and folders of this machine, and what
//! others keep in stores of their own, named by an address. Both are found and
//! opened alike.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::spawn_blocking;

use roadloop_bag::{self as bag, BagError, Recording, RemoteFile};
use roadloop_store::{Remote, RemoteObject, is_remote, public_part};

use crate::EngineError;

/// The recordings that are meant: a file or a rosbag2 folder is itself, any other
/// folder or prefix is what lies below it.
pub async fn find_recordings(path: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let Some(address) = address_of(path) else {
        let path = path.to_owned();
        let find = move || bag::find_recordings(&path);
        return Ok(spawn_blocking(find).await.map_err(EngineError::stopped)??);
    };
    let remote = Remote::new(address)?;
    if remote.object().await?.is_some() {
        return Ok(vec![path.to_owned()]);
    }
    let objects = remote.objects().await?;
    let files: Vec<PathBuf> = objects.into_iter().map(|(name, _)| name.into()).collect();
    let found = bag::find_remote_recordings(&files);
    match (found.is_empty(), files.len()) {
        (false, _) => Ok(found),
        (true, 0) => Err(BagError::NotFound { path: public_part(address).into() }.into()),
        (true, files) => {
            Err(BagError::NothingInFolder { path: public_part(address).into(), files }.into())
        }
    }
}

/// Opens a recording by its path or address; of a folder, the one that is in it.
pub async fn open_recording(path: &Path) -> Result<Recording, EngineError> {
    let open: Box<dyn FnOnce() -> Result<Recording, BagError> + Send> = match address_of(path) {
        None if path.is_dir() => {
            let found = the_one(path, find_recordings(path).await?)?;
            Box::new(move || bag::open(&found))
        }
        None => {
            let path = path.to_owned();
            Box::new(move || bag::open(&path))
        }
        Some(address) => {
            let remote = Remote::new(address)?;
            let name = PathBuf::from(public_part(address));
            match remote.object().await? {
                Some(object) => Box::new(move || bag::open_remote(&name, Elsewhere::of(object))),
                None => {
                    let found = the_one(&name, find_recordings(path).await?)?;
                    let files = remote.objects().await?.into_iter();
                    let files = files.map(|(name, object)| (name.into(), Elsewhere::of(object)));
                    let mut files: Vec<(PathBuf, Arc<dyn RemoteFile>)> = files.collect();
                    match files.iter().position(|(name, _)| *name == found) {
                        Some(file) => {
                            let (name, file) = files.swap_remove(file);
                            Box::new(move || bag::open_remote(&name, file))
                        }
                        None => Box::new(move || bag::open_remote_folder(&name, files)),
                    }
                }
            }
        }
    };
    Ok(spawn_blocking(open).await.map_err(EngineError::stopped)??)
}

/// The recording that is meant by a folder, where there is no doubt.
fn the_one(folder: &Path, mut found: Vec<PathBuf>) -> Result<PathBuf, EngineError> {
    let (path, count) = (folder.to_owned(), found.len());
    let first = found.swap_remove(0);
    match count {
        1 => Ok(first),
        _ => Err(EngineError::SeveralRecordings { path, count, first }),
    }
}

type Bytestream = Box<dyn Read + Send>;

/// The name and the bytes of a file, by its path or address; `None` in their
/// place where it is longer than a limit.
pub(crate) async fn read_whole(
    path: &Path,
    limit: u64,
) -> Result<(String, Option<Bytes>), EngineError> {
    let (name, open): (String, Box<dyn FnOnce() -> io::Result<Bytestream> + Send>) =
        match address_of(path) {
            None => {
                let file = path.to_owned();
                let open =
                    move || -> io::Result<Bytestream> { Ok(Box::new(std::fs::File::open(file)?)) };
                (path.display().to_string(), Box::new(open))
            }
            Some(address) => {
                let name = public_part(address);
                let Some(object) = Remote::new(address)?.object().await? else {
                    return Err(BagError::NotFound { path: name.into() }.into());
                };
                (name, Box::new(move || Ok(Box::new(object.stream()?))))
            }
        };
    let read = move || {
        let mut bytes = Vec::new();
        open()?.take(limit + 1).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    let bytes = spawn_blocking(read).await.map_err(EngineError::stopped)?;
    let bytes = bytes.map_err(|source| EngineError::Read { path: path.to_owned(), source })?;
    let is_whole = bytes.len() as u64 <= limit;
    Ok((name, is_whole.then(|| Bytes::from(bytes))))
}

fn address_of(path: &Path) -> Option<&str> {
    path.to_str().filter(|path| is_remote(path))
}

/// An object of a store as recordings are read from.
#[derive(Debug)]
struct Elsewhere(RemoteObject);

impl Elsewhere {
    fn of(object: RemoteObject) -> Arc<dyn RemoteFile> {
        Arc::new(Elsewhere(object))
    }
}

impl RemoteFile for Elsewhere {
    fn size(&self) -> Option<u64> {
        self.0.size()
    }

    fn read(&self, from: u64, count: u64) -> io::Result<Bytes> {
        self.0.read(from, count)
    }

    fn stream(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.0.stream()?))
    }
}
