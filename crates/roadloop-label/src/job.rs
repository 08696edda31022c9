//! What a labelling job is: its name, what is asked, and how.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use roadloop_base::Nanos;
use serde::{Deserialize, Serialize};

use crate::{Consolidation, LabelError, Progress};

/// Classes of one job. SageMaker Ground Truth's limit for boxes.
pub const MOST_LABELS: usize = 50;

/// Of the instructions, in bytes.
pub const LONGEST_INSTRUCTIONS: usize = 256 * 1024;

pub const MOST_PICTURES: usize = 20;

/// In bytes.
pub const LARGEST_PICTURE: usize = 5 * 1024 * 1024;

/// Names a labelling job.
///
/// Invariant: as Ground Truth wants it, 1 to 63 letters, digits and `-`, which is
/// neither first nor last. Two jobs whose names differ in case only cannot be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobName(String);

impl JobName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobName {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<JobName, LabelError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !(1..=63).contains(&text.len())
            || !text.bytes().all(is_plain)
            || text.starts_with('-')
            || text.ends_with('-')
        {
            return Err(LabelError::bad(
                "name of a job",
                "use 1 to 63 letters, digits and '-', which is neither first nor last",
            ));
        }
        Ok(JobName(text.to_owned()))
    }
}

impl TryFrom<String> for JobName {
    type Error = LabelError;

    fn try_from(text: String) -> Result<JobName, LabelError> {
        text.parse()
    }
}

impl From<JobName> for String {
    fn from(name: JobName) -> String {
        name.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What people are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Boxes.
    Draw,
    /// Whether the boxes of an earlier job are good.
    Verify { of: JobName },
    /// Boxes, from those of an earlier job on.
    Adjust { of: JobName },
}

impl Purpose {
    pub fn name(&self) -> &'static str {
        match self {
            Purpose::Draw => "draw",
            Purpose::Verify { .. } => "verify",
            Purpose::Adjust { .. } => "adjust",
        }
    }

    /// The earlier job.
    pub fn of(&self) -> Option<&JobName> {
        match self {
            Purpose::Draw => None,
            Purpose::Verify { of } | Purpose::Adjust { of } => Some(of),
        }
    }

    /// Whether it is answered with a verdict, and not with boxes.
    pub fn wants_verdict(&self) -> bool {
        matches!(self, Purpose::Verify { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Tasks are being added: nothing is handed out yet.
    Filling,
    Open,
    Closed,
    /// Open, but its lifetime is over.
    Expired,
}

impl JobState {
    pub fn name(self) -> &'static str {
        match self {
            JobState::Filling => "filling",
            JobState::Open => "open",
            JobState::Closed => "closed",
            JobState::Expired => "expired",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What can be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelClass {
    pub name: String,
    /// `#rrggbb`
    pub color: Option<String>,
    pub hotkey: Option<char>,
}

impl LabelClass {
    pub fn new(name: impl Into<String>) -> LabelClass {
        LabelClass { name: name.into(), color: None, hotkey: None }
    }
}

/// A picture of the instructions, which speak of it by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub name: String,
    /// `image/jpeg`, `image/png`, `image/webp`
    pub media_type: String,
    pub bytes: Vec<u8>,
}

impl Picture {
    /// What kind it is, is told by its first bytes.
    pub fn new(name: &str, bytes: Vec<u8>) -> Result<Picture, LabelError> {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ');
        if !(1..=100).contains(&name.chars().count()) || !name.chars().all(is_plain) {
            let reason = "use 1 to 100 letters, digits, '.', '_', '-' and spaces";
            return Err(LabelError::bad("name of a picture", reason));
        }
        if bytes.len() > LARGEST_PICTURE {
            let reason = format!("{name} is larger than {} MiB", LARGEST_PICTURE >> 20);
            return Err(LabelError::bad("picture", reason));
        }
        let media_type = match bytes.as_slice() {
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => "image/png",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
            _ => return Err(LabelError::bad("picture", format!("{name} is no JPEG, PNG or WebP"))),
        };
        Ok(Picture { name: name.to_owned(), media_type: media_type.to_owned(), bytes })
    }
}

/// Which answered tasks a reviewer is to look at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewRule {
    /// None but those that were flagged or sent back.
    None,
    All,
    /// Those whose answers agree less than this, of 1, and those with a tied vote.
    Below(f64),
}

/// Boxes of a model that are shown from the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreLabel {
    pub min_confidence: f32,
}

/// How a job is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSettings {
    /// 1 to [`MOST_LABELS`]
    pub labels: Vec<LabelClass>,
    /// How many answer each task, 1 to 9.
    pub workers: u32,
    /// How long a task is held, 30 to 28,800.
    pub task_seconds: u32,
    pub lifetime_seconds: u64,
    pub consolidation: Consolidation,
    pub review: ReviewRule,
    /// Label attribute of the manifest.
    pub attribute: String,
    /// Each n-th task of a worker is a gold one; 0: none is.
    pub gold_every: u32,
    pub pre_label: Option<PreLabel>,
}

impl JobSettings {
    pub fn new(labels: Vec<LabelClass>) -> JobSettings {
        JobSettings {
            labels,
            workers: 1,
            task_seconds: 300,
            lifetime_seconds: 30 * 24 * 3600,
            consolidation: Consolidation::default(),
            review: ReviewRule::None,
            attribute: "labels".to_owned(),
            gold_every: 0,
            pre_label: None,
        }
    }

