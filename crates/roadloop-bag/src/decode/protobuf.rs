//! Protocol Buffers, by the descriptors the recording carries.
//! <https://mcap.dev/spec/registry#protobuf>

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    ReflectMessage, Value as ProtoValue,
};

use super::columns::{ColumnType, Columns, Element, Form, Limit};
use super::value::{Moment, Value};

#[derive(Debug)]
pub(super) struct Protobuf {
    of: MessageDescriptor,
}

impl Protobuf {
    /// `definition` is a `FileDescriptorSet` with all it depends on.
    pub(super) fn new(name: &str, definition: &[u8]) -> Result<Protobuf, String> {
        let pool = DescriptorPool::decode(definition)
            .map_err(|error| format!("it is no set of file descriptors: {error}"))?;
        let of = pool.get_message_by_name(name.trim_start_matches('.'));
        of.map(|of| Protobuf { of }).ok_or_else(|| format!("type {name} is not in it"))
    }

    pub(super) fn decode(&self, message: &Bytes) -> Result<Value, String> {
        let decoded = DynamicMessage::decode(self.of.clone(), message.clone());
        Ok(of_message(&decoded.map_err(|error| error.to_string())?))
    }

    pub(super) fn columns(&self, takes_bulk: bool) -> Columns {
        Columns::new(&message_form(&self.of, &mut Limit::default()), takes_bulk)
    }
}

const TIME: &str = "google.protobuf.Timestamp";
const DURATION: &str = "google.protobuf.Duration";

fn of_message(message: &DynamicMessage) -> Value {
    let descriptor = message.descriptor();
    let moment = || {
        let part = |name| match message.get_field_by_name(name).as_deref() {
            Some(ProtoValue::I64(part)) => *part,
            Some(ProtoValue::I32(part)) => i64::from(*part),
            _ => 0,
        };
        Moment { sec: part("seconds"), nanosec: part("nanos") }
    };
    match descriptor.full_name() {
        TIME => return Value::Time(moment()),
        DURATION => return Value::Duration(moment()),
        _ => {}
    }
    let field = |field: FieldDescriptor| {
        let value = match field.supports_presence() && !message.has_field(&field) {
            true => Value::Null,
            false => of_value(&message.get_field(&field), &field.kind()),
        };
        (field.name().into(), value)
    };
    Value::Object(descriptor.fields().map(field).collect())
}

fn of_value(value: &ProtoValue, kind: &Kind) -> Value {
    match value {
        ProtoValue::Bool(value) => Value::Bool(*value),
        ProtoValue::I32(number) => Value::Int((*number).into()),
        ProtoValue::I64(number) => Value::Int(*number),
        ProtoValue::U32(number) => Value::Uint((*number).into()),
        ProtoValue::U64(number) => Value::Uint(*number),
        ProtoValue::F32(number) => Value::F32(*number),
        ProtoValue::F64(number) => Value::F64(*number),
        ProtoValue::String(text) => Value::Text(text.clone()),
        ProtoValue::Bytes(bytes) => Value::Bytes(bytes.clone()),
        ProtoValue::EnumNumber(number) => {
            let known = match kind {
                Kind::Enum(of) => of.get_value(*number),
                _ => None,
            };
            known.map_or(Value::Int((*number).into()), |known| Value::Text(known.name().to_owned()))
        }
        ProtoValue::Message(message) => of_message(message),
        ProtoValue::List(values) => {
            Value::List(values.iter().map(|value| of_value(value, kind)).collect())
        }
        ProtoValue::Map(entries) => {
            let of = match kind {
                Kind::Message(entry) => entry.map_entry_value_field().kind(),
                other => other.clone(),
            };
            let mut entries: Vec<(Arc<str>, Value)> = entries
                .iter()
                .map(|(key, value)| (key_text(key).into(), of_value(value, &of)))
                .collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries)
        }
    }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

fn message_form(of: &MessageDescriptor, limit: &mut Limit) -> Form {
    let mut fields = Vec::new();
    for field in of.fields() {
        if limit.is_reached() {
            break;
        }
        fields.push((field.name().into(), field_form(&field, limit)));
    }
    Form::Record(fields)
}

fn field_form(field: &FieldDescriptor, limit: &mut Limit) -> Form {
    let is_one = !field.is_list() && !field.is_map();
    let list = |one: ColumnType, element: Element| match is_one {
        true => one,
        false => ColumnType::List(element),
    };
    let of = match field.kind() {
        Kind::Message(of) if is_one && [TIME, DURATION].contains(&of.full_name()) => {
            ColumnType::Nanos
        }
        Kind::Message(of) if is_one => return limit.record(|limit| message_form(&of, limit)),
        Kind::Message(_) => ColumnType::Json,
        Kind::Bytes if is_one => return Form::Bulk(ColumnType::Bytes),
        Kind::Bytes => return Form::Bulk(ColumnType::Json),
        Kind::Bool => list(ColumnType::Bool, Element::Bool),
        Kind::Int32 | Kind::Int64 | Kind::Sint32 | Kind::Sint64 => {
            list(ColumnType::Int, Element::Int)
        }
        Kind::Sfixed32 | Kind::Sfixed64 => list(ColumnType::Int, Element::Int),
        Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => {
            list(ColumnType::Uint, Element::Uint)
        }
        Kind::Float => list(ColumnType::F32, Element::F32),
        Kind::Double => list(ColumnType::F64, Element::F64),
        Kind::String | Kind::Enum(_) => list(ColumnType::Text, Element::Text),
    };
    limit.column(of)
}
