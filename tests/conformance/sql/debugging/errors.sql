-- ERROR fails the query when it is reached; the others see errors.
SELECT ERROR('bad thing');
--! bad thing
SELECT CASE WHEN value = 'foo' THEN 'Value is foo.' WHEN value = 'bar' THEN 'Value is bar.' ELSE ERROR(CONCAT('Found unexpected value: ', value)) END FROM (SELECT 'foo' AS value UNION ALL SELECT 'bar' UNION ALL SELECT 'baz');
--! Found unexpected value: baz
SELECT IF(x > 0, TRUE, ERROR(FORMAT('Expected positive value, but got: %t', x))) FROM (SELECT -1 AS x);
--! Expected positive value, but got: -1
SELECT x FROM (SELECT 1 AS x) WHERE IF(x > 0, TRUE, ERROR('x'));
--> [[1]]
SELECT IFERROR('a', 'b'), IFERROR(ERROR('a'), 'b'), IFERROR(1 / 0, -1.0);
--> [["a", "b", -1]]
SELECT IFERROR(SUBSTR('a', 1, -1), 'recovered'), IFERROR(IFERROR(ERROR('a'), ERROR('b')), 'c');
--> [["recovered", "c"]]
SELECT IFERROR(NULL, 'b'), IFERROR(CAST('x' AS INT64), 0);
--> [[null, 0]]
SELECT IFERROR(ERROR('a'), ERROR('b'));
--! b
SELECT ISERROR('a'), ISERROR(ERROR('a')), ISERROR(NULL), ISERROR(1 / 0), ISERROR(SAFE_CAST('x' AS INT64));
--> [[false, true, false, true, false]]
SELECT NULLIFERROR('a'), NULLIFERROR(ERROR('a')), NULLIFERROR(10 / 0), NULLIFERROR(NULL);
--> [["a", null, null, null]]

-- SAFE. makes the error of the function itself NULL.
SELECT SAFE.SUBSTR('foo', 0, -2), SAFE.CHR(-1), SAFE.FROM_HEX('x'), SAFE.DIV(1, 0), SAFE.MOD(1, 0);
--> [[null, null, null, null, null]]
SELECT SAFE.SUBSTR('foo', 0, x) FROM UNNEST([-2, 2]) AS x ORDER BY x;
--> [[null], ["fo"]]
SELECT SAFE.PARSE_DATE('%Y', 'x'), SAFE.LOG(-1), SAFE.SQRT(-1);
--> [[null, null, null]]
