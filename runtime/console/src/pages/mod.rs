//! What all pages have: the frame around them, and small pieces of HTML. Every text from outside goes through `escaped`.

pub mod lineage;
pub mod logs;
pub mod overview;
pub mod pipeline;
pub mod quality;
pub mod run;
pub mod runs;
pub mod streams;
mod strip;

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State as Given;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use headwater_quality::page::{escaped, number};
use http::StatusCode;

use crate::http::{Reply, asset};
use crate::kept::Seen;
use crate::source::Source;
use crate::source::catalog::{Catalog, Key};
use crate::source::runs::{Run, State};

/// The pages that are in the navigation.
const NAVIGATION: [(&str, &str); 6] = [
    ("/", "Overview"),
    ("/runs", "Runs"),
    ("/lineage", "Lineage"),
    ("/quality", "Quality"),
    ("/streams", "Streams"),
    ("/logs", "Logs"),
];

/// A page in the making.
pub struct Page<'a> {
    source: &'a Source,
    /// The moment that it is about.
    pub now: DateTime<Utc>,
    title: String,
    here: &'static str,
    every: u32,
    said: String,
    notes: String,
    body: String,
    asof: Vec<(&'static str, DateTime<Utc>)>,
}

impl<'a> Page<'a> {
    /// An empty one.
    pub fn new(source: &'a Source, here: &'static str, title: impl Into<String>) -> Self {
        Self {
            source,
            now: Utc::now(),
            title: title.into(),
            here,
            every: 5000,
            said: String::new(),
            notes: String::new(),
            body: String::new(),
            asof: Vec::new(),
        }
    }

    /// How often the script fetches it again, in milliseconds.
    pub fn every(&mut self, milliseconds: u32) {
        self.every = milliseconds;
    }

    /// What is told to people who do not see the page when it changes.
    pub fn say(&mut self, text: impl Into<String>) {
        self.said = text.into();
    }

    /// Says of when something is, and that it could not be found out anew.
    pub fn of<T>(&mut self, what: &'static str, seen: &Seen<T>) {
        if let Some(at) = seen.at {
            self.asof.push((what, at));
        }
        match &seen.failed {
            Some(why) => {
                let age = if seen.at.is_some() {
                    " anew; what is shown is older"
                } else {
                    ""
                };
                self.note("fail", &format!("{what} cannot be read{age}"), why);
            }
            None if seen.value.is_none() => {
                self.every = 1000;
                self.note("warn", &format!("{what} are being read"), "this page fills by itself.");
            }
            None => {}
        }
    }

    /// Something that somebody should know of.
    pub fn note(&mut self, class: &str, what: &str, why: &str) {
        write!(
            self.notes,
            "<p class=\"note {class}\"><b>{}</b>: {}</p>",
            escaped(what),
            escaped(why)
        )
        .ok();
    }

    /// Adds HTML that does not change.
    pub fn raw(&mut self, html: &str) {
        self.body.push_str(html);
    }

    /// Adds HTML that the script puts in again when it changes.
    pub fn live(&mut self, id: &str, html: &str) {
        writeln!(self.body, "<div id=\"live-{id}\" data-live>{html}</div>").ok();
    }

