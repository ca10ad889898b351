SELECT UPPER('a') a, LENGTH('héé') b, LPAD('1',3,'0') c, STRPOS('abc','c') d, SUBSTR('hello', -3, 2) e, SUBSTR('hello', 0, 2) f, TRIM('  x ') g, SPLIT('a,b') h, REVERSE('abc') i, INITCAP('hello world') j;
--> [["A", 3, "001", 3, "ll", "he", "x", ["a", "b"], "cba", "Hello World"]]

SELECT REGEXP_EXTRACT('abc123', r'(\d+)') a, REGEXP_EXTRACT('abc', r'\d') b, REGEXP_CONTAINS('abc', r'^a') c, REGEXP_REPLACE('abcb', r'b', 'X') d, REGEXP_EXTRACT_ALL('a1b2', r'[a-z](\d)') e;
--> [["123", null, true, "aXcX", ["1", "2"]]]

SELECT STARTS_WITH('abc','a') a, CONCAT('a', 'b', 'c') b, REPLACE('aba','a','x') c, CHR(65) d, TO_BASE64(b'ab') e, 'abc' LIKE 'a%' f, 'a_c' LIKE 'a\\_c' g, FORMAT('%d-%s', 5, 'x') h;
--> [[true, "abc", "xbx", "A", "YWI=", true, true, "5-x"]]
