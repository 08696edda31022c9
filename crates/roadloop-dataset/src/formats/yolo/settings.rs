//! `data.yaml`: names of classes and where the images of each split are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use saphyr_parser::{Event, Parser};

use super::super::MOST_CLASSES;
use crate::Split;
use crate::error::shown;

/// Deeper than any; the parser itself keeps a stack of this depth.
const MOST_DEPTH: usize = 64;
/// Folders and lists of a split.
const MOST_PLACES: usize = 10_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// Folders, or lists of images, as they are written.
    pub(super) places: BTreeMap<Split, Vec<String>>,
    /// Where places are from, as it is written.
    pub(super) path: Option<String>,
    /// How each split's key is written, `valid`.
    pub(super) keys: BTreeMap<Split, String>,
    /// By their number, which is their place.
    pub(super) names: Vec<String>,
}

/// Where the parser is: in a list, or at a key of a map.
enum Level {
    List,
    Map(Option<String>),
}

/// The error says in words what is wrong, and in which line.
pub(super) fn parse(text: &str) -> Result<Settings, (usize, String)> {
    let mut settings = Settings::default();
    let mut names: BTreeMap<usize, String> = BTreeMap::new();
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut count = None;
    let mut levels: Vec<Level> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| (error.marker().line(), error.info().to_owned()))?;
        let line = span.start.line();
        let bad = |reason: &str| Err((line, reason.to_owned()));
        match event {
            Event::Alias(_) => return bad("an alias, which is not taken here"),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                return bad("an anchor, which is not taken here");
            }
            Event::MappingStart(..) => levels.push(Level::Map(None)),
            Event::SequenceStart(..) => levels.push(Level::List),
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                next_key(&mut levels);
            }
            Event::Scalar(value, ..) => {
                if let Some(Level::Map(None)) = levels.last() {
                    let value = value.into_owned();
                    let is_again = levels.len() == 1 && !keys.insert(value.clone());
                    if is_again && (value == "names" || split_key(&value).is_some()) {
                        return Err((
                            line,
                            format!("the key \"{}\" is there twice", shown(&value)),
                        ));
                    }
                    if let Some(Level::Map(key)) = levels.last_mut() {
                        *key = Some(value);
                    }
                    continue;
                }
                let path: Vec<&str> = levels.iter().map(key_of).collect();
                match path[..] {
                    ["names", "-"] => {
                        names.insert(names.len(), value.into_owned());
                    }
                    ["names", number] => {
                        let Some(number) = number.parse().ok().filter(|n| *n < MOST_CLASSES) else {
                            return bad("a class's number is no number from 0 on");
                        };
                        if names.insert(number, value.into_owned()).is_some() {
                            return bad("a class's number is there twice");
                        }
                    }
                    ["names"] if !value.is_empty() => {
                        return bad("\"names\" is neither a list nor a map");
                    }
                    ["names", _, _, ..] => return bad("a class's name is no text"),
                    ["nc"] => match value.parse::<usize>() {
                        Ok(number) => count = Some((number, line)),
                        Err(_) => return bad("\"nc\" is no number of classes"),
                    },
                    ["path"] => settings.path = Some(value.into_owned()),
                    [key] | [key, "-"] if let Some(split) = split_key(key) => {
                        settings.keys.entry(split).or_insert_with(|| key.to_owned());
                        let places = settings.places.entry(split).or_default();
                        if !value.is_empty() && value != "null" && value != "~" {
                            places.push(value.into_owned());
                        }
                        if places.len() > MOST_PLACES {
                            return bad("more folders than any dataset has");
                        }
                    }
                    [key, _, ..] if split_key(key).is_some() => {
                        let reason = "neither a folder nor a list of folders".to_owned();
                        return Err((line, format!("\"{}\" is {reason}", shown(key))));
                    }
                    _ => {}
                }
                if names.len() > MOST_CLASSES {
                    return bad("more classes than any dataset has");
                }
                next_key(&mut levels);
            }
            _ => {}
        }
        if levels.len() > MOST_DEPTH {
            return bad("nested too deeply");
        }
    }
    let last = names.keys().next_back().map_or(0, |last| last + 1);
    if last != names.len() {
        return Err((1, format!("of the classes 0 to {}, some have no name", last - 1)));
    }
    if let Some((count, line)) = count
        && count != names.len()
    {
        return Err((line, format!("\"nc\" is {count}, but there are {} names", names.len())));
    }
    settings.names = names.into_values().collect();
    Ok(settings)
}

