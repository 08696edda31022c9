//! A file that is to be attached: its rows, what they are joined by, and what
//! they say.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use deltalake::arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use deltalake::arrow::compute::filter;
use deltalake::arrow::datatypes::{Field, Schema};
use serde::{Deserialize, Serialize};

use roadloop_base::Skip;

use super::joining::Joining;
use super::kinds::ValueType;
use super::name::column_name;
use super::on::{Joined, On, key_of, wanted};
use super::sheet::{Cells, Sheet, Skips};
use crate::AttachError;

/// What is to be made of a file.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    pub joining: Joining,
    /// The columns it is joined by, where their names are not the usual ones.
    pub named: BTreeMap<On, String>,
    /// The columns to attach, and what to call them; all others when empty.
    pub columns: Vec<(String, Option<String>)>,
}

/// A column of attached data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceColumn {
    pub name: String,
    pub value: ValueType,
}

/// A file's rows, read and checked.
#[derive(Clone, Debug)]
pub struct Source {
    pub(crate) file: String,
    pub(crate) joining: Joining,
    pub(crate) columns: Vec<SourceColumn>,
    /// What each row is joined by ([`On::stored`]), then its values.
    pub(crate) rows: RecordBatch,
    num_skipped: u64,
    skipped: Vec<Skip>,
    notes: Vec<String>,
}

impl Source {
    /// Reads a file; `file` is its name, whose end says what it is. Computes
    /// for as long as the file is large.
    pub fn read(
        file: &str,
        bytes: Bytes,
        settings: &SourceSettings,
    ) -> Result<Source, AttachError> {
        let sheet = Sheet::read(file, bytes)?;
        let mut reading = Reading { file, sheet, notes: Vec::new(), taken: Vec::new() };
        reading.check_named(settings)?;
        let joined = reading.joined(settings)?;
        let (kept, unusable) = reading.usable(&settings.joining, &joined);
        let rows = reading.sheet.num_rows() as u64 + reading.sheet.skips.count();
        let skips = std::mem::take(&mut reading.sheet.skips).and(unusable);
        let (num_skipped, skipped) = (skips.count(), skips.named());
        if kept.true_count() == 0 {
            let first = skipped.first().map_or("there are none".to_owned(), |skip| {
                format!("{}: {}", skip.place, skip.reason)
            });
            return Err(AttachError::NothingUsable { file: file.to_owned(), rows, first });
        }
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for Joined { on, values, .. } in &joined {
            fields.push(Field::new(on.stored(), values.data_type().clone(), true));
            arrays.push(filtered(file, values, &kept)?);
        }
        let mut columns = Vec::new();
        for (name, cells) in reading.values(settings)? {
            let values = only(file, &cells, &kept)?.values();
            let values = values.map_err(|error| unreadable(file, &error))?;
            let value = ValueType::of(values.data_type());
            fields.push(Field::new(&name, value.arrow(), true));
            arrays.push(values);
            columns.push(SourceColumn { name, value });
        }
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays);
        let rows = rows.map_err(|error| unreadable(file, &error))?;
        let mut notes = std::mem::take(&mut reading.sheet.notes);
        notes.extend(reading.notes);
        let joining = settings.joining.clone();
        let file = file.to_owned();
        Ok(Source { file, joining, columns, rows, num_skipped, skipped, notes })
    }

    pub fn num_rows(&self) -> u64 {
        self.rows.num_rows() as u64
    }

    pub fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    /// Rows that are not attached.
    pub fn num_skipped(&self) -> u64 {
        self.num_skipped
    }

    /// The first some thousand of them, and why.
    pub fn skipped(&self) -> &[Skip] {
        &self.skipped
    }

    /// What a person should know of how the file was read.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

struct Reading<'a> {
    file: &'a str,
    sheet: Sheet,
    notes: Vec<String>,
    /// Columns it is joined by.
    taken: Vec<usize>,
}

