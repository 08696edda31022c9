//! Read-only SQL, with limits on rows, time and memory.
//!
//! One statement, and only ones that ask: `SELECT`, `WITH`, `VALUES`,
//! `EXPLAIN`, `DESCRIBE`, `SHOW TABLES`. Nothing that makes, changes, copies
//! or sets, and no files but those of the tables.

mod distinct;
mod reason;

use std::time::Duration;

use deltalake::arrow::array::RecordBatch;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::context::SQLOptions;
use deltalake::datafusion::prelude::SessionContext;
use deltalake::datafusion::sql::parser::{DFParserBuilder, Statement};
use deltalake::datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use futures::StreamExt;
use tokio::runtime::{Handle, Runtime};

pub(crate) use self::distinct::CountsAreSums;
use crate::session::{on_disk, query_error};
use crate::{Catalog, CatalogError, Rows};

/// Longer queries are refused: each nested bracket costs stack.
const MAX_SQL_BYTES: usize = 64 << 10;
/// sqlparser's own limit is 50 with its default; said here so that it stays.
const MAX_SQL_DEPTH: usize = 50;

/// Planning a query recurses deeply.
const STACK_BYTES: usize = 8 << 20;

/// What one query may cost.
#[derive(Clone, Debug)]
pub struct SqlLimits {
    /// The answer is cut after so many rows, and says so.
    pub max_rows: usize,
    pub max_time: Duration,
    pub max_memory_bytes: usize,
}

impl Default for SqlLimits {
    fn default() -> SqlLimits {
        SqlLimits {
            max_rows: 10_000,
            max_time: Duration::from_secs(60),
            max_memory_bytes: 512 << 20,
        }
    }
}

impl Catalog {
    /// Answers one read-only SQL statement.
    pub async fn sql(&self, query: &str, limits: &SqlLimits) -> Result<Rows, CatalogError> {
        let statement = read_only(query)?;
        let context = self.session(Some(limits.max_memory_bytes)).await?;
        let (query, bounds) = (query.to_owned(), limits.clone());
        let threads = QueryThreads::start(self.engine().threads())?;
        let task = threads.handle.spawn(async move {
            match run(&context, &query, statement.clone(), &bounds).await {
                Err(CatalogError::TooBig { .. }) => {
                    run(&on_disk(&context), &query, statement, &bounds).await
                }
                answer => answer,
            }
        });
        match tokio::time::timeout(limits.max_time, task).await {
            Ok(Ok(rows)) => rows,
            Ok(Err(_)) => Err(CatalogError::Stopped),
            Err(_) => Err(CatalogError::TooSlow { limit: limits.max_time }),
        }
    }
}

/// Threads of one question. Some functions and joins compute for minutes without a
/// pause: were that on the caller's threads, none might be left to notice the time.
/// Dropped, they are not waited for: each ends at its next pause, or with the process.
struct QueryThreads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl QueryThreads {
    fn start(count: usize) -> Result<QueryThreads, CatalogError> {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(count)
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build();
        let runtime = threads.map_err(|source| CatalogError::Threads { source })?;
        Ok(QueryThreads { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }
}

impl Drop for QueryThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn run(
    context: &SessionContext,
    query: &str,
    statement: Statement,
    limits: &SqlLimits,
) -> Result<Rows, CatalogError> {
    let bad = |error: DataFusionError| CatalogError::BadSql {
        reason: reason::reason(&error, context, query),
    };
    let plan = context.state().statement_to_plan(statement).await.map_err(bad)?;
    // The statement was one that asks; this catches what might hide inside it.
    let only_reads =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only_reads.verify_plan(&plan).map_err(bad)?;
    let answer = context.execute_logical_plan(plan).await.map_err(bad)?;
    let failed = |source: DataFusionError| match reason::impossible(&source) {
        Some(reason) => CatalogError::BadSql { reason },
        None => query_error(source, limits.max_memory_bytes),
    };
    let schema = std::sync::Arc::clone(answer.schema().inner());
    let mut stream = answer.execute_stream().await.map_err(failed)?;
    let mut batches = Vec::<RecordBatch>::new();
    let mut room = limits.max_rows;
    let mut truncated = false;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed)?;
        if batch.num_rows() > room {
            batches.push(batch.slice(0, room));
            truncated = true;
            break;
        }
        room -= batch.num_rows();
        batches.push(batch);
    }
    Rows::new(&schema, batches, truncated)
}

