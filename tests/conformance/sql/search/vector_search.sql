CREATE TABLE base_table(id STRING, my_embedding ARRAY<FLOAT64>);

INSERT base_table (id, my_embedding) VALUES ('dog', [1.0, 2.0]), ('wolf', [2.0, 4.0]), ('snake', [-2.0, 3.0]), ('lion', [2.0, -2.5]), ('tiger', [3.0, -2.0]), ('otter', [-3.0, -1.0]), ('whale', [-5.0, -1.0]);

CREATE TABLE query_table(query_id STRING, embedding ARRAY<FLOAT64>);

INSERT query_table (query_id, embedding) VALUES ('dog', [1.0, 2.0]), ('cat', [1.0, -1.0]);

SELECT * FROM VECTOR_SEARCH(TABLE base_table, 'my_embedding', (SELECT query_id, embedding FROM query_table), 'embedding', top_k => 2);
--: STRUCT<query_id STRING, embedding ARRAY<FLOAT64>>, STRUCT<id STRING, my_embedding ARRAY<FLOAT64>>, FLOAT64
--~ [[["dog", [1, 2]], ["dog", [1, 2]], 0], [["dog", [1, 2]], ["wolf", [2, 4]], 2.23606797749979],
--~ [["cat", [1, -1]], ["lion", [2, -2.5]], 1.8027756377319946], [["cat", [1, -1]], ["tiger", [3, -2]], 2.23606797749979]]
SELECT query.query_id, base.id, distance FROM VECTOR_SEARCH((SELECT * FROM base_table WHERE id != 'wolf'), 'my_embedding', (SELECT query_id, embedding FROM query_table), 'embedding', top_k => 2, options => '{"use_brute_force":true}');
--~ [["dog", "dog", 0], ["dog", "snake", 3.1622776601683795], ["cat", "lion", 1.8027756377319946], ["cat", "tiger", 2.23606797749979]]
SELECT query.query_id, base.id, ROUND(distance, 12) FROM VECTOR_SEARCH(TABLE base_table, 'my_embedding', TABLE query_table, 'embedding', top_k => 2, distance_type => 'COSINE') ORDER BY 1, 2;
--> [["cat", "lion", 0.006116265326], ["cat", "tiger", 0.019419324309], ["dog", "dog", 0], ["dog", "wolf", 0]]
SELECT * FROM VECTOR_SEARCH(TABLE base_table, 'my_embedding', query_value => [1.0, -1.0], top_k => 2) ORDER BY distance;
--: STRUCT<id STRING, my_embedding ARRAY<FLOAT64>>, FLOAT64
--> [[["lion", [2, -2.5]], 1.8027756377319946], [["tiger", [3, -2]], 2.23606797749979]]
SELECT base.id FROM VECTOR_SEARCH(TABLE base_table, 'my_embedding', query_value => [1.0, -1.0], top_k => 1, distance_type => 'DOT_PRODUCT');
--> [["tiger"]]
-- Ten at most, where nothing is said; all with a negative number. The query's column is found by its type.
SELECT query.query_id, COUNT(*) FROM VECTOR_SEARCH(TABLE base_table, 'my_embedding', TABLE query_table) GROUP BY 1 ORDER BY 1;
--> [["cat", 7], ["dog", 7]]
SELECT COUNT(*) FROM VECTOR_SEARCH((SELECT [CAST(x AS FLOAT64)] AS e FROM UNNEST(GENERATE_ARRAY(1, 30)) AS x), 'e', query_value => [3.0]);
--> [[10]]
SELECT COUNT(*) FROM VECTOR_SEARCH((SELECT [CAST(x AS FLOAT64)] AS e FROM UNNEST(GENERATE_ARRAY(1, 30)) AS x), 'e', query_value => [3.0], top_k => -1);
--> [[30]]
SELECT * FROM VECTOR_SEARCH(TABLE base_table, 'id', query_value => [1.0]);
--! column id must be an ARRAY<FLOAT64>, but is STRING
SELECT * FROM VECTOR_SEARCH(TABLE base_table, 'my_embedding', query_value => [1.0, 2.0], distance_type => 'MANHATTAN');
--! invalid distance_type 'MANHATTAN'
SELECT * FROM VECTOR_SEARCH(TABLE base_table, 'my_embedding', query_value => [1.0, 2.0], options => '{"use_brute_force": 1}');
--! `options` must be a JSON object
SELECT * FROM VECTOR_SEARCH(TABLE base_table, 'my_embedding', query_value => [1.0, 2.0, 3.0]);
--! Array length mismatch
