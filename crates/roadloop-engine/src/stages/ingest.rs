//! Extraction: a recording in, its camera frames in the store and the catalog.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use roadloop_bag::{BagError, Recording, Selection};
use roadloop_base::{
    Camera, EncodedImage, Frame, FrameId, FrameRow, Nanos, Part, RecordingId, Report, ShardId,
    Skip, Stage, image_key, images_of,
};
use roadloop_catalog::FrameShard;
use roadloop_store::Staged;
use roadloop_vision::{Picture, decode_whole, encode_jpeg, measure, picture_hash};

use crate::card::Extraction;
use crate::extract::JPEG_QUALITY;
use crate::films::Films;
use crate::revision::RevisionBuilder;

use crate::{Card, Ctx, EngineError, JobStart, Track, Unit, present};

/// Changes when the code below starts to give other results.
const FORMAT: u32 = 1;

/// Finished shards are committed together, this many or this old: a commit
/// costs some 20 ms, and what is not committed is done again after a crash.
const COMMIT_SHARDS: usize = 16;
const COMMIT_AFTER: Duration = Duration::from_secs(2);

/// Keeps the selected frames of a recording; `content` is the name its content
/// gives it. Frames the catalog has already are left as they are, so a wider
/// selection only adds; those whose image is gone are kept anew.
///
/// Each commit's shards are told to `committed`, where somebody waits for them; the
/// next commit waits until they were taken.
pub async fn run(
    ctx: &Ctx,
    recording: &Arc<Recording>,
    content: RecordingId,
    selection: &Selection,
    committed: Option<mpsc::Sender<Vec<ShardId>>>,
) -> Result<Report, EngineError> {
    let id = recording.id().clone();
    let in_words = describe(selection);
    let earlier = Card::load(&ctx.store, &id).await?;
    let known = Arc::new(KnownFrames::load(ctx, &id).await?);
    let finished = earlier.as_ref().and_then(|card| card.finished(&in_words));
    let meter = ctx.progress.start(JobStart {
        job: Stage::Extract.name(),
        recording: Some(id.clone()),
        unit: Unit::Frames,
        units: None,
        bytes: Some(recording.size_bytes()),
    });
    if let Some(report) = finished
        && known.lost.is_empty()
        && known.len() >= report.already_done
    {
        meter.finish(&report);
        return Ok(report);
    }
    // Before the first frame: from here on the name is taken.
    Card::change(&ctx.store, recording, &content, |_| {}).await?;
    let mut report = Report { skipped: recording.damage().to_vec(), ..Report::default() };
    for skip in &report.skipped {
        meter.skipped(skip);
    }
    let mut shards = Shards::new(ctx.clone(), Arc::clone(&known), committed);

    let source = Arc::clone(recording);
    let track = Arc::new(ctx.cpu.run(move || Track::read(&source)).await??);
    let (sender, mut receiver) = mpsc::channel(2 * ctx.cpu.jobs());
    let reader = read_in_background(recording, selection.clone(), known, sender)?;
    let reads = stream::poll_fn(move |context| receiver.poll_recv(context));
    let mut kept = reads.map(|read| keep(ctx, &track, read)).buffered(2 * ctx.cpu.jobs());
    while let Some(outcome) = kept.next().await {
        let (bytes_read, outcome) = outcome?;
        match outcome {
            Outcome::Kept(row, staged) => {
                report.done += 1;
                meter.advance(1, bytes_read);
                shards.add(*row, staged).await?;
            }
            Outcome::AlreadyKept => {
                report.already_done += 1;
                meter.advance(0, bytes_read);
            }
            Outcome::Skipped(skip) => {
                meter.skipped(&skip);
                report.skipped.push(skip);
            }
        }
    }
    drop(kept);
    reader.await.map_err(EngineError::stopped)?;
    shards.finish().await?;
    meter.finish(&report);

    Card::change(&ctx.store, recording, &content, |card| {
        card.extractions.retain(|extraction| extraction.selection != in_words);
        card.extractions.push(Extraction {
            selection: in_words.clone(),
            frames: report.done + report.already_done,
            skipped: report.skipped.clone(),
        });
    })
    .await?;
    Ok(report)
}

/// A selection in words: equal words, equal frames.
pub fn describe(selection: &Selection) -> String {
    let mut topics = selection.topics.clone();
    topics.sort();
    topics.dedup();
    let topics = if topics.is_empty() { "all".to_owned() } else { topics.join(",") };
    let rate = selection.rate_hz.map_or("any".to_owned(), |rate| rate.to_string());
    let bound = |name: &str, time: Option<Nanos>| {
        time.map_or(String::new(), |time| format!(" {name}={}", time.0))
    };
    let (from, to) = (bound("from", selection.from), bound("to", selection.to));
    format!("topics={topics} every={} rate_hz={rate}{from}{to}", selection.every)
}

