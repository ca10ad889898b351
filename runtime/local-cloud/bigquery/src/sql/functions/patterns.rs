//! Regular expressions. Where both engines mean the same, DuckDB matches; a literal pattern is checked beforehand.

use super::Call;
use super::signature::{Ret, Scalar};
use crate::error::Fault;
use crate::native::patterns;
use crate::sql::literal;
use crate::sql::{Ex, Result, Translator};

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("REGEXP_CONTAINS", "SS", "regexp_matches($1, $2)", Ret::Bool),
    ("REGEXP_CONTAINS", "YY", "_hw_regexp_contains($1, $2)", Ret::Bool),
    ("REGEXP_EXTRACT", "SS?II", "_hw_regexp_extract($*)", Ret::Str),
    ("REGEXP_EXTRACT", "YY?II", "_hw_bytes_regexp_extract($*)", Ret::Bytes),
    ("REGEXP_SUBSTR", "SS?II", "_hw_regexp_extract($*)", Ret::Str),
    ("REGEXP_SUBSTR", "YY?II", "_hw_bytes_regexp_extract($*)", Ret::Bytes),
    ("REGEXP_EXTRACT_ALL", "SS", "_hw_regexp_extract_all($1, $2)", Ret::Strings),
    ("REGEXP_EXTRACT_ALL", "YY", "list_transform(_hw_bytes_regexp_extract_all($1, $2), lambda h: unhex(h))", Ret::ByteStrings),
    ("REGEXP_INSTR", "SS", "_hw_regexp_instr($*, 1, 1, 0)", Ret::Int),
    ("REGEXP_INSTR", "SSI", "_hw_regexp_instr($*, 1, 0)", Ret::Int),
    ("REGEXP_INSTR", "SSII", "_hw_regexp_instr($*, 0)", Ret::Int),
    ("REGEXP_INSTR", "SSIII", "_hw_regexp_instr($*)", Ret::Int),
    ("REGEXP_INSTR", "YY", "_hw_regexp_instr($*, 1, 1, 0)", Ret::Int),
    ("REGEXP_INSTR", "YYI", "_hw_regexp_instr($*, 1, 0)", Ret::Int),
    ("REGEXP_INSTR", "YYII", "_hw_regexp_instr($*, 0)", Ret::Int),
    ("REGEXP_INSTR", "YYIII", "_hw_regexp_instr($*)", Ret::Int),
    ("REGEXP_REPLACE", "SSS", "_hw_regexp_replace($*)", Ret::Str),
    ("REGEXP_REPLACE", "YYY", "_hw_bytes_regexp_replace($*)", Ret::Bytes),
];

/// Refuses a literal pattern that is none, before anything runs.
pub(super) fn special(_: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    if call.name.starts_with("REGEXP_")
        && let Some(pattern) = call.args.get(1).and_then(literal::text)
    {
        let groups = patterns::groups(pattern).map_err(|words| Fault::query(format!("{words}{}", call.place)))?;
        let extracts = !matches!(call.name, "REGEXP_CONTAINS" | "REGEXP_REPLACE");
        if extracts && groups > 1 {
            return Err(Fault::query(format!(
                "Regular expressions passed into extraction functions must not have more than 1 capturing group, found {groups}{}",
                call.place
            )));
        }
    }
    Ok(None)
}
