//! Looks at single images that are in no catalog: for whoever answers others with
//! models.
//!
//! What is wrong with an image and what is wrong with us are told apart
//! ([`LookError`]); frames of recordings are looked at by the stages.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use roadloop_base::Detection;
use roadloop_vision::{Detector, Pixels, TextLine, TextReader, decode_bytes};

use crate::models::Detectors;
use crate::sources::read_whole;
use crate::{Cpu, EngineError, Looker, Models, Settings};

/// Models that are open, and the cores they run on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Looking {
    cpu: Cpu,
    detectors: Detectors,
    faces: Arc<dyn Detector>,
    reader: Arc<TextReader>,
    /// A look in full size takes hundreds of megabytes: one at a time.
    turn: Arc<Mutex<()>>,
}

/// Why an image was not looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// It is no image, or a damaged one.
    #[error("{0}")]
    Image(String),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Looking {
    /// Opens every model, so that the first answer takes no longer than the next.
    pub async fn open(settings: &Settings) -> Result<Looking, EngineError> {
        if settings.models.detector == Looker::Rekognition {
            return Err(EngineError::NotHere);
        }
        let cpu = Cpu::new(settings.jobs);
        let models = Models::new(settings.models.clone(), &settings.workspace, cpu.jobs());
        let open = move || {
            let (detectors, faces) = (models.detectors()?, models.face_finder()?);
            Ok::<_, EngineError>((detectors, faces, models.reader()?))
        };
        let (detectors, faces, reader) = cpu.run(open).await??;
        Ok(Looking { cpu, detectors, faces, reader, turn: Arc::default() })
    }

    /// The names of the models that say what is on an image.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.detectors.iter().map(|model| model.model().as_str())
    }

    /// The name of what reads.
    pub fn reader(&self) -> &str {
        self.reader.model().as_str()
    }

    /// What is on an image: things with their boxes, and words about all of it.
    pub async fn labels(&self, image: Bytes) -> Result<Vec<Detection>, LookError> {
        let detectors = Arc::clone(&self.detectors);
        self.see(image, move |pixels| {
            let mut found = Vec::new();
            for detector in detectors.iter() {
                found.extend(detector.detect(pixels)?);
            }
            Ok(found)
        })
        .await
    }

    /// Faces on an image.
    pub async fn faces(&self, image: Bytes) -> Result<Vec<Detection>, LookError> {
        let (faces, turn) = (Arc::clone(&self.faces), Arc::clone(&self.turn));
        self.see(image, move |pixels| {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(faces.detect(pixels)?)
        })
        .await
    }

    /// What is written on an image.
    pub async fn texts(&self, image: Bytes) -> Result<Vec<TextLine>, LookError> {
        let (reader, turn) = (Arc::clone(&self.reader), Arc::clone(&self.turn));
        self.see(image, move |pixels| {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(reader.read(pixels)?)
        })
        .await
    }

    async fn see<T: Send + 'static>(
        &self,
        image: Bytes,
        see: impl FnOnce(&Pixels) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, LookError> {
        let looking = move || {
            let pixels =
                decode_bytes(&image).map_err(|error| LookError::Image(error.to_string()))?;
            see(&pixels).map_err(LookError::Engine)
        };
        self.cpu.run(looking).await?
    }
}

/// The bytes of an image by its address; `None` where it is longer than a limit.
pub async fn read_image(address: &str, limit: u64) -> Result<Option<Bytes>, EngineError> {
    Ok(read_whole(Path::new(address), limit).await?.1)
}
