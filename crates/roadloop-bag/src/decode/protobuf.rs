//! Protocol Buffers, by the descriptors the recording carries. Messages are read
//! here and not by a reflection library: the one there is panics on descriptors
//! that were damaged. <https://protobuf.dev/programming-guides/encoding/>,
//! <https://mcap.dev/spec/registry#protobuf>

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};

use super::columns::{ColumnType, Columns, Element, Form, Limit};
use super::value::{Moment, Value};

#[derive(Debug)]
pub(super) struct Protobuf {
    messages: Vec<Message>,
    root: usize,
}

#[derive(Debug, Default)]
struct Message {
    name: String,
    fields: Vec<Field>,
    by_number: HashMap<u64, usize>,
    is_map_entry: bool,
}

#[derive(Debug)]
struct Field {
    name: Arc<str>,
    number: u64,
    of: Kind,
    is_list: bool,
    /// Whether one that is not there differs from one that is 0 or empty.
    has_presence: bool,
}

#[derive(Clone, Debug)]
enum Kind {
    Bool,
    /// As a varint, plain or zigzag.
    Int32,
    Int64,
    Sint,
    Uint32,
    Uint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Float,
    Double,
    Text,
    Bytes,
    Enum(Arc<HashMap<i32, String>>),
    Message(usize),
    /// Groups of old; passed over.
    Group,
}

const TIME: &str = "google.protobuf.Timestamp";
const DURATION: &str = "google.protobuf.Duration";

const MAX_DEPTH: usize = 64;
/// Fields that are not there are values too: a few bytes may ask for so many.
const FREE_VALUES: usize = 1 << 16;

impl Protobuf {
    /// `definition` is a `FileDescriptorSet` with all it depends on.
    pub(super) fn new(name: &str, definition: &[u8]) -> Result<Protobuf, String> {
        let files: FileDescriptorSet = prost::Message::decode(definition)
            .map_err(|error| format!("it is no set of file descriptors: {error}"))?;
        let mut types = Types::default();
        for file in &files.file {
            let is_proto3 = file.syntax() == "proto3";
            let package = file.package();
            file.enum_type.iter().for_each(|of| types.add_enum(package, of));
            file.message_type.iter().for_each(|of| types.add(package, of, is_proto3));
        }
        let messages: Result<Vec<Message>, String> = types
            .messages
            .iter()
            .map(|(name, of, is_proto3)| types.message(name, of, *is_proto3))
            .collect();
        let root = types.by_name.get(name.trim_start_matches('.')).copied();
        let root = root.ok_or_else(|| format!("type {name} is not in it"))?;
        Ok(Protobuf { messages: messages?, root })
    }

    pub(super) fn decode(&self, message: &Bytes) -> Result<Value, String> {
        let mut reader =
            Reader { of: self, message, at: 0, values_left: message.len() + FREE_VALUES };
        reader.message(self.root, message.len(), 0)
    }

    pub(super) fn columns(&self, takes_bulk: bool) -> Columns {
        Columns::new(&self.form(self.root, &mut Limit::default()), takes_bulk)
    }

    fn form(&self, message: usize, limit: &mut Limit) -> Form {
        let mut fields = Vec::new();
        for field in &self.messages[message].fields {
            if limit.is_reached() {
                break;
            }
            fields.push((Arc::clone(&field.name), self.field_form(field, limit)));
        }
        Form::Record(fields)
    }

    fn field_form(&self, field: &Field, limit: &mut Limit) -> Form {
        let list = |one: ColumnType, element: Element| match field.is_list {
            false => one,
            true => ColumnType::List(element),
        };
        let of = match &field.of {
            Kind::Message(of) if !field.is_list => match &*self.messages[*of].name {
                TIME | DURATION => ColumnType::Nanos,
                _ => return limit.record(|limit| self.form(*of, limit)),
            },
            Kind::Message(_) | Kind::Group => ColumnType::Json,
            Kind::Bytes if field.is_list => return Form::Bulk(ColumnType::Json),
            Kind::Bytes => return Form::Bulk(ColumnType::Bytes),
            Kind::Bool => list(ColumnType::Bool, Element::Bool),
            Kind::Int32 | Kind::Int64 | Kind::Sint | Kind::Sfixed32 | Kind::Sfixed64 => {
                list(ColumnType::Int, Element::Int)
            }
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => {
                list(ColumnType::Uint, Element::Uint)
            }
            Kind::Float => list(ColumnType::F32, Element::F32),
            Kind::Double => list(ColumnType::F64, Element::F64),
            Kind::Text | Kind::Enum(_) => list(ColumnType::Text, Element::Text),
        };
        limit.column(of)
    }
}