impl Reading<'_> {
    fn bad(&self, reason: String) -> AttachError {
        AttachError::BadColumns { file: self.file.to_owned(), reason }
    }

    fn check_named(&self, settings: &SourceSettings) -> Result<(), AttachError> {
        let wanted = wanted(&settings.joining);
        match settings.named.keys().find(|on| !wanted.contains(on)) {
            Some(on) => {
                let joined = settings.joining.on().join(", ");
                Err(self.bad(format!(
                    "a column of {} is named, but rows are joined on {joined}",
                    on.name()
                )))
            }
            None => Ok(()),
        }
    }

    fn joined(&mut self, settings: &SourceSettings) -> Result<Vec<Joined>, AttachError> {
        let mut joined = Vec::new();
        for on in wanted(&settings.joining) {
            let index = self.find(on, settings.named.get(&on).map(String::as_str))?;
            self.taken.push(index);
            let column = &self.sheet.columns[index];
            let texts = column.cells.texts().map_err(|error| unreadable(self.file, &error))?;
            let read = Joined::read(on, texts);
            // That a column is what it is called needs no words.
            if read.note.is_some() || column.name != on.name() {
                let how = read.note.as_ref().map_or(String::new(), |note| format!(", {note}"));
                self.notes.push(format!("{}: column {:?}{how}", on.name(), column.name));
            }
            joined.push(read);
        }
        Ok(joined)
    }

    fn find(&self, on: On, named: Option<&str>) -> Result<usize, AttachError> {
        let names = self.sheet.names();
        let position = |wanted: &str| {
            let exact = names.iter().position(|name| *name == wanted);
            exact.or_else(|| names.iter().position(|name| name.eq_ignore_ascii_case(wanted)))
        };
        let (found, hint) = match named {
            Some(name) => (position(name), format!("none is called {name:?}")),
            None => {
                let flag = on.name();
                let hint = format!("name it with --{flag}-column");
                (on.usual().iter().find_map(|name| position(name)), hint)
            }
        };
        found.ok_or_else(|| AttachError::NoColumn {
            file: self.file.to_owned(),
            wanted: on.name().to_owned(),
            found: if names.is_empty() { "none".to_owned() } else { names.join(", ") },
            hint,
        })
    }

    /// The rows that can be joined; why the others cannot.
    fn usable(&self, joining: &Joining, joined: &[Joined]) -> (BooleanArray, Skips) {
        let mut skips = Skips::default();
        let mut seen = HashMap::<String, usize>::new();
        let mut kept = Vec::with_capacity(self.sheet.num_rows());
        for row in 0..self.sheet.num_rows() {
            let mut fault = joined.iter().find_map(|joined| joined.fault(row));
            // Of two rows near to a frame one is nearer; by key there is one.
            if fault.is_none() && joining.nearest.is_none() {
                let key = key_of(joined.iter().map(|joined| &joined.values), row);
                let first = *seen.entry(key).or_insert(row);
                if first != row {
                    let same = joining.on().join(", ");
                    fault = Some(format!("the same {same} as {}", self.sheet.place(first)));
                }
            }
            kept.push(fault.is_none());
            if let Some(reason) = fault {
                skips.push(self.sheet.places[row], Skip::new(self.sheet.place(row), reason));
            }
        }
        (BooleanArray::from(kept), skips)
    }

    /// The columns to attach, by their new names.
    fn values(&mut self, settings: &SourceSettings) -> Result<Vec<(String, Cells)>, AttachError> {
        let chosen: Vec<(usize, Option<&str>)> = if settings.columns.is_empty() {
            let rest = (0..self.sheet.columns.len()).filter(|index| !self.taken.contains(index));
            rest.map(|index| (index, None)).collect()
        } else {
            let mut chosen = Vec::new();
            for (from, to) in &settings.columns {
                let names = self.sheet.names();
                let Some(index) = names.iter().position(|name| name == from) else {
                    let names = names.join(", ");
                    return Err(
                        self.bad(format!("no column is called {from:?}; there are {names}"))
                    );
                };
                chosen.push((index, to.as_deref()));
            }
            chosen
        };
        if chosen.is_empty() {
            return Err(self.bad("it has no columns besides those it is joined by".to_owned()));
        }
        let mut values = Vec::new();
        let mut from = HashMap::<String, &str>::new();
        for (index, to) in chosen {
            let column = &self.sheet.columns[index];
            let name = column_name(to.unwrap_or(&column.name)).map_err(|reason| {
                let column = &column.name;
                self.bad(format!(
                    "column {column:?} {reason}; call it otherwise: --columns {column:?}=NAME,…"
                ))
            })?;
            if let Some(to) = to.filter(|to| to.to_ascii_lowercase() != name) {
                return Err(self.bad(format!(
                    "{to:?} cannot be the name of a column: use letters (a to z), digits or _"
                )));
            }
            if let Some(other) = from.insert(name.clone(), &column.name) {
                return Err(self.bad(format!(
                    "columns {other:?} and {:?} would both be called {name}; \
                     call one otherwise: --columns {other:?}=NAME,…",
                    column.name
                )));
            }
            if to.is_none() && name != column.name.to_ascii_lowercase() {
                self.notes.push(format!("column {:?} is called {name}", column.name));
            }
            values.push((name, column.cells.clone()));
        }
        Ok(values)
    }
}

