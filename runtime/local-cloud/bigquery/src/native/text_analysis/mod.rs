//! TEXT_ANALYZE and SEARCH.
//! See <https://cloud.google.com/bigquery/docs/reference/standard-sql/text-analysis>.

mod analyzer;
mod search_query;

use std::cell::RefCell;
use std::rc::Rc;

use analyzer::Analyzer;
use search_query::SearchQuery;

use super::{Answers, Native, Outcome, misused, native};
use crate::engine::Cell;

pub(super) const NATIVES: &[Native] = &[
    native("text_analyze", Answers::Texts, text_analyze),
    native("search", Answers::Bool, search),
];

/// What a call is made of besides its data: analyzer, options and, for SEARCH, the query.
type Key = [String; 3];

thread_local! {
    static LAST: RefCell<Option<(Key, Rc<Prepared>)>> = const { RefCell::new(None) };
}

struct Prepared {
    analyzer: Analyzer,
    query: Option<SearchQuery>,
}

/// Prepares a call. The last one is kept: rows come one after the other.
fn prepared(analyzer: &str, options: &str, query: Option<&str>) -> Result<Rc<Prepared>, String> {
    let key = [analyzer, options, query.unwrap_or_default()].map(str::to_owned);
    let known = LAST.with_borrow(|last| match last {
        Some((known, prepared)) if *known == key && prepared.query.is_some() == query.is_some() => {
            Some(Rc::clone(prepared))
        }
        _ => None,
    });
    if let Some(prepared) = known {
        return Ok(prepared);
    }
    let analyzer = Analyzer::read(analyzer, options)?;
    let query = query.map(|text| SearchQuery::read(text, &analyzer)).transpose()?;
    let prepared = Rc::new(Prepared { analyzer, query });
    LAST.set(Some((key, Rc::clone(&prepared))));
    Ok(prepared)
}

/// A text, the analyzer's name, and its options in JSON or nothing.
fn text_analyze(args: &[Cell]) -> Outcome {
    let [Cell::Text(text), Cell::Text(analyzer), Cell::Text(options)] = args else {
        return Err(misused());
    };
    let prepared = prepared(analyzer, options, None)?;
    let tokens = prepared.analyzer.tokens(text).into_iter().map(Cell::Text);
    Ok(Cell::List(tokens.collect()))
}

/// The data, whose texts are each searched for the whole query; the query, the analyzer's name and its options.
fn search(args: &[Cell]) -> Outcome {
    let [data, Cell::Text(query), Cell::Text(analyzer), Cell::Text(options)] = args else {
        return Err(misused());
    };
    let prepared = prepared(analyzer, options, Some(query))?;
    let query = prepared.query.as_ref().ok_or_else(misused)?;
    let mut nulls = false;
    let found = any_text(data, &mut nulls, &|text| query.matches(text, &prepared.analyzer));
    Ok(match (found, nulls) {
        (true, _) => Cell::Bool(true),
        (false, true) => Cell::Null,
        (false, false) => Cell::Bool(false),
    })
}

/// Whether a text in the data, however deep, is one of those; whether there is a NULL among those before it.
fn any_text(data: &Cell, nulls: &mut bool, matches: &dyn Fn(&str) -> bool) -> bool {
    match data {
        Cell::Text(text) => matches(text),
        Cell::List(items) => items.iter().any(|item| any_text(item, nulls, matches)),
        Cell::Struct(fields) => fields.iter().any(|(_, field)| any_text(field, nulls, matches)),
        _ => {
            *nulls = true;
            false
        }
    }
}