    /// The whole.
    pub fn reply(self) -> Reply {
        let mut out = String::with_capacity(self.body.len() + 4096);
        let place = self
            .source
            .endpoint()
            .map_or_else(String::new, |base| format!(" at {base}"));
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} · Headwater</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <link rel=\"stylesheet\" href=\"{style}\">\n<script src=\"{script}\" defer></script>\n</head>\n\
             <body data-every=\"{every}\">\n<a class=\"skip\" href=\"#main\">To the content</a>\n\
             <header class=\"top\"><a class=\"name\" href=\"/\">Headwater</a><nav aria-label=\"Main\"><ul>",
            title = escaped(&self.title),
            style = asset("console.css"),
            script = asset("console.js"),
            every = self.every,
        )
        .ok();
        for (path, name) in NAVIGATION {
            let current = if path == self.here {
                " aria-current=\"page\""
            } else {
                ""
            };
            write!(out, "<li><a href=\"{path}\"{current}>{name}</a></li>").ok();
        }
        write!(
            out,
            "</ul></nav><span class=\"where\">{}{}</span></header>\n<main id=\"main\">\n\
             <p id=\"said\" class=\"unseen\" role=\"status\">{}</p>\n\
             <p id=\"offline\" class=\"note fail\" role=\"alert\" hidden><b>The console does not answer</b>: what is shown is not renewed.</p>\n\
             <div id=\"live-notes\" data-live>{}</div>\n{}",
            escaped(self.source.project()),
            escaped(&place),
            escaped(&self.said),
            self.notes,
            self.body
        )
        .ok();
        let asof = self.asof.iter().map(|(what, at)| {
            // Not to the second: a page that has not changed is the same page.
            let age = self.now - *at;
            let age = if age < TimeDelta::seconds(20) {
                "now".to_owned()
            } else {
                ago(self.now, *at)
            };
            format!("{what}: {age}")
        });
        let asof = asof.collect::<Vec<_>>().join(" · ");
        write!(
            out,
            "<div id=\"live-asof\" data-live><p class=\"asof\">As of: {}</p></div>\n</main>\n</body>\n</html>\n",
            escaped(&asof)
        )
        .ok();
        Reply::page(out)
    }
}

/// What is said where nothing is.
pub async fn absent(Given(source): Given<Arc<Source>>) -> Reply {
    missing(&source, "page")
}

/// What is said where something is gone, or never was.
pub fn missing(source: &Source, what: &str) -> Reply {
    let mut page = Page::new(source, "", "Not found");
    page.every(0);
    page.raw(&format!(
        "<h1>Not found</h1>\n<p>There is no such {what}. <a href=\"/\">To the overview</a></p>\n"
    ));
    page.reply().with(StatusCode::NOT_FOUND)
}

/// The catalog, and the page that says so where it is not known.
pub fn needs(page: &mut Page<'_>, catalog: &Seen<Catalog>) -> Option<Arc<Catalog>> {
    page.of("pipelines", catalog);
    if catalog.value.is_none() {
        page.every(1000);
    }
    catalog.value.clone()
}

/// A part of a path.
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}

/// The path of something of a pipeline.
pub fn path(area: &str, key: &Key) -> String {
    format!("/{area}/{}/{}", segment(key.short_lake()), segment(&key.name))
}

/// The path of a run.
pub fn run_path(area: &str, key: &Key, run: &str) -> String {
    format!("{}/{}", path(area, key), segment(run))
}

/// A link.
pub fn link(path: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escaped(path), escaped(text))
}

/// The class by which a state of a run is coloured.
pub const fn class(state: State) -> &'static str {
    match state {
        State::Succeeded => "pass",
        State::Running => "run",
        State::Failed => "fail",
        State::Stopped => "warn",
        State::Silent => "error",
        State::Skipped => "skipped",
    }
}

/// A state, in its colour.
pub fn badge(class: &str, word: &str) -> String {
    format!("<span class=\"state {class}\">{}</span>", escaped(word))
}

/// A run's state.
pub fn run_badge(run: &Run, now: DateTime<Utc>) -> String {
    let state = run.state(now);
    badge(class(state), state.word())
}

/// How long ago, in words that stay the same for a while.
pub fn ago(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let seconds = (now - at).num_seconds();
    let (seconds, tail, head) = if seconds < 0 {
        (-seconds, "", "in ")
    } else {
        (seconds, " ago", "")
    };
    let words = match seconds {
        0..10 => "a moment".to_owned(),
        10..60 => format!("{} s", seconds / 10 * 10),
        60..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    };
    format!("{head}{words}{tail}")
}

/// A moment: how long ago, and exactly.
pub fn moment(now: DateTime<Utc>, at: DateTime<Utc>) -> String {
    let exact = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("<time datetime=\"{exact}\" title=\"{exact}\">{}</time>", ago(now, at))
}

