//! A recording's card: where it came from and which extractions of it are
//! whole. It lies beside the tables as `recordings/<id>.json`.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use roadloop_bag::Recording;
use roadloop_base::{RecordingId, Report, Skip, Stage, Topic};
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
    /// Videos and tables; cards of before have none.
    #[serde(default)]
    pub files: Vec<Files>,
}

/// One selection of frames that was extracted to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extraction {
    /// The selection in words: equal words, equal frames.
    pub selection: String,
    pub frames: u64,
    pub skipped: Vec<Skip>,
}

/// The files a stage wrote, when it was last at its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Files {
    pub stage: Stage,
    /// What they were made of, in words.
    pub made_of: String,
    /// Names in the stage's folder of the recording.
    pub files: Vec<String>,
    /// Frames of videos, rows of tables.
    pub done: u64,
    pub skipped: Vec<Skip>,
}

impl Card {
    pub const FORMAT: u32 = 1;

    const FOLDER: &str = "recordings";

    fn key(recording: &RecordingId) -> String {
        format!("{}/{recording}.json", Card::FOLDER)
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

    /// Whether this is the card of a recording with that content, wherever it
    /// lay. Eight digits are too few to tell a fleet's recordings apart; with
    /// the size they are not.
    pub(crate) fn is_of(&self, content: &RecordingId, size_bytes: u64) -> bool {
        self.content.has_content_of(content) && self.size_bytes == size_bytes
    }

    /// The card of a recording with this content, whatever it is called. Costs
    /// a listing; recordings that were given a name are not looked for.
    pub(crate) async fn find(
        store: &Store,
        content: &RecordingId,
        size_bytes: u64,
    ) -> Result<Option<Card>, EngineError> {
        for listed in store.list(Card::FOLDER).await? {
            let name = listed.key.rsplit('/').next().and_then(|file| file.strip_suffix(".json"));
            let Some(id) = name.and_then(|name| RecordingId::new(name).ok()) else { continue };
            if !id.has_content_of(content) {
                continue;
            }
            let card = Card::load(store, &id).await?;
            if card.as_ref().is_some_and(|card| card.is_of(content, size_bytes)) {
                return Ok(card);
            }
        }
        Ok(None)
    }

    /// Changes the card of a recording, made where it has none; what other stages
    /// note on it meanwhile stays. `content` is the name its content gives it.
    pub(crate) async fn change(
        store: &Store,
        recording: &Recording,
        content: &RecordingId,
        mut change: impl FnMut(&mut Card),
    ) -> Result<(), EngineError> {
        let key = Card::key(recording.id());
        let unreadable = |source| EngineError::Card { key: key.clone(), source };
        let update = |found: Option<Bytes>| {
            let earlier: Option<Card> = match found {
                Some(bytes) => Some(serde_json::from_slice(&bytes).map_err(unreadable)?),
                None => None,
            };
            if let Some(card) = &earlier
                && !card.is_of(content, recording.size_bytes())
            {
                return Err(EngineError::NameTaken {
                    name: card.id.to_string(),
                    source_path: card.source.clone(),
                });
            }
            let mut card = Card::of(recording, content.clone(), earlier);
            change(&mut card);
            Ok(Some(Bytes::from(serde_json::to_vec_pretty(&card).map_err(unreadable)?)))
        };
        store.update(&key, update).await
    }

    fn of(recording: &Recording, content: RecordingId, earlier: Option<Card>) -> Card {
        let (extractions, files) =
            earlier.map(|card| (card.extractions, card.files)).unwrap_or_default();
        Card {
            format: Card::FORMAT,
            id: recording.id().clone(),
            content,
            source: recording.path().display().to_string(),
            kind: recording.format().to_string(),
            size_bytes: recording.size_bytes(),
            topics: recording.topics().to_vec(),
            extractions,
            files,
        }
    }

    /// A stage's files, where they are made of this.
    pub(crate) fn files_of(&self, stage: Stage, made_of: &str) -> Option<&Files> {
        self.files.iter().find(|files| files.stage == stage && files.made_of == made_of)
    }

    /// What an earlier, finished extraction of this selection did.
    pub(crate) fn finished(&self, selection: &str) -> Option<Report> {
        let found = self.extractions.iter().find(|done| done.selection == selection)?;
        Some(Report { done: 0, already_done: found.frames, skipped: found.skipped.clone() })
    }
}
