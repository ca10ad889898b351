-- Keysets that GoogleSQL made.
CREATE TABLE keysets AS
SELECT 1 AS id, FROM_BASE64('CJmMp4UJEmQKWAowdHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUuY3J5cHRvLnRpbmsuQWVzR2NtS2V5EiIaIP7Xj33VJoXuk9KMRwXsjkuDmo5P40WUSaVtJAzyve80GAEQARiZjKeFCSAB') AS keyset, 'abc' AS context
UNION ALL
SELECT 2, NULL, '1234'
UNION ALL
SELECT 3, FROM_BASE64('CKOPsoUIEmQKWAowdHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUuY3J5cHRvLnRpbmsuQWVzR2NtS2V5EiIaIDjN158ZUGzLVM9Wz5mkJ57rykSFOeAV2BkEksmaTdSEGAEQARijj7KFCCAB'), NULL;

CREATE TABLE deterministic AS
SELECT 1 AS id, FROM_BASE64('CIGYpMkDEoQBCngKMHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLmNyeXB0by50aW5rLkFlc1NpdktleRJCEkBKAovGAOp+siYkuWvTYKXRW6V/3Z5en87KNgswc+8TKZUzumbh/qVtCYQ8qHo7li/fYDx43MoBYwbfUPhv3//xGAEQARiBmKTJAyAB') AS keyset, 'abc' AS context
UNION ALL
SELECT 2, FROM_BASE64('CL3/4a8DEoQBCngKMHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLmNyeXB0by50aW5rLkFlc1NpdktleRJCEkAnQis9RHtvntHepDCBDr/F6oPv3hehuA845ks9Q1l5BgJm3Ypu9U8sAhNnOjJuzaMcgOmOfiT9iQJCdLxb//O0GAEQARi9/+GvAyAB'), '';

SELECT id, AEAD.DECRYPT_STRING(keyset, AEAD.ENCRYPT(keyset, text, context), context), AEAD.DECRYPT_BYTES(keyset, AEAD.ENCRYPT(keyset, CAST(text AS BYTES), CAST(context AS BYTES)), CAST(context AS BYTES)) FROM keysets, UNNEST(['plaintext', 'жэчыщ', '']) AS text WITH OFFSET AS at ORDER BY id, at;
--: INT64, STRING, BYTES
--> [[1, "plaintext", "cGxhaW50ZXh0"], [1, "жэчыщ", "0LbRjdGH0YvRiQ=="], [1, "", ""], [2, null, null], [2, null, null], [2, null, null], [3, null, null], [3, null, null], [3, null, null]]
SELECT AEAD.ENCRYPT(keyset, CAST(NULL AS STRING), context) FROM keysets WHERE id = 1;
--: BYTES
--> [[null]]
-- Each ciphertext is another; it begins with the key's id.
SELECT COUNT(DISTINCT AEAD.ENCRYPT(keyset, 'plaintext', context)) FROM keysets, UNNEST(GENERATE_ARRAY(1, 10)) WHERE id = 1;
--> [[10]]
SELECT AEAD.ENCRYPT(keyset, 'plaintext', context) = AEAD.ENCRYPT(keyset, 'plaintext', context), TO_HEX(SUBSTR(AEAD.ENCRYPT(keyset, 'plaintext', context), 1, 5)), LENGTH(AEAD.ENCRYPT(keyset, 'plaintext', context)) FROM keysets WHERE id = 1;
--> [[false, "0190a9c619", 42]]
WITH t AS (SELECT AEAD.ENCRYPT(keyset, 'plaintext', context) AS c FROM keysets WHERE id = 1) SELECT c = c FROM t;
--> [[true]]
-- The keyset may be looked up.
SELECT id, AEAD.DECRYPT_STRING((SELECT keyset FROM keysets AS k WHERE k.id = s.id), sealed, 'x') FROM (SELECT 1 AS id, AEAD.ENCRYPT((SELECT keyset FROM keysets WHERE id = 1), 'plaintext', 'x') AS sealed) AS s;
--> [[1, "plaintext"]]
SELECT AEAD.DECRYPT_STRING(b'', AEAD.ENCRYPT(keyset, 'plaintext', context), context) FROM keysets WHERE id = 1;
--! AEAD.DECRYPT_STRING failed: Creation of AEAD primitive failed: A valid keyset must contain at least one key.
SELECT AEAD.DECRYPT_STRING(keyset, b'123', context) FROM keysets WHERE id = 1;
--! AEAD.DECRYPT_STRING failed: decryption failed
SELECT AEAD.DECRYPT_STRING(keyset, AEAD.ENCRYPT(keyset, 'plaintext', context), 'another') FROM keysets WHERE id = 1;
--! AEAD.DECRYPT_STRING failed: decryption failed
SELECT AEAD.DECRYPT_BYTES(keyset, AEAD.ENCRYPT(keyset, b'plaintext', b'x'), b'another') FROM keysets WHERE id = 1;
--! AEAD.DECRYPT_BYTES failed: decryption failed
SELECT AEAD.DECRYPT_STRING(keyset, AEAD.ENCRYPT(keyset, b'\xFF\xFE', CAST(context AS BYTES)), context) FROM keysets WHERE id = 1;
--! AEAD.DECRYPT_STRING failed: Decrypted plaintext is not a valid UTF-8 string. To decrypt to BYTES, use AEAD.DECRYPT_BYTES
SELECT SAFE.AEAD.DECRYPT_STRING(b'', b'', ''), SAFE.AEAD.DECRYPT_STRING(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), b'', ''), SAFE.AEAD.ENCRYPT(b'', b'', b''), SAFE.AEAD.DECRYPT_BYTES(b'', b'', b'');
--> [[null, null, null, null]]
SELECT AEAD.ENCRYPT(b'', 'text', b'context');
--! No matching signature for function AEAD.ENCRYPT for argument types: BYTES, STRING, BYTES

