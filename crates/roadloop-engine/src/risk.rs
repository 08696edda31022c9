//! At which frames a person should look after anonymisation: where something private may
//! have been missed.
//!
//! Nobody knows what was missed; three things are known that go with it. A model that was
//! unsure of what it hid is unsure of what it did not. Where a person stands and no face
//! is hidden in the upper part of the box, or a vehicle and no plate, one may be there.
//! And what is hidden in the frames before and after is rarely gone in between.

use roadloop_base::{BBox, Detection, FrameId, Kind, RecordingId};
use roadloop_catalog::FrameDetections;

use crate::{Ctx, EngineError};

/// What was hidden with less confidence counts as unsure.
const UNSURE: f32 = 0.5;
/// A person that is smaller, as a share of the image's height, has no face to be known by.
const PERSON_HEIGHT: f32 = 0.08;
/// The same of a vehicle's height and its plate.
const VEHICLE_HEIGHT: f32 = 0.06;
/// Of persons and vehicles that are less sure, nothing is expected.
const EXPECTED_FROM: f32 = 0.5;

/// What each thing adds to the risk of a frame.
const OF_UNSURE: f32 = 0.5;
const OF_PERSON: f32 = 1.0;
const OF_VEHICLE: f32 = 0.4;
const OF_FLICKER: f32 = 1.5;

const VEHICLES: [&str; 5] = ["car", "truck", "bus", "motorcycle", "train"];

/// A frame and why it should be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    pub id: FrameId,
    /// The higher, the sooner; 0 is never in a list.
    pub score: f32,
    /// In words: `2 persons without a hidden face`.
    pub reasons: Vec<String>,
}

/// The frames of a recording to look at, the riskiest first, and what was gone through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Risks {
    pub frames: Vec<Risk>,
    /// Anonymised frames.
    pub anonymized: u64,
    /// Those of them on which nothing was hidden.
    pub without_any: u64,
    /// Frames with some risk, listed or not.
    pub risky: u64,
}

/// Goes through a recording, and keeps the riskiest.
pub async fn of_recording(
    ctx: &Ctx,
    recording: &RecordingId,
    most: usize,
) -> Result<Risks, EngineError> {
    let mut judge = Judge::default();
    ctx.catalog.each_looked_at(recording, |frame| judge.see(&frame)).await?;
    Ok(judge.verdict(most))
}

/// What is remembered of a frame until the one after the next is seen.
#[derive(Debug)]
struct Judged {
    id: FrameId,
    score: f32,
    reasons: Vec<String>,
    /// Faces and plates that were hidden.
    hidden: [usize; 2],
}

#[derive(Debug, Default)]
struct Judge {
    /// The last two frames of the camera that is gone through.
    before: Option<Judged>,
    last: Option<Judged>,
    all: Risks,
}

impl Judge {
    fn see(&mut self, frame: &FrameDetections) {
        if !frame.anonymized {
            return;
        }
        self.all.anonymized += 1;
        let private = |kind| frame.detections.iter().filter(move |found| found.kind == kind);
        if frame.detections.iter().all(|found| !found.kind.is_private()) {
            self.all.without_any += 1;
        }
        let mut judged = Judged {
            id: frame.id.clone(),
            score: 0.0,
            reasons: Vec::new(),
            hidden: [private(Kind::Face).count(), private(Kind::Plate).count()],
        };
        let unsure = frame.detections.iter().filter(|found| found.kind.is_private());
        let unsure = unsure.filter(|found| found.confidence < UNSURE).count();
        judged.add(
            OF_UNSURE,
            unsure,
            "hidden with little confidence",
            "hidden with little confidence",
        );
        let (persons, vehicles) = (bare(frame, Bare::Person), bare(frame, Bare::Vehicle));
        judged.add(
            OF_PERSON,
            persons,
            "person without a hidden face",
            "persons without a hidden face",
        );
        judged.add(
            OF_VEHICLE,
            vehicles,
            "vehicle without a hidden plate",
            "vehicles without a hidden plate",
        );
        let follows = |last: &Judged| {
            last.id.recording == judged.id.recording && last.id.camera == judged.id.camera
        };
        if !self.last.as_ref().is_some_and(follows) {
            self.finish();
        }
        if let (Some(before), Some(last)) = (&self.before, &mut self.last) {
            for (kind, name) in ["face", "plate"].into_iter().enumerate() {
                let around = before.hidden[kind].min(judged.hidden[kind]);
                let gone = around.saturating_sub(last.hidden[kind]);
                let what = format!("{name} hidden before and after, not here");
                last.add(OF_FLICKER, gone, &what, &what.replacen(name, &format!("{name}s"), 1));
            }
        }
        if let Some(before) = self.before.take() {
            self.keep(before);
        }
        self.before = self.last.replace(judged);
    }

    /// The camera has no more frames.
    fn finish(&mut self) {
        for judged in [self.before.take(), self.last.take()].into_iter().flatten() {
            self.keep(judged);
        }
    }

    fn keep(&mut self, Judged { id, score, reasons, .. }: Judged) {
        if score > 0.0 {
            self.all.risky += 1;
            self.all.frames.push(Risk { id, score, reasons });
        }
    }

    fn verdict(mut self, most: usize) -> Risks {
        self.finish();
        let order = |a: &Risk, b: &Risk| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id));
        self.all.frames.sort_by(order);
        self.all.frames.truncate(most);
        self.all
    }
}

