//! The filter language: one sentence that says which frames.
//!
//! ```text
//! count(person, conf >= 0.8) >= 5 and has(bicycle) and not has(traffic_light)
//!   and camera = front and tod = night and within(48.12, 11.7, 2km)
//! ```
//!
//! | | |
//! |---|---|
//! | `has(label)` | something of that label, or the label on the whole image |
//! | `has(label, conf >= 0.5, area > 0.1)` | … of at least that confidence, in a box of more than that share of the image |
//! | `count(label) >= 2` | so many boxes of it; `=` `!=` `<` `<=` `>` `>=` |
//! | `camera = front`, `width >= 1280`, `encoding in (rgb8, bgr8)` | a column of `frames` |
//! | `weather.condition = rain`, `condition = rain`, `weather = rain` | a column of an attached table, its name as long as it must be |
//! | `within(48.12, 11.7, 2km)` | at most so far from a latitude and longitude, over ground |
//! | `in_box(48, 11, 49, 12)` | between south, west, north and east; from a west that is greater, over the antimeridian |
//! | `time in 2020-11-19T22:00..22:30` | from the first up to the second; a date as the end is meant whole |
//! | `time in 2020-11-19`, `time >= 2020-11-19T22` | a time of any length, in UTC unless it says otherwise |
//! | `time in 22:00..06:00` | a time of day in UTC, on any date |
//! | `tod = night`, `tod in (day, dusk)` | by the sun where the frame was taken |
//! | `tag = night_drive`, `tag in (a, b)` | what people noted |
//! | `selection = night-crowds` | what was saved under that name |
//! | `and`, `or`, `not`, `( )` | `not` binds tightest, then `and` |
//!
//! A label is a word or a quoted text, in any case; `_` and space are the same
//! in it, so `traffic_light` is `"traffic light"`. Other texts are compared
//! exactly. A filter without any words is every frame.
//!
//! What a filter says of detections is unknown for frames nobody looked at, and
//! what it says of a column for frames without a value there: it neither holds
//! nor fails, and an answer says how many such frames there were. Tags and
//! selections are never unknown. [`Filter`]'s `Display` is its normal form, which
//! parses to the same.

mod ast;
mod clock;
mod error;
mod lexer;
#[cfg(test)]
mod naive;
mod names;
mod needs;
mod normal;
mod parse;
mod place;
mod sql;
mod time;
mod vocabulary;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

pub use error::FilterError;
pub use parse::MAX_FILTER_BYTES;
pub use time::Period;

pub(crate) use ast::{Expr, Label};
#[cfg(test)]
pub(crate) use naive::{SELECTIONS, Seen, Weather, any_expr, any_frames, may};
pub(crate) use place::distance_m;
pub(crate) use sql::{Certainty, quoted};
pub(crate) use vocabulary::{ColumnType, Vocabulary};

/// Which frames.
#[derive(Clone, Debug)]
pub struct Filter {
    /// As it was written, for errors that only show when the catalog is at hand.
    text: String,
    expr: Option<Expr>,
}

impl Filter {
    /// Every frame: what the empty text parses to.
    pub const EVERYTHING: Filter = Filter { text: String::new(), expr: None };

    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        Ok(Filter { text: text.to_owned(), expr: parse::parse(text)? })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn expr(&self) -> Option<&Expr> {
        self.expr.as_ref()
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

    /// It speaks of columns, of frames or of what is attached to them.
    pub(crate) fn has_columns(&self) -> bool {
        let mut has = false;
        self.visit(&mut |expr| has |= matches!(expr, Expr::Column { .. }));
        has
    }

    /// The saved selections it names.
    pub(crate) fn selections(&self) -> BTreeSet<&str> {
        let mut selections = BTreeSet::new();
        self.visit(&mut |expr| {
            if let Expr::Selection(names) = expr {
                selections.extend(names.iter().map(|name| name.text.as_str()));
            }
        });
        selections
    }

    fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Expr)) {
        if let Some(expr) = &self.expr {
            expr.visit(see);
        }
    }
}

/// However they were written.
impl PartialEq for Filter {
    fn eq(&self, other: &Filter) -> bool {
        self.expr == other.expr
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
        match &self.expr {
            Some(expr) => expr.fmt(f),
            None => Ok(()),
        }
    }
}