/// All types of a set of files, by their full names.
#[derive(Default)]
struct Types<'a> {
    messages: Vec<(String, &'a DescriptorProto, bool)>,
    by_name: HashMap<String, usize>,
    enums: HashMap<String, Arc<HashMap<i32, String>>>,
}

fn full_name(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

impl<'a> Types<'a> {
    fn add(&mut self, scope: &str, of: &'a DescriptorProto, is_proto3: bool) {
        let name = full_name(scope, of.name());
        of.enum_type.iter().for_each(|of| self.add_enum(&name, of));
        of.nested_type.iter().for_each(|of| self.add(&name, of, is_proto3));
        self.by_name.insert(name.clone(), self.messages.len());
        self.messages.push((name, of, is_proto3));
    }

    fn add_enum(&mut self, scope: &str, of: &EnumDescriptorProto) {
        let values = of.value.iter().map(|value| (value.number(), value.name().to_owned()));
        self.enums.insert(full_name(scope, of.name()), Arc::new(values.collect()));
    }

    fn message(
        &self,
        name: &str,
        of: &DescriptorProto,
        is_proto3: bool,
    ) -> Result<Message, String> {
        let mut message = Message {
            name: name.to_owned(),
            is_map_entry: of.options.as_ref().is_some_and(prost_types::MessageOptions::map_entry),
            ..Message::default()
        };
        for field in &of.field {
            let field = self.field(field, is_proto3)?;
            message.by_number.insert(field.number, message.fields.len());
            message.fields.push(field);
        }
        Ok(message)
    }

    fn field(&self, field: &FieldDescriptorProto, is_proto3: bool) -> Result<Field, String> {
        let type_name = field.type_name().trim_start_matches('.');
        let missing = || format!("type {type_name} is defined nowhere");
        let of = match field.r#type() {
            Type::Bool => Kind::Bool,
            Type::Int32 => Kind::Int32,
            Type::Int64 => Kind::Int64,
            Type::Sint32 | Type::Sint64 => Kind::Sint,
            Type::Uint32 => Kind::Uint32,
            Type::Uint64 => Kind::Uint64,
            Type::Fixed32 => Kind::Fixed32,
            Type::Fixed64 => Kind::Fixed64,
            Type::Sfixed32 => Kind::Sfixed32,
            Type::Sfixed64 => Kind::Sfixed64,
            Type::Float => Kind::Float,
            Type::Double => Kind::Double,
            Type::String => Kind::Text,
            Type::Bytes => Kind::Bytes,
            Type::Group => Kind::Group,
            Type::Enum => Kind::Enum(Arc::clone(self.enums.get(type_name).ok_or_else(missing)?)),
            Type::Message => Kind::Message(*self.by_name.get(type_name).ok_or_else(missing)?),
        };
        let is_message = matches!(of, Kind::Message(_) | Kind::Group);
        let is_optional = field.proto3_optional() || field.oneof_index.is_some();
        Ok(Field {
            name: field.name().into(),
            number: u64::try_from(field.number()).map_err(|_| "a field's number is negative")?,
            of,
            is_list: field.label() == Label::Repeated,
            has_presence: is_message || is_optional || !is_proto3,
        })
    }
}

struct Reader<'a> {
    of: &'a Protobuf,
    message: &'a Bytes,
    at: usize,
    values_left: usize,
}

