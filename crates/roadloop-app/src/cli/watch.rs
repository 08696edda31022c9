//! `watch`: recordings that come by themselves are worked on.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use roadloop_base::Stage;
use roadloop_engine::events::{Hint, Letter, Lister, Mailbox, Message, Sighting, Wanted, Watcher};
use roadloop_engine::work::{Order, WorkEvent, WorkLog};
use roadloop_engine::{EngineError, store};
use tokio::time::sleep;

use super::queue::QueueArgs;
use super::run::StageName;
use super::worker::{Does, signals};
use crate::cli::Outcome;
use crate::command::command;
use crate::config::Overrides;
use crate::render::counted;
use crate::server::hooks;
use crate::session::Session;
use crate::shown::Shown;
use crate::usage::usage;

/// A folder is looked through this often.
const FOLDER_EVERY: Duration = Duration::from_secs(1);

/// And a bucket, where each look is a request or more.
const BUCKET_EVERY: Duration = Duration::from_secs(60);

/// Pause of a watcher whose messages cannot be read.
const UNHEARD: Duration = Duration::from_secs(10);

/// What those who send messages over HTTP have to know, where it is set. No setting:
/// what is secret is neither in files nor on command lines.
const TOKEN: &str = "ROADLOOP_EVENTS_TOKEN";

/// Work on recordings as they come
///
/// Looks into folders and buckets again and again, and gives an order for each
/// recording it has not seen like that before: once, however often it is started. With
/// the workspace's own queue it does the work as well; with another one, --roles says
/// whether it does.
///
/// With --listen it also takes messages over HTTP, at POST /events: of MinIO, Google
/// Cloud Storage and Azure, and CloudEvents. Only what lies in one of the places is
/// heeded; where ROADLOOP_EVENTS_TOKEN is set, only from who sends it as a bearer.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop watch ./incoming                        drop a recording in: it is processed
  roadloop watch ./incoming --once                 what is there now, and no longer
  roadloop watch s3://fleet-ingest --events sqs://fleet-uploads --queue nats://n1,n2,n3
  roadloop watch s3://fleet-ingest/2026/ --suffix .bag
  roadloop watch ./incoming --stages extract,detect --rate 2
  roadloop watch ./incoming --listen 127.0.0.1:9090   and say over HTTP how far it is")]
pub(crate) struct Args {
    /// Folders, or prefixes of buckets (s3://, gs://, az://)
    #[arg(required = true, value_name = "PLACE")]
    places: Vec<String>,
    /// Messages about what is put there: a queue of Amazon (sqs://NAME) its bucket
    /// writes to; what no message speaks of is found by looking
    #[arg(long, value_name = "URI")]
    events: Option<String>,
    /// Only what ends so
    #[arg(long, value_delimiter = ',', value_name = "ENDING")]
    suffix: Vec<String>,
    /// A file that is unchanged for so many seconds is whole
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    settle: u64,
    /// Look so often, in seconds [default: 1 for folders, 60 for buckets]
    #[arg(long, value_name = "SECONDS")]
    every_secs: Option<u64>,
    /// End when all that is there now is ordered and, where it works itself, done
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    selection: super::run::Selection,
    #[command(flatten)]
    redact: super::anonymize::RedactArgs,
    #[command(flatten)]
    finder: super::anonymize::FinderArgs,
    /// Stages recordings go through
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STAGE")]
    #[arg(default_values_t = StageName::ALL)]
    stages: Vec<StageName>,
    #[command(flatten)]
    does: Does,
    #[command(flatten)]
    queue: QueueArgs,
    #[command(flatten)]
    detector: super::detect::DetectorArgs,
}

impl Args {
    pub(crate) fn overrides(&self) -> Overrides {
        let mut overrides = self.selection.overrides();
        overrides.extend(self.redact.overrides());
        overrides.extend(self.queue.overrides());
        overrides.extend(self.detector.overrides());
        overrides.extend(self.finder.overrides());
        overrides
    }
}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let mut places = Vec::new();
    for place in &args.places {
        places.push(named_for_all(place)?);
    }
    session.make_store().await?;
    // Whose queue it is, is who works.
    let works = !args.does.roles.is_empty() || !session.has_queue();
    let does = if works { args.does.stages()?.into_keys().collect() } else { Vec::new() };
    let mut shown = Shown::start(&args.does, does).await?;
    let (board, queue) = (session.board()?, session.queue().await?);
    let stages: Vec<Stage> = args.stages.iter().map(|name| name.stage()).collect();
    let settings = session.run_settings(&stages, None)?;
    let wanted = Wanted { places: places.clone(), suffixes: args.suffix.clone() };
    let watcher = Watcher::new(board, queue, settings, wanted);
    let mailbox = match &args.events {
        Some(address) => Some(Mailbox::open(address).await?),
        None => None,
    };
    let watcher = Arc::new(watcher);
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    let hooks = hooks::routes(Arc::clone(&watcher), shown.log(), token);
    shown.serve(session, hooks).await?;
    let watcher = Watching { watcher, mailbox, log: shown.log() };
    if args.once {
        let orders = watcher.once(&places, args.settle).await?;
        session.note(&format!("{} given", counted(orders, "order")));
    }
    let worker = match works {
        true => Some(args.does.worker(session, args.once, shown.log()).await?),
        false => None,
    };
    session.note(&match &worker {
        Some(worker) => format!("{} works here; Ctrl-C stops it", worker.name()),
        None => format!("orders go to {}; Ctrl-C stops it", session.queue_address()?),
    });
    let grace = Duration::from_secs(args.does.grace);
    let every = args.every_secs.map(Duration::from_secs);
    let ended = match worker {
        Some(worker) if args.once => signals(session, &worker, worker.run(), grace).await,
        Some(worker) => {
            let watching = async {
                tokio::select! {
                    () = watcher.always(&places, args.settle, every) => {}
                    () = worker.stopping() => {}
                }
            };
            let (ended, ()) =
                tokio::join!(signals(session, &worker, worker.run(), grace), watching);
            ended
        }
        None if args.once => Ok(Outcome::Done),
        None => {
            let mut terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            tokio::select! {
                () = watcher.always(&places, args.settle, every) => {}
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            Ok(Outcome::Done)
        }
    };
    shown.end().await;
    ended
}

