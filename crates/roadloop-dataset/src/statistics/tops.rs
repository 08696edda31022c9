//! What there is most of.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use crate::DatasetError;
use crate::formats::MOST_IMAGES;

/// Shown of each.
const SHOWN: usize = 20;

/// In pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSize {
    pub width: u32,
    pub height: u32,
    pub images: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedCount {
    pub name: String,
    pub images: u64,
}

#[derive(Debug)]
pub(super) struct Counted<T> {
    counts: HashMap<T, u64>,
}

impl<T> Default for Counted<T> {
    fn default() -> Counted<T> {
        Counted { counts: HashMap::new() }
    }
}

impl<T: Clone + Hash + Ord> Counted<T> {
    pub(super) fn add(&mut self, value: T) -> Result<(), DatasetError> {
        if self.counts.len() as u64 >= MOST_IMAGES {
            return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
        }
        *self.counts.entry(value).or_default() += 1;
        Ok(())
    }

    /// Copies only what is new.
    pub(super) fn add_by_ref(&mut self, value: &T) -> Result<(), DatasetError> {
        match self.counts.get_mut(value) {
            Some(count) => *count += 1,
            None => self.add(value.clone())?,
        }
        Ok(())
    }

    pub(super) fn different(&self) -> u64 {
        self.counts.len() as u64
    }

    /// The most frequent first, equal ones in their own order.
    pub(super) fn most_frequent(self) -> Vec<(T, u64)> {
        let mut all: Vec<(T, u64)> = self.counts.into_iter().collect();
        all.sort_by(|(one, ones), (other, others)| {
            (Reverse(ones), one).cmp(&(Reverse(others), other))
        });
        all.truncate(SHOWN);
        all
    }
}
