//! How far a job is, from counts that are kept: no task is looked at.

use roadloop_base::Nanos;
use rusqlite::{Row, Transaction, params};
use serde::Serialize;

use crate::LabelError;

/// So many of the last answers say how long one takes.
const LAST_ANSWERS: u32 = 500;

const HOUR: i64 = 3_600_000_000_000;

/// How far a job is. Gold tasks are counted in `gold` and `flagged` only, their
/// answers nowhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Progress {
    pub tasks: u64,
    pub gold: u64,
    pub waiting: u64,
    pub done: u64,
    pub in_review: u64,
    pub approved: u64,
    pub corrected: u64,
    pub sent_back: u64,
    pub failed: u64,
    pub flagged: u64,
    /// With somebody at this moment.
    pub leased: u64,
    /// How many answers were refused by skipping.
    pub skipped: u64,
    pub answers: u64,
    pub answers_wanted: u64,
    /// Of the last answers.
    pub median_seconds: Option<f64>,
    /// What is left, by so many people as answered in the last hour.
    pub seconds_left: Option<f64>,
}

impl Progress {
    /// Tasks nobody is to say anything more about.
    pub fn is_final(&self) -> u64 {
        self.done + self.approved + self.corrected
    }
}

pub(crate) fn progress(on: &Transaction<'_>, job: i64, now: Nanos) -> Result<Progress, LabelError> {
    let read = |row: &Row<'_>| -> rusqlite::Result<(Progress, u64)> {
        let mut progress = Progress {
            tasks: 0,
            gold: row.get("gold")?,
            waiting: row.get("waiting")?,
            done: row.get("done")?,
            in_review: row.get("in_review")?,
            approved: row.get("approved")?,
            corrected: row.get("corrected")?,
            sent_back: row.get("sent_back")?,
            failed: row.get("failed")?,
            flagged: row.get("flagged")?,
            leased: row.get("leased")?,
            skipped: row.get("skips")?,
            answers: row.get("answers")?,
            answers_wanted: row.get("wanted")?,
            median_seconds: None,
            seconds_left: None,
        };
        let Progress { waiting, done, in_review, approved, corrected, sent_back, failed, .. } =
            progress;
        progress.tasks = waiting + done + in_review + approved + corrected + sent_back + failed;
        Ok((progress, row.get("missing")?))
    };
    let sql = "SELECT * FROM counts WHERE job = ?1";
    let (mut progress, missing) = on.prepare_cached(sql)?.query_row([job], read)?;
    progress.median_seconds = median_seconds(on, job)?;
    if let Some(seconds) = progress.median_seconds {
        let sql = "SELECT count(*) FROM workers WHERE job = ?1 AND answered_at >= ?2";
        let since = now.0.saturating_sub(HOUR);
        let people: u32 =
            on.prepare_cached(sql)?.query_row(params![job, since], |row| row.get(0))?;
        progress.seconds_left = (people > 0).then(|| missing as f64 * seconds / f64::from(people));
    }
    Ok(progress)
}

pub(crate) fn median_seconds(on: &Transaction<'_>, job: i64) -> Result<Option<f64>, LabelError> {
    let sql = "SELECT seconds FROM assignments WHERE job = ?1 AND state = 'submitted' \
               ORDER BY submitted_at DESC LIMIT ?2";
    let mut statement = on.prepare_cached(sql)?;
    let seconds = statement.query_map(params![job, LAST_ANSWERS], |row| row.get(0))?;
    Ok(median(&mut seconds.collect::<Result<Vec<f64>, _>>()?))
}

pub(crate) fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers {
        [] => None,
        numbers if numbers.len() % 2 == 1 => Some(numbers[middle]),
        numbers => Some(f64::midpoint(numbers[middle - 1], numbers[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(numbers: &[f64], expected: Option<f64>) {
        assert_eq!(median(&mut numbers.to_vec()), expected);
    }

    #[test]
    fn medians() {
        check(&[], None);
        check(&[3.0], Some(3.0));
        check(&[9.0, 1.0], Some(5.0));
        check(&[9.0, 1.0, 2.0], Some(2.0));
        check(&[1.0, f64::NAN, 2.0], Some(2.0));
    }
}
