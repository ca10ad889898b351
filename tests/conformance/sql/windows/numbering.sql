CREATE TABLE n AS SELECT x FROM UNNEST([1, 2, 2, 5, 8, 10, 10]) AS x;

SELECT x, RANK() OVER (ORDER BY x) FROM n ORDER BY x;
--> [[1, 1], [2, 2], [2, 2], [5, 4], [8, 5], [10, 6], [10, 6]]
SELECT x, DENSE_RANK() OVER (ORDER BY x) FROM n ORDER BY x;
--> [[1, 1], [2, 2], [2, 2], [5, 3], [8, 4], [10, 5], [10, 5]]
SELECT x, ROW_NUMBER() OVER (ORDER BY x) AS r FROM n ORDER BY r;
--> [[1, 1], [2, 2], [2, 3], [5, 4], [8, 5], [10, 6], [10, 7]]
SELECT x, PERCENT_RANK() OVER (ORDER BY x) FROM UNNEST([10, 20, 20, 40]) AS x ORDER BY x;
--> [[10, 0.0], [20, 0.3333333333333333], [20, 0.3333333333333333], [40, 1.0]]
SELECT x, CUME_DIST() OVER (ORDER BY x) FROM UNNEST([10, 20, 20, 40]) AS x ORDER BY x;
--> [[10, 0.25], [20, 0.75], [20, 0.75], [40, 1.0]]
SELECT x, NTILE(3) OVER (ORDER BY x) FROM UNNEST([1, 2, 3, 4]) AS x ORDER BY x;
--> [[1, 1], [2, 1], [3, 2], [4, 3]]
SELECT PERCENT_RANK() OVER (ORDER BY x) FROM UNNEST([1]) AS x;
--> [[0.0]]
SELECT ROW_NUMBER() OVER () FROM UNNEST([1]) AS x;
--> [[1]]
SELECT g, x, RANK() OVER (PARTITION BY g ORDER BY x DESC) FROM UNNEST([STRUCT('a' AS g, 1 AS x), ('a', 2), ('b', 3)]) ORDER BY g, x;
--> [["a", 1, 2], ["a", 2, 1], ["b", 3, 1]]
SELECT ROW_NUMBER() FROM n;
--! OVER clause
SELECT NTILE(0) OVER (ORDER BY x) FROM n;
--! NTILE
SELECT RANK(x) OVER (ORDER BY x) FROM n;
--! No matching signature
