//! Pascal VOC: an XML file for each image.
//!
//! `JPEGImages/<name>`, `Annotations/<stem>.xml`, and the stems of each split in
//! `ImageSets/Main/<split>.txt`. `labels.txt`, as CVAT has it beside them, lists the classes
//! in their order, those without a box too.
//!
//! Corners are whole pixels, rounded each to the nearest, as VOC's own tools take no others,
//! and are written as they are: the left border of an image is 0, and `xmax` is where a box
//! ends, not its last pixel. VOC's own devkit counts from 1; labelImg, Roboflow, CVAT,
//! torchvision and panlabel do not add or take 1, and files in the field are mostly theirs.
//! What the devkit of 2007 or 2012 has is read half a pixel or one to the right of where
//! it was drawn.
//!
//! Beside what VOC has, `score` holds a confidence, and `attributes` what else is said of a
//! box, as CVAT writes it. An image that nobody looked at is not written; one that is read
//! in a list of a split without XML of its own is one.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::read;
pub(super) use write::Writer;

/// Said by elements of their own; what is not said is 0.
const FLAGS: [&str; 3] = ["truncated", "difficult", "occluded"];
