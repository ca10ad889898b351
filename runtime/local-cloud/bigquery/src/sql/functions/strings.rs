//! Strings and bytes, hashes and encodings: their scalar functions.

use sqlparser::ast::{Expr, Function};

use super::Call;
use super::signature::{Ret, Scalar};
use crate::error::Fault;
use crate::sql::literal;
use crate::sql::scope::Scope;
use crate::sql::{Ex, Result, Translator, at};
use crate::types::Ty;

#[rustfmt::skip]
pub(super) const SCALARS: &[Scalar] = &[
    ("LENGTH", "S", "length($1)", Ret::Int),
    ("LENGTH", "Y", "octet_length($1)", Ret::Int),
    ("CHAR_LENGTH", "S", "length($1)", Ret::Int),
    ("CHARACTER_LENGTH", "S", "length($1)", Ret::Int),
    ("BYTE_LENGTH", "S", "octet_length(encode($1))", Ret::Int),
    ("BYTE_LENGTH", "Y", "octet_length($1)", Ret::Int),
    ("OCTET_LENGTH", "S", "octet_length(encode($1))", Ret::Int),
    ("OCTET_LENGTH", "Y", "octet_length($1)", Ret::Int),
    ("UPPER", "S", "upper($1)", Ret::Str),
    ("UPPER", "Y", "_hw_bytes_upper($1)", Ret::Bytes),
    ("LOWER", "S", "lower($1)", Ret::Str),
    ("LOWER", "Y", "_hw_bytes_lower($1)", Ret::Bytes),
    ("INITCAP", "S?S", "_hw_initcap($*)", Ret::Str),
    ("TRIM", "S", "trim($1, _headwater.white())", Ret::Str),
    ("TRIM", "SS", "trim($1, $2)", Ret::Str),
    ("TRIM", "YY", "_hw_bytes_trim($1, $2)", Ret::Bytes),
    ("LTRIM", "S", "ltrim($1, _headwater.white())", Ret::Str),
    ("LTRIM", "SS", "ltrim($1, $2)", Ret::Str),
    ("LTRIM", "YY", "_hw_bytes_ltrim($1, $2)", Ret::Bytes),
    ("RTRIM", "S", "rtrim($1, _headwater.white())", Ret::Str),
    ("RTRIM", "SS", "rtrim($1, $2)", Ret::Str),
    ("RTRIM", "YY", "_hw_bytes_rtrim($1, $2)", Ret::Bytes),
    ("SUBSTR", "SI", "_headwater.from_start($1, $2)", Ret::Str),
    ("SUBSTR", "SII", "_headwater.part($1, $2, $3)", Ret::Str),
    ("SUBSTR", "YI?I", "_hw_bytes_substr($*)", Ret::Bytes),
    ("SUBSTRING", "SI", "_headwater.from_start($1, $2)", Ret::Str),
    ("SUBSTRING", "SII", "_headwater.part($1, $2, $3)", Ret::Str),
    ("SUBSTRING", "YI?I", "_hw_bytes_substr($*)", Ret::Bytes),
    ("LEFT", "SI", "_hw_left($1, $2)", Ret::Str),
    ("LEFT", "YI", "_hw_bytes_left($1, $2)", Ret::Bytes),
    ("RIGHT", "SI", "_hw_right($1, $2)", Ret::Str),
    ("RIGHT", "YI", "_hw_bytes_right($1, $2)", Ret::Bytes),
    ("REPLACE", "SSS", "(CASE WHEN $2 = '' THEN $1 ELSE replace($1, $2, $3) END)", Ret::Str),
    ("REPLACE", "YYY", "_hw_bytes_replace($*)", Ret::Bytes),
    ("REVERSE", "S", "_hw_reverse($1)", Ret::Str),
    ("REVERSE", "Y", "_hw_bytes_reverse($1)", Ret::Bytes),
    ("REPEAT", "SI", "_hw_repeat($1, $2)", Ret::Str),
    ("REPEAT", "YI", "_hw_bytes_repeat($1, $2)", Ret::Bytes),
    ("LPAD", "SI?S", "_hw_lpad($*)", Ret::Str),
    ("LPAD", "YI?Y", "_hw_bytes_lpad($*)", Ret::Bytes),
    ("RPAD", "SI?S", "_hw_rpad($*)", Ret::Str),
    ("RPAD", "YI?Y", "_hw_bytes_rpad($*)", Ret::Bytes),
    ("STARTS_WITH", "SS", "starts_with($1, $2)", Ret::Bool),
    ("STARTS_WITH", "YY", "_hw_bytes_starts_with($1, $2)", Ret::Bool),
    ("ENDS_WITH", "SS", "ends_with($1, $2)", Ret::Bool),
    ("ENDS_WITH", "YY", "_hw_bytes_ends_with($1, $2)", Ret::Bool),
    ("STRPOS", "SS", "strpos($1, $2)", Ret::Int),
    ("STRPOS", "YY", "_hw_bytes_instr($1, $2, 1, 1)", Ret::Int),
    ("INSTR", "SS", "strpos($1, $2)", Ret::Int),
    ("INSTR", "SSI", "_hw_instr($1, $2, $3, 1)", Ret::Int),
    ("INSTR", "SSII", "_hw_instr($*)", Ret::Int),
    ("INSTR", "YY", "_hw_bytes_instr($1, $2, 1, 1)", Ret::Int),
    ("INSTR", "YYI", "_hw_bytes_instr($1, $2, $3, 1)", Ret::Int),
    ("INSTR", "YYII", "_hw_bytes_instr($*)", Ret::Int),
    ("SPLIT", "S", "_hw_split($1, ',')", Ret::Strings),
    ("SPLIT", "SS", "_hw_split($1, $2)", Ret::Strings),
    ("SPLIT", "YY", "list_transform(_hw_bytes_split($1, $2), lambda h: unhex(h))", Ret::ByteStrings),
    ("TRANSLATE", "SSS", "_hw_translate($*)", Ret::Str),
    ("TRANSLATE", "YYY", "_hw_bytes_translate($*)", Ret::Bytes),
    ("ASCII", "S", "_hw_ascii($1)", Ret::Int),
    ("ASCII", "Y", "_hw_ascii($1)", Ret::Int),
    ("UNICODE", "S", "CAST(CASE WHEN $1 = '' THEN 0 ELSE unicode($1) END AS BIGINT)", Ret::Int),
    ("CHR", "I", "_hw_chr($1)", Ret::Str),
    ("CODE_POINTS_TO_STRING", "i", "_hw_of_code_points($1)", Ret::Str),
    ("CODE_POINTS_TO_BYTES", "i", "_hw_bytes_of_code_points($1)", Ret::Bytes),
    ("TO_CODE_POINTS", "S", "_hw_code_points($1)", Ret::Ints),
    ("TO_CODE_POINTS", "Y", "_hw_code_points($1)", Ret::Ints),
    ("SOUNDEX", "S", "_hw_soundex($1)", Ret::Str),
    ("TO_HEX", "Y", "lower(hex($1))", Ret::Str),
    ("FROM_HEX", "S", "_hw_from_hex($1)", Ret::Bytes),
    ("TO_BASE32", "Y", "_hw_to_base32($1)", Ret::Str),
    ("FROM_BASE32", "S", "_hw_from_base32($1)", Ret::Bytes),
    ("TO_BASE64", "Y", "to_base64($1)", Ret::Str),
    ("FROM_BASE64", "S", "_hw_from_base64($1)", Ret::Bytes),
    ("SAFE_CONVERT_BYTES_TO_STRING", "Y", "_hw_bytes_safe_text($1)", Ret::Str),
    ("MD5", "S", "unhex(md5($1))", Ret::Bytes),
    ("MD5", "Y", "unhex(md5($1))", Ret::Bytes),
    ("SHA1", "S", "unhex(sha1($1))", Ret::Bytes),
    ("SHA1", "Y", "unhex(sha1($1))", Ret::Bytes),
    ("SHA256", "S", "unhex(sha256($1))", Ret::Bytes),
    ("SHA256", "Y", "unhex(sha256($1))", Ret::Bytes),
    ("SHA512", "S", "_hw_sha512($1)", Ret::Bytes),
    ("SHA512", "Y", "_hw_sha512($1)", Ret::Bytes),
    ("FARM_FINGERPRINT", "S", "_hw_farm_fingerprint($1)", Ret::Int),
    ("FARM_FINGERPRINT", "Y", "_hw_farm_fingerprint($1)", Ret::Int),
];

