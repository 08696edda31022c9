//! Where a car goes: a walk with slow turns around the east of Munich.

use roadloop_base::Position;

use crate::dice::Dice;

const CENTRE: (f64, f64) = (48.12, 11.70);
const START_WITHIN_METRES: f64 = 8_000.0;
/// Beyond it a car turns back.
const TURN_BEYOND_METRES: f64 = 12_000.0;
const METRES_PER_DEGREE: f64 = 111_195.0;

/// A place for every second.
pub(crate) struct Track(Vec<Position>);

impl Track {
    pub(crate) fn new(dice: &mut Dice, seconds: usize) -> Track {
        let away = START_WITHIN_METRES * dice.share().sqrt();
        let direction = dice.between(0.0, std::f64::consts::TAU);
        let (mut north, mut east) = (away * direction.cos(), away * direction.sin());
        let mut heading = dice.between(0.0, std::f64::consts::TAU);
        let mut speed: f64 = 10.0;
        let mut altitude: f64 = 530.0;
        let mut places = Vec::with_capacity(seconds + 2);
        for _ in 0..seconds + 2 {
            let latitude = CENTRE.0 + north / METRES_PER_DEGREE;
            let metres_per_degree = METRES_PER_DEGREE * CENTRE.0.to_radians().cos();
            let longitude = CENTRE.1 + east / metres_per_degree;
            places.extend(Position::new(latitude, longitude, Some(altitude)));
            heading += dice.between(-0.15, 0.15);
            if north.hypot(east) > TURN_BEYOND_METRES {
                heading = f64::atan2(-east, -north) + dice.between(-0.3, 0.3);
            }
            speed = (speed + dice.between(-1.5, 1.5)).clamp(0.0, 25.0);
            altitude = (altitude + dice.between(-0.5, 0.5)).clamp(480.0, 620.0);
            north += speed * heading.cos();
            east += speed * heading.sin();
        }
        Track(places)
    }

    pub(crate) fn at(&self, seconds: f64) -> Option<Position> {
        let second = seconds as usize;
        let (from, to) = (self.0.get(second)?, self.0.get(second + 1)?);
        Some(from.toward(to, seconds.fract()))
    }
}
