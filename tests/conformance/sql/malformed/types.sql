-- Values that do not go together
SELECT 1 + 'a';
--! No matching signature for operator + for argument types: INT64, STRING
SELECT 'a' - 'b';
--! No matching signature for operator - for argument types: STRING, STRING
SELECT TRUE * 2;
--! No matching signature for operator *
SELECT 1 AND TRUE;
--! No matching signature for operator AND for argument types: INT64, BOOL at [1:8]
SELECT 1 = 'a';
--! No matching signature for operator = for argument types: INT64, STRING at [1:8]
SELECT 1 IN ('a');
--! No matching signature for operator IN
SELECT 1 BETWEEN 'a' AND 'b';
--! No matching signature for operator BETWEEN
SELECT 'a' LIKE 1;
--! No matching signature for operator LIKE for argument types: STRING, INT64 at [1:8]
SELECT ABS('a');
--! No matching signature for function ABS for argument types: STRING
SELECT UPPER(1);
--! No matching signature for function UPPER for argument types: INT64. Supported signatures: UPPER(STRING); UPPER(BYTES) at [1:8]
SELECT 1, CONCAT();
--! No matching signature for function CONCAT
SELECT SUBSTR('a');
--! No matching signature for function SUBSTR for argument types: STRING
SELECT SUM('a');
--! No matching signature for aggregate function SUM for argument types: STRING
SELECT IF('a', 1, 2);
--! No matching signature for function IF for argument types: STRING, INT64, INT64
SELECT CAST(TRUE AS DATE);
--! Invalid cast from BOOL to DATE at [1:13]
SELECT 1 WHERE 1;
--! WHERE clause should return type BOOL, but returns INT64 at [1:16]
SELECT 1 FROM UNNEST([1]) AS x HAVING 5;
--! HAVING clause should return type BOOL, but returns INT64
SELECT CASE WHEN 1 THEN 2 END;
--! at [1:
SELECT 1 UNION ALL SELECT 'a';
--! Column 1 in UNION ALL has incompatible types: INT64, STRING at [1:
SELECT 1, 2 UNION ALL SELECT 1;
--! Queries in UNION ALL have mismatched column count; query 1 has 2 columns, query 2 has 1 column
SELECT (SELECT 1, 2);
--! Scalar subquery cannot have more than one column
SELECT ARRAY(SELECT 1, 2);
--! ARRAY subquery cannot have more than one column
SELECT STRUCT<a INT64>(1, 2);
--! STRUCT type has
SELECT DATE_ADD('x', 5);
--! at [1:8]
SELECT DATE_TRUNC(DATE '2024-01-01', FORTNIGHT);
--! A valid date part name is required but found FORTNIGHT at [1:38]
