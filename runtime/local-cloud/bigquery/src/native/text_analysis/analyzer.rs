//! Text analyzers: how a text is split into tokens, and what filters make of them.

use std::collections::HashSet;
use std::rc::Rc;

use regex::bytes::Regex;
use serde_json::{Map, Value};

use crate::native::patterns;
use crate::native::text::{folded, normalized};

const DELIMITERS: &[&str] = &[
    "[", "]", "<", ">", "(", ")", "{", "}", "|", "!", ";", ",", "'", "\"", "*", "&", "?", "+", "/", ":", "=", "@", ".",
    "-", "$", "%", "\\", "_", "\n", "\r", " ", "\t", "%21", "%26", "%2526", "%3B", "%3b", "%7C", "%7c", "%20", "%2B",
    "%2b", "%3D", "%3d", "%2520", "%5D", "%5d", "%5B", "%5b", "%3A", "%3a", "%0A", "%0a", "%2C", "%2c", "%28", "%29",
];
const LONGEST_DELIMITER: usize = 16;
const WORDS: &str = r"\b\w{2,}\b";

enum Split {
    /// The text is one token, as it is.
    Nowhere,
    /// Between these, the longest first.
    Between(Vec<String>),
    /// What matches.
    Matching(Rc<Regex>),
}

enum Filter {
    Lower,
    UnicodeLower,
    Icu { mode: &'static str, folds: bool },
    StopWords(HashSet<String>),
}

/// How text is split, from the option that says it.
type Splitting = fn(Option<&Value>) -> Result<Split, String>;

pub(super) struct Analyzer {
    split: Split,
    filters: Vec<Filter>,
}

impl Analyzer {
    /// The analyzer of this name; options in JSON, or nothing.
    pub(super) fn read(name: &str, options: &str) -> Result<Self, String> {
        let options = match options {
            "" => Map::new(),
            text => match serde_json::from_str(text) {
                Ok(Value::Object(options)) => options,
                _ => return Err("analyzer_options is not a JSON object".into()),
            },
        };
        let (own, split): (&str, Splitting) = match name {
            "NO_OP_ANALYZER" if options.is_empty() => {
                return Ok(Self {
                    split: Split::Nowhere,
                    filters: Vec::new(),
                });
            }
            "NO_OP_ANALYZER" => return Err("NO_OP_ANALYZER does not support analyzer_options".into()),
            "LOG_ANALYZER" => ("delimiters", between),
            "PATTERN_ANALYZER" => ("patterns", matching),
            _ => {
                return Err(format!(
                    "Unsupported analyzer: {name}. It must be one of LOG_ANALYZER, NO_OP_ANALYZER, PATTERN_ANALYZER"
                ));
            }
        };
        if let Some(unknown) = options.keys().find(|key| *key != own && *key != "token_filters") {
            return Err(format!("Unsupported option '{unknown}' in analyzer_options of {name}"));
        }
        Ok(Self {
            split: split(options.get(own))?,
            filters: match options.get("token_filters") {
                None => vec![Filter::Lower],
                Some(Value::Array(filters)) => filters
                    .iter()
                    .filter_map(|f| filter(f).transpose())
                    .collect::<Result<_, _>>()?,
                Some(_) => return Err("token_filters in analyzer_options must be an array".into()),
            },
        })
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self.split, Split::Nowhere)
    }

    pub(super) fn tokens(&self, text: &str) -> Vec<String> {
        let mut tokens: Vec<String> = self.pieces(text).into_iter().map(str::to_owned).collect();
        for filter in &self.filters {
            match filter {
                Filter::Lower => tokens.iter_mut().for_each(|t| t.make_ascii_lowercase()),
                Filter::UnicodeLower => tokens.iter_mut().for_each(|t| *t = t.to_lowercase()),
                Filter::Icu { mode, folds: true } => tokens.iter_mut().for_each(|t| *t = folded(t, mode)),
                Filter::Icu { mode, folds: false } => tokens.iter_mut().for_each(|t| *t = normalized(t, mode)),
                Filter::StopWords(words) => tokens.retain(|t| !words.contains(t)),
            }
        }
        tokens
    }

    /// The tokens before any filter.
    fn pieces<'t>(&self, text: &'t str) -> Vec<&'t str> {
        match &self.split {
            Split::Nowhere => vec![text],
            Split::Between(delimiters) => {
                let mut out = Vec::new();
                let (mut from, mut at) = (0, 0);
                while at < text.len() {
                    let rest = &text[at..];
                    match delimiters.iter().find(|d| rest.starts_with(d.as_str())) {
                        Some(delimiter) => {
                            out.push(&text[from..at]);
                            at += delimiter.len();
                            from = at;
                        }
                        None => at += rest.chars().next().map_or(1, char::len_utf8),
                    }
                }
                out.push(&text[from..]);
                out.retain(|piece| !piece.is_empty());
                out
            }
            Split::Matching(regex) => {
                let matches = regex.find_iter(text.as_bytes());
                let pieces = matches.filter_map(|found| text.get(found.range()));
                pieces.filter(|piece| !piece.is_empty()).collect()
            }
        }
    }

    /// Whether a text stands in another as it is, between delimiters or its ends.
    pub(super) fn stands_in(&self, text: &str, term: &str) -> bool {
        let Split::Between(delimiters) = &self.split else {
            return self.pieces(text).contains(&term);
        };
        let ends = |before: &str| before.is_empty() || delimiters.iter().any(|d| before.ends_with(d.as_str()));
        let starts = |after: &str| after.is_empty() || delimiters.iter().any(|d| after.starts_with(d.as_str()));
        let places = text.char_indices().map(|(at, _)| at);
        places
            .filter(|at| text[*at..].starts_with(term))
            .any(|at| ends(&text[..at]) && starts(&text[at + term.len()..]))
    }
}

