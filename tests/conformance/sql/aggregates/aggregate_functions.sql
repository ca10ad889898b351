-- ANY_VALUE
SELECT ANY_VALUE(x) FROM UNNEST(['a', 'a']) AS x;
--> [["a"]]
SELECT ANY_VALUE(x) FROM UNNEST([NULL, 7, NULL]) AS x;
--> [[7]]
SELECT ANY_VALUE(x) FROM UNNEST(CAST([] AS ARRAY<INT64>)) AS x;
--> [[null]]
SELECT ANY_VALUE(fruit HAVING MAX sold), ANY_VALUE(fruit HAVING MIN sold) FROM UNNEST([STRUCT(20 AS sold, 'apples' AS fruit), (30, 'pears'), (10, 'oranges')]);
--> [["pears", "oranges"]]
SELECT fruit, ANY_VALUE(fruit) OVER (ORDER BY LENGTH(fruit) ROWS BETWEEN CURRENT ROW AND CURRENT ROW) FROM UNNEST(['apple', 'banana', 'pear']) AS fruit ORDER BY LENGTH(fruit);
--> [["pear", "pear"], ["apple", "apple"], ["banana", "banana"]]
SELECT MAX_BY(fruit, sold), MIN_BY(fruit, sold) FROM UNNEST([STRUCT(20 AS sold, 'apples' AS fruit), (30, 'pears'), (10, 'oranges')]);
--> [["pears", "oranges"]]

-- ARRAY_AGG
SELECT ARRAY_LENGTH(ARRAY_AGG(x)) FROM UNNEST([2, 1, -2, 3, -2, 1, 2]) AS x;
--> [[7]]
SELECT ARRAY_AGG(DISTINCT x ORDER BY x) FROM UNNEST([2, 1, -2, 3, -2, 1, 2]) AS x;
--> [[[-2, 1, 2, 3]]]
SELECT ARRAY_AGG(x IGNORE NULLS ORDER BY x) FROM UNNEST([NULL, 1, -2, 3, -2, 1, NULL]) AS x;
--> [[[-2, -2, 1, 1, 3]]]
SELECT ARRAY_AGG(IF(x > 0, x, NULL) IGNORE NULLS ORDER BY x LIMIT 2), ARRAY_AGG(NULLIF(x, 1) IGNORE NULLS ORDER BY x) FROM UNNEST([NULL, 1, -2, 3]) AS x;
--> [[[1, 3], [-2, 3]]]
SELECT ARRAY_AGG(x ORDER BY ABS(x), x) FROM UNNEST([2, 1, -2, 3, -2, 1, 2]) AS x;
--> [[[1, 1, -2, -2, 2, 2, 3]]]
SELECT ARRAY_AGG(x ORDER BY x DESC LIMIT 3) FROM UNNEST([2, 1, -2, 3]) AS x;
--> [[[3, 2, 1]]]
SELECT ARRAY_LENGTH(ARRAY_AGG(x LIMIT 5)) FROM UNNEST([2, 1, -2, 3, -2, 1, 2]) AS x;
--> [[5]]
SELECT x, ARRAY_AGG(y ORDER BY y) FROM UNNEST([STRUCT(1 AS x, 'a' AS y), (1, 'b'), (2, 'a'), (2, 'c')]) GROUP BY x ORDER BY x;
--> [[1, ["a", "b"]], [2, ["a", "c"]]]
SELECT ARRAY_AGG(x) FROM UNNEST([1, NULL]) AS x;
--! null element
SELECT ARRAY_LENGTH(ARRAY_AGG(x)) FROM UNNEST([1, NULL]) AS x;
--> [[2]]
SELECT ARRAY_AGG(x) FROM UNNEST(CAST([] AS ARRAY<INT64>)) AS x;
--> [[[]]]
SELECT ARRAY_AGG(x) IS NULL FROM UNNEST(CAST([] AS ARRAY<INT64>)) AS x;
--> [[true]]
SELECT ARRAY_AGG([x]) FROM UNNEST([1]) AS x;
--! ARRAY_AGG
SELECT ARRAY_AGG(STRUCT(x, x * x AS y) ORDER BY x) FROM UNNEST([2, 1]) AS x;
--> [[[{"x": 1, "y": 1}, {"x": 2, "y": 4}]]]
SELECT x, ARRAY_LENGTH(ARRAY_AGG(x) OVER (ORDER BY ABS(x))) FROM UNNEST([2, 1, -2, 3, -2, 1, 2]) AS x ORDER BY ABS(x), x;
--> [[1, 2], [1, 2], [-2, 6], [-2, 6], [2, 6], [2, 6], [3, 7]]

