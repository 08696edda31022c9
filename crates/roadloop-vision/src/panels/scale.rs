//! Which numbers an axis names, and how they are written.

/// Larger ones are drawn as this: far above anything counted, and sums of it stay exact
/// enough.
const MOST: f64 = 1e15;

/// An axis is never shorter: so that nothing is divided by 0.
const LEAST: f64 = 1e-9;

/// What is drawn of a number: nothing of what is no number, infinite or below 0.
pub(super) fn clean(value: f64) -> f64 {
    if value.is_finite() && value > 0.0 { value.min(MOST) } else { 0.0 }
}

/// Places of values on an axis from 0 on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    most: f64,
    log: bool,
}

impl Scale {
    pub(super) fn new(most: f64, log: bool) -> Scale {
        Scale { most: most.max(LEAST), log }
    }

    /// From 0 at the foot to 1.
    pub(super) fn share(self, value: f64) -> f64 {
        let share = match self.log {
            true => value.ln_1p() / self.most.ln_1p(),
            false => value / self.most,
        };
        share.clamp(0.0, 1.0)
    }

    /// Round values above 0, up to the largest: some four of them, or powers of ten.
    pub(super) fn ticks(self) -> Vec<f64> {
        if self.most <= LEAST {
            return Vec::new();
        }
        if self.log && self.most >= 10.0 {
            let powers = (0..=15).map(|power| 10f64.powi(power));
            let all: Vec<f64> = powers.filter(|power| *power <= self.most).collect();
            // No more than five, the largest among them.
            let step = all.len().div_ceil(5);
            return all.into_iter().rev().step_by(step).collect();
        }
        let power = 10f64.powf((self.most / 4.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power);
        let Some(step) = step.into_iter().find(|step| self.most / step <= 5.0) else {
            return Vec::new();
        };
        (1..=5).map(|count| f64::from(count) * step).filter(|tick| *tick <= self.most).collect()
    }
}

/// `950`, `1.2k`, `34M`, `0.25`: at most five letters.
pub(super) fn short(value: f64) -> String {
    for (unit, name) in [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        // What would be written as 1000 of the unit below is 1 of this one.
        if value >= unit * 0.9995 {
            let of_unit = value / unit;
            let digits = usize::from(of_unit < 9.95);
            return format!("{}{name}", without_zeros(&format!("{of_unit:.digits$}")));
        }
    }
    let digits = match value {
        _ if value == value.round() || value >= 100.0 => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    without_zeros(&format!("{value:.digits$}")).to_owned()
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(most: f64, log: bool, expected: &str) {
        let ticks = Scale::new(most, log).ticks();
        assert_eq!(ticks.into_iter().map(short).collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn axes() {
        check(4.0, false, "1 2 3 4");
        check(9.0, false, "2 4 6 8");
        check(1234.0, false, "500 1k");
        check(48_000.0, false, "10k 20k 30k 40k");
        check(0.8, false, "0.2 0.4 0.6 0.8");
        check(1500.0, true, "1k 100 10 1");
        check(3.0, true, "1 2 3");
        check(1e15, true, "1P 100G 10M 1k");
        check(0.0, false, "");
    }

    #[test]
    fn numbers_are_short() {
        let all = [0.0, 7.0, 0.125, 12.34, 999.6, 1000.0, 1249.0, 34_000_000.0, 1e15];
        let written: Vec<String> = all.into_iter().map(short).collect();
        assert_eq!(written, ["0", "7", "0.125", "12.3", "1k", "1k", "1.2k", "34M", "1P"]);
    }

    #[test]
    fn places_are_on_the_axis() {
        for log in [false, true] {
            let scale = Scale::new(100.0, log);
            assert_eq!((scale.share(0.0), scale.share(100.0), scale.share(1e300)), (0.0, 1.0, 1.0));
        }
        assert_eq!(clean(f64::NAN) + clean(-3.0) + clean(f64::INFINITY), 0.0);
        assert_eq!(clean(1e300), MOST);
    }
}
