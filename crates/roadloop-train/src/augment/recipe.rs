//! Which changes are made, how often and how far: one value, with the names of those whose
//! numbers they are.

use roadloop_base::ErrorKind;
use serde::{Deserialize, Serialize};

/// A recipe of augmentation. [`Default`] is YOLOX's for its models from s to x.
///
/// Probabilities are 0 to 1. In the order in which things are done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augment {
    /// Four pictures around a point, turned, scaled, sheared and shifted together.
    pub mosaic_probability: f32,
    /// Turned, scaled, sheared and shifted too where it is no mosaic. YOLOX: never.
    pub affine_probability: f32,
    /// Turned by at most so much to either side, up to 180.
    pub degrees: f32,
    /// Shifted by at most so much of the input's side, 0 to 1.
    pub translate: f32,
    /// Scaled by at least and at most so much, 0.01 to 100.
    pub scale: (f32, f32),
    /// Sheared along each axis by at most so many degrees, up to 40.
    pub shear: f32,
    /// A second picture seen through the first, where that is a mosaic.
    pub mixup_probability: f32,
    /// The second picture is scaled by at least and at most so much, 0.01 to 100.
    pub mixup_scale: (f32, f32),
    pub hsv_probability: f32,
    /// The largest shifts of hue (in steps of two degrees), saturation and value (of 255).
    pub hsv_gains: [f32; 3],
    /// Of each of the four that follow, by itself.
    pub distort_probability: f32,
    /// At most so many levels are added or taken, of 255.
    pub brightness: f32,
    /// All levels times at least and at most so much.
    pub contrast: (f32, f32),
    /// 0 is gray, 1 as it is.
    pub saturation: (f32, f32),
    /// Hue turned by at most so much, up to 180.
    pub hue_degrees: f32,
    pub expand_probability: f32,
    /// The canvas is at most so many times as wide and high, 1 to 16.
    pub expand_ratio: f32,
    pub crop_probability: f32,
    /// The root of the part's share of the picture, at least and at most, above 0 and up to 1.
    pub crop_scale: (f32, f32),
    /// The part's shape is at most so many times as long one way as the picture's, 1 to 16.
    pub crop_aspect: f32,
    pub flip_probability: f32,
    /// Resized by a way drawn from nearest, linear, cubic, area and Lanczos; else linear.
    pub random_resampling_probability: f32,
    /// Red, green and blue of what is no picture, 0 to 255.
    pub fill: [u8; 3],
    /// Boxes that are not wider and higher than this are left out in the end, in pixels of
    /// the input.
    pub smallest_box: f32,
}

/// YOLOX's models, of which the small ones are trained with less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YoloxSize {
    Nano,
    Tiny,
    /// s, m, l, x and Darknet53.
    Larger,
}

impl Default for Augment {
    fn default() -> Augment {
        Augment::yolox(YoloxSize::Larger)
    }
}

impl Augment {
    /// YOLOX 0.3, `yolox_base.py` and `exps/default`: nano and tiny scale by less and mix
    /// nothing up, and every second of nano's pictures is no mosaic.
    pub fn yolox(size: YoloxSize) -> Augment {
        let small = size != YoloxSize::Larger;
        Augment {
            mosaic_probability: if size == YoloxSize::Nano { 0.5 } else { 1.0 },
            degrees: 10.0,
            translate: 0.1,
            scale: if small { (0.5, 1.5) } else { (0.1, 2.0) },
            shear: 2.0,
            mixup_probability: if small { 0.0 } else { 1.0 },
            mixup_scale: (0.5, 1.5),
            hsv_probability: 1.0,
            hsv_gains: [5.0, 30.0, 30.0],
            flip_probability: 0.5,
            smallest_box: 1.0,
            ..Augment::none()
        }
    }

    /// GluonCV's `YOLO3DefaultTrainTransform`, with which the reference trains YOLOv3. The fill
    /// is the mean that is taken off afterwards.
    pub fn yolov3_reference() -> Augment {
        Augment {
            distort_probability: 0.5,
            brightness: 32.0,
            contrast: (0.5, 1.5),
            saturation: (0.5, 1.5),
            // There: 18 half turns to either side, which as a draw is any turn at all.
            hue_degrees: 180.0,
            expand_probability: 0.5,
            expand_ratio: 4.0,
            crop_probability: 1.0,
            crop_scale: (0.3, 1.0),
            crop_aspect: 2.0,
            flip_probability: 0.5,
            random_resampling_probability: 1.0,
            // 255 times (0.485, 0.456, 0.406).
            fill: [124, 116, 104],
            smallest_box: 1.0,
            ..Augment::none()
        }
    }

    /// Pictures as they are served.
    pub fn none() -> Augment {
        Augment {
            mosaic_probability: 0.0,
            affine_probability: 0.0,
            degrees: 0.0,
            translate: 0.0,
            scale: (1.0, 1.0),
            shear: 0.0,
            mixup_probability: 0.0,
            mixup_scale: (1.0, 1.0),
            hsv_probability: 0.0,
            hsv_gains: [0.0; 3],
            distort_probability: 0.0,
            brightness: 0.0,
            contrast: (1.0, 1.0),
            saturation: (1.0, 1.0),
            hue_degrees: 0.0,
            expand_probability: 0.0,
            expand_ratio: 1.0,
            crop_probability: 0.0,
            crop_scale: (1.0, 1.0),
            crop_aspect: 1.0,
            flip_probability: 0.0,
            random_resampling_probability: 0.0,
            // YOLOX's gray.
            fill: [114; 3],
            smallest_box: 0.0,
        }
    }

