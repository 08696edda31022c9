//! Regions of a text detector's map: pixels that are text and touch.
//!
//! What is made of a region, boxes or slanted lines, is not known here.

/// From here on a pixel is text, as in the authors' settings.
const PIXEL_THRESHOLD: f32 = 0.3;

/// The ends are exclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sides {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) right: usize,
    pub(crate) bottom: usize,
}

/// One region while it is looked at.
#[derive(Debug)]
pub(crate) struct Touching<'m> {
    pub(crate) sides: Sides,
    /// The sum of the members' probabilities.
    pub(crate) sum: f32,
    /// Column and row of every pixel, in no order; never empty.
    pub(crate) members: &'m [(usize, usize)],
}

impl Sides {
    pub(crate) fn of_pixel(x: usize, y: usize) -> Sides {
        Sides { left: x, top: y, right: x + 1, bottom: y + 1 }
    }

    pub(crate) fn add(&mut self, x: usize, y: usize) {
        self.left = self.left.min(x);
        self.top = self.top.min(y);
        self.right = self.right.max(x + 1);
        self.bottom = self.bottom.max(y + 1);
    }
}

/// Shows every region of pixels over the threshold that touch, corners included,
/// in the order of their first pixel. One at a time: a map of noise has many.
pub(crate) fn each_region(map: &[f32], columns: usize, mut look: impl FnMut(&Touching<'_>)) {
    let rows = map.len() / columns;
    let mut seen = vec![false; map.len()];
    let (mut waiting, mut members) = (Vec::new(), Vec::new());
    for start in 0..map.len() {
        if seen[start] || !is_text(map[start]) {
            continue;
        }
        seen[start] = true;
        waiting.push(start);
        members.clear();
        let mut sides = Sides::of_pixel(start % columns, start / columns);
        let mut sum = 0.0;
        while let Some(place) = waiting.pop() {
            let (x, y) = (place % columns, place / columns);
            members.push((x, y));
            sides.add(x, y);
            sum += map[place];
            for near_y in y.saturating_sub(1)..(y + 2).min(rows) {
                for near_x in x.saturating_sub(1)..(x + 2).min(columns) {
                    let near = near_y * columns + near_x;
                    if !seen[near] && is_text(map[near]) {
                        seen[near] = true;
                        waiting.push(near);
                    }
                }
            }
        }
        look(&Touching { sides, sum, members: &members });
    }
}

/// NaN and infinity are no text.
fn is_text(probability: f32) -> bool {
    probability > PIXEL_THRESHOLD && probability.is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_is_shown_once() {
        #[rustfmt::skip]
        let map = [
            0.9, 0.0, f32::INFINITY,
            0.0, 0.4, 0.0,
            f32::NAN, 0.3, 0.0,
            0.0, 0.0, 0.7,
        ];
        let mut found = Vec::new();
        each_region(&map, 3, |region| {
            found.push((region.sides.left, region.sides.bottom, region.members.to_vec()));
        });
        assert_eq!(found, [(0, 2, vec![(0, 0), (1, 1)]), (2, 4, vec![(2, 3)])]);
    }
}