-- A raw key decrypts what has no prefix: AES-CBC of openssl, and AES-GCM. Any key of a keyset may be the one that does.
SELECT AEAD.DECRYPT_STRING(KEYS.ADD_KEY_FROM_RAW_BYTES(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'AES_CBC_PKCS', b'0123456789012345'), FROM_HEX('000102030405060708090a0b0c0d0e0fe0ebffed2131ff603e571d8a7e4a639aae0472e73135d41e400a0fe9026372d1'), '');
--> [["elephant in a room"]]
SELECT AEAD.DECRYPT_STRING(KEYS.ADD_KEY_FROM_RAW_BYTES(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'AES_GCM', b'0123456789012345'), FROM_HEX('44dabae38522ece6a2807402ad652c2e0e5528cae3b318ba015bd3a281596bb988f56d9d55500ee1da0ac6685382'), 'context');
--> [["elephant in a room"]]

-- Deterministic: the same text in the same context is the same ciphertext. These were made with Tink.
SELECT id, TO_HEX(DETERMINISTIC_ENCRYPT(keyset, 'plaintext', context)) FROM deterministic ORDER BY id;
--: INT64, STRING
--> [[1, "0139290c01f0b424c2984dd5aa12c9fdc81993c329cb70484d9e60d83ed9"], [2, "0135f87fbd97d305919fbb55bfe54b318f99200dfb80cdfbf933e262b903"]]
SELECT id, DETERMINISTIC_DECRYPT_STRING(keyset, DETERMINISTIC_ENCRYPT(keyset, text, context), context), DETERMINISTIC_DECRYPT_BYTES(keyset, DETERMINISTIC_ENCRYPT(keyset, CAST(text AS BYTES), CAST(context AS BYTES)), CAST(context AS BYTES)) FROM deterministic, UNNEST(['plaintext', 'жэчыщ', '', NULL]) AS text WITH OFFSET AS at ORDER BY id, at;
--: INT64, STRING, BYTES
--> [[1, "plaintext", "cGxhaW50ZXh0"], [1, "жэчыщ", "0LbRjdGH0YvRiQ=="], [1, "", ""], [1, null, null], [2, "plaintext", "cGxhaW50ZXh0"], [2, "жэчыщ", "0LbRjdGH0YvRiQ=="], [2, "", ""], [2, null, null]]
SELECT DETERMINISTIC_ENCRYPT(keyset, 'plaintext', context) = DETERMINISTIC_ENCRYPT(keyset, b'plaintext', CAST(context AS BYTES)) FROM deterministic;
--> [[true], [true]]
SELECT DETERMINISTIC_DECRYPT_STRING(b'', b'', '');
--! DETERMINISTIC_DECRYPT_STRING failed: Creation of Deterministic AEAD primitive failed: A valid keyset must contain at least one key.
SELECT DETERMINISTIC_DECRYPT_BYTES(keyset, DETERMINISTIC_ENCRYPT(keyset, b'plaintext', b'x'), b'another') FROM deterministic WHERE id = 1;
--! DETERMINISTIC_DECRYPT_BYTES failed: decryption failed
SELECT DETERMINISTIC_DECRYPT_STRING(keyset, DETERMINISTIC_ENCRYPT(keyset, b'\xFF\xFE', b'x'), 'x') FROM deterministic WHERE id = 1;
--! DETERMINISTIC_DECRYPT_STRING failed: Decrypted plaintext is not a valid UTF-8 string. To decrypt to BYTES, use DETERMINISTIC_DECRYPT_BYTES
SELECT SAFE.DETERMINISTIC_ENCRYPT(b'', b'', b''), SAFE.DETERMINISTIC_DECRYPT_BYTES(KEYS.NEW_KEYSET('DETERMINISTIC_AEAD_AES_SIV_CMAC_256'), b'', b'');
--> [[null, null]]
SELECT DETERMINISTIC_ENCRYPT(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'a', 'b');
--! DETERMINISTIC_ENCRYPT failed: Creation of Deterministic AEAD primitive failed
