//! The rows of a file as they stand, before anything is made of them.
//!
//! CSV and JSON lines keep their texts: what becomes of a column is decided
//! when it is known what for. Rows that cannot be read are left out and named.

mod csv;
mod json;
mod parquet;

use std::collections::HashSet;

use bytes::Bytes;
use deltalake::arrow::array::{ArrayRef, AsArray, StringArray};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::DataType;
use deltalake::arrow::error::ArrowError;

use roadloop_base::Skip;

use super::kinds::{self, Readings};
use crate::AttachError;
use crate::schema::timestamp;

/// What is held in memory of a file: its bytes, and about three times as much
/// while it is read.
pub const MAX_FILE_BYTES: u64 = 256 << 20;
const MAX_COLUMNS: usize = 256;
/// What finds rows by their keys takes some hundred bytes for each.
const MAX_ROWS: usize = 10_000_000;
/// Rows times columns. Each costs some bytes even where nothing is in it.
const MAX_CELLS: usize = 64_000_000;
/// Nobody reads more of them.
const NAMED_SKIPS: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) columns: Vec<Column>,
    /// The line or row of the file that each row was.
    pub(crate) places: Vec<u64>,
    /// What places count.
    pub(crate) counted: Counted,
    pub(crate) skips: Skips,
    /// What a person should know of how it was read.
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Lines,
    Rows,
}

impl Counted {
    pub(crate) fn place(self, number: u64) -> String {
        match self {
            Counted::Lines => format!("line {number}"),
            Counted::Rows => format!("row {number}"),
        }
    }
}

/// What is no row, or cannot be used as one: the first of it by name, by where
/// it stood, all of it by number.
#[derive(Debug, Default)]
pub(crate) struct Skips {
    named: Vec<(u64, Skip)>,
    count: u64,
}

impl Skips {
    pub(crate) fn push(&mut self, place: u64, skip: Skip) {
        self.count += 1;
        if self.named.len() < NAMED_SKIPS {
            self.named.push((place, skip));
        }
    }

    pub(crate) fn and(mut self, other: Skips) -> Skips {
        self.named.extend(other.named);
        self.named.sort_by_key(|(place, _)| *place);
        self.named.truncate(NAMED_SKIPS);
        self.count += other.count;
        self
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn named(self) -> Vec<Skip> {
        self.named.into_iter().map(|(_, skip)| skip).collect()
    }
}

#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) cells: Cells,
}

#[derive(Clone, Debug)]
pub(crate) enum Cells {
    Texts(StringArray, Readings),
    /// Of one of the types that attached data has.
    Typed(ArrayRef),
    /// Times to the nanosecond, where the file has them so.
    Instants(ArrayRef),
}

impl Cells {
    /// As a column of attached data.
    pub(crate) fn values(&self) -> Result<ArrayRef, ArrowError> {
        match self {
            Cells::Texts(texts, readings) => Ok(kinds::typed(texts, *readings)),
            Cells::Typed(values) => Ok(values.clone()),
            Cells::Instants(instants) => cast(instants, &timestamp()),
        }
    }

    /// As texts, to be read as keys, times or degrees.
    pub(crate) fn texts(&self) -> Result<StringArray, ArrowError> {
        match self {
            Cells::Texts(texts, _) => Ok(texts.clone()),
            Cells::Typed(values) | Cells::Instants(values) => {
                Ok(cast(values, &DataType::Utf8)?.as_string::<i32>().clone())
            }
        }
    }
}

impl Sheet {
    /// Reads the bytes of a file; its name says how.
    pub(crate) fn read(file: &str, bytes: Bytes) -> Result<Sheet, AttachError> {
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(AttachError::too_long(file));
        }
        let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref() {
            Some("csv") => csv::read(file, &bytes, None),
            Some("tsv") => csv::read(file, &bytes, Some(b'\t')),
            Some("jsonl" | "ndjson" | "json") => json::read(file, &bytes),
            Some("parquet" | "pq") => parquet::read(file, bytes),
            _ => Err(AttachError::Unreadable {
                file: file.to_owned(),
                reason: "its name must end in .csv, .tsv, .parquet, .jsonl or .ndjson".to_owned(),
            }),
        }
    }

    pub(crate) fn num_rows(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn place(&self, row: usize) -> String {
        self.counted.place(self.places.get(row).copied().unwrap_or(0))
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }
}

fn unreadable(file: &str, reason: impl Into<String>) -> AttachError {
    AttachError::Unreadable { file: file.to_owned(), reason: reason.into() }
}

