//! A task as Label Studio exports it, of which only what is read is held.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use super::super::values::Attributes;

#[derive(Debug, Deserialize)]
pub(super) struct Task {
    pub(super) id: Option<Id>,
    pub(super) data: Attributes,
    pub(super) annotations: Option<Vec<Annotation>>,
    pub(super) predictions: Option<Vec<IgnoredAny>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Number(i64),
    Text(String),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Number(number) => number.fmt(f),
            Id::Text(text) => crate::error::shown(text).fmt(f),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Annotation {
    pub(super) result: Option<Vec<Region>>,
    pub(super) was_cancelled: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Region {
    pub(super) r#type: Option<String>,
    pub(super) original_width: Option<f64>,
    pub(super) original_height: Option<f64>,
    pub(super) image_rotation: Option<f64>,
    pub(super) value: Option<Value>,
    pub(super) score: Option<f64>,
    pub(super) meta: Option<Meta>,
}

/// Of all types of regions; what is not a box's is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Value {
    pub(super) x: Option<f64>,
    pub(super) y: Option<f64>,
    pub(super) width: Option<f64>,
    pub(super) height: Option<f64>,
    pub(super) rotation: Option<f64>,
    pub(super) rectanglelabels: Option<Vec<String>>,
}

/// `text` is what Label Studio has there itself.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub(super) attributes: Attributes,
}

/// A list of tasks, each given away before the next one is read.
pub(super) struct Tasks<F>(pub(super) F);

impl<'de, F: FnMut(Task) -> Result<(), String>> DeserializeSeed<'de> for Tasks<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Task) -> Result<(), String>> Visitor<'de> for Tasks<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tasks")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut number = 0_u64;
        loop {
            number += 1;
            let task = seq
                .next_element::<Task>()
                .map_err(|error| A::Error::custom(format!("task {number}: {error}")))?;
            let Some(task) = task else { return Ok(()) };
            let id = task.id.as_ref().map(|id| format!(" (id {id})")).unwrap_or_default();
            let taken = (self.0)(task);
            taken.map_err(|reason| A::Error::custom(format!("task {number}{id}: {reason}")))?;
        }
    }
}
