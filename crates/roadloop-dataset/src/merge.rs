//! Classes of several sources made into one list, renamed, and left out.

use std::collections::{BTreeMap, HashMap, HashSet};

use roadloop_base::nearest;
use serde::{Deserialize, Serialize};

use crate::error::shown;
use crate::{DatasetError, Sample};

/// One list of all classes, in the order in which they first appear, and for each list the
/// place of each of its classes in the one.
pub fn merge_classes(lists: &[&[String]]) -> (Vec<String>, Vec<Vec<u32>>) {
    let mut merged: Vec<String> = Vec::new();
    let mut places: HashMap<&str, u32> = HashMap::new();
    let mut mappings = Vec::with_capacity(lists.len());
    for list in lists {
        let mut mapping = Vec::with_capacity(list.len());
        for name in *list {
            let place = *places.entry(name).or_insert_with(|| {
                merged.push(name.clone());
                // More than four billion names fit no memory.
                u32::try_from(merged.len() - 1).unwrap_or(u32::MAX)
            });
            mapping.push(place);
        }
        mappings.push(mapping);
    }
    (merged, mappings)
}

/// What becomes of classes: first they are renamed, all at once, then only some are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClassRules {
    /// Those to keep, by their new names, in the order they are to have; absent: all.
    pub only: Option<Vec<String>>,
    /// From, to. Two that get the same name become one class.
    pub renames: Vec<(String, String)>,
}

/// What rules have done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    pub classes: Vec<String>,
    /// Boxes that were left out, by the name their class had; an image that has lost all of
    /// its boxes is one on which there is nothing.
    pub dropped: BTreeMap<String, u64>,
}

impl ClassRules {
    /// Changes the boxes of samples whose classes are these. The line of a manifest stays
    /// only where it still says the same. A name that no class has is an error that says
    /// which was meant.
    pub fn apply(
        &self,
        classes: &[String],
        samples: &mut [Sample],
    ) -> Result<Applied, DatasetError> {
        let renamed = self.renamed(classes)?;
        let (kept, mapping) = match &self.only {
            None => {
                let (kept, mut mappings) = merge_classes(&[&renamed]);
                let mapping = mappings.pop().unwrap_or_default();
                (kept, mapping.into_iter().map(Some).collect::<Vec<_>>())
            }
            Some(only) => {
                let places = self.places(only, &renamed, classes)?;
                (
                    only.clone(),
                    renamed.iter().map(|name| places.get(name.as_str()).copied()).collect(),
                )
            }
        };
        let is_same = kept == classes;
        let mut dropped = vec![0u64; classes.len()];
        for sample in samples {
            let Some(boxes) = &mut sample.boxes else { continue };
            let mut has_changed = !is_same;
            let mut unknown = None;
            boxes.retain_mut(|found| match mapping.get(found.class as usize) {
                Some(Some(class)) => {
                    has_changed |= found.class != *class;
                    found.class = *class;
                    true
                }
                Some(None) => {
                    has_changed = true;
                    if let Some(count) = dropped.get_mut(found.class as usize) {
                        *count += 1;
                    }
                    false
                }
                None => {
                    unknown = Some(found.class);
                    true
                }
            });
            if let Some(class) = unknown {
                return Err(DatasetError::Settings(format!(
                    "{} has a box of class {class}, and there are only {}",
                    sample.name,
                    classes.len()
                )));
            }
            if has_changed {
                sample.line = None;
            }
        }
        let of_class = classes.iter().zip(dropped).filter(|(_, count)| *count > 0);
        let mut by_name: BTreeMap<String, u64> = BTreeMap::new();
        for (name, count) in of_class {
            *by_name.entry(name.clone()).or_default() += count;
        }
        Ok(Applied { classes: kept, dropped: by_name })
    }

    /// Each class by its new name.
    fn renamed(&self, classes: &[String]) -> Result<Vec<String>, DatasetError> {
        let known: HashSet<&str> = classes.iter().map(String::as_str).collect();
        let mut to: HashMap<&str, &str> = HashMap::new();
        for (from, name) in &self.renames {
            if !known.contains(from.as_str()) {
                return Err(nobody_has(from, classes));
            }
            if name.trim().is_empty() {
                let from = shown(from);
                return Err(DatasetError::Settings(format!("{from} is renamed to nothing")));
            }
            if to.insert(from, name).is_some_and(|earlier| earlier != name) {
                let from = shown(from);
                return Err(DatasetError::Settings(format!("{from} is renamed to two names")));
            }
        }
        let new = |name: &String| {
            to.get(name.as_str()).map_or_else(|| name.clone(), |new| (*new).to_owned())
        };
        Ok(classes.iter().map(new).collect())
    }

