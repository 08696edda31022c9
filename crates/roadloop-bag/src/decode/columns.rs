//! Values as rows of a table: nested fields become columns named with dots,
//! sequences of numbers and texts stay lists, sequences of records become JSON.

use std::sync::Arc;

use super::record::{Field, FieldType, RecordType, Shape};
use super::value::Value;

/// The columns of a channel's messages, in the order of their fields.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    pub columns: Vec<Column>,
    /// Fields left out because they hold bulk data.
    pub left_out: Vec<String>,
}

/// One column and where its values are found.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// `pose.position.x`.
    pub name: String,
    pub of: ColumnType,
    path: Vec<Arc<str>>,
}

/// What a column's cells hold. Any of them may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    Bool,
    Int,
    Uint,
    F32,
    F64,
    Text,
    Bytes,
    /// A time since 1970, or a duration.
    Nanos,
    List(Element),
    /// The value as JSON, in a text.
    Json,
}

/// What the lists of a column hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    Bool,
    Int,
    Uint,
    F32,
    F64,
    Text,
}

/// More columns than this are no table: what comes behind is JSON.
const MAX_COLUMNS: usize = 2000;
const MAX_DEPTH: usize = 16;

/// How a field becomes columns.
#[derive(Debug)]
pub(super) enum Form {
    Column(ColumnType),
    /// Images, point clouds: left out unless asked for.
    Bulk(ColumnType),
    Record(Vec<(Arc<str>, Form)>),
}

impl Columns {
    pub(super) fn new(form: &Form, takes_bulk: bool) -> Columns {
        let mut columns = Columns::default();
        columns.add(&mut Vec::new(), form, takes_bulk);
        columns
    }

    pub(super) fn of_record(of: &RecordType, takes_bulk: bool) -> Columns {
        Columns::new(&record(of, &mut Limit::default()), takes_bulk)
    }

    fn add(&mut self, path: &mut Vec<Arc<str>>, form: &Form, takes_bulk: bool) {
        let name = || path.join(".");
        match form {
            Form::Bulk(_) if !takes_bulk => self.left_out.push(name()),
            Form::Column(of) | Form::Bulk(of) => {
                self.columns.push(Column { name: name(), of: *of, path: path.clone() });
            }
            Form::Record(fields) => {
                for (field, form) in fields {
                    path.push(Arc::clone(field));
                    self.add(path, form, takes_bulk);
                    path.pop();
                }
            }
        }
    }
}

impl Column {
    /// The cell of a message's row.
    pub fn cell<'v>(&self, message: &'v Value) -> &'v Value {
        let mut value = message;
        for name in &self.path {
            match value.get(name) {
                Some(field) => value = field,
                None => return &Value::Null,
            }
        }
        value
    }
}

/// Keeps forms of hostile definitions small: types that hold others twice, on
/// many levels, would grow beyond all bounds.
#[derive(Debug, Default)]
pub(super) struct Limit {
    columns: usize,
    depth: usize,
}

impl Limit {
    /// The form of a record's fields, or JSON when there are too many.
    pub(super) fn record(&mut self, fields: impl FnOnce(&mut Limit) -> Form) -> Form {
        if self.depth >= MAX_DEPTH || self.columns >= MAX_COLUMNS {
            return self.column(ColumnType::Json);
        }
        self.depth += 1;
        let form = fields(self);
        self.depth -= 1;
        form
    }

    pub(super) fn column(&mut self, of: ColumnType) -> Form {
        self.columns += 1;
        Form::Column(of)
    }

    pub(super) fn is_reached(&self) -> bool {
        self.columns > MAX_COLUMNS
    }
}

fn record(of: &RecordType, limit: &mut Limit) -> Form {
    let mut fields = Vec::new();
    for field in &of.fields {
        if limit.is_reached() {
            break;
        }
        fields.push((Arc::clone(&field.name), form(field, limit)));
    }
    Form::Record(fields)
}

fn form(field: &Field, limit: &mut Limit) -> Form {
    let is_one = field.shape == Shape::One;
    let list = |one: ColumnType, element: Element| match is_one {
        true => one,
        false => ColumnType::List(element),
    };
    let of = match &field.of {
        FieldType::Record(of) if is_one => return limit.record(|limit| record(of, limit)),
        FieldType::Record(of) if holds_bulk(of, 0) => return Form::Bulk(ColumnType::Json),
        FieldType::Record(_) => ColumnType::Json,
        FieldType::U8 if is_one => ColumnType::Uint,
        FieldType::U8 if field.shape == Shape::Sequence => return Form::Bulk(ColumnType::Bytes),
        FieldType::I8 if field.shape == Shape::Sequence => {
            return Form::Bulk(ColumnType::List(Element::Int));
        }
        FieldType::U8 => ColumnType::Bytes,
        FieldType::Bool => list(ColumnType::Bool, Element::Bool),
        FieldType::I8 | FieldType::I16 | FieldType::I32 | FieldType::I64 => {
            list(ColumnType::Int, Element::Int)
        }
        FieldType::U16 | FieldType::U32 | FieldType::U64 => list(ColumnType::Uint, Element::Uint),
        FieldType::F32 => list(ColumnType::F32, Element::F32),
        FieldType::F64 => list(ColumnType::F64, Element::F64),
        FieldType::Text | FieldType::WideText => list(ColumnType::Text, Element::Text),
        FieldType::Time | FieldType::Duration if is_one => ColumnType::Nanos,
        FieldType::Time | FieldType::Duration => ColumnType::Json,
    };
    limit.column(of)
}

/// Looked for as deep as anyone nests images.
fn holds_bulk(of: &RecordType, depth: usize) -> bool {
    depth < 4
        && of.fields.iter().take(MAX_COLUMNS).any(|field| match &field.of {
            FieldType::U8 | FieldType::I8 => field.shape == Shape::Sequence,
            FieldType::Record(of) => holds_bulk(of, depth + 1),
            _ => false,
        })
}
