-- Rounding
SELECT ROUND(2.0), ROUND(2.3), ROUND(2.8), ROUND(2.5);
--> [[2.0, 2.0, 3.0, 3.0]]
SELECT ROUND(-2.3), ROUND(-2.8), ROUND(-2.5), ROUND(0);
--> [[-2.0, -3.0, -3.0, 0.0]]
SELECT ROUND(CAST('inf' AS FLOAT64)), ROUND(CAST('-inf' AS FLOAT64)), ROUND(CAST('NaN' AS FLOAT64));
--> [["Infinity", "-Infinity", "NaN"]]
SELECT ROUND(123.7, -1), ROUND(1.235, 2);
--> [[120.0, 1.24]]
SELECT ROUND(NUMERIC '2.25', 1, 'ROUND_HALF_EVEN'), ROUND(NUMERIC '2.35', 1, 'ROUND_HALF_EVEN'), ROUND(NUMERIC '2.251', 1, 'ROUND_HALF_EVEN');
--> [["2.2", "2.4", "2.3"]]
SELECT ROUND(NUMERIC '-2.5', 0, 'ROUND_HALF_EVEN'), ROUND(NUMERIC '2.5', 0, 'ROUND_HALF_AWAY_FROM_ZERO'), ROUND(NUMERIC '-2.5', 0, 'ROUND_HALF_AWAY_FROM_ZERO');
--> [["-2", "3", "-3"]]
SELECT ROUND(NUMERIC '2.5', 0, 'ROUND_DOWN');
--! ROUND_DOWN
SELECT ROUND(NUMERIC '1.255', 2), ROUND(NUMERIC '1255', -1), ROUND(5);
--> [["1.26", "1260", 5.0]]
SELECT TRUNC(2.0), TRUNC(2.3), TRUNC(2.8), TRUNC(-2.8);
--> [[2.0, 2.0, 2.0, -2.0]]
SELECT TRUNC(12.345, 1), TRUNC(-12.345, 1), TRUNC(129.0, -1);
--> [[12.3, -12.3, 120.0]]
SELECT TRUNC(NUMERIC '12.345', 2), TRUNC(NUMERIC '-12.5');
--> [["12.34", "-12"]]
SELECT CEIL(2.3), CEILING(2.8), CEIL(-2.3), CEIL(2);
--> [[3.0, 3.0, -2.0, 2.0]]
SELECT FLOOR(2.3), FLOOR(-2.3), FLOOR(-2), FLOOR(NUMERIC '2.7'), CEIL(NUMERIC '-2.7');
--> [[2.0, -3.0, -2.0, "2", "-2"]]
SELECT CEIL(CAST('-inf' AS FLOAT64)), FLOOR(CAST('NaN' AS FLOAT64));
--> [["-Infinity", "NaN"]]

-- Signs
SELECT ABS(25), ABS(-25), ABS(-2.5), ABS(NUMERIC '-2.5'), ABS(CAST('-inf' AS FLOAT64));
--> [[25, 25, 2.5, "2.5", "Infinity"]]
SELECT ABS(-9223372036854775808);
--! overflow
SELECT SIGN(25), SIGN(0), SIGN(-25), SIGN(-2.5), SIGN(NUMERIC '0.1');
--> [[1, 0, -1, -1.0, "1"]]
SELECT SIGN(CAST('NaN' AS FLOAT64)), SIGN(CAST('-inf' AS FLOAT64));
--> [["NaN", -1.0]]

