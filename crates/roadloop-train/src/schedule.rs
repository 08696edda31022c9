//! The learning rate of each step: a warm-up, then the fall that the settings name.

use crate::settings::{LrMode, TrainSettings};

/// Learning rates of a run whose epochs have as many steps.
#[derive(Clone, Debug)]
pub struct Schedule<'a> {
    settings: &'a TrainSettings,
    steps_per_epoch: u64,
}

impl<'a> Schedule<'a> {
    /// At least one step an epoch is assumed.
    pub fn new(settings: &'a TrainSettings, steps_per_epoch: u64) -> Schedule<'a> {
        Schedule { settings, steps_per_epoch: steps_per_epoch.max(1) }
    }

    /// Learning rate of a step, counted from 0 over the whole run.
    pub fn lr(&self, step: u64) -> f64 {
        let settings = self.settings;
        let per_epoch = self.steps_per_epoch as f64;
        let warmup = settings.warmup_epochs * per_epoch;
        let at = step as f64;
        if at < warmup {
            // Quadratic, as YOLOX's `yoloxwarmcos`.
            let part = (at / warmup).powi(2);
            return settings.warmup_lr + (settings.lr - settings.warmup_lr) * part;
        }
        match settings.lr_mode {
            LrMode::Constant => settings.lr,
            LrMode::Step => {
                let epoch = (step / self.steps_per_epoch) as u32;
                let passed = settings.lr_decay_epoch.iter().filter(|at| **at <= epoch).count();
                settings.lr * settings.lr_decay.powi(passed as i32)
            }
            LrMode::Cosine => {
                // The epochs without mosaic keep the lowest rate, as in YOLOX.
                let falling = f64::from(settings.epochs.saturating_sub(settings.no_mixup_epochs));
                let length = falling * per_epoch - warmup;
                let part = match length > 0.0 {
                    true => ((at - warmup) / length).min(1.0),
                    false => 1.0,
                };
                let lowest = settings.lr * settings.min_lr_ratio;
                let cosine = (1.0 + (std::f64::consts::PI * part).cos()) / 2.0;
                lowest + (settings.lr - lowest) * cosine
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Network;
    use proptest::prelude::*;

    #[track_caller]
    fn check(settings: &TrainSettings, step: u64, expected: f64) {
        let found = Schedule::new(settings, 10).lr(step);
        assert!((found - expected).abs() < 1e-9, "step {step}: {found}, not {expected}");
    }

    #[test]
    fn a_warm_up_then_half_a_cosine() {
        let settings = TrainSettings {
            lr: 0.01,
            epochs: 20,
            no_mixup_epochs: 5,
            warmup_epochs: 5.0,
            min_lr_ratio: 0.05,
            ..TrainSettings::of(Network::YoloxNano)
        };
        check(&settings, 0, 0.0);
        check(&settings, 25, 0.01 / 4.0); // half of the way, a quarter of the rate
        check(&settings, 50, 0.01);
        check(&settings, 100, (0.01 + 0.0005) / 2.0); // half of the 100 steps that fall
        check(&settings, 150, 0.0005);
        check(&settings, 199, 0.0005);
    }

    #[test]
    fn steps_at_the_epochs_named() {
        let settings = TrainSettings {
            lr: 0.1,
            warmup_epochs: 0.0,
            lr_decay_epoch: vec![2, 4],
            ..TrainSettings::of(Network::YoloV3)
        };
        check(&settings, 0, 0.1);
        check(&settings, 19, 0.1);
        check(&settings, 20, 0.01);
        check(&settings, 40, 0.001);
    }

    proptest! {
        #[test]
        fn a_rate_is_never_above_what_was_asked(
            step in 0u64..100_000,
            epochs in 1u32..200,
            plain in 0u32..200,
            warmup in 0.0f64..20.0,
        ) {
            let settings = TrainSettings {
                epochs,
                no_mixup_epochs: plain,
                warmup_epochs: warmup,
                ..TrainSettings::of(Network::YoloxS)
            };
            let lr = Schedule::new(&settings, 7).lr(step);
            prop_assert!((0.0..=settings.lr * (1.0 + 1e-12)).contains(&lr));
        }
    }
}
