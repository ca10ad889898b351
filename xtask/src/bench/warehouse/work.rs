//! What `cargo xtask bench warehouse` has done: each statement twice, as GoogleSQL and by hand.

/// One piece of work.
pub struct Statement {
    pub name: &'static str,
    /// Run before each measurement, on both sides, and not timed.
    pub before: &'static [&'static str],
    pub googlesql: &'static str,
    pub by_hand: &'static str,
}

/// The load of the large table.
pub const LOAD: &str = "load";
/// The same by hand. BigQuery's NUMERIC holds 29 digits before its point and 9 after it, on both sides.
pub const BY_HAND_LOAD: &str =
    "CREATE TABLE facts AS SELECT * REPLACE (amount::DECIMAL(38, 9) AS amount) FROM read_parquet('{facts.parquet}')";

/// The files: a table of events, the customers that they belong to, and a batch of changes, of which one in ten is new.
pub const GENERATE: &[&str] = &[
    "SET threads = 2",
    "COPY (SELECT i AS id, (hash(i) % {customers})::BIGINT AS customer, 'region-' || (hash(i, 1) % 12) AS region, \
     ((hash(i, 2) % 1000000)::DECIMAL(18, 2) / 100)::DECIMAL(18, 2) AS amount, (hash(i, 3) % 90)::BIGINT AS quantity, \
     printf('C%08x', hash(i, 4) % 5000000) AS code, TIMESTAMPTZ '2024-01-01 00:00:00+00' + INTERVAL (hash(i, 5) % 63072000) SECOND AS moment \
     FROM range({rows}) AS r(i)) TO '{facts.parquet}' (FORMAT parquet, COMPRESSION zstd)",
    "COPY (SELECT i AS id, 'Customer ' || i AS name, 'segment-' || (hash(i, 6) % 40) AS segment FROM range({customers}) AS r(i)) \
     TO '{customers.parquet}' (FORMAT parquet, COMPRESSION zstd)",
    "COPY (SELECT CASE WHEN i % 10 = 0 THEN {rows} + i ELSE (hash(i, 7) % ({rows} // {changes}))::BIGINT + i * ({rows} // {changes}) END AS id, \
     (hash(i, 8) % {customers})::BIGINT AS customer, 'region-new' AS region, 1.25::DECIMAL(18, 2) AS amount, 1::BIGINT AS quantity, \
     'changed' AS code, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS moment FROM range({changes}) AS r(i)) \
     TO '{changes.parquet}' (FORMAT parquet, COMPRESSION zstd)",
];

/// What the local cloud sets, too; and the small tables.
pub const SETTINGS: &[&str] = &[
    "SET TimeZone = 'UTC'",
    "SET memory_limit = '1024MB'",
    "CREATE TABLE customers AS SELECT * FROM read_parquet('{customers.parquet}')",
    "CREATE TABLE changes AS SELECT * REPLACE (amount::DECIMAL(38, 9) AS amount) FROM read_parquet('{changes.parquet}')",
];

pub const STATEMENTS: &[Statement] = &[
    Statement {
        name: "group_by",
        before: &[],
        googlesql: "SELECT region, COUNT(*) AS n, SUM(amount) AS amount, AVG(quantity) AS quantity FROM facts GROUP BY region ORDER BY region",
        by_hand: "SELECT region, count(*) AS n, sum(amount) AS amount, avg(quantity) AS quantity FROM facts GROUP BY region ORDER BY region",
    },
    Statement {
        name: "join",
        before: &[],
        googlesql: "SELECT c.segment, COUNT(*) AS n, SUM(f.amount) AS amount FROM facts AS f JOIN customers AS c ON f.customer = c.id \
                    WHERE EXTRACT(YEAR FROM f.moment) = 2024 GROUP BY c.segment ORDER BY amount DESC",
        by_hand: "SELECT c.segment, count(*) AS n, sum(f.amount) AS amount FROM facts AS f JOIN customers AS c ON f.customer = c.id \
                  WHERE year(f.moment) = 2024 GROUP BY c.segment ORDER BY amount DESC",
    },
    Statement {
        name: "newest_of_each",
        before: &[],
        googlesql: "SELECT COUNT(*) AS n, SUM(amount) AS amount FROM (SELECT id, amount FROM facts \
                    QUALIFY ROW_NUMBER() OVER (PARTITION BY customer ORDER BY moment DESC, id) = 1)",
        by_hand: "SELECT count(*) AS n, sum(amount) AS amount FROM (SELECT id, amount FROM facts \
                  QUALIFY row_number() OVER (PARTITION BY customer ORDER BY moment DESC, id) = 1)",
    },
    Statement {
        name: "count_distinct",
        before: &[],
        googlesql: "SELECT COUNT(DISTINCT customer) AS customers, COUNT(DISTINCT code) AS codes FROM facts",
        by_hand: "SELECT count(DISTINCT customer) AS customers, count(DISTINCT code) AS codes FROM facts",
    },
    Statement {
        name: "merge",
        before: &["DELETE FROM facts WHERE id >= {rows}"],
        googlesql: "MERGE facts AS f USING changes AS c ON f.id = c.id \
                    WHEN MATCHED THEN UPDATE SET customer = c.customer, region = c.region, amount = c.amount, code = c.code, moment = c.moment \
                    WHEN NOT MATCHED THEN INSERT ROW",
        by_hand: "MERGE INTO facts AS f USING changes AS c ON f.id = c.id \
                  WHEN MATCHED THEN UPDATE SET customer = c.customer, region = c.region, amount = c.amount, code = c.code, moment = c.moment \
                  WHEN NOT MATCHED THEN INSERT",
    },
];

/// A mart as people build them on Salesforce, of three hundred lines.
pub const MART: &str = include_str!("mart.sql");
/// The tables that it reads.
pub const MART_TABLES: &str = include_str!("mart_tables.sql");
