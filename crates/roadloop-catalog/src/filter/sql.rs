//! A filter as a SQL condition on `frames f`.
//!
//! Conditions on detections, attached tables, tags and selections become
//! `EXISTS` and `NOT EXISTS`, which DataFusion plans as semi and anti joins on
//! the frame's number. Conditions on `frames` itself are plain comparisons of
//! its columns wherever they can be, so that statistics spare whole files.
//! Negation is pushed down to all of them first, because only there it is known
//! what it needs: that somebody looked at the frame, that there is a value.

mod compare;

use std::ops::Range;

use roadloop_base::{Nanos, Stage};

use self::compare::Misfit;
use super::ast::{Expr, Label, Measure, Measured, Name, Op, Test};
use super::clock::{DailyRange, NANOS_PER_DAY};
use super::error::FilterError;
use super::place::{Circle, Longitudes, Region};
use super::time::Period;
use super::vocabulary::{STORED_SUN_ELEVATION, SUN_ELEVATION, Vocabulary};
use crate::Filter;
use crate::rows::date_of;
use crate::schema::{LOOKED, REDACTED};
use crate::session::{ATTACHED, SELECTIONS, TAGS};
use crate::sun::{DAY_ABOVE, NIGHT_BELOW, Tod};

/// What counts as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// Frames of which the filter is known to hold.
    Known,
    /// Also those of which it might, once somebody looks at them.
    Looked,
    /// Also those of which it might, if they had all the values it asks for.
    Possible,
}

/// Labels that the anonymiser's models give; all others are the detector's.
/// `not has(face)` speaks of frames that were looked at for faces.
const ANONYMIZER_LABELS: [&str; 4] = ["face", "plate", "license plate", "text"];

const TAKEN_AT: &str = "f.taken_at_ns";
const POSITION_IS_NULL: &str = "f.latitude IS NULL OR f.longitude IS NULL";

impl Filter {
    /// A condition on the table `frames`, called `f`.
    pub(crate) fn to_sql(
        &self,
        certainty: Certainty,
        vocabulary: &Vocabulary,
    ) -> Result<String, FilterError> {
        let Some(expr) = self.expr() else { return Ok("TRUE".to_owned()) };
        let dates = dates(expr);
        let writer = Writer { certainty, vocabulary, text: self.text(), dates };
        writer.condition(expr, Sense::Holds)
    }

    /// The stages whose models look for what this filter asks.
    pub fn stages(&self) -> Vec<Stage> {
        let stage = |marker| if marker == REDACTED { Stage::Anonymize } else { Stage::Detect };
        let mut stages: Vec<Stage> = self.markers().into_iter().map(stage).collect();
        stages.sort_unstable();
        stages
    }

    /// The kinds of the rows that tell whether a frame was looked at for what
    /// this filter asks.
    pub(crate) fn markers(&self) -> Vec<&'static str> {
        let mut markers: Vec<&str> = self.labels().into_iter().map(marker).collect();
        markers.sort_unstable();
        markers.dedup();
        markers
    }
}

pub(super) fn marker(label: &Label) -> &'static str {
    if ANONYMIZER_LABELS.contains(&label.as_str()) { REDACTED } else { LOOKED }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sense {
    Holds,
    Fails,
}

impl Op {
    fn in_sense(self, sense: Sense) -> Op {
        if sense == Sense::Holds { self } else { self.negated() }
    }
}

impl Sense {
    fn opposite(self) -> Sense {
        match self {
            Sense::Holds => Sense::Fails,
            Sense::Fails => Sense::Holds,
        }
    }
}

struct Writer<'a> {
    certainty: Certainty,
    vocabulary: &'a Vocabulary,
    /// Of the filter, for errors.
    text: &'a str,
    /// A condition on the dates of rows about frames that the filter can find.
    dates: String,
}

