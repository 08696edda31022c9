//! Texts of strangers, made fit to be shown and kept.

/// Whether a text with it can look like another text: control characters, line
/// separators, and what turns the direction of writing or takes no room.
pub(crate) fn is_deceiving(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// At most `most` characters, with those that deceive as `\u{..}`; what was cut off
/// is seen by `…`.
pub(crate) fn for_people(text: &str, most: usize) -> String {
    let mut kept = String::new();
    for (count, c) in text.chars().enumerate() {
        if count + 1 > most {
            kept.push('…');
            break;
        }
        if is_deceiving(c) {
            kept.extend(c.escape_unicode());
        } else {
            kept.push(c);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(for_people(text, 8), expected);
    }

    #[test]
    fn texts_for_people() {
        check("", "");
        check("Zoë 7", "Zoë 7");
        check("12345678", "12345678");
        check("123456789", "12345678…");
        check("a\0b\nc", "a\\u{0}b\\u{a}c");
        check("\u{202e}gpj", "\\u{202e}gpj");
        check("x\u{1b}[2J", "x\\u{1b}[2J");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_short_and_plain(text in "\\PC{0,40}|.{0,40}|[\\x00-\\x1f\u{202e}]{0,40}") {
            let kept = for_people(&text, 20);
            assert!(!kept.chars().any(is_deceiving));
            // Ten characters at most for each: `\u{10ffff}`.
            assert!(kept.chars().count() <= 20 * 10 + 1);
        }
    }
}