impl Reader<'_> {
    /// What lies before `end`.
    fn message(&mut self, number: usize, end: usize, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(format!("messages are nested more than {MAX_DEPTH} deep"));
        }
        let of = &self.of.messages[number];
        self.count(of.fields.len())?;
        let mut values: Vec<Value> = of.fields.iter().map(|field| self.default(field)).collect();
        while self.at < end {
            let tag = self.varint(end)?;
            let (known, wire) = (of.by_number.get(&(tag >> 3)), tag & 7);
            match known {
                Some(&known) if of.fields[known].fits(wire) => {
                    self.field(&of.fields[known], wire, &mut values[known], end, depth)?;
                }
                _ => self.skip(wire, end, depth)?,
            }
        }
        let names = of.fields.iter().map(|field| Arc::clone(&field.name));
        let named = names.zip(values);
        match &*of.name {
            TIME => return Ok(Value::Time(moment(named))),
            DURATION => return Ok(Value::Duration(moment(named))),
            _ => {}
        }
        let mut fields: Vec<(Arc<str>, Value)> = named.collect();
        for (field, (_, value)) in of.fields.iter().zip(&mut fields) {
            if let (true, Value::Object(entries)) = (field.is_list, value) {
                keep_last(entries);
            }
        }
        Ok(Value::Object(fields))
    }

    fn default(&self, field: &Field) -> Value {
        match &field.of {
            Kind::Message(of) if field.is_list && self.of.messages[*of].is_map_entry => {
                Value::Object(Vec::new())
            }
            _ if field.is_list => Value::List(Vec::new()),
            _ if field.has_presence => Value::Null,
            Kind::Bool => Value::Bool(false),
            Kind::Int32 | Kind::Int64 | Kind::Sint | Kind::Sfixed32 | Kind::Sfixed64 => {
                Value::Int(0)
            }
            Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64 => Value::Uint(0),
            Kind::Float => Value::F32(0.0),
            Kind::Double => Value::F64(0.0),
            Kind::Text => Value::Text(String::new()),
            Kind::Bytes => Value::Bytes(Bytes::new()),
            Kind::Enum(of) => enum_value(of, 0),
            Kind::Message(_) | Kind::Group => Value::Null,
        }
    }

    fn field(
        &mut self,
        field: &Field,
        wire: u64,
        into: &mut Value,
        end: usize,
        depth: usize,
    ) -> Result<(), String> {
        let is_packed = field.is_list && wire == 2 && field.of.wire() != 2;
        let until = if is_packed { self.len(end)? } else { end };
        loop {
            if is_packed && self.at >= until {
                return Ok(());
            }
            self.count(1)?;
            let value = self.value(&field.of, until, depth)?;
            match &mut *into {
                Value::List(list) => list.push(value),
                Value::Object(entries) if field.is_list => entries.extend(entry(value)),
                _ => *into = value,
            }
            if !is_packed {
                return Ok(());
            }
        }
    }

    fn value(&mut self, of: &Kind, end: usize, depth: usize) -> Result<Value, String> {
        Ok(match of {
            Kind::Bool => Value::Bool(self.varint(end)? != 0),
            Kind::Int32 => Value::Int((self.varint(end)? as i32).into()),
            Kind::Int64 => Value::Int(self.varint(end)? as i64),
            Kind::Sint => {
                let folded = self.varint(end)?;
                Value::Int((folded >> 1) as i64 ^ -((folded & 1) as i64))
            }
            Kind::Uint32 => Value::Uint((self.varint(end)? as u32).into()),
            Kind::Uint64 => Value::Uint(self.varint(end)?),
            Kind::Fixed32 => Value::Uint(u32::from_le_bytes(self.fixed(end)?).into()),
            Kind::Fixed64 => Value::Uint(u64::from_le_bytes(self.fixed(end)?)),
            Kind::Sfixed32 => Value::Int(i32::from_le_bytes(self.fixed(end)?).into()),
            Kind::Sfixed64 => Value::Int(i64::from_le_bytes(self.fixed(end)?)),
            Kind::Float => Value::F32(f32::from_le_bytes(self.fixed(end)?)),
            Kind::Double => Value::F64(f64::from_le_bytes(self.fixed(end)?)),
            Kind::Enum(of) => enum_value(of, self.varint(end)? as i32),
            Kind::Text | Kind::Bytes => {
                let until = self.len(end)?;
                let bytes = self.message.slice(self.at..until);
                self.at = until;
                match of {
                    Kind::Bytes => Value::Bytes(bytes),
                    _ => Value::Text(String::from_utf8_lossy(&bytes).into_owned()),
                }
            }
            Kind::Message(of) => {
                let until = self.len(end)?;
                self.message(*of, until, depth + 1)?
            }
            Kind::Group => {
                self.skip(3, end, depth)?;
                Value::Null
            }
        })
    }

    fn count(&mut self, values: usize) -> Result<(), String> {
        let left = self.values_left.checked_sub(values);
        self.values_left = left.ok_or("it holds more values than it has bytes")?;
        Ok(())
    }

    fn varint(&mut self, end: usize) -> Result<u64, String> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed(end)?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(format!("a number at byte {} has no end", self.at))
    }

    fn fixed<const N: usize>(&mut self, end: usize) -> Result<[u8; N], String> {
        let bytes = self.message.get(self.at..end).and_then(|bytes| bytes.first_chunk());
        let bytes = *bytes.ok_or_else(|| format!("it ends within a field, at byte {end}"))?;
        self.at += N;
        Ok(bytes)
    }

    /// Reads a length and says where what is so long ends.
    fn len(&mut self, end: usize) -> Result<usize, String> {
        let len = self.varint(end)?;
        let until = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        until
            .filter(|until| *until <= end)
            .ok_or_else(|| format!("a field takes {len} bytes where {} are left", end - self.at))
    }

    fn skip(&mut self, wire: u64, end: usize, depth: usize) -> Result<(), String> {
        match wire {
            0 => self.varint(end).map(drop),
            1 => self.fixed::<8>(end).map(drop),
            2 => {
                self.at = self.len(end)?;
                Ok(())
            }
            5 => self.fixed::<4>(end).map(drop),
            3 if depth < MAX_DEPTH => loop {
                match self.varint(end)? & 7 {
                    4 => return Ok(()),
                    wire => self.skip(wire, end, depth + 1)?,
                }
            },
            other => Err(format!("{other} is no type of a field, at byte {}", self.at)),
        }
    }
}

