CREATE TABLE stats AS SELECT * FROM UNNEST([STRUCT('Adams' AS name, 51 AS opponent, 3 AS points), ('Buchanan', 77, 0), ('Coolidge', 77, 1), ('Adams', 52, 4), ('Buchanan', 50, 13)]);

SELECT SUM(points) AS total, name FROM stats GROUP BY name ORDER BY name;
--> [[7, "Adams"], [13, "Buchanan"], [1, "Coolidge"]]
SELECT SUM(points), name FROM stats GROUP BY 2 ORDER BY 2;
--> [[7, "Adams"], [13, "Buchanan"], [1, "Coolidge"]]
SELECT SUM(points) AS s, LOWER(name) AS l FROM stats GROUP BY l ORDER BY s;
--> [[1, "coolidge"], [7, "adams"], [13, "buchanan"]]
SELECT name FROM stats GROUP BY name HAVING SUM(points) > 5 ORDER BY name;
--> [["Adams"], ["Buchanan"]]
SELECT name, MAX(points) AS m FROM stats GROUP BY name HAVING m > 1 ORDER BY m;
--> [["Adams", 4], ["Buchanan", 13]]
SELECT COUNT(*) FROM stats HAVING COUNT(*) > 10;
--> []
SELECT name, points FROM stats GROUP BY name;
--! neither grouped nor aggregated
SELECT COUNT(*), name FROM stats;
--! neither grouped nor aggregated
SELECT name, COUNT(*) FROM stats GROUP BY ALL ORDER BY name;
--> [["Adams", 2], ["Buchanan", 2], ["Coolidge", 1]]
SELECT name, opponent > 60, SUM(points) FROM stats GROUP BY ALL ORDER BY name, 2;
--> [["Adams", false, 7], ["Buchanan", false, 13], ["Buchanan", true, 0], ["Coolidge", true, 1]]
SELECT SUM(points) FROM stats GROUP BY ALL;
--> [[21]]
SELECT name, opponent, SUM(points) FROM stats GROUP BY ROLLUP(name, opponent) ORDER BY name, opponent;
--> [[null, null, 21], ["Adams", null, 7], ["Adams", 51, 3], ["Adams", 52, 4], ["Buchanan", null, 13], ["Buchanan", 50, 13], ["Buchanan", 77, 0], ["Coolidge", null, 1], ["Coolidge", 77, 1]]
SELECT name, SUM(points) FROM stats GROUP BY GROUPING SETS(name, ()) ORDER BY name;
--> [[null, 21], ["Adams", 7], ["Buchanan", 13], ["Coolidge", 1]]
SELECT COUNT(*), SUM(points) FROM stats WHERE FALSE;
--> [[0, null]]
SELECT name, COUNT(*) FROM stats WHERE FALSE GROUP BY name;
--> []
SELECT x, COUNT(*) FROM UNNEST([1, NULL, NULL]) AS x GROUP BY x ORDER BY x;
--> [[null, 2], [1, 1]]
SELECT x, COUNT(*) FROM UNNEST([CAST('NaN' AS FLOAT64), CAST('NaN' AS FLOAT64)]) AS x GROUP BY x;
--> [["NaN", 2]]
SELECT s.a, COUNT(*) FROM UNNEST([STRUCT(1 AS a), STRUCT(1)]) AS s GROUP BY s.a;
--> [[1, 2]]
SELECT MOD(x, 2) AS m, ARRAY_AGG(x ORDER BY x) FROM UNNEST([1, 2, 3]) AS x GROUP BY m ORDER BY m;
--> [[0, [2]], [1, [1, 3]]]
SELECT SUM(SUM(points)) FROM stats;
--! Aggregations of aggregations are not allowed
