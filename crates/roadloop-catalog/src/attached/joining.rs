//! How rows of a source and frames find each other.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::AttachError;

/// What a row and its frame have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Key {
    Recording,
    Camera,
    Sequence,
    Image,
    Topic,
    Date,
}

impl Key {
    pub const ALL: [Key; 6] =
        [Key::Recording, Key::Camera, Key::Sequence, Key::Image, Key::Topic, Key::Date];

    pub fn name(self) -> &'static str {
        match self {
            Key::Recording => "recording",
            Key::Camera => "camera",
            Key::Sequence => "sequence",
            Key::Image => "image",
            Key::Topic => "topic",
            Key::Date => "date",
        }
    }
}

/// What a row is near to, and how near it must be; that far is near enough.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nearest {
    TimeWithinNs(u64),
    PositionWithinM(f64),
}

/// Each frame takes the nearest row in time or place, of those that share its
/// keys; or, without anything to be near to, the row that shares its keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Joining {
    pub nearest: Option<Nearest>,
    /// In the order of [`Key::ALL`], each once.
    pub keys: Vec<Key>,
}

const TIMES: [(&str, u64); 14] = [
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("sec", 1_000_000_000),
    ("second", 1_000_000_000),
    ("seconds", 1_000_000_000),
    ("min", 60_000_000_000),
    ("minute", 60_000_000_000),
    ("minutes", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("hour", 3_600_000_000_000),
    ("hours", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("day", 86_400_000_000_000),
    ("days", 86_400_000_000_000),
];

impl Joining {
    /// From `time,recording` and `10min`; `position` and `250m`; or keys alone.
    pub fn parse(on: &[String], within: Option<&str>) -> Result<Joining, AttachError> {
        let bad = |reason: String| AttachError::BadJoining { text: on.join(","), reason };
        let (mut is_time, mut is_position) = (false, false);
        let mut keys = Vec::new();
        for word in on {
            let word = word.trim().to_ascii_lowercase();
            let is_again = match word.as_str() {
                "time" => std::mem::replace(&mut is_time, true),
                "position" => std::mem::replace(&mut is_position, true),
                _ => {
                    let Some(key) = Key::ALL.into_iter().find(|key| key.name() == word) else {
                        let keys = Key::ALL.map(Key::name).join(", ");
                        let reason = format!("{word:?} is neither time, position, {keys}");
                        return Err(bad(reason));
                    };
                    keys.push(key);
                    keys.iter().filter(|there| **there == key).count() > 1
                }
            };
            if is_again {
                return Err(bad(format!("{word} is there twice")));
            }
        }
        keys.sort();
        let nearest = match (is_time, is_position, within) {
            (true, true, _) => {
                return Err(bad("a row is near in time or in position, not both".to_owned()));
            }
            (true, false, Some(text)) => Some(Nearest::TimeWithinNs(time(text).map_err(&bad)?)),
            (false, true, Some(text)) => {
                Some(Nearest::PositionWithinM(metres(text).map_err(&bad)?))
            }
            (true, false, None) => {
                return Err(bad("say how near in time: --within 10min".to_owned()));
            }
            (false, true, None) => return Err(bad("say how near: --within 250m".to_owned())),
            (false, false, Some(_)) => {
                return Err(bad("only time and position have something within".to_owned()));
            }
            (false, false, None) if keys.is_empty() => {
                return Err(bad("say what a row and its frame have in common".to_owned()));
            }
            (false, false, None) => None,
        };
        Ok(Joining { nearest, keys })
    }

    /// The words of `--on`.
    pub fn on(&self) -> Vec<&'static str> {
        let nearest = self.nearest.map(|nearest| match nearest {
            Nearest::TimeWithinNs(_) => "time",
            Nearest::PositionWithinM(_) => "position",
        });
        nearest.into_iter().chain(self.keys.iter().map(|key| key.name())).collect()
    }

    /// The word of `--within`.
    pub fn within(&self) -> Option<String> {
        Some(match self.nearest? {
            Nearest::TimeWithinNs(ns) => time_in_words(ns),
            Nearest::PositionWithinM(metres) => format!("{metres}m"),
        })
    }
}

/// `nearest in time within 10min, of the same recording`.
impl fmt::Display for Joining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.keys.iter().map(|key| key.name()).collect();
        let keys = keys.join(", ");
        let near = match self.nearest {
            Some(Nearest::TimeWithinNs(_)) => "nearest in time",
            Some(Nearest::PositionWithinM(_)) => "nearest by position",
            None => return write!(f, "by {keys}"),
        };
        write!(f, "{near} within {}", self.within().unwrap_or_default())?;
        if keys.is_empty() { Ok(()) } else { write!(f, ", of the same {keys}") }
    }
}

