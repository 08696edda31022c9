//! Messages of ROS 1 and of CDR, by the record their definition gave.

use bytes::Bytes;

use crate::wire::{Wire, WireReader, WireResult};

use super::record::{Field, FieldType, RecordRef, Shape};
use super::value::{Moment, Numbers, Record, Value};
use super::wide::{WideText, Width};

/// Values that take no bytes of the message (arrays of empty records) are
/// counted, so that a few bytes cannot ask for millions of them.
const FREE_VALUES: usize = 1 << 16;

/// Where a message has wide texts their width is the one with which it fits; four
/// bytes, if both do or neither does.
pub(super) fn decode(wire: Wire, of: &RecordRef, message: &Bytes) -> WireResult<Value> {
    let attempt = Attempt::of(wire, of, message, Width::Four)?;
    if attempt.has_wide && !attempt.fits() {
        let narrow = Attempt::of(wire, of, message, Width::Two)?;
        if narrow.fits() {
            return narrow.value;
        }
    }
    match attempt.left {
        left if left > 0 && of.fields.is_empty() && wire == Wire::Ros1 => {
            Err(format!("its definition is empty, and the message has {left} bytes"))
        }
        _ => attempt.value,
    }
}

/// What a message says if wide letters have a certain width.
struct Attempt {
    value: WireResult<Value>,
    /// Bytes behind it.
    left: usize,
    has_wide: bool,
    /// Whether a wide text is none that ROS 2 writes.
    has_odd: bool,
}

impl Attempt {
    fn of(wire: Wire, of: &RecordRef, message: &Bytes, width: Width) -> WireResult<Attempt> {
        let reader = WireReader::new(wire, message)?;
        let values_left = message.len() + FREE_VALUES;
        let mut decoder = Decoder { reader, values_left, width, has_wide: false, has_odd: false };
        let value = decoder.record(of);
        let Decoder { reader, has_wide, has_odd, .. } = decoder;
        Ok(Attempt { value, left: reader.left(), has_wide, has_odd })
    }

    /// Some serialisers fill the last four bytes.
    fn fits(&self) -> bool {
        self.value.is_ok() && self.left < 4 && !self.has_odd
    }
}

struct Decoder<'a> {
    reader: WireReader<'a>,
    values_left: usize,
    width: Width,
    /// Of what was read so far, as in an attempt.
    has_wide: bool,
    has_odd: bool,
}

impl Decoder<'_> {
    fn record(&mut self, of: &RecordRef) -> WireResult<Value> {
        if of.has_dummy {
            self.reader.u8(&of.name)?;
        }
        let mut values = Vec::with_capacity(of.fields.len().min(self.values_left));
        for field in &of.fields {
            values.push(self.field(field)?);
        }
        Ok(Value::Record(Record { of: RecordRef::clone(of), values }))
    }

    fn field(&mut self, field: &Field) -> WireResult<Value> {
        let count = match field.shape {
            Shape::One => return self.one(field),
            Shape::Array(len) => len,
            Shape::Sequence => self.reader.u32(&field.name)? as usize,
        };
        let (reader, name) = (&mut self.reader, &*field.name);
        let numbers = match field.of {
            FieldType::U8 => return Ok(Value::Bytes(reader.byte_array(count, name)?)),
            FieldType::Bool => Numbers::Bool(reader.numbers(count, name, |[byte]| byte != 0)?),
            FieldType::I8 => Numbers::I8(reader.numbers(count, name, i8::from_le_bytes)?),
            FieldType::I16 => Numbers::I16(reader.numbers(count, name, i16::from_le_bytes)?),
            FieldType::I32 => Numbers::I32(reader.numbers(count, name, i32::from_le_bytes)?),
            FieldType::I64 => Numbers::I64(reader.numbers(count, name, i64::from_le_bytes)?),
            FieldType::U16 => Numbers::U16(reader.numbers(count, name, u16::from_le_bytes)?),
            FieldType::U32 => Numbers::U32(reader.numbers(count, name, u32::from_le_bytes)?),
            FieldType::U64 => Numbers::U64(reader.numbers(count, name, u64::from_le_bytes)?),
            FieldType::F32 => Numbers::F32(reader.numbers(count, name, f32::from_le_bytes)?),
            FieldType::F64 => Numbers::F64(reader.numbers(count, name, f64::from_le_bytes)?),
            FieldType::Text
            | FieldType::WideText
            | FieldType::Time
            | FieldType::Duration
            | FieldType::Record(_) => return self.list(field, count),
        };
        Ok(Value::Numbers(numbers))
    }

    fn list(&mut self, field: &Field, count: usize) -> WireResult<Value> {
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.one(field)?);
        }
        Ok(Value::List(values))
    }

    fn one(&mut self, field: &Field) -> WireResult<Value> {
        let (reader, name) = (&mut self.reader, &*field.name);
        self.values_left = self.values_left.checked_sub(1).ok_or_else(|| {
            format!("the field {name} holds more values than its message has bytes")
        })?;
        Ok(match &field.of {
            FieldType::Bool => Value::Bool(reader.u8(name)? != 0),
            FieldType::I8 => Value::Int(i8::from_le_bytes(reader.number(name)?).into()),
            FieldType::I16 => Value::Int(i16::from_le_bytes(reader.number(name)?).into()),
            FieldType::I32 => Value::Int(i32::from_le_bytes(reader.number(name)?).into()),
            FieldType::I64 => Value::Int(i64::from_le_bytes(reader.number(name)?)),
            FieldType::U8 => Value::Uint(reader.u8(name)?.into()),
            FieldType::U16 => Value::Uint(u16::from_le_bytes(reader.number(name)?).into()),
            FieldType::U32 => Value::Uint(reader.u32(name)?.into()),
            FieldType::U64 => Value::Uint(u64::from_le_bytes(reader.number(name)?)),
            FieldType::F32 => Value::F32(f32::from_le_bytes(reader.number(name)?)),
            FieldType::F64 => Value::F64(f64::from_le_bytes(reader.number(name)?)),
            FieldType::Text => {
                Value::Text(String::from_utf8_lossy(reader.string(name)?).into_owned())
            }
            FieldType::WideText => {
                self.has_wide = true;
                let wide = WideText::read(reader, self.width, name)?;
                self.has_odd |= wide.is_odd();
                Value::Text(wide.text())
            }
            FieldType::Time => Value::Time(moment(reader, name)?),
            FieldType::Duration => Value::Duration(match reader.wire() {
                Wire::Ros1 => {
                    let mut part = || reader.u32(name).map(|part| i64::from(part as i32));
                    Moment { sec: part()?, nanosec: part()? }
                }
                Wire::Cdr => moment(reader, name)?,
            }),
            FieldType::Record(of) => self.record(of)?,
        })
    }
}

fn moment(reader: &mut WireReader<'_>, name: &str) -> WireResult<Moment> {
    let (sec, nanosec) = (reader.u32(name)?, reader.u32(name)?);
    let sec = match reader.wire() {
        Wire::Ros1 => i64::from(sec),
        Wire::Cdr => i64::from(sec as i32),
    };
    Ok(Moment { sec, nanosec: nanosec.into() })
}
