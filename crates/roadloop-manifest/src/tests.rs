//! Lines as Ground Truth's documentation has them, and lines that are damaged.

use roadloop_base::{ErrorKind, Nanos, PixelBox};

use super::*;

/// All that a line says, one label a line of text.
fn said(line: &Line) -> Result<String, ManifestError> {
    let mut said = vec![line.source_ref().unwrap_or_else(|| "no source".to_owned())];
    for (name, kind) in line.labels() {
        said.push(match kind {
            LabelKind::Boxes => match line.boxes(&name)? {
                Some(label) => format!("{name}: {}", boxes_said(&label)),
                None => format!("{name}: not labelled"),
            },
            LabelKind::Verification => match line.verification(&name)? {
                Some(label) => format!("{name}: {label:?} {:?}", label.is_good()),
                None => format!("{name}: not verified"),
            },
            LabelKind::Other(kind) => format!("{name}: {kind:?}"),
        });
    }
    Ok(said.join("\n"))
}

fn boxes_said(label: &BoxLabel) -> String {
    let BoxLabel { width, height, depth, boxes, human, created, job, adjusted } = label;
    let created = created.as_deref().unwrap_or("-");
    let job = job.as_deref().unwrap_or("-");
    let mut said = format!("{width}x{height}x{depth} human {human} {created} {job} {adjusted:?}");
    for LabelledBox { class, pixels, confidence } in boxes {
        let sides = [pixels.left(), pixels.top(), pixels.width(), pixels.height()];
        let [left, top, width, height] = sides;
        said += &format!("; {class} {left} {top} {width} {height} {confidence:?}");
    }
    said
}

