//! A column against values, in the column's own type.
//!
//! Values are cast rather than the column, so that the comparison can use the
//! column's statistics. A missing value makes no comparison true: unknown.

use std::fmt::Display;
use std::ops::Range;

use chrono::DateTime;
use deltalake::arrow::datatypes::TimeUnit;

use super::{Sense, quoted};
use crate::filter::ast::{Name, Op, Test};
use crate::filter::clock::NANOS_PER_DAY;
use crate::filter::time::Period;
use crate::filter::vocabulary::{ColumnType, Field};

/// A value that no value of the column can be held against.
pub(super) struct Misfit {
    pub(super) message: String,
    pub(super) place: Range<usize>,
}

pub(super) fn test(field: &Field, test: &Test, sense: Sense) -> Result<String, Misfit> {
    // The same condition in terms of two columns: it fits both or neither.
    let written = |sql: &str| match test {
        Test::Compare(op, value) => compare(sql, field.kind, op.in_sense(sense), value),
        Test::In(values) => among(sql, field.kind, values, sense),
    };
    let computed = written(&field.sql)?;
    let Some(stored) = field.stored else { return Ok(computed) };
    let guard = written(stored)?;
    Ok(guarded(&guard, stored, &computed))
}

/// A condition on what is computed where it is not stored; the stored column
/// comes first because statistics know of it.
pub(super) fn guarded(guard: &str, stored: &str, computed: &str) -> String {
    format!("(({guard} OR {stored} IS NULL) AND {computed})")
}

/// A time, or what else is in order, against a stretch of it.
pub(super) fn period(column: &str, op: Op, start: impl Display, end: impl Display) -> String {
    match op {
        Op::Equal => format!("({column} >= {start} AND {column} < {end})"),
        Op::NotEqual => format!("({column} < {start} OR {column} >= {end})"),
        Op::Less => format!("{column} < {start}"),
        Op::LessOrEqual => format!("{column} < {end}"),
        Op::Greater => format!("{column} >= {end}"),
        Op::GreaterOrEqual => format!("{column} >= {start}"),
    }
}

fn compare(column: &str, kind: ColumnType, op: Op, value: &Name) -> Result<String, Misfit> {
    if let Some((start, end)) = stretch(kind, value)? {
        return Ok(period(column, op, start, end));
    }
    if kind == ColumnType::Truth && !matches!(op, Op::Equal | Op::NotEqual) {
        return Err(misfit(value, "true and false are compared with = and !="));
    }
    if let Some(literal) = literal(kind, value)? {
        return Ok(format!("{column} {} {literal}", op.symbol()));
    }
    // No whole number equals a broken one.
    let below = number(value)?.floor() as i64;
    Ok(match op {
        Op::Equal => "FALSE".to_owned(),
        Op::NotEqual => format!("{column} IS NOT NULL"),
        Op::Less | Op::LessOrEqual => format!("{column} <= {below}"),
        Op::Greater | Op::GreaterOrEqual => format!("{column} > {below}"),
    })
}

fn among(column: &str, kind: ColumnType, values: &[Name], sense: Sense) -> Result<String, Misfit> {
    let mut literals = Vec::new();
    let mut stretches = Vec::new();
    for value in values {
        match stretch(kind, value)? {
            Some((start, end)) => {
                stretches.push(period(column, Op::Equal.in_sense(sense), start, end));
            }
            None => literals.extend(literal(kind, value)?),
        }
    }
    let holds = sense == Sense::Holds;
    Ok(if !stretches.is_empty() {
        joined(&stretches, if holds { "OR" } else { "AND" })
    } else if literals.is_empty() {
        // Only broken numbers, and the column holds whole ones.
        if holds { "FALSE".to_owned() } else { format!("{column} IS NOT NULL") }
    } else {
        format!("{column} {}IN ({})", if holds { "" } else { "NOT " }, literals.join(", "))
    })
}

