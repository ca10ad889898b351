//! A message to a person (what is wrong, where, why, what to do) and the one way in which it is written.
//!
//! It refuses to know Terraform, Google, Salesforce and the terminal: it makes text, others print it. The plugin
//! framework, the provider and the command line depend on it, so that all say things alike.

use std::error::Error;
use std::fmt::Write as _;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// What was asked for was not done.
    Error,
    /// It was done all the same.
    Warning,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Report {
    /// How bad it is.
    pub severity: Severity,
    /// One line: what is wrong.
    pub summary: String,
    /// Why; several lines or none.
    pub detail: String,
    /// What it is about, such as the path of an attribute; empty: nothing in particular.
    pub place: String,
    /// What to do; empty: nothing can be done.
    pub hint: String,
}

impl Report {
    /// An error.
    pub fn error(summary: impl Into<String>) -> Self {
        Report {
            severity: Severity::Error,
            summary: summary.into(),
            detail: String::new(),
            place: String::new(),
            hint: String::new(),
        }
    }

    /// A warning.
    pub fn warning(summary: impl Into<String>) -> Self {
        Report {
            severity: Severity::Warning,
            ..Report::error(summary)
        }
    }

    /// An error with everything that caused it, as one line.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        Report::error(chain(error))
    }

    /// The same with this detail.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same, about this place.
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    /// The same with a word on what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// `error: its cause: the cause of that`.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Whether a terminal shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For files, pipes and logs.
    Plain,
    /// For terminals: the words that matter are coloured.
    Colour,
}

impl Style {
    /// What suits a stream that is or is not a terminal. `no_color` is the variable `NO_COLOR`: see <https://no-color.org>.
    pub fn of(terminal: bool, no_color: Option<&str>) -> Self {
        if terminal && no_color.unwrap_or_default().is_empty() {
            Style::Colour
        } else {
            Style::Plain
        }
    }

    fn word(self, code: &str, word: &str) -> String {
        match self {
            Style::Plain => format!("{word}:"),
            Style::Colour => format!("\u{1b}[{code}m{word}:\u{1b}[0m"),
        }
    }
}

/// Writes a message, without a line break at its end:
///
/// ```text
/// error: orders has no column `ammount`
///   at columns["ammount"].type
///   The columns are: amount, currency.
/// hint: did you mean `amount`?
/// ```
pub fn render(report: &Report, style: Style) -> String {
    let word = match report.severity {
        Severity::Error => style.word("1;31", "error"),
        Severity::Warning => style.word("1;33", "warning"),
    };
    let mut text = format!("{word} {}", clean(&report.summary));
    if !report.place.is_empty() {
        let _ = write!(text, "\n  at {}", clean(&report.place));
    }
    indent(&mut text, report.detail.lines());
    if !report.hint.is_empty() {
        let mut lines = report.hint.lines();
        let first = lines.next().unwrap_or_default();
        let _ = write!(text, "\n{} {}", style.word("1;36", "hint"), clean(first));
        indent(&mut text, lines);
    }
    text
}

fn indent<'a>(text: &mut String, lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        let line = clean(line);
        text.push_str(if line.is_empty() { "\n" } else { "\n  " });
        text.push_str(&line);
    }
}

/// Control characters could rewrite what a terminal shows; messages quote what others wrote.
fn clean(text: &str) -> String {
    if !text.contains(|c: char| c.is_control() && c != '\t') {
        return text.trim_end().to_owned();
    }
    let shown = |c: char| match c {
        '\t' => "\t".to_owned(),
        '\n' => "\n  ".to_owned(),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.trim_end().chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_there_is_written() {
        let whole = Report::error("orders has no column `ammount`")
            .at("columns[\"ammount\"].type")
            .detail("The columns are:\n\namount, currency.\n")
            .hint("did you mean `amount`?\nIt was renamed.");
        let plain = "error: orders has no column `ammount`\n  at columns[\"ammount\"].type\n  The columns are:\n\n  amount, currency.\nhint: did you mean `amount`?\n  It was renamed.";
        let cases = [
            (Report::error("it failed"), "error: it failed"),
            (
                Report::warning("orders: drops 3 columns"),
                "warning: orders: drops 3 columns",
            ),
            (whole.clone(), plain),
            (Report::error("bad \u{1b}[2Jid\r"), "error: bad \\u{1b}[2Jid"),
        ];
        for (report, wanted) in cases {
            assert_eq!(render(&report, Style::Plain), wanted);
        }
        let coloured = render(&whole, Style::Colour);
        assert!(
            coloured.starts_with("\u{1b}[1;31merror:\u{1b}[0m orders"),
            "{coloured:?}"
        );
        assert!(
            coloured.contains("\n\u{1b}[1;36mhint:\u{1b}[0m did you"),
            "{coloured:?}"
        );
    }

    #[test]
    fn causes_follow_each_other() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl std::fmt::Display for Outer {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("not a port")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let Err(inner) = "x".parse::<u16>() else { return };
        let report = Report::of(&Outer(inner));
        assert_eq!(report.summary, "not a port: invalid digit found in string");
    }

    #[test]
    fn colour_is_for_terminals_whose_owner_likes_it() {
        let cases = [
            ((true, None), Style::Colour),
            ((true, Some("")), Style::Colour),
            ((true, Some("1")), Style::Plain),
            ((false, None), Style::Plain),
        ];
        for ((terminal, no_color), wanted) in cases {
            assert_eq!(Style::of(terminal, no_color), wanted);
        }
    }
}