-- ARRAY_CONCAT_AGG
SELECT ARRAY_CONCAT_AGG(x ORDER BY ARRAY_LENGTH(x)) FROM (SELECT [1, 2, 3, 4] AS x UNION ALL SELECT [5, 6] UNION ALL SELECT [7, 8, 9]);
--> [[[5, 6, 7, 8, 9, 1, 2, 3, 4]]]
SELECT ARRAY_CONCAT_AGG(x ORDER BY ARRAY_LENGTH(x) LIMIT 2) FROM (SELECT [1, 2, 3, 4] AS x UNION ALL SELECT [5, 6] UNION ALL SELECT [7, 8, 9]);
--> [[[5, 6, 7, 8, 9]]]
SELECT ARRAY_CONCAT_AGG(x ORDER BY ARRAY_LENGTH(x)) FROM (SELECT [1, 2, 3] AS x UNION ALL SELECT NULL UNION ALL SELECT [5, 6]);
--> [[[5, 6, 1, 2, 3]]]
SELECT ARRAY_CONCAT_AGG(x) FROM UNNEST([1]) AS x;
--! ARRAY_CONCAT_AGG

-- AVG, SUM, MIN, MAX
SELECT AVG(x), AVG(DISTINCT x) FROM UNNEST([0, 2, 4, 4, 5]) AS x;
--> [[3.0, 2.75]]
SELECT x, AVG(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM UNNEST([0, 2, NULL, 4, 4, 5]) AS x ORDER BY 1, 2;
--> [[null, null], [0, 0.0], [2, 1.0], [4, 3.0], [4, 4.0], [5, 4.5]]
SELECT AVG(x), SUM(x) FROM UNNEST([NUMERIC '1.1', NUMERIC '2.3', NULL]) AS x;
--> [["1.7", "3.4"]]
SELECT AVG(x) FROM UNNEST([NUMERIC '1', NUMERIC '1', NUMERIC '2']) AS x;
--> [["1.333333333"]]
SELECT AVG(x), SUM(x), MIN(x), MAX(x), COUNT(x) FROM UNNEST([CAST(NULL AS INT64)]) AS x;
--> [[null, null, null, null, 0]]
SELECT SUM(x), SUM(DISTINCT x) FROM UNNEST([1, 2, 3, 4, 5, 4, 3, 2, 1]) AS x;
--> [[25, 15]]
SELECT x, SUM(x) OVER (PARTITION BY MOD(x, 3)), SUM(DISTINCT x) OVER (PARTITION BY MOD(x, 3)) FROM UNNEST([1, 2, 3, 4, 5, 4, 3, 2, 1]) AS x ORDER BY x;
--> [[1, 10, 5], [1, 10, 5], [2, 9, 7], [2, 9, 7], [3, 6, 3], [3, 6, 3], [4, 10, 5], [4, 10, 5], [5, 9, 7]]
SELECT SUM(x) FROM UNNEST(CAST([] AS ARRAY<INT64>)) AS x;
--> [[null]]
SELECT SUM(x), AVG(x) FROM UNNEST([1.5, 2.5]) AS x;
--> [[4.0, 2.0]]
SELECT SUM(x) FROM UNNEST([9223372036854775807, 1]) AS x;
--! overflow
SELECT SUM(x) FROM UNNEST(['a']) AS x;
--! No matching signature for aggregate function SUM
SELECT AVG(x) FROM UNNEST(['a']) AS x;
--! No matching signature for aggregate function AVG
SELECT MAX(x), MIN(x) FROM UNNEST([8, 37, 55, 4]) AS x;
--> [[55, 4]]
SELECT MAX(x), MIN(x) FROM UNNEST(['b', 'a', 'c']) AS x;
--> [["c", "a"]]
SELECT MAX(x), MIN(x) FROM UNNEST([DATE '2024-01-01', DATE '2023-01-01']) AS x;
--> [["2024-01-01", "2023-01-01"]]
SELECT MAX(x), MIN(x) FROM UNNEST([1.0, CAST('NaN' AS FLOAT64), 2.0]) AS x;
--> [["NaN", "NaN"]]
SELECT x, MAX(x) OVER (PARTITION BY MOD(x, 2)), MIN(x) OVER (PARTITION BY MOD(x, 2)) FROM UNNEST([8, NULL, 37, 55, NULL, 4]) AS x ORDER BY x;
--> [[null, null, null], [null, null, null], [4, 8, 4], [8, 8, 4], [37, 55, 37], [55, 55, 37]]
SELECT MAX(x) FROM UNNEST([STRUCT(1 AS a)]) AS x;
--! No matching signature for aggregate function MAX

-- Bits
SELECT BIT_AND(x), BIT_OR(x) FROM UNNEST([0xF001, 0x00A1]) AS x;
--> [[1, 61601]]
SELECT BIT_XOR(x) FROM UNNEST([5678, 1234]) AS x;
--> [[4860]]
SELECT BIT_XOR(x), BIT_XOR(DISTINCT x) FROM UNNEST([1234, 5678, 1234]) AS x;
--> [[5678, 4860]]
SELECT BIT_AND(x) FROM UNNEST(CAST([] AS ARRAY<INT64>)) AS x;
--> [[null]]

-- COUNT and COUNTIF
SELECT COUNT(*), COUNT(DISTINCT x) FROM UNNEST([1, 4, 4, 5]) AS x;
--> [[4, 3]]
SELECT x, COUNT(*) OVER (PARTITION BY MOD(x, 3)), COUNT(DISTINCT x) OVER (PARTITION BY MOD(x, 3)) FROM UNNEST([1, 4, 4, 5]) AS x ORDER BY x;
--> [[1, 3, 2], [4, 3, 2], [4, 3, 2], [5, 1, 1]]
SELECT x, COUNT(*) OVER (PARTITION BY MOD(x, 3)), COUNT(x) OVER (PARTITION BY MOD(x, 3)) FROM UNNEST([1, 4, NULL, 4, 5]) AS x ORDER BY x;
--> [[null, 1, 0], [1, 3, 3], [4, 3, 3], [4, 3, 3], [5, 1, 1]]
SELECT COUNT(DISTINCT IF(x > 0, x, NULL)) FROM UNNEST([1, -2, 4, 1, -5, 4, 1, 3, -6, 1]) AS x;
--> [[3]]
SELECT COUNTIF(x < 0), COUNTIF(x > 0) FROM UNNEST([5, -2, 3, 6, -10, -7, 4, 0]) AS x;
--> [[3, 4]]
SELECT x, COUNTIF(x < 0) OVER (ORDER BY ABS(x) ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM UNNEST([5, -2, 3, 6, -10, NULL, -7, 4, 0]) AS x ORDER BY ABS(x);
--> [[null, 0], [0, 1], [-2, 1], [3, 1], [4, 0], [5, 0], [6, 1], [-7, 2], [-10, 2]]
SELECT COUNTIF(x) FROM UNNEST([1]) AS x;
--! No matching signature for aggregate function COUNTIF
SELECT COUNTIF(x = 1), COUNT(x) FROM UNNEST(CAST([] AS ARRAY<INT64>)) AS x;
--> [[0, 0]]

-- LOGICAL_AND, LOGICAL_OR
SELECT LOGICAL_AND(x < 3), LOGICAL_OR(x < 3) FROM UNNEST([1, 2, 4]) AS x;
--> [[false, true]]
SELECT LOGICAL_AND(x), LOGICAL_OR(x) FROM UNNEST([NULL, TRUE]) AS x;
--> [[true, true]]
SELECT LOGICAL_OR(x) FROM UNNEST([CAST(NULL AS BOOL)]) AS x;
--> [[null]]

-- STRING_AGG
SELECT STRING_AGG(f ORDER BY f) FROM UNNEST(['apple', NULL, 'pear', 'banana', 'pear']) AS f;
--> [["apple,banana,pear,pear"]]
SELECT STRING_AGG(f, ' & ' ORDER BY f) FROM UNNEST(['apple', 'pear', 'banana', 'pear']) AS f;
--> [["apple & banana & pear & pear"]]
SELECT STRING_AGG(DISTINCT f, ' & ' ORDER BY f) FROM UNNEST(['apple', 'pear', 'banana', 'pear']) AS f;
--> [["apple & banana & pear"]]
SELECT STRING_AGG(f, ' & ' ORDER BY LENGTH(f)) FROM UNNEST(['apple', 'pear', 'banana', 'pear']) AS f;
--> [["pear & pear & apple & banana"]]
SELECT STRING_AGG(f, ' & ' ORDER BY f LIMIT 2) FROM UNNEST(['apple', 'pear', 'banana', 'pear']) AS f;
--> [["apple & banana"]]
SELECT STRING_AGG(DISTINCT f, ' & ' ORDER BY f DESC LIMIT 2) FROM UNNEST(['apple', 'pear', 'banana', 'pear']) AS f;
--> [["pear & banana"]]
SELECT f, STRING_AGG(f, '&') OVER (ORDER BY LENGTH(f)) FROM UNNEST(['apple', NULL, 'pear', 'banana', 'pear']) AS f ORDER BY LENGTH(f);
--> [[null, null], ["pear", "pear&pear"], ["pear", "pear&pear"], ["apple", "pear&pear&apple"], ["banana", "pear&pear&apple&banana"]]
SELECT STRING_AGG(b, b'-' ORDER BY b) FROM UNNEST([b'a', b'b', NULL]) AS b;
--> [["YS1i"]]
SELECT STRING_AGG(x) FROM UNNEST([1]) AS x;
--! No matching signature for aggregate function STRING_AGG

-- GROUPING
CREATE TABLE products AS SELECT 'shirt' AS kind, 't-shirt' AS name, 3 AS n UNION ALL SELECT 'shirt', 't-shirt', 8 UNION ALL SELECT 'shirt', 'polo', 25 UNION ALL SELECT 'pants', 'jeans', 6;

SELECT kind, name, SUM(n) AS total, GROUPING(kind) AS gk, GROUPING(name) AS gn FROM products GROUP BY GROUPING SETS(kind, name, ()) ORDER BY name, kind;
--> [[null, null, 42, 1, 1], ["pants", null, 6, 0, 1], ["shirt", null, 36, 0, 1], [null, "jeans", 6, 1, 0], [null, "polo", 25, 1, 0], [null, "t-shirt", 11, 1, 0]]
SELECT kind, name, SUM(n) FROM products GROUP BY ROLLUP(kind, name) ORDER BY kind, name;
--> [[null, null, 42], ["pants", null, 6], ["pants", "jeans", 6], ["shirt", null, 36], ["shirt", "polo", 25], ["shirt", "t-shirt", 11]]
SELECT kind, name, SUM(n) FROM products GROUP BY CUBE(kind, name) ORDER BY kind, name;
--> [[null, null, 42], [null, "jeans", 6], [null, "polo", 25], [null, "t-shirt", 11], ["pants", null, 6], ["pants", "jeans", 6], ["shirt", null, 36], ["shirt", "polo", 25], ["shirt", "t-shirt", 11]]
SELECT kind, name, SUM(n) FROM products GROUP BY GROUPING SETS((kind, name), kind) ORDER BY kind, name;
--> [["pants", null, 6], ["pants", "jeans", 6], ["shirt", null, 36], ["shirt", "polo", 25], ["shirt", "t-shirt", 11]]
SELECT kind, name, SUM(n) FROM products GROUP BY ALL ORDER BY name;
--> [["pants", "jeans", 6], ["shirt", "polo", 25], ["shirt", "t-shirt", 11]]
SELECT UPPER(kind) AS k, COUNT(*) FROM products GROUP BY ALL ORDER BY k;
--> [["PANTS", 1], ["SHIRT", 3]]

-- HAVING MAX and HAVING MIN keep the rows with the greatest or least of another column.
SELECT SUM(n HAVING MAX kind), COUNT(n HAVING MIN kind), MAX(n HAVING MAX kind) FROM products;
--> [[36, 1, 25]]
