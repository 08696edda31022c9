//! Objects that others keep: read in ranges from S3, Google Cloud Storage,
//! Azure or a web server, by code that waits.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as Key;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::StoreError;
use crate::clouds::{Patience, connect};

/// Pieces of a stream, of some 10 kB each, that wait to be read.
const STREAMED: usize = 64;

/// Whether a recording is named by where it lies on a network.
pub fn is_remote(uri: &str) -> bool {
    uri.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// A place in a store that others keep: an object, or what lies below a prefix.
#[derive(Clone, Debug)]
pub struct Remote {
    /// What is read at once comes soon or not at all.
    ranges: Arc<dyn ObjectStore>,
    /// What is read from start to end takes as long as it takes.
    streams: Arc<dyn ObjectStore>,
    /// Of the bucket, container or server, without what lies in it.
    root: String,
    key: Key,
    is_listed: bool,
    runtime: Handle,
}

/// Runs async code for code that waits. Not the runtime's own way: that stops
/// the program when the runtime ends before the work does.
fn wait_for<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = object_store::Result<T>> + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = oneshot::channel();
    runtime.spawn(async move {
        // Nobody waits any more where this fails.
        let _ = sender.send(work.await);
    });
    let done =
        receiver.blocking_recv().map_err(|_| io::Error::other("the program is about to end"))?;
    done.map_err(in_words)
}

impl Remote {
    /// `s3://bucket/key`, `gs://bucket/key`, `az://container/key` or an address of
    /// the web. Credentials and endpoints come from the environment variables
    /// those stores' own tools read (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …).
    ///
    /// To be called where an async runtime is at hand.
    pub fn new(uri: &str) -> Result<Remote, StoreError> {
        let bad = |reason: String| StoreError::BadAddress { uri: public_part(uri), reason };
        let url = Url::parse(uri).map_err(|error| bad(error.to_string()))?;
        let host = url.host_str().ok_or_else(|| bad("it names no host".to_owned()))?;
        let key = Key::from_url_path(url.path()).map_err(|error| bad(error.to_string()))?;
        let is_web = matches!(url.scheme(), "http" | "https");
        let (root, key) = match is_web {
            false => (format!("{}://{host}/", url.scheme()), key),
            // A signature may be in the query: it belongs to every request.
            true => {
                let name = key.filename().unwrap_or_default().to_owned();
                let mut parent = url.clone();
                if let Ok(mut segments) = parent.path_segments_mut() {
                    segments.pop_if_empty().pop();
                }
                (parent.to_string(), Key::from(name))
            }
        };
        let build = |patience| connect(&url, &root, patience);
        let failed = |source| StoreError::Remote { address: public_part(uri), source };
        Ok(Remote {
            ranges: build(Patience::READING).ok_or_else(|| unknown(uri))?.map_err(failed)?,
            streams: build(Patience::STREAMING).ok_or_else(|| unknown(uri))?.map_err(failed)?,
            root: public_part(&root).trim_end_matches('/').to_owned(),
            key,
            is_listed: !is_web,
            runtime: Handle::current(),
        })
    }

    /// The object at this very place, if one is there.
    pub async fn object(&self) -> Result<Option<RemoteObject>, StoreError> {
        if self.key.as_ref().is_empty() {
            return Ok(None);
        }
        let first = GetOptions { range: Some(GetRange::Bounded(0..1)), ..GetOptions::default() };
        let size = match self.ranges.get_opts(&self.key, first).await {
            Ok(got) => Some((got.meta.size, got.meta.e_tag)),
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(Error::NotSupported { .. }) => None,
            // An empty object has no first byte.
            Err(error) => match self.ranges.head(&self.key).await {
                Ok(meta) if meta.size == 0 => Some((0, meta.e_tag)),
                Err(Error::NotFound { .. }) => return Ok(None),
                _ => return Err(self.failed(error)),
            },
        };
        let (len, tag) = size.map_or((None, None), |(len, tag)| (Some(len), tag));
        Ok(Some(RemoteObject { place: self.clone(), len, tag }))
    }

