//! Answers as text or files: a table, JSON lines, CSV, Parquet.

use std::fmt;
use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use deltalake::arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use deltalake::arrow::compute::cast;
use deltalake::arrow::csv;
use deltalake::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake::arrow::json::WriterBuilder as JsonBuilder;
use deltalake::arrow::json::writer::LineDelimited;
use deltalake::arrow::util::display::{ArrayFormatter, FormatOptions};
use deltalake::arrow::util::pretty::pretty_format_batches;
use deltalake::parquet::arrow::ArrowWriter;
use deltalake::parquet::basic::{Compression, ZstdLevel};
use deltalake::parquet::file::properties::WriterProperties;

use crate::CatalogError;

/// Characters of a text in a table; longer ones end in `…`.
const LONGEST_CELL: usize = 10_000;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Columns for people.
    Table,
    /// One JSON object a line.
    JsonLines,
    /// With a header line.
    Csv,
    Parquet,
}

impl Format {
    pub const ALL: [Format; 4] = [Format::Table, Format::JsonLines, Format::Csv, Format::Parquet];

    pub fn name(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }

    /// By the end of a file's name: `.parquet`, `.csv`, `.jsonl`, `.ndjson`,
    /// `.json`.
    pub fn of_file(name: &str) -> Option<Format> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" | "json" => Some(Format::JsonLines),
            "csv" => Some(Format::Csv),
            "parquet" => Some(Format::Parquet),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        Format::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| format!("no format is called {text:?}"))
    }
}

/// Rows that answer a question.
#[derive(Clone, Debug)]
pub struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    truncated: bool,
}

impl Rows {
    /// Columns are brought to plain types, which every format and reader has.
    pub fn new(
        schema: &Schema,
        batches: Vec<RecordBatch>,
        truncated: bool,
    ) -> Result<Rows, CatalogError> {
        let fields: Vec<Field> = schema.fields().iter().map(|field| plain_field(field)).collect();
        let schema = Arc::new(Schema::new(fields));
        let mut plain_batches = Vec::with_capacity(batches.len());
        for batch in batches {
            let mut columns = Vec::with_capacity(batch.num_columns());
            for (column, field) in batch.columns().iter().zip(schema.fields()) {
                columns.push(cast(column, field.data_type())?);
            }
            plain_batches.push(remake(&schema, columns, batch.num_rows())?);
        }
        Ok(Rows { schema, batches: plain_batches, truncated })
    }

    pub fn columns(&self) -> Vec<&str> {
        self.schema.fields().iter().map(|field| field.name().as_str()).collect()
    }

    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// There were more rows than the limit let through.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    pub fn write(&self, format: Format, out: &mut dyn Write) -> Result<(), CatalogError> {
        match format {
            Format::Table => self.write_table(out),
            Format::JsonLines => self.write_json_lines(out),
            Format::Csv => self.write_csv(out),
            Format::Parquet => self.write_parquet(out),
        }
    }

    fn write_table(&self, out: &mut dyn Write) -> Result<(), CatalogError> {
        let empty = [RecordBatch::new_empty(Arc::clone(&self.schema))];
        let batches = if self.batches.is_empty() { &empty[..] } else { &self.batches };
        let short = batches.iter().map(short).collect::<Result<Vec<_>, _>>()?;
        writeln!(out, "{}", pretty_format_batches(&short)?)?;
        Ok(())
    }

    /// Every column is in every line, `null` where there is nothing.
    fn write_json_lines(&self, out: &mut dyn Write) -> Result<(), CatalogError> {
        let builder = JsonBuilder::new().with_explicit_nulls(true);
        let mut writer = builder.build::<_, LineDelimited>(out);
        for batch in &self.batches {
            writer.write(batch)?;
        }
        writer.finish()?;
        Ok(())
    }

    /// Lists and structures, which CSV cannot hold, are written as the table
    /// shows them.
    fn write_csv(&self, out: &mut dyn Write) -> Result<(), CatalogError> {
        let mut writer = csv::WriterBuilder::new().with_header(true).build(out);
        let empty = [RecordBatch::new_empty(Arc::clone(&self.schema))];
        let batches = if self.batches.is_empty() { &empty[..] } else { &self.batches };
        for batch in batches {
            writer.write(&flat(batch)?)?;
        }
        Ok(())
    }

    fn write_parquet(&self, out: &mut dyn Write) -> Result<(), CatalogError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .build();
        let mut bytes = Vec::new();
        let schema = Arc::clone(&self.schema);
        let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties))?;
        for batch in &self.batches {
            writer.write(batch)?;
        }
        writer.close()?;
        out.write_all(&bytes)?;
        Ok(())
    }
}

