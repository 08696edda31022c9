//! Text to tokens.

use std::ops::Range;

use super::error::FilterError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A keyword, name, number or time: which one, the place decides.
    Word(String),
    Quoted(String),
    Symbol(Symbol),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    Open,
    Close,
    Comma,
    /// `..`
    UpTo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A token and the bytes it came from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spanned {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

const KEYWORDS: [&str; 13] = [
    "and",
    "or",
    "not",
    "in",
    "has",
    "count",
    "time",
    "within",
    "in_box",
    "tod",
    "tag",
    "selection",
    "conf",
];

/// A text that reads as one word and is none of the language's own.
pub(super) fn is_plain_word(text: &str) -> bool {
    let is_keyword = KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(text));
    !text.is_empty() && !is_keyword && word_end(text, 0) == text.len()
}

pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, FilterError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let token = if c == '"' || c == '\'' {
            let (content, end) = quoted(text, start, c)?;
            at = end;
            Token::Quoted(content)
        } else if let Some((symbol, len)) = symbol(&text[start..]) {
            at += len;
            Token::Symbol(symbol)
        } else {
            at = word_end(text, start);
            if at == start {
                let end = start + c.len_utf8();
                let hint = match c {
                    '&' => "; did you mean and?",
                    '|' => "; did you mean or?",
                    '!' => "; did you mean not?",
                    _ => "",
                };
                let message = format!("{c:?} means nothing here{hint}");
                return Err(FilterError::new(message, text, start..end));
            }
            Token::Word(text[start..at].to_owned())
        };
        tokens.push(Spanned { token, span: start..at });
    }
    Ok(tokens)
}

fn symbol(text: &str) -> Option<(Symbol, usize)> {
    // Longer ones first.
    let symbols = [
        ("..", Symbol::UpTo),
        ("!=", Symbol::NotEqual),
        ("<>", Symbol::NotEqual),
        ("<=", Symbol::LessOrEqual),
        (">=", Symbol::GreaterOrEqual),
        ("==", Symbol::Equal),
        ("=", Symbol::Equal),
        ("<", Symbol::Less),
        (">", Symbol::Greater),
        ("(", Symbol::Open),
        (")", Symbol::Close),
        (",", Symbol::Comma),
    ];
    symbols
        .into_iter()
        .find(|(spelling, _)| text.starts_with(spelling))
        .map(|(spelling, symbol)| (symbol, spelling.len()))
}

/// Where the word that starts here ends. Names hold letters, digits, `_`, `-`
/// and `.`; times also `:` and, in their zone, `+`; two dots end a word.
fn word_end(text: &str, start: usize) -> usize {
    let word = &text[start..];
    let is_time = word.starts_with(|c: char| c.is_ascii_digit());
    for (at, c) in word.char_indices() {
        let inside = c.is_alphanumeric()
            || matches!(c, '_' | '-' | ':')
            || (c == '+' && is_time)
            || (c == '.' && !word[at..].starts_with(".."));
        if !inside {
            return start + at;
        }
    }
    text.len()
}

/// The content of a quoted text and where it ends; `\` keeps the next character.
fn quoted(text: &str, start: usize, quote: char) -> Result<(String, usize), FilterError> {
    let mut content = String::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((content, start + 1 + at + 1));
        }
        if c != '\\' {
            content.push(c);
        } else if let Some((_, kept)) = chars.next() {
            content.push(kept);
        }
    }
    Err(FilterError::new(format!("the text after {quote} never ends"), text, start..text.len()))
}