impl Judged {
    fn add(&mut self, each: f32, count: usize, one: &str, several: &str) {
        if count > 0 {
            self.score += each * count as f32;
            self.reasons.push(format!("{count} {}", if count == 1 { one } else { several }));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bare {
    Person,
    Vehicle,
}

/// Persons or vehicles on which nothing was hidden where it ought to be.
fn bare(frame: &FrameDetections, what: Bare) -> usize {
    let (hidden, height) = match what {
        Bare::Person => (Kind::Face, PERSON_HEIGHT),
        Bare::Vehicle => (Kind::Plate, VEHICLE_HEIGHT),
    };
    let is_one = |found: &&Detection| {
        let is_named = match what {
            Bare::Person => found.label == "person",
            Bare::Vehicle => VEHICLES.contains(&found.label.as_str()),
        };
        found.kind == Kind::Object && is_named && found.confidence >= EXPECTED_FROM
    };
    let boxes = frame.detections.iter().filter(is_one).filter_map(|found| found.bbox);
    let large = boxes.filter(|bbox| bbox.height() >= height);
    let hides = |bbox: &BBox| {
        let private = frame.detections.iter().filter(|found| found.kind == hidden);
        private.filter_map(|found| found.bbox).any(|found| holds_middle(*bbox, found))
    };
    large.filter(|bbox| !hides(bbox)).count()
}

fn holds_middle(outer: BBox, inner: BBox) -> bool {
    let (x, y) = ((inner.left() + inner.right()) / 2.0, (inner.top() + inner.bottom()) / 2.0);
    (outer.left()..=outer.right()).contains(&x) && (outer.top()..=outer.bottom()).contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadloop_base::{Camera, ModelId};

    fn found(kind: Kind, label: &str, confidence: f32, sides: [f32; 4]) -> Detection {
        let [left, top, right, bottom] = sides;
        Detection {
            kind,
            label: label.to_owned(),
            confidence,
            bbox: BBox::from_ltrb(left, top, right, bottom),
            model: ModelId::new("m-1").unwrap(),
        }
    }

    fn frame(camera: &str, sequence: u32, detections: Vec<Detection>) -> FrameDetections {
        let id = FrameId {
            recording: RecordingId::new("drive-1").unwrap(),
            camera: Camera::new(camera).unwrap(),
            sequence,
        };
        FrameDetections { id, anonymized: true, looked_at: true, detections }
    }

    fn judged(frames: &[FrameDetections]) -> Risks {
        let mut judge = Judge::default();
        frames.iter().for_each(|frame| judge.see(frame));
        judge.verdict(100)
    }

    fn face(confidence: f32) -> Detection {
        found(Kind::Face, "face", confidence, [0.15, 0.12, 0.2, 0.18])
    }

    fn person() -> Detection {
        found(Kind::Object, "person", 0.9, [0.1, 0.1, 0.3, 0.8])
    }

    #[test]
    fn a_person_without_a_face_is_looked_at() {
        let risks = judged(&[
            frame("front", 0, vec![person(), face(0.9)]),
            frame("front", 1, vec![person()]),
            frame("front", 2, vec![]),
        ]);
        assert_eq!((risks.anonymized, risks.without_any, risks.risky), (3, 2, 1));
        assert_eq!(risks.frames[0].id.sequence, 1);
        assert_eq!(risks.frames[0].reasons, ["1 person without a hidden face"]);
        // Far away, and unsure.
        let small = found(Kind::Object, "person", 0.9, [0.1, 0.1, 0.12, 0.15]);
        let unsure = found(Kind::Object, "car", 0.3, [0.1, 0.1, 0.5, 0.8]);
        assert_eq!(judged(&[frame("front", 0, vec![small, unsure])]).risky, 0);
        let car = found(Kind::Object, "car", 0.8, [0.1, 0.1, 0.5, 0.8]);
        let risks = judged(&[frame("front", 0, vec![car.clone(), car])]);
        assert_eq!(risks.frames[0].reasons, ["2 vehicles without a hidden plate"]);
    }

    #[test]
    fn what_is_hidden_before_and_after_is_missed_in_between() {
        let with = |sequence| frame("front", sequence, vec![face(0.9)]);
        let without = |camera, sequence| frame(camera, sequence, vec![]);
        let risks = judged(&[with(0), without("front", 1), with(2), without("front", 3)]);
        assert_eq!(risks.frames.len(), 1);
        assert_eq!(risks.frames[0].id.sequence, 1);
        assert_eq!(risks.frames[0].reasons, ["1 face hidden before and after, not here"]);
        // Another camera is no neighbour.
        assert_eq!(judged(&[with(0), without("rear", 0), with(1)]).risky, 0);
    }

    #[test]
    fn the_riskiest_is_first() {
        let risks = judged(&[
            frame("front", 0, vec![face(0.3)]),
            frame("front", 1, vec![face(0.9), person(), person(), face(0.2)]),
            frame("rear", 0, vec![person()]),
        ]);
        let order: Vec<_> = risks.frames.iter().map(|risk| risk.id.to_string()).collect();
        assert_eq!(risks.risky, 3, "{order:?}");
        assert!(risks.frames.windows(2).all(|pair| pair[0].score >= pair[1].score));
        let not_yet = FrameDetections { anonymized: false, ..frame("front", 2, vec![person()]) };
        assert_eq!(judged(&[not_yet]), Risks::default());
    }
}
