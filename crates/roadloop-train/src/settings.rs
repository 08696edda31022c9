//! What a run is told: one value, kept with the run before its first step.
//!
//! Names are those of the reference's training script (GluonCV's `train_yolo3.py`) where it has
//! one for the same thing (`data_shape`, `wd`, `lr_mode`, `no_mixup_epochs`, …), so that a
//! configuration can be carried over word for word.

mod network;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use network::{Network, UnknownNetwork};

use crate::TrainError;
use crate::augment::{Augment, RandomShape};

/// Sides of images are multiples of this: the stride of the coarsest map.
pub const STRIDE: u32 = 32;
/// Larger images than this are for no detector here.
const MAX_SHAPE: u32 = 2048;

/// How the learning rate falls after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LrMode {
    /// Half a cosine, down to `min_lr_ratio` of `lr`, as YOLOX.
    #[default]
    Cosine,
    /// Times `lr_decay` at each epoch of `lr_decay_epoch`, as the reference.
    Step,
    Constant,
}

/// Which part of the network keeps its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freeze {
    #[default]
    Nothing,
    /// All before the neck; its norms keep what they know of means and variances too.
    Backbone,
    /// All but the last layers of the heads, those that depend on the classes.
    AllButHeads,
}

/// All knobs of a run. Absent ones are those of [`TrainSettings::of`] for its network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainSettings {
    pub network: Network,
    /// Side of the square images, pixels, a multiple of 32.
    pub data_shape: u32,
    /// Another side for every tenth batch, from `data_shape` less 160 to plus 160, within
    /// 320 to 608.
    pub random_shape: bool,
    pub batch_size: u32,
    /// Batches whose gradients are added up for one step.
    pub accumulate: u32,
    pub epochs: u32,
    /// Learning rate of a step after the warm-up, for the whole batch.
    pub lr: f64,
    pub lr_mode: LrMode,
    /// Factor at each of `lr_decay_epoch`, for `step`.
    pub lr_decay: f64,
    pub lr_decay_epoch: Vec<u32>,
    /// Part of `lr` that is left at the end, for `cosine`.
    pub min_lr_ratio: f64,
    /// Learning rate of the first step.
    pub warmup_lr: f64,
    pub warmup_epochs: f64,
    pub momentum: f64,
    pub nesterov: bool,
    /// Weight decay, of the weights of convolutions.
    pub wd: f64,
    /// None on biases and norms.
    pub no_wd: bool,
    /// Gradients longer than this, all together, are made as long; 0 leaves them.
    pub clip_norm: f64,
    /// Slow average of the weights, which is what is evaluated and kept; 0 keeps none.
    pub ema_decay: f64,
    pub label_smooth: f64,
    pub freeze: Freeze,
    /// Epochs for which `freeze` holds; all of them where it is 0.
    pub freeze_epochs: u32,
    /// Whether norms keep their means and variances from the first weights on, and are not
    /// moved by the statistics of batches: for few images, whose batches say little.
    pub freeze_norms: bool,
    /// Part of the loss of a class, by its name; 1 for those not named.
    pub class_weights: BTreeMap<String, f64>,
    /// Mixes two images, as often as `augment` says.
    pub mixup: bool,
    /// Epochs at the end without mosaic and mixup; YOLOX adds its L1 loss in them.
    pub no_mixup_epochs: u32,
    /// Epochs from one evaluation to the next.
    pub val_interval: u32,
    /// Epochs without a better val mAP after which to stop; 0 goes on.
    pub patience: u32,
    pub seed: u64,
    /// How pictures are changed, besides.
    pub augment: Augment,
}