pub(super) fn special(translator: &Translator<'_>, call: &Call<'_>) -> Result<Option<Ex>> {
    let ex = match (call.name, call.args) {
        ("CONCAT", args) if args.iter().any(|a| a.ty == Ty::Bytes) => {
            if args.iter().any(|a| !matches!(a.ty, Ty::Bytes | Ty::Unknown)) {
                return Err(call.no_match(&["CONCAT([STRING, ...])".into(), "CONCAT([BYTES, ...])".into()]));
            }
            let parts: Vec<&str> = args.iter().map(|a| a.sql.as_str()).collect();
            Ex::new(format!("({})", parts.join(" || ")), Ty::Bytes)
        }
        ("CONCAT", args) if !args.is_empty() => {
            if args
                .iter()
                .any(|a| matches!(a.ty, Ty::Array(_) | Ty::Struct(_) | Ty::Json))
            {
                return Err(call.no_match(&["CONCAT([STRING, ...])".into(), "CONCAT([BYTES, ...])".into()]));
            }
            let parts: Vec<String> = args
                .iter()
                .map(|a| translator.cast(a, &Ty::String, false).map(|e| e.sql))
                .collect::<Result<_>>()?;
            Ex::new(format!("({})", parts.join(" || ")), Ty::String)
        }
        ("EDIT_DISTANCE", [a, b]) => {
            call.only_named(&["max_distance"])?;
            if a.ty != b.ty || !matches!(a.ty, Ty::String | Ty::Bytes) {
                return Err(call.no_match(&[
                    "EDIT_DISTANCE(STRING, STRING, [max_distance => INT64])".into(),
                    "EDIT_DISTANCE(BYTES, BYTES, [max_distance => INT64])".into(),
                ]));
            }
            let most = call
                .option("max_distance")
                .map_or(String::new(), |m| format!(", {}", m.sql));
            Ex::new(format!("_hw_edit_distance({}, {}{most})", a.sql, b.sql), Ty::Int64)
        }
        ("COLLATE", [value, collation]) if value.ty == Ty::String => match literal::text(collation) {
            Some("und:ci") => Ex::new(format!("({} COLLATE NOCASE)", value.sql), Ty::String),
            Some("" | "binary") => value.clone(),
            Some(other) => {
                return Err(Fault::query(format!(
                    "COLLATE has invalid collation name '{other}'{}",
                    call.place
                )));
            }
            None => {
                return Err(Fault::query(format!(
                    "The second argument of COLLATE() must be a string literal{}",
                    call.place
                )));
            }
        },
        _ => return Ok(None),
    };
    Ok(Some(ex))
}

