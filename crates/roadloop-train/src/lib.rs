//! A dataset to a detector.