/// Bounds what is built of a file, row by row.
fn check_size(file: &str, columns: usize, rows: usize) -> Result<(), AttachError> {
    let too_large = |found: String, limit: String| {
        Err(AttachError::TooLarge { file: file.to_owned(), found, limit })
    };
    if columns > MAX_COLUMNS {
        return too_large(format!("{columns} columns"), MAX_COLUMNS.to_string());
    }
    if rows > MAX_ROWS {
        return too_large(format!("more than {MAX_ROWS} rows"), format!("{MAX_ROWS} rows"));
    }
    if columns.max(1).saturating_mul(rows) > MAX_CELLS {
        return too_large(
            format!("{rows} rows of {columns} columns"),
            format!("{MAX_CELLS} cells"),
        );
    }
    Ok(())
}

/// A name in a file's header, no two alike.
fn check_names<'a>(file: &str, names: impl Iterator<Item = &'a str>) -> Result<(), AttachError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            let reason = format!("two columns of the file are called {name:?}; rename one");
            return Err(AttachError::BadColumns { file: file.to_owned(), reason });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use deltalake::arrow::array::Array;
    use proptest::prelude::*;

    use super::*;

    /// A file as the table it is read to, and what is said of the rest.
    pub(in crate::attached) fn shown(file: &str, bytes: &[u8]) -> String {
        let sheet = match Sheet::read(file, Bytes::copy_from_slice(bytes)) {
            Ok(sheet) => sheet,
            Err(error) => return format!("error: {error}"),
        };
        let mut lines = vec![sheet.names().join(" | ")];
        let columns: Vec<ArrayRef> =
            sheet.columns.iter().map(|column| column.cells.values().unwrap()).collect();
        let types = columns.iter().map(|c| kinds::ValueType::of(c.data_type()).name());
        lines.push(types.collect::<Vec<_>>().join(" | "));
        for row in 0..sheet.num_rows() {
            let cells = columns.iter().map(|column| {
                let text = cast(column, &DataType::Utf8).unwrap();
                let text = text.as_string::<i32>();
                if text.is_null(row) { "∅".to_owned() } else { text.value(row).to_owned() }
            });
            let cells: Vec<String> = cells.collect();
            lines.push(format!("{}: {}", sheet.place(row), cells.join(" | ")));
        }
        assert!(columns.iter().all(|column| column.len() == sheet.num_rows()));
        let skipped = sheet.skips.named();
        lines.extend(skipped.iter().map(|skip| format!("{}! {}", skip.place, skip.reason)));
        lines.extend(sheet.notes.iter().map(|note| format!("({note})")));
        lines.join("\n")
    }

    #[track_caller]
    fn check(file: &str, content: &str, expected: &str) {
        assert_eq!(shown(file, content.as_bytes()), expected);
    }

    #[test]
    fn csv_files() {
        check(
            "a.csv",
            "\u{feff}time, temp ,note\n2026-05-04T09:30,12.5, wet \n\n2026-05-04T09:40,,\"a,\nb\"\n",
            "time | temp | note\ntime | number | text\n\
             line 2: 2026-05-04T09:30:00Z | 12.5 | wet\nline 4: 2026-05-04T09:40:00Z | ∅ | a,\nb",
        );
        check(
            "a.csv",
            "a;b\n1;2,5\n",
            "a | b\ninteger | text\nline 2: 1 | 2,5\n(columns end at ';')",
        );
        check("a.tsv", "a\tb\n1\tx,y\n", "a | b\ninteger | text\nline 2: 1 | x,y");
        check("a.csv", "only\n1\n", "only\ninteger\nline 2: 1");
        // As pandas writes its index.
        check(
            "a.csv",
            ",x\n0,7\n",
            "x\ninteger\nline 2: 7\n(column 1 has no name and is left out)",
        );
        check("A.CSV", "a,b\r\n1,2\r\n", "a | b\ninteger | integer\nline 2: 1 | 2");
    }

    #[test]
    fn what_a_csv_file_spoils_is_named() {
        check(
            "a.csv",
            "a,b\n1\n2,3,4\n5,6\n",
            "a | b\ninteger | integer\nline 4: 5 | 6\n\
             line 2! it has 1 column, not 2 as the header\nline 3! it has 3 columns, not 2 as the header",
        );
        check(
            "a.csv",
            "a,b\n1,2\n3,\"open\n5,6\n7,8\n",
            "a | b\ninteger | integer\nline 2: 1 | 2\n\
             lines 3 to 5! a quote is opened and never closed",
        );
        let broken = shown("a.csv", b"a,b\n1,\xff\n2,x\n");
        assert!(broken.ends_with("line 3: 2 | x\nline 2! column b is not UTF-8"), "{broken}");
        check("a.csv", "", "error: cannot read the file: it is empty\nfile: a.csv");
        check("a.csv", "a,b\n", "a | b\ntext | text");
        check(
            "a.csv",
            "a,a\n1,2\n",
            "error: two columns of the file are called \"a\"; rename one\nfile: a.csv",
        );
        let wide = "x,".repeat(300);
        assert!(shown("a.csv", wide.as_bytes()).contains("301 columns, and the limit is 256"));
        check(
            "a.txt",
            "a\n",
            "error: cannot read the file: its name must end in .csv, .tsv, .parquet, .jsonl or .ndjson\nfile: a.txt",
        );
        check(
            "a.csv",
            "PK\u{3}\u{4}\0\0",
            "error: cannot read the file: it holds bytes that are no text\nfile: a.csv",
        );
    }

    #[test]
    fn json_lines() {
        check(
            "a.jsonl",
            "{\"t\":1777887000,\"ok\":true,\"tags\":[\"a\",1]}\n\n{\"t\":1.5,\"late\":\"x\",\"ok\":null}\n",
            "ok | t | tags | late\nboolean | number | text | text\n\
             line 1: true | 1777887000.0 | [\"a\",1] | ∅\nline 3: ∅ | 1.5 | ∅ | x",
        );
        // What is written as a text stays one; a column of several kinds is text.
        check(
            "a.ndjson",
            "{\"a\":\"1\",\"b\":1}\n{\"a\":\"2\",\"b\":\"x\"}\n",
            "a | b\ntext | text\nline 1: 1 | 1\nline 2: 2 | x",
        );
        check("a.json", "{\"t\":\"2026-05-04T09:30Z\"}", "t\ntime\nline 1: 2026-05-04T09:30:00Z");
    }

    #[test]
    fn what_json_lines_spoil_is_named() {
        check(
            "a.jsonl",
            "{\"a\":1}\n[1]\nnonsense\n{\"a\":2}\n",
            "a\ninteger\nline 1: 1\nline 4: 2\nline 2! it is a list, not an object\n\
             line 3! it is no JSON: expected ident at column 2",
        );
        let deep = format!("{{\"a\":{}{}}}\n{{\"a\":1}}", "[".repeat(10_000), "]".repeat(10_000));
        let deep = shown("a.jsonl", deep.as_bytes());
        assert!(deep.contains("line 1! it is no JSON: recursion limit exceeded"), "{deep}");
        let long = format!("{{\"a\":\"{}\"}}\n{{\"a\":\"b\"}}", "x".repeat(2 << 20));
        let long = shown("a.jsonl", long.as_bytes());
        assert!(long.ends_with("line 2: b\nline 1! it is longer than 1048576 bytes"), "{long}");
        check(
            "a.json",
            "[{\"a\":1},\n{\"a\":2}]",
            "error: cannot read the file: it is one JSON list; write an object a line\nfile: a.json",
        );
        let keys: String = (0..300).map(|n| format!("{{\"k{n}\":1}}\n")).collect();
        assert!(shown("a.jsonl", keys.as_bytes()).contains("257 columns, and the limit is 256"));
    }

    proptest! {
        /// Every line of a file is a row, named, or blank.
        #[test]
        fn any_bytes_are_rows_or_named(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "a", ",", ";", "\n", "\r\n", "\"", "\"\"", "{", "}", "[", "]", ":", "1.5", "\\",
                    "{\"a\":1}\n", "{\"b\":[1]}\n", "null", " ", "\t", "é", "\u{feff}", "2026-05-04T09:30",
                ]),
                0..40,
            ),
            broken in prop::collection::vec(any::<u8>(), 0..4),
            name in prop::sample::select(vec!["a.csv", "a.tsv", "a.jsonl", "a.parquet"]),
        ) {
            let mut bytes = parts.concat().into_bytes();
            bytes.extend(broken);
            let ends = (0..bytes.len()).filter(|at| match bytes[*at] {
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                byte => byte == b'\n',
            });
            let lines = ends.count() as u64 + 1;
            if let Ok(sheet) = Sheet::read(name, Bytes::from(bytes)) {
                prop_assert!(sheet.places.is_sorted_by(|a, b| a < b));
                prop_assert!(sheet.places.iter().all(|place| (1..=lines).contains(place)));
                for column in &sheet.columns {
                    prop_assert_eq!(column.cells.values().unwrap().len(), sheet.num_rows());
                }
            }
        }
    }
}
