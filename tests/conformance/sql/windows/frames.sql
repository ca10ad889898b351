CREATE TABLE produce AS SELECT * FROM UNNEST([STRUCT('kale' AS item, 23 AS purchases, 'vegetable' AS category), ('banana', 2, 'fruit'), ('cabbage', 9, 'vegetable'), ('apple', 8, 'fruit'), ('leek', 2, 'vegetable'), ('lettuce', 10, 'vegetable')]);

SELECT item, SUM(purchases) OVER () FROM produce ORDER BY item;
--> [["apple", 54], ["banana", 54], ["cabbage", 54], ["kale", 54], ["leek", 54], ["lettuce", 54]]
SELECT item, SUM(purchases) OVER (PARTITION BY category ORDER BY purchases ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM produce ORDER BY category, purchases;
--> [["banana", 10], ["apple", 10], ["leek", 44], ["cabbage", 44], ["lettuce", 44], ["kale", 44]]
SELECT item, SUM(purchases) OVER (PARTITION BY category ORDER BY purchases ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM produce ORDER BY category, purchases;
--> [["banana", 2], ["apple", 10], ["leek", 2], ["cabbage", 11], ["lettuce", 21], ["kale", 44]]
SELECT item, SUM(purchases) OVER (PARTITION BY category ORDER BY purchases ROWS UNBOUNDED PRECEDING) FROM produce ORDER BY category, purchases;
--> [["banana", 2], ["apple", 10], ["leek", 2], ["cabbage", 11], ["lettuce", 21], ["kale", 44]]
SELECT item, SUM(purchases) OVER (ORDER BY purchases, item ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) FROM produce ORDER BY purchases, item;
--> [["banana", null], ["leek", null], ["apple", 2], ["cabbage", 4], ["lettuce", 12], ["kale", 21]]
SELECT item, AVG(purchases) OVER (ORDER BY purchases, item ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM produce ORDER BY purchases, item;
--> [["banana", 2.0], ["leek", 4.0], ["apple", 6.333333333333333], ["cabbage", 9.0], ["lettuce", 14.0], ["kale", 16.5]]
SELECT x, COUNT(*) OVER (ORDER BY x RANGE BETWEEN 2 PRECEDING AND 2 FOLLOWING) FROM UNNEST([1, 2, 4, 8, 9]) AS x ORDER BY x;
--> [[1, 2], [2, 3], [4, 2], [8, 2], [9, 2]]
SELECT x, SUM(x) OVER (ORDER BY x DESC RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM UNNEST([1, 2, 4]) AS x ORDER BY x;
--> [[1, 3], [2, 2], [4, 4]]
SELECT item, category, LAST_VALUE(item) OVER (PARTITION BY category ORDER BY purchases ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM produce ORDER BY category, purchases;
--> [["banana", "fruit", "apple"], ["apple", "fruit", "apple"], ["leek", "vegetable", "kale"], ["cabbage", "vegetable", "kale"], ["lettuce", "vegetable", "kale"], ["kale", "vegetable", "kale"]]

-- Named windows, alone and as the beginning of others.
SELECT item, LAST_VALUE(item) OVER (w ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING) FROM produce WINDOW w AS (PARTITION BY category ORDER BY purchases) ORDER BY category, purchases;
--> [["banana", "apple"], ["apple", "apple"], ["leek", "lettuce"], ["cabbage", "kale"], ["lettuce", "kale"], ["kale", "kale"]]
SELECT item, LAST_VALUE(item) OVER d FROM produce WINDOW a AS (PARTITION BY category), b AS (a ORDER BY purchases), c AS (b ROWS BETWEEN 2 PRECEDING AND 2 FOLLOWING), d AS c ORDER BY category, purchases;
--> [["banana", "apple"], ["apple", "apple"], ["leek", "lettuce"], ["cabbage", "kale"], ["lettuce", "kale"], ["kale", "kale"]]
SELECT item, RANK() OVER (PARTITION BY category ORDER BY purchases DESC) AS r FROM produce WHERE category = 'vegetable' QUALIFY r <= 2 ORDER BY r;
--> [["kale", 1], ["lettuce", 2]]
SELECT item FROM produce WHERE category = 'vegetable' QUALIFY RANK() OVER (PARTITION BY category ORDER BY purchases DESC) <= 2 ORDER BY item;
--> [["kale"], ["lettuce"]]
SELECT category, SUM(purchases) AS s, RANK() OVER (ORDER BY SUM(purchases) DESC) FROM produce GROUP BY category ORDER BY s;
--> [["fruit", 10, 2], ["vegetable", 44, 1]]
SELECT SUM(purchases) OVER (ORDER BY purchases DESC NULLS LAST ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM produce WHERE category = 'fruit' ORDER BY 1;
--> [[2], [10]]
