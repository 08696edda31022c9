//! Rows as Parquet: lists stay lists, records in lists are JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Float32Builder, Float64Builder,
    Int64Builder, ListBuilder, RecordBatch, StringBuilder, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use roadloop_bag::{Column, ColumnType, Columns, Element, Numbers, Value};
use roadloop_base::Nanos;

use super::Start;
use crate::{EngineError, NewFile};

/// Rows, and bytes of theirs, held in memory before they are written.
const BATCH_ROWS: usize = 4096;
const BATCH_BYTES: usize = 4 << 20;

pub(super) struct ParquetTable {
    path: PathBuf,
    schema: SchemaRef,
    starts: Starts,
    cells: Vec<Cells>,
    rows: usize,
    bytes: usize,
    writer: ArrowWriter<NewFile>,
}

/// The columns every table has.
struct Starts {
    sequence: UInt64Builder,
    time_ns: Int64Builder,
    time: StringBuilder,
    stamp: Option<(Int64Builder, StringBuilder)>,
}

/// A column's cells on their way into a file.
enum Cells {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Uint(UInt64Builder),
    F32(Float32Builder),
    F64(Float64Builder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Json(StringBuilder),
    BoolList(ListBuilder<BooleanBuilder>),
    IntList(ListBuilder<Int64Builder>),
    UintList(ListBuilder<UInt64Builder>),
    F32List(ListBuilder<Float32Builder>),
    F64List(ListBuilder<Float64Builder>),
    TextList(ListBuilder<StringBuilder>),
}

impl ParquetTable {
    /// `header` has the names of all columns, those every table has first.
    pub(super) fn create(
        path: &Path,
        header: &[String],
        columns: &Columns,
    ) -> Result<ParquetTable, EngineError> {
        let first = header.len() - columns.columns.len();
        let has_stamp = first > 3;
        let starts = Starts {
            sequence: UInt64Builder::new(),
            time_ns: Int64Builder::new(),
            time: StringBuilder::new(),
            stamp: has_stamp.then(|| (Int64Builder::new(), StringBuilder::new())),
        };
        let mut fields = vec![
            Field::new(&header[0], DataType::UInt64, false),
            Field::new(&header[1], DataType::Int64, false),
            Field::new(&header[2], DataType::Utf8, false),
        ];
        if has_stamp {
            fields.push(Field::new(&header[3], DataType::Int64, true));
            fields.push(Field::new(&header[4], DataType::Utf8, true));
        }
        for (name, column) in header[first..].iter().zip(&columns.columns) {
            fields.push(Field::new(name, data_type(column.of), true));
        }
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let file = NewFile::create(path).map_err(EngineError::writing(path))?;
        Ok(ParquetTable {
            path: path.to_owned(),
            starts,
            cells: columns.columns.iter().map(|column| Cells::new(column.of)).collect(),
            rows: 0,
            bytes: 0,
            writer: ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties))?,
            schema,
        })
    }

    pub(super) fn add(
        &mut self,
        start: Start,
        columns: &[Column],
        message: &Value,
    ) -> Result<(), EngineError> {
        self.starts.add(start);
        for (column, cells) in columns.iter().zip(&mut self.cells) {
            self.bytes += cells.add(column.cell(message));
        }
        self.rows += 1;
        if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), EngineError> {
        let mut arrays = self.starts.finish();
        arrays.extend(self.cells.iter_mut().map(|cells| cells.builder().finish()));
        self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)?;
        // The writer would keep a row group of a million rows in memory.
        if self.writer.in_progress_size() >= BATCH_BYTES {
            self.writer.flush()?;
        }
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), EngineError> {
        self.write()?;
        let file = self.writer.into_inner()?;
        file.publish().map_err(EngineError::writing(&self.path))?;
        Ok(())
    }
}

impl Starts {
    fn add(&mut self, start: Start) {
        self.sequence.append_value(start.sequence);
        self.time_ns.append_value(start.time_ns);
        self.time.append_value(Nanos(start.time_ns).iso());
        if let Some((stamp_ns, stamp)) = &mut self.stamp {
            stamp_ns.append_option(start.stamp_ns);
            stamp.append_option(start.stamp_ns.map(|nanos| Nanos(nanos).iso()));
        }
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.sequence.finish()),
            Arc::new(self.time_ns.finish()),
            Arc::new(self.time.finish()),
        ];
        if let Some((stamp_ns, stamp)) = &mut self.stamp {
            arrays.push(Arc::new(stamp_ns.finish()));
            arrays.push(Arc::new(stamp.finish()));
        }
        arrays
    }
}

