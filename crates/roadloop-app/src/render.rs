//! How results and errors look: results on stdout, everything else on stderr.
//!
//! Text that comes out of files (topics, labels, paths) may hold codes that
//! move a terminal's cursor or colour it. Whatever is printed goes through
//! [`visible`], here and nowhere else.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io::{self, IsTerminal, Write, stderr, stdout};
use std::sync::OnceLock;

use anyhow::{Error, Result};
pub(crate) use roadloop_base::counted;
use roadloop_engine::catalog::{Format, Rows};
use serde::Serialize;
use serde_json::{Value, json};

use crate::command::with_command;
use crate::usage::usage;

/// How stderr speaks: said once, at the start, and then by everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// For people.
    Text,
    /// For programs: every line is a JSON object.
    JsonLines,
}

static VOICE: OnceLock<Voice> = OnceLock::new();

/// To be called before anything is said; later calls change nothing.
pub(crate) fn speak(voice: Voice) {
    let _ = VOICE.set(voice);
}

pub(crate) fn voice() -> Voice {
    *VOICE.get().unwrap_or(&Voice::Text)
}

/// Prints lines of result.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = stdout().lock();
    out.write_all(visible(text).as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// A curve in one line of so many letters at most, its lowest value the lowest letter.
pub(crate) fn spark(values: &[f64], letters: usize) -> String {
    const LETTERS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let span = values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low;
    let each = values.len().div_ceil(letters.max(1)).max(1);
    let means = values.chunks(each).map(|part| part.iter().sum::<f64>() / part.len() as f64);
    let letter = |value: f64| {
        let part = if span > 0.0 { (value - low) / span } else { 0.5 };
        LETTERS[((part * 8.0) as usize).min(7)]
    };
    means.map(letter).collect()
}

/// Prints one result as JSON, on one line.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string(value)?)
}

/// Prints rows in a format; files and pipes get CSV and Parquet byte for byte.
pub(crate) fn print_rows(rows: &Rows, format: Format) -> Result<()> {
    let is_terminal = stdout().is_terminal();
    if format == Format::Parquet && is_terminal {
        return Err(usage("Parquet is not for a terminal; name a file or use a pipe"));
    }
    let mut bytes = Vec::new();
    rows.write(format, &mut bytes)?;
    match format {
        Format::Csv | Format::Parquet if !is_terminal => {
            let mut out = stdout().lock();
            out.write_all(&bytes)?;
            Ok(out.flush()?)
        }
        _ => print_lines(&bytes),
    }
}

/// Prints lines of text that may be none.
pub(crate) fn print_lines(bytes: &[u8]) -> Result<()> {
    out_unless_empty(&String::from_utf8_lossy(bytes))
}

fn out_unless_empty(text: &str) -> Result<()> {
    if text.is_empty() { Ok(()) } else { print(text) }
}

/// A remark for the person in front of the terminal.
pub(crate) fn note(text: &str) {
    match voice() {
        Voice::Text => line(text),
        Voice::JsonLines => event("note", json!({"text": text.trim()})),
    }
}

/// The error and what caused it, once each.
pub(crate) fn error(error: &Error) {
    error_of(&**error);
}

/// As [`error`], for one that is kept.
pub(crate) fn error_of(error: &(dyn StdError + 'static)) {
    match voice() {
        Voice::Text => line(&format!("error: {}", in_words(error))),
        Voice::JsonLines => {
            let message = with_command(&error.to_string());
            let fields = json!({"message": message, "causes": causes(error)});
            event("error", fields);
        }
    }
}

/// The error and what caused it, as one text.
pub(crate) fn in_words(error: &(dyn StdError + 'static)) -> String {
    let causes = causes(error).into_iter().map(|cause| format!("\ncaused by: {cause}"));
    with_command(&format!("{error}{}", causes.collect::<String>()))
}

/// What lies behind an error; a cause whose words are in the one before is
/// left out.
fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes = Vec::new();
    let mut last = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !last.contains(&text) {
            causes.push(text.clone());
        }
        last = text;
        source = cause.source();
    }
    causes
}

/// One JSON object on stderr, for [`Voice::JsonLines`].
pub(crate) fn event(name: &str, mut fields: Value) {
    fields["event"] = json!(name);
    line(&fields.to_string());
}

/// One line on stderr; nobody to hear it is no reason to stop.
pub(crate) fn line(text: &str) {
    let _ = writeln!(stderr(), "{}", visible(text));
}

/// Text without codes for the terminal: control characters but for line breaks
/// and tabs, and those that turn the direction of writing, become `\u001b`.
/// That is what JSON writes for them too.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let is_code = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(is_code) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_code(c) {
            shown += &format!("\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Whether the error only says that nobody reads our output any more.
pub(crate) fn is_broken_pipe(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// `1 234 567` bytes as `1.2 MB`.
pub(crate) fn bytes(count: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// Texts in columns, two spaces apart; numbers to the right.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max()
    };
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let is_number = |column: usize| {
        let mut cells = rows.iter().skip(1).filter_map(|row| row.get(column));
        cells.all(|cell| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let numbers: Vec<bool> = (0..count).map(is_number).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[column] - cell.chars().count());
            let cell = if numbers[column] { space + cell } else { cell.clone() + &space };
            line += &format!("  {cell}");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_234_567), "1.2 MB");
        assert_eq!(bytes(u64::MAX), "18446744.1 TB");
    }

    #[test]
    fn codes_for_the_terminal_are_shown_not_sent() {
        assert_eq!(visible("/camera\u{1b}[2J\u{7}"), "/camera\\u001b[2J\\u0007");
        assert_eq!(visible("\u{9b}31m \u{202e}gab"), "\\u009b31m \\u202egab");
        assert_eq!(visible("two\nlines\tstraße"), "two\nlines\tstraße");
        // In JSON it is the same character to whoever reads it.
        let written = serde_json::to_string("a\u{9b}b\u{1b}").unwrap();
        assert_eq!(serde_json::from_str::<String>(&visible(&written)).unwrap(), "a\u{9b}b\u{1b}");
    }
}
