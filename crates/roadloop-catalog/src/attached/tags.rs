//! Tags: words that people put on frames, and take off again.
//!
//! The table `attrs_tags` has a row for each tag of each frame; a frame without
//! one does not have it. A tag is added where it is missing at the very version
//! that is committed to: twice is once, and of two processes none undoes what
//! the other did.

use std::collections::{BTreeMap, HashSet};
use std::pin::pin;
use std::sync::Arc;

use deltalake::arrow::array::{ArrayRef, RecordBatch, StringArray};
use deltalake::arrow::compute::concat_batches;
use deltalake::datafusion::prelude::SessionContext;
use futures::TryStreamExt;

use roadloop_base::Nanos;

use super::Missing;
use super::name::Tag;
use crate::deliver::{Change, Left, Outdated, deliver};
use crate::filter::{Certainty, quoted};
use crate::rows::{self, Columns, date_of, times};
use crate::schema::{order_of, tags_schema};
use crate::search::Question;
use crate::session::TAGS;
use crate::table::{Layout, Table, View};
use crate::{Catalog, CatalogError, Filter, files};

/// Frames tagged in one commit, at the least; a recording is never parted.
const GROUP_FRAMES: u64 = if cfg!(test) { 6 } else { 200_000 };

/// Rows of tags looked at together.
const BATCH_ROWS: usize = 8192;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagging {
    Add,
    Remove,
}

/// What became of tagging.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tagged {
    /// Frames that match the filter.
    pub matched: u64,
    /// Of them, those that did not have the tag before, or had it.
    pub changed: u64,
    /// As in [`Count`](crate::Count).
    pub not_looked_at: u64,
    pub warnings: Vec<String>,
}

/// A tag and the frames that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagCount {
    pub tag: String,
    pub frames: u64,
    pub recordings: u64,
}

impl Catalog {
    /// Puts a tag on all frames that match a filter, or takes it off them.
    /// Stopped, it is finished by doing it again.
    pub async fn tag(
        &self,
        filter: &Filter,
        tag: &Tag,
        tagging: Tagging,
    ) -> Result<Tagged, CatalogError> {
        let context = self.session(None).await?;
        let question = Question::new(self, &context, filter, None).await?;
        let count = question.count(None).await?;
        let mut tagged = Tagged {
            matched: count.total,
            changed: 0,
            not_looked_at: count.not_looked_at,
            warnings: count.warnings,
        };
        let missing = match tagging {
            Tagging::Add => Missing::Made,
            Tagging::Remove => Missing::Left,
        };
        let Some(table) = self.table_of(&layout(), missing).await? else { return Ok(tagged) };
        let matches = question.condition(Certainty::Known)?;
        for recordings in self.recordings_of(&context, &matches).await? {
            let frames = self.frames_to_tag(&context, &matches, &recordings, tag).await?;
            let numbers = Columns(&frames).longs("frame")?;
            tagged.changed += match tagging {
                Tagging::Add => deliver(&table, &Added { tag, frames: &frames }).await?,
                Tagging::Remove => {
                    let frames = numbers.values().iter().copied().collect();
                    let had = tagged_frames(&table, &table.newest().await?, tag, &frames).await?;
                    deliver(&table, &Removed { tag, frames: had.clone() }).await?;
                    had.len() as u64
                }
            };
        }
        Ok(tagged)
    }

    /// The tags there are, by name.
    pub async fn tags(&self) -> Result<Vec<TagCount>, CatalogError> {
        let context = self.session(None).await?;
        let query = "SELECT tag, count(*) AS frames, count(DISTINCT recording) AS recordings \
                     FROM tags GROUP BY tag ORDER BY tag";
        let mut tags = Vec::new();
        for batch in self.query(&context, query).await? {
            let columns = Columns(&batch);
            let (names, frames) = (columns.texts("tag")?, columns.longs("frames")?);
            let recordings = columns.longs("recordings")?;
            for row in 0..batch.num_rows() {
                tags.push(TagCount {
                    tag: names.value(row).to_owned(),
                    frames: frames.value(row) as u64,
                    recordings: recordings.value(row) as u64,
                });
            }
        }
        Ok(tags)
    }

    /// The table of tags, where anybody ever gave one.
    pub(super) async fn tags_table(&self) -> Result<Option<Arc<Table>>, CatalogError> {
        self.table_of(&layout(), Missing::Left).await
    }

