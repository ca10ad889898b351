-- Literals that do not end, or cannot be
SELECT 'abc;
--! Syntax error: Unclosed string literal at [1:8]
SELECT "abc;
--! Syntax error: Unclosed string literal at [1:8]
SELECT 1, 'it''s;
--! at [1:
SELECT '''abc;
--! Syntax error: Unclosed triple-quoted string literal at [1:8]
SELECT b'abc;
--! Syntax error: Unclosed bytes literal at [1:8]
SELECT r'abc;
--! Syntax error: Unclosed raw string literal at [1:8]
SELECT `abc;
--! Syntax error: Unclosed identifier literal at [1:8]
SELECT /* abc;
--! Syntax error: Unclosed comment at [1:8]
SELECT '\xZZ';
--! Syntax error: Illegal escape sequence
SELECT b'\u0041';
--! Syntax error: Illegal escape sequence
SELECT 99999999999999999999;
--! Invalid integer literal: 99999999999999999999 at [1:8]
SELECT DATE 'x';
--! Could not cast literal "x" to type DATE at [1:13]
SELECT TIMESTAMP 'x';
--! Could not cast literal "x" to type TIMESTAMP at [1:18]
SELECT 1, DATETIME 'x';
--! Could not cast literal "x" to type DATETIME at [1:20]
SELECT TIME 'noon';
--! Could not cast literal "noon" to type TIME at [1:13]
SELECT NUMERIC 'abc';
--! Invalid NUMERIC literal: "abc" at [1:
SELECT BIGNUMERIC '';
--! Invalid BIGNUMERIC literal: "" at [1:
SELECT JSON '{a}';
--! Invalid JSON literal
SELECT INTERVAL 'x' DAY;
--! at [1:
SELECT $;
--! at [1:8]
SELECT 1 # 2
 +;
--! Syntax error: Unexpected end of script
