//! CSV: a header, then a row a line.

use csv::{ByteRecord, Position, ReaderBuilder, Trim};
use deltalake::arrow::array::StringBuilder;

use roadloop_base::Skip;

use super::{Cells, Column, Counted, Sheet, Skips, check_names, check_size, unreadable};
use crate::AttachError;
use crate::attached::kinds::Readings;

/// `delimiter` is told by the header where it is not given.
pub(super) fn read(file: &str, bytes: &[u8], delimiter: Option<u8>) -> Result<Sheet, AttachError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(unreadable(file, "it is empty"));
    }
    let mut notes = Vec::new();
    let delimiter = delimiter.unwrap_or_else(|| {
        let found = delimiter_of(bytes);
        if found != b',' {
            notes.push(format!("columns end at {:?}", char::from(found)));
        }
        found
    });
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(delimiter)
        .from_reader(bytes);
    let failed = |error: csv::Error| unreadable(file, error.to_string());
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).map_err(failed)?;
    let header = header(file, &record)?;
    check_size(file, header.len(), 0)?;
    check_names(file, header.iter().map(String::as_str).filter(|name| !name.is_empty()))?;
    for (index, _) in header.iter().enumerate().filter(|(_, name)| name.is_empty()) {
        notes.push(format!("column {} has no name and is left out", index + 1));
    }

    let mut columns: Vec<StringBuilder> = header.iter().map(|_| StringBuilder::new()).collect();
    let mut lines = Lines { bytes, at: 0, line: 1 };
    let mut places = Vec::new();
    let mut skips = Skips::default();
    let mut start = offset(reader.position());
    while reader.read_byte_record(&mut record).map_err(failed)? {
        let end = offset(reader.position());
        let whole = bytes.get(start..end).unwrap_or_default();
        // Lines without anything belong to no record; one of spaces is a record.
        let blank = whole.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        let first = lines.of(start + blank);
        let last = lines.of(start + whole.trim_ascii_end().len()).max(first);
        start = end;
        if let Some(reason) = fault(&header, &record, whole, end == bytes.len()) {
            let place = match first == last {
                true => Counted::Lines.place(first),
                false => format!("lines {first} to {last}"),
            };
            skips.push(first, Skip::new(place, reason));
            continue;
        }
        for (builder, cell) in columns.iter_mut().zip(record.iter()) {
            match std::str::from_utf8(cell) {
                Ok("") | Err(_) => builder.append_null(),
                Ok(text) => builder.append_value(text),
            }
        }
        places.push(first);
        check_size(file, header.len(), places.len())?;
    }
    let columns = header.into_iter().zip(columns).filter(|(name, _)| !name.is_empty());
    let columns = columns.map(|(name, mut texts)| Column {
        name,
        cells: Cells::Texts(texts.finish(), Readings::Any),
    });
    Ok(Sheet { columns: columns.collect(), places, counted: Counted::Lines, skips, notes })
}

/// What ends a column, by the header: a comma where there is one.
fn delimiter_of(bytes: &[u8]) -> u8 {
    let header = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let mut is_quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in header.unwrap_or_default() {
        is_quoted ^= *byte == b'"';
        for (delimiter, count) in &mut counts {
            *count += u32::from(!is_quoted && byte == delimiter);
        }
    }
    let found = counts.iter().find(|(_, count)| *count > 0);
    found.map_or(b',', |(delimiter, _)| *delimiter)
}

fn header(file: &str, record: &ByteRecord) -> Result<Vec<String>, AttachError> {
    let name = |cell: &[u8]| match std::str::from_utf8(cell) {
        Ok(name) if !name.contains('\0') => Ok(name.to_owned()),
        _ => Err(unreadable(file, "it holds bytes that are no text")),
    };
    record.iter().map(name).collect()
}

/// Why a record is no row.
fn fault(header: &[String], record: &ByteRecord, whole: &[u8], is_last: bool) -> Option<String> {
    let quotes = whole.iter().filter(|byte| **byte == b'"').count();
    if is_last && quotes % 2 == 1 {
        return Some("a quote is opened and never closed".to_owned());
    }
    if record.len() != header.len() {
        let columns = if record.len() == 1 { "column" } else { "columns" };
        let (found, expected) = (record.len(), header.len());
        return Some(format!("it has {found} {columns}, not {expected} as the header"));
    }
    let mut cells = header.iter().zip(record.iter());
    let (name, _) = cells.find(|(_, cell)| std::str::from_utf8(cell).is_err())?;
    Some(format!("column {name} is not UTF-8"))
}

fn offset(position: &Position) -> usize {
    usize::try_from(position.byte()).unwrap_or(usize::MAX)
}

/// The line of a byte, for bytes that come in order.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, byte: usize) -> u64 {
        let ends_line = |at: &usize| match self.bytes[*at] {
            b'\n' => true,
            // Alone it ends a line as well, here as for the reader.
            b'\r' => self.bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let byte = byte.min(self.bytes.len());
        self.line += (self.at..byte).filter(ends_line).count() as u64;
        self.at = self.at.max(byte);
        self.line
    }
}
