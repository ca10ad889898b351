//! The one place that writes to the terminal: results to stdout, all else to stderr. What is said is the commands' business.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this module is where printing happens"
)]

use std::io::IsTerminal;

use headwater_report::{Report, Style, render};
use serde::Serialize;

use crate::cli::Global;

/// Knows whether the user wants words, JSON or silence.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    json: bool,
    quiet: bool,
}

impl Printer {
    /// From the global options.
    pub const fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            quiet: global.quiet,
        }
    }

    /// Results are to be JSON.
    pub const fn json(self) -> bool {
        self.json
    }

    /// Progress bars make sense: a person watches, and nothing else is written to stderr.
    pub fn interactive(self) -> bool {
        !self.quiet && !self.json && std::io::stderr().is_terminal()
    }

    /// A command's result: `value` as one JSON document, or `text` for people.
    pub fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json {
            println!("{}", serde_json::to_string(value).unwrap_or_default());
        } else {
            let text = text();
            if !text.is_empty() {
                println!("{text}");
            }
        }
    }

    /// A result that has a form of its own, as it is.
    pub fn text(self, text: &str) {
        print!("{text}");
    }

    /// Something to know meanwhile.
    pub fn note(self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// An error with its causes and what to do about it.
    pub fn error(self, error: &(dyn std::error::Error + 'static), hint: Option<&str>) {
        let report = Report::of(error).hint(hint.unwrap_or_default());
        if self.json {
            eprintln!(
                "{}",
                serde_json::json!({"error": {"message": report.summary, "hint": hint}})
            );
        } else {
            let style = Style::of(
                std::io::stderr().is_terminal(),
                std::env::var("NO_COLOR").ok().as_deref(),
            );
            eprintln!("{}", render(&report, style));
        }
    }
}

/// Columns of text, as wide as their widest cell.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(header.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_table_is_aligned_and_has_no_trailing_blanks() {
        let rows = vec![
            vec!["Account".to_owned(), "12".to_owned()],
            vec!["X".to_owned(), String::new()],
        ];
        assert_eq!(
            super::table(&["object", "rows"], &rows),
            "object   rows\nAccount  12\nX"
        );
    }
}
