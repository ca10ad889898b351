CREATE TABLE device_data AS
SELECT * FROM UNNEST(ARRAY<STRUCT<device_id INT64, time DATETIME, signal INT64, state STRING>>[STRUCT(1, DATETIME '2023-11-01 09:34:01', 74, 'INACTIVE'), STRUCT(2, DATETIME '2023-11-01 09:36:00', 77, 'ACTIVE'), STRUCT(3, DATETIME '2023-11-01 09:37:00', 78, 'ACTIVE'), STRUCT(4, DATETIME '2023-11-01 09:38:01', 80, 'ACTIVE')]);

CREATE TABLE with_null AS
SELECT * EXCEPT (signal), IF(device_id = 3, NULL, signal) AS signal FROM device_data;

SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('signal', 'locf')]) ORDER BY time;
--: DATETIME, INT64
--> [["2023-11-01T09:35:00", 74], ["2023-11-01T09:36:00", 77], ["2023-11-01T09:37:00", 78], ["2023-11-01T09:38:00", 78]]
SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('signal', 'linear')]) ORDER BY time;
--> [["2023-11-01T09:35:00", 75], ["2023-11-01T09:36:00", 77], ["2023-11-01T09:37:00", 78], ["2023-11-01T09:38:00", 80]]
SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('signal', 'null')]) ORDER BY time;
--> [["2023-11-01T09:35:00", null], ["2023-11-01T09:36:00", 77], ["2023-11-01T09:37:00", 78], ["2023-11-01T09:38:00", null]]
-- Nulls are skipped, or not.
SELECT * FROM GAP_FILL(TABLE with_null, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('signal', 'linear')]) ORDER BY time;
--> [["2023-11-01T09:35:00", 75], ["2023-11-01T09:36:00", 77], ["2023-11-01T09:37:00", 78], ["2023-11-01T09:38:00", 80]]
SELECT * FROM GAP_FILL(TABLE with_null, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('signal', 'linear')], ignore_null_values => FALSE) ORDER BY time;
--> [["2023-11-01T09:35:00", 75], ["2023-11-01T09:36:00", 77], ["2023-11-01T09:37:00", null], ["2023-11-01T09:38:00", null]]
-- Without a method all columns are filled with NULL; the time comes first.
SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE) ORDER BY time;
--> [{"time": "2023-11-01T09:35:00", "device_id": null, "signal": null, "state": null},
--> {"time": "2023-11-01T09:36:00", "device_id": 2, "signal": 77, "state": "ACTIVE"},
--> {"time": "2023-11-01T09:37:00", "device_id": 3, "signal": 78, "state": "ACTIVE"},
--> {"time": "2023-11-01T09:38:00", "device_id": null, "signal": null, "state": null}]
-- Buckets are added for gaps.
SELECT * FROM GAP_FILL((SELECT * FROM UNNEST([STRUCT(DATETIME '2023-11-01 09:35:39' AS time, 74 AS signal), STRUCT(DATETIME '2023-11-01 09:37:39', 77), STRUCT(DATETIME '2023-11-01 09:40:00', 80)])), ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('signal', 'locf')]) ORDER BY time;
--> [["2023-11-01T09:36:00", 74], ["2023-11-01T09:37:00", 74], ["2023-11-01T09:38:00", 77], ["2023-11-01T09:39:00", 77], ["2023-11-01T09:40:00", 80]]
-- Each partition by itself.
SELECT * FROM GAP_FILL((SELECT * FROM UNNEST(ARRAY<STRUCT<device_id INT64, time DATETIME, signal INT64>>[STRUCT(2, DATETIME '2023-11-01 09:35:07', 87), STRUCT(1, DATETIME '2023-11-01 09:35:26', 82), STRUCT(3, DATETIME '2023-11-01 09:35:39', 74), STRUCT(2, DATETIME '2023-11-01 09:36:07', 88), STRUCT(1, DATETIME '2023-11-01 09:36:26', 82), STRUCT(2, DATETIME '2023-11-01 09:37:07', 88), STRUCT(1, DATETIME '2023-11-01 09:37:28', 80), STRUCT(3, DATETIME '2023-11-01 09:37:39', 77), STRUCT(2, DATETIME '2023-11-01 09:38:07', 86), STRUCT(1, DATETIME '2023-11-01 09:38:26', 81), STRUCT(3, DATETIME '2023-11-01 09:38:39', 77)])), ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, partitioning_columns => ['device_id'], value_columns => [('signal', 'locf')]) ORDER BY device_id, time;
--: DATETIME, INT64, INT64
--> [["2023-11-01T09:36:00", 1, 82], ["2023-11-01T09:37:00", 1, 82], ["2023-11-01T09:38:00", 1, 80],
--> ["2023-11-01T09:36:00", 2, 87], ["2023-11-01T09:37:00", 2, 88], ["2023-11-01T09:38:00", 2, 88],
--> ["2023-11-01T09:36:00", 3, 74], ["2023-11-01T09:37:00", 3, 74], ["2023-11-01T09:38:00", 3, 77]]
CREATE TABLE two_values AS
SELECT * FROM UNNEST(ARRAY<STRUCT<device_id INT64, time DATETIME, signal INT64, state STRING>>[STRUCT(1, DATETIME '2023-11-01 09:34:01', 74, 'ACTIVE'), STRUCT(2, DATETIME '2023-11-01 09:36:00', 77, 'INACTIVE'), STRUCT(3, DATETIME '2023-11-01 09:38:00', 78, 'ACTIVE'), STRUCT(4, DATETIME '2023-11-01 09:39:01', 80, 'ACTIVE')]);

