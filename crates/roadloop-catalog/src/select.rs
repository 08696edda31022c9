//! Selections: frames that match a filter, all of them or a sample, by a name
//! and for ever.
//!
//! A [`Draw`] takes the sample; [`Catalog::save`] keeps it. What is kept are the
//! rows themselves, so a selection's frames are the same tomorrow, whatever is
//! added to the catalog, replaced or compacted.

mod apart;
mod card;
mod name;
mod sampler;
mod saved;
mod view;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use deltalake::arrow::array::{Array, ArrayRef, Int64Array, RecordBatch};
use deltalake::arrow::datatypes::{DataType, Field, Schema};
use deltalake::datafusion::physical_plan::SendableRecordBatchStream;
use deltalake::datafusion::prelude::SessionContext;
use deltalake::parquet::arrow::ArrowWriter;
use deltalake::parquet::basic::{Compression, ZstdLevel};
use deltalake::parquet::file::properties::WriterProperties;
use futures::TryStreamExt;

use roadloop_base::{FrameRow, PictureHash};

use crate::filter::Certainty;
use crate::grouping::{Grouped, Grouping};
use crate::rows::{Columns, frame_rows};
use crate::schema::frame_number;
use crate::search::Question;
use crate::session::{Versions, query_error};
use crate::{Catalog, CatalogError, Count, Filter};

use sampler::{BETWEEN, Sampler};

pub use card::{Sampling, SelectionCard, Stratum};
pub use name::{BadSelectionName, SelectionName, SelectionRef};
pub use saved::Saved;

pub(crate) use saved::Shelf;
pub(crate) use view::SelectionsView;

/// Rows of one group in a selection's file.
const ROW_GROUP_ROWS: usize = 65_536;

/// Frames that match a filter, being drawn from.
///
/// To be driven: [`go_on`](Draw::go_on), and while that gives frames whose look
/// is not in the catalog, [`see`](Draw::see) what they look like.
pub struct Draw {
    context: SessionContext,
    tables: Versions,
    filter: Filter,
    sampling: Sampling,
    sampler: Sampler,
    count: Count,
}

impl fmt::Debug for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draw({} of {} frames)", self.sampler.taken().len(), self.count.total)
    }
}

impl Draw {
    /// Draws until the sample is complete: then the answer is empty. Otherwise it
    /// goes on once the looks of these frames are seen.
    pub async fn go_on(&mut self, catalog: &Catalog) -> Result<Vec<FrameRow>, CatalogError> {
        loop {
            let unseen = self.sampler.go_on();
            if unseen.is_empty() {
                return Ok(Vec::new());
            }
            let rows = self.rows_of(catalog, &unseen).await?;
            if !rows.is_empty() {
                return Ok(rows);
            }
            self.sampler.see(unseen.into_iter().map(|frame| (frame, None)));
        }
    }

