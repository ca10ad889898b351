//! Writing a condition as the text that reads back as it.

use std::fmt::{self, Display, Formatter};

use super::Condition;
use crate::Family;
use crate::literal::{self, Parsed};
use crate::value::{Literal, Scalar};

impl Display for Condition {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(all) => join(out, all, " AND "),
            Self::Any(all) => join(out, all, " OR "),
            Self::Compare(c) => {
                let value = c.literal().map_or_else(|| "NULL".to_owned(), |one| written(&one));
                write!(out, "{} {} {value}", Column(&c.column), c.op.symbol())
            }
            Self::In(c) => {
                let values: Vec<String> = c.values.literals().iter().map(written).collect();
                let not = if c.negated { "NOT " } else { "" };
                write!(out, "{} {not}IN ({})", Column(&c.column), values.join(", "))
            }
            Self::IsNull(c) => {
                let not = if c.negated { "NOT " } else { "" };
                write!(out, "{} IS {not}NULL", Column(&c.column))
            }
        }
    }
}

/// Every inner tree stands in parentheses, so that it reads back as a tree of its own.
fn join(out: &mut Formatter<'_>, all: &[Condition], with: &str) -> fmt::Result {
    for (index, one) in all.iter().enumerate() {
        if index > 0 {
            out.write_str(with)?;
        }
        match one {
            Condition::All(_) | Condition::Any(_) => write!(out, "({one})")?,
            _ => one.fmt(out)?,
        }
    }
    Ok(())
}

/// Words that would not be read as a column's name.
const KEYWORDS: [&str; 10] = [
    "AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "TRUE", "FALSE", "CAST",
];

struct Column<'a>(&'a str);

impl Display for Column<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let plain = self.0.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && self.0.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !KEYWORDS.iter().any(|word| word.eq_ignore_ascii_case(self.0));
        if plain {
            return out.write_str(self.0);
        }
        quote(out, self.0, '`')
    }
}

fn quote(out: &mut impl fmt::Write, text: &str, quote: char) -> fmt::Result {
    out.write_char(quote)?;
    for c in text.chars() {
        match c {
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if c == quote => write!(out, "\\{c}")?,
            c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char(quote)
}

fn written(one: &Literal) -> String {
    let text = match &one.value {
        Scalar::Null => return "NULL".into(),
        Scalar::Bool(true) => return "TRUE".into(),
        Scalar::Bool(false) => return "FALSE".into(),
        Scalar::Int(number) if i64::try_from(*number).is_err() => return format!("NUMERIC '{number}'"),
        Scalar::Int(number) => return number.to_string(),
        Scalar::Float(number) if number.is_nan() => return "CAST('NaN' AS FLOAT64)".into(),
        Scalar::Float(number) if number.is_infinite() => {
            return format!("CAST('{}inf' AS FLOAT64)", if *number > 0.0 { "" } else { "-" });
        }
        // The shortest form that is the same number, and is no whole one.
        Scalar::Float(number) => return format!("{number:?}"),
        Scalar::Text(text) => text,
    };
    let kind = match one.family {
        Family::Decimal => "NUMERIC ",
        Family::Date => "DATE ",
        Family::Time => "TIME ",
        Family::Timestamp => match literal::parse(one) {
            Ok(Parsed::Timestamp(_, None)) => "DATETIME ",
            _ => "TIMESTAMP ",
        },
        Family::Int | Family::Float | Family::Bool | Family::Text | Family::Any => "",
    };
    let mut written = kind.to_owned();
    quote(&mut written, text, '\'').ok();
    written
}
