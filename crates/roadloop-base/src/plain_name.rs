//! Names that people give to what they keep, and its versions.

/// Letters of a [plain name](is_plain_name), at most.
pub const LONGEST_NAME: usize = 64;

/// Whether a name is safe in paths, addresses, filters and command lines: 1 to 64 letters (a to
/// z), digits, `_` or `-`, the first of them no `-`.
pub fn is_plain_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (1..=LONGEST_NAME).contains(&name.len()) && !name.starts_with('-') && name.chars().all(allowed)
}

/// `name@2` taken apart: the name as it stands there, and the version, which is from 1 on. The
/// error is what stands in the place of a version.
pub fn split_version(text: &str) -> Result<(&str, Option<u32>), &str> {
    let Some((name, version)) = text.split_once('@') else { return Ok((text, None)) };
    let is_number = version.bytes().all(|byte| byte.is_ascii_digit());
    let number = version.parse().ok().filter(|number| is_number && *number > 0);
    number.map(|number| (name, Some(number))).ok_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_safe_anywhere() {
        for name in ["night-crowds", "_7", &"a".repeat(64)] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in ["", "-a", "a b", "a/b", "..", "ä", "a@1", &"a".repeat(65)] {
            assert!(!is_plain_name(name), "{name}");
        }
    }

    #[test]
    fn versions_stand_behind_names() {
        assert_eq!(split_version("cars@12"), Ok(("cars", Some(12))));
        assert_eq!(split_version("cars"), Ok(("cars", None)));
        for (text, version) in [("a@", ""), ("a@0", "0"), ("a@+1", "+1"), ("a@1@2", "1@2")] {
            assert_eq!(split_version(text), Err(version));
        }
        assert_eq!(split_version("a@99999999999"), Err("99999999999"));
    }
}
