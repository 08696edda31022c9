//! What can go wrong between a model file and its detections.

use std::io;
use std::path::{Path, PathBuf};

use roadloop_base::ErrorKind;

/// The one command that mends a missing or broken runtime.
const MEND: &str = "get it with: roadloop doctor --fix";

#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("ONNX Runtime (libonnxruntime) was not found; {MEND}\nlooked in: {}", list(.looked_in))]
    RuntimeMissing { looked_in: Vec<PathBuf> },

    #[error("ONNX Runtime cannot be used: {reason}; {MEND}\npath: {}", path.display())]
    RuntimeUnusable { path: PathBuf, reason: String },

    #[error("ONNX Runtime could not be fetched: {reason}")]
    RuntimeFetch { reason: String },

    #[error(
        "the ONNX Runtime package is not the one expected: its SHA-256 is {found}, \
         expected {expected}\nfile: {file}"
    )]
    RuntimeHash { file: String, found: String, expected: &'static str },

    #[error("there is no ONNX Runtime package known for {os} on {machine}; set ORT_DYLIB_PATH")]
    RuntimeMachine { os: &'static str, machine: &'static str },

    #[error("{doing}: {source}\npath: {}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },

    #[error("the model file is too large: {size_bytes} bytes, at most {limit_bytes}\npath: {}", path.display())]
    TooLarge { path: PathBuf, size_bytes: u64, limit_bytes: u64 },

    #[error("{model} is not an ONNX model that can be run: {reason}")]
    NotAModel { model: String, reason: String },

    #[error("{model} is no {wanted}: found {found}; understood are {understood}")]
    WrongModel { model: String, wanted: &'static str, found: String, understood: &'static str },

    #[error("{model} has {classes} classes and no labels; {mend}")]
    NoLabels { model: String, classes: usize, mend: String },

    #[error("{model} has {classes} classes, but there are {labels} labels")]
    LabelCount { model: String, classes: usize, labels: usize },

    #[error("the model's settings cannot be read: {reason}\npath: {}", path.display())]
    Settings { path: PathBuf, reason: String },

    #[error("{model} failed while running: {reason}")]
    Run { model: String, reason: String },

    #[error("{model} answered with {found} where {expected} was expected")]
    Output { model: String, found: String, expected: String },
}

impl ModelError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            ModelError::RuntimeMissing { .. } => ErrorKind::NotFound,
            ModelError::RuntimeFetch { .. } => ErrorKind::Busy,
            ModelError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            ModelError::Io { .. } | ModelError::RuntimeUnusable { .. } | ModelError::Run { .. } => {
                ErrorKind::Internal
            }
            ModelError::RuntimeHash { .. }
            | ModelError::RuntimeMachine { .. }
            | ModelError::TooLarge { .. }
            | ModelError::NotAModel { .. }
            | ModelError::WrongModel { .. }
            | ModelError::NoLabels { .. }
            | ModelError::LabelCount { .. }
            | ModelError::Settings { .. }
            | ModelError::Output { .. } => ErrorKind::Invalid,
        }
    }

    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> ModelError {
        ModelError::Io { doing, path: path.to_path_buf(), source }
    }
}

fn list(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "nowhere, no folder was given".to_owned();
    }
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_runtime_names_the_command_that_mends_it() {
        let error = ModelError::RuntimeMissing { looked_in: vec!["/a".into(), "/b".into()] };
        assert_eq!(
            error.to_string(),
            "ONNX Runtime (libonnxruntime) was not found; get it with: roadloop doctor --fix\n\
             looked in: /a, /b"
        );
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
