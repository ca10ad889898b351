SELECT * FROM UNNEST([10, 20, 30]);
--> [[10], [20], [30]]
SELECT n, pos FROM UNNEST(['a', 'b']) AS n WITH OFFSET AS pos ORDER BY pos;
--> [["a", 0], ["b", 1]]
SELECT n, offset FROM UNNEST(['a', 'b']) AS n WITH OFFSET ORDER BY offset DESC;
--> [["b", 1], ["a", 0]]
SELECT * FROM UNNEST(CAST(NULL AS ARRAY<INT64>));
--> []
SELECT * FROM UNNEST(CAST([] AS ARRAY<INT64>));
--> []
SELECT x FROM UNNEST([1, NULL, 2]) AS x ORDER BY x;
--> [[null], [1], [2]]
SELECT a, b FROM UNNEST([STRUCT(1 AS a, 'x' AS b), STRUCT(2, 'y')]) ORDER BY a;
--> [[1, "x"], [2, "y"]]
SELECT s.a, s.b, s FROM UNNEST([STRUCT(1 AS a, 'x' AS b)]) AS s;
--> [[1, "x", {"a": 1, "b": "x"}]]
SELECT s, o FROM UNNEST([STRUCT(1 AS a)]) AS s WITH OFFSET AS o;
--> [[{"a": 1}, 0]]
SELECT * FROM UNNEST([STRUCT(1 AS a, 'x' AS b)]) AS s WITH OFFSET AS o;
--> [[1, "x", 0]]
CREATE TABLE seqs AS SELECT 1 AS id, [0, 1, 1, 2, 3, 5] AS xs UNION ALL SELECT 2, [2, 4, 8, 16, 32] UNION ALL SELECT 3, [5, 10];

SELECT id, x FROM seqs, UNNEST(xs) AS x WHERE x >= 10 ORDER BY id, x;
--> [[2, 16], [2, 32], [3, 10]]
SELECT id, x FROM seqs CROSS JOIN seqs.xs AS x WHERE id = 3 ORDER BY x;
--> [[3, 5], [3, 10]]
SELECT id, x FROM seqs AS s, s.xs AS x WHERE id = 3 ORDER BY x;
--> [[3, 5], [3, 10]]
SELECT id, x FROM seqs INNER JOIN UNNEST(xs) AS x ON x = id + 2 ORDER BY id;
--> [[1, 3], [2, 4], [3, 5]]
SELECT id, x FROM seqs LEFT JOIN UNNEST(xs) AS x ON x > 30 ORDER BY id;
--> [[1, null], [2, 32], [3, null]]
SELECT id, x, o FROM seqs, UNNEST(xs) AS x WITH OFFSET AS o WHERE o = 1 ORDER BY id;
--> [[1, 1, 1], [2, 4, 1], [3, 10, 1]]
SELECT id, (SELECT SUM(x) FROM UNNEST(xs) AS x) AS s, (SELECT MAX(x) FROM UNNEST(xs) AS x) AS m FROM seqs ORDER BY id;
--> [[1, 12, 5], [2, 62, 32], [3, 15, 10]]
SELECT id, ARRAY(SELECT x * 2 FROM UNNEST(xs) AS x WHERE x < 3 ORDER BY x) AS d FROM seqs ORDER BY id;
--> [[1, [0, 2, 2, 4]], [2, [4]], [3, []]]
SELECT id, EXISTS(SELECT * FROM UNNEST(xs) AS x WHERE x > 5) FROM seqs ORDER BY id;
--> [[1, false], [2, true], [3, true]]
SELECT id FROM seqs WHERE 2 IN UNNEST(xs) ORDER BY id;
--> [[1], [2]]
SELECT id, COUNT(*) FROM seqs, UNNEST(xs) GROUP BY id ORDER BY id;
--> [[1, 6], [2, 5], [3, 2]]
SELECT a, b FROM UNNEST([1, 2]) AS a, UNNEST(['x', 'y']) AS b ORDER BY a, b;
--> [[1, "x"], [1, "y"], [2, "x"], [2, "y"]]
SELECT * FROM UNNEST(5);
--! must be arrays
SELECT r.name, s FROM (SELECT 'race' AS name, [STRUCT('Ann' AS n, [23.4, 26.3] AS splits), STRUCT('Bea', [24.1])] AS p) AS r, r.p AS q, q.splits AS s ORDER BY s;
--> [["race", 23.4], ["race", 24.1], ["race", 26.3]]
