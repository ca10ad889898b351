//! Macros for tokenized documents.

pub(super) const MACROS: &[(&str, &str)] = &[
    (
        "term_counts(d)",
        "coalesce(map_entries(list_aggregate(d, 'histogram')), [])",
    ),
    ("nulls_in(d)", "len(list_filter(d, lambda t: t IS NULL))"),
    (
        "bag_of_words(d)",
        "CASE WHEN d IS NULL THEN NULL ELSE list_concat(\
         CASE WHEN _headwater.nulls_in(d) > 0 THEN [struct_pack(term := CAST(NULL AS VARCHAR), count := CAST(_headwater.nulls_in(d) AS BIGINT))] ELSE [] END, \
         list_transform(_headwater.term_counts(d), lambda e: struct_pack(term := e.key, count := CAST(e.value AS BIGINT)))) END",
    ),
    // The terms that are in most documents, and how little each of them tells.
    (
        "dictionary(docs, most, least)",
        "map_from_entries(list_transform(\
         list_sort(list_transform(\
         list_filter(_headwater.term_counts(flatten(list_transform(docs, lambda d: list_distinct(d)))), lambda e: e.value >= least), \
         lambda e: struct_pack(c := -CAST(e.value AS BIGINT), t := e.key)))[1:most], \
         lambda s: struct_pack(k := s.t, v := ln(1 + len(docs) / (1.0e0 - s.c)))))",
    ),
    // What is not in the dictionary is one unknown term, which tells as much as a term of the dictionary on average.
    (
        "unknown_in(d, m)",
        "len(list_filter(d, lambda t: t IS NULL OR NOT map_contains(m, t)))",
    ),
    (
        "weighed(d, m)",
        "list_concat(\
         CASE WHEN _headwater.unknown_in(d, m) > 0 THEN [struct_pack(term := CAST(NULL AS VARCHAR), \
         tf_idf := _headwater.unknown_in(d, m) / CAST(len(d) AS DOUBLE) * coalesce(list_avg(map_values(m)), 0.0e0))] ELSE [] END, \
         list_transform(list_filter(_headwater.term_counts(d), lambda e: map_contains(m, e.key)), \
         lambda e: struct_pack(term := e.key, tf_idf := e.value / CAST(len(d) AS DOUBLE) * m[e.key])))",
    ),
    (
        "tf_idf(d, docs, most, least)",
        "CASE WHEN d IS NULL THEN NULL ELSE \
         list_transform([_headwater.dictionary(docs, most, least)], lambda m: _headwater.weighed(d, m))[1] END",
    ),
];
