-- Integers
SELECT FORMAT('%d', 10), FORMAT('|%10d|', 11), FORMAT('+%010d+', 12), FORMAT("%'d", 123456789);
--> [["10", "|        11|", "+0000000012+", "123,456,789"]]
SELECT FORMAT('%i', -5), FORMAT('%+d', 5), FORMAT('% d', 5), FORMAT('%-5d|', 5);
--> [["-5", "+5", " 5", "5    |"]]
SELECT FORMAT('%x', 255), FORMAT('%X', 255), FORMAT('%o', 8), FORMAT('%#x', 255), FORMAT('%#o', 8), FORMAT('%#X', 255);
--> [["ff", "FF", "10", "0xff", "010", "0XFF"]]
SELECT FORMAT("%'x", 12345678), FORMAT("%'o", 55555);
--> [["bc:614e", "15,4403"]]
SELECT FORMAT('%.3d', 5), FORMAT('%5.3d', 5), FORMAT('%.0d', 0);
--> [["005", "  005", ""]]
SELECT FORMAT('%*d', 5, 42), FORMAT('%-*d|', 5, 42), FORMAT('%.*d', 4, 42);
--> [["   42", "42   |", "0042"]]
SELECT FORMAT('%*d|', -5, 42);
--> [["42   |"]]

-- Strings
SELECT FORMAT('-%s-', 'abcd efg'), FORMAT('%10s|', 'abc'), FORMAT('%-10s|', 'abc'), FORMAT('%.2s', 'abc');
--> [["-abcd efg-", "       abc|", "abc       |", "ab"]]
SELECT FORMAT('%5s', 'щит'), FORMAT('%%'), FORMAT('a%%b'), FORMAT('');
--> [["  щит", "%", "a%b", ""]]
SELECT FORMAT('date: %s!', FORMAT_DATE('%B %d, %Y', DATE '2015-01-02'));
--> [["date: January 02, 2015!"]]

-- Numbers with a fraction
SELECT FORMAT('%f %E', 1.1, 2.2), FORMAT('%.2f', 3.14159), FORMAT('%8.3f', 3.14159), FORMAT('%+.1f', 2.0);
--> [["1.100000 2.200000E+00", "3.14", "   3.142", "+2.0"]]
SELECT FORMAT('%e', 392.65), FORMAT('%g', 392.65), FORMAT('%g', 39265000.0), FORMAT('%G', 39265000.0), FORMAT('%g', 0.0001), FORMAT('%g', 0.00001);
--> [["3.926500e+02", "392.65", "3.9265e+07", "3.9265E+07", "0.0001", "1e-05"]]
SELECT FORMAT('%f', CAST('inf' AS FLOAT64)), FORMAT('%F', CAST('inf' AS FLOAT64)), FORMAT('%e', CAST('nan' AS FLOAT64)), FORMAT('%G', CAST('-inf' AS FLOAT64));
--> [["inf", "INF", "nan", "-INF"]]
SELECT FORMAT('%#.0f', 2.0), FORMAT('%.0f', 2.5), FORMAT('%08.2f', -1.5), FORMAT("%'.2f", 1234567.891);
--> [["2.", "2", "-0001.50", "1,234,567.89"]]
SELECT FORMAT('%f', NUMERIC '1.5'), FORMAT('%.0f', NUMERIC '1.5'), FORMAT('%.0f', NUMERIC '2.5'), FORMAT('%e', NUMERIC '0.00015');
--> [["1.500000", "2", "3", "1.500000e-04"]]
SELECT FORMAT('%.9f', NUMERIC '99999999999999999999999999999.999999999');
--> [["99999999999999999999999999999.999999999"]]
SELECT FORMAT('%f', BIGNUMERIC '1.25');
--> [["1.250000"]]

