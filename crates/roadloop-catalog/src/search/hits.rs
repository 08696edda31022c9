//! Which of the frames that match are shown, and what is known of each.
//!
//! All that match are gone through once, in four columns; the rest is read of
//! those that are shown.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;

use deltalake::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use deltalake::arrow::datatypes::{DataType, Field, Schema};
use deltalake::datafusion::prelude::SessionContext;
use futures::TryStreamExt;

use super::Hit;
use crate::rows::{Columns, date_of, detections, frame_rows};
use crate::schema::{LOOKED, REDACTED, frame_number, stream_of};
use crate::session::{looking_up, query_error};
use crate::{Catalog, CatalogError};

/// More frames than these are joined, fewer are named one by one.
const MOST_NAMED: usize = 500;

/// More cameras than these are not told apart in what is looked for.
const MOST_STREAMS: usize = 200;

/// Frames in the order of hits: those of one recording and camera by their
/// number, which ends in the sequence.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    taken_at_ns: i64,
    recording: String,
    camera: String,
    frame: i64,
}

impl Catalog {
    /// The first frames of which a condition on `frames f` holds, and how many
    /// there are.
    pub(super) async fn first_hits(
        &self,
        context: &SessionContext,
        condition: &str,
        limit: usize,
    ) -> Result<(Vec<Hit>, u64), CatalogError> {
        let query = format!(
            "SELECT f.taken_at_ns, f.recording, f.camera, f.frame FROM frames f WHERE {condition}"
        );
        let failed = |source| query_error(source, self.engine().memory_limit_bytes());
        let mut batches = self.stream(context, &query).await?;
        let mut first = BinaryHeap::<Place>::new();
        let mut total = 0;
        while let Some(batch) = batches.try_next().await.map_err(failed)? {
            total += batch.num_rows() as u64;
            keep_first(&mut first, limit, &batch)?;
        }
        let numbers: Vec<i64> = first.into_sorted_vec().iter().map(|place| place.frame).collect();
        Ok((self.hits(context, &numbers).await?, total))
    }

    /// The frames of which a condition on `frames f` holds, and how many there are.
    pub(super) async fn all_hits(
        &self,
        context: &SessionContext,
        condition: &str,
    ) -> Result<(Vec<Hit>, u64), CatalogError> {
        let query = format!(
            "SELECT f.* FROM frames f WHERE {condition} \
             ORDER BY f.taken_at_ns, f.recording, f.camera, f.sequence"
        );
        let mut hits = Vec::new();
        for batch in self.query(context, &query).await? {
            hits.extend(frame_rows(&batch)?.into_iter().map(Hit::new));
        }
        let total = hits.len() as u64;
        Ok((hits, total))
    }

    /// Frames by their numbers, in that order.
    pub(super) async fn hits(
        &self,
        context: &SessionContext,
        numbers: &[i64],
    ) -> Result<Vec<Hit>, CatalogError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let places = places(numbers);
        let mut hits = Vec::with_capacity(numbers.len());
        let query = format!("SELECT f.* FROM frames f WHERE {}", among("f", numbers, context)?);
        for batch in self.query(&looking_up(context), &query).await? {
            hits.extend(frame_rows(&batch)?.into_iter().map(Hit::new));
        }
        hits.sort_by_key(|hit| places.get(&frame_number(&hit.frame.id)));
        Ok(hits)
    }

    /// Adds what is known of each hit.
    pub(super) async fn fill(
        &self,
        context: &SessionContext,
        hits: &mut [Hit],
    ) -> Result<(), CatalogError> {
        if hits.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i64> = hits.iter().map(|hit| frame_number(&hit.frame.id)).collect();
        let places = places(&numbers);
        let dates: BTreeSet<String> =
            hits.iter().map(|hit| format!("'{}'", date_of(hit.frame.taken_at))).collect();
        let dates: Vec<String> = dates.into_iter().collect();
        let query = format!(
            "SELECT d.frame, d.kind, d.label, d.confidence, d.model, d.bbox_left, d.bbox_top, \
             d.bbox_right, d.bbox_bottom FROM detection_rows d \
             WHERE d.date IN ({}) AND {} \
             ORDER BY d.frame, CASE d.stage WHEN 'detect' THEN 0 ELSE 1 END, d.number",
            dates.join(", "),
            among("d", &numbers, context)?,
        );
        for batch in self.query(&looking_up(context), &query).await? {
            let (frames, kinds) = (Columns(&batch).longs("frame")?, Columns(&batch).texts("kind")?);
            for (frame, kind) in frames.values().iter().zip(&kinds) {
                let Some(place) = places.get(frame) else { continue };
                match kind {
                    Some(LOOKED) => hits[*place].looked_at = true,
                    Some(REDACTED) => hits[*place].anonymized = true,
                    _ => {}
                }
            }
            for (frame, detection) in detections(&batch)? {
                if let Some(place) = places.get(&frame) {
                    hits[*place].detections.push(detection);
                }
            }
        }
        Ok(())
    }
}

