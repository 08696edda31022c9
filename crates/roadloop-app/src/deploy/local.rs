//! A system on this machine without containers: a server of jobs, workers, one that
//! watches, and a supervisor that starts them again when they die.
//!
//! All of it lies in the folder `local` of the workspace: what was started, by whom it
//! can be told to stop, and what each has said. Jobs that wait are in `local/nats`, or in
//! the workspace's `queue.db` where there is no NATS.

mod supervisor;

pub(crate) use supervisor::supervise;

use std::env;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::process::{Process, start_apart, stop, wait_for_end};
use super::random;
use crate::cli::Outcome;
use crate::command::quoted;
use crate::render::{self, counted};
use crate::session::Session;
use crate::usage::usage;

/// How often the supervisor looks after its processes.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long the server of jobs may take to answer.
const NATS_FOR: Duration = Duration::from_secs(15);

/// How long all of it may take to come up: models are loaded when they are wanted.
const UP_FOR: Duration = Duration::from_secs(60);

/// After its time of grace a worker still tells the queue what it has not done.
const LAST_WORDS: Duration = Duration::from_secs(25);

const SUPERVISOR: &str = "supervisor";

/// What is watched where nothing else was said.
const INCOMING: &str = "incoming";

/// What a person wants of a system on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// What is watched; none: a folder of the workspace.
    pub(crate) source: Option<String>,
    pub(crate) workers: u32,
    pub(crate) listen: SocketAddr,
    pub(crate) grace_secs: u64,
}

/// Everything there is to start, and with what.
#[derive(Debug)]
struct Plan {
    folder: PathBuf,
    source: String,
    nats: Option<Nats>,
    /// In the order in which they are started.
    parts: Vec<Part>,
    grace: Duration,
}

#[derive(Debug)]
struct Nats {
    program: PathBuf,
    port: u16,
    password: String,
}

/// One process.
#[derive(Debug)]
struct Part {
    name: String,
    program: PathBuf,
    words: Vec<String>,
    /// Not among the words: they can be seen by everybody on the machine.
    secrets: Vec<(&'static str, String)>,
}

impl Plan {
    fn new(session: &Session, wishes: &Wishes) -> Result<Plan> {
        let workspace = absolute(session.config.workspace())?;
        let folder = workspace.join("local");
        let source = match &wishes.source {
            Some(source) if source.contains("://") => source.clone(),
            Some(source) => absolute(Path::new(source))?.display().to_string(),
            None => workspace.join(INCOMING).display().to_string(),
        };
        let own = env::current_exe().context("it is not known where this program lies")?;
        let store = session.config.store();
        let store = if store.contains("://") {
            store
        } else {
            absolute(Path::new(&store))?.display().to_string()
        };
        let mut plan = Plan { folder, source, nats: None, parts: Vec::new(), grace: grace(wishes) };
        let queue = if session.has_queue() {
            session.config.text("queue.address").to_owned()
        } else if let Some(program) = nats_server()? {
            let nats = Nats { program, port: free_port()?, password: random()? };
            let address = nats.address();
            plan.parts.push(nats.part(&plan.folder));
            plan.nats = Some(nats);
            address
        } else if plan.folder.join("nats").is_dir() {
            let folder = plan.folder.display();
            return Err(usage(format!(
                "jobs wait for nats-server, which is not found: name it with \
                 ROADLOOP_NATS_SERVER, or drop them with down --target local --delete-data\n\
                 path: {folder}"
            )));
        } else {
            format!("sqlite:{}", workspace.join("queue.db").display())
        };
        let place = workspace.display().to_string();
        let ours = |name: String, words: &[&str]| {
            let common = ["--workspace", &place, "--store", &store];
            let words = common.iter().chain(words).map(|word| (*word).to_owned()).collect();
            let secrets = vec![("ROADLOOP_QUEUE_ADDRESS", queue.clone())];
            Part { name, program: own.clone(), words, secrets }
        };
        let (listen, grace) = (wishes.listen.to_string(), wishes.grace_secs.to_string());
        // Of each worker; without it all of them take all cores, and the system shares out.
        let jobs = session.config.text("jobs");
        for number in 1..=wishes.workers {
            let name = format!("worker-{number}");
            let words = ["worker", "--grace", &grace, "--name", &name, "--listen", "127.0.0.1:0"];
            let words = [&words[..], &["--jobs", jobs]].concat();
            plan.parts.push(ours(name.clone(), &words));
        }
        // Where the environment names a queue, it leaves the work to workers.
        let watch = ["watch", &plan.source, "--listen", &listen];
        let watch = ours("watch".to_owned(), &watch);
        plan.parts.push(watch);
        Ok(plan)
    }

    /// In words, for people.
    fn shown(&self) -> String {
        let mut text = format!("folder  {}\nwatched {}\n", self.folder.display(), self.source);
        for part in &self.parts {
            text += &format!("{:<9} {}\n", part.name, part.shown());
        }
        text
    }
}

impl Nats {
    fn address(&self) -> String {
        format!("nats://roadloop:{}@127.0.0.1:{}/roadloop", self.password, self.port)
    }

