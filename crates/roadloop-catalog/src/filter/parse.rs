//! Tokens to a filter.

use std::ops::Range;

use roadloop_base::{Camera, RecordingId};

use super::ast::{Confidence, Expr, Is, Label, Op};
use super::error::FilterError;
use super::lexer::{Spanned, Symbol, Token, tokens};
use super::suggest::nearest;
use super::time::Period;

/// Longer filters are refused.
pub const MAX_FILTER_BYTES: usize = 16 << 10;
/// Brackets and `not`s inside each other: each costs stack here and a join below.
const MAX_DEPTH: usize = 32;
/// Conditions in one filter: each on labels is a join.
const MAX_CONDITIONS: usize = 64;
/// Conditions inside one `has` or `count`.
const MAX_INNER_CONDITIONS: usize = 8;

/// Words a condition starts with.
const STARTS: [&str; 6] = ["has", "count", "camera", "recording", "time", "not"];

/// The empty text is no condition at all.
pub(super) fn parse(text: &str) -> Result<Option<Expr>, FilterError> {
    if text.len() > MAX_FILTER_BYTES {
        let message = format!("the filter is longer than {MAX_FILTER_BYTES} bytes");
        return Err(FilterError::new(message, text, text.len()..text.len()));
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { text, tokens, at: 0, depth: 0, conditions: 0 };
    let expr = parser.expr()?;
    if parser.at < parser.tokens.len() {
        return Err(parser.expected("and, or, or the end"));
    }
    Ok(Some(expr))
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Spanned>,
    at: usize,
    depth: usize,
    conditions: usize,
}

impl Parser<'_> {
    fn expr(&mut self) -> Result<Expr, FilterError> {
        let mut expr = self.conjunction()?;
        while self.takes_word("or") {
            expr = expr.or(self.conjunction()?);
        }
        Ok(expr)
    }

    fn conjunction(&mut self) -> Result<Expr, FilterError> {
        let mut expr = self.condition()?;
        while self.takes_word("and") {
            expr = expr.and(self.condition()?);
        }
        Ok(expr)
    }

    fn condition(&mut self) -> Result<Expr, FilterError> {
        let start = self.span();
        if self.takes_word("not") {
            self.deeper(start)?;
            let inner = self.condition()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.takes(Symbol::Open) {
            self.deeper(start)?;
            let inner = self.expr()?;
            self.depth -= 1;
            self.expect(Symbol::Close, "a closing bracket")?;
            return Ok(inner);
        }
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            let message = format!("a filter may have {MAX_CONDITIONS} conditions, not more");
            return Err(FilterError::new(message, self.text, start));
        }
        let Some(word) = self.word() else {
            return Err(self.expected("a condition such as has(car)"));
        };
        match word.to_ascii_lowercase().as_str() {
            "has" => self.has(),
            "count" => self.count(),
            "camera" => self.named("camera"),
            "recording" => self.named("recording"),
            "time" => self.time(),
            _ => Err(self.unknown_start(&word)),
        }
    }

    fn unknown_start(&self, word: &str) -> FilterError {
        let hint = match nearest(word, STARTS) {
            Some(start) => format!("did you mean {start}?"),
            None if self.tokens.get(self.at + 1).is_none() => format!("did you mean has({word})?"),
            None => "conditions are has, count, camera, recording and time".to_owned(),
        };
        FilterError::new(format!("{word:?} is no condition; {hint}"), self.text, self.span())
    }

    fn deeper(&mut self, span: Range<usize>) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("brackets and nots go {MAX_DEPTH} deep, not deeper");
            return Err(FilterError::new(message, self.text, span));
        }
        Ok(())
    }

    fn has(&mut self) -> Result<Expr, FilterError> {
        self.at += 1;
        let (label, conditions) = self.label_and_conditions("has")?;
        Ok(Expr::Has { label, conditions })
    }

    fn count(&mut self) -> Result<Expr, FilterError> {
        self.at += 1;
        let (label, conditions) = self.label_and_conditions("count")?;
        let op = self.op("a comparison such as >= 2")?;
        let span = self.span();
        let number = self.word().and_then(|word| word.parse().ok());
        let Some(number) = number else {
            return Err(FilterError::new("expected a whole number", self.text, span));
        };
        self.at += 1;
        Ok(Expr::Count { label, conditions, op, number })
    }

    fn label_and_conditions(
        &mut self,
        word: &str,
    ) -> Result<(Label, Vec<Confidence>), FilterError> {
        self.expect(Symbol::Open, &format!("( after {word}"))?;
        let span = self.span();
        let text = self.name("a label")?;
        if text.is_empty() {
            return Err(FilterError::new("a label cannot be empty", self.text, span));
        }
        let mut conditions = Vec::new();
        while self.takes(Symbol::Comma) {
            if conditions.len() == MAX_INNER_CONDITIONS {
                let message = format!("{word} takes {MAX_INNER_CONDITIONS} conditions, not more");
                return Err(FilterError::new(message, self.text, self.span()));
            }
            conditions.push(self.confidence()?);
        }
        if self.word().is_some() {
            return Err(self.expected("a comma or ), and quotes around a label of several words"));
        }
        self.expect(Symbol::Close, "a comma or )")?;
        Ok((Label::new(&text), conditions))
    }

    fn confidence(&mut self) -> Result<Confidence, FilterError> {
        if !self.takes_word("conf") && !self.takes_word("confidence") {
            return Err(self.expected("a condition on the confidence, such as conf >= 0.5"));
        }
        let op = self.op("a comparison such as >= 0.5")?;
        let span = self.span();
        let value: Option<f64> = self.word().and_then(|word| word.parse().ok());
        match value {
            Some(value) if (0.0..=1.0).contains(&value) => {
                self.at += 1;
                // Not -0.
                Ok(Confidence { op, value: value.abs() })
            }
            Some(value) => {
                let message = format!("a confidence lies between 0 and 1, {value} does not");
                Err(FilterError::new(message, self.text, span))
            }
            None => Err(self.expected("a number between 0 and 1")),
        }
    }

    fn named(&mut self, what: &str) -> Result<Expr, FilterError> {
        self.at += 1;
        let is = if self.takes(Symbol::Equal) {
            Is::Equal
        } else if self.takes(Symbol::NotEqual) {
            Is::NotEqual
        } else {
            return Err(self.expected(&format!("= or != after {what}")));
        };
        let span = self.span();
        let name = self.name("a name")?;
        let bad =
            |error: roadloop_base::BadId| FilterError::new(error.to_string(), self.text, span);
        if what == "camera" {
            Camera::new(name.as_str()).map_err(bad)?;
            return Ok(Expr::Camera { is, name });
        }
        RecordingId::new(name.as_str()).map_err(bad)?;
        Ok(Expr::Recording { is, name })
    }

    fn time(&mut self) -> Result<Expr, FilterError> {
        self.at += 1;
        if !self.takes_word("in") {
            let op = self.op("in, or a comparison such as >=, after time")?;
            let period = self.period()?;
            return Ok(Expr::Time { op, period });
        }
        let from = self.period()?;
        if !self.takes(Symbol::UpTo) {
            return Ok(Expr::TimeIn { from, to: None });
        }
        let span = self.span();
        let text = self.name("a time")?;
        let to = Period::parse(&text)
            .or_else(|| Period::parse_end(&text, from))
            .ok_or_else(|| self.no_time(&text, span.clone()))?;
        if to.end_of_range() <= from.start() {
            return Err(FilterError::new("the range ends before it starts", self.text, span));
        }
        Ok(Expr::TimeIn { from, to: Some(to) })
    }

    fn period(&mut self) -> Result<Period, FilterError> {
        let span = self.span();
        let text = self.name("a time such as 2020-11-19T22:00")?;
        Period::parse(&text).ok_or_else(|| self.no_time(&text, span))
    }

    fn no_time(&self, text: &str, span: Range<usize>) -> FilterError {
        let message = format!(
            "{text:?} is no time from 1678 to 2261; write 2020-11-19, 2020-11-19T22:00 or 2020-11-19T22:00:30.5"
        );
        FilterError::new(message, self.text, span)
    }

    fn op(&mut self, what: &str) -> Result<Op, FilterError> {
        let op = match self.tokens.get(self.at).map(|spanned| &spanned.token) {
            Some(Token::Symbol(Symbol::Equal)) => Op::Equal,
            Some(Token::Symbol(Symbol::NotEqual)) => Op::NotEqual,
            Some(Token::Symbol(Symbol::Less)) => Op::Less,
            Some(Token::Symbol(Symbol::LessOrEqual)) => Op::LessOrEqual,
            Some(Token::Symbol(Symbol::Greater)) => Op::Greater,
            Some(Token::Symbol(Symbol::GreaterOrEqual)) => Op::GreaterOrEqual,
            _ => return Err(self.expected(what)),
        };
        self.at += 1;
        Ok(op)
    }

    /// A word or a quoted text.
    fn name(&mut self, what: &str) -> Result<String, FilterError> {
        match self.tokens.get(self.at).map(|spanned| &spanned.token) {
            Some(Token::Word(name) | Token::Quoted(name)) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.expected(what)),
        }
    }

    fn word(&self) -> Option<String> {
        match self.tokens.get(self.at).map(|spanned| &spanned.token) {
            Some(Token::Word(word)) => Some(word.clone()),
            _ => None,
        }
    }

    fn takes_word(&mut self, keyword: &str) -> bool {
        let takes = self.word().is_some_and(|word| word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(takes);
        takes
    }

    fn takes(&mut self, symbol: Symbol) -> bool {
        let next = self.tokens.get(self.at).map(|spanned| &spanned.token);
        let takes = next == Some(&Token::Symbol(symbol));
        self.at += usize::from(takes);
        takes
    }

    fn expect(&mut self, symbol: Symbol, what: &str) -> Result<(), FilterError> {
        if self.takes(symbol) { Ok(()) } else { Err(self.expected(what)) }
    }

    fn expected(&self, what: &str) -> FilterError {
        FilterError::new(format!("expected {what}"), self.text, self.span())
    }

    /// Of the next token; behind the text at its end.
    fn span(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        self.tokens.get(self.at).map_or(end..end, |spanned| spanned.span.clone())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::filter::Filter;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = match Filter::parse(text) {
            Ok(filter) => filter.to_string(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn normal_form() {
        check("", "");
        check("has(person, conf>.5)", "has(person, conf > 0.5)");
        check("HAS( Traffic_Light )", "has(traffic_light)");
        check("has('traffic light')", "has(traffic_light)");
        check("has(\"stop: \\\"all\\\"\")", "has(\"stop: \\\"all\\\"\")");
        check("count(person,confidence>=0.80)==5", "count(person, conf >= 0.8) = 5");
        check("count(car) <> 0", "count(car) != 0");
        check("not has(bus)", "not has(bus)");
        check("not (has(bus) and has(car))", "not (has(bus) and has(car))");
        check("has(a) and (has(b) and has(c))", "has(a) and has(b) and has(c)");
        check("has(a) and has(b) or has(c)", "has(a) and has(b) or has(c)");
        check("has(a) and (has(b) or has(c))", "has(a) and (has(b) or has(c))");
        check("camera=front and recording != drive-1a", "camera = front and recording != drive-1a");
        check("camera = \"time\"", "camera = \"time\"");
        check("camera = \"a..b\"", "camera = \"a..b\"");
        check("time in 2020-11-19", "time in 2020-11-19");
        check("time in 2020-11-19T22:00..22:30", "time in 2020-11-19T22:00..2020-11-19T22:30");
        check("time in 2020-11-19T22..01:00", "time in 2020-11-19T22..2020-11-20T01:00");
        check("time >= 2020-11-19T22:00:00+01:00", "time >= 2020-11-19T21:00:00");
    }

    #[test]
    fn errors_point_at_the_place() {
        check("has(", "error: expected a label\n  has(\n      ^");
        check("has()", "error: expected a label\n  has()\n      ^");
        check("has(car", "error: expected a comma or )\n  has(car\n         ^");
        check(
            "has(traffic light)",
            "error: expected a comma or ), and quotes around a label of several words\n  \
             has(traffic light)\n              ^^^^^",
        );
        check(
            "hass(car)",
            "error: \"hass\" is no condition; did you mean has?\n  hass(car)\n  ^^^^",
        );
        check(
            "bicycle",
            "error: \"bicycle\" is no condition; did you mean has(bicycle)?\n  bicycle\n  ^^^^^^^",
        );
        check(
            "has(car) has(bus)",
            "error: expected and, or, or the end\n  has(car) has(bus)\n           ^^^",
        );
        check(
            "has(car) && has(bus)",
            "error: '&' means nothing here; did you mean and?\n  has(car) && has(bus)\n           ^",
        );
        check(
            "count(car) >= 2.5",
            "error: expected a whole number\n  count(car) >= 2.5\n                ^^^",
        );
        check(
            "count(car)",
            "error: expected a comparison such as >= 2\n  count(car)\n            ^",
        );
        check(
            "has(car, conf >= 80)",
            "error: a confidence lies between 0 and 1, 80 does not\n  has(car, conf >= 80)\n                   ^^",
        );
        check(
            "has(car, area > 0.1)",
            "error: expected a condition on the confidence, such as conf >= 0.5\n  \
             has(car, area > 0.1)\n           ^^^^",
        );
        check(
            "camera > front",
            "error: expected = or != after camera\n  camera > front\n         ^",
        );
        check(
            "time in 2020-11-20..2020-11-19",
            "error: the range ends before it starts\n  time in 2020-11-20..2020-11-19\n                      ^^^^^^^^^^",
        );
        check("has(\"car)", "error: the text after \" never ends\n  has(\"car)\n      ^^^^^");
        check("(has(car)", "error: expected a closing bracket\n  (has(car)\n           ^");
        check(
            "has(car) and",
            "error: expected a condition such as has(car)\n  has(car) and\n              ^",
        );
        check(
            "has(\tcar\n) x",
            "error: expected and, or, or the end\n  has( car ) x\n             ^",
        );
    }

    #[test]
    fn long_filters_show_the_place_alone() {
        let text = format!("{} and has(", vec!["has(car)"; 30].join(" and "));
        let message = Filter::parse(&text).unwrap_err().to_string();
        assert!(message.lines().all(|line| line.chars().count() < 120), "{message}");
        assert!(message.lines().nth(1).unwrap().trim_start().starts_with('…'), "{message}");
    }

    #[test]
    fn hostile_filters_are_refused() {
        let deep = "(".repeat(10_000);
        assert!(Filter::parse(&deep).unwrap_err().message().contains("32 deep"));
        let deep = "not ".repeat(4_000);
        assert!(Filter::parse(&deep).unwrap_err().message().contains("32 deep"));
        let long = "(".repeat(100_000);
        assert!(Filter::parse(&long).unwrap_err().message().contains("longer than"));
        let many = vec!["has(a)"; 65].join(" or ");
        assert!(Filter::parse(&many).unwrap_err().message().contains("64 conditions"));
        let many = format!("has(a{})", ", conf > 0".repeat(9));
        assert!(Filter::parse(&many).unwrap_err().message().contains("8 conditions"));
    }

    proptest! {
        #[test]
        fn any_text_parses_or_says_where_not(text in "\\PC{0,80}") {
            match Filter::parse(&text) {
                Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter),
                Err(error) => prop_assert_eq!(error.to_string().lines().count(), 3),
            }
        }

        #[test]
        fn any_tokens_parse_or_say_where_not(words in proptest::collection::vec(
            prop_oneof![
                Just("has"), Just("count"), Just("("), Just(")"), Just(","), Just("car"),
                Just("not"), Just("and"), Just("or"), Just(">="), Just("2"), Just("conf"),
                Just("time"), Just("in"), Just("2020-11-19T22:00"), Just(".."), Just("camera"),
                Just("="), Just("\"a b\""), Just("0.5"), Just("é\u{301}"),
            ], 0..30)) {
            let text = words.join(" ");
            if let Ok(filter) = Filter::parse(&text) {
                prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
            }
        }

        #[test]
        fn the_normal_form_parses_to_the_same(expr in crate::filter::naive::any_expr()) {
            let filter = Filter(Some(expr));
            prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
        }
    }
}
