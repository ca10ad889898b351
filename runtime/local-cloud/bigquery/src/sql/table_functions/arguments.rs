//! The arguments of GoogleSQL's own table functions. `TABLE name` is written by tokens as `(SELECT * FROM name)`, which
//! the parser knows.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, ObjectName, Query};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::NAMES;
use crate::error::Fault;
use crate::sql::parse::word;
use crate::sql::{Result, at};

/// `tokens` are free of white space.
pub(in crate::sql) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is = |i: usize, words: &[&str]| {
        let found = tokens.get(i).and_then(word);
        found.is_some_and(|w| words.iter().any(|name| w.value.eq_ignore_ascii_case(name)))
    };
    if !(0..tokens.len()).any(|i| is(i, NAMES)) {
        return tokens;
    }
    let mut out = Vec::with_capacity(tokens.len());
    // For each parenthesis that is open: whether it is that of such a function.
    let mut open: Vec<bool> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        match tokens[i].token {
            Token::LParen => open.push(i > 0 && is(i - 1, NAMES)),
            Token::RParen => {
                open.pop();
            }
            _ => {}
        }
        let begins = i > 0 && matches!(tokens[i - 1].token, Token::LParen | Token::Comma);
        if begins
            && open.last() == Some(&true)
            && is(i, &["TABLE"])
            && let Some(end) = path_end(&tokens, i + 1)
        {
            let like = |token: Token| TokenWithSpan::new(token, tokens[i].span);
            out.push(like(Token::LParen));
            out.push(like(Token::make_word("SELECT", None)));
            out.push(like(Token::Mul));
            out.push(like(Token::make_word("FROM", None)));
            out.extend_from_slice(&tokens[i + 1..end]);
            out.push(like(Token::RParen));
            i = end;
            continue;
        }
        out.push(tokens[i].clone());
        i += 1;
    }
    out
}

/// Where a table's name ends that is an argument.
fn path_end(tokens: &[TokenWithSpan], from: usize) -> Option<usize> {
    let mut i = from;
    while let Some(token) = tokens.get(i) {
        match token.token {
            Token::Word(_) | Token::Period | Token::Minus | Token::Number(..) => i += 1,
            Token::Comma | Token::RParen if i > from => return Some(i),
            _ => return None,
        }
    }
    None
}

/// The arguments by their names.
pub(super) struct Arguments<'a> {
    function: String,
    place: String,
    given: Vec<(&'static str, &'a Expr)>,
}

impl<'a> Arguments<'a> {
    /// Reads them; `names` are all that the function takes, in their order. The first `positional` of them may be given
    /// without their names.
    pub(super) fn read(
        name: &ObjectName,
        args: &'a [FunctionArg],
        names: &[&'static str],
        positional: usize,
    ) -> Result<Self> {
        let mut out = Self {
            function: name.to_string().to_uppercase(),
            place: at(name),
            given: Vec::new(),
        };
        for (i, arg) in args.iter().enumerate() {
            let (written, value) = match arg {
                FunctionArg::Named { name, arg, .. } => (Some(name.value.clone()), arg),
                FunctionArg::ExprNamed { name, arg, .. } => (Some(name.to_string()), arg),
                FunctionArg::Unnamed(arg) => (None, arg),
            };
            let FunctionArgExpr::Expr(value) = value else {
                return Err(out.refused(&format!("unexpected argument `{arg}`")));
            };
            let known = match &written {
                Some(written) => names.iter().find(|name| name.eq_ignore_ascii_case(written)),
                None => names.get(i).filter(|_| i < positional),
            };
            let known = known.ok_or_else(|| match &written {
                Some(written) => out.refused(&format!("named argument `{written}` not found in its signature")),
                None => out.refused("too many positional arguments"),
            })?;
            if out.get(known).is_some() {
                return Err(out.refused(&format!("argument `{known}` is given twice")));
            }
            out.given.push((known, value));
        }
        Ok(out)
    }

    pub(super) fn refused(&self, why: &str) -> Fault {
        Fault::query(format!("Table-valued function {}: {why}{}", self.function, self.place))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Expr> {
        self.given
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }

    pub(super) fn must(&self, name: &str) -> Result<&'a Expr> {
        self.get(name)
            .ok_or_else(|| self.refused(&format!("required argument `{name}` is missing")))
    }

    /// An argument that is a table or a query.
    pub(super) fn query(&self, name: &str) -> Result<&'a Query> {
        match unwrapped(self.must(name)?) {
            Expr::Subquery(query) => Ok(query),
            _ => Err(self.refused(&format!(
                "argument `{name}` must be TABLE and a name, or a query in parentheses"
            ))),
        }
    }

    /// An argument that is written as a text.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>> {
        let Some(expr) = self.get(name) else {
            return Ok(None);
        };
        text(expr)
            .map(Some)
            .ok_or_else(|| self.refused(&format!("argument `{name}` must be a string literal")))
    }

    /// An argument that is an array of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>> {
        let items = self.items(name)?;
        let texts: Option<Vec<String>> = items.iter().map(text).collect();
        texts.ok_or_else(|| self.refused(&format!("argument `{name}` must be an array of string literals")))
    }

    /// An argument that is an array of pairs of texts.
    pub(super) fn pairs(&self, name: &str) -> Result<Vec<(String, String)>> {
        let pair = |item: &Expr| match unwrapped(item) {
            Expr::Tuple(values) | Expr::Struct { values, .. } => match values.as_slice() {
                [a, b] => Some((text(a)?, text(b)?)),
                _ => None,
            },
            _ => None,
        };
        let pairs: Option<Vec<(String, String)>> = self.items(name)?.iter().map(pair).collect();
        pairs.ok_or_else(|| {
            self.refused(&format!(
                "argument `{name}` must be an array of pairs of string literals"
            ))
        })
    }

    fn items(&self, name: &str) -> Result<&'a [Expr]> {
        let Some(expr) = self.get(name) else {
            return Ok(&[]);
        };
        match unwrapped(expr) {
            Expr::Array(array) => Ok(&array.elem),
            // A typed array.
            Expr::Cast { expr, .. } => match unwrapped(expr) {
                Expr::Array(array) => Ok(&array.elem),
                _ => Err(self.refused(&format!("argument `{name}` must be an array literal"))),
            },
            _ => Err(self.refused(&format!("argument `{name}` must be an array literal"))),
        }
    }

    /// Whether an argument is TRUE.
    pub(super) fn truth(&self, name: &str, default: bool) -> Result<bool> {
        match self
            .get(name)
            .map(|expr| unwrapped(expr).to_string().to_ascii_uppercase())
        {
            None => Ok(default),
            Some(word) if word == "TRUE" => Ok(true),
            Some(word) if word == "FALSE" => Ok(false),
            Some(_) => Err(self.refused(&format!("argument `{name}` must be TRUE or FALSE"))),
        }
    }
}

/// Without the parentheses around it.
fn unwrapped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => unwrapped(inner),
        other => other,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match unwrapped(expr) {
        Expr::Value(value) => value.value.clone().into_string(),
        _ => None,
    }
}
