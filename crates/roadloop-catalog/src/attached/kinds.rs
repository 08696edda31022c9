//! Which type a column of texts is: the narrowest that every cell has.

use std::sync::Arc;

use deltalake::arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use deltalake::arrow::datatypes::DataType;

use serde::{Deserialize, Serialize};

use super::instant;
use crate::schema::timestamp;

/// What stands for "not known" in columns of numbers.
const NO_NUMBERS: [&str; 6] = ["na", "nan", "n/a", "null", "none", "-"];

/// A value type of attached data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    Int64,
    Float64,
    Boolean,
    Timestamp,
    Text,
}

impl ValueType {
    pub const ALL: [ValueType; 5] = [
        ValueType::Int64,
        ValueType::Float64,
        ValueType::Boolean,
        ValueType::Timestamp,
        ValueType::Text,
    ];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            ValueType::Int64 => "integer",
            ValueType::Float64 => "number",
            ValueType::Boolean => "boolean",
            ValueType::Timestamp => "time",
            ValueType::Text => "text",
        }
    }

    pub(crate) fn arrow(self) -> DataType {
        match self {
            ValueType::Int64 => DataType::Int64,
            ValueType::Float64 => DataType::Float64,
            ValueType::Boolean => DataType::Boolean,
            ValueType::Timestamp => timestamp(),
            ValueType::Text => DataType::Utf8,
        }
    }

    pub(crate) fn of(data_type: &DataType) -> ValueType {
        match data_type {
            DataType::Int64 | DataType::Int32 => ValueType::Int64,
            DataType::Float64 | DataType::Float32 => ValueType::Float64,
            DataType::Boolean => ValueType::Boolean,
            DataType::Timestamp(..) => ValueType::Timestamp,
            _ => ValueType::Text,
        }
    }
}

/// Which types may come of texts. In JSON a text is never a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readings {
    Any,
    Numbers,
    Booleans,
    Times,
    None,
}

/// The cells as the narrowest type that all of them have.
pub(crate) fn typed(texts: &StringArray, readings: Readings) -> ArrayRef {
    let allows = |reading| readings == Readings::Any || readings == reading;
    let all = |is_one: fn(&str) -> bool| texts.iter().flatten().all(is_one);
    if texts.null_count() == texts.len() {
        return Arc::new(texts.clone());
    }
    let is_missing = |text: &str| is_no_number(text) && readings == Readings::Any;
    let mut numbers = texts.iter().flatten().filter(|text| !is_missing(text)).peekable();
    if allows(Readings::Numbers)
        && numbers.peek().is_some()
        && numbers.all(|text| float(text).is_some())
    {
        let cells = || texts.iter().map(|text| text.filter(|text| !is_missing(text)));
        if cells().flatten().all(|text| integer(text).is_some()) {
            return Arc::new(cells().map(|text| integer(text?)).collect::<Int64Array>());
        }
        return Arc::new(cells().map(|text| float(text?)).collect::<Float64Array>());
    }
    if allows(Readings::Booleans) && all(|text| boolean(text).is_some()) {
        return Arc::new(texts.iter().map(|text| boolean(text?)).collect::<BooleanArray>());
    }
    if allows(Readings::Times) && all(|text| instant::iso_with_time(text).is_some()) {
        let micros = |text: &str| instant::iso_with_time(text).map(|nanos| nanos.div_euclid(1000));
        let times: TimestampMicrosecondArray = texts.iter().map(|text| micros(text?)).collect();
        return Arc::new(times.with_timezone("UTC"));
    }
    Arc::new(texts.clone())
}

fn is_no_number(text: &str) -> bool {
    NO_NUMBERS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// `007` is a name, not a number.
fn has_leading_zero(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    matches!(digits, [b'0', b'0'..=b'9', ..])
}

fn integer(text: &str) -> Option<i64> {
    if text.starts_with('+') || has_leading_zero(text) { None } else { text.parse().ok() }
}

fn float(text: &str) -> Option<f64> {
    let is_plain = |byte: u8| byte.is_ascii_digit() || b".eE+-".contains(&byte);
    if has_leading_zero(text) || !text.bytes().all(is_plain) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cells: &[&str], readings: Readings, expected: ValueType) {
        let texts: StringArray =
            cells.iter().map(|cell| (!cell.is_empty()).then_some(*cell)).collect();
        let array = typed(&texts, readings);
        assert_eq!(ValueType::of(array.data_type()), expected, "{cells:?}");
        assert_eq!(array.len(), cells.len());
        let is_missing = |cell: &&&str| {
            cell.is_empty()
                || (matches!(expected, ValueType::Int64 | ValueType::Float64) && is_no_number(cell))
        };
        assert_eq!(array.null_count(), cells.iter().filter(is_missing).count());
    }

    #[test]
    fn the_narrowest_type_wins() {
        use ValueType::*;
        check(&["1", "-2", ""], Readings::Any, Int64);
        check(&["1", "2.5"], Readings::Any, Float64);
        check(&["1e3", ".5", "5."], Readings::Any, Float64);
        check(&["9223372036854775808"], Readings::Any, Float64);
        check(&["1", "NaN", "n/a"], Readings::Any, Int64);
        check(&["NaN", "-"], Readings::Any, Text);
        check(&["true", "False", ""], Readings::Any, Boolean);
        check(&["2026-05-04T09:30", "2026-05-04 09:31:00Z"], Readings::Any, Timestamp);
        // A day alone is no instant.
        check(&["2026-05-04"], Readings::Any, Text);
        check(&["1", "x"], Readings::Any, Text);
        check(&["01234", "99999"], Readings::Any, Text);
        check(&["inf"], Readings::Any, Text);
        check(&["1e999"], Readings::Any, Text);
        check(&["+1"], Readings::Any, Float64);
        check(&["0", "-0.5", "0.5"], Readings::Any, Float64);
        check(&["", ""], Readings::Any, Text);
        check(&[], Readings::Any, Text);
        check(&["1"], Readings::Times, Text);
        check(&["true"], Readings::None, Text);
    }
}
