//! Questions in the filter language, and their answers.

mod hits;
mod known;
mod matches;
mod question;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deltalake::arrow::array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, ListArray, RecordBatch, StringArray,
    StructArray, UInt32Array,
};
use deltalake::arrow::buffer::OffsetBuffer;
use deltalake::arrow::datatypes::{Field, Fields};

use roadloop_base::{BBox, Detection, FrameId, FrameRow, Position, RecordingId};

pub(crate) use self::hits::among;
pub(crate) use self::known::Known;
pub use self::matches::Matches;
pub(crate) use self::question::Question;
use crate::filter::Certainty;
use crate::rows::frame_ids;
use crate::{Catalog, CatalogError, Filter, Format, Rows};

/// Which of the hits are wanted.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// At most so many, the earliest; all of them when absent.
    pub limit: Option<usize>,
    /// Only of this recording.
    pub recording: Option<RecordingId>,
}

impl Default for SearchOptions {
    fn default() -> SearchOptions {
        SearchOptions { limit: Some(50), recording: None }
    }
}

/// A frame that matches, with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub frame: FrameRow,
    /// It has an anonymised copy.
    pub anonymized: bool,
    /// A detector has looked at it.
    pub looked_at: bool,
    /// As the models gave them: the detector's first, then the anonymiser's.
    pub detections: Vec<Detection>,
}

impl Hit {
    /// What is on it, counted: `2 car, 1 person`.
    pub fn labels(&self) -> String {
        count_labels(&self.detections)
    }

    fn new(frame: FrameRow) -> Hit {
        Hit { frame, anonymized: false, looked_at: false, detections: Vec::new() }
    }
}

/// The answer to a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// By time, then recording, camera and sequence.
    pub hits: Vec<Hit>,
    /// Frames that match, shown or not.
    pub total: u64,
    /// Frames that might match, but nobody has looked at them yet.
    pub not_looked_at: u64,
    /// Frames that might match, but have no value the filter asks for: a position,
    /// a row in an attached table.
    pub without_values: u64,
    /// Names in the filter that nothing is called, with suggestions, and what
    /// values are missing.
    pub warnings: Vec<String>,
}

/// How many frames match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub total: u64,
    /// As in [`Found`], and so below.
    pub not_looked_at: u64,
    pub without_values: u64,
    pub warnings: Vec<String>,
}

impl Catalog {
    /// The frames that match a filter.
    pub async fn search(
        &self,
        filter: &Filter,
        options: &SearchOptions,
    ) -> Result<Found, CatalogError> {
        let context = self.session(None).await?;
        let question = Question::new(self, &context, filter, options.recording.as_ref()).await?;
        let condition = question.condition(Certainty::Known)?;
        let (mut hits, total) = match options.limit {
            Some(limit) => self.first_hits(question.context(), &condition, limit).await?,
            None => self.all_hits(question.context(), &condition).await?,
        };
        self.fill(&context, &mut hits).await?;
        let Count { total, not_looked_at, without_values, warnings } =
            question.count(Some(total)).await?;
        Ok(Found { hits, total, not_looked_at, without_values, warnings })
    }

    /// An error when a filter speaks of a column or a selection that is not there.
    pub async fn check(&self, filter: &Filter) -> Result<(), CatalogError> {
        let context = self.session(None).await?;
        let question = Question::new(self, &context, filter, None).await?;
        question.condition(Certainty::Known).map(drop)
    }

    /// What is known of some frames now, as a search would give them.
    pub async fn describe(&self, frames: Vec<FrameRow>) -> Result<Found, CatalogError> {
        let context = self.session(None).await?;
        let mut hits: Vec<Hit> = frames.into_iter().map(Hit::new).collect();
        self.fill(&context, &mut hits).await?;
        let (total, warnings) = (hits.len() as u64, Vec::new());
        let not_looked_at = hits.iter().filter(|hit| !hit.looked_at).count() as u64;
        Ok(Found { hits, total, not_looked_at, without_values: 0, warnings })
    }

    /// How many frames match a filter.
    pub async fn count(
        &self,
        filter: &Filter,
        recording: Option<&RecordingId>,
    ) -> Result<Count, CatalogError> {
        let context = self.session(None).await?;
        Question::new(self, &context, filter, recording).await?.count(None).await
    }

    /// The ids of all frames that match a filter.
    pub async fn matching(
        &self,
        filter: &Filter,
        recording: Option<&RecordingId>,
    ) -> Result<BTreeSet<FrameId>, CatalogError> {
        let context = self.session(None).await?;
        let question = Question::new(self, &context, filter, recording).await?;
        self.ids_of(&question).await
    }

