//! What is made of a stranger's model, whatever it answers: any [`Model`] stands in
//! for the file and its runtime. For fuzz targets, which give the numbers, the
//! notes in the file and the text beside it.

use std::path::PathBuf;

use roadloop_base::ModelId;

use crate::detector::{DetectorOptions, ModelDetector, Opened, Settings};
use crate::finders::face::FaceFinder;
use crate::finders::plate::PlateFinder;
use crate::finders::text::TextFinder;
use crate::tagger::Tagger;
use crate::{Detector, FinderOptions, Model, ModelError};

/// What a model is opened as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Detector,
    Tagger,
    FaceFinder,
    PlateFinder,
    TextFinder,
}

/// The content of the files beside a model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'t> {
    /// `<stem>.toml`
    pub settings: &'t str,
    /// `<stem>.labels.txt`
    pub labels: Option<&'t str>,
}

/// Opens a model as its file would be.
pub fn open_as(
    role: Role,
    model: Box<dyn Model>,
    beside: Beside<'_>,
) -> Result<Box<dyn Detector>, ModelError> {
    let mut settings = Settings::parse(beside.settings)
        .map_err(|reason| ModelError::Settings { path: PathBuf::from("model.toml"), reason })?;
    if settings.labels.is_none()
        && let Some(labels) = beside.labels
    {
        settings.take_labels(labels);
    }
    let settings = settings.noting(model.as_ref());
    let id = ModelId::from_content("model", [0; 4]);
    let (options, looks) = (DetectorOptions::default(), FinderOptions::default());
    Ok(match role {
        Role::Detector => Box::new(ModelDetector::new(model, id, &settings, &options)?),
        Role::Tagger => Box::new(Tagger::new(Opened { model, id, settings }, &options)?),
        Role::FaceFinder => Box::new(FaceFinder::new(model, id, &looks)?),
        Role::PlateFinder => Box::new(PlateFinder::new(model, id, &looks)?),
        Role::TextFinder => Box::new(TextFinder::new(model, id, &looks)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fake::{FakeModel, tensor};
    use crate::{Channels, Pixels};

    #[track_caller]
    fn check(beside: Beside<'_>, expected: &str) {
        let scores = tensor(&[1, 3], vec![0.1, 0.0, 0.9]);
        let model = Box::new(FakeModel::fixed(&[1, 3, 4, 4], vec![("scores", scores)]));
        let found = match open_as(Role::Tagger, model, beside) {
            Ok(tagger) => {
                let pixels = Pixels::new(4, 4, Channels::Gray, vec![0; 16]).unwrap();
                tagger.detect(&pixels).unwrap()[0].label.clone()
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn what_lies_beside_counts() {
        let labels = Some("Rain\nSnow\nSun\n");
        check(Beside { settings: "", labels }, "sun");
        check(Beside { settings: "labels = ['a', 'b', 'c']", labels }, "c");
        let refused = "the model's settings cannot be read: std must not be 0\npath: model.toml";
        check(Beside { settings: "std = [1.0, 1.0, 0.0]", labels }, refused);
    }
}
