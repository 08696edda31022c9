//! What the catalog has: recordings and their frames.

use std::collections::{BTreeMap, BTreeSet};

use roadloop_base::{Camera, FrameId, FrameRow, Nanos, Part, RecordingId};

use crate::rows::{Columns, camera, frame_ids, frame_rows, recording_id};
use crate::schema::frame_numbers;
use crate::{Catalog, CatalogError};

/// What the catalog has of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingSummary {
    pub id: RecordingId,
    /// Their frames.
    pub cameras: BTreeMap<Camera, u64>,
    pub frames: u64,
    /// Frames a detector looked at.
    pub looked: u64,
    /// Frames with an anonymised copy.
    pub anonymized: u64,
    pub first_taken_at: Nanos,
    pub last_taken_at: Nanos,
}

impl Catalog {
    /// Every recording with at least one frame, by id.
    pub async fn recordings(&self) -> Result<Vec<RecordingSummary>, CatalogError> {
        let context = self.session(None).await?;
        let query = "SELECT recording, camera, count(*) AS frames, min(taken_at_ns) AS first_ns, \
                     max(taken_at_ns) AS last_ns FROM frames \
                     GROUP BY recording, camera ORDER BY recording, camera";
        let mut summaries = Vec::<RecordingSummary>::new();
        for batch in self.query(&context, query).await? {
            let columns = Columns(&batch);
            let (recordings, cameras) = (columns.texts("recording")?, columns.texts("camera")?);
            let frames = columns.longs("frames")?;
            let (first, last) = (columns.longs("first_ns")?, columns.longs("last_ns")?);
            for row in 0..batch.num_rows() {
                let (id, camera) =
                    (recording_id(recordings.value(row))?, camera(cameras.value(row))?);
                let (first, last) = (Nanos(first.value(row)), Nanos(last.value(row)));
                let frames = frames.value(row) as u64;
                match summaries.last_mut() {
                    Some(summary) if summary.id == id => {
                        summary.cameras.insert(camera, frames);
                        summary.frames += frames;
                        summary.first_taken_at = summary.first_taken_at.min(first);
                        summary.last_taken_at = summary.last_taken_at.max(last);
                    }
                    _ => summaries.push(RecordingSummary {
                        id,
                        cameras: BTreeMap::from([(camera, frames)]),
                        frames,
                        looked: 0,
                        anonymized: 0,
                        first_taken_at: first,
                        last_taken_at: last,
                    }),
                }
            }
        }
        let looked = self.frames_per_recording(&context, "looked").await?;
        let anonymized = self.frames_per_recording(&context, "anonymized").await?;
        for summary in &mut summaries {
            summary.looked = looked.get(summary.id.as_str()).copied().unwrap_or(0);
            summary.anonymized = anonymized.get(summary.id.as_str()).copied().unwrap_or(0);
        }
        Ok(summaries)
    }

    async fn frames_per_recording(
        &self,
        context: &deltalake::datafusion::prelude::SessionContext,
        view: &str,
    ) -> Result<BTreeMap<String, u64>, CatalogError> {
        let query = format!("SELECT recording, count(*) AS frames FROM {view} GROUP BY recording");
        let mut counts = BTreeMap::new();
        for batch in self.query(context, &query).await? {
            let recordings = Columns(&batch).texts("recording")?;
            let frames = Columns(&batch).longs("frames")?;
            for row in 0..batch.num_rows() {
                counts.insert(recordings.value(row).to_owned(), frames.value(row) as u64);
            }
        }
        Ok(counts)
    }

    /// The frames of a recording, or of a part of it, by camera and sequence.
    pub async fn frames(&self, part: &Part) -> Result<Vec<FrameRow>, CatalogError> {
        let context = self.session(None).await?;
        let query =
            format!("SELECT * FROM frames WHERE {} ORDER BY camera, sequence", condition(part));
        let mut rows = Vec::new();
        for batch in self.query(&context, &query).await? {
            rows.extend(frame_rows(&batch)?);
        }
        Ok(rows)
    }

    /// Those frames of a recording, or of a part of it, that have an anonymised copy.
    pub async fn anonymized(&self, part: &Part) -> Result<BTreeSet<FrameId>, CatalogError> {
        let context = self.session(None).await?;
        let query =
            format!("SELECT frame, recording, camera FROM anonymized WHERE {}", condition(part));
        let mut ids = BTreeSet::new();
        for batch in self.query(&context, &query).await? {
            ids.extend(frame_ids(&batch)?);
        }
        Ok(ids)
    }
}

/// What is true of the rows of a part's frames, in SQL.
fn condition(Part { recording, shards }: &Part) -> String {
    let of_recording = format!("recording = '{recording}'");
    match shards {
        None => of_recording,
        Some(run) => {
            let (first, last) = frame_numbers(recording, run);
            let camera = &run.camera;
            format!("{of_recording} AND camera = '{camera}' AND frame BETWEEN {first} AND {last}")
        }
    }
}
