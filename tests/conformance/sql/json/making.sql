-- JSON_ARRAY and JSON_OBJECT: keys come in order, the first of two alike counts.
SELECT JSON_ARRAY(10);
--: JSON
--> [[[10]]]
SELECT JSON_ARRAY([]), JSON_ARRAY();
--> [[[[]], []]]
SELECT JSON_ARRAY(10, 'foo', NULL);
--> [[[10, "foo", null]]]
SELECT JSON_ARRAY(STRUCT(10 AS a, 'foo' AS b));
--> [[[{"a": 10, "b": "foo"}]]]
SELECT JSON_ARRAY(10, ['foo', 'bar'], [20, 30]);
--> [[[10, ["foo", "bar"], [20, 30]]]]
SELECT JSON_ARRAY(10, [JSON '20', JSON '"foo"']);
--> [[[10, [20, "foo"]]]]
SELECT JSON_ARRAY(DATE '2024-01-02', TRUE, 1.5, NUMERIC '2.5', b'ab');
--> [[["2024-01-02", true, 1.5, 2.5, "YWI="]]]
SELECT JSON_OBJECT();
--> [[{}]]
SELECT JSON_OBJECT('foo', 10, 'bar', TRUE);
--> [[{"bar": true, "foo": 10}]]
SELECT JSON_OBJECT('foo', 10, 'bar', ['a', 'b']);
--> [[{"bar": ["a", "b"], "foo": 10}]]
SELECT JSON_OBJECT('a', NULL, 'b', JSON 'null');
--> [[{"a": null, "b": null}]]
SELECT JSON_OBJECT('a', 10, 'a', 'foo');
--> [[{"a": 10}]]
WITH Items AS (SELECT 'hello' AS key, 'world' AS value) SELECT JSON_OBJECT(key, value) FROM Items;
--> [[{"hello": "world"}]]
SELECT JSON_OBJECT(NULL, 1);
--! Invalid NULL JSON key
SELECT JSON_OBJECT('a', 1, 'b');
--! No matching signature for function JSON_OBJECT for argument types: STRING, INT64, STRING
SELECT JSON_OBJECT(CAST([] AS ARRAY<STRING>), []);
--> [[{}]]
SELECT JSON_OBJECT(['a', 'b'], [10, NULL]);
--> [[{"a": 10, "b": null}]]
SELECT JSON_OBJECT(['a', 'b'], [JSON '10', JSON '"foo"']);
--> [[{"a": 10, "b": "foo"}]]
SELECT JSON_OBJECT(['a', 'b'], [STRUCT(10 AS id, 'Red' AS color), STRUCT(20, 'Blue')]);
--> [[{"a": {"color": "Red", "id": 10}, "b": {"color": "Blue", "id": 20}}]]
SELECT JSON_OBJECT(['a', 'b'], [TO_JSON(10), TO_JSON(['foo', 'bar'])]);
--> [[{"a": 10, "b": ["foo", "bar"]}]]
SELECT JSON_OBJECT(['a', 'b'], [10]);
--! The number of keys and values must match
SELECT JSON_OBJECT(['a', NULL], [1, 2]);
--! Invalid NULL JSON key
WITH Fruits AS (SELECT 0 AS id, 'color' AS json_key, 'red' AS json_value UNION ALL SELECT 0, 'fruit', 'apple' UNION ALL SELECT 1, 'fruit', 'banana' UNION ALL SELECT 1, 'ripe', 'true') SELECT JSON_OBJECT(ARRAY_AGG(json_key ORDER BY json_key), ARRAY_AGG(json_value ORDER BY json_key)) AS json_data FROM Fruits GROUP BY id;
--~ [[{"color": "red", "fruit": "apple"}], [{"fruit": "banana", "ripe": "true"}]]

