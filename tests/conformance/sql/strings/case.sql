-- UPPER and LOWER follow Unicode for STRING, and ASCII for BYTES.
SELECT UPPER('Foo'), LOWER('FOO');
--> [["FOO", "foo"]]
SELECT UPPER('äбγ'), LOWER('ÄБΓ');
--> [["ÄБΓ", "äбγ"]]
SELECT UPPER(b'abc\xff');
--> [["QUJD/w=="]]
SELECT LOWER(b'ABC');
--> [["YWJj"]]
SELECT UPPER(CAST(NULL AS STRING)), LOWER(NULL);
--> [[null, null]]
SELECT LOWER(item) AS example FROM UNNEST(['FOO', 'BAR', 'BAZ']) AS item;
--> [["foo"], ["bar"], ["baz"]]

-- INITCAP: what begins a word, after white space or one of its delimiters, is a capital.
SELECT INITCAP('Hello World-everyone!');
--> [["Hello World-Everyone!"]]
SELECT INITCAP('tHe dog BARKS loudly+friendly');
--> [["The Dog Barks Loudly+Friendly"]]
SELECT INITCAP('apples&oranges;&pears');
--> [["Apples&Oranges;&Pears"]]
SELECT INITCAP('καθίσματα ταινιών');
--> [["Καθίσματα Ταινιών"]]
SELECT INITCAP('hello WORLD', '');
--> [["Hello world"]]
SELECT INITCAP('hellolo wOrld', 'lo');
--> [["Hellolo worlD"]]
SELECT INITCAP(NULL);
--> [[null]]
SELECT INITCAP('a1b 2c');
--> [["A1b 2c"]]
