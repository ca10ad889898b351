//! What a filter says, and whether it is so of one time series. Not here: how a filter is written, which is `filter`.

/// A filter, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Is(Comparison),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    /// As in `resource.labels.subscription_id`: without quotes, and `labels` where `label` was written.
    pub(super) field: String,
    operator: Operator,
    operand: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    /// `:`, that a text is in the field's.
    Has,
    /// Before or after: of numbers.
    Ordered,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// Numbers and truths too, as they are written.
    Text(String),
    StartsWith(String),
    EndsWith(String),
    HasSubstring(String),
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
    FullMatch,
}

impl Operand {
    /// A function by its name; none if there is no such function.
    pub(super) fn call(name: &str, mut texts: Vec<String>) -> Option<Operand> {
        let mut first = || std::mem::take(texts.first_mut().unwrap_or(&mut String::new()));
        Some(match name {
            "starts_with" => Operand::StartsWith(first()),
            "ends_with" => Operand::EndsWith(first()),
            "has_substring" => Operand::HasSubstring(first()),
            "one_of" => Operand::OneOf(texts),
            "none_of" => Operand::NoneOf(texts),
            "monitoring.regex.full_match" => Operand::FullMatch,
            _ => return None,
        })
    }
}

/// Why a filter has no answer here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// Google refuses it, too.
    Wrong(String),
    /// Google answers it.
    Unserved(String),
}

impl Comparison {
    pub(super) fn new(field: &str, operator: Operator, operand: Operand) -> Comparison {
        let mut field = field.replace('"', "");
        for kind in ["metric", "resource"] {
            if let Some(label) = field.strip_prefix(&format!("{kind}.label.")) {
                field = format!("{kind}.labels.{label}");
            }
        }
        Comparison {
            field,
            operator,
            operand,
        }
    }

    /// The text that the field is said to be equal to.
    pub(super) fn equal_to(&self) -> Option<&str> {
        match (&self.operand, self.operator) {
            (Operand::Text(text), Operator::Equal) => Some(text),
            _ => None,
        }
    }

    fn holds(&self, value: &str) -> Result<bool, Unanswered> {
        let is = match &self.operand {
            Operand::Text(text) if self.operator == Operator::Has => value.contains(text.as_str()),
            Operand::Text(text) => value == text,
            Operand::StartsWith(text) => value.starts_with(text.as_str()),
            Operand::EndsWith(text) => value.ends_with(text.as_str()),
            Operand::HasSubstring(text) => value.contains(text.as_str()),
            Operand::OneOf(texts) => texts.iter().any(|text| text == value),
            Operand::NoneOf(texts) => texts.iter().all(|text| text != value),
            Operand::FullMatch => {
                return Err(Unanswered::Unserved(
                    "the function monitoring.regex.full_match in a filter of time series".into(),
                ));
            }
        };
        match (self.operator, &self.operand) {
            (Operator::Equal, _) | (Operator::Has, Operand::Text(_)) => Ok(is),
            (Operator::Unequal, _) => Ok(!is),
            (Operator::Has | Operator::Ordered, _) => Err(Unanswered::Wrong(format!(
                "\"{}\" is text: it is compared by = and != with a value or a function, and by : with a value.",
                self.field
            ))),
        }
    }
}

impl Expression {
    /// The comparisons by `=` that are not denied.
    pub(super) fn required(&self) -> Vec<&Comparison> {
        match self {
            Expression::All(parts) | Expression::Any(parts) => parts.iter().flat_map(Expression::required).collect(),
            Expression::Not(_) => Vec::new(),
            Expression::Is(one) if one.operator == Operator::Equal => vec![one],
            Expression::Is(_) => Vec::new(),
        }
    }

    /// Whether it is so of what has these values. All of it is looked at, so that a mistake is told whatever the values are.
    pub(super) fn holds(&self, value: &impl Fn(&str) -> Result<String, Unanswered>) -> Result<bool, Unanswered> {
        match self {
            Expression::All(parts) => parts.iter().try_fold(true, |so, part| Ok(part.holds(value)? && so)),
            Expression::Any(parts) => parts.iter().try_fold(false, |so, part| Ok(part.holds(value)? || so)),
            Expression::Not(part) => Ok(!part.holds(value)?),
            Expression::Is(one) => one.holds(&value(&one.field)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::filter::parse;
    use super::*;

    fn judged(filter: &str) -> Result<bool, Unanswered> {
        parse(filter).unwrap().holds(&|field| match field {
            "metric.type" => Ok("a/b".into()),
            "resource.labels.id" => Ok("orders-\"1\"".into()),
            other => Err(Unanswered::Wrong(other.into())),
        })
    }

    #[test]
    fn what_filters_say() {
        for (filter, expected) in [
            (r#"metric.type="a/b""#, true),
            (r#"metric.type="a""#, false),
            (r#"metric.type!="a""#, true),
            (r#"metric.type:"/""#, true),
            (r#"NOT metric.type:"/""#, false),
            (r#"metric.type=starts_with("a/") AND metric.type=ends_with("/b")"#, true),
            (r#"metric.type!=has_substring("/")"#, false),
            (r#"metric.type=one_of("x", "a/b")"#, true),
            (r#"metric.type=none_of("x", "a/b")"#, false),
            (r#"resource.label."id"="orders-\"1\"""#, true),
            (r#"resource.labels.id='orders-"1"'"#, true),
            // OR binds closer than AND, and nothing is AND.
            (r#"metric.type="x" AND metric.type="a/b" OR metric.type="a/b""#, false),
            (r#"metric.type="x" OR metric.type="a/b" resource.label.id="x""#, false),
            (
                r#"metric.type="x" OR (metric.type="a/b" AND NOT resource.label.id="x")"#,
                true,
            ),
        ] {
            assert_eq!(judged(filter), Ok(expected), "{filter}");
        }
    }

    #[test]
    fn what_has_no_answer() {
        for filter in [
            r#"metric.type="x" AND resource.labels.other="y""#,
            r#"metric.type>3"#,
            r#"metric.type:starts_with("a")"#,
        ] {
            assert!(matches!(judged(filter), Err(Unanswered::Wrong(_))), "{filter}");
        }
        let regex = r#"metric.type=monitoring.regex.full_match("a.*")"#;
        assert!(matches!(judged(regex), Err(Unanswered::Unserved(_))));
    }
}