    fn part(&self, folder: &Path) -> Part {
        let config = folder.join("nats.conf").display().to_string();
        Part {
            name: "nats".to_owned(),
            program: self.program.clone(),
            words: vec!["--config".to_owned(), config],
            secrets: Vec::new(),
        }
    }

    /// Its configuration, which nobody else may read.
    fn configure(&self, folder: &Path) -> Result<()> {
        let data = serde_json::to_string(&folder.join("nats").display().to_string())?;
        let text = format!(
            "server_name: local\nhost: 127.0.0.1\nport: {}\n\
             authorization {{ user: roadloop, password: {:?} }}\n\
             jetstream {{ store_dir: {data}, sync_interval: always }}\n",
            self.port, self.password,
        );
        write_for_us(&folder.join("nats.conf"), &text)
    }

    fn wait(&self, folder: &Path) -> Result<()> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        if answers(address, NATS_FOR) {
            return Ok(());
        }
        bail!("the server of jobs does not answer\nlog: {}", log_of(folder, "nats").display());
    }
}

impl Part {
    fn shown(&self) -> String {
        let words = self.words.iter().map(|word| quoted(word));
        let program = quoted(&self.program.display().to_string());
        std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
    }

    /// Starts it, and writes down that it was.
    fn start(&self, folder: &Path) -> Result<Child> {
        let failed = || format!("{} did not start\ncommand: {}", self.name, self.shown());
        let log = append(&log_of(folder, &self.name))?;
        let mut command = Command::new(&self.program);
        command.args(&self.words).envs(self.secrets.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = start_apart(&mut command).with_context(failed)?;
        if let Some(process) = Process::of(child.id()) {
            process.write(&pid_of(folder, &self.name))?;
        }
        Ok(child)
    }
}

/// Starts all of it, and waits until it is there.
pub(crate) async fn up(session: &Session, wishes: &Wishes) -> Result<Outcome> {
    let plan = Plan::new(session, wishes)?;
    refuse_second(&plan.folder, wishes.listen)?;
    fs::create_dir_all(&plan.folder)?;
    let ready = plan.folder.join("ready");
    let _ = fs::remove_file(&ready);
    let log_path = log_of(&plan.folder, SUPERVISOR);
    let log = append(&log_path)?;
    let mut again = Command::new(env::current_exe()?);
    again.args(env::args_os().skip(1)).arg("--foreground");
    again.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    render::note(&format!("starting; logs are in {}", plan.folder.display()));
    let mut supervisor = start_apart(&mut again).context("the supervisor did not start")?;
    let until = Instant::now() + UP_FOR;
    while !ready.exists() {
        let ended = supervisor.try_wait()?;
        if ended.is_some() || Instant::now() > until {
            if ended.is_none() {
                take_down(&plan.folder, plan.grace);
            }
            let said = fs::read_to_string(&log_path).unwrap_or_default();
            let last = said.lines().rev().take(5).collect::<Vec<_>>();
            let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
            bail!("it did not come up\nlog: {}\n{last}", log_path.display());
        }
        tokio::time::sleep(LOOK_EVERY / 5).await;
    }
    render::print(&format!(
        "running: {}\nwatched: {}\nask:     http://{}\nstop:    {} down --target local",
        counted(u64::from(wishes.workers), "worker"),
        plan.source,
        wishes.listen,
        crate::command::command(),
    ))?;
    Ok(Outcome::Done)
}

/// Says what would be started.
pub(crate) fn show_up(session: &Session, wishes: &Wishes) -> Result<()> {
    let plan = Plan::new(session, wishes)?;
    if plan.nats.is_none() && !session.has_queue() {
        render::note("there is no nats-server: jobs would wait in the workspace's SQLite queue");
    }
    render::print(&plan.shown())
}

/// Stops all of it, and deletes what it made; jobs that wait only where that was said.
pub(crate) fn down(workspace: &Path, grace_secs: u64, deletes_data: bool) -> Result<Outcome> {
    let workspace = absolute(workspace)?;
    let folder = workspace.join("local");
    let count = take_down(&folder, Duration::from_secs(grace_secs));
    if folder.is_dir() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let is_data = path.file_name().is_some_and(|name| name == "nats");
            if !is_data {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot delete\npath: {}", path.display()))?;
            } else if deletes_data {
                fs::remove_dir_all(&path)
                    .with_context(|| format!("cannot delete\npath: {}", path.display()))?;
            }
        }
        if folder.join("nats").is_dir() {
            render::note(&format!(
                "jobs wait in {}: the next up goes on with them; --delete-data deletes them",
                folder.display()
            ));
        }
        // Unless jobs wait in the one, and recordings lie in the other.
        let _ = fs::remove_dir(&folder);
        let _ = fs::remove_dir(workspace.join(INCOMING));
    }
    if deletes_data {
        for name in QUEUE_FILES {
            let _ = fs::remove_file(workspace.join(name));
        }
    }
    render::print(&format!("stopped: {}", counted(count as u64, "program")))?;
    Ok(Outcome::Done)
}