fn only(file: &str, cells: &Cells, kept: &BooleanArray) -> Result<Cells, AttachError> {
    Ok(match cells {
        Cells::Texts(texts, readings) => {
            let texts = filter(texts, kept).map_err(|error| unreadable(file, &error))?;
            Cells::Texts(texts.as_string::<i32>().clone(), *readings)
        }
        Cells::Typed(values) => Cells::Typed(filtered(file, values, kept)?),
        Cells::Instants(values) => Cells::Instants(filtered(file, values, kept)?),
    })
}

fn filtered(file: &str, values: &ArrayRef, kept: &BooleanArray) -> Result<ArrayRef, AttachError> {
    filter(values, kept).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &str, error: &dyn std::error::Error) -> AttachError {
    AttachError::Unreadable { file: file.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::array::Array;
    use deltalake::arrow::compute::cast;
    use deltalake::arrow::datatypes::DataType;

    use super::*;

    fn settings(on: &str, columns: &str) -> SourceSettings {
        let on: Vec<String> = on.split(',').map(str::to_owned).collect();
        let within = match on[0].as_str() {
            "time" => Some("1s"),
            "position" => Some("1m"),
            _ => None,
        };
        let columns = columns.split(',').filter(|column| !column.is_empty());
        let columns = columns.map(|column| match column.split_once('=') {
            Some((from, to)) => (from.to_owned(), Some(to.to_owned())),
            None => (column.to_owned(), None),
        });
        let joining = Joining::parse(&on, within).unwrap();
        SourceSettings { joining, named: BTreeMap::new(), columns: columns.collect() }
    }

    fn shown(content: &str, settings: &SourceSettings) -> String {
        let bytes = Bytes::copy_from_slice(content.as_bytes());
        let source = match Source::read("a.csv", bytes, settings) {
            Ok(source) => source,
            Err(error) => return format!("error: {error}"),
        };
        let schema = source.rows.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut lines = vec![names.join(" | ")];
        for row in 0..source.rows.num_rows() {
            let cells = source.rows.columns().iter().map(|column| {
                let texts = cast(column, &DataType::Utf8).unwrap();
                let texts = texts.as_string::<i32>();
                if texts.is_null(row) { "∅".to_owned() } else { texts.value(row).to_owned() }
            });
            lines.push(cells.collect::<Vec<_>>().join(" | "));
        }
        lines.extend(source.skipped.iter().map(|skip| format!("{}! {}", skip.place, skip.reason)));
        lines.extend(source.notes.iter().map(|note| format!("({note})")));
        lines.join("\n")
    }

    #[track_caller]
    fn check(content: &str, on: &str, columns: &str, expected: &str) {
        assert_eq!(shown(content, &settings(on, columns)), expected);
    }

    #[test]
    fn times_are_read_whatever_they_are_in() {
        check(
            "timestamp,x\n1777887000,1\n1777887001.5,2\nsoon,3\n,4\n1777887000000,5\n",
            "time",
            "",
            "on.time | x\n1777887000000000000 | 1\n1777887001500000000 | 2\n\
             line 4! the time \"soon\" is not a number of s since 1970, as the others\n\
             line 5! it has no time\n\
             line 6! the time \"1777887000000\" is not a number of s since 1970, as the others\n\
             (time: column \"timestamp\", in s since 1970)",
        );
        check(
            "x,T\n1,2026-05-04T09:30:00Z\n2,2026-05-04 11:30+02:00\n3,1777887000\n",
            "time",
            "",
            "on.time | x\n1777887000000000000 | 1\n1777887000000000000 | 2\n\
             line 4! the time \"1777887000\" is not an ISO time, as 2026-05-04T09:30:00Z, or a \
             number since 1970\n(time: column \"T\", ISO, UTC where it names no zone)",
        );
        // What is spoilt has no say in what a column is.
        check(
            "t,x\n1777887000,1\nEND,of file\n",
            "time",
            "",
            "on.time | x\n1777887000000000000 | 1\n\
             line 3! the time \"END\" is not a number of s since 1970, as the others\n\
             (time: column \"t\", in s since 1970)",
        );
        check(
            "t,x\nyesterday,1\n",
            "time",
            "",
            "error: none of the 1 rows can be used: line 2: the time \"yesterday\" is not an ISO \
             time, as 2026-05-04T09:30:00Z, or a number since 1970\nfile: a.csv",
        );
        check(
            "t,x\n",
            "time",
            "",
            "error: none of the 0 rows can be used: there are none\nfile: a.csv",
        );
    }

    #[test]
    fn positions_are_on_earth() {
        check(
            "lat,LNG,zone\n48.1,11.5,a\n91,0,b\n0,200,c\n,11,d\n",
            "position",
            "",
            "on.latitude | on.longitude | zone\n48.1 | 11.5 | a\n\
             line 3! the position \"91\" is not degrees\nline 4! the position \"200\" is not degrees\n\
             line 5! it has no position\n(latitude: column \"lat\")\n(longitude: column \"LNG\")",
        );
    }

    #[test]
    fn keys_are_there_once() {
        check(
            "recording,camera,sequence,ok\na,b,7,1\na,b,7.0,2\na,b,x,3\na,b,8,4\n",
            "recording,camera,sequence",
            "",
            "on.recording | on.camera | on.sequence | ok\na | b | 7 | 1\na | b | 8 | 4\n\
             line 3! the same recording, camera, sequence as line 2\n\
             line 4! the sequence \"x\" is not a number from 0",
        );
        check(
            "file,ok\nimages/d/c/c-2026-05-04T09_30_00.000000000Z-000000.jpg,1\n\
             /far/anonymized/d/c/c-2026-05-04T09_30_00.000000000Z-000000.png,2\n\
             c-2026-05-04T09_30_00.000000000Z-000001,3\n",
            "image",
            "",
            "on.image | ok\nd/c/c-2026-05-04T09_30_00.000000000Z-000000 | 1\n\
             c-2026-05-04T09_30_00.000000000Z-000001 | 3\nline 3! the same image as line 2\n\
             (image: column \"file\")",
        );
    }

    #[test]
    fn columns_are_chosen_and_named() {
        let content = "time,Temperature 2m (°C),note,extra\n2026-05-04T09:30Z,12.5,a,b\n";
        check(
            content,
            "time",
            "",
            "on.time | temperature_2m_c | note | extra\n1777887000000000000 | 12.5 | a | b\n\
             (time: column \"time\", ISO, UTC where it names no zone)\n\
             (column \"Temperature 2m (°C)\" is called temperature_2m_c)",
        );
        check(
            content,
            "time",
            "Temperature 2m (°C)=temp,time=at",
            "on.time | temp | at\n1777887000000000000 | 12.5 | 2026-05-04T09:30:00Z\n\
             (time: column \"time\", ISO, UTC where it names no zone)",
        );
        check(
            content,
            "time",
            "none",
            "error: no column is called \"none\"; there are time, Temperature 2m (°C), note, \
             extra\nfile: a.csv",
        );
        check(
            "time,a b,a-b\n2026-05-04T09:30Z,1,2\n",
            "time",
            "",
            "error: columns \"a b\" and \"a-b\" would both be called a_b; call one otherwise: \
             --columns \"a b\"=NAME,…\nfile: a.csv",
        );
        check(
            "time,camera\n2026-05-04T09:30Z,front\n",
            "time",
            "",
            "error: column \"camera\" would be called camera, as a column that every table has; \
             call it otherwise: --columns \"camera\"=NAME,…\nfile: a.csv",
        );
        check(
            content,
            "time",
            "note=Größe",
            "error: \"Größe\" cannot be the name of a column: use letters (a to z), digits or _\n\
             file: a.csv",
        );
        check(
            "time\n2026-05-04T09:30Z\n",
            "time",
            "",
            "error: it has no columns besides those it is joined by\nfile: a.csv",
        );
    }

    #[test]
    fn columns_that_are_not_found_are_named() {
        check(
            "when,x\n1,2\n",
            "time",
            "",
            "error: the file has no column of time: it has when, x; name it with --time-column\n\
             file: a.csv",
        );
        let mut named = settings("time", "");
        named.named.insert(On::Time, "When".to_owned());
        let got = shown("when,x\n1777887000,2\n", &named);
        assert!(got.starts_with("on.time | x\n1777887000000000000 | 2"), "{got}");
        named.named.insert(On::Time, "then".to_owned());
        let got = shown("when,x\n1777887000,2\n", &named);
        assert!(got.contains("it has when, x; none is called \"then\""), "{got}");
        named.named.insert(On::Latitude, "x".to_owned());
        let got = shown("when,x\n1777887000,2\n", &named);
        assert!(
            got.contains("a column of latitude is named, but rows are joined on time"),
            "{got}"
        );
    }
}