/// The ways in which characters are normalised.
const MODES: &[&str] = &["NFC", "NFKC", "NFD", "NFKD"];

impl Translator<'_> {
    /// NORMALIZE and NORMALIZE_AND_CASEFOLD: their second argument is a word, not an expression.
    pub(super) fn normalize(&self, name: &str, call: &Function, scope: &Scope<'_>) -> Result<Option<Ex>> {
        let native = match name {
            "NORMALIZE" => "_hw_normalize",
            "NORMALIZE_AND_CASEFOLD" => "_hw_casefold",
            _ => return Ok(None),
        };
        let raw = self.raw_args(call)?;
        let (value, mode) = match raw.as_slice() {
            [value] => (value, "NFC".to_owned()),
            [value, Expr::Identifier(mode)] => (value, mode.value.to_ascii_uppercase()),
            _ => {
                return Err(Fault::query(format!(
                    "No matching signature for function {name}. Supported signature: {name}(STRING, [NORMALIZE_MODE]){}",
                    at(call)
                )));
            }
        };
        if !MODES.contains(&mode.as_str()) {
            return Err(Fault::query(format!("A valid normalize mode is required{}", at(call))));
        }
        let value = self.expr(value, scope)?;
        if !matches!(value.ty, Ty::String | Ty::Unknown) {
            return Err(Fault::query(format!(
                "No matching signature for function {name} for argument types: {}. Supported signature: {name}(STRING, [NORMALIZE_MODE]){}",
                value.ty.sql(),
                at(call)
            )));
        }
        Ok(Some(Ex::new(
            format!("{native}(CAST({} AS VARCHAR), '{mode}')", value.sql),
            Ty::String,
        )))
    }
}
