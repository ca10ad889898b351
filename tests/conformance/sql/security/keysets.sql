-- Keysets that GoogleSQL made: a key with a prefix, another with a raw one beside it, and deterministic ones.
CREATE TABLE keysets AS
SELECT 1 AS id, FROM_BASE64('CJmMp4UJEmQKWAowdHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUuY3J5cHRvLnRpbmsuQWVzR2NtS2V5EiIaIP7Xj33VJoXuk9KMRwXsjkuDmo5P40WUSaVtJAzyve80GAEQARiZjKeFCSAB') AS keyset, 'abc' AS context
UNION ALL
SELECT 2, FROM_BASE64('CKGMgekFEmQKWAowdHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUuY3J5cHRvLnRpbmsuQWVzR2NtS2V5EiIaIE4Tia+cXn5OC3blTmI6KkPOAeE9zg0LxpD96L92bWG2GAEQARihjIHpBSABEmQKWAowdHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUuY3J5cHRvLnRpbmsuQWVzR2NtS2V5EiIaIDEyMzQxMjM0MTIzNDEyMzQxMjM0MTIzNDEyMzQxMjM0GAEQARirptH5DSAD'), ''
UNION ALL
SELECT 3, NULL, 'abc';

CREATE TABLE raw_keys AS
SELECT 1 AS id, b'0123456789abcdef' AS raw UNION ALL SELECT 2, REPEAT(b'0123456789abcdef', 2) UNION ALL SELECT 3, NULL;

SELECT KEYS.NEW_KEYSET('AEAD_AES_GCM_256') != b'', KEYS.NEW_KEYSET('AEAD_AES_GCM_256') != KEYS.NEW_KEYSET('AEAD_AES_GCM_256');
--: BOOL, BOOL
--> [[true, true]]
SELECT COUNT(DISTINCT KEYS.NEW_KEYSET('AEAD_AES_GCM_256')) FROM UNNEST(GENERATE_ARRAY(1, 100));
--> [[100]]
-- What a WITH names is computed once.
WITH t AS (SELECT KEYS.NEW_KEYSET('AEAD_AES_GCM_256') AS keyset) SELECT a.keyset = b.keyset FROM t AS a JOIN t AS b USING (keyset);
--> [[true]]
SELECT KEYS.NEW_KEYSET('invalid key type');
--! First argument (key type) in function KEYS.NEW_KEYSET must be one of 'AEAD_AES_GCM_256', 'DETERMINISTIC_AEAD_AES_SIV_CMAC_256', but is 'invalid key type' at [1:8]
SELECT KEYS.NEW_KEYSET(NULL);
--! First argument (key type) in function KEYS.NEW_KEYSET must be a string literal or query parameter at [1:8]

SELECT KEYS.KEYSET_LENGTH(KEYS.NEW_KEYSET('AEAD_AES_GCM_256')), KEYS.KEYSET_LENGTH(KEYS.ROTATE_KEYSET(b'', 'AEAD_AES_GCM_256')), KEYS.KEYSET_LENGTH(KEYS.ROTATE_KEYSET(KEYS.ROTATE_KEYSET(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'AEAD_AES_GCM_256'), 'AEAD_AES_GCM_256')), KEYS.KEYSET_LENGTH(NULL);
--: INT64, INT64, INT64, INT64
--> [[1, 1, 3, null]]
SELECT id, KEYS.KEYSET_LENGTH(keyset) FROM keysets ORDER BY id;
--> [[1, 1], [2, 2], [3, null]]
SELECT KEYS.ROTATE_KEYSET(keyset, 'AEAD_AES_GCM_256') != KEYS.ROTATE_KEYSET(keyset, 'AEAD_AES_GCM_256') FROM keysets WHERE id = 1;
--> [[true]]
SELECT KEYS.ROTATE_KEYSET(b'', 'x');
--! Second argument (key type) in function KEYS.ROTATE_KEYSET must be one of 'AEAD_AES_GCM_256', 'DETERMINISTIC_AEAD_AES_SIV_CMAC_256', but is 'x' at [1:8]
SELECT KEYS.KEYSET_LENGTH(KEYS.ROTATE_KEYSET(keyset, 'AEAD_AES_GCM_256')), AEAD.DECRYPT_STRING(KEYS.ROTATE_KEYSET(keyset, 'AEAD_AES_GCM_256'), AEAD.ENCRYPT(keyset, 'old', context), context) FROM keysets WHERE id = 1;
--> [[2, "old"]]

