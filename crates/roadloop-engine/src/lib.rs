//! What happens when: the stages of the main job and the order they run in.
//!
//! [`open_recording`] opens a recording, wherever it lies. [`flow::run`] takes it
//! through the stages: [`stages::ingest`] keeps its frames, [`stages::files`] its
//! tables and videos, [`stages::detect`] says what is on them, [`stages::redact`]
//! hides faces and plates, [`stages::attach`] joins what others know of the frames;
//! [`stages::search`] asks the catalog that results, [`stages::select`] samples it,
//! [`stages::copy`] takes images out of it, [`stages::label`] makes labelling jobs of them,
//! [`stages::dataset`] datasets of their results;
//! [`upkeep`] keeps its tables in shape. [`work`] takes recordings the same way through
//! the same stages as jobs of a queue, for any number of workers; [`events`] orders what
//! comes by itself.
//! [`pictures`] are images for people who look at frames, [`risk`] says at which of them
//! after anonymisation, [`compare`] holds models against people.
//! [`extract`] writes plain files without a catalog, [`look`] looks at single images. A [`Ctx`] carries what they
//! all need. Every stage is idempotent: it looks up what is delivered, does the
//! rest, and leaves the same result however often it was stopped.
//!
//! No terminal, no HTTP: people are told through [`Progress`], callers through
//! [`Report`](roadloop_base::Report)s and [`EngineError`]s.

mod card;
pub mod compare;
mod cpu;
mod ctx;
mod doctor;
mod error;
mod estimate;
pub mod events;
mod extract;
mod films;
pub mod flow;
pub mod look;
mod models;
mod new_file;
mod pace;
pub mod pictures;
mod present;
mod progress;
mod rekognition;
mod revision;
pub mod risk;
mod sink;
mod sources;
pub mod stages;
mod survey;
mod tables;
mod track;
pub mod upkeep;
mod versions;
mod videos;
pub mod work;

pub use card::Card;
pub use cpu::Cpu;
pub use ctx::{Ctx, Settings};
pub use doctor::{Check, Health, examine};
pub use error::EngineError;
pub use estimate::{Estimate, estimate};
pub use extract::{ExtractFolder, ExtractSettings, Extracted, ImageForm, PngLevel, extract};
pub use models::{FinderFiles, Looker, ModelFile, ModelSettings, Models};
pub use new_file::NewFile;
pub use progress::{JobStart, Meter, Progress, Silent, Unit};
pub use sources::{find_recordings, open_recording};
pub use survey::{Gap, Survey, TopicSurvey, survey};
pub use tables::{TableFiles, TableSettings, extract_tables};
pub use track::Track;
pub use videos::{VideoFile, extract_videos, has_videos};

pub use roadloop_bag as bag;
pub use roadloop_catalog as catalog;
pub use roadloop_dataset as datasets;
pub use roadloop_evaluate as evaluate;
pub use roadloop_label as labels;
pub use roadloop_manifest as manifest;
pub use roadloop_queue as queue;
pub use roadloop_store as store;
pub use roadloop_train as training;
pub use roadloop_vision as vision;
