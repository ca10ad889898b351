//! Scripts read from tokens. What sqlparser reads well it reads; the rest of GoogleSQL's statements is read here.

use sqlparser::ast::{Expr, Ident, ObjectName, SqlOption};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::complaint::shown;
use super::copy_syntax;
use super::parse::{self, word};
use super::routine_syntax::{self, RoutineKind};
use super::script::{Step, Target, Written};
use super::transfer;
use crate::error::Fault;

type Result<T> = std::result::Result<T, Fault>;

/// Blocks within blocks deeper than this are refused (BigQuery: 50).
const DEEPEST: usize = 50;

/// The steps of a script, in order; at least one.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>> {
    let tokens = parse::tokens(text)?;
    let mut reader = Reader {
        text,
        tokens: &tokens,
        at: 0,
        depth: 0,
    };
    let steps = reader.steps(&[])?;
    if let Some(token) = reader.peek() {
        return Err(reader.unexpected(token));
    }
    if steps.is_empty() {
        return Err(Fault::query("Syntax error: Unexpected end of script"));
    }
    Ok(steps)
}

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    tokens: &'a [TokenWithSpan],
    at: usize,
    depth: usize,
}

/// Whether an expression may end with this token.
fn ends_expression(token: &Token) -> bool {
    match token {
        Token::Word(_) => !shown(token).starts_with("keyword"),
        Token::Number(..) | Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => true,
        token => matches!(token, Token::RParen | Token::RBracket),
    }
}

