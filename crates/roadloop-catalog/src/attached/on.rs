//! What rows are joined by: which column of a file says it, and what its cells
//! mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use deltalake::arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray};

use roadloop_base::{Nanos, Position};

use super::instant::{self, Unit};
use super::joining::{Joining, Key, Nearest};
use crate::rows::date_of;

/// What a row is joined by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    Time,
    Latitude,
    Longitude,
    Key(Key),
}

impl On {
    pub fn name(self) -> &'static str {
        match self {
            On::Time => "time",
            On::Latitude => "latitude",
            On::Longitude => "longitude",
            On::Key(key) => key.name(),
        }
    }

    /// Names by which its column is known, the likeliest first.
    pub(crate) fn usual(self) -> &'static [&'static str] {
        match self {
            On::Time => &[
                "time",
                "timestamp",
                "t",
                "stamp",
                "taken_at",
                "taken_at_ns",
                "datetime",
                "date_time",
                "time_utc",
                "utc",
                "ts",
            ],
            On::Latitude => &["latitude", "lat"],
            On::Longitude => &["longitude", "lon", "lng", "long"],
            On::Key(Key::Recording) => &["recording", "recording_id"],
            On::Key(Key::Camera) => &["camera"],
            On::Key(Key::Sequence) => &["sequence", "seq"],
            On::Key(Key::Image) => &["image", "image_key", "file", "filename", "file_name", "path"],
            On::Key(Key::Topic) => &["topic"],
            On::Key(Key::Date) => &["date", "day"],
        }
    }

    /// Its column in the stored rows. No value's name holds a `.`.
    pub(crate) fn stored(self) -> String {
        format!("on.{}", self.name())
    }
}

/// What a way to join needs of a file.
pub(crate) fn wanted(joining: &Joining) -> Vec<On> {
    let nearest: &[On] = match joining.nearest {
        Some(Nearest::TimeWithinNs(_)) => &[On::Time],
        Some(Nearest::PositionWithinM(_)) => &[On::Latitude, On::Longitude],
        None => &[],
    };
    nearest.iter().copied().chain(joining.keys.iter().map(|key| On::Key(*key))).collect()
}

/// One thing that rows are joined by, as the cells of its column say it.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) on: On,
    /// Null where a cell does not say it.
    pub(crate) values: ArrayRef,
    /// How the column was read, where there is a choice.
    pub(crate) note: Option<String>,
    texts: StringArray,
    expected: String,
}

impl Joined {
    pub(crate) fn read(on: On, texts: StringArray) -> Joined {
        let (values, expected, note): (ArrayRef, _, _) = match on {
            On::Time => {
                let unit = unit_of(&texts);
                let values = texts.iter().map(|text| time(text?, unit)).collect::<Int64Array>();
                let (expected, note) = match unit {
                    Some(unit) => (
                        format!("a number of {unit} since 1970, as the others"),
                        format!("in {unit} since 1970"),
                    ),
                    None => (
                        "an ISO time, as 2026-05-04T09:30:00Z, or a number since 1970".to_owned(),
                        "ISO, UTC where it names no zone".to_owned(),
                    ),
                };
                (Arc::new(values), expected, Some(note))
            }
            On::Latitude | On::Longitude => {
                let place = |degrees| match on {
                    On::Latitude => Position::new(degrees, 0.0, None),
                    _ => Position::new(0.0, degrees, None),
                };
                let number = |text: &str| text.parse::<f64>().ok();
                let degrees = |text| number(text).filter(|degrees| place(*degrees).is_some());
                let values = texts.iter().map(|text| degrees(text?)).collect::<Float64Array>();
                (Arc::new(values), "degrees".to_owned(), None)
            }
            On::Key(key) => {
                let values = texts.iter().map(|text| key_text(key, text?)).collect::<StringArray>();
                let expected = match key {
                    Key::Sequence => "a number from 0",
                    Key::Date => "a day, as 2026-05-04",
                    _ => "a name",
                };
                (Arc::new(values), expected.to_owned(), None)
            }
        };
        Joined { on, values, note, texts, expected }
    }

    /// Why a row cannot be joined, where it cannot.
    pub(crate) fn fault(&self, row: usize) -> Option<String> {
        if self.values.is_valid(row) {
            return None;
        }
        let what = match self.on {
            On::Latitude | On::Longitude => "position",
            on => on.name(),
        };
        if self.texts.is_null(row) {
            return Some(format!("it has no {what}"));
        }
        let text = self.texts.value(row);
        let short: String = text.chars().take(40).collect();
        let more = if short.len() < text.len() { "…" } else { "" };
        Some(format!("the {what} {short:?}{more} is not {}", self.expected))
    }
}

/// What most cells of a time column count; `None` where most are ISO texts.
fn unit_of(texts: &StringArray) -> Option<Unit> {
    let mut units = BTreeMap::<Unit, u64>::new();
    let mut isos = 0;
    for text in texts.iter().flatten() {
        match Unit::of(text) {
            Some(unit) => *units.entry(unit).or_default() += 1,
            None => isos += u64::from(instant::iso(text).is_some()),
        }
    }
    let numbers: u64 = units.values().sum();
    let most = units.into_iter().max_by_key(|(_, count)| *count).map(|(unit, _)| unit);
    most.filter(|_| numbers > isos)
}

fn time(text: &str, unit: Option<Unit>) -> Option<i64> {
    match unit {
        Some(unit) if Unit::of(text) == Some(unit) => unit.nanos(text),
        Some(_) => None,
        None => instant::iso(text),
    }
}

/// A key as frames have it.
fn key_text(key: Key, text: &str) -> Option<String> {
    match key {
        Key::Sequence => sequence(text),
        Key::Image => Some(image(text)),
        Key::Date => instant::iso(text).map(|nanos| date_of(Nanos(nanos))),
        Key::Recording | Key::Camera | Key::Topic => Some(text.to_owned()),
    }
}

/// `7`, and `7.0` as tables of floats have it.
fn sequence(text: &str) -> Option<String> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    whole.parse::<u32>().ok().map(|number| number.to_string())
}

/// What a path says of an image, whatever folder it lies in: its recording,
/// camera and name, or the name alone; without the ending, which a copy of it
/// may have another one of.
pub(crate) fn image(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    let [.., name] = parts[..] else { return String::new() };
    let name = match name.rsplit_once('.') {
        Some((stem, "jpg" | "jpeg" | "png" | "webp")) => stem,
        _ => name,
    };
    match parts[..] {
        [.., recording, camera, _] => format!("{recording}/{camera}/{name}"),
        _ => name.to_owned(),
    }
}

/// The keys of a row as one text.
pub(crate) fn key_of<'a>(columns: impl Iterator<Item = &'a ArrayRef>, row: usize) -> String {
    let mut key = String::new();
    for column in columns {
        let text = column.as_string_opt::<i32>().map_or("", |texts| texts.value(row));
        key += &key_part(text);
    }
    key
}

/// Its length before it: (`ab`, `c`) is not (`a`, `bc`).
pub(crate) fn key_part(text: &str) -> String {
    format!("{}:{text}", text.len())
}
