//! A queue in one SQLite file, for one machine with any number of processes.
//!
//! The file is in WAL mode and synced at each commit (`synchronous = FULL`): what
//! was pushed or finished is so after a power cut. Each call is one transaction;
//! a `finish` adds what follows in the same one. Writers of several processes wait
//! for each other, as SQLite does it.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::job::Token;
use crate::open::check;
use crate::{Claim, Depth, Job, Lane, Queue, QueueError, QueueOptions};

/// Of the tables below.
const FORMAT: i64 = 1;

/// `free_at` is when a job can be claimed: now, after its delay, or when the time
/// of who holds it is over. Times are milliseconds since 1970. `lease` counts the
/// claims of a row: who comes with an older number holds it no longer.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS jobs (
        row INTEGER PRIMARY KEY,
        lane TEXT NOT NULL,
        id TEXT NOT NULL,
        generation INTEGER NOT NULL,
        spent INTEGER NOT NULL,
        body TEXT NOT NULL,
        pushed_at INTEGER NOT NULL,
        free_at INTEGER NOT NULL,
        is_held INTEGER NOT NULL DEFAULT 0,
        lease INTEGER NOT NULL DEFAULT 0,
        UNIQUE (lane, id, generation)
    );
    CREATE INDEX IF NOT EXISTS jobs_free ON jobs (lane, free_at);
";

/// How long a process waits for another one's transaction.
const BUSY_FOR: Duration = Duration::from_secs(30);

/// How soon a new job is seen by who waits for one: 1 ms after the first look,
/// then longer, up to this.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(crate) struct EmbeddedQueue {
    connection: Arc<Mutex<Connection>>,
    path: Arc<Path>,
    hold: Duration,
}

impl EmbeddedQueue {
    pub(crate) async fn open(
        path: &Path,
        options: QueueOptions,
    ) -> Result<EmbeddedQueue, QueueError> {
        let path: Arc<Path> = path.into();
        let opened = Arc::clone(&path);
        let opened = spawn_blocking(move || connect(&opened)).await;
        let connection = opened.unwrap_or_else(|error| Err(QueueError::engine("open", error)))?;
        let connection = Arc::new(Mutex::new(connection));
        Ok(EmbeddedQueue { connection, path, hold: options.hold })
    }

    /// One transaction, off the async threads.
    async fn transact<T: Send + 'static>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let connection = Arc::clone(&self.connection);
        let done = spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            // A reader that turns writer half way can be refused; one that starts
            // as a writer waits its turn.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok::<_, rusqlite::Error>(done)
        });
        let done = done.await.map_err(|error| QueueError::engine(action, error))?;
        done.map_err(|error| match is_no_queue(&error) {
            true => QueueError::NotAQueue {
                path: self.path.to_path_buf(),
                source: error.to_string().into(),
            },
            false => QueueError::engine(action, error),
        })
    }
}

/// Whether the file is of something else, or its content is broken.
fn is_no_queue(error: &rusqlite::Error) -> bool {
    let codes = [rusqlite::ErrorCode::NotADatabase, rusqlite::ErrorCode::DatabaseCorrupt];
    error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
}

fn connect(path: &Path) -> Result<Connection, QueueError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| QueueError::Open {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| failed(error.into()))?;
    }
    let open = || -> rusqlite::Result<(Connection, i64)> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_FOR)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        let found = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found == 0 {
            connection.execute_batch(TABLES)?;
            connection.pragma_update(None, "user_version", FORMAT)?;
        }
        Ok((connection, found))
    };
    let (connection, found) = open().map_err(|error| match is_no_queue(&error) {
        true => QueueError::NotAQueue { path: path.to_owned(), source: error.to_string().into() },
        false => failed(error.into()),
    })?;
    if found != 0 && found != FORMAT {
        return Err(QueueError::Format { path: path.to_owned(), found, known: FORMAT });
    }
    Ok(connection)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn insert(transaction: &Transaction<'_>, jobs: &[Job]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare(
        "INSERT OR IGNORE INTO jobs (lane, id, generation, spent, body, pushed_at, free_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
    )?;
    for job in jobs {
        let Job { lane, id, generation, spent, body } = job;
        insert.execute(params![lane.to_string(), id, generation, spent, body, now()])?;
    }
    Ok(())
}