/// Halves in brackets: a long chain would cost the planner stack.
fn joined(parts: &[String], word: &str) -> String {
    match parts {
        [part] => part.clone(),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({} {word} {})", joined(left, word), joined(right, word))
        }
    }
}

/// A value in SQL. `None` for a broken number where the column holds whole ones.
fn literal(kind: ColumnType, value: &Name) -> Result<Option<String>, Misfit> {
    let text = value.text.as_str();
    Ok(Some(match kind {
        ColumnType::Text => quoted(text),
        ColumnType::Truth => match text.to_ascii_lowercase().as_str() {
            "true" => "TRUE".to_owned(),
            "false" => "FALSE".to_owned(),
            _ => return Err(misfit(value, "expected true or false")),
        },
        ColumnType::Whole => match text.parse::<i64>() {
            Ok(number) => number.to_string(),
            Err(_) => {
                let number = number(value)?;
                if number.abs() > 9e18 {
                    return Err(misfit(value, "the column holds no number so large"));
                }
                if number.fract() != 0.0 {
                    return Ok(None);
                }
                (number as i64).to_string()
            }
        },
        ColumnType::Single => {
            let number = number(value)? as f32;
            if number.is_infinite() {
                return Err(misfit(value, "the column holds no number so large"));
            }
            format!("CAST({number:?} AS REAL)")
        }
        ColumnType::Double => format!("CAST({:?} AS DOUBLE)", number(value)?),
        ColumnType::Date | ColumnType::Nanos | ColumnType::Time { .. } | ColumnType::Other => {
            return Err(misfit(value, "the column holds nothing that can be compared"));
        }
    }))
}

fn number(value: &Name) -> Result<f64, Misfit> {
    let number = value.text.parse().ok().filter(|number: &f64| number.is_finite());
    // Not -0, which columns tell from 0.
    number.map(|number| number + 0.0).ok_or_else(|| misfit(value, "expected a number"))
}

/// The start and the end of a time, as the column has them.
fn stretch(kind: ColumnType, value: &Name) -> Result<Option<(String, String)>, Misfit> {
    let literal: Box<dyn Fn(i64) -> String> = match kind {
        ColumnType::Nanos => Box::new(|nanos| nanos.to_string()),
        ColumnType::Time { unit, is_utc } => Box::new(move |nanos| timestamp(nanos, unit, is_utc)),
        ColumnType::Date => Box::new(|nanos| {
            let date = DateTime::from_timestamp_nanos(nanos).date_naive();
            format!("DATE '{date}'")
        }),
        _ => return Ok(None),
    };
    let period = Period::parse(&value.text).ok_or_else(|| {
        misfit(value, "expected a time such as 2020-11-19T22:00, as the column holds times")
    })?;
    let (start, end) = (period.start().0, period.end().0);
    if kind == ColumnType::Date && (start % NANOS_PER_DAY != 0 || end % NANOS_PER_DAY != 0) {
        return Err(misfit(value, "expected a date such as 2020-11-19"));
    }
    Ok(Some((literal(start), literal(end))))
}

/// What comes before it in nanoseconds comes before it in coarser units, too,
/// when it is rounded up.
fn timestamp(nanos: i64, unit: TimeUnit, is_utc: bool) -> String {
    let (name, long) = match unit {
        TimeUnit::Second => ("Second", 1_000_000_000),
        TimeUnit::Millisecond => ("Millisecond", 1_000_000),
        TimeUnit::Microsecond => ("Microsecond", 1_000),
        TimeUnit::Nanosecond => ("Nanosecond", 1),
    };
    let count = nanos.div_euclid(long) + i64::from(nanos.rem_euclid(long) > 0);
    let zone = if is_utc { "Some(\"UTC\")" } else { "None" };
    format!("arrow_cast({count}, 'Timestamp({name}, {zone})')")
}

fn misfit(value: &Name, message: &str) -> Misfit {
    Misfit { message: message.to_owned(), place: value.place.clone() }
}