/// The texts of an option.
fn texts(name: &str, value: &Value) -> Result<Vec<String>, String> {
    let list = value.as_array().and_then(|items| {
        let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>()
    });
    list.ok_or_else(|| format!("{name} in analyzer_options must be an array of strings"))
}

fn between(option: Option<&Value>) -> Result<Split, String> {
    let mut delimiters = match option {
        None => DELIMITERS.iter().map(|d| (*d).to_owned()).collect(),
        Some(value) => texts("delimiters", value)?,
    };
    let wrong = |d: &&String| d.is_empty() || !d.is_ascii() || d.len() > LONGEST_DELIMITER;
    if let Some(wrong) = delimiters.iter().find(wrong) {
        return Err(format!(
            "Unsupported delimiter '{wrong}' in analyzer_options: it must be 1 to {LONGEST_DELIMITER} ASCII characters"
        ));
    }
    delimiters.sort_by_key(|d| std::cmp::Reverse(d.len()));
    Ok(Split::Between(delimiters))
}

fn matching(option: Option<&Value>) -> Result<Split, String> {
    let patterns = match option {
        None => vec![WORDS.to_owned()],
        Some(value) => texts("patterns", value)?,
    };
    match patterns.as_slice() {
        [pattern] => patterns::ready(pattern, true).map(Split::Matching),
        _ => Err("patterns in analyzer_options must hold one regular expression".into()),
    }
}

/// A token filter; `None`: it changes nothing.
fn filter(value: &Value) -> Result<Option<Filter>, String> {
    let wrong = || format!("Unsupported token filter in analyzer_options: {value}");
    let members = value.as_object().filter(|m| m.len() == 1).ok_or_else(wrong)?;
    if let Some(words) = members.get("stop_words") {
        let words: HashSet<String> = texts("stop_words", words)?.into_iter().collect();
        return match words.is_empty() {
            true => Err("stop_words in analyzer_options must have at least one element".into()),
            false => Ok(Some(Filter::StopWords(words))),
        };
    }
    let normalizer = members.get("normalizer").and_then(Value::as_object).ok_or_else(wrong)?;
    let known = ["mode", "icu_normalize_mode", "icu_case_folding"];
    if normalizer.keys().any(|key| !known.contains(&key.as_str())) {
        return Err(wrong());
    }
    let icu = ["icu_normalize_mode", "icu_case_folding"]
        .iter()
        .any(|k| normalizer.contains_key(*k));
    match normalizer.get("mode").and_then(Value::as_str) {
        Some("NONE") if !icu => Ok(None),
        Some("LOWER") if !icu => Ok(Some(Filter::Lower)),
        Some("UNICODE_LOWER") if !icu => Ok(Some(Filter::UnicodeLower)),
        Some("ICU_NORMALIZE") => {
            let mode = match normalizer.get("icu_normalize_mode").map(Value::as_str) {
                None => "NFKC",
                Some(Some(name)) => ["NFC", "NFKC", "NFD", "NFKD"]
                    .into_iter()
                    .find(|mode| *mode == name)
                    .ok_or_else(wrong)?,
                Some(None) => return Err(wrong()),
            };
            let folds = match normalizer.get("icu_case_folding") {
                None => true,
                Some(folds) => folds.as_bool().ok_or_else(wrong)?,
            };
            Ok(Some(Filter::Icu { mode, folds }))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_delimiters_come_first_and_filters_in_their_order() {
        let log = Analyzer::read("LOG_ANALYZER", "").unwrap();
        assert_eq!(log.tokens("a%20B%2520c__d"), ["a", "b", "c", "d"]);
        assert!(log.stands_in("foo..bar", "foo.") && !log.stands_in("foo.bar", "foo."));
        let options = r#"{"token_filters": [{"stop_words": ["b"]}, {"normalizer": {"mode": "LOWER"}}]}"#;
        let filtered = Analyzer::read("LOG_ANALYZER", options).unwrap();
        assert_eq!(filtered.tokens("a B b"), ["a", "b"]);
        for (name, options) in [
            ("NO_OP_ANALYZER", "{\"delimiters\": []}"),
            ("LOG_ANALYZER", "{\"patterns\": [\"a\"]}"),
            ("LOG_ANALYZER", "{\"delimiters\": [\"\"]}"),
            ("PATTERN_ANALYZER", "{\"patterns\": [\"(\"]}"),
            (
                "LOG_ANALYZER",
                "{\"token_filters\": [{\"normalizer\": {\"mode\": \"UPPER\"}}]}",
            ),
            ("OTHER", ""),
        ] {
            assert!(Analyzer::read(name, options).is_err(), "{name} {options}");
        }
    }
}
