//! The nearest of some known names.

/// The known name with the fewest slips from the given one: at most a third of
/// its letters. A slip is a letter missing, added, wrong, or two swapped. Where
/// none is as near, the shortest name that has the given one among its words:
/// `front` is `camera__front`, `drive` is `drive-1a2b3c4d`.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = words(name);
    let name: Vec<char> = comparable(name);
    let most = (name.len() / 3).max(1);
    let mut best = None;
    let mut longer: Option<&str> = None;
    for candidate in known {
        let other = comparable(candidate);
        if other.len() > name.len()
            && given.len() > 1
            && words(candidate).contains(&given)
            && longer.is_none_or(|longer| candidate.len() < longer.len())
        {
            longer = Some(candidate);
        }
        if other.len().abs_diff(name.len()) > most {
            continue;
        }
        let slips = distance(&name, &other);
        if slips <= most && best.is_none_or(|(fewest, _)| slips < fewest) {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate).or(longer)
}

fn words(name: &str) -> String {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |words, word| words + word + " ")
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
    use proptest::prelude::*;

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

    #[test]
    fn a_part_of_a_name_is_enough() {
        check("light", Some("traffic light"));
        let cameras = ["camera__front_left", "camera__front", "camera__rear"];
        assert_eq!(nearest("front", cameras), Some("camera__front"));
        assert_eq!(nearest("Rear", cameras), Some("camera__rear"));
        assert_eq!(nearest("front_left", cameras), Some("camera__front_left"));
        assert_eq!(nearest("camera", cameras), Some("camera__rear"));
        assert_eq!(nearest("drive", ["demo-0a", "drive-1a2b3c4d"]), Some("drive-1a2b3c4d"));
        assert_eq!(nearest("fron", cameras), None);
    }

    proptest! {
        #[test]
        fn slips_are_a_distance(one in "[ab]{0,6}", other in "[ab]{0,6}") {
            let [one, other]: [Vec<char>; 2] = [one, other].map(|name| name.chars().collect());
            let slips = distance(&one, &other);
            prop_assert_eq!(slips, distance(&other, &one));
            prop_assert_eq!(slips == 0, one == other);
            prop_assert!(slips <= one.len().max(other.len()));
            prop_assert!(slips >= one.len().abs_diff(other.len()));
        }
    }
}
