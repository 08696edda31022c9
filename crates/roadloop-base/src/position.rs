//! Places on Earth.

use serde::{Deserialize, Serialize};

/// WGS 84, as GPS receivers give it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Degrees, -90 to 90, north is positive.
    latitude: f64,
    /// Degrees, -180 to 180, east is positive.
    longitude: f64,
    /// Metres above the ellipsoid, where it is known.
    altitude: Option<f64>,
}

impl Position {
    /// `None` for what is no place: NaN, beyond a pole, more than half around.
    /// An altitude that is no number is not known.
    pub fn new(latitude: f64, longitude: f64, altitude: Option<f64>) -> Option<Position> {
        let is_place = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        let altitude = altitude.filter(|altitude| altitude.is_finite());
        is_place.then_some(Position { latitude, longitude, altitude })
    }

    pub fn latitude(&self) -> f64 {
        self.latitude
    }

    pub fn longitude(&self) -> f64 {
        self.longitude
    }

    pub fn altitude(&self) -> Option<f64> {
        self.altitude
    }

    /// On the way to another place, `share` of 0 to 1 of it done; degree by
    /// degree, the short way around. Good for the metres between two fixes.
    pub fn toward(&self, other: &Position, share: f64) -> Position {
        let between = |from: f64, to: f64| from + (to - from) * share;
        let mut east = other.longitude - self.longitude;
        if east.abs() > 180.0 {
            east -= 360.0_f64.copysign(east);
        }
        let mut longitude = self.longitude + east * share;
        if longitude.abs() > 180.0 {
            longitude -= 360.0_f64.copysign(longitude);
        }
        Position {
            latitude: between(self.latitude, other.latitude),
            longitude,
            altitude: self.altitude.zip(other.altitude).map(|(from, to)| between(from, to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_place() {
        assert!(Position::new(48.1, 11.5, None).is_some());
        for (latitude, longitude) in [(f64::NAN, 0.0), (0.0, f64::NAN), (90.1, 0.0), (0.0, -181.0)]
        {
            assert_eq!(Position::new(latitude, longitude, None), None);
        }
        assert_eq!(Position::new(0.0, 0.0, Some(f64::NAN)).unwrap().altitude(), None);
    }

    #[track_caller]
    fn check(from: [f64; 3], to: [f64; 3], share: f64, expected: [f64; 3]) {
        let place = |[latitude, longitude, altitude]: [f64; 3]| {
            Position::new(latitude, longitude, Some(altitude)).unwrap()
        };
        let got = place(from).toward(&place(to), share);
        assert_eq!([got.latitude, got.longitude, got.altitude.unwrap()], expected);
    }

    #[test]
    fn half_the_way() {
        check([48.0, 11.0, 500.0], [49.0, 12.0, 600.0], 0.5, [48.5, 11.5, 550.0]);
        check([0.0, 179.0, 0.0], [0.0, -179.0, 0.0], 0.25, [0.0, 179.5, 0.0]);
        check([0.0, 179.0, 0.0], [0.0, -179.0, 0.0], 0.75, [0.0, -179.5, 0.0]);
        check([0.0, -179.0, 0.0], [0.0, 179.0, 0.0], 0.75, [0.0, 179.5, 0.0]);
    }
}
