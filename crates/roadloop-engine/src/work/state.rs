//! How far an order is, told from the records of its jobs.

use std::collections::HashMap;

use roadloop_base::{RecordingId, Skip, Stage};

use super::{Board, JobRecord, JobState, Order};
use crate::EngineError;

/// How far an order is. Asked again, only what was not over is read again.
#[derive(Clone, Debug)]
pub struct OrderState {
    pub order: Order,
    /// By the ids of the jobs.
    records: HashMap<String, JobRecord>,
}

/// How far one stage of an order is.
#[derive(Clone, Debug, PartialEq)]
pub struct StageState {
    pub stage: Stage,
    /// Jobs known of; more may follow while the recording is read.
    pub jobs: u64,
    pub done: u64,
    pub running: u64,
    pub dead: u64,
    pub cancelled: u64,
    /// Frames of the jobs that are done (rows of tables), now and before.
    pub frames: u64,
    pub frames_before: u64,
    pub skips: u64,
    /// Time of all its jobs together.
    pub seconds: f64,
}

impl OrderState {
    pub fn new(order: Order) -> OrderState {
        OrderState { order, records: HashMap::new() }
    }

    /// As the board has it now.
    pub async fn load(board: &Board, order: Order) -> Result<OrderState, EngineError> {
        let mut state = OrderState::new(order);
        state.refresh(board).await?;
        Ok(state)
    }

    /// Reads what happened since.
    pub async fn refresh(&mut self, board: &Board) -> Result<(), EngineError> {
        let known = &self.records;
        let is_over = |job: &str| known.get(job).is_some_and(|record| record.state.is_final());
        let news = board.records_but(&self.order.id, is_over).await?;
        self.records.extend(news.into_iter().map(|record| (record.job.clone(), record)));
        Ok(())
    }

    /// As [`refresh`](OrderState::refresh), with what was over before: a job that was
    /// dead may have been put back.
    pub async fn refresh_all(&mut self, board: &Board) -> Result<(), EngineError> {
        self.records.clear();
        self.refresh(board).await
    }

    pub fn recording(&self) -> Option<&RecordingId> {
        self.records.values().find_map(|record| record.recording.as_ref())
    }

    /// The records of its jobs, by stage and id.
    pub fn records(&self) -> Vec<&JobRecord> {
        let mut records: Vec<&JobRecord> = self.records.values().collect();
        records.sort_by(|a, b| (a.stage, &a.job).cmp(&(b.stage, &b.job)));
        records
    }

    pub fn stages(&self) -> Vec<StageState> {
        let stages = Stage::ALL.into_iter();
        let stages = stages.filter(|stage| *stage == Stage::Extract || self.order.wants(*stage));
        stages.map(|stage| self.stage(stage)).collect()
    }

    fn stage(&self, stage: Stage) -> StageState {
        let mut state = StageState {
            stage,
            jobs: self.expected(stage).unwrap_or(0),
            done: 0,
            running: 0,
            dead: 0,
            cancelled: 0,
            frames: 0,
            frames_before: 0,
            skips: 0,
            seconds: 0.0,
        };
        let mut known = 0;
        for record in self.records.values().filter(|record| record.stage == stage) {
            known += 1;
            match record.state {
                JobState::Done => state.done += 1,
                JobState::Running => state.running += 1,
                JobState::Dead => state.dead += 1,
                JobState::Cancelled => state.cancelled += 1,
                JobState::Waiting => {}
            }
            state.frames += record.done;
            state.frames_before += record.already_done;
            state.skips += record.skips;
            state.seconds += record.seconds.unwrap_or(0.0);
        }
        state.jobs = state.jobs.max(known);
        state
    }

    /// How many jobs a stage has in all, once that can be told.
    fn expected(&self, stage: Stage) -> Option<u64> {
        let extraction = || self.of(Stage::Extract).find(|record| record.state == JobState::Done);
        match stage {
            Stage::Extract | Stage::Tables | Stage::Video => Some(1),
            Stage::Attach => extraction().map(|_| 1),
            Stage::Detect | Stage::Anonymize => {
                let parts = extraction()?.parts.as_ref()?;
                Some(parts.values().map(|shards| shards.len() as u64).sum())
            }
        }
    }

    fn of(&self, stage: Stage) -> impl Iterator<Item = &JobRecord> {
        self.records.values().filter(move |record| record.stage == stage)
    }

    /// Whether all jobs have come to their ends, one way or another.
    pub fn is_over(&self) -> bool {
        let is_final = |record: &JobRecord| record.state.is_final();
        let Some(extraction) = self.of(Stage::Extract).find(|record| is_final(record)) else {
            return false;
        };
        if !self.records.values().all(is_final) {
            return false;
        }
        if extraction.state != JobState::Done {
            // Nobody says what would have followed.
            return true;
        }
        // What died before it has nothing after it.
        let is_lost = |record: &&JobRecord| record.state != JobState::Done;
        let lost = self.of(Stage::Detect).filter(is_lost).count() as u64;
        for stage in Stage::ALL.into_iter().filter(|stage| self.order.wants(*stage)) {
            let lost = if stage == Stage::Anonymize { lost } else { 0 };
            let known = self.of(stage).count() as u64;
            if self.expected(stage).is_some_and(|expected| known + lost < expected) {
                return false;
            }
        }
        true
    }

    /// Whether every job of it did what it was to do.
    pub fn is_done(&self) -> bool {
        self.is_over() && self.records.values().all(|record| record.state == JobState::Done)
    }

    /// What was skipped, each place once.
    pub fn skipped(&self) -> Vec<&Skip> {
        let mut skipped = Vec::new();
        for record in self.records() {
            skipped.extend(
                record.skipped.iter().filter(|skip| !skipped.contains(skip)).collect::<Vec<_>>(),
            );
        }
        skipped
    }
}
