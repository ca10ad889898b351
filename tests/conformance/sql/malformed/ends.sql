-- The text ends too early. The place is the end of the text.
SELECT;
--! Syntax error: Unexpected end of script at [1:7]
SELECT 1 +;
--! Syntax error: Unexpected end of script at [1:11]
SELECT 1, 2 -;
--! Syntax error: Unexpected end of script at [1:14]
SELECT * FROM;
--! Syntax error: Unexpected end of script at [1:14]
SELECT 1 FROM t WHERE;
--! Syntax error: Unexpected end of script at [1:22]
SELECT 1 FROM t WHERE x =;
--! Syntax error: Unexpected end of script at [1:26]
SELECT 1 FROM t GROUP BY;
--! Syntax error: Unexpected end of script at [1:25]
SELECT 1 FROM t GROUP;
--! Syntax error: Expected keyword BY but got end of script at [1:22]
SELECT 1 FROM t ORDER;
--! Syntax error: Expected keyword BY but got end of script at [1:22]
SELECT 1 FROM t ORDER BY;
--! Syntax error: Unexpected end of script at [1:25]
SELECT 1 FROM t HAVING;
--! Syntax error: Unexpected end of script at [1:23]
SELECT 1 FROM t LIMIT;
--! Syntax error: Unexpected end of script at [1:22]
SELECT 1 UNION ALL;
--! Syntax error: Unexpected end of script at [1:19]
SELECT 1 AS;
--! Syntax error: Unexpected end of script at [1:12]
SELECT (1;
--! Syntax error: Expected ")" but got end of script at [1:10]
SELECT ((1);
--! Syntax error: Expected ")" but got end of script at [1:12]
SELECT ABS(1;
--! Syntax error: Expected ")" but got end of script at [1:13]
SELECT ABS(;
--! Syntax error: Unexpected end of script at [1:12]
SELECT [1, 2;
--! Syntax error: Expected "]" but got end of script at [1:13]
SELECT CAST(1 AS;
--! Syntax error: Unexpected end of script at [1:17]
SELECT CAST(1 AS INT64;
--! at [1:23]
SELECT CAST(1;
--! at [1:14]
SELECT 1 BETWEEN 2;
--! Syntax error: Expected keyword AND but got end of script at [1:19]
SELECT 1 BETWEEN 2 AND;
--! Syntax error: Unexpected end of script at [1:23]
SELECT 1 IN (;
--! Syntax error: Unexpected end of script at [1:14]
SELECT 1 IN (1,;
--! Syntax error: Unexpected end of script at [1:16]
SELECT x.
;
--! Syntax error: Unexpected end of script at [1:10]
SELECT 'a' LIKE;
--! Syntax error: Unexpected end of script at [1:16]
SELECT 1 IS;
--! Syntax error: Unexpected end of script at [1:12]
SELECT 1 IS NOT;
--! Syntax error: Unexpected end of script at [1:16]
SELECT STRUCT(;
--! Syntax error: Unexpected end of script at [1:15]
SELECT ARRAY(;
--! at [1:14]
SELECT EXISTS(;
--! at [1:15]
SELECT EXTRACT(YEAR FROM;
--! Syntax error: Unexpected end of script at [1:25]
SELECT INTERVAL;
--! Syntax error: Unexpected end of script at [1:16]
SELECT SUM(1) OVER;
--! Syntax error: Unexpected end of script at [1:19]
SELECT SUM(1) OVER (;
--! Syntax error: Unexpected end of script at [1:21]
WITH;
--! Syntax error: Unexpected end of script at [1:5]
WITH a;
--! Syntax error: Expected keyword AS but got end of script at [1:7]
WITH a AS;
--! at [1:10]
WITH a AS (;
--! Syntax error: Unexpected end of script at [1:12]
WITH a AS (SELECT 1;
--! Syntax error: Expected ")" but got end of script at [1:20]
WITH a AS (SELECT 1);
--! Syntax error: Unexpected end of script at [1:21]
SELECT * FROM t JOIN;
--! Syntax error: Unexpected end of script at [1:21]
SELECT * FROM t JOIN u ON;
--! Syntax error: Unexpected end of script at [1:26]
SELECT * FROM t JOIN u USING (;
--! Syntax error: Unexpected end of script at [1:31]
SELECT * FROM UNNEST(;
--! at [1:22]
SELECT * EXCEPT;
--! at [1:16]
SELECT * EXCEPT (a;
--! at [1:19]
INSERT INTO t VALUES;
--! at [1:21]
INSERT INTO;
--! Syntax error: Unexpected end of script at [1:12]
UPDATE t SET;
--! Syntax error: Unexpected end of script at [1:13]
UPDATE t;
--! Syntax error: Expected keyword SET but got end of script at [1:9]
DELETE FROM;
--! Syntax error: Unexpected end of script at [1:12]
CREATE;
--! at [1:7]
CREATE TABLE;
--! Syntax error: Unexpected end of script at [1:13]
CREATE TABLE t (;
--! Syntax error: Unexpected end of script at [1:17]
CREATE TABLE t AS;
--! Syntax error: Unexpected end of script at [1:18]
DROP;
--! at [1:5]
DROP TABLE;
--! Syntax error: Unexpected end of script at [1:11]
