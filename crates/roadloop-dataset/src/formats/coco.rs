//! COCO's object detection: a JSON file for each split, `annotations/instances_<split>.json`,
//! images beside in `<split>/`.
//!
//! Boxes are written with all their digits, so that they come back as they were. Beside what
//! COCO has, `score` holds a confidence, as in its files of results, and `attributes` what
//! else is said of a box, as CVAT writes it. An image that nobody looked at is not written:
//! COCO has no word for it.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::Writer;
