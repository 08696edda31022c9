//! How long things take in the largest job there may be: 100,000 tasks, 50 labels, 100
//! workers, 200 boxes on an image, 3 answers to each task.
//!
//! ```text
//! cargo run --release -p roadloop-label --example limits [tasks] [rounds] [folder]
//! cargo run --release -p roadloop-label --example limits fill WORKSPACE/labels.db
//! ```
//!
//! The second leaves a file with the open job `street`, for `bench/labelling.py`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use roadloop_base::{Camera, DrawnBox, FrameId, Nanos, PixelBox, RecordingId};
use roadloop_label::{
    Answer, Consolidation, JobName, JobSettings, LabelClass, LabelError, Labels, NewJob, NewTask,
    Purpose, Review, ReviewRule, Ruling, Submitted, TaskOrder, TaskQuery, TaskState,
};

const LABELS: usize = 50;
const WORKERS: usize = 100;
const BOXES: usize = 200;
const ASKED: u32 = 3;

/// People at once, where they do not think.
const FAST: u64 = 20;

/// How long each of many calls took.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn of<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let since = Instant::now();
        let done = call();
        self.0.push(since.elapsed());
        done
    }

    fn say(mut self, what: &str) {
        self.0.sort();
        let at = |share: f64| match self.0.len() {
            0 => 0.0,
            count => self.0[((count - 1) as f64 * share) as usize].as_secs_f64() * 1e3,
        };
        let (half, most, worst) = (at(0.5), at(0.99), at(1.0));
        println!(
            "{what:32} {:6}x  p50 {half:8.2} ms  p99 {most:8.2} ms  max {worst:8.2} ms",
            self.0.len()
        );
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|argument| argument == "fill").is_some() {
        let path = arguments.next().ok_or("say which file is filled")?;
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let now = Nanos(i64::try_from(since.as_nanos())?);
        return create(&Labels::open(Path::new(&path))?, &"street".parse()?, 100_000, now);
    }
    let tasks: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let rounds: u64 = arguments.next().map_or(Ok(5_000), |text| text.parse())?;
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(format!("limits-{}.db", std::process::id()));
    let done = measure(&Labels::open(&path)?, &path, tasks, rounds);
    println!("{:32} {:6} MiB", "file", std::fs::metadata(&path)?.len() >> 20);
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{suffix}", path.display())).ok();
    }
    done
}

fn measure(labels: &Labels, path: &Path, tasks: u64, rounds: u64) -> Result<(), Box<dyn Error>> {
    let job: JobName = "street".parse()?;
    let now = |round: u64| Nanos(round as i64 * 1_000_000_000);
    let since = Instant::now();
    create(labels, &job, tasks, Nanos(0))?;
    println!(
        "{:32} {:.1} s for {tasks} tasks of {BOXES} pre-labels",
        "create",
        since.elapsed().as_secs_f64()
    );

    let [mut next, mut again, mut draft, mut submit, mut last] = [const { Times(Vec::new()) }; 5];
    let [mut skip, mut release, mut work] = [const { Times(Vec::new()) }; 3];
    let mut answered = 0;
    for round in 0..rounds {
        let worker = format!("worker-{}", round as usize % WORKERS);
        let now = now(round / 10);
        let Some(task) = next.of(|| labels.next(&job, &worker, now))? else { break };
        let answer = Answer::Boxes(boxes(round % 3));
        again.of(|| labels.next(&job, &worker, now))?;
        draft.of(|| labels.save_draft(task.id, &worker, task.revision, &answer))?;
        match round % 50 {
            7 => skip.of(|| labels.skip(task.id, &worker, "too dark", now))?,
            9 => release.of(|| labels.release(task.id, &worker, now))?,
            _ => {
                let is_last = labels.task(&job, task.number)?.row.answers + 1 == ASKED;
                let times = if is_last { &mut last } else { &mut submit };
                let done = times.of(|| labels.submit(task.id, &worker, &answer, 9.0, now))?;
                assert_eq!(done, Submitted::Counted);
                answered += 1;
            }
        }
        if round % 20 == 0 {
            work.of(|| labels.work(&worker, now))?;
        }
    }
    next.say("next");
    again.say("next, held already");
    draft.say("save_draft");
    submit.say("submit");
    last.say("submit, the last of its task");
    skip.say("skip");
    release.say("release");
    work.say("work");
    println!("{:32} {answered}", "answers");

    many_at_once(labels, &job, rounds / 2, now(rounds))?;
    one_who_skips_all(labels, &job, tasks.min(20_000), now(rounds))?;
    reading(labels, &job, tasks, now(rounds))?;
    deciding(labels, &job, now(rounds))?;
    with_all_answers(labels, &job, path, now(rounds))
}