-- Division
SELECT DIV(20, 4), DIV(12, -7), DIV(20, 3), DIV(0, 20);
--> [[5, -1, 6, 0]]
SELECT DIV(20, 0);
--! division by zero
SELECT DIV(NUMERIC '7.5', NUMERIC '2');
--> [["3"]]
SELECT MOD(25, 12), MOD(-25, 12), MOD(25, -12), MOD(NUMERIC '7.5', NUMERIC '2');
--> [[1, -1, 1, "1.5"]]
SELECT MOD(25, 0);
--! division by zero
SELECT MOD(2.5, 2);
--! No matching signature for function MOD
SELECT IEEE_DIVIDE(20.0, 4.0), IEEE_DIVIDE(20.0, 6.0), IEEE_DIVIDE(0.0, 25.0);
--> [[5.0, 3.3333333333333335, 0.0]]
SELECT IEEE_DIVIDE(25.0, 0.0), IEEE_DIVIDE(-25.0, 0.0), IEEE_DIVIDE(0.0, 0.0);
--> [["Infinity", "-Infinity", "NaN"]]
SELECT IEEE_DIVIDE(25, 10), IEEE_DIVIDE(0.0, CAST('NaN' AS FLOAT64));
--> [[2.5, "NaN"]]
SELECT SAFE_DIVIDE(20, 4), SAFE_DIVIDE(0, 20), SAFE_DIVIDE(20, 0);
--> [[5.0, 0.0, null]]
SELECT SAFE_DIVIDE(NUMERIC '10', NUMERIC '4'), SAFE_DIVIDE(NUMERIC '10', NUMERIC '0');
--> [["2.5", null]]
SELECT 7 / 2, 6 / 2, 1 / 4;
--> [[3.5, 3.0, 0.25]]
SELECT 1 / 0;
--! division by zero
SELECT 1.5 / 0;
--! division by zero
SELECT NUMERIC '1' / NUMERIC '0';
--! division by zero
SELECT NUMERIC '10' / NUMERIC '3', NUMERIC '2' / 3;
--> [["3.333333333", "0.666666667"]]

-- Overflow is an error, and NULL where it is asked for.
SELECT 9223372036854775807 + 1;
--! overflow
SELECT -9223372036854775807 - 2;
--! overflow
SELECT 9223372036854775807 * 2;
--! overflow
SELECT SAFE_ADD(5, 4), SAFE_ADD(9223372036854775807, 1);
--> [[9, null]]
SELECT SAFE_SUBTRACT(5, 4), SAFE_SUBTRACT(-9223372036854775807, 2);
--> [[1, null]]
SELECT SAFE_MULTIPLY(20, 4), SAFE_MULTIPLY(9223372036854775807, 2);
--> [[80, null]]
SELECT SAFE_NEGATE(1), SAFE_NEGATE(-1), SAFE_NEGATE(0), SAFE_NEGATE(CAST(-9223372036854775808 AS INT64));
--> [[-1, 1, 0, null]]
SELECT SAFE_ADD(1.5, 2), SAFE_MULTIPLY(NUMERIC '1.5', 2);
--> [[3.5, "3"]]
SELECT SAFE_ADD(1e308, 1e308), SAFE_MULTIPLY(1e308, 10.0);
--> [[null, null]]

-- Powers and logarithms
SELECT SQRT(25.0), SQRT(CAST('inf' AS FLOAT64)), SQRT(NUMERIC '25');
--> [[5.0, "Infinity", "5"]]
SELECT SQRT(-1);
--! Floating point error in function: SQRT
SELECT CBRT(27), CBRT(-8), CBRT(CAST('inf' AS FLOAT64));
--> [[3.0, -2.0, "Infinity"]]
SELECT POW(2.0, 3.0), POWER(2, 10), POW(1.0, CAST('NaN' AS FLOAT64)), POW(CAST('NaN' AS FLOAT64), 0);
--> [[8.0, 1024.0, 1.0, 1.0]]
SELECT POW(-1.0, CAST('inf' AS FLOAT64)), POW(0.5, CAST('-inf' AS FLOAT64)), POW(2, CAST('-inf' AS FLOAT64));
--> [[1.0, "Infinity", 0.0]]
SELECT POW(CAST('-inf' AS FLOAT64), -1), POW(CAST('-inf' AS FLOAT64), 3), POW(CAST('-inf' AS FLOAT64), 2);
--> [[-0.0, "-Infinity", "Infinity"]]
SELECT POW(-2, 0.5);
--! Floating point error in function: POW
SELECT POW(0, -1);
--! Floating point error in function: POW
SELECT POW(NUMERIC '2', NUMERIC '0.5');
--> [["1.414213562"]]
SELECT EXP(0.0), EXP(CAST('inf' AS FLOAT64)), EXP(CAST('-inf' AS FLOAT64));
--> [[1.0, "Infinity", 0.0]]
SELECT EXP(1000);
--! in function: EXP
SELECT LN(1.0), LN(CAST('inf' AS FLOAT64)), LOG10(100.0);
--> [[0.0, "Infinity", 2.0]]
SELECT LN(0);
--! Floating point error in function: LN
SELECT LN(-1);
--! Floating point error in function: LN
SELECT LOG(100.0, 10.0), LOG(1), LOG(8, 2);
--> [[2.0, 0.0, 3.0]]
SELECT LOG(CAST('inf' AS FLOAT64), 0.5), LOG(CAST('inf' AS FLOAT64), 2), LOG(8, CAST('inf' AS FLOAT64));
--> [["-Infinity", "Infinity", "NaN"]]
SELECT LOG(8, 1);
--! Floating point error in function: LOG
SELECT LOG(0, 2);
--! Floating point error in function: LOG

