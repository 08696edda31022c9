//! The supervisor: starts the parts of a system, starts again what dies, and stops them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use roadloop_base::Stage;
use roadloop_engine::queue::{self, QueueOptions};
use roadloop_engine::work::is_idle;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    LAST_WORDS, LOOK_EVERY, Part, Plan, SUPERVISOR, Wishes, answers, pid_of, refuse_second,
    running, write_for_us,
};
use crate::cli::Outcome;
use crate::deploy::process::{Process, stop};
use crate::render::{self, counted};
use crate::session::Session;

/// Pause before one that died is started again, doubled each time up to the second; one
/// that lived for longer than that begins anew.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Looks after all of it until it is told to stop.
pub(crate) async fn supervise(session: &Session, wishes: &Wishes) -> Result<Outcome> {
    let plan = Plan::new(session, wishes)?;
    refuse_second(&plan.folder, wishes.listen)?;
    fs::create_dir_all(&plan.folder)?;
    // Of a supervisor that was killed.
    let left = running(&plan.folder);
    if !left.is_empty() {
        render::note(&format!("stopping {} of before", counted(left.len() as u64, "program")));
        stop(&left, plan.grace + LAST_WORDS);
    }
    if !plan.source.contains("://") {
        fs::create_dir_all(&plan.source)
            .with_context(|| format!("cannot make the folder\npath: {}", plan.source))?;
    }
    let own = Process::of(std::process::id()).context("/proc does not know this process")?;
    own.write(&pid_of(&plan.folder, SUPERVISOR))?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut kept = Vec::new();
    let worked = tokio::select! {
        worked = keep(&plan, wishes.listen, session.has_queue(), &mut kept) => worked,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    render::note("stopping");
    let is_empty = end(&mut kept, plan.grace, async {
        let nats = plan.nats.as_ref()?;
        nothing_waits(&nats.address(), session.queue_options()).await.ok()
    })
    .await;
    if is_empty {
        // Nothing to come back to: the next one begins anew.
        let _ = fs::remove_dir_all(plan.folder.join("nats"));
    }
    for name in plan.parts.iter().map(|part| part.name.as_str()).chain([SUPERVISOR]) {
        let _ = fs::remove_file(pid_of(&plan.folder, name));
    }
    let _ = fs::remove_file(plan.folder.join("ready"));
    let _ = fs::remove_file(plan.folder.join("queue"));
    worked.map(|()| Outcome::Done)
}

/// One process that is looked after.
struct Kept<'a> {
    part: &'a Part,
    child: Option<Child>,
    started: Instant,
    pause: Duration,
}

impl Kept<'_> {
    fn process(&self) -> Option<Process> {
        self.child.as_ref().and_then(|child| Process::of(child.id()))
    }

    /// Starts it again where it has died and its pause is over.
    fn look(&mut self, folder: &Path) -> Result<()> {
        if let Some(child) = &mut self.child
            && let Some(status) = child.try_wait()?
        {
            self.child = None;
            let lived = self.started.elapsed();
            self.pause = if lived > PAUSE.1 { PAUSE.0 } else { self.pause };
            render::note(&format!(
                "{} ended with {status} after {} s, and is started again in {} s",
                self.part.name,
                lived.as_secs(),
                self.pause.as_secs(),
            ));
            self.started = Instant::now();
        }
        if self.child.is_none() && self.started.elapsed() >= self.pause {
            self.pause = (self.pause * 2).min(PAUSE.1);
            self.started = Instant::now();
            match self.part.start(folder) {
                Ok(child) => self.child = Some(child),
                // A full disk, a program being replaced: it may go better next time.
                Err(error) => render::error(&error),
            }
        }
        Ok(())
    }
}

/// Starts all parts, says that they are there, and starts again what dies.
async fn keep<'a>(
    plan: &'a Plan,
    listen: SocketAddr,
    has_queue: bool,
    kept: &mut Vec<Kept<'a>>,
) -> Result<()> {
    match &plan.nats {
        Some(nats) => {
            nats.configure(&plan.folder)?;
            // For whoever looks at the queue from here.
            write_for_us(&plan.folder.join("queue"), &nats.address())?;
        }
        None if has_queue => {}
        None => render::note("there is no nats-server: jobs wait in the workspace's SQLite queue"),
    }
    for part in &plan.parts {
        let child = Some(part.start(&plan.folder)?);
        kept.push(Kept { part, child, started: Instant::now(), pause: PAUSE.0 });
        if let (Some(nats), "nats") = (&plan.nats, part.name.as_str()) {
            nats.wait(&plan.folder)?;
        }
    }
    let mut is_ready = false;
    loop {
        kept.iter_mut().try_for_each(|one| one.look(&plan.folder))?;
        let are_alive = kept.iter().all(|one| one.child.is_some());
        if !is_ready && are_alive && answers(listen, Duration::ZERO) {
            fs::write(plan.folder.join("ready"), "")?;
            is_ready = true;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Stops all parts: those that need the server of jobs before it. In between is asked
/// whether jobs are left there.
async fn end(
    kept: &mut [Kept<'_>],
    grace: Duration,
    is_empty: impl Future<Output = Option<bool>>,
) -> bool {
    let (nats, ours): (Vec<_>, Vec<_>) =
        kept.iter().partition::<Vec<&Kept<'_>>, _>(|one| one.part.name == "nats");
    let processes =
        |some: &[&Kept<'_>]| some.iter().filter_map(|one| one.process()).collect::<Vec<_>>();
    stop(&processes(&ours), grace + LAST_WORDS);
    let is_empty = is_empty.await == Some(true);
    stop(&processes(&nats), Duration::from_secs(15));
    for child in kept.iter_mut().filter_map(|one| one.child.as_mut()) {
        let _ = child.try_wait();
    }
    is_empty
}

/// Whether no job is left in a queue.
async fn nothing_waits(address: &str, options: QueueOptions) -> Result<bool> {
    let asked = async {
        let queue = queue::open(&address.parse()?, options).await?;
        Ok(is_idle(&*queue, Stage::ALL).await?)
    };
    tokio::time::timeout(Duration::from_secs(10), asked).await?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;

    #[tokio::test]
    async fn a_part_that_dies_is_started_again() {
        let folder = tempfile::tempdir().unwrap();
        let part = Part {
            name: "worker-1".to_owned(),
            program: "sh".into(),
            words: vec!["-c".to_owned(), "echo began; sleep 60".to_owned()],
            secrets: Vec::new(),
        };
        let child = Some(part.start(folder.path()).unwrap());
        let started = Instant::now();
        let mut kept = [Kept { part: &part, child, started, pause: Duration::ZERO }];
        let first = kept[0].process().unwrap();
        assert_eq!(running(folder.path()), std::slice::from_ref(&first));
        first.kill();
        let until = Instant::now() + Duration::from_secs(10);
        while kept[0].process().is_none_or(|process| process == first) {
            assert!(Instant::now() < until, "not started again");
            kept[0].look(folder.path()).unwrap();
            sleep(Duration::from_millis(20));
        }
        let second = kept[0].process().unwrap();
        assert_eq!(running(folder.path()), std::slice::from_ref(&second));
        end(&mut kept, Duration::from_secs(5), async { None }).await;
        assert!(!second.is_alive());
        assert!(running(folder.path()).is_empty());
    }
}
