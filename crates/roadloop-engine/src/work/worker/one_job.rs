//! One job, from its claim to its end.

use std::error::Error;
use std::time::Duration;

use roadloop_queue::Claim;
use tokio::time::{Instant, sleep, timeout};

use super::{Stop, WorkEvent, Worker};
use crate::EngineError;
use crate::work::hold::hold;
use crate::work::perform::{Performed, perform};
use crate::work::policy::Verdict;
use crate::work::{Control, DeadLetter, JobRecord, JobState, Policy, Task};

/// How often a job waits for what is not its fault, before that counts as a failure. A
/// service that says it is asked too much is waited for as long as the job may take.
const NOT_NOW: u32 = 20;

/// Beside whom a job goes on.
enum Company {
    Others,
    /// It is the last attempt of a job whose worker went without a word.
    None,
    /// That was it: here is who had it last.
    Nobody(Box<JobRecord>),
}

/// How work on a job ended.
enum End {
    Performed(Box<Performed>),
    Failed(EngineError),
    TimedOut,
    Cancelled,
    HandedBack,
    Lost,
}

impl Worker {
    /// One job from its claim to its end.
    pub(super) async fn work(&self, claim: Claim) {
        let (started, attempts) = (Instant::now(), claim.attempts());
        let task = match Task::of(&claim.job) {
            Ok(task) => task,
            Err(error) => {
                let letter = DeadLetter::new(&claim.job, attempts, self.name(), chain(&error));
                return self.give_up(claim, &letter).await;
            }
        };
        let company = match self.company_for(&task, attempts).await {
            Company::Nobody(last) => return self.give_up_crashed(claim, &task, *last).await,
            company => company,
        };
        let end = match self.is_cancelled(&task) {
            true => End::Cancelled,
            false => self.work_on(&claim, &task, &company).await,
        };
        let seconds = Some(started.elapsed().as_secs_f64());
        let ended = |state| {
            let record = JobRecord::new(&task, state, attempts, self.name());
            JobRecord { seconds, ..record }
        };
        let failed = |error: Vec<String>, is_last: bool| {
            let state = if is_last { JobState::Dead } else { JobState::Waiting };
            JobRecord { error, ..ended(state) }
        };
        let is_last = attempts >= self.settings.policy.attempts;
        match end {
            End::Performed(performed) => {
                let Performed { recording, report, children, parts } = *performed;
                let recording = Some(recording);
                let done = ended(JobState::Done).with_report(&report);
                let record = JobRecord { recording, parts, ..done };
                // Before it is finished: a job without its end on the board would be
                // waited for.
                self.write(&record).await;
                self.ended(&task, &record);
                self.said("finishing a job", self.queue.finish(claim, &children).await);
            }
            End::Failed(error) => {
                let is_over = is_last || Policy::judge(&error) == Verdict::Never;
                self.fail(claim, &task, failed(chain(&error), is_over)).await;
            }
            End::TimedOut => {
                let limit = self.settings.policy.timeout.as_secs();
                let error = vec![format!("it took longer than {limit} s")];
                self.fail(claim, &task, failed(error, is_last)).await;
            }
            End::Cancelled => {
                let record = ended(JobState::Cancelled);
                self.write(&record).await;
                self.ended(&task, &record);
                self.said("dropping a job", self.queue.finish(claim, &[]).await);
            }
            End::HandedBack => {
                let record = ended(JobState::Waiting);
                self.write(&record).await;
                self.ended(&task, &record);
                // As a new job: being told to stop is no failure of this one.
                let again = claim.job.again(attempts.saturating_sub(1));
                self.said("handing a job back", self.queue.finish(claim, &[again]).await);
            }
            End::Lost => self.log.told(WorkEvent::Lost(&task)),
        }
    }

    /// The work itself, until it ends or is ended.
    async fn work_on(&self, claim: &Claim, task: &Task, company: &Company) -> End {
        let lasts = self.settings.queue.hold;
        let working = async {
            let is_alone = matches!(company, Company::None);
            let (_alone, _beside) = match is_alone {
                true => (Some(self.company.write().await), None),
                false => (None, Some(self.company.read().await)),
            };
            let record = JobRecord::new(task, JobState::Running, claim.attempts(), self.name());
            self.write(&record).await;
            self.log.told(WorkEvent::Began(task, &record));
            match timeout(self.settings.policy.timeout, self.perform(task, is_alone)).await {
                Ok(Ok(performed)) => End::Performed(Box::new(performed)),
                Ok(Err(error)) => End::Failed(error),
                Err(_) => End::TimedOut,
            }
        };
        tokio::select! {
            end = working => end,
            error = hold(&*self.queue, claim, lasts) => {
                self.trouble("holding a job", &error, Duration::ZERO);
                End::Lost
            }
            () = self.told_to(Stop::Now) => End::HandedBack,
            () = self.cancelled(task) => End::Cancelled,
        }
    }