-- NUMERIC and BIGNUMERIC keep their decimals.
SELECT SQRT(NUMERIC '2'), CBRT(NUMERIC '-27'), EXP(NUMERIC '1'), LN(NUMERIC '10'), LOG10(NUMERIC '1000');
--> [["1.414213562", "-3", "2.718281828", "2.302585093", "3"]]
SELECT POW(NUMERIC '-2', NUMERIC '3'), POW(NUMERIC '2', -2), LOG(NUMERIC '8', NUMERIC '2');
--> [["-8", "0.25", "3"]]
SELECT POW(NUMERIC '1.1', 100), SQRT(BIGNUMERIC '2');
--> [["13780.612339822", "1.414213562373095049"]]
SELECT SQRT(NUMERIC '-1');
--! SQRT
SELECT LN(NUMERIC '0');
--! LN
SELECT POW(NUMERIC '10', NUMERIC '40');
--! POW
SELECT EXP(NUMERIC '100');
--! EXP
SELECT LOG10(-1);
--! Floating point error in function: LOG10

-- Trigonometry
SELECT SIN(0), COS(0), TAN(0);
--> [[0.0, 1.0, 0.0]]
SELECT SIN(CAST('inf' AS FLOAT64)), COS(CAST('-inf' AS FLOAT64)), TAN(CAST('NaN' AS FLOAT64));
--> [["NaN", "NaN", "NaN"]]
SELECT ACOS(1), ASIN(0), ATAN(0), ATAN2(0, 1);
--> [[0.0, 0.0, 0.0, 0.0]]
SELECT ACOS(2);
--! Floating point error in function: ACOS
SELECT ASIN(-2);
--! Floating point error in function: ASIN
SELECT ACOS(-1), ASIN(1), ATAN(CAST('inf' AS FLOAT64));
--> [[3.141592653589793, 1.5707963267948966, 1.5707963267948966]]
SELECT ATAN2(1.0, 0.0), ATAN2(0.0, -1.0), ATAN2(CAST('inf' AS FLOAT64), CAST('inf' AS FLOAT64)), ATAN2(CAST('-inf' AS FLOAT64), CAST('-inf' AS FLOAT64));
--> [[1.5707963267948966, 3.141592653589793, 0.7853981633974483, -2.356194490192345]]
SELECT SINH(0), COSH(0), TANH(0), TANH(CAST('inf' AS FLOAT64)), COSH(CAST('-inf' AS FLOAT64));
--> [[0.0, 1.0, 0.0, 1.0, "Infinity"]]
SELECT ASINH(0), ACOSH(1), ATANH(0), ASINH(CAST('-inf' AS FLOAT64));
--> [[0.0, 0.0, 0.0, "-Infinity"]]
SELECT ACOSH(0.5);
--! Floating point error in function: ACOSH
SELECT ATANH(2);
--! Floating point error in function: ATANH
SELECT COT(1), SAFE.COT(0);
--> [[0.6420926159343307, null]]
SELECT COTH(1), SAFE.COTH(0);
--> [[1.3130352854993312, null]]
SELECT SAFE.CSC(0), SAFE.CSCH(0);
--> [[null, null]]
SELECT ROUND(CSC(100), 11), ROUND(CSC(-1), 12);
--> [[-1.97485753142, -1.188395105778]]
SELECT ROUND(CSCH(0.5), 10), ROUND(CSCH(-2), 11);
--> [[1.9190347513, -0.27572056477]]
SELECT ROUND(SEC(100), 12), ROUND(SEC(-1), 11);
--> [[1.159663822905, 1.85081571768]]
SELECT ROUND(SECH(0.5), 11), ROUND(SECH(-2), 12);
--> [[0.88681888397, 0.265802228834]]
SELECT COT(0);
--! Floating point error in function: COT
SELECT CSC(CAST('inf' AS FLOAT64)), COTH(CAST('inf' AS FLOAT64)), CSCH(CAST('inf' AS FLOAT64));
--> [["NaN", 1.0, 0.0]]