fn create(labels: &Labels, job: &JobName, tasks: u64, now: Nanos) -> Result<(), Box<dyn Error>> {
    let mut settings = JobSettings::new((0..LABELS).map(|n| LabelClass::new(name(n))).collect());
    settings.workers = ASKED;
    settings.task_seconds = 3600;
    settings.review = ReviewRule::Below(0.8);
    settings.consolidation = Consolidation::default();
    let job_of_all = NewJob {
        name: job.clone(),
        purpose: Purpose::Draw,
        settings,
        instructions: "Draw.\n---\n".repeat(1000),
        pictures: Vec::new(),
        created_by: "rita".into(),
    };
    labels.create(&job_of_all, now)?;
    let recording = RecordingId::new("drive-1a2b3c4d")?;
    let camera = Camera::new("front")?;
    let task = |number: u64| NewTask {
        frame: Some(FrameId {
            recording: recording.clone(),
            camera: camera.clone(),
            sequence: number as u32,
        }),
        source: format!("s3://raw/drive/front/{number:06}.jpg"),
        image_key: Some(format!("anonymized/drive/front/{number:06}.jpg")),
        width: 1920,
        height: 1080,
        initial: boxes(0),
        gold: None,
        line: None,
        given: None,
    };
    let mut first = 1;
    while first <= tasks {
        let batch: Vec<NewTask> = (first..=tasks).take(1000).map(task).collect();
        labels.add_tasks(job, first, &batch)?;
        first += 1000;
    }
    labels.seal(job, now)?;
    Ok(())
}

/// People who all answer as fast as they can.
fn many_at_once(
    labels: &Labels,
    job: &JobName,
    rounds: u64,
    now: Nanos,
) -> Result<(), Box<dyn Error>> {
    let of_one = |n: u64| -> Result<[Times; 3], LabelError> {
        let [mut next, mut draft, mut submit] = [const { Times(Vec::new()) }; 3];
        let (worker, answer) = (format!("fast-{n}"), Answer::Boxes(boxes(n % 3)));
        for _ in 0..rounds / FAST {
            let Some(task) = next.of(|| labels.next(job, &worker, now))? else { break };
            draft.of(|| labels.save_draft(task.id, &worker, task.revision, &answer))?;
            submit.of(|| labels.submit(task.id, &worker, &answer, 9.0, now))?;
        }
        Ok([next, draft, submit])
    };
    let since = Instant::now();
    let [mut next, mut draft, mut submit] = [const { Times(Vec::new()) }; 3];
    std::thread::scope(|scope| {
        let of_one = &of_one;
        let threads: Vec<_> = (0..FAST).map(|n| scope.spawn(move || of_one(n))).collect();
        for thread in threads {
            let times = thread.join().map_err(|_| "a worker broke down")??;
            for (all, one) in [&mut next, &mut draft, &mut submit].into_iter().zip(times) {
                all.0.extend(one.0);
            }
        }
        Ok::<(), Box<dyn Error>>(())
    })?;
    let answers = submit.0.len();
    next.say("next, 20 people at once");
    draft.say("save_draft, 20 people at once");
    submit.say("submit, 20 people at once");
    let per_second = answers as f64 / since.elapsed().as_secs_f64();
    println!("{:32} {per_second:.0} answers a second", "20 people at once");
    Ok(())
}

/// The worst there is for who asks next: somebody skipped many tasks, and all of their
/// seats came free.
fn one_who_skips_all(
    labels: &Labels,
    job: &JobName,
    most: u64,
    now: Nanos,
) -> Result<(), Box<dyn Error>> {
    let [mut next, mut skip, mut after] = [const { Times(Vec::new()) }; 3];
    for _ in 0..most / 4 {
        let Some(task) = next.of(|| labels.next(job, "lazy", now))? else { break };
        skip.of(|| labels.skip(task.id, "lazy", "no", now))?;
    }
    for _ in 0..100 {
        let Some(task) = after.of(|| labels.next(job, "lazy", now))? else { break };
        labels.skip(task.id, "lazy", "no", now)?;
    }
    next.say("next, of one who skips");
    skip.say("skip, of one who skips");
    after.say("next, after all that");
    Ok(())
}

