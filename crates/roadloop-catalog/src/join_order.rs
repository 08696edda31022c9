//! In which order tables are joined by frame.
//!
//! The engine joins in the order of the question. `detections` with `frames` and then
//! with the weather looks each detection up twice; `frames` with the weather, and then
//! the detections with both, once. What has one row for each frame never grows by being
//! joined, so all such tables are joined first where the one that has many is taken as a
//! whole.

use std::sync::Arc;

use deltalake::datafusion::common::tree_node::Transformed;
use deltalake::datafusion::common::{Column, DFSchema, JoinType, NullEquality, Result};
use deltalake::datafusion::logical_expr::utils::split_conjunction;
use deltalake::datafusion::logical_expr::{
    Expr, Join, JoinConstraint, LogicalPlan, Operator, Projection,
};
use deltalake::datafusion::optimizer::optimizer::ApplyOrder;
use deltalake::datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use crate::one_date::{origin, with_files};

/// Joins tables that have one row for each frame before the one that has many.
#[derive(Debug)]
pub(crate) struct OnesFirst;

impl OptimizerRule for OnesFirst {
    fn name(&self) -> &str {
        "ones_first"
    }

    /// All joins of a question at once.
    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        match ones_first(&plan)? {
            Some(joined) => Ok(Transformed::yes(joined)),
            None => Ok(Transformed::no(plan)),
        }
    }
}

/// A table, or what is left of it, and its column that says of which frame a row is.
struct Part {
    rows: Arc<LogicalPlan>,
    frame: Column,
}

fn ones_first(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let LogicalPlan::Join(join) = plan else { return Ok(None) };
    let Some(parts) = parts(join) else { return Ok(None) };
    let (mut ones, mut many): (Vec<Part>, Vec<Part>) =
        parts.into_iter().partition(|part| has_one_row(&part.rows, &part.frame));
    let (Some(many), true) = (many.pop(), many.is_empty() && ones.len() > 1) else {
        return Ok(None);
    };
    let is_last = [&join.left, &join.right].into_iter().any(|side| Arc::ptr_eq(side, &many.rows));
    if is_last || !is_whole(&many.rows) {
        return Ok(None);
    }
    let mut joined = ones.remove(0);
    for one in ones {
        let frame = joined.frame.clone();
        joined = Part { rows: Arc::new(by_frame(joined, one)?), frame };
    }
    let joined = by_frame(many, joined)?;
    // Columns in the order they were in.
    let columns = plan.schema().columns().into_iter().map(Expr::Column).collect();
    Ok(Some(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(joined))?)))
}

fn by_frame(left: Part, right: Part) -> Result<LogicalPlan> {
    let on = vec![(Expr::Column(left.frame), Expr::Column(right.frame))];
    let (kind, constraint) = (JoinType::Inner, JoinConstraint::On);
    let nulls = NullEquality::NullEqualsNothing;
    let join = Join::try_new(left.rows, right.rows, on, None, kind, constraint, nulls, false)?;
    Ok(LogicalPlan::Join(join))
}

/// What is joined by nothing but one column of each, all of them equal.
fn parts(join: &Join) -> Option<Vec<Part>> {
    let (mut rows, mut keys) = (Vec::new(), Vec::new());
    flatten(join, &mut rows, &mut keys)?;
    let part = |rows: Arc<LogicalPlan>| {
        let frame = only(&keys, rows.schema())?;
        Some(Part { rows, frame })
    };
    rows.into_iter().map(part).collect()
}

fn flatten(join: &Join, rows: &mut Vec<Arc<LogicalPlan>>, keys: &mut Vec<Column>) -> Option<()> {
    let is_plain = join.join_type == JoinType::Inner
        && join.filter.is_none()
        && join.null_equality == NullEquality::NullEqualsNothing;
    let [(Expr::Column(left), Expr::Column(right))] = join.on.as_slice() else { return None };
    if !is_plain {
        return None;
    }
    keys.extend([left.clone(), right.clone()]);
    for side in [&join.left, &join.right] {
        match side.as_ref() {
            LogicalPlan::Join(join) => flatten(join, rows, keys)?,
            _ => rows.push(Arc::clone(side)),
        }
    }
    Some(())
}

/// The one of these columns that a schema has.
fn only(keys: &[Column], schema: &DFSchema) -> Option<Column> {
    let mut there = keys.iter().filter(|key| schema.has_column(key));
    let first = there.next()?;
    there.all(|other| other == first).then(|| first.clone())
}