/// Frames the catalog has.
#[derive(Debug)]
struct KnownFrames {
    rows: HashMap<Camera, BTreeMap<u32, FrameRow>>,
    /// Those of them whose image is not in the store.
    lost: HashSet<FrameId>,
}

impl KnownFrames {
    async fn load(ctx: &Ctx, recording: &RecordingId) -> Result<KnownFrames, EngineError> {
        let mut known = KnownFrames { rows: HashMap::new(), lost: HashSet::new() };
        let rows = ctx.catalog.frames(&Part::whole(recording.clone())).await?;
        if rows.is_empty() {
            return Ok(known);
        }
        let images = present::images(ctx, &images_of(recording)).await?;
        for row in rows {
            if !images.contains(&row.image) {
                known.lost.insert(row.id.clone());
            }
            known.rows.entry(row.id.camera.clone()).or_default().insert(row.id.sequence, row);
        }
        Ok(known)
    }

    fn len(&self) -> u64 {
        self.rows.values().map(|rows| rows.len() as u64).sum()
    }

    fn has(&self, id: &FrameId) -> bool {
        let has_row = || self.rows.get(&id.camera).is_some_and(|r| r.contains_key(&id.sequence));
        has_row() && !self.lost.contains(id)
    }
}

/// What the reader found, and how far into the recording that was.
enum Found {
    New(Frame),
    Known,
    Skipped(Skip),
    Failed(BagError),
}

type Sent = (u64, Found);

/// Reads on a thread of its own; the channel's bound keeps it from running
/// ahead of the cores.
fn read_in_background(
    recording: &Recording,
    selection: Selection,
    known: Arc<KnownFrames>,
    sender: mpsc::Sender<Sent>,
) -> Result<JoinHandle<()>, EngineError> {
    let mut frames = Films::new(recording.frames(&selection)?);
    Ok(spawn_blocking(move || {
        while let Some(shown) = frames.next() {
            let found = match shown {
                Ok(Ok(frame)) if known.has(&frame.id) => Found::Known,
                Ok(Ok(frame)) => Found::New(frame),
                Ok(Err(skip)) => Found::Skipped(skip),
                Err(error) => Found::Failed(error),
            };
            if sender.blocking_send((frames.bytes_read(), found)).is_err() {
                return; // The other side stopped on an error of its own.
            }
        }
    }))
}

enum Outcome {
    Kept(Box<FrameRow>, Staged),
    AlreadyKept,
    Skipped(Skip),
}

/// Decodes, measures and encodes one frame on the cores, and stages its image.
async fn keep(
    ctx: &Ctx,
    track: &Arc<Track>,
    (bytes_read, found): Sent,
) -> Result<(u64, Outcome), EngineError> {
    let frame = match found {
        Found::New(frame) => frame,
        Found::Known => return Ok((bytes_read, Outcome::AlreadyKept)),
        Found::Skipped(skip) => return Ok((bytes_read, Outcome::Skipped(skip))),
        Found::Failed(error) => return Err(error.into()),
    };
    let track = Arc::clone(track);
    let outcome = match ctx.cpu.run(move || prepare(&frame, &track)).await? {
        Ok((row, image)) => {
            let staged = ctx.store.stage(&row.image, image).await?;
            Outcome::Kept(Box::new(row), staged)
        }
        Err(skip) => Outcome::Skipped(skip),
    };
    Ok((bytes_read, outcome))
}

/// What is kept of a frame: its row and its image, as a file is to have it.
pub(crate) fn prepare(frame: &Frame, track: &Track) -> Result<(FrameRow, Bytes), Skip> {
    let damaged = |error: roadloop_vision::VisionError| {
        let place = format!("topic {} message {}", frame.topic, frame.id.sequence);
        Skip::new(place, error.to_string())
    };
    let picture = decode_whole(&frame.image).map_err(damaged)?;
    let (quality, look) = match &picture {
        Picture::Flat(pixels) => (measure(pixels), picture_hash(pixels)),
        deeper => {
            let pixels = deeper.look();
            (measure(&pixels), picture_hash(&pixels))
        }
    };
    let image = match &frame.image {
        EncodedImage::Jpeg(bytes) | EncodedImage::Png(bytes) | EncodedImage::WebP(bytes) => {
            bytes.clone()
        }
        EncodedImage::Video(_) => {
            Bytes::from(encode_jpeg(&picture.look(), JPEG_QUALITY).map_err(damaged)?)
        }
        EncodedImage::Raw(_) | EncodedImage::Depth(_) => {
            Bytes::from(picture.encode_png().map_err(damaged)?)
        }
    };
    let row = FrameRow {
        id: frame.id.clone(),
        topic: frame.topic.to_string(),
        taken_at: frame.taken_at,
        stamp: frame.stamp,
        image: image_key(&frame.id, frame.taken_at, frame.image.extension()),
        width: picture.width(),
        height: picture.height(),
        encoding: frame.image.encoding().to_owned(),
        brightness: quality.brightness,
        sharpness: quality.sharpness,
        look: Some(look),
        position: track.at(frame.taken_at),
    };
    Ok((row, image))
}

