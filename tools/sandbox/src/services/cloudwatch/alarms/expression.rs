//! Metric math, as much of it as alarms here need: one value per period.
//!
//! Numbers, ids, `+ - * /`, comparisons (1 or 0), `AND`, `OR`, parentheses, `IF(condition, then, else)` and
//! `FILL(metric, value)`. Precedence as in "Using math expressions with CloudWatch metrics" of the `CloudWatch` user
//! guide. What is missing makes a result that needs it missing, except through `FILL`; so does a division by zero.
//! Anything else is refused by name.

use std::fmt;

mod parser;

/// An expression over other queries.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// A constant.
    Number(f64),
    /// The value of another query.
    Id(String),
    /// `-x`
    Negated(Box<Expression>),
    /// `x + y` and the like.
    Binary(Box<Expression>, Operator, Box<Expression>),
    /// `IF(condition, then, else)`
    If(Box<[Expression; 3]>),
    /// `FILL(metric, value)`
    Fill(Box<[Expression; 2]>),
}

/// Why a text is no expression that is served here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpressionError {
    /// A function that the sandbox does not have.
    #[error("the sandbox's metric math has IF and FILL, not {0}")]
    Function(String),
    /// A function with another number of arguments.
    #[error("{function} takes {takes} arguments")]
    Arguments {
        function: &'static str,
        takes: usize,
    },
    /// A character that cannot stand there.
    #[error("unexpected {found} at character {at}")]
    Unexpected { found: String, at: usize },
    /// Too many parentheses in each other.
    #[error("more than {0} levels of nesting")]
    TooDeep(usize),
}

/// What stands between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    LessOrEqual,
    GreaterOrEqual,
    Less,
    Greater,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Operator {
    /// All of them, a longer spelling before one that begins it.
    const ALL: [(Self, &'static str); 14] = [
        (Self::Or, "||"),
        (Self::Or, "OR"),
        (Self::And, "&&"),
        (Self::And, "AND"),
        (Self::Equal, "=="),
        (Self::NotEqual, "!="),
        (Self::LessOrEqual, "<="),
        (Self::GreaterOrEqual, ">="),
        (Self::Less, "<"),
        (Self::Greater, ">"),
        (Self::Add, "+"),
        (Self::Subtract, "-"),
        (Self::Multiply, "*"),
        (Self::Divide, "/"),
    ];

    /// What binds tighter has more.
    const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide => 6,
        }
    }

    /// The value of an operation.
    fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
        match self {
            Self::Or => truth(left != 0.0 || right != 0.0),
            Self::And => truth(left != 0.0 && right != 0.0),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::LessOrEqual => truth(left <= right),
            Self::GreaterOrEqual => truth(left >= right),
            Self::Less => truth(left < right),
            Self::Greater => truth(left > right),
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
        }
    }
}

impl Expression {
    /// The ids that it refers to, in order, perhaps more than once.
    pub(super) fn ids(&self) -> Vec<&str> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Id(id) => vec![id],
            Self::Negated(inner) => inner.ids(),
            Self::Binary(left, _, right) => [left.ids(), right.ids()].concat(),
            Self::If(parts) => parts.iter().flat_map(Self::ids).collect(),
            Self::Fill(parts) => parts.iter().flat_map(Self::ids).collect(),
        }
    }

    /// Its value in one period, given those of the ids.
    pub(super) fn value(&self, of: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
        let value = match self {
            Self::Number(number) => *number,
            Self::Id(id) => of(id)?,
            Self::Negated(inner) => -inner.value(of)?,
            Self::Binary(left, operator, right) => {
                operator.apply(left.value(of)?, right.value(of)?)
            }
            Self::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                let chosen = if condition.value(of)? == 0.0 {
                    otherwise
                } else {
                    then
                };
                chosen.value(of)?
            }
            Self::Fill(parts) => {
                let [metric, value] = &**parts;
                metric.value(of).or_else(|| value.value(of))?
            }
        };
        value.is_finite().then_some(value)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Id(id) => f.write_str(id),
            Self::Negated(inner) => write!(f, "-({inner})"),
            Self::Binary(left, operator, right) => {
                let known = Operator::ALL.iter().find(|(known, _)| known == operator);
                let spelling = known.map_or("", |(_, spelling)| spelling);
                write!(f, "({left}) {spelling} ({right})")
            }
            Self::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                write!(f, "IF({condition}, {then}, {otherwise})")
            }
            Self::Fill(parts) => {
                let [metric, value] = &**parts;
                write!(f, "FILL({metric}, {value})")
            }
        }
    }
}

#[cfg(test)]
mod tests;
