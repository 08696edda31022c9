//! Tokens to a filter: how conditions are joined. What each of them says is in
//! `conditions`.

mod conditions;

use std::ops::Range;

use super::ast::{Expr, Name, Op};
use super::error::FilterError;
use super::lexer::{Spanned, Symbol, Token, tokens};

/// Longer filters are refused, also ones that are longer in their normal form.
pub const MAX_FILTER_BYTES: usize = 16 << 10;
/// Brackets and `not`s inside each other: each costs stack here and a join below.
const MAX_DEPTH: usize = 32;
/// Conditions in one filter: each on labels is a join.
const MAX_CONDITIONS: usize = 64;

/// The empty text is no condition at all.
pub(super) fn parse(text: &str) -> Result<Option<Expr>, FilterError> {
    let too_long = || {
        let message = format!("the filter is longer than {MAX_FILTER_BYTES} bytes");
        FilterError::new(message, text, text.len()..text.len())
    };
    if text.len() > MAX_FILTER_BYTES {
        return Err(too_long());
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
    if expr.to_string().len() > MAX_FILTER_BYTES {
        return Err(too_long());
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
            return Ok(inner.negated());
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
            return Err(self.error(message, start));
        }
        self.leaf()
    }

    fn deeper(&mut self, span: Range<usize>) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("brackets and nots go {MAX_DEPTH} deep, not deeper");
            return Err(self.error(message, span));
        }
        Ok(())
    }

    fn op(&mut self, what: &str) -> Result<Op, FilterError> {
        let op = self.next_op().ok_or_else(|| self.expected(what))?;
        self.at += 1;
        Ok(op)
    }

    fn next_op(&self) -> Option<Op> {
        match self.tokens.get(self.at)?.token {
            Token::Symbol(Symbol::Equal) => Some(Op::Equal),
            Token::Symbol(Symbol::NotEqual) => Some(Op::NotEqual),
            Token::Symbol(Symbol::Less) => Some(Op::Less),
            Token::Symbol(Symbol::LessOrEqual) => Some(Op::LessOrEqual),
            Token::Symbol(Symbol::Greater) => Some(Op::Greater),
            Token::Symbol(Symbol::GreaterOrEqual) => Some(Op::GreaterOrEqual),
            _ => None,
        }
    }

    /// A word or a quoted text.
    fn name(&mut self, what: &str) -> Result<Name, FilterError> {
        match self.tokens.get(self.at) {
            Some(Spanned { token: Token::Word(text) | Token::Quoted(text), span }) => {
                let name = Name { text: text.clone(), place: span.clone() };
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.expected(what)),
        }
    }

    fn word(&self) -> Option<&str> {
        match self.tokens.get(self.at).map(|spanned| &spanned.token) {
            Some(Token::Word(word)) => Some(word),
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
        self.error(format!("expected {what}"), self.span())
    }

    fn error(&self, message: impl Into<String>, span: Range<usize>) -> FilterError {
        FilterError::new(message, self.text, span)
    }

    /// Of the next token; behind the text at its end.
    fn span(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        self.tokens.get(self.at).map_or(end..end, |spanned| spanned.span.clone())
    }
}

#[cfg(test)]
mod tests;