-- Least and greatest
SELECT GREATEST(3, 5, 1), LEAST(3, 5, 1), GREATEST(1, NULL), LEAST('b', 'a');
--> [[5, 1, null, "a"]]
SELECT GREATEST(1, 2.5), LEAST(NUMERIC '1', 2);
--> [[2.5, "1"]]
SELECT GREATEST(1.0, CAST('NaN' AS FLOAT64)), LEAST(1.0, CAST('NaN' AS FLOAT64));
--> [["NaN", "NaN"]]
SELECT IS_INF(CAST('inf' AS FLOAT64)), IS_INF(CAST('-inf' AS FLOAT64)), IS_INF(25);
--> [[true, true, false]]
SELECT IS_NAN(CAST('NaN' AS FLOAT64)), IS_NAN(25), IS_NAN(NULL);
--> [[true, false, null]]

-- Buckets, distances, chance
SELECT RANGE_BUCKET(20, [0, 10, 20, 30, 40]), RANGE_BUCKET(20, [0, 10, 20, 20, 40, 40]), RANGE_BUCKET(25, [0, 10, 20, 30, 40]);
--> [[3, 4, 3]]
SELECT RANGE_BUCKET(-10, [5, 6, 7, 8]), RANGE_BUCKET(80, [0, 10, 20, 30, 40]), RANGE_BUCKET('c', ['a', 'b', 'd']);
--> [[0, 5, 2]]
SELECT RANGE_BUCKET(NULL, [0, 10]), RANGE_BUCKET(5, CAST(NULL AS ARRAY<INT64>)), RANGE_BUCKET(5, CAST([] AS ARRAY<INT64>));
--> [[null, null, 0]]
SELECT RANGE_BUCKET(5, [1, NULL]);
--! RANGE_BUCKET
SELECT RANGE_BUCKET(age, [10, 20, 30]) AS g, COUNT(*) FROM UNNEST([9, 20, 25, 31, 32, 33]) AS age GROUP BY 1 ORDER BY 1;
--> [[0, 1], [2, 2], [3, 3]]
SELECT ROUND(COSINE_DISTANCE([1.0, 2.0], [3.0, 4.0]), 6), ROUND(EUCLIDEAN_DISTANCE([1.0, 2.0], [3.0, 4.0]), 3);
--> [[0.01613, 2.828]]
SELECT ROUND(COSINE_DISTANCE([(1, 1.0), (2, 2.0)], [(2, 4.0), (1, 3.0)]), 6), ROUND(EUCLIDEAN_DISTANCE([(1, 1.0), (2, 2.0)], [(2, 4.0), (1, 3.0)]), 3);
--> [[0.01613, 2.828]]
SELECT ROUND(COSINE_DISTANCE([('a', 1.0), ('b', 2.0)], [('b', 4.0), ('a', 3.0)]), 6);
--> [[0.01613]]
SELECT COSINE_DISTANCE([0.0, 0.0], [3.0, 4.0]);
--! zero vector
SELECT EUCLIDEAN_DISTANCE([1.0], [3.0, 4.0]);
--! Array length mismatch
SELECT RAND() BETWEEN 0 AND 1, RAND() < 1;
--> [[true, true]]

-- Types: whole numbers stay whole, decimals decimal.
SELECT 1 + 2, 1 + 2.5, 1 + NUMERIC '2.5', NUMERIC '1' + BIGNUMERIC '2', NUMERIC '1' + 2.5e0;
--> [[3, 3.5, "3.5", "3", 3.5]]
SELECT NUMERIC '99999999999999999999999999999.999999999' + NUMERIC '1';
--! verflow
SELECT NUMERIC '1.5' * NUMERIC '1.5', NUMERIC '0.000000001' * NUMERIC '0.5', -NUMERIC '1.5';
--> [["2.25", "0.000000001", "-1.5"]]
SELECT NUMERIC '123456789012345.678' * NUMERIC '1000000000000';
--> [["123456789012345678000000000"]]
SELECT NUMERIC '12345678901234567890.5' / NUMERIC '0.001';
--> [["12345678901234567890500"]]
SELECT BIGNUMERIC '1.5' * BIGNUMERIC '2', BIGNUMERIC '1' / BIGNUMERIC '4';
--> [["3", "0.25"]]
