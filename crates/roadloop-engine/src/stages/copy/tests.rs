//! Copies from small stores, without a model or a recording.

use std::path::Path;
use std::sync::Arc;

use roadloop_base::{Camera, ModelId, Nanos, Stage, anonymized_key, image_key};
use roadloop_catalog::{DetectionShard, FrameShard, LookedAt, Revision};

use super::*;
use crate::{FinderFiles, Looker, ModelFile, ModelSettings, Settings, Silent};

/// Planning a query recurses deeply.
fn run_deep<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(runtime.spawn(work)).unwrap()
}

async fn open() -> Ctx {
    let nothing = ModelFile::Path("none.onnx".into());
    let settings = Settings {
        workspace: "nowhere".into(),
        store: "memory:".to_owned(),
        jobs: 2,
        query_memory_bytes: 64 << 20,
        models: ModelSettings {
            runtime: None,
            detector: Looker::Here(nothing.clone()),
            tagger: None,
            finders: Looker::Here(FinderFiles {
                faces: nothing.clone(),
                plates: nothing.clone(),
                texts: nothing.clone(),
            }),
            recogniser: nothing,
            confidence: 0.5,
        },
        dynamodb: None,
    };
    Ctx::open(settings, Arc::new(Silent)).await.unwrap()
}

fn row(sequence: u32) -> FrameRow {
    let id = FrameId {
        recording: RecordingId::new("drive-1").unwrap(),
        camera: Camera::new("front").unwrap(),
        sequence,
    };
    let taken_at = Nanos(1_000_000_000 * i64::from(sequence));
    FrameRow {
        image: image_key(&id, taken_at, "jpg"),
        id,
        topic: "/front".to_owned(),
        taken_at,
        stamp: Nanos(0),
        width: 8,
        height: 6,
        encoding: "jpeg".to_owned(),
        brightness: 1.0,
        sharpness: 1.0,
        look: None,
        position: None,
    }
}

fn image(sequence: u32, kind: &str) -> Bytes {
    Bytes::from(format!("{kind} {sequence}{}", "+".repeat(sequence as usize)))
}

/// Frames 0 to 3 with their images; all but the last one have anonymised copies,
/// the copy of frame 1 is lost.
async fn fill(ctx: &Ctx) -> Vec<FrameRow> {
    let rows: Vec<FrameRow> = (0..4).map(row).collect();
    let mut looked = Vec::new();
    for row in &rows {
        let sequence = row.id.sequence;
        ctx.store.put(&row.image, image(sequence, "raw")).await.unwrap();
        if sequence != 1 {
            let key = anonymized_key(&row.id, row.taken_at, "jpg");
            ctx.store.put(&key, image(sequence, "anonymised")).await.unwrap();
        }
        if sequence < 3 {
            let (id, taken_at) = (row.id.clone(), row.taken_at);
            let model = ModelId::new("blur").unwrap();
            looked.push(LookedAt { id, taken_at, model, detections: Vec::new() });
        }
    }
    let (id, revision) = (rows[0].id.shard(), Revision(1));
    let frames = FrameShard { id: id.clone(), revision, rows: rows.clone() };
    ctx.catalog.put_frames(&[frames]).await.unwrap();
    let shard = DetectionShard { id, revision, looked };
    ctx.catalog.put_detections(Stage::Anonymize, &[shard]).await.unwrap();
    rows
}

async fn copy(ctx: &Ctx, rows: &[FrameRow], to: &Path, shown: Shown) -> Copied {
    let place = Place::open(to.to_str().unwrap()).await.unwrap();
    let plan = plan(ctx, rows.to_vec(), &place, shown).await.unwrap();
    run(ctx, plan, &place, true).await.unwrap()
}

fn lines(manifest: &str) -> Vec<String> {
    let text = std::fs::read_to_string(manifest).unwrap();
    let path = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line.as_object().unwrap().len(), 1);
        line["source-ref"].as_str().unwrap().to_owned()
    };
    text.lines().map(path).collect()
}

#[test]
fn only_anonymised_copies_leave_and_what_is_there_stays() {
    run_deep(async {
        let (ctx, folder) = (open().await, tempfile::tempdir().unwrap());
        let rows = fill(&ctx).await;
        let Copied { report, manifest } = copy(&ctx, &rows, folder.path(), Shown::Anonymized).await;
        assert_eq!((report.done, report.already_done), (2, 0));
        let skipped: Vec<&str> = report.skipped.iter().map(|skip| skip.place.as_str()).collect();
        assert_eq!(skipped, ["frame drive-1/front/000001", "frame drive-1/front/000003"]);
        let (manifest, count) = manifest.unwrap();
        let paths = lines(&manifest);
        assert_eq!((paths.len() as u64, count), (2, 2));
        assert_eq!(std::fs::read(&paths[1]).unwrap(), image(2, "anonymised"));
        assert!(
            paths[0].ends_with("drive-1/front/front-1970-01-01T00_00_00.000000000Z-000000.jpg")
        );

        // Somebody cut one short; the other is left as it is.
        std::fs::write(&paths[0], b"x").unwrap();
        let again = copy(&ctx, &rows, folder.path(), Shown::Anonymized).await;
        assert_eq!((again.report.done, again.report.already_done), (1, 1));
        assert_eq!(std::fs::read(&paths[0]).unwrap(), image(0, "anonymised"));
        assert_eq!(lines(&manifest), paths);
    });
}

#[test]
fn raw_frames_leave_where_they_are_asked_for() {
    run_deep(async {
        let (ctx, folder) = (open().await, tempfile::tempdir().unwrap());
        let rows = fill(&ctx).await;
        let Copied { report, manifest } = copy(&ctx, &rows, folder.path(), Shown::Raw).await;
        assert_eq!((report.done, report.skipped.len()), (4, 0));
        let paths = lines(&manifest.unwrap().0);
        assert_eq!(std::fs::read(&paths[3]).unwrap(), image(3, "raw"));
    });
}

#[test]
fn looking_makes_nothing() {
    run_deep(async {
        let (ctx, folder) = (open().await, tempfile::tempdir().unwrap());
        let rows = fill(&ctx).await;
        let to = folder.path().join("out");
        let place = Place::look_at(to.to_str().unwrap()).await.unwrap();
        let plan = plan(&ctx, rows, &place, Shown::Anonymized).await.unwrap();
        let bytes = image(0, "anonymised").len() + image(2, "anonymised").len();
        assert_eq!((plan.images(), plan.bytes(), plan.already_there()), (2, bytes as u64, 0));
        assert!(!to.exists());
        assert!(run(&ctx, plan, &place, false).await.is_err());
    });
}

#[test]
fn elsewhere_a_manifest_has_uris() {
    let place = Place { uri: "s3://bucket/prefix".to_owned(), store: None };
    assert_eq!(place.source_ref("a/b.jpg"), "s3://bucket/prefix/a/b.jpg");
}