impl TrainSettings {
    /// Those the network was published with, for a batch of 8 images.
    pub fn of(network: Network) -> TrainSettings {
        // YOLOX: 0.01 for 64 images, from `yolox/exp/yolox_base.py`.
        let yolox = TrainSettings {
            network,
            data_shape: network.data_shape(),
            random_shape: true,
            batch_size: 8,
            accumulate: 1,
            epochs: 40,
            lr: 0.01 / 64.0 * 8.0,
            lr_mode: LrMode::Cosine,
            lr_decay: 0.1,
            lr_decay_epoch: Vec::new(),
            min_lr_ratio: 0.05,
            warmup_lr: 0.0,
            warmup_epochs: 1.0,
            momentum: 0.9,
            nesterov: true,
            wd: 5e-4,
            no_wd: true,
            // As Ultralytics; without it a single early batch can undo what weights came with.
            clip_norm: 10.0,
            ema_decay: 0.9998,
            label_smooth: 0.0,
            freeze: Freeze::Nothing,
            freeze_epochs: 0,
            freeze_norms: false,
            class_weights: BTreeMap::new(),
            mixup: network.is_large(),
            no_mixup_epochs: 8,
            val_interval: 1,
            patience: 0,
            seed: 0,
            augment: network.augment(),
        };
        match network {
            // GluonCV's defaults.
            Network::YoloV3 => TrainSettings {
                lr: 1e-3,
                lr_mode: LrMode::Step,
                lr_decay_epoch: vec![32, 36],
                warmup_epochs: 2.0,
                nesterov: false,
                ema_decay: 0.0,
                no_wd: false,
                mixup: false,
                seed: 233,
                ..yolox
            },
            _ => yolox,
        }
    }

    /// What cannot be, in words that name the knob.
    pub fn check(&self) -> Result<(), TrainError> {
        let is_rate = |value: f64| value.is_finite() && value >= 0.0;
        let is_part = |value: f64| (0.0..=1.0).contains(&value);
        let is_below_one = |value: f64| (0.0..1.0).contains(&value);
        let refuse = |knob: &'static str, found: String, wanted: &'static str| {
            Err(TrainError::Setting { knob, found, wanted })
        };
        let shape = self.data_shape;
        if !(STRIDE..=MAX_SHAPE).contains(&shape) || !shape.is_multiple_of(STRIDE) {
            return refuse("data_shape", shape.to_string(), "a multiple of 32, up to 2048");
        }
        for (knob, value) in [
            ("batch_size", self.batch_size),
            ("accumulate", self.accumulate),
            ("epochs", self.epochs),
            ("val_interval", self.val_interval),
        ] {
            if value == 0 {
                return refuse(knob, value.to_string(), "at least 1");
            }
        }
        for (knob, value) in [
            ("lr", self.lr),
            ("lr_decay", self.lr_decay),
            ("warmup_lr", self.warmup_lr),
            ("warmup_epochs", self.warmup_epochs),
            ("wd", self.wd),
            ("clip_norm", self.clip_norm),
        ] {
            if !is_rate(value) {
                return refuse(knob, value.to_string(), "a number from 0");
            }
        }
        if !is_part(self.min_lr_ratio) {
            return refuse("min_lr_ratio", self.min_lr_ratio.to_string(), "from 0 to 1");
        }
        for (knob, value) in [
            ("momentum", self.momentum),
            ("ema_decay", self.ema_decay),
            ("label_smooth", self.label_smooth),
        ] {
            if !is_below_one(value) {
                return refuse(knob, value.to_string(), "from 0, below 1");
            }
        }
        self.augment.check()?;
        match self.class_weights.iter().find(|(_, weight)| !is_rate(**weight)) {
            Some((class, weight)) => {
                refuse("class_weights", format!("{weight} for {class:?}"), "a number from 0")
            }
            None => Ok(()),
        }
    }

    /// Weights of the classes, in their order; an error names one that there is not.
    pub fn weights_of(&self, classes: &[String]) -> Result<Vec<f32>, TrainError> {
        if let Some(unknown) = self.class_weights.keys().find(|name| !classes.contains(name)) {
            return Err(TrainError::Setting {
                knob: "class_weights",
                found: format!("{unknown:?}"),
                wanted: "a class of the dataset",
            });
        }
        let weight = |class: &String| self.class_weights.get(class).copied().unwrap_or(1.0) as f32;
        Ok(classes.iter().map(weight).collect())
    }

