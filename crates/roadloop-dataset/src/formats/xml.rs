//! XML of others, element by element, and what is written of it.
//!
//! Far less than XML: text in UTF-8, the five entities that every document has and those of
//! numbers. A document type is refused, as it is what defines entities, and with them the
//! files that grow a billionfold or read others of the machine. So is what is nested deeper
//! than any labels are.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event as Found};

use super::guard::{LONGEST_TEXT, XmlGuard, io_error};
use crate::{Attribute, DatasetError};

const MOST_DEPTH: usize = 64;
const MOST_ATTRIBUTES: usize = 1000;

/// Reads a document, not more of it in memory than a tag or a text.
pub(super) struct Xml<'a, R: BufRead> {
    path: &'a Path,
    reader: Reader<XmlGuard<R>>,
    buffer: Vec<u8>,
    depth: usize,
}

/// What comes next. An element without content comes as its start and its end.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    Start(Tag),
    End,
    /// `kept`: it was written as an entity, so that its blanks are its own.
    Text {
        text: String,
        kept: bool,
    },
    Over,
}

#[derive(Debug, PartialEq)]
pub(super) struct Tag {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    pub(super) fn get(&self, attribute: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| name == attribute);
        found.map(|(_, value)| value.as_str())
    }
}

impl<'a, R: BufRead> Xml<'a, R> {
    pub(super) fn new(path: &'a Path, mut from: XmlGuard<R>) -> Result<Xml<'a, R>, DatasetError> {
        let start = from.fill_buf().map_err(|error| io_error(path, error))?;
        if start.starts_with(b"\xfe\xff") || start.starts_with(b"\xff\xfe") {
            return Err(DatasetError::damaged(path, "line 1", "in UTF-16; expected UTF-8"));
        }
        let mut reader = Reader::from_reader(from);
        reader.config_mut().expand_empty_elements = true;
        Ok(Xml { path, reader, buffer: Vec::new(), depth: 0 })
    }

    /// The file is wrong at the line that was read last.
    pub(super) fn damaged(&self, reason: impl Into<String>) -> DatasetError {
        let line = self.reader.get_ref().line();
        DatasetError::damaged(self.path, format!("line {line}"), reason)
    }

    pub(super) fn next(&mut self) -> Result<Event, DatasetError> {
        loop {
            self.buffer.clear();
            let mut buffer = std::mem::take(&mut self.buffer);
            let found = self.reader.read_event_into(&mut buffer);
            let event = match found {
                Ok(found) => self.event(found),
                Err(quick_xml::Error::Io(error)) => {
                    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
                    return Err(match inner.cloned() {
                        Some(refused) => io_error(self.path, refused_again(refused)),
                        None => DatasetError::read(self.path)(error.kind().into()),
                    });
                }
                Err(error) => return Err(self.damaged(error.to_string())),
            };
            self.buffer = buffer;
            if let Some(event) = event? {
                return Ok(event);
            }
        }
    }

    fn event(&mut self, found: Found) -> Result<Option<Event>, DatasetError> {
        Ok(Some(match found {
            Found::Start(start) | Found::Empty(start) => {
                self.depth += 1;
                if self.depth > MOST_DEPTH {
                    let reason = format!("more than {MOST_DEPTH} elements within each other");
                    return Err(self.damaged(reason));
                }
                Event::Start(self.tag(&start)?)
            }
            Found::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Event::End
            }
            Found::Text(text) => match text.decode() {
                Ok(text) => Event::Text { text: text.into_owned(), kept: false },
                Err(_) => return Err(self.damaged("not text in UTF-8")),
            },
            Found::CData(text) => match text.decode() {
                Ok(text) => Event::Text { text: text.into_owned(), kept: true },
                Err(_) => return Err(self.damaged("not text in UTF-8")),
            },
            Found::GeneralRef(entity) => {
                let name = String::from_utf8_lossy(&entity).into_owned();
                let number = entity.resolve_char_ref().ok().flatten();
                let found = number.or(match name.as_str() {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => None,
                });
                let Some(text) = found else {
                    return Err(self.damaged(format!(
                        "the entity &{}; is not known here",
                        crate::error::shown(&name)
                    )));
                };
                Event::Text { text: text.into(), kept: true }
            }
            Found::Decl(said) => {
                if let Some(Ok(encoding)) = said.encoding() {
                    let name = String::from_utf8_lossy(&encoding).to_ascii_lowercase();
                    if !matches!(name.as_str(), "utf-8" | "utf8" | "us-ascii" | "ascii") {
                        return Err(self.damaged(format!(
                            "in {}; expected UTF-8",
                            crate::error::shown(&name)
                        )));
                    }
                }
                return Ok(None);
            }
            Found::DocType(_) => {
                return Err(self.damaged("a document type (<!DOCTYPE), which is not read"));
            }
            Found::Eof if self.depth > 0 => return Err(self.damaged("it ends in an element")),
            Found::Eof => Event::Over,
            Found::Comment(_) | Found::PI(_) => return Ok(None),
        }))
    }

