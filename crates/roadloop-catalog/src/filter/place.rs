//! Places on Earth: within a distance of one, or between parallels and meridians.
//!
//! Distances are great-circle distances on a sphere of the mean radius, by the
//! haversine formula: within 0.6 % of those on the ellipsoid.

use std::fmt;

/// The mean radius R1 of GRS 80 and WGS 84 (IUGG; Moritz, "Geodetic Reference
/// System 1980").
pub(crate) const EARTH_RADIUS_M: f64 = 6_371_008.8;
/// Half around the earth: nothing is farther away.
pub(super) const MAX_RADIUS_M: f64 = 20_020_000.0;

/// Metres between two places, given in degrees.
pub(crate) fn distance_m(from: [f64; 2], to: [f64; 2]) -> f64 {
    let [from_latitude, from_longitude] = from.map(f64::to_radians);
    let [to_latitude, to_longitude] = to.map(f64::to_radians);
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let chord = half(to_latitude - from_latitude)
        + from_latitude.cos() * to_latitude.cos() * half(to_longitude - from_longitude);
    // Opposite places may come out above 1 by a rounding.
    2.0 * EARTH_RADIUS_M * chord.clamp(0.0, 1.0).sqrt().asin()
}

/// All that is at most so far from a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Circle {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
    pub(super) radius_m: f64,
}

/// Between two parallels and two meridians, those included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Region {
    pub(super) south: f64,
    pub(super) west: f64,
    pub(super) north: f64,
    /// Less than `west` when the antimeridian lies between them.
    pub(super) east: f64,
}

/// The longitudes of a region, where those of places run from -180 to 180 and
/// both are the same meridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Longitudes {
    All,
    Between {
        west: f64,
        east: f64,
    },
    /// Over the antimeridian.
    FromOrUpTo {
        from: f64,
        up_to: f64,
    },
}

impl Circle {
    /// A region around it, a little too large.
    pub(super) fn surroundings(&self) -> Region {
        // More than all roundings together: a tenth of a metre.
        const SLACK_DEGREES: f64 = 1e-6;
        let angle = (self.radius_m / EARTH_RADIUS_M).to_degrees() + SLACK_DEGREES;
        let (south, north) = (self.latitude - angle, self.latitude + angle);
        let (mut west, mut east) = (-180.0, 180.0);
        // Around a pole lies every longitude. Elsewhere the outermost meridians
        // touch the circle nearer to the pole than its centre is.
        if south > -90.0 && north < 90.0 {
            let ratio = angle.to_radians().sin() / self.latitude.to_radians().cos();
            let reach = ratio.min(1.0).asin().to_degrees();
            let around = |longitude: f64| (longitude + 540.0).rem_euclid(360.0) - 180.0;
            (west, east) = (around(self.longitude - reach), around(self.longitude + reach));
        }
        Region { south: south.max(-90.0), west, north: north.min(90.0), east }
    }
}

impl Region {
    pub(super) fn longitudes(&self) -> Longitudes {
        let Region { west, east, .. } = *self;
        if west == -180.0 && east == 180.0 {
            return Longitudes::All;
        }
        if west > -180.0 && east < 180.0 && west <= east {
            return Longitudes::Between { west, east };
        }
        Longitudes::FromOrUpTo {
            from: if west == -180.0 { 180.0 } else { west },
            up_to: if east == 180.0 { -180.0 } else { east },
        }
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Circle { latitude, longitude, radius_m } = self;
        write!(f, "within({latitude}, {longitude}, ")?;
        let radius_km = radius_m / 1000.0;
        if radius_km >= 1.0 && radius_km * 1000.0 == *radius_m {
            write!(f, "{radius_km}km)")
        } else {
            write!(f, "{radius_m}m)")
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Region { south, west, north, east } = self;
        write!(f, "in_box({south}, {west}, {north}, {east})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(from: [f64; 2], to: [f64; 2], expected_m: f64) {
        let got = distance_m(from, to);
        assert!((got - expected_m).abs() < 0.5, "{got}");
        assert_eq!(got, distance_m(to, from));
    }

    #[test]
    fn distances() {
        let quarter = EARTH_RADIUS_M * std::f64::consts::FRAC_PI_2;
        check([0.0, 0.0], [0.0, 90.0], quarter);
        check([90.0, 10.0], [0.0, -170.0], quarter);
        check([0.0, 0.0], [0.0, 180.0], 2.0 * quarter);
        check([48.1, 11.5], [48.1, 11.5], 0.0);
        // A degree of a meridian, over the antimeridian and over the pole.
        check([48.0, 11.5], [49.0, 11.5], 111_195.1);
        check([0.0, 179.5], [0.0, -179.5], 111_195.1);
        check([89.5, 20.0], [89.5, -160.0], 111_195.1);
    }

    fn holds(region: &Region, [latitude, longitude]: [f64; 2]) -> bool {
        let in_longitude = match region.longitudes() {
            Longitudes::All => true,
            Longitudes::Between { west, east } => west <= longitude && longitude <= east,
            Longitudes::FromOrUpTo { from, up_to } => longitude >= from || longitude <= up_to,
        };
        region.south <= latitude && latitude <= region.north && in_longitude
    }

    proptest! {
        /// Near poles and the antimeridian as well as elsewhere.
        #[test]
        fn no_place_in_a_circle_is_outside_its_surroundings(
            latitude in prop_oneof![-90.0..=90.0f64, 89.99..=90.0f64, Just(-90.0), Just(90.0)],
            longitude in prop_oneof![-180.0..=180.0f64, 179.99..=180.0f64, Just(-180.0)],
            radius_m in prop_oneof![0.0..=MAX_RADIUS_M, 0.0..=5000.0f64, Just(0.0)],
            north in -1.2..=1.2f64, east in -1.2..=1.2f64,
        ) {
            let circle = Circle { latitude, longitude, radius_m };
            let region = circle.surroundings();
            prop_assert!(holds(&region, [latitude, longitude]));
            // About as far away as the circle reaches, either way.
            let angle = (radius_m / EARTH_RADIUS_M).to_degrees();
            let other_latitude = (latitude + north * angle).clamp(-90.0, 90.0);
            let stretch = latitude.to_radians().cos().max(1e-6);
            let other_longitude =
                (longitude + east * angle / stretch + 540.0).rem_euclid(360.0) - 180.0;
            let other = [other_latitude, other_longitude];
            if distance_m([latitude, longitude], other) <= radius_m {
                prop_assert!(holds(&region, other), "{circle} {region} {other:?}");
            }
        }
    }

    #[test]
    fn the_same_meridian_on_either_side() {
        let region = |west, east| Region { south: -10.0, west, north: 10.0, east };
        for (west, east, inside) in [
            (170.0, 180.0, true),
            (-180.0, -170.0, true),
            (170.0, -170.0, true),
            (0.0, 170.0, false),
        ] {
            for longitude in [180.0, -180.0] {
                assert_eq!(holds(&region(west, east), [0.0, longitude]), inside);
            }
        }
        assert!(holds(&region(-180.0, 180.0), [0.0, 3.0]));
        assert!(!holds(&region(170.0, -170.0), [0.0, 3.0]));
        assert!(!holds(&region(170.0, 180.0), [0.0, -179.0]));
    }
}
