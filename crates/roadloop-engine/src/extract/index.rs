//! The index of extracted images: the same rows as CSV and as Parquet.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Builder, RecordBatch, StringBuilder, UInt32Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use roadloop_base::{Nanos, Position};

use crate::EngineError;
use crate::new_file::NewFile;

/// Rows held in memory before they are written.
const BATCH: usize = 8192;

/// An extracted image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Below the folder of the index.
    pub(super) file: String,
    pub(super) camera: String,
    pub(super) topic: String,
    pub(super) sequence: u32,
    /// The header's.
    #[serde(rename = "stamp_ns")]
    pub(super) stamp: Nanos,
    /// The recorder's.
    #[serde(rename = "time_ns")]
    pub(super) taken_at: Nanos,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) encoding: Cow<'static, str>,
    /// At the time it was recorded.
    #[serde(skip)]
    pub(super) position: Option<Position>,
}

pub(super) struct Index {
    folder: PathBuf,
    schema: SchemaRef,
    entries: Vec<Entry>,
    csv: arrow::csv::Writer<NewFile>,
    parquet: ArrowWriter<NewFile>,
}

impl Index {
    /// In a folder that is there.
    pub(super) fn create(folder: &Path) -> Result<Index, EngineError> {
        let new_file = |name: &str| {
            let path = folder.join(name);
            NewFile::create(&path).map_err(EngineError::writing(&path))
        };
        let (csv, parquet) = (new_file("index.csv")?, new_file("index.parquet")?);
        let schema = schema();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let mut csv = arrow::csv::WriterBuilder::new().with_header(true).build(csv);
        // The header is there even when no row is.
        csv.write(&RecordBatch::new_empty(Arc::clone(&schema)))?;
        Ok(Index {
            folder: folder.to_owned(),
            entries: Vec::new(),
            csv,
            parquet: ArrowWriter::try_new(parquet, Arc::clone(&schema), Some(properties))?,
            schema,
        })
    }

    pub(super) fn add(&mut self, entry: Entry) -> Result<(), EngineError> {
        self.entries.push(entry);
        if self.entries.len() >= BATCH {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), EngineError> {
        let batch = batch(&self.schema, &self.entries)?;
        self.entries.clear();
        self.csv.write(&batch)?;
        self.parquet.write(&batch)?;
        Ok(())
    }

    /// Makes both files visible.
    pub(super) fn finish(mut self) -> Result<(), EngineError> {
        self.write()?;
        let written = EngineError::writing(&self.folder);
        self.csv.into_inner().publish().map_err(&written)?;
        self.parquet.into_inner()?.publish().map_err(&written)?;
        Ok(())
    }
}

fn schema() -> SchemaRef {
    let fields = [
        ("file", DataType::Utf8),
        ("camera", DataType::Utf8),
        ("topic", DataType::Utf8),
        ("sequence", DataType::UInt32),
        ("stamp_ns", DataType::Int64),
        ("stamp", DataType::Utf8),
        ("time_ns", DataType::Int64),
        ("time", DataType::Utf8),
        ("width", DataType::UInt32),
        ("height", DataType::UInt32),
        ("encoding", DataType::Utf8),
    ];
    let fields = fields.map(|(name, data_type)| Field::new(name, data_type, false));
    let position = ["latitude", "longitude", "altitude"];
    let position = position.map(|name| Field::new(name, DataType::Float64, true));
    Arc::new(Schema::new([&fields[..], &position[..]].concat()))
}

fn batch(schema: &SchemaRef, entries: &[Entry]) -> Result<RecordBatch, EngineError> {
    let texts = |of: &dyn Fn(&Entry) -> String| -> ArrayRef {
        let mut builder = StringBuilder::new();
        entries.iter().for_each(|entry| builder.append_value(of(entry)));
        Arc::new(builder.finish())
    };
    let times = |of: &dyn Fn(&Entry) -> Nanos| -> ArrayRef {
        let mut builder = Int64Builder::new();
        entries.iter().for_each(|entry| builder.append_value(of(entry).0));
        Arc::new(builder.finish())
    };
    let counts = |of: &dyn Fn(&Entry) -> u32| -> ArrayRef {
        let mut builder = UInt32Builder::new();
        entries.iter().for_each(|entry| builder.append_value(of(entry)));
        Arc::new(builder.finish())
    };
    let degrees = |of: &dyn Fn(&Position) -> Option<f64>| -> ArrayRef {
        let positions = entries.iter().map(|entry| entry.position.as_ref().and_then(of));
        Arc::new(positions.collect::<Float64Array>())
    };
    let columns = vec![
        texts(&|entry| entry.file.clone()),
        texts(&|entry| entry.camera.clone()),
        texts(&|entry| entry.topic.clone()),
        counts(&|entry| entry.sequence),
        times(&|entry| entry.stamp),
        texts(&|entry| entry.stamp.iso()),
        times(&|entry| entry.taken_at),
        texts(&|entry| entry.taken_at.iso()),
        counts(&|entry| entry.width),
        counts(&|entry| entry.height),
        texts(&|entry| entry.encoding.to_string()),
        degrees(&|position| Some(position.latitude())),
        degrees(&|position| Some(position.longitude())),
        degrees(&Position::altitude),
    ];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