    async fn ids_of(&self, question: &Question<'_>) -> Result<BTreeSet<FrameId>, CatalogError> {
        let query = format!(
            "SELECT f.frame, f.recording, f.camera FROM frames f WHERE {}",
            question.condition(Certainty::Known)?
        );
        let mut ids = BTreeSet::new();
        for batch in self.query(question.context(), &query).await? {
            ids.extend(frame_ids(&batch)?);
        }
        Ok(ids)
    }
}

impl Found {
    /// The hits as rows. Formats that hold lists get each detection in full;
    /// `labels` counts them for the others: `2 car, 1 person`. A table, made to
    /// be looked at, goes without sizes and measures.
    pub fn rows(&self, format: Format) -> Result<Rows, CatalogError> {
        let frames = || self.hits.iter().map(|hit| &hit.frame);
        let texts = |of: fn(&FrameRow) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(frames().map(of)))
        };
        let counts = |of: fn(&FrameRow) -> u32| -> ArrayRef {
            Arc::new(UInt32Array::from_iter_values(frames().map(of)))
        };
        let floats = |of: fn(&FrameRow) -> f32| -> ArrayRef {
            Arc::new(Float32Array::from_iter_values(frames().map(of)))
        };
        let degrees = |of: fn(&Position) -> Option<f64>| -> ArrayRef {
            let positions = frames().map(|frame| frame.position.as_ref().and_then(of));
            Arc::new(positions.collect::<Float64Array>())
        };
        let anonymized: BooleanArray = self.hits.iter().map(|hit| Some(hit.anonymized)).collect();
        let labels = self.hits.iter().map(Hit::labels);
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("recording", texts(|frame| frame.id.recording.to_string())),
            ("camera", texts(|frame| frame.id.camera.to_string())),
            ("sequence", counts(|frame| frame.id.sequence)),
            ("taken_at", texts(|frame| frame.taken_at.iso())),
            ("labels", Arc::new(StringArray::from_iter_values(labels))),
            ("image", texts(|frame| frame.image.clone())),
        ];
        if format != Format::Table {
            columns.extend([
                ("width", counts(|frame| frame.width)),
                ("height", counts(|frame| frame.height)),
                ("brightness", floats(|frame| frame.brightness)),
                ("sharpness", floats(|frame| frame.sharpness)),
                ("latitude", degrees(|position| Some(position.latitude()))),
                ("longitude", degrees(|position| Some(position.longitude()))),
                ("altitude", degrees(Position::altitude)),
                ("anonymized", Arc::new(anonymized) as ArrayRef),
            ]);
        }
        if matches!(format, Format::JsonLines | Format::Parquet) {
            columns.push(("detections", self.detection_lists()?));
        }
        let batch = RecordBatch::try_from_iter(columns)?;
        let truncated = (self.hits.len() as u64) < self.total;
        Rows::new(&batch.schema(), vec![batch], truncated)
    }

    fn detection_lists(&self) -> Result<ArrayRef, CatalogError> {
        let all: Vec<&Detection> = self.hits.iter().flat_map(|hit| &hit.detections).collect();
        let texts = |of: fn(&Detection) -> &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(all.iter().map(|detection| of(detection))))
        };
        let side = |of: fn(BBox) -> f32| -> ArrayRef {
            Arc::new(all.iter().map(|d| d.bbox.map(of)).collect::<Float32Array>())
        };
        let confidences = all.iter().map(|detection| detection.confidence);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("kind", texts(|detection| detection.kind.name())),
            ("label", texts(|detection| &detection.label)),
            ("confidence", Arc::new(Float32Array::from_iter_values(confidences))),
            ("left", side(BBox::left)),
            ("top", side(BBox::top)),
            ("right", side(BBox::right)),
            ("bottom", side(BBox::bottom)),
            ("model", texts(|detection| detection.model.as_str())),
        ];
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (name, array) in columns {
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let structs = StructArray::try_new(Fields::from(fields), arrays, None)?;
        let item = Arc::new(Field::new("item", structs.data_type().clone(), true));
        let lengths = self.hits.iter().map(|hit| hit.detections.len());
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(structs), None)?))
    }
}

fn count_labels(detections: &[Detection]) -> String {
    let mut counts = BTreeMap::<&str, u32>::new();
    for detection in detections {
        *counts.entry(&detection.label).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.iter().map(|(label, count)| format!("{count} {label}")).collect();
    counts.join(", ")
}

#[cfg(test)]
mod tests;
