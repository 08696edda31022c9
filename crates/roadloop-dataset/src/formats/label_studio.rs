//! Label Studio: `tasks.json`, to be imported, and `label_config.xml`, its labelling
//! interface; images in `images/`.
//!
//! Boxes are percent, 0 to 100, of the image's width and height, with all their digits. A
//! task that nobody looked at has no annotation; one on which somebody saw nothing has one
//! without results. Label Studio's own exports keep that apart in JSON alone, so that is
//! what is read. Images are named as Label Studio serves them from its disk,
//! `/data/local-files/?d=<path>`, relative to `LOCAL_FILES_DOCUMENT_ROOT`. A confidence is
//! a result's `score`; attributes are in its `meta`.

mod read;
mod task;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::read;
pub(super) use write::Writer;

/// Where Label Studio serves files of its disk.
const LOCAL_FILES: &str = "/data/local-files/?d=";
