//! Small catalogs for tests.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use deltalake::logstore::object_store::local::LocalFileSystem;
use deltalake::logstore::object_store::path::Path as Key;
use deltalake::logstore::object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use futures::stream::BoxStream;
use tempfile::TempDir;

use roadloop_base::{
    BBox, Camera, Detection, FrameId, FrameRow, Kind, ModelId, Nanos, PictureHash, Position,
    RecordingId, image_key,
};

use crate::{
    Catalog, CatalogOptions, DetectionShard, FrameShard, LookedAt, Revision, Rows, SqlLimits,
};

/// Runs on threads with the stack that planning a query needs.
pub(crate) fn run<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(runtime.spawn(work)).unwrap()
}

pub(crate) fn store(folder: &Path) -> Arc<dyn ObjectStore> {
    Arc::new(LocalFileSystem::new_with_prefix(folder).unwrap())
}

pub(crate) async fn open(folder: &TempDir) -> Catalog {
    Catalog::open(store(folder.path()), CatalogOptions::default()).await.unwrap()
}

pub(crate) fn frame(recording: &str, camera: &str, sequence: u32) -> FrameRow {
    let id = FrameId {
        recording: RecordingId::new(recording).unwrap(),
        camera: Camera::new(camera).unwrap(),
        sequence,
    };
    // A tenth of a second apart, with nanoseconds that microseconds lose.
    let taken_at = Nanos(1_605_823_200_000_000_007 + i64::from(sequence) * 100_000_000);
    FrameRow {
        image: image_key(&id, taken_at, "jpg"),
        id,
        topic: format!("/{camera}/image_raw"),
        taken_at,
        stamp: Nanos(0),
        width: 1280,
        height: 720,
        encoding: "jpeg".to_owned(),
        brightness: 100.5,
        position: Position::new(48.1 + f64::from(sequence) / 1e4, 11.5, None),
        sharpness: 12.25,
        look: Some(PictureHash(u64::from(sequence))),
    }
}

/// Shard 0 of a camera with so many frames.
pub(crate) fn frame_shard(camera: &str, frames: u32, revision: i64) -> FrameShard {
    let rows: Vec<FrameRow> =
        (0..frames).map(|sequence| frame("drive-1", camera, sequence)).collect();
    FrameShard { id: rows[0].id.shard(), revision: Revision(revision), rows }
}

pub(crate) fn detection(kind: Kind, label: &str, confidence: f32) -> Detection {
    let bbox = (kind != Kind::Scene).then(|| BBox::from_ltrb(0.1, 0.2, 0.3, 0.4).unwrap());
    let model = ModelId::new("nanodet-1a2b3c4d").unwrap();
    Detection { kind, label: label.to_owned(), confidence, bbox, model }
}

/// Takes the columns out of a new table of frames that older ones do not have.
pub(crate) fn make_older(folder: &TempDir) {
    let log = folder.path().join("tables/frames/_delta_log/00000000000000000000.json");
    let mut older = std::fs::read_to_string(&log).unwrap();
    for (name, sort) in [
        ("latitude", "double"),
        ("longitude", "double"),
        ("altitude", "double"),
        ("sun_elevation", "float"),
    ] {
        let column = format!(
            r#"{{\"name\":\"{name}\",\"type\":\"{sort}\",\"nullable\":true,\"metadata\":{{}}}},"#
        );
        assert!(older.contains(&column), "{older}");
        older = older.replace(&column, "").replace(&format!("{name},"), "");
    }
    std::fs::write(&log, older).unwrap();
}

/// What a stage said about a shard: of each frame, the given labels.
pub(crate) fn detection_shard(
    frames: &FrameShard,
    revision: i64,
    found: impl Fn(u32) -> Vec<Detection>,
) -> DetectionShard {
    let mut looked = Vec::new();
    for row in &frames.rows {
        looked.push(LookedAt {
            id: row.id.clone(),
            taken_at: row.taken_at,
            model: ModelId::new("nanodet-1a2b3c4d").unwrap(),
            detections: found(row.id.sequence),
        });
    }
    DetectionShard { id: frames.id.clone(), revision: Revision(revision), looked }
}

/// The one number a query answers with.
pub(crate) async fn number(catalog: &Catalog, query: &str) -> i64 {
    let rows = catalog.sql(query, &SqlLimits::default()).await.unwrap();
    let text = text(&rows, crate::Format::Csv);
    text.lines().nth(1).unwrap_or_else(|| panic!("no row in {text:?}")).parse().unwrap()
}

pub(crate) fn text(rows: &Rows, format: crate::Format) -> String {
    let mut bytes = Vec::new();
    rows.write(format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A store that fails the next few commits: before they happen and, worse,
/// after.
#[derive(Debug)]
pub(crate) struct Flaky {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) fail_before: AtomicU32,
    pub(crate) fail_after: AtomicU32,
}

impl fmt::Display for Flaky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flaky({})", self.inner)
    }
}

fn one_less(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl ObjectStore for Flaky {
    async fn put_opts(&self, key: &Key, put: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let is_commit = key.as_ref().contains("_delta_log/") && key.as_ref().ends_with(".json");
        let lost = || Error::Generic { store: "Flaky", source: "connection lost".into() };
        if is_commit && one_less(&self.fail_before) {
            return Err(lost());
        }
        let done = self.inner.put_opts(key, put, opts).await?;
        if is_commit && one_less(&self.fail_after) { Err(lost()) } else { Ok(done) }
    }

    async fn put_multipart_opts(
        &self,
        key: &Key,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(key, opts).await
    }

    async fn get_opts(&self, key: &Key, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(key, options).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, Result<Key>>,
    ) -> BoxStream<'static, Result<Key>> {
        self.inner.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Key>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