impl Writer<'_> {
    fn condition(&self, expr: &Expr, sense: Sense) -> Result<String, FilterError> {
        let holds = sense == Sense::Holds;
        Ok(match expr {
            Expr::Not(inner) => self.condition(inner, sense.opposite())?,
            Expr::And(parts) | Expr::Or(parts) => {
                // Not all of them hold: one of them fails.
                let all = matches!(expr, Expr::And(_)) == holds;
                let mut written = Vec::with_capacity(parts.len());
                for part in parts {
                    written.push(self.condition(part, sense)?);
                }
                format!("({})", written.join(if all { " AND " } else { " OR " }))
            }
            Expr::Has { label, conditions } => {
                let rows = rows_of(label, conditions);
                let dates = &self.dates;
                let frames = format!("SELECT frame FROM detection_rows WHERE {rows}{dates}");
                self.seen(label, &frames, sense)
            }
            Expr::Count { label, conditions, op, number } => {
                let op = op.in_sense(sense);
                let frames = |op: Op| {
                    format!(
                        "SELECT frame FROM detection_rows WHERE {}{} AND bbox_left IS NOT NULL \
                         GROUP BY frame HAVING count(*) {} {number}",
                        rows_of(label, conditions),
                        self.dates,
                        op.symbol()
                    )
                };
                // Frames without any such box are in no group.
                if op.holds(0, *number) {
                    self.seen(label, &frames(op.negated()), Sense::Fails)
                } else {
                    self.seen(label, &frames(op), Sense::Holds)
                }
            }
            Expr::Column { name, test } => self.column(name, test, sense)?,
            Expr::Time { op, period } => {
                let (start, end) = (period.start().0, period.end().0);
                compare::period(TAKEN_AT, op.in_sense(sense), start, end)
            }
            Expr::TimeIn { from, to } => {
                let end = to.map_or(from.end(), Period::end_of_range);
                compare::period(TAKEN_AT, Op::Equal.in_sense(sense), from.start().0, end.0)
            }
            Expr::TimeOfDay(range) => time_of_day(*range, sense),
            Expr::Within(circle) => self.or_null(within(circle, sense), POSITION_IS_NULL),
            Expr::InBox(region) => self.or_null(in_box(region, sense), POSITION_IS_NULL),
            Expr::Tod(values) => {
                let sun = format!("{SUN_ELEVATION} IS NULL");
                self.or_null(tod(values, sense), &sun)
            }
            Expr::Tag(names) => {
                exists(&format!("SELECT frame FROM {TAGS} WHERE tag IN ({})", texts(names)), sense)
            }
            Expr::Selection(names) => {
                for name in names {
                    let known = self.vocabulary.selection(&name.text);
                    known.map_err(|message| self.error(message, name.place.clone()))?;
                }
                let frames =
                    format!("SELECT frame FROM {SELECTIONS} WHERE name IN ({})", texts(names));
                exists(&frames, sense)
            }
        })
    }

    /// Some of these frames, or none, as far as somebody looked.
    fn seen(&self, label: &Label, frames: &str, sense: Sense) -> String {
        let found = exists(frames, sense);
        let view = if marker(label) == REDACTED { "anonymized" } else { "looked" };
        let dates = &self.dates;
        let looked = format!("EXISTS (SELECT 1 FROM {view} l WHERE l.frame = f.frame{dates})");
        match (sense, self.certainty) {
            (Sense::Holds, Certainty::Known) => found,
            (Sense::Holds, _) => format!("({found} OR NOT {looked})"),
            (Sense::Fails, Certainty::Known) => format!("({found} AND {looked})"),
            (Sense::Fails, _) => found,
        }
    }

    fn column(&self, name: &Name, test: &Test, sense: Sense) -> Result<String, FilterError> {
        let field = self.vocabulary.resolve(&name.text);
        let field = field.map_err(|message| self.error(message, name.place.clone()))?;
        let compared = |sense| {
            compare::test(&field, test, sense)
                .map_err(|Misfit { message, place }| self.error(message, place))
        };
        let Some(table) = &field.table else {
            let is_null = format!("{} IS NULL", field.sql);
            return Ok(match field.is_nullable {
                true => self.or_null(compared(sense)?, &is_null),
                false => compared(sense)?,
            });
        };
        let table = identifier(&format!("{ATTACHED}{table}"));
        let frames = |condition: String| format!("SELECT frame FROM {table} WHERE {condition}");
        Ok(match self.certainty {
            Certainty::Known | Certainty::Looked => exists(&frames(compared(sense)?), Sense::Holds),
            // All but those of which the opposite is known.
            Certainty::Possible => exists(&frames(compared(sense.opposite())?), Sense::Fails),
        })
    }

    /// What is not known may be so.
    fn or_null(&self, condition: String, is_null: &str) -> String {
        match self.certainty {
            Certainty::Known | Certainty::Looked => condition,
            Certainty::Possible => format!("({condition} OR {is_null})"),
        }
    }

    fn error(&self, message: String, place: Range<usize>) -> FilterError {
        FilterError::new(message, self.text, place)
    }
}

