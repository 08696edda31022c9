//! FlatBuffers, by the binary schema the recording carries, which is a
//! FlatBuffer itself. Every offset is checked: nothing is trusted to be verified.
//! <https://flatbuffers.dev/internals/>, `reflection.fbs`.

use std::sync::Arc;

use bytes::Bytes;

use super::columns::{ColumnType, Columns, Element, Form, Limit};
use super::value::Value;

#[derive(Debug)]
pub(super) struct Flatbuffer {
    objects: Vec<Object>,
    unions: Vec<Vec<(i64, Type)>>,
    root: usize,
}

#[derive(Debug)]
struct Object {
    name: String,
    fields: Vec<Field>,
    is_struct: bool,
    size: usize,
}

#[derive(Clone, Debug)]
struct Field {
    name: Arc<str>,
    of: Type,
    /// In the table's list of offsets, or in the struct.
    offset: usize,
    default_int: i64,
    default_real: f64,
    is_optional: bool,
}

#[derive(Clone, Copy, Debug)]
struct Type {
    base: Base,
    element: Base,
    index: usize,
    fixed_len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    None,
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
    Text,
    Vector,
    Object,
    Union,
    Array,
}

/// Tables are nested no deeper; shared ones are counted every time.
const MAX_DEPTH: usize = 64;
const FREE_VALUES: usize = 1 << 16;

impl Base {
    /// `reflection.BaseType`. The type of a union is a byte.
    fn from_number(number: u8) -> Base {
        match number {
            1 | 4 => Base::U8,
            2 => Base::Bool,
            3 => Base::I8,
            5 => Base::I16,
            6 => Base::U16,
            7 => Base::I32,
            8 => Base::U32,
            9 => Base::I64,
            10 => Base::U64,
            11 => Base::F32,
            12 => Base::F64,
            13 => Base::Text,
            14 => Base::Vector,
            15 => Base::Object,
            16 => Base::Union,
            17 => Base::Array,
            _ => Base::None,
        }
    }

    fn size(self) -> usize {
        match self {
            Base::Bool | Base::I8 | Base::U8 => 1,
            Base::I16 | Base::U16 => 2,
            Base::I64 | Base::U64 | Base::F64 => 8,
            _ => 4,
        }
    }
}

impl Flatbuffer {
    pub(super) fn new(name: &str, schema: &[u8]) -> Result<Flatbuffer, String> {
        let bad = || "it is no binary FlatBuffers schema".to_owned();
        Flatbuffer::parse(name, Buffer(schema)).ok_or_else(bad)?
    }

    /// The fields of `reflection.fbs` by their numbers.
    fn parse(name: &str, schema: Buffer<'_>) -> Option<Result<Flatbuffer, String>> {
        let table = schema.table(schema.follow(0)?)?;
        let objects: Option<Vec<Object>> =
            table.tables(0)?.into_iter().map(|table| Object::parse(&table?)).collect();
        let unions: Option<Vec<Vec<(i64, Type)>>> = table
            .tables(1)?
            .into_iter()
            .map(|table| {
                let values = table?.tables(1)?;
                values.into_iter().map(|value| union_case(&value?)).collect()
            })
            .collect();
        let objects = objects?;
        let root_name = match table.follow(4) {
            Some(root) => schema.table(root)?.text(0)?,
            None => String::new(),
        };
        let named = |name: &str| objects.iter().position(|object| object.name == name);
        let Some(root) = named(name).or_else(|| named(&root_name)) else {
            return Some(Err(format!("type {name} is not in it")));
        };
        Some(Ok(Flatbuffer { objects, unions: unions?, root }))
    }

    pub(super) fn decode(&self, message: &Bytes) -> Result<Value, String> {
        let mut decoder = Decoder {
            schema: self,
            buffer: Buffer(message),
            message,
            values_left: message.len() + FREE_VALUES,
        };
        let root = decoder.buffer.follow(0);
        let decoded = root.and_then(|root| decoder.object(self.root, root, 0));
        decoded.ok_or_else(|| "an offset leads out of the message, or in circles".to_owned())
    }

