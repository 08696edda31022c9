//! Small datasets, and what is said of them.

use roadloop_base::{Camera, FrameId, RecordingId};

use super::*;
use crate::testing::{any_samples, classes, content, sample, with_boxes};
use crate::{Area, Content, Split};

/// Kind, severity and count, a line each.
fn short(findings: &[Finding]) -> Vec<String> {
    let line = |finding: &Finding| {
        let text = serde_json::to_value(finding).unwrap();
        format!(
            "{} {} {}",
            text["severity"].as_str().unwrap(),
            text["kind"].as_str().unwrap(),
            finding.count
        )
    };
    findings.iter().map(line).collect()
}

fn found(samples: Vec<Sample>, names: &[&str], min_boxes: u64) -> Vec<Finding> {
    let settings = CheckSettings { min_boxes, ..CheckSettings::default() };
    super::check(samples.into_iter().map(Ok), &classes(names), &settings).unwrap()
}

#[track_caller]
fn check(samples: Vec<Sample>, expected: &[&str]) -> Vec<Finding> {
    let findings = found(samples, &["car", "person"], 0);
    // That classes are rare is another test.
    let (_, findings): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.kind == FindingKind::RareClass);
    assert_eq!(short(&findings), expected);
    findings
}

const INSIDE: [f64; 4] = [10.0, 10.0, 50.0, 40.0];

#[test]
fn nothing_is_wrong() {
    let mut good = with_boxes("a.png", "drive", &[(0, INSIDE), (1, [0.0, 0.0, 640.0, 480.0])]);
    good.image.content = Some(content(1, 1));
    check(vec![good], &[]);
    check(vec![], &[]);
}

#[test]
fn boxes_that_lie_wrong() {
    let with = |sides: [f64; 4]| {
        let mut one = with_boxes("a.png", "drive", &[(0, INSIDE), (0, sides)]);
        one.image.content = Some(content(1, 1));
        vec![one]
    };
    check(with([-0.5, 0.0, 640.9, 100.0]), &[]);
    let said = check(with([600.0, 0.0, 43.0, 100.0]), &["warning box-outside-image 1"]);
    assert_eq!(
        said[0].examples,
        [Example {
            image: "a.png".to_owned(),
            other: None,
            box_number: Some(1),
            detail: "car, 3.0 px over the right edge of 640×480".to_owned(),
        }]
    );
    check(with([640.0, 0.0, 43.0, 100.0]), &["error box-outside-image 1"]);
    check(with([-1e300, 0.0, 3.0, 100.0]), &["error box-outside-image 1"]);
    check(with([5.0, 5.0, 0.0, 100.0]), &["error box-without-area 1"]);
    check(with([5.0, 5.0, 0.9, 100.0]), &["warning tiny-box 1"]);
    check(with([f64::MIN / 2.0, 0.0, f64::MAX, f64::MAX]), &["warning box-outside-image 1"]);
}

#[test]
fn boxes_drawn_twice() {
    let near = [10.5, 10.0, 50.0, 40.0];
    let content = |mut sample: Sample| {
        sample.image.content = Some(content(1, 1));
        vec![sample]
    };
    let boxes = [(0, INSIDE), (1, [300.0, 10.0, 50.0, 40.0]), (0, near)];
    let said = check(content(with_boxes("a.png", "drive", &boxes)), &["warning duplicate-boxes 1"]);
    assert_eq!(said[0].examples[0].box_number, Some(2));
    assert_eq!(said[0].examples[0].detail, "car again, as box 0, IoU 0.98");
    let boxes = [(1, near), (0, INSIDE)];
    let said =
        check(content(with_boxes("a.png", "drive", &boxes)), &["warning contradicting-boxes 1"]);
    assert_eq!(said[0].examples[0].detail, "car where box 0 says person, IoU 0.98");
    // Thousands at one place are counted, and soon.
    let many = vec![(0, INSIDE); 4_000];
    check(content(with_boxes("a.png", "drive", &many)), &["warning duplicate-boxes 3999"]);
}

