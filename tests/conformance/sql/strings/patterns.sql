-- REGEXP_CONTAINS
SELECT REGEXP_CONTAINS('foo@example.com', r'@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+');
--> [[true]]
SELECT REGEXP_CONTAINS('www.example.net', r'@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+');
--> [[false]]
SELECT REGEXP_CONTAINS('a@foo.com', r'^([\w.+-]+@foo\.com|[\w.+-]+@bar\.org)$'), REGEXP_CONTAINS('a@foo.computer', r'^([\w.+-]+@foo\.com|[\w.+-]+@bar\.org)$');
--> [[true, false]]
SELECT REGEXP_CONTAINS('abc', ''), REGEXP_CONTAINS('', 'a'), REGEXP_CONTAINS(NULL, 'a'), REGEXP_CONTAINS('a', NULL);
--> [[true, false, null, null]]
SELECT REGEXP_CONTAINS('ABC', r'(?i)abc'), REGEXP_CONTAINS('a\nb', 'a.b'), REGEXP_CONTAINS('a\nb', '(?s)a.b');
--> [[true, false, true]]
SELECT REGEXP_CONTAINS('١', r'\d'), REGEXP_CONTAINS('é', r'^.$'), REGEXP_CONTAINS('é', r'\w');
--> [[false, true, false]]
SELECT REGEXP_CONTAINS(b'\xff\x00', b'\\xff');
--> [[true]]
SELECT REGEXP_CONTAINS('abc', r'(a');
--! Cannot parse regular expression: missing ): (a
SELECT REGEXP_CONTAINS('abc', r'[a');
--! Cannot parse regular expression: missing ]: [a
SELECT REGEXP_CONTAINS('abc', r'*');
--! Cannot parse regular expression: no argument for repetition operator: *
SELECT REGEXP_CONTAINS('abc', r'(?=a)');
--! Cannot parse regular expression: invalid perl operator

-- REGEXP_EXTRACT: the group where there is one, else the whole match.
SELECT REGEXP_EXTRACT('foo@example.com', r'^[a-zA-Z0-9_.+-]+');
--> [["foo"]]
SELECT REGEXP_EXTRACT('foo@example.com', r'^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.([a-zA-Z0-9-.]+$)');
--> [["com"]]
SELECT REGEXP_EXTRACT('ab', '.b'), REGEXP_EXTRACT('ab', '(.)b'), REGEXP_EXTRACT('xyztb', '(.)+b'), REGEXP_EXTRACT('ab', '(z)?b');
--> [["ab", "a", "t", null]]
SELECT REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 1);
--> [["Hello"]]
SELECT REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 2);
--> [["Helloo"]]
SELECT REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 3);
--> [["Hellooo"]]
SELECT REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 1, 4);
--> [[null]]
SELECT REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 2, 1), REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 3, 1);
--> [["ello", "Helloo"]]
SELECT REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 3, 2), REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 3, 3);
--> [["Hellooo", null]]
SELECT REGEXP_EXTRACT('Hello Helloo and Hellooo', 'H?ello+', 20, 1), REGEXP_EXTRACT('cats&dogs&rabbits', r'\w+&', 1, 2), REGEXP_EXTRACT('cats&dogs&rabbits', r'\w+&', 2, 3);
--> [[null, "dogs&", null]]
SELECT REGEXP_EXTRACT('abc', 'b', 0);
--! Position must be positive
SELECT REGEXP_EXTRACT('abc', 'b', 1, 0);
--! Occurrence must be positive
SELECT REGEXP_EXTRACT('abc', '(a)(b)');
--! Regular expressions passed into extraction functions must not have more than 1 capturing group
SELECT REGEXP_EXTRACT(b'\x00abc', b'[a-c]+');
--> [["YWJj"]]
SELECT REGEXP_EXTRACT(NULL, 'a'), REGEXP_EXTRACT('a', NULL), REGEXP_EXTRACT('', 'a');
--> [[null, null, null]]
SELECT REGEXP_EXTRACT('', '');
--> [[""]]
SELECT REGEXP_SUBSTR('Hello World World', 'W.*d');
--> [["World World"]]
SELECT REGEXP_SUBSTR('Hello World', r'o', 6);
--> [["o"]]
SELECT REGEXP_EXTRACT(s, p) FROM UNNEST([STRUCT('a1' AS s, r'\d' AS p), ('b', 'b')]);
--~ [["1"], ["b"]]

