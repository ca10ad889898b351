//! The glob of `matchGlob`: `*` within a folder, `**` across folders, `?`, `[a-z]`, `[!a]`, `{one,two}`.
//! <https://cloud.google.com/storage/docs/json_api/v1/objects/list#list-objects-and-prefixes-using-glob>

use crate::http::answer::ApiError;

/// A glob as the alternatives without braces that it stands for.
pub(super) struct Glob(Vec<Vec<Token>>);

#[derive(Debug, Clone)]
enum Token {
    Char(char),
    AnyChar,
    Class { not: bool, ranges: Vec<(char, char)> },
    InFolder,
    Across,
}

const MOST_ALTERNATIVES: usize = 256;

impl Glob {
    pub(super) fn new(text: &str) -> Result<Glob, ApiError> {
        let bad = || ApiError::invalid(format!("Invalid glob pattern: {text}"));
        let expanded = expand(text).ok_or_else(bad)?;
        let tokens: Option<Vec<_>> = expanded.iter().map(|one| tokens(one)).collect();
        Ok(Glob(tokens.ok_or_else(bad)?))
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        self.0.iter().any(|tokens| matches(tokens, &name))
    }
}

fn expand(text: &str) -> Option<Vec<String>> {
    let Some(open) = text.find('{') else {
        return (!text.contains('}')).then(|| vec![text.to_owned()]);
    };
    let close = open + text[open..].find('}')?;
    if text[open + 1..close].contains('{') {
        return None;
    }
    let mut all = Vec::new();
    for tail in expand(&text[close + 1..])? {
        for choice in text[open + 1..close].split(',') {
            all.push(format!("{}{choice}{tail}", &text[..open]));
        }
        if all.len() > MOST_ALTERNATIVES {
            return None;
        }
    }
    Some(all)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '*' if chars.next_if_eq(&'*').is_some() => {
                // `**/` also matches no folder at all.
                Token::Across
            }
            '*' => Token::InFolder,
            '?' => Token::AnyChar,
            '\\' => Token::Char(chars.next()?),
            '[' => {
                let not = chars.next_if(|c| matches!(c, '!' | '^')).is_some();
                let mut ranges = Vec::new();
                loop {
                    match chars.next()? {
                        ']' if !ranges.is_empty() => break,
                        first if chars.next_if_eq(&'-').is_some() => ranges.push((first, chars.next()?)),
                        only => ranges.push((only, only)),
                    }
                }
                Token::Class { not, ranges }
            }
            c => Token::Char(c),
        });
    }
    Some(tokens)
}

fn matches(tokens: &[Token], name: &[char]) -> bool {
    let Some((token, rest)) = tokens.split_first() else {
        return name.is_empty();
    };
    match token {
        Token::Across => {
            let folders = matches!(rest.first(), Some(Token::Char('/')));
            (folders && matches(&rest[1..], name)) || (0..=name.len()).any(|n| matches(rest, &name[n..]))
        }
        Token::InFolder => {
            let end = name.iter().position(|c| *c == '/').unwrap_or(name.len());
            (0..=end).any(|n| matches(rest, &name[n..]))
        }
        one => name
            .split_first()
            .is_some_and(|(c, tail)| one.takes(*c) && matches(rest, tail)),
    }
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Token::Char(own) => *own == c,
            Token::AnyChar => c != '/',
            Token::Class { not, ranges } => {
                c != '/' && ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *not
            }
            Token::InFolder | Token::Across => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, name, expected) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "d/a.csv", false),
            ("**.csv", "d/a.csv", true),
            ("**/a.csv", "a.csv", true),
            ("**/a.csv", "x/y/a.csv", true),
            ("d/*/f?", "d/e/f1", true),
            ("d/*/f?", "d/e/f", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("{a,bb}/*.{x,y}", "bb/1.y", true),
            ("{a,bb}/*.{x,y}", "cc/1.y", false),
            ("a*", "a", true),
        ] {
            assert_eq!(
                Glob::new(glob).map(|g| g.matches(name)).ok(),
                Some(expected),
                "{glob} on {name}"
            );
        }
        for bad in ["{a", "a}", "[a", "{a,{b}}"] {
            assert!(Glob::new(bad).is_err(), "{bad}");
        }
    }
}