-- Literals and PARSE_JSON: one form for what means the same.
SELECT JSON '{"b": 1, "a" : [true, null], "b": 2}';
--> [[{"a": [true, null], "b": 1}]]
SELECT JSON '10.0', JSON '1e2', JSON '-0.5', JSON '"\u00e9"';
--> [[10.0, 100.0, -0.5, "é"]]
SELECT JSON '{';
--! Invalid JSON literal
SELECT PARSE_JSON('{"coordinates": [10, 20], "id": 1}');
--> [[{"coordinates": [10, 20], "id": 1}]]
SELECT PARSE_JSON('6'), PARSE_JSON('"red"'), PARSE_JSON('null'), PARSE_JSON(' [1 , 2 ] ');
--> [[6, "red", null, [1, 2]]]
SELECT TO_JSON_STRING(PARSE_JSON('null')), PARSE_JSON(NULL) IS NULL;
--> [["null", true]]
SELECT PARSE_JSON('{"id": 922337203685477580701}');
--! cannot round-trip through string representation
SELECT PARSE_JSON('{"id": 922337203685477580701}', wide_number_mode => 'exact');
--! cannot round-trip through string representation
SELECT TO_JSON_STRING(PARSE_JSON('{"id": 922337203685477580701}', wide_number_mode => 'round'));
--> [["{\"id\":9.223372036854776e+20}"]]
SELECT PARSE_JSON('11111111111111111111');
--> [[11111111111111111111]]
SELECT TO_JSON_STRING(PARSE_JSON('-0.0000002414214151379150123', wide_number_mode => 'round'));
--> [["-2.41421415137915e-07"]]
SELECT PARSE_JSON('123456789012345678901234567890');
--! cannot round-trip through string representation
SELECT PARSE_JSON('1e400', wide_number_mode => 'round');
--! Invalid input to PARSE_JSON
SELECT PARSE_JSON('{"foo": 12');
--! Invalid input to PARSE_JSON
SELECT PARSE_JSON("'foo'");
--! Invalid input to PARSE_JSON
SELECT PARSE_JSON('True');
--! Invalid input to PARSE_JSON
SELECT PARSE_JSON('.3');
--! Invalid input to PARSE_JSON
SELECT PARSE_JSON('0x3');
--! Invalid input to PARSE_JSON
SELECT PARSE_JSON('5}');
--! Invalid input to PARSE_JSON
SELECT PARSE_JSON('');
--! Invalid input to PARSE_JSON
SELECT PARSE_JSON('2.5', wide_number_mode => 'EXACT');
--! Invalid `wide_number_mode` specified: EXACT
SELECT SAFE.PARSE_JSON('{') IS NULL;
--> [[true]]

-- TO_JSON
SELECT TO_JSON(STRUCT(1 AS id, [10, 20] AS coordinates));
--> [[{"coordinates": [10, 20], "id": 1}]]
WITH t AS (SELECT 1 AS id, [10, 20] AS coordinates UNION ALL SELECT 2, [30, 40]) SELECT TO_JSON(t) FROM t ORDER BY id;
--> [[{"coordinates": [10, 20], "id": 1}], [{"coordinates": [30, 40], "id": 2}]]
SELECT TO_JSON(9007199254740993, stringify_wide_numbers => TRUE), TO_JSON(9007199254740992, stringify_wide_numbers => TRUE);
--> [["9007199254740993", 9007199254740992]]
SELECT TO_JSON(9007199254740993), TO_JSON(9007199254740993, stringify_wide_numbers => FALSE);
--> [[9007199254740993, 9007199254740993]]
SELECT TO_JSON(1.5), TO_JSON('a"b'), TO_JSON(TRUE), TO_JSON(b'Google'), TO_JSON(DATE '2017-03-06');
--> [[1.5, "a\"b", true, "R29vZ2xl", "2017-03-06"]]
SELECT TO_JSON(TIMESTAMP '2017-03-06 12:34:56.789012'), TO_JSON(DATETIME '2017-03-06 12:34:56.789012'), TO_JSON(TIME '12:34:56.789012');
--> [["2017-03-06T12:34:56.789012Z", "2017-03-06T12:34:56.789012", "12:34:56.789012"]]
SELECT TO_JSON(INTERVAL '10:20:30.52' HOUR TO SECOND), TO_JSON(INTERVAL 1 SECOND), TO_JSON(INTERVAL -25 MONTH), TO_JSON(INTERVAL '1 5:30' DAY TO MINUTE);
--> [["PT10H20M30.52S", "PT1S", "P-2Y-1M", "P1DT5H30M"]]
SELECT TO_JSON(NUMERIC '-1'), TO_JSON(NUMERIC '123.56'), TO_JSON(NUMERIC '9007199254740993'), TO_JSON(NUMERIC '9007199254740993', stringify_wide_numbers => TRUE);
--> [[-1, 123.56, 9007199254740993, "9007199254740993"]]
SELECT TO_JSON(CAST('inf' AS FLOAT64)), TO_JSON(CAST('-inf' AS FLOAT64)), TO_JSON(CAST('nan' AS FLOAT64));
--> [["Infinity", "-Infinity", "NaN"]]
SELECT TO_JSON(NULL), TO_JSON(CAST(NULL AS STRING)), TO_JSON(JSON '{"item": "pen", "price": 10}');
--> [[null, null, {"item": "pen", "price": 10}]]
SELECT TO_JSON_STRING(TO_JSON(CAST(NULL AS INT64)));
--> [["null"]]
SELECT TO_JSON(1, wide => TRUE);
--! Named argument `wide` not found in signature for call to function TO_JSON

