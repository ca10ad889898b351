CREATE TABLE quarters AS SELECT * FROM UNNEST([STRUCT('Kale' AS product, 51 AS sales, 'Q1' AS quarter, 2020 AS year), ('Kale', 23, 'Q2', 2020), ('Kale', 45, 'Q3', 2020), ('Kale', 3, 'Q4', 2020), ('Kale', 70, 'Q1', 2021), ('Kale', 85, 'Q2', 2021), ('Apple', 77, 'Q1', 2020), ('Apple', 0, 'Q2', 2020), ('Apple', 1, 'Q1', 2021)]);

SELECT * FROM quarters PIVOT(SUM(sales) FOR quarter IN ('Q1', 'Q2', 'Q3', 'Q4')) ORDER BY product, year;
--> [["Apple", 2020, 77, 0, null, null], ["Apple", 2021, 1, null, null, null], ["Kale", 2020, 51, 23, 45, 3], ["Kale", 2021, 70, 85, null, null]]
SELECT * FROM (SELECT product, sales, quarter FROM quarters) PIVOT(SUM(sales) FOR quarter IN ('Q1', 'Q2', 'Q3')) ORDER BY product;
--> [["Apple", 78, 0, null], ["Kale", 121, 108, 45]]
SELECT * FROM (SELECT sales, quarter FROM quarters) PIVOT(SUM(sales) FOR quarter IN ('Q1', 'Q2', 'Q3'));
--> [{"Q1": 199, "Q2": 108, "Q3": 45}]
SELECT * FROM (SELECT sales, quarter FROM quarters) PIVOT(SUM(sales) AS total, COUNT(*) AS n FOR quarter IN ('Q1' AS a, 'Q2' AS b));
--> [{"total_a": 199, "n_a": 4, "total_b": 108, "n_b": 3}]
SELECT product, Q1 FROM (SELECT product, sales, quarter FROM quarters) PIVOT(MAX(sales) FOR quarter IN ('Q1')) WHERE Q1 > 75;
--> [["Apple", 77]]
CREATE TABLE wide AS SELECT 'Kale' AS product, 51 AS q1, 23 AS q2, 45 AS q3, 3 AS q4 UNION ALL SELECT 'Apple', 77, 0, 25, NULL;

SELECT * FROM wide UNPIVOT(sales FOR quarter IN (q1, q2, q3, q4)) ORDER BY product, quarter;
--> [["Apple", 77, "q1"], ["Apple", 0, "q2"], ["Apple", 25, "q3"], ["Kale", 51, "q1"], ["Kale", 23, "q2"], ["Kale", 45, "q3"], ["Kale", 3, "q4"]]
SELECT * FROM wide UNPIVOT INCLUDE NULLS (sales FOR quarter IN (q1, q2, q3, q4)) WHERE product = 'Apple' ORDER BY quarter;
--> [["Apple", 77, "q1"], ["Apple", 0, "q2"], ["Apple", 25, "q3"], ["Apple", null, "q4"]]
SELECT * FROM wide UNPIVOT((first, second) FOR half IN ((q1, q2) AS 'h1', (q3, q4) AS 'h2')) ORDER BY product, half;
--> [["Apple", 77, 0, "h1"], ["Apple", 25, null, "h2"], ["Kale", 51, 23, "h1"], ["Kale", 45, 3, "h2"]]
