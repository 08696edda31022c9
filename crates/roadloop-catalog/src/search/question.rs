//! A filter put to a session: how many frames it finds, how many it cannot
//! tell of, and what a person should know besides.

use std::collections::BTreeSet;

use deltalake::datafusion::prelude::SessionContext;

use roadloop_base::RecordingId;

use super::Count;
use crate::filter::{Certainty, Vocabulary, quoted};
use crate::rows::Columns;
use crate::schema::REDACTED;
use crate::session::{Versions, looking_for_labels};
use crate::{Catalog, CatalogError, Filter};

/// Views and tables of which what was found once holds until they change.
const OURS: [&str; 5] = ["frames", "frames f", "looked", "anonymized", "detection_rows"];

/// Enough names to look for a similar one among.
const MOST_NAMES: usize = 10_000;

pub(crate) struct Question<'a> {
    catalog: &'a Catalog,
    context: SessionContext,
    filter: &'a Filter,
    recording: Option<&'a RecordingId>,
    vocabulary: Vocabulary,
    versions: Versions,
}

impl<'a> Question<'a> {
    pub(crate) async fn new(
        catalog: &'a Catalog,
        context: &SessionContext,
        filter: &'a Filter,
        recording: Option<&'a RecordingId>,
    ) -> Result<Question<'a>, CatalogError> {
        Question::with_words(catalog, context, filter, recording, &[]).await
    }

    /// One whose answer is to be grouped by words.
    pub(crate) async fn with_words(
        catalog: &'a Catalog,
        context: &SessionContext,
        filter: &'a Filter,
        recording: Option<&'a RecordingId>,
        words: &[String],
    ) -> Result<Question<'a>, CatalogError> {
        let vocabulary = catalog.vocabulary(context, filter, words).await?;
        let versions = Versions::of(context);
        let context = looking_for_labels(context);
        Ok(Question { catalog, context, filter, recording, vocabulary, versions })
    }

    /// A session that is good at finding its frames.
    pub(crate) fn context(&self) -> &SessionContext {
        &self.context
    }

    /// What it may speak of.
    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// A condition on `frames f`.
    pub(crate) fn condition(&self, certainty: Certainty) -> Result<String, CatalogError> {
        let condition = self.filter.to_sql(certainty, &self.vocabulary)?;
        Ok(match self.recording {
            Some(recording) => {
                format!("f.recording = {} AND {condition}", quoted(recording.as_str()))
            }
            None => condition,
        })
    }

    /// `total` is given where it is known already.
    pub(crate) async fn count(&self, total: Option<u64>) -> Result<Count, CatalogError> {
        let total = match total {
            Some(total) => total,
            None => self.frames(Certainty::Known).await?,
        };
        let mut looked = total;
        if !self.all_looked_at().await? {
            looked = self.frames(Certainty::Looked).await?.max(total);
        }
        let mut possible = looked;
        let mut warnings = self.unknown_names().await?;
        let lacking = self.lacking().await?;
        if !lacking.is_empty() {
            possible = self.frames(Certainty::Possible).await?.max(looked);
        }
        let without_values = possible - looked;
        if without_values > 0 {
            let frames = if without_values == 1 { "frame has" } else { "frames have" };
            let lacking = lacking.join(" or no ");
            warnings.push(format!("{without_values} {frames} no {lacking} and cannot match"));
        }
        Ok(Count { total, not_looked_at: looked - total, without_values, warnings })
    }

    async fn frames(&self, certainty: Certainty) -> Result<u64, CatalogError> {
        let condition = self.condition(certainty)?;
        self.number(&format!("SELECT count(*) AS n FROM frames f WHERE {condition}")).await
    }

    /// A cheap look whether every frame was looked at for what the filter asks:
    /// there are as many marks as frames.
    async fn all_looked_at(&self) -> Result<bool, CatalogError> {
        for marker in self.filter.markers() {
            let view = if marker == REDACTED { "anonymized" } else { "looked" };
            if self.rows_of("count(*)", view).await? < self.rows_of("count(*)", "frames").await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// As cheap a look: which of the values that the filter asks for are missing
    /// at some frame.
    async fn lacking(&self) -> Result<Vec<String>, CatalogError> {
        let mut lacking = Vec::new();
        for need in self.filter.needs(&self.vocabulary) {
            let value = format!("count({})", need.sql);
            let there = self.rows_of(&value, need.table.as_deref().unwrap_or("frames")).await?;
            if there < self.rows_of("count(*)", "frames").await? {
                lacking.push(need.what);
            }
        }
        Ok(lacking)
    }

    /// Of the whole table, or of what it has of the recording.
    async fn rows_of(&self, count: &str, table: &str) -> Result<u64, CatalogError> {
        let scope = self.recording.map_or(String::new(), |recording| {
            format!(" WHERE recording = {}", quoted(recording.as_str()))
        });
        let query = format!("SELECT {count} AS n FROM {table} f{scope}");
        if !OURS.contains(&table) {
            return self.number(&query).await;
        }
        if let Some(number) = self.catalog.known().number(&self.versions, &query) {
            return Ok(number);
        }
        let number = self.number(&query).await?;
        self.catalog.known().keep_number(&self.versions, &query, number);
        Ok(number)
    }

    /// Looks only for the names in the filter; all others are needed when one
    /// of them is not there.
    async fn unknown_names(&self) -> Result<Vec<String>, CatalogError> {
        let mut warnings = Vec::new();
        for asked in self.filter.names(&self.vocabulary) {
            let (column, table) = (&asked.column, &asked.table);
            let names: Vec<String> = asked.spellings().map(quoted).collect();
            let query = format!(
                "SELECT DISTINCT {column} AS name FROM {table} WHERE {column} IN ({})",
                names.join(", ")
            );
            if asked.all_among(&self.names_in(table, &query).await?) {
                continue;
            }
            let query = format!("SELECT DISTINCT {column} AS name FROM {table} LIMIT {MOST_NAMES}");
            warnings.extend(asked.warnings(&self.texts(&query).await?));
        }
        Ok(warnings)
    }

    async fn names_in(&self, table: &str, query: &str) -> Result<BTreeSet<String>, CatalogError> {
        if !OURS.contains(&table) {
            return self.texts(query).await;
        }
        if let Some(names) = self.catalog.known().texts(&self.versions, query) {
            return Ok(names);
        }
        let names = self.texts(query).await?;
        self.catalog.known().keep_texts(&self.versions, query, &names);
        Ok(names)
    }

    async fn number(&self, query: &str) -> Result<u64, CatalogError> {
        let mut number = 0;
        for batch in self.catalog.query(&self.context, query).await? {
            for value in Columns(&batch).longs("n")?.values() {
                number += *value as u64;
            }
        }
        Ok(number)
    }

    async fn texts(&self, query: &str) -> Result<BTreeSet<String>, CatalogError> {
        let mut texts = BTreeSet::new();
        for batch in self.catalog.query(&self.context, query).await? {
            let names = Columns(&batch).texts("name")?;
            texts.extend(names.iter().flatten().map(str::to_owned));
        }
        Ok(texts)
    }
}