impl<'a> Reader<'a> {
    pub(super) fn peek(&self) -> Option<&'a TokenWithSpan> {
        self.tokens.get(self.at)
    }

    /// A place to come back to.
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    pub(super) fn back_to(&mut self, mark: usize) {
        self.at = mark;
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    pub(super) fn unexpected(&self, token: &TokenWithSpan) -> Fault {
        let at = token.span.start;
        let place = self.tokens.iter().position(|t| t.span == token.span);
        let before = place.and_then(|at| self.tokens.get(at.checked_sub(1)?));
        // In the middle of a statement the rest is what is too much.
        let what = match before {
            Some(before) if ends_expression(&before.token) => "Expected end of input but got",
            _ => "Unexpected",
        };
        Fault::query(format!(
            "Syntax error: {what} {} at [{}:{}]",
            shown(&token.token),
            at.line,
            at.column
        ))
    }

    fn ended(&self, wanted: &str) -> Fault {
        match self.peek() {
            Some(token) => {
                let at = token.span.start;
                Fault::query(format!(
                    "Syntax error: Expected {wanted} but got {} at [{}:{}]",
                    shown(&token.token),
                    at.line,
                    at.column
                ))
            }
            None => {
                let end = self
                    .tokens
                    .last()
                    .map_or(Location { line: 1, column: 1 }, |t| t.span.end);
                Fault::query(format!(
                    "Syntax error: Expected {wanted} but got end of script at [{}:{}]",
                    end.line, end.column
                ))
            }
        }
    }

    /// Whether these words come next.
    pub(super) fn at_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, wanted)| {
            let token = self.tokens.get(self.at + i);
            token
                .and_then(word)
                .is_some_and(|w| w.value.eq_ignore_ascii_case(wanted))
        })
    }

    pub(super) fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.at_words(words);
        if found {
            self.at += words.len();
        }
        found
    }

    pub(super) fn expect(&mut self, words: &[&str]) -> Result<()> {
        if self.eat(words) {
            Ok(())
        } else {
            Err(self.ended(&format!("keyword {}", words.join(" "))))
        }
    }

    pub(super) fn eat_token(&mut self, token: &Token) -> bool {
        let found = self.peek().is_some_and(|t| t.token == *token);
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn expect_token(&mut self, token: &Token) -> Result<()> {
        if self.eat_token(token) {
            Ok(())
        } else {
            Err(self.ended(&format!("\"{token}\"")))
        }
    }

    pub(super) fn ident(&mut self) -> Result<Ident> {
        let Some(token) = self.peek() else {
            return Err(self.ended("an identifier"));
        };
        let Token::Word(word) = &token.token else {
            return Err(self.ended("an identifier"));
        };
        self.at += 1;
        Ok(match word.quote_style {
            Some(quote) => Ident::with_quote(quote, &word.value),
            None => Ident::new(&word.value),
        })
    }

    /// The tokens up to one of these words or tokens outside of all brackets; CASE … END counts as brackets.
    pub(super) fn until(&mut self, stop: impl Fn(&TokenWithSpan) -> bool) -> &'a [TokenWithSpan] {
        let from = self.at;
        let (mut depth, mut cases) = (0_usize, 0_usize);
        while let Some(token) = self.peek() {
            if depth == 0 && cases == 0 && stop(token) {
                break;
            }
            match &token.token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket => {
                    if depth == 0 {
                        break;
                    }
                    depth -= 1;
                }
                Token::SemiColon if depth == 0 => break,
                _ => match word(token) {
                    Some(w) if w.value.eq_ignore_ascii_case("CASE") => cases += 1,
                    Some(w) if w.value.eq_ignore_ascii_case("END") => cases = cases.saturating_sub(1),
                    _ => {}
                },
            }
            self.at += 1;
        }
        &self.tokens[from..self.at]
    }

    fn until_word(&mut self, words: &[&str]) -> &'a [TokenWithSpan] {
        self.until(|token| is_word(token, words))
    }

    /// The tokens inside the brackets that open here.
    pub(super) fn bracketed(&mut self) -> Result<&'a [TokenWithSpan]> {
        self.expect_token(&Token::LParen)?;
        let inner = self.until(|_| false);
        self.expect_token(&Token::RParen)?;
        Ok(inner)
    }

    /// A path of names up to white space that ends it.
    pub(super) fn object_name(&mut self) -> Result<ObjectName> {
        let from = self.at;
        let mut last: Option<&TokenWithSpan> = None;
        while let Some(token) = self.peek() {
            let joined = last.is_none_or(|l| l.span.end == token.span.start);
            let fits = match &token.token {
                Token::Word(_) => last.is_none() || (joined && !matches!(last.map(|l| &l.token), Some(Token::Word(_)))),
                Token::Period | Token::Minus | Token::Colon | Token::Number(..) => joined && last.is_some(),
                _ => false,
            };
            if !fits {
                break;
            }
            last = Some(token);
            self.at += 1;
        }
        if from == self.at {
            return Err(self.ended("a name"));
        }
        parse::object_name(&self.tokens[from..self.at])
    }

    /// Steps up to the end or to one of these words, which is left.
    fn steps(&mut self, stop: &[&str]) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            while self.eat_token(&Token::SemiColon) {}
            let Some(token) = self.peek() else { break };
            if is_word(token, stop) {
                break;
            }
            let step = self.step(stop)?;
            steps.push(step);
            match self.peek() {
                None => break,
                Some(token) if token.token == Token::SemiColon => {}
                Some(token) => return Err(self.unexpected(token)),
            }
        }
        Ok(steps)
    }

    fn step(&mut self, stop: &[&str]) -> Result<Step> {
        if self.depth > DEEPEST {
            return Err(Fault::query(format!(
                "Script statements are nested too deeply: at most {DEEPEST} levels are allowed"
            )));
        }
        self.depth += 1;
        let step = self.step_inner(stop);
        self.depth -= 1;
        step
    }

    fn step_inner(&mut self, stop: &[&str]) -> Result<Step> {
        let label = self.label();
        if self.at_words(&["BEGIN"]) {
            let plain = self.tokens.get(self.at + 1).is_none_or(|t| t.token == Token::SemiColon);
            if plain || self.at_words(&["BEGIN", "TRANSACTION"]) {
                self.skip();
                self.eat(&["TRANSACTION"]);
                return self.transaction(stop);
            }
            return self.block(label);
        }
        if self.eat(&["LOOP"]) {
            let body = self.steps(&["END"])?;
            self.end(&["END", "LOOP"])?;
            return Ok(looped(label, None, body, None));
        }
        if self.eat(&["WHILE"]) {
            let before = parse::expression(self.until_word(&["DO"]))?;
            self.expect(&["DO"])?;
            let body = self.steps(&["END"])?;
            self.end(&["END", "WHILE"])?;
            return Ok(looped(label, Some(before), body, None));
        }
        if self.eat(&["REPEAT"]) {
            let body = self.steps(&["UNTIL"])?;
            self.expect(&["UNTIL"])?;
            let until = parse::expression(self.until_word(&["END"]))?;
            self.end(&["END", "REPEAT"])?;
            return Ok(looped(label, None, body, Some(until)));
        }
        if self.eat(&["FOR"]) {
            let name = self.ident()?.value;
            self.expect(&["IN"])?;
            let query = parse::query(self.bracketed()?)?;
            self.expect(&["DO"])?;
            let body = self.steps(&["END"])?;
            self.end(&["END", "FOR"])?;
            return Ok(Step::For {
                label,
                name,
                query,
                body,
            });
        }
        if self.eat(&["IF"]) {
            return self.conditional();
        }
        if self.eat(&["CASE"]) {
            return self.case();
        }
        if self.at_words(&["COMMIT"]) {
            return Err(Fault::query(
                "COMMIT TRANSACTION needs a transaction that was begun before it",
            ));
        }
        if self.eat(&["ROLLBACK"]) {
            self.eat(&["TRANSACTION"]);
            return Ok(Step::Rollback);
        }
        if self.eat(&["BREAK"]) || self.eat(&["LEAVE"]) {
            return Ok(Step::Leave(self.optional_name()));
        }
        if self.eat(&["CONTINUE"]) || self.eat(&["ITERATE"]) {
            return Ok(Step::Iterate(self.optional_name()));
        }
        if self.eat(&["RETURN"]) {
            return Ok(Step::Return);
        }
        if self.eat(&["RAISE"]) {
            if self.eat(&["USING", "MESSAGE"]) {
                self.expect_token(&Token::Eq)?;
                return Ok(Step::Raise(Some(parse::expression(self.until(|_| false))?)));
            }
            return Ok(Step::Raise(None));
        }
        if self.eat(&["DECLARE"]) {
            return self.declare();
        }
        if self.at_words(&["SET"]) {
            return self.set();
        }
        if self.eat(&["CALL"]) {
            let name = self.object_name()?;
            let arguments = parse::expressions(self.bracketed()?)?;
            return Ok(Step::Call { name, arguments });
        }
        if self.eat(&["EXECUTE", "IMMEDIATE"]) {
            return self.execute();
        }
        // Words that belong to the step around this one; sqlparser would take END for COMMIT.
        if let Some(token) = self.peek()
            && is_word(
                token,
                &["END", "ELSE", "ELSEIF", "EXCEPTION", "WHEN", "THEN", "UNTIL", "DO"],
            )
        {
            return Err(self.unexpected(token));
        }
        if let Some(step) = copy_syntax::read(self)? {
            return Ok(step);
        }
        if let Some(step) = transfer::read(self)? {
            return Ok(step);
        }
        if let Some(step) = routine_syntax::create(self)? {
            return Ok(step);
        }
        if let Some(step) = self.drop_or_alter()? {
            return Ok(step);
        }
        self.sql()
    }

    fn label(&mut self) -> Option<String> {
        let name = self.peek().and_then(word)?.value.clone();
        let colon = self.tokens.get(self.at + 1).is_some_and(|t| t.token == Token::Colon);
        let next = self
            .tokens
            .get(self.at + 2)
            .is_some_and(|t| is_word(t, &["BEGIN", "LOOP", "WHILE", "REPEAT", "FOR"]));
        (colon && next).then(|| {
            self.at += 2;
            name
        })
    }

    /// `END LOOP`, and the label that may follow.
    fn end(&mut self, words: &[&str]) -> Result<()> {
        self.expect(words)?;
        self.optional_name();
        Ok(())
    }

    fn optional_name(&mut self) -> Option<String> {
        let name = self.peek().and_then(word)?.value.clone();
        self.skip();
        Some(name)
    }

    pub(super) fn previous(&self) -> Option<&'a TokenWithSpan> {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at))
    }

    pub(super) fn block(&mut self, label: Option<String>) -> Result<Step> {
        self.expect(&["BEGIN"])?;
        let body = self.steps(&["END", "EXCEPTION"])?;
        let handler = if self.eat(&["EXCEPTION"]) {
            self.expect(&["WHEN", "ERROR", "THEN"])?;
            Some(self.steps(&["END"])?)
        } else {
            None
        };
        self.end(&["END"])?;
        Ok(Step::Block { label, body, handler })
    }

    /// The rest of a transaction that has begun.
    fn transaction(&mut self, stop: &[&str]) -> Result<Step> {
        let mut ends = stop.to_vec();
        ends.extend(["COMMIT", "ROLLBACK"]);
        if !self.eat_token(&Token::SemiColon) {
            return Err(self.ended("\";\""));
        }
        let steps = self.steps(&ends)?;
        let commit = self.eat(&["COMMIT"]);
        if !commit && !self.eat(&["ROLLBACK"]) {
            return Err(Fault::query("a transaction was begun and not committed"));
        }
        self.eat(&["TRANSACTION"]);
        if steps.iter().any(|s| matches!(s, Step::Transaction { .. })) {
            return Err(Fault::query("Transactions cannot be nested"));
        }
        Ok(Step::Transaction { steps, commit })
    }

    fn conditional(&mut self) -> Result<Step> {
        let mut arms = Vec::new();
        loop {
            let condition = parse::expression(self.until_word(&["THEN"]))?;
            self.expect(&["THEN"])?;
            arms.push((condition, self.steps(&["ELSEIF", "ELSE", "END"])?));
            if !self.eat(&["ELSEIF"]) {
                break;
            }
        }
        let otherwise = if self.eat(&["ELSE"]) {
            self.steps(&["END"])?
        } else {
            Vec::new()
        };
        self.expect(&["END", "IF"])?;
        Ok(Step::If { arms, otherwise })
    }

    /// CASE as a statement: with an operand its arms are comparisons.
    fn case(&mut self) -> Result<Step> {
        let operand = self.until_word(&["WHEN"]);
        let mut arms = Vec::new();
        while self.eat(&["WHEN"]) {
            let mut tokens = Vec::new();
            if !operand.is_empty() {
                tokens.extend_from_slice(operand);
                tokens.push(TokenWithSpan::wrap(Token::Eq));
            }
            tokens.extend_from_slice(self.until_word(&["THEN"]));
            self.expect(&["THEN"])?;
            arms.push((parse::expression(&tokens)?, self.steps(&["WHEN", "ELSE", "END"])?));
        }
        let otherwise = if self.eat(&["ELSE"]) {
            self.steps(&["END"])?
        } else {
            Vec::new()
        };
        self.expect(&["END", "CASE"])?;
        Ok(Step::If { arms, otherwise })
    }

    fn declare(&mut self) -> Result<Step> {
        let mut names = vec![self.ident()?];
        while self.eat_token(&Token::Comma) {
            names.push(self.ident()?);
        }
        let ty = self.until_word(&["DEFAULT"]);
        let ty = (!ty.is_empty()).then(|| parse::data_type(ty)).transpose()?;
        let default = if self.eat(&["DEFAULT"]) {
            Some(parse::expression(self.until(|_| false))?)
        } else {
            None
        };
        if ty.is_none() && default.is_none() {
            return Err(self.ended("a type or DEFAULT"));
        }
        Ok(Step::Declare { names, ty, default })
    }

    fn set(&mut self) -> Result<Step> {
        self.expect(&["SET"])?;
        let mut names = Vec::new();
        let listed = self.eat_token(&Token::LParen);
        if listed {
            loop {
                names.push(self.ident()?.value);
                if !self.eat_token(&Token::Comma) {
                    break;
                }
            }
            self.expect_token(&Token::RParen)?;
        } else {
            names.push(self.ident()?.value);
        }
        self.expect_token(&Token::Eq)?;
        let value = parse::expression(self.until(|_| false))?;
        Ok(Step::Set { names, listed, value })
    }

    fn execute(&mut self) -> Result<Step> {
        let text = parse::expression(self.until_word(&["INTO", "USING"]))?;
        let mut into = Vec::new();
        if self.eat(&["INTO"]) {
            loop {
                into.push(self.ident()?.value);
                if !self.eat_token(&Token::Comma) {
                    break;
                }
            }
        }
        let mut using = Vec::new();
        if self.eat(&["USING"]) {
            loop {
                let tokens = self.until(|t| t.token == Token::Comma);
                // `value AS name`
                let named = tokens.len() > 2 && is_word(&tokens[tokens.len() - 2], &["AS"]);
                using.push(if named {
                    let name = word(&tokens[tokens.len() - 1]).map(|w| w.value.clone());
                    (parse::expression(&tokens[..tokens.len() - 2])?, name)
                } else {
                    (parse::expression(tokens)?, None)
                });
                if !self.eat_token(&Token::Comma) {
                    break;
                }
            }
        }
        Ok(Step::Execute { text, into, using })
    }

    /// DROP and ALTER of what sqlparser does not know.
    fn drop_or_alter(&mut self) -> Result<Option<Step>> {
        for (words, kind) in [
            (&["DROP", "TABLE", "FUNCTION"][..], RoutineKind::Table),
            (&["DROP", "AGGREGATE", "FUNCTION"], RoutineKind::Aggregate),
            (&["DROP", "FUNCTION"], RoutineKind::Scalar),
            (&["DROP", "PROCEDURE"], RoutineKind::Procedure),
        ] {
            if self.eat(words) {
                let if_exists = self.eat(&["IF", "EXISTS"]);
                let name = self.object_name()?;
                return Ok(Some(Step::DropRoutine { kind, name, if_exists }));
            }
        }
        if self.eat(&["DROP", "MATERIALIZED", "VIEW"]) {
            let if_exists = self.eat(&["IF", "EXISTS"]);
            let name = self.object_name()?;
            return Ok(Some(Step::DropMaterializedView { name, if_exists }));
        }
        if self.at_words(&["ALTER", "TABLE"]) {
            return self.alter_options();
        }
        for (words, target) in [
            (&["ALTER", "MATERIALIZED", "VIEW"][..], Target::MaterializedView),
            (&["ALTER", "VIEW"], Target::View),
            (&["ALTER", "SCHEMA"], Target::Schema),
        ] {
            if self.eat(words) {
                let if_exists = self.eat(&["IF", "EXISTS"]);
                let name = self.object_name()?;
                // `SET OPTIONS` was read as `SET`.
                self.expect(&["SET"])?;
                let options = self.options_after_set()?;
                return Ok(Some(Step::SetOptions {
                    target,
                    name,
                    if_exists,
                    options,
                }));
            }
        }
        Ok(None)
    }

    /// `ALTER TABLE … SET OPTIONS`, which may set none, and `… ALTER COLUMN … SET OPTIONS`; another ALTER TABLE is left where
    /// it is.
    fn alter_options(&mut self) -> Result<Option<Step>> {
        let from = self.at;
        self.at += 2;
        let if_exists = self.eat(&["IF", "EXISTS"]);
        let name = self.object_name()?;
        if self.eat(&["SET"]) && self.peek().is_some_and(|t| t.token == Token::LParen) {
            return Ok(Some(Step::SetOptions {
                target: Target::Table,
                name,
                if_exists,
                options: self.options_after_set()?,
            }));
        }
        let mut columns = Vec::new();
        while self.eat(&["ALTER", "COLUMN"]) || self.eat(&["ALTER"]) {
            let column = self.ident()?;
            if !self.eat(&["SET"]) || self.peek().is_none_or(|t| t.token != Token::LParen) {
                break;
            }
            columns.push((column, self.options_after_set()?));
            if !self.eat_token(&Token::Comma) {
                return Ok(Some(Step::ColumnOptions {
                    name,
                    if_exists,
                    columns,
                }));
            }
        }
        self.at = from;
        Ok(None)
    }

    fn options_after_set(&mut self) -> Result<Vec<SqlOption>> {
        let mut tokens = vec![TokenWithSpan::wrap(Token::make_keyword("OPTIONS"))];
        tokens.push(TokenWithSpan::wrap(Token::LParen));
        tokens.extend_from_slice(self.bracketed()?);
        tokens.push(TokenWithSpan::wrap(Token::RParen));
        parse::options(&tokens)
    }

    fn sql(&mut self) -> Result<Step> {
        let from = self.at;
        let tokens = self.until(|_| false);
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return Err(match self.peek() {
                Some(token) => self.unexpected(token),
                None => Fault::query("Syntax error: Unexpected end of script"),
            });
        };
        if let Some(token) = self.peek()
            && token.token != Token::SemiColon
        {
            // A bracket that was never opened.
            return Err(self.unexpected(token));
        }
        let mut tokens = self.tokens[from..self.at].to_vec();
        let body = is_view(&tokens).then(|| top_level(&tokens, "AS")).flatten();
        let partition = match body {
            Some(end) => take_partition(&mut tokens, end)?,
            None => None,
        };
        if body.is_some() {
            bracket_clustering(&mut tokens);
        }
        Ok(Step::Sql(Box::new(Written {
            statement: parse::statement(&tokens)?,
            start: first.span.start,
            end: last.span.end,
            body: body.and_then(|at| self.tokens.get(from + at + 1)).map(|t| t.span.start),
            partition,
        })))
    }
}

