//! What can be wrong with a network's settings, or with a file of weights.

/// Why a network could not be made, filled or written.
#[derive(Debug, thiserror::Error)]
pub enum NetsError {
    /// Settings no network can be made from.
    #[error("{0}")]
    Settings(String),
}
