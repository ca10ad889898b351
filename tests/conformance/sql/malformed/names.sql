-- Names that mean nothing

CREATE TABLE known (x INT64, s STRING, a ARRAY<INT64>, r STRUCT<f INT64>);

SELECT y FROM known;
--! Unrecognized name: y at [1:8]
SELECT x, y FROM known;
--! Unrecognized name: y at [1:11]
SELECT known.y FROM known;
--! Name y not found inside known at [1:14]
SELECT k.y FROM known AS k;
--! Name y not found inside k at [1:10]
SELECT other.x FROM known;
--! Unrecognized name: other at [1:8]
SELECT r.g FROM known;
--! Field name g does not exist in STRUCT<f INT64> at [1:10]
SELECT x.f FROM known;
--! Cannot access field f on a value with type INT64 at [1:10]
SELECT s[0] FROM known;
--! Subscript access using [] is not supported on values of type STRING
SELECT x FROM known WHERE y = 1;
--! Unrecognized name: y at [1:27]
SELECT x FROM known ORDER BY y;
--! Unrecognized name: y at [1:30]
SELECT x FROM known GROUP BY y;
--! Unrecognized name: y at [1:30]
SELECT COUNT(*) FROM known HAVING y > 1;
--! Unrecognized name: y at [1:35]
SELECT x
FROM known
WHERE
  zzz;
--! Unrecognized name: zzz at [4:3]
SELECT * EXCEPT (y) FROM known;
--! Column y in SELECT * EXCEPT list does not exist at [1:18]
SELECT * REPLACE (1 AS y) FROM known;
--! Column y in SELECT * REPLACE list does not exist
SELECT x FROM known AS a JOIN known AS b ON a.x = b.x;
--! Column name x is ambiguous at [1:8]
SELECT NOSUCH(1);
--! Function not found: NOSUCH at [1:8]
SELECT 1, nosuch.fn(2);
--! Function not found: nosuch.fn at [1:11]
SELECT SAFE.NOSUCH(1);
--! Function not found: NOSUCH at [1:8]
SELECT @p;
--! Query parameter 'p' not found at [1:8]
SELECT @@nosuch;
--! at [1:8]
SELECT * FROM nosuch;
--! (notFound) Not found: Table p:
SELECT * FROM nosuch.t;
--! (notFound) Not found: Dataset p:nosuch
SELECT * FROM UNNEST(5);
--! Values referenced in UNNEST must be arrays
WITH w AS (SELECT 1 AS q) SELECT z FROM w;
--! Unrecognized name: z at [1:34]
SELECT (SELECT y FROM known);
--! Unrecognized name: y at [1:16]
UPDATE known SET nope = 1 WHERE TRUE;
--! at [1:
