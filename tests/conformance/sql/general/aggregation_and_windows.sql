SELECT ARRAY_AGG(x ORDER BY x DESC LIMIT 2) a, STRING_AGG(CAST(x AS STRING), '-' ORDER BY x) s, COUNTIF(x>1) c, SUM(x) t, AVG(x) v, APPROX_COUNT_DISTINCT(x) u FROM UNNEST([1,2,3]) x;
--> [[[3, 2], "1-2-3", 2, 6, "2.0", 3]]

SELECT ARRAY_AGG(x IGNORE NULLS ORDER BY x) a, COUNT(DISTINCT x) d, ANY_VALUE(1) v, LOGICAL_OR(x = 1) l, MAX(x) m FROM UNNEST([2,NULL,1,1]) x;
--> [[[1, 1, 2], 2, 1, true, 2]]

SELECT AVG(n) a, SUM(n) s, MIN(n) m FROM UNNEST([NUMERIC '1.1', NUMERIC '2.2']) n;
--> [["1.65", "3.3", "1.1"]]

SELECT x, COUNT(*) c FROM UNNEST(['a','b','a']) x GROUP BY x HAVING c > 1;
--> [["a", 2]]

SELECT UPPER(x) AS x, COUNT(*) FROM UNNEST(['a','A']) x GROUP BY x;
--> [["A", 2]]

SELECT x, SUM(1) c FROM UNNEST([1,2]) x GROUP BY ROLLUP(x) ORDER BY x;
--> [[null, 2], [1, 1], [2, 1]]

SELECT x, ROW_NUMBER() OVER (ORDER BY x DESC) rn FROM UNNEST([1,2,3]) x QUALIFY rn <= 2 ORDER BY rn;
--> [[3, 1], [2, 2]]

SELECT LAG(x) OVER (ORDER BY x) l, SUM(x) OVER (ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) s, FIRST_VALUE(x IGNORE NULLS) OVER w f FROM UNNEST([1,2,3]) x WINDOW w AS (ORDER BY x);
--> [[null, 1, 1], [1, 3, 1], [2, 6, 1]]

SELECT x FROM UNNEST([3,NULL,1]) x ORDER BY x;
--> [[null], [1], [3]]

SELECT x FROM UNNEST([3,NULL,1]) x ORDER BY x DESC;
--> [[3], [1], [null]]
