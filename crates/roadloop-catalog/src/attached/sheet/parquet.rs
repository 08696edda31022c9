//! Parquet: columns of any plain type; nested ones become JSON text.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use deltalake::arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, RecordBatchReader, StringArray,
};
use deltalake::arrow::compute::{cast, concat};
use deltalake::arrow::datatypes::{DataType, Field, FieldRef, Schema, UInt64Type};
use deltalake::arrow::error::ArrowError;
use deltalake::arrow::json::WriterBuilder;
use deltalake::arrow::json::writer::LineDelimited;
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use deltalake::parquet::column::page::{Page, PageReader};
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::metadata::ParquetMetaData;
use deltalake::parquet::file::serialized_reader::SerializedPageReader;

use super::{
    Cells, Column, Counted, MAX_FILE_BYTES, Sheet, Skips, check_names, check_size, unreadable,
};
use crate::AttachError;
use crate::attached::kinds::Readings;

/// Few, so that what a small file unfolds to is noticed early.
const BATCH_ROWS: usize = 1024;

pub(super) fn read(file: &str, bytes: Bytes) -> Result<Sheet, AttachError> {
    // The library panics on some damaged files.
    let read = catch_unwind(AssertUnwindSafe(|| read_file(file, bytes)));
    read.unwrap_or_else(|_| Err(unreadable(file, "it is damaged")))
}

fn read_file(file: &str, bytes: Bytes) -> Result<Sheet, AttachError> {
    let failed = |error: &dyn std::error::Error| unreadable(file, error.to_string());
    // Types as Parquet has them, not as its writer had them in memory.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&bytes, options).map_err(|error| failed(&error))?;
    let schema = Arc::clone(metadata.schema());
    let rows = usize::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(0);
    check_size(file, schema.fields().len(), rows)?;
    check_names(file, schema.fields().iter().map(|field| field.name().as_str()))?;
    let mut notes = Vec::new();
    let mut kept = Vec::new();
    for (index, field) in schema.fields().iter().enumerate() {
        match is_bytes(field.data_type()) {
            true => notes.push(format!("column {} holds bytes and is left out", field.name())),
            false => kept.push(index),
        }
    }
    let roots = ProjectionMask::roots(metadata.parquet_schema(), kept);
    check_dictionaries(&bytes, metadata.metadata(), &roots).map_err(|error| failed(&error))?;
    // As views: a text that stands in a million rows is there once.
    let fields: Vec<FieldRef> = schema.fields().iter().map(as_view).collect();
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let options = options.with_schema(Arc::new(schema));
    let metadata = ArrowReaderMetadata::load(&bytes, options).map_err(|error| failed(&error))?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata);
    let builder = builder.with_projection(roots).with_batch_size(BATCH_ROWS);
    let reader = builder.build().map_err(|error| failed(&error))?;

    let names: Vec<String> =
        reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut parts: Vec<Vec<ArrayRef>> = names.iter().map(|_| Vec::new()).collect();
    let mut rows = 0;
    let mut unfolded = 0;
    for batch in reader {
        let batch = batch.map_err(|error| failed(&error))?;
        rows += batch.num_rows();
        check_size(file, names.len(), rows)?;
        for (column, parts) in batch.columns().iter().zip(&mut parts) {
            unfolded += unfolded_bytes(column);
            parts.push(Arc::clone(column));
        }
        if unfolded > MAX_FILE_BYTES {
            let limit = format!("{} MiB", MAX_FILE_BYTES >> 20);
            let found = format!("more than {limit} of text");
            return Err(AttachError::TooLarge { file: file.to_owned(), found, limit });
        }
    }
    let mut columns = Vec::new();
    for (name, parts) in names.into_iter().zip(parts) {
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        let cells = match parts.is_empty() {
            true => Cells::Texts(StringArray::new_null(0), Readings::None),
            false => concat(&parts).and_then(cells).map_err(|error| failed(&error))?,
        };
        columns.push(Column { name, cells });
    }
    let places = (1..=rows as u64).collect();
    Ok(Sheet { columns, places, counted: Counted::Rows, skips: Skips::default(), notes })
}

/// The library makes room for as many values as a dictionary says it has, before it
/// looks for them.
fn check_dictionaries(
    bytes: &Bytes,
    metadata: &ParquetMetaData,
    wanted: &ProjectionMask,
) -> Result<(), ParquetError> {
    let file = Arc::new(bytes.clone());
    for group in metadata.row_groups() {
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let columns = group.columns().iter().enumerate();
        for (_, column) in columns.filter(|(leaf, _)| wanted.leaf_included(*leaf)) {
            let mut pages = SerializedPageReader::new(Arc::clone(&file), column, rows, None)?;
            while let Some(page) = pages.peek_next_page()? {
                if !page.is_dict {
                    pages.skip_next_page()?;
                    continue;
                }
                if let Some(Page::DictionaryPage { buf, num_values, .. }) = pages.get_next_page()?
                    && num_values as usize > buf.len()
                {
                    let what =
                        format!("a dictionary of {num_values} values in {} bytes", buf.len());
                    return Err(ParquetError::General(what));
                }
            }
        }
    }
    Ok(())
}

fn is_bytes(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

fn as_view(field: &FieldRef) -> FieldRef {
    match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => {
            Arc::new(Field::clone(field).with_data_type(DataType::Utf8View))
        }
        _ => Arc::clone(field),
    }
}

/// What the texts of a column take once each stands for itself.
fn unfolded_bytes(column: &ArrayRef) -> u64 {
    match column.as_string_view_opt() {
        Some(texts) => texts.iter().flatten().map(|text| text.len() as u64).sum(),
        None if column.data_type().is_nested() => column.get_array_memory_size() as u64,
        None => 0,
    }
}