SELECT * FROM GAP_FILL(TABLE two_values, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('signal', 'linear'), ('state', 'locf')]) ORDER BY time;
--> [["2023-11-01T09:35:00", 75, "ACTIVE"], ["2023-11-01T09:36:00", 77, "INACTIVE"], ["2023-11-01T09:37:00", 78, "INACTIVE"], ["2023-11-01T09:38:00", 78, "ACTIVE"], ["2023-11-01T09:39:00", 80, "ACTIVE"]]
SELECT * FROM GAP_FILL(TABLE two_values, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('signal', 'null')], origin => DATETIME '2023-11-01 09:30:01') ORDER BY time;
--> [["2023-11-01T09:34:01", 74], ["2023-11-01T09:35:01", null], ["2023-11-01T09:36:01", null], ["2023-11-01T09:37:01", null], ["2023-11-01T09:38:01", null], ["2023-11-01T09:39:01", 80]]
-- Of dates and timestamps as well.
SELECT * FROM GAP_FILL((SELECT d, NUMERIC '1.5' * x AS v FROM UNNEST([STRUCT(DATE '2024-01-01' AS d, 2 AS x), STRUCT(DATE '2024-01-05', 4)])), 'd', INTERVAL 2 DAY, value_columns => [('v', 'linear')], origin => DATE '2024-01-01') ORDER BY d;
--: DATE, NUMERIC
--> [["2024-01-01", "3"], ["2024-01-03", "4.5"], ["2024-01-05", "6"]]
SELECT * FROM GAP_FILL((SELECT TIMESTAMP '2024-01-01 00:00:00+00' AS t, 1.0 AS v UNION ALL SELECT TIMESTAMP '2024-01-01 02:00:00+00', 3.0), ts_column => 't', bucket_width => INTERVAL 1 HOUR, value_columns => [('v', 'linear')]) ORDER BY t;
--: TIMESTAMP, FLOAT64
--> [["2024-01-01 00:00:00+00", 1], ["2024-01-01 01:00:00+00", 2], ["2024-01-01 02:00:00+00", 3]]

SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'nothing', bucket_width => INTERVAL 1 MINUTE);
--! Table-valued function GAP_FILL: column nothing is not in its table
SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'signal', bucket_width => INTERVAL 1 MINUTE);
--! column signal must be a DATE, DATETIME or TIMESTAMP, but is INT64
SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('state', 'linear')]);
--! column state must be numeric for the method linear, but is STRING
SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, value_columns => [('signal', 'cubic')]);
--! invalid gap filling method 'cubic'
SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'time', bucket_width => INTERVAL 1 MINUTE, origin => DATE '2024-01-01');
--! `origin` and the time series column must be of the same type
SELECT * FROM GAP_FILL(TABLE device_data, ts_column => 'time');
--! required argument `bucket_width` is missing
