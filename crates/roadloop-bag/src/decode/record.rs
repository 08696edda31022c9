//! The fields of ROS messages, resolved: what `msg` and `idl` found under each
//! name becomes one tree of types.

use std::collections::HashMap;
use std::sync::Arc;

use super::known;

/// Shared where several fields have the same type. Never its own field.
pub(super) type RecordRef = Arc<RecordType>;

#[derive(Debug)]
pub(super) struct RecordType {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
    /// ROS 2 puts one byte into messages without fields.
    pub(super) has_dummy: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: Arc<str>,
    pub(super) of: FieldType,
    pub(super) shape: Shape,
}

#[derive(Clone, Debug)]
pub(super) enum FieldType {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    Text,
    /// UTF-16, see `wide`.
    WideText,
    Time,
    Duration,
    Record(RecordRef),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    Array(usize),
    Sequence,
}

/// A type as a definition spells it out: its fields' types still names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spelled {
    /// `package/Type`.
    pub(super) name: String,
    pub(super) fields: Vec<SpelledField>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct SpelledField {
    pub(super) name: String,
    pub(super) of: SpelledType,
    pub(super) shape: Shape,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum SpelledType {
    Plain(PlainType),
    Named(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlainType {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
    Text,
    WideText,
    Time,
    Duration,
}

/// Nested deeper than this is refused; real messages have some ten levels.
const MAX_DEPTH: usize = 64;
const MAX_FIELDS: usize = 100_000;

/// `package/Type`, of `package/msg/Type` and `package::msg::Type` too.
pub(super) fn short_name(name: &str) -> String {
    let parts: Vec<&str> = name.split(['/', ':']).filter(|part| !part.is_empty()).collect();
    match parts[..] {
        [package, .., name] => format!("{package}/{name}"),
        _ => name.to_owned(),
    }
}

/// Whose rules a definition follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Ros1,
    Ros2,
}

/// The type of that name, from the types spelled out with it. Types of ROS 2
/// that are missing are those it comes with.
pub(super) fn build(
    dialect: Dialect,
    name: &str,
    spelled: &[Spelled],
) -> Result<RecordRef, String> {
    let mut builder = Builder {
        dialect,
        spelled: spelled.iter().map(|spelled| (&*spelled.name, spelled)).collect(),
        built: HashMap::new(),
        fields: 0,
    };
    match builder.record(&short_name(name), 0) {
        // Some writers name the type otherwise than its definition does.
        Err(Missing::Nowhere(_)) if !spelled.is_empty() => builder.record(&spelled[0].name, 0),
        built => built,
    }
    .map_err(|missing| match missing {
        Missing::Nowhere(name) => format!("type {name} is defined nowhere"),
        Missing::Bad(reason) => reason,
    })
}

struct Builder<'a> {
    dialect: Dialect,
    spelled: HashMap<&'a str, &'a Spelled>,
    built: HashMap<String, RecordRef>,
    fields: usize,
}

enum Missing {
    Nowhere(String),
    Bad(String),
}

impl Builder<'_> {
    fn record(&mut self, name: &str, depth: usize) -> Result<RecordRef, Missing> {
        if let Some(built) = self.built.get(name) {
            return Ok(Arc::clone(built));
        }
        if depth > MAX_DEPTH {
            let reason = format!("type {name} is nested more than {MAX_DEPTH} deep, or in itself");
            return Err(Missing::Bad(reason));
        }
        let own = self.spelled.get(name).copied();
        let known = || known::find(name).filter(|_| self.dialect == Dialect::Ros2);
        let Some(spelled) = own.or_else(known) else {
            return Err(Missing::Nowhere(name.to_owned()));
        };
        let mut fields = Vec::new();
        for field in &spelled.fields {
            self.fields += 1;
            if self.fields > MAX_FIELDS {
                return Err(Missing::Bad(format!("more than {MAX_FIELDS} fields")));
            }
            let of = match &field.of {
                SpelledType::Plain(plain) => FieldType::from(*plain),
                SpelledType::Named(name) => self.named(name, depth)?,
            };
            fields.push(Field { name: field.name.as_str().into(), of, shape: field.shape });
        }
        let has_dummy = self.dialect == Dialect::Ros2 && fields.is_empty();
        let record = Arc::new(RecordType { name: spelled.name.clone(), fields, has_dummy });
        self.built.insert(name.to_owned(), Arc::clone(&record));
        Ok(record)
    }

    fn named(&mut self, name: &str, depth: usize) -> Result<FieldType, Missing> {
        Ok(match name {
            "builtin_interfaces/Time" => FieldType::Time,
            "builtin_interfaces/Duration" => FieldType::Duration,
            _ => FieldType::Record(self.record(name, depth + 1)?),
        })
    }
}

impl From<PlainType> for FieldType {
    fn from(plain: PlainType) -> FieldType {
        match plain {
            PlainType::Bool => FieldType::Bool,
            PlainType::I8 => FieldType::I8,
            PlainType::I16 => FieldType::I16,
            PlainType::I32 => FieldType::I32,
            PlainType::I64 => FieldType::I64,
            PlainType::U8 => FieldType::U8,
            PlainType::U16 => FieldType::U16,
            PlainType::U32 => FieldType::U32,
            PlainType::U64 => FieldType::U64,
            PlainType::F32 => FieldType::F32,
            PlainType::F64 => FieldType::F64,
            PlainType::Text => FieldType::Text,
            PlainType::WideText => FieldType::WideText,
            PlainType::Time => FieldType::Time,
            PlainType::Duration => FieldType::Duration,
        }
    }
}