fn read_only(query: &str) -> Result<Statement, CatalogError> {
    let bad = |reason: String| CatalogError::BadSql { reason };
    if query.len() > MAX_SQL_BYTES {
        return Err(bad(format!("it is longer than {MAX_SQL_BYTES} bytes")));
    }
    let mut statements = DFParserBuilder::new(query)
        .with_recursion_limit(MAX_SQL_DEPTH)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| bad(reason::syntax(&error)))?;
    let (Some(statement), true) = (statements.pop_front(), statements.is_empty()) else {
        return Err(bad("give one statement".to_owned()));
    };
    if asks(&statement) {
        return Ok(statement);
    }
    let words: Vec<String> =
        statement.to_string().split_whitespace().take(2).map(str::to_owned).collect();
    Err(bad(format!("the catalog is read-only: SELECT, not {}", words.join(" "))))
}

fn asks(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(statement) => matches!(
            **statement,
            SqlStatement::Query(_)
                | SqlStatement::ExplainTable { .. }
                | SqlStatement::ShowTables { .. }
                | SqlStatement::ShowColumns { .. }
        ),
        Statement::Explain(explain) => asks(&explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use roadloop_base::{ErrorKind, Kind, Stage};
    use tempfile::TempDir;

    use super::*;
    use crate::Format;
    use crate::testing::{detection, detection_shard, frame_shard, open, run, text};

    async fn small(folder: &TempDir) -> Catalog {
        let catalog = open(folder).await;
        let shard = frame_shard("front", 3, 7);
        catalog.put_frames(std::slice::from_ref(&shard)).await.unwrap();
        let found = |sequence| match sequence {
            0 => vec![detection(Kind::Object, "car", 0.5), detection(Kind::Scene, "street", 0.25)],
            _ => vec![],
        };
        let found = detection_shard(&shard, 1, found);
        catalog.put_detections(Stage::Detect, &[found]).await.unwrap();
        catalog
    }

    async fn check(catalog: &Catalog, query: &str, expected: &str) {
        let got = match catalog.sql(query, &SqlLimits::default()).await {
            Ok(rows) => text(&rows, Format::Csv),
            Err(error) => format!("error: {error}"),
        };
        assert!(got.starts_with(expected), "{query}\n{got}");
    }

    #[test]
    fn questions_are_answered() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = small(&folder).await;
            check(
                &catalog,
                "select label, count(*) as n from detections group by label order by 2 desc, 1",
                "label,n\ncar,1\nstreet,1\n",
            )
            .await;
            check(
                &catalog,
                "select sequence, taken_at, taken_at_ns, date from frames order by 1 limit 1;",
                "sequence,taken_at,taken_at_ns,date\n\
                 0,2020-11-19T22:00:00Z,1605823200000000007,2020-11-19\n",
            )
            .await;
            check(&catalog, "select count(*) as n from detection_rows", "n\n5\n").await;
            check(&catalog, "with x as (select 1 as a) values (1), (2)", "column1\n1\n2\n").await;
            check(&catalog, "select label from detections where false", "label\n").await;
            check(&catalog, "describe frames", "column_name,data_type,is_nullable\nframe,").await;
            check(&catalog, "explain select * from frames", "plan_type,plan\n").await;
            check(&catalog, "show tables", "table_catalog,").await;
        });
    }

    #[test]
    fn what_is_no_question_is_refused() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = small(&folder).await;
            let out = folder.path().join("out").display().to_string();
            for query in [
                "insert into frames select * from frames",
                "delete from frames",
                "update frames set camera = 'x'",
                "drop table frames",
                "create table t as select 1",
                "create view v as select 1",
                "create external table t stored as csv location '/etc/passwd'",
                &format!("copy frames to '{out}' stored as csv"),
                "set datafusion.execution.batch_size = 1",
                "reset datafusion.execution.batch_size",
                "explain analyze insert into frames select * from frames",
                "explain analyze copy frames to 'x.csv'",
                "prepare p as select 1",
                "begin",
            ] {
                check(&catalog, query, "error: this is not a question that can be answered: ")
                    .await;
            }
            for query in [
                "",
                "select 1; select 2",
                "select * from 'secrets.csv'",
                "select * from '/etc/passwd'",
                "select * from read_csv('/etc/passwd')",
                "select nonsense from frames",
                "select * into t from frames",
                &format!("select {}1{}", "(".repeat(30_000), ")".repeat(30_000)),
                &format!("select {}", "1 + ".repeat(30_000)),
            ] {
                let error = catalog.sql(query, &SqlLimits::default()).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
            }
            assert!(!folder.path().join("out").exists());
            check(&catalog, "select count(*) as n from frames", "n\n3\n").await;
        });
    }

    #[test]
    fn a_name_that_is_not_there_is_answered_with_those_that_are() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = small(&folder).await;
            let refused = "error: this is not a question that can be answered: ";
            for (query, expected) in [
                (
                    "select labl from detections",
                    "no column is called labl; did you mean label?\ncolumns: frame, number, kind,",
                ),
                (
                    "select count(*) from detections where label = \"car\"",
                    "no column is called car; a text is written 'car', in single quotes\n",
                ),
                (
                    "select zebra from frames f join detections d on f.frame = d.frame",
                    "no column is called zebra\ncolumns: f.frame, f.recording,",
                ),
                (
                    "select camera from frames f join detections d on f.frame = d.frame",
                    "camera is in more than one table; write it as TABLE.camera",
                ),
                ("select x", "no column is called x, and no table was asked; add FROM frames"),
                (
                    "select * from detection",
                    "no table is called detection; did you mean detections?\n\
                     tables: frames, detections, annotations, anonymized, attrs_tags, detection_rows, \
                     frames_joined, looked, selections, tags",
                ),
                ("select * from cars", "no table is called cars\ntables: frames,"),
                ("select sum(camera) from frames", "there is no sum(Text), but sum(Decimal),"),
                (
                    "select camera from frames group by recording",
                    "column \"frames.camera\" must appear in the GROUP BY clause or",
                ),
                ("select 1 +", "Expected"),
                ("select 'open", "Unterminated string literal"),
                ("select sequence / 0 from frames", "it divides by zero"),
                ("select cast(camera as int) from frames", "Cannot cast string 'front'"),
            ] {
                check(&catalog, query, &format!("{refused}{expected}")).await;
            }
            let error = catalog.sql("select zebr(1)", &SqlLimits::default()).await.unwrap_err();
            assert!(error.to_string().contains("zebr"), "{error}");
        });
    }

    #[test]
    fn rows_time_and_memory_are_capped() {
        run(async {
            let folder = TempDir::new().unwrap();
            let catalog = small(&folder).await;
            let limits = SqlLimits { max_rows: 2, ..SqlLimits::default() };
            let rows = catalog.sql("select * from frames", &limits).await.unwrap();
            assert_eq!((rows.num_rows(), rows.truncated()), (2, true));
            let rows = catalog.sql("select * from frames limit 2", &limits).await.unwrap();
            assert_eq!((rows.num_rows(), rows.truncated()), (2, false));

            let endless =
                "select sum(a.value * b.value) from range(1, 10000000) a, range(1, 10000000) b";
            let limits = SqlLimits { max_time: Duration::from_millis(300), ..SqlLimits::default() };
            let start = Instant::now();
            let error = catalog.sql(endless, &limits).await.unwrap_err();
            assert!(matches!(error, CatalogError::TooSlow { .. }), "{error}");
            assert!(start.elapsed() < Duration::from_secs(20));

            let without_pause = "select length(repeat('a', 1000000000))";
            let limits = SqlLimits { max_time: Duration::from_millis(20), ..SqlLimits::default() };
            let error = catalog.sql(without_pause, &limits).await.unwrap_err();
            assert!(matches!(error, CatalogError::TooSlow { .. }), "{error}");

            let large = "select array_agg(value) from range(1, 20000000)";
            let limits = SqlLimits { max_memory_bytes: 1 << 20, ..SqlLimits::default() };
            let error = catalog.sql(large, &limits).await.unwrap_err();
            assert!(matches!(error, CatalogError::TooBig { .. }), "{error}");
        });
    }
}
