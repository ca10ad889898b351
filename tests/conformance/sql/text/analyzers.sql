SELECT TEXT_ANALYZE('I like pie, you like-pie, they like 2 PIEs.');
--: ARRAY<STRING>
--> [[["i", "like", "pie", "you", "like", "pie", "they", "like", "2", "pies"]]]
SELECT TEXT_ANALYZE('I like pie, you like-pie, they like 2 PIEs.', analyzer => 'LOG_ANALYZER'), TEXT_ANALYZE('I like pie, you like-pie, they like 2 PIEs.', analyzer => 'NO_OP_ANALYZER'), TEXT_ANALYZE('I like pie, you like-pie, they like 2 PIEs.', analyzer => 'PATTERN_ANALYZER');
--> [[["i", "like", "pie", "you", "like", "pie", "they", "like", "2", "pies"], ["I like pie, you like-pie, they like 2 PIEs."], ["like", "pie", "you", "like", "pie", "they", "like", "pies"]]]
SELECT TEXT_ANALYZE('a%20b%3Ac'), TEXT_ANALYZE(''), TEXT_ANALYZE(NULL), TEXT_ANALYZE('ÄÖ');
--> [[["a", "b", "c"], [], [], ["ÄÖ"]]]
-- Other delimiters, another pattern.
SELECT TEXT_ANALYZE('I like pie, you like-pie, they like 2 PIEs.', analyzer => 'LOG_ANALYZER', analyzer_options => '{"delimiters": [",", ".", "-"]}');
--> [[["i like pie", " you like", "pie", " they like 2 pies"]]]
SELECT TEXT_ANALYZE('I like pie, you like-pie, they like 2 PIEs.', analyzer => 'PATTERN_ANALYZER', analyzer_options => '''{"patterns": ["[a-zA-Z]*"], "token_filters": [{"normalizer": {"mode": "LOWER"}}, {"stop_words": ["they", "pie"]}]}''');
--> [[["i", "like", "you", "like", "like", "pies"]]]

-- Filters, in the order in which they are written.
SELECT TEXT_ANALYZE('I like ❶ ② pies, you like Ño PIEs', analyzer_options => '''{"token_filters": [{"normalizer": {"mode": "ICU_NORMALIZE", "icu_normalize_mode": "NFKC", "icu_case_folding": true}}, {"stop_words": ["pies", "2"]}]}''');
--> [[["i", "like", "❶", "you", "like", "ño"]]]
SELECT TEXT_ANALYZE('I like ❶ ② pies, you like Ño PIEs', analyzer_options => '''{"token_filters": [{"stop_words": ["pies", "2"]}, {"normalizer": {"mode": "ICU_NORMALIZE", "icu_normalize_mode": "NFKC", "icu_case_folding": true}}]}''');
--> [[["i", "like", "❶", "2", "you", "like", "ño", "pies"]]]
SELECT TEXT_ANALYZE('I like ❶ ② pies, you like Ño PIEs', analyzer_options => '''{"token_filters": [{"stop_words": ["like", "you"]}, {"normalizer": {"mode": "ICU_NORMALIZE", "icu_normalize_mode": "NFKC", "icu_case_folding": true}}, {"stop_words": ["ño"]}]}''');
--> [[["i", "❶", "2", "pies", "pies"]]]
SELECT TEXT_ANALYZE('I like ❶ ② pies, you like Ño PIEs', analyzer_options => '{"token_filters": [{"normalizer": {"mode": "NONE"}}]}');
--> [[["I", "like", "❶", "②", "pies", "you", "like", "Ño", "PIEs"]]]
SELECT TEXT_ANALYZE('I like ❶ ② pies, you like Ño PIEs', analyzer_options => '{"token_filters": [{"normalizer": {"mode": "LOWER"}}]}');
--> [[["i", "like", "❶", "②", "pies", "you", "like", "Ño", "pies"]]]
SELECT TEXT_ANALYZE('I like ❶ ② pies, you like Ño PIEs', analyzer_options => '{"token_filters": [{"normalizer": {"mode": "UNICODE_LOWER"}}]}');
--> [[["i", "like", "❶", "②", "pies", "you", "like", "ño", "pies"]]]
SELECT TEXT_ANALYZE('I like ❶ ② pies, you like Ño PIEs', analyzer_options => '{"token_filters": [{"normalizer": {"mode": "ICU_NORMALIZE", "icu_case_folding": true}}]}');
--> [[["i", "like", "❶", "2", "pies", "you", "like", "ño", "pies"]]]
SELECT TEXT_ANALYZE('I like ❶ ② pies, you like Ño PIEs', analyzer_options => '{"token_filters": [{"normalizer": {"mode": "ICU_NORMALIZE", "icu_case_folding": false}}]}');
--> [[["I", "like", "❶", "2", "pies", "you", "like", "Ño", "PIEs"]]]
SELECT TEXT_ANALYZE('I like ❶ ② pies, you like Ño PIEs', analyzer_options => '{"token_filters": [{"normalizer": {"mode": "ICU_NORMALIZE", "icu_normalize_mode": "NFC"}}]}');
--> [[["i", "like", "❶", "②", "pies", "you", "like", "ño", "pies"]]]
SELECT TO_CODE_POINTS(t[OFFSET(6)]) FROM (SELECT TEXT_ANALYZE('I like ❶ ② pies, like ño', analyzer_options => '{"token_filters": [{"normalizer": {"mode": "ICU_NORMALIZE", "icu_normalize_mode": "NFKD"}}]}') AS t);
--> [[[110, 771, 111]]]
SELECT TEXT_ANALYZE('I like pie, you like-pie, they like 2 PIEs.', analyzer_options => '{"token_filters": [{"stop_words": ["they", "pie"]}]}');
--> [[["I", "like", "you", "like", "like", "2", "PIEs"]]]

