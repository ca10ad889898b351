-- Statements that are whole but mean nothing

CREATE TABLE known (x INT64, s STRING);

SELECT *;
--! SELECT * must have a FROM clause at [1:8]
SELECT x, COUNT(*) FROM known;
--! SELECT list expression references column x which is neither grouped nor aggregated at [1:8]
SELECT s, SUM(x) FROM known GROUP BY x;
--! SELECT list expression references column s which is neither grouped nor aggregated at [1:8]
SELECT COUNT(*), x + 1 FROM known;
--! SELECT list expression references column x which is neither grouped nor aggregated at [1:18]
SELECT x FROM known WHERE SUM(x) > 1;
--! Aggregate function SUM not allowed in WHERE clause at [1:27]
SELECT SUM(SUM(x)) FROM known;
--! Aggregations of aggregations are not allowed at [1:12]
SELECT x FROM known WHERE ROW_NUMBER() OVER () = 1;
--! Analytic function not allowed in WHERE clause at [1:27]
SELECT ROW_NUMBER();
--! Analytic function ROW_NUMBER cannot be called without an OVER clause
SELECT UPPER('a') OVER ();
--! Function UPPER does not support an OVER clause at [1:8]
SELECT x FROM known GROUP BY 5;
--! GROUP BY is out of SELECT column number range: 5 at [1:30]
SELECT x FROM known ORDER BY 5;
--! ORDER BY is out of SELECT column number range: 5 at [1:30]
SELECT x FROM known GROUP BY 0;
--! GROUP BY
SELECT SUM(x) FROM known GROUP BY 1;
--! Aggregate function SUM not allowed in GROUP BY at [1:8]
SELECT x FROM known LIMIT -1;
--! at [1:
SELECT x FROM known LIMIT x;
--! at [1:
SELECT 1 AS a, 2 AS a;
--! Duplicate column names in the result are not supported. Found duplicate(s): a
WITH w AS (SELECT 1), w AS (SELECT 2) SELECT * FROM w;
--! Duplicate alias w for WITH subquery at [1:23]
SELECT * FROM known JOIN known AS b;
--! at [1:
DELETE FROM known;
--! DELETE must have a WHERE clause at [1:1]
UPDATE known SET x = 1;
--! UPDATE must have a WHERE clause at [1:1]
SELECT ABS(1, 2, 3);
--! No matching signature for function ABS for argument types: INT64, INT64, INT64
SELECT SUM(*) FROM known;
--! at [1:
SELECT x FROM known QUALIFY x > 1;
--! at [1:
SELECT ARRAY_AGG(x ORDER BY) FROM known;
--! Syntax error: Unexpected ")" at [1:28]

-- A FROM clause calls nothing twice by one name, and USING names columns of both sides.
SELECT 1 FROM known AS a, known AS a;
--! Duplicate table alias a in the same FROM clause at [1:

SELECT 1 FROM known JOIN known ON TRUE;
--! Duplicate table alias known in the same FROM clause at [1:

SELECT 1 FROM known JOIN known AS b USING (nope);
--! Column nope in USING clause not found on right side of join at [1:

INSERT INTO known (x, X) VALUES (1, 2);
--! INSERT has columns with duplicate name: X at [1:23]

INSERT INTO known (nope) VALUES (1);
--! Column nope is not present in the table at [1:20]
