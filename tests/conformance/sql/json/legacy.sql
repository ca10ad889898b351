-- JSON_EXTRACT and its kin: names in brackets and single quotes.
SELECT JSON_EXTRACT(JSON '{"class": {"students": [{"id": 5}, {"id": 12}]}}', '$.class');
--> [[{"students": [{"id": 5}, {"id": 12}]}]]
SELECT JSON_EXTRACT('{"class": {"students": [{"name": "Jane"}]}}', "$.class['students']");
--> [["[{\"name\":\"Jane\"}]"]]
SELECT JSON_EXTRACT('{"a": null}', '$.a'), JSON_EXTRACT('{"a": null}', '$.b');
--> [[null, null]]
SELECT JSON_EXTRACT('{"a.b": 1}', "$['a.b']"), JSON_EXTRACT('{"a": 1}', '$.a.');
--> [["1", "1"]]
SELECT JSON_EXTRACT('{"a": 1}', '$."a"');
--! Invalid token in JSONPath at: ."a"
SELECT JSON_EXTRACT_SCALAR(JSON '{"name": "Jakob", "age": "6"}', '$.age');
--> [["6"]]
SELECT JSON_EXTRACT('{"name": "Jakob"}', '$.name'), JSON_EXTRACT_SCALAR('{"name": "Jakob"}', '$.name');
--> [["\"Jakob\"", "Jakob"]]
SELECT JSON_EXTRACT_SCALAR('{"fruits": ["apple"]}', '$.fruits'), JSON_EXTRACT_SCALAR("{\"a.b\": {\"c\": \"world\"}}", "$['a.b'].c");
--> [[null, "world"]]
SELECT JSON_EXTRACT_SCALAR('"x"'), JSON_EXTRACT('[1]');
--> [["x", "[1]"]]
SELECT JSON_EXTRACT_ARRAY(JSON '{"fruits": ["apples", "oranges"]}', '$.fruits');
--: ARRAY<JSON>
--> [[["apples", "oranges"]]]
SELECT JSON_EXTRACT_ARRAY('[1, 2, 3]'), JSON_EXTRACT_ARRAY("{\"a.b\": [1]}", "$['a.b']");
--> [[["1", "2", "3"], ["1"]]]
SELECT JSON_EXTRACT_ARRAY('{"a": "foo"}', '$.b') IS NULL;
--> [[true]]
SELECT JSON_EXTRACT_STRING_ARRAY(JSON '{"fruits": ["apples", "oranges"]}', '$.fruits');
--> [[["apples", "oranges"]]]
SELECT JSON_EXTRACT('["a", "b"]', '$[0]'), JSON_EXTRACT_STRING_ARRAY('["a", "b"]');
--> [["\"a\"", ["a", "b"]]]
SELECT JSON_EXTRACT_STRING_ARRAY('{"a": [{"b": 1}]}', '$.a') IS NULL;
--> [[true]]