-- %t and %T
SELECT FORMAT('%t', DATE '2015-09-01'), FORMAT('%t', TIMESTAMP '2015-09-01 12:34:56 America/Los_Angeles');
--> [["2015-09-01", "2015-09-01 19:34:56+00"]]
SELECT FORMAT('%t', 1), FORMAT('%t', 1.0), FORMAT('%t', 1.5), FORMAT('%t', TRUE), FORMAT('%t', 'a"b'), FORMAT('%t', b'ab\x01');
--> [["1", "1.0", "1.5", "true", "a\"b", "ab\\x01"]]
SELECT FORMAT('%T', 1), FORMAT('%T', 1.0), FORMAT('%T', 'ab'), FORMAT('%T', 'a"b'), FORMAT('%T', b'ab\x01'), FORMAT('%T', FALSE);
--> [["1", "1.0", "\"ab\"", "'a\"b'", "b\"ab\\x01\"", "false"]]
SELECT FORMAT('%T', DATE '2011-02-03'), FORMAT('%T', TIMESTAMP '2011-02-03 04:05:06+00'), FORMAT('%T', DATETIME '2011-02-03 04:05:06'), FORMAT('%T', TIME '04:05:06.789');
--> [["DATE \"2011-02-03\"", "TIMESTAMP \"2011-02-03 04:05:06+00\"", "DATETIME \"2011-02-03 04:05:06\"", "TIME \"04:05:06.789\""]]
SELECT FORMAT('%t', DATETIME '2011-02-03 04:05:06.123456'), FORMAT('%t', TIME '04:05:06');
--> [["2011-02-03 04:05:06.123456", "04:05:06"]]
SELECT FORMAT('%t', NUMERIC '3.14'), FORMAT('%T', NUMERIC '3.14'), FORMAT('%T', BIGNUMERIC '3.14');
--> [["3.14", "NUMERIC \"3.14\"", "BIGNUMERIC \"3.14\""]]
SELECT FORMAT('%t', INTERVAL 14 MONTH), FORMAT('%T', INTERVAL 90 MINUTE);
--> [["1-2 0 0:0:0", "INTERVAL \"0-0 0 1:30:0\" YEAR TO SECOND"]]
SELECT FORMAT('%t', [1, 2]), FORMAT('%T', ['a', 'b']), FORMAT('%t', STRUCT(1 AS a, 'x' AS b)), FORMAT('%T', STRUCT(1, 'x')), FORMAT('%T', STRUCT(1));
--> [["[1, 2]", "[\"a\", \"b\"]", "(1, x)", "(1, \"x\")", "STRUCT(1)"]]
SELECT FORMAT('%t', [STRUCT(NUMERIC '1.5' AS n, DATE '2024-01-02' AS d)]);
--> [["[(1.5, 2024-01-02)]"]]
SELECT FORMAT('%T', CAST('nan' AS FLOAT64)), FORMAT('%t', CAST('inf' AS FLOAT64));
--> [["CAST(\"nan\" AS FLOAT64)", "inf"]]
SELECT FORMAT('%p', JSON '{"month": 10, "year": 2019}'), FORMAT('%t', JSON '{"name":"apple","stock":3}'), FORMAT('%T', JSON '{"name":"apple","stock":3}');
--> [["{\"month\":10,\"year\":2019}", "{\"name\":\"apple\",\"stock\":3}", "JSON '{\"name\":\"apple\",\"stock\":3}'"]]
SELECT FORMAT('%P', JSON '{"month": 10, "year": 2019}');
--> [["{\n  \"month\": 10,\n  \"year\": 2019\n}"]]
SELECT FORMAT('%10t|', 'ab'), FORMAT('%.1t', 'ab'), FORMAT('%-6T|', 'ab');
--> [["        ab|", "a", "\"ab\"  |"]]

-- NULL: the whole is NULL, except under %t and %T.
SELECT FORMAT('00-%t-00', CAST(NULL AS STRING)), FORMAT('%T', NULL), FORMAT('%d', CAST(NULL AS INT64)), FORMAT(NULL, 1), FORMAT('%t', [1, NULL]);
--> [["00-NULL-00", "NULL", null, null, "[1, NULL]"]]

-- Errors
SELECT FORMAT('%s', 1);
--! Invalid type for argument 2 to FORMAT; Expected STRING; Got INT64
SELECT FORMAT('%d', 1.5);
--! Invalid type for argument 2 to FORMAT; Expected integer; Got FLOAT64
SELECT FORMAT('%f', 1);
--! Invalid type for argument 2 to FORMAT
SELECT FORMAT('%u', 1);
--! Invalid type for argument 2 to FORMAT; Expected UINT; Got INT64
SELECT FORMAT('%');
--! Invalid FORMAT string: "%"
SELECT FORMAT('%Z', 1);
--! Invalid format specifier character "Z" in FORMAT string: "%Z"
SELECT FORMAT('%d');
--! Too few arguments to FORMAT for pattern "%d"; Expected 2; Got 1
SELECT FORMAT('%d', 1, 2);
--! Too many arguments to FORMAT for pattern "%d"; Expected 2; Got 3
SELECT FORMAT('%*s', 'abc', 'def');
--! Invalid type for argument 2 to FORMAT; Expected integer; Got STRING
SELECT SAFE.FORMAT('%d', 'x');
--> [[null]]
