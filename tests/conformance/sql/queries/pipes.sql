CREATE TABLE produce AS SELECT 'apples' AS item, 2 AS sales, 'fruit' AS category UNION ALL SELECT 'carrots', 8, 'vegetable' UNION ALL SELECT 'apples', 7, 'fruit' UNION ALL SELECT 'bananas', 5, 'fruit';

FROM produce;
--~ [["apples", 2, "fruit"], ["carrots", 8, "vegetable"], ["apples", 7, "fruit"], ["bananas", 5, "fruit"]]
FROM produce |> WHERE sales > 6 |> ORDER BY sales;
--> [["apples", 7, "fruit"], ["carrots", 8, "vegetable"]]
FROM produce |> SELECT item, sales * 2 AS s |> ORDER BY s;
--> [["apples", 4], ["bananas", 10], ["apples", 14], ["carrots", 16]]
FROM produce |> SELECT DISTINCT item |> ORDER BY item;
--> [["apples"], ["bananas"], ["carrots"]]
FROM produce |> SELECT item |> DISTINCT |> ORDER BY item;
--> [["apples"], ["bananas"], ["carrots"]]
FROM produce |> EXTEND item IN ('carrots', 'oranges') AS orange |> WHERE orange |> SELECT item, orange;
--> [["carrots", true]]
FROM produce |> EXTEND sales + 1 AS a |> EXTEND a + 1 AS b |> WHERE item = 'bananas';
--> [["bananas", 5, "fruit", 6, 7]]
FROM produce |> EXTEND SUM(sales) OVER () AS total |> WHERE sales = 8 |> SELECT item, total;
--> [["carrots", 22]]
FROM produce |> SET sales = sales * 10, category = 'x' |> WHERE item = 'bananas';
--> [["bananas", 50, "x"]]
FROM produce |> DROP sales, category |> DISTINCT |> ORDER BY item;
--> [["apples"], ["bananas"], ["carrots"]]
FROM produce |> RENAME sales AS sold |> SELECT sold |> ORDER BY sold LIMIT 1;
--! Syntax error
FROM produce |> RENAME sales AS sold |> SELECT sold |> ORDER BY sold |> LIMIT 1;
--> [{"sold": 2}]
FROM produce |> AS p |> WHERE p.sales = 5 |> SELECT p.item;
--> [["bananas"]]
FROM produce |> AGGREGATE COUNT(*) AS n, SUM(sales) AS s;
--> [[4, 22]]
FROM produce |> AGGREGATE SUM(sales) AS s GROUP BY item |> ORDER BY item;
--> [["apples", 9], ["bananas", 5], ["carrots", 8]]
FROM produce |> AGGREGATE SUM(sales) AS s, COUNT(*) AS n GROUP BY category, LENGTH(item) AS l |> ORDER BY category, l;
--> [["fruit", 6, 9, 2], ["fruit", 7, 5, 1], ["vegetable", 7, 8, 1]]
FROM produce |> AGGREGATE SUM(sales) AS s GROUP AND ORDER BY item DESC;
--> [["carrots", 8], ["bananas", 5], ["apples", 9]]
FROM produce |> AGGREGATE SUM(sales) AS s DESC GROUP BY item;
--> [["apples", 9], ["carrots", 8], ["bananas", 5]]
FROM produce |> AGGREGATE GROUP BY category |> ORDER BY category;
--> [["fruit"], ["vegetable"]]
FROM produce |> AGGREGATE SUM(sales) AS s GROUP BY item |> WHERE s > 8;
--> [["apples", 9]]
FROM produce |> ORDER BY sales DESC |> LIMIT 1;
--> [["carrots", 8, "vegetable"]]
FROM produce |> ORDER BY sales |> LIMIT 2 OFFSET 1;
--> [["bananas", 5, "fruit"], ["apples", 7, "fruit"]]
FROM produce |> JOIN (SELECT 'fruit' AS category, 1 AS id) AS c USING (category) |> SELECT item, id |> ORDER BY item;
--> [["apples", 1], ["apples", 1], ["bananas", 1]]
FROM produce AS p |> LEFT JOIN (SELECT 'carrots' AS item, 9 AS id) AS c ON p.item = c.item |> SELECT p.item, c.id |> DISTINCT |> ORDER BY item;
--> [["apples", null], ["bananas", null], ["carrots", 9]]
FROM produce |> WHERE sales > 6 |> AS p |> CROSS JOIN UNNEST([1, 2]) AS n |> AGGREGATE COUNT(*) AS c;
--> [[4]]
FROM UNNEST([1, 2]) AS x |> UNION ALL (SELECT 3), (SELECT 1) |> ORDER BY x;
--> [[1], [1], [2], [3]]
FROM UNNEST([1, 2]) AS x |> UNION DISTINCT (SELECT 1) |> ORDER BY x;
--> [[1], [2]]
FROM UNNEST([1, 2, 3]) AS x |> INTERSECT DISTINCT (SELECT 2), (FROM UNNEST([2, 3]));
--> [[2]]
FROM UNNEST([1, 2, 3]) AS x |> EXCEPT DISTINCT (SELECT 2) |> ORDER BY x;
--> [[1], [3]]
SELECT 1 AS a, 2 AS b |> UNION ALL BY NAME (SELECT 4 AS b, 3 AS a) |> ORDER BY a;
--> [[1, 2], [3, 4]]
SELECT 1 AS a |> FULL UNION ALL BY NAME (SELECT 4 AS b) |> ORDER BY a;
--> [[null, 4], [1, null]]
FROM produce |> SELECT item, sales |> PIVOT(SUM(sales) FOR item IN ('apples', 'bananas'));
--> [[9, 5]]
SELECT 1 AS a, 2 AS b |> UNPIVOT(v FOR k IN (a, b)) |> ORDER BY k;
--> [[1, "a"], [2, "b"]]
WITH t AS (SELECT 1 AS x) FROM t |> EXTEND x + 1 AS y;
--> [[1, 2]]
SELECT x FROM (FROM UNNEST([3, 4]) AS x |> WHERE x > 3);
--> [[4]]
SELECT (FROM UNNEST([3, 4]) AS x |> AGGREGATE SUM(x));
--> [[7]]
SELECT 1 AS x |> WHERE x = 1 |> SELECT x + 1 AS x |> SELECT x + 1 AS x;
--> [[3]]
FROM produce |> SELECT AS STRUCT item, sales |> WHERE sales = 5;
--> [["bananas", 5]]
FROM UNNEST([1, 2]) AS x |> ASSERT x < 5 |> AGGREGATE SUM(x) AS s;
--> [[3]]
FROM UNNEST([1, 2]) AS x |> ASSERT x < 2, 'x is', x |> AGGREGATE SUM(x) AS s;
--! Assert failed
FROM produce |> TABLESAMPLE SYSTEM (100 PERCENT) |> AGGREGATE COUNT(*) AS n;
--> [[4]]
FROM produce |> WHERE nothing = 1;
--! Unrecognized name: nothing
FROM produce |> DROP nothing;
--! does not exist
FROM produce |> SET nothing = 1;
--! does not exist
FROM produce |> FLY;
--! Syntax error
FROM produce |> EXTEND 1 AS one |> WHERE one = 1 |> JOIN (SELECT 'bananas' AS item) USING (item) |> SELECT one;
--> [[1]]
