//! What one condition says, by the word it starts with.

use std::ops::Range;

use roadloop_base::nearest;

use super::Parser;
use crate::filter::ast::{Expr, Label, Measure, Measured, Name, Op, Test};
use crate::filter::clock::{ClockTime, DailyRange};
use crate::filter::error::FilterError;
use crate::filter::lexer::Symbol;
use crate::filter::place::{Circle, MAX_RADIUS_M, Region};
use crate::filter::time::Period;
use crate::sun::Tod;

/// Conditions inside one `has` or `count`.
const MAX_INNER_CONDITIONS: usize = 8;
/// Values after one `in`.
const MAX_VALUES: usize = 256;

/// Words a condition starts with, where it is not a column.
const STARTS: [&str; 9] =
    ["has", "count", "time", "tod", "tag", "selection", "within", "in_box", "not"];

/// Why a name is none of those it can be, and where it stands.
type NotOne = (String, Range<usize>);

impl Parser<'_> {
    pub(super) fn leaf(&mut self) -> Result<Expr, FilterError> {
        let word = self.word().map(str::to_ascii_lowercase);
        self.at += 1;
        match word.as_deref() {
            Some("has") => self.has(),
            Some("count") => self.count(),
            Some("time") => self.time(),
            Some("within") => self.within(),
            Some("in_box") => self.in_box(),
            Some("tod") => self.tod(),
            Some("tag") => self.choice("tag", Expr::Tag, Ok),
            Some("selection") => self.choice("selection", Expr::Selection, Ok),
            _ => {
                self.at -= 1;
                self.column()
            }
        }
    }

    fn has(&mut self) -> Result<Expr, FilterError> {
        let (label, conditions) = self.label_and_conditions("has")?;
        Ok(Expr::Has { label, conditions })
    }

    fn count(&mut self) -> Result<Expr, FilterError> {
        let (label, conditions) = self.label_and_conditions("count")?;
        let op = self.op("a comparison such as >= 2")?;
        let number = self.word().and_then(|word| word.parse().ok());
        let number = number.ok_or_else(|| self.expected("a whole number"))?;
        self.at += 1;
        Ok(Expr::Count { label, conditions, op, number })
    }

    fn label_and_conditions(&mut self, word: &str) -> Result<(Label, Vec<Measure>), FilterError> {
        self.expect(Symbol::Open, &format!("( after {word}"))?;
        let label = self.name("a label")?;
        if label.text.is_empty() {
            return Err(self.error("a label cannot be empty", label.place));
        }
        let mut conditions = Vec::new();
        while self.takes(Symbol::Comma) {
            if conditions.len() == MAX_INNER_CONDITIONS {
                let message = format!("{word} takes {MAX_INNER_CONDITIONS} conditions, not more");
                return Err(self.error(message, self.span()));
            }
            conditions.push(self.measure()?);
        }
        if self.word().is_some() {
            return Err(self.expected("a comma or ), and quotes around a label of several words"));
        }
        self.expect(Symbol::Close, "a comma or )")?;
        Ok((Label::new(&label.text), conditions))
    }

    fn measure(&mut self) -> Result<Measure, FilterError> {
        let of = if self.takes_word("conf") || self.takes_word("confidence") {
            Measured::Confidence
        } else if self.takes_word("area") {
            Measured::Area
        } else {
            return Err(self.expected(
                "a condition on the confidence or the area, such as conf >= 0.5 or area > 0.1",
            ));
        };
        let op = self.op("a comparison such as >= 0.5")?;
        let what = if of == Measured::Area { "an area" } else { "a confidence" };
        let value = self.number(what, 0.0, 1.0)?;
        Ok(Measure { of, op, value })
    }

    fn time(&mut self) -> Result<Expr, FilterError> {
        if !self.takes_word("in") {
            let op = self.op("in, or a comparison such as >=, after time")?;
            let name = self.name("a time such as 2020-11-19T22:00")?;
            if ClockTime::parse(&name.text).is_some() {
                let message = "a time of day, on any date, goes with in: time in 22:00..06:00";
                return Err(self.error(message, name.place));
            }
            let period = Period::parse(&name.text).ok_or_else(|| self.no_time(&name))?;
            return Ok(Expr::Time { op, period });
        }
        let from = self.name("a time such as 2020-11-19T22:00")?;
        let to = if self.takes(Symbol::UpTo) { Some(self.name("a time")?) } else { None };
        if let Some(clock) = ClockTime::parse(&from.text) {
            return self.time_of_day(clock, to);
        }
        let from = Period::parse(&from.text).ok_or_else(|| self.no_time(&from))?;
        let Some(name) = to else { return Ok(Expr::TimeIn { from, to: None }) };
        let to = Period::parse(&name.text)
            .or_else(|| Period::parse_end(&name.text, from))
            .ok_or_else(|| self.no_time(&name))?;
        if to.end_of_range() <= from.start() {
            return Err(self.error("the range ends before it starts", name.place));
        }
        Ok(Expr::TimeIn { from, to: Some(to) })
    }

    fn time_of_day(&self, from: ClockTime, to: Option<Name>) -> Result<Expr, FilterError> {
        let Some(name) = to else {
            let range = DailyRange::new(from, None);
            return range.map(Expr::TimeOfDay).ok_or_else(|| self.expected("a range"));
        };
        let to = ClockTime::parse(&name.text).ok_or_else(|| {
            if is_like_a_clock(&name.text) {
                return self.no_time(&name);
            }
            let message = "expected a time of day, as the range starts with one: 22:00..06:00";
            self.error(message, name.place.clone())
        })?;
        let range = DailyRange::new(from, Some(to));
        let empty = "the range ends where it starts";
        range.map(Expr::TimeOfDay).ok_or_else(|| self.error(empty, name.place))
    }

    fn no_time(&self, name: &Name) -> FilterError {
        if is_like_a_clock(&name.text) {
            let message =
                format!("{:?} is no time of day; write 09:30, from 00:00 to 24:00", name.text);
            return self.error(message, name.place.clone());
        }
        let message = format!(
            "{:?} is no time from 1678 to 2261; write 2020-11-19, 2020-11-19T22:00 or 2020-11-19T22:00:30.5",
            name.text
        );
        self.error(message, name.place.clone())
    }

    fn within(&mut self) -> Result<Expr, FilterError> {
        self.expect(Symbol::Open, "( after within")?;
        let latitude = self.number("a latitude", -90.0, 90.0)?;
        self.expect(Symbol::Comma, "a comma")?;
        let longitude = self.number("a longitude", -180.0, 180.0)?;
        self.expect(Symbol::Comma, "a comma and a radius such as 2km")?;
        let radius_m = self.radius()?;
        self.expect(Symbol::Close, ")")?;
        Ok(Expr::Within(Circle { latitude, longitude, radius_m }))
    }

    /// `500`, `500m`, `2km`, also with a space.
    fn radius(&mut self) -> Result<f64, FilterError> {
        let start = self.span();
        let word = self.word().unwrap_or_default().to_ascii_lowercase();
        self.at += 1;
        let (number, unit_m) = if let Some(number) = word.strip_suffix("km") {
            (number, 1000.0)
        } else if let Some(number) = word.strip_suffix('m') {
            (number, 1.0)
        } else if self.takes_word("km") {
            (word.as_str(), 1000.0)
        } else {
            self.takes_word("m");
            (word.as_str(), 1.0)
        };
        let radius_m = number.parse().ok().map(|number: f64| number * unit_m);
        match radius_m {
            // Not -0.
            Some(radius_m) if (0.0..=MAX_RADIUS_M).contains(&radius_m) => Ok(radius_m.abs()),
            Some(_) => {
                let half = MAX_RADIUS_M / 1000.0;
                let message =
                    format!("a radius lies between 0 and {half}km, half around the earth");
                Err(self.error(message, start))
            }
            None => Err(self.error("expected a radius such as 500m or 2km", start)),
        }
    }

    fn in_box(&mut self) -> Result<Expr, FilterError> {
        self.expect(Symbol::Open, "( after in_box")?;
        let start = self.span().start;
        let south = self.number("the southern latitude", -90.0, 90.0)?;
        self.expect(Symbol::Comma, "a comma")?;
        let west = self.number("the western longitude", -180.0, 180.0)?;
        self.expect(Symbol::Comma, "a comma")?;
        let north = self.number("the northern latitude", -90.0, 90.0)?;
        self.expect(Symbol::Comma, "a comma")?;
        let east = self.number("the eastern longitude", -180.0, 180.0)?;
        let end = self.span().start;
        self.expect(Symbol::Close, ")")?;
        if south > north {
            let message =
                "the south lies north of the north; the order is south, west, north, east";
            return Err(self.error(message, start..end));
        }
        Ok(Expr::InBox(Region { south, west, north, east }))
    }

    fn number(&mut self, what: &str, least: f64, greatest: f64) -> Result<f64, FilterError> {
        match self.word().and_then(|word| word.parse::<f64>().ok()) {
            Some(value) if (least..=greatest).contains(&value) => {
                self.at += 1;
                // Not -0.
                Ok(value + 0.0)
            }
            Some(value) => {
                let message =
                    format!("{what} lies between {least} and {greatest}, {value} does not");
                Err(self.error(message, self.span()))
            }
            None => Err(self.expected(&format!("{what}, a number between {least} and {greatest}"))),
        }
    }

    fn tod(&mut self) -> Result<Expr, FilterError> {
        self.choice("tod", Expr::Tod, |name| {
            name.text.parse().map_err(|()| {
                let near = nearest(&name.text, Tod::ALL.map(Tod::name));
                let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
                (format!("tod is day, dusk or night{hint}"), name.place)
            })
        })
    }

    /// `= a`, `!= a`, `in (a, b)`, for what can only be one of some names.
    fn choice<T>(
        &mut self,
        what: &str,
        expr: fn(Vec<T>) -> Expr,
        read: fn(Name) -> Result<T, NotOne>,
    ) -> Result<Expr, FilterError> {
        let start = self.span();
        let is_not = self.next_op() == Some(Op::NotEqual);
        let names = if self.takes_word("in") {
            self.values()?
        } else if self.takes(Symbol::Equal) || self.takes(Symbol::NotEqual) {
            vec![self.name("a name")?]
        } else {
            return Err(self.expected(&format!("=, != or in after {what}")));
        };
        let mut values = Vec::with_capacity(names.len());
        for name in names {
            values.push(read(name).map_err(|(message, place)| self.error(message, place))?);
        }
        if !is_not {
            return Ok(expr(values));
        }
        // The normal form is a `not`, which may not be too deep either.
        self.deeper(start)?;
        self.depth -= 1;
        Ok(expr(values).negated())
    }

    fn column(&mut self) -> Result<Expr, FilterError> {
        let start = self.at;
        let name = self.name("a condition such as has(car)")?;
        let test = if let Some(op) = self.next_op() {
            self.at += 1;
            Test::Compare(op, self.name("a value")?)
        } else if self.takes_word("in") {
            match self.values()? {
                mut one if one.len() == 1 => Test::Compare(Op::Equal, one.remove(0)),
                values => Test::In(values),
            }
        } else {
            return Err(self.no_condition(start, &name));
        };
        Ok(Expr::Column { name, test })
    }

    fn no_condition(&self, start: usize, name: &Name) -> FilterError {
        let is_last = self.tokens.get(start + 1).is_none();
        let hint = match nearest(&name.text, STARTS) {
            Some(start) => format!("did you mean {start}?"),
            None if is_last => format!("did you mean has({})?", Label::new(&name.text)),
            None => {
                let starts = STARTS.join(", ");
                format!("conditions are {starts}, and comparisons such as camera = front")
            }
        };
        self.error(format!("{:?} is no condition; {hint}", name.text), name.place.clone())
    }

    /// `(a, b, c)`
    fn values(&mut self) -> Result<Vec<Name>, FilterError> {
        self.expect(Symbol::Open, "( after in")?;
        let mut values = vec![self.name("a value")?];
        while self.takes(Symbol::Comma) {
            if values.len() == MAX_VALUES {
                let message = format!("in takes {MAX_VALUES} values, not more");
                return Err(self.error(message, self.span()));
            }
            values.push(self.name("a value")?);
        }
        self.expect(Symbol::Close, "a comma or )")?;
        Ok(values)
    }
}

/// Whether somebody meant a time of day by it: `25:00`, `9:30`.
fn is_like_a_clock(text: &str) -> bool {
    let hour = text.split_once(':').map(|(hour, _)| hour);
    hour.is_some_and(|hour| hour.len() <= 2 && hour.bytes().all(|byte| byte.is_ascii_digit()))
}