-- TO_JSON_STRING keeps the order of fields and puts wide numbers in quotes.
SELECT TO_JSON_STRING(STRUCT(1 AS id, [10, 20] AS coordinates));
--> [["{\"id\":1,\"coordinates\":[10,20]}"]]
SELECT TO_JSON_STRING(STRUCT(1 AS id, [10, 20] AS coordinates), TRUE);
--> [["{\n  \"id\": 1,\n  \"coordinates\": [\n    10,\n    20\n  ]\n}"]]
SELECT TO_JSON_STRING(9007199254740992), TO_JSON_STRING(9007199254740993), TO_JSON_STRING(-9007199254740993);
--> [["9007199254740992", "\"9007199254740993\"", "\"-9007199254740993\""]]
SELECT TO_JSON_STRING(1.0), TO_JSON_STRING(3.14), TO_JSON_STRING(-0.0), TO_JSON_STRING(1e300);
--> [["1", "3.14", "0", "1e+300"]]
SELECT TO_JSON_STRING(CAST('nan' AS FLOAT64)), TO_JSON_STRING(CAST('inf' AS FLOAT64));
--> [["\"NaN\"", "\"Infinity\""]]
SELECT TO_JSON_STRING(NUMERIC '-1'), TO_JSON_STRING(NUMERIC '9007199254740993'), TO_JSON_STRING(NUMERIC '123.56');
--> [["-1", "\"9007199254740993\"", "\"123.56\""]]
SELECT TO_JSON_STRING('a"b\\c\n'), TO_JSON_STRING('\x01'), TO_JSON_STRING('щ');
--> [["\"a\\\"b\\\\c\\n\"", "\"\\u0001\"", "\"щ\""]]
SELECT TO_JSON_STRING(b'Google'), TO_JSON_STRING(DATE '2017-03-06'), TO_JSON_STRING(TIMESTAMP '2017-03-06 12:34:56.789');
--> [["\"R29vZ2xl\"", "\"2017-03-06\"", "\"2017-03-06T12:34:56.789Z\""]]
SELECT TO_JSON_STRING(NULL), TO_JSON_STRING([1, NULL]), TO_JSON_STRING(CAST(NULL AS ARRAY<INT64>)), TO_JSON_STRING(STRUCT(CAST(NULL AS STRING) AS x));
--> [["null", "[1,null]", "null", "{\"x\":null}"]]
SELECT TO_JSON_STRING(JSON '{"b": [1, 2], "a": {}}'), TO_JSON_STRING([]), TO_JSON_STRING(STRUCT(1, 2));
--> [["{\"a\":{},\"b\":[1,2]}", "[]", "{\"\":1,\"\":2}"]]
SELECT TO_JSON_STRING([STRUCT(1 AS a)], TRUE);
--> [["[\n  {\n    \"a\": 1\n  }\n]"]]
