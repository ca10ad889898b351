-- JSON_QUERY: JSON of the type JSON, or text for JSON in a STRING.
SELECT JSON_QUERY(JSON '{"class": {"students": [{"id": 5}, {"id": 12}]}}', '$.class');
--> [[{"students": [{"id": 5}, {"id": 12}]}]]
SELECT JSON_QUERY('{"class": {"students": [{"name": "Jane"}]}}', '$');
--: STRING
--> [["{\"class\":{\"students\":[{\"name\":\"Jane\"}]}}"]]
SELECT JSON_QUERY('{"class": {"students": []}}', '$');
--> [["{\"class\":{\"students\":[]}}"]]
SELECT JSON_QUERY('{"class": {"students": [{"name": "John"}, {"name": "Jamie"}]}}', '$.class.students[0]');
--> [["{\"name\":\"John\"}"]]
SELECT JSON_QUERY('{"class": {"students": []}}', '$.class.students[0]');
--> [[null]]
SELECT JSON_QUERY('{"class": {"students": [{"name": "Jane"}]}}', '$.class.students[1].name');
--> [[null]]
SELECT JSON_QUERY('{"class": {"students": [{"name": "John"}, {"name": null}]}}', '$.class.students[1].name');
--> [[null]]
SELECT JSON_QUERY('{"class": {"students": [{"name": "John"}, {"name": "Jamie"}]}}', '$.class.students[1].name');
--> [["\"Jamie\""]]
SELECT JSON_QUERY('{"class": {"students": [{"name": "Jane"}]}}', '$.class."students"');
--> [["[{\"name\":\"Jane\"}]"]]
SELECT JSON_QUERY('{"a": null}', '$.a'), JSON_QUERY('{"a": null}', '$.b'), JSON_QUERY('null', '$');
--> [[null, null, null]]
SELECT TO_JSON_STRING(JSON_QUERY(JSON '{"a": null}', '$.a')), JSON_QUERY(JSON '{"a": null}', '$.b') IS NULL;
--> [["null", true]]
SELECT JSON_QUERY('{"b" : 1.00, "a": [ 1, 2 ]}', '$');
--> [["{\"b\":1.00,\"a\":[1,2]}"]]
SELECT JSON_QUERY('{"a.b": {"c": 1}}', '$."a.b".c'), JSON_QUERY('{"a": 1', '$.a');
--> [["1", null]]
SELECT JSON_QUERY(NULL, '$'), JSON_QUERY('{}', NULL);
--> [[null, null]]
SELECT JSON_QUERY('{"a": 1}', 'a');
--! JSONPath must start with '$'
SELECT JSON_QUERY('{"a": 1}', "$['a']");
--! Invalid token in JSONPath at: ['a']
SELECT JSON_QUERY('{"a": 1}', '$..a');
--! Unsupported operator in JSONPath: ..
SELECT JSON_QUERY('{"a": 1}', '$.*');
--! Unsupported operator in JSONPath: *
SELECT JSON_QUERY('{"a": 1}', '$.');
--! Invalid token in JSONPath at: .

-- lax: a key is looked for in the elements of an array too, and what is no array is one of itself.
SELECT JSON_QUERY(JSON '{"a": {"b": 1}}', 'lax $.b'), JSON_QUERY(JSON '{"a": {"b": 1}}', 'lax $[0].b');
--> [[[], []]]
SELECT JSON_QUERY(JSON 'null', 'lax $'), JSON_QUERY(JSON 'null', 'lax $.a'), JSON_QUERY(JSON 'null', 'lax $[0]');
--> [[[null], [], [null]]]
SELECT JSON_QUERY(JSON '{"a": null}', 'lax $.a'), JSON_QUERY(JSON '[{"a": 1}]', 'lax $.a'), JSON_QUERY(JSON '{"a": 1}', 'lax $[0].a');
--> [[[null], [1], [1]]]
SELECT JSON_QUERY(JSON '[[{"a": 1}]]', 'lax $.a'), JSON_QUERY(JSON '[[{"a": 1}]]', 'lax recursive $.a'), JSON_QUERY(JSON '[[{"a": 1}]]', 'Recursive LAX $.a');
--> [[[], [1], [1]]]
SELECT JSON_QUERY(JSON '{"a": [{"b": 1}, {"c": 2}, {"b": 3}, [{"b": 4}]]}', 'lax $.a.b'), JSON_QUERY(JSON '{"a": [{"b": 1}, {"c": 2}, {"b": 3}, [{"b": 4}]]}', 'lax recursive $.a.b');
--> [[[1, 3], [1, 3, 4]]]
SELECT JSON_QUERY(JSON '{"a": 1}', 'recursive $.a');
--! The 'lax' modifier must be included if 'recursive' is specified
SELECT JSON_QUERY(JSON '{"a": 1}', 'lax lax $.a');
--! JSONPath must start with zero or more unique modifiers followed by '$'

