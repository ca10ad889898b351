SELECT INSTR('banana', 'an') a, INSTR('banana', 'an', 3) b, INSTR('banana', 'an', 1, 2) c, INSTR('banana', 'an', -1) d, INSTR('banana', 'ann') e, INSTR('helloooo', 'oo', 1, 2) f;
--> [[2, 4, 4, 4, 0, 6]]

SELECT ARRAY_SLICE([1,2,3,4,5], 1, 3) a, ARRAY_SLICE(['a','b','c','d','e'], -3, -1) b, ARRAY_IS_DISTINCT([1,2,NULL]) c, ARRAY_IS_DISTINCT([NULL,NULL,1]) d;
--> [[[2, 3, 4], ["c", "d", "e"], true, false]]

SELECT APPROX_TOP_COUNT(x, 2) t FROM UNNEST(['apple','apple','pear','pear','pear','banana']) x;
--> [[[["pear", 3], ["apple", 2]]]]

SELECT REGEXP_INSTR('ab@cd-ef', '@[^-]*') a, REGEXP_INSTR('abc', 'z') b, CODE_POINTS_TO_STRING([65, 66]) c, UNICODE('') d, OCTET_LENGTH('é') e, CHR(0) f;
--> [[3, 0, "AB", 0, 2, ""]]

SELECT ROUND(SINH(1), 4) a, ROUND(COTH(1), 4) b, ROUND(COSINE_DISTANCE([1.0, 2.0], [1.0, 3.0]), 4) c, EUCLIDEAN_DISTANCE([0.0, 3.0], [4.0, 0.0]) d, PARSE_NUMERIC('1,234.5') e;
--> [["1.1752", "1.313", "0.0101", "5.0", "1234.5"]]

SELECT DATE_BUCKET(DATE '1949-12-29', INTERVAL 2 DAY) a, DATETIME_BUCKET(DATETIME '1949-12-29 05:00:00', INTERVAL 2 HOUR) b;
--> [["1949-12-28", "1949-12-29T04:00:00"]]

SELECT JSON_ARRAY(1, 'x', NULL) a, JSON_OBJECT('k', 1, 'l', [1, 2]) b, LAX_INT64(JSON '"10"') c, LAX_INT64(JSON '1.6') d, LAX_STRING(JSON '7') e, LAX_BOOL(JSON '1') f, LAX_FLOAT64(JSON '{}') g;
--> [[[1, "x", null], {"k": 1, "l": [1, 2]}, 10, 2, "7", true, null]]

SELECT CAST(INTERVAL '1-2 3 4:5:6.5' YEAR TO SECOND AS STRING) a, INTERVAL '10:20' HOUR TO MINUTE b, INTERVAL '-1-1' YEAR TO MONTH c;
--> [["1-2 3 4:5:6.500", "0-0 0 10:20:0", "-1-1 0 0:0:0"]]

SELECT COUNT(*) <= 10 n FROM (SELECT x FROM UNNEST(GENERATE_ARRAY(1, 10)) x);
--> [[true]]
