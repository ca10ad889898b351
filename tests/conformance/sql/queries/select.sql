CREATE TABLE produce AS SELECT 'kale' AS item, 51 AS sales, 'spring' AS season UNION ALL SELECT 'apples', 77, 'fall' UNION ALL SELECT 'bananas', 10, NULL;

SELECT * FROM produce ORDER BY item;
--> [["apples", 77, "fall"], ["bananas", 10, null], ["kale", 51, "spring"]]
SELECT * EXCEPT (season) FROM produce ORDER BY sales;
--> [["bananas", 10], ["kale", 51], ["apples", 77]]
SELECT * EXCEPT (nothing) FROM produce;
--! does not exist
SELECT * REPLACE (sales * 2 AS sales) FROM produce WHERE item = 'kale';
--> [["kale", 102, "spring"]]
SELECT * EXCEPT (season) REPLACE ('x' AS item) FROM produce WHERE sales = 10;
--> [["x", 10]]
SELECT * REPLACE (1 AS nothing) FROM produce;
--! does not exist
SELECT p.*, 1 AS one FROM produce AS p WHERE item = 'kale';
--> [["kale", 51, "spring", 1]]
SELECT p.item, produce FROM produce AS p;
--! Unrecognized name
SELECT DISTINCT x FROM UNNEST([1, 1, NULL, NULL]) AS x ORDER BY x;
--> [[null], [1]]
SELECT ALL x FROM UNNEST([1, 1]) AS x;
--> [[1], [1]]
SELECT AS STRUCT 1 AS a, 2 AS b;
--> [[1, 2]]
SELECT AS VALUE STRUCT(1 AS a, 2 AS b);
--> [[1, 2]]
SELECT t.a FROM (SELECT AS STRUCT 1 AS a, 2 AS b) AS t;
--> [[1]]
SELECT x + 1 FROM (SELECT AS VALUE 5) AS x;
--> [[6]]
SELECT AS VALUE 1, 2;
--! exactly one column
SELECT ARRAY(SELECT AS VALUE STRUCT(1 AS a)), ARRAY(SELECT AS STRUCT 1 AS a);
--> [[[{"a": 1}], [{"a": 1}]]]
SELECT 1 AS a, 2 AS a;
--! Duplicate column names
SELECT 1, 2;
--> [[1, 2]]
SELECT *;
--! must have a FROM clause
SELECT item, FROM produce WHERE sales > 60;
--> [["apples"]]

-- Names: aliases of the list are known in GROUP BY, HAVING, ORDER BY and QUALIFY, not in WHERE.
SELECT UPPER(item) AS u FROM produce WHERE u = 'KALE';
--! Unrecognized name: u
SELECT UPPER(item) AS u FROM produce ORDER BY u LIMIT 1;
--> [["APPLES"]]
SELECT sales > 20 AS big, COUNT(*) AS n FROM produce GROUP BY big HAVING n > 1;
--> [[true, 2]]
SELECT ITEM, Sales FROM produce WHERE SEASON = 'fall';
--> [["apples", 77]]
SELECT a.x FROM (SELECT 1 AS x) AS a, (SELECT 2 AS x) AS b;
--> [[1]]
SELECT x FROM (SELECT 1 AS x) AS a, (SELECT 2 AS x) AS b;
--! ambiguous

-- ORDER BY puts NULL first, and last where it descends, unless told otherwise.
SELECT x FROM UNNEST([1, TRUE, NULL]) AS x;
--! do not have a common supertype
SELECT x FROM UNNEST([2, NULL, 1]) AS x ORDER BY x;
--> [[null], [1], [2]]
SELECT x FROM UNNEST([2, NULL, 1]) AS x ORDER BY x DESC;
--> [[2], [1], [null]]
SELECT x FROM UNNEST([2, NULL, 1]) AS x ORDER BY x NULLS LAST;
--> [[1], [2], [null]]
SELECT x FROM UNNEST([2, NULL, 1]) AS x ORDER BY x DESC NULLS FIRST;
--> [[null], [2], [1]]
SELECT x, y FROM UNNEST([STRUCT(1 AS x, 'a' AS y), (1, 'b'), (0, 'c')]) ORDER BY x, y DESC;
--> [[0, "c"], [1, "b"], [1, "a"]]
SELECT item FROM produce ORDER BY LENGTH(item), 1;
--> [["kale"], ["apples"], ["bananas"]]
SELECT item FROM produce ORDER BY sales DESC LIMIT 1 OFFSET 1;
--> [["kale"]]
SELECT x FROM UNNEST([3, 1, 2]) AS x ORDER BY x LIMIT 0;
--> []
SELECT x FROM UNNEST([3, 1, 2]) AS x ORDER BY x LIMIT 2 OFFSET 5;
--> []
SELECT x FROM UNNEST([1]) AS x LIMIT -1;
--! LIMIT

-- WHERE keeps what is true.
SELECT x FROM UNNEST([1, NULL, 3]) AS x WHERE x > 1;
--> [[3]]
SELECT x FROM UNNEST([1, NULL, 3]) AS x WHERE NOT x > 1;
--> [[1]]
SELECT 1 FROM UNNEST([1]) WHERE 'a';
--! WHERE clause should return type BOOL
SELECT COUNT(*) FROM UNNEST([1]) AS x WHERE COUNT(*) > 1;
--! not allowed in WHERE clause