    /// Whether mosaic and mixup are over in that epoch, counted from 0.
    pub fn is_plain(&self, epoch: u32) -> bool {
        epoch + self.no_mixup_epochs >= self.epochs
    }

    /// How pictures are changed in that epoch, counted from 0.
    pub fn augment_in(&self, epoch: u32) -> Augment {
        let mut augment = match self.is_plain(epoch) {
            true => self.augment.closing(),
            false => self.augment.clone(),
        };
        if !self.mixup {
            augment.mixup_probability = 0.0;
        }
        augment
    }

    /// Sides of the images, batch by batch.
    pub fn shape(&self) -> RandomShape {
        if !self.random_shape {
            return RandomShape::fixed(self.data_shape);
        }
        // Five steps of 32 to either side, as YOLOX and as the paper, within its bounds.
        let usual = RandomShape::default();
        RandomShape {
            smallest: self.data_shape.saturating_sub(160).max(usual.smallest.min(self.data_shape)),
            largest: (self.data_shape + 160).min(usual.largest.max(self.data_shape)),
            every: 10,
        }
    }

    /// Whether what is frozen is frozen in that epoch, counted from 0.
    pub fn frozen_in(&self, epoch: u32) -> Freeze {
        match self.freeze_epochs == 0 || epoch < self.freeze_epochs {
            true => self.freeze,
            false => Freeze::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: impl FnOnce(&mut TrainSettings), expected: Option<&str>) {
        let mut settings = TrainSettings::of(Network::YoloxNano);
        change(&mut settings);
        let found = settings.check().err().map(|error| error.to_string());
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn what_cannot_be_is_named() {
        check(|_| {}, None);
        check(
            |s| s.data_shape = 400,
            Some("data_shape is 400, which must be a multiple of 32, up to 2048"),
        );
        check(|s| s.batch_size = 0, Some("batch_size is 0, which must be at least 1"));
        check(|s| s.lr = f64::NAN, Some("lr is NaN, which must be a number from 0"));
        check(|s| s.momentum = 1.0, Some("momentum is 1, which must be from 0, below 1"));
    }

    #[test]
    fn all_networks_have_settings_that_can_be() {
        for network in Network::ALL {
            TrainSettings::of(network).check().unwrap();
        }
    }

    #[test]
    fn the_last_epochs_are_plain_and_the_first_frozen() {
        let settings = TrainSettings {
            epochs: 10,
            no_mixup_epochs: 3,
            freeze: Freeze::Backbone,
            freeze_epochs: 2,
            ..TrainSettings::of(Network::YoloxS)
        };
        let plain: Vec<u32> = (0..10).filter(|epoch| settings.is_plain(*epoch)).collect();
        assert_eq!(plain, [7, 8, 9]);
        let frozen: Vec<u32> =
            (0..10).filter(|epoch| settings.frozen_in(*epoch) == Freeze::Backbone).collect();
        assert_eq!(frozen, [0, 1]);
    }

    #[test]
    fn weights_follow_the_classes() {
        let mut settings = TrainSettings::of(Network::YoloxTiny);
        settings.class_weights.insert("bus".to_owned(), 2.0);
        let classes = ["car".to_owned(), "bus".to_owned()];
        assert_eq!(settings.weights_of(&classes).unwrap(), [1.0, 2.0]);
        assert!(settings.weights_of(&classes[..1]).is_err());
    }

    #[test]
    fn kept_settings_are_read_again_and_unknown_knobs_refused() {
        let settings = TrainSettings::of(Network::YoloV3);
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<TrainSettings>(&text).unwrap(), settings);
        let odd = text.replace("\"lr\"", "\"learning\"");
        assert!(serde_json::from_str::<TrainSettings>(&odd).is_err());
    }
}
