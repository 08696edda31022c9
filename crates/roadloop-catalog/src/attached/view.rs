//! Attached data as queries see it: a table `attrs_<name>` for each source,
//! `tags`, `annotations`, and `frames_joined`, the frames with what is attached beside
//! them.
//!
//! They are opened when a query names them: one that does not pays a listing
//! of names, no more.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::datatypes::{DataType, Field, Schema};
use deltalake::datafusion::catalog::{
    MemTable, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use deltalake::datafusion::error::{DataFusionError, Result};

use super::Missing;
use super::name::SourceName;
use crate::annotated;
use crate::schema::{ANNOTATIONS, PARTITION, annotations_schema, tags_schema};
use crate::session::{TAGS, Versions};
use crate::table::Table;
use crate::{AttachError, Catalog, CatalogError};

/// The frames with all that is attached.
const JOINED: &str = "frames_joined";
/// The tags by another name, as they are asked for.
const TAGS_VIEW: &str = "tags";

/// The tables of a session: those it was given, and those of attached data.
#[derive(Debug)]
pub(crate) struct AttachedSchema {
    /// What was opened for this session, so that it sees one version.
    opened: MemorySchemaProvider,
    catalog: Catalog,
    names: BTreeSet<SourceName>,
    versions: Versions,
}

/// What a column of a source is called in `frames_joined`.
pub(crate) fn joined_column(name: &SourceName, column: &str) -> String {
    format!("{name}_{column}")
}

impl AttachedSchema {
    pub(crate) fn new(
        catalog: Catalog,
        names: BTreeSet<SourceName>,
        versions: Versions,
    ) -> AttachedSchema {
        AttachedSchema { opened: MemorySchemaProvider::new(), catalog, names, versions }
    }

    async fn open(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, CatalogError> {
        Ok(match name {
            TAGS => Some(self.tags().await?),
            ANNOTATIONS => Some(self.annotations().await?),
            TAGS_VIEW => Some(self.view("SELECT * FROM attrs_tags", &[TAGS]).await?),
            JOINED => Some(self.joined().await?),
            _ => {
                let Some(source) = self.names.iter().find(|known| known.table() == name) else {
                    return Ok(None);
                };
                match self.catalog.find_attached(source).await {
                    Ok((table, ..)) => Some(self.source(name, &table).await?),
                    // It was dropped; what is left of it has no rows.
                    Err(CatalogError::Attach(AttachError::NotAttached { .. })) => None,
                    Err(error) => return Err(error),
                }
            }
        })
    }

    async fn source(
        &self,
        name: &str,
        table: &Table,
    ) -> Result<Arc<dyn TableProvider>, CatalogError> {
        let (version, source) = table.source(self.catalog.engine().tables()).await?;
        self.versions.note(name, version);
        Ok(source)
    }

    async fn tags(&self) -> Result<Arc<dyn TableProvider>, CatalogError> {
        if let Some(table) = self.catalog.tags_table().await? {
            return self.source(TAGS, &table).await;
        }
        // Nobody gave a tag yet.
        no_rows(&tags_schema())
    }

    async fn annotations(&self) -> Result<Arc<dyn TableProvider>, CatalogError> {
        match self.catalog.table_of(&annotated::layout(), Missing::Left).await? {
            Some(table) => self.source(ANNOTATIONS, &table).await,
            None => no_rows(&annotations_schema()),
        }
    }

    /// Each frame with the row of every source, and its tags as one text.
    async fn joined(&self) -> Result<Arc<dyn TableProvider>, CatalogError> {
        let frames = self.provider_of("frames").await?;
        let mut taken: HashSet<String> = HashSet::from([TAGS_VIEW.to_owned()]);
        taken.extend(frames.schema().fields().iter().map(|field| field.name().clone()));
        let mut tables = vec!["frames".to_owned(), TAGS.to_owned()];
        let mut columns = vec!["f.*".to_owned()];
        let mut joins = String::new();
        for name in &self.names {
            let (_, _, card) = match self.catalog.find_attached(name).await {
                Err(CatalogError::Attach(AttachError::NotAttached { .. })) => continue,
                found => found?,
            };
            let table = name.table();
            for column in &card.columns {
                let joined = joined_column(name, &column.name);
                // Attaching refuses such names; of two processes at once none did.
                if taken.insert(joined.clone()) {
                    columns.push(format!("{table}.\"{}\" AS \"{joined}\"", column.name));
                }
            }
            joins += &format!(" LEFT JOIN {table} ON {table}.frame = f.frame");
            tables.push(table);
        }
        let query = format!(
            "SELECT {}, coalesce(t.tags, '') AS tags FROM frames f{joins} LEFT JOIN \
             (SELECT frame, string_agg(tag, ',' ORDER BY tag) AS tags FROM {TAGS} \
             GROUP BY frame) t ON t.frame = f.frame",
            columns.join(", ")
        );
        let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
        self.view(&query, &tables).await
    }

    async fn view(
        &self,
        query: &str,
        tables: &[&str],
    ) -> Result<Arc<dyn TableProvider>, CatalogError> {
        // A context of its own: one that this is part of would keep itself alive.
        let context = self.catalog.engine().context(None);
        for table in tables {
            context.register_table(*table, self.provider_of(table).await?)?;
        }
        Ok(context.sql(query).await?.into_view())
    }

    async fn provider_of(&self, name: &str) -> Result<Arc<dyn TableProvider>, CatalogError> {
        let table = self.table(name).await?;
        let missing = || DataFusionError::Plan(format!("table '{name}' not found"));
        Ok(table.ok_or_else(missing)?)
    }
}

/// A table that is not there yet.
fn no_rows(schema: &Schema) -> Result<Arc<dyn TableProvider>, CatalogError> {
    let mut fields: Vec<Field> = schema.fields().iter().map(|field| Field::clone(field)).collect();
    fields.push(Field::new(PARTITION, DataType::Date32, false));
    let schema = Arc::new(Schema::new(fields));
    let empty = RecordBatch::new_empty(Arc::clone(&schema));
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![empty]])?))
}

#[async_trait]
impl SchemaProvider for AttachedSchema {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.opened.table_names();
        let ours = [TAGS, TAGS_VIEW, JOINED, ANNOTATIONS].into_iter().map(str::to_owned);
        for name in ours.chain(self.names.iter().map(SourceName::table)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(table) = self.opened.table(name).await? {
            return Ok(Some(table));
        }
        let opened = self.open(name).await;
        let opened = opened.map_err(|error| DataFusionError::External(Box::new(error)))?;
        if let Some(table) = &opened
            && !self.opened.table_exist(name)
        {
            self.opened.register_table(name.to_owned(), Arc::clone(table))?;
        }
        Ok(opened)
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.opened.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.opened.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|known| known == name)
    }
}