/// A batch that may have rows and no columns, as `SELECT` without any has.
fn remake(
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch, CatalogError> {
    let options = deltalake::arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

fn flat(batch: &RecordBatch) -> Result<RecordBatch, CatalogError> {
    let options = FormatOptions::default();
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if !field.data_type().is_nested() {
            fields.push(Arc::clone(field));
            columns.push(Arc::clone(column));
            continue;
        }
        let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
        let texts: Vec<String> =
            (0..column.len()).map(|row| formatter.value(row).to_string()).collect();
        fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
        columns.push(Arc::new(StringArray::from(texts)) as ArrayRef);
    }
    remake(&Arc::new(Schema::new(fields)), columns, batch.num_rows())
}

/// A batch whose texts are no longer than anybody reads in a table: laying out
/// megabytes takes minutes.
fn short(batch: &RecordBatch) -> Result<RecordBatch, CatalogError> {
    let flat = flat(batch)?;
    let cut = |text: &str| match text.char_indices().nth(LONGEST_CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    let columns = flat.columns().iter().map(|column| match column.as_string_opt::<i32>() {
        Some(texts) => {
            Arc::new(texts.iter().map(|text| text.map(cut)).collect::<StringArray>()) as ArrayRef
        }
        None => Arc::clone(column),
    });
    remake(&flat.schema(), columns.collect(), flat.num_rows())
}

fn plain_field(field: &Field) -> Field {
    Field::new(field.name(), plain_type(field.data_type()), true)
}

/// Views and dictionaries are how DataFusion computes, not what is meant.
fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::List(item) | DataType::ListView(item) => {
            DataType::List(Arc::new(plain_field(item)))
        }
        DataType::LargeList(item) | DataType::LargeListView(item) => {
            DataType::LargeList(Arc::new(plain_field(item)))
        }
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| plain_field(field)).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use deltalake::arrow::array::{Float32Array, Int64Array, ListArray, StringViewArray};
    use deltalake::arrow::datatypes::Int32Type;
    use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    fn rows() -> Rows {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1), Some(2)]),
            Some(vec![]),
        ]);
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("n", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef, false),
            ("label", Arc::new(StringViewArray::from(vec!["traffic light", "a,\"b\""])), true),
            ("confidence", Arc::new(Float32Array::from(vec![Some(0.5), None])), true),
            ("list", Arc::new(lists), true),
        ])
        .unwrap();
        Rows::new(&batch.schema(), vec![batch], false).unwrap()
    }

    #[track_caller]
    fn check(format: Format, expected: &str) {
        let mut bytes = Vec::new();
        rows().write(format, &mut bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn text_formats() {
        check(
            Format::JsonLines,
            "{\"n\":1,\"label\":\"traffic light\",\"confidence\":0.5,\"list\":[1,2]}\n\
             {\"n\":2,\"label\":\"a,\\\"b\\\"\",\"confidence\":null,\"list\":[]}\n",
        );
        check(
            Format::Csv,
            "n,label,confidence,list\n1,traffic light,0.5,\"[1, 2]\"\n2,\"a,\"\"b\"\"\",,[]\n",
        );
        check(
            Format::Table,
            "+---+---------------+------------+--------+\n\
             | n | label         | confidence | list   |\n\
             +---+---------------+------------+--------+\n\
             | 1 | traffic light | 0.5        | [1, 2] |\n\
             | 2 | a,\"b\"         |            | []     |\n\
             +---+---------------+------------+--------+\n",
        );
    }

    #[test]
    fn a_table_cuts_texts_nobody_reads() {
        let long = "ü".repeat(2 * LONGEST_CELL);
        let texts = Arc::new(StringArray::from(vec![Some(long.as_str()), None])) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("text", texts)]).unwrap();
        let rows = Rows::new(&batch.schema(), vec![batch], false).unwrap();
        let mut bytes = Vec::new();
        rows.write(Format::Table, &mut bytes).unwrap();
        let table = String::from_utf8(bytes).unwrap();
        assert_eq!(table.matches('ü').count(), LONGEST_CELL);
        assert_eq!(table.matches('…').count(), 1);
    }

    #[test]
    fn parquet_comes_back() {
        let mut bytes = Vec::new();
        let rows = rows();
        rows.write(Format::Parquet, &mut bytes).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
        let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
        assert_eq!(batches, rows.batches);
        assert_eq!(rows.columns(), ["n", "label", "confidence", "list"]);
        assert_eq!((rows.num_rows(), rows.truncated()), (2, false));
    }

    #[test]
    fn formats_go_by_name() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert_eq!(Format::of_file("hits.PARQUET"), Some(Format::Parquet));
        assert_eq!(Format::of_file("hits.json"), Some(Format::JsonLines));
        assert_eq!(Format::of_file("hits"), None);
        assert_eq!(Format::of_file("hits.txt"), None);
    }
}
