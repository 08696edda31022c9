//! Pixels: decode, encode, detect, suppress, redact, draw.

mod pixels;

pub use pixels::{Channels, Pixels};
