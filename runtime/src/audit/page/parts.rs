//! What the page is put together from: tables, facts, marks. Every text from outside is escaped here or by who calls.

use std::fmt::Write as _;

use headwater_quality::page::escaped;

use super::super::model::{Declared, Schedule, Severity};

/// A cell of text.
pub fn text(value: &str) -> String {
    escaped(value)
}

/// A cell with a moment.
pub fn time(value: &str) -> String {
    format!("<time>{}</time>", escaped(value))
}

/// A cell of code.
pub fn code(value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    format!("<code>{}</code>", escaped(value))
}

/// The name of a table or dataset, without the project where that is the one that all of the page is about.
pub fn named(home: &str, name: &str) -> String {
    let short = name.strip_prefix(home).and_then(|rest| rest.strip_prefix('.'));
    match short.filter(|_| !home.is_empty()) {
        Some(short) => format!("<code title=\"{}\">{}</code>", escaped(name), escaped(short)),
        None => code(name),
    }
}

/// A cell for what is not there.
pub fn dim(value: &str) -> String {
    format!("<span class=\"dim\">{}</span>", escaped(value))
}

/// A mark in a colour of the quality pages: `pass`, `warn`, `fail`, `error`, `skipped`.
pub fn mark(class: &str, word: &str) -> String {
    format!("<span class=\"tag {class}\">{}</span>", escaped(word))
}

/// A finding's severity.
pub fn severity(severity: Severity) -> String {
    let class = match severity {
        Severity::Error => "fail",
        Severity::Warn => "warn",
        Severity::Info => "skipped",
    };
    format!("<span class=\"state {class}\">{}</span>", severity.word())
}

/// A state of a run, verdict or expectation.
pub fn state(word: &str) -> String {
    let class = match word {
        "pass" | "succeeded" | "ENABLED" => "pass",
        "fail" | "failed" => "fail",
        "error" => "error",
        "warn" | "stopped" | "PAUSED" => "warn",
        _ => "skipped",
    };
    mark(class, word)
}

/// A hash, short; whole for who points at it.
pub fn hash(value: Option<&str>) -> String {
    match value {
        Some(hash) if hash.len() > 12 => format!(
            "<span class=\"hash\" title=\"{0}\">{1}</span>",
            escaped(hash),
            escaped(&hash[..hash.floor_char_boundary(12)])
        ),
        Some(word) => text(word),
        None => dim("not known"),
    }
}

/// Where something is declared.
pub fn declared(declared: &Declared) -> String {
    let at = declared
        .at
        .as_ref()
        .map(|at| format!(" at {}", escaped(at)))
        .unwrap_or_default();
    format!("<code>{}</code>{at}", escaped(&declared.address))
}

/// When something runs.
pub fn schedule(schedule: Option<&Schedule>) -> String {
    let Some(schedule) = schedule else {
        return dim("when somebody starts it");
    };
    let state = schedule
        .state
        .as_deref()
        .map(state)
        .unwrap_or_else(|| dim("whether the job is there is not known"));
    format!("{} {} {state}", code(&schedule.cron), escaped(&schedule.time_zone))
}

/// Facts: names and values, values being HTML.
pub fn facts(facts: &[(&str, String)], out: &mut String) {
    out.push_str("<dl class=\"facts\">");
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        write!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>").ok();
    }
    out.push_str("</dl>\n");
}

/// A table whose cells are HTML. Its first column names the row; columns that begin with `#` are numbers.
pub fn table(caption: &str, head: &[&str], rows: &[Vec<String>], out: &mut String) {
    // What may be wider than the page is scrolled by keyboard, too.
    write!(
        out,
        "<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"{0}\"><table><caption>{0}</caption><thead><tr>",
        escaped(caption)
    )
    .ok();
    let number = |index: usize| head.get(index).is_some_and(|name| name.starts_with('#'));
    for (index, name) in head.iter().enumerate() {
        let class = if number(index) { " class=\"num\"" } else { "" };
        write!(
            out,
            "<th scope=\"col\"{class}>{}</th>",
            escaped(name.trim_start_matches('#'))
        )
        .ok();
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let class = if number(index) { " class=\"num\"" } else { "" };
            if index == 0 {
                write!(out, "<th scope=\"row\">{cell}</th>").ok();
            } else {
                write!(out, "<td{class}>{cell}</td>").ok();
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

/// A name for a link's target.
pub fn anchor(kind: &str, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("{kind}-{plain}")
}
