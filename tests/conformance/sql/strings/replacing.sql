-- REPLACE, REVERSE, TRANSLATE
SELECT REPLACE('blackberry pie', 'pie', 'cobbler');
--> [["blackberry cobbler"]]
SELECT REPLACE('apple', 'p', ''), REPLACE('apple', '', 'x');
--> [["ale", "apple"]]
SELECT REPLACE('aaaa', 'aa', 'b');
--> [["bb"]]
SELECT REPLACE(b'apple', b'p', b'--');
--> [["YS0tLS1sZQ=="]]
SELECT REPLACE(NULL, 'a', 'b'), REPLACE('a', NULL, 'b');
--> [[null, null]]
SELECT REVERSE('abc'), REVERSE('абв'), REVERSE('');
--> [["cba", "вба", ""]]
SELECT REVERSE(b'1a3');
--> [["M2Ex"]]
SELECT REVERSE(NULL);
--> [[null]]
SELECT TRANSLATE('This is a cookie', 'sco', 'zku');
--> [["Thiz iz a kuukie"]]
SELECT TRANSLATE('abc', 'abc', 'x');
--> [["x"]]
SELECT TRANSLATE('abcd', 'bd', 'xy');
--> [["axcy"]]
SELECT TRANSLATE('abc', '', 'x');
--> [["abc"]]
SELECT TRANSLATE(b'abc', b'b', b'x');
--> [["YXhj"]]
SELECT TRANSLATE('abc', 'aa', 'xy');
--! Duplicate character a in TRANSLATE source characters
SELECT TRANSLATE(NULL, 'a', 'b');
--> [[null]]

-- CONCAT takes what can become a STRING; any NULL makes it NULL.
SELECT CONCAT('T.P.', ' ', 'Bar') AS author;
--> [["T.P. Bar"]]
SELECT CONCAT('Summer', ' ', 1923);
--> [["Summer 1923"]]
SELECT CONCAT('a', NULL), CONCAT('a');
--> [[null, "a"]]
SELECT CONCAT(b'ab', b'\x00');
--> [["YWIA"]]
SELECT CONCAT(1.5, TRUE, DATE '2024-01-02');
--> [["1.5true2024-01-02"]]
SELECT CONCAT('a', b'b');
--! No matching signature for function CONCAT
SELECT 'a' || 'b' || 'c', b'a' || b'b';
--> [["abc", "YWI="]]
SELECT [1] || [2, 3];
--> [[[1, 2, 3]]]