/// Rows on their way into the catalog, gathered into shards. One commit runs
/// in the background while the next shards fill.
struct Shards {
    ctx: Ctx,
    known: Arc<KnownFrames>,
    settings: RevisionBuilder,
    open: HashMap<Camera, OpenShard>,
    closed: Vec<FrameShard>,
    closed_images: Vec<Staged>,
    last_commit: Instant,
    commit: Option<JoinHandle<Result<(), EngineError>>>,
    committed: Option<mpsc::Sender<Vec<ShardId>>>,
}

struct OpenShard {
    id: ShardId,
    rows: Vec<FrameRow>,
    images: Vec<Staged>,
}

impl Shards {
    fn new(
        ctx: Ctx,
        known: Arc<KnownFrames>,
        committed: Option<mpsc::Sender<Vec<ShardId>>>,
    ) -> Shards {
        Shards {
            ctx,
            known,
            settings: RevisionBuilder::new("extract", FORMAT),
            open: HashMap::new(),
            closed: Vec::new(),
            closed_images: Vec::new(),
            last_commit: Instant::now(),
            commit: None,
            committed,
        }
    }

    /// Frames of a camera come in order, so one of a later shard closes the
    /// shard before.
    async fn add(&mut self, row: FrameRow, image: Staged) -> Result<(), EngineError> {
        let id = row.id.shard();
        let camera = row.id.camera.clone();
        if self.open.get(&camera).is_some_and(|open| open.id != id) {
            self.close(&camera);
        }
        let open = self.open.entry(camera).or_insert_with(|| OpenShard {
            id,
            rows: Vec::new(),
            images: Vec::new(),
        });
        open.rows.push(row);
        open.images.push(image);
        if self.closed.len() >= COMMIT_SHARDS
            || (!self.closed.is_empty() && self.last_commit.elapsed() >= COMMIT_AFTER)
        {
            self.start_commit().await?;
        }
        Ok(())
    }

    /// A shard's rows are those just kept and those the catalog had before.
    fn close(&mut self, camera: &Camera) {
        let Some(OpenShard { id, mut rows, images }) = self.open.remove(camera) else { return };
        if let Some(known) = self.known.rows.get(camera) {
            let new: BTreeSet<u32> = rows.iter().map(|row| row.id.sequence).collect();
            let others = known.values().filter(|row| !new.contains(&row.id.sequence));
            rows.extend(others.filter(|row| row.id.shard() == id).cloned());
        }
        rows.sort_by_key(|row| row.id.sequence);
        let revision = self.settings.clone().of_frames(&rows);
        self.closed.push(FrameShard { id, revision, rows });
        self.closed_images.extend(images);
    }

    async fn start_commit(&mut self) -> Result<(), EngineError> {
        self.wait_for_commit().await?;
        let ctx = self.ctx.clone();
        let shards = std::mem::take(&mut self.closed);
        let images = std::mem::take(&mut self.closed_images);
        let committed = self.committed.clone();
        self.last_commit = Instant::now();
        // Images first, rows after: a row never speaks of an image that is not there.
        self.commit = Some(tokio::spawn(async move {
            ctx.store.publish(images).await?;
            ctx.catalog.put_frames(&shards).await?;
            if let Some(committed) = committed {
                // Who listens no more finds them in the catalog.
                let _ = committed.send(shards.into_iter().map(|shard| shard.id).collect()).await;
            }
            Ok(())
        }));
        Ok(())
    }

    async fn wait_for_commit(&mut self) -> Result<(), EngineError> {
        match self.commit.take() {
            Some(commit) => commit.await.map_err(EngineError::stopped)?,
            None => Ok(()),
        }
    }

    async fn finish(mut self) -> Result<(), EngineError> {
        let cameras: Vec<Camera> = self.open.keys().cloned().collect();
        for camera in cameras {
            self.close(&camera);
        }
        if !self.closed.is_empty() {
            self.start_commit().await?;
        }
        self.wait_for_commit().await
    }
}
