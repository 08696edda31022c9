//! What one table says of the files of another.
//!
//! All rows about a frame lie on one date, in any table. So where tables are joined by
//! frame, the dates that the files of one may be about are the only ones on which the
//! other need be read: who asks for one recording's detections, and names the recording
//! in `frames` only, does not read the detections of all.

use std::collections::BTreeSet;
use std::sync::Arc;

use deltalake::datafusion::catalog::default_table_source::source_as_provider;
use deltalake::datafusion::common::tree_node::Transformed;
use deltalake::datafusion::common::{Column, JoinType, Result, ScalarValue, TableReference};
use deltalake::datafusion::logical_expr::expr::Alias;
use deltalake::datafusion::logical_expr::{Expr, Join, LogicalPlan, TableScan};
use deltalake::datafusion::optimizer::optimizer::ApplyOrder;
use deltalake::datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use deltalake::datafusion::physical_optimizer::pruning::MAX_IN_LIST_SIZE;
use deltalake::datafusion::prelude::lit;

use crate::scan::Files;
use crate::schema::PARTITION;

/// Days since 1970, as Arrow counts dates.
type Dates = BTreeSet<i32>;

/// Has tables that are joined by frame read on the same dates.
#[derive(Debug)]
pub(crate) struct OneDate;

impl OptimizerRule for OneDate {
    fn name(&self) -> &str {
        "one_date"
    }