    pub(super) fn columns(&self, takes_bulk: bool) -> Columns {
        Columns::new(&self.form(self.root, &mut Limit::default()), takes_bulk)
    }

    fn form(&self, object: usize, limit: &mut Limit) -> Form {
        let mut fields = Vec::new();
        for field in self.objects.get(object).into_iter().flat_map(|object| &object.fields) {
            if limit.is_reached() {
                break;
            }
            let form = match (field.of.base, field.of.element) {
                (Base::Object, _) => limit.record(|limit| self.form(field.of.index, limit)),
                (Base::Vector, Base::U8) => Form::Bulk(ColumnType::Bytes),
                (Base::Vector, Base::I8) => Form::Bulk(ColumnType::List(Element::Int)),
                (Base::Vector | Base::Array, element) => limit.column(list_of(element)),
                (base, _) => limit.column(one_of(base)),
            };
            fields.push((Arc::clone(&field.name), form));
        }
        Form::Record(fields)
    }
}

fn one_of(base: Base) -> ColumnType {
    match base {
        Base::Bool => ColumnType::Bool,
        Base::I8 | Base::I16 | Base::I32 | Base::I64 => ColumnType::Int,
        Base::U8 | Base::U16 | Base::U32 | Base::U64 => ColumnType::Uint,
        Base::F32 => ColumnType::F32,
        Base::F64 => ColumnType::F64,
        Base::Text => ColumnType::Text,
        _ => ColumnType::Json,
    }
}

fn list_of(element: Base) -> ColumnType {
    match one_of(element) {
        ColumnType::Bool => ColumnType::List(Element::Bool),
        ColumnType::Int => ColumnType::List(Element::Int),
        ColumnType::Uint => ColumnType::List(Element::Uint),
        ColumnType::F32 => ColumnType::List(Element::F32),
        ColumnType::F64 => ColumnType::List(Element::F64),
        ColumnType::Text => ColumnType::List(Element::Text),
        other => other,
    }
}

impl Object {
    fn parse(table: &Table<'_>) -> Option<Object> {
        let fields: Option<Vec<Field>> =
            table.tables(1)?.into_iter().map(|field| Field::parse(&field?)).collect();
        let mut fields = fields?;
        fields.sort_by_key(|field| field.offset);
        Some(Object {
            name: table.text(0)?,
            fields,
            is_struct: table.u8(2)? != 0,
            size: table.u32(4)? as usize,
        })
    }
}

impl Field {
    fn parse(table: &Table<'_>) -> Option<Field> {
        let of = table.buffer.table(table.follow(1)?)?;
        Some(Field {
            name: table.text(0)?.into(),
            of: Type::parse(&of)?,
            offset: table.u16(3)?.into(),
            default_int: table.i64(4)?,
            default_real: f64::from_bits(table.i64(5)? as u64),
            is_optional: table.u8(11)? != 0,
        })
    }
}

impl Type {
    fn parse(table: &Table<'_>) -> Option<Type> {
        Some(Type {
            base: Base::from_number(table.u8(0)?),
            element: Base::from_number(table.u8(1)?),
            // -1 without an object is no index of any.
            index: table.u32(2)? as usize,
            fixed_len: table.u16(3)?.into(),
        })
    }
}

fn union_case(value: &Table<'_>) -> Option<(i64, Type)> {
    let none = Type { base: Base::None, element: Base::None, index: 0, fixed_len: 0 };
    let of = match value.follow(3) {
        Some(at) => Type::parse(&value.buffer.table(at)?)?,
        None => none,
    };
    Some((value.i64(1)?, of))
}

#[derive(Clone, Copy)]
struct Buffer<'a>(&'a [u8]);

