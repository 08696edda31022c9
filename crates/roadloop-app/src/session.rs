//! A command's surroundings: its settings, and the engine opened with them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use roadloop_base::{RecordingId, SHARD_FRAMES, Stage};
use roadloop_engine::catalog::Filter;
use roadloop_engine::flow::RunSettings;
use roadloop_engine::queue::{self, Address, Queue, QueueOptions};
use roadloop_engine::stages::redact::RedactSettings;
use roadloop_engine::vision::RedactStyle;
use roadloop_engine::work::{Board, Policy};
use roadloop_engine::{
    Cpu, Ctx, FinderFiles, Looker, ModelFile, ModelSettings, Progress, Settings, bag, store,
};

use crate::assets;
use crate::cli::Global;
use crate::command::command;
use crate::config::{Config, Overrides};
use crate::progress::ProgressStyle;
use crate::render;

/// In the place of a model's file: Amazon is asked.
const REKOGNITION: &str = "rekognition";

/// Where the system of this machine says which queue it uses, while it is up.
pub(crate) const QUEUE_OF_UP: &str = "local/queue";

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) is_quiet: bool,
    progress: ProgressStyle,
}

impl Session {
    /// Reads the settings; flags of the command go over the global ones.
    pub(crate) fn open(global: &Global, flags: Overrides) -> Result<Session> {
        let mut overrides = global.overrides();
        overrides.extend(flags);
        Ok(Session::with(global, Config::load(&global.workspace(), variable, overrides)?))
    }

    /// For a command that needs no workspace: a file that happens to have the usual
    /// one's name is none, and no mistake.
    pub(crate) fn open_without_workspace(global: &Global) -> Result<Session> {
        let (workspace, overrides) = (global.workspace(), global.overrides());
        let config = match !global.names_workspace() && workspace.is_file() {
            true => Config::load_without_file(&workspace, variable, overrides)?,
            false => Config::load(&workspace, variable, overrides)?,
        };
        Ok(Session::with(global, config))
    }

    fn with(global: &Global, config: Config) -> Session {
        let progress = if global.quiet { ProgressStyle::None } else { global.progress };
        Session { config, is_quiet: global.quiet, progress }
    }

    /// Who is told of long work.
    pub(crate) fn progress(&self) -> Box<dyn Progress> {
        self.progress.reporter()
    }

    /// How it is shown.
    pub(crate) fn progress_style(&self) -> ProgressStyle {
        self.progress
    }

    /// The engine, its store and tables made when missing.
    pub(crate) async fn engine(&self) -> Result<Ctx> {
        Ok(Ctx::open(self.engine_settings(), Arc::from(self.progress.reporter())).await?)
    }

    /// The engine for a command that only reads: where nothing is stored yet,
    /// nothing is made, and the person is told.
    pub(crate) async fn reader(&self) -> Result<Ctx> {
        let mut settings = self.engine_settings();
        if self.has_nothing().await? {
            self.note(&format!(
                "note: nothing is stored in {} yet; start with: {} run RECORDING",
                settings.store,
                command(),
            ));
            settings.store = "memory:".to_owned();
        }
        Ok(Ctx::open(settings, Arc::from(self.progress.reporter())).await?)
    }

    /// Whether work is given to others.
    pub(crate) fn has_queue(&self) -> bool {
        !self.config.text("queue.address").is_empty()
    }

    /// Where jobs wait: what was named, else a file of the workspace.
    pub(crate) fn queue_address(&self) -> Result<Address> {
        Ok(match self.config.text("queue.address") {
            // Of a system that `up` started in this workspace.
            "" => match std::fs::read_to_string(self.config.workspace().join(QUEUE_OF_UP)) {
                Ok(address) => address.trim().parse()?,
                Err(_) => Address::File(self.config.workspace().join("queue.db")),
            },
            address => address.parse()?,
        })
    }

    pub(crate) fn queue_options(&self) -> QueueOptions {
        let seconds = self.config.number("queue.hold_secs").unwrap_or(60);
        QueueOptions { hold: Duration::from_secs(seconds) }
    }

    pub(crate) async fn queue(&self) -> Result<Arc<dyn Queue>> {
        Ok(queue::open(&self.queue_address()?, self.queue_options()).await?)
    }

