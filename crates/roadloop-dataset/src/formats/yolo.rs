//! YOLO as Ultralytics lays it out: `data.yaml`, `images/<split>/`, and for each image
//! `labels/<split>/<stem>.txt`, a line for each box: the class's number, then centre, width
//! and height as fractions of the image, with all their digits.
//!
//! A text file without a line is an image with nothing on it. An image without one is read
//! as one that nobody looked at; Ultralytics itself takes it for background, which is why
//! those that nobody looked at are not written.
//!
//! Ultralytics passes over each image one of whose labels has a fraction below 0 or above 1.
//! So a box is cut off at the edges of its image, and one wholly outside is not written:
//! what is within comes back to 1e-6 pixels. Confidences and attributes have no place in it.

mod read;
mod settings;
mod write;

pub(super) use read::read;
pub(super) use write::Writer;