    fn places<'a>(
        &self,
        only: &'a [String],
        renamed: &[String],
        classes: &[String],
    ) -> Result<HashMap<&'a str, u32>, DatasetError> {
        let known: HashSet<&str> = renamed.iter().map(String::as_str).collect();
        let mut places = HashMap::new();
        for (place, name) in only.iter().enumerate() {
            if !known.contains(name.as_str()) {
                let rename = self.renames.iter().find(|(from, _)| from == name);
                return Err(match rename {
                    Some((from, to)) if classes.contains(from) => {
                        let (from, to) = (shown(from), shown(to));
                        DatasetError::Settings(format!(
                            "{from} is called {to} now, as renamed: keep {to}"
                        ))
                    }
                    _ => nobody_has(name, renamed),
                });
            }
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            if places.insert(name.as_str(), place).is_some() {
                let name = shown(name);
                return Err(DatasetError::Settings(format!("{name} is to be kept twice")));
            }
        }
        Ok(places)
    }
}

fn nobody_has(name: &str, classes: &[String]) -> DatasetError {
    let asked = shown(name);
    DatasetError::Settings(match nearest(name, classes.iter().map(String::as_str)) {
        Some(nearest) => format!("no class is called {asked}: is {} meant?", shown(nearest)),
        None if classes.is_empty() => format!("no class is called {asked}: there are none"),
        None => {
            let first: Vec<String> = classes.iter().take(5).map(|name| shown(name)).collect();
            let more = classes.len().saturating_sub(first.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("no class is called {asked}: there are {}{more}", first.join(", "))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{classes, with_boxes};

    const AREA: [f64; 4] = [1.0, 1.0, 5.0, 5.0];

    fn rules(only: Option<&[&str]>, renames: &[(&str, &str)]) -> ClassRules {
        let pair = |(from, to): &(&str, &str)| ((*from).to_owned(), (*to).to_owned());
        ClassRules { only: only.map(classes), renames: renames.iter().map(pair).collect() }
    }

    /// Classes and boxes of an image with a car, a van, a tram and a van, or the error.
    #[track_caller]
    fn check(only: Option<&[&str]>, renames: &[(&str, &str)], expected: &str) {
        let mut samples = [with_boxes("a.png", "d", &[(0, AREA), (1, AREA), (2, AREA), (1, AREA)])];
        samples[0].line = Some("{}".to_owned());
        let names = classes(&["car", "van", "tram"]);
        let got = match rules(only, renames).apply(&names, &mut samples) {
            Ok(applied) => {
                let boxes = samples[0].boxes.iter().flatten();
                let boxes: Vec<u32> = boxes.map(|found| found.class).collect();
                let line = if samples[0].line.is_some() { " line" } else { "" };
                format!("{} {boxes:?} {:?}{line}", applied.classes.join(","), applied.dropped)
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn classes_are_kept_and_renamed() {
        check(None, &[], "car,van,tram [0, 1, 2, 1] {} line");
        check(Some(&["tram", "car"]), &[], r#"tram,car [1, 0] {"van": 2}"#);
        check(None, &[("van", "car")], "car,tram [0, 0, 1, 0] {}");
        check(None, &[("van", "car"), ("car", "van")], "van,car,tram [0, 1, 2, 1] {}");
        check(
            Some(&["vehicle"]),
            &[("van", "vehicle"), ("car", "vehicle")],
            r#"vehicle [0, 0, 0] {"tram": 1}"#,
        );
    }

    #[test]
    fn what_nobody_has_is_an_error() {
        check(Some(&["Car"]), &[], "no class is called Car: is car meant?");
        check(Some(&["trams"]), &[], "no class is called trams: is tram meant?");
        check(Some(&["bicycle"]), &[], "no class is called bicycle: there are car, van, tram");
        check(None, &[("vans", "car")], "no class is called vans: is van meant?");
        let renames = [("car", "vehicle")];
        check(Some(&["car"]), &renames, "car is called vehicle now, as renamed: keep vehicle");
        check(Some(&["car", "car"]), &[], "car is to be kept twice");
        check(None, &[("car", "a"), ("car", "b")], "car is renamed to two names");
        check(None, &[("car", " ")], "car is renamed to nothing");
    }

    #[test]
    fn a_box_of_no_class_is_an_error() {
        let mut samples = [with_boxes("a.png", "d", &[(3, AREA)])];
        let applied = ClassRules::default().apply(&classes(&["car"]), &mut samples);
        assert!(applied.unwrap_err().to_string().starts_with("a.png has a box of class 3"));
    }

    #[test]
    fn lists_become_one() {
        let (one, other) = (classes(&["car", "van"]), classes(&["tram", "car"]));
        let (merged, mappings) = merge_classes(&[&one, &other, &[]]);
        assert_eq!(merged, classes(&["car", "van", "tram"]));
        assert_eq!(mappings, [vec![0, 1], vec![2, 0], vec![]]);
    }

    proptest::proptest! {
        #[test]
        fn each_class_is_found_again(lists in proptest::collection::vec(proptest::collection::vec("[a-d]{1,2}", 0..8), 0..5)) {
            let views: Vec<&[String]> = lists.iter().map(Vec::as_slice).collect();
            let (merged, mappings) = merge_classes(&views);
            for (list, mapping) in lists.iter().zip(&mappings) {
                let found: Vec<&String> = mapping.iter().map(|place| &merged[*place as usize]).collect();
                proptest::prop_assert_eq!(found, list.iter().collect::<Vec<_>>());
            }
            let distinct: HashSet<&String> = merged.iter().collect();
            proptest::prop_assert_eq!(distinct.len(), merged.len());
        }
    }
}