    /// The queue for who only looks, if there is one yet.
    pub(crate) async fn queue_to_look_at(&self) -> Result<Option<Arc<dyn Queue>>> {
        Ok(queue::look(&self.queue_address()?, self.queue_options()).await?)
    }

    /// How jobs are tried.
    pub(crate) fn policy(&self) -> Policy {
        let frames: u32 = self.config.number("queue.frames_per_job").unwrap_or(64);
        let usual = Policy::default();
        Policy {
            attempts: self.config.number("queue.attempts").unwrap_or(usual.attempts),
            most_waiting: self.config.number("queue.most_waiting").unwrap_or(usual.most_waiting),
            timeout: self
                .config
                .number("queue.timeout_secs")
                .map_or(usual.timeout, Duration::from_secs),
            shards_per_job: frames.div_ceil(SHARD_FRAMES).max(1),
            ..usual
        }
    }

    /// Where work is written down.
    pub(crate) fn board(&self) -> Result<Board> {
        Ok(Board::new(store::open(&self.config.store())?))
    }

    /// Finds out now that a store cannot be written to, not when a worker does.
    pub(crate) async fn make_store(&self) -> Result<()> {
        Ok(store::open(&self.config.store())?.ready().await?)
    }

    /// The cores that may be used.
    pub(crate) fn cpu(&self) -> Cpu {
        Cpu::new(self.config.number("jobs").unwrap_or(0))
    }

    /// No run was ever started with this store.
    pub(crate) async fn has_nothing(&self) -> Result<bool> {
        Ok(!store::holds(&self.config.store(), "tables").await?)
    }

    pub(crate) fn engine_settings(&self) -> Settings {
        let config = &self.config;
        let file = |key| config.path(key).map(ModelFile::Path);
        let named = |key| Some(config.text(key).to_owned()).filter(|name| !name.is_empty());
        let (faces, plates, texts) = (assets::FACES, assets::PLATES, assets::TEXTS);
        Settings {
            workspace: config.workspace().to_owned(),
            store: config.store(),
            jobs: config.number("jobs").unwrap_or(0),
            query_memory_bytes: config.number::<usize>("sql.memory_mb").unwrap_or(1024) << 20,
            models: ModelSettings {
                runtime: config.path("runtime"),
                detector: match config.text("detect.model") {
                    REKOGNITION => Looker::Rekognition,
                    _ => Looker::Here(file("detect.model").unwrap_or(assets::DETECTOR)),
                },
                tagger: file("detect.tagger"),
                finders: match config.text("anonymize.finder") {
                    REKOGNITION => Looker::Rekognition,
                    _ => Looker::Here(FinderFiles { faces, plates, texts }),
                },
                recogniser: assets::READER,
                confidence: config.number("detect.confidence").unwrap_or(0.35),
            },
            dynamodb: named("detect.dynamodb"),
        }
    }

    /// What the settings say about a run; `name` is for one recording only.
    pub(crate) fn run_settings(
        &self,
        stages: &[Stage],
        name: Option<RecordingId>,
    ) -> Result<RunSettings> {
        let config = &self.config;
        Ok(RunSettings {
            stages: stages.to_vec(),
            selection: bag::Selection {
                topics: config.words("extract.topics"),
                every: config.number("extract.every").unwrap_or(1),
                rate_hz: config.number("extract.rate_hz"),
                chunks_ahead: self.cpu().jobs(),
                ..bag::Selection::default()
            },
            only: self.only()?,
            redact: self.redact_settings(),
            name,
        })
    }

    pub(crate) fn redact_settings(&self) -> RedactSettings {
        RedactSettings {
            style: match self.config.text("anonymize.style") {
                "solid" => RedactStyle::Solid,
                _ => RedactStyle::Blur,
            },
            margin: self.config.number("anonymize.margin").unwrap_or(0.15),
        }
    }

    pub(crate) fn only(&self) -> Result<Option<Filter>> {
        match self.config.text("anonymize.only") {
            "" => Ok(None),
            text => Ok(Some(Filter::parse(text)?)),
        }
    }

    /// A remark, unless the person asked for quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet {
            render::note(text);
        }
    }

    /// A folder of the workspace, made when missing.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.config.workspace().join(name);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make a folder\npath: {}", folder.display()))?;
        Ok(folder)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
