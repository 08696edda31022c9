//! Distinct values that do not fit in memory.
//!
//! The engine keeps those of `count(DISTINCT x)` in memory, and cannot put them on disk.
//! It groups by `x` first and counts then, which it can do by way of the disk, where
//! nothing stands beside it but sums, least and greatest values. A count is a sum of ones.

use std::sync::Arc;

use deltalake::datafusion::common::Result;
use deltalake::datafusion::common::tree_node::Transformed;
use deltalake::datafusion::functions::core::expr_fn::coalesce;
use deltalake::datafusion::functions_aggregate::expr_fn::sum;
use deltalake::datafusion::logical_expr::expr::AggregateFunction;
use deltalake::datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Projection, when};
use deltalake::datafusion::optimizer::optimizer::ApplyOrder;
use deltalake::datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use deltalake::datafusion::prelude::lit;

/// Makes sums of counts that stand beside distinct values.
#[derive(Debug)]
pub(crate) struct CountsAreSums;

impl OptimizerRule for CountsAreSums {
    fn name(&self) -> &str {
        "counts_are_sums"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        match &plan {
            LogicalPlan::Aggregate(aggregate)
                if !aggregate.group_expr.iter().any(|g| matches!(g, Expr::GroupingSet(_)))
                    && aggregate.aggr_expr.iter().any(is_distinct)
                    && aggregate.aggr_expr.iter().any(|expr| counted(expr).is_some()) =>
            {
                Ok(Transformed::yes(summed(aggregate)?))
            }
            _ => Ok(Transformed::no(plan)),
        }
    }
}

fn is_distinct(expr: &Expr) -> bool {
    matches!(expr, Expr::AggregateFunction(call) if call.params.distinct)
}

/// What a plain count counts the values of.
fn counted(expr: &Expr) -> Option<&Expr> {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = expr else { return None };
    let is_plain = func.name() == "count"
        && !params.distinct
        && params.filter.is_none()
        && params.order_by.is_empty();
    match params.args.as_slice() {
        [value] if is_plain => Some(value),
        _ => None,
    }
}

fn summed(aggregate: &Aggregate) -> Result<LogicalPlan> {
    let mut sums = Vec::with_capacity(aggregate.aggr_expr.len());
    for expr in &aggregate.aggr_expr {
        sums.push(match counted(expr) {
            Some(Expr::Literal(value, _)) if !value.is_null() => sum(lit(1_i64)),
            Some(value) => {
                sum(when(value.clone().is_not_null(), lit(1_i64)).otherwise(lit(0_i64))?)
            }
            None => expr.clone(),
        });
    }
    // Of two that count the same, one is enough.
    let mut different = Vec::<Expr>::new();
    let places: Vec<usize> = sums
        .into_iter()
        .map(|sum| {
            different.iter().position(|other| *other == sum).unwrap_or_else(|| {
                different.push(sum);
                different.len() - 1
            })
        })
        .collect();
    let groups = aggregate.group_expr.len();
    let input = Arc::clone(&aggregate.input);
    let summed = Aggregate::try_new(input, aggregate.group_expr.clone(), different)?;
    let columns = summed.schema.columns();
    let mut named = Vec::new();
    for (place, (table, field)) in aggregate.schema.iter().enumerate() {
        let column = match place.checked_sub(groups) {
            None => Expr::Column(columns[place].clone()),
            Some(place) => {
                let value = Expr::Column(columns[groups + places[place]].clone());
                // Of no rows there are none, not an unknown number of them.
                match counted(&aggregate.aggr_expr[place]) {
                    Some(_) => coalesce(vec![value, lit(0_i64)]),
                    None => value,
                }
            }
        };
        named.push(column.alias_qualified(table.cloned(), field.name()));
    }
    let summed = Arc::new(LogicalPlan::Aggregate(summed));
    Ok(LogicalPlan::Projection(Projection::try_new(named, summed)?))
}

#[cfg(test)]
mod tests {
    use deltalake::datafusion::prelude::SessionContext;
    use roadloop_base::{Kind, Stage};
    use tempfile::TempDir;

    use crate::session::on_disk;
    use crate::testing::{detection, detection_shard, frame_shard, open, run, text};
    use crate::{Catalog, CatalogError, Format, Rows, SqlLimits};

    async fn csv(catalog: &Catalog, context: &SessionContext, query: &str) -> String {
        let batches = catalog.query(context, query).await.unwrap();
        let schema = batches[0].schema();
        text(&Rows::new(&schema, batches, false).unwrap(), Format::Csv)
    }

    async fn check(catalog: &Catalog, query: &str, expected: &str) {
        let context = catalog.session(None).await.unwrap();
        assert_eq!(csv(catalog, &context, query).await, expected, "{query}");
        assert_eq!(csv(catalog, &on_disk(&context), query).await, expected, "{query}, on disk");
        let plan = csv(catalog, &on_disk(&context), &format!("EXPLAIN {query}")).await;
        assert!(plan.contains("alias1"), "{plan}");
    }

    #[test]
    fn distinct_values_are_counted_as_groups() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            let shard = frame_shard("front", 6, 1);
            let found = detection_shard(&shard, 1, |sequence| {
                let kind = if sequence < 2 { Kind::Scene } else { Kind::Object };
                vec![detection(kind, ["bus", "car", "car"][sequence as usize % 3], 0.5); 2]
            });
            catalog.put_frames(&[shard]).await.unwrap();
            catalog.put_detections(Stage::Detect, &[found]).await.unwrap();
            check(
                &catalog,
                "SELECT label, count(*) AS boxes, count(DISTINCT frame) AS frames, \
                 count(bbox_left) AS sides, count(1), max(number), sum(number) \
                 FROM detections GROUP BY label ORDER BY label",
                "label,boxes,frames,sides,count(Int64(1)),max(detections.number),sum(detections.number)\n\
                 bus,4,2,2,4,1,2\ncar,8,4,6,8,1,4\n",
            )
            .await;
            check(
                &catalog,
                "SELECT count(*), count(DISTINCT label), sum(number) FROM detections \
                 WHERE label = 'tram'",
                "count(*),count(DISTINCT detections.label),sum(detections.number)\n0,0,\n",
            )
            .await;
            check(
                &catalog,
                "SELECT number + 1 AS n, count(*) + count(DISTINCT label) AS both \
                 FROM detections GROUP BY number + 1 HAVING count(*) > 5 ORDER BY n",
                "n,both\n1,8\n2,8\n",
            )
            .await;
        });
    }

    /// 300,000 values of 80 bytes, in 24 MiB.
    #[test]
    fn distinct_values_go_to_disk() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = open(&folder).await;
            let limits = SqlLimits { max_memory_bytes: 24 << 20, ..SqlLimits::default() };
            let values = "(SELECT value % 3 AS part, repeat('x', 80) || (value % 300000) AS value \
                          FROM range(0, 400000))";
            let query = format!(
                "SELECT part, count(*) AS n, count(DISTINCT value) AS values FROM {values} \
                 GROUP BY part ORDER BY part"
            );
            let rows = catalog.sql(&query, &limits).await.unwrap();
            let expected = "part,n,values\n0,133334,100000\n1,133333,100000\n2,133333,100000\n";
            assert_eq!(text(&rows, Format::Csv), expected);
            // Of two columns, the engine holds both.
            let query =
                format!("SELECT count(DISTINCT value), count(DISTINCT value || '-') FROM {values}");
            let error = catalog.sql(&query, &limits).await.unwrap_err();
            assert!(matches!(error, CatalogError::TooBig { .. }), "{error}");
        });
    }
}
