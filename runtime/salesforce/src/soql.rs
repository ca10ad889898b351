//! SOQL text: built from parts, so that what a user wrote stays inside its parentheses. Sending it is in `query` and `bulk`.
//!
//! <https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm>

use chrono::{DateTime, SecondsFormat, Utc};
use headwater_spec::{Column, Window, check_object_name};

/// Salesforce's limit for a query's text, in characters.
pub const MAX_SOQL_CHARS: usize = 100_000;

/// A query that cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SoqlError {
    /// A name that is not one.
    #[error(transparent)]
    Name(#[from] headwater_spec::NameError),
    /// Nothing to select.
    #[error("the query of {0} selects no field")]
    Empty(String),
    /// A condition that would not stay inside its parentheses.
    #[error("the condition has {0}")]
    Condition(&'static str),
    /// Longer than Salesforce reads.
    #[error("the query has {chars} characters, Salesforce reads {MAX_SOQL_CHARS}")]
    TooLong {
        /// Its length.
        chars: usize,
    },
}

/// A query in the making.
#[derive(Debug, Clone)]
pub struct Soql<'a> {
    object: &'a str,
    fields: Vec<&'a str>,
    count: bool,
    window: Option<(&'a str, &'a Window)>,
    condition: Option<&'a str>,
    order: Vec<&'a str>,
    limit: Option<u32>,
}

impl<'a> Soql<'a> {
    /// Selects the columns' fields.
    pub fn select(object: &'a str, columns: &'a [Column]) -> Self {
        Self::fields(object, columns.iter().map(|column| column.field.as_str()))
    }

    /// Selects fields by name.
    pub fn fields(object: &'a str, fields: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            object,
            fields: fields.into_iter().collect(),
            count: false,
            window: None,
            condition: None,
            order: Vec::new(),
            limit: None,
        }
    }

    /// `SELECT COUNT()`, for [`crate::Client::count`].
    pub fn count(object: &'a str) -> Self {
        Self {
            count: true,
            ..Self::fields(object, [])
        }
    }

    /// Only rows whose cursor field lies in the half-open window. Bounds are written in milliseconds, as fine as Salesforce
    /// stamps.
    #[must_use]
    pub fn window(mut self, cursor: &'a str, window: &'a Window) -> Self {
        self.window = Some((cursor, window));
        self
    }

    /// Only rows that meet a condition of the user's, which is put in parentheses.
    #[must_use]
    pub fn condition(mut self, condition: Option<&'a str>) -> Self {
        self.condition = condition.map(str::trim).filter(|text| !text.is_empty());
        self
    }

    /// Orders rows. For REST only: it turns off the chunking of Bulk queries.
    #[must_use]
    pub fn order_by(mut self, fields: impl IntoIterator<Item = &'a str>) -> Self {
        self.order.extend(fields);
        self
    }

    /// At most so many rows.
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// The text.
    ///
    /// # Errors
    /// [`SoqlError`]; nothing was sent.
    pub fn build(&self) -> Result<String, SoqlError> {
        if self.fields.is_empty() && !self.count {
            return Err(SoqlError::Empty(self.object.to_owned()));
        }
        for name in self
            .fields
            .iter()
            .chain(&self.order)
            .chain(self.window.as_ref().map(|(cursor, _)| cursor))
        {
            check_object_name(name)?;
        }
        check_object_name(self.object)?;
        let what = if self.count {
            "COUNT()".to_owned()
        } else {
            self.fields.join(", ")
        };
        let mut text = format!("SELECT {what} FROM {}", self.object);
        let mut conditions = Vec::new();
        if let Some((cursor, window)) = self.window {
            conditions.extend(window.from.map(|from| format!("{cursor} >= {}", datetime(from))));
            conditions.push(format!("{cursor} < {}", datetime(window.to)));
        }
        if let Some(condition) = self.condition {
            check_condition(condition)?;
            conditions.push(format!("({condition})"));
        }
        if !conditions.is_empty() {
            text.push_str(" WHERE ");
            text.push_str(&conditions.join(" AND "));
        }
        if !self.order.is_empty() {
            text.push_str(" ORDER BY ");
            text.push_str(&self.order.join(", "));
        }
        if let Some(rows) = self.limit {
            text.push_str(&format!(" LIMIT {rows}"));
        }
        let chars = text.chars().count();
        if chars > MAX_SOQL_CHARS {
            Err(SoqlError::TooLong { chars })
        } else {
            Ok(text)
        }
    }
}

