-- Precedence
SELECT 2 + 3 * 4, (2 + 3) * 4, 10 - 4 - 3, 100 / 10 / 2;
--> [[14, 20, 3, 5.0]]
SELECT -2 + 3, - -2, +5, 2 * -3;
--> [[1, 2, 5, -6]]
SELECT 1 + 2 << 2, 1 << 2 + 1;
--> [[12, 8]]
SELECT 6 & 3 | 8, 1 | 2 ^ 3, 7 & 3 << 1;
--> [[10, 1, 6]]
SELECT 1 | 2 = 3, NOT 1 = 2, NOT TRUE AND FALSE, TRUE OR FALSE AND FALSE;
--> [[true, true, false, true]]
SELECT NOT TRUE OR TRUE, 1 < 2 AND 2 < 3;
--> [[true, true]]
SELECT 'a' || 'b' = 'ab', 1 + 1 IN (2, 3), 5 BETWEEN 1 + 1 AND 2 * 3;
--> [[true, true, true]]
SELECT ~1 & 3, ~-1;
--> [[2, 0]]

-- Bits
SELECT 5 & 3, 5 | 3, 5 ^ 3, ~5;
--> [[1, 7, 6, -6]]
SELECT 1 << 3, 1 << 63, 1 << 64, 5 << 62;
--> [[8, -9223372036854775808, 0, 4611686018427387904]]
SELECT 8 >> 2, -1 >> 63, -1 >> 64, 1 >> 1;
--> [[2, 1, 0, 0]]
SELECT 1 << -1;
--! negative

-- Text and arrays side by side
SELECT 'a' || 'b' || 'c', b'a' || b'b', [1, 2] || [3];
--> [["abc", "YWI=", [1, 2, 3]]]
SELECT 'a' || NULL;
--> [[null]]
SELECT 'a' || 1;
--! No matching signature for operator ||

-- Comparisons
SELECT 1 = 1.0, 1 < NUMERIC '1.5', 'a' < 'b', DATE '2024-01-01' = '2024-01-01', TRUE > FALSE;
--> [[true, true, true, true, true]]
SELECT 1 <> 2, 1 != 2, 2 >= 2, 1 <= 0;
--> [[true, true, true, false]]
SELECT 1 = 'a';
--! No matching signature for operator =
SELECT NULL = NULL, NULL <> 1, 1 > NULL;
--> [[null, null, null]]
SELECT STRUCT(1, 'a') = STRUCT(1, 'a'), (1, 2) = (1, 3);
--> [[true, false]]
SELECT 2 BETWEEN 1 AND 3, 2 NOT BETWEEN 1 AND 3, NULL BETWEEN 1 AND 3, 5 BETWEEN 1 AND NULL;
--> [[true, false, null, null]]
SELECT 0 BETWEEN 1 AND NULL;
--> [[false]]

-- Three values of logic
SELECT TRUE AND NULL, FALSE AND NULL, TRUE OR NULL, FALSE OR NULL, NOT NULL;
--> [[null, false, true, null, null]]
SELECT 1 AND TRUE;
--! No matching signature for operator AND
SELECT NOT 1;
--! No matching signature for operator NOT
SELECT NULL IS NULL, 1 IS NOT NULL, NULL IS TRUE, NULL IS NOT TRUE, FALSE IS FALSE, NULL IS NOT FALSE;
--> [[true, true, false, true, true, true]]
SELECT (1 = NULL) IS UNKNOWN, TRUE IS NOT UNKNOWN;
--> [[true, true]]
SELECT 1 IS DISTINCT FROM 2, 1 IS DISTINCT FROM 1, NULL IS DISTINCT FROM NULL, 1 IS DISTINCT FROM NULL;
--> [[true, false, false, true]]
SELECT NULL IS NOT DISTINCT FROM NULL, 1 IS NOT DISTINCT FROM 2;
--> [[true, false]]

-- IN
SELECT 1 IN (1, 2), 3 IN (1, 2), 3 NOT IN (1, 2), 1 IN (1, NULL), 3 IN (1, NULL), NULL IN (1, 2);
--> [[true, false, true, true, null, null]]
SELECT 3 NOT IN (1, NULL), 1 NOT IN (1, NULL);
--> [[null, false]]
SELECT 1 IN UNNEST([1, 2]), 3 IN UNNEST([1, 2]), 3 IN UNNEST([1, NULL]), 3 NOT IN UNNEST([1]);
--> [[true, false, null, true]]
SELECT NULL IN UNNEST([1, 2]), 1 IN UNNEST(CAST(NULL AS ARRAY<INT64>)), 1 IN UNNEST(CAST([] AS ARRAY<INT64>));
--> [[null, false, false]]
SELECT 1 IN (SELECT x FROM UNNEST([1, 2]) AS x), 3 IN (SELECT x FROM UNNEST([1, NULL]) AS x), 3 NOT IN (SELECT x FROM UNNEST([1, 2]) AS x);
--> [[true, null, true]]
SELECT (1, 'a') IN ((1, 'a'), (2, 'b')), (1, 'b') IN ((1, 'a'), (2, 'b'));
--> [[true, false]]
SELECT 1 IN ('a');
--! No matching signature for operator IN

