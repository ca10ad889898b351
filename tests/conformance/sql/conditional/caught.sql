-- What catches errors, over aggregates, analytic functions and subqueries.
SELECT SAFE_DIVIDE(SUM(x), COUNT(*)) AS q, SAFE_DIVIDE(SUM(x), SUM(x) - 6) AS none, SAFE_DIVIDE(SUM(NUMERIC '1.5'), 2) AS exact
FROM UNNEST([1, 2, 3]) AS x;
--> [[2.0, null, 2.25]]

SELECT x, SAFE_SUBTRACT(x, MIN(x) OVER ()) AS above, SAFE.SUBSTR('abc', x, (SELECT -1)) AS s
FROM UNNEST([1, 2]) AS x ORDER BY x;
--> [[1, 0, null], [2, 1, null]]

SELECT IFERROR(MAX(x) / 2, 0) AS half, ISERROR(MIN(x)) AS bad FROM UNNEST([3, 1]) AS x;
--> [[1.5, false]]
