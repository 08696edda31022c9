//! CVAT for images 1.1: `annotations.xml`, images in `images/`.
//!
//! Corners are in pixels of the image, the left border 0, a box ending at `xbr` and `ybr`;
//! CVAT writes two digits after the point, we write all of them. `subset` is the split, as
//! projects of CVAT have it: `Train`, `Validation`, `Test`. Streamed both ways.
//!
//! A confidence is an attribute called `score`. What else is said of a box are attributes
//! too; CVAT takes those that its labels declare, which is for whoever makes its task to do.
//! An image that nobody looked at is not written: there is no telling it from an empty one.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::read;
pub(super) use write::Writer;

/// The attribute that a confidence is.
const SCORE: &str = "score";
