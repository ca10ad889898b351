//! CREATE FUNCTION, CREATE TABLE FUNCTION, CREATE AGGREGATE FUNCTION and CREATE PROCEDURE, read from tokens.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_function_statement>.

use sqlparser::ast::{DataType, ObjectName, SqlOption};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::parse::{self, slice};
use super::script::Step;
use super::script_reader::{Reader, is_word};
use crate::error::Fault;

type Result<T> = std::result::Result<T, Fault>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoutineKind {
    Scalar,
    Aggregate,
    Table,
    Procedure,
}

impl RoutineKind {
    /// As routines say it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Scalar => "SCALAR_FUNCTION",
            Self::Aggregate => "AGGREGATE_FUNCTION",
            Self::Table => "TABLE_VALUED_FUNCTION",
            Self::Procedure => "PROCEDURE",
        }
    }

    /// As statements say it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Scalar => "FUNCTION",
            Self::Aggregate => "AGGREGATE_FUNCTION",
            Self::Table => "TABLE_FUNCTION",
            Self::Procedure => "PROCEDURE",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// Absent: ANY TYPE.
    pub(crate) ty: Option<DataType>,
    /// IN, OUT or INOUT, for procedures.
    pub(crate) mode: Option<&'static str>,
    pub(crate) not_aggregate: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct CreateRoutine {
    pub(crate) kind: RoutineKind,
    pub(crate) or_replace: bool,
    pub(crate) temporary: bool,
    pub(crate) if_not_exists: bool,
    pub(crate) name: ObjectName,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Option<DataType>,
    pub(crate) returns_table: Option<Vec<(String, DataType)>>,
    pub(crate) language: String,
    pub(crate) determinism: Option<&'static str>,
    /// SQL as it was written, or the text of a program in another language.
    pub(crate) body: String,
    /// The connection of a remote function.
    pub(crate) connection: Option<ObjectName>,
    pub(crate) options: Vec<SqlOption>,
}

/// A CREATE of a routine, if one comes next.
pub(super) fn create(reader: &mut Reader<'_>) -> Result<Option<Step>> {
    for replace in [&["OR", "REPLACE"][..], &[]] {
        for temporary in ["", "TEMP", "TEMPORARY"] {
            for (words, kind) in [
                (&["TABLE", "FUNCTION"][..], RoutineKind::Table),
                (&["AGGREGATE", "FUNCTION"], RoutineKind::Aggregate),
                (&["FUNCTION"], RoutineKind::Scalar),
                (&["PROCEDURE"], RoutineKind::Procedure),
            ] {
                let mut all = vec!["CREATE"];
                all.extend(replace);
                all.extend((!temporary.is_empty()).then_some(temporary));
                all.extend(words);
                if reader.eat(&all) {
                    let made = routine(reader, kind, !replace.is_empty(), !temporary.is_empty())?;
                    return Ok(Some(Step::CreateRoutine(Box::new(made))));
                }
            }
        }
    }
    Ok(None)
}

fn routine(reader: &mut Reader<'_>, kind: RoutineKind, or_replace: bool, temporary: bool) -> Result<CreateRoutine> {
    let if_not_exists = reader.eat(&["IF", "NOT", "EXISTS"]);
    let name = reader.object_name()?;
    let mut out = CreateRoutine {
        kind,
        or_replace,
        temporary,
        if_not_exists,
        name,
        parameters: parameters(reader, kind)?,
        returns: None,
        returns_table: None,
        language: "SQL".into(),
        determinism: None,
        body: String::new(),
        connection: None,
        options: Vec::new(),
    };
    loop {
        if reader.eat(&["RETURNS", "TABLE"]) {
            out.returns_table = Some(table_columns(reader)?);
        } else if reader.eat(&["RETURNS"]) {
            let tokens = reader.until(|t| is_word(t, &["AS", "LANGUAGE", "OPTIONS", "DETERMINISTIC", "NOT", "REMOTE"]));
            out.returns = Some(parse::data_type(tokens)?);
        } else if reader.eat(&["DETERMINISTIC"]) {
            out.determinism = Some("DETERMINISTIC");
        } else if reader.eat(&["NOT", "DETERMINISTIC"]) {
            out.determinism = Some("NOT_DETERMINISTIC");
        } else if reader.eat(&["LANGUAGE"]) {
            let language = reader.ident()?.value.to_ascii_uppercase();
            out.language = if language == "JS" {
                "JAVASCRIPT".into()
            } else {
                language
            };
        } else if reader.eat(&["REMOTE", "WITH", "CONNECTION"]) {
            out.connection = Some(reader.object_name()?);
        } else if reader.at_words(&["OPTIONS"]) {
            out.options = parse::options(options_tokens(reader)?.as_slice())?;
        } else if reader.eat(&["AS"]) {
            out.body = function_body(reader, &out)?;
        } else if reader.at_words(&["BEGIN"]) && kind == RoutineKind::Procedure {
            out.body = procedure_body(reader)?;
        } else {
            break;
        }
    }
    if out.body.is_empty() && out.connection.is_none() {
        return Err(match reader.peek() {
            Some(token) => reader.unexpected(token),
            None => Fault::query("Syntax error: Unexpected end of script: a routine needs a body"),
        });
    }
    Ok(out)
}

fn options_tokens(reader: &mut Reader<'_>) -> Result<Vec<TokenWithSpan>> {
    reader.expect(&["OPTIONS"])?;
    let mut tokens = vec![
        TokenWithSpan::wrap(Token::make_keyword("OPTIONS")),
        TokenWithSpan::wrap(Token::LParen),
    ];
    tokens.extend_from_slice(reader.bracketed()?);
    tokens.push(TokenWithSpan::wrap(Token::RParen));
    Ok(tokens)
}