    fn tag(&self, start: &BytesStart) -> Result<Tag, DatasetError> {
        let Ok(name) = std::str::from_utf8(start.name().into_inner()).map(str::to_owned) else {
            return Err(self.damaged("the name of an element is no text in UTF-8"));
        };
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| self.damaged(error.to_string()))?;
            let value =
                attribute.unescape_value().map_err(|error| self.damaged(error.to_string()))?;
            let key = String::from_utf8_lossy(attribute.key.into_inner()).into_owned();
            attributes.push((key, value.into_owned()));
            if attributes.len() > MOST_ATTRIBUTES {
                return Err(self.damaged(format!("more than {MOST_ATTRIBUTES} attributes")));
            }
        }
        Ok(Tag { name, attributes })
    }

    /// The document's outermost element.
    pub(super) fn root(&mut self) -> Result<Tag, DatasetError> {
        loop {
            match self.next()? {
                Event::Start(tag) => return Ok(tag),
                Event::Text { text, .. } if !text.trim().is_empty() => {
                    return Err(self.damaged("text before any element"));
                }
                Event::Over => return Err(self.damaged("no element in it")),
                Event::Text { .. } | Event::End => {}
            }
        }
    }

    /// The next element within the one that is open; `None` at its end.
    pub(super) fn child(&mut self) -> Result<Option<Tag>, DatasetError> {
        loop {
            match self.next()? {
                Event::Start(tag) => return Ok(Some(tag)),
                Event::End | Event::Over => return Ok(None),
                Event::Text { .. } => {}
            }
        }
    }

    /// All that is left of the element that is open.
    pub(super) fn skip(&mut self) -> Result<(), DatasetError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// The text of the element that is open, up to its end; elements in it are left out.
    /// Blanks around it are not its own, but for those that were written as entities.
    pub(super) fn text(&mut self) -> Result<String, DatasetError> {
        let mut all = String::new();
        let mut kept: Option<(usize, usize)> = None;
        loop {
            match self.next()? {
                Event::Text { text, kept: is_kept } => {
                    let start = all.len();
                    all.push_str(&text);
                    if is_kept {
                        kept = Some((kept.map_or(start, |(first, _)| first), all.len()));
                    }
                }
                Event::Start(_) => self.skip()?,
                Event::End | Event::Over => break,
            }
            if all.len() as u64 > LONGEST_TEXT {
                return Err(self.damaged(format!("a text is longer than {LONGEST_TEXT} bytes")));
            }
        }
        let (first, last) = kept.unwrap_or((usize::MAX, 0));
        let start = (all.len() - all.trim_start().len()).min(first);
        let end = all.trim_end().len().max(last);
        Ok(all.get(start..end).unwrap_or_default().to_owned())
    }

    /// A number in the element that is open. `name` is that element's.
    pub(super) fn number(&mut self, name: &str) -> Result<f64, DatasetError> {
        let text = self.text()?;
        number(&text).ok_or_else(|| {
            self.damaged(format!(
                "{name} is \"{}\"; expected a finite number",
                crate::error::shown(&text)
            ))
        })
    }
}

fn refused_again(refused: super::guard::Refused) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, refused)
}

/// A finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A side of an image in pixels, also as `1280.0`.
pub(super) fn pixels(text: &str) -> Option<u32> {
    let number = number(text)?;
    let is_one = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    is_one.then_some(number as u32)
}

/// Values have no types there: `true` and `false` are flags, what is a number as we write
/// one is a number, and the rest, `007` and `1e3` too, is text.
pub(super) fn attribute(text: &str) -> Attribute {
    match text {
        "true" | "True" => return Attribute::Flag(true),
        "false" | "False" => return Attribute::Flag(false),
        _ => {}
    }
    let as_written = number(text).filter(|number| number.to_string() == text);
    as_written.map_or_else(|| Attribute::Text(text.to_owned()), Attribute::Number)
}

pub(super) fn attribute_text(value: &Attribute) -> String {
    match value {
        Attribute::Flag(flag) => flag.to_string(),
        Attribute::Number(number) => number.to_string(),
        Attribute::Text(text) => text.clone(),
    }
}

