//! Saved selections as a table of queries: `selections`, with the columns `name`
//! and `frame`.
//!
//! Nothing is read before a query asks, and then only the selections it names. It
//! holds the newest version of each; a query for `name = 'night@2'` gets that one.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deltalake::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use deltalake::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake::datafusion::catalog::{Session, TableProvider};
use deltalake::datafusion::common::ScalarValue;
use deltalake::datafusion::datasource::MemTable;
use deltalake::datafusion::error::{DataFusionError, Result};
use deltalake::datafusion::logical_expr::{
    BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType,
};
use deltalake::datafusion::physical_plan::ExecutionPlan;

use super::saved::Shelf;
use super::{SelectionCard, SelectionRef};
use crate::CatalogError;
use crate::rows::Columns;

pub(crate) struct SelectionsView {
    shelf: Shelf,
    schema: SchemaRef,
}

impl SelectionsView {
    pub(crate) fn new(shelf: Shelf) -> SelectionsView {
        let schema = Arc::new(Schema::new(vec![
            Field::new("name", DataType::Utf8, false),
            Field::new("frame", DataType::Int64, false),
        ]));
        SelectionsView { shelf, schema }
    }

    async fn rows(&self, names: Option<Vec<String>>) -> Result<Vec<RecordBatch>, CatalogError> {
        let mut wanted = Vec::<SelectionRef>::new();
        match names {
            // A name that none can have is nobody's.
            Some(names) => wanted.extend(names.iter().filter_map(|name| name.parse().ok())),
            None => {
                let names = self.shelf.names().await?;
                wanted.extend(names.into_iter().map(|name| SelectionRef { name, version: None }));
            }
        }
        let mut batches = Vec::new();
        for wanted in wanted {
            if let Some(card) = self.shelf.find(&wanted).await? {
                self.rows_of(&wanted, &card, &mut batches).await?;
            }
        }
        Ok(batches)
    }

    async fn rows_of(
        &self,
        wanted: &SelectionRef,
        card: &SelectionCard,
        batches: &mut Vec<RecordBatch>,
    ) -> Result<(), CatalogError> {
        let name = wanted.to_string();
        for rows in self.shelf.rows(card, Some(&["frame"])).await? {
            let frames: Int64Array = Columns(&rows).longs("frame")?;
            let names = StringArray::from_iter_values(std::iter::repeat_n(&name, rows.num_rows()));
            let columns: Vec<ArrayRef> = vec![Arc::new(names), Arc::new(frames)];
            batches.push(RecordBatch::try_new(Arc::clone(&self.schema), columns)?);
        }
        Ok(())
    }
}

/// The names a condition allows: of `name = 'a'`, and of several joined by `or`.
fn names_in(filter: &Expr) -> Option<Vec<String>> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let mut names = names_in(left)?;
            names.extend(names_in(right)?);
            Some(names)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let name =
                if is_name(left) { text(right) } else { text(left).filter(|_| is_name(right)) };
            Some(vec![name?])
        }
        Expr::InList(list) if !list.negated && is_name(&list.expr) => {
            list.list.iter().map(text).collect()
        }
        _ => None,
    }
}

fn is_name(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) if column.name == "name")
}

fn text(expr: &Expr) -> Option<String> {
    let Expr::Literal(value, _) = expr else { return None };
    match value {
        ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) => {
            text.clone()
        }
        _ => None,
    }
}

impl fmt::Debug for SelectionsView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SelectionsView")
    }
}

#[async_trait]
impl TableProvider for SelectionsView {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut names: Option<Vec<String>> = None;
        for allowed in filters.iter().filter_map(names_in) {
            names = Some(match names {
                Some(names) => names.into_iter().filter(|name| allowed.contains(name)).collect(),
                None => allowed,
            });
        }
        if let Some(names) = &mut names {
            names.sort();
            names.dedup();
        }
        let rows = self.rows(names).await;
        let rows = rows.map_err(|error| DataFusionError::External(Box::new(error)))?;
        MemTable::try_new(self.schema(), vec![rows])?.scan(state, projection, &[], None).await
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let pushed = |filter: &&Expr| match names_in(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(pushed).collect())
    }
}