SELECT TEXT_ANALYZE('a', analyzer => 'SOME_ANALYZER');
--! Unsupported analyzer: SOME_ANALYZER
SELECT TEXT_ANALYZE('a', analyzer => 'NO_OP_ANALYZER', analyzer_options => '{"delimiters": [" "]}');
--! NO_OP_ANALYZER does not support analyzer_options
SELECT TEXT_ANALYZE('a', analyzer_options => '{"token_filters": [{"stop_words": []}]}');
--! stop_words in analyzer_options must have at least one element
SELECT TEXT_ANALYZE(1);
--! No matching signature for function TEXT_ANALYZE

SELECT id, BAG_OF_WORDS(f) FROM (SELECT 1 AS id, ['I', 'like', 'pie', 'pie', 'pie', NULL] AS f UNION ALL SELECT 2, ['yum', 'yum', 'pie', NULL]) ORDER BY id;
--: INT64, ARRAY<STRUCT<term STRING, count INT64>>
--> [[1, [[null, 1], ["I", 1], ["like", 1], ["pie", 3]]], [2, [[null, 1], ["pie", 1], ["yum", 2]]]]
SELECT ARRAY_LENGTH(BAG_OF_WORDS(CAST([] AS ARRAY<STRING>))), BAG_OF_WORDS(CAST(NULL AS ARRAY<STRING>)) IS NULL;
--> [[0, true]]

CREATE TABLE documents AS
SELECT 1 AS id, 'I like pie pie pie ' AS words UNION ALL SELECT 2, 'yum yum pie ' UNION ALL SELECT 3, 'I yum pie ' UNION ALL SELECT 4, 'you like pie too ';

WITH t AS (SELECT id, ARRAY(SELECT NULLIF(w, '') FROM UNNEST(SPLIT(words, ' ')) AS w WITH OFFSET AS at ORDER BY at) AS f FROM documents) SELECT id, TF_IDF(f, 10, 2) OVER() FROM t ORDER BY id;
--: INT64, ARRAY<STRUCT<term STRING, tf_idf FLOAT64>>
--> [[1, [[null, 0.1304033435859887], ["I", 0.1412163100645339], ["like", 0.1412163100645339], ["pie", 0.29389333245105953]]],
--> [2, [[null, 0.1956050153789831], ["pie", 0.14694666622552977], ["yum", 0.4236489301936017]]],
--> [3, [[null, 0.1956050153789831], ["I", 0.21182446509680086], ["pie", 0.14694666622552977], ["yum", 0.21182446509680086]]],
--> [4, [[null, 0.4694520369095594], ["like", 0.1694595720774407], ["pie", 0.11755733298042381]]]]
WITH t AS (SELECT id, ARRAY(SELECT NULLIF(w, '') FROM UNNEST(SPLIT(words, ' ')) AS w WITH OFFSET AS at ORDER BY at) AS f FROM documents) SELECT id, TF_IDF(f, 3, 2) OVER() FROM t ORDER BY id;
--> [[1, [[null, 0.12679902142647365], ["I", 0.1412163100645339], ["like", 0.1412163100645339], ["pie", 0.29389333245105953]]],
--> [2, [[null, 0.5705955964191315], ["pie", 0.14694666622552977]]],
--> [3, [[null, 0.380397064279421], ["I", 0.21182446509680086], ["pie", 0.14694666622552977]]],
--> [4, [[null, 0.45647647713530515], ["like", 0.1694595720774407], ["pie", 0.11755733298042381]]]]
SELECT TF_IDF(['a']);
--! Analytic function TF_IDF cannot be called without an OVER clause