-- As JSON, and back.
SELECT KEYS.KEYSET_TO_JSON(keyset) FROM keysets ORDER BY id;
--: STRING
--> [["{\"key\":[{\"keyData\":{\"keyMaterialType\":\"SYMMETRIC\",\"typeUrl\":\"type.googleapis.com/google.crypto.tink.AesGcmKey\",\"value\":\"GiD+14991SaF7pPSjEcF7I5Lg5qOT+NFlEmlbSQM8r3vNA==\"},\"keyId\":2427045401,\"outputPrefixType\":\"TINK\",\"status\":\"ENABLED\"}],\"primaryKeyId\":2427045401}"],
--> ["{\"key\":[{\"keyData\":{\"keyMaterialType\":\"SYMMETRIC\",\"typeUrl\":\"type.googleapis.com/google.crypto.tink.AesGcmKey\",\"value\":\"GiBOE4mvnF5+Tgt25U5iOipDzgHhPc4NC8aQ/ei/dm1htg==\"},\"keyId\":1562396193,\"outputPrefixType\":\"TINK\",\"status\":\"ENABLED\"},{\"keyData\":{\"keyMaterialType\":\"SYMMETRIC\",\"typeUrl\":\"type.googleapis.com/google.crypto.tink.AesGcmKey\",\"value\":\"GiAxMjM0MTIzNDEyMzQxMjM0MTIzNDEyMzQxMjM0MTIzNA==\"},\"keyId\":3744748331,\"outputPrefixType\":\"RAW\",\"status\":\"ENABLED\"}],\"primaryKeyId\":1562396193}"], [null]]
SELECT KEYS.KEYSET_FROM_JSON(KEYS.KEYSET_TO_JSON(keyset)) = keyset FROM keysets ORDER BY id;
--> [[true], [true], [null]]
SELECT TO_HEX(KEYS.KEYSET_FROM_JSON('{"key":[{"keyId":1234,"outputPrefixType":"TINK","status":"DESTROYED"}],"primaryKeyId":4321}')), KEYS.KEYSET_TO_JSON(b'\x08\xe1!\x12\x07\x10\x03\x18\xd2\x09 \x01');
--> [["08e1211207100318d2092001", "{\"key\":[{\"keyId\":1234,\"outputPrefixType\":\"TINK\",\"status\":\"DESTROYED\"}],\"primaryKeyId\":4321}"]]
SELECT KEYS.KEYSET_LENGTH(KEYS.KEYSET_FROM_JSON('{"primaryKeyId":1354994251,"key":[{"keyData":{"keyMaterialType":"SYMMETRIC","typeUrl":"type.googleapis.com/google.crypto.tink.AesGcmKey","value":"GiD9sxQRgFj4aYN78vaIlxInjZkG/uvyWSY9a8GN+ELV2Q=="},"keyId":1354994251,"outputPrefixType":"TINK","status":"ENABLED"}],"key":[{"keyData":{"keyMaterialType":"SYMMETRIC","typeUrl":"type.googleapis.com/google.crypto.tink.AesGcmKey","value":"PRn76sxQRgFj4aYN00vaIlxInjZkG/uvyWSY9a2bLRm"},"keyId":852264701,"outputPrefixType":"TINK","status":"DISABLED"}]}'));
--> [[2]]

-- Keys from elsewhere.
SELECT id, KEYS.ADD_KEY_FROM_RAW_BYTES(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'AES_GCM', raw) != b'', KEYS.KEYSET_TO_JSON(KEYS.ADD_KEY_FROM_RAW_BYTES(KEYS.ADD_KEY_FROM_RAW_BYTES(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'AES_CBC_PKCS', raw), 'AES_GCM', raw)) LIKE '%AesGcmKey%AesCbcPkcs7Key%AesGcmKey%' FROM raw_keys ORDER BY id;
--> [[1, true, true], [2, true, true], [3, null, null]]
SELECT KEYS.ADD_KEY_FROM_RAW_BYTES(NULL, 'AES_GCM', raw) FROM raw_keys WHERE id = 1;
--> [[null]]
SELECT KEYS.ADD_KEY_FROM_RAW_BYTES(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'AES_GCM', b'01234567890123456');
--! Failed to add a key from raw bytes: Unsupported key size: 17 bytes; expected 16 or 32 bytes.
SELECT KEYS.ADD_KEY_FROM_RAW_BYTES(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'AES_CBC_PKCS', b'01234');
--! Failed to add a key from raw bytes: Unsupported key size: 5 bytes; expected 16, 24, or 32 bytes.
SELECT KEYS.ADD_KEY_FROM_RAW_BYTES(b'', 'AeS_gCm', NULL);
--! Second argument (key type) in function KEYS.ADD_KEY_FROM_RAW_BYTES must be one of 'AES_CBC_PKCS', 'AES_GCM', but is 'AeS_gCm' at [1:8]
SELECT SAFE.KEYS.ADD_KEY_FROM_RAW_BYTES(b'', 'AES_GCM', b'01234567890123456'), SAFE.KEYS.ADD_KEY_FROM_RAW_BYTES(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'AES_GCM', b'01'), SAFE.KEYS.ROTATE_KEYSET(b'123', 'AEAD_AES_GCM_256'), SAFE.KEYS.KEYSET_LENGTH(b'123'), SAFE.KEYS.KEYSET_TO_JSON(b'123'), SAFE.KEYS.KEYSET_FROM_JSON('{"key":123}');
--> [[null, null, null, null, null, null]]
SELECT SAFE.KEYS.NEW_KEYSET('AEAD_AES_GCM_256') != b'';
--> [[true]]
-- The key type must be that of the existing keys.
SELECT KEYS.ROTATE_KEYSET(KEYS.NEW_KEYSET('AEAD_AES_GCM_256'), 'DETERMINISTIC_AEAD_AES_SIV_CMAC_256');
--! must match
