//! What can go wrong with networks: each says the place, what was found and expected.

/// Everything this crate refuses.
#[derive(Debug, thiserror::Error)]
pub enum NetsError {
    #[error(
        "target {target} of image {image} has class {found}, but the network knows {classes} \
         (0 to {})",
        classes.saturating_sub(1)
    )]
    Class { image: usize, target: usize, found: u32, classes: usize },
    #[error("{what}: found {found}, expected {expected}")]
    Shape { what: String, found: String, expected: String },
    #[error("{what} ends after {found} of {expected} values, in {place}")]
    Short { what: String, place: String, found: u64, expected: u64 },
    #[error("{what} has {left} values more than the network, after {expected}")]
    Long { what: String, left: u64, expected: u64 },
    #[error("{what}: {found}; {expected}")]
    Damaged { what: String, found: String, expected: String },
}

/// An error about the shape of something.
pub(crate) fn shape(
    what: impl Into<String>,
    found: impl std::fmt::Debug,
    expected: impl Into<String>,
) -> NetsError {
    NetsError::Shape { what: what.into(), found: format!("{found:?}"), expected: expected.into() }
}
