//! What people write beside a model file: `<stem>.toml`, and labels one a line
//! in `<stem>.labels.txt` or `labels.txt`.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{coco, noted};
use crate::ModelError;
use crate::letterbox::{ColorOrder, Fit, Normalize};
use crate::model::Model;

/// A settings or label file larger than this is something else.
const LARGEST: u64 = 1 << 20;

/// The decoders, by the names the settings file uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecoderKind {
    Nanodet,
    Yolox,
    Yolov5,
    Yolov8,
    Detr,
}

/// What is done to a row of scores before they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Activation {
    /// They are probabilities already.
    None,
    Sigmoid,
    Softmax,
}

/// Everything that may be said about a model; what is left out follows from
/// its family.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) decoder: Option<DecoderKind>,
    pub(crate) labels: Option<Vec<String>>,
    /// Width and height, for a model that takes any.
    pub(crate) size: Option<[usize; 2]>,
    pub(crate) mean: Option<[f32; 3]>,
    pub(crate) std: Option<[f32; 3]>,
    pub(crate) color_order: Option<ColorOrder>,
    pub(crate) fill: Option<u8>,
    pub(crate) fit: Option<Fit>,
    pub(crate) activation: Option<Activation>,
    pub(crate) confidence: Option<f32>,
    /// What the model's exporter noted in it; settings come before.
    #[serde(skip)]
    pub(crate) noted_labels: Option<Vec<String>>,
    #[serde(skip)]
    pub(crate) noted_size: Option<[usize; 2]>,
    /// The text the settings were read from.
    #[serde(skip)]
    pub(super) read: String,
    /// Where settings would be looked for.
    #[serde(skip)]
    pub(super) path: Option<PathBuf>,
}

impl Settings {
    /// The settings of a model file; those of a file that has none are empty.
    pub(crate) fn beside(model: &Path) -> Result<Settings, ModelError> {
        let path = model.with_extension("toml");
        let text = read_text(&path)?.unwrap_or_default();
        let mut settings = Settings::parse(&text)
            .map_err(|reason| ModelError::Settings { path: path.clone(), reason })?;
        settings.read = text;
        if settings.labels.is_none() {
            let own = model.with_extension("labels.txt");
            if let Some(text) = read_text(&own)? {
                settings.take_labels(&text);
            }
        }
        settings.path = Some(path);
        Ok(settings)
    }

    /// Labels from the folder's `labels.txt`, when nothing nearer gave any.
    /// Only for models whose classes are nobody's standard: a folder may hold
    /// several models.
    pub(crate) fn or_folder_labels(mut self, model: &Path) -> Result<Settings, ModelError> {
        if self.labels.is_none()
            && let Some(text) = read_text(&model.with_file_name("labels.txt"))?
        {
            self.take_labels(&text);
        }
        Ok(self)
    }

    /// From a file with one a line.
    pub(crate) fn take_labels(&mut self, text: &str) {
        self.read.push_str(text);
        self.labels = Some(lines(text));
    }

    /// With what the exporter of a model noted in it.
    pub(crate) fn noting(mut self, model: &dyn Model) -> Settings {
        self.noted_labels = model.note("names").as_deref().and_then(noted::labels);
        self.noted_size = model.note("imgsz").as_deref().and_then(noted::size);
        self
    }

    pub(crate) fn parse(text: &str) -> Result<Settings, String> {
        let mut settings: Settings =
            toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let finite = |values: &Option<[f32; 3]>| values.iter().flatten().all(|v| v.is_finite());
        if !finite(&settings.mean) || !finite(&settings.std) {
            return Err("mean and std must be finite numbers".to_owned());
        }
        if settings.std.iter().flatten().any(|v| *v == 0.0) {
            return Err("std must not be 0".to_owned());
        }
        if settings.confidence.is_some_and(|least| !(0.0..=1.0).contains(&least)) {
            return Err("confidence must lie between 0 and 1".to_owned());
        }
        // As a file of labels has them, or a filter would never find one.
        for label in settings.labels.iter_mut().flatten() {
            *label = label.trim().to_lowercase();
        }
        Ok(settings)
    }