fn take(
    transaction: &Transaction<'_>,
    lane: &Lane,
    most: usize,
    hold: Duration,
) -> rusqlite::Result<Vec<Claim>> {
    let now = now();
    let mut claim = transaction.prepare(
        "UPDATE jobs SET free_at = ?3, is_held = 1, lease = lease + 1 WHERE row IN
         (SELECT row FROM jobs WHERE lane = ?1 AND free_at <= ?2 ORDER BY free_at, row LIMIT ?4)
         RETURNING row, id, generation, spent, body, lease",
    )?;
    let until = now.saturating_add(millis(hold));
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let claims = claim.query_map(params![lane.to_string(), now, until, most], |found| {
        let lease = found.get(5)?;
        Ok(Claim {
            job: Job {
                lane: lane.clone(),
                id: found.get(1)?,
                generation: found.get(2)?,
                spent: found.get(3)?,
                body: found.get(4)?,
            },
            deliveries: u32::try_from(lease).unwrap_or(u32::MAX),
            token: Token::Embedded { row: found.get(0)?, lease },
        })
    })?;
    let mut claims: Vec<Claim> = claims.collect::<rusqlite::Result<_>>()?;
    claims.sort_by_key(Claim::row_and_lease);
    Ok(claims)
}

impl Claim {
    fn row_and_lease(&self) -> (i64, i64) {
        let Token::Embedded { row, lease } = self.token else {
            panic!("a claim of another queue");
        };
        (row, lease)
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn push(&self, jobs: &[Job]) -> Result<(), QueueError> {
        check(jobs)?;
        let jobs = jobs.to_vec();
        self.transact("write to", move |transaction| insert(transaction, &jobs)).await
    }

    async fn claim(
        &self,
        lane: &Lane,
        most: usize,
        wait: Duration,
    ) -> Result<Vec<Claim>, QueueError> {
        let (until, mut pause) = (Instant::now() + wait, Duration::from_millis(1));
        loop {
            // A look first: it needs no turn among the writers.
            let (connection, looked_for) = (Arc::clone(&self.connection), lane.to_string());
            let looked = spawn_blocking(move || {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let mut look =
                    connection.prepare("SELECT 1 FROM jobs WHERE lane = ?1 AND free_at <= ?2")?;
                look.exists(params![looked_for, now()])
            });
            let looked = looked.await.map_err(|error| QueueError::engine("read", error))?;
            if looked.map_err(|error| QueueError::engine("read", error))? {
                let (lane, hold) = (lane.clone(), self.hold);
                let take =
                    move |transaction: &Transaction<'_>| take(transaction, &lane, most, hold);
                let claims = self.transact("claim from", take).await?;
                if !claims.is_empty() {
                    return Ok(claims);
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(LOOK_EVERY);
        }
    }

    async fn extend(&self, claim: &Claim) -> Result<(), QueueError> {
        let (row, lease) = claim.row_and_lease();
        let until = now().saturating_add(millis(self.hold));
        let extended = self.transact("extend a job of", move |transaction| {
            transaction.execute(
                "UPDATE jobs SET free_at = ?3 WHERE row = ?1 AND lease = ?2 AND is_held = 1",
                params![row, lease, until],
            )
        });
        match extended.await? {
            0 => Err(QueueError::Lost { id: claim.job.id.clone() }),
            _ => Ok(()),
        }
    }

    async fn finish(&self, claim: Claim, children: &[Job]) -> Result<(), QueueError> {
        check(children)?;
        let ((row, lease), children) = (claim.row_and_lease(), children.to_vec());
        self.transact("finish a job of", move |transaction| {
            insert(transaction, &children)?;
            transaction
                .execute("DELETE FROM jobs WHERE row = ?1 AND lease = ?2", params![row, lease])
                .map(drop)
        })
        .await
    }

    async fn give_back(&self, claim: Claim, after: Duration) -> Result<(), QueueError> {
        let (row, lease) = claim.row_and_lease();
        let free_at = now().saturating_add(millis(after));
        self.transact("give a job back to", move |transaction| {
            transaction
                .execute(
                    "UPDATE jobs SET free_at = ?3, is_held = 0 WHERE row = ?1 AND lease = ?2",
                    params![row, lease, free_at],
                )
                .map(drop)
        })
        .await
    }

    async fn depth(&self, lane: &Lane) -> Result<Depth, QueueError> {
        let (lane, now) = (lane.to_string(), now());
        self.transact("read", move |transaction| {
            let mut count = transaction.prepare(
                "SELECT count(*) FILTER (WHERE is_held = 0 OR free_at <= ?2),
                        count(*) FILTER (WHERE is_held = 1 AND free_at > ?2),
                        min(pushed_at) FILTER (WHERE is_held = 0 OR free_at <= ?2)
                 FROM jobs WHERE lane = ?1",
            )?;
            let depth = count.query_row(params![lane, now], |row| {
                let oldest: Option<i64> = row.get(2)?;
                let age = |at: i64| Duration::from_millis((now - at).max(0).unsigned_abs());
                Ok(Depth {
                    waiting: row.get::<_, i64>(0)?.unsigned_abs(),
                    in_flight: row.get::<_, i64>(1)?.unsigned_abs(),
                    oldest: oldest.map(age),
                })
            });
            Ok(depth.optional()?.unwrap_or_default())
        })
        .await
    }
}

impl fmt::Debug for EmbeddedQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedQueue").field("hold", &self.hold).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{self, HOLD};
    use crate::{Priority, open};

    #[tokio::test]
    async fn the_embedded_queue_keeps_its_promises() {
        let folder = tempfile::tempdir().unwrap();
        let mut number = 0;
        suite::queue_keeps_its_promises(async || {
            number += 1;
            let path = folder.path().join(format!("{number}/queue.db"));
            let open = || async {
                let options = QueueOptions { hold: HOLD };
                open(&path.display().to_string().parse().unwrap(), options).await.unwrap()
            };
            // Twice, as two processes have it.
            (open().await, open().await)
        })
        .await;
    }

    #[tokio::test]
    async fn another_format_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "user_version", 7).unwrap();
        drop(other);
        let error = EmbeddedQueue::open(&path, QueueOptions::default()).await.unwrap_err();
        assert!(matches!(error, QueueError::Format { found: 7, .. }), "{error}");
        std::fs::write(&path, "no database at all, but a text of some length").unwrap();
        let error = EmbeddedQueue::open(&path, QueueOptions::default()).await.unwrap_err();
        assert!(error.to_string().contains("queue.db"), "{error}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_at_once_claim_each_job_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        let lane = Lane::new("detect", Priority::Normal);
        let queue = EmbeddedQueue::open(&path, QueueOptions::default()).await.unwrap();
        let jobs: Vec<Job> = (0..60).map(|n| Job::new(lane.clone(), n.to_string(), "")).collect();
        queue.push(&jobs).await.unwrap();
        let mut workers = Vec::new();
        for _ in 0..4 {
            let (path, lane) = (path.clone(), lane.clone());
            workers.push(tokio::spawn(async move {
                let queue = EmbeddedQueue::open(&path, QueueOptions::default()).await.unwrap();
                let mut done = Vec::new();
                loop {
                    let claims = queue.claim(&lane, 3, Duration::ZERO).await.unwrap();
                    if claims.is_empty() {
                        return done;
                    }
                    for claim in claims {
                        done.push(claim.job.id.clone());
                        queue.finish(claim, &[]).await.unwrap();
                    }
                }
            }));
        }
        let mut done = Vec::new();
        for worker in workers {
            done.extend(worker.await.unwrap());
        }
        done.sort_by_key(|id| id.parse::<u32>().unwrap());
        let all: Vec<String> = (0..60).map(|n| n.to_string()).collect();
        assert_eq!(done, all);
    }
}
