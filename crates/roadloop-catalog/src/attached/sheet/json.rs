//! JSON lines: a flat object a line. What is nested in it stays JSON text.

use std::collections::HashMap;

use deltalake::arrow::array::StringBuilder;
use serde_json::{Map, Value};

use roadloop_base::Skip;

use super::{Cells, Column, Counted, Sheet, Skips, check_size, unreadable};
use crate::AttachError;
use crate::attached::kinds::Readings;

/// A longer line is no row: read whole, nested JSON takes thirty times its size.
const MAX_LINE_BYTES: usize = 1 << 20;

pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Sheet, AttachError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    if start.is_empty() {
        return Err(unreadable(file, "it is empty"));
    }
    if let Some(rest) = start.strip_prefix(b"[")
        && rest.trim_ascii_start().starts_with(b"{")
    {
        return Err(unreadable(file, "it is one JSON list; write an object a line"));
    }
    let mut table = Table::default();
    let mut skips = Skips::default();
    let mut places = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = index as u64 + 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match object(line) {
            Ok(object) => {
                table.push(file, object, places.len())?;
                places.push(number);
                check_size(file, table.columns.len(), places.len())?;
            }
            Err(reason) => {
                skips.push(number, Skip::new(Counted::Lines.place(number), reason));
            }
        }
    }
    let columns = table.finish(places.len());
    Ok(Sheet { columns, places, counted: Counted::Lines, skips, notes: Vec::new() })
}

fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    if line.len() > MAX_LINE_BYTES {
        return Err(format!("it is longer than {MAX_LINE_BYTES} bytes"));
    }
    let what = match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => return Ok(object),
        Ok(Value::Array(_)) => "a list",
        Ok(Value::String(_)) => "a text",
        Ok(Value::Number(_)) => "a number",
        Ok(Value::Bool(_)) => "a boolean",
        Ok(Value::Null) => "null",
        Err(error) => {
            let reason = error.to_string().replace("at line 1 column", "at column");
            return Err(format!("it is no JSON: {reason}"));
        }
    };
    Err(format!("it is {what}, not an object"))
}

/// Columns as they come up; what a line does not have is empty there.
#[derive(Default)]
struct Table {
    columns: Vec<(String, Building)>,
    places: HashMap<String, usize>,
}

#[derive(Default)]
struct Building {
    texts: StringBuilder,
    rows: usize,
    /// Of all cells so far.
    readings: Option<Readings>,
}

impl Table {
    fn push(
        &mut self,
        file: &str,
        object: Map<String, Value>,
        row: usize,
    ) -> Result<(), AttachError> {
        for (name, value) in object {
            let place = match self.places.get(&name) {
                Some(place) => *place,
                None => {
                    check_size(file, self.columns.len() + 1, row)?;
                    self.places.insert(name.clone(), self.columns.len());
                    self.columns.push((name, Building::default()));
                    self.columns.len() - 1
                }
            };
            self.columns[place].1.push(value, row);
        }
        Ok(())
    }

    fn finish(self, rows: usize) -> Vec<Column> {
        let columns = self.columns.into_iter().map(|(name, mut building)| {
            building.fill(rows);
            let readings = building.readings.unwrap_or(Readings::None);
            Column { name, cells: Cells::Texts(building.texts.finish(), readings) }
        });
        columns.collect()
    }
}

impl Building {
    /// Empty up to a row.
    fn fill(&mut self, row: usize) {
        for _ in self.rows..row {
            self.texts.append_null();
        }
        self.rows = self.rows.max(row);
    }

    fn push(&mut self, value: Value, row: usize) {
        self.fill(row);
        self.rows += 1;
        let (text, readings) = match value {
            Value::Null => return self.texts.append_null(),
            Value::String(text) => (text, Readings::Times),
            Value::Bool(value) => (value.to_string(), Readings::Booleans),
            Value::Number(number) => (number.to_string(), Readings::Numbers),
            nested => (nested.to_string(), Readings::None),
        };
        if self.readings.is_some_and(|before| before != readings) {
            self.readings = Some(Readings::None);
        } else {
            self.readings = Some(readings);
        }
        self.texts.append_value(text);
    }
}
