//! A filter that cannot be understood, shown with a caret under the place.

use std::fmt;
use std::ops::Range;

/// Says what is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    message: String,
    /// Bytes of the place in what was written.
    span: Range<usize>,
    /// The filter around the place, on one line.
    excerpt: String,
    /// Characters before the place, and characters of it.
    column: usize,
    width: usize,
}

/// Characters shown on either side of the place in a long filter.
const CONTEXT_CHARS: usize = 50;

impl FilterError {
    pub(super) fn new(message: impl Into<String>, text: &str, span: Range<usize>) -> FilterError {
        let before: Vec<char> = text[..span.start].chars().collect();
        let place: Vec<char> = text[span.clone()].chars().collect();
        let after: Vec<char> = text[span.end..].chars().collect();
        let mut excerpt = String::new();
        let cut = before.len().saturating_sub(CONTEXT_CHARS);
        if cut > 0 {
            excerpt.push('…');
        }
        excerpt.extend(before[cut..].iter());
        let column = excerpt.chars().count();
        let width = place.len().min(CONTEXT_CHARS);
        excerpt.extend(&place[..width]);
        let left_out = place.len() > width || after.len() > CONTEXT_CHARS;
        if place.len() == width {
            excerpt.extend(after.iter().take(CONTEXT_CHARS));
        }
        if left_out {
            excerpt.push('…');
        }
        // Line breaks, tabs and terminal codes would move the caret away; a message
        // repeats what is written too.
        let excerpt = excerpt.replace(char::is_control, " ");
        let message = message.into().replace(char::is_control, " ");
        FilterError { message, span, excerpt, column, width: width.max(1) }
    }

    /// The place, in bytes of what was written.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, span: _, excerpt, column, width } = self;
        write!(f, "{message}\n  {excerpt}\n  {:column$}{:^<width$}", "", "^")
    }
}

impl std::error::Error for FilterError {}
