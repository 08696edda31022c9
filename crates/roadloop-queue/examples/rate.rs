//! How many jobs a second a queue takes and gives:
//! `cargo run --release -p roadloop-queue --example rate -- ADDRESS [JOBS] [TASKS] [WORK_MS]`
//!
//! Pushes in batches of 100, then claims up to ten at once and finishes each. All
//! of it is safe when it counts: pushes and finishes are awaited. With work, which is
//! a sleep of so many milliseconds for each job, a task claims one at a time, as a
//! worker does: so many tasks are so many workers on machines of their own.

use std::collections::HashSet;
use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use roadloop_queue::{Address, Job, Lane, Priority, QueueOptions, open};
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let address: Address = arguments.next().ok_or("which queue?")?.parse()?;
    let jobs: usize = arguments.next().map_or(Ok(2000), |number| number.parse())?;
    let tasks: usize = arguments.next().map_or(Ok(4), |number| number.parse())?;
    let work = arguments.next().map_or(Ok(0), |number| number.parse())?;
    let (work, at_once) = (Duration::from_millis(work), if work > 0 { 1 } else { 10 });
    let queue = open(&address, QueueOptions::default()).await?;
    let lane = Lane::new("rate", Priority::Normal);
    // Others of the same name may be in the queue from before.
    let run = std::process::id();
    // As long as the list of a batch of 64 frames.
    let body = "x".repeat(2000);
    let made: Vec<Job> = (0..jobs)
        .map(|number| Job::new(lane.clone(), format!("{run}/{number}"), body.clone()))
        .collect();

    let started = Instant::now();
    let mut pushes = JoinSet::new();
    for some in made.chunks(jobs.div_ceil(tasks).max(1)).map(<[Job]>::to_vec) {
        let queue = Arc::clone(&queue);
        pushes.spawn(async move {
            for batch in some.chunks(100) {
                queue.push(batch).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(pushed) = pushes.join_next().await {
        pushed??;
    }
    report("pushed", jobs, started.elapsed());

    let started = Instant::now();
    // A job may come twice.
    let done = Arc::new(Mutex::new(HashSet::new()));
    let last = Arc::new(Mutex::new(Duration::ZERO));
    let mut workers = JoinSet::new();
    for _ in 0..tasks {
        let (queue, lane) = (Arc::clone(&queue), lane.clone());
        let (done, last) = (Arc::clone(&done), Arc::clone(&last));
        workers.spawn(async move {
            let last = || last.lock().unwrap_or_else(PoisonError::into_inner);
            let ours = || done.lock().unwrap_or_else(PoisonError::into_inner);
            while ours().len() < jobs {
                for claim in queue.claim(&lane, at_once, Duration::from_secs(1)).await? {
                    let id = claim.job.id.clone();
                    tokio::time::sleep(work).await;
                    queue.finish(claim, &[]).await?;
                    if id.starts_with(&format!("{run}/")) {
                        ours().insert(id);
                        *last() = started.elapsed();
                    }
                }
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    // Without what the others then waited in vain.
    let last = *last.lock().unwrap_or_else(PoisonError::into_inner);
    report("claimed and finished", jobs, last);
    if !work.is_zero() {
        let ideal = work * u32::try_from(jobs.div_ceil(tasks))?;
        let share = ideal.as_secs_f64() / last.as_secs_f64();
        println!("{tasks} workers: {:.1} % of their time is work", 100.0 * share);
    }
    Ok(())
}

fn report(what: &str, jobs: usize, took: Duration) {
    let seconds = took.as_secs_f64();
    println!("{what}: {jobs} jobs in {seconds:.2} s, {:.0} jobs/s", jobs as f64 / seconds);
}
