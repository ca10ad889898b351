SELECT SEARCH('foobarexample', NULL);
--! search_query cannot be NULL
SELECT SEARCH('foobarexample', '');
--! search_query contains no search tokens
SELECT SEARCH('foobar-example', 'foobar example'), SEARCH('foobar-example', CONCAT('foo', 'bar')), SEARCH('foobar-example', 'foobarexample'), SEARCH('foobar-example', 'foobar\\&example'), SEARCH('foobar-example', R'foobar\&example'), SEARCH('foobar-example', '`foobar&example`'), SEARCH('foobar&example', '`foobar&example`');
--: BOOL, BOOL, BOOL, BOOL, BOOL, BOOL, BOOL
--> [[true, true, false, true, true, false, true]]
SELECT SEARCH('foobar-example', 'example foobar'), SEARCH('foobar-example', 'Foobar Example'), SEARCH('foobar-example', '`foobar-example`'), SEARCH('foobar-example', '`Foobar`'), SEARCH('`foobar-example`', '`foobar-example`'), SEARCH('foobar@example.com', '`example.com`'), SEARCH('a foobar-example b', '`foobar-example`');
--> [[true, true, true, false, false, true, true]]
SELECT SEARCH(['foobar', 'example'], 'foobar example'), SEARCH('foobar=', '`foobar\\=`'), SEARCH('foobar=', R'`\foobar=`'), SEARCH('foobar=', 'foobar\\='), SEARCH('foobar=', R'foobar\='), SEARCH('foobar.example', '`foobar`'), SEARCH('foobar.example', '`foobar.\`'), SEARCH('foobar..example', '`foobar.`');
--> [[false, false, false, true, true, true, false, true]]
SELECT SEARCH('Hello-world', '`WORLD`', analyzer => 'LOG_ANALYZER', analyzer_options => '{"token_filters": [{"normalizer": {"mode": "LOWER"}}]}'), SEARCH('foo.bar', '`foo.`'), SEARCH('foo..bar', '`foo.`');
--> [[false, false, true]]

-- AND, OR, parentheses.
SELECT SEARCH(R'foo bar baz', R'foo bar'), SEARCH(R'foo bar baz', R'foo AND bar'), SEARCH(R'foo', R'foo OR bar'), SEARCH(R'foo bar', R'foo AND (bar OR baz)'), SEARCH(R'foo', R'foo AND (bar OR baz)');
--> [[true, true, true, true, false]]
-- Phrases.
SELECT SEARCH('foo baz.bar', '"foo bar"'), SEARCH('foo baz.bar', '"foo baz"');
--> [[false, true]]
SELECT SEARCH(R'foo bar baz', R'"foo bar"'), SEARCH(R'Foo bar baz', R'"foo Bar"'), SEARCH(R'foo-bar baz', R'"foo&bar"'), SEARCH(R'foo bar baz', R'"`foo bar`"'), SEARCH(R'foo else bar', R'"foo bar"'), SEARCH(R'foo-bar-baz', R'bar "foo&baz"');
--> [[true, true, true, false, false, false]]
SELECT SEARCH(R'foo bar baz', R'"foo\ bar"', analyzer_options => '{"delimiters": [" "]}'), SEARCH(R'foo bar baz', R'"foo? bar"', analyzer_options => '{"delimiters": [" ", "?"]}'), SEARCH('read the book now', R'"read the book"', analyzer_options => '{"token_filters": [{"stop_words": ["the"]}]}'), SEARCH(R'abcdef', R'"c d"', analyzer => 'PATTERN_ANALYZER', analyzer_options => '{"patterns": ["(?:cd)|[a-z]"]}'), SEARCH(R'ant orange apple avocado', R'"ant apple"', analyzer => 'PATTERN_ANALYZER', analyzer_options => '{"patterns": ["a[a-z]"]}');
--> [[false, true, true, false, true]]
-- The whole text.
SELECT SEARCH('foobar', 'foobar', analyzer => 'NO_OP_ANALYZER'), SEARCH('foobar', '\`foobar\`', analyzer => 'NO_OP_ANALYZER'), SEARCH('foobar', 'Foobar', analyzer => 'NO_OP_ANALYZER'), SEARCH('foobar example', 'foobar', analyzer => 'NO_OP_ANALYZER'), SEARCH('', '', analyzer => 'NO_OP_ANALYZER'), SEARCH(R'foo bar baz', R'"foo bar"', analyzer => 'NO_OP_ANALYZER'), SEARCH(R'foo', R'foo OR bar', analyzer => 'NO_OP_ANALYZER');
--> [[true, false, false, false, true, false, false]]