/// SQLite's file and what lies beside it while it is in use.
const QUEUE_FILES: [&str; 3] = ["queue.db", "queue.db-wal", "queue.db-shm"];

/// Says what would be stopped and deleted.
pub(crate) fn show_down(session: &Session, deletes_data: bool) -> Result<()> {
    let workspace = absolute(session.config.workspace())?;
    let folder = workspace.join("local");
    let mut text = String::new();
    let all = Process::written(&pid_of(&folder, SUPERVISOR)).into_iter().chain(running(&folder));
    for process in all {
        text += &format!("stop process {}\n", process.pid());
    }
    let kept = if deletes_data { "" } else { ", but for jobs that wait in it" };
    text += &format!("delete {}{kept}\n", folder.display());
    if deletes_data {
        text += &format!("delete {}\n", workspace.join(QUEUE_FILES[0]).display());
    }
    render::print(&text)
}

/// Stops the supervisor, which stops the others; then what is left of them. Says how
/// many there were.
fn take_down(folder: &Path, grace: Duration) -> usize {
    let parts = running(folder);
    let supervisor = Process::written(&pid_of(folder, SUPERVISOR));
    let count = parts.len() + usize::from(supervisor.is_some());
    if let Some(supervisor) = supervisor {
        supervisor.terminate();
        let all = std::slice::from_ref(&supervisor);
        if !wait_for_end(all, grace + LAST_WORDS + Duration::from_secs(30)) {
            stop(all, Duration::ZERO);
        }
    }
    // Of a supervisor that was killed, or started one at the last moment.
    stop(&running(folder), grace + LAST_WORDS);
    count
}

/// The parts that were written down and are there.
fn running(folder: &Path) -> Vec<Process> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_part = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "pid")
            && path.file_stem().is_some_and(|stem| stem != SUPERVISOR)
    };
    paths.filter(is_part).filter_map(|path| Process::written(&path)).collect()
}

fn refuse_second(folder: &Path, listen: SocketAddr) -> Result<()> {
    if let Some(process) = Process::written(&pid_of(folder, SUPERVISOR)) {
        return Err(usage(format!(
            "it runs already, as process {}; {} down --target local stops it\npath: {}",
            process.pid(),
            crate::command::command(),
            folder.display(),
        )));
    }
    // One of another workspace, or something else.
    match answers(listen, Duration::ZERO) && running(folder).is_empty() {
        true => Err(usage(format!("somebody answers at {listen} already; choose with --listen"))),
        false => Ok(()),
    }
}

fn grace(wishes: &Wishes) -> Duration {
    Duration::from_secs(wishes.grace_secs)
}

fn pid_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.pid"))
}

fn log_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.log"))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path)
        .with_context(|| format!("it is not known where this is\npath: {}", path.display()))
}

fn append(path: &Path) -> Result<fs::File> {
    let file = fs::OpenOptions::new().create(true).append(true).open(path);
    file.with_context(|| format!("cannot write the log\npath: {}", path.display()))
}

fn write_for_us(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let failed = || format!("cannot write a file\npath: {}", path.display());
    let _ = fs::remove_file(path);
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.with_context(failed)?.write_all(text.as_bytes()).with_context(failed)
}

/// The server of jobs: what the variable names, else what is on the PATH.
fn nats_server() -> Result<Option<PathBuf>> {
    if let Some(named) = env::var_os("ROADLOOP_NATS_SERVER").filter(|name| !name.is_empty()) {
        let path = PathBuf::from(named);
        if !path.is_file() {
            let path = path.display();
            return Err(usage(format!("ROADLOOP_NATS_SERVER names no program\npath: {path}")));
        }
        return Ok(Some(absolute(&path)?));
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    let mut found = env::split_paths(&folders).map(|folder| folder.join("nats-server"));
    Ok(found.find(|path| path.is_file()))
}

/// A port nobody listens at now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether somebody takes a connection within so long; is asked at least once.
fn answers(address: SocketAddr, most: Duration) -> bool {
    let until = Instant::now() + most;
    loop {
        if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        sleep(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_looks_after_is_taken_down() {
        let folder = tempfile::tempdir().unwrap();
        let part = Part {
            name: "watch".to_owned(),
            program: "sleep".into(),
            words: vec!["60".to_owned()],
            secrets: Vec::new(),
        };
        let mut child = part.start(folder.path()).unwrap();
        assert_eq!(take_down(folder.path(), Duration::from_secs(5)), 1);
        assert!(child.wait().unwrap().code().is_none());
        assert_eq!(take_down(folder.path(), Duration::ZERO), 0);
    }
}
