-- LIKE: % is any text, _ is one character, a backslash takes what follows as it is.
SELECT 'apple' LIKE 'a%', 'apple' LIKE '%l_', 'apple' LIKE 'A%';
--> [[true, true, false]]
SELECT 'a%b' LIKE 'a\\%b', 'axb' LIKE 'a\\%b';
--> [[true, false]]
SELECT 'a_c' LIKE 'a\\_c', 'abc' LIKE 'a\\_c';
--> [[true, false]]
SELECT '' LIKE '', '' LIKE '%', 'a' LIKE '';
--> [[true, true, false]]
SELECT 'abc' NOT LIKE 'b%', NULL LIKE 'a', 'a' LIKE NULL;
--> [[true, null, null]]
SELECT 'a\nb' LIKE 'a%b';
--> [[true]]
SELECT b'abc' LIKE b'a%', b'\xff' LIKE b'_';
--> [[true, true]]
SELECT 'щит' LIKE '_и_';
--> [[true]]
SELECT x FROM UNNEST(['Intend with clarity.', 'Secure with intention.', 'Clarity and security.']) AS x WHERE x LIKE ANY ('Intend%', '%intention%');
--~ [["Intend with clarity."], ["Secure with intention."]]
SELECT x FROM UNNEST(['Intend with clarity.', 'Secure with intention.', 'Clarity and security.']) AS x WHERE x LIKE ALL ('%ity%', 'Intend%');
--> [["Intend with clarity."]]
SELECT x FROM UNNEST(['a', 'b']) AS x WHERE x LIKE SOME ('a', 'c');
--> [["a"]]
SELECT 'abc' LIKE 5;
--! No matching signature for operator LIKE for argument types: STRING, INT64
