//! A filter as a SQL condition on `frames f`.
//!
//! Conditions on detections become `EXISTS` and `NOT EXISTS`, which DataFusion
//! plans as semi and anti joins on the frame's number. Negation is pushed down
//! to them first, because only there it is known what it needs: that somebody
//! looked at the frame.

use roadloop_base::Stage;

use super::ast::{Confidence, Expr, Is, Label, Op};
use super::time::Period;
use crate::Filter;
use crate::schema::{LOOKED, REDACTED};

/// What counts as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// Frames of which the filter is known to hold.
    Known,
    /// Also those of which it might, once somebody looks at them.
    Possible,
}

/// Labels that the anonymiser's models give; all others are the detector's.
/// `not has(face)` speaks of frames that were looked at for faces.
const ANONYMIZER_LABELS: [&str; 4] = ["face", "plate", "license plate", "text"];

impl Filter {
    /// A condition on the table `frames`, called `f`.
    pub(crate) fn to_sql(&self, certainty: Certainty) -> String {
        match self.expr() {
            Some(expr) => condition(expr, Sense::Holds, certainty),
            None => "TRUE".to_owned(),
        }
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

impl Sense {
    fn opposite(self) -> Sense {
        match self {
            Sense::Holds => Sense::Fails,
            Sense::Fails => Sense::Holds,
        }
    }
}

fn condition(expr: &Expr, sense: Sense, certainty: Certainty) -> String {
    match expr {
        Expr::Not(inner) => condition(inner, sense.opposite(), certainty),
        Expr::And(parts) | Expr::Or(parts) => {
            // Not all of them hold: one of them fails.
            let all = matches!(expr, Expr::And(_)) == (sense == Sense::Holds);
            let parts: Vec<String> =
                parts.iter().map(|part| condition(part, sense, certainty)).collect();
            format!("({})", parts.join(if all { " AND " } else { " OR " }))
        }
        Expr::Has { label, conditions } => {
            let rows = rows_of(label, conditions);
            let frames = format!("SELECT frame FROM detection_rows WHERE {rows}");
            match sense {
                Sense::Holds => some(label, &frames, certainty),
                Sense::Fails => none(label, &frames, certainty),
            }
        }
        Expr::Count { label, conditions, op, number } => {
            let op = if sense == Sense::Holds { *op } else { op.negated() };
            let frames = |op: Op| {
                format!(
                    "SELECT frame FROM detection_rows WHERE {} AND bbox_left IS NOT NULL \
                     GROUP BY frame HAVING count(*) {} {number}",
                    rows_of(label, conditions),
                    op.symbol()
                )
            };
            // Frames without any such box are in no group.
            if op.holds(0, *number) {
                none(label, &frames(op.negated()), certainty)
            } else {
                some(label, &frames(op), certainty)
            }
        }
        Expr::Camera { is, name } => named("camera", *is, name, sense),
        Expr::Recording { is, name } => named("recording", *is, name, sense),
        Expr::Time { op, period } => {
            let op = if sense == Sense::Holds { *op } else { op.negated() };
            let (start, end) = (period.start().0, period.end().0);
            match op {
                Op::Equal => within(start, end),
                Op::NotEqual => outside(start, end),
                Op::Less => format!("f.taken_at_ns < {start}"),
                Op::LessOrEqual => format!("f.taken_at_ns < {end}"),
                Op::Greater => format!("f.taken_at_ns >= {end}"),
                Op::GreaterOrEqual => format!("f.taken_at_ns >= {start}"),
            }
        }
        Expr::TimeIn { from, to } => {
            let end = to.map_or(from.end(), Period::end_of_range);
            match sense {
                Sense::Holds => within(from.start().0, end.0),
                Sense::Fails => outside(from.start().0, end.0),
            }
        }
    }
}

fn some(label: &Label, frames: &str, certainty: Certainty) -> String {
    let some = format!("EXISTS (SELECT 1 FROM ({frames}) d WHERE d.frame = f.frame)");
    match certainty {
        Certainty::Known => some,
        Certainty::Possible => format!("({some} OR NOT {})", looked_at(label)),
    }
}

fn none(label: &Label, frames: &str, certainty: Certainty) -> String {
    let none = format!("NOT EXISTS (SELECT 1 FROM ({frames}) d WHERE d.frame = f.frame)");
    match certainty {
        Certainty::Known => format!("({none} AND {})", looked_at(label)),
        Certainty::Possible => none,
    }
}

fn looked_at(label: &Label) -> String {
    let view = if marker(label) == REDACTED { "anonymized" } else { "looked" };
    format!("EXISTS (SELECT 1 FROM {view} l WHERE l.frame = f.frame)")
}

/// No marker carries a label, so these are detections.
fn rows_of(label: &Label, conditions: &[Confidence]) -> String {
    let spellings: Vec<String> = label.spellings().iter().map(|text| quoted(text)).collect();
    let mut sql = format!("label IN ({})", spellings.join(", "));
    for Confidence { op, value } in conditions {
        // In the column's own precision: 0.7 is to equal a stored 0.7.
        let value = *value as f32;
        sql.push_str(&format!(" AND confidence {} CAST({value} AS REAL)", op.symbol()));
    }
    sql
}

fn named(column: &str, is: Is, name: &str, sense: Sense) -> String {
    let is = if sense == Sense::Holds { is } else { is.negated() };
    format!("f.{column} {} {}", is.symbol(), quoted(name))
}

fn within(start: i64, end: i64) -> String {
    format!("(f.taken_at_ns >= {start} AND f.taken_at_ns < {end})")
}

fn outside(start: i64, end: i64) -> String {
    format!("(f.taken_at_ns < {start} OR f.taken_at_ns >= {end})")
}

/// A SQL text; the only character with a meaning in it is the quote.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: &str, expected: &str) {
        assert_eq!(Filter::parse(filter).unwrap().to_sql(Certainty::Known), expected);
    }

    #[test]
    fn conditions_on_frames() {
        check("", "TRUE");
        check("not camera = front", "f.camera != 'front'");
        check(
            "not (camera = front or recording != a)",
            "(f.camera != 'front' AND f.recording = 'a')",
        );
        check("time < 1970-01-01T00:00:01", "f.taken_at_ns < 1000000000");
        check("time <= 1970-01-01T00:00:01", "f.taken_at_ns < 2000000000");
        check(
            "not time in 1970-01-01T00:00..00:01",
            "(f.taken_at_ns < 0 OR f.taken_at_ns >= 60000000000)",
        );
    }

    #[test]
    fn hostile_labels_stay_texts() {
        check(
            "has(\"it's'; drop table\")",
            "EXISTS (SELECT 1 FROM (SELECT frame FROM detection_rows WHERE label IN \
             ('it''s''; drop table', 'it''s'';_drop_table')) d WHERE d.frame = f.frame)",
        );
    }

    #[test]
    fn each_question_has_those_who_look() {
        let markers = |text: &str| Filter::parse(text).unwrap().markers();
        assert_eq!(markers("camera = front"), Vec::<&str>::new());
        assert_eq!(markers("not has(car) or count(license_plate) = 0"), [LOOKED, REDACTED]);
    }
}
