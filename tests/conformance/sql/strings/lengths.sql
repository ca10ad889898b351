-- Lengths: characters of a STRING are code points; bytes are bytes.
SELECT LENGTH('абв');
--> [[3]]
SELECT LENGTH(b'abc');
--> [[3]]
SELECT LENGTH('');
--> [[0]]
SELECT LENGTH('щит'), BYTE_LENGTH('щит');
--> [[3, 6]]
SELECT LENGTH(CAST(NULL AS STRING));
--> [[null]]
SELECT CHAR_LENGTH('абвгд');
--> [[5]]
SELECT CHARACTER_LENGTH('абвгд');
--> [[5]]
SELECT CHARACTER_LENGTH('😀');
--> [[1]]
SELECT BYTE_LENGTH('абвгд'), BYTE_LENGTH(b'абвгд');
--> [[10, 10]]
SELECT OCTET_LENGTH('абвгд'), OCTET_LENGTH(b'\x00\x01');
--> [[10, 2]]
SELECT LENGTH(5);
--! No matching signature for function LENGTH for argument types: INT64. Supported signatures: LENGTH(STRING); LENGTH(BYTES) at [1:8]
SELECT LENGTH('a', 'b');
--! No matching signature for function LENGTH for argument types: STRING, STRING
SELECT BYTE_LENGTH(NULL);
--: INT64
--> [[null]]
