-- SUBSTR: positions count from 1, negative ones from the end; 0 is the first.
SELECT SUBSTR('apple', 2);
--> [["pple"]]
SELECT SUBSTR('banana', 2);
--> [["anana"]]
SELECT SUBSTR('orange', 2);
--> [["range"]]
SELECT SUBSTR('apple', 2, 2);
--> [["pp"]]
SELECT SUBSTR('banana', 2, 2);
--> [["an"]]
SELECT SUBSTR('apple', -2);
--> [["le"]]
SELECT SUBSTR('banana', -2), SUBSTR('orange', -2);
--> [["na", "ge"]]
SELECT SUBSTR('apple', 1, 123);
--> [["apple"]]
SELECT SUBSTR('apple', 123);
--> [[""]]
SELECT SUBSTR('apple', 123, 5);
--> [[""]]
SELECT SUBSTR('apple', 0), SUBSTR('apple', 0, 2);
--> [["apple", "ap"]]
SELECT SUBSTR('apple', -5), SUBSTR('apple', -6), SUBSTR('apple', -9, 2);
--> [["apple", "apple", "ap"]]
SELECT SUBSTR('apple', 2, 0);
--> [[""]]
SELECT SUBSTR('apple', 2, -1);
--! Third argument in SUBSTR() cannot be negative
SELECT SUBSTR('щитом', 2, 3);
--> [["ито"]]
SELECT SUBSTR(b'apple', 2);
--> [["cHBsZQ=="]]
SELECT SUBSTR(b'apple', -3, 2);
--> [["cGw="]]
SELECT SUBSTR(b'apple', 0, 2), SUBSTR(b'apple', 9);
--> [["YXA=", ""]]
SELECT SUBSTR(b'apple', 2, -1);
--! Third argument in SUBSTR() cannot be negative
SELECT SUBSTRING('apple', 2, 3);
--> [["ppl"]]
SELECT SUBSTRING(b'apple', 4);
--> [["bGU="]]
SELECT SUBSTR(NULL, 1), SUBSTR('a', NULL);
--> [[null, null]]
SELECT SUBSTR('apple', '2');
--! No matching signature for function SUBSTR for argument types: STRING, STRING

-- LEFT and RIGHT
SELECT LEFT('banana', 3), RIGHT('banana', 3);
--> [["ban", "ana"]]
SELECT LEFT('абвгд', 3), RIGHT('абвгд', 3);
--> [["абв", "вгд"]]
SELECT LEFT(b'apple', 3), RIGHT(b'apple', 3);
--> [["YXBw", "cGxl"]]
SELECT LEFT(b'\xab\xcd\xef\xaa\xbb', 3);
--> [["q83v"]]
SELECT LEFT('ab', 5), RIGHT('ab', 5), LEFT('ab', 0), RIGHT('ab', 0);
--> [["ab", "ab", "", ""]]
SELECT LEFT('abc', -1);
--! Second argument in LEFT() cannot be negative
SELECT RIGHT('abc', -1);
--! Second argument in RIGHT() cannot be negative
SELECT SAFE.LEFT('abc', -1), SAFE.RIGHT(b'abc', -1);
--> [[null, null]]
SELECT LEFT(NULL, 1), RIGHT('a', NULL);
--> [[null, null]]

-- SPLIT: by a comma unless told otherwise; an empty delimiter parts characters.
SELECT SPLIT('b c d', ' ');
--> [[["b", "c", "d"]]]
SELECT SPLIT('a,b,,c');
--> [[["a", "b", "", "c"]]]
SELECT SPLIT('', ' ');
--> [[[""]]]
SELECT SPLIT('a', ' ');
--> [[["a"]]]
SELECT SPLIT('щит', '');
--> [[["щ", "и", "т"]]]
SELECT SPLIT('', '');
--> [[[""]]]
SELECT SPLIT('aa***bb***cc', '**');
--> [[["aa", "*bb", "*cc"]]]
SELECT SPLIT(b'a|b', b'|');
--> [[["YQ==", "Yg=="]]]
SELECT SPLIT(b'ab', b'');
--> [[["YQ==", "Yg=="]]]
SELECT SPLIT(CAST(NULL AS STRING));
--> [[[]]]
SELECT SPLIT(g, ' ') FROM UNNEST(['', 'a', 'b c d']) AS g WITH OFFSET ORDER BY offset;
--> [[[""]], [["a"]], [["b", "c", "d"]]]
