//! The tokens of a condition.

use std::iter::Peekable;
use std::str::CharIndices;

/// The smallest parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    /// A keyword or a column's name.
    Word(&'a str),
    /// A column's name between backticks.
    Quoted(String),
    /// Text between quotes, without its escapes.
    Text(String),
    /// A number as it is written, with its sign.
    Number(&'a str),
    /// Punctuation or an operator.
    Symbol(&'a str),
}

/// The tokens, and where the last one began.
pub(super) struct Tokens<'a> {
    text: &'a str,
    all: Vec<(usize, Token<'a>)>,
    /// How many have been taken.
    taken: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Result<Self, String> {
        let mut all = Vec::new();
        let mut chars = text.char_indices().peekable();
        while let Some(&(start, first)) = chars.peek() {
            if first.is_whitespace() {
                chars.next();
                continue;
            }
            let token = token(text, &mut chars, start, first).map_err(|why| place(text, start, &why))?;
            all.push((start, token));
        }
        Ok(Self { text, all, taken: 0 })
    }

    pub(super) fn next(&mut self) -> Option<Token<'a>> {
        let token = self.all.get(self.taken).map(|(_, token)| token.clone());
        self.taken += 1;
        token
    }

    fn accept_if(&mut self, wanted: impl Fn(&Token<'_>) -> bool) -> bool {
        let accepted = self.all.get(self.taken).is_some_and(|(_, token)| wanted(token));
        self.taken += usize::from(accepted);
        accepted
    }

    pub(super) fn accept(&mut self, symbol: &str) -> bool {
        self.accept_if(|token| matches!(token, Token::Symbol(s) if *s == symbol))
    }

    pub(super) fn accept_word(&mut self, keyword: &str) -> bool {
        self.accept_if(|token| matches!(token, Token::Word(w) if w.eq_ignore_ascii_case(keyword)))
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), String> {
        if self.accept(symbol) {
            return Ok(());
        }
        self.taken += 1;
        Err(self.wrong(&format!("`{symbol}` is expected")))
    }

    /// What is wrong with the token that was taken last.
    pub(super) fn wrong(&self, why: &str) -> String {
        let last = self.taken.checked_sub(1).and_then(|last| self.all.get(last));
        place(self.text, last.map_or(self.text.len(), |(start, _)| *start), why)
    }
}

fn place(text: &str, start: usize, why: &str) -> String {
    let before = text.get(..start).unwrap_or(text);
    let rest: String = text.get(start..).unwrap_or_default().chars().take(20).collect();
    if rest.is_empty() {
        return format!("it ends too early: {why}");
    }
    format!("at character {}, `{rest}`: {why}", before.chars().count() + 1)
}

type Chars<'a> = Peekable<CharIndices<'a>>;

fn token<'a>(text: &'a str, chars: &mut Chars<'a>, start: usize, first: char) -> Result<Token<'a>, String> {
    match first {
        '`' => Ok(Token::Quoted(quoted(chars, first)?)),
        '\'' | '"' => Ok(Token::Text(quoted(chars, first)?)),
        c if c.is_alphabetic() || c == '_' => Ok(Token::Word(run(text, chars, start, |c| {
            c.is_alphanumeric() || c == '_' || c == '.'
        }))),
        c if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => {
            chars.next();
            let mut before = c;
            let digits = run(text, chars, start, |c| {
                let signed = matches!(c, '-' | '+') && matches!(before, 'e' | 'E');
                before = c;
                signed || c.is_ascii_alphanumeric() || c == '.'
            });
            let number = digits.parse::<f64>().is_ok() && digits.contains(|c: char| c.is_ascii_digit());
            if number {
                Ok(Token::Number(digits))
            } else {
                Err("this is no number".into())
            }
        }
        _ => symbol(text, chars, start),
    }
}

/// What follows and belongs to the same token.
fn run<'a>(text: &'a str, chars: &mut Chars<'a>, start: usize, mut belongs: impl FnMut(char) -> bool) -> &'a str {
    while chars.next_if(|(_, c)| belongs(*c)).is_some() {}
    let end = chars.peek().map_or(text.len(), |(end, _)| *end);
    text.get(start..end).unwrap_or_default()
}

fn symbol<'a>(text: &'a str, chars: &mut Chars<'a>, start: usize) -> Result<Token<'a>, String> {
    const SYMBOLS: [&str; 10] = ["<=", ">=", "!=", "<>", "==", "<", ">", "=", "(", ")"];
    let rest = text.get(start..).unwrap_or_default();
    let found = SYMBOLS.into_iter().chain([","]).find(|symbol| rest.starts_with(symbol));
    let Some(symbol) = found else {
        return Err("this means nothing in a condition".into());
    };
    for _ in symbol.chars() {
        chars.next();
    }
    Ok(Token::Symbol(symbol))
}

fn quoted(chars: &mut Chars<'_>, quote: char) -> Result<String, String> {
    chars.next();
    let mut value = String::new();
    loop {
        match chars.next() {
            None => return Err(format!("its closing {quote} is missing")),
            Some((_, c)) if c == quote => return Ok(value),
            Some((_, '\\')) => value.push(escaped(chars)?),
            Some((_, c)) => value.push(c),
        }
    }
}

/// GoogleSQL's escape sequences, behind the backslash.
fn escaped(chars: &mut Chars<'_>) -> Result<char, String> {
    let Some((_, c)) = chars.next() else {
        return Err("it ends in a backslash".into());
    };
    let width = match c {
        'n' => return Ok('\n'),
        'r' => return Ok('\r'),
        't' => return Ok('\t'),
        '\\' | '\'' | '"' | '`' | '?' => return Ok(c),
        'u' => 4,
        'U' => 8,
        other => return Err(format!("`\\{other}` is no escape: a backslash is written `\\\\`")),
    };
    let digits: String = chars.by_ref().take(width).map(|(_, digit)| digit).collect();
    let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == width);
    code.and_then(char::from_u32)
        .ok_or_else(|| format!("`\\{c}` needs {width} hexadecimal digits of a character"))
}