#[test]
fn a_class_that_is_not_there() {
    let mut one = with_boxes("a.png", "drive", &[(7, INSIDE)]);
    one.image.content = Some(content(1, 1));
    check(vec![one], &["error box-of-no-class 1"]);
}

#[test]
fn images_that_are_the_same() {
    let one = |name: &str, split: Split, group: &str, number: u64, look: u64| {
        let mut one = with_boxes(name, group, &[(0, INSIDE)]);
        one.split = split;
        let sha256 = format!("{number:08x}").repeat(8);
        one.image.content = Some(Content { sha256, ..content(number, look) });
        one
    };
    let all = vec![
        one("a.png", Split::Train, "d1", 1, 0),
        one("b.png", Split::Train, "d1", 1, 0),
        one("c.png", Split::Val, "d2", 1, 0),
        one("d.png", Split::Test, "d3", 2, 0b1_1111_1111),
        one("e.png", Split::Test, "d3", 3, u64::MAX),
    ];
    let said = check(
        all,
        &[
            "error same-image-in-splits 1",
            "warning near-duplicate-images 4",
            "warning duplicate-images 1",
        ],
    );
    let pair = |finding: usize| {
        let example = &said[finding].examples[0];
        (example.image.clone(), example.other.clone().unwrap(), example.detail.clone())
    };
    let text = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(pair(0), text("a.png", "c.png", "train and val"));
    assert_eq!(
        pair(1),
        text("a.png", "d.png", "train and test, 9 of 64 bits of their looks differ")
    );
    assert_eq!(pair(2), text("a.png", "b.png", "train and train"));
}

#[test]
fn recordings_frames_and_what_nobody_saw() {
    let mut all: Vec<Sample> =
        (0..4).map(|at| with_boxes(&format!("{at}.png"), "d", &[])).collect();
    for (at, one) in all.iter_mut().enumerate() {
        let sha256 = format!("{at:08x}").repeat(8);
        one.image.content = Some(Content { sha256, ..content(0, u64::MAX << (at * 16)) });
        one.frame = Some(FrameId {
            recording: RecordingId::from_content("d", [1; 4]),
            camera: Camera::new("front").unwrap(),
            sequence: at as u32 / 3 * 2,
        });
    }
    all[0].split = Split::Val;
    all[1].boxes = None;
    all[2].image.content = None;
    let said = check(
        all,
        &[
            "error image-without-content 1",
            "error same-frame-twice 2",
            "warning recording-in-splits 1",
            "warning unlabelled-images 1",
            "note empty-images 3",
        ],
    );
    assert!(said[0].what.starts_with("1 of 4 images could not be read"), "{}", said[0].what);
    assert!(said.iter().any(|finding| finding.what.contains("100% of train, 100% of val")));
    let torn = said.iter().find(|finding| finding.kind == FindingKind::RecordingInSplits).unwrap();
    assert_eq!(torn.examples[0].detail, "d: train 3, val 1");
}

#[test]
fn classes_that_are_rare_missing_or_alike() {
    let mut one = with_boxes("a.png", "d1", &[(0, INSIDE)]);
    let mut other = with_boxes("b.png", "d2", &[(2, INSIDE)]);
    other.split = Split::Val;
    one.image.content = Some(content(1, 0));
    other.image.content = Some(Content { sha256: "other".to_owned(), ..content(2, u64::MAX) });
    let said = found(vec![one, other], &["traffic light", "bus", "Traffic_Light"], 5);
    assert_eq!(
        short(&said),
        ["warning rare-class 3", "warning class-missing-in-split 2", "warning class-names-alike 1"]
    );
    assert!(said[0].what.contains("fewer than 5 boxes, 1 of them with none"), "{}", said[0].what);
    assert_eq!(said[0].examples[0].detail, "bus: 0 boxes (train 0, val 0, test 0)");
    assert_eq!(said[2].examples[0].detail, "“traffic light”, “Traffic_Light”");
}

