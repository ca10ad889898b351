SELECT JSON_VALUE('{"a":{"b":"x"}}', '$.a.b') a, JSON_QUERY('{"a":{"b":"x"}}', '$.a') b, PARSE_JSON('{"a":1}').a c, TO_JSON_STRING(STRUCT(1 AS a)) d, JSON_VALUE('{"a":{}}', '$.a') e;
--> [["x", "{\"b\":\"x\"}", 1, "{\"a\":1}", null]]
