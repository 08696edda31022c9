//! How results and errors look: results on stdout, everything else on stderr.

use std::io::{self, Write, stderr, stdout};

use anyhow::{Error, Result};
use serde::Serialize;

/// Prints lines of result.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Prints one result as a JSON document.
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// A remark for the person in front of the terminal.
pub(crate) fn note(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}

/// The error and what caused it, once each.
pub(crate) fn error(error: &Error) {
    let mut text = format!("error: {error}");
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !last.contains(&cause) {
            text += &format!("\ncaused by: {cause}");
        }
        last = cause;
    }
    note(&text);
}

/// Whether the error only says that nobody reads our output any more.
pub(crate) fn is_broken_pipe(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Whether the error is about what was typed: a filter, a name.
pub(crate) fn is_usage(error: &Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<roadloop_engine::catalog::FilterError>() || cause.is::<roadloop_base::BadId>()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_234_567), "1.2 MB");
        assert_eq!(bytes(u64::MAX), "18446744.1 TB");
    }
}