fn is_view(tokens: &[TokenWithSpan]) -> bool {
    let words: Vec<&TokenWithSpan> = tokens.iter().take(5).collect();
    words.first().is_some_and(|t| is_word(t, &["CREATE"])) && words.iter().any(|t| is_word(t, &["VIEW"]))
}

/// Where a word stands outside of all brackets.
fn top_level(tokens: &[TokenWithSpan], wanted: &str) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().position(|token| {
        match token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            _ => {}
        }
        depth == 0 && is_word(token, &[wanted])
    })
}

/// `CLUSTER BY a, b` of a view becomes `CLUSTER BY (a, b)`, the one form that sqlparser knows.
fn bracket_clustering(tokens: &mut Vec<TokenWithSpan>) {
    let Some(from) = top_level(tokens, "CLUSTER") else {
        return;
    };
    let rest = &tokens[from..];
    let to = ["OPTIONS", "AS"].iter().filter_map(|w| top_level(rest, w)).min();
    let (Some(to), true) = (to, rest.get(2).is_some_and(|t| t.token != Token::LParen)) else {
        return;
    };
    tokens.insert(from + to, TokenWithSpan::wrap(Token::RParen));
    tokens.insert(from + 2, TokenWithSpan::wrap(Token::LParen));
}

/// Takes `PARTITION BY …` out of the head of a materialized view.
fn take_partition(tokens: &mut Vec<TokenWithSpan>, end: usize) -> Result<Option<Expr>> {
    let Some(from) = top_level(&tokens[..end], "PARTITION") else {
        return Ok(None);
    };
    let rest = &tokens[from..end];
    let to = ["CLUSTER", "OPTIONS"]
        .iter()
        .filter_map(|w| top_level(rest, w))
        .min()
        .unwrap_or(rest.len());
    if to < 3 || !is_word(&rest[1], &["BY"]) {
        return Ok(None);
    }
    let partition = parse::expression(&rest[2..to])?;
    tokens.drain(from..from + to);
    Ok(Some(partition))
}

