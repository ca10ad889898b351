-- Keysets that Cloud KMS wraps: KEYS.NEW_WRAPPED_KEYSET, KEYS.ROTATE_WRAPPED_KEYSET, KEYS.REWRAP_KEYSET, KEYS.KEYSET_CHAIN.
-- The corpus's warehouse knows two keys: k and l.
CREATE TABLE animals AS
SELECT 1 AS id, b'jaguar' AS animal
UNION ALL
SELECT 2, b'zebra'
UNION ALL
SELECT 3, b'zebra';

DECLARE kms STRING DEFAULT 'gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k';
DECLARE keyset BYTES DEFAULT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256');
CREATE TABLE sealed AS SELECT id, keyset, AEAD.ENCRYPT(KEYS.KEYSET_CHAIN(kms, keyset), animal, CAST(CAST(id AS STRING) AS BYTES)) AS animal FROM animals;
SELECT id, AEAD.DECRYPT_BYTES(KEYS.KEYSET_CHAIN(kms, keyset), sealed.animal, CAST(CAST(id AS STRING) AS BYTES)) FROM sealed ORDER BY id;
--: INT64, BYTES
--> [[1, "amFndWFy"], [2, "emVicmE="], [3, "emVicmE="]]
-- The keyset stays the same, whichever version or key wraps it.
DECLARE k STRING DEFAULT 'gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k';
DECLARE l STRING DEFAULT 'gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/l';
DECLARE first, rotated, rewrapped BYTES;
DECLARE sealed BYTES;
SET first = KEYS.NEW_WRAPPED_KEYSET(k, 'AEAD_AES_GCM_256');
SET sealed = AEAD.ENCRYPT(KEYS.KEYSET_CHAIN(k, first), b'jaguar', b'');
SET rotated = KEYS.ROTATE_WRAPPED_KEYSET(k, first, 'AEAD_AES_GCM_256');
SET rewrapped = KEYS.REWRAP_KEYSET(k, l, rotated);
SELECT first = rotated, AEAD.DECRYPT_BYTES(KEYS.KEYSET_CHAIN(k, rotated), sealed, b''), AEAD.DECRYPT_STRING(KEYS.KEYSET_CHAIN(l, rewrapped), AEAD.ENCRYPT(KEYS.KEYSET_CHAIN(k, rotated), 'zebra', ''), '');
--: BOOL, BYTES, STRING
--> [[false, "amFndWFy", "zebra"]]
-- What the new key has encrypted, the old keyset cannot decrypt.
DECLARE k STRING DEFAULT 'gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k';
DECLARE first BYTES DEFAULT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256');
DECLARE rotated BYTES;
SET rotated = KEYS.ROTATE_WRAPPED_KEYSET(k, first, 'AEAD_AES_GCM_256');
SELECT AEAD.DECRYPT_STRING(KEYS.KEYSET_CHAIN(k, first), AEAD.ENCRYPT(KEYS.KEYSET_CHAIN(k, rotated), 'zebra', ''), '');
--! AEAD.DECRYPT_STRING failed: decryption failed
-- Deterministic encryption takes a chain as well.
DECLARE kms STRING DEFAULT 'gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k';
DECLARE keyset BYTES DEFAULT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'DETERMINISTIC_AEAD_AES_SIV_CMAC_256');
SELECT COUNT(DISTINCT sealed), STRING_AGG(DETERMINISTIC_DECRYPT_STRING(KEYS.KEYSET_CHAIN(kms, keyset), DETERMINISTIC_ENCRYPT(KEYS.KEYSET_CHAIN(kms, keyset), CAST(animal AS STRING), ''), '') ORDER BY id), COUNTIF(DETERMINISTIC_DECRYPT_BYTES(KEYS.KEYSET_CHAIN(kms, keyset), sealed, b'') = animal)
FROM (SELECT id, animal, DETERMINISTIC_ENCRYPT(KEYS.KEYSET_CHAIN(kms, keyset), animal, b'') AS sealed FROM animals);
--> [[2, "jaguar,zebra,zebra", 3]]
-- One query makes one keyset of the same arguments; the next one makes another.
SELECT COUNT(DISTINCT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256')) FROM animals;
--> [[1]]
SELECT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256') = KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256');
--> [[true]]
SELECT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256') = KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/l', 'AEAD_AES_GCM_256');
--> [[false]]
DECLARE a, b BYTES;
SET a = KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256');
SET b = KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256');
SELECT a = b, KEYS.REWRAP_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/l', a) = a;
--: BOOL, BOOL
--> [[false, false]]
SELECT KEYS.KEYSET_CHAIN('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', b'abc');
--> [[["gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k", "YWJj"]]]
SELECT AEAD.ENCRYPT(KEYS.KEYSET_CHAIN('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', b'abc'), 'x', '');
--! Decryption failed: verify that 'name' refers to the correct CryptoKey.
DECLARE wrapped BYTES DEFAULT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256');
SELECT KEYS.ROTATE_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/l', wrapped, 'AEAD_AES_GCM_256');
--! Decryption failed: verify that 'name' refers to the correct CryptoKey.
DECLARE wrapped BYTES DEFAULT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256');
SELECT KEYS.ROTATE_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', wrapped, 'DETERMINISTIC_AEAD_AES_SIV_CMAC_256');
--! must match
DECLARE wrapped BYTES DEFAULT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'DETERMINISTIC_AEAD_AES_SIV_CMAC_256');
SELECT AEAD.ENCRYPT(KEYS.KEYSET_CHAIN('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', wrapped), 'x', '');
--! AEAD.ENCRYPT failed
SELECT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/nowhere', 'AEAD_AES_GCM_256');
--! not found
SELECT KEYS.NEW_WRAPPED_KEYSET('projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AEAD_AES_GCM_256');
--! projects/p/locations/us/keyRings/r/cryptoKeys/k
SELECT KEYS.NEW_WRAPPED_KEYSET(CAST(NULL AS STRING), 'AEAD_AES_GCM_256');
--! non-NULL
SELECT KEYS.NEW_WRAPPED_KEYSET('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', 'AES');
--! key type
SELECT AEAD.ENCRYPT(KEYS.KEYSET_CHAIN('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', CAST(NULL AS BYTES)), 'x', '');
--! Argument 2 to KEYS.KEYSET_CHAIN must be non-NULL
SELECT AEAD.ENCRYPT(KEYS.KEYSET_CHAIN('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', animal), 'x', '') FROM animals;
--! Argument 2 to KEYS.KEYSET_CHAIN must be a constant expression
SELECT KEYS.KEYSET_LENGTH(KEYS.KEYSET_CHAIN('gcp-kms://projects/p/locations/us/keyRings/r/cryptoKeys/k', b'abc'));
--! No matching signature