/// A date-time literal: UTC, milliseconds, no quotes.
pub fn datetime(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A text literal in single quotes.
/// <https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm>
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// Checks that a condition stays inside the parentheses that we put around it. Whether it means anything only the org
/// knows: see [`crate::Client::validate_where`].
///
/// # Errors
/// [`SoqlError::Condition`].
pub fn check_condition(condition: &str) -> Result<(), SoqlError> {
    let mut depth = 0_u32;
    let mut characters = condition.chars();
    while let Some(c) = characters.next() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth
                    .checked_sub(1)
                    .ok_or(SoqlError::Condition("a closing parenthesis too many"))?;
            }
            '\'' => loop {
                match characters.next() {
                    Some('\\') => drop(characters.next()),
                    Some('\'') => break,
                    Some(_) => {}
                    None => return Err(SoqlError::Condition("a text whose closing quote is missing")),
                }
            },
            '"' => {
                return Err(SoqlError::Condition(
                    "double quotes: SOQL writes texts in single quotes",
                ));
            }
            ';' => return Err(SoqlError::Condition("a semicolon outside of a text")),
            _ => {}
        }
    }
    let first = condition.split_whitespace().next().unwrap_or("");
    if first.eq_ignore_ascii_case("where") || first.eq_ignore_ascii_case("select") {
        return Err(SoqlError::Condition(
            "a keyword in front: write the condition alone, without WHERE or SELECT",
        ));
    }
    if depth > 0 {
        Err(SoqlError::Condition("a parenthesis that is not closed"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    #[test]
    fn queries() {
        let full = Window {
            from: None,
            to: at("2026-01-02T00:00:00.5Z"),
        };
        let part = Window {
            from: Some(at("2026-01-01T00:00:00.123456Z")),
            ..full.clone()
        };
        let base = || Soql::fields("Account", ["Id", "Name"]);
        let cases = [
            (base(), "SELECT Id, Name FROM Account"),
            (
                base().window("SystemModstamp", &full),
                "SELECT Id, Name FROM Account WHERE SystemModstamp < 2026-01-02T00:00:00.500Z",
            ),
            (
                base()
                    .window("SystemModstamp", &part)
                    .condition(Some(" Amount > 0 OR Name = 'a)' "))
                    .order_by(["SystemModstamp", "Id"]),
                "SELECT Id, Name FROM Account WHERE SystemModstamp >= 2026-01-01T00:00:00.123Z AND SystemModstamp < 2026-01-02T00:00:00.500Z \
                 AND (Amount > 0 OR Name = 'a)') ORDER BY SystemModstamp, Id",
            ),
            (
                Soql::count("Thing__c").condition(Some("")),
                "SELECT COUNT() FROM Thing__c",
            ),
            (base().limit(1), "SELECT Id, Name FROM Account LIMIT 1"),
        ];
        for (query, expected) in cases {
            assert_eq!(query.build().as_deref(), Ok(expected));
        }
        assert!(matches!(Soql::fields("Account", []).build(), Err(SoqlError::Empty(_))));
        assert!(matches!(
            Soql::fields("Account;", ["Id"]).build(),
            Err(SoqlError::Name(_))
        ));
        assert!(matches!(
            Soql::fields("Account", ["Id, Name"]).build(),
            Err(SoqlError::Name(_))
        ));
        let long = format!("Name != '{}'", "x".repeat(MAX_SOQL_CHARS));
        assert!(matches!(
            base().condition(Some(&long)).build(),
            Err(SoqlError::TooLong { .. })
        ));
    }

    #[test]
    fn conditions_cannot_leave_their_parentheses() {
        for ok in [
            "Amount > 0",
            "(A = 1) AND (B = 2)",
            "Name = 'it\\'s (fine'",
            "Name IN ('a', 'b')",
            "Name = '\\\\'",
            "Name = 'a;b\"'",
        ] {
            assert_eq!(check_condition(ok), Ok(()), "{ok}");
        }
        for bad in [
            "A = 1) OR (B = 2",
            "A = 1)",
            "(A = 1",
            "Name = 'open",
            "Name = 'a\\'",
            "Name = \"a\"",
            "A = 1; B",
            "WHERE A = 1",
            "where A = 1",
        ] {
            assert!(check_condition(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn quoted_texts_are_closed() {
        assert_eq!(quote("O'Neil \\ \n"), "'O\\'Neil \\\\ \\n'");
        assert_eq!(check_condition(&format!("Name = {}", quote("') OR (Id != '"))), Ok(()));
    }
}
