//! Old transactions out of the log.
//!
//! Every shard ever delivered has a transaction, so that a second delivery of it
//! is told from the first. A fleet makes millions of them a day, and no queue
//! delivers again after months. So checkpoints leave out those older than a
//! property of the table says, as the Delta Lake protocol has it.
//!
//! A shard that comes again all the same must not be there twice. Of every stream
//! (a camera of a recording, as one stage delivers it) a small transaction stays
//! for ever: that it has begun, and when. A shard without a transaction, of a
//! stream that began long ago, is looked for in the table and replaced.

use std::time::Duration;

use deltalake::kernel::{Action, MetadataExt, Transaction};
use deltalake::protocol::DeltaOperation;

use crate::CatalogError;
use crate::table::{Commit, FORGET_PROPERTY, LEAST_REMEMBERED, Step, Table, View, back_off};

const MAX_ATTEMPTS: u32 = 100;

/// How many transactions are older than a table is to remember.
pub(super) fn forgettable(view: &View, keep: Duration) -> u64 {
    if view.transactions.has_others() {
        return 0; // Whoever made them counts on them: sources that were attached, other engines.
    }
    view.transactions.older_than(before(keep))
}

/// The time so long ago, in ms since 1970.
pub(super) fn before(keep: Duration) -> i64 {
    let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
    chrono::Utc::now().timestamp_millis().saturating_sub(keep)
}

/// Has the next checkpoint leave out transactions older than this; of tables
/// that were made before streams were noted, notes them first.
pub(super) async fn allow(table: &Table, keep: Duration) -> Result<(), CatalogError> {
    let keep = keep.max(LEAST_REMEMBERED);
    let property = format!("interval {} seconds", keep.as_secs());
    let _turn = table.turn_to_write().await;
    let mut attempt = 0;
    loop {
        let view = table.newest().await?;
        let streams = view.transactions.unnoted_streams();
        if streams.is_empty() && view.property(FORGET_PROPERTY) == Some(&property) {
            return Ok(());
        }
        let failed = |source| CatalogError::table("write to", table.name(), source);
        let metadata = view.table.snapshot().map_err(failed)?.metadata().clone();
        let metadata = metadata
            .add_config_key(FORGET_PROPERTY.to_owned(), property.clone())
            .map_err(|error| failed(error.into()))?;
        // When they began nobody knows: long enough ago to be looked for.
        let transactions = streams.into_iter().map(|stream| Transaction::new(stream, 0));
        let properties = [(FORGET_PROPERTY.to_owned(), property.clone())].into();
        let step = Step {
            operation: DeltaOperation::SetTableProperties { properties },
            actions: vec![Action::Metadata(metadata)],
            transactions: transactions.collect(),
            notes: Vec::new(),
        };
        match table.commit_as(&view, step).await {
            Commit::Done => return Ok(()),
            Commit::Outrun | Commit::Unknown(_) if attempt < MAX_ATTEMPTS => attempt += 1,
            Commit::Outrun => return Err(CatalogError::Contended { attempts: attempt }),
            Commit::Unknown(error) => return Err(error),
        }
        back_off(attempt).await;
    }
}
