WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS x FROM a) SELECT * FROM a UNION ALL SELECT * FROM b ORDER BY x;
--> [[1], [2]]
WITH a AS (SELECT 1 AS x) SELECT (SELECT x FROM a) + x FROM a;
--> [[2]]
WITH a AS (SELECT 1 AS x) SELECT * FROM (WITH a AS (SELECT 2 AS x) SELECT * FROM a);
--> [[2]]
WITH a AS (SELECT 1) SELECT * FROM b;
--! (notFound) Not found: Table
WITH RECURSIVE t AS ((SELECT 1 AS n) UNION ALL (SELECT n + 1 FROM t WHERE n < 3)) SELECT n FROM t ORDER BY n;
--> [[1], [2], [3]]
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 2 FROM t WHERE n < 6) SELECT n FROM t ORDER BY n;
--> [[1], [3], [5], [7]]
WITH RECURSIVE t AS (SELECT 1 AS n UNION DISTINCT SELECT MOD(n + 1, 3) FROM t) SELECT n FROM t ORDER BY n;
--> [[0], [1], [2]]
WITH RECURSIVE f AS (SELECT 0 AS a, 1 AS b, 1 AS i UNION ALL SELECT b, a + b, i + 1 FROM f WHERE i < 8) SELECT a FROM f ORDER BY i;
--> [[0], [1], [1], [2], [3], [5], [8], [13]]
WITH RECURSIVE e AS (SELECT 'ann' AS n, CAST(NULL AS STRING) AS boss UNION ALL SELECT 'bob', 'ann' UNION ALL SELECT 'cy', 'bob'), t AS (SELECT n, 0 AS d FROM e WHERE boss IS NULL UNION ALL SELECT e.n, t.d + 1 FROM e JOIN t ON e.boss = t.n) SELECT * FROM t ORDER BY d;
--> [["ann", 0], ["bob", 1], ["cy", 2]]
-- With RECURSIVE a table may read one that is defined behind it.
WITH RECURSIVE a AS (SELECT x + 1 AS x FROM b), b AS (SELECT 1 AS x) SELECT a.x, b.x AS y FROM a, b;
--> [[2, 1]]
WITH RECURSIVE t AS (SELECT n FROM start UNION ALL SELECT n + 1 FROM t WHERE n < (SELECT most FROM limits)), limits AS (SELECT n + 2 AS most FROM start), start AS (SELECT 1 AS n) SELECT n FROM t ORDER BY n;
--> [[1], [2], [3]]
-- Without it that name means another table.
WITH a AS (SELECT x FROM b), b AS (SELECT 1 AS x) SELECT x FROM a;
--! (notFound) Not found: Table