    pub fn check(&self) -> Result<(), LabelError> {
        let bad = |what, reason: &str| Err(LabelError::bad(what, reason));
        check_labels(&self.labels)?;
        if !(1..=9).contains(&self.workers) {
            return bad("number of workers of a task", "use 1 to 9");
        }
        if !(30..=28_800).contains(&self.task_seconds) {
            return bad("time for a task", "use 30 to 28800 seconds");
        }
        if !(60..=366 * 24 * 3600).contains(&self.lifetime_seconds) {
            return bad("lifetime of a job", "use a minute to a year");
        }
        check_consolidation(&self.consolidation)?;
        if matches!(self.review, ReviewRule::Below(below) if !(0.0..=1.0).contains(&below)) {
            return bad("agreement to review below", "use 0 to 1");
        }
        check_line("label attribute", &self.attribute, 1..=127)?;
        let of_model = |pre: &PreLabel| (0.0..=1.0).contains(&pre.min_confidence);
        if !self.pre_label.as_ref().is_none_or(of_model) {
            return bad("least confidence of pre-labels", "use 0 to 1");
        }
        Ok(())
    }
}

fn check_labels(labels: &[LabelClass]) -> Result<(), LabelError> {
    let bad = |reason: String| Err(LabelError::bad("list of labels", reason));
    if !(1..=MOST_LABELS).contains(&labels.len()) {
        return bad(format!("use 1 to {MOST_LABELS} labels"));
    }
    let (mut names, mut hotkeys) = (HashSet::new(), HashSet::new());
    for LabelClass { name, color, hotkey } in labels {
        check_line("label", name, 1..=100)?;
        if !names.insert(name) {
            return bad(format!("{name:?} is there twice"));
        }
        let is_color = |color: &String| {
            color.len() == 7
                && color.starts_with('#')
                && color[1..].bytes().all(|digit| digit.is_ascii_hexdigit())
        };
        if !color.as_ref().is_none_or(is_color) {
            return bad(format!("the color of {name:?} is not like #a0b1c2"));
        }
        if hotkey.is_some_and(|key| key.is_control() || key.is_whitespace()) {
            return bad(format!("the hotkey of {name:?} is no visible character"));
        }
        if hotkey.is_some_and(|key| !hotkeys.insert(key)) {
            return bad(format!("the hotkey of {name:?} is another one's too"));
        }
    }
    Ok(())
}

pub(crate) fn check_consolidation(consolidation: &Consolidation) -> Result<(), LabelError> {
    let bad = |reason| Err(LabelError::bad("consolidation", reason));
    // Near 0 boxes that barely touch are one; at 1 hardly two are.
    if !(0.05..=1.0).contains(&consolidation.iou) {
        return bad("use an IoU of 0.05 to 1");
    }
    if consolidation.quorum.is_some_and(|quorum| !(1..=9).contains(&quorum)) {
        return bad("use a quorum of 1 to 9");
    }
    Ok(())
}

/// That a text has so many characters, and none of control but ends of lines and
/// tabs.
pub(crate) fn check_text(
    what: &'static str,
    text: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<(), LabelError> {
    // Characters are at most as many as bytes: a huge text is not walked through.
    let most = *length.end();
    let count = if text.len() > 4 * most { text.len() } else { text.chars().count() };
    if !length.contains(&count) {
        let reason = format!("use {} to {most} characters", length.start());
        return Err(LabelError::bad(what, reason));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(LabelError::bad(what, "leave out control characters"));
    }
    Ok(())
}

/// The same for what is one line: a name, a label.
pub(crate) fn check_line(
    what: &'static str,
    text: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<(), LabelError> {
    check_text(what, text, length)?;
    if text.chars().any(char::is_control) {
        return Err(LabelError::bad(what, "use one line without tabs"));
    }
    Ok(())
}

/// A job to be made.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub name: JobName,
    pub purpose: Purpose,
    pub settings: JobSettings,
    /// Markdown; what stands before the first line `---` is shown all the time.
    pub instructions: String,
    pub pictures: Vec<Picture>,
    pub created_by: String,
}

impl NewJob {
    pub fn check(&self) -> Result<(), LabelError> {
        self.settings.check()?;
        check_line("name of whoever makes a job", &self.created_by, 1..=200)?;
        if self.instructions.len() > LONGEST_INSTRUCTIONS {
            let reason = format!("use at most {} KiB", LONGEST_INSTRUCTIONS >> 10);
            return Err(LabelError::bad("text of the instructions", reason));
        }
        if self.pictures.len() > MOST_PICTURES {
            let reason = format!("use at most {MOST_PICTURES}");
            return Err(LabelError::bad("number of pictures", reason));
        }
        Ok(())
    }
}

/// A job, as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub name: JobName,
    pub purpose: Purpose,
    pub settings: JobSettings,
    pub state: JobState,
    pub created_at: Nanos,
    pub created_by: String,
    pub expires_at: Nanos,
    /// When it was last opened or closed, and by whom.
    pub changed_at: Nanos,
    pub changed_by: String,
    pub progress: Progress,
}

/// What is shown all the time: before the first line `---`.
pub fn short_instructions(instructions: &str) -> &str {
    let mut end = 0;
    for line in instructions.split_inclusive('\n') {
        if line.trim_end() == "---" {
            break;
        }
        end += line.len();
    }
    instructions[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_name(text: &str, is_one: bool) {
        assert_eq!(text.parse::<JobName>().is_ok(), is_one, "{text:?}");
    }

    #[test]
    fn names() {
        for text in ["a", "7", "street-2020-11", &"x".repeat(63)] {
            check_name(text, true);
        }
        for text in ["", "-a", "a-", "a b", "a/b", "..", "é", "a\0", &"x".repeat(64)] {
            check_name(text, false);
        }
    }

    fn settings() -> JobSettings {
        JobSettings::new(vec![LabelClass::new("car"), LabelClass::new("person")])
    }

    #[track_caller]
    fn check_settings(change: impl FnOnce(&mut JobSettings), expected: &str) {
        let mut settings = settings();
        change(&mut settings);
        let words = settings.check().map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        assert!(words.contains(expected), "{words}");
    }

    #[test]
    fn settings_are_checked() {
        check_settings(|_| {}, "ok");
        check_settings(|it| it.labels.clear(), "1 to 50 labels");
        check_settings(|it| it.labels[1].name = "car".into(), "\"car\" is there twice");
        check_settings(|it| it.labels[1].name = "c\0r".into(), "control characters");
        check_settings(|it| it.labels[1].name = "c\nr".into(), "one line");
        check_settings(|it| it.labels[0].color = Some("#a0b1c2".into()), "ok");
        check_settings(|it| it.labels[0].color = Some("#é12345".into()), "like #a0b1c2");
        check_settings(|it| it.labels[0].hotkey = Some('\n'), "no visible character");
        check_settings(|it| it.labels.iter_mut().for_each(|l| l.hotkey = Some('1')), "another one");
        check_settings(|it| it.workers = 0, "1 to 9");
        check_settings(|it| it.workers = 10, "1 to 9");
        check_settings(|it| it.task_seconds = 29, "30 to 28800");
        check_settings(|it| it.lifetime_seconds = u64::MAX, "a year");
        check_settings(|it| it.consolidation.iou = f64::NAN, "IoU");
        check_settings(|it| it.consolidation.quorum = Some(0), "quorum");
        check_settings(|it| it.review = ReviewRule::Below(f64::NAN), "0 to 1");
        check_settings(|it| it.attribute.clear(), "1 to 127 characters");
        let pre_label = PreLabel { min_confidence: 2.0 };
        check_settings(|it| it.pre_label = Some(pre_label), "least confidence");
    }

    #[test]
    fn pictures_are_told_by_their_bytes() {
        let kind = |bytes: &[u8]| Picture::new("a.png", bytes.to_vec()).map(|it| it.media_type);
        assert_eq!(kind(b"\xff\xd8\xff\xe0").unwrap(), "image/jpeg");
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n").unwrap(), "image/png");
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 ").unwrap(), "image/webp");
        for bytes in [b"".as_slice(), b"<svg onload=alert(1)>", b"RIFF\0\0\0\0WAVE"] {
            assert!(kind(bytes).is_err(), "{bytes:?}");
        }
        assert!(Picture::new("../a", b"\xff\xd8\xff".to_vec()).is_err());
        let mut large = b"\xff\xd8\xff".to_vec();
        large.resize(LARGEST_PICTURE + 1, 0);
        assert!(Picture::new("a", large).is_err());
    }

    #[test]
    fn what_is_always_shown() {
        assert_eq!(short_instructions("Draw.\n\n---\nMore"), "Draw.");
        assert_eq!(short_instructions("Draw.\r\n---\r\nMore\n---\n"), "Draw.");
        assert_eq!(short_instructions("All\n----\nof it"), "All\n----\nof it");
        assert_eq!(short_instructions("---"), "");
        assert_eq!(short_instructions(""), "");
    }
}
