-- By OFFSET from 0, by ORDINAL from 1.
SELECT a[0], a[OFFSET(1)], a[ORDINAL(1)], a[SAFE_OFFSET(6)], a[SAFE_ORDINAL(0)] FROM (SELECT ['coffee', 'tea', 'milk'] AS a);
--> [["coffee", "tea", "coffee", null, null]]
SELECT a[6] FROM (SELECT ['coffee', 'tea'] AS a);
--! out of bounds
SELECT a[OFFSET(-1)] FROM (SELECT ['coffee', 'tea'] AS a);
--! out of bounds
SELECT a[ORDINAL(0)] FROM (SELECT ['coffee', 'tea'] AS a);
--! out of bounds
SELECT a[OFFSET(NULL)], a[SAFE_OFFSET(NULL)] FROM (SELECT [1] AS a);
--> [[null, null]]
SELECT x[0] FROM (SELECT 'abc' AS x);
--! Subscript access
SELECT a[OFFSET(0)].b[ORDINAL(2)] FROM (SELECT [STRUCT([1, 2] AS b)] AS a);
--> [[2]]
SELECT [1, 2, 3][OFFSET(2)], ARRAY<INT64>[4][0], ['a', 'b'][ORDINAL(2)];
--> [[3, 4, "b"]]

-- Literals
SELECT [1, 2.5], [1, NUMERIC '2'], ARRAY<FLOAT64>[1, 2], CAST([] AS ARRAY<STRING>);
--> [[[1.0, 2.5], ["1", "2"], [1.0, 2.0], []]]
SELECT [1, 'a'];
--! do not have a common supertype
SELECT [[1], [2]];
--! nested arrays are not supported
SELECT [STRUCT([1] AS a), STRUCT([2, 3])];
--> [[[{"a": [1]}, {"a": [2, 3]}]]]

-- An array that is answered may be NULL, which is written as an empty one; its elements may not.
SELECT CAST(NULL AS ARRAY<INT64>), CAST(NULL AS ARRAY<INT64>) IS NULL;
--> [[[], true]]
SELECT [1, NULL];
--! null element
SELECT ARRAY_LENGTH([1, NULL]);
--> [[2]]
