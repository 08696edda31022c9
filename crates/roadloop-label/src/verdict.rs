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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `+` is good, `-` is not; a comment after it.
    fn verdicts(text: &str) -> Vec<Verdict> {
        let one = |word: &str| Verdict {
            is_good: word.starts_with('+'),
            comment: (word.len() > 1).then(|| word[1..].to_owned()),
        };
        text.split_whitespace().map(one).collect()
    }

    #[track_caller]
    fn check(text: &str, is_good: bool, confidence: f64, is_tied: bool, comments: &str) {
        let verdicts = verdicts(text);
        let judged = judge(&verdicts.iter().collect::<Vec<_>>());
        let comments = comments.split_whitespace().map(str::to_owned).collect();
        assert_eq!(judged, Judged { is_good, confidence, is_tied, comments });
    }

    #[test]
    fn most_decide() {
        check("+", true, 0.0, false, "");
        check("-late", false, 0.0, false, "late");
        check("+ + -", true, 0.67, false, "");
        check("-wide +fine -cut", false, 0.67, false, "cut fine wide");
        check("+ + +", true, 1.0, false, "");
        check("+ -", false, 0.5, true, "");
        check("", false, 0.0, true, "");
    }

    #[test]
    fn an_empty_comment_is_none() {
        let silent = Verdict { is_good: true, comment: Some(" \n".to_owned()) };
        assert_eq!(judge(&[&silent]).comments, Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn whose_verdict_comes_first_does_not_matter(text in "([+-][a-c]{0,2} ){0,9}") {
            let verdicts = verdicts(&text);
            let forward: Vec<&Verdict> = verdicts.iter().collect();
            let backward: Vec<&Verdict> = verdicts.iter().rev().collect();
            let judged = judge(&forward);
            prop_assert!((0.0..=1.0).contains(&judged.confidence));
            prop_assert_eq!(judged, judge(&backward));
        }
    }
}
