//! One number for "made like this": the same settings and input give the same
//! revision, so a shard that carries it needs no second look.

use sha2::{Digest, Sha256};

use roadloop_base::FrameRow;
use roadloop_catalog::Revision;

/// Collects what a stage's result depends on.
#[derive(Clone)]
pub(crate) struct RevisionBuilder(Sha256);

impl RevisionBuilder {
    /// `format` changes when the stage's own code starts to give other results.
    pub(crate) fn new(stage: &str, format: u32) -> RevisionBuilder {
        RevisionBuilder(Sha256::new()).and(stage).and(&format.to_string())
    }

    #[must_use]
    pub(crate) fn and(mut self, part: &str) -> RevisionBuilder {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
        self
    }

    /// The revision of a shard that holds these frames.
    pub(crate) fn of_frames<'a>(
        mut self,
        rows: impl IntoIterator<Item = &'a FrameRow>,
    ) -> Revision {
        for row in rows {
            self.0.update(row.id.sequence.to_le_bytes());
        }
        let digest = self.0.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Revision((u64::from_le_bytes(first) >> 1) as i64)
    }
}
