//! What is asked, as Rekognition's reference has it. What is asked for and cannot be
//! answered is an error, not left out in silence.

use serde::Deserialize;

use super::texts::Filters;

/// `MinConfidence` where it is not said (the reference's own).
const LABELS_FROM: f64 = 55.0;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Question {
    #[serde(default)]
    pub(super) image: Image,
    max_labels: Option<i64>,
    min_confidence: Option<f64>,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    pub(super) filters: Filters,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Image {
    pub(super) bytes: Option<String>,
    pub(super) s3_object: Option<S3Object>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct S3Object {
    pub(super) bucket: String,
    pub(super) name: String,
    pub(super) version: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    #[serde(default)]
    general_labels: GeneralLabels,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GeneralLabels {
    #[serde(default)]
    label_inclusion_filters: Vec<String>,
    #[serde(default)]
    label_exclusion_filters: Vec<String>,
    #[serde(default)]
    label_category_inclusion_filters: Vec<String>,
    #[serde(default)]
    label_category_exclusion_filters: Vec<String>,
}

/// Which labels are wanted.
#[derive(Debug, PartialEq)]
pub(super) struct Labels {
    pub(super) most: usize,
    /// 0 to 1.
    pub(super) confidence: f64,
    /// As they are written in answers; all where none is named.
    only: Vec<String>,
    but: Vec<String>,
}

impl Question {
    pub(super) fn read(body: &[u8]) -> Result<Question, String> {
        serde_json::from_slice(body)
            .map_err(|error| format!("the question cannot be read: {error}"))
    }

    pub(super) fn labels(&self) -> Result<Labels, String> {
        let other = self.features.iter().find(|feature| *feature != "GENERAL_LABELS");
        if let Some(feature) = other {
            return Err(format!("the feature {feature} is not answered here, only GENERAL_LABELS"));
        }
        let GeneralLabels {
            label_inclusion_filters,
            label_exclusion_filters,
            label_category_inclusion_filters: categories,
            label_category_exclusion_filters: other_categories,
        } = &self.settings.general_labels;
        if !categories.is_empty() || !other_categories.is_empty() {
            return Err("labels have no categories here, and cannot be chosen by them".to_owned());
        }
        let most = match self.max_labels {
            None => usize::MAX,
            Some(most) => {
                usize::try_from(most).map_err(|_| "MaxLabels is less than 0".to_owned())?
            }
        };
        Ok(Labels {
            most,
            confidence: percent(self.min_confidence, LABELS_FROM)?,
            only: label_inclusion_filters.clone(),
            but: label_exclusion_filters.clone(),
        })
    }
}

pub(super) fn percent(percent: Option<f64>, usual: f64) -> Result<f64, String> {
    let percent = percent.unwrap_or(usual);
    if !(0.0..=100.0).contains(&percent) {
        return Err(format!("MinConfidence is {percent}; it goes from 0 to 100"));
    }
    Ok(percent / 100.0)
}

impl Labels {
    pub(super) fn wants(&self, name: &str) -> bool {
        let is_among = |names: &[String]| names.iter().any(|other| other == name);
        (self.only.is_empty() || is_among(&self.only)) && !is_among(&self.but)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn question(question: Value) -> Question {
        Question::read(question.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn labels_that_are_wanted() {
        let usual = question(json!({"Image": {"Bytes": ""}})).labels().unwrap();
        assert_eq!((usual.most, usual.confidence), (usize::MAX, 0.55));
        assert!(usual.wants("Car"));
        let asked = question(json!({
            "MaxLabels": 3, "MinConfidence": 25, "Features": ["GENERAL_LABELS"],
            "Settings": {"GeneralLabels": {
                "LabelInclusionFilters": ["Car", "Person"], "LabelExclusionFilters": ["Person"]}},
        }));
        let asked = asked.labels().unwrap();
        assert_eq!((asked.most, asked.confidence), (3, 0.25));
        assert!(asked.wants("Car") && !asked.wants("Person") && !asked.wants("Bus"));
    }

    #[track_caller]
    fn check_refused(asked: Value, reason: &str) {
        let refused = question(asked).labels();
        assert!(refused.unwrap_err().contains(reason));
    }

    #[test]
    fn what_cannot_be_answered_is_said() {
        check_refused(json!({"Features": ["IMAGE_PROPERTIES"]}), "IMAGE_PROPERTIES");
        let by_category = json!({"GeneralLabels": {"LabelCategoryInclusionFilters": ["Food"]}});
        check_refused(json!({"Settings": by_category}), "categories");
        check_refused(json!({"MaxLabels": -1}), "MaxLabels");
        check_refused(json!({"MinConfidence": 101}), "0 to 100");
        assert!(Question::read(b"{\"Image\": 7}").is_err() && Question::read(b"\xff").is_err());
    }
}