-- REGEXP_EXTRACT_ALL
SELECT REGEXP_EXTRACT_ALL('Try `func(x)` or `func(y)`', '`(.+?)`');
--> [[["func(x)", "func(y)"]]]
SELECT REGEXP_EXTRACT_ALL('a1b2c3', r'\d'), REGEXP_EXTRACT_ALL('abc', 'z');
--> [[["1", "2", "3"], []]]
SELECT REGEXP_EXTRACT_ALL('baac', 'a'), REGEXP_EXTRACT_ALL('ab', '');
--> [[["a", "a"], ["", "", ""]]]
SELECT REGEXP_EXTRACT_ALL(b'a1b2', b'[a-z]');
--> [[["YQ==", "Yg=="]]]
SELECT REGEXP_EXTRACT_ALL('é', '.');
--> [[["é"]]]

-- REGEXP_INSTR: value, pattern, position, occurrence, whether the place after the match is meant.
SELECT REGEXP_INSTR('ab@cd-ef', '@[^-]*'), REGEXP_INSTR('ab@d-ef', '@[^-]*'), REGEXP_INSTR('abc@cd-ef', '@[^-]*'), REGEXP_INSTR('abc-ef', '@[^-]*');
--> [[3, 3, 4, 0]]
SELECT REGEXP_INSTR('a@cd-ef b@cd-ef', '@[^-]*', 1), REGEXP_INSTR('a@cd-ef b@cd-ef', '@[^-]*', 2), REGEXP_INSTR('a@cd-ef b@cd-ef', '@[^-]*', 3), REGEXP_INSTR('a@cd-ef b@cd-ef', '@[^-]*', 4);
--> [[2, 2, 10, 10]]
SELECT REGEXP_INSTR('a@cd-ef b@cd-ef c@cd-ef', '@[^-]*', 1, 1), REGEXP_INSTR('a@cd-ef b@cd-ef c@cd-ef', '@[^-]*', 1, 2), REGEXP_INSTR('a@cd-ef b@cd-ef c@cd-ef', '@[^-]*', 1, 3);
--> [[2, 10, 18]]
SELECT REGEXP_INSTR('a@cd-ef', '@[^-]*', 1, 1, 0), REGEXP_INSTR('a@cd-ef', '@[^-]*', 1, 1, 1);
--> [[2, 5]]
SELECT REGEXP_INSTR('щит', 'и'), REGEXP_INSTR('abcabc', 'b(c)', 1, 2);
--> [[2, 6]]
SELECT REGEXP_INSTR(b'\x00\x01', b'\\x01');
--> [[2]]
SELECT REGEXP_INSTR(NULL, 'a');
--> [[null]]
SELECT REGEXP_INSTR('a', '(a)(b)');
--! must not have more than 1 capturing group

-- REGEXP_REPLACE: \1 to \9 are groups, \0 the match.
SELECT REGEXP_REPLACE('# Heading', r'^# ([a-zA-Z0-9\s]+$)', '<h1>\\1</h1>');
--> [["<h1>Heading</h1>"]]
SELECT REGEXP_REPLACE('abcb', 'b', 'X'), REGEXP_REPLACE('abc', 'z', 'X');
--> [["aXcX", "abc"]]
SELECT REGEXP_REPLACE('abc', r'(\w)', r'\0\0'), REGEXP_REPLACE('abc', 'b', r'\\');
--> [["aabbcc", "a\\c"]]
SELECT REGEXP_REPLACE('abc', '', '-');
--> [["-a-b-c-"]]
SELECT REGEXP_REPLACE('abc', '(b)', r'\2');
--! Invalid REGEXP_REPLACE pattern
SELECT REGEXP_REPLACE(b'abc', b'b', b'\xff');
--> [["Yf9j"]]
SELECT REGEXP_REPLACE(NULL, 'a', 'b'), REGEXP_REPLACE('a', 'a', NULL);
--> [[null, null]]
SELECT SAFE.REGEXP_REPLACE('abc', '(b)', r'\2');
--> [[null]]
