-- Strictly: another kind of value is an error.
SELECT INT64(JSON '2005'), INT64(JSON '-123'), INT64(JSON '10.0'), INT64(JSON '{"gate": "A4", "flight_number": 2005}'.flight_number);
--> [[2005, -123, 10, 2005]]
SELECT INT64(JSON '9223372036854775807'), INT64(JSON '-9223372036854775808');
--> [[9223372036854775807, -9223372036854775808]]
SELECT INT64(JSON '10.1');
--! The provided JSON number: 10.1 cannot be converted to an int64
SELECT INT64(JSON '1e100');
--! cannot be converted to an int64
SELECT INT64(JSON '"strawberry"');
--! The provided JSON input is not an integer
SELECT INT64(JSON 'null');
--! The provided JSON input is not an integer
SELECT INT64(JSON '18446744073709551615');
--! The provided JSON input is not an integer
SELECT SAFE.INT64(JSON '"strawberry"'), INT64(CAST(NULL AS JSON));
--> [[null, null]]
SELECT FLOAT64(JSON '9.8'), FLOAT64(JSON '10'), FLOAT64(JSON '{"vo2_max": 39.1}'.vo2_max);
--> [[9.8, 10, 39.1]]
SELECT FLOAT64(JSON '18446744073709551615', wide_number_mode => 'round'), FLOAT64(JSON '18446744073709551615');
--> [[1.8446744073709552e19, 1.8446744073709552e19]]
SELECT FLOAT64(JSON '18446744073709551615', wide_number_mode => 'exact');
--! without loss of precision
SELECT FLOAT64(JSON '"strawberry"');
--! The provided JSON input is not a number
SELECT FLOAT64(JSON '1.0', wide_number_mode => 'EXACT');
--! Invalid `wide_number_mode` specified: EXACT
SELECT BOOL(JSON 'true'), BOOL(JSON '{"vacancy": true}'.vacancy), SAFE.BOOL(JSON '123');
--> [[true, true, null]]
SELECT BOOL(JSON '123');
--! The provided JSON input is not a boolean
SELECT STRING(JSON '"purple"'), STRING(JSON_QUERY(JSON '{"name": "sky", "color": "blue"}', '$.color')), SAFE.STRING(JSON '123');
--> [["purple", "blue", null]]
SELECT STRING(JSON '123');
--! The provided JSON input is not a string
SELECT STRING(JSON 'null');
--! The provided JSON input is not a string
SELECT INT64_ARRAY(JSON '[12, 13.0]'), FLOAT64_ARRAY(JSON '[9, 9.8]'), BOOL_ARRAY(JSON '[true, false]'), STRING_ARRAY(JSON '["purple", "blue"]');
--> [[[12, 13], [9, 9.8], [true, false], ["purple", "blue"]]]
SELECT INT64_ARRAY(JSON '[]'), FLOAT64_ARRAY(JSON '[18446744073709551615]', wide_number_mode => 'round');
--> [[[], [1.8446744073709552e19]]]
SELECT INT64_ARRAY(JSON '[10.1]');
--! cannot be converted to an int64
SELECT INT64_ARRAY(JSON '["a"]');
--! The provided JSON input is not an integer
SELECT BOOL_ARRAY(JSON '[123]');
--! The provided JSON input is not a boolean
SELECT STRING_ARRAY(JSON '[null]');
--! The provided JSON input is not a string
SELECT STRING_ARRAY(JSON 'null');
--! The provided JSON input is not an array
SELECT FLOAT64_ARRAY(JSON '["strawberry"]');
--! The provided JSON input is not a number
SELECT INT64('a');
--! No matching signature for function INT64 for argument types: STRING

