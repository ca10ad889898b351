SELECT ARRAY_CONCAT([1, 2], [3, 4], [5, 6]), ARRAY_CONCAT([1]);
--> [[[1, 2, 3, 4, 5, 6], [1]]]
SELECT ARRAY_CONCAT([1], NULL);
--> [[[]]]
SELECT ARRAY_LENGTH(['coffee', NULL, 'milk']), ARRAY_LENGTH(['cake', 'pie']), ARRAY_LENGTH(CAST(NULL AS ARRAY<INT64>)), ARRAY_LENGTH(CAST([] AS ARRAY<INT64>));
--> [[3, 2, null, 0]]
SELECT ARRAY_REVERSE([1, 2, 3]), ARRAY_REVERSE(CAST([] AS ARRAY<INT64>));
--> [[[3, 2, 1], []]]
SELECT ARRAY_FIRST(['a', 'b', 'c', 'd']), ARRAY_LAST(['a', 'b', 'c', 'd']);
--> [["a", "d"]]
SELECT ARRAY_FIRST(CAST([] AS ARRAY<INT64>));
--! out of bounds
SELECT ARRAY_FIRST(CAST(NULL AS ARRAY<INT64>));
--> [[null]]
SELECT ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 1, 3), ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], -1, 3);
--> [[["b", "c", "d"], []]]
SELECT ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 1, -3), ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], -1, -3);
--> [[["b", "c"], []]]
SELECT ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], -3, -1), ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 3, 3), ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], -3, -3);
--> [[["c", "d", "e"], ["d"], ["c"]]]
SELECT ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 1, 30), ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 1, -30);
--> [[["b", "c", "d", "e"], []]]
SELECT ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], -30, 30), ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], -30, -5), ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 5, 30);
--> [[["a", "b", "c", "d", "e"], ["a"], []]]
SELECT ARRAY_SLICE(['a', 'b', 'c', 'd', 'e'], 1, NULL) IS NULL;
--> [[true]]
SELECT ARRAY_TO_STRING(['coffee', 'tea', 'milk', NULL], '--', 'MISSING'), ARRAY_TO_STRING(['cake', 'pie', NULL], '--');
--> [["coffee--tea--milk--MISSING", "cake--pie"]]
SELECT ARRAY_TO_STRING(CAST([] AS ARRAY<STRING>), ','), ARRAY_TO_STRING(CAST(NULL AS ARRAY<STRING>), ',');
--> [["", null]]
SELECT ARRAY_TO_STRING([b'ab', b'cd'], b'-');
--> [["YWItY2Q="]]
SELECT GENERATE_ARRAY(1, 5), GENERATE_ARRAY(0, 10, 3), GENERATE_ARRAY(10, 0, -3), GENERATE_ARRAY(4, 4, 10);
--> [[[1, 2, 3, 4, 5], [0, 3, 6, 9], [10, 7, 4, 1], [4]]]
SELECT GENERATE_ARRAY(10, 0, 3), GENERATE_ARRAY(5, NULL, 1), GENERATE_ARRAY(3, 1);
--> [[[], [], []]]
SELECT GENERATE_ARRAY(0.0, 1.0, 0.25), GENERATE_ARRAY(NUMERIC '1', NUMERIC '2', NUMERIC '0.5');
--> [[[0.0, 0.25, 0.5, 0.75, 1.0], ["1", "1.5", "2"]]]
SELECT GENERATE_ARRAY(1, 2, 0);
--! cannot be 0
SELECT GENERATE_ARRAY(start, 5) FROM UNNEST([3, 4, 5]) AS start ORDER BY start;
--> [[[3, 4, 5]], [[4, 5]], [[5]]]
SELECT ARRAY(SELECT 1 AS x UNION ALL SELECT 2 UNION ALL SELECT 3 ORDER BY x);
--> [[[1, 2, 3]]]
SELECT ARRAY(SELECT AS STRUCT a, b FROM (SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y') ORDER BY a);
--> [[[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]]]
SELECT ARRAY(SELECT AS STRUCT [1, 2, 3] AS a);
--> [[[{"a": [1, 2, 3]}]]]
SELECT ARRAY(SELECT 1, 2);
--! more than one column
SELECT ARRAY(SELECT [1]);
--! nested arrays are not supported
SELECT ARRAY(SELECT x FROM UNNEST([1]) AS x WHERE FALSE);
--> [[[]]]