    /// The recordings with frames that match, in groups.
    async fn recordings_of(
        &self,
        context: &SessionContext,
        matches: &str,
    ) -> Result<Vec<Vec<String>>, CatalogError> {
        let query = format!(
            "SELECT f.recording, count(*) AS n FROM frames f WHERE {matches} \
             GROUP BY f.recording ORDER BY f.recording"
        );
        let mut groups: Vec<Vec<String>> = Vec::new();
        let mut room = 0;
        for batch in self.query(context, &query).await? {
            let (recordings, counts) =
                (Columns(&batch).texts("recording")?, Columns(&batch).longs("n")?);
            for row in 0..batch.num_rows() {
                let recording = recordings.value(row).to_owned();
                let frames = counts.value(row) as u64;
                match groups.last_mut().filter(|_| frames <= room) {
                    Some(group) => group.push(recording),
                    None => {
                        groups.push(vec![recording]);
                        room = GROUP_FRAMES;
                    }
                }
                room = room.saturating_sub(frames);
            }
        }
        Ok(groups)
    }

    /// The frames that match, as rows of the table of tags.
    async fn frames_to_tag(
        &self,
        context: &SessionContext,
        matches: &str,
        recordings: &[String],
        tag: &Tag,
    ) -> Result<RecordBatch, CatalogError> {
        let recordings: Vec<String> = recordings.iter().map(|id| quoted(id)).collect();
        let query = format!(
            "SELECT f.frame, f.recording, f.camera, f.taken_at_ns, f.shard FROM frames f \
             WHERE f.recording IN ({}) AND {matches}",
            recordings.join(", ")
        );
        let mut batches = Vec::new();
        for frames in self.query(context, &query).await? {
            let whose = Columns(&frames);
            let taken = whose.longs("taken_at_ns")?;
            let tags = std::iter::repeat_n(tag.as_str(), frames.num_rows());
            let columns: Vec<ArrayRef> = vec![
                Arc::new(whose.longs("frame")?),
                Arc::new(whose.texts("recording")?),
                Arc::new(whose.texts("camera")?),
                times(taken.values().iter().map(|nanos| Nanos(*nanos))),
                Arc::new(taken),
                Arc::new(whose.ints("shard")?),
                Arc::new(StringArray::from_iter_values(tags)),
            ];
            batches.push(RecordBatch::try_new(tags_schema(), columns)?);
        }
        Ok(concat_batches(&tags_schema(), &batches)?)
    }
}

pub(super) fn layout() -> Layout {
    Layout { name: TAGS.to_owned(), schema: tags_schema(), statistics: files::Statistics::First }
}

/// Those of some frames that have a tag at a version of the table.
async fn tagged_frames(
    table: &Table,
    view: &View,
    tag: &Tag,
    frames: &HashSet<i64>,
) -> Result<HashSet<i64>, CatalogError> {
    let rows = Outdated::Tagged { tag: tag.as_str().to_owned(), frames: frames.clone() };
    let schema = table.schema(view)?;
    let mut tagged = HashSet::new();
    for file in files::candidates(table, view, |bounds| rows.may_be_in(bounds)).await? {
        let mut batches = pin!(files::rows_of(table, &file, &schema, BATCH_ROWS).await?);
        while let Some(batch) = batches.try_next().await? {
            let (tags, numbers) = (Columns(&batch).texts("tag")?, Columns(&batch).longs("frame")?);
            for row in 0..batch.num_rows() {
                let frame = numbers.value(row);
                if tags.value(row) == tag.as_str() && frames.contains(&frame) {
                    tagged.insert(frame);
                }
            }
        }
    }
    Ok(tagged)
}

/// A tag on its way to frames; each frame is a part of the change.
struct Added<'a> {
    tag: &'a Tag,
    frames: &'a RecordBatch,
}

impl Change for Added<'_> {
    async fn left(&self, table: &Table, view: &View) -> Result<Left, CatalogError> {
        let numbers = Columns(self.frames).longs("frame")?;
        let wanted: HashSet<i64> = numbers.values().iter().copied().collect();
        let tagged = tagged_frames(table, view, self.tag, &wanted).await?;
        let parts = numbers.values().iter().enumerate();
        let parts = parts.filter(|(_, frame)| !tagged.contains(frame)).map(|(row, _)| row);
        Ok(Left { parts: parts.collect(), ..Left::default() })
    }

    fn rows(&self, parts: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
        let taken = Columns(self.frames).longs("taken_at_ns")?;
        let mut dates = BTreeMap::<String, Vec<u32>>::new();
        for row in parts {
            dates.entry(date_of(Nanos(taken.value(*row)))).or_default().push(*row as u32);
        }
        rows::by_date(self.frames, dates, order_of(TAGS))
    }
}

/// A tag on its way off frames.
struct Removed<'a> {
    tag: &'a Tag,
    frames: HashSet<i64>,
}

impl Change for Removed<'_> {
    async fn left(&self, _: &Table, _: &View) -> Result<Left, CatalogError> {
        let (tag, frames) = (self.tag.as_str().to_owned(), self.frames.clone());
        let outdated = (!frames.is_empty()).then_some(Outdated::Tagged { tag, frames });
        Ok(Left { outdated, ..Left::default() })
    }

    fn rows(&self, _: &[usize]) -> Result<BTreeMap<String, RecordBatch>, CatalogError> {
        Ok(BTreeMap::new())
    }
}