fn parameters(reader: &mut Reader<'_>, kind: RoutineKind) -> Result<Vec<Parameter>> {
    reader.expect_token(&Token::LParen)?;
    let mut out = Vec::new();
    while reader.peek().is_some_and(|t| t.token != Token::RParen) {
        let mode = if kind == RoutineKind::Procedure {
            ["IN", "OUT", "INOUT"].into_iter().find(|m| reader.eat(&[m]))
        } else {
            None
        };
        let name = reader.ident()?.value;
        let mut ty = parameter_type(reader);
        let not_aggregate =
            ty.len() > 2 && is_word(&ty[ty.len() - 2], &["NOT"]) && is_word(&ty[ty.len() - 1], &["AGGREGATE"]);
        if not_aggregate {
            ty = &ty[..ty.len() - 2];
        }
        let any = ty.len() == 2 && is_word(&ty[0], &["ANY"]) && is_word(&ty[1], &["TYPE"]);
        out.push(Parameter {
            name,
            ty: if any { None } else { Some(parse::data_type(ty)?) },
            mode: mode.or((kind == RoutineKind::Procedure).then_some("IN")),
            not_aggregate,
        });
        if !reader.eat_token(&Token::Comma) {
            break;
        }
    }
    reader.expect_token(&Token::RParen)?;
    Ok(out)
}

/// The tokens of a type up to a comma outside of `<>`.
fn parameter_type<'a>(reader: &mut Reader<'a>) -> &'a [TokenWithSpan] {
    let angle = std::cell::Cell::new(0_i32);
    reader.until(|token| {
        match token.token {
            Token::Lt => angle.set(angle.get() + 1),
            Token::Gt => angle.set(angle.get() - 1),
            Token::ShiftRight => angle.set(angle.get() - 2),
            _ => {}
        }
        token.token == Token::Comma && angle.get() <= 0
    })
}

/// `TABLE<a INT64, b STRING>` after its first word.
fn table_columns(reader: &mut Reader<'_>) -> Result<Vec<(String, DataType)>> {
    reader.expect_token(&Token::Lt)?;
    let mut out = Vec::new();
    loop {
        let name = reader.ident()?.value;
        let depth = std::cell::Cell::new(0_i32);
        let ty = reader.until(|token| {
            match token.token {
                Token::Lt => depth.set(depth.get() + 1),
                Token::Gt => depth.set(depth.get() - 1),
                Token::ShiftRight => depth.set(depth.get() - 2),
                _ => {}
            }
            depth.get() < 0 || (token.token == Token::Comma && depth.get() == 0)
        });
        // `>>` closes the column's type and the table at once.
        let closing = reader.peek().is_some_and(|t| t.token == Token::ShiftRight);
        let mut ty = ty.to_vec();
        if closing {
            ty.push(TokenWithSpan::wrap(Token::Gt));
        }
        out.push((name, parse::data_type(&ty)?));
        if closing {
            reader.skip();
            return Ok(out);
        }
        if !reader.eat_token(&Token::Comma) {
            break;
        }
    }
    reader.expect_token(&Token::Gt)?;
    Ok(out)
}

/// What follows AS: an expression in brackets, a query, or a program as a string.
fn function_body(reader: &mut Reader<'_>, routine: &CreateRoutine) -> Result<String> {
    let tokens = reader.until(|t| is_word(t, &["OPTIONS"]));
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Err(Fault::query("Syntax error: Expected the body of a routine after AS"));
    };
    if routine.language != "SQL" {
        return match parse::expression(tokens)? {
            sqlparser::ast::Expr::Value(value) => super::literal::plain_text(&value.value)
                .ok_or_else(|| Fault::query("The body of a routine in another language must be a string literal")),
            _ => Err(Fault::query(
                "The body of a routine in another language must be a string literal",
            )),
        };
    }
    let outer = |from: &TokenWithSpan, to: &TokenWithSpan| slice(reader.text, from.span.start, to.span.end).to_owned();
    if routine.kind == RoutineKind::Table {
        let bracketed = first.token == Token::LParen && closes_at_end(tokens);
        let tokens = if bracketed {
            &tokens[1..tokens.len() - 1]
        } else {
            tokens
        };
        parse::query(tokens)?;
        return match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => Ok(outer(first, last)),
            _ => Err(reader.unexpected(last)),
        };
    }
    if first.token != Token::LParen || !closes_at_end(tokens) {
        return Err(Fault::query(format!(
            "Syntax error: Expected \"(\" but got {} at [{}:{}]: the body of a SQL function is an expression in brackets",
            first.token, first.span.start.line, first.span.start.column
        )));
    }
    let inner = &tokens[1..tokens.len() - 1];
    parse::expression(inner)?;
    match (inner.first(), inner.last()) {
        (Some(first), Some(last)) => Ok(outer(first, last)),
        _ => Err(reader.unexpected(last)),
    }
}

/// Whether the bracket that opens first closes last.
fn closes_at_end(tokens: &[TokenWithSpan]) -> bool {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate() {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i + 1 == tokens.len();
        }
    }
    false
}

/// `BEGIN … END` as it was written, checked to be a script.
fn procedure_body(reader: &mut Reader<'_>) -> Result<String> {
    let Some(first) = reader.peek() else {
        return Err(Fault::query("Syntax error: Unexpected end of script"));
    };
    reader.block(None)?;
    let last = reader.previous().unwrap_or(first);
    Ok(slice(reader.text, first.span.start, last.span.end).to_owned())
}
