//! How people hear about long work, without the engine knowing a terminal.

use std::fmt::Debug;

use roadloop_base::{RecordingId, Report, Skip};

/// What is about to be done.
#[derive(Clone, Debug)]
pub struct JobStart {
    /// The name of a stage or of a command.
    pub job: &'static str,
    /// What it is about, where it is one recording.
    pub recording: Option<RecordingId>,
    pub unit: Unit,
    /// Frames or messages to be worked on, when known.
    pub units: Option<u64>,
    /// Bytes to be read, when a recording is read.
    pub bytes: Option<u64>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Frames,
    Messages,
    Rows,
    Images,
    Steps,
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Unit::Frames => "frames",
            Unit::Messages => "messages",
            Unit::Rows => "rows",
            Unit::Images => "images",
            Unit::Steps => "steps",
        }
    }
}

/// Somebody who is told what goes on.
pub trait Progress: Send + Sync + Debug {
    fn start(&self, start: JobStart) -> Box<dyn Meter>;
}

/// The progress of one job on one recording.
pub trait Meter: Send + Sync {
    /// So many more units are done, and the input is read up to this byte.
    fn advance(&self, units: u64, bytes_read: u64);
    fn skipped(&self, skip: &Skip);
    /// A line of the job's own, a result rather than news.
    fn say(&self, line: &str);
    fn finish(&self, report: &Report);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: JobStart) -> Box<dyn Meter> {
        Box::new(Silent)
    }
}

impl Meter for Silent {
    fn advance(&self, _: u64, _: u64) {}
    fn skipped(&self, _: &Skip) {}
    fn say(&self, _: &str) {}
    fn finish(&self, _: &Report) {}
}
