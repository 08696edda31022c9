//! The normal form: a filter as text that parses to the same filter.

use std::fmt;

use super::ast::{Expr, Label, Measure, Name, Test};
use super::lexer::is_plain_word;

impl Expr {
    /// How tightly it binds: what binds less than its surroundings gets brackets.
    fn binding(&self) -> u8 {
        match self {
            Expr::Or(_) => 0,
            Expr::And(_) => 1,
            _ => 2,
        }
    }

    fn write_inside(&self, f: &mut fmt::Formatter<'_>, binding: u8) -> fmt::Result {
        if self.binding() < binding { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Or(parts) | Expr::And(parts) => {
                let word = if matches!(self, Expr::Or(_)) { "or" } else { "and" };
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        write!(f, " {word} ")?;
                    }
                    part.write_inside(f, self.binding() + 1)?;
                }
                Ok(())
            }
            Expr::Not(inner) => {
                f.write_str("not ")?;
                inner.write_inside(f, 2)
            }
            Expr::Has { label, conditions } => write_call(f, "has", label, conditions),
            Expr::Count { label, conditions, op, number } => {
                write_call(f, "count", label, conditions)?;
                write!(f, " {} {number}", op.symbol())
            }
            Expr::Column { name, test: Test::Compare(op, value) } => {
                write!(f, "{name} {} {value}", op.symbol())
            }
            Expr::Column { name, test: Test::In(values) } => {
                write!(f, "{name} in ({})", Listed(values))
            }
            Expr::Time { op, period } => write!(f, "time {} {period}", op.symbol()),
            Expr::TimeIn { from, to: None } => write!(f, "time in {from}"),
            Expr::TimeIn { from, to: Some(to) } => write!(f, "time in {from}..{to}"),
            Expr::TimeOfDay(range) => write!(f, "time in {range}"),
            Expr::Within(circle) => circle.fmt(f),
            Expr::InBox(region) => region.fmt(f),
            Expr::Tod(values) => write_choice(f, "tod", values),
            Expr::Tag(names) => write_choice(f, "tag", names),
            Expr::Selection(names) => write_choice(f, "selection", names),
        }
    }
}

fn write_call(
    f: &mut fmt::Formatter<'_>,
    word: &str,
    label: &Label,
    conditions: &[Measure],
) -> fmt::Result {
    write!(f, "{word}({label}")?;
    for Measure { of, op, value } in conditions {
        write!(f, ", {} {} {value}", of.word(), op.symbol())?;
    }
    f.write_str(")")
}

fn write_choice<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    word: &str,
    values: &[T],
) -> fmt::Result {
    match values {
        [value] => write!(f, "{word} = {value}"),
        _ => write!(f, "{word} in ({})", Listed(values)),
    }
}

/// With commas between.
struct Listed<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, value) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            value.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.as_str().replace(' ', "_");
        if is_plain_word(&word) { f.write_str(&word) } else { Quoted(self.as_str()).fmt(f) }
    }
}

/// A word where it can be one.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain_word(&self.text) { f.write_str(&self.text) } else { Quoted(&self.text).fmt(f) }
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
