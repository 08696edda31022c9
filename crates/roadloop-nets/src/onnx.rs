//! ONNX out, and an exported YOLOX in.
//!
//! A network is drawn as a graph node by node ([`draw`]), norms folded into convolutions. The
//! same drawing tells which convolution of a foreign file is which of ours: exporters name
//! folded convolutions by numbers, but keep them in the order they run.

mod draw;
mod graph;
mod proto;
mod read;
mod yolox;

use std::fs;
use std::path::Path;

pub use read::read;

use crate::{NetsError, Yolox};

/// What the graph gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnnxBoxes {
    /// Centres, widths and heights in model pixels, then probabilities: `[1, cells, 5 + classes]`,
    /// as [`crate::YoloxMaps::decode`] gives them.
    Decoded,
    /// Boxes in cells and logarithms as the head gives them, probabilities done, as the authors'
    /// export without decoding.
    Raw,
}

/// How a graph is written.
#[derive(Clone, Copy, Debug)]
pub struct OnnxOptions<'a> {
    /// Height and width of the input, multiples of 32.
    pub size: [usize; 2],
    pub boxes: OnnxBoxes,
    /// Noted in the file under `names`.
    pub classes: &'a [String],
}

/// The largest side of a graph's input: above it the output alone is tens of megabytes.
pub const LARGEST_SIDE: usize = 4096;

/// Writes a network as ONNX of opset 18. Input `images`, f32 `[1, 3, height, width]`, blue, green
/// and red, 0 to 255; output `output`.
pub fn write(network: &Yolox, options: &OnnxOptions<'_>, path: &Path) -> Result<(), NetsError> {
    let bytes = encode(network, options)?;
    fs::write(path, bytes).map_err(|source| NetsError::File { path: path.to_owned(), source })
}

/// The bytes of what [`write`] writes. The same network gives the same bytes.
pub fn encode(network: &Yolox, options: &OnnxOptions<'_>) -> Result<Vec<u8>, NetsError> {
    let [height, width] = options.size;
    let fits = |side: usize| side > 0 && side.is_multiple_of(32) && side <= LARGEST_SIDE;
    if !fits(height) || !fits(width) {
        return Err(NetsError::Settings(format!(
            "a YOLOX looks at sides of 32, 64, ... {LARGEST_SIDE} pixels, not at {width} x {height}"
        )));
    }
    if options.classes.len() != network.config.classes {
        return Err(NetsError::Settings(format!(
            "{} names were given for a network of {} classes",
            options.classes.len(),
            network.config.classes
        )));
    }
    Ok(draw::model(yolox::draw(network, options), options))
}

#[cfg(test)]
mod tests;
