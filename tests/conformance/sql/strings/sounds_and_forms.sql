-- SOUNDEX keeps the first letter and three digits; EDIT_DISTANCE counts edits.
SELECT SOUNDEX('Ashcraft');
--> [["A261"]]
SELECT SOUNDEX('Raven'), SOUNDEX('Ravenn');
--> [["R150", "R150"]]
SELECT SOUNDEX('hello world!');
--> [["h464"]]
SELECT SOUNDEX(''), SOUNDEX('123'), SOUNDEX(NULL);
--> [["", "", null]]
SELECT EDIT_DISTANCE('a', 'b'), EDIT_DISTANCE('aa', 'b'), EDIT_DISTANCE('aa', 'ba');
--> [[1, 2, 1]]
SELECT EDIT_DISTANCE('abcdefg', 'a', max_distance => 2);
--> [[2]]
SELECT EDIT_DISTANCE('kitten', 'sitting'), EDIT_DISTANCE('', 'abc'), EDIT_DISTANCE('', '');
--> [[3, 3, 0]]
SELECT EDIT_DISTANCE(b'ab', b'ac');
--> [[1]]
SELECT EDIT_DISTANCE('щит', 'щиты');
--> [[1]]
SELECT EDIT_DISTANCE('a', 'b', max_distance => -1);
--! max_distance must be
SELECT EDIT_DISTANCE(CAST(NULL AS STRING), 'a');
--> [[null]]
SELECT EDIT_DISTANCE('a', b'a');
--! No matching signature for function EDIT_DISTANCE for argument types: STRING, BYTES
SELECT EDIT_DISTANCE('a', 'b', most => 1);
--! Named argument `most` not found in signature for call to function EDIT_DISTANCE

-- NORMALIZE: two texts that look alike may be different code points.
SELECT '\u00ea' = '\u0065\u0302', NORMALIZE('\u00ea') = NORMALIZE('\u0065\u0302');
--> [[false, true]]
SELECT NORMALIZE('\u2168', NFKC), NORMALIZE('\u2168', NFC);
--> [["IX", "Ⅸ"]]
SELECT NORMALIZE('Raha\u2004Mahan', NFKC);
--> [["Raha Mahan"]]
SELECT TO_CODE_POINTS(NORMALIZE('\u00ea', NFD)), TO_CODE_POINTS(NORMALIZE('\u0065\u0302', NFC));
--> [[[101, 770], [234]]]
SELECT TO_CODE_POINTS(NORMALIZE('ﬁ', NFKD));
--> [[[102, 105]]]
SELECT NORMALIZE_AND_CASEFOLD('The red barn') = NORMALIZE_AND_CASEFOLD('The Red Barn');
--> [[true]]
SELECT NORMALIZE_AND_CASEFOLD('\u2168', NFKC) = NORMALIZE_AND_CASEFOLD('IX', NFKC), NORMALIZE_AND_CASEFOLD('\u2168') = NORMALIZE_AND_CASEFOLD('IX');
--> [[true, false]]
SELECT NORMALIZE_AND_CASEFOLD('\u0041\u030A', NFD) = NORMALIZE_AND_CASEFOLD('\u00C5', NFD);
--> [[true]]
SELECT NORMALIZE_AND_CASEFOLD('Straße');
--> [["strasse"]]
SELECT NORMALIZE(NULL);
--> [[null]]
SELECT NORMALIZE('a', NFX);
--! A valid normalize mode is required
SELECT name, COUNT(*) AS n FROM (SELECT NORMALIZE(s, NFKC) AS name FROM UNNEST(['Jane\u2004Doe', 'John\u2004Smith', 'Jane\u2005Doe', 'Jane\u2006Doe', 'John Smith']) AS s) GROUP BY name;
--~ [["John Smith", 2], ["Jane Doe", 3]]

-- COLLATE('…', 'und:ci') compares without case.
SELECT COLLATE('orange', 'und:ci') = 'ORANGE', COLLATE('orange', '') = 'ORANGE';
--> [[true, false]]
SELECT COLLATE('a', 'und:ci') < 'B', COLLATE('a', 'und:ci') IN ('A', 'B');
--> [[true, true]]
SELECT COLLATE('a', 'und:xx');
--! COLLATE has invalid collation name