/// What the times that a filter asks for say of the dates of rows: a frame's rows
/// lie in the files of its date, in every table. Empty where it asks for none.
fn dates(expr: &Expr) -> String {
    let parts = match expr {
        Expr::And(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut dates = String::new();
    for part in parts {
        let (from, before) = match part {
            Expr::Time { op: Op::Equal, period } => (Some(period.start()), Some(period.end())),
            Expr::Time { op: Op::Less, period } => (None, Some(period.start())),
            Expr::Time { op: Op::LessOrEqual, period } => (None, Some(period.end())),
            Expr::Time { op: Op::Greater, period } => (Some(period.end()), None),
            Expr::Time { op: Op::GreaterOrEqual, period } => (Some(period.start()), None),
            Expr::TimeIn { from, to } => {
                (Some(from.start()), Some(to.map_or(from.end(), Period::end_of_range)))
            }
            _ => continue,
        };
        if let Some(from) = from {
            dates.push_str(&format!(" AND date >= '{}'", date_of(from)));
        }
        if let Some(before) = before {
            let last = Nanos(before.0.saturating_sub(1));
            dates.push_str(&format!(" AND date <= '{}'", date_of(last)));
        }
    }
    dates
}

fn exists(frames: &str, sense: Sense) -> String {
    let not = if sense == Sense::Holds { "" } else { "NOT " };
    format!("{not}EXISTS (SELECT 1 FROM ({frames}) d WHERE d.frame = f.frame)")
}

/// No marker carries a label, so these are detections.
fn rows_of(label: &Label, conditions: &[Measure]) -> String {
    let spellings: Vec<String> = label.spellings().iter().map(|text| quoted(text)).collect();
    let mut sql = format!("label IN ({})", spellings.join(", "));
    for Measure { of, op, value } in conditions {
        let measured = match of {
            Measured::Confidence => "confidence",
            Measured::Area => "(bbox_right - bbox_left) * (bbox_bottom - bbox_top)",
        };
        // In the column's own precision: 0.7 is to equal a stored 0.7.
        let value = *value as f32;
        sql.push_str(&format!(" AND {measured} {} CAST({value} AS REAL)", op.symbol()));
    }
    sql
}

fn time_of_day(range: DailyRange, sense: Sense) -> String {
    let (start, end) = (range.start(), range.end());
    // SQL's remainder is negative before 1970.
    let time = format!("({TAKEN_AT} % {NANOS_PER_DAY} + {NANOS_PER_DAY}) % {NANOS_PER_DAY}");
    // Over midnight: all but what lies between the end and the start.
    if end < start {
        compare::period(&time, Op::Equal.in_sense(sense.opposite()), end, start)
    } else {
        compare::period(&time, Op::Equal.in_sense(sense), start, end)
    }
}

/// The surroundings first: of them the statistics know.
fn within(circle: &Circle, sense: Sense) -> String {
    let Circle { latitude, longitude, radius_m } = circle;
    let distance = format!("distance_m(f.latitude, f.longitude, {latitude:?}, {longitude:?})");
    match sense {
        Sense::Holds => {
            let surroundings = in_box(&circle.surroundings(), sense);
            format!("({surroundings} AND {distance} <= {radius_m:?})")
        }
        Sense::Fails => format!("{distance} > {radius_m:?}"),
    }
}

fn in_box(region: &Region, sense: Sense) -> String {
    let Region { south, north, .. } = region;
    let longitudes = region.longitudes();
    match sense {
        Sense::Holds => {
            let latitudes = format!("f.latitude >= {south:?} AND f.latitude <= {north:?}");
            match longitudes {
                Longitudes::All => format!("({latitudes})"),
                Longitudes::Between { west, east } => {
                    format!("({latitudes} AND f.longitude >= {west:?} AND f.longitude <= {east:?})")
                }
                Longitudes::FromOrUpTo { from, up_to } => format!(
                    "({latitudes} AND (f.longitude >= {from:?} OR f.longitude <= {up_to:?}))"
                ),
            }
        }
        Sense::Fails => {
            let latitudes = format!("f.latitude < {south:?} OR f.latitude > {north:?}");
            match longitudes {
                Longitudes::All => format!("({latitudes})"),
                Longitudes::Between { west, east } => {
                    format!("({latitudes} OR f.longitude < {west:?} OR f.longitude > {east:?})")
                }
                Longitudes::FromOrUpTo { from, up_to } => {
                    format!("({latitudes} OR (f.longitude < {from:?} AND f.longitude > {up_to:?}))")
                }
            }
        }
    }
}

fn tod(values: &[Tod], sense: Sense) -> String {
    let among = |sun: &str| {
        let mut parts = Vec::new();
        for tod in Tod::ALL {
            if values.contains(&tod) != (sense == Sense::Holds) {
                continue;
            }
            let (day, night) =
                (format!("CAST({DAY_ABOVE} AS REAL)"), format!("CAST({NIGHT_BELOW} AS REAL)"));
            parts.push(match tod {
                Tod::Day => format!("{sun} > {day}"),
                Tod::Dusk => format!("({sun} <= {day} AND {sun} >= {night})"),
                Tod::Night => format!("{sun} < {night}"),
            });
        }
        if parts.is_empty() { "FALSE".to_owned() } else { format!("({})", parts.join(" OR ")) }
    };
    compare::guarded(&among(STORED_SUN_ELEVATION), STORED_SUN_ELEVATION, &among(SUN_ELEVATION))
}

fn texts(names: &[Name]) -> String {
    let texts: Vec<String> = names.iter().map(|name| quoted(&name.text)).collect();
    texts.join(", ")
}

/// A SQL text; the only character with a meaning in it is the quote.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name in SQL.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