    /// What frames look like; `None` for one that cannot be looked at, which is
    /// then left out.
    pub fn see(&mut self, looks: impl IntoIterator<Item = (FrameRow, Option<PictureHash>)>) {
        self.sampler.see(looks.into_iter().map(|(row, look)| (frame_number(&row.id), look)));
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    pub fn sampling(&self) -> &Sampling {
        &self.sampling
    }

    /// Of the filter; its total is what was drawn from.
    pub fn count(&self) -> &Count {
        &self.count
    }

    /// Frames drawn so far.
    pub fn frames(&self) -> u64 {
        self.sampler.taken().len() as u64
    }

    /// Frames passed over because one like them was drawn.
    pub fn too_alike(&self) -> u64 {
        self.sampler.too_alike()
    }

    pub fn strata(&self) -> Vec<Stratum> {
        self.sampler.strata()
    }

    /// The rows of the frames drawn: by time, then recording, camera and sequence.
    pub async fn rows(&self, catalog: &Catalog) -> Result<Vec<FrameRow>, CatalogError> {
        self.rows_of(catalog, &self.sampler.taken()).await
    }

    async fn rows_of(
        &self,
        catalog: &Catalog,
        frames: &[i64],
    ) -> Result<Vec<FrameRow>, CatalogError> {
        let failed = |source| query_error(source, catalog.engine().memory_limit_bytes());
        let mut stream = self.stream_of(catalog, frames).await?;
        let mut rows = Vec::with_capacity(frames.len());
        while let Some(batch) = stream.try_next().await.map_err(failed)? {
            rows.extend(frame_rows(&batch)?);
        }
        Ok(rows)
    }

    async fn stream_of(
        &self,
        catalog: &Catalog,
        frames: &[i64],
    ) -> Result<SendableRecordBatchStream, CatalogError> {
        let numbers: ArrayRef = Arc::new(Int64Array::from(frames.to_vec()));
        let schema = Arc::new(Schema::new(vec![Field::new("frame", DataType::Int64, false)]));
        let drawn = RecordBatch::try_new(schema, vec![numbers])?;
        self.context.deregister_table("drawn")?;
        self.context.register_batch("drawn", drawn)?;
        let query = "SELECT f.* FROM frames f \
                     WHERE EXISTS (SELECT 1 FROM drawn d WHERE d.frame = f.frame) \
                     ORDER BY f.taken_at_ns, f.recording, f.camera, f.sequence";
        catalog.stream(&self.context, query).await
    }
}

impl Catalog {
    /// Lines up the frames that match a filter, for a sample to be drawn. All of
    /// them are looked through once; what stays in memory is 24 bytes for each.
    pub async fn draw(&self, filter: &Filter, sampling: Sampling) -> Result<Draw, CatalogError> {
        let (context, tables) = self.session_of(None).await?;
        let question = Question::with_words(self, &context, filter, None, &sampling.by).await?;
        let groups = Grouping::new(&sampling.by, Grouped::Frames, question.vocabulary())?;
        let query = format!(
            "SELECT f.frame AS frame, f.phash AS phash{} FROM frames f{} WHERE {}",
            groups.select(),
            groups.joins,
            question.condition(Certainty::Known)?
        );
        let failed = |source| query_error(source, self.engine().memory_limit_bytes());
        let mut sampler = Sampler::new(&sampling);
        let mut stream = self.stream(&context, &query).await?;
        let mut key = String::new();
        while let Some(batch) = stream.try_next().await.map_err(failed)? {
            let columns = Columns(&batch);
            let (frames, looks) = (columns.longs("frame")?, columns.longs("phash")?);
            let words = (0..groups.columns.len()).map(|place| columns.texts(&format!("g{place}")));
            let words: Vec<_> = words.collect::<Result<_, _>>()?;
            for row in 0..batch.num_rows() {
                key.clear();
                for (place, word) in words.iter().enumerate() {
                    if place > 0 {
                        key.push(BETWEEN);
                    }
                    key.extend(word.value(row).chars().filter(|c| *c != BETWEEN));
                }
                let look = looks.is_valid(row).then(|| PictureHash::from_i64(looks.value(row)));
                sampler.offer(&key, frames.value(row), look)?;
            }
        }
        drop(stream);
        let matched = sampler.matched();
        let count = question.count(Some(matched)).await?;
        sampler.start();
        Ok(Draw { context, tables, filter: filter.clone(), sampling, sampler, count })
    }

    /// Keeps the frames drawn under a name: as its next version, unless the
    /// newest says the same.
    pub async fn save(&self, name: &SelectionName, draw: &Draw) -> Result<Saved, CatalogError> {
        let taken = draw.sampler.taken();
        let mut stream = draw.stream_of(self, &taken).await?;
        let failed = |source| query_error(source, self.engine().memory_limit_bytes());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, stream.schema(), Some(properties))?;
        while let Some(batch) = stream.try_next().await.map_err(failed)? {
            writer.write(&batch)?;
        }
        writer.close()?;
        let card = SelectionCard {
            format: SelectionCard::FORMAT,
            name: name.clone(),
            version: 0,
            filter: draw.filter.to_string(),
            tables: draw.tables.all(),
            sampling: draw.sampling.clone(),
            matched: draw.count.total,
            not_looked_at: draw.count.not_looked_at,
            frames: taken.len() as u64,
            strata: draw.strata(),
            saved_at: String::new(),
            rows: String::new(),
        };
        self.shelf().save(card, Bytes::from(bytes)).await
    }
}

#[cfg(test)]
mod tests;
