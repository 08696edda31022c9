//! The models the stages look with: opened when first wanted, then shared.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::OnceCell;

use roadloop_vision::{
    Detector, DetectorOptions, FinderOptions, Model, ModelError, ModelSource, ReaderOptions,
    SessionOptions, TextReader, open_detector, open_face_finder, open_model, open_plate_finder,
    open_tagger, open_text_finder, open_text_reader, runtime,
};

use crate::EngineError;
use crate::doctor::{Check, Health};
use crate::rekognition::Rekognition;

/// A model, inside the binary or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelFile {
    Embedded { name: &'static str, bytes: &'static [u8] },
    Path(PathBuf),
}

/// Who looks at frames: models on this machine, or a service that is paid for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looker<M> {
    Here(M),
    Rekognition,
}

/// Models that find what must not be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinderFiles {
    pub faces: ModelFile,
    pub plates: ModelFile,
    pub texts: ModelFile,
}

/// Who looks, and how sure they must be.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSettings {
    /// Path of libonnxruntime; looked for when absent.
    pub runtime: Option<PathBuf>,
    pub detector: Looker<ModelFile>,
    pub tagger: Option<ModelFile>,
    pub finders: Looker<FinderFiles>,
    /// Reads what the finder of texts finds.
    pub recogniser: ModelFile,
    /// Objects below this are not kept, 0 to 1.
    pub confidence: f32,
}

/// Models that look at the same frame one after the other.
pub(crate) type Detectors = Arc<[Arc<dyn Detector>]>;

#[derive(Debug)]
pub struct Models {
    settings: ModelSettings,
    runtime_folders: Vec<PathBuf>,
    /// Frames worked on at once.
    jobs: usize,
    opened: Mutex<Opened>,
    rekognition: OnceCell<Arc<Rekognition>>,
    keeps_all: AtomicBool,
}

#[derive(Debug, Default)]
struct Opened {
    detectors: Option<Detectors>,
    finders: Option<Detectors>,
}

impl ModelFile {
    fn source(&self) -> ModelSource {
        match self {
            ModelFile::Embedded { name, bytes } => {
                ModelSource::Bytes { name: (*name).into(), bytes: Bytes::from_static(bytes) }
            }
            ModelFile::Path(path) => ModelSource::File(path.clone()),
        }
    }
}

impl Models {
    pub(crate) fn new(settings: ModelSettings, workspace: &Path, jobs: usize) -> Models {
        let runtime_folders = vec![workspace.join("runtime")];
        Models {
            settings,
            runtime_folders,
            jobs,
            opened: Mutex::default(),
            rekognition: OnceCell::new(),
            keeps_all: AtomicBool::new(false),
        }
    }

    /// From now on models of all stages stay open: they take turns.
    pub(crate) fn keep_all(&self) {
        self.keeps_all.store(true, Ordering::Relaxed);
    }

    pub fn settings(&self) -> &ModelSettings {
        &self.settings
    }

    /// Whether what the stages will open is there, without opening it.
    pub(crate) async fn look_for(
        &self,
        detects: bool,
        anonymizes: bool,
    ) -> Result<(), EngineError> {
        let ModelSettings { detector, tagger, finders, .. } = &self.settings;
        let mut files = Vec::new();
        if detects {
            files.extend(tagger);
            match detector {
                Looker::Here(detector) => files.push(detector),
                Looker::Rekognition => drop(self.rekognition().await?),
            }
        }
        if anonymizes {
            match finders {
                Looker::Here(FinderFiles { faces, plates, texts }) => {
                    files.extend([faces, plates, texts]);
                }
                Looker::Rekognition => drop(self.rekognition().await?),
            }
        }
        if files.is_empty() {
            return Ok(());
        }
        self.locate_runtime()?;
        for file in files {
            if let ModelFile::Path(path) = file {
                fs::File::open(path).map_err(|source| ModelError::Io {
                    doing: "cannot read the model",
                    path: path.clone(),
                    source,
                })?;
            }
        }
        Ok(())
    }

