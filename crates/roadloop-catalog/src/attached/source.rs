//! A file that is to be attached: what its rows are joined by, and what they say.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use deltalake::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use deltalake::arrow::compute::filter;
use deltalake::arrow::datatypes::{Field, Schema};

use serde::{Deserialize, Serialize};

use roadloop_base::{Nanos, Position, Skip};

use super::instant::{self, Unit};
use super::joining::{Joining, Key, Nearest};
use super::kinds::ValueType;
use super::name::column_name;
use super::sheet::{Cells, Sheet};
use crate::AttachError;
use crate::rows::date_of;

/// What a row is joined by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    Time,
    Latitude,
    Longitude,
    Key(Key),
}

impl On {
    pub fn name(self) -> &'static str {
        match self {
            On::Time => "time",
            On::Latitude => "latitude",
            On::Longitude => "longitude",
            On::Key(key) => key.name(),
        }
    }

    /// Names by which its column is known, the likeliest first.
    fn usual(self) -> &'static [&'static str] {
        match self {
            On::Time => &[
                "time",
                "timestamp",
                "t",
                "stamp",
                "taken_at",
                "taken_at_ns",
                "datetime",
                "date_time",
                "time_utc",
                "utc",
                "ts",
            ],
            On::Latitude => &["latitude", "lat"],
            On::Longitude => &["longitude", "lon", "lng", "long"],
            On::Key(Key::Recording) => &["recording", "recording_id"],
            On::Key(Key::Camera) => &["camera"],
            On::Key(Key::Sequence) => &["sequence", "seq"],
            On::Key(Key::Image) => &["image", "image_key", "file", "filename", "file_name", "path"],
            On::Key(Key::Topic) => &["topic"],
            On::Key(Key::Date) => &["date", "day"],
        }
    }

    /// Its column in the stored rows. No value's name holds a `.`.
    pub(crate) fn stored(self) -> String {
        format!("on.{}", self.name())
    }
}

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
        let (kept, mut skipped) = reading.usable(&settings.joining, &joined);
        let rows = (reading.sheet.num_rows() + reading.sheet.skipped.len()) as u64;
        skipped.extend(std::mem::take(&mut reading.sheet.skipped));
        skipped.sort_by_key(|(place, _)| *place);
        let skipped: Vec<Skip> = skipped.into_iter().map(|(_, skip)| skip).collect();
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
        Ok(Source { file: file.to_owned(), joining, columns, rows, skipped, notes })
    }

    pub fn num_rows(&self) -> u64 {
        self.rows.num_rows() as u64
    }

    pub fn columns(&self) -> &[SourceColumn] {
        &self.columns
    }

    /// Rows that are not attached, and why.
    pub fn skipped(&self) -> &[Skip] {
        &self.skipped
    }

    /// What a person should know of how the file was read.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// What rows are joined by: one column of it, and what is wrong with a row's.
