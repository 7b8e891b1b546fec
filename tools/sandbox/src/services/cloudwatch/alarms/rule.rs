//! The rule of a composite alarm: which states of other alarms put it into `ALARM`.
//!
//! `ALARM(name)`, `OK(name)` and `INSUFFICIENT_DATA(name)`, `TRUE` and `FALSE`, with `NOT`, `AND`, `OR` and parentheses;
//! names as they are, or in double quotes, or ARNs
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html>). AWS does not say which
//! operator binds tighter: here `NOT` before `AND` before `OR`. `AT_LEAST` is refused by name.

use std::{collections::BTreeSet, str::FromStr};

use super::state::StateValue;

/// Characters of a rule, alarms that it names, and its elements: alarms, constants and pairs of parentheses.
const MAX_LENGTH: usize = 10_240;
const MAX_CHILDREN: usize = 100;
const MAX_ELEMENTS: usize = 500;

/// What may stand where an operand does, in AWS's words.
const OPERAND: &str = "'(', 'NOT', AT_LEAST, TRUE or FALSE, ALARM, OK, or INSUFFICIENT_DATA";

/// When a composite alarm is in `ALARM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// `TRUE` or `FALSE`
    Constant(bool),
    /// The state that the alarm with this name or ARN must be in.
    State(StateValue, String),
    /// `NOT x`
    Not(Box<Rule>),
    /// `x AND y`
    All(Vec<Rule>),
    /// `x OR y`
    Any(Vec<Rule>),
}

/// Why a text is no rule. The words about tokens are AWS's, the others ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RuleError {
    /// A text without a rule, or with spaces around it.
    #[error("AlarmRule must not contain leading or trailing whitespace or be null")]
    Blank,
    /// Something that cannot stand there; characters are counted from 0.
    #[error("Error in AlarmRule [Unsupported token '{found}' at char {at}, must be: {expected}]")]
    Unexpected {
        found: String,
        at: usize,
        expected: &'static str,
    },
    /// A function of AWS's that is not here.
    #[error("the sandbox's alarm rules have no AT_LEAST")]
    AtLeast,
    /// More than there may be.
    #[error("AlarmRule must not have more than {limit} {what}")]
    TooMany { limit: usize, what: &'static str },
}

impl Rule {
    /// Whether it holds, given the states of alarms by name or ARN. What is not there is in no state.
    pub(super) fn holds(&self, state: &impl Fn(&str) -> Option<StateValue>) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::State(wanted, alarm) => state(alarm) == Some(*wanted),
            Self::Not(inner) => !inner.holds(state),
            Self::All(parts) => parts.iter().all(|part| part.holds(state)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(state)),
        }
    }

    /// The names and ARNs of the alarms that it goes by.
    pub(super) fn children(&self) -> BTreeSet<&str> {
        match self {
            Self::Constant(_) => BTreeSet::new(),
            Self::State(_, alarm) => BTreeSet::from([alarm.as_str()]),
            Self::Not(inner) => inner.children(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::children).collect(),
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.trim() != text {
            return Err(RuleError::Blank);
        }
        at_most(text.chars().count(), MAX_LENGTH, "characters")?;
        let mut parser = Parser {
            text,
            at: 0,
            elements: 0,
        };
        let rule = parser.any()?;
        if !parser.rest().is_empty() {
            return Err(parser.unexpected("'AND' or 'OR'"));
        }
        at_most(rule.children().len(), MAX_CHILDREN, "alarms")?;
        Ok(rule)
    }
}

