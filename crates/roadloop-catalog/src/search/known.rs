//! What is known of the tables as a whole: how many frames there are, which
//! labels. Every question needs some of it besides its own rows, and it holds
//! for as long as the tables stay as they are.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::session::Versions;

/// More answers are forgotten: of questions about very many recordings.
const MOST_ANSWERS: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Of `frames` and of `detections`.
    versions: (u64, u64),
    numbers: HashMap<String, u64>,
    texts: HashMap<String, BTreeSet<String>>,
}

impl Known {
    pub(super) fn number(&self, versions: &Versions, query: &str) -> Option<u64> {
        self.of(versions)?.numbers.get(query).copied()
    }

    pub(super) fn texts(&self, versions: &Versions, query: &str) -> Option<BTreeSet<String>> {
        self.of(versions)?.texts.get(query).cloned()
    }

    pub(super) fn keep_number(&self, versions: &Versions, query: &str, number: u64) {
        if let Some(mut kept) = self.of(versions) {
            kept.numbers.insert(query.to_owned(), number);
        }
    }

    pub(super) fn keep_texts(&self, versions: &Versions, query: &str, texts: &BTreeSet<String>) {
        if let Some(mut kept) = self.of(versions) {
            kept.texts.insert(query.to_owned(), texts.clone());
        }
    }

    /// What is known of these versions; nothing is of those that were replaced.
    fn of(&self, versions: &Versions) -> Option<MutexGuard<'_, Kept>> {
        let asked = versions.of_frames_and_detections()?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.versions > asked {
            return None;
        }
        if kept.versions < asked || kept.numbers.len() + kept.texts.len() > MOST_ANSWERS {
            *kept = Kept { versions: asked, ..Kept::default() };
        }
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(frames: u64, detections: u64) -> Versions {
        let versions = Versions::default();
        versions.note("frames", frames);
        versions.note("detections", detections);
        versions
    }

    #[test]
    fn newer_tables_are_asked_anew() {
        let known = Known::default();
        let (old, new) = (versions(3, 4), versions(3, 5));
        let names = BTreeSet::from(["car".to_owned()]);
        known.keep_number(&old, "how many", 7);
        known.keep_texts(&old, "which", &names);
        assert_eq!(known.number(&old, "how many"), Some(7));
        assert_eq!(known.texts(&old, "which"), Some(names));
        assert_eq!(known.number(&old, "others"), None);
        assert_eq!(known.number(&new, "how many"), None);
        known.keep_number(&new, "how many", 8);
        // Whoever still reads what was before may not say what is.
        known.keep_number(&old, "how many", 7);
        assert_eq!(known.number(&new, "how many"), Some(8));
        assert_eq!(known.number(&Versions::default(), "how many"), None);
    }
}
