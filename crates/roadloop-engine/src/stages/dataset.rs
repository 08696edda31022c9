//! Datasets: labels, wherever they are from, become frozen samples of raw frames.
//!
//! [`build`] gathers what jobs, manifests, selections and earlier datasets say, joins it to
//! raw frames, splits and freezes it; [`import`] takes a dataset of others; both end in a
//! [`Card`](roadloop_dataset::Card) of the [shelf](list). [`export`] writes one in the forms
//! of others, [`check`] looks for what is wrong with it, [`sheet`] and [`statistics_picture`]
//! show it, [`Loader`] gives it to who trains.
//!
//! Everywhere here images are raw ones: who may see a dataset sees people as they were
//! recorded.

mod build;
mod check;
mod export;
mod gather;
mod import;
mod load;
mod look;
mod names;
mod numbers;
mod packed;
mod pictures;
mod shelf;

pub use build::{About, BuildSettings, Built, build};
pub use check::{ImageCheck, check, diff, statistics};
pub use export::{ExportSettings, Exported, ImagesOut, export};
pub use gather::{SelectionLabels, Source};
pub use import::{ImportSettings, import};
pub use load::{Loaded, Loader, LoaderSettings, TrainingBox};
pub use look::image_bytes;
pub(crate) use look::sha256;
pub use numbers::statistics_picture;
pub use pictures::{SheetSettings, sheet, thumbnail_of};
pub use shelf::{Listed, Made, Rows, card, forget, list, rows, samples, versions};
