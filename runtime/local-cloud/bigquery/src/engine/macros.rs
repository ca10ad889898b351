//! DuckDB macros that give an expression BigQuery's meaning where one DuckDB function does not.
//! They are stored in the database and written again when their text changes.

use duckdb::Connection;

use super::{lists, moments, numbers, ranges, terms};

/// `(signature, body)`; every macro lives in the schema `_headwater`.
const MACROS: &[(&str, &str)] = &[
    (
        "div(a, b)",
        "CASE WHEN b = 0 THEN _hw_error('division by zero: ' || a || ' / ' || b) ELSE _hw_float_quotient(a::DOUBLE, b::DOUBLE) END",
    ),
    // Exact to nine decimals, halves away from zero; what leaves 38 digits on the way is an error of DuckDB's.
    (
        "numeric_div(a, b)",
        "CASE WHEN b = 0 THEN _hw_error('division by zero: ' || a || ' / ' || b) \
         WHEN abs(a) >= 10000000000 OR abs(b) >= 10000000000 THEN \
         CAST(_hw_numeric_quotient(CAST(CAST(a AS DECIMAL(38,9)) AS VARCHAR), CAST(CAST(b AS DECIMAL(38,9)) AS VARCHAR)) AS DECIMAL(38,9)) ELSE \
         (sign(a) * sign(b) * ((abs(CAST(a AS DECIMAL(38,9)) * 1000000000)::HUGEINT * 2000000000 \
         + abs(CAST(b AS DECIMAL(38,9)) * 1000000000)::HUGEINT) \
         // (abs(CAST(b AS DECIMAL(38,9)) * 1000000000)::HUGEINT * 2)))::DECIMAL(38,0) * 0.000000001::DECIMAL(10,9) END",
    ),
    (
        "idiv(a, b)",
        "CASE WHEN b = 0 THEN _hw_error('division by zero: DIV(' || a || ', ' || b || ')') ELSE a // b END",
    ),
    (
        "modulo(a, b)",
        "CASE WHEN b = 0 THEN _hw_error('division by zero: MOD(' || a || ', ' || b || ')') ELSE a % b END",
    ),
    (
        "safe_div(a, b)",
        "CASE WHEN b = 0 THEN NULL ELSE a::DOUBLE / b::DOUBLE END",
    ),
    (
        "decimal_text(x)",
        "regexp_replace(regexp_replace(CAST(x AS VARCHAR), '(\\.[0-9]*[1-9])0+$', '\\1'), '\\.0*$', '')",
    ),
    // Y-M D H:M:S, each of the three parts with its sign.
    (
        "interval_text(i)",
        "(CASE WHEN datepart('year', i) * 12 + datepart('month', i) < 0 THEN '-' ELSE '' END) \
         || abs(datepart('year', i) * 12 + datepart('month', i)) // 12 || '-' \
         || abs(datepart('year', i) * 12 + datepart('month', i)) % 12 || ' ' || datepart('day', i) || ' ' \
         || (CASE WHEN datepart('hour', i) * 3600000000 + datepart('minute', i) * 60000000 + datepart('microsecond', i) < 0 \
         THEN '-' ELSE '' END) || abs(datepart('hour', i)) || ':' || abs(datepart('minute', i)) || ':' \
         || abs(datepart('microsecond', i)) // 1000000 || (CASE WHEN datepart('microsecond', i) % 1000000 = 0 THEN '' \
         ELSE regexp_replace('.' || lpad(CAST(abs(datepart('microsecond', i)) % 1000000 AS VARCHAR), 6, '0'), '000$', '') END)",
    ),
    // White space as Unicode has it.
    (
        "white()",
        "chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(32) || chr(133) || chr(160) || chr(5760) || chr(8192) \
         || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8199) || chr(8200) || chr(8201) \
         || chr(8202) || chr(8232) || chr(8233) || chr(8239) || chr(8287) || chr(12288)",
    ),
    (
        "from_start(s, p)",
        "CASE WHEN p = 0 THEN substr(s, 1) ELSE substr(s, p) END",
    ),
    (
        "part(s, p, n)",
        "CASE WHEN n < 0 THEN _hw_error('Third argument in SUBSTR() cannot be negative') WHEN p = 0 THEN substr(s, 1, n) \
         WHEN p < -length(s) THEN substr(s, 1, n) ELSE substr(s, p, n) END",
    ),
    (
        "offset_of(a, i)",
        "CASE WHEN i < 0 OR i >= len(a) THEN _hw_error('Array index ' || i || ' is out of bounds') ELSE list_extract(a, i + 1) END",
    ),
    (
        "safe_offset_of(a, i)",
        "CASE WHEN i < 0 OR i >= len(a) THEN NULL ELSE list_extract(a, i + 1) END",
    ),
    (
        "exact_text(s)",
        "CASE WHEN regexp_matches(s, '\\.[0-9]{18}[0-9]*[1-9]') THEN _hw_error('the local BigQuery keeps 18 decimals of a BIGNUMERIC, this has more: ' || s) ELSE s END",
    ),
];

/// Writes the macros unless the database has them already.
pub(super) fn install(connection: &Connection) -> duckdb::Result<()> {
    connection.execute_batch("CREATE SCHEMA IF NOT EXISTS _headwater; CREATE TABLE IF NOT EXISTS _headwater.about(key VARCHAR, value VARCHAR)")?;
    let all = || {
        [
            MACROS,
            numbers::MACROS,
            moments::MACROS,
            lists::MACROS,
            ranges::MACROS,
            terms::MACROS,
        ]
        .into_iter()
        .flatten()
    };
    let stamp: String = all().map(|(name, body)| format!("{name}{body}")).collect();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(stamp.as_bytes());
    let stamp: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let known: i64 = connection.query_row(
        "SELECT count(*) FROM _headwater.about WHERE key = 'macros' AND value = ?",
        [&stamp],
        |row| row.get(0),
    )?;
    if known > 0 {
        return Ok(());
    }
    let mut script = String::from("BEGIN;");
    for (signature, body) in all() {
        script.push_str(&format!("CREATE OR REPLACE MACRO _headwater.{signature} AS {body};"));
    }
    script.push_str(&format!("DELETE FROM _headwater.about WHERE key = 'macros'; INSERT INTO _headwater.about VALUES ('macros', '{stamp}'); COMMIT;"));
    connection.execute_batch(&script)
}
