//! Bootstrap over images: how far a number would move with other images of the same kind.
//!
//! As many images as there are, are drawn with replacement (Efron, "Bootstrap methods: another
//! look at the jackknife", 1979), and the number is computed again with each image counted as
//! often as it was drawn. The middle 95 % of many such numbers is the interval.

use std::num::NonZero;
use std::thread;

/// Sebastiano Vigna's SplitMix64: small, and good enough to draw images with.
#[derive(Clone, Copy, Debug)]
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `most`: the upper half of a product of 128 bits, whose bias is below 2⁻³².
    fn below(&mut self, most: usize) -> usize {
        ((u128::from(self.next()) * most as u128) >> 64) as usize
    }
}

/// How often each of `images` images was drawn, in one resample.
pub(crate) fn draw(images: usize, seed: u64, resample: usize) -> Vec<u32> {
    let mut random = SplitMix(seed ^ (resample as u64).wrapping_mul(0xd6e8_feb8_6659_fd93));
    let mut weights = vec![0; images];
    for _ in 0..images {
        weights[random.below(images)] += 1;
    }
    weights
}

/// What `statistic` gives for the weights of each resample, in their order. The same for the
/// same seed, on any number of threads.
pub(crate) fn resample<T: Send>(
    images: usize,
    resamples: usize,
    seed: u64,
    statistic: impl Fn(&[u32]) -> T + Sync,
) -> Vec<T> {
    if images == 0 || resamples == 0 {
        return Vec::new();
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(resamples);
    let statistic = &statistic;
    let mut parts: Vec<Vec<T>> = thread::scope(|scope| {
        let of_thread = |first: usize| {
            let ours = (first..resamples).step_by(threads);
            move || ours.map(|place| statistic(&draw(images, seed, place))).collect()
        };
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(of_thread(first))).collect();
        let join = |one: thread::ScopedJoinHandle<'_, Vec<T>>| match one.join() {
            Ok(part) => part,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        running.into_iter().map(join).collect()
    });
    let mut parts: Vec<_> = parts.iter_mut().map(|part| part.drain(..)).collect();
    (0..resamples).filter_map(|place| parts[place % threads].next()).collect()
}

/// Where a share of the numbers lies below, between neighbours in a straight line;
/// `None` of none.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let part = place - place.floor();
    Some(sorted[low] * (1.0 - part) + sorted[high] * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_drawn_as_there_are() {
        let weights = draw(1_000, 7, 3);
        assert_eq!(weights.iter().sum::<u32>(), 1_000);
        assert_ne!(weights, draw(1_000, 7, 4));
        assert_ne!(weights, draw(1_000, 8, 3));
        // e⁻¹ of all are not drawn.
        let never = weights.iter().filter(|weight| **weight == 0).count();
        assert!((320..420).contains(&never), "{never} are never drawn");
    }

    #[test]
    fn the_spread_is_that_of_a_mean() {
        // Of 400 coins, half of them heads, the mean spreads by ½ / √400 = 0.025.
        let mean = |weights: &[u32]| f64::from(weights.iter().step_by(2).sum::<u32>()) / 400.0;
        let mut means = resample(400, 2_000, 1, mean);
        assert_eq!(means, resample(400, 2_000, 1, mean));
        means.sort_by(f64::total_cmp);
        let (low, high) = (quantile(&means, 0.025), quantile(&means, 0.975));
        let (low, high) = (low.expect("a number"), high.expect("a number"));
        assert!((low - (0.5 - 1.96 * 0.025)).abs() < 0.006, "{low}");
        assert!((high - (0.5 + 1.96 * 0.025)).abs() < 0.006, "{high}");
    }

    #[track_caller]
    fn check(sorted: &[f64], share: f64, expected: Option<f64>) {
        assert_eq!(quantile(sorted, share), expected);
    }

    #[test]
    fn quantiles() {
        check(&[], 0.5, None);
        check(&[3.0], 0.975, Some(3.0));
        check(&[1.0, 2.0], 0.5, Some(1.5));
        check(&[0.0, 1.0, 2.0, 3.0, 4.0], 0.25, Some(1.0));
    }
}