impl<'a> Buffer<'a> {
    fn bytes<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..)?.first_chunk().copied()
    }

    fn u32(self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    /// Where the offset at a place leads.
    fn follow(self, at: usize) -> Option<usize> {
        at.checked_add(self.u32(at)? as usize)
    }

    fn table(self, at: usize) -> Option<Table<'a>> {
        let offset = self.bytes(at).map(i32::from_le_bytes)?;
        let offsets = usize::try_from(i64::try_from(at).ok()? - i64::from(offset)).ok()?;
        let offsets_len = self.bytes(offsets).map(u16::from_le_bytes)?.into();
        Some(Table { buffer: self, at, offsets, offsets_len })
    }

    /// Where a vector's elements begin, and how many there are: no more than
    /// there is room for.
    fn vector(self, at: usize, element_size: usize) -> Option<(usize, usize)> {
        let len = self.u32(at)? as usize;
        let start = at.checked_add(4)?;
        let room = self.0.len().checked_sub(start)?;
        (len.checked_mul(element_size.max(1))? <= room).then_some((start, len))
    }

    fn text(self, at: usize) -> Option<String> {
        let (start, len) = self.vector(at, 1)?;
        Some(String::from_utf8_lossy(self.0.get(start..start + len)?).into_owned())
    }
}

struct Table<'a> {
    buffer: Buffer<'a>,
    at: usize,
    offsets: usize,
    offsets_len: usize,
}

impl<'a> Table<'a> {
    /// Where a field lies whose offset is at that place of the list.
    fn place(&self, offset: usize) -> Option<usize> {
        if offset + 2 > self.offsets_len {
            return None;
        }
        let offset =
            self.buffer.bytes(self.offsets.checked_add(offset)?).map(u16::from_le_bytes)?;
        (offset != 0).then(|| self.at + usize::from(offset))
    }

    fn field(&self, number: usize) -> Option<usize> {
        self.place(4 + 2 * number)
    }

    fn number<const N: usize>(&self, number: usize) -> Option<[u8; N]> {
        self.field(number).map_or(Some([0; N]), |at| self.buffer.bytes(at))
    }

    fn u8(&self, number: usize) -> Option<u8> {
        self.number(number).map(u8::from_le_bytes)
    }

    fn u16(&self, number: usize) -> Option<u16> {
        self.number(number).map(u16::from_le_bytes)
    }

    fn u32(&self, number: usize) -> Option<u32> {
        self.number(number).map(u32::from_le_bytes)
    }

    fn i64(&self, number: usize) -> Option<i64> {
        self.number(number).map(i64::from_le_bytes)
    }

    fn follow(&self, number: usize) -> Option<usize> {
        self.buffer.follow(self.field(number)?)
    }

    fn text(&self, number: usize) -> Option<String> {
        self.follow(number).map_or(Some(String::new()), |at| self.buffer.text(at))
    }

    /// A vector of tables; none where the field is not there.
    fn tables(&self, number: usize) -> Option<Vec<Option<Table<'a>>>> {
        let Some(at) = self.follow(number) else { return Some(Vec::new()) };
        let (start, len) = self.buffer.vector(at, 4)?;
        let table = |index: usize| self.buffer.table(self.buffer.follow(start + 4 * index)?);
        Some((0..len).map(table).collect())
    }
}

struct Decoder<'a> {
    schema: &'a Flatbuffer,
    buffer: Buffer<'a>,
    message: &'a Bytes,
    values_left: usize,
}

