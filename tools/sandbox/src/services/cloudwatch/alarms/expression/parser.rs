//! From text to an [`Expression`], by precedence climbing.

use std::str::FromStr;

use super::{Expression, ExpressionError, Operator};

/// How deep parentheses, functions and signs may stand in each other.
const DEEPEST: usize = 50;

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
        };
        let expression = parser.expression(0)?;
        if parser.peek().is_some() {
            return Err(parser.unexpected());
        }
        Ok(expression)
    }
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Operands and the operators between them, as long as these bind tighter than `least`.
    fn expression(&mut self, least: u8) -> Result<Expression, ExpressionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(ExpressionError::TooDeep(DEEPEST));
        }
        let mut left = self.operand()?;
        while let Some((operator, spelling)) = self.operator()
            && operator.precedence() > least
        {
            self.at += spelling.len();
            let right = self.expression(operator.precedence())?;
            left = Expression::Binary(Box::new(left), operator, Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expression, ExpressionError> {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.expression(0)?;
                self.expect(')')?;
                Ok(inner)
            }
            Some('-') => {
                self.at += 1;
                // Binds tighter than any operator between two operands.
                let inner = self.expression(u8::MAX)?;
                Ok(Expression::Negated(Box::new(inner)))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_ascii_alphabetic() => self.word(),
            _ => Err(self.unexpected()),
        }
    }

    fn number(&mut self) -> Result<Expression, ExpressionError> {
        let from = self.at;
        let digits = self.take(|c| c.is_ascii_digit() || c == '.');
        let number = digits.parse().map_err(|_| ExpressionError::Unexpected {
            found: digits.to_owned(),
            at: from + 1,
        })?;
        Ok(Expression::Number(number))
    }

    /// An id, or a function with its arguments.
    fn word(&mut self) -> Result<Expression, ExpressionError> {
        let word = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
        if self.peek() != Some('(') {
            // Ids begin with a small letter, functions with a capital one.
            return match word.starts_with(|c: char| c.is_ascii_lowercase()) {
                true => Ok(Expression::Id(word.to_owned())),
                false => Err(ExpressionError::Function(word.to_owned())),
            };
        }
        match word {
            "IF" => Ok(Expression::If(Box::new(self.arguments("IF")?))),
            "FILL" => Ok(Expression::Fill(Box::new(self.arguments("FILL")?))),
            _ => Err(ExpressionError::Function(word.to_owned())),
        }
    }

    fn arguments<const N: usize>(
        &mut self,
        function: &'static str,
    ) -> Result<[Expression; N], ExpressionError> {
        self.expect('(')?;
        let mut arguments = vec![self.expression(0)?];
        while self.peek() == Some(',') {
            self.at += 1;
            arguments.push(self.expression(0)?);
        }
        self.expect(')')?;
        let takes = N;
        arguments
            .try_into()
            .map_err(|_| ExpressionError::Arguments { function, takes })
    }

    /// The operator that comes next, if one does; it is not taken yet.
    fn operator(&mut self) -> Option<(Operator, &'static str)> {
        self.peek()?;
        let rest = &self.text[self.at..];
        Operator::ALL
            .into_iter()
            .find(|(_, spelling)| rest.starts_with(spelling))
    }

    fn expect(&mut self, wanted: char) -> Result<(), ExpressionError> {
        if self.peek() != Some(wanted) {
            return Err(self.unexpected());
        }
        self.at += wanted.len_utf8();
        Ok(())
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn unexpected(&mut self) -> ExpressionError {
        let found = self.peek();
        ExpressionError::Unexpected {
            found: found.map_or_else(|| "end".to_owned(), |c| format!("{c:?}")),
            at: self.text[..self.at].chars().count() + 1,
        }
    }
}