struct Joined {
    on: On,
    values: ArrayRef,
    faults: HashMap<usize, String>,
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
            let (values, faults, note) = match on {
                On::Time => times(&texts),
                On::Latitude => degrees(&texts, |degrees| Position::new(degrees, 0.0, None)),
                On::Longitude => degrees(&texts, |degrees| Position::new(0.0, degrees, None)),
                On::Key(key) => keys(key, &texts),
            };
            // That a column is what it is called needs no words.
            if note.is_some() || column.name != on.name() {
                let read = note.map_or(String::new(), |note| format!(", {note}"));
                self.notes.push(format!("{}: column {:?}{read}", on.name(), column.name));
            }
            joined.push(Joined { on, values, faults });
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
    fn usable(&self, joining: &Joining, joined: &[Joined]) -> (BooleanArray, Vec<(u64, Skip)>) {
        let mut skipped = Vec::new();
        let mut seen = HashMap::<String, usize>::new();
        let mut kept = Vec::with_capacity(self.sheet.num_rows());
        for row in 0..self.sheet.num_rows() {
            let mut fault = joined.iter().find_map(|joined| joined.faults.get(&row).cloned());
            // Of two rows near to a frame one is nearer; by key there is one.
            if fault.is_none() && joining.nearest.is_none() {
                let key = key_of(joined.iter().map(|joined| &joined.values), row);
                match seen.get(&key) {
                    Some(first) => {
                        let same = joining.on().join(", ");
                        fault = Some(format!("the same {same} as {}", self.sheet.place(*first)));
                    }
                    None => {
                        seen.insert(key, row);
                    }
                }
            }
            kept.push(fault.is_none());
            let skip = fault.map(|reason| Skip::new(self.sheet.place(row), reason));
            skipped.extend(skip.map(|skip| (self.sheet.places[row], skip)));
        }
        (BooleanArray::from(kept), skipped)
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

fn wanted(joining: &Joining) -> Vec<On> {
    let nearest: &[On] = match joining.nearest {
        Some(Nearest::TimeWithinNs(_)) => &[On::Time],
        Some(Nearest::PositionWithinM(_)) => &[On::Latitude, On::Longitude],
        None => &[],
    };
    nearest.iter().copied().chain(joining.keys.iter().map(|key| On::Key(*key))).collect()
}

type Read = (ArrayRef, HashMap<usize, String>, Option<String>);

fn times(texts: &StringArray) -> Read {
    let mut units = BTreeMap::<Unit, u64>::new();
    let mut isos = 0;
    for text in texts.iter().flatten() {
        match Unit::of(text) {
            Some(unit) => *units.entry(unit).or_default() += 1,
            None => isos += u64::from(instant::iso(text).is_some()),
        }
    }
    // What most are is meant.
    let numbers: u64 = units.values().sum();
    let unit = units.iter().max_by_key(|(_, count)| **count).map(|(unit, _)| *unit);
    let unit = unit.filter(|_| numbers > isos);
    let expected = match unit {
        Some(unit) => format!("a number of {unit} since 1970, as the others"),
        None => "an ISO time, as 2026-05-04T09:30:00Z, or a number since 1970".to_owned(),
    };
    let (mut times, mut faults) = (Vec::with_capacity(texts.len()), HashMap::new());
    for (row, text) in texts.iter().enumerate() {
        let time = text.and_then(|text| match unit {
            Some(unit) if Unit::of(text) == Some(unit) => unit.nanos(text),
            Some(_) => None,
            None => instant::iso(text),
        });
        if time.is_none() {
            faults.insert(row, fault("time", text, &expected));
        }
        times.push(time);
    }
    let note = match unit {
        Some(unit) => format!("in {unit} since 1970"),
        None => "ISO, UTC where it names no zone".to_owned(),
    };
    (Arc::new(Int64Array::from(times)), faults, Some(note))
}

fn degrees(texts: &StringArray, place: impl Fn(f64) -> Option<Position>) -> Read {
    let (mut degrees, mut faults) = (Vec::with_capacity(texts.len()), HashMap::new());
    for (row, text) in texts.iter().enumerate() {
        let number = text.and_then(|text| text.parse::<f64>().ok());
        let number = number.filter(|degrees| place(*degrees).is_some());
        if number.is_none() {
            faults.insert(row, fault("position", text, "degrees"));
        }
        degrees.push(number);
    }
    (Arc::new(Float64Array::from(degrees)), faults, None)
}

fn keys(key: Key, texts: &StringArray) -> Read {
    let (mut keys, mut faults) = (Vec::with_capacity(texts.len()), HashMap::new());
    for (row, text) in texts.iter().enumerate() {
        let read = text.and_then(|text| match key {
            Key::Sequence => sequence(text),
            Key::Image => Some(image(text)),
            Key::Date => instant::iso(text).map(|nanos| date_of(Nanos(nanos))),
            Key::Recording | Key::Camera | Key::Topic => Some(text.to_owned()),
        });
        if read.is_none() {
            let expected = match key {
                Key::Sequence => "a number from 0",
                Key::Date => "a day, as 2026-05-04",
                _ => "a name",
            };
            faults.insert(row, fault(key.name(), text, expected));
        }
        keys.push(read);
    }
    (Arc::new(StringArray::from(keys)), faults, None)
}

fn fault(what: &str, text: Option<&str>, expected: &str) -> String {
    match text {
        Some(text) => {
            let short: String = text.chars().take(40).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("the {what} {short:?}{more} is not {expected}")
        }
        None => format!("it has no {what}"),
    }
}

/// `7`, and `7.0` as tables of floats have it.
fn sequence(text: &str) -> Option<String> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    whole.parse::<u32>().ok().map(|number| number.to_string())
}

/// What a path says of an image, whatever folder it lies in: its recording,
/// camera and name, or the name alone; without the ending, which a copy of it
/// may have another one of.
pub(crate) fn image(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    let [.., name] = parts[..] else { return String::new() };
    let name = match name.rsplit_once('.') {
        Some((stem, "jpg" | "jpeg" | "png" | "webp")) => stem,
        _ => name,
    };
    match parts[..] {
        [.., recording, camera, _] => format!("{recording}/{camera}/{name}"),
        _ => name.to_owned(),
    }
}

/// The keys of a row as one text.
pub(crate) fn key_of<'a>(columns: impl Iterator<Item = &'a ArrayRef>, row: usize) -> String {
    let mut key = String::new();
    for column in columns {
        let text = column.as_string_opt::<i32>().map_or("", |texts| texts.value(row));
        key += &key_part(text);
    }
    key
}

/// Its length before it: (`ab`, `c`) is not (`a`, `bc`).
pub(crate) fn key_part(text: &str) -> String {
    format!("{}:{text}", text.len())
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