fn data_type(of: ColumnType) -> DataType {
    let list = |element| DataType::List(Arc::new(Field::new("item", element, true)));
    match of {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int | ColumnType::Nanos => DataType::Int64,
        ColumnType::Uint => DataType::UInt64,
        ColumnType::F32 => DataType::Float32,
        ColumnType::F64 => DataType::Float64,
        ColumnType::Text | ColumnType::Json => DataType::Utf8,
        ColumnType::Bytes => DataType::Binary,
        ColumnType::List(Element::Bool) => list(DataType::Boolean),
        ColumnType::List(Element::Int) => list(DataType::Int64),
        ColumnType::List(Element::Uint) => list(DataType::UInt64),
        ColumnType::List(Element::F32) => list(DataType::Float32),
        ColumnType::List(Element::F64) => list(DataType::Float64),
        ColumnType::List(Element::Text) => list(DataType::Utf8),
    }
}

impl Cells {
    fn new(of: ColumnType) -> Cells {
        match of {
            ColumnType::Bool => Cells::Bool(BooleanBuilder::new()),
            ColumnType::Int | ColumnType::Nanos => Cells::Int(Int64Builder::new()),
            ColumnType::Uint => Cells::Uint(UInt64Builder::new()),
            ColumnType::F32 => Cells::F32(Float32Builder::new()),
            ColumnType::F64 => Cells::F64(Float64Builder::new()),
            ColumnType::Text => Cells::Text(StringBuilder::new()),
            ColumnType::Json => Cells::Json(StringBuilder::new()),
            ColumnType::Bytes => Cells::Bytes(BinaryBuilder::new()),
            ColumnType::List(Element::Bool) => {
                Cells::BoolList(ListBuilder::new(BooleanBuilder::new()))
            }
            ColumnType::List(Element::Int) => Cells::IntList(ListBuilder::new(Int64Builder::new())),
            ColumnType::List(Element::Uint) => {
                Cells::UintList(ListBuilder::new(UInt64Builder::new()))
            }
            ColumnType::List(Element::F32) => {
                Cells::F32List(ListBuilder::new(Float32Builder::new()))
            }
            ColumnType::List(Element::F64) => {
                Cells::F64List(ListBuilder::new(Float64Builder::new()))
            }
            ColumnType::List(Element::Text) => {
                Cells::TextList(ListBuilder::new(StringBuilder::new()))
            }
        }
    }

    /// Adds a cell, empty where the value is none of the column's, and says how
    /// many bytes it took, roughly.
    fn add(&mut self, value: &Value) -> usize {
        match self {
            Cells::Bool(cells) => cells.append_option(as_bool(value)),
            Cells::Int(cells) => cells.append_option(as_nanos(value).or(value.as_i64())),
            Cells::Uint(cells) => cells.append_option(as_u64(value)),
            Cells::F32(cells) => cells.append_option(value.as_f64().map(|number| number as f32)),
            Cells::F64(cells) => cells.append_option(value.as_f64()),
            Cells::Text(cells) => {
                cells.append_option(value.as_str());
                return value.as_str().map_or(0, str::len);
            }
            Cells::Json(cells) if *value == Value::Null => cells.append_null(),
            Cells::Json(cells) => {
                let json = value.to_json();
                cells.append_value(&json);
                return json.len();
            }
            Cells::Bytes(cells) => match value {
                Value::Bytes(bytes) => {
                    cells.append_value(bytes);
                    return bytes.len();
                }
                _ => cells.append_null(),
            },
            Cells::BoolList(cells) => return add_list(cells, value, bools),
            Cells::IntList(cells) => return add_list(cells, value, ints),
            Cells::UintList(cells) => return add_list(cells, value, uints),
            Cells::F32List(cells) => return add_list(cells, value, f32s),
            Cells::F64List(cells) => return add_list(cells, value, f64s),
            Cells::TextList(cells) => return add_list(cells, value, texts),
        }
        8
    }

