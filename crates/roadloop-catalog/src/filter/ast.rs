//! What a filter says, and its normal form as text.

use std::fmt;

use super::lexer::is_plain_word;
use super::time::Period;

/// A condition on a frame. `And` and `Or` hold two or more, none of their own
/// sort.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Or(Vec<Expr>),
    And(Vec<Expr>),
    Not(Box<Expr>),
    Has {
        label: Label,
        conditions: Vec<Confidence>,
    },
    Count {
        label: Label,
        conditions: Vec<Confidence>,
        op: Op,
        number: u32,
    },
    Camera {
        is: Is,
        name: String,
    },
    Recording {
        is: Is,
        name: String,
    },
    /// The frame's time against a period.
    Time {
        op: Op,
        period: Period,
    },
    /// From the start of one period up to another.
    TimeIn {
        from: Period,
        to: Option<Period>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Is {
    Equal,
    NotEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A condition on the confidence of a detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Confidence {
    pub(crate) op: Op,
    pub(crate) value: f64,
}

/// A label, in lower case and with spaces between its words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label(String);

impl Label {
    pub(crate) fn new(text: &str) -> Label {
        Label(text.to_lowercase().replace('_', " "))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As label files spell it: with spaces, or with underscores.
    pub(crate) fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.0.clone()];
        if self.0.contains(' ') {
            spellings.push(self.0.replace(' ', "_"));
        }
        spellings
    }

    pub(crate) fn matches(&self, stored: &str) -> bool {
        self.spellings().iter().any(|spelling| spelling == stored)
    }
}

impl Op {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Op::Equal => "=",
            Op::NotEqual => "!=",
            Op::Less => "<",
            Op::LessOrEqual => "<=",
            Op::Greater => ">",
            Op::GreaterOrEqual => ">=",
        }
    }

    pub(crate) fn holds<T: PartialOrd + Copy>(self, left: T, right: T) -> bool {
        match self {
            Op::Equal => left == right,
            Op::NotEqual => left != right,
            Op::Less => left < right,
            Op::LessOrEqual => left <= right,
            Op::Greater => left > right,
            Op::GreaterOrEqual => left >= right,
        }
    }

    /// Holds exactly where this one does not.
    pub(crate) fn negated(self) -> Op {
        match self {
            Op::Equal => Op::NotEqual,
            Op::NotEqual => Op::Equal,
            Op::Less => Op::GreaterOrEqual,
            Op::LessOrEqual => Op::Greater,
            Op::Greater => Op::LessOrEqual,
            Op::GreaterOrEqual => Op::Less,
        }
    }
}

impl Is {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Is::Equal => "=",
            Is::NotEqual => "!=",
        }
    }

    pub(crate) fn negated(self) -> Is {
        match self {
            Is::Equal => Is::NotEqual,
            Is::NotEqual => Is::Equal,
        }
    }
}

impl Expr {
    /// Joins two conditions; conditions of the same sort become one list.
    pub(crate) fn and(self, other: Expr) -> Expr {
        let mut parts = match self {
            Expr::And(parts) => parts,
            expr => vec![expr],
        };
        match other {
            Expr::And(others) => parts.extend(others),
            expr => parts.push(expr),
        }
        Expr::And(parts)
    }

    /// As [`Expr::and`].
    pub(crate) fn or(self, other: Expr) -> Expr {
        let mut parts = match self {
            Expr::Or(parts) => parts,
            expr => vec![expr],
        };
        match other {
            Expr::Or(others) => parts.extend(others),
            expr => parts.push(expr),
        }
        Expr::Or(parts)
    }

    pub(crate) fn visit<'a>(&'a self, see: &mut dyn FnMut(&'a Expr)) {
        see(self);
        match self {
            Expr::Or(parts) | Expr::And(parts) => {
                for part in parts {
                    part.visit(see);
                }
            }
            Expr::Not(inner) => inner.visit(see),
            _ => {}
        }
    }

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
            Expr::Camera { is, name } => write!(f, "camera {} {}", is.symbol(), Name(name)),
            Expr::Recording { is, name } => write!(f, "recording {} {}", is.symbol(), Name(name)),
            Expr::Time { op, period } => write!(f, "time {} {period}", op.symbol()),
            Expr::TimeIn { from, to: None } => write!(f, "time in {from}"),
            Expr::TimeIn { from, to: Some(to) } => write!(f, "time in {from}..{to}"),
        }
    }
}

fn write_call(
    f: &mut fmt::Formatter<'_>,
    word: &str,
    label: &Label,
    conditions: &[Confidence],
) -> fmt::Result {
    write!(f, "{word}({label}")?;
    for Confidence { op, value } in conditions {
        write!(f, ", conf {} {value}", op.symbol())?;
    }
    f.write_str(")")
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.0.replace(' ', "_");
        if is_plain_word(&word) { f.write_str(&word) } else { write!(f, "{}", Quoted(&self.0)) }
    }
}

/// A name as a word where it can be one.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain_word(self.0) { f.write_str(self.0) } else { write!(f, "{}", Quoted(self.0)) }
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
