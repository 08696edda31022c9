//! How people hear about long work, without the engine knowing a terminal.

use std::fmt::Debug;

use roadloop_base::{RecordingId, Report, Skip, Stage};

/// What a stage is about to do.
#[derive(Clone, Debug)]
pub struct StageStart {
    pub stage: Stage,
    pub recording: RecordingId,
    /// Frames to be worked on, when known.
    pub frames: Option<u64>,
    /// Bytes to be read, when the stage reads a recording.
    pub bytes: Option<u64>,
}

/// Somebody who is told what goes on.
pub trait Progress: Send + Sync + Debug {
    fn start(&self, start: StageStart) -> Box<dyn Meter>;
}

/// One stage's progress on one recording.
pub trait Meter: Send + Sync {
    /// So many more frames are done, and the input is read up to this byte.
    fn advance(&self, frames: u64, bytes_read: u64);
    fn skipped(&self, skip: &Skip);
    fn finish(&self, report: &Report);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: StageStart) -> Box<dyn Meter> {
        Box::new(Silent)
    }
}

impl Meter for Silent {
    fn advance(&self, _: u64, _: u64) {}
    fn skipped(&self, _: &Skip) {}
    fn finish(&self, _: &Report) {}
}
