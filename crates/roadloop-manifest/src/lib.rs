//! Augmented manifests, as SageMaker Ground Truth reads and writes them: a JSON object a
//! line, of an image and of what was said about it.
//!
//! Lossless: what is not touched is written as it was, digit by digit, and a line where
//! nothing was touched is the same text. What a manifest says beside its labels passes
//! through. An image that was looked at and has nothing on it is kept apart from one
//! that nobody looked at.
//!
//! Beside them the file of [label categories](read_categories). Knows nothing of jobs, files or
//! stores: lines come from any reader.

mod category;
mod error;
mod labels;
#[cfg(test)]
mod laws;
mod line;
mod names;
mod output;
mod reader;
#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;

pub use category::{read_categories, write_categories};
pub use error::{ManifestError, json, shown};
pub use labels::{BoxLabel, LabelKind, LabelledBox, VERDICTS, Verification};
pub use line::Line;
pub use names::{check_attribute, rename_source};
pub use output::{BoxAsWritten, BoxOutput, Pixels, VerificationOutput, creation_date};
pub use reader::{LONGEST_LINE, Reader};