#[track_caller]
fn check(line: &str, expected: &str) {
    let got = match Line::parse(line) {
        Ok(parsed) => {
            assert_eq!(parsed.to_string(), line);
            said(&parsed).unwrap_or_else(|error| format!("error: {error}"))
        }
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(got, expected);
}

/// Two boxes, of sparse classes.
const PLAIN: &str = r#"{"source-ref":"s3://b/i.png","bb":{"image_size":[{"width":500,"height":400,"depth":3}],"annotations":[{"class_id":0,"left":111,"top":134,"width":61,"height":128},{"class_id":5,"left":161,"top":250,"width":30,"height":30.25}]},"bb-metadata":{"objects":[{"confidence":0.8},{"confidence":0.00}],"class-map":{"0":"dog","5":"bone"},"type":"groundtruth/object-detection","human-annotated":"yes","creation-date":"2018-10-18T22:18:13.527256","job-name":"labeling-job/dogs"}}"#;
const PLAIN_SAID: &str = "bb: 500x400x3 human true 2018-10-18T22:18:13.527256 dogs None; \
                          dog 111 134 61 128 Some(0.8); bone 161 250 30 30.25 Some(0.0)";

#[test]
fn plain() {
    check(PLAIN, &format!("s3://b/i.png\n{PLAIN_SAID}"));
    // Spelled as on the pages about training; no prefix; a zone; by a model.
    let other = PLAIN
        .replace("object-detection", "object_detection")
        .replace("labeling-job/", "")
        .replace("527256", "527256+0000")
        .replace("yes", "no");
    let expected = PLAIN_SAID.replace("527256", "527256+0000").replace("true", "false");
    check(&other, &format!("s3://b/i.png\n{expected}"));
}

/// Adds to `PLAIN` what stands between its braces.
fn chained(more: &str) -> String {
    format!("{},{more}}}", PLAIN.strip_suffix('}').unwrap())
}

#[test]
fn chained_adjusted_verified() {
    let adjusted = r#""adjusted-bb":{"image_size":[{"width":500,"height":400,"depth":3}],"annotations":[{"class_id":0,"left":110,"top":135,"width":61,"height":128}]},"adjusted-bb-metadata":{"objects":[{"confidence":0.83}],"class-map":{"0":"dog"},"type":"groundtruth/object-detection","human-annotated":"yes","creation-date":"2018-11-20T22:18:13.527256","job-name":"adjust","adjustment-status":"adjusted"}"#;
    let adjusted_said = "adjusted-bb: 500x400x3 human true 2018-11-20T22:18:13.527256 adjust \
                         Some(true); dog 110 135 61 128 Some(0.83)";
    check(&chained(adjusted), &format!("s3://b/i.png\n{PLAIN_SAID}\n{adjusted_said}"));
    check(
        &chained(&adjusted.replace(r#":"adjusted"}"#, r#":"unadjusted"}"#)),
        &format!("s3://b/i.png\n{PLAIN_SAID}\n{}", adjusted_said.replace("true)", "false)")),
    );
    let verified = r#""verify-bb":"1","verify-bb-metadata":{"class-name":"bad","confidence":0.93,"type":"groundtruth/label-verification","job-name":"verify","human-annotated":"yes","creation-date":"2018-11-20T22:18:13.527256","worker-feedback":[{"comment":"too wide"},{}]}"#;
    let verified_said = "verify-bb: Verification { class: \"bad\", confidence: Some(0.93), \
                         comments: [\"too wide\"], human: true, created: \
                         Some(\"2018-11-20T22:18:13.527256\"), job: Some(\"verify\") } Some(false)";
    check(&chained(verified), &format!("s3://b/i.png\n{PLAIN_SAID}\n{verified_said}"));
    // Of a job with other classes, and without words about it.
    let other = verified.replace("bad", "so-so").replace(r#"[{"comment":"too wide"},{}]"#, "[]");
    let line = Line::parse(&chained(&other)).unwrap();
    let verification = line.verification("verify-bb").unwrap().unwrap();
    assert_eq!((verification.is_good(), verification.comments.len()), (None, 0));
    assert!(line.boxes("verify-bb").is_err() && line.verification("bb").is_err());
}

#[test]
fn reviewed_and_empty_is_not_unlabelled() {
    check(r#"{"source-ref":"s3://b/1.png"}"#, "s3://b/1.png");
    let line = Line::parse(r#"{"source-ref":"s3://b/1.png","bb":null}"#).unwrap();
    assert_eq!(line.boxes("bb").unwrap(), None);
    assert_eq!(line.boxes("other").unwrap(), None);
    check(
        r#"{"source-ref":"s3://b/2.png","bb":{"annotations":[],"image_size":[{"width":5,"height":4,"depth":1}]},"bb-metadata":{"objects":[],"class-map":{},"type":"groundtruth/object-detection"}}"#,
        "s3://b/2.png\nbb: 5x4x1 human false - - None",
    );
    // Failed: about a label that is not there.
    check(
        r#"{"source-ref":"s3://b/3.png","bb-metadata":{"failure-reason":"expired"}}"#,
        "s3://b/3.png",
    );
}

#[test]
fn other_labels_and_unknown_keys_pass() {
    check(
        r#"{ "id": 7,  "source-ref": "s3://b/1.png", "a": {"b": [1e400, -0.0, 0.10, "\u00e9\ud800"]},	"sport":0,"sport-metadata":{"type":"groundtruth/image-classification"},"x":1,"x-metadata":2 }"#,
        "s3://b/1.png\nsport: \"groundtruth/image-classification\"\nx: \"\"",
    );
    check(r#"{"source":"some text"}"#, "no source");
    check(r#"{"source-ref":7}"#, "no source");
    check("{}", "no source");
}

#[test]
fn what_is_changed_leaves_the_rest_as_it_was() {
    let text = r#"{ "n" : 0.1000, "source-ref": "s3://raw/a.png", "gr\u00f6\u00dfe": [ 1,
 2 ], "z": 123456789012345678901234567890.5e-400 }"#;
    let mut line = Line::parse(text).unwrap();
    assert_eq!(line.to_string(), text.replace('\n', " "));
    line.set_source_ref("s3://anonymised/\"a\".png").unwrap();
    line.set("new", [1.5]).unwrap();
    line.remove("n");
    line.remove("not there");
    let expected = r#"{"source-ref":"s3://anonymised/\"a\".png","größe":[ 1,  2 ],"z":123456789012345678901234567890.5e-400,"new":[1.5]}"#;
    assert_eq!(line.to_string(), expected);
    assert_eq!(line.source_ref().as_deref(), Some("s3://anonymised/\"a\".png"));
    assert_eq!(line.get("z").unwrap().get(), "123456789012345678901234567890.5e-400");
    let keys = line.keys().collect::<Vec<_>>();
    assert_eq!(keys, ["source-ref", "größe", "z", "new"]);
}

#[test]
fn labels_are_written_as_ground_truth_has_them() {
    let classes = ["car".to_owned(), "bus".to_owned(), "van".to_owned()];
    let pixels = |left, width| PixelBox::new(left, 20.0, width, 40.0).unwrap();
    let boxes =
        [("van".to_owned(), pixels(10.0, 30.0), 0.8), ("car".to_owned(), pixels(0.1, 1e300), 1.0)];
    let created = creation_date(Nanos(1_539_901_093_527_256_999));
    let mut output = BoxOutput {
        attribute: "av",
        size: (640, 480, 3),
        classes: &classes,
        boxes: &boxes,
        creation_date: &created,
        job: "first",
        adjusted: None,
    };
    let mut line = Line::for_source("s3://b/1.png").unwrap();
    line.put_boxes(&output).unwrap();
    let label = r#"{"source-ref":"s3://b/1.png","av":{"image_size":[{"width":640,"height":480,"depth":3}],"annotations":[{"class_id":2,"left":10,"top":20,"width":30,"height":40},{"class_id":0,"left":0.1,"top":20,"width":1e300,"height":40}]},"av-metadata":{"objects":[{"confidence":0.8},{"confidence":1.0}],"class-map":{"0":"car","2":"van"},"type":"groundtruth/object-detection","human-annotated":"yes","creation-date":"2018-10-18T22:18:13.527256","job-name":"labeling-job/first"}"#;
    assert_eq!(line.to_string(), format!("{label}}}").replace("1e300", "1e+300"));
    // Again, to another outcome, in the same place.
    line.set("id", 7).unwrap();
    output.boxes = &[];
    output.job = "labeling-job/again";
    output.adjusted = Some(false);
    line.put_boxes(&output).unwrap();
    let empty = r#"{"source-ref":"s3://b/1.png","av":{"image_size":[{"width":640,"height":480,"depth":3}],"annotations":[]},"av-metadata":{"objects":[],"class-map":{},"type":"groundtruth/object-detection","human-annotated":"yes","creation-date":"2018-10-18T22:18:13.527256","job-name":"labeling-job/again","adjustment-status":"unadjusted"},"id":7}"#;
    assert_eq!(line.to_string(), empty);
    let said = boxes_said(&line.boxes("av").unwrap().unwrap());
    assert_eq!(said, "640x480x3 human true 2018-10-18T22:18:13.527256 again Some(false)");

    let unknown = [("tram".to_owned(), pixels(0.0, 1.0), 0.5)];
    let error = line.put_boxes(&BoxOutput { boxes: &unknown, ..output }).unwrap_err();
    assert_eq!(error.to_string(), "cannot write \"av\": \"tram\" is no class of the job");
    let unsure = [("car".to_owned(), pixels(0.0, 1.0), f64::NAN)];
    assert!(line.put_boxes(&BoxOutput { boxes: &unsure, ..output }).is_err());
    assert!(line.put_boxes(&BoxOutput { attribute: "av-ref", ..output }).is_err());
    assert_eq!(line.to_string(), empty, "what cannot be written changes nothing");
}

#[test]
fn boxes_without_an_inside_or_a_confidence_come_back_as_written() {
    let boxes = [
        ("car".to_owned(), [-1.5, 1e300, 0.0, 2.0], None),
        ("car".to_owned(), [0.0, 0.1, 3.0, 0.0], Some(0.0)),
    ];
    let output = BoxOutput {
        attribute: "x",
        size: (9, 8, 3),
        classes: &["bus".to_owned(), "car".to_owned()],
        boxes: &boxes[..],
        creation_date: "2026-11-30T12:00:00.000000",
        job: "a",
        adjusted: None,
    };
    let mut line = Line::for_source("a.png").unwrap();
    line.put_boxes_as_written(&output).unwrap();
    let text = line.to_string();
    assert!(text.contains(r#""objects":[{},{"confidence":0.0}]"#), "{text}");
    let line = Line::parse(&text).unwrap();
    let label = line.boxes_as_written("x").unwrap().unwrap();
    let found: Vec<BoxAsWritten> =
        label.boxes.into_iter().map(|of| (of.class, of.pixels, of.confidence)).collect();
    assert_eq!(found, boxes);
    // Elsewhere, a box has an inside.
    let error = line.boxes("x").unwrap_err().to_string();
    assert!(error.ends_with("box 0: its width or height is not above zero"), "{error}");
    for sides in [[f64::NAN, 0.0, 1.0, 1.0], [0.0, 0.0, f64::INFINITY, 1.0]] {
        let boxes = [("car".to_owned(), sides, None)];
        let mut line = Line::for_source("a.png").unwrap();
        assert!(line.put_boxes_as_written(&BoxOutput { boxes: &boxes[..], ..output }).is_err());
    }
}

#[test]
fn verdicts_are_written_as_ground_truth_has_them() {
    let mut line = Line::for_source("s3://b/1.png").unwrap();
    let comments = ["too wide".to_owned(), "cut".to_owned()];
    let bad = VerificationOutput {
        attribute: "verify-av",
        is_good: false,
        confidence: 0.67,
        comments: &comments,
        creation_date: "2018-11-20T22:18:13.527256",
        job: "check",
    };
    line.put_verification(&bad).unwrap();
    let written = r#"{"source-ref":"s3://b/1.png","verify-av":"1","verify-av-metadata":{"class-name":"bad","confidence":0.67,"type":"groundtruth/label-verification","job-name":"labeling-job/check","human-annotated":"yes","creation-date":"2018-11-20T22:18:13.527256","worker-feedback":[{"comment":"too wide"},{"comment":"cut"}]}}"#;
    assert_eq!(line.to_string(), written);
    let read = line.verification("verify-av").unwrap().unwrap();
    assert_eq!(
        (read.is_good(), read.confidence, read.comments),
        (Some(false), Some(0.67), comments.to_vec())
    );
    let good = VerificationOutput { is_good: true, confidence: 0.0, comments: &[], ..bad };
    line.put_verification(&good).unwrap();
    let written = r#"{"source-ref":"s3://b/1.png","verify-av":"0","verify-av-metadata":{"class-name":"good","confidence":0.0,"type":"groundtruth/label-verification","job-name":"labeling-job/check","human-annotated":"yes","creation-date":"2018-11-20T22:18:13.527256"}}"#;
    assert_eq!(line.to_string(), written);
}

#[track_caller]
fn check_damaged(from: &str, to: &str, expected: &str) {
    assert!(PLAIN.contains(from), "{from}");
    let line = Line::parse(&PLAIN.replacen(from, to, 1)).unwrap();
    let error = line.boxes("bb").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let error = error.to_string();
    let reason = error.strip_prefix("the label \"bb\" cannot be understood: ").unwrap();
    assert!(reason.starts_with(expected), "{reason}");
}

#[test]
fn damaged_labels_say_what_is_wrong() {
    check_damaged(r#""left":111"#, r#""left":1e400"#, "box 0: a value is no number, or too large");
    check_damaged(r#""left":111"#, r#""left":"111""#, "box 0: a value is no number");
    check_damaged(r#""width":61"#, r#""width":0"#, "box 0: its width or height is not above zero");
    check_damaged(r#","width":61"#, "", "missing field `width`, at byte");
    check_damaged(r#""class_id":5"#, r#""class_id":6"#, "box 1: its class is not in the class map");
    check_damaged(r#""class_id":5"#, r#""class_id":-5"#, "invalid value: integer `-5`");
    check_damaged(r#""confidence":0.8"#, r#""confidence":"0.8""#, "box 0: a value is no number");
    check_damaged(r#"{"confidence":0.8},"#, "", "2 boxes, but 1 confidences");
    check_damaged(
        r#"[{"width":500"#,
        r#"[{"depth":1,"width":1,"height":1},{"width":500"#,
        "2 image",
    );
    check_damaged(r#"[{"width":500,"height":400,"depth":3}]"#, "[]", "0 image sizes");
    check_damaged(r#""width":500"#, r#""width":5e9"#, "invalid type: floating point");
    check_damaged(r#""bb-metadata""#, r#""other""#, "no metadata says what it is");
    check_damaged("object-detection", "image-classification", "it holds no boxes");
    check_damaged(r#"{"0":"dog","5":"bone"}"#, "[]", "in its metadata: invalid type: sequence");
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    check_damaged("111", &deep, "box 0: a value is no number");
    // A missing list of confidences is none of them; a number of any length is the
    // nearest there is.
    let digits = "1".repeat(69);
    let line = PLAIN
        .replace(r#""objects":[{"confidence":0.8},{"confidence":0.00}],"#, "")
        .replace("111", &format!("0.{digits}"));
    let label = Line::parse(&line).unwrap().boxes("bb").unwrap().unwrap();
    assert_eq!(label.boxes[0].confidence, None);
    assert_eq!(label.boxes[0].pixels.left(), 1.0 / 9.0);
}
