//! What exporters note inside a model file: Ultralytics writes `names`, the
//! labels, as Python would print them, and `imgsz`, the sides of the picture.

/// More classes than any detector or classifier has.
const MOST_LABELS: usize = 100_000;

/// Labels by class, from `{0: 'person', 1: "driver's seat"}`, or as JSON
/// writes them: `{"0": "person"}`, `["person"]`. In lower case. `None` for
/// anything else, and where a class is missing.
pub(super) fn labels(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    let between = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    let is_list = text.starts_with('[');
    let inside = if is_list { between('[', ']')? } else { between('{', '}')? };
    let mut labels = Vec::new();
    let mut rest = inside.trim_start();
    while !rest.is_empty() && labels.len() < MOST_LABELS {
        if !is_list {
            let (key, after) = rest.split_once(':')?;
            let class: usize = key.trim().trim_matches(['\'', '"']).parse().ok()?;
            if class != labels.len() {
                return None;
            }
            rest = after.trim_start();
        }
        let (label, after) = quoted(rest)?;
        labels.push(label.trim().to_lowercase());
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
    }
    (rest.is_empty() && !labels.is_empty()).then_some(labels)
}

/// A text in single or double quotes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => content.push(characters.next()?.1),
            end if end == quote => return Some((content, &text[at + 1..])),
            other => content.push(other),
        }
    }
    None
}

/// Width and height from `[height, width]`.
pub(super) fn size(text: &str) -> Option<[usize; 2]> {
    let inside = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let (height, width) = inside.split_once(',')?;
    Some([width.trim().parse().ok()?, height.trim().parse().ok()?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&[&str]>) {
        let expected = expected.map(|labels| labels.iter().map(|s| (*s).to_owned()).collect());
        assert_eq!(labels(text), expected, "{text}");
    }

    #[test]
    fn labels_as_they_are_printed() {
        check("{0: 'Person', 1: 'traffic light'}", Some(&["person", "traffic light"]));
        check("{0: \"driver's seat\", 1: 'a, b: {c}'}", Some(&["driver's seat", "a, b: {c}"]));
        check(r#"{"0": "car", "1": "say \"hi\""}"#, Some(&["car", "say \"hi\""]));
        check("['a', 'b',]", Some(&["a", "b"]));
        for unusable in
            ["", "{}", "[]", "person", "{1: 'a'}", "{0: 'a', 2: 'b'}", "{0: a}", "{0: 'a"]
        {
            check(unusable, None);
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("[320, 640]"), Some([640, 320]));
        assert_eq!(size("640"), None);
        assert_eq!(size("[-1, 2]"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,60}", inside in "[0-9:',\"\\\\ a{}\\[\\]]{0,40}") {
            for text in [text.clone(), format!("{{{inside}}}"), format!("[{inside}]")] {
                let _ = (labels(&text), size(&text));
            }
        }
    }
}