-- LIKE
SELECT 'abc' LIKE 'a%', 'abc' LIKE '%c', 'abc' LIKE 'a_c', 'abc' LIKE 'b%', 'abc' NOT LIKE 'b%';
--> [[true, true, true, false, true]]
SELECT 'a%c' LIKE 'a\\%c', 'abc' LIKE 'a\\%c', 'a_c' LIKE r'a\_c';
--> [[true, false, true]]
SELECT 'ABC' LIKE 'abc', '' LIKE '%', '' LIKE '_', NULL LIKE '%';
--> [[false, true, false, null]]
SELECT b'abc' LIKE b'a%', b'abc' LIKE b'_b';
--> [[true, false]]
SELECT 'abc' LIKE ANY ('b%', 'a%'), 'abc' LIKE ANY ('b%', 'c%'), 'abc' LIKE SOME ('b%', 'a%');
--> [[true, false, true]]
SELECT 'abc' LIKE ALL ('a%', '%c'), 'abc' LIKE ALL ('a%', 'b%');
--> [[true, false]]
SELECT 'abc' NOT LIKE ANY ('b%', 'c%'), 'abc' LIKE ANY ('b%', NULL), 'abc' LIKE ALL ('a%', NULL), 'abc' LIKE ALL ('b%', NULL);
--> [[true, null, null, false]]
SELECT 'abc' LIKE ANY UNNEST(['x', 'a%']), 'abc' LIKE ALL UNNEST(['x', 'a%']), 'abc' LIKE ALL UNNEST(['%b%', 'a%']);
--> [[true, false, true]]
SELECT NULL LIKE ANY ('a', 'b');
--> [[null]]
SELECT 1 LIKE 'a';
--! No matching signature for operator LIKE

-- EXISTS and subqueries
SELECT EXISTS(SELECT 1), EXISTS(SELECT 1 FROM UNNEST([1]) AS x WHERE x > 1), NOT EXISTS(SELECT 1);
--> [[true, false, false]]
SELECT (SELECT 5), (SELECT x FROM UNNEST([1]) AS x WHERE x > 1);
--> [[5, null]]
SELECT (SELECT x FROM UNNEST([1, 2]) AS x);
--! Scalar subquery produced more than one element
SELECT ARRAY(SELECT x * 2 FROM UNNEST([1, 2]) AS x ORDER BY x DESC);
--> [[[4, 2]]]

-- Minus and plus need numbers.
SELECT -'a';
--! No matching signature for operator -
SELECT 1 + 'a';
--! No matching signature for operator +
SELECT TRUE + 1;
--! No matching signature for operator +
-- NaN is not equal to anything, not even to itself, and neither less nor greater.
WITH t AS (SELECT CAST('nan' AS FLOAT64) AS n, 1.5 AS x, CAST(NULL AS FLOAT64) AS z) SELECT n = n, n != n, n < n, n <= n, n > n, n >= n, n = x, n != x, x < n, x <= n, n > x, n >= x, n < x, n > 1.5, n >= 1, 1 < n, NOT (n > x) FROM t;
--> [[false, true, false, false, false, false, false, true, false, false, false, false, false, false, false, false, true]]
WITH t AS (SELECT CAST('nan' AS FLOAT64) AS n, CAST(NULL AS FLOAT64) AS z) SELECT n = z, z = n, n != z, n < z, z < n, n > z, z > n, n > NULL FROM t;
--> [[null, null, null, null, null, null, null, null]]
SELECT x FROM UNNEST([CAST('nan' AS FLOAT64), 1.5, CAST('inf' AS FLOAT64), NULL]) AS x WHERE x > 1;
--~ [["1.5"], ["Infinity"]]
SELECT a.x FROM UNNEST([CAST('nan' AS FLOAT64), 1.5]) AS a_x, UNNEST([STRUCT(a_x AS x)]) AS a JOIN UNNEST([CAST('nan' AS FLOAT64), 1.5]) AS b ON a.x = b;
--> [["1.5"]]
-- Finite numbers whose result is not finite are an error.
SELECT x + x FROM UNNEST([1e308]) AS x;
--! double overflow: 1e+308 + 1e+308
SELECT -x - x FROM UNNEST([1e308]) AS x;
--! double overflow: -1e+308 - 1e+308
SELECT x * 10 FROM UNNEST([1e308]) AS x;
--! double overflow: 1e+308 * 10
SELECT x / 1e-10 FROM UNNEST([1e308]) AS x;
--! double overflow: 1e+308 / 1e-10
SELECT x + 1, x * 2, -x, x - x, 1 / x, x * 0 FROM UNNEST([CAST('inf' AS FLOAT64)]) AS x;
--> [["Infinity", "Infinity", "-Infinity", "NaN", "0.0", "NaN"]]
SELECT SAFE_ADD(x, x), SAFE_MULTIPLY(x, 10), SAFE_DIVIDE(x, 1e-10), IFERROR(x * x, -1) FROM UNNEST([1e308]) AS x;
--> [[null, null, null, "-1.0"]]
SELECT x + 1, 1 + x, x * NUMERIC '2', NULL + x FROM UNNEST([1.5]) AS x;
--> [["2.5", "2.5", "3.0", null]]
