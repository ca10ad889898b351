//! Macros for numbers: exact decimals, series, buckets.

pub(super) const MACROS: &[(&str, &str)] = &[
    // What fits into DuckDB's 38 digits on the way is multiplied there.
    (
        "numeric_product(a, b)",
        "CASE WHEN abs(a) < 1000000000 AND abs(b) < 1000000000 THEN CAST(a * b AS DECIMAL(38,9)) \
         ELSE CAST(_hw_numeric_product(CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS DECIMAL(38,9)) END",
    ),
    (
        "bignumeric_div(a, b)",
        "CASE WHEN b = 0 THEN _hw_error('division by zero: ' || a || ' / ' || b) \
         ELSE CAST(_hw_bignumeric_quotient(CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS DECIMAL(38,18)) END",
    ),
    (
        "decimal_idiv(a, b)",
        "CASE WHEN b = 0 THEN _hw_error('division by zero: DIV(' || a || ', ' || b || ')') \
         ELSE sign(a) * sign(b) * (abs(a * 1000000000)::HUGEINT // abs(b * 1000000000)::HUGEINT) END",
    ),
    (
        "round_half_even(x, d)",
        "CASE WHEN abs(x - trunc(x, d)) * 2 = CAST(pow(10, -d) AS DECIMAL(38,9)) \
         AND CAST(trunc(x, d) * CAST(pow(10, d) AS DECIMAL(38,9)) AS DECIMAL(38,0)) % 2 = 0 THEN trunc(x, d) ELSE round(x, d) END",
    ),
    (
        "range_bucket(p, a)",
        "CASE WHEN p IS NULL OR a IS NULL THEN NULL WHEN list_count(a) < len(a) \
         THEN _hw_error('Elements in input array to RANGE_BUCKET cannot be null.') \
         ELSE CAST(len(list_filter(a, lambda e: e <= p)) AS BIGINT) END",
    ),
    (
        "whole_series(f, t, s)",
        "CASE WHEN s = 0 THEN _hw_error('Sequence step cannot be 0.') ELSE generate_series(f, t, s) END",
    ),
    (
        "number_series(f, t, s)",
        "CASE WHEN s = 0 THEN _hw_error('Sequence step cannot be 0.') \
         ELSE list_transform(range(0, CAST(floor((t - f) / s) AS BIGINT) + 1), lambda i: f + i * s) END",
    ),
];