    /// What was read, for the model's id.
    pub(crate) fn as_read(&self) -> &[u8] {
        self.read.as_bytes()
    }

    pub(crate) fn normalize_or(&self, family: Normalize) -> Normalize {
        Normalize {
            order: self.color_order.unwrap_or(family.order),
            mean: self.mean.unwrap_or(family.mean),
            std: self.std.unwrap_or(family.std),
            fill: self.fill.unwrap_or(family.fill),
        }
    }

    /// One label per class: those given, else those noted in the model, else
    /// COCO's where the count is COCO's.
    pub(crate) fn labels_for(
        &self,
        model: &str,
        classes: usize,
    ) -> Result<Vec<String>, ModelError> {
        let Some(labels) = &self.labels else {
            let noted = self.noted_labels.clone().filter(|labels| labels.len() == classes);
            let known = noted.or_else(|| coco::labels(classes));
            return known.ok_or_else(|| self.no_labels(model, classes));
        };
        if labels.len() != classes {
            return Err(ModelError::LabelCount {
                model: model.to_owned(),
                classes,
                labels: labels.len(),
            });
        }
        Ok(labels.clone())
    }

    pub(crate) fn no_labels(&self, model: &str, classes: usize) -> ModelError {
        let mend = match &self.path {
            Some(path) => format!(
                "write them one a line to {}, or as labels = [...] to {}",
                path.with_extension("labels.txt").display(),
                path.display()
            ),
            None => "give it as a file with labels beside it".to_owned(),
        };
        ModelError::NoLabels { model: model.to_owned(), classes, mend }
    }
}

/// One label a line, in lower case; empty lines at the end do not count.
fn lines(text: &str) -> Vec<String> {
    text.trim_end().lines().map(|line| line.trim().to_lowercase()).collect()
}

/// `None` when there is no such file.
fn read_text(path: &Path) -> Result<Option<String>, ModelError> {
    let refused = |reason: String| ModelError::Settings { path: path.to_path_buf(), reason };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(error.to_string())),
    };
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| refused(error.to_string()))?;
    if text.len() as u64 > LARGEST {
        return Err(refused(format!("it is larger than {LARGEST} bytes")));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match Settings::parse(text) {
            Ok(settings) => {
                format!("{:?} {:?} {:?}", settings.decoder, settings.size, settings.fit)
            }
            Err(error) => format!("error: {error}"),
        };
        assert!(found.starts_with(expected), "{found}");
    }

    #[test]
    fn settings_are_read_and_checked() {
        check("", "None None None");
        check(
            "decoder = 'yolox'\nsize = [416, 320]\nfit = 'top-left'",
            "Some(Yolox) Some([416, 320]) Some(TopLeft)",
        );
        check("decoder = 'yolo99'", "error: unknown variant `yolo99`");
        check("sise = 3", "error: unknown field `sise`");
        check("std = [1.0, 0.0, 1.0]", "error: std must not be 0");
        check("mean = [nan, 0.0, 1.0]", "error: mean and std must be finite numbers");
        check("confidence = 30", "error: confidence must lie between 0 and 1");
    }

    #[test]
    fn labels_are_in_lower_case_wherever_they_are_given() {
        let settings = Settings::parse("labels = ['Person', ' Traffic Light']").unwrap();
        assert_eq!(settings.labels, Some(vec!["person".into(), "traffic light".into()]));
    }

    #[test]
    fn labels_lie_beside_the_model() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let model = folder.path().join("rain.onnx");
        let of = |model: &Path| Settings::beside(model).and_then(|s| s.or_folder_labels(model));
        assert_eq!(of(&model).expect("no files").labels, None);
        fs::write(folder.path().join("labels.txt"), "Dry\nWet\n\n").expect("a file");
        assert_eq!(of(&model).expect("a file").labels, Some(vec!["dry".into(), "wet".into()]));
        fs::write(folder.path().join("rain.labels.txt"), "sun").expect("a file");
        let settings = of(&model).expect("a file");
        let error = settings.labels_for("rain.onnx", 3).unwrap_err();
        assert_eq!(error.to_string(), "rain.onnx has 3 classes, but there are 1 labels");
    }
}
