-- Code points
SELECT ASCII('abcd'), ASCII('a'), ASCII(''), ASCII(NULL);
--> [[97, 97, 0, null]]
SELECT ASCII(b'\xff');
--> [[255]]
SELECT ASCII('é');
--! Argument to ASCII is not a structurally valid ASCII string
SELECT UNICODE('âbcd'), UNICODE('â'), UNICODE(''), UNICODE(NULL);
--> [[226, 226, 0, null]]
SELECT CHR(65), CHR(255), CHR(513), CHR(1024);
--> [["A", "ÿ", "ȁ", "Ѐ"]]
SELECT CHR(97), CHR(0xF9B5), CHR(0), CHR(NULL);
--> [["a", "\uf9b5", "", null]]
SELECT CHR(128512);
--> [["😀"]]
SELECT CHR(-1);
--! Invalid codepoint -1
SELECT CHR(55296);
--! Invalid codepoint 55296
SELECT CHR(1114112);
--! Invalid codepoint 1114112
SELECT CODE_POINTS_TO_STRING([65, 255, 513, 1024]);
--> [["AÿȁЀ"]]
SELECT CODE_POINTS_TO_STRING([97, 0, 0xF9B5]);
--> [["a\u0000\uf9b5"]]
SELECT CODE_POINTS_TO_STRING([65, 255, NULL, 1024]);
--> [[null]]
SELECT CODE_POINTS_TO_STRING([]);
--> [[""]]
SELECT CODE_POINTS_TO_STRING([-1]);
--! Invalid codepoint -1
SELECT CODE_POINTS_TO_BYTES([65, 98, 67, 100]);
--> [["QWJDZA=="]]
SELECT CODE_POINTS_TO_BYTES([255, 0]);
--> [["/wA="]]
SELECT CODE_POINTS_TO_BYTES([256]);
--! Invalid ASCII value 256
SELECT TO_CODE_POINTS('foo'), TO_CODE_POINTS('bar');
--> [[[102, 111, 111], [98, 97, 114]]]
SELECT TO_CODE_POINTS(b'\x66\x6f\x6f'), TO_CODE_POINTS(b'\x00\x01\x10\xff');
--> [[[102, 111, 111], [0, 1, 16, 255]]]
SELECT TO_CODE_POINTS('Ā'), TO_CODE_POINTS(b'Ā');
--> [[[256], [196, 128]]]
SELECT TO_CODE_POINTS('');
--> [[[]]]
SELECT CODE_POINTS_TO_STRING(ARRAY(SELECT CASE WHEN chr BETWEEN 65 AND 90 THEN MOD(chr - 65 + 13, 26) + 65 WHEN chr BETWEEN 97 AND 122 THEN MOD(chr - 97 + 13, 26) + 97 ELSE chr END FROM UNNEST(TO_CODE_POINTS('Test String!')) AS chr WITH OFFSET ORDER BY offset)) AS rot13;
--> [["Grfg Fgevat!"]]
