//! Rectangles at any angle around regions of the map, and which way they are read.

use crate::finders::regions::Sides;

/// An upright box is kept unless a slanted one is smaller than this much of it:
/// the smallest box around a round letter may stand at any angle.
const CLEARLY_SMALLER: f32 = 0.9;

/// A line this much higher than wide stands upright, as in the authors' code.
const UPRIGHT: f32 = 1.5;

/// A point, or a way: x to the right, y down.
pub(super) type Point = [f32; 2];

/// Text in a rectangle: read along `along`, its lines one below the other to the
/// right of that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slanted {
    center: Point,
    /// Of length 1.
    along: Point,
    wide: f32,
    high: f32,
}

impl Slanted {
    /// The smallest rectangle around a convex hull, read to the right.
    pub(super) fn around(hull: &[Point]) -> Slanted {
        let upright = fit(hull, [1.0, 0.0]);
        let edges = hull.iter().zip(hull.iter().cycle().skip(1));
        let ways = edges.filter_map(|(from, to)| unit([to[0] - from[0], to[1] - from[1]]));
        let mut smallest = upright;
        for way in ways {
            let other = fit(hull, nearest_to_the_right(way));
            if other.area() < smallest.area() {
                smallest = other;
            }
        }
        if smallest.area() < CLEARLY_SMALLER * upright.area() { smallest } else { upright }
    }

    /// The smallest rectangle around points that is read as this one.
    pub(super) fn around_along(&self, points: &[Point]) -> Slanted {
        fit(points, self.along)
    }

    fn area(&self) -> f32 {
        self.wide * self.high
    }

    pub(super) fn wide(&self) -> f32 {
        self.wide
    }

    pub(super) fn high(&self) -> f32 {
        self.high
    }

    /// How far a point is from the middle, along and across.
    pub(super) fn off_middle(&self, point: Point) -> Point {
        let (x, y) = (point[0] - self.center[0], point[1] - self.center[1]);
        [self.along, self.across()].map(|way| x * way[0] + y * way[1])
    }

    pub(super) fn shorter_side(&self) -> f32 {
        self.wide.min(self.high)
    }

    /// Larger on each side by `area * ratio / perimeter`.
    pub(super) fn grown(self, ratio: f32) -> Slanted {
        let perimeter = 2.0 * (self.wide + self.high);
        let grow = if perimeter > 0.0 { self.area() * ratio / perimeter } else { 0.0 };
        Slanted { wide: self.wide + 2.0 * grow, high: self.high + 2.0 * grow, ..self }
    }

    /// As it is read: a line that stands upright downwards, one that leans to the
    /// right, where people mostly write to.
    pub(super) fn read_along(self) -> Slanted {
        if self.high < UPRIGHT * self.wide {
            return self;
        }
        let across = self.across();
        // A sixth of the way from upright to lying is leaning.
        let along = if across[0] < -0.26 { [-across[0], -across[1]] } else { across };
        Slanted { along, wide: self.high, high: self.wide, ..self }
    }

    fn across(&self) -> Point {
        [-self.along[1], self.along[0]]
    }

    /// In another picture, as large as this one times the factors.
    pub(super) fn quad(&self, x_factor: f32, y_factor: f32) -> Quad {
        let (across, [x, y]) = (self.across(), self.center);
        let scaled = |[x, y]: Point, length: f32| [x * length * x_factor, y * length * y_factor];
        let (along, across) = (scaled(self.along, self.wide), scaled(across, self.high));
        let corner = |middle: f32, axis: usize| middle - (along[axis] + across[axis]) / 2.0;
        Quad { corner: [corner(x * x_factor, 0), corner(y * y_factor, 1)], along, across }
    }
}

/// A parallelogram: a corner, where reading begins, and its two sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quad {
    pub(super) corner: Point,
    pub(super) along: Point,
    pub(super) across: Point,
}

