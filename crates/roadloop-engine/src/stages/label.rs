//! Labelling: frames become a job's tasks, and what people answered becomes a manifest.
//!
//! [`create`] makes a job of anonymised frames, or of an earlier job; people work in the
//! studio. [`deliver`] writes what they said as SageMaker Ground Truth does, [`import`] reads
//! such files, [`refs`] turns references to anonymised images into those of raw ones and
//! back, [`sheet`] shows some tasks on one picture.

mod create;
mod deliver;
mod import;
mod layout;
pub mod refs;
mod sheet;
mod statistics;

use roadloop_base::{Nanos, PixelBox, Skip};
use roadloop_label::{LabelError, Labels};
use tokio::task::spawn_blocking;

use crate::EngineError;

pub use create::{MOST_TASKS, Tasks, create, plan};
pub use deliver::{Lines, lines, write_manifest};
pub(super) use deliver::{is_final, line_of};
pub use import::{Imported, import};
pub use layout::write_layout;
pub use sheet::{Images, SheetSettings, sheet};
pub(super) use sheet::{lot, said_by_people};
pub use statistics::{statistics_picture, statistics_rows};

/// Tasks read or written together.
pub(super) const PAGE: u32 = 500;

/// Runs what waits for the file of jobs.
pub(super) async fn on_file<T: Send + 'static>(
    labels: &Labels,
    work: impl FnOnce(&Labels) -> Result<T, LabelError> + Send + 'static,
) -> Result<T, EngineError> {
    let labels = labels.clone();
    let done = spawn_blocking(move || work(&labels)).await;
    Ok(done.map_err(EngineError::stopped)??)
}

pub(super) fn now() -> Nanos {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Nanos(i64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(i64::MAX))
}

/// A line of a manifest that is left out, and why.
fn left_out(number: u64, error: &EngineError) -> Skip {
    let (place, reason) = (format!("line {number}"), error.to_string());
    // What was found while reading says so itself.
    let plain = reason.strip_prefix(&format!("{place}: ")).unwrap_or(&reason);
    Skip::new(place, plain)
}

/// A box of whole pixels inside an image, as people are given it; `None` where nothing of it
/// is inside.
fn whole_pixels([left, top, right, bottom]: [f64; 4], width: u32, height: u32) -> Option<PixelBox> {
    let [width, height] = [width, height].map(f64::from);
    let (left, top) = (left.round().clamp(0.0, width), top.round().clamp(0.0, height));
    let (right, bottom) = (right.round().clamp(0.0, width), bottom.round().clamp(0.0, height));
    PixelBox::new(left, top, right - left, bottom - top)
}