    /// Who says what is on frames, where that is not left to models here.
    pub(crate) async fn labeler(&self) -> Result<Option<Arc<Rekognition>>, EngineError> {
        match self.settings.detector {
            Looker::Here(_) => Ok(None),
            Looker::Rekognition => self.rekognition().await.map(Some),
        }
    }

    /// Who finds what must not be seen, where that is not left to models here.
    pub(crate) async fn finder(&self) -> Result<Option<Arc<Rekognition>>, EngineError> {
        match self.settings.finders {
            Looker::Here(_) => Ok(None),
            Looker::Rekognition => self.rekognition().await.map(Some),
        }
    }

    async fn rekognition(&self) -> Result<Arc<Rekognition>, EngineError> {
        let open = async || Rekognition::open().await.map(Arc::new);
        self.rekognition.get_or_try_init(open).await.cloned()
    }

    /// The detector, where it is a model, and the tagger, where there is one.
    pub(crate) fn detectors(&self) -> Result<Detectors, ModelError> {
        let mut opened = self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(detectors) = &opened.detectors {
            return Ok(Arc::clone(detectors));
        }
        let ModelSettings { detector, tagger, confidence, .. } = &self.settings;
        let mut detectors = Vec::<Arc<dyn Detector>>::new();
        if let Looker::Here(file) = detector {
            self.load_runtime()?;
            let options = DetectorOptions {
                confidence: *confidence,
                session: SessionOptions { threads: 1, at_once: self.jobs, keeps_memory: true },
                ..DetectorOptions::default()
            };
            detectors.push(open_detector(&file.source(), &options)?.into());
        }
        if let Some(file) = tagger {
            self.load_runtime()?;
            detectors.push(open_tagger(&file.source(), &DetectorOptions::default())?.into());
        }
        let detectors = Detectors::from(detectors);
        opened.detectors = Some(Arc::clone(&detectors));
        Ok(detectors)
    }

    /// What finds faces, plates and texts, in this order; nothing where that is left to a
    /// service.
    pub(crate) fn finders(&self) -> Result<Detectors, ModelError> {
        let mut opened = self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !self.keeps_all.load(Ordering::Relaxed) {
            // Detection is over; what its sessions keep is wanted here.
            opened.detectors = None;
        }
        if let Some(finders) = &opened.finders {
            return Ok(Arc::clone(finders));
        }
        let Looker::Here(FinderFiles { faces, plates, texts }) = &self.settings.finders else {
            return Ok(Detectors::from([]));
        };
        self.load_runtime()?;
        let options = self.finder_options();
        let finders: Detectors = Arc::new([
            open_face_finder(&faces.source(), &options)?.into(),
            open_plate_finder(&plates.source(), &options)?.into(),
            open_text_finder(&texts.source(), &options)?.into(),
        ]);
        opened.finders = Some(Arc::clone(&finders));
        Ok(finders)
    }

    /// The finder of faces alone; it is not kept here.
    pub(crate) fn face_finder(&self) -> Result<Arc<dyn Detector>, EngineError> {
        let Looker::Here(FinderFiles { faces, .. }) = &self.settings.finders else {
            return Err(EngineError::NotHere);
        };
        self.load_runtime()?;
        Ok(open_face_finder(&faces.source(), &self.finder_options())?.into())
    }

    /// What reads texts; it is not kept here.
    pub(crate) fn reader(&self) -> Result<Arc<TextReader>, EngineError> {
        let Looker::Here(FinderFiles { texts, .. }) = &self.settings.finders else {
            return Err(EngineError::NotHere);
        };
        self.load_runtime()?;
        let options = ReaderOptions { finder: self.finder_options(), ..ReaderOptions::default() };
        let recogniser = self.settings.recogniser.source();
        Ok(Arc::new(open_text_reader(&texts.source(), &recogniser, &options)?))
    }