impl Quad {
    /// `along` and `across` are fractions of the two sides.
    pub(super) fn at(&self, along: f32, across: f32) -> Point {
        [0, 1].map(|axis| self.corner[axis] + along * self.along[axis] + across * self.across[axis])
    }

    pub(super) fn wide(&self) -> f32 {
        self.along[0].hypot(self.along[1])
    }

    pub(super) fn high(&self) -> f32 {
        self.across[0].hypot(self.across[1])
    }

    /// The same place read from its other end.
    pub(super) fn turned_round(&self) -> Quad {
        let back = |[x, y]: Point| [-x, -y];
        Quad { corner: self.at(1.0, 1.0), along: back(self.along), across: back(self.across) }
    }

    /// The part between two fractions of the way along.
    pub(super) fn part(&self, from: f32, to: f32) -> Quad {
        let along = self.along.map(|side| side * (to - from));
        Quad { corner: self.at(from, 0.0), along, across: self.across }
    }

    /// Clockwise from where reading begins.
    pub(super) fn corners(&self) -> [Point; 4] {
        [self.at(0.0, 0.0), self.at(1.0, 0.0), self.at(1.0, 1.0), self.at(0.0, 1.0)]
    }
}

/// The corners of the first and last pixel of each row, top row first.
pub(super) fn outline(sides: &Sides, members: &[(usize, usize)]) -> Vec<Point> {
    let mut ends = vec![(usize::MAX, 0); sides.bottom - sides.top];
    for &(x, y) in members {
        let (first, last) = &mut ends[y - sides.top];
        *first = x.min(*first);
        *last = x.max(*last);
    }
    let mut points = Vec::with_capacity(4 * ends.len());
    for (y, (first, last)) in (sides.top..).zip(ends) {
        // Rows without a pixel would be a gap in what touches: there are none.
        for y in [y, y + 1] {
            points.push([first as f32, y as f32]);
            points.push([(last + 1) as f32, y as f32]);
        }
    }
    points
}

/// The convex hull, by Andrew's monotone chain.
pub(super) fn hull(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup();
    let mut hull: Vec<Point> = Vec::with_capacity(points.len());
    let mut chain = |points: &mut dyn Iterator<Item = Point>, floor: usize| {
        for point in points {
            while hull.len() >= floor + 2
                && !turns(hull[hull.len() - 2], hull[hull.len() - 1], point)
            {
                hull.pop();
            }
            hull.push(point);
        }
        // The end of one chain is the beginning of the other.
        hull.pop();
        hull.len()
    };
    let floor = chain(&mut points.iter().copied(), 0);
    chain(&mut points.iter().rev().copied(), floor);
    hull
}

fn turns(a: Point, b: Point, c: Point) -> bool {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0.0
}

fn unit([x, y]: Point) -> Option<Point> {
    let length = x.hypot(y);
    (length > 0.0).then(|| [x / length, y / length])
}

/// The one of the four ways of a rectangle that points most to the right.
fn nearest_to_the_right([x, y]: Point) -> Point {
    let ways = [[x, y], [-y, x], [-x, -y], [y, -x]];
    ways.into_iter().fold(ways[0], |best, way| if way[0] > best[0] { way } else { best })
}

