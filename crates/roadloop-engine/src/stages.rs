//! The arrows of the main job, one file each.

pub mod attach;
mod by_shard;
pub mod copy;
pub mod dataset;
pub mod detect;
pub mod evaluate;
pub mod files;
pub mod ingest;
pub mod label;
pub mod models;
pub mod redact;
pub mod runs;
pub mod search;
pub mod select;
pub mod train;

pub(crate) use by_shard::FrameError;
