//! Names of label attributes, and where images lie.

use crate::ManifestError;
use crate::error::shown;

const LONGEST_ATTRIBUTE: usize = 127;

/// Whether Ground Truth would take it for labels that are boxes: 1 to 127 letters,
/// digits and `-`, no `-` at its ends, not `source` or `source-ref`, and neither
/// `-metadata` nor `-ref` at its end. What is read may be called anything.
pub fn check_attribute(name: &str) -> Result<(), ManifestError> {
    let reason = if name.is_empty() || name.len() > LONGEST_ATTRIBUTE {
        "use 1 to 127 letters, digits and hyphens"
    } else if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        "use letters a to z, digits and hyphens"
    } else if name.starts_with('-') || name.ends_with('-') {
        "begin and end with a letter or a digit"
    } else if name == "source" || name == "source-ref" {
        "that is where a line says which image it is about"
    } else if name.ends_with("-metadata") {
        "such a key is about a label"
    } else if name.ends_with("-ref") {
        "such labels are files"
    } else {
        return Ok(());
    };
    Err(ManifestError::BadAttribute { name: shown(name), reason })
}

/// Where an image lies after buckets or folders were renamed; `None` where none of them
/// is its. The longest that fits counts, and only whole names fit: `s3://raw` is not
/// the bucket of `s3://raw-old/a.png`.
pub fn rename_source(source: &str, renames: &[(String, String)]) -> Option<String> {
    let mut longest: Option<(&str, &str, &str)> = None;
    for (from, to) in renames {
        let from = from.strip_suffix('/').unwrap_or(from);
        let to = to.strip_suffix('/').unwrap_or(to);
        let Some(rest) = source.strip_prefix(from) else { continue };
        let is_whole = rest.is_empty() || rest.starts_with('/');
        if is_whole && !from.is_empty() && longest.is_none_or(|(best, ..)| from.len() > best.len())
        {
            longest = Some((from, to, rest));
        }
    }
    longest.map(|(_, to, rest)| format!("{to}{rest}"))
}

#[cfg(test)]
mod tests {
    use crate::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let got = check_attribute(name).map_or_else(|error| error.to_string(), |()| "ok".into());
        assert!(got.contains(expected), "{name}: {got}");
    }

    #[test]
    fn attributes() {
        for name in ["av-labeling", "a", "Labels2", "adjusted-av-labeling", "reference", "x--y"] {
            check(name, "ok");
        }
        check("", "use 1 to 127");
        check(&"a".repeat(127), "ok");
        check(&"a".repeat(128), "use 1 to 127");
        for name in ["a b", "größe", "a_b", "a\"b", "a\0"] {
            check(name, "use letters");
        }
        check("-a", "begin and end");
        check("a-", "begin and end");
        check("source", "which image");
        check("source-ref", "which image");
        check("av-metadata", "about a label");
        check("av-ref", "are files");
    }

    #[track_caller]
    fn check_rename(renames: &[(&str, &str)], source: &str, expected: Option<&str>) {
        let renames: Vec<(String, String)> =
            renames.iter().map(|(from, to)| ((*from).into(), (*to).into())).collect();
        assert_eq!(rename_source(source, &renames).as_deref(), expected);
    }

    #[test]
    fn buckets_and_folders_are_renamed() {
        let one = [("s3://raw", "s3://anonymised")];
        check_rename(&one, "s3://raw/a/b.png", Some("s3://anonymised/a/b.png"));
        check_rename(&one, "s3://raw", Some("s3://anonymised"));
        check_rename(&one, "s3://raw-old/a.png", None);
        check_rename(&one, "s3://other/raw/a.png", None);
        check_rename(&[], "s3://raw/a.png", None);
        // The longest, in any order, and with a slash at the end or none.
        let two = [("s3://raw/", "s3://x"), ("s3://raw/day/2/", "file:///pictures/")];
        check_rename(&two, "s3://raw/day/2/a.png", Some("file:///pictures/a.png"));
        check_rename(&two, "s3://raw/day/20/a.png", Some("s3://x/day/20/a.png"));
        check_rename(&[two[1], two[0]], "s3://raw/day/2/a.png", Some("file:///pictures/a.png"));
        check_rename(&[("file:///", "s3://b")], "file:///a/b.png", Some("s3://b/a/b.png"));
        check_rename(&[("", "s3://b"), ("/", "s3://b")], "/a/b.png", None);
    }
}