pub(super) fn is_word(token: &TokenWithSpan, words: &[&str]) -> bool {
    word(token).is_some_and(|w| words.iter().any(|k| w.value.eq_ignore_ascii_case(k)))
}

fn looped(label: Option<String>, before: Option<Expr>, body: Vec<Step>, until: Option<Expr>) -> Step {
    Step::Loop {
        label,
        before,
        body,
        until,
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, parse};

    #[test]
    fn scripts_are_read_step_by_step() {
        let steps = parse(
            "DECLARE x, y INT64 DEFAULT CASE WHEN TRUE THEN 1 END;\nSET (x, y) = (1, 2);\n\
             l: WHILE x < 3 DO SET x = x + 1; IF x = 2 THEN BREAK l; ELSEIF x = 5 THEN SELECT 1; ELSE SELECT 2; END IF; \
             END WHILE l;\nBEGIN TRANSACTION; INSERT INTO d.t VALUES (1); COMMIT TRANSACTION;\n\
             BEGIN SELECT 1; EXCEPTION WHEN ERROR THEN SELECT @@error.message; END;\n\
             EXECUTE IMMEDIATE 'SELECT ?' INTO x USING 1 + 1;\nCALL d.p(1, x)",
        )
        .unwrap();
        assert_eq!(steps.len(), 7, "{steps:?}");
        assert!(matches!(&steps[2], Step::Loop { label: Some(l), .. } if l == "l"));
        assert!(matches!(&steps[3], Step::Transaction { commit: true, .. }));
        assert!(matches!(&steps[5], Step::Execute { into, .. } if into == &["x"]));
    }

    #[test]
    fn what_is_not_ended_is_refused_with_its_place() {
        for (text, expected) in [
            (
                "IF TRUE THEN SELECT 1;",
                "Expected keyword END IF but got end of script at [1:23]",
            ),
            (
                "BEGIN TRANSACTION; SELECT 1",
                "a transaction was begun and not committed",
            ),
            ("SELECT 1)", "Expected end of input but got \")\" at [1:9]"),
            ("SELECT 1 SELECT 2", "[1:10]"),
            ("END", "Syntax error"),
        ] {
            let fault = parse(text).unwrap_err();
            assert!(fault.message.contains(expected), "{text}: {}", fault.message);
        }
    }
}
