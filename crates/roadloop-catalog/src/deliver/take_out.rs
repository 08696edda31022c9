//! Outdated rows out of the files that hold them.

use std::pin::pin;
use std::sync::Arc;

use deltalake::arrow::array::BooleanArray;
use deltalake::arrow::compute::filter_record_batch;
use deltalake::arrow::datatypes::SchemaRef;
use deltalake::kernel::{Action, Add};
use futures::TryStreamExt;

use super::Outdated;
use crate::CatalogError;
use crate::files::{self, DataFile, Growing};
use crate::table::{Table, View};

/// Rows looked at together.
const BATCH_ROWS: usize = 8192;

/// Rewrites the files that hold outdated rows without those rows. A file may be
/// larger than memory: it is read and written in pieces, and what is left of it
/// is in order as it was.
pub(super) async fn take_out(
    table: &Table,
    view: &View,
    outdated: &Outdated,
) -> Result<Vec<Action>, CatalogError> {
    let schema = table.schema(view)?;
    let mut actions = Vec::new();
    for file in files::candidates(table, view, |bounds| outdated.may_be_in(bounds)).await? {
        if matches!(outdated, Outdated::Everything) {
            actions.push(file.remove());
            continue;
        }
        match look_for(table, &file, &schema, outdated).await? {
            Found::Nothing => continue,
            Found::Some => {
                let rest = rewrite_without(table, &file, &schema, outdated).await?;
                actions.push(Action::Add(rest));
            }
            Found::Everything => {}
        }
        actions.push(file.remove());
    }
    Ok(actions)
}

/// How much of a file is outdated.
enum Found {
    Nothing,
    Some,
    Everything,
}

async fn look_for(
    table: &Table,
    file: &DataFile,
    schema: &SchemaRef,
    outdated: &Outdated,
) -> Result<Found, CatalogError> {
    let wanted: Vec<usize> =
        outdated.columns().iter().filter_map(|name| schema.index_of(name).ok()).collect();
    let columns = Arc::new(schema.project(&wanted)?);
    let mut batches = pin!(files::rows_of(table, file, &columns, BATCH_ROWS).await?);
    let (mut others, mut all) = (0, 0);
    while let Some(batch) = batches.try_next().await? {
        others += BooleanArray::true_count(&outdated.others(&batch)?);
        all += batch.num_rows();
    }
    Ok(match others {
        0 => Found::Everything,
        _ if others == all => Found::Nothing,
        _ => Found::Some,
    })
}

async fn rewrite_without(
    table: &Table,
    file: &DataFile,
    schema: &SchemaRef,
    outdated: &Outdated,
) -> Result<Add, CatalogError> {
    let mut batches = pin!(files::rows_of(table, file, schema, BATCH_ROWS).await?);
    let mut rest = Growing::new(table, schema, &file.date)?;
    let copied: Result<(), CatalogError> = async {
        while let Some(batch) = batches.try_next().await? {
            rest.push(&filter_record_batch(&batch, &outdated.others(&batch)?)?).await?;
        }
        Ok(())
    }
    .await;
    match copied {
        Ok(()) => rest.finish().await,
        Err(error) => {
            rest.abandon().await;
            Err(error)
        }
    }
}
