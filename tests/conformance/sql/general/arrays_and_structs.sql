SELECT * FROM UNNEST([1,2,3]) AS x WITH OFFSET AS o ORDER BY x DESC;
--> [[3, 2], [2, 1], [1, 0]]

SELECT a, b FROM UNNEST([STRUCT(1 AS a, 'x' AS b), STRUCT(2, 'y')]) ORDER BY a;
--> [[1, "x"], [2, "y"]]

WITH t AS (SELECT 1 AS id, [1,2] AS arr UNION ALL SELECT 2, [3]) SELECT t.id, x FROM t, UNNEST(t.arr) AS x ORDER BY 2;
--> [[1, 1], [1, 2], [2, 3]]

WITH t AS (SELECT 1 AS id, [1,2] AS arr) SELECT t.id, x FROM t, t.arr AS x ORDER BY x;
--> [[1, 1], [1, 2]]

WITH t AS (SELECT 1 AS id, [5] AS arr UNION ALL SELECT 2, []) SELECT id, x FROM t LEFT JOIN UNNEST(arr) AS x ORDER BY id;
--> [[1, 5], [2, null]]

WITH t AS (SELECT 1 AS id, [1,2] AS arr) SELECT id, (SELECT SUM(x) FROM UNNEST(arr) AS x) AS s, ARRAY(SELECT x*2 FROM UNNEST(arr) x ORDER BY x DESC) AS r, arr[OFFSET(0)] AS f, arr[SAFE_OFFSET(9)] AS z, arr[ORDINAL(2)] o FROM t;
--> [[1, 3, [4, 2], 1, null, 2]]

SELECT [1][OFFSET(3)];
--! Array index 3 is out of bounds

SELECT ARRAY<INT64>[1,2] a, ARRAY<STRUCT<x INT64, y STRING>>[(1,'a'),(2,'b')] b, STRUCT<a INT64>(5) c;
--> [[[1, 2], [[1, "a"], [2, "b"]], [5]]]

SELECT STRUCT(1 AS a, STRUCT('x' AS c) AS b).b.c;
--> [["x"]]

SELECT t FROM (SELECT 1 a, 'b' b) t;
--> [[[1, "b"]]]

SELECT ARRAY(SELECT AS STRUCT 1 AS a, 'x' AS b) s;
--> [[[[1, "x"]]]]

SELECT GENERATE_ARRAY(1,3) b, ARRAY_LENGTH([1,2]) c, ARRAY_TO_STRING(['a',NULL,'b'],'+') d, ARRAY_CONCAT([1],[2]) e, ARRAY_REVERSE([1,2]) f;
--> [[[1, 2, 3], 2, "a+b", [1, 2], [2, 1]]]

SELECT AS STRUCT 1 a, 'x' b;
--> [[1, "x"]]
