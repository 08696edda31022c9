//! Upkeep of the catalog's tables, by one process at a time: the store's lock
//! keeps others from doing the same work, and people are told how far it is.

use roadloop_base::Report;
use roadloop_catalog::{CompactOptions, Compaction, VacuumOptions, Vacuumed};

use crate::{Ctx, EngineError, JobStart, Unit};

const LOCK: &str = "upkeep";

/// Merges the small files of the tables.
pub async fn compact(ctx: &Ctx, options: &CompactOptions) -> Result<Vec<Compaction>, EngineError> {
    let planned = ctx.catalog.plan_compaction(options).await?;
    let rows = planned.iter().map(|table| table.rows).sum();
    if rows == 0 {
        return Ok(planned);
    }
    let lock = ctx.store.lock(LOCK).await?;
    let meter = ctx.progress.start(JobStart {
        job: "compact",
        recording: None,
        unit: Unit::Rows,
        units: Some(rows),
        bytes: None,
    });
    let done = ctx.catalog.compact(options, &|rows| meter.advance(rows, 0)).await;
    lock.release().await;
    let done = done?;
    let rows = done.iter().map(|table| table.rows).sum();
    meter.finish(&Report { done: rows, ..Report::default() });
    Ok(done)
}

/// Deletes what is old and not needed.
pub async fn vacuum(ctx: &Ctx, options: &VacuumOptions) -> Result<Vec<Vacuumed>, EngineError> {
    if options.dry_run {
        return Ok(ctx.catalog.vacuum(options).await?);
    }
    let lock = ctx.store.lock(LOCK).await?;
    let done = ctx.catalog.vacuum(options).await;
    lock.release().await;
    Ok(done?)
}
