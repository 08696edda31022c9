//! What is kept of a run while it goes on: rows, lines, how it stands; and its checkpoint.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::card::{MetricRow, RunStatus};
use crate::{RunFiles, TrainError};

/// Rows and lines, as they will be put.
pub(super) struct Kept<'a> {
    files: &'a dyn RunFiles,
    rows: Vec<MetricRow>,
    lines: String,
    /// Whether something is to be put.
    has_rows: bool,
    has_lines: bool,
}

const METRICS: &str = "metrics.jsonl";
const LOG: &str = "log.txt";

impl<'a> Kept<'a> {
    /// With what an earlier sitting kept.
    pub(super) fn open(files: &'a dyn RunFiles) -> Result<Kept<'a>, TrainError> {
        let text = get(files, METRICS)?.unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        // A row that cannot be read is one that was.
        let rows = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let log = get(files, LOG)?.unwrap_or_default();
        let lines = String::from_utf8_lossy(&log).into_owned();
        Ok(Kept { files, rows, lines, has_rows: false, has_lines: false })
    }

    /// What came after the checkpoint will come again.
    pub(super) fn forget_after(&mut self, step: u64) {
        self.rows.retain(|row| row.step <= step);
        self.has_rows = true;
    }

    pub(super) fn row(&mut self, row: MetricRow) {
        self.rows.push(row);
        self.has_rows = true;
    }

    pub(super) fn rows_of(&self, epoch: u32) -> impl Iterator<Item = &MetricRow> {
        self.rows.iter().filter(move |row| row.epoch == epoch)
    }

    pub(super) fn line(&mut self, line: &str) {
        self.lines.push_str(line);
        self.lines.push('\n');
        self.has_lines = true;
    }

    /// Puts what is new; how the run stands comes last.
    pub(super) fn put(&mut self, status: &RunStatus) -> Result<(), TrainError> {
        if self.has_rows {
            let mut text = Vec::new();
            for row in &self.rows {
                serde_json::to_writer(&mut text, row).map_err(TrainError::Text)?;
                text.push(b'\n');
            }
            put(self.files, METRICS, text)?;
            self.has_rows = false;
        }
        if self.has_lines {
            put(self.files, LOG, self.lines.clone().into_bytes())?;
            self.has_lines = false;
        }
        let text = serde_json::to_vec_pretty(status).map_err(TrainError::Text)?;
        put(self.files, "status.json", text)
    }
}

/// Everything the next step depends on.
///
/// `RLCP`, a version, the length of what is said in JSON (u32, little endian), that, and the
/// state of the learner to the end.
pub(super) struct Checkpoint {
    pub(super) status: RunStatus,
    pub(super) epoch_sums: BTreeMap<String, f64>,
    pub(super) epoch_steps: u64,
    pub(super) state: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    status: RunStatus,
    epoch_sums: BTreeMap<String, f64>,
    epoch_steps: u64,
}

const MAGIC: &[u8; 4] = b"RLCP";
const VERSION: u8 = 1;

impl Checkpoint {
    pub(super) const NAME: &'static str = "last.ckpt";

    pub(super) fn into_bytes(self) -> Result<Vec<u8>, TrainError> {
        let Checkpoint { status, epoch_sums, epoch_steps, state } = self;
        let head = Head { status, epoch_sums, epoch_steps };
        let head = serde_json::to_vec(&head).map_err(TrainError::Text)?;
        let length = head.len() as u32;
        let parts: [&[u8]; 5] = [MAGIC, &[VERSION], &length.to_le_bytes(), &head, &state];
        Ok(parts.concat())
    }

    /// `None` where the run has none yet.
    pub(super) fn read(files: &dyn RunFiles) -> Result<Option<Checkpoint>, TrainError> {
        let Some(bytes) = get(files, Checkpoint::NAME)? else { return Ok(None) };
        Checkpoint::parse(&bytes).map(Some).ok_or(TrainError::DamagedCheckpoint)
    }

    fn parse(bytes: &[u8]) -> Option<Checkpoint> {
        let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&[VERSION])?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (head, state) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let Head { status, epoch_sums, epoch_steps } = serde_json::from_slice(head).ok()?;
        Some(Checkpoint { status, epoch_sums, epoch_steps, state: state.to_vec() })
    }
}

fn get(files: &dyn RunFiles, name: &str) -> Result<Option<Vec<u8>>, TrainError> {
    files.get(name).map_err(|source| TrainError::Keep { name: name.to_owned(), source })
}

fn put(files: &dyn RunFiles, name: &str, bytes: Vec<u8>) -> Result<(), TrainError> {
    files.put(name, bytes).map_err(|source| TrainError::Keep { name: name.to_owned(), source })
}