#[test]
fn images_that_changed_since() {
    let pairs = |names: &[&str]| -> Vec<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), "gone".to_owned())).collect()
    };
    let said = image_findings(pairs(&["a", "b", "c"]), pairs(&["d"]), 2);
    assert_eq!(short(&said), ["error image-missing 3", "error image-changed 1"]);
    assert_eq!((said[0].examples.len(), said[0].examples[1].image.as_str()), (2, "b"));
    assert!(image_findings([], [], 5).is_empty());
}

#[test]
fn an_overlap_of_nothing_is_refused() {
    for duplicate_iou in [0.0, -1.0, 1.5, f64::NAN] {
        let settings = CheckSettings { duplicate_iou, ..CheckSettings::default() };
        assert!(super::check([], &[], &settings).is_err());
    }
}

#[test]
fn an_error_of_reading_ends_it() {
    let rows = [Ok(sample("a.png", "d")), Err(DatasetError::Rows("row 2".to_owned()))];
    assert!(super::check(rows, &[], &CheckSettings::default()).is_err());
}

proptest::proptest! {
    #[test]
    fn counts_hold_whatever_comes(samples in any_samples(60)) {
        let names = ["car", "person", "bus", "tram"];
        let findings = found(samples.clone(), &names, 20);
        for finding in &findings {
            proptest::prop_assert!(finding.count > 0);
            proptest::prop_assert!(finding.examples.len() <= 5);
            proptest::prop_assert!(finding.examples.len() as u64 <= finding.count);
            proptest::prop_assert!(finding.what.contains(char::is_numeric));
        }
        let is_sorted = findings.is_sorted_by_key(|finding| (finding.severity, finding.kind));
        proptest::prop_assert!(is_sorted);
        let of = |kind| findings.iter().find(|one| one.kind == kind).map_or(0, |one| one.count);
        let unlabelled = samples.iter().filter(|one| one.boxes.is_none()).count() as u64;
        proptest::prop_assert_eq!(of(FindingKind::UnlabelledImages), unlabelled);
        let flat = |one: &Sample| one.boxes.iter().flatten().filter(|found| {
            Area::size(found.area) <= 0.0
        }).count() as u64;
        let without: u64 = samples.iter().map(flat).sum();
        proptest::prop_assert_eq!(of(FindingKind::BoxWithoutArea), without);
    }
}

/// Images with five boxes each, of recordings of a thousand, whose looks and contents differ.
#[test]
#[ignore = "measures: cargo test --release -p roadloop-dataset -- --ignored --nocapture million"]
#[expect(clippy::print_stdout, reason = "it is there to be read")]
fn a_million_samples_are_checked() {
    let mixed = |number: u64| (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let samples = (0..1_000_000u64).map(|number| {
        let boxes: Vec<_> =
            (0..5).map(|at| (0, [f64::from(at) * 60.0, 10.0, 50.0, 40.0])).collect();
        let drive = format!("drive-{}", number / 1_000);
        let mut one = with_boxes(&format!("{drive}/front/{number:06}.jpg"), &drive, &boxes);
        one.split = Split::ALL[[0, 0, 0, 1, 2][(number / 1_000 % 5) as usize]];
        let look = mixed(number) ^ mixed(mixed(number));
        one.image.content = Some(content(number, look));
        one.image.content.as_mut().unwrap().sha256 = format!("{:016x}", mixed(number)).repeat(4);
        Ok(one)
    });
    let start = std::time::Instant::now();
    let said = super::check(samples, &classes(&["car"]), &CheckSettings::default()).unwrap();
    println!("a million samples: {:?}, {:?}", start.elapsed(), short(&said));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("no peak");
    println!("{peak}");
    assert!(said.iter().all(|finding| finding.severity != Severity::Error));
}
