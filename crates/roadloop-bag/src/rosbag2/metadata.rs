//! What of a rosbag2 `metadata.yaml` is needed to read the recording.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

/// Deeper than any metadata; the parser itself keeps a stack of this depth.
const MAX_DEPTH: usize = 64;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// As written: not yet known to stay in the folder.
    pub(crate) files: Vec<String>,
    /// Empty where there is none.
    pub(crate) compression_format: String,
    /// `NONE`, `FILE` or `MESSAGE`, in any case of letters.
    pub(crate) compression_mode: String,
    pub(crate) messages: HashMap<String, u64>,
}

impl Metadata {
    pub(crate) fn is_compressed(&self) -> bool {
        !self.compression_format.is_empty()
            && !["", "none"].contains(&&*self.compression_mode.to_lowercase())
    }
}

/// Where in the document the parser is: in a list, or at a key of a map.
enum Level {
    List,
    Map(Option<String>),
}

/// The error says in words what is wrong.
pub(crate) fn parse_metadata(text: &str) -> Result<Metadata, String> {
    let mut metadata = Metadata::default();
    let mut is_rosbag2 = false;
    let mut topic = String::new();
    let mut levels: Vec<Level> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        match event {
            Event::MappingStart(..) => levels.push(Level::Map(None)),
            Event::SequenceStart(..) => levels.push(Level::List),
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                next_key(&mut levels);
            }
            Event::Scalar(value, ..) => {
                if let Some(Level::Map(key @ None)) = levels.last_mut() {
                    *key = Some(value.into_owned());
                    is_rosbag2 |= path(&levels) == [ROOT];
                    continue;
                }
                match path(&levels)[..] {
                    [ROOT, "relative_file_paths", "-"] => metadata.files.push(value.into_owned()),
                    [ROOT, "compression_format"] => {
                        metadata.compression_format = value.into_owned();
                    }
                    [ROOT, "compression_mode"] => metadata.compression_mode = value.into_owned(),
                    [ROOT, TOPICS, "-", "topic_metadata", "name"] => topic = value.into_owned(),
                    [ROOT, TOPICS, "-", "message_count"] => {
                        if let Ok(count) = value.parse() {
                            metadata.messages.insert(std::mem::take(&mut topic), count);
                        }
                    }
                    _ => {}
                }
                next_key(&mut levels);
            }
            Event::Alias(_) => next_key(&mut levels),
            _ => {}
        }
        if levels.len() > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} levels of nesting"));
        }
    }
    if !is_rosbag2 {
        return Err(format!("no {ROOT}"));
    }
    Ok(metadata)
}

const ROOT: &str = "rosbag2_bagfile_information";
const TOPICS: &str = "topics_with_message_count";

fn path(levels: &[Level]) -> Vec<&str> {
    let name = |level| match level {
        &Level::List => "-",
        Level::Map(key) => key.as_deref().unwrap_or(""),
    };
    levels.iter().map(name).collect()
}

/// A value has ended: the map it was in waits for its next key.
fn next_key(levels: &mut [Level]) {
    if let Some(Level::Map(key)) = levels.last_mut() {
        // A key that is itself a map or a list names nothing of ours.
        *key = if key.is_some() { None } else { Some(String::new()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REAL: &str = "\
rosbag2_bagfile_information:
  version: 5
  storage_identifier: sqlite3
  duration: {nanoseconds: 411}
  topics_with_message_count:
    - topic_metadata:
        name: /front
        type: sensor_msgs/msg/Image
        offered_qos_profiles: \"- history: 3\\n  depth: 0\"
      message_count: 726
    - topic_metadata: {name: /rear}
      message_count: 3
  compression_format: \"\"
  compression_mode: \"\"
  relative_file_paths:
    - drive_0.db3
    - drive_1.db3
  files:
    - path: drive_0.db3
      message_count: 5
";

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = match parse_metadata(text) {
            Ok(Metadata { files, messages, compression_mode, .. }) => {
                let mut messages: Vec<_> = messages.into_iter().collect();
                messages.sort();
                format!("{files:?} {messages:?} {compression_mode}")
            }
            Err(error) => format!("error: {error}"),
        };
        assert!(got.starts_with(expected), "{got}");
    }

    #[test]
    fn what_rosbag2_writes() {
        check(REAL, r#"["drive_0.db3", "drive_1.db3"] [("/front", 726), ("/rear", 3)]"#);
        let compressed =
            "rosbag2_bagfile_information: {compression_format: zstd, compression_mode: FILE}";
        check(compressed, "[] [] FILE");
        assert!(parse_metadata(compressed).unwrap().is_compressed());
        assert!(!parse_metadata(REAL).unwrap().is_compressed());
    }

    #[test]
    fn what_is_no_metadata() {
        check("", "error: no rosbag2_bagfile_information");
        check("a: [1, 2", "error: ");
        check(&"[".repeat(100_000), "error: ");
        check(&"- ".repeat(100_000), "error: ");
        check("rosbag2_bagfile_information: &a [*a, *a]", "[] []");
        check("? {a: b}\n: c\nrosbag2_bagfile_information:\n  relative_file_paths: [x]", "[\"x\"]");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[-:?&*{}\\[\\]a-c\"' \n!|>%@`#]{0,200}") {
            let _ = parse_metadata(&text);
        }

        #[test]
        fn damaged_metadata_is_survived(at in 0usize..600, with in any::<char>()) {
            let mut text: Vec<char> = REAL.chars().collect();
            let at = at % text.len();
            text[at] = with;
            let _ = parse_metadata(&text.iter().collect::<String>());
        }
    }
}
