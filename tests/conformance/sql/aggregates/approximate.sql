SELECT APPROX_COUNT_DISTINCT(x) FROM UNNEST([0, 1, 1, 2, 3, 5]) AS x;
--> [[5]]
SELECT APPROX_COUNT_DISTINCT(x) FROM UNNEST(['a', NULL, 'a']) AS x;
--> [[1]]
SELECT APPROX_QUANTILES(x, 2), APPROX_QUANTILES(DISTINCT x, 2) FROM UNNEST([1, 1, 1, 4, 5, 6, 7, 8, 9, 10]) AS x;
--> [[[1, 5, 10], [1, 6, 10]]]
SELECT APPROX_QUANTILES(x, 100)[OFFSET(90)] FROM UNNEST([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) AS x;
--> [[9]]
SELECT APPROX_QUANTILES(x, 2)[OFFSET(1)] FROM UNNEST([NULL, NULL, 1, 1, 1, 4, 5, 6, 7, 8, 9, 10]) AS x;
--> [[5]]
SELECT TO_JSON_STRING(APPROX_QUANTILES(x, 2 RESPECT NULLS)) FROM UNNEST([NULL, NULL, 1, 1, 1, 4, 5, 6, 7, 8, 9, 10]) AS x;
--> [["[null,4,10]"]]
SELECT TO_JSON_STRING(APPROX_QUANTILES(DISTINCT x, 2 RESPECT NULLS)) FROM UNNEST([NULL, NULL, 1, 1, 1, 4, 5, 6, 7, 8, 9, 10]) AS x;
--> [["[null,6,10]"]]
SELECT APPROX_QUANTILES(x, 0) FROM UNNEST([1]) AS x;
--! APPROX_QUANTILES
SELECT APPROX_TOP_COUNT(x, 2) FROM UNNEST(['apple', 'apple', 'pear', 'pear', 'pear', 'banana']) AS x;
--> [[[{"value": "pear", "count": 3}, {"value": "apple", "count": 2}]]]
SELECT APPROX_TOP_COUNT(x, 2) FROM UNNEST([NULL, 'pear', 'pear', 'pear', 'apple', NULL]) AS x;
--> [[[["pear", 3], [null, 2]]]]
SELECT APPROX_TOP_SUM(x, w, 2) FROM UNNEST([STRUCT('apple' AS x, 3 AS w), ('pear', 2), ('apple', 0), ('banana', 5), ('pear', 4)]);
--> [[[{"value": "pear", "sum": 6}, {"value": "banana", "sum": 5}]]]
SELECT APPROX_TOP_SUM(x, w, 2) FROM UNNEST([STRUCT('apple' AS x, NULL AS w), ('pear', 0), ('pear', NULL)]);
--> [[[["pear", 0], ["apple", null]]]]
SELECT APPROX_TOP_SUM(x, w, 2) FROM UNNEST([STRUCT('apple' AS x, 0 AS w), (NULL, 2)]);
--> [[[[null, 2], ["apple", 0]]]]
SELECT APPROX_TOP_SUM(x, w, 2) FROM UNNEST([STRUCT('apple' AS x, 0 AS w), (NULL, NULL)]);
--> [[[["apple", 0], [null, null]]]]

-- HLL_COUNT
CREATE TABLE invoices AS SELECT * FROM UNNEST([STRUCT('UA' AS country, 'customer_id_1' AS customer, 'invoice_id_11' AS invoice), ('BR', 'customer_id_3', 'invoice_id_31'), ('CZ', 'customer_id_2', 'invoice_id_22'), ('CZ', 'customer_id_2', 'invoice_id_23'), ('BR', 'customer_id_3', 'invoice_id_31'), ('UA', 'customer_id_2', 'invoice_id_24')]);

SELECT country, HLL_COUNT.EXTRACT(s) FROM (SELECT country, HLL_COUNT.INIT(customer) AS s FROM invoices GROUP BY country) ORDER BY country;
--> [["BR", 1], ["CZ", 1], ["UA", 2]]
SELECT HLL_COUNT.MERGE(s) FROM (SELECT country, HLL_COUNT.INIT(customer, 12) AS s FROM invoices GROUP BY country);
--> [[3]]
SELECT HLL_COUNT.EXTRACT(HLL_COUNT.MERGE_PARTIAL(s)) FROM (SELECT country, HLL_COUNT.INIT(customer) AS s FROM invoices GROUP BY country);
--> [[3]]
SELECT HLL_COUNT.EXTRACT(HLL_COUNT.INIT(x)) BETWEEN 98000 AND 102000 FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS x;
--> [[true]]
SELECT HLL_COUNT.EXTRACT(NULL);
--> [[0]]
SELECT HLL_COUNT.INIT(x) FROM UNNEST([CAST(NULL AS INT64)]) AS x;
--> [[null]]
SELECT HLL_COUNT.INIT(x, 9) FROM UNNEST([1]) AS x;
--! HLL_COUNT.INIT
SELECT HLL_COUNT.INIT(x) FROM UNNEST([1.5]) AS x;
--! HLL_COUNT.INIT
SELECT HLL_COUNT.EXTRACT(b'no sketch');
--! Invalid or incompatible sketch

-- KLL_QUANTILES
SELECT KLL_QUANTILES.EXTRACT_INT64(KLL_QUANTILES.INIT_INT64(x, 1000), 2) FROM UNNEST([1, 2, 3, 4, 5]) AS x;
--> [[[1, 3, 5]]]
SELECT KLL_QUANTILES.EXTRACT_POINT_INT64(KLL_QUANTILES.INIT_INT64(x), 0.8) FROM UNNEST([1, 2, 3, 4, 5]) AS x;
--> [[4]]
SELECT KLL_QUANTILES.EXTRACT_FLOAT64(KLL_QUANTILES.INIT_FLOAT64(x), 2) FROM UNNEST([1.5, 2.5, 3.5]) AS x;
--> [[[1.5, 2.5, 3.5]]]
SELECT KLL_QUANTILES.EXTRACT_POINT_FLOAT64(KLL_QUANTILES.INIT_FLOAT64(x), 0.0) FROM UNNEST([1.5, 2.5, 3.5]) AS x;
--> [[1.5]]
SELECT KLL_QUANTILES.MERGE_INT64(s, 2), KLL_QUANTILES.MERGE_POINT_INT64(s, 1.0), KLL_QUANTILES.EXTRACT_POINT_INT64(KLL_QUANTILES.MERGE_PARTIAL(s), 0.5) FROM (SELECT KLL_QUANTILES.INIT_INT64(x) AS s FROM UNNEST([1, 2, 3, 4, 5]) AS x UNION ALL SELECT KLL_QUANTILES.INIT_INT64(x) FROM UNNEST([6, 7, 8, 9, 10]) AS x);
--> [[[1, 5, 10], 10, 5]]
SELECT KLL_QUANTILES.MERGE_FLOAT64(s, 1), KLL_QUANTILES.MERGE_POINT_FLOAT64(s, 0.5) FROM (SELECT KLL_QUANTILES.INIT_FLOAT64(x) AS s FROM UNNEST([1.0, 2.0]) AS x UNION ALL SELECT KLL_QUANTILES.INIT_FLOAT64(x) FROM UNNEST([3.0, 4.0]) AS x);
--> [[[1.0, 4.0], 2.0]]
