//! The input's side, another one every few steps: a detector that has seen objects in many
//! sizes finds them in many (YOLOv2, Redmon and Farhadi, 2017: 320 to 608, every 10 batches).

use serde::{Deserialize, Serialize};

use super::AugmentError;
use super::dice::Dice;
use super::recipe::within;

/// Detectors halve their input five times.
const STRIDE: u32 = 32;

/// Square inputs, all of one batch alike. [`Default`] is the paper's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RandomShape {
    /// In pixels, both multiples of 32 and possible.
    pub smallest: u32,
    pub largest: u32,
    /// Drawn again after so many steps, at least one.
    pub every: u32,
}

impl Default for RandomShape {
    fn default() -> RandomShape {
        RandomShape { smallest: 320, largest: 608, every: 10 }
    }
}

impl RandomShape {
    /// One size for all.
    pub fn fixed(side: u32) -> RandomShape {
        RandomShape { smallest: side, largest: side, every: 1 }
    }

    pub fn check(&self) -> Result<(), AugmentError> {
        for (name, side) in [("smallest", self.smallest), ("largest", self.largest)] {
            within(name, side as f32, (32.0, 4096.0))?;
            if !side.is_multiple_of(STRIDE) {
                return Err(AugmentError::NotAMultiple { name, found: side, of: STRIDE });
            }
        }
        within("every", self.every as f32, (1.0, 1e6))?;
        if self.smallest > self.largest {
            let found = (self.smallest as f32, self.largest as f32);
            return Err(AugmentError::Falling { name: "the input's side", found });
        }
        Ok(())
    }

    /// The side at a step of a run, counted from its start over all epochs: the same for the
    /// same seed, so also after a run was resumed.
    pub fn side(&self, seed: u64, step: u64) -> u32 {
        let steps = self.largest.saturating_sub(self.smallest) / STRIDE + 1;
        // A row of its own beside those of pictures, which have three numbers and more.
        let mut dice = Dice::of(&[seed, step / u64::from(self.every.max(1))]);
        self.smallest + STRIDE * dice.below(steps.into()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_change_every_ten_steps() {
        let shape = RandomShape::default();
        let sides: Vec<u32> = (0..4000).map(|step| shape.side(5, step)).collect();
        assert!(sides.chunks(10).all(|ten| ten.iter().all(|side| *side == ten[0])));
        let mut drawn: Vec<u32> = sides.clone();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, (320..=608).step_by(32).collect::<Vec<_>>());
        assert_ne!(sides, (0..4000).map(|step| shape.side(6, step)).collect::<Vec<_>>());
        assert_eq!(RandomShape::fixed(416).side(5, 77), 416);
    }

    #[track_caller]
    fn check(smallest: u32, largest: u32, every: u32, expected: &str) {
        let got = RandomShape { smallest, largest, every }.check();
        assert_eq!(got.map_or_else(|error| error.to_string(), |()| "fine".to_owned()), expected);
    }

    #[test]
    fn settings_are_looked_at() {
        check(320, 608, 10, "fine");
        check(320, 600, 10, "largest is 600; it must be a multiple of 32");
        check(0, 608, 10, "smallest is 0; it must be from 32 to 4096");
        check(320, 8192, 10, "largest is 8192; it must be from 32 to 4096");
        check(640, 608, 10, "the input's side goes from 640 to 608; the first must not be larger");
        check(640, 640, 0, "every is 0; it must be from 1 to 1000000");
    }
}
