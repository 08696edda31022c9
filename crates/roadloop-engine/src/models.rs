//! The models the stages look with: opened when first wanted, then shared.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use roadloop_vision::{
    Detector, DetectorOptions, FinderOptions, ModelError, ModelSource, SessionOptions,
    open_detector, open_face_finder, open_plate_finder, open_tagger, open_text_finder, runtime,
};

use crate::doctor::{Check, Health};

/// A model, inside the binary or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelFile {
    Embedded { name: &'static str, bytes: &'static [u8] },
    Path(PathBuf),
}

/// Which models look, and how sure they must be.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSettings {
    /// Path of libonnxruntime; looked for when absent.
    pub runtime: Option<PathBuf>,
    pub detector: ModelFile,
    pub tagger: Option<ModelFile>,
    pub faces: ModelFile,
    pub plates: ModelFile,
    pub texts: ModelFile,
    /// Objects below this are not kept, 0 to 1.
    pub confidence: f32,
}

/// What finds faces, plates and texts, in this order.
pub(crate) type Finders = Arc<[Arc<dyn Detector>]>;

#[derive(Debug)]
pub struct Models {
    settings: ModelSettings,
    runtime_folders: Vec<PathBuf>,
    /// Frames worked on at once.
    jobs: usize,
    opened: Mutex<Opened>,
    keeps_all: AtomicBool,
}

#[derive(Debug, Default)]
struct Opened {
    detector: Option<Arc<dyn Detector>>,
    tagger: Option<Arc<dyn Detector>>,
    finders: Option<Finders>,
}

impl ModelFile {
    fn source(&self) -> ModelSource {
        match self {
            ModelFile::Embedded { name, bytes } => ModelSource::Bytes { name, bytes },
            ModelFile::Path(path) => ModelSource::File(path.clone()),
        }
    }
}

impl Models {
    pub(crate) fn new(settings: ModelSettings, workspace: &Path, jobs: usize) -> Models {
        let runtime_folders = vec![workspace.join("runtime")];
        let (opened, keeps_all) = (Mutex::default(), AtomicBool::new(false));
        Models { settings, runtime_folders, jobs, opened, keeps_all }
    }

    /// From now on models of all stages stay open: they take turns.
    pub(crate) fn keep_all(&self) {
        self.keeps_all.store(true, Ordering::Relaxed);
    }

    pub fn settings(&self) -> &ModelSettings {
        &self.settings
    }

    /// Whether what the stages will open is there, without opening it.
    pub(crate) fn look_for(&self, detects: bool, anonymizes: bool) -> Result<(), ModelError> {
        let ModelSettings { detector, tagger, faces, plates, texts, .. } = &self.settings;
        let mut files = Vec::new();
        if detects {
            files.extend(tagger.iter().chain([detector]));
        }
        if anonymizes {
            files.extend([faces, plates, texts]);
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

    pub(crate) fn detector(&self) -> Result<Arc<dyn Detector>, ModelError> {
        let mut opened = self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(detector) = &opened.detector {
            return Ok(Arc::clone(detector));
        }
        self.load_runtime()?;
        let options = DetectorOptions {
            confidence: self.settings.confidence,
            session: SessionOptions { threads: 1, at_once: self.jobs, keeps_memory: true },
            ..DetectorOptions::default()
        };
        let detector: Arc<dyn Detector> =
            open_detector(&self.settings.detector.source(), &options)?.into();
        opened.detector = Some(Arc::clone(&detector));
        Ok(detector)
    }

    pub(crate) fn tagger(&self) -> Result<Option<Arc<dyn Detector>>, ModelError> {
        let Some(file) = &self.settings.tagger else { return Ok(None) };
        let mut opened = self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if opened.tagger.is_none() {
            self.load_runtime()?;
            opened.tagger = Some(open_tagger(&file.source(), &DetectorOptions::default())?.into());
        }
        Ok(opened.tagger.clone())
    }

    pub(crate) fn finders(&self) -> Result<Finders, ModelError> {
        let mut opened = self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !self.keeps_all.load(Ordering::Relaxed) {
            // Detection is over; what its sessions keep is wanted here.
            opened.detector = None;
        }
        if let Some(finders) = &opened.finders {
            return Ok(Arc::clone(finders));
        }
        self.load_runtime()?;
        // They look at frames in full size, some 300 MB a look at 1280x720. So
        // all cores share one frame here, where detection gives each its own.
        let session = SessionOptions { threads: self.jobs, at_once: 1, keeps_memory: false };
        let options = FinderOptions { session, ..FinderOptions::default() };
        let finders: Finders = Arc::new([
            open_face_finder(&self.settings.faces.source(), &options)?.into(),
            open_plate_finder(&self.settings.plates.source(), &options)?.into(),
            open_text_finder(&self.settings.texts.source(), &options)?.into(),
        ]);
        opened.finders = Some(Arc::clone(&finders));
        Ok(finders)
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
    pub(crate) fn examine(&self) -> Vec<Check> {
        let mut checks = Vec::new();
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
        let mut check = |name, opened: Result<String, ModelError>| {
            checks.push(match opened {
                Ok(found) => Check::good(name, found),
                Err(error) => Check::wrong(name, Health::Bad, error.to_string(), mend),
            });
        };
        check("detector", self.detector().map(|detector| detector.model().to_string()));
        if self.settings.tagger.is_some() {
            let name = |tagger: Option<Arc<dyn Detector>>| {
                tagger.map(|tagger| tagger.model().to_string()).unwrap_or_default()
            };
            check("tagger", self.tagger().map(name));
        }
        let names = |finders: Finders| {
            let names: Vec<String> =
                finders.iter().map(|finder| finder.model().to_string()).collect();
            names.join(", ")
        };
        check("anonymiser", self.finders().map(names));
        checks
    }
}

/// What is wrong, without the mend that the error names: `doctor` knows better.
fn found(error: &ModelError) -> String {
    error.to_string().replace("; get it with: roadloop doctor --fix", "")
}
