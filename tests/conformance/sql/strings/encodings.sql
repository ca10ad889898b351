-- Base 32, base 64 and hexadecimal
SELECT TO_BASE32(b'abcde\xFF');
--> [["MFRGGZDF74======"]]
SELECT FROM_BASE32('MFRGGZDF74======');
--> [["YWJjZGX/"]]
SELECT TO_BASE32(b''), FROM_BASE32('');
--> [["", ""]]
SELECT FROM_BASE32('1');
--! Failed to decode invalid base32 string
SELECT TO_BASE64(b'\377\340');
--> [["/+A="]]
SELECT FROM_BASE64('/+A=');
--> [["/+A="]]
SELECT FROM_BASE64('YWI'), FROM_BASE64('YWI=');
--> [["YWI=", "YWI="]]
SELECT FROM_BASE64('*');
--! Failed to decode invalid base64 string
SELECT TO_HEX(b'\x00\x01\x02\x03\xAA\xEE\xEF\xFF'), TO_HEX(b'foobar');
--> [["00010203aaeeefff", "666f6f626172"]]
SELECT FROM_HEX('00010203aaeeefff');
--> [["AAECA6ru7/8="]]
SELECT FROM_HEX('0AF'), FROM_HEX('666f6f626172');
--> [["AK8=", "Zm9vYmFy"]]
SELECT FROM_HEX('');
--> [[""]]
SELECT FROM_HEX('0x');
--! Failed to decode invalid hexadecimal string due to character at offset 1: 0x
SELECT TO_HEX(NULL), FROM_HEX(NULL), TO_BASE64(NULL), FROM_BASE64(NULL), TO_BASE32(NULL), FROM_BASE32(NULL);
--> [[null, null, null, null, null, null]]
SELECT TO_HEX('a');
--! No matching signature for function TO_HEX for argument types: STRING
SELECT SAFE_CONVERT_BYTES_TO_STRING(b'\xc2');
--> [["�"]]
SELECT SAFE_CONVERT_BYTES_TO_STRING(b'ab\xff\xfec');
--> [["ab��c"]]
SELECT SAFE_CONVERT_BYTES_TO_STRING(b'abc'), SAFE_CONVERT_BYTES_TO_STRING(NULL);
--> [["abc", null]]

-- Escapes of literals
SELECT '\x41\u00e9\U0001F600\101';
--> [["Aé😀A"]]
SELECT '\a\b\f\n\r\t\v\\\?\"\'';
--> [["\u0007\b\f\n\r\t\u000b\\?\"'"]]
SELECT r'\n', r"a\'b", b'\x41\101';
--> [["\\n", "a\\'b", "QUE="]]
SELECT '''two
lines''';
--> [["two\nlines"]]
SELECT "it's", 'say "hi"';
--> [["it's", "say \"hi\""]]
SELECT rb'\d', br'\x41';
--> [["XGQ=", "XHg0MQ=="]]
