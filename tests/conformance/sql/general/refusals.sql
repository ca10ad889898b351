SELECT foo FROM (SELECT 1 AS bar);
--! Unrecognized name: foo at [1:8]

SELECT id FROM (SELECT 1 id) a, (SELECT 2 id) b;
--! Column name id is ambiguous at [1:8]

SELECT a.x FROM (SELECT 1 id) a;
--! Name x not found inside a at [1:10]

SELECT FOOBAR(1);
--! Function not found: FOOBAR at [1:8]

SELECT UPPER('a', 'b');
--! No matching signature for function UPPER for argument types: STRING, STRING. Supported signatures: UPPER(STRING); UPPER(BYTES) at [1:8]

SELECT * FROM nope.t;
--! (notFound) Not found: Dataset p:nope

SELECT * FROM t;
--! (notFound) Not found: Table p:

SELECT 1 = 'a';
--! No matching signature for operator = for argument types: INT64, STRING at [1:8]

SELECT 'a' + 1;
--! No matching signature for operator + for argument types: STRING, INT64

SELECT 1 a, 2 a;
--! Duplicate column names in the result are not supported. Found duplicate(s): a

SELECT 1 UNION SELECT 2;
--! Syntax error: Expected keyword ALL or keyword DISTINCT

SELECT STRUCT(1 AS a).b;
--! Field name b does not exist in STRUCT<a INT64> at [1:23]

SELECT @missing;
--! Query parameter 'missing' not found

SELECT * EXCEPT (z) FROM (SELECT 1 a);
--! Column z in SELECT * EXCEPT list does not exist at [1:18]

SELECT 'it''s';
--! Syntax error: concatenated string literals need to be separated