/// Whether something is said of a box, by a flag, a number or a word.
pub(super) fn is_set(value: &Attribute) -> bool {
    match value {
        Attribute::Flag(flag) => *flag,
        Attribute::Number(number) => *number != 0.0,
        Attribute::Text(text) => matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "1"),
    }
}

/// A text as it stands in an element or an attribute; blanks at its sides, and those that
/// parsers take for others, as entities. An error is a character that XML has no word for.
pub(super) fn escaped(text: &str) -> Result<String, char> {
    let mut all = String::with_capacity(text.len());
    let inner = text.trim();
    let start = text.len() - text.trim_start().len();
    let end = start + inner.len();
    for (at, c) in text.char_indices() {
        match c {
            '<' => all.push_str("&lt;"),
            '>' => all.push_str("&gt;"),
            '&' => all.push_str("&amp;"),
            '"' => all.push_str("&quot;"),
            '\'' => all.push_str("&apos;"),
            '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' => {
                all.push_str(&format!("&#{};", u32::from(c)));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => return Err(c),
            c if at < start || at >= end => all.push_str(&format!("&#{};", u32::from(c))),
            c => all.push(c),
        }
    }
    Ok(all)
}

/// What was there and is left out, counted by what it is.
#[derive(Debug, Default)]
pub(super) struct LeftOut(BTreeMap<&'static str, u64>);

impl LeftOut {
    pub(super) fn add(&mut self, what: &'static str, count: u64) {
        if count > 0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    pub(super) fn notes(self) -> Vec<String> {
        self.0.into_iter().map(|(what, count)| format!("{what}: {count}")).collect()
    }
}

/// The classes of a dataset: those that it lists, or those that its boxes name.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub(super) names: Vec<String>,
    places: std::collections::HashMap<String, u32>,
    is_listed: bool,
}

impl Classes {
    /// From a list; a name that is there twice is there once.
    pub(super) fn listed(names: impl IntoIterator<Item = String>) -> Result<Classes, String> {
        let mut classes = Classes { is_listed: true, ..Classes::default() };
        for name in names {
            classes.add(name)?;
        }
        Ok(classes)
    }

    fn add(&mut self, name: String) -> Result<u32, String> {
        if let Some(place) = self.places.get(&name) {
            return Ok(*place);
        }
        if self.names.len() >= super::MOST_CLASSES {
            return Err(format!("more than {} classes", super::MOST_CLASSES));
        }
        let place = u32::try_from(self.names.len()).map_err(|error| error.to_string())?;
        self.names.push(name.clone());
        self.places.insert(name, place);
        Ok(place)
    }

    /// A class by its name, new ones where there is no list.
    pub(super) fn place(&mut self, name: &str) -> Result<u32, String> {
        match self.places.get(name) {
            Some(place) => Ok(*place),
            None if self.is_listed => Err(format!(
                "the class {:?} is not in the list of classes",
                crate::error::shown(name)
            )),
            None => self.add(name.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(document: &str, expected: &str) {
        let path = Path::new("a.xml");
        let read = || {
            let mut xml = Xml::new(path, XmlGuard::new(document.as_bytes()))?;
            xml.root()?;
            let text = xml.text()?;
            xml.next().map(|_| text)
        };
        let got = read().unwrap_or_else(|error: DatasetError| error.to_string());
        assert!(got.contains(expected), "{got}");
    }

    #[test]
    fn entities_of_documents_are_refused() {
        check("<a>&lt;&#65;&#x42; <b>no</b>c</a>", "<AB c");
        check(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY x \"y\">]>\n<a>&x;</a>",
            "line 2: a doc",
        );
        check("\n<a>&x;</a>", "line 2: the entity &x; is not known");
        check("<?xml version=\"1.0\" encoding=\"latin1\"?><a/>", "in latin1; expected UTF-8");
        check("\u{feff}<a>b</a>", "b");
        check("<a>\n<b></a>", "line 2");
        check("<a>", "ends in an element");
        check("", "no element");
    }

    #[test]
    fn depth_is_bounded() {
        check(&"<a>".repeat(100_000), "more than 64 elements within each other");
    }

    proptest! {
        #[test]
        fn texts_come_back(text in "[ a-z<>&'\"\t\né\u{85}]{0,20}") {
            let Ok(written) = escaped(&text) else { return Ok(()) };
            let document = format!("<a b=\"{written}\">\n {written}\n</a>");
            let mut xml = Xml::new(Path::new("a.xml"), XmlGuard::new(document.as_bytes())).unwrap();
            let tag = xml.root().unwrap();
            prop_assert_eq!(tag.get("b"), Some(text.as_str()));
            if !text.is_empty() {
                prop_assert_eq!(xml.text().unwrap(), text);
            }
        }
    }
}
