-- Literals take the type that they meet.
SELECT DATE '2024-01-01' < '2024-01-02', '2024-01-01 00:00:00' = TIMESTAMP '2024-01-01 00:00:00+00';
--> [[true, true]]
SELECT COALESCE(NULL, DATE '2024-01-01', '2024-01-02');
--> [["2024-01-01"]]
SELECT IF(TRUE, 1, 2.5), IF(FALSE, NULL, NUMERIC '1'), CASE WHEN TRUE THEN 1 ELSE 2.0 END;
--> [[1.0, "1", 1.0]]
SELECT [DATE '2024-01-01', '2024-01-02'], [1, NULL, 2.5][OFFSET(2)];
--> [[["2024-01-01", "2024-01-02"], 2.5]]
SELECT CASE 1 WHEN 1.0 THEN 'a' ELSE 'b' END, NULLIF(1, 1.0), COALESCE(1, 2.5);
--> [["a", null, 1.0]]
SELECT NUMERIC '1.5' + 1, NUMERIC '1.5' * CAST(2 AS FLOAT64), BIGNUMERIC '1.5' + 1;
--> [["2.5", 3.0, "2.5"]]
SELECT CAST(1 AS BOOL), CAST(FALSE AS INT64), CAST('true' AS BOOL);
--> [[true, 0, true]]
SELECT x + 1 FROM (SELECT '1' AS x);
--! No matching signature for operator +
SELECT d = '2024-01-01' FROM (SELECT DATE '2024-01-01' AS d);
--> [[true]]
SELECT d = s FROM (SELECT DATE '2024-01-01' AS d, '2024-01-01' AS s);
--! No matching signature for operator =
SELECT IF(1, 2, 3);
--! No matching signature for function IF
SELECT CASE WHEN 1 THEN 2 END;
--! BOOL
SELECT CASE WHEN TRUE THEN 1 ELSE 'a' END;
--! No matching signature for operator CASE
SELECT COALESCE(1, 'a');
--! No matching signature for function COALESCE
