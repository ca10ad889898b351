SELECT * FROM (SELECT 'Kale' AS product, 51 AS sales, 'Q1' AS quarter UNION ALL SELECT 'Kale', 23, 'Q2' UNION ALL SELECT 'Apple', 77, 'Q1') PIVOT(SUM(sales) FOR quarter IN ('Q1', 'Q2')) ORDER BY product;
--> [["Apple", 77, null], ["Kale", 51, 23]]

SELECT total_q1, n_Q2 FROM (SELECT 5 AS sales, 'Q1' AS quarter UNION ALL SELECT 7, 'Q2') PIVOT(SUM(sales) AS total, COUNT(*) AS n FOR quarter IN ('Q1' AS q1, 'Q2'));
--> [[5, 1]]

SELECT product, sales, quarter FROM (SELECT 'Kale' AS product, 51 AS Q1, 23 AS Q2, NULL AS Q3) UNPIVOT(sales FOR quarter IN (Q1, Q2, Q3)) ORDER BY quarter;
--> [["Kale", 51, "Q1"], ["Kale", 23, "Q2"]]

SELECT * FROM (SELECT 1 AS a, NULL AS b) UNPIVOT INCLUDE NULLS (v FOR k IN (a AS 'first', b)) ORDER BY k;
--> [[null, "b"], [1, "first"]]
