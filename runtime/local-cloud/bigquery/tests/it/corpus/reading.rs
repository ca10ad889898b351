//! A file of the corpus into its blocks. The form is described in tests/conformance/sql/README.md.

use serde_json::Value;

/// What has to happen.
#[derive(Debug, PartialEq)]
pub enum Expectation {
    /// Nothing is said: the statement has to succeed, for others to build on it.
    Setup,
    /// Rows, in this order or in any, and the columns' types where they are told.
    Rows {
        rows: Vec<Value>,
        any_order: bool,
        types: Option<Vec<String>>,
    },
    /// An error with this reason, whose message holds this text.
    Error { reason: String, text: String },
}

/// One statement and what is expected of it.
#[derive(Debug)]
pub struct Block {
    /// Where its text starts.
    pub line: usize,
    pub sql: String,
    pub expectation: Expectation,
}

/// The expectation as it is gathered line by line.
#[derive(Default)]
struct Lines {
    rows: String,
    any_order: bool,
    types: Option<String>,
    error: Option<String>,
}

impl Lines {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.types.is_none() && self.error.is_none()
    }

    /// Takes a line of it; `false` where it is none.
    fn take(&mut self, line: &str) -> bool {
        if let Some(rest) = line.strip_prefix("--> ") {
            self.rows.push_str(rest);
        } else if let Some(rest) = line.strip_prefix("--~ ") {
            self.rows.push_str(rest);
            self.any_order = true;
        } else if let Some(rest) = line.strip_prefix("--: ") {
            self.types = Some(rest.to_owned());
        } else if let Some(rest) = line.strip_prefix("--! ") {
            self.error = Some(rest.to_owned());
        } else {
            return false;
        }
        true
    }

    fn finish(self) -> Result<Expectation, String> {
        if let Some(error) = self.error {
            let (reason, text) = match error.strip_prefix('(').and_then(|e| e.split_once(") ")) {
                Some((reason, text)) => (reason, text),
                None => ("invalidQuery", error.as_str()),
            };
            return Ok(Expectation::Error {
                reason: reason.to_owned(),
                text: text.to_owned(),
            });
        }
        if self.rows.is_empty() && self.types.is_none() {
            return Ok(Expectation::Setup);
        }
        Ok(Expectation::Rows {
            rows: serde_json::from_str(&self.rows).map_err(|e| format!("the rows are not JSON: {e}"))?,
            any_order: self.any_order,
            types: self.types.map(|t| split(&t)),
        })
    }
}

/// `INT64, ARRAY<STRUCT<a INT64, b STRING>>` at its outer commas.
fn split(types: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut depth = 0;
    for c in types.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            ',' if depth == 0 => {
                out.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.iter().map(|t| t.trim().to_owned()).collect()
}

/// All blocks of a file; an error names its line.
pub fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut out = Vec::new();
    let mut sql: Vec<&str> = Vec::new();
    let mut start = 1;
    let mut expected = Lines::default();
    let mut flush = |sql: &mut Vec<&str>, start: usize, expected: &mut Lines| -> Result<(), String> {
        let expected = std::mem::take(expected);
        if sql.is_empty() {
            return if expected.is_empty() {
                Ok(())
            } else {
                Err(format!("{start}: an answer without a statement"))
            };
        }
        out.push(Block {
            line: start,
            sql: std::mem::take(sql).join("\n").trim_end_matches(';').to_owned(),
            expectation: expected.finish().map_err(|e| format!("{start}: {e}"))?,
        });
        Ok(())
    };
    for (number, line) in text.lines().enumerate() {
        if expected.take(line) {
            continue;
        }
        let blank = line.trim().is_empty();
        if blank || !expected.is_empty() {
            flush(&mut sql, start, &mut expected)?;
        }
        // A remark before a statement is not part of it: positions in errors count from the statement.
        if blank || (sql.is_empty() && line.starts_with("--")) {
            continue;
        }
        if sql.is_empty() {
            start = number + 1;
        }
        sql.push(line);
    }
    flush(&mut sql, start, &mut expected)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_answers() {
        let text = "-- A remark.\nCREATE TABLE t AS\nSELECT 1 AS x;\n\nSELECT x FROM t;\n--: INT64\n--> [[1],\n--> [2]]\nSELECT y;\n--! Unrecognized name: y at [1:8]\n";
        let blocks = blocks(text).unwrap();
        let lines: Vec<usize> = blocks.iter().map(|b| b.line).collect();
        assert_eq!(lines, [2, 5, 9]);
        assert_eq!(blocks[0].sql, "CREATE TABLE t AS\nSELECT 1 AS x");
        assert_eq!(blocks[0].expectation, Expectation::Setup);
        assert!(
            matches!(&blocks[1].expectation, Expectation::Rows { rows, types: Some(t), .. } if rows.len() == 2 && t == &["INT64"])
        );
        assert!(matches!(&blocks[2].expectation, Expectation::Error { reason, .. } if reason == "invalidQuery"));
        assert!(super::blocks("--> [[1]]\n").is_err());
    }
}
