//! What can be wrong with a manifest, and where.

use std::io;

use roadloop_base::ErrorKind;

/// What is quoted from a manifest is quoted in part: a line may be long, and may hold
/// anything.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("line {number}: {what}")]
    AtLine { number: u64, what: Box<ManifestError> },
    #[error("not text in UTF-8, from byte {at} on")]
    NotText { at: usize },
    #[error("longer than {most} bytes")]
    TooLong { most: usize },
    #[error("not one JSON object: {reason}")]
    NotAnObject { reason: String },
    #[error("the key \"{key}\" is there twice: programs would not agree which one counts")]
    Twice { key: String },
    #[error("more than {most} keys")]
    TooManyKeys { most: usize },
    #[error("the label \"{attribute}\" cannot be understood: {reason}")]
    Label { attribute: String, reason: String },
    #[error("cannot write \"{key}\": {reason}")]
    Unwritable { key: String, reason: String },
    #[error("\"{name}\" cannot be the name of a label attribute: {reason}")]
    BadAttribute { name: String, reason: &'static str },
    #[error("not a file of label categories: {reason}")]
    Categories { reason: String },
    #[error("cannot read on: {source}")]
    Read { source: io::Error },
}

impl ManifestError {
    /// The same, with the line it is about.
    #[must_use]
    pub fn at_line(self, number: u64) -> ManifestError {
        ManifestError::AtLine { number, what: Box::new(self) }
    }

    pub(crate) fn label(attribute: &str, reason: impl Into<String>) -> ManifestError {
        ManifestError::Label { attribute: shown(attribute), reason: reason.into() }
    }

    pub(crate) fn unwritable(key: &str, reason: impl Into<String>) -> ManifestError {
        ManifestError::Unwritable { key: shown(key), reason: reason.into() }
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            ManifestError::AtLine { what, .. } => what.kind(),
            ManifestError::Read { .. } => ErrorKind::Internal,
            _ => ErrorKind::Invalid,
        }
    }
}

/// What JSON's reader says, without quoting all of a long value.
pub fn json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let [line, byte] = [error.line(), error.column()];
    let reason = text.strip_suffix(&format!(" at line {line} column {byte}")).unwrap_or(&text);
    let reason = shown(reason);
    match line {
        0 => reason,
        1 => format!("{reason}, at byte {byte}"),
        _ => format!("{reason}, in its line {line} at byte {byte}"),
    }
}

/// At most 80 characters, none of them of control; what was cut off is seen by `…`.
pub fn shown(text: &str) -> String {
    let mut kept = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == 80 {
            kept.push('…');
            break;
        }
        match c {
            // These turn the direction of writing.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                kept.extend(c.escape_unicode());
            }
            c if c.is_control() => kept.extend(c.escape_unicode()),
            c => kept.push(c),
        }
    }
    kept
}