/// The smallest rectangle around points with one side along a way.
fn fit(points: &[Point], along: Point) -> Slanted {
    let across = [-along[1], along[0]];
    let span = |way: Point| {
        let places = points.iter().map(|point| point[0] * way[0] + point[1] * way[1]);
        places.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), place| {
            (low.min(place), high.max(place))
        })
    };
    let ((left, right), (top, bottom)) = (span(along), span(across));
    let (u, v) = ((left + right) / 2.0, (top + bottom) / 2.0);
    let center = [u * along[0] + v * across[0], u * along[1] + v * across[1]];
    Slanted { center, along, wide: right - left, high: bottom - top }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finders::regions::{Touching, each_region};

    fn around(region: &Touching<'_>) -> Slanted {
        Slanted::around(&hull(outline(&region.sides, region.members)))
    }

    /// The quad of a bar of the given size and angle, drawn around (64, 64).
    fn quad_of(wide: f32, high: f32, degrees: f32) -> Quad {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let mut map = vec![0.0; 128 * 128];
        for (place, value) in map.iter_mut().enumerate() {
            let (x, y) = ((place % 128) as f32 - 63.5, (place / 128) as f32 - 63.5);
            let (u, v) = (x * cos + y * sin, y * cos - x * sin);
            if u.abs() < wide / 2.0 && v.abs() < high / 2.0 {
                *value = 0.9;
            }
        }
        let mut found = Vec::new();
        each_region(&map, 128, |region| found.push(around(region)));
        let [slanted] = found[..] else { panic!("{found:?}") };
        slanted.read_along().quad(1.0, 1.0)
    }

    /// Reading goes `degrees` from the right, clockwise; the sides are as drawn.
    #[track_caller]
    fn check(drawn: (f32, f32, f32), size: (f32, f32), degrees: f32) {
        let quad = quad_of(drawn.0, drawn.1, drawn.2);
        let angle = quad.along[1].atan2(quad.along[0]).to_degrees();
        assert!((angle - degrees).abs() < 2.0, "{angle}: {quad:?}");
        assert!(
            (quad.wide() - size.0).abs() < 2.1 && (quad.high() - size.1).abs() < 2.1,
            "{quad:?}"
        );
        let middle = quad.at(0.5, 0.5);
        assert!((middle[0] - 64.0).hypot(middle[1] - 64.0) < 1.0, "{middle:?}");
    }

    #[test]
    fn a_slanted_bar_is_read_along() {
        check((90.0, 12.0, 0.0), (90.0, 12.0), 0.0);
        check((90.0, 12.0, 30.0), (90.0, 12.0), 30.0);
        check((90.0, 12.0, -10.0), (90.0, 12.0), -10.0);
        check((90.0, 12.0, 60.0), (90.0, 12.0), 60.0);
        check((90.0, 12.0, -60.0), (90.0, 12.0), -60.0);
    }

    #[test]
    fn a_bar_that_stands_is_read_downwards() {
        check((12.0, 90.0, 0.0), (90.0, 12.0), 90.0);
        check((12.0, 90.0, 8.0), (90.0, 12.0), 98.0);
        // Hardly higher than wide: a word that lies.
        check((40.0, 50.0, 0.0), (40.0, 50.0), 0.0);
    }

    #[test]
    fn corners_begin_where_reading_does_and_go_clockwise() {
        let quad = quad_of(20.0, 60.0, 0.0);
        let near = |point: Point, x: f32, y: f32| (point[0] - x).hypot(point[1] - y) < 1.0;
        let [a, b, c, d] = quad.corners();
        assert!(near(a, 74.0, 34.0) && near(b, 74.0, 94.0), "{quad:?}");
        assert!(near(c, 54.0, 94.0) && near(d, 54.0, 34.0), "{quad:?}");
        let [a, b, ..] = quad.turned_round().corners();
        assert!(near(a, 54.0, 94.0) && near(b, 54.0, 34.0), "{quad:?}");
        let [a, b, ..] = quad.part(0.5, 0.75).corners();
        assert!(near(a, 74.0, 64.0) && near(b, 74.0, 79.0), "{quad:?}");
    }

    #[test]
    fn one_pixel_is_a_square() {
        let mut found = Vec::new();
        each_region(&[0.0, 0.0, 0.0, 0.9], 2, |region| found.push(around(region)));
        let square = Slanted { center: [1.5, 1.5], along: [1.0, 0.0], wide: 1.0, high: 1.0 };
        assert_eq!(found, [square]);
        // 1 * 1.6 / 4 on each side.
        assert_eq!(square.grown(1.6).shorter_side(), 1.8);
    }
}
