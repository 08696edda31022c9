//! Detectors as networks that learn.
