//! Chance that is the same on every machine and in every version: SplitMix64 (Steele, Lea and
//! Flood, "Fast splittable pseudorandom number generators", 2014).
//!
//! Twenty lines of our own, for what a run has drawn must be drawn again when it is resumed
//! with a newer program, and no package promises its numbers for ever.

/// Draws in a row of their own for each list of numbers: seed, epoch, place, step. So no draw
/// depends on how many were made before for something else, or on which thread.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(numbers: &[u64]) -> Dice {
        let mut dice = Dice(0);
        for number in numbers {
            dice.0 = dice.next() ^ number;
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// From 0 to just under 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From the first to the second, evenly.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// Of that size at most, to either side.
    pub(crate) fn around_zero(&mut self, most: f64) -> f64 {
        self.between(-most, most)
    }

    /// One of 0 to `count - 1`; 0 where there is none.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        // Below 2^53, so that a share says which one.
        (self.share() * count as f64) as u64
    }

    /// `true` so often: never for 0, always for 1.
    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.share() < f64::from(probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_paper() {
        // The first three of the reference implementation in C for the seed 1234567.
        let mut dice = Dice(1_234_567);
        let drawn = [dice.next(), dice.next(), dice.next()];
        let expected =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(drawn, expected);
    }

    #[test]
    fn every_number_counts() {
        let first = |numbers: &[u64]| Dice::of(numbers).next();
        assert_eq!(first(&[1, 2, 3]), first(&[1, 2, 3]));
        let others = [[0, 2, 3], [1, 0, 3], [1, 2, 0], [2, 1, 3], [1, 3, 2]];
        assert!(others.iter().all(|numbers| first(numbers) != first(&[1, 2, 3])));
    }

    #[track_caller]
    fn check(draw: impl Fn(&mut Dice) -> f64, low: f64, high: f64) {
        let mut dice = Dice::of(&[7]);
        let drawn: Vec<f64> = (0..4000).map(|_| draw(&mut dice)).collect();
        assert!(drawn.iter().all(|value| (low..=high).contains(value)));
        let mean = drawn.iter().sum::<f64>() / 4000.0;
        // The mean of 4000 even draws lies this near the middle in 999 of 1000 rows.
        assert!((mean - (low + high) / 2.0).abs() <= (high - low) * 0.016, "{mean}");
    }

    #[test]
    fn draws_are_even() {
        check(Dice::share, 0.0, 1.0);
        check(|dice| dice.between(0.5, 1.5), 0.5, 1.5);
        check(|dice| dice.around_zero(10.0), -10.0, 10.0);
        check(|dice| dice.below(6) as f64, 0.0, 5.0);
        check(|dice| f64::from(u8::from(dice.chance(0.5))), 0.0, 1.0);
        check(|dice| f64::from(u8::from(dice.chance(0.0))), 0.0, 0.0);
        check(|dice| f64::from(u8::from(dice.chance(1.0))), 1.0, 1.0);
        assert_eq!(Dice::of(&[1]).below(0), 0);
    }
}
