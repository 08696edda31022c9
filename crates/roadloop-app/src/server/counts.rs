//! What a worker did since it began, counted from what its log is told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use roadloop_base::Stage;
use roadloop_engine::work::{JobRecord, WorkEvent, WorkLog};

use super::text::{Histogram, Kind, Text};
use crate::work_log::JobEnd;

/// Seconds a job may take: a table of a small recording is done in less than the first,
/// hours of video in more than the last.
const SECONDS: &[f64] =
    &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// Counts what a worker does.
#[derive(Debug)]
pub(crate) struct Counts(Mutex<Sums>);

#[derive(Clone, Debug)]
struct Sums {
    /// Those of the worker's own stages are there from the start, at nothing: who
    /// watches sees the first failure as a change.
    stages: BTreeMap<Stage, StageSums>,
    trouble: u64,
    orders: u64,
}

#[derive(Clone, Debug)]
struct StageSums {
    ends: BTreeMap<JobEnd, u64>,
    attempts: u64,
    units: u64,
    skips: u64,
    seconds: Histogram,
}

impl StageSums {
    fn new() -> StageSums {
        StageSums {
            ends: JobEnd::ALL.into_iter().map(|end| (end, 0)).collect(),
            attempts: 0,
            units: 0,
            skips: 0,
            seconds: Histogram::new(SECONDS),
        }
    }

    fn ended(&mut self, end: JobEnd) {
        *self.ends.entry(end).or_default() += 1;
    }
}

impl Counts {
    pub(crate) fn new(stages: impl IntoIterator<Item = Stage>) -> Counts {
        let stages = stages.into_iter().map(|stage| (stage, StageSums::new())).collect();
        Counts(Mutex::new(Sums { stages, trouble: 0, orders: 0 }))
    }

    fn change(&self, change: impl FnOnce(&mut Sums)) {
        // Numbers are whole whoever panicked elsewhere.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn of(&self, stage: Stage, change: impl FnOnce(&mut StageSums)) {
        self.change(|sums| change(sums.stages.entry(stage).or_insert_with(StageSums::new)));
    }

    pub(super) fn write(&self, text: &mut Text) {
        let sums = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Sums { stages, trouble, orders } = sums;
        let help = "Attempts at jobs that came to an end, by how they did.";
        let mut jobs = text.family("roadloop_jobs_total", Kind::Counter, help);
        for (stage, sums) in &stages {
            for (end, count) in &sums.ends {
                jobs.count(&[("stage", stage.name()), ("state", end.name())], *count);
            }
        }
        let of_each =
            |text: &mut Text, name, help, value: fn(&StageSums) -> u64, of: fn(Stage) -> bool| {
                let mut family = text.family(name, Kind::Counter, help);
                for (stage, sums) in stages.iter().filter(|(stage, _)| of(**stage)) {
                    family.count(&[("stage", stage.name())], value(sums));
                }
            };
        let any = |_| true;
        let help = "Attempts at jobs that were begun.";
        of_each(text, "roadloop_job_attempts_total", help, |sums| sums.attempts, any);
        let help = "Frames of jobs that were done.";
        let has_frames = |stage| stage != Stage::Tables;
        of_each(text, "roadloop_frames_total", help, |sums| sums.units, has_frames);
        let help = "Rows of tables written by jobs that were done.";
        let has_rows = |stage| stage == Stage::Tables;
        of_each(text, "roadloop_rows_total", help, |sums| sums.units, has_rows);
        let help = "Places of recordings that were left out by jobs that were done.";
        of_each(text, "roadloop_skips_total", help, |sums| sums.skips, any);
        let help = "Time of attempts that were done or failed.";
        let mut seconds = text.histograms("roadloop_job_duration_seconds", help);
        for (stage, sums) in &stages {
            seconds.histogram(&[("stage", stage.name())], &sums.seconds);
        }
        let help =
            "Times something did not answer: the queue, the store, a job that was not ready.";
        text.family("roadloop_trouble_total", Kind::Counter, help).count(&[], trouble);
        let help = "Orders given for recordings that came by themselves.";
        text.family("roadloop_orders_found_total", Kind::Counter, help).count(&[], orders);
    }
}

impl WorkLog for Counts {
    fn told(&self, event: WorkEvent<'_>) {
        match event {
            WorkEvent::Began(task, _) => self.of(task.stage, |sums| sums.attempts += 1),
            WorkEvent::Ended(task, record) => self.of(task.stage, |sums| ended(sums, record)),
            WorkEvent::Lost(task) => self.of(task.stage, |sums| sums.ended(JobEnd::Lost)),
            WorkEvent::Trouble { .. } => self.change(|sums| sums.trouble += 1),
            WorkEvent::Ordered(_) => self.change(|sums| sums.orders += 1),
            WorkEvent::Held { .. } | WorkEvent::Stranger { .. } => {}
        }
    }
}

fn ended(sums: &mut StageSums, record: &JobRecord) {
    let end = JobEnd::of(record);
    sums.ended(end);
    sums.units += record.done;
    sums.skips += record.skips;
    if let (JobEnd::Done | JobEnd::Failed | JobEnd::Dead, Some(seconds)) = (end, record.seconds) {
        sums.seconds.observe(seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work_log::tests::{record, task};
    use roadloop_engine::EngineError;
    use roadloop_engine::work::JobState;
    use std::time::Duration;

    #[test]
    fn what_is_told_is_counted() {
        let counts = Counts::new([Stage::Extract, Stage::Tables]);
        let task = task(Stage::Extract);
        let running = record(&task, JobState::Running);
        for state in [JobState::Done, JobState::Waiting, JobState::Dead] {
            counts.told(WorkEvent::Began(&task, &running));
            let mut record = record(&task, state);
            (record.done, record.skips, record.seconds) = (6, 2, Some(0.3));
            if state != JobState::Done {
                (record.done, record.skips) = (0, 0);
                record.error = vec!["no".to_owned()];
            }
            counts.told(WorkEvent::Ended(&task, &record));
        }
        let handed_back = record(&task, JobState::Waiting);
        counts.told(WorkEvent::Ended(&task, &handed_back));
        counts.told(WorkEvent::Lost(&task));
        counts.told(WorkEvent::Ordered(&task.order));
        let error = EngineError::BadLetter { job: "x".to_owned() };
        let pause = Duration::ZERO;
        counts.told(WorkEvent::Trouble { doing: "nothing", error: &error, pause });
        let mut text = Text::default();
        counts.write(&mut text);
        let text = text.into_string();
        let has = |line: &str| assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        for state in ["done", "failed", "dead", "handed_back", "lost"] {
            has(&format!("roadloop_jobs_total{{stage=\"extract\",state=\"{state}\"}} 1"));
        }
        has("roadloop_jobs_total{stage=\"extract\",state=\"cancelled\"} 0");
        has("roadloop_jobs_total{stage=\"tables\",state=\"done\"} 0");
        has("roadloop_job_attempts_total{stage=\"extract\"} 3");
        has("roadloop_frames_total{stage=\"extract\"} 6");
        has("roadloop_rows_total{stage=\"tables\"} 0");
        has("roadloop_skips_total{stage=\"extract\"} 2");
        has("roadloop_job_duration_seconds_bucket{stage=\"extract\",le=\"0.25\"} 0");
        has("roadloop_job_duration_seconds_bucket{stage=\"extract\",le=\"0.5\"} 3");
        has("roadloop_job_duration_seconds_count{stage=\"extract\"} 3");
        has("roadloop_trouble_total 1");
        has("roadloop_orders_found_total 1");
    }
}
