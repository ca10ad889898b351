-- A word or a sign where it cannot stand. The place is where it starts.
SELEC 1;
--! Syntax error: Unexpected identifier "SELEC" at [1:1]
hello;
--! Syntax error: Unexpected identifier "hello" at [1:1]
`hello`;
--! Syntax error: Unexpected identifier `hello` at [1:1]
1;
--! Syntax error: Unexpected integer literal "1" at [1:1]
'abc';
--! Syntax error: Unexpected string literal 'abc' at [1:1]
1.5;
--! Syntax error: Unexpected floating point literal "1.5" at [1:1]
);
--! Syntax error: Unexpected ")" at [1:1]
FROM;
--! at [1:5]
SELECT FROM t;
--! Syntax error: SELECT list must not be empty at [1:8]
SELECT , 1;
--! Syntax error: Unexpected "," at [1:8]
SELECT 1 1;
--! Syntax error: Expected end of input but got integer literal "1" at [1:10]
SELECT 1 a b;
--! Syntax error: Expected end of input but got identifier "b" at [1:12]
SELECT 1);
--! Syntax error: Expected end of input but got ")" at [1:9]
SELECT (1));
--! Syntax error: Expected end of input but got ")" at [1:11]
SELECT 1 2.5;
--! Syntax error: Expected end of input but got floating point literal "2.5" at [1:10]
SELECT * *;
--! at [1:10]
SELECT 1 + +;
--! Syntax error: Unexpected end of script at [1:13]
SELECT 1 * / 2;
--! Syntax error: Unexpected "/" at [1:12]
SELECT 1 + );
--! Syntax error: Unexpected ")" at [1:12]
SELECT (1 + );
--! Syntax error: Unexpected ")" at [1:13]
SELECT ABS(, 1);
--! Syntax error: Unexpected "," at [1:12]
SELECT ABS(1,);
--! Syntax error: Unexpected ")" at [1:14]
SELECT [1,, 2];
--! Syntax error: Unexpected "," at [1:11]
SELECT 1 FROM FROM;
--! Syntax error: Unexpected keyword FROM at [1:15]
SELECT 1 FROM WHERE;
--! Syntax error: Unexpected keyword WHERE at [1:15]
SELECT 1 FROM t WHERE WHERE;
--! Syntax error: Unexpected keyword WHERE at [1:23]
SELECT 1 FROM t WHERE AND x;
--! Syntax error: Unexpected keyword AND at [1:23]
SELECT 1 FROM t GROUP x;
--! Syntax error: Expected keyword BY but got identifier "x" at [1:23]
SELECT 1 FROM t ORDER x;
--! Syntax error: Expected keyword BY but got identifier "x" at [1:23]
SELECT 1 FROM t GROUP BY WHERE;
--! Syntax error: Unexpected keyword WHERE at [1:26]
SELECT 1 FROM t ORDER BY , x;
--! Syntax error: Unexpected "," at [1:26]
SELECT 1 WHERE WHERE;
--! Syntax error: Unexpected keyword WHERE at [1:16]
SELECT 1 FROM t WHERE x = = 1;
--! Syntax error: Unexpected "=" at [1:27]
SELECT 1 FROM t u v;
--! Syntax error: Expected end of input but got identifier "v" at [1:19]
SELECT 1 FROM t LIMIT x y;
--! at [1:25]
SELECT CASE END;
--! Syntax error: Unexpected keyword END at [1:13]
SELECT CASE WHEN THEN 1 END;
--! Syntax error: Unexpected keyword THEN at [1:18]
SELECT CAST(1 INT64);
--! Syntax error: Expected keyword AS but got identifier "INT64" at [1:15]
SELECT CAST(1 AS 2);
--! Syntax error: Unexpected integer literal "2" at [1:18]
SELECT 1 BETWEEN 2, 3;
--! Syntax error: Expected keyword AND but got "," at [1:19]
SELECT 1 BETWEEN AND 3;
--! Syntax error: Unexpected keyword AND at [1:18]
SELECT 1 IN 2;
--! at [1:13]
SELECT 1 IN ();
--! Syntax error: Unexpected ")" at [1:14]
SELECT 1 IS 2;
--! at [1:13]
SELECT AND 1;
--! Syntax error: Unexpected keyword AND at [1:8]
SELECT 1 AND;
--! Syntax error: Unexpected end of script at [1:13]
SELECT 1 AS 2;
--! Syntax error: Unexpected integer literal "2" at [1:13]
SELECT 1 AS FROM t;
--! Syntax error: Unexpected keyword FROM at [1:13]
SELECT x. FROM t;
--! at [1:
SELECT * EXCEPT () FROM t;
--! Syntax error: Unexpected ")" at [1:18]
SELECT * REPLACE (1) FROM t;
--! at [1:20]
SELECT DISTINCT;
--! Syntax error: Unexpected end of script at [1:16]
SELECT 1 UNION SELECT 2;
--! Syntax error: Expected keyword ALL or keyword DISTINCT
SELECT 1 UNION ALL UNION ALL SELECT 2;
--! Syntax error: Unexpected keyword UNION at [1:20]
SELECT 1 ORDER BY 1 UNION ALL SELECT 2;
--! Syntax error: Expected end of input but got keyword UNION at [1:21]
WITH a (SELECT 1) SELECT * FROM a;
--! at [1:
WITH a AS SELECT 1 SELECT * FROM a;
--! Syntax error: Expected "(" but got keyword SELECT at [1:11]
SELECT * FROM t,;
--! Syntax error: Unexpected end of script at [1:17]
SELECT * FROM t,, u;
--! Syntax error: Unexpected "," at [1:17]
SELECT * FROM 5;
--! Syntax error: Unexpected integer literal "5" at [1:15]
SELECT STRUCT<a INT64(1);
--! at [1:
INSERT t (a) VALUES (1;
--! Syntax error: Expected ")" but got end of script at [1:23]
UPDATE t x = 1 WHERE TRUE;
--! at [1:
UPDATE t SET x WHERE TRUE;
--! Syntax error: Expected "=" but got keyword WHERE at [1:16]
CREATE TABEL t (x INT64);
--! at [1:8]
CREATE TABLE t (x INT64, ) y;
--! at [1:28]
DROP TABEL t;
--! at [1:6]
SELECT 1; SELEC 2;
--! Syntax error: Unexpected identifier "SELEC" at [1:11]
SELECT 1,
  2 3
FROM t;
--! Syntax error: Expected end of input but got integer literal "3" at [2:5]
SELECT
  a,
  b
FORM t;
--! at [4:

-- A text is neither a table nor an alias, and a name has letters.
SELECT 1 'a';
--! Syntax error: Expected end of input but got string literal 'a' at [1:10]

SELECT [1] "a";
--! Syntax error: Expected end of input but got string literal

SELECT * FROM 'abc';
--! Syntax error: Unexpected string literal 'abc' at [1:15]

SELECT 1 FROM ``;
--! Invalid empty identifier at [1:15]

SELECT EXTRACT(YEAR FROM DATE '2026-01-03');
--> [[2026]]