/// A place as orders are to name it, whoever reads them.
fn named_for_all(place: &str) -> Result<String> {
    let Some(path) = store::folder_of(place) else {
        if place.starts_with("http://") || place.starts_with("https://") {
            return Err(usage(format!(
                "a web server lists nothing, so it cannot be watched; name a folder or a prefix of \
                 a bucket, or order each address with: {} run {place}",
                command()
            )));
        }
        store::open(place)?;
        return Ok(place.trim_end_matches('/').to_owned());
    };
    if !path.is_dir() {
        return Err(usage(format!("there is no folder to watch\npath: {place}")));
    }
    let path =
        path.canonicalize().with_context(|| format!("cannot open the folder\npath: {place}"))?;
    Ok(path.to_str().context("the path is not text, and cannot be sent")?.to_owned())
}

struct Watching {
    watcher: Arc<Watcher>,
    mailbox: Option<Mailbox>,
    log: Arc<dyn WorkLog>,
}

impl Watching {
    /// Orders what lies in places now; says how much of it was new.
    async fn once(&self, places: &[String], settle: u64) -> Result<u64> {
        let mut orders = 0;
        for place in places {
            // Two looks, so that what grows is told from what rests.
            let mut lister = Lister::new(place, Duration::from_secs(settle));
            let first = lister.list().await?;
            if settle > 0 {
                sleep(Duration::from_secs(settle)).await;
            }
            let rests = if settle > 0 { lister.list().await? } else { first };
            self.warn(&mut lister);
            for sighting in rests {
                orders += u64::from(self.watcher.sighted(&sighting).await?.is_some());
            }
        }
        Ok(orders)
    }

    /// Looks into all places for ever.
    async fn always(&self, places: &[String], settle: u64, every: Option<Duration>) {
        let watch = places.iter().map(|place| self.place(place, settle, every));
        tokio::join!(futures::future::join_all(watch), self.hear());
    }

    /// Takes what messages say as hints, for ever.
    async fn hear(&self) {
        let Some(mailbox) = &self.mailbox else { return };
        loop {
            match mailbox.receive().await {
                Ok(letters) => {
                    for letter in letters {
                        self.heed(mailbox, letter).await;
                    }
                }
                Err(error) => {
                    let (doing, pause) = ("reading messages", UNHEARD);
                    self.log.told(WorkEvent::Trouble { doing, error: &error, pause });
                    sleep(pause).await;
                }
            }
        }
    }

    /// What cannot be heeded stays, for another time or for the queue's own dead
    /// letters.
    async fn heed(&self, mailbox: &Mailbox, letter: Letter) {
        let heeded = match &letter.message {
            Ok(Message::Nothing) => Ok(()),
            Ok(Message::Put(hints)) => self.told(hints).await,
            Err(error) => Err(error.clone().into()),
        };
        let done = match heeded {
            Ok(()) => mailbox.done(letter).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            let (doing, pause) = ("heeding a message", Duration::ZERO);
            self.log.told(WorkEvent::Trouble { doing, error: &error, pause });
        }
    }

    /// Orders what hints speak of.
    async fn told(&self, hints: &[Hint]) -> Result<(), EngineError> {
        for hint in hints {
            if let Some(order) = self.watcher.told(hint).await? {
                self.ordered(&order);
            }
        }
        Ok(())
    }

    async fn place(&self, place: &str, settle: u64, every: Option<Duration>) {
        let usual = if place.contains("://") { BUCKET_EVERY } else { FOLDER_EVERY };
        let every = every.unwrap_or(usual);
        let mut lister = Lister::new(place, Duration::from_secs(settle));
        let mut trouble = String::new();
        loop {
            match lister.list().await {
                Ok(sightings) => {
                    trouble.clear();
                    self.warn(&mut lister);
                    for sighting in &sightings {
                        self.sighted(sighting).await;
                    }
                }
                // What is wrong each time is said once.
                Err(error) if error.to_string() == trouble => {}
                Err(error) => {
                    trouble = error.to_string();
                    let doing = "looking for recordings";
                    self.log.told(WorkEvent::Trouble { doing, error: &error, pause: every });
                }
            }
            sleep(every).await;
        }
    }

    /// What cannot be looked into is passed over, and said.
    fn warn(&self, lister: &mut Lister) {
        for error in lister.unreadable() {
            let (doing, pause) = ("looking into a folder, which is passed over", Duration::ZERO);
            self.log.told(WorkEvent::Trouble { doing, error: &error, pause });
        }
    }

    async fn sighted(&self, sighting: &Sighting) {
        match self.watcher.sighted(sighting).await {
            Ok(Some(order)) => self.ordered(&order),
            Ok(None) => {}
            Err(error) => {
                // It is seen again at the next look.
                let (doing, pause) = ("giving an order", Duration::ZERO);
                self.log.told(WorkEvent::Trouble { doing, error: &error, pause });
            }
        }
    }

    fn ordered(&self, order: &Order) {
        self.log.told(WorkEvent::Ordered(order));
    }
}
