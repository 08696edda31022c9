//! The nearest of some known names.

/// The known name with the fewest slips from the given one: at most a third of
/// its letters. A slip is a letter missing, added, wrong, or two swapped.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = comparable(name);
    let most = (name.len() / 3).max(1);
    let mut best = None;
    for candidate in known {
        let other = comparable(candidate);
        if other.len().abs_diff(name.len()) > most {
            continue;
        }
        let slips = distance(&name, &other);
        if slips <= most && best.is_none_or(|(fewest, _)| slips < fewest) {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn comparable(name: &str) -> Vec<char> {
    name.to_lowercase().replace('_', " ").chars().take(100).collect()
}

/// Optimal string alignment distance, row by row.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let wrong = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + wrong);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(nearest(name, ["car", "person", "traffic light", "truck"]), expected);
    }

    #[test]
    fn slips_are_forgiven() {
        check("persn", Some("person"));
        check("pesron", Some("person"));
        check("traffic_ligth", Some("traffic light"));
        check("cat", Some("car"));
        check("Trukc", Some("truck"));
        check("zebra", None);
        check("", None);
    }
}
