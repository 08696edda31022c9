//! What a filter says.

use std::ops::Range;

use super::clock::DailyRange;
use super::place::{Circle, Region};
use super::time::Period;
use crate::sun::Tod;

/// A condition on a frame. `And` and `Or` hold two or more, none of their own
/// sort; a list of names or values holds at least one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Or(Vec<Expr>),
    And(Vec<Expr>),
    Not(Box<Expr>),
    Has {
        label: Label,
        conditions: Vec<Measure>,
    },
    Count {
        label: Label,
        conditions: Vec<Measure>,
        op: Op,
        number: u32,
    },
    /// A column of `frames` or of an attached table; which one, a vocabulary
    /// tells, and what its values are.
    Column {
        name: Name,
        test: Test,
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
    /// A time of day, on any date.
    TimeOfDay(DailyRange),
    Within(Circle),
    InBox(Region),
    /// One of these, by the sun.
    Tod(Vec<Tod>),
    /// Tagged with one of these.
    Tag(Vec<Name>),
    /// In one of these saved selections.
    Selection(Vec<Name>),
}

/// What a column is held against. The values are as they were written: only
/// the column tells whether they are numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Compare(Op, Name),
    In(Vec<Name>),
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

/// A condition on one detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measure {
    pub(crate) of: Measured,
    pub(crate) op: Op,
    /// 0 to 1.
    pub(crate) value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    Confidence,
    /// The box's share of the image; what is said of the whole image has none.
    Area,
}

/// A name or value, and where in the filter's text it stands, for errors that
/// only show when the catalog is at hand. Two are the same wherever they stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) place: Range<usize>,
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.text == other.text
    }
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

    pub(crate) fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
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

impl Measured {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Measured::Confidence => "conf",
            Measured::Area => "area",
        }
    }
}

impl Test {
    /// It asks whether the value is a certain one.
    pub(crate) fn is_of_names(&self) -> bool {
        matches!(self, Test::Compare(Op::Equal | Op::NotEqual, _) | Test::In(_))
    }

    pub(crate) fn values(&self) -> &[Name] {
        match self {
            Test::Compare(_, value) => std::slice::from_ref(value),
            Test::In(values) => values,
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

    pub(crate) fn negated(self) -> Expr {
        Expr::Not(Box::new(self))
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
}
