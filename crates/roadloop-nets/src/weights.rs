//! Weights in and out: names and arrays of a file, and their way into a network.
//!
//! [`Tensors`] is the seam. A file of any kind becomes one ([`read`]), a network becomes one
//! ([`state`]), and a network is filled from one ([`load`]), which accounts for every layer.
//! Names are those of a PyTorch state dict, so that what we write PyTorch reads, and the other
//! way.

mod array;
mod coco;
mod darknet;
mod load;
mod pytorch;
mod rows;
mod safetensors;
mod state;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub use array::Array;
pub(crate) use array::Kind;
pub use coco::COCO_80;
pub use darknet::read_darknet;
pub use load::{Layer, LayerFate, LoadOptions, Loaded, load, load_yolox};
pub use rows::ClassRows;
pub use safetensors::{
    decode as decode_safetensors, encode as encode_safetensors, write as write_safetensors,
};
pub use state::state;

use crate::{NetsError, YoloxConfig};

/// Four times the largest YOLOX there is, with its optimizer's state beside it.
const LARGEST_FILE: u64 = 4 << 30;

/// The arrays of a file, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tensors {
    pub arrays: BTreeMap<String, Array>,
    /// The classes it was trained for, in the order of the head's rows, where the file says so.
    pub classes: Option<Vec<String>>,
    /// Whether norms were folded into convolutions, and what is here in their place does
    /// nothing.
    pub folded: bool,
}

/// Reads a file by what its name ends with: `.pth` or `.pt`, `.safetensors`, `.onnx`.
///
/// An ONNX file has its own names for folded convolutions; `config` says which network it
/// should be, so that they can be given the network's.
pub fn read(path: &Path, config: YoloxConfig) -> Result<Tensors, NetsError> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending.to_lowercase().as_str() {
        "pth" | "pt" => pytorch::read(path),
        "safetensors" => safetensors::read(path),
        "onnx" => crate::onnx::read(path, config),
        other => Err(NetsError::Format {
            path: path.to_owned(),
            found: format!(
                "weights are read from .pth, .pt, .safetensors and .onnx, not from .{other}"
            ),
        }),
    }
}

/// A whole file, if it is not too large to be weights.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, NetsError> {
    check_size(path)?;
    fs::read(path).map_err(|source| NetsError::File { path: path.to_owned(), source })
}

fn check_size(path: &Path) -> Result<(), NetsError> {
    let failed = |source| NetsError::File { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err(wrong(path, "it is not a file".to_owned()));
    }
    if about.len() > LARGEST_FILE {
        let found =
            format!("it has {} bytes, and weights are read up to {LARGEST_FILE}", about.len());
        return Err(wrong(path, found));
    }
    Ok(())
}

pub(crate) fn wrong(path: &Path, found: String) -> NetsError {
    NetsError::Format { path: PathBuf::from(path), found }
}
