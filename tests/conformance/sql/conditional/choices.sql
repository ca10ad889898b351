-- CASE
SELECT A, B, CASE A WHEN 90 THEN 'red' WHEN 50 THEN 'blue' ELSE 'green' END FROM (SELECT 90 AS A, 2 AS B UNION ALL SELECT 50, 8 UNION ALL SELECT 60, 6 UNION ALL SELECT 50, 10) ORDER BY A, B;
--> [[50, 8, "blue"], [50, 10, "blue"], [60, 6, "green"], [90, 2, "red"]]
SELECT A, CASE WHEN A > 60 THEN 'red' WHEN B = 6 THEN 'blue' ELSE 'green' END FROM (SELECT 90 AS A, 2 AS B UNION ALL SELECT 50, 6 UNION ALL SELECT 20, 10) ORDER BY A;
--> [[20, "green"], [50, "blue"], [90, "red"]]
SELECT CASE WHEN FALSE THEN 1 END, CASE NULL WHEN NULL THEN 'a' ELSE 'b' END;
--> [[null, "b"]]
SELECT CASE WHEN TRUE THEN 1 ELSE 2.5 END;
--: FLOAT64
--> [[1]]
SELECT CASE WHEN TRUE THEN 'a' ELSE 1 END;
--! No matching signature

-- COALESCE, IF, IFNULL, NULLIF
SELECT COALESCE('A', 'B', 'C'), COALESCE(NULL, 'B', 'C'), COALESCE(NULL, NULL);
--> [["A", "B", null]]
SELECT COALESCE(NULL, 1, 2.5);
--: FLOAT64
--> [[1]]
SELECT IF(TRUE, 'a', 'b'), IF(FALSE, 'a', 'b'), IF(NULL, 'a', 'b');
--> [["a", "b", "b"]]
SELECT A, B, IF(A < B, 'true', 'false') FROM (SELECT 10 AS A, 20 AS B UNION ALL SELECT 50, 30 UNION ALL SELECT 60, 60) ORDER BY A;
--> [[10, 20, "true"], [50, 30, "false"], [60, 60, "false"]]
SELECT IF(1, 'a', 'b');
--! No matching signature for function IF
SELECT IFNULL(NULL, 0), IFNULL(10, 0), IFNULL(NULL, 'x');
--> [[0, 10, "x"]]
SELECT NULLIF(0, 0), NULLIF(10, 0), NULLIF('a', 'b'), NULLIF(NULL, 1);
--> [[null, 10, "a", null]]
SELECT IF(TRUE, 1, ERROR('not reached')), COALESCE(1, 1 / 0);
--> [[1, 1]]
