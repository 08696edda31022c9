//! Numbers in sentences.

/// `1 frame`, `2 frames`, `2 boxes`, `2 classes`.
pub fn counted(count: u64, one: &str) -> String {
    let end = if one.ends_with(['s', 'x']) { "es" } else { "s" };
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}{end}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many() {
        assert_eq!(counted(1, "box"), "1 box");
        assert_eq!(counted(0, "class"), "0 classes");
        assert_eq!(counted(12, "frame"), "12 frames");
    }
}