/// A number and the unit behind it.
fn measure(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    number.is_finite().then_some((number, text[end..].trim()))
}

fn time(text: &str) -> Result<u64, String> {
    let expected =
        || format!("--within {text:?} is no stretch of time, as 500ms, 5s, 10min, 2h or 1d");
    let (number, unit) = measure(text).ok_or_else(expected)?;
    if unit == "m" {
        return Err(format!("--within {text:?} is in metres; minutes are written {number}min"));
    }
    let (_, ns) = TIMES.into_iter().find(|(name, _)| *name == unit).ok_or_else(expected)?;
    Ok((number * ns as f64).round() as u64)
}

fn metres(text: &str) -> Result<f64, String> {
    let expected = || format!("--within {text:?} is no distance, as 250m or 2km");
    let (number, unit) = measure(text).ok_or_else(expected)?;
    match unit {
        "m" => Ok(number),
        "km" => Ok(number * 1000.0),
        _ => Err(expected()),
    }
}

fn time_in_words(ns: u64) -> String {
    let units = [("d", 4), ("h", 3), ("min", 2), ("s", 1)];
    let size = [1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000, 86_400_000_000_000];
    for (name, index) in units {
        if ns > 0 && ns.is_multiple_of(size[index]) {
            return format!("{}{name}", ns / size[index]);
        }
    }
    format!("{}ms", ns as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(on: &str, within: Option<&str>, expected: &str) {
        let on: Vec<String> = on.split(',').map(str::to_owned).collect();
        let got = match Joining::parse(&on, within) {
            Ok(joining) => {
                // What is said of it is what it is read from.
                let words: Vec<String> = joining.on().into_iter().map(str::to_owned).collect();
                let again = Joining::parse(&words, joining.within().as_deref()).unwrap();
                assert_eq!(again, joining);
                joining.to_string()
            }
            Err(error) => format!("error: {error}"),
        };
        assert!(got.ends_with(expected), "{got}");
    }

    #[test]
    fn joins_in_words() {
        check("time", Some("10min"), "nearest in time within 10min");
        check("recording,time", Some("1.5s"), "within 1500ms, of the same recording");
        check("time", Some("90min"), "within 90min");
        check("time", Some("0s"), "within 0ms");
        check("time", Some("2 h"), "within 2h");
        check("position", Some("0.25km"), "nearest by position within 250m");
        check("Position,camera", Some("2.5m"), "within 2.5m, of the same camera");
        check("sequence,recording,camera", None, "by recording, camera, sequence");
    }

    #[test]
    fn what_cannot_be_meant_is_said() {
        check("time", None, "say how near in time: --within 10min");
        check("position", None, "say how near: --within 250m");
        check("time", Some("10m"), "is in metres; minutes are written 10min");
        check("time", Some("ten"), "is no stretch of time, as 500ms, 5s, 10min, 2h or 1d");
        check("time", Some("-1s"), "is no stretch of time, as 500ms, 5s, 10min, 2h or 1d");
        check("position", Some("10min"), "is no distance, as 250m or 2km");
        check("position", Some("1e999m"), "is no distance, as 250m or 2km");
        check("time,position", Some("1m"), "a row is near in time or in position, not both");
        check("time,time", Some("1s"), "time is there twice");
        check("camera,camera", None, "camera is there twice");
        check("camera", Some("1s"), "only time and position have something within");
        check(
            "",
            None,
            "\"\" is neither time, position, recording, camera, sequence, image, topic, date",
        );
    }
}