-- Columns, several of them, whole rows.
CREATE TABLE meals AS
SELECT 'Potato pancakes' AS breakfast, 'Toasted cheese sandwich' AS lunch, 'Beef soup' AS dinner
UNION ALL
SELECT 'Avocado toast', 'Tomato soup', 'Chicken soup';

SELECT SEARCH(lunch, 'soup'), SEARCH((breakfast, dinner), 'soup'), SEARCH(meals, 'soup') FROM meals ORDER BY breakfast;
--> [[true, true, true], [false, true, true]]
SELECT breakfast FROM meals WHERE SEARCH(meals, 'toast OR beef') ORDER BY 1;
--> [["Avocado toast"], ["Potato pancakes"]]
WITH data AS (SELECT 'Please use foobar@example.com as your email.' AS email) SELECT SEARCH(email, 'exam'), SEARCH(email, 'foobar'), SEARCH(email, 'example.com'), SEARCH(email, R'"please use"'), SEARCH(email, R'"as email"') FROM data;
--> [[false, true, true, true, false]]
WITH data AS (SELECT 'Please use foobar@example.com as your email.' AS email) SELECT SEARCH(email, 'foobar', analyzer_options => '{"delimiters": [" ", "@"]}'), SEARCH(email, 'example', analyzer_options => '{"delimiters": [" ", "@"]}'), SEARCH(email, 'example.com', analyzer_options => '{"delimiters": [" ", "@"]}'), SEARCH(email, 'foobar@example.com', analyzer_options => '{"delimiters": [" ", "@"]}'), SEARCH(email, R'use "foobar example.com" "as your"', analyzer_options => '{"delimiters": [" ", "@"]}') FROM data;
--> [[true, false, true, true, true]]
WITH meals AS (SELECT 'Tomato soup' AS lunch) SELECT SEARCH(lunch, 'Tomato soup', analyzer => 'NO_OP_ANALYZER'), SEARCH(lunch, 'soup', analyzer => 'NO_OP_ANALYZER'), SEARCH(lunch, 'tomato soup', analyzer => 'NO_OP_ANALYZER'), SEARCH(lunch, R'"Tomato soup"', analyzer => 'NO_OP_ANALYZER') FROM meals;
--> [[true, false, false, false]]
WITH data AS (SELECT 'Please use foobar@example.com as your email.' AS email) SELECT SEARCH(email, 'exam', analyzer => 'PATTERN_ANALYZER'), SEARCH(email, 'foobar', analyzer => 'PATTERN_ANALYZER'), SEARCH(email, 'example.com', analyzer => 'PATTERN_ANALYZER'), SEARCH(email, R'foobar "EXAMPLE.com as" email', analyzer => 'PATTERN_ANALYZER') FROM data;
--> [[false, true, true, true]]
WITH data AS (SELECT 'Please use foobar@EXAMPLE.com as your email.' AS email) SELECT SEARCH(email, 'EXAMPLE', analyzer => 'PATTERN_ANALYZER', analyzer_options => '{"patterns": ["[A-Z]*"]}'), SEARCH(email, 'example', analyzer => 'PATTERN_ANALYZER', analyzer_options => '{"patterns": ["[a-z]*"]}'), SEARCH(email, 'example.com', analyzer => 'PATTERN_ANALYZER', analyzer_options => '{"patterns": ["[a-z]*"]}'), SEARCH(email, 'example.com', analyzer => 'PATTERN_ANALYZER', analyzer_options => '{"patterns": ["[a-zA-Z.]*"]}') FROM data;
--> [[true, false, false, true]]

-- JSON: values, keys, or both. What is no text is not searched; NULL where it might have been.
SELECT SEARCH(j, 'apple'), SEARCH(j, 'fruit'), SEARCH(j, 'fruit', json_scope => 'JSON_KEYS'), SEARCH(j, 'apple', json_scope => 'JSON_KEYS'), SEARCH(j, 'apple', json_scope => 'JSON_KEYS_AND_VALUES'), SEARCH(j, 'fruit', json_scope => 'JSON_KEYS_AND_VALUES') FROM (SELECT JSON '{"fruit": ["red apple", {"x": "pear"}]}' AS j);
--> [[true, false, true, false, true, true]]
SELECT SEARCH(1, '1'), SEARCH(CAST(NULL AS STRING), 'a'), SEARCH(STRUCT('b' AS x, CAST(NULL AS STRING) AS y), 'a'), SEARCH(STRUCT(CAST(NULL AS STRING) AS y, 'a' AS x), 'a'), SEARCH(STRUCT('b' AS x, 1 AS y), 'a'), SEARCH([STRUCT('a b' AS x)], 'b');
--> [[false, null, null, true, false, true]]
SELECT SEARCH('a', 'foo&bar');
--! the reserved character & must be escaped or enclosed in backticks
SELECT SEARCH('a', 'NOT a');
--! the reserved word NOT must be enclosed in backticks
