//! Our types in columns. What does not fit was not written by us: an error of that
//! cell or of the file, never a panic.
//!
//! Boxes are kept as short lists, `["car",1,2,30,40,null,[]]`: a job of 100,000 tasks
//! has tens of millions.

use std::str::FromStr;

use roadloop_base::{Camera, DrawnBox, FrameId, PixelBox, RecordingId};
use rusqlite::Row;
use rusqlite::types::Type;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::task::Answer;
use crate::{LabelError, Verdict};

/// Whose cell is read, for who has to find it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of<'a> {
    pub(crate) job: &'a str,
    /// 0: of the job itself.
    pub(crate) number: u64,
}

impl Of<'_> {
    pub(crate) fn damaged(
        self,
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> LabelError {
        let of = match self.number {
            0 => "the settings".to_owned(),
            number => format!("task {number}"),
        };
        LabelError::DamagedCell { job: self.job.to_owned(), of, what, source: source.into() }
    }

    pub(crate) fn json<T: DeserializeOwned>(
        self,
        what: &'static str,
        text: &str,
    ) -> Result<T, LabelError> {
        serde_json::from_str(text).map_err(|error| self.damaged(what, error))
    }

    pub(crate) fn json_if_any<T: DeserializeOwned>(
        self,
        what: &'static str,
        text: Option<String>,
    ) -> Result<Option<T>, LabelError> {
        text.map(|text| self.json(what, &text)).transpose()
    }

    pub(crate) fn boxes(self, what: &'static str, text: &str) -> Result<Vec<DrawnBox>, LabelError> {
        let packed: Vec<Packed> = self.json(what, text)?;
        let boxes = packed.into_iter().map(Packed::unpack).collect::<Option<_>>();
        boxes.ok_or_else(|| self.damaged(what, "a box has no inside"))
    }

    pub(crate) fn boxes_if_any(
        self,
        what: &'static str,
        text: Option<String>,
    ) -> Result<Option<Vec<DrawnBox>>, LabelError> {
        text.map(|text| self.boxes(what, &text)).transpose()
    }

    pub(crate) fn answer(
        self,
        what: &'static str,
        text: Option<String>,
    ) -> Result<Option<Answer>, LabelError> {
        let Some(text) = text else { return Ok(None) };
        Ok(Some(if text.starts_with('[') {
            Answer::Boxes(self.boxes(what, &text)?)
        } else {
            Answer::Verdict(self.json::<Verdict>(what, &text)?)
        }))
    }
}

#[derive(Serialize, Deserialize)]
struct Packed(String, f64, f64, f64, f64, Option<f32>, Vec<String>);

impl Packed {
    fn unpack(self) -> Option<DrawnBox> {
        let Packed(label, left, top, width, height, confidence, tags) = self;
        let pixels = PixelBox::new(left, top, width, height)?;
        Some(DrawnBox { label, pixels, confidence, tags })
    }
}

/// As [`Packed`], without copies.
#[derive(Serialize)]
struct Packing<'a>(&'a str, f64, f64, f64, f64, Option<f32>, &'a [String]);

impl Packing<'_> {
    fn of(drawn: &DrawnBox) -> Packing<'_> {
        let DrawnBox { label, pixels, confidence, tags } = drawn;
        let [left, top] = [pixels.left(), pixels.top()];
        Packing(label, left, top, pixels.width(), pixels.height(), *confidence, tags)
    }
}

pub(crate) fn pack_boxes(boxes: &[DrawnBox]) -> Result<String, LabelError> {
    let boxes: Vec<Packing<'_>> = boxes.iter().map(Packing::of).collect();
    Ok(serde_json::to_string(&boxes)?)
}

pub(crate) fn pack_answer(answer: &Answer) -> Result<String, LabelError> {
    match answer {
        Answer::Boxes(boxes) => pack_boxes(boxes),
        Answer::Verdict(verdict) => Ok(serde_json::to_string(verdict)?),
    }
}

/// A text that says what it is.
pub(crate) fn parsed<T: FromStr>(row: &Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error: T::Err| unfit(row, column, error))
}

/// The error for a cell of that column.
pub(crate) fn unfit(
    row: &Row<'_>,
    column: &str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    let place = row.as_ref().column_index(column).unwrap_or(0);
    rusqlite::Error::FromSqlConversionFailure(place, Type::Text, error.into())
}

/// From `recording`, `camera` and `sequence`.
pub(crate) fn frame(row: &Row<'_>) -> rusqlite::Result<Option<FrameId>> {
    let Some(sequence) = row.get("sequence")? else { return Ok(None) };
    let (recording, camera): (String, String) = (row.get("recording")?, row.get("camera")?);
    let recording = RecordingId::new(recording).map_err(|e| unfit(row, "recording", e))?;
    let camera = Camera::new(camera).map_err(|e| unfit(row, "camera", e))?;
    Ok(Some(FrameId { recording, camera, sequence }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OF: Of<'_> = Of { job: "street", number: 7 };

    fn drawn(label: &str, sides: [f64; 4]) -> DrawnBox {
        let pixels = PixelBox::new(sides[0], sides[1], sides[2], sides[3]).unwrap();
        DrawnBox { label: label.into(), pixels, confidence: Some(0.1), tags: vec!["a".into()] }
    }

    #[test]
    fn boxes_are_short() {
        let boxes = [drawn("car", [1.0, 2.5, 30.0, 40.0]), drawn("\"", [0.0, 0.0, 1.0, 1.0])];
        let text = pack_boxes(&boxes).unwrap();
        assert_eq!(
            text,
            r#"[["car",1.0,2.5,30.0,40.0,0.1,["a"]],["\"",0.0,0.0,1.0,1.0,0.1,["a"]]]"#
        );
        assert_eq!(OF.boxes("draft", &text).unwrap(), boxes);
        assert_eq!(pack_boxes(&[]).unwrap(), "[]");
    }

    #[track_caller]
    fn check_damaged(text: &str, expected: &str) {
        let error = OF.answer("draft", Some(text.to_owned())).unwrap_err().to_string();
        assert!(error.contains("draft of task 7 of job street"), "{error}");
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_damaged_cell_names_its_task() {
        check_damaged("", "EOF");
        check_damaged("[[", "EOF");
        check_damaged(r#"[["car",1,2,0,4,null,[]]]"#, "no inside");
        check_damaged(r#"[["car",1,2,1e999,4,null,[]]]"#, "out of range");
        check_damaged(&"[".repeat(100_000), "invalid type");
        check_damaged("{}", "is_good");
    }

    proptest! {
        #[test]
        fn any_boxes_come_back(
            sides in proptest::collection::vec((0.0..1e6f64, 0.0..1e6f64, 1e-6..1e6f64, 1e-6..1e6f64), 0..9),
            label in ".{0,20}",
        ) {
            let boxes: Vec<_> = sides.iter().map(|s| drawn(&label, [s.0, s.1, s.2, s.3])).collect();
            let answer = Answer::Boxes(boxes);
            let text = pack_answer(&answer).unwrap();
            prop_assert_eq!(OF.answer("draft", Some(text)).unwrap(), Some(answer));
        }
    }
}
