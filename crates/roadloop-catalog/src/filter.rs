//! The filter language: one sentence that says which frames.
//!
//! ```text
//! count(person, conf >= 0.8) >= 5 and has(bicycle) and not has(traffic_light)
//!   and camera = front and time in 2020-11-19T22:00..22:30
//! ```
//!
//! | | |
//! |---|---|
//! | `has(label)` | something of that label, or the label on the whole image |
//! | `has(label, conf >= 0.5)` | … of at least that confidence |
//! | `count(label) >= 2` | so many boxes of it; `=` `!=` `<` `<=` `>` `>=` |
//! | `camera = front`, `recording != drive-1a2b3c4d` | by name |
//! | `time in 2020-11-19T22:00..22:30` | from the first up to the second; a date as the end is meant whole |
//! | `time in 2020-11-19`, `time >= 2020-11-19T22` | a time of any length, in UTC unless it says otherwise |
//! | `and`, `or`, `not`, `( )` | `not` binds tightest, then `and` |
//!
//! A label is a word or a quoted text, in any case; `_` and space are the same
//! in it, so `traffic_light` is `"traffic light"`. A filter without any words
//! is every frame.
//!
//! What a filter says of detections is unknown for frames nobody looked at: it
//! neither holds nor fails there, and an answer says how many such frames there
//! were. [`Filter`]'s `Display` is its normal form, which parses to the same.

mod ast;
mod error;
mod lexer;
#[cfg(test)]
mod naive;
mod parse;
mod sql;
mod suggest;
mod time;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

pub use error::FilterError;
pub use parse::MAX_FILTER_BYTES;
pub use time::Period;

pub(crate) use ast::{Expr, Label};
#[cfg(test)]
pub(crate) use naive::{Seen, any_expr, any_frames, holds};
pub(crate) use sql::{Certainty, quoted};
pub(crate) use suggest::nearest;

/// Which frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Option<Expr>);

/// Names a filter may be about, for [`Filter::check`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub labels: BTreeSet<String>,
    pub cameras: BTreeSet<String>,
    pub recordings: BTreeSet<String>,
}

impl Filter {
    /// Every frame: what the empty text parses to.
    pub const EVERYTHING: Filter = Filter(None);

    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        parse::parse(text).map(Filter)
    }

    /// Says of each name that is not among the known ones so, with the nearest
    /// of them. Such a filter is no error: the name may be known tomorrow.
    pub fn check(&self, known: &Known) -> Vec<String> {
        let mut warnings = Vec::new();
        let labels: Vec<&str> = known.labels.iter().map(String::as_str).collect();
        for label in self.labels() {
            if !known.labels.iter().any(|text| label.matches(text)) {
                let nearest = suggest::nearest(label.as_str(), labels.iter().copied());
                let nearest = nearest.map(|text| Label::new(text).to_string());
                warnings.push(warning("label", &label.to_string(), nearest));
            }
        }
        for (what, used, known) in [
            ("camera", self.cameras(), &known.cameras),
            ("recording", self.recordings(), &known.recordings),
        ] {
            for name in used {
                if !known.contains(name) {
                    let nearest = suggest::nearest(name, known.iter().map(String::as_str));
                    warnings.push(warning(what, name, nearest.map(str::to_owned)));
                }
            }
        }
        warnings
    }

    #[cfg(test)]
    pub(crate) fn from_expr(expr: Expr) -> Filter {
        Filter(Some(expr))
    }

    pub(crate) fn expr(&self) -> Option<&Expr> {
        self.0.as_ref()
    }

    pub(crate) fn labels(&self) -> BTreeSet<&Label> {
        let mut labels = BTreeSet::new();
        self.visit(&mut |expr| {
            if let Expr::Has { label, .. } | Expr::Count { label, .. } = expr {
                labels.insert(label);
            }
        });
        labels
    }

    pub(crate) fn cameras(&self) -> BTreeSet<&str> {
        let mut cameras = BTreeSet::new();
        self.visit(&mut |expr| {
            if let Expr::Camera { name, .. } = expr {
                cameras.insert(name.as_str());
            }
        });
        cameras
    }

    pub(crate) fn recordings(&self) -> BTreeSet<&str> {
        let mut recordings = BTreeSet::new();
        self.visit(&mut |expr| {
            if let Expr::Recording { name, .. } = expr {
                recordings.insert(name.as_str());
            }
        });
        recordings
    }

    fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Expr)) {
        if let Some(expr) = &self.0 {
            expr.visit(see);
        }
    }
}

/// Of what is in the catalog: a detector may well know a label that it never gave.
fn warning(what: &str, name: &str, nearest: Option<String>) -> String {
    match nearest {
        Some(nearest) => format!("no {what} {name} in the catalog: did you mean {nearest}?"),
        None => format!("no {what} {name} in the catalog"),
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Filter, FilterError> {
        Filter::parse(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(expr) => expr.fmt(f),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: &str, labels: &[&str], expected: &[&str]) {
        let known = Known {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            cameras: BTreeSet::from(["front".to_owned(), "rear".to_owned()]),
            recordings: BTreeSet::new(),
        };
        assert_eq!(Filter::parse(filter).unwrap().check(&known), expected);
    }

    #[test]
    fn unknown_names_get_a_suggestion() {
        check("has(car)", &["car"], &[]);
        check("has(traffic_light)", &["traffic light"], &[]);
        check("has(traffic_light)", &["traffic_light"], &[]);
        check(
            "not has(trafic_light)",
            &["car", "traffic light"],
            &["no label trafic_light in the catalog: did you mean traffic_light?"],
        );
        check("has(zebra)", &["car"], &["no label zebra in the catalog"]);
        check(
            "has(light)",
            &["car", "traffic light"],
            &["no label light in the catalog: did you mean traffic_light?"],
        );
        check(
            "camera = frnt or has(car)",
            &["car"],
            &["no camera frnt in the catalog: did you mean front?"],
        );
    }
}