impl Field {
    /// Whether it can be written like that; lists of numbers may be packed.
    fn fits(&self, wire: u64) -> bool {
        wire == self.of.wire() || (self.is_list && wire == 2 && self.of.wire() != 3)
    }
}

impl Kind {
    fn wire(&self) -> u64 {
        match self {
            Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::Sint => 0,
            Kind::Uint32 | Kind::Uint64 | Kind::Enum(_) => 0,
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => 1,
            Kind::Text | Kind::Bytes | Kind::Message(_) => 2,
            Kind::Group => 3,
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => 5,
        }
    }
}

/// By name, where the definition has one for it.
fn enum_value(of: &HashMap<i32, String>, number: i32) -> Value {
    of.get(&number).map_or(Value::Int(number.into()), |name| Value::Text(name.clone()))
}

fn moment(fields: impl Iterator<Item = (Arc<str>, Value)>) -> Moment {
    let mut moment = Moment { sec: 0, nanosec: 0 };
    for (name, value) in fields {
        match &*name {
            "seconds" => moment.sec = value.as_i64().unwrap_or(0),
            "nanos" => moment.nanosec = value.as_i64().unwrap_or(0),
            _ => {}
        }
    }
    moment
}

/// A map's entries by their keys, the last of each.
fn keep_last(entries: &mut Vec<(Arc<str>, Value)>) {
    entries.reverse();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    entries.dedup_by(|(a, _), (b, _)| a == b);
}

/// A map's entry: its fields are a key and a value.
fn entry(value: Value) -> Option<(Arc<str>, Value)> {
    let Value::Object(fields) = value else { return None };
    let mut fields = fields.into_iter().map(|(_, value)| value);
    let (key, value) = (fields.next()?, fields.next()?);
    let key = match key {
        Value::Text(text) => text.into(),
        other => other.to_json().into(),
    };
    Some((key, value))
}
