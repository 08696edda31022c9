//! Rows as CSV: lists and records are JSON in their cell, bytes are base64,
//! what is missing is empty.

use std::io;
use std::path::{Path, PathBuf};

use csv::{Writer, WriterBuilder};

use roadloop_bag::{Column, Value};
use roadloop_base::Nanos;

use super::Start;
use crate::{EngineError, NewFile};

pub(super) struct CsvTable {
    path: PathBuf,
    writer: Writer<NewFile>,
}

impl CsvTable {
    pub(super) fn create(path: &Path, header: &[String]) -> Result<CsvTable, EngineError> {
        let file = NewFile::create(path).map_err(EngineError::writing(path))?;
        let mut table =
            CsvTable { path: path.to_owned(), writer: WriterBuilder::new().from_writer(file) };
        let written = table.writer.write_record(header);
        written.map_err(|error| table.failed(error.into()))?;
        Ok(table)
    }

    pub(super) fn add(
        &mut self,
        start: Start,
        has_stamp: bool,
        columns: &[Column],
        message: &Value,
    ) -> Result<(), EngineError> {
        let mut row =
            vec![start.sequence.to_string(), start.time_ns.to_string(), Nanos(start.time_ns).iso()];
        if has_stamp {
            row.push(start.stamp_ns.map_or(String::new(), |stamp| stamp.to_string()));
            row.push(start.stamp_ns.map_or(String::new(), |stamp| Nanos(stamp).iso()));
        }
        row.extend(columns.iter().map(|column| cell(column.cell(message))));
        self.writer.write_record(&row).map_err(|error| self.failed(error.into()))
    }

    pub(super) fn finish(self) -> Result<(), EngineError> {
        let written = EngineError::writing(&self.path);
        let file = self.writer.into_inner().map_err(|error| written(error.into_error()))?;
        file.publish().map_err(written)?;
        Ok(())
    }

    fn failed(&self, error: io::Error) -> EngineError {
        EngineError::Write { path: self.path.clone(), source: error }
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Time(moment) | Value::Duration(moment) => moment.nanos().0.to_string(),
        value => {
            let json = value.to_json();
            // NaN, infinities and base64 come as JSON texts; nothing in them is escaped.
            let plain = json.strip_prefix('"').and_then(|json| json.strip_suffix('"'));
            plain.unwrap_or(&json).to_owned()
        }
    }
}