/// A column as one of the types that attached data has.
fn cells(column: ArrayRef) -> Result<Cells, ArrowError> {
    use DataType::*;
    let to = match column.data_type() {
        Timestamp(..) => return Ok(Cells::Instants(column)),
        Boolean => Boolean,
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 => Int64,
        UInt64 => {
            let numbers = column.as_primitive::<UInt64Type>();
            match numbers.iter().flatten().all(|number| i64::try_from(number).is_ok()) {
                true => Int64,
                false => Utf8,
            }
        }
        Float16 | Float32 | Float64 | Decimal32(..) | Decimal64(..) | Decimal128(..)
        | Decimal256(..) => Float64,
        nested if nested.is_nested() => return json_texts(&column).map(text_cells),
        _ => Utf8,
    };
    let values = cast(&column, &to)?;
    Ok(match values.as_string_opt::<i32>() {
        Some(texts) => text_cells(texts.clone()),
        None => Cells::Typed(values),
    })
}

/// What is a text in Parquet stays one.
fn text_cells(texts: StringArray) -> Cells {
    Cells::Texts(texts, Readings::Times)
}

fn json_texts(column: &ArrayRef) -> Result<StringArray, ArrowError> {
    let mut lines = Vec::new();
    let mut writer =
        WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(&mut lines);
    writer.write(&RecordBatch::try_from_iter_with_nullable([("v", Arc::clone(column), true)])?)?;
    writer.finish()?;
    let lines = String::from_utf8_lossy(&lines);
    let texts = lines.lines().map(|line| {
        let text = line.strip_prefix("{\"v\":")?.strip_suffix('}')?;
        (text != "null").then_some(text)
    });
    Ok(texts.collect())
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::array::{
        BinaryArray, Date32Array, DictionaryArray, Float32Array, Int32Array, ListArray,
        TimestampNanosecondArray, UInt64Array,
    };
    use deltalake::arrow::datatypes::Int32Type;
    use deltalake::parquet::arrow::ArrowWriter;
    use proptest::prelude::*;

    use super::*;
    use crate::attached::sheet::tests::shown;

    fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    }

    fn sample() -> Vec<u8> {
        let times = TimestampNanosecondArray::from(vec![Some(1_777_887_000_123_456_789), None]);
        let lists =
            ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
        file(vec![
            ("n", Arc::new(Int32Array::from(vec![Some(1), None]))),
            ("big", Arc::new(UInt64Array::from(vec![1, u64::MAX]))),
            ("small", Arc::new(UInt64Array::from(vec![1, 2]))),
            ("x", Arc::new(Float32Array::from(vec![0.5, -1.0]))),
            ("at", Arc::new(times.with_timezone("UTC"))),
            ("day", Arc::new(Date32Array::from(vec![20_577, 0]))),
            ("text", Arc::new(StringArray::from(vec!["1", "2"]))),
            ("raw", Arc::new(BinaryArray::from(vec![b"\xff".as_slice(), b"x"]))),
            ("list", Arc::new(lists)),
        ])
    }

    #[test]
    fn columns_of_every_kind() {
        assert_eq!(
            shown("a.parquet", &sample()),
            "n | big | small | x | at | day | text | list\n\
             integer | text | integer | number | time | text | text | text\n\
             row 1: 1 | 1 | 1 | 0.5 | 2026-05-04T09:30:00.123456Z | 2026-05-04 | 1 | [1,null]\n\
             row 2: ∅ | 18446744073709551615 | 2 | -1.0 | ∅ | 1970-01-01 | 2 | ∅\n\
             (column raw holds bytes and is left out)"
        );
    }

    #[test]
    fn nanoseconds_are_kept_for_joining() {
        let sheet = Sheet::read("a.parquet", Bytes::from(sample())).unwrap();
        let at = sheet.columns.iter().find(|column| column.name == "at").unwrap();
        assert_eq!(at.cells.texts().unwrap().value(0), "2026-05-04T09:30:00.123456789Z");
    }

    /// A text that stands once in the file and in every row.
    #[test]
    fn what_unfolds_to_too_much_is_refused() {
        let text = StringArray::from(vec!["x".repeat(100_000)]);
        let keys = Int32Array::from(vec![0; 3000]);
        let texts = DictionaryArray::<Int32Type>::new(keys, Arc::new(text));
        let bytes = file(vec![("text", Arc::new(texts))]);
        assert!(bytes.len() < 1 << 20, "{}", bytes.len());
        let error = shown("a.parquet", &bytes);
        assert!(error.contains("more than 256 MiB of text, and the limit is 256 MiB"), "{error}");
    }

    /// Found by fuzzing. The library would make room for the values first.
    #[test]
    fn a_dictionary_holds_as_many_values_as_it_can() {
        let texts: StringArray = (0..64).map(|n| Some(n.to_string())).collect();
        let mut bytes = file(vec![("text", Arc::new(texts))]);
        // How many values there are: after the kind of page and two lengths, the first
        // field of the dictionary's header, 64 as a number of variable length.
        let header = bytes.windows(4).position(|four| four == [0x4c, 0x15, 0x80, 0x01]);
        let at = header.expect("a dictionary's header") + 2;
        // In as many bytes, more.
        bytes[at..at + 2].copy_from_slice(&[0xfe, 0x7f]);
        let error = shown("a.parquet", &bytes);
        assert!(error.contains("a dictionary of 8191 values in "), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn damaged_files_are_errors(at in 0usize..2000, byte: u8, end in 0usize..4000) {
            let mut bytes = sample();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len().saturating_sub(end % 64));
            let _ = shown("a.parquet", &bytes);
        }
    }
}
