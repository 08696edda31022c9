//! Where the sun stands at a place and time, and what that makes of the day.
//!
//! The numbers are those of NREL's Solar Position Algorithm (Reda and Andreas,
//! Solar Energy 76, 2004), good to 0.0003 degrees. The elevation is that of
//! the sun's centre for an eye at sea level, as if there was no air: the limits
//! of [`Tod`] allow for what air bends.

use std::fmt;
use std::str::FromStr;

use solar_positioning::time::JulianDate;
use solar_positioning::{Location, SolarPositions, delta_t};

use roadloop_base::{Nanos, Position};

/// Above it, it is day. The rim of the sun is seen until its centre is 50
/// minutes of arc below the horizon: 34 for what air bends, 16 for half its
/// width (US Naval Observatory, "Rise, Set, and Twilight Definitions"; NOAA's
/// Solar Calculator rounds to the same -0.833).
pub(crate) const DAY_ABOVE: f32 = -0.833;
/// Below it, it is night: where civil twilight ends, and lamps are needed to
/// tell things apart outdoors (same source).
pub(crate) const NIGHT_BELOW: f32 = -6.0;

/// Time of day, by the light there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tod {
    Day,
    /// Civil twilight: that of the evening, and that of the morning too.
    Dusk,
    Night,
}

impl Tod {
    pub(crate) const ALL: [Tod; 3] = [Tod::Day, Tod::Dusk, Tod::Night];

    /// By the sun's elevation in degrees.
    pub(crate) fn of(elevation: f32) -> Tod {
        if elevation > DAY_ABOVE {
            Tod::Day
        } else if elevation < NIGHT_BELOW {
            Tod::Night
        } else {
            Tod::Dusk
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Tod::Day => "day",
            Tod::Dusk => "dusk",
            Tod::Night => "night",
        }
    }
}

impl fmt::Display for Tod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Tod {
    type Err = ();

    fn from_str(text: &str) -> Result<Tod, ()> {
        Tod::ALL.into_iter().find(|tod| tod.name().eq_ignore_ascii_case(text)).ok_or(())
    }
}

/// Degrees above the horizon.
pub(crate) fn elevation(position: &Position, at: Nanos) -> Option<f32> {
    const NANOS_PER_DAY: f64 = 86_400e9;
    let days = at.0 as f64 / NANOS_PER_DAY;
    // Of the earth's turning against the clock: a minute in this century.
    let delta_t = delta_t::estimate(1970.0 + days / 365.2425).ok()?;
    let time = JulianDate::new(2_440_587.5 + days, delta_t).ok()?;
    let location = Location { latitude: position.latitude(), longitude: position.longitude() };
    let sun = SolarPositions::new().at_from_julian(time, location, 0.0, None).ok()?;
    Some(sun.elevation_angle() as f32)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn at(time: &str, latitude: f64, longitude: f64) -> f32 {
        let time: DateTime<Utc> = time.parse().unwrap();
        let position = Position::new(latitude, longitude, None).unwrap();
        elevation(&position, Nanos(time.timestamp_nanos_opt().unwrap())).unwrap()
    }

    #[track_caller]
    fn check(time: &str, latitude: f64, longitude: f64, expected: f32, within: f32) {
        let got = at(time, latitude, longitude);
        assert!((got - expected).abs() <= within, "{time}: {got}, expected {expected}");
    }

    /// The worked example of the paper: 39.872046 degrees before the air's bending,
    /// for an eye 1830 m up, which is less than a hundred-thousandth of a degree.
    #[test]
    fn the_paper_s_example() {
        check("2003-10-17T19:30:30Z", 39.742476, -105.1786, 39.87205, 0.00005);
    }

    /// By two other programs: SPA as pvlib 0.16 has it, and the equations of NOAA's
    /// Solar Calculator as astral 3.2 has them, which are good to 0.02 degrees.
    #[test]
    fn as_other_programs_have_it() {
        for (time, latitude, longitude, pvlib, noaa) in [
            ("2020-11-19T16:00:00Z", 48.1, 11.5, -5.1064, -5.1059),
            ("2024-06-21T12:00:00Z", -33.87, 151.21, -62.4007, -62.3993),
            ("2024-12-21T11:00:00Z", 69.65, 18.96, -3.1446, -3.1422),
            ("2026-03-20T06:00:00Z", 0.0, 0.0, -1.8800, -1.8767),
            ("1970-01-01T00:00:00Z", 21.3, -157.86, 41.0181, 41.0195),
            ("2050-08-01T03:30:00Z", 35.68, 139.69, 69.9589, 69.9593),
        ] {
            check(time, latitude, longitude, pvlib, 0.0005);
            check(time, latitude, longitude, noaa, 0.02);
        }
    }

    #[test]
    fn any_time_and_place_has_a_sun() {
        for nanos in [i64::MIN, -1, 0, 1_605_823_200_000_000_007, i64::MAX] {
            for latitude in [-90.0, -0.0, 48.1, 90.0] {
                for longitude in [-180.0, 0.0, 180.0] {
                    let position = Position::new(latitude, longitude, None).unwrap();
                    let elevation = elevation(&position, Nanos(nanos)).unwrap();
                    assert!((-90.0..=90.0).contains(&elevation), "{elevation}");
                }
            }
        }
    }

    #[test]
    fn day_ends_with_the_sun_s_rim_and_dusk_with_civil_twilight() {
        assert_eq!(Tod::of(0.0), Tod::Day);
        assert_eq!(Tod::of(-0.83), Tod::Day);
        assert_eq!(Tod::of(DAY_ABOVE), Tod::Dusk);
        assert_eq!(Tod::of(NIGHT_BELOW), Tod::Dusk);
        assert_eq!(Tod::of(-6.01), Tod::Night);
        for tod in Tod::ALL {
            assert_eq!(tod.name().parse(), Ok(tod));
        }
    }
}
