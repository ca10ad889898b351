CREATE TABLE runners AS SELECT * FROM UNNEST([STRUCT('Carly' AS name, TIMESTAMP '2016-10-18 03:08:58+00' AS t, 'F25' AS d), ('Sophia', '2016-10-18 02:51:45+00', 'F30'), ('Nikki', '2016-10-18 02:59:01+00', 'F30'), ('Jen', '2016-10-18 03:06:36+00', 'F30'), ('Lisa', '2016-10-18 02:54:11+00', 'F35'), ('Lauren', '2016-10-18 03:01:17+00', 'F35')]);

SELECT name, TIMESTAMP_DIFF(t, FIRST_VALUE(t) OVER (PARTITION BY d ORDER BY t), SECOND) FROM runners ORDER BY d, t;
--> [["Carly", 0], ["Sophia", 0], ["Nikki", 436], ["Jen", 891], ["Lisa", 0], ["Lauren", 426]]
SELECT name, LAST_VALUE(name) OVER (PARTITION BY d ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM runners ORDER BY d, t;
--> [["Carly", "Carly"], ["Sophia", "Jen"], ["Nikki", "Jen"], ["Jen", "Jen"], ["Lisa", "Lauren"], ["Lauren", "Lauren"]]
SELECT name, LAST_VALUE(name) OVER (PARTITION BY d ORDER BY t) FROM runners WHERE d = 'F30' ORDER BY t;
--> [["Sophia", "Sophia"], ["Nikki", "Nikki"], ["Jen", "Jen"]]
SELECT name, NTH_VALUE(name, 2) OVER (PARTITION BY d ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM runners ORDER BY d, t;
--> [["Carly", null], ["Sophia", "Nikki"], ["Nikki", "Nikki"], ["Jen", "Nikki"], ["Lisa", "Lauren"], ["Lauren", "Lauren"]]
SELECT name, LAG(name) OVER w, LAG(name, 2) OVER w, LAG(name, 2, 'Nobody') OVER w FROM runners WHERE d = 'F30' WINDOW w AS (PARTITION BY d ORDER BY t) ORDER BY t;
--> [["Sophia", null, null, "Nobody"], ["Nikki", "Sophia", null, "Nobody"], ["Jen", "Nikki", "Sophia", "Sophia"]]
SELECT name, LEAD(name) OVER w, LEAD(name, 2) OVER w, LEAD(name, 2, 'Nobody') OVER w FROM runners WHERE d = 'F30' WINDOW w AS (PARTITION BY d ORDER BY t) ORDER BY t;
--> [["Sophia", "Nikki", "Jen", "Jen"], ["Nikki", "Jen", null, "Nobody"], ["Jen", null, null, "Nobody"]]
SELECT x, FIRST_VALUE(x IGNORE NULLS) OVER (ORDER BY o), LAST_VALUE(x IGNORE NULLS) OVER (ORDER BY o) FROM UNNEST([NULL, 3, NULL, 5]) AS x WITH OFFSET AS o ORDER BY o;
--> [[null, null, null], [3, 3, 3], [null, 3, 3], [5, 3, 5]]
SELECT FIRST_VALUE(x RESPECT NULLS) OVER (ORDER BY o), NTH_VALUE(x, 1 IGNORE NULLS) OVER (ORDER BY o) FROM UNNEST([NULL, 3]) AS x WITH OFFSET AS o ORDER BY o;
--> [[null, null], [null, 3]]

-- PERCENTILE_CONT and PERCENTILE_DISC
SELECT PERCENTILE_CONT(x, 0) OVER (), PERCENTILE_CONT(x, 0.01) OVER (), PERCENTILE_CONT(x, 0.5) OVER (), PERCENTILE_CONT(x, 0.9) OVER (), PERCENTILE_CONT(x, 1) OVER () FROM UNNEST([0, 3, NULL, 1, 2]) AS x LIMIT 1;
--> [[0.0, 0.03, 1.5, 2.7, 3.0]]
SELECT PERCENTILE_CONT(x, 0 RESPECT NULLS) OVER (), PERCENTILE_CONT(x, 0.01 RESPECT NULLS) OVER (), PERCENTILE_CONT(x, 0.5 RESPECT NULLS) OVER (), PERCENTILE_CONT(x, 0.9 RESPECT NULLS) OVER (), PERCENTILE_CONT(x, 1 RESPECT NULLS) OVER () FROM UNNEST([0, 3, NULL, 1, 2]) AS x LIMIT 1;
--> [[null, 0.0, 1.0, 2.6, 3.0]]
SELECT x, PERCENTILE_DISC(x, 0) OVER (), PERCENTILE_DISC(x, 0.5) OVER (), PERCENTILE_DISC(x, 1) OVER () FROM UNNEST(['c', NULL, 'b', 'a']) AS x ORDER BY x;
--> [[null, "a", "b", "c"], ["a", "a", "b", "c"], ["b", "a", "b", "c"], ["c", "a", "b", "c"]]
SELECT DISTINCT PERCENTILE_DISC(x, 0 RESPECT NULLS) OVER (), PERCENTILE_DISC(x, 0.5 RESPECT NULLS) OVER (), PERCENTILE_DISC(x, 1 RESPECT NULLS) OVER () FROM UNNEST(['c', NULL, 'b', 'a']) AS x;
--> [[null, "a", "c"]]
SELECT DISTINCT g, PERCENTILE_CONT(x, 0.5) OVER (PARTITION BY g) FROM UNNEST([STRUCT(1 AS g, 1 AS x), (1, 2), (2, 5)]) ORDER BY g;
--> [[1, 1.5], [2, 5.0]]
SELECT DISTINCT PERCENTILE_CONT(x, 0.5) OVER () FROM UNNEST([NUMERIC '1', NUMERIC '2']) AS x;
--> [["1.5"]]
SELECT PERCENTILE_CONT(x, 0.5) FROM UNNEST([1]) AS x;
--! OVER clause
