-- LPAD and RPAD fill up to a length with a pattern, or cut to it.
SELECT LPAD('abc', 5), LPAD('abc', 2);
--> [["  abc", "ab"]]
SELECT LPAD('例子', 4);
--> [["  例子"]]
SELECT LPAD('abc', 8, 'def'), LPAD('abc', 5, '-'), LPAD('例子', 5, '中文');
--> [["defdeabc", "--abc", "中文中例子"]]
SELECT LPAD(b'abc', 5), LPAD(b'abc', 2);
--> [["ICBhYmM=", "YWI="]]
SELECT LPAD(b'abc', 8, b'def');
--> [["ZGVmZGVhYmM="]]
SELECT RPAD('abc', 5), RPAD('abc', 2), RPAD('例子', 4);
--> [["abc  ", "ab", "例子  "]]
SELECT RPAD('abc', 8, 'def'), RPAD('abc', 5, '-'), RPAD('例子', 5, '中文');
--> [["abcdefde", "abc--", "例子中文中"]]
SELECT RPAD(b'abc', 5, b'-');
--> [["YWJjLS0="]]
SELECT LPAD('abc', 0), RPAD('', 2, 'x');
--> [["", "xx"]]
SELECT LPAD('abc', -1);
--! Second argument (output size) for LPAD/RPAD cannot be negative
SELECT RPAD('abc', 5, '');
--! Third argument (pad pattern) for LPAD/RPAD cannot be empty
SELECT LPAD(b'abc', 5, b'');
--! Third argument (pad pattern) for LPAD/RPAD cannot be empty
SELECT SAFE.LPAD('abc', -5);
--> [[null]]
SELECT LPAD(NULL, 5), LPAD('abc', NULL), RPAD('abc', 5, NULL);
--> [[null, null, null]]
SELECT REPEAT('abc', 3), REPEAT('例', 2);
--> [["abcabcabc", "例例"]]
SELECT REPEAT('abc', NULL), REPEAT(NULL, 3);
--> [[null, null]]
SELECT REPEAT('abc', 0), REPEAT('', 5);
--> [["", ""]]
SELECT REPEAT(b'ab', 2);
--> [["YWJhYg=="]]
SELECT REPEAT('abc', -1);
--! Second argument (repeat count) for REPEAT cannot be negative
SELECT REPEAT('abcdefghij', 1000000);
--! Output of REPEAT exceeds max allowed output size of 1MB
