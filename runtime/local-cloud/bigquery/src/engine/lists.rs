//! Macros for lists: truth over a list, percentiles, the most frequent values.

pub(super) const MACROS: &[(&str, &str)] = &[
    // Three-valued OR and AND over a list.
    (
        "some_true(l)",
        "CASE WHEN l IS NULL THEN NULL WHEN coalesce(list_bool_or(l), FALSE) THEN TRUE WHEN list_count(l) < len(l) THEN NULL ELSE FALSE END",
    ),
    (
        "all_true(l)",
        "CASE WHEN l IS NULL THEN NULL WHEN NOT coalesce(list_bool_and(l), TRUE) THEN FALSE WHEN list_count(l) < len(l) THEN NULL ELSE TRUE END",
    ),
    // Percentiles of a sorted list; a NULL next to a value gives way to it.
    (
        "percentile_cont(l, p)",
        "CASE WHEN len(l) = 0 THEN NULL ELSE coalesce(\
         list_extract(l, CAST(floor((len(l) - 1) * p) AS BIGINT) + 1) + (list_extract(l, CAST(ceil((len(l) - 1) * p) AS BIGINT) + 1) \
         - list_extract(l, CAST(floor((len(l) - 1) * p) AS BIGINT) + 1)) * ((len(l) - 1) * p - floor((len(l) - 1) * p)), \
         list_extract(l, CAST(ceil((len(l) - 1) * p) AS BIGINT) + 1)) END",
    ),
    (
        "percentile_disc(l, p)",
        "list_extract(l, greatest(CAST(ceil(len(l) * p) AS BIGINT), 1))",
    ),
    (
        "quantiles(l, n)",
        "list_transform(range(n + 1), lambda i: list_extract(l, greatest((i * len(l) + n - 1) // n, 1)))",
    ),
    (
        "top_counts(l, n)",
        "list_transform((list_sort(list_transform(l, lambda e: struct_pack(c := e.value, v := e.key.v)), 'DESC', 'NULLS LAST'))[1:n], \
         lambda e: struct_pack(\"value\" := e.v, \"count\" := CAST(e.c AS BIGINT)))",
    ),
    // Rows without a weight count as none, a value without any has no sum.
    (
        "top_sums(l, n)",
        "list_transform((list_sort(list_transform(list_distinct(list_transform(l, lambda e: struct_pack(v := e.v))), \
         lambda d: struct_pack(known := len(list_filter(l, lambda e: e.v IS NOT DISTINCT FROM d.v AND e.w IS NOT NULL)) > 0, s := list_sum(list_transform(list_filter(l, lambda e: e.v IS NOT DISTINCT FROM d.v), lambda e: e.w)), \
         v := d.v)), 'DESC', 'NULLS LAST'))[1:n], lambda e: struct_pack(\"value\" := e.v, \"sum\" := e.s))",
    ),
    // The values beside the greatest (or least) key.
    (
        "bound_values(l, m)",
        "list_transform(list_filter(l, lambda e: e.k = m), lambda e: e.v)",
    ),
    // Offsets count from the end where they are negative; what lies outside is left away.
    (
        "array_slice(a, s, e)",
        "CASE WHEN a IS NULL OR s IS NULL OR e IS NULL THEN NULL \
         WHEN (CASE WHEN e < 0 THEN len(a) + e ELSE e END) < (CASE WHEN s < 0 THEN greatest(len(a) + s, 0) ELSE s END) THEN list_slice(a, 1, 0) \
         ELSE list_slice(a, (CASE WHEN s < 0 THEN greatest(len(a) + s, 0) ELSE s END) + 1, \
         least(CASE WHEN e < 0 THEN len(a) + e ELSE e END, len(a) - 1) + 1) END",
    ),
    (
        "whole_array(l, name)",
        "CASE WHEN list_count(l) < len(l) THEN _hw_error('Array cannot have a null element; error in writing field ' || name) ELSE l END",
    ),
];
