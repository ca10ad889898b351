-- JSON_SET
SELECT JSON_SET(JSON '{"a": 1}', '$', JSON '{"b": 2, "c": 3}');
--> [[{"b": 2, "c": 3}]]
SELECT JSON_SET(JSON '{"a": 1}', '$.b', 999, create_if_missing => FALSE), JSON_SET(JSON '{"a": 1}', '$.a', 999, create_if_missing => FALSE);
--> [[{"a": 1}, {"a": 999}]]
SELECT JSON_SET(JSON '{"a": {}}', '$.a.b', 100), JSON_SET(JSON 'null', '$.a.b', 100);
--> [[{"a": {"b": 100}}, {"a": {"b": 100}}]]
SELECT JSON_SET(JSON '{"a": 1}', '$.b', 2, '$.a.c', 100, '$.d', 3);
--> [[{"a": 1, "b": 2, "d": 3}]]
SELECT JSON_SET(JSON '{"a": 1}', '$.a[2]', 100, '$.b', 2);
--> [[{"a": 1, "b": 2}]]
SELECT JSON_SET(JSON '["a", ["b", "c"], "d"]', '$[1]', 'foo'), JSON_SET(JSON '["a", ["b", "c"], "d"]', '$[1][0]', 'foo');
--> [[["a", "foo", "d"], ["a", ["foo", "c"], "d"]]]
SELECT JSON_SET(JSON 'null', '$[0][3]', 'foo');
--> [[[[null, null, null, "foo"]]]]
SELECT JSON_SET(JSON '["a", ["b", "c"], "d"]', '$[1][4]', 'foo');
--> [[["a", ["b", "c", null, null, "foo"], "d"]]]
SELECT JSON_SET(JSON '["a", ["b", "c"], "d"]', '$[1][0][0]', 'foo');
--> [[["a", ["b", "c"], "d"]]]
SELECT JSON_SET(JSON '["a", ["b", "c"], "d"]', '$[1][2][1]', 'foo');
--> [[["a", ["b", "c", [null, "foo"]], "d"]]]
SELECT JSON_SET(JSON '{}', '$.b[2].d', 100);
--> [[{"b": [null, null, {"d": 100}]}]]
SELECT JSON_SET(JSON '{"a": 1, "b": {"c": 3}, "d": [4]}', '$.a', 'v1', '$.b.e', 'v2', '$.d[2]', 'v3');
--> [[{"a": "v1", "b": {"c": 3, "e": "v2"}, "d": [4, null, "v3"]}]]
SELECT JSON_SET(JSON '{"a": 1}', CAST(NULL AS STRING), 2), JSON_SET(JSON '{"a": 1}', '$.a', NULL), JSON_SET(CAST(NULL AS JSON), '$.a', 1) IS NULL;
--> [[{"a": 1}, {"a": null}, true]]
SELECT JSON_SET(JSON '{"a": 1}', '$.a', [1, 2]), JSON_SET(JSON '{"a": 1}', '$.a', STRUCT(DATE '2024-01-02' AS d));
--> [[{"a": [1, 2]}, {"a": {"d": "2024-01-02"}}]]
SELECT JSON_SET(JSON '{"a": 1}', 'a', 2);
--! JSONPath must start with '$'
SELECT JSON_SET(JSON '{"a": 1}', '$.a');
--! No matching signature for function JSON_SET

-- JSON_REMOVE
SELECT JSON_REMOVE(JSON '["a", ["b", "c"], "d"]', '$[1]'), JSON_REMOVE(JSON '["a", ["b", "c"], "d"]', '$[1]', '$[1]'), JSON_REMOVE(JSON '["a", ["b", "c"], "d"]', '$[1]', '$[1]', '$[0]');
--> [[["a", "d"], ["a"], []]]
WITH T AS (SELECT JSON '{"a": {"b": 10, "c": 20}}' AS data) SELECT JSON_REMOVE(data.a, '$.b') FROM T;
--> [[{"c": 20}]]
SELECT JSON_REMOVE(JSON '{"a": {"b": {"c": "d"}}}', '$.a.b.c'), JSON_REMOVE(JSON '{"a": {"b": {"c": "d"}}}', '$.a.b'), JSON_REMOVE(JSON '{"a": 1}', '$.b');
--> [[{"a": {"b": {}}}, {"a": {}}, {"a": 1}]]
SELECT JSON_REMOVE(JSON '{"a": [1, 2, 3]}', '$.a[0]', '$.a.b', '$.b', '$.a[0]');
--> [[{"a": [3]}]]
SELECT JSON_REMOVE(JSON '{}', '$');
--! The JSONPath cannot be '$'
SELECT TO_JSON_STRING(JSON_REMOVE(JSON 'null', '$.a.b'));
--> [["null"]]