/// A duration.
pub fn lasting(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    match seconds {
        ..0 => "0 s".to_owned(),
        0..10 => format!("{}.{} s", seconds, time.subsec_nanos() / 100_000_000),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A number, or a dash where it is none.
pub fn count(n: u64) -> String {
    if n == 0 { "–".to_owned() } else { number(n) }
}

/// Bytes.
#[expect(clippy::cast_precision_loss, reason = "for people")]
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (n as f64, 0);
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{n} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A table that scrolls by itself where it is wider than the page.
pub fn table(caption: &str, small: &str, head: &[&str], rows: &[String]) -> String {
    let mut out = format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}",
        escaped(caption)
    );
    if !small.is_empty() {
        write!(out, " <small>{}</small>", escaped(small)).ok();
    }
    out.push_str("</caption><thead><tr>");
    for name in head {
        // A column of numbers stands to the right.
        let (class, name) = name
            .strip_prefix('#')
            .map_or(("", *name), |name| (" class=\"n\"", name));
        write!(out, "<th scope=\"col\"{class}>{}</th>", escaped(name)).ok();
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        write!(out, "<tr>{row}</tr>").ok();
    }
    out.push_str("</tbody></table></div>\n");
    out
}

/// A cell that is a number, for [`row`]. No text from outside begins so: `escaped` lets no such character through.
pub fn n(html: &str) -> String {
    format!("\u{0}{html}")
}

/// Cells of a row, as HTML: the first names it.
pub fn row(cells: &[String]) -> String {
    let mut out = String::new();
    for (i, cell) in cells.iter().enumerate() {
        match cell.strip_prefix('\u{0}') {
            Some(cell) => write!(out, "<td class=\"n\">{cell}</td>").ok(),
            None if i == 0 => write!(out, "<th scope=\"row\">{cell}</th>").ok(),
            None => write!(out, "<td>{cell}</td>").ok(),
        };
    }
    out
}

/// Names and values; those without a value are left out. Values are HTML.
pub fn facts(facts: &[(&str, Option<String>)]) -> String {
    let mut out = String::from("<dl class=\"facts\">");
    for (name, value) in facts {
        if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
            write!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>").ok();
        }
    }
    out.push_str("</dl>\n");
    out
}

/// Where one is: links from the outside to the inside.
pub fn crumbs(links: &[(String, &str)]) -> String {
    let links: Vec<String> = links.iter().map(|(path, text)| link(path, text)).collect();
    format!(
        "<nav aria-label=\"Breadcrumb\" class=\"crumbs\">{}</nav>\n",
        links.join(" / ")
    )
}

/// The query of a URL, as a page reads it.
pub fn asked(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = query
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs
        .into_iter()
        .find(|(key, value)| *key == name && !value.is_empty())?;
    let bytes = value.replace('+', " ").into_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_times() {
        let now = Utc::now();
        let cases = [
            (3, "a moment ago"),
            (59, "50 s ago"),
            (3700, "61 min ago"),
            (90_000, "25 h ago"),
            (400_000, "4 days ago"),
            (-130, "in 2 min"),
        ];
        for (seconds, words) in cases {
            assert_eq!(ago(now, now - TimeDelta::seconds(seconds)), words);
        }
        assert_eq!(lasting(TimeDelta::milliseconds(1234)), "1.2 s");
        assert_eq!(lasting(TimeDelta::seconds(3725)), "62 min 5 s");
        assert_eq!(
            (bytes(999), bytes(1_234_567)),
            ("999 B".to_owned(), "1.2 MB".to_owned())
        );
    }

    #[test]
    fn queries() {
        let query = Some("state=failed&of=gs%3A%2F%2Fa+b&empty=&odd=%zz");
        assert_eq!(asked(query, "of").as_deref(), Some("gs://a b"));
        assert_eq!((asked(query, "empty"), asked(query, "none")), (None, None));
        assert_eq!(asked(query, "odd").as_deref(), Some("%zz"));
        assert_eq!(segment("lake/a b"), "lake%2Fa%20b");
    }
}