    fn builder(&mut self) -> &mut dyn ArrayBuilder {
        match self {
            Cells::Bool(cells) => cells,
            Cells::Int(cells) => cells,
            Cells::Uint(cells) => cells,
            Cells::F32(cells) => cells,
            Cells::F64(cells) => cells,
            Cells::Text(cells) | Cells::Json(cells) => cells,
            Cells::Bytes(cells) => cells,
            Cells::BoolList(cells) => cells,
            Cells::IntList(cells) => cells,
            Cells::UintList(cells) => cells,
            Cells::F32List(cells) => cells,
            Cells::F64List(cells) => cells,
            Cells::TextList(cells) => cells,
        }
    }
}

fn as_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        _ => None,
    }
}

fn as_nanos(value: &Value) -> Option<i64> {
    match value {
        Value::Time(moment) | Value::Duration(moment) => Some(moment.nanos().0),
        _ => None,
    }
}

fn as_u64(value: &Value) -> Option<u64> {
    match *value {
        Value::Uint(number) => Some(number),
        Value::Int(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// `None` where the value is no list of the column's.
fn add_list<B: ArrayBuilder>(
    cells: &mut ListBuilder<B>,
    value: &Value,
    add: impl FnOnce(&mut B, &Value) -> Option<usize>,
) -> usize {
    let added = add(cells.values(), value);
    cells.append(added.is_some());
    added.unwrap_or(0) * 8
}

fn each<'v, T>(
    value: &'v Value,
    of: impl Fn(&'v Value) -> Option<T>,
    mut add: impl FnMut(Option<T>),
) -> Option<usize> {
    let Value::List(values) = value else { return None };
    values.iter().for_each(|value| add(of(value)));
    Some(values.len())
}

fn bools(cells: &mut BooleanBuilder, value: &Value) -> Option<usize> {
    match value {
        Value::Numbers(Numbers::Bool(all)) => {
            cells.append_slice(all);
            Some(all.len())
        }
        value => each(value, as_bool, |value| cells.append_option(value)),
    }
}

fn ints(cells: &mut Int64Builder, value: &Value) -> Option<usize> {
    let mut add = |numbers: &mut dyn Iterator<Item = i64>| {
        let mut count = 0;
        for number in numbers {
            cells.append_value(number);
            count += 1;
        }
        Some(count)
    };
    match value {
        Value::Numbers(Numbers::I8(all)) => add(&mut all.iter().map(|&n| n.into())),
        Value::Numbers(Numbers::I16(all)) => add(&mut all.iter().map(|&n| n.into())),
        Value::Numbers(Numbers::I32(all)) => add(&mut all.iter().map(|&n| n.into())),
        Value::Numbers(Numbers::I64(all)) => add(&mut all.iter().copied()),
        value => each(value, Value::as_i64, |number| cells.append_option(number)),
    }
}

fn uints(cells: &mut UInt64Builder, value: &Value) -> Option<usize> {
    let mut add = |numbers: &mut dyn Iterator<Item = u64>| {
        let mut count = 0;
        for number in numbers {
            cells.append_value(number);
            count += 1;
        }
        Some(count)
    };
    match value {
        Value::Bytes(all) => add(&mut all.iter().map(|&n| n.into())),
        Value::Numbers(Numbers::U16(all)) => add(&mut all.iter().map(|&n| n.into())),
        Value::Numbers(Numbers::U32(all)) => add(&mut all.iter().map(|&n| n.into())),
        Value::Numbers(Numbers::U64(all)) => add(&mut all.iter().copied()),
        value => each(value, as_u64, |number| cells.append_option(number)),
    }
}

fn f32s(cells: &mut Float32Builder, value: &Value) -> Option<usize> {
    match value {
        Value::Numbers(Numbers::F32(all)) => {
            cells.append_slice(all);
            Some(all.len())
        }
        value => each(value, Value::as_f64, |n| cells.append_option(n.map(|n| n as f32))),
    }
}

fn f64s(cells: &mut Float64Builder, value: &Value) -> Option<usize> {
    match value {
        Value::Numbers(Numbers::F64(all)) => {
            cells.append_slice(all);
            Some(all.len())
        }
        value => each(value, Value::as_f64, |number| cells.append_option(number)),
    }
}

fn texts(cells: &mut StringBuilder, value: &Value) -> Option<usize> {
    each(value, Value::as_str, |text| cells.append_option(text))
}