-- JSON_ARRAY_APPEND and JSON_ARRAY_INSERT
SELECT JSON_ARRAY_APPEND(JSON '["a", "b", "c"]', '$', 1), JSON_ARRAY_APPEND(JSON '["a", "b", "c"]', '$', [1, 2]);
--> [[["a", "b", "c", 1], ["a", "b", "c", 1, 2]]]
SELECT JSON_ARRAY_APPEND(JSON '["a", "b", "c"]', '$', [1, 2], append_each_element => FALSE);
--> [[["a", "b", "c", [1, 2]]]]
SELECT JSON_ARRAY_APPEND(JSON '["a", ["b"], "c"]', '$[1]', [1, 2], '$[1][1]', [3, 4], append_each_element => FALSE);
--> [[["a", ["b", [1, 2, [3, 4]]], "c"]]]
SELECT JSON_ARRAY_APPEND(JSON '["a", ["b"], "c"]', '$[1]', [1, 2], '$[1][1]', [3, 4]);
--> [[["a", ["b", 1, 2], "c"]]]
SELECT JSON_ARRAY_APPEND(JSON '{"a": [1]}', '$.a', 2), JSON_ARRAY_APPEND(JSON '{"a": null}', '$.a', 10), JSON_ARRAY_APPEND(JSON '{"a": 1}', '$.a', 2), JSON_ARRAY_APPEND(JSON '{"a": 1}', '$.b', 2);
--> [[{"a": [1, 2]}, {"a": [10]}, {"a": 1}, {"a": 1}]]
SELECT JSON_ARRAY_APPEND(JSON '[1]', '$', JSON '[2, 3]');
--> [[[1, [2, 3]]]]
SELECT JSON_ARRAY_INSERT(JSON '["a", ["b", "c"], "d"]', '$[1]', 1), JSON_ARRAY_INSERT(JSON '["a", ["b", "c"], "d"]', '$[1][0]', 1);
--> [[["a", 1, ["b", "c"], "d"], ["a", [1, "b", "c"], "d"]]]
SELECT JSON_ARRAY_INSERT(JSON '["a", "b", "c"]', '$[1]', [1, 2]), JSON_ARRAY_INSERT(JSON '["a", "b", "c"]', '$[1]', [1, 2], insert_each_element => FALSE);
--> [[["a", 1, 2, "b", "c"], ["a", [1, 2], "b", "c"]]]
SELECT JSON_ARRAY_INSERT(JSON '["a", "b", "c", "d"]', '$[7]', 'e');
--> [[["a", "b", "c", "d", null, null, null, "e"]]]
SELECT JSON_ARRAY_INSERT(JSON '{"a": {}}', '$.a[0]', 2), JSON_ARRAY_INSERT(JSON '[1, 2]', '$', 3), JSON_ARRAY_INSERT(JSON '{"a": null}', '$.a[2]', 10), JSON_ARRAY_INSERT(JSON '1', '$[0]', 'r1');
--> [[{"a": {}}, [1, 2], {"a": [null, null, 10]}, 1]]

