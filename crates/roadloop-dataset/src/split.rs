//! Which samples are for training, and which are kept back.
//!
//! What is split are units: all images of a recording, or of a day, or each image by
//! itself ([`GroupBy`]). A unit is never torn apart, and images that are byte for byte the
//! same are of one unit wherever they lie: what was learned by heart must not be asked.
//! Nothing depends on the order of samples, only on the units' keys and the seed.
//!
//! Knows no format and no store; who calls says which groups an earlier version has put
//! somewhere ([`unit_key`] says what they are called).

mod assign;
#[cfg(test)]
mod tests;
mod units;
mod warnings;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{DatasetError, Sample, Split};

/// How samples are split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitSettings {
    /// Parts for training, validation and test, of any sum above 0; 60, 20 and 20.
    pub ratios: [f64; 3],
    pub by: SplitBy,
    pub group: GroupBy,
    /// Of each class as near the ratios as can be, not only of images.
    pub stratify: bool,
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitBy {
    Random,
    /// The earliest for training, the latest for test.
    Time,
    /// As what it is made from says; what says nothing is for training.
    Given,
}

/// What must not be torn apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// So that no neighbour of a training frame is in validation.
    Recording,
    /// A day of a recording's time, in UTC, over all recordings.
    Day,
    /// Each image by itself.
    None,
}

/// What a sample is kept together with: its recording (or folder), its day as
/// `2026-11-30` (the recording where it has no time), or its own name.
pub fn unit_key(sample: &Sample, group_by: GroupBy) -> String {
    match group_by {
        GroupBy::Recording => sample.group.clone(),
        GroupBy::Day => sample.taken_at.map_or_else(
            || sample.group.clone(),
            |time| time.iso().split('T').next().unwrap_or_default().to_owned(),
        ),
        GroupBy::None => sample.name.as_str().to_owned(),
    }
}

/// Puts each sample into a split. `kept` are groups, by their [`unit_key`], that have one
/// already, by an earlier version; they keep it. What is to be said of the result is given
/// back. Classes are called by their numbers in it; [`split_of_classes`] knows their names.
pub fn split(
    samples: &mut [Sample],
    settings: &SplitSettings,
    kept: &HashMap<String, Split>,
) -> Result<Vec<String>, DatasetError> {
    split_of_classes(samples, &[], settings, kept)
}

/// The same as [`split`], of a dataset whose classes have these names.
pub fn split_of_classes(
    samples: &mut [Sample],
    classes: &[String],
    settings: &SplitSettings,
    kept: &HashMap<String, Split>,
) -> Result<Vec<String>, DatasetError> {
    let parts = parts(settings)?;
    if settings.by == SplitBy::Given || samples.is_empty() {
        return Ok(warnings::of_samples(samples, classes));
    }
    let units = units::Units::of(samples, settings, kept);
    let assigned = match settings.by {
        SplitBy::Time => assign::by_time(&units.units, parts)?,
        _ if settings.stratify => assign::stratified(&units.units, parts),
        _ => assign::random(&units.units, parts),
    };
    for (sample, unit) in samples.iter_mut().zip(&units.of_sample) {
        if let Some(split) = assigned.get(*unit).and_then(|split| Split::ALL.get(*split)) {
            sample.split = *split;
        }
    }
    let mut said = warnings::of_units(&units, settings, parts);
    said.extend(warnings::of_ratios(samples, settings, parts, units.units.len()));
    said.extend(warnings::of_samples(samples, classes));
    Ok(said)
}

/// Shares of training, validation and test, of sum 1.
fn parts(settings: &SplitSettings) -> Result<[f64; 3], DatasetError> {
    let sum: f64 = settings.ratios.iter().sum();
    let are_parts = settings.ratios.iter().all(|part| part.is_finite() && *part >= 0.0);
    if !are_parts || !sum.is_finite() || sum <= 0.0 {
        let [train, val, test] = settings.ratios;
        return Err(DatasetError::Settings(format!(
            "the parts of a split are three numbers of 0 or more, not all 0, as 60, 20 and 20: \
             not {train}, {val} and {test}"
        )));
    }
    Ok(settings.ratios.map(|part| part / sum))
}