    /// For the last epochs, as YOLOX closes them: without mosaic, affine and mixup, for a
    /// model should end on pictures as they are. Colours and flips stay.
    #[must_use]
    pub fn closing(&self) -> Augment {
        Augment {
            mosaic_probability: 0.0,
            affine_probability: 0.0,
            mixup_probability: 0.0,
            ..self.clone()
        }
    }

    /// Whether all numbers are such that pictures can be made with them. Settings come from
    /// files and flags: ask before the first batch.
    pub fn check(&self) -> Result<(), AugmentError> {
        for (name, probability) in [
            ("mosaic_probability", self.mosaic_probability),
            ("affine_probability", self.affine_probability),
            ("mixup_probability", self.mixup_probability),
            ("hsv_probability", self.hsv_probability),
            ("distort_probability", self.distort_probability),
            ("expand_probability", self.expand_probability),
            ("crop_probability", self.crop_probability),
            ("flip_probability", self.flip_probability),
            ("random_resampling_probability", self.random_resampling_probability),
        ] {
            within(name, probability, (0.0, 1.0))?;
        }
        within("degrees", self.degrees, (0.0, 180.0))?;
        within("translate", self.translate, (0.0, 1.0))?;
        // From 45 on two shears make a line of a picture.
        within("shear", self.shear, (0.0, 40.0))?;
        for gain in self.hsv_gains {
            within("hsv_gains", gain, (0.0, 255.0))?;
        }
        within("brightness", self.brightness, (0.0, 255.0))?;
        within("hue_degrees", self.hue_degrees, (0.0, 180.0))?;
        within("expand_ratio", self.expand_ratio, (1.0, 16.0))?;
        within("crop_aspect", self.crop_aspect, (1.0, 16.0))?;
        within("smallest_box", self.smallest_box, (0.0, 1000.0))?;
        rising("scale", self.scale, (0.01, 100.0))?;
        rising("mixup_scale", self.mixup_scale, (0.01, 100.0))?;
        rising("contrast", self.contrast, (0.0, 10.0))?;
        rising("saturation", self.saturation, (0.0, 10.0))?;
        rising("crop_scale", self.crop_scale, (0.01, 1.0))
    }
}

/// What is wrong with settings of pictures and batches.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AugmentError {
    #[error("{name} is {found}; it must be from {least} to {most}")]
    OutOfRange { name: &'static str, found: f64, least: f64, most: f64 },
    #[error("{name} goes from {} to {}; the first must not be larger", found.0, found.1)]
    Falling { name: &'static str, found: (f32, f32) },
    #[error("{name} is {found}; it must be a multiple of {of}")]
    NotAMultiple { name: &'static str, found: u32, of: u32 },
}

impl AugmentError {
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

pub(crate) fn within(
    name: &'static str,
    found: f32,
    (least, most): (f32, f32),
) -> Result<(), AugmentError> {
    match (least..=most).contains(&found) {
        true => Ok(()),
        // As it is written in decimal, not as the nearest binary fraction reads.
        false => Err(AugmentError::OutOfRange {
            name,
            found: plain(found),
            least: plain(least),
            most: plain(most),
        }),
    }
}

fn plain(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::NAN)
}

fn rising(name: &'static str, found: (f32, f32), bounds: (f32, f32)) -> Result<(), AugmentError> {
    within(name, found.0, bounds)?;
    within(name, found.1, bounds)?;
    if found.0 > found.1 {
        return Err(AugmentError::Falling { name, found });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let got = match serde_json::from_str::<Augment>(json) {
            Ok(augment) => match augment.check() {
                Ok(()) => "fine".to_owned(),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string().split(',').next().unwrap_or_default().to_owned(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn settings_are_looked_at() {
        check("{}", "fine");
        check(r#"{"degrees": 0, "scale": [0.5, 0.5]}"#, "fine");
        check(r#"{"mosaics": 1}"#, "unknown field `mosaics`");
        check(r#"{"flip_probability": 1.1}"#, "flip_probability is 1.1; it must be from 0 to 1");
        check(r#"{"degrees": -1}"#, "degrees is -1; it must be from 0 to 180");
        check(r#"{"shear": 45}"#, "shear is 45; it must be from 0 to 40");
        check(r#"{"scale": [0, 2]}"#, "scale is 0; it must be from 0.01 to 100");
        check(r#"{"scale": [2, 1]}"#, "scale goes from 2 to 1; the first must not be larger");
        check(r#"{"expand_ratio": 1e9}"#, "expand_ratio is 1000000000; it must be from 1 to 16");
        let nothing = Augment { translate: f32::NAN, ..Augment::none() };
        assert!(nothing.check().is_err());
    }

    #[test]
    fn recipes_are_fine_and_survive_being_written() {
        let sizes = [YoloxSize::Nano, YoloxSize::Tiny, YoloxSize::Larger].map(Augment::yolox);
        for augment in sizes.into_iter().chain([Augment::yolov3_reference(), Augment::none()]) {
            assert_eq!(augment.check(), Ok(()));
            assert_eq!(augment.closing().check(), Ok(()));
            let written = serde_json::to_string(&augment).unwrap();
            assert_eq!(serde_json::from_str::<Augment>(&written).unwrap(), augment);
        }
    }

    #[test]
    fn the_last_epochs_keep_colours_and_flips() {
        let closing = Augment::default().closing();
        assert_eq!((closing.mosaic_probability, closing.mixup_probability), (0.0, 0.0));
        assert_eq!((closing.hsv_probability, closing.flip_probability), (1.0, 0.5));
        assert_eq!(Augment::none().closing(), Augment::none());
    }
}