fn has_one_row(rows: &LogicalPlan, frame: &Column) -> bool {
    match rows {
        LogicalPlan::TableScan(scan) => {
            with_files(scan, frame, |files| files.has_one_row_per_frame().then_some(())).is_some()
        }
        LogicalPlan::Filter(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Projection(_) => {
            origin(rows, frame).is_some_and(|(below, frame)| has_one_row(below, &frame))
        }
        _ => false,
    }
}

/// Whether nearly all rows of a table are asked for. A value that is not to be leaves
/// most of them.
fn is_whole(rows: &LogicalPlan) -> bool {
    let leaves_most = |condition: &Expr| {
        let conditions = split_conjunction(condition);
        conditions.into_iter().all(
            |condition| matches!(condition, Expr::BinaryExpr(two) if two.op == Operator::NotEq),
        )
    };
    match rows {
        LogicalPlan::TableScan(scan) => scan.filters.iter().all(leaves_most),
        LogicalPlan::Filter(filter) => leaves_most(&filter.predicate) && is_whole(&filter.input),
        LogicalPlan::SubqueryAlias(alias) => is_whole(&alias.input),
        LogicalPlan::Projection(projection) => is_whole(&projection.input),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use deltalake::datafusion::prelude::SessionContext;
    use roadloop_base::{Kind, Stage};
    use tempfile::TempDir;

    use super::*;
    use crate::Catalog;
    use crate::rows::Columns;
    use crate::testing::{detection, detection_shard, frame_shard, open, run};

    /// Which tables are joined to which, in brackets.
    fn shape(plan: &LogicalPlan) -> String {
        match plan {
            LogicalPlan::Join(join) => format!("({} {})", shape(&join.left), shape(&join.right)),
            LogicalPlan::SubqueryAlias(alias) if !shape(&alias.input).contains('(') => {
                alias.alias.to_string()
            }
            LogicalPlan::TableScan(scan) => scan.table_name.to_string(),
            _ => plan.inputs().into_iter().map(shape).collect(),
        }
    }

    async fn number(catalog: &Catalog, context: &SessionContext, query: &str) -> i64 {
        let batches = catalog.query(context, query).await.unwrap();
        batches.iter().map(|batch| Columns(batch).longs("n").unwrap().value(0)).sum()
    }

    async fn check(catalog: &Catalog, tables: &str, order: &str) {
        let query =
            format!("SELECT sum(f.sequence * 2 + g.sequence + length(d.label)) AS n FROM {tables}");
        let context = catalog.session(None).await.unwrap();
        let plan = context.sql(&query).await.unwrap().into_optimized_plan().unwrap();
        assert_eq!(shape(&plan), order, "{query}\n{plan}");
        let answer = number(catalog, &context, &query).await;
        assert!(context.remove_optimizer_rule("ones_first"));
        assert_eq!(number(catalog, &context, &query).await, answer, "{query}");
    }

    #[test]
    fn tables_with_one_row_for_each_frame_are_joined_first() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            let shard = frame_shard("front", 12, 1);
            let cars = |sequence| vec![detection(Kind::Object, "car", 0.7); sequence as usize % 3];
            let found = detection_shard(&shard, 1, cars);
            catalog.put_frames(&[shard]).await.unwrap();
            catalog.put_detections(Stage::Detect, &[found]).await.unwrap();
            let three = "detections d JOIN frames f ON f.frame = d.frame \
                         JOIN frames g ON g.frame = d.frame";
            for (tables, order) in [
                (three.to_owned(), "(d (f g))"),
                // Whichever of equal columns is named.
                (three.replace("g.frame = d.frame", "f.frame = g.frame"), "(d (f g))"),
                (
                    "frames f, detections d, frames g \
                     WHERE d.frame = f.frame AND d.frame = g.frame AND f.sequence > 3"
                        .to_owned(),
                    "(d (f g))",
                ),
                (format!("{three} JOIN frames h ON h.frame = f.frame"), "(d ((f g) h))"),
                (
                    "frames f JOIN frames g ON g.frame = f.frame \
                     JOIN detections d ON d.frame = f.frame"
                        .to_owned(),
                    "((f g) d)",
                ),
                // Few of many: their frames are looked up.
                (format!("{three} WHERE d.label = 'car'"), "((d f) g)"),
                (format!("{three} JOIN detections e ON e.frame = f.frame"), "((d (f g)) e)"),
                // Another key, more than a key, rows that need not match.
                (three.replace("g.frame = d.frame", "g.sequence = f.sequence"), "((d f) g)"),
                (format!("{three} AND g.sequence < f.sequence + d.number"), "((d f) g)"),
                (three.replace("JOIN frames g", "LEFT JOIN frames g"), "((d f) g)"),
            ] {
                check(&catalog, &tables, order).await;
            }
        });
    }
}
