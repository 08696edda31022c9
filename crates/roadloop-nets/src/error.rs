//! What can be wrong with a network's settings, with what it is given, or with a file of weights.

/// Why a network could not be made, filled or written.
#[derive(Debug, thiserror::Error)]
pub enum NetsError {
    /// Settings no network can be made from.
    #[error("{0}")]
    Settings(String),
    /// A thing to be found whose class the network does not have.
    #[error(
        "target {target} of image {image} has class {found}, but the network knows {classes} \
         (0 to {})",
        classes.saturating_sub(1)
    )]
    Class { image: usize, target: usize, found: u32, classes: usize },
    /// Something of another shape than it should be.
    #[error("{what}: found {found}, expected {expected}")]
    Shape { what: String, found: String, expected: String },
}

/// An error about the shape of something.
pub(crate) fn shape(
    what: impl Into<String>,
    found: impl std::fmt::Debug,
    expected: impl Into<String>,
) -> NetsError {
    NetsError::Shape { what: what.into(), found: format!("{found:?}"), expected: expected.into() }
}
