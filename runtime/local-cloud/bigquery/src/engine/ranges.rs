//! Macros for ranges: structs of a lower bound, which belongs to them, and an upper bound; NULL is unbounded.

pub(super) const MACROS: &[(&str, &str)] = &[
    (
        "range_of(lo, hi)",
        "CASE WHEN lo >= hi THEN _hw_error('Range start element must be smaller than range end element: [' || lo || ', ' || hi || ')') \
         ELSE struct_pack(_lo := lo, _hi := hi) END",
    ),
    (
        "range_contains(r, v)",
        "CASE WHEN r IS NULL OR v IS NULL THEN NULL ELSE (r._lo IS NULL OR r._lo <= v) AND (r._hi IS NULL OR v < r._hi) END",
    ),
    (
        "range_covers(r, q)",
        "CASE WHEN r IS NULL OR q IS NULL THEN NULL ELSE (r._lo IS NULL OR coalesce(r._lo <= q._lo, FALSE)) \
         AND (r._hi IS NULL OR coalesce(q._hi <= r._hi, FALSE)) END",
    ),
    (
        "range_overlaps(a, b)",
        "CASE WHEN a IS NULL OR b IS NULL THEN NULL \
         ELSE coalesce(a._lo < b._hi, TRUE) AND coalesce(b._lo < a._hi, TRUE) END",
    ),
    (
        "range_intersect(a, b)",
        "CASE WHEN NOT _headwater.range_overlaps(a, b) THEN _hw_error('Provided RANGE inputs do not overlap') \
         WHEN a IS NULL OR b IS NULL THEN NULL ELSE struct_pack(_lo := greatest(a._lo, b._lo), _hi := least(a._hi, b._hi)) END",
    ),
    (
        "bounded(v)",
        "CASE WHEN v IS NULL THEN _hw_error('Range with an unbounded start or end is not supported by GENERATE_RANGE_ARRAY') ELSE v END",
    ),
    (
        "range_bound(s)",
        "CASE WHEN upper(trim(s)) IN ('UNBOUNDED', 'NULL') THEN NULL ELSE trim(s) END",
    ),
    // `[lower, upper)`
    (
        "range_text(s, n)",
        "CASE WHEN NOT regexp_matches(s, '^\\[[^,]*, *[^,]*\\)$') THEN _hw_error('Invalid range literal: ' || s) \
         ELSE _headwater.range_bound(split_part(s[2:len(s) - 1], ',', n)) END",
    ),
];
