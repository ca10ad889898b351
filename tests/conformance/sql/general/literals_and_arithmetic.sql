SELECT 1, 1+2 AS a, 7/2 AS d, 'x' || 'y' AS s, 1.5 AS f;
--> [[1, 3, "3.5", "xy", "1.5"]]

SELECT NUMERIC '1.1' * NUMERIC '2' AS n, NUMERIC '10' / NUMERIC '3' AS nd, NUMERIC '-2' / 3 AS neg;
--> [["2.2", "3.333333333", "-0.666666667"]]

SELECT 1/0;
--! division by zero: 1 / 0

SELECT 9223372036854775807 a, -9223372036854775808 b, 0x1F c, 2000000000*2 d;
--> [["9223372036854775807", "-9223372036854775808", 31, 4000000000]]

SELECT 9223372036854775807 + 1;
--! int64 overflow

SELECT b'abc' b, TO_HEX(b'\x01\xff') h, r'\d' r, 'it\'s' q, "dq" dq, '''tri'ple''' t, '\u00e9' u;
--> [["YWJj", "01ff", "\\d", "it's", "dq", "tri'ple", "é"]]

SELECT BIGNUMERIC '1.123456789012345678' b;
--> [["1.123456789012345678"]]

SELECT CAST('1.1234567890123456789' AS BIGNUMERIC);
--! the local BigQuery keeps 18 decimals of a BIGNUMERIC

SELECT CAST(NULL AS STRING) a, NULL b;
--> [[null, null]]

SELECT 1 & 3 a, 1 | 2 b, 5 ^ 1 c, ~0 f;
--> [[1, 3, 4, -1]]
