//! What several people say of labels that others made: good, or not.

use serde::{Deserialize, Serialize};

use crate::consolidate::two_digits;

/// What one person says of the labels of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub is_good: bool,
    pub comment: Option<String>,
}

/// What they say together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub is_good: bool,
    /// Share of those who say so, to two digits. Zero where one person was asked.
    pub confidence: f64,
    /// As many said good as not: then it is not.
    pub is_tied: bool,
    /// By alphabet, those of the outvoted too.
    pub comments: Vec<String>,
}

/// What most of them say. Nobody asked is a tie.
pub fn judge(verdicts: &[&Verdict]) -> Judged {
    let good = verdicts.iter().filter(|verdict| verdict.is_good).count();
    let bad = verdicts.len() - good;
    let confidence = match verdicts.len() {
        0 | 1 => 0.0,
        asked => two_digits(good.max(bad) as f64 / asked as f64),
    };
    let comments = verdicts.iter().filter_map(|verdict| verdict.comment.as_deref());
    let comments = comments.map(str::trim).filter(|comment| !comment.is_empty());
    let mut comments: Vec<String> = comments.map(str::to_owned).collect();
    comments.sort();
    Judged { is_good: good > bad, confidence, is_tied: good == bad, comments }
}
