//! The page's HTML. Every text from outside goes through [`escaped`].

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Entry, Page, charts, words};
use crate::engine::State;
use crate::profile::ColumnProfile;
use crate::report::{observed, state_name};

/// The look of our pages.
pub const STYLE: &str = include_str!("style.css");

/// Text as HTML takes it, also within quotes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
    html
}

/// A number in groups of three digits.
#[must_use]
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The page.
#[must_use]
pub fn html(page: &Page) -> String {
    let mut out = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // Nothing is loaded and nothing is run, whatever the data says.
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    let title = match page.proposed {
        Some(_) => page.suite.clone(),
        None => format!("{}: {}", page.suite, state_name(page.state)),
    };
    writeln!(
        out,
        "<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        escaped(&title)
    )
    .ok();
    head(page, &mut out);
    out.push_str("<main>\n");
    if let Some(reason) = &page.reason {
        writeln!(out, "<p class=\"reason\" role=\"alert\">{}</p>", escaped(reason)).ok();
    }
    tiles(page, &mut out);
    if page.history.len() > 1 {
        writeln!(
            out,
            "<section aria-labelledby=\"runs\"><h2 id=\"runs\">The last runs</h2>{}</section>",
            charts::runs(&page.history)
        )
        .ok();
    }
    if page.proposed.is_none() {
        expectations(page, &mut out);
    }
    columns(page, &mut out);
    if let Some(proposed) = &page.proposed {
        writeln!(
            out,
            "<section aria-labelledby=\"proposed\"><h2 id=\"proposed\">What this suggests</h2><pre tabindex=\"0\"><code>{}</code></pre></section>",
            escaped(proposed)
        )
        .ok();
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn head(page: &Page, out: &mut String) {
    write!(out, "<header>\n<h1>{}", escaped(&page.suite)).ok();
    // A profile has no verdict.
    if page.proposed.is_none() {
        write!(
            out,
            " <span class=\"state {state}\">{state}</span>",
            state = state_name(page.state)
        )
        .ok();
    }
    out.push_str("</h1>\n");
    if let Some(description) = &page.description {
        writeln!(out, "<p>{}</p>", escaped(description)).ok();
    }
    let facts = [
        ("Data", Some(&page.target)),
        ("Time", Some(&page.at)),
        ("Judged by", Some(&page.mode)),
        ("Run", page.run.as_ref()),
    ];
    out.push_str("<dl class=\"facts\">");
    for (name, value) in facts {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(value)).ok();
        }
    }
    out.push_str("</dl>\n</header>\n");
}

fn tiles(page: &Page, out: &mut String) {
    out.push_str("<ul class=\"tiles\">");
    if let Some(rows) = page.rows {
        write!(out, "<li><b>{}</b> rows</li>", number(rows)).ok();
    }
    let states = [State::Pass, State::Fail, State::Warn, State::Error, State::Skipped];
    for state in states.into_iter().filter(|_| page.proposed.is_none()) {
        let count = page.count(state);
        if count > 0 {
            write!(
                out,
                "<li class=\"{name}\"><b>{count}</b> {name}</li>",
                name = state_name(state)
            )
            .ok();
        }
    }
    for (dimension, (good, judged)) in scores(page) {
        let percent = good as f64 * 100.0 / judged.max(1) as f64;
        // Not rounded up to 100: one row of a million is against it.
        let percent = if good < judged { percent.min(99.99) } else { percent };
        write!(
            out,
            "<li title=\"of all rows judged, those that hold\"><b>{percent:.2} %</b> {}</li>",
            escaped(&dimension)
        )
        .ok();
    }
    out.push_str("</ul>\n");
}

/// Of each aspect, how many of the rows judged hold.
fn scores(page: &Page) -> BTreeMap<String, (u64, u64)> {
    let mut scores = BTreeMap::new();
    for entry in &page.entries {
        if let (Some(evaluated), Some(unexpected)) = (entry.evaluated, entry.unexpected) {
            let (good, judged) = scores.entry(entry.dimension.clone()).or_insert((0, 0));
            *good += evaluated.saturating_sub(unexpected);
            *judged += evaluated;
        }
    }
    scores.retain(|_, (_, judged)| *judged > 0);
    scores
}

fn expectations(page: &Page, out: &mut String) {
    out.push_str("<section aria-labelledby=\"expectations\"><h2 id=\"expectations\">Expectations</h2>\n");
    let mut entries: Vec<&Entry> = page.entries.iter().collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.state));
    for entry in entries {
        self::entry(entry, out);
    }
    if page.entries.is_empty() {
        out.push_str("<p>There are none.</p>\n");
    }
    out.push_str("</section>\n");
}