    /// Finders look at frames in full size, some 300 MB a look at 1280x720. So all cores
    /// share one frame there, where detection gives each its own.
    fn finder_options(&self) -> FinderOptions {
        let session = SessionOptions { threads: self.jobs, at_once: 1, keeps_memory: false };
        FinderOptions { session, ..FinderOptions::default() }
    }

    /// A model that is none of the stages' own.
    pub(crate) fn open(
        &self,
        source: &ModelSource,
        options: &DetectorOptions,
    ) -> Result<Arc<dyn Detector>, ModelError> {
        self.load_runtime()?;
        Ok(open_detector(source, options)?.into())
    }

    /// A graph as it is, without a decoder.
    pub(crate) fn open_graph(&self, source: &ModelSource) -> Result<Box<dyn Model>, ModelError> {
        self.load_runtime()?;
        open_model(source, SessionOptions::default())
    }

    fn load_runtime(&self) -> Result<(), ModelError> {
        runtime::load(&self.locate_runtime()?)
    }

    fn locate_runtime(&self) -> Result<PathBuf, ModelError> {
        runtime::locate(self.settings.runtime.as_deref(), &self.runtime_folders)
    }

    /// What really mends it: a library that was named is not replaced by
    /// another, so fetching one would not help.
    fn mend_runtime(&self, error: &ModelError) -> String {
        let fetch = "run: roadloop doctor --fix";
        if self.settings.runtime.is_some() {
            return format!("correct the setting runtime, or empty it and {fetch}");
        }
        if std::env::var_os("ORT_DYLIB_PATH").is_some_and(|path| !path.is_empty()) {
            return format!("correct ORT_DYLIB_PATH, or unset it and {fetch}");
        }
        match error {
            ModelError::RuntimeUnusable { path, .. } => {
                format!("delete {} and {fetch}", path.display())
            }
            _ => fetch.to_owned(),
        }
    }

    /// Opens everything, for `doctor`.
    pub(crate) async fn examine(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        let ModelSettings { detector, tagger, finders, .. } = &self.settings;
        let (labels, finds) = (*detector == Looker::Rekognition, *finders == Looker::Rekognition);
        if labels || finds {
            // Whether it may be asked shows when it is, and that is paid for.
            checks.push(match self.rekognition().await {
                Ok(service) => Check::good("rekognition", service.endpoint()),
                Err(error) => {
                    let mend = "see the message, or empty detect.model and anonymize.finder";
                    Check::wrong("rekognition", Health::Bad, error.to_string(), mend)
                }
            });
        }
        if labels && finds && tagger.is_none() {
            return checks;
        }
        match self.load_runtime() {
            Ok(()) => {
                let version = runtime::version().unwrap_or_default();
                let path = runtime::loaded_from().unwrap_or_default();
                let found = format!("ONNX Runtime {version}, {}", path.display());
                checks.push(Check::good("runtime", found));
            }
            Err(error) => {
                let mend = self.mend_runtime(&error);
                checks.push(Check::wrong("runtime", Health::Bad, found(&error), mend));
                return checks;
            }
        }
        let mend = "see the message; without --detector and --tagger the built-in models are used";
        let opened = [("detector", self.detectors()), ("anonymiser", self.finders())];
        for (name, opened) in opened {
            match opened {
                Ok(models) if models.is_empty() => {}
                Ok(models) => {
                    let names: Vec<&str> =
                        models.iter().map(|model| model.model().as_str()).collect();
                    checks.push(Check::good(name, names.join(", ")));
                }
                Err(error) => {
                    checks.push(Check::wrong(name, Health::Bad, error.to_string(), mend));
                }
            }
        }
        checks
    }
}

/// What is wrong, without the mend that the error names: `doctor` knows better.
fn found(error: &ModelError) -> String {
    error.to_string().replace("; get it with: roadloop doctor --fix", "")
}