    /// What one join spares, the one around it may spare too.
    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Join(mut join) = plan else { return Ok(Transformed::no(plan)) };
        let mut is_changed = false;
        for (left, right) in join.on.clone() {
            let (Expr::Column(left), Expr::Column(right)) = (left, right) else { continue };
            let (dates_left, dates_right) = (dates(&join.left, &left), dates(&join.right, &right));
            if let Some(dates) = &dates_left
                && is_narrowed(&join, Side::Right)
                && let Some(narrower) = on_dates(&join.right, &right, dates)
            {
                join.right = Arc::new(narrower);
                is_changed = true;
            }
            if let Some(dates) = &dates_right
                && is_narrowed(&join, Side::Left)
                && let Some(narrower) = on_dates(&join.left, &left, dates)
            {
                join.left = Arc::new(narrower);
                is_changed = true;
            }
        }
        let plan = LogicalPlan::Join(join);
        Ok(if is_changed { Transformed::yes(plan) } else { Transformed::no(plan) })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Whether rows of a side that match none of the other make no difference.
fn is_narrowed(join: &Join, side: Side) -> bool {
    use JoinType::{
        Full, Inner, Left, LeftAnti, LeftMark, LeftSemi, Right, RightAnti, RightMark, RightSemi,
    };
    // With a null on its right side, `NOT IN` is true of nothing.
    if join.null_aware {
        return false;
    }
    match join.join_type {
        Inner | LeftSemi | RightSemi => true,
        Left | LeftAnti | LeftMark => side == Side::Right,
        Right | RightAnti | RightMark => side == Side::Left,
        Full => false,
    }
}

/// Where a column of a plan's rows comes from: the plan below, and its name there.
/// None for a frame's number that was computed, and where rows are not passed on as
/// they are.
pub(crate) fn origin<'a>(
    plan: &'a LogicalPlan,
    column: &Column,
) -> Option<(&'a LogicalPlan, Column)> {
    let at = plan.schema().maybe_index_of_column(column)?;
    match plan {
        LogicalPlan::Filter(filter) => Some((&filter.input, column.clone())),
        LogicalPlan::SubqueryAlias(alias) => {
            Some((&alias.input, Column::from(alias.input.schema().qualified_field(at))))
        }
        LogicalPlan::Projection(projection) => {
            Some((&projection.input, plain(&projection.expr[at])?))
        }
        // A group is of one frame, and so of one date.
        LogicalPlan::Aggregate(aggregate) => {
            Some((&aggregate.input, plain(aggregate.group_expr.get(at)?)?))
        }
        LogicalPlan::Join(join) => {
            let of_left = join.left.schema().has_column(column);
            match join.join_type {
                JoinType::Inner if !of_left => Some((&join.right, column.clone())),
                JoinType::Inner | JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => {
                    of_left.then(|| (join.left.as_ref(), column.clone()))
                }
                JoinType::Right | JoinType::RightSemi | JoinType::RightAnti => {
                    (!of_left).then(|| (join.right.as_ref(), column.clone()))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn plain(expr: &Expr) -> Option<Column> {
    match expr {
        Expr::Column(column) => Some(column.clone()),
        Expr::Alias(Alias { expr, .. }) => plain(expr),
        _ => None,
    }
}

/// The dates on which a frame that a column names may lie.
fn dates(plan: &LogicalPlan, column: &Column) -> Option<Dates> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            with_files(scan, column, |files| files.dates(&scan.filters))
        }
        _ => {
            let (below, column) = origin(plan, column)?;
            dates(below, &column)
        }
    }
}

/// The plan with fewer files to be read: those that may be about frames of these dates.
fn on_dates(plan: &LogicalPlan, column: &Column, wanted: &Dates) -> Option<LogicalPlan> {
    if let LogicalPlan::TableScan(scan) = plan {
        let mut narrower = scan.clone();
        narrower.filters.push(dated(&scan.table_name, wanted)?);
        return with_files(scan, column, |files| {
            let is_narrower = files.dates(&narrower.filters)? != files.dates(&scan.filters)?;
            is_narrower.then_some(LogicalPlan::TableScan(narrower))
        });
    }
    let (below, column) = origin(plan, column)?;
    let narrower = on_dates(below, &column, wanted)?;
    let inputs = plan.inputs().into_iter();
    let inputs = inputs.map(|input| match std::ptr::eq(input, below) {
        true => narrower.clone(),
        false => input.clone(),
    });
    plan.with_new_exprs(plan.expressions(), inputs.collect()).ok()
}

/// Of a scan of one of our tables, for the column that says of which frame a row is.
pub(crate) fn with_files<T>(
    scan: &TableScan,
    column: &Column,
    ask: impl FnOnce(&Files) -> Option<T>,
) -> Option<T> {
    // Of a scan that stops early, other rows would come.
    if column.name != "frame" || scan.fetch.is_some() {
        return None;
    }
    let provider = source_as_provider(&scan.source).ok()?;
    provider.downcast_ref::<Files>().and_then(ask)
}

/// That a row is of these dates, or between them where they are more than statistics
/// are compared with one by one.
fn dated(table: &TableReference, dates: &Dates) -> Option<Expr> {
    let date = Expr::Column(Column::new(Some(table.clone()), PARTITION));
    let days = |day: &i32| lit(ScalarValue::Date32(Some(*day)));
    let (first, last) = (dates.first()?, dates.last()?);
    if dates.len() <= MAX_IN_LIST_SIZE {
        return Some(date.in_list(dates.iter().map(days).collect(), false));
    }
    Some(date.between(days(first), days(last)))
}

#[cfg(test)]
mod tests {
    use roadloop_base::{Kind, Stage};
    use tempfile::TempDir;

    use super::*;
    use crate::rows::Columns;
    use crate::testing::{detection, detection_shard, frame, open, run};
    use crate::{Catalog, FrameShard, Revision};

    /// The frame with this number and those after it were taken the day after.
    const MIDNIGHT: u32 = 72_000;

    /// Four frames of a drive before midnight, four after it, a car on each.
    async fn filled(folder: &TempDir) -> Catalog {
        let catalog = open(folder).await;
        for first in [0, MIDNIGHT] {
            let rows: Vec<_> =
                (first..first + 4).map(|sequence| frame("drive-1", "front", sequence)).collect();
            let shard = FrameShard { id: rows[0].id.shard(), revision: Revision(1), rows };
            let found = detection_shard(&shard, 1, |_| vec![detection(Kind::Object, "car", 0.7)]);
            catalog.put_frames(&[shard]).await.unwrap();
            catalog.put_detections(Stage::Detect, &[found]).await.unwrap();
        }
        catalog
    }

    /// What a query reads, and its answer; the same as without the rule.
    async fn check(catalog: &Catalog, query: &str, reads: &str, answer: i64) {
        let context = catalog.session(None).await.unwrap();
        let mut files = BTreeSet::new();
        for batch in catalog.query(&context, &format!("EXPLAIN {query}")).await.unwrap() {
            for plan in Columns(&batch).texts("plan").unwrap().iter().flatten() {
                let paths =
                    plan.split("tables/").skip(1).filter_map(|path| path.split_once("/part"));
                files.extend(paths.map(|(path, _)| path.replace("/date=2020-11-", " ")));
            }
        }
        let files: Vec<String> = files.into_iter().collect();
        assert_eq!(files.join(", "), reads, "{query}");
        assert_eq!(number(catalog, &context, query).await, answer, "{query}");
        assert!(context.remove_optimizer_rule("one_date"));
        assert_eq!(number(catalog, &context, query).await, answer, "{query}, without the rule");
    }

    async fn number(
        catalog: &Catalog,
        context: &deltalake::datafusion::prelude::SessionContext,
        query: &str,
    ) -> i64 {
        let batches = catalog.query(context, query).await.unwrap();
        batches.iter().map(|batch| Columns(batch).longs("n").unwrap().value(0)).sum()
    }

    #[test]
    fn frames_of_a_day_are_joined_to_the_detections_of_that_day() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = filled(&folder).await;
            let one_day = "detections 19, frames 19";
            let both = "detections 19, detections 20, frames 19, frames 20";
            for (query, reads, answer) in [
                ("frames f JOIN detections d ON d.frame = f.frame", both, 8),
                ("frames f JOIN detections d ON d.frame = f.frame WHERE f.sequence = 2", both, 1),
                (
                    "frames f JOIN detections d ON d.frame = f.frame \
                     WHERE f.taken_at < '2020-11-19T23:00:00Z'",
                    one_day,
                    4,
                ),
                (
                    "frames f JOIN detections d ON d.frame = f.frame AND d.date = '2020-11-19' \
                     WHERE f.sequence > 1",
                    one_day,
                    2,
                ),
                (
                    "frames f WHERE f.taken_at < '2020-11-19T23:00:00Z' AND f.frame IN \
                     (SELECT frame FROM detections WHERE label = 'car' GROUP BY frame \
                     HAVING count(*) > 0)",
                    one_day,
                    4,
                ),
                (
                    "frames f WHERE f.taken_at < '2020-11-19T23:00:00Z' AND NOT EXISTS \
                     (SELECT 1 FROM detections d WHERE d.frame = f.frame AND d.label = 'bus')",
                    one_day,
                    4,
                ),
                (
                    "frames f JOIN (SELECT frame AS which, label FROM detections) d \
                     ON d.which = f.frame JOIN looked l ON l.frame = d.which \
                     WHERE l.taken_at < '2020-11-19T23:00:00Z'",
                    one_day,
                    4,
                ),
                (
                    "detections d LEFT JOIN \
                     (SELECT * FROM frames WHERE taken_at < '2020-11-19T23:00:00Z') f \
                     ON d.frame = f.frame",
                    "detections 19, detections 20, frames 19",
                    8,
                ),
                (
                    "(SELECT * FROM frames WHERE taken_at < '2020-11-19T23:00:00Z') f \
                     FULL JOIN detections d ON d.frame = f.frame",
                    "detections 19, detections 20, frames 19",
                    8,
                ),
                (
                    "detections d LEFT JOIN frames f ON d.frame = f.frame \
                     WHERE d.taken_at < '2020-11-19T23:00:00Z'",
                    one_day,
                    4,
                ),
                // Of eight frames, two and no others.
                (
                    "(SELECT * FROM frames ORDER BY sequence DESC LIMIT 2) f \
                     JOIN detections d ON d.frame = f.frame \
                     WHERE d.taken_at < '2020-11-19T23:00:00Z'",
                    "detections 19, frames 19, frames 20",
                    0,
                ),
                // Numbers of something else than frames.
                (
                    "frames f JOIN detections d ON d.frame + 1 = f.frame \
                     WHERE f.taken_at < '2020-11-19T23:00:00Z'",
                    "detections 19, detections 20, frames 19",
                    3,
                ),
            ] {
                check(&catalog, &format!("SELECT count(*) AS n FROM {query}"), reads, answer).await;
            }
        });
    }

    #[test]
    fn many_dates_are_a_range() {
        let table = TableReference::bare("t");
        let few = dated(&table, &Dates::from([3, 7])).unwrap();
        assert_eq!(few.to_string(), "t.date IN ([Date32(\"1970-01-04\"), Date32(\"1970-01-08\")])");
        let many = dated(&table, &(0..40).collect()).unwrap();
        assert_eq!(
            many.to_string(),
            "t.date BETWEEN Date32(\"1970-01-01\") AND Date32(\"1970-02-09\")"
        );
        assert!(dated(&table, &Dates::new()).is_none());
    }
}