-- JSON_VALUE: scalars as text, anything else is NULL.
SELECT JSON_VALUE(JSON '{"name": "Jakob", "age": "6"}', '$.age');
--> [["6"]]
SELECT JSON_QUERY('{"name": "Jakob", "age": "6"}', '$.name'), JSON_VALUE('{"name": "Jakob", "age": "6"}', '$.name'), JSON_QUERY('{"name": "Jakob", "age": "6"}', '$.age'), JSON_VALUE('{"name": "Jakob", "age": "6"}', '$.age');
--> [["\"Jakob\"", "Jakob", "\"6\"", "6"]]
SELECT JSON_QUERY('{"fruits": ["apple", "banana"]}', '$.fruits'), JSON_VALUE('{"fruits": ["apple", "banana"]}', '$.fruits');
--> [["[\"apple\",\"banana\"]", null]]
SELECT JSON_VALUE('{"a.b": {"c": "world"}}', '$."a.b".c');
--> [["world"]]
SELECT JSON_VALUE('"hello"'), JSON_VALUE('-4.58295'), JSON_VALUE(JSON 'true'), JSON_VALUE('{}');
--> [["hello", "-4.58295", "true", null]]
SELECT JSON_VALUE('{"a": null}', '$.a'), JSON_VALUE(JSON '{"a": null}', '$.a'), JSON_VALUE(JSON '{"a": 1.5}', '$.a');
--> [[null, null, "1.5"]]
SELECT JSON_VALUE('{"1": 2}', '$.1'), JSON_VALUE('{"a": {"b": [1, 2, {"c": "x"}]}}', '$.a.b[2].c');
--> [["2", "x"]]
SELECT JSON_VALUE('{"Моша": "x"}', '$.Моша'), JSON_VALUE('{"a": 1, "": [5, "foo"]}', '$.""[1]');
--> [["x", "foo"]]
SELECT JSON_VALUE('no json', '$.a'), JSON_VALUE(CAST(NULL AS STRING), '$');
--> [[null, null]]

-- JSON_QUERY_ARRAY and JSON_VALUE_ARRAY
SELECT JSON_QUERY_ARRAY(JSON '{"fruits": ["apples", "oranges", "grapes"]}', '$.fruits');
--: ARRAY<JSON>
--> [[["apples", "oranges", "grapes"]]]
SELECT JSON_QUERY_ARRAY('[1, 2, 3]');
--: ARRAY<STRING>
--> [[["1", "2", "3"]]]
SELECT ARRAY(SELECT CAST(e AS INT64) FROM UNNEST(JSON_QUERY_ARRAY('[1, 2, 3]', '$')) AS e WITH OFFSET ORDER BY offset);
--> [[[1, 2, 3]]]
SELECT JSON_QUERY_ARRAY('["apples", "oranges", "grapes"]', '$');
--> [[["\"apples\"", "\"oranges\"", "\"grapes\""]]]
SELECT JSON_QUERY_ARRAY('{"fruits": [{"name": "apple"}, {"name": "orange"}]}', '$.fruits');
--> [[["{\"name\":\"apple\"}", "{\"name\":\"orange\"}"]]]
SELECT JSON_QUERY_ARRAY('{"fruit": ["apples", "oranges"]}', '$."fruit"');
--> [[["\"apples\"", "\"oranges\""]]]
SELECT JSON_QUERY_ARRAY('{"a": "foo"}', '$.b'), JSON_QUERY_ARRAY('{"a": "foo"}', '$'), JSON_QUERY_ARRAY('{"a": []}', '$.a');
--> [[[], [], []]]
SELECT JSON_QUERY_ARRAY('{"a": "foo"}', '$.a') IS NULL, JSON_QUERY_ARRAY('{"a": []}', '$.a') IS NULL;
--> [[true, false]]
SELECT JSON_VALUE_ARRAY(JSON '{"fruits": ["apples", "oranges", "grapes"]}', '$.fruits');
--> [[["apples", "oranges", "grapes"]]]
SELECT JSON_VALUE_ARRAY('["apples", "oranges"]'), JSON_VALUE_ARRAY('{"fruit": [1, true, "x"]}', '$.fruit');
--> [[["apples", "oranges"], ["1", "true", "x"]]]
SELECT JSON_VALUE_ARRAY('{"a": ["x", {"b": 1}]}', '$.a') IS NULL, JSON_VALUE_ARRAY('{"a": "foo"}', '$.a') IS NULL, JSON_VALUE_ARRAY('{"a": []}', '$.a') IS NULL;
--> [[true, true, false]]
SELECT JSON_VALUE_ARRAY('["world", null, 1]')[OFFSET(1)] IS NULL;
--> [[true]]

-- Fields and elements of JSON
SELECT j.class.students[0].name, j['class']['students'][1], j.nothing IS NULL FROM (SELECT JSON '{"class": {"students": [{"name": "Jane"}, 7]}}' AS j);
--> [["Jane", 7, true]]
SELECT JSON_VALUE(j.a.b), j.a['b'], j[0] IS NULL FROM (SELECT JSON '{"a": {"b": "x"}}' AS j);
--> [["x", "x", true]]
SELECT JSON '[1, 2, 3]'[2], JSON '{"a b": 1}'['a b'];
--> [[3, 1]]