fn at_most(number: usize, limit: usize, what: &'static str) -> Result<(), RuleError> {
    let too_many = RuleError::TooMany { limit, what };
    (number <= limit).then_some(()).ok_or(too_many)
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    elements: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Rule, RuleError> {
        self.joined("OR", Self::all, Rule::Any)
    }

    fn all(&mut self) -> Result<Rule, RuleError> {
        self.joined("AND", Self::operand, Rule::All)
    }

    /// Operands with a word between them.
    fn joined(
        &mut self,
        word: &str,
        operand: fn(&mut Self) -> Result<Rule, RuleError>,
        join: fn(Vec<Rule>) -> Rule,
    ) -> Result<Rule, RuleError> {
        let first = operand(self)?;
        let mut parts = vec![first];
        while self.take(word) {
            parts.push(operand(self)?);
        }
        Ok(match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => join(parts.into_iter().chain(last).collect()),
        })
    }

    fn operand(&mut self) -> Result<Rule, RuleError> {
        // In a loop, so that a rule of thousands of NOTs does not nest as deep.
        let mut negated = false;
        while self.take("NOT") {
            negated = !negated;
        }
        let rule = self.element()?;
        Ok(if negated {
            Rule::Not(Box::new(rule))
        } else {
            rule
        })
    }

    fn element(&mut self) -> Result<Rule, RuleError> {
        self.elements += 1;
        at_most(self.elements, MAX_ELEMENTS, "elements")?;
        if self.take("(") {
            let inner = self.any()?;
            self.close()?;
            return Ok(inner);
        }
        let word = self.token();
        let state = match word {
            _ if word.eq_ignore_ascii_case("TRUE") => None,
            _ if word.eq_ignore_ascii_case("FALSE") => None,
            "ALARM" => Some(StateValue::Alarm),
            "OK" => Some(StateValue::Ok),
            "INSUFFICIENT_DATA" => Some(StateValue::InsufficientData),
            "AT_LEAST" => return Err(RuleError::AtLeast),
            _ => return Err(self.unexpected(OPERAND)),
        };
        self.at += word.len();
        let Some(state) = state else {
            return Ok(Rule::Constant(word.eq_ignore_ascii_case("TRUE")));
        };
        if !self.take("(") {
            return Err(self.unexpected("'('"));
        }
        let alarm = self.alarm()?;
        self.close()?;
        Ok(Rule::State(state, alarm))
    }

    /// The name or the ARN of an alarm.
    fn alarm(&mut self) -> Result<String, RuleError> {
        let rest = self.rest();
        let (name, length) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let name = quoted.split_once('"').map(|(name, _)| name);
                let name = name.ok_or_else(|| self.unexpected("'\"'"))?;
                (name, name.len() + 2)
            }
            None => {
                let name = self.token();
                (name, name.len())
            }
        };
        if matches!(name, "" | "(" | ")") {
            return Err(self.unexpected("the name or the ARN of an alarm"));
        }
        self.at += length;
        Ok(name.to_owned())
    }

    fn close(&mut self) -> Result<(), RuleError> {
        if self.take(")") {
            return Ok(());
        }
        Err(self.unexpected("')'"))
    }

    /// Takes the next token, if it is this one.
    fn take(&mut self, wanted: &str) -> bool {
        let found = self.token() == wanted;
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// A parenthesis, or what stands before the next one or the next space.
    fn token(&mut self) -> &'a str {
        let rest = self.rest();
        let end = match rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')) {
            Some(0) => 1,
            Some(end) => end,
            None => rest.len(),
        };
        &rest[..end]
    }

    /// What follows, without the space before it.
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn unexpected(&mut self, expected: &'static str) -> RuleError {
        RuleError::Unexpected {
            found: self.token().to_owned(),
            at: self.text[..self.at].chars().count(),
            expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// Whether the rule holds while `a` is in ALARM, `b` in OK and everything else without data.
    fn holds(text: &str) -> bool {
        rule(text).holds(&|alarm| {
            Some(match alarm {
                "a" => StateValue::Alarm,
                "b" => StateValue::Ok,
                _ => StateValue::InsufficientData,
            })
        })
    }

    #[test]
    fn a_rule_holds_by_the_states_that_it_names() {
        for text in [
            "ALARM(a)",
            "OK(b)",
            "INSUFFICIENT_DATA(c)",
            "TRUE",
            "NOT FALSE",
            "NOT false AND true",
            "NOT NOT ALARM(a)",
            "ALARM(a) AND NOT ALARM(b)",
            "ALARM(b) OR ALARM(a)",
            "(ALARM(b)OR ALARM(a))AND OK(b)",
            // AND binds tighter than OR, and NOT tighter than both.
            "TRUE OR FALSE AND FALSE",
            "NOT FALSE OR TRUE AND FALSE",
            "NOT (ALARM(a) AND ALARM(b))",
            "ALARM( \"a\" )",
            "ALARM(\n  a\n)\n\tAND OK (b)",
        ] {
            assert!(holds(text), "{text}");
            assert!(!holds(&format!("NOT ({text})")), "NOT ({text})");
        }
    }

    #[test]
    fn names_are_as_they_are_or_quoted_or_arns() {
        let text = r#"ALARM("with ) and space") OR OK(arn:aws:cloudwatch:us-east-1:0:alarm:a) OR ALARM(x/y-z.1)"#;
        let rule = rule(text);
        let children = [
            "arn:aws:cloudwatch:us-east-1:0:alarm:a",
            "with ) and space",
            "x/y-z.1",
        ];
        assert_eq!(rule.children(), BTreeSet::from(children));
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_place() {
        let unexpected = |found: &str, at: usize, expected: &str| {
            format!(
                "Error in AlarmRule [Unsupported token '{found}' at char {at}, must be: {expected}]"
            )
        };
        for (text, expected) in [
            // As AWS answered in public reports.
            ("()", unexpected(")", 1, OPERAND)),
            ("ALARM(Queue Oldest)", unexpected("Oldest", 12, "')'")),
            ("", RuleError::Blank.to_string()),
            ("ALARM(a)\n", RuleError::Blank.to_string()),
            ("a", unexpected("a", 0, OPERAND)),
            ("alarm(a)", unexpected("alarm", 0, OPERAND)),
            ("ALARM(a) ALARM(b)", unexpected("ALARM", 9, "'AND' or 'OR'")),
            ("ALARM(a) AND", unexpected("", 12, OPERAND)),
            ("(ALARM(a)", unexpected("", 9, "')'")),
            (
                "ALARM()",
                unexpected(")", 6, "the name or the ARN of an alarm"),
            ),
            ("ALARM", unexpected("", 5, "'('")),
            ("ALARM(\"a)", unexpected("\"a", 6, "'\"'")),
            ("AT_LEAST(1, ALARM, (a, b))", RuleError::AtLeast.to_string()),
        ] {
            let error = text.parse::<Rule>().unwrap_err();
            assert_eq!(error.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_rule_has_awss_limits() {
        let alarms = |number: usize| {
            let names: Vec<_> = (0..number).map(|i| format!("ALARM(a{i})")).collect();
            names.join(" OR ")
        };
        let repeated = |number: usize| vec!["ALARM(a)"; number].join(" OR ");
        let nested = |number: usize| format!("{}TRUE{}", "(".repeat(number), ")".repeat(number));
        for (fits, exceeds, what) in [
            (alarms(100), alarms(101), "100 alarms"),
            (repeated(500), repeated(501), "500 elements"),
            (nested(499), nested(500), "500 elements"),
            (
                "NOT ".repeat(2559) + "TRUE",
                "NOT ".repeat(2560) + "TRUE",
                "10240 characters",
            ),
        ] {
            assert!(fits.parse::<Rule>().is_ok(), "{what}");
            let error = exceeds.parse::<Rule>().unwrap_err().to_string();
            assert!(error.ends_with(what), "{error}");
        }
    }
}