-- Lax: another kind of value is NULL, or becomes what it means.
SELECT LAX_BOOL(JSON 'true'), LAX_BOOL(JSON '"TRue"'), LAX_BOOL(JSON '"foo"'), LAX_BOOL(JSON '10'), LAX_BOOL(JSON '0'), LAX_BOOL(JSON '0.0'), LAX_BOOL(JSON 'null'), LAX_BOOL(JSON '[1]');
--> [[true, true, null, true, false, false, null, null]]
SELECT LAX_INT64(JSON '10'), LAX_INT64(JSON '10.0'), LAX_INT64(JSON '1.1'), LAX_INT64(JSON '3.5'), LAX_INT64(JSON '1.1e2'), LAX_INT64(JSON 'true'), LAX_INT64(JSON 'false');
--> [[10, 10, 1, 4, 110, 1, 0]]
SELECT LAX_INT64(JSON '"10"'), LAX_INT64(JSON '"1.1"'), LAX_INT64(JSON '"1.1e2"'), LAX_INT64(JSON '"9007199254740993"'), LAX_INT64(JSON '"+1.5"'), LAX_INT64(JSON '"foo"'), LAX_INT64(JSON '"1e100"');
--> [[10, 1, 110, 9007199254740993, 2, null, null]]
SELECT LAX_INT64(JSON '{"a": 1}'), LAX_INT64(JSON 'null'), LAX_INT64(JSON '1e100'), LAX_INT64(JSON '18446744073709551615');
--> [[null, null, null, null]]
SELECT LAX_FLOAT64(JSON '9.8'), LAX_FLOAT64(JSON '9'), LAX_FLOAT64(JSON '9007199254740993'), LAX_FLOAT64(JSON '1e100');
--> [[9.8, 9, 9007199254740992, 1e100]]
SELECT LAX_FLOAT64(JSON 'true'), LAX_FLOAT64(JSON '"10"'), LAX_FLOAT64(JSON '"1.1e2"'), LAX_FLOAT64(JSON '"+1.5"'), LAX_FLOAT64(JSON '"foo"');
--> [[null, 10, 110, 1.5, null]]
SELECT LAX_FLOAT64(JSON '"NaN"'), LAX_FLOAT64(JSON '"Inf"'), LAX_FLOAT64(JSON '"-InfiNiTY"');
--> [["NaN", "Infinity", "-Infinity"]]
SELECT LAX_STRING(JSON '"purple"'), LAX_STRING(JSON 'true'), LAX_STRING(JSON '10.0'), LAX_STRING(JSON '10'), LAX_STRING(JSON '1e100'), LAX_STRING(JSON 'null'), LAX_STRING(JSON '{}');
--> [["purple", "true", "10", "10", "1e+100", null, null]]
SELECT LAX_STRING_ARRAY(JSON '["purple", "10"]'), LAX_STRING_ARRAY(JSON '[true, false]'), LAX_STRING_ARRAY(JSON '[10.0, 10, 1e100]');
--> [[["purple", "10"], ["true", "false"], ["10", "10", "1e+100"]]]
SELECT LAX_STRING_ARRAY(JSON '9.8') IS NULL, LAX_INT64_ARRAY(JSON 'null') IS NULL, ARRAY_LENGTH(LAX_STRING_ARRAY(JSON '[null, {"foo": 1}, [1]]'));
--> [[true, true, 3]]
SELECT LAX_BOOL_ARRAY(JSON '[true, "false", 0]'), LAX_INT64_ARRAY(JSON '[10, "1.1", true]'), LAX_FLOAT64_ARRAY(JSON '[9.8, "2", 3]');
--> [[[true, false, false], [10, 1, 1], [9.8, 2, 3]]]

-- JSON among other things
SELECT x IS NULL, JSON_TYPE(x) FROM (SELECT JSON 'null' AS x);
--> [[false, "null"]]
SELECT STRING(t.j.name), COUNT(*) FROM UNNEST([JSON '{"name": "a"}', JSON '{"name": "b"}', JSON '{"name": "a"}']) AS j JOIN (SELECT 1 AS one) ON TRUE CROSS JOIN (SELECT 1 AS two) CROSS JOIN UNNEST([STRUCT(j AS j)]) AS t GROUP BY 1;
--~ [["a", 2], ["b", 1]]
SELECT ARRAY_AGG(JSON_VALUE(j, '$.n') ORDER BY INT64(j.n)) FROM UNNEST([JSON '{"n": 10}', JSON '{"n": 9}']) AS j;
--> [[["9", "10"]]]
