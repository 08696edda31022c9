//! The file of label categories, as Ground Truth's jobs take it:
//! `{"document-version":"2018-11-28","labels":[{"label":"car"}]}`.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{ManifestError, json, shown};

/// Of image tasks. Files of video tasks have another, and spell the key otherwise.
const VERSION: &str = "2018-11-28";
/// Ten thousand names of a hundred bytes.
const LONGEST_FILE: usize = 1 << 20;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Written<'a> {
    document_version: &'a str,
    labels: Vec<WrittenLabel<'a>>,
}

#[derive(Serialize)]
struct WrittenLabel<'a> {
    label: &'a str,
}

/// What else may be in it, versions and attributes, says nothing about names.
#[derive(Deserialize)]
struct Read {
    labels: Vec<ReadLabel>,
}

#[derive(Deserialize)]
struct ReadLabel {
    label: String,
}

/// One line, with its end.
pub fn write_categories<'a>(
    labels: impl IntoIterator<Item = &'a str>,
) -> Result<String, ManifestError> {
    let labels = labels.into_iter().map(|label| WrittenLabel { label }).collect();
    let mut text = serde_json::to_string(&Written { document_version: VERSION, labels })
        .map_err(|error| not_categories(json(&error)))?;
    text.push('\n');
    Ok(text)
}

/// Names in their order: at least one, none of them blank or there twice.
pub fn read_categories(bytes: &[u8]) -> Result<Vec<String>, ManifestError> {
    if bytes.len() > LONGEST_FILE {
        return Err(not_categories(format!("longer than {LONGEST_FILE} bytes")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Read { labels } =
        serde_json::from_slice(bytes).map_err(|error| not_categories(json(&error)))?;
    let labels: Vec<String> = labels.into_iter().map(|label| label.label).collect();
    if labels.is_empty() {
        return Err(not_categories("there is no label in it".to_owned()));
    }
    let mut names = HashSet::new();
    for label in &labels {
        if label.trim().is_empty() {
            return Err(not_categories("a label has no name".to_owned()));
        }
        if !names.insert(label) {
            return Err(not_categories(format!("\"{}\" is there twice", shown(label))));
        }
    }
    Ok(labels)
}

fn not_categories(reason: String) -> ManifestError {
    ManifestError::Categories { reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let got = match read_categories(bytes) {
            Ok(labels) => labels.join(","),
            Err(error) => error.to_string(),
        };
        assert!(got.ends_with(expected), "{got}");
    }

    #[test]
    fn written_as_ground_truth_has_it() {
        let text = write_categories(["car", "traffic light"]).unwrap();
        let expected = "{\"document-version\":\"2018-11-28\",\
                        \"labels\":[{\"label\":\"car\"},{\"label\":\"traffic light\"}]}\n";
        assert_eq!(text, expected);
        check(text.as_bytes(), "car,traffic light");
    }

    #[test]
    fn read_from_anyone() {
        check(b"\xef\xbb\xbf{\"labels\": [ {\"label\": \"a\"} ]}\r\n", "a");
        // Of a video task.
        check(
            br#"{"documentVersion":"2020-03-01","labels":[{"label":"a","attributes":[{"name":"x"}]}],
                "auditLabelAttributeName":"y"}"#,
            "a",
        );
        // The sample of the documentation has no comma there.
        check(
            br#"{"document-version":"2018-11-28" "labels":[{"label":"a"}]}"#,
            "expected `,` or `}`, at byte 34",
        );
        check(br#"{"labels":[]}"#, "there is no label in it");
        check(br#"{"labels":[{"label":" "}]}"#, "a label has no name");
        check(br#"{"labels":[{"label":"a"},{"label":"a"}]}"#, "\"a\" is there twice");
        check(br#"["a"]"#, "invalid type: string \"a\", expected a sequence, at byte 4");
        check(b"", "EOF while parsing a value, at byte 0");
        check(&vec![b'['; 2 << 20], "longer than 1048576 bytes");
        check(&vec![b'['; 1 << 20], "expected a string, at byte 3");
    }

    proptest! {
        #[test]
        fn any_names_come_back(
            labels in proptest::collection::hash_set("[^\\s]\\PC{0,12}", 1..20),
        ) {
            let labels: Vec<String> = labels.into_iter().collect();
            let text = write_categories(labels.iter().map(String::as_str)).unwrap();
            prop_assert_eq!(read_categories(text.as_bytes()).unwrap(), labels);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read_categories(&bytes);
        }
    }
}
