SELECT s.* FROM (SELECT STRUCT(1 AS a, 'x' AS b) AS s);
--> [[1, "x"]]
SELECT s.* EXCEPT (b) FROM (SELECT STRUCT(1 AS a, 'x' AS b) AS s);
--> [[1]]
SELECT STRUCT(1 AS a, 'x' AS b), STRUCT<x INT64, y STRING>(1, 'a'), (1, 'b');
--> [[{"a": 1, "b": "x"}, {"x": 1, "y": "a"}, [1, "b"]]]
SELECT STRUCT<INT64, DATE>(5, '2011-05-05');
--> [[[5, "2011-05-05"]]]
SELECT STRUCT(1 AS a, STRUCT('x' AS c) AS b).b.c, STRUCT(1 AS a).a;
--> [["x", 1]]
SELECT STRUCT(1 AS a).b;
--! does not exist
SELECT t.a.b FROM (SELECT STRUCT(STRUCT(5 AS c) AS b) AS a) AS t;
--> [[{"c": 5}]]
SELECT t FROM (SELECT 1 AS a, 'b' AS c) AS t;
--> [[{"a": 1, "c": "b"}]]
SELECT x.a FROM (SELECT CAST(NULL AS STRUCT<a INT64>) AS x);
--> [[null]]
SELECT CAST(STRUCT(1, 2) AS STRUCT<a FLOAT64, b STRING>);
--> [[{"a": 1.0, "b": "2"}]]
SELECT CAST(STRUCT(1) AS STRUCT<a INT64, b INT64>);
--! Invalid cast
SELECT STRUCT<a INT64>(1, 2);
--! different number of fields
SELECT STRUCT(x, y) FROM (SELECT 1 AS x, 2 AS y);
--> [[{"x": 1, "y": 2}]]
