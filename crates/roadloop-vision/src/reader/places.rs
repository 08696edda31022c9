//! Where in a text finder's map lines stand, at any angle.

use super::slant::{Point, Slanted, hull, outline};
use crate::finders::regions::each_region;
use crate::finders::text::{LEAST_SIDE, TextMap, UNCLIP_RATIO};

/// A word beside a line belongs to it when it is off its middle by no more than this
/// much of the line's height,
const MOST_OFF: f32 = 0.35;

/// and between these times as high; a short slanted word has a box too high for it.
const HEIGHTS: std::ops::RangeInclusive<f32> = 0.6..=1.7;

/// A line, or a part of one that the map shows apart.
#[derive(Clone, Debug)]
struct Piece {
    hull: Vec<Point>,
    slanted: Slanted,
    /// The mean probability of its pixels, and how many they are.
    score: f32,
    pixels: usize,
}

/// The lines in a map, in its pixels, the surest first: those of at least a mean
/// probability, no more than `most`.
pub(super) fn places(map: &TextMap, least: f32, most: usize) -> Vec<Slanted> {
    let mut pieces = Vec::new();
    each_region(&map.values, map.layout.model_width, |region| {
        let score = region.sum / region.members.len() as f32;
        if score < least {
            return;
        }
        let hull = hull(outline(&region.sides, region.members));
        let slanted = Slanted::around(&hull);
        if slanted.shorter_side() >= LEAST_SIDE as f32 {
            pieces.push(Piece { hull, slanted, score, pixels: region.members.len() });
        }
    });
    surest_first(&mut pieces);
    pieces.truncate(most);
    let mut pieces = joined(pieces);
    surest_first(&mut pieces);
    pieces.iter().map(|piece| piece.slanted.grown(UNCLIP_RATIO).read_along()).collect()
}

fn surest_first(pieces: &mut [Piece]) {
    pieces.sort_by(|a, b| b.score.total_cmp(&a.score));
}

/// Pieces that, once grown, would reach into each other along a line are one: else
/// letters between them would be read twice.
fn joined(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let mut at = 0;
    while at < pieces.len() {
        let this = &pieces[at];
        let other = (at + 1..pieces.len()).find(|other| belongs(this, &pieces[*other]));
        match other {
            Some(other) => {
                let other = pieces.swap_remove(other);
                let this = pieces.swap_remove(at);
                // What is joined may reach pieces that neither part did.
                pieces.push(union(this, other));
                at = 0;
            }
            None => at += 1,
        }
    }
    pieces
}

fn union(a: Piece, b: Piece) -> Piece {
    let pixels = a.pixels + b.pixels;
    let sum = a.score * a.pixels as f32 + b.score * b.pixels as f32;
    let hull = hull([a.hull, b.hull].concat());
    Piece { slanted: Slanted::around(&hull), hull, score: sum / pixels as f32, pixels }
}

fn belongs(a: &Piece, b: &Piece) -> bool {
    let (first, second) = (a.slanted.read_along(), b.slanted.read_along());
    let (line, word) =
        if first.wide() >= second.wide() { (first, &b.hull) } else { (second, &a.hull) };
    let along = line.grown(UNCLIP_RATIO).wide() - line.wide();
    let beside = line.around_along(word);
    let reach = (along + beside.grown(UNCLIP_RATIO).wide() - beside.wide()) / 2.0;
    let [u, v] = line.off_middle(beside.quad(1.0, 1.0).at(0.5, 0.5));
    let gap = u.abs() - (line.wide() + beside.wide()) / 2.0;
    gap < reach
        && v.abs() <= MOST_OFF * line.high()
        && HEIGHTS.contains(&(beside.high() / line.high()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letterbox::Layout;

    /// Middles and sizes of the lines in a map of 200 x 100 with these bars:
    /// left, top, width, height, probability.
    #[track_caller]
    fn check(bars: &[(usize, usize, usize, usize, f32)], expected: &[[f32; 4]]) {
        let mut values = vec![0.0; 200 * 100];
        for (left, top, width, height, value) in bars {
            for row in values.chunks_exact_mut(200).skip(*top).take(*height) {
                row[*left..left + width].fill(*value);
            }
        }
        let layout = Layout {
            model_width: 200,
            model_height: 100,
            resized_width: 200,
            resized_height: 100,
            left: 0,
            top: 0,
        };
        let found: Vec<_> = places(&TextMap { layout, values }, 0.5, 3)
            .iter()
            .map(|place| {
                let [x, y] = place.quad(1.0, 1.0).at(0.5, 0.5);
                [x, y, place.wide(), place.high()].map(|value| (value * 10.0).round() / 10.0)
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_are_grown_and_the_surest_first() {
        // 10 x 10 grows by 4 on each side, 20 x 6 by 3.7.
        check(
            &[(10, 10, 10, 10, 0.6), (50, 50, 20, 6, 0.9), (150, 50, 20, 6, 0.4)],
            &[[60.0, 53.0, 27.4, 13.4], [15.0, 15.0, 18.0, 18.0]],
        );
        check(&[(10, 10, 2, 10, 0.9), (50, 50, 40, 2, 0.9)], &[]);
    }

    #[test]
    fn no_more_than_asked_for() {
        let bars = [0, 1, 2, 3].map(|index| (50 * index, 10, 6, 6, 0.6 + 0.1 * index as f32));
        check(
            &bars,
            &[[153.0, 13.0, 10.8, 10.8], [103.0, 13.0, 10.8, 10.8], [53.0, 13.0, 10.8, 10.8]],
        );
    }

    #[test]
    fn words_that_reach_into_each_other_are_one_line() {
        // Each of 20 x 10 grows by 5.3: across a gap of 10 they meet, of 11 not.
        let one = [[35.0, 15.0, 63.3, 23.3]];
        check(&[(10, 10, 20, 10, 0.9), (40, 10, 20, 10, 0.7)], &one);
        let two = [[20.0, 15.0, 30.7, 20.7], [51.0, 15.0, 30.7, 20.7]];
        check(&[(10, 10, 20, 10, 0.9), (41, 10, 20, 10, 0.7)], &two);
        // Below each other, or of another height, they are two all the same.
        let below = [[20.0, 15.0, 30.7, 20.7], [20.0, 27.0, 30.7, 20.7]];
        check(&[(10, 10, 20, 10, 0.9), (10, 22, 20, 10, 0.7)], &below);
        let higher = [[20.0, 30.0, 30.7, 20.7], [60.0, 30.0, 64.8, 64.8]];
        check(&[(10, 25, 20, 10, 0.9), (42, 12, 36, 36, 0.7)], &higher);
    }

    #[test]
    fn three_words_that_stand_are_one_line() {
        let words = [(50, 5, 10, 22, 0.9), (50, 33, 10, 20, 0.9), (50, 58, 10, 24, 0.9)];
        check(&words, &[[55.0, 43.5, 91.2, 24.2]]);
    }
}