fn places(numbers: &[i64]) -> HashMap<i64, usize> {
    numbers.iter().enumerate().map(|(place, number)| (*number, place)).collect()
}

fn keep_first(
    first: &mut BinaryHeap<Place>,
    limit: usize,
    batch: &RecordBatch,
) -> Result<(), CatalogError> {
    let times = Columns(batch).longs("taken_at_ns")?;
    let mut rest = None;
    for (row, &taken_at_ns) in times.values().iter().enumerate() {
        let last = first.peek().filter(|_| first.len() >= limit);
        if limit == 0 || last.is_some_and(|last| taken_at_ns > last.taken_at_ns) {
            continue;
        }
        let (recordings, cameras, frames) = match &rest {
            Some(rest) => rest,
            None => {
                let columns = Columns(batch);
                let (recordings, cameras) = (columns.texts("recording")?, columns.texts("camera")?);
                rest.insert((recordings, cameras, columns.longs("frame")?))
            }
        };
        first.push(Place {
            taken_at_ns,
            recording: recordings.value(row).to_owned(),
            camera: cameras.value(row).to_owned(),
            frame: frames.value(row),
        });
        if first.len() > limit {
            first.pop();
        }
    }
    Ok(())
}

/// A condition that a row of `table` is of one of these frames. Statistics know
/// where the frames of a camera lie: between its first and its last.
pub(crate) fn among(
    table: &str,
    numbers: &[i64],
    context: &SessionContext,
) -> Result<String, CatalogError> {
    let mut streams = BTreeMap::<i64, (i64, i64)>::new();
    for &number in numbers {
        let (first, last) = streams.entry(stream_of(number)).or_insert((number, number));
        (*first, *last) = ((*first).min(number), (*last).max(number));
    }
    let mut condition = String::new();
    if streams.len() <= MOST_STREAMS {
        let between = |(first, last)| format!("{table}.frame BETWEEN {first} AND {last}");
        let ranges: Vec<String> = streams.into_values().map(between).collect();
        condition = format!("({}) AND ", ranges.join(" OR "));
    }
    if numbers.len() <= MOST_NAMED {
        let named: Vec<String> = numbers.iter().map(i64::to_string).collect();
        return Ok(condition + &format!("{table}.frame IN ({})", named.join(", ")));
    }
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers.iter().copied()));
    let schema = Arc::new(Schema::new(vec![Field::new("frame", DataType::Int64, false)]));
    // The frames themselves were looked up so before what is known of them.
    context.deregister_table("hits")?;
    context.register_batch("hits", RecordBatch::try_new(schema, vec![column])?)?;
    Ok(condition + &format!("EXISTS (SELECT 1 FROM hits h WHERE h.frame = {table}.frame)"))
}
