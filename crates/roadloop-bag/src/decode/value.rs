//! What a message holds, whatever it was serialised in.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use roadloop_base::Nanos;

use super::record::RecordRef;

/// A value of a message. As JSON: bytes are base64 text, times are `sec` and
/// `nanosec`, and the floats JSON has no word for are `"NaN"`, `"Infinity"` and
/// `"-Infinity"`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A field that is not there, where a format knows that.
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    F32(f32),
    F64(f64),
    Text(String),
    /// A sequence of bytes, shared with the message where it can be.
    Bytes(Bytes),
    Time(Moment),
    Duration(Moment),
    Numbers(Numbers),
    List(Vec<Value>),
    Record(Record),
    /// Names and values of formats whose messages say them.
    Object(Vec<(Arc<str>, Value)>),
}

/// Seconds and nanoseconds as they were recorded, since 1970 or as a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub sec: i64,
    pub nanosec: i64,
}

impl Moment {
    pub fn nanos(self) -> Nanos {
        Nanos(self.sec.saturating_mul(1_000_000_000).saturating_add(self.nanosec))
    }
}

/// Numbers of one type, without a [`Value`] for each.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    Bool(Vec<bool>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// Values in the order of their definition's fields.
#[derive(Clone, Debug)]
pub struct Record {
    pub(super) of: RecordRef,
    pub(super) values: Vec<Value>,
}

impl PartialEq for Record {
    fn eq(&self, other: &Record) -> bool {
        self.fields().eq(other.fields())
    }
}

impl Record {
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.of.fields.iter().map(|field| &*field.name).zip(&self.values)
    }
}

impl Value {
    /// A field by name; of anything but records and objects, none.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Record(record) => {
                record.fields().find(|(field, _)| *field == name).map(|(_, value)| value)
            }
            Value::Object(fields) => {
                fields.iter().find(|(field, _)| &**field == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Of any number.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Value::Int(number) => Some(number as f64),
            Value::Uint(number) => Some(number as f64),
            Value::F32(number) => Some(number.into()),
            Value::F64(number) => Some(number),
            _ => None,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Value::Int(number) => Some(number),
            Value::Uint(number) => i64::try_from(number).ok(),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// In one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "null".to_owned())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => to.serialize_unit(),
            Value::Bool(value) => to.serialize_bool(*value),
            Value::Int(number) => to.serialize_i64(*number),
            Value::Uint(number) => to.serialize_u64(*number),
            Value::F32(number) => F32(*number).serialize(to),
            Value::F64(number) => F64(*number).serialize(to),
            Value::Text(text) => to.serialize_str(text),
            Value::Bytes(bytes) => to.serialize_str(&BASE64.encode(bytes)),
            Value::Time(moment) | Value::Duration(moment) => {
                let mut map = to.serialize_map(Some(2))?;
                map.serialize_entry("sec", &moment.sec)?;
                map.serialize_entry("nanosec", &moment.nanosec)?;
                map.end()
            }
            Value::Numbers(numbers) => numbers.serialize(to),
            Value::List(values) => to.collect_seq(values),
            Value::Record(record) => to.collect_map(record.fields()),
            Value::Object(fields) => {
                to.collect_map(fields.iter().map(|(name, value)| (&**name, value)))
            }
        }
    }
}

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Numbers::Bool(all) => to.collect_seq(all),
            Numbers::I8(all) => to.collect_seq(all),
            Numbers::I16(all) => to.collect_seq(all),
            Numbers::I32(all) => to.collect_seq(all),
            Numbers::I64(all) => to.collect_seq(all),
            Numbers::U16(all) => to.collect_seq(all),
            Numbers::U32(all) => to.collect_seq(all),
            Numbers::U64(all) => to.collect_seq(all),
            Numbers::F32(all) => {
                let mut seq = to.serialize_seq(Some(all.len()))?;
                all.iter().try_for_each(|number| seq.serialize_element(&F32(*number)))?;
                seq.end()
            }
            Numbers::F64(all) => {
                let mut seq = to.serialize_seq(Some(all.len()))?;
                all.iter().try_for_each(|number| seq.serialize_element(&F64(*number)))?;
                seq.end()
            }
        }
    }
}

struct F32(f32);
struct F64(f64);

fn odd_name(is_nan: bool, is_negative: bool) -> &'static str {
    match (is_nan, is_negative) {
        (true, _) => "NaN",
        (_, true) => "-Infinity",
        _ => "Infinity",
    }
}

impl Serialize for F32 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.is_finite() {
            true => to.serialize_f32(self.0),
            false => to.serialize_str(odd_name(self.0.is_nan(), self.0 < 0.0)),
        }
    }
}

impl Serialize for F64 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.is_finite() {
            true => to.serialize_f64(self.0),
            false => to.serialize_str(odd_name(self.0.is_nan(), self.0 < 0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: Value, expected: &str) {
        assert_eq!(value.to_json(), expected);
    }

    #[test]
    fn values_as_json() {
        check(Value::Uint(u64::MAX), "18446744073709551615");
        check(Value::F32(0.1), "0.1");
        check(Value::F64(f64::NAN), "\"NaN\"");
        let floats = vec![1.5, f32::INFINITY, f32::NEG_INFINITY];
        check(Value::Numbers(Numbers::F32(floats)), r#"[1.5,"Infinity","-Infinity"]"#);
        check(Value::Bytes(Bytes::from_static(&[1, 2, 255])), "\"AQL/\"");
        let moment = Moment { sec: -1, nanosec: 5 };
        check(Value::Time(moment), r#"{"sec":-1,"nanosec":5}"#);
        assert_eq!(moment.nanos(), Nanos(-999_999_995));
        let fields = vec![("a".into(), Value::Null), ("b".into(), Value::Bool(true))];
        check(Value::Object(fields), r#"{"a":null,"b":true}"#);
    }
}
