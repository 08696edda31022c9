//! What each worker did in a job: how much, how fast, how well.

use roadloop_base::Nanos;
use rusqlite::Transaction;

use crate::jobs::JobRow;
use crate::progress::median;
use crate::{JobName, LabelError, Labels};

/// Of one worker in one job.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerStatistics {
    pub worker: String,
    /// Gold ones apart.
    pub answers: u64,
    pub boxes: u64,
    pub seconds: f64,
    pub median_seconds: Option<f64>,
    pub skipped: u64,
    /// How often their time ran out.
    pub expired: u64,
    /// How often they were asked to look again.
    pub sent_back: u64,
    /// Mean F1 of their answers against what several people's answers came to; of
    /// verdicts, how often they were as most.
    pub agreement: Option<f64>,
    /// Mean F1 against the truth of gold frames.
    pub gold_score: Option<f64>,
    pub gold_answers: u64,
    pub answered_at: Option<Nanos>,
}

/// What is added up of one worker's answers.
#[derive(Default)]
struct Sums {
    seconds: Vec<f64>,
    boxes: u64,
    agreement: Mean,
    gold: Mean,
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, number: f64) {
        self.sum += number;
        self.count += 1;
    }

    fn get(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

impl Labels {
    /// By name.
    pub fn statistics(&self, job: &JobName) -> Result<Vec<WorkerStatistics>, LabelError> {
        self.read(|on| {
            let job = JobRow::named(on, job)?;
            let sql = "SELECT worker, answers, skipped, expired, sent_back, gold_answers, \
                       answered_at FROM workers WHERE job = ?1 ORDER BY worker";
            let mut statement = on.prepare_cached(sql)?;
            let mut rows = statement.query([job.id])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let worker: String = row.get(0)?;
                let mut sums = sums(on, job.id, &worker)?;
                all.push(WorkerStatistics {
                    worker,
                    answers: row.get(1)?,
                    boxes: sums.boxes,
                    seconds: sums.seconds.iter().sum(),
                    median_seconds: median(&mut sums.seconds),
                    skipped: row.get(2)?,
                    expired: row.get(3)?,
                    sent_back: row.get(4)?,
                    agreement: sums.agreement.get(),
                    gold_score: sums.gold.get(),
                    gold_answers: row.get(5)?,
                    answered_at: row.get::<_, Option<i64>>(6)?.map(Nanos),
                });
            }
            Ok(all)
        })
    }
}

fn sums(on: &Transaction<'_>, job: i64, worker: &str) -> Result<Sums, LabelError> {
    let sql = "SELECT is_gold, seconds, boxes, score FROM assignments \
               WHERE job = ?1 AND worker = ?2 AND state = 'submitted'";
    let mut statement = on.prepare_cached(sql)?;
    let mut rows = statement.query(rusqlite::params![job, worker])?;
    let mut sums = Sums::default();
    while let Some(row) = rows.next()? {
        let score: Option<f64> = row.get(3)?;
        if row.get(0)? {
            sums.gold.add(score.unwrap_or(0.0));
            continue;
        }
        sums.seconds.push(row.get(1)?);
        sums.boxes += row.get::<_, u64>(2)?;
        if let Some(score) = score {
            sums.agreement.add(score);
        }
    }
    Ok(sums)
}
