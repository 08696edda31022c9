//! A job as one text, as it travels through the queues of others: a line of JSON
//! with what is known of it, then its body as it is. The lane does not travel: it
//! is where the text was found.
//!
//! A body inside the JSON would grow with every quotation mark in it, beyond what
//! Amazon SQS takes. SQS also refuses the characters U+FFFE and U+FFFF: they are
//! written as a tab and a letter, which nothing else can be, since neither ids nor
//! bodies have control characters.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Job, Lane};

/// Of what is written here.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    roadloop: u32,
    #[serde(borrow)]
    id: Cow<'a, str>,
    generation: u32,
    spent: u32,
}

/// A job as a text.
pub(crate) fn seal(job: &Job) -> String {
    let id = Cow::Borrowed(job.id.as_str());
    let head = Head { roadloop: FORMAT, id, generation: job.generation, spent: job.spent };
    let mut text = serde_json::to_string(&head).expect("numbers and a text");
    text.reserve(1 + job.body.len());
    text.push('\n');
    text.push_str(&job.body);
    if text.contains(['\u{fffe}', '\u{ffff}']) {
        text = text.replace('\u{fffe}', "\te").replace('\u{ffff}', "\tf");
    }
    text
}

/// The job a text of a lane is, or why it is none.
pub(crate) fn unseal(lane: &Lane, text: &str) -> Result<Job, String> {
    let text: Cow<'_, str> = if text.contains('\t') {
        Cow::Owned(text.replace("\te", "\u{fffe}").replace("\tf", "\u{ffff}"))
    } else {
        Cow::Borrowed(text)
    };
    let (head, body) = text.split_once('\n').ok_or("it was not written by roadloop")?;
    let head: Head<'_> =
        serde_json::from_str(head).map_err(|_| "it was not written by roadloop")?;
    if head.roadloop != FORMAT {
        return Err(format!(
            "it was written by another version of roadloop (format {}, this one knows {FORMAT})",
            head.roadloop
        ));
    }
    let Head { id, generation, spent, .. } = head;
    Ok(Job { lane: lane.clone(), id: id.into_owned(), generation, spent, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Priority;
    use crate::job::{MAX_BODY_BYTES, MAX_ID_BYTES};

    fn lane() -> Lane {
        Lane::new("detect", Priority::High)
    }

    #[track_caller]
    fn check(id: &str, body: &str) {
        let mut job = Job::new(lane(), id, body);
        (job.generation, job.spent) = (7, u32::MAX);
        let text = seal(&job);
        assert!(!text.contains(['\u{fffe}', '\u{ffff}']), "{text:?}");
        assert_eq!(unseal(&lane(), &text), Ok(job));
    }

    #[test]
    fn what_goes_in_comes_out() {
        check("a", "");
        check("drive 1/ü", r#"{"of":"a"}"#);
        check(r#"a"b\c"#, "ü€😀 ' \" \\ \\t \\n <&>");
        check("\u{ffff}e\u{fffe}", "f\u{fffe}e\u{ffff}\u{fffe}");
    }

    #[test]
    fn the_largest_job_fits_into_amazons_queues() {
        let job = Job::new(lane(), "\"".repeat(MAX_ID_BYTES), "\"".repeat(MAX_BODY_BYTES));
        assert!(seal(&job).len() < 256 * 1024);
        let job = Job::new(lane(), "a", "\u{ffff}".repeat(MAX_BODY_BYTES / 3));
        assert!(seal(&job).len() < 256 * 1024);
    }

    #[test]
    fn what_others_wrote_is_told_apart() {
        for text in ["", "hello", "{}\n", "[1]\n{}", "{\"roadloop\":1}\n"] {
            assert_eq!(unseal(&lane(), text).unwrap_err(), "it was not written by roadloop");
        }
        let newer = "{\"roadloop\":2,\"id\":\"a\",\"generation\":0,\"spent\":0}\n";
        assert!(unseal(&lane(), newer).unwrap_err().contains("format 2"));
    }
}
