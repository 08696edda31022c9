//! A file of jobs for tests, workers and reviewers of few words, and a count of
//! everything from the start.

use std::path::PathBuf;

use roadloop_base::{Camera, DrawnBox, FrameId, Nanos, PixelBox, RecordingId};

use crate::{
    Answer, Assignment, AssignmentId, JobName, JobSettings, LabelClass, LabelError, Labels, NewJob,
    NewTask, Purpose, Review, Ruling, Submitted, TaskDetail, TaskState, Verdict,
};

pub(crate) struct Desk {
    folder: tempfile::TempDir,
    pub(crate) labels: Labels,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let labels = Labels::open(&folder.path().join("labels.db")).unwrap();
        Desk { folder, labels }
    }

    /// An open job `street` of so many tasks, each for so many workers.
    pub(crate) fn of(tasks: u64, workers: u32) -> Desk {
        Desk::with(tasks, |settings| settings.workers = workers)
    }

    pub(crate) fn with(tasks: u64, change: impl FnOnce(&mut JobSettings)) -> Desk {
        let desk = Desk::new();
        let mut settings = settings();
        change(&mut settings);
        let tasks: Vec<NewTask> = (1..=tasks).map(task).collect();
        desk.open_job("street", Purpose::Draw, settings, &tasks);
        desk
    }

    pub(crate) fn open_job(
        &self,
        name: &str,
        purpose: Purpose,
        settings: JobSettings,
        tasks: &[NewTask],
    ) {
        self.labels.create(&new_job(name, purpose, settings), at(0)).unwrap();
        self.labels.add_tasks(&job(name), 1, tasks).unwrap();
        self.labels.seal(&job(name), at(0)).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("labels.db")
    }

    /// The same file, as another process has it.
    pub(crate) fn other(&self) -> Labels {
        Labels::open(&self.path()).unwrap()
    }

    pub(crate) fn next(&self, worker: &str, seconds: i64) -> Option<Assignment> {
        self.labels.next(&street(), worker, at(seconds)).unwrap()
    }

    /// Number of the next task, 0 where there is none.
    pub(crate) fn next_number(&self, worker: &str, seconds: i64) -> u64 {
        self.next(worker, seconds).map_or(0, |assignment| assignment.number)
    }

    pub(crate) fn submit(
        &self,
        id: AssignmentId,
        worker: &str,
        answer: &Answer,
        seconds: i64,
    ) -> Result<Submitted, LabelError> {
        self.labels.submit(id, worker, answer, 5.0, at(seconds))
    }

    /// Takes the next task and answers it.
    pub(crate) fn answer(&self, worker: &str, answer: &Answer, seconds: i64) -> Assignment {
        let assignment = self.next(worker, seconds).unwrap();
        let submitted = self.submit(assignment.id, worker, answer, seconds).unwrap();
        assert_eq!(submitted, Submitted::Counted);
        assignment
    }

    pub(crate) fn task(&self, number: u64) -> TaskDetail {
        self.labels.task(&street(), number).unwrap()
    }

    pub(crate) fn state(&self, number: u64) -> TaskState {
        self.task(number).row.state
    }

    /// Decides on what the task is now.
    pub(crate) fn decide(
        &self,
        number: u64,
        ruling: Ruling,
        seconds: i64,
    ) -> Result<TaskDetail, LabelError> {
        let revision = self.task(number).row.revision;
        let comment = Some("look at the left".to_owned());
        let review = Review { by: "rita".into(), revision, ruling, comment };
        self.labels.decide(&street(), number, &review, at(seconds))
    }
}

pub(crate) fn settings() -> JobSettings {
    JobSettings::new(vec![LabelClass::new("car"), LabelClass::new("person")])
}

pub(crate) fn new_job(name: &str, purpose: Purpose, settings: JobSettings) -> NewJob {
    NewJob {
        name: job(name),
        purpose,
        settings,
        instructions: "Draw cars.\n---\nAll of them.".into(),
        pictures: Vec::new(),
        created_by: "rita".into(),
    }
}

pub(crate) fn job(name: &str) -> JobName {
    name.parse().unwrap()
}

pub(crate) fn street() -> JobName {
    job("street")
}

/// Seconds of the clock.
pub(crate) fn at(seconds: i64) -> Nanos {
    Nanos(seconds * 1_000_000_000)
}