impl Decoder<'_> {
    /// `None` for what no sound message has.
    fn object(&mut self, object: usize, at: usize, depth: usize) -> Option<Value> {
        let object = self.schema.objects.get(object).filter(|_| depth < MAX_DEPTH)?;
        let table = match object.is_struct {
            true => None,
            false => Some(self.buffer.table(at)?),
        };
        let mut fields = Vec::with_capacity(object.fields.len().min(self.values_left));
        for field in &object.fields {
            self.values_left = self.values_left.checked_sub(1)?;
            let place = match &table {
                None => Some(at.checked_add(field.offset)?),
                Some(table) => table.place(field.offset),
            };
            let value = match (place, field.of.base) {
                (Some(place), Base::Union) => {
                    let kind = table.as_ref()?.place(field.offset.checked_sub(2)?)?;
                    self.union(field.of.index, self.buffer.bytes::<1>(kind)?[0], place, depth)?
                }
                (Some(place), _) => self.value(field.of, place, depth)?,
                (None, _) => missing(field),
            };
            fields.push((Arc::clone(&field.name), value));
        }
        Some(Value::Object(fields))
    }

    fn value(&mut self, of: Type, at: usize, depth: usize) -> Option<Value> {
        Some(match of.base {
            Base::Text => Value::Text(self.buffer.text(self.buffer.follow(at)?)?),
            Base::Object => {
                let is_struct = self.schema.objects.get(of.index)?.is_struct;
                let at = if is_struct { at } else { self.buffer.follow(at)? };
                self.object(of.index, at, depth + 1)?
            }
            Base::Vector => {
                let size = self.element_size(of)?;
                let (start, len) = self.buffer.vector(self.buffer.follow(at)?, size)?;
                self.elements(of, start, len, size, depth)?
            }
            Base::Array => self.elements(of, at, of.fixed_len, self.element_size(of)?, depth)?,
            base => self.scalar(base, at)?,
        })
    }

    fn element_size(&self, of: Type) -> Option<usize> {
        match of.element {
            Base::Object => {
                let object = self.schema.objects.get(of.index)?;
                Some(if object.is_struct { object.size } else { 4 })
            }
            base => Some(base.size()),
        }
    }

    fn elements(
        &mut self,
        of: Type,
        start: usize,
        len: usize,
        size: usize,
        depth: usize,
    ) -> Option<Value> {
        if of.element == Base::U8 {
            let end = start.checked_add(len).filter(|end| *end <= self.message.len())?;
            return Some(Value::Bytes(self.message.slice(start..end)));
        }
        let one = Type { base: of.element, element: Base::None, index: of.index, fixed_len: 0 };
        let mut values = Vec::new();
        for index in 0..len {
            self.values_left = self.values_left.checked_sub(1)?;
            let at = start.checked_add(index.checked_mul(size)?)?;
            values.push(self.value(one, at, depth)?);
        }
        Some(Value::List(values))
    }

    fn union(&mut self, union: usize, kind: u8, at: usize, depth: usize) -> Option<Value> {
        let cases = self.schema.unions.get(union)?;
        let case = cases.iter().find(|(number, _)| *number == i64::from(kind));
        match case {
            Some((_, of)) if of.base == Base::Object => {
                self.object(of.index, self.buffer.follow(at)?, depth + 1)
            }
            _ => Some(Value::Null),
        }
    }

    fn scalar(&self, base: Base, at: usize) -> Option<Value> {
        let buffer = self.buffer;
        Some(match base {
            Base::Bool => Value::Bool(buffer.bytes::<1>(at)? != [0]),
            Base::I8 => Value::Int(i8::from_le_bytes(buffer.bytes(at)?).into()),
            Base::U8 => Value::Uint(u8::from_le_bytes(buffer.bytes(at)?).into()),
            Base::I16 => Value::Int(i16::from_le_bytes(buffer.bytes(at)?).into()),
            Base::U16 => Value::Uint(u16::from_le_bytes(buffer.bytes(at)?).into()),
            Base::I32 => Value::Int(i32::from_le_bytes(buffer.bytes(at)?).into()),
            Base::U32 => Value::Uint(u32::from_le_bytes(buffer.bytes(at)?).into()),
            Base::I64 => Value::Int(i64::from_le_bytes(buffer.bytes(at)?)),
            Base::U64 => Value::Uint(u64::from_le_bytes(buffer.bytes(at)?)),
            Base::F32 => Value::F32(f32::from_le_bytes(buffer.bytes(at)?)),
            Base::F64 => Value::F64(f64::from_le_bytes(buffer.bytes(at)?)),
            _ => Value::Null,
        })
    }
}

/// The default of a field that is not there.
fn missing(field: &Field) -> Value {
    if field.is_optional {
        return Value::Null;
    }
    match field.of.base {
        Base::Bool => Value::Bool(field.default_int != 0),
        Base::I8 | Base::I16 | Base::I32 | Base::I64 => Value::Int(field.default_int),
        Base::U8 | Base::U16 | Base::U32 | Base::U64 => Value::Uint(field.default_int as u64),
        Base::F32 => Value::F32(field.default_real as f32),
        Base::F64 => Value::F64(field.default_real),
        _ => Value::Null,
    }
}
