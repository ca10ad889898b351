//! `normalize_sql(text)`: one spelling for every SQL text that means the same.

use tfplugin_framework::{Function, FunctionError, Parameter, Signature, Type, Value, equal};

/// The function.
pub(super) struct NormalizeSql;

impl Function for NormalizeSql {
    fn name(&self) -> &'static str {
        "normalize_sql"
    }

    fn signature(&self) -> Signature {
        Signature {
            summary: "The normal form of an SQL text".into(),
            description: "Returns one spelling for all texts in GoogleSQL that this provider holds to be the same: those that differ only in \
                          white space, comments, the case of reserved words, and semicolons at the end. Names, literals and hints \
                          (`/*+ … */`) stay to the letter, because their case can matter. The result is valid where the text is. With it, \
                          attributes of other providers and `replace_triggered_by` can be made indifferent to formatting."
                .into(),
            parameters: vec![Parameter::new("text", Type::String, "A text in GoogleSQL: a query, an expression or several statements.")],
            variadic: None,
            returns: Type::String,
            deprecated: None,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let text = arguments[0].as_str().unwrap_or_default();
        equal::normal_sql(text).map(Value::String).ok_or_else(|| {
            FunctionError::argument(
                0,
                "text: a literal, a quoted name or a comment is not closed; close it with the mark that opened it",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_form_or_what_is_wrong() {
        let normal = NormalizeSql.call(&["select  a -- one\nfrom t;".into()]);
        assert_eq!(normal, Ok("SELECT a FROM t".into()));
        let error = NormalizeSql.call(&["select 'a".into()]).expect_err("not closed");
        assert!(
            error.argument == Some(0) && error.text.starts_with("text: "),
            "{}",
            error.text
        );
    }
}