fn split_key(key: &str) -> Option<Split> {
    key.parse().ok()
}

fn key_of(level: &Level) -> &str {
    match level {
        Level::List => "-",
        Level::Map(key) => key.as_deref().unwrap_or_default(),
    }
}

/// After a value, a map waits for a key again.
fn next_key(levels: &mut [Level]) {
    if let Some(Level::Map(key)) = levels.last_mut() {
        *key = None;
    }
}

/// In double quotes, what YAML does not print escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Where Ultralytics looks for an image's labels: the last folder `images` of its path
/// replaced by `labels`, the end by `.txt`. `None` where there is no such folder.
pub(super) fn label_path(image: &Path) -> Option<PathBuf> {
    let parts: Vec<Component> = image.components().collect();
    let folders = parts.get(..parts.len().saturating_sub(1))?;
    let last = folders.iter().rposition(|part| part.as_os_str() == "images")?;
    let replaced = parts.iter().enumerate().map(|(place, part)| {
        if place == last { std::ffi::OsStr::new("labels") } else { part.as_os_str() }
    });
    Some(replaced.collect::<PathBuf>().with_extension("txt"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = match parse(text) {
            Ok(Settings { places, path, names, .. }) => format!("{places:?} {path:?} {names:?}"),
            Err((line, reason)) => format!("line {line}: {reason}"),
        };
        assert!(got.contains(expected), "{got}");
    }

    #[test]
    fn as_others_write_it() {
        check(
            "train: a\nval: [b, c]\nnames: [x, 'y z']\n",
            r#"{Train: ["a"], Val: ["b", "c"]} None ["x", "y z"]"#,
        );
        check(
            "path: ../d\ntrain:\n- a\nnames:\n  1: b\n  0: a\n",
            r#"{Train: ["a"]} Some("../d") ["a", "b"]"#,
        );
        check(
            "roboflow:\n  names: [q]\n  train: z\nnames: {0: x}\ntest:\n",
            r#"{Test: []} None ["x"]"#,
        );
        check("names: {0: a, 2: b}", "line 1: of the classes 0 to 2");
        check("names: {-1: a}", "line 1: a class's number is no");
        check("train: a\nnc: 3\nnames: [a]", "line 2: \"nc\" is 3, but");
        check("names: {1: a, 0: b, 1: c}", "line 1: a class's number is there twice");
        check("names: [a]\nnames: [b]", "line 2: the key \"names\" is there twice");
        check("train: a\nnames: [a]\ntrain: b", "line 3: the key \"train\" is there twice");
        check("names: {0: [a]}", "line 1: a class's name is no text");
        check("train:\n  folder: a", "line 2: \"train\" is neither a folder nor");
        check("names: &a [x, y]\ntrain: *a", "line 1: an anchor");
        check("names: *a", "");
        check(&"[".repeat(100), "");
        check("a: \"b", "line 1:");
    }

    #[test]
    fn labels_lie_beside_images() {
        let at = |image: &str| label_path(Path::new(image)).map(|path| path.display().to_string());
        assert_eq!(at("images/train/a.b.png").as_deref(), Some("labels/train/a.b.txt"));
        assert_eq!(at("images/x/images/a.png").as_deref(), Some("images/x/labels/a.txt"));
        assert_eq!(at("a/images"), None);
        assert_eq!(at("train/a.png"), None);
    }

    proptest! {
        #[test]
        fn any_names_come_back(names in proptest::collection::vec("\\PC{1,12}|[\"'#:\\\\<&\u{85}]{1,5}", 1..9)) {
            let text = names.iter().enumerate().fold("names:\n".to_owned(), |text, (class, name)| {
                format!("{text}  {class}: {}\n", quoted(name))
            });
            prop_assert_eq!(parse(&text).map(|settings| settings.names), Ok(names));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-z&*:\\[\\]{}\"', \n-]{0,80}") {
            let _ = parse(&text);
        }
    }
}