    /// Beside whom a job may go on. What was claimed and not begun, because its worker
    /// went while it waited, counts for nothing.
    async fn company_for(&self, task: &Task, attempts: u32) -> Company {
        let most = self.settings.policy.attempts;
        if attempts < most || attempts == 1 {
            return Company::Others;
        }
        match self.board.record(&task.id()).await {
            Ok(Some(last)) if last.state == JobState::Running && last.attempts >= most => {
                Company::Nobody(Box::new(last))
            }
            Ok(Some(last)) if last.state != JobState::Running => Company::Others,
            _ => Company::None,
        }
    }

    /// Does a task, waiting where something is busy that is not its own.
    async fn perform(&self, task: &Task, is_alone: bool) -> Result<Performed, EngineError> {
        // Who is alone must not wait for those that wait for it.
        let most_waiting = if is_alone { u64::MAX } else { self.settings.policy.most_waiting };
        let policy = &Policy { most_waiting, ..self.settings.policy.clone() };
        let mut waits = 0;
        loop {
            let error = match perform(&self.ctx, &*self.queue, policy, task).await {
                Err(error) if Policy::judge(&error) == Verdict::NotNow => error,
                performed => return performed,
            };
            waits += 1;
            if waits > NOT_NOW && !error.is_throttling() {
                return Err(error);
            }
            let pause = policy.pause_after(waits);
            self.trouble("doing a job", &error, pause);
            sleep(pause).await;
        }
    }

    fn is_cancelled(&self, task: &Task) -> bool {
        self.control.borrow().cancelled.contains(&task.order.id)
    }

    async fn cancelled(&self, task: &Task) {
        let is_cancelled = |control: &Control| control.cancelled.contains(&task.order.id);
        let _ = self.control.subscribe().wait_for(is_cancelled).await;
    }

    /// A failure: tried again later, or never.
    async fn fail(&self, claim: Claim, task: &Task, record: JobRecord) {
        if record.state == JobState::Dead {
            let known = self.board.record(&claim.job.id).await.ok().flatten();
            if known.is_some_and(|known| known.state == JobState::Done) {
                // Another one did it while this one was cut off.
                return self.said("finishing a job", self.queue.finish(claim, &[]).await);
            }
            let JobRecord { attempts, error, .. } = &record;
            let letter = DeadLetter::new(&claim.job, *attempts, self.name(), error.clone());
            if !self.bury(&letter).await {
                return;
            }
            self.write(&record).await;
            self.ended(task, &record);
            return self.said("finishing a dead job", self.queue.finish(claim, &[]).await);
        }
        self.write(&record).await;
        self.ended(task, &record);
        let pause = self.settings.policy.pause_after(record.attempts);
        self.said("giving a job back", self.queue.give_back(claim, pause).await);
    }

    /// A job whose workers never came to say how it went.
    async fn give_up_crashed(&self, claim: Claim, task: &Task, last: JobRecord) {
        let attempts = self.settings.policy.attempts;
        let mut error =
            vec![format!("the worker that had it stopped without a word, {attempts} times")];
        error.extend(last.error);
        let record = JobRecord::new(task, JobState::Dead, attempts, &last.worker);
        self.fail(claim, task, JobRecord { error, ..record }).await;
    }

    /// A job nobody can read.
    async fn give_up(&self, claim: Claim, letter: &DeadLetter) {
        if self.bury(letter).await {
            self.said("finishing a dead job", self.queue.finish(claim, &[]).await);
        }
    }

    /// Where the letter cannot be kept, the job is: it comes back, and dies again.
    async fn bury(&self, letter: &DeadLetter) -> bool {
        match self.board.bury(letter).await {
            Ok(()) => true,
            Err(error) => {
                self.trouble("writing a dead letter", &error, Duration::ZERO);
                false
            }
        }
    }

    fn ended(&self, task: &Task, record: &JobRecord) {
        self.tally.count(record);
        self.log.told(WorkEvent::Ended(task, record));
    }

    /// A record that cannot be written stops no work.
    async fn write(&self, record: &JobRecord) {
        if let Err(error) = self.board.put_record(record).await {
            self.trouble("writing what became of a job", &error, Duration::ZERO);
        }
    }

    pub(super) fn said<E: Into<EngineError>>(&self, doing: &'static str, answer: Result<(), E>) {
        if let Err(error) = answer {
            // The job comes back when its time is over.
            self.trouble(doing, &error.into(), Duration::ZERO);
        }
    }
}

/// An error and its causes, each once.
fn chain(error: &EngineError) -> Vec<String> {
    let mut lines = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let line = error.to_string();
        if !lines.contains(&line) {
            lines.push(line);
        }
        cause = error.source();
    }
    lines
}