    /// The objects below this prefix, by their addresses, in order.
    pub async fn objects(&self) -> Result<Vec<(String, RemoteObject)>, StoreError> {
        if !self.is_listed {
            return Ok(Vec::new());
        }
        let metas: Vec<_> = self
            .ranges
            .list(Some(&self.key))
            .try_collect()
            .await
            .map_err(|source| self.failed(source))?;
        let object = |meta: ObjectMeta| {
            let address = self.address(&meta.location);
            let place = Remote { key: meta.location, ..self.clone() };
            (address, RemoteObject { place, len: Some(meta.size), tag: meta.e_tag })
        };
        let mut objects: Vec<_> = metas.into_iter().map(object).collect();
        objects.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(objects)
    }

    fn address(&self, key: &Key) -> String {
        format!("{}/{}", self.root, escaped(key.as_ref()))
    }

    fn failed(&self, source: Error) -> StoreError {
        StoreError::Remote { address: self.address(&self.key), source }
    }
}

/// The address of an object of a bucket, as [`Remote::new`] takes it.
pub fn address(scheme: &str, bucket: &str, key: &str) -> String {
    format!("{scheme}://{bucket}/{}", escaped(key))
}

/// What would end the path of an address, or be taken for a code in it.
fn escaped(key: &str) -> String {
    key.replace('%', "%25").replace('#', "%23").replace('?', "%3F")
}

/// An address without what may be secret in it, for people and for keeping.
pub fn public_part(uri: &str) -> String {
    let Ok(mut url) = Url::parse(uri) else { return uri.to_owned() };
    if !url.has_host() || (url.query().is_none() && url.username().is_empty()) {
        return uri.to_owned();
    }
    url.set_query(None);
    // Both fail only where there is no host.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.to_string()
}

fn unknown(uri: &str) -> StoreError {
    let scheme = uri.split_once("://").map_or(uri, |(scheme, _)| scheme).to_owned();
    StoreError::UnknownAddress { scheme, uri: public_part(uri) }
}

/// An object of a store that others keep.
#[derive(Clone, Debug)]
pub struct RemoteObject {
    place: Remote,
    len: Option<u64>,
    /// Of the content that was there at first.
    tag: Option<String>,
}

impl RemoteObject {
    /// In bytes; `None` where the server gives no parts of it.
    pub fn size(&self) -> Option<u64> {
        self.len
    }

    /// What tells its content from what was or will be there, where the server says so.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Exactly the bytes asked for. Waits, so not to be called from async code.
    pub fn read(&self, from: u64, count: u64) -> io::Result<Bytes> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(from..from + count)),
            if_match: self.tag.clone().filter(|tag| !tag.starts_with("W/")),
            ..GetOptions::default()
        };
        let Remote { ranges, key, runtime, .. } = self.place.clone();
        let read = async move { ranges.get_opts(&key, options).await?.bytes().await };
        let bytes = wait_for(&runtime, read)?;
        if bytes.len() as u64 != count {
            return Err(io::Error::other("the server sent fewer bytes than it was asked for"));
        }
        Ok(bytes)
    }

    /// All of it, once, from its start. Waits as well.
    pub fn stream(&self) -> io::Result<impl Read + Send + use<>> {
        let Remote { streams, key, runtime, .. } = self.place.clone();
        let (sender, pieces) = mpsc::channel(STREAMED);
        runtime.spawn(async move {
            let mut stream = match streams.get(&key).await {
                Ok(got) => got.into_stream(),
                Err(error) => futures::stream::once(async { Err(error) }).boxed(),
            };
            while let Some(piece) = stream.next().await {
                if sender.send(piece).await.is_err() {
                    return; // Nobody reads any more.
                }
            }
        });
        Ok(Stream { pieces, piece: Bytes::new() })
    }
}

fn in_words(error: Error) -> io::Error {
    match error {
        Error::Precondition { .. } => io::Error::other("it was changed while it was read"),
        Error::NotFound { .. } => io::Error::other("it was removed while it was read"),
        error => io::Error::other(error),
    }
}

struct Stream {
    pieces: mpsc::Receiver<object_store::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece.map_err(in_words)?,
                None => return Ok(0),
            }
        }
        let count = out.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut out[..count]);
        Ok(count)
    }
}