/// Of one camera's drive, 100x100 pixels, with one pre-label.
pub(crate) fn task(number: u64) -> NewTask {
    let frame = FrameId {
        recording: RecordingId::new("drive-1a2b3c4d").unwrap(),
        camera: Camera::new("front").unwrap(),
        sequence: number as u32,
    };
    NewTask {
        frame: Some(frame),
        source: format!("s3://raw/{number}.jpg"),
        image_key: Some(format!("anonymized/{number}.jpg")),
        width: 100,
        height: 100,
        initial: vec![drawn("car", 0.0)],
        gold: None,
        line: None,
        given: None,
    }
}

pub(crate) fn gold(number: u64) -> NewTask {
    NewTask { gold: Some(vec![drawn("car", 10.0)]), ..task(number) }
}

/// 20x20 pixels, so far from the left.
pub(crate) fn drawn(label: &str, left: f64) -> DrawnBox {
    let pixels = PixelBox::new(left, 10.0, 20.0, 20.0).unwrap();
    DrawnBox { label: label.into(), pixels, confidence: None, tags: Vec::new() }
}

/// One car each, so far from the left.
pub(crate) fn cars(lefts: &[f64]) -> Answer {
    Answer::Boxes(lefts.iter().map(|left| drawn("car", *left)).collect())
}

pub(crate) fn verdict(is_good: bool) -> Answer {
    Answer::Verdict(Verdict { is_good, comment: None })
}

/// `ok`, or the words of an error, for one `assert_eq`.
pub(crate) fn words<T>(done: Result<T, LabelError>) -> String {
    done.map_or_else(|error| error.to_string(), |_| "ok".to_owned())
}

/// What is kept as counts is what there is. Each of these finds rows where it is not.
const RECOUNTS: [&str; 4] = [
    "SELECT * FROM tasks WHERE
        taken <> (SELECT count(*) FROM assignments WHERE task = tasks.id
                  AND state IN ('leased', 'submitted', 'sent_back'))
        OR answers <> (SELECT count(*) FROM assignments WHERE task = tasks.id
                       AND state = 'submitted')
        OR skips <> (SELECT count(*) FROM assignments WHERE task = tasks.id
                     AND state = 'skipped')
        OR (taken > wanted AND state <> 'gold')
        OR (state = 'waiting' AND wanted > 0 AND answers >= wanted)
        OR (state IN ('done', 'in_review') AND answers < wanted)
        OR ((state = 'sent_back') <> EXISTS
            (SELECT 1 FROM assignments WHERE task = tasks.id AND is_returned = 1))",
    "SELECT * FROM counts WHERE (gold, waiting, done, in_review, approved, corrected, sent_back,
            failed, flagged, open, wanted, answers, missing, skips, leased)
        IS NOT (SELECT sum(state = 'gold'), sum(state = 'waiting'), sum(state = 'done'),
            sum(state = 'in_review'), sum(state = 'approved'), sum(state = 'corrected'),
            sum(state = 'sent_back'), sum(state = 'failed'), sum(is_flagged),
            sum(state = 'waiting' AND taken < wanted), sum(wanted),
            sum(iif(state = 'gold', 0, answers)),
            sum(iif(state IN ('waiting', 'sent_back'), max(wanted - answers, 0), 0)),
            sum(iif(state = 'gold', 0, skips)),
            (SELECT count(*) FROM assignments WHERE assignments.job = counts.job
             AND state = 'leased')
            FROM tasks WHERE tasks.job = counts.job)",
    "SELECT * FROM workers WHERE (had_open, answers, gold_answers, skipped, returned)
        IS NOT (SELECT
            ifnull(sum(is_had AND tasks.state = 'waiting' AND tasks.taken < tasks.wanted), 0),
            ifnull(sum(assignments.state = 'submitted' AND is_gold = 0), 0),
            ifnull(sum(assignments.state = 'submitted' AND is_gold = 1), 0),
            ifnull(sum(assignments.state = 'skipped'), 0),
            ifnull(sum(is_returned), 0)
            FROM assignments JOIN tasks ON tasks.id = assignments.task
            WHERE assignments.job = workers.job AND assignments.worker = workers.worker)",
    "SELECT * FROM assignments WHERE (state = 'submitted' AND answer IS NULL)
        OR (answer IS NOT NULL AND NOT (state = 'submitted' OR is_returned = 1))",
];

#[track_caller]
pub(crate) fn check_counts(labels: &Labels) {
    for sql in RECOUNTS {
        let row = labels.read(|on| {
            let mut statement = on.prepare(sql)?;
            let mut rows = statement.query([])?;
            Ok(rows.next()?.map(|row| format!("{row:?}")))
        });
        assert_eq!(row.unwrap(), None, "{sql}");
    }
    labels
        .read(|on| {
            let whole: String = on.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
            assert_eq!(whole, "ok");
            Ok(())
        })
        .unwrap();
}
