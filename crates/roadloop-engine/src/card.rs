//! A recording's card: where it came from and which extractions of it are
//! whole. It lies beside the tables as `recordings/<id>.json`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use roadloop_base::{RecordingId, Report, Skip, Topic};
use roadloop_store::{Store, StoreError};

use crate::EngineError;

/// What is kept about a recording besides its frames.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Of this file's own layout.
    pub format: u32,
    pub id: RecordingId,
    /// The name that follows from its content, whatever name it was given.
    pub content: RecordingId,
    /// Path it was last read from, as given.
    pub source: String,
    /// `bag`, `mcap`, `rosbag2`.
    pub kind: String,
    pub size_bytes: u64,
    pub topics: Vec<Topic>,
    pub extractions: Vec<Extraction>,
}

/// One selection of frames that was extracted to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extraction {
    /// The selection in words: equal words, equal frames.
    pub selection: String,
    pub frames: u64,
    pub skipped: Vec<Skip>,
}

impl Card {
    pub const FORMAT: u32 = 1;

    fn key(recording: &RecordingId) -> String {
        format!("recordings/{recording}.json")
    }

    /// The card of a recording, when it has one.
    pub async fn load(store: &Store, recording: &RecordingId) -> Result<Option<Card>, EngineError> {
        let key = Card::key(recording);
        let bytes = match store.get(&key).await {
            Ok(bytes) => bytes,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|source| EngineError::Card { key, source })
    }

    pub(crate) async fn save(&self, store: &Store) -> Result<(), EngineError> {
        let key = Card::key(&self.id);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|source| EngineError::Card { key: key.clone(), source })?;
        Ok(store.put(&key, Bytes::from(text)).await?)
    }

    /// What an earlier, finished extraction of this selection did.
    pub(crate) fn finished(&self, selection: &str) -> Option<Report> {
        let found = self.extractions.iter().find(|done| done.selection == selection)?;
        Some(Report { done: 0, already_done: found.frames, skipped: found.skipped.clone() })
    }
}
