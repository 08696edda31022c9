//! From places on Earth to the plane of a drawing.

use roadloop_base::Position;

/// Metres of a degree of latitude: of the mean radius, 6 371 008.8 m.
const METRES_A_DEGREE: f64 = 111_195.08;

/// The drawing's longer side, in its own units.
const SIDE: f64 = 10_000.0;

/// Nothing is drawn larger: a vehicle that stands still is not spread over a page
/// by the noise of its receiver.
const LEAST_METRES: f64 = 50.0;

/// Around all there is to see, as a share of it.
const MARGIN: f64 = 0.06;

/// A plane that touches the Earth in the middle of some places: east to the right,
/// north up. Distances are right to a few in a thousand over a hundred kilometres.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Projection {
    west: f64,
    north: f64,
    metres_a_degree_east: f64,
    /// Longitudes of the west are counted on beyond 180.
    is_over_antimeridian: bool,
    units_a_metre: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Projection {
    /// `None` without any place.
    pub(crate) fn of<'a>(places: impl Iterator<Item = &'a Position> + Clone) -> Option<Projection> {
        let bounds = |of: &dyn Fn(&Position) -> f64| {
            places.clone().fold(None, |bounds: Option<(f64, f64)>, place| {
                let value = of(place);
                let (least, most) = bounds.unwrap_or((value, value));
                Some((least.min(value), most.max(value)))
            })
        };
        let (south, north) = bounds(&Position::latitude)?;
        let (mut west, mut east) = bounds(&Position::longitude)?;
        let is_over_antimeridian = east - west > 180.0;
        if is_over_antimeridian {
            (west, east) = bounds(&|place| beyond(place.longitude()))?;
        }
        let middle = (south + north) / 2.0;
        let metres_a_degree_east = METRES_A_DEGREE * middle.to_radians().cos().max(1e-6);
        let (wide, high) =
            ((east - west) * metres_a_degree_east, (north - south) * METRES_A_DEGREE);
        let longest = wide.max(high).max(LEAST_METRES);
        // A street that runs straight is not a line without height.
        let (width, height) = (wide.max(longest * 0.4), high.max(longest * 0.4));
        let margin = longest * MARGIN;
        let (width, height) = (width + 2.0 * margin, height + 2.0 * margin);
        Some(Projection {
            west: west - (width - wide) / 2.0 / metres_a_degree_east,
            north: north + (height - high) / 2.0 / METRES_A_DEGREE,
            metres_a_degree_east,
            is_over_antimeridian,
            units_a_metre: SIDE / width.max(height),
            width: width * SIDE / width.max(height),
            height: height * SIDE / width.max(height),
        })
    }

    /// Units to the right and down.
    pub(crate) fn place(&self, position: &Position) -> (f64, f64) {
        let longitude = position.longitude();
        let longitude = if self.is_over_antimeridian { beyond(longitude) } else { longitude };
        let east = (longitude - self.west) * self.metres_a_degree_east;
        let south = (self.north - position.latitude()) * METRES_A_DEGREE;
        (east * self.units_a_metre, south * self.units_a_metre)
    }

    pub(crate) fn metres_a_unit(&self) -> f64 {
        1.0 / self.units_a_metre
    }
}

fn beyond(longitude: f64) -> f64 {
    if longitude < 0.0 { longitude + 360.0 } else { longitude }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude, None).unwrap()
    }

    #[track_caller]
    fn check(places: &[Position], from: usize, to: usize, east_m: f64, north_m: f64) {
        let plane = Projection::of(places.iter()).unwrap();
        let ((x0, y0), (x1, y1)) = (plane.place(&places[from]), plane.place(&places[to]));
        let (east, north) = ((x1 - x0) * plane.metres_a_unit(), (y0 - y1) * plane.metres_a_unit());
        assert!((east - east_m).abs() < 1.0 + east_m.abs() / 100.0, "{east}");
        assert!((north - north_m).abs() < 1.0 + north_m.abs() / 100.0, "{north}");
    }

    #[test]
    fn east_is_right_and_north_up() {
        check(&[at(48.0, 11.0), at(48.01, 11.0)], 0, 1, 0.0, 1112.0);
        check(&[at(60.0, 11.0), at(60.0, 11.01)], 0, 1, 556.0, 0.0);
        check(&[at(0.0, 179.99), at(0.0, -179.99)], 0, 1, 2224.0, 0.0);
        assert_eq!(Projection::of([].iter()), None);
    }

    #[test]
    fn what_stands_still_is_drawn_small() {
        let plane = Projection::of([at(48.0, 11.0)].iter()).unwrap();
        assert!(plane.metres_a_unit() * plane.width >= 20.0);
        let (x, y) = plane.place(&at(48.0, 11.0));
        assert!((x - plane.width / 2.0).abs() < 1.0 && (y - plane.height / 2.0).abs() < 1.0);
    }

    proptest! {
        #[test]
        fn all_places_lie_on_the_page(
            places in proptest::collection::vec((-90.0..=90.0f64, -180.0..=180.0f64), 1..20),
        ) {
            let places: Vec<Position> = places.into_iter().map(|(lat, lon)| at(lat, lon)).collect();
            let plane = Projection::of(places.iter()).unwrap();
            prop_assert!(plane.width > 0.0 && plane.height > 0.0);
            prop_assert!(plane.width <= SIDE + 1.0 && plane.height <= SIDE + 1.0);
            for place in &places {
                let (x, y) = plane.place(place);
                prop_assert!(x >= 0.0 && x <= plane.width, "{x} of {}", plane.width);
                prop_assert!(y >= 0.0 && y <= plane.height, "{y} of {}", plane.height);
            }
        }
    }
}