-- JSON_STRIP_NULLS
SELECT JSON_STRIP_NULLS(JSON '{"a": null, "b": "c"}'), JSON_STRIP_NULLS(JSON '[1, null, 2, null]');
--> [[{"b": "c"}, [1, 2]]]
SELECT JSON_STRIP_NULLS(JSON '[1, null, 2, null]', include_arrays => FALSE);
--> [[[1, null, 2, null]]]
SELECT JSON_STRIP_NULLS(JSON '[1, null, 2, null, [null]]'), JSON_STRIP_NULLS(JSON '[1, null, 2, null, [null]]', remove_empty => TRUE);
--> [[[1, 2, []], [1, 2]]]
SELECT TO_JSON_STRING(JSON_STRIP_NULLS(JSON '{"a": null}', remove_empty => TRUE)), TO_JSON_STRING(JSON_STRIP_NULLS(JSON '{"a": [null]}', remove_empty => TRUE)), TO_JSON_STRING(JSON_STRIP_NULLS(JSON 'null'));
--> [["null", "null", "null"]]
SELECT JSON_STRIP_NULLS(JSON '{"a": {"b": {"c": null}}, "d": [null], "e": [], "f": 1}', include_arrays => FALSE, remove_empty => TRUE);
--> [[{"d": [null], "e": [], "f": 1}]]
SELECT JSON_STRIP_NULLS(JSON '{"a": {"b": {"c": null}}, "d": [null], "e": [], "f": 1}', remove_empty => TRUE);
--> [[{"f": 1}]]
SELECT JSON_STRIP_NULLS(JSON '{"a": {"b": null}, "c": null}', '$.a'), JSON_STRIP_NULLS(JSON '{"a": null}', CAST(NULL AS STRING));
--> [[{"a": {}, "c": null}, {"a": null}]]
SELECT JSON_STRIP_NULLS(JSON '{"a": null}', '$a');
--! Invalid token in JSONPath at: a

-- JSON_KEYS: all paths, in order, of so many levels.
SELECT JSON_KEYS(JSON '{"a": {"b": 1}}'), JSON_KEYS(JSON '{"a": {"b": 1}}', 1);
--> [[["a", "a.b"], ["a"]]]
SELECT JSON_KEYS(JSON '{"a": {"c": {"d": 1, "e": 1}, "b": 1}}'), JSON_KEYS(JSON '{"a": {"c": {"d": 1}, "b": 1}}', 2);
--> [[["a", "a.b", "a.c", "a.c.d", "a.c.e"], ["a", "a.b", "a.c"]]]
SELECT JSON_KEYS(JSON '{"a.b": {"c": 1}}'), JSON_KEYS(JSON 'null'), JSON_KEYS(JSON '[{"a": 1}]');
--> [[["\"a.b\"", "\"a.b\".c"], [], []]]
SELECT JSON_KEYS(JSON '{"a": [{"b": 1}, {"c": 2}]}', mode => 'strict'), JSON_KEYS(JSON '{"a": [{"b": 1}, {"c": 2}]}', mode => 'lax');
--> [[["a"], ["a", "a.b", "a.c"]]]
SELECT JSON_KEYS(JSON '[[{"a": 1}]]', mode => 'lax'), JSON_KEYS(JSON '[[{"a": 1}]]', mode => 'lax recursive');
--> [[[], ["a"]]]
SELECT JSON_KEYS(JSON '{"a": 1}', 0);
--! max_depth must be positive.
SELECT JSON_KEYS(JSON '{"a": 1}', mode => 'invalid');
--! Invalid JSON mode specified

-- JSON_FLATTEN
SELECT JSON_FLATTEN(JSON '1'), JSON_FLATTEN(JSON '[[[1]], 2, [3]]'), JSON_FLATTEN(JSON '{"a": [[1]]}'), JSON_FLATTEN(JSON '[]');
--> [[[1], [1, 2, 3], [{"a": [[1]]}], []]]
SELECT JSON_FLATTEN(JSON '[[[1, 2], 3], {"a": 4}, true]');
--> [[[1, 2, 3, {"a": 4}, true]]]
SELECT JSON_FLATTEN(CAST(NULL AS JSON)) IS NULL;
--> [[true]]

-- JSON_TYPE
SELECT JSON_TYPE(JSON '"apple"'), JSON_TYPE(JSON '10'), JSON_TYPE(JSON '3.14'), JSON_TYPE(JSON 'null'), JSON_TYPE(JSON '{"city": "Tokyo"}'), JSON_TYPE(JSON '["apple"]'), JSON_TYPE(JSON 'false');
--> [["string", "number", "number", "null", "object", "array", "boolean"]]
SELECT JSON_TYPE(CAST(NULL AS JSON));
--> [[null]]
SELECT JSON_TYPE('a');
--! No matching signature for function JSON_TYPE for argument types: STRING