fn reading(labels: &Labels, job: &JobName, tasks: u64, now: Nanos) -> Result<(), Box<dyn Error>> {
    let page = |states: &[TaskState], order, offset| TaskQuery {
        states: states.to_vec(),
        order,
        offset,
        limit: 100,
        ..TaskQuery::default()
    };
    let lists = [
        ("tasks, all, first page", page(&[], TaskOrder::Number, 0)),
        ("tasks, all, last page", page(&[], TaskOrder::Number, tasks.saturating_sub(100))),
        ("tasks, waiting, first page", page(&[TaskState::Waiting], TaskOrder::Number, 0)),
        ("tasks, in review, worst first", page(&[TaskState::InReview], TaskOrder::WorstFirst, 0)),
        ("tasks, failed, worst first", page(&[TaskState::Failed], TaskOrder::WorstFirst, 0)),
        (
            "tasks, two states, by number",
            page(&[TaskState::InReview, TaskState::Failed], TaskOrder::Number, 0),
        ),
    ];
    for (what, query) in lists {
        let mut times = Times::default();
        for _ in 0..50 {
            times.of(|| labels.tasks(job, &query))?;
        }
        times.say(what);
    }
    let [mut progress, mut statistics, mut results, mut detail] = [const { Times(Vec::new()) }; 4];
    for n in 0..50 {
        progress.of(|| labels.job(job, now))?;
        statistics.of(|| labels.statistics(job))?;
        results.of(|| labels.results(job, n * 100, 100))?;
        detail.of(|| labels.task(job, 1 + n))?;
    }
    progress.say("job, with its progress");
    statistics.say("statistics");
    results.say("results, a hundred");
    detail.say("task, with its answers");
    Ok(())
}

fn deciding(labels: &Labels, job: &JobName, now: Nanos) -> Result<(), Box<dyn Error>> {
    let mut approve = Times::default();
    let states = vec![TaskState::InReview, TaskState::Done];
    let query = TaskQuery { states, limit: 200, ..TaskQuery::default() };
    for task in labels.tasks(job, &query)?.tasks {
        let (by, revision) = ("rita".to_owned(), task.revision);
        let review = Review { by, revision, ruling: Ruling::Approve, comment: None };
        approve.of(|| labels.decide(job, task.number, &review, now))?;
    }
    approve.say("decide");
    let since = Instant::now();
    labels.set_consolidation(job, &Consolidation { iou: 0.6, ..Consolidation::default() }, now)?;
    println!("{:32} {:.1} s", "set_consolidation", since.elapsed().as_secs_f64());
    Ok(())
}

/// As if all were answered: what is not is written past the rules, empty answers of a
/// minute each, because to do it properly takes half an hour.
fn with_all_answers(
    labels: &Labels,
    job: &JobName,
    path: &Path,
    now: Nanos,
) -> Result<(), Box<dyn Error>> {
    let connection = rusqlite::Connection::open(path)?;
    for n in 0..ASKED {
        connection.execute(
            "INSERT INTO assignments (job, task, worker, is_gold, state, leased_at, lease_until, \
             submitted_at, seconds, boxes, score, answer) \
             SELECT job, id, 'worker-' || ((number + ?1) % ?2), 0, 'submitted', 0, 0, 0, 60.0, 0, \
             0.5, '[]' FROM tasks WHERE true ON CONFLICT DO NOTHING",
            rusqlite::params![n, WORKERS],
        )?;
    }
    let [mut progress, mut statistics] = [const { Times(Vec::new()) }; 2];
    for _ in 0..50 {
        progress.of(|| labels.job(job, now))?;
        statistics.of(|| labels.statistics(job))?;
    }
    progress.say("job, all answered");
    statistics.say("statistics, all answered");
    Ok(())
}

fn name(n: usize) -> String {
    format!("class-{n:02}")
}

/// In rows, each a little off from those of others.
fn boxes(off: u64) -> Vec<DrawnBox> {
    let of = |n: usize| {
        let (left, top) = ((n % 20) as f64 * 90.0, (n / 20) as f64 * 100.0);
        let pixels = PixelBox::new(left + off as f64 * 3.0, top + off as f64 * 2.0, 70.0, 80.0)?;
        Some(DrawnBox { label: name(n % LABELS), pixels, confidence: None, tags: Vec::new() })
    };
    (0..BOXES).filter_map(of).collect()
}