fn entry(entry: &Entry, out: &mut String) {
    let open = matches!(entry.state, State::Fail | State::Warn | State::Error);
    writeln!(
        out,
        "<details{} class=\"entry\"><summary><span class=\"state {state}\">{state}</span> <code>{}</code> <span class=\"said\">{}</span>{}</summary>",
        if open { " open" } else { "" },
        escaped(&entry.id),
        escaped(&said(entry)),
        charts::spark(&entry.history),
        state = state_name(entry.state)
    )
    .ok();
    if let Some(description) = &entry.description {
        writeln!(out, "<p>{}</p>", escaped(description)).ok();
    }
    let percent = |ratio: f64| format!("{} %", (ratio * 1e6).floor() / 1e4);
    let facts = [
        (
            "Columns",
            Some(entry.columns.join(", ")).filter(|names| !names.is_empty()),
        ),
        ("Demanded", Some(words::demanded(entry))),
        ("Of rows", entry.row_condition.as_ref().map(ToString::to_string)),
        ("Must hold", entry.mostly.filter(|mostly| *mostly < 1.0).map(percent)),
        ("Holds", entry.pass_ratio.map(percent)),
        ("Observed", in_words(entry).or_else(|| entry.observed.clone())),
        ("No verdict", entry.reason.clone()),
        ("Dimension", Some(entry.dimension.clone())),
        ("Severity", Some(entry.severity.clone())),
        ("On failure", Some(entry.on_fail.clone())),
        ("Owner", entry.owner.clone()),
    ];
    out.push_str("<dl>");
    for (name, value) in facts {
        if let Some(value) = value {
            write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(&value)).ok();
        }
    }
    out.push_str("</dl>\n");
    if !entry.examples.rows.is_empty() {
        out.push_str("<table><caption>Rows that are against it</caption><thead><tr>");
        for name in &entry.examples.header {
            write!(out, "<th scope=\"col\">{}</th>", escaped(name)).ok();
        }
        out.push_str("</tr></thead><tbody>");
        for row in &entry.examples.rows {
            out.push_str("<tr>");
            for value in row {
                write!(out, "<td>{}</td>", escaped(value)).ok();
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table>\n");
    }
    out.push_str("</details>\n");
}

/// The counts, in a line.
fn said(entry: &Entry) -> String {
    match (entry.unexpected, entry.evaluated) {
        (Some(0), Some(evaluated)) => format!("all {} rows", number(evaluated)),
        (Some(unexpected), Some(evaluated)) => {
            format!("{} of {} rows are against it", number(unexpected), number(evaluated))
        }
        _ => in_words(entry).unwrap_or_default(),
    }
}

/// What was observed, where that is more than a value.
fn in_words(entry: &Entry) -> Option<String> {
    let observed = serde_json::from_str(entry.observed.as_ref()?).ok()?;
    observed::words(&entry.check, &observed)
}

fn columns(page: &Page, out: &mut String) {
    if page.columns.is_empty() {
        return;
    }
    out.push_str("<section aria-labelledby=\"columns\"><h2 id=\"columns\">Columns</h2>\n<div class=\"columns\">\n");
    for column in &page.columns {
        let rows = page.column_rows.or(page.rows).unwrap_or_default();
        self::column(column, rows, out);
    }
    out.push_str("</div>\n</section>\n");
}

fn column(column: &ColumnProfile, rows: u64, out: &mut String) {
    writeln!(
        out,
        "<article><h3>{} <small>{}</small></h3>",
        escaped(&column.name),
        escaped(&column.data_type)
    )
    .ok();
    let about = if column.distinct_exact { "" } else { "about " };
    let range = column
        .min
        .as_ref()
        .zip(column.max.as_ref())
        .filter(|_| column.lengths.is_none());
    let facts = [
        ("Missing", Some(format!("{} of {}", number(column.nulls), number(rows)))),
        ("Different", column.distinct.map(|n| format!("{about}{}", number(n)))),
        ("Range", range.map(|(min, max)| format!("{min} to {max}"))),
        ("Mean", column.mean.map(|mean| format!("{mean:.4}"))),
        (
            "Length",
            column.lengths.map(|(least, most)| format!("{least} to {most}")),
        ),
    ];
    out.push_str("<dl>");
    for (name, value) in facts {
        if let Some(value) = value {
            write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(&value)).ok();
        }
    }
    out.push_str("</dl>\n");
    if column.bins.len() > 1 {
        out.push_str(&charts::bins(&column.bins, &column.name));
    } else {
        most_frequent(column, rows, out);
    }
    if !column.patterns.is_empty() && !column.values_complete {
        out.push_str("<table><caption>Forms</caption><tbody>");
        for pattern in column.patterns.iter().take(5) {
            write!(
                out,
                "<tr><td><code>{}</code></td><td>{}{}</td></tr>",
                escaped(&pattern.expression),
                charts::part(pattern.count, rows),
                number(pattern.count)
            )
            .ok();
        }
        out.push_str("</tbody></table>");
    }
    out.push_str("</article>\n");
}

fn most_frequent(column: &ColumnProfile, rows: u64, out: &mut String) {
    // Where no value occurs twice, the most frequent ones say nothing.
    let shown: Vec<_> = column.values.iter().take(8).filter(|(_, n)| *n > 1).collect();
    if shown.is_empty() {
        return;
    }
    out.push_str("<table><caption>Most frequent</caption><tbody>");
    for (value, count) in shown {
        let text = super::shown(value);
        let short: String = text.chars().take(60).collect();
        write!(
            out,
            "<tr><td>{}{}</td><td>{}{}</td></tr>",
            escaped(&short),
            if short.len() < text.len() { "…" } else { "" },
            charts::part(*count, rows),
            number(*count)
        )
        .ok();
    }
    out.push_str("</tbody></table>");
}
