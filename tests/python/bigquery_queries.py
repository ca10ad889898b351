"""google-cloud-bigquery against the local cloud: queries, parameters, pages, DML, jobs, errors."""

import datetime as dt
import math

from google.api_core import exceptions
from google.cloud.bigquery import ArrayQueryParameter, QueryJobConfig, ScalarQueryParameter, StructQueryParameter

from checks import check, equal, main, raises
from warehouse import CLIENT, PROJECT, Decimal, bigquery, dataset, rows

UTC = dt.timezone.utc
DATASET = dataset("queries")
# An expression, its value in Python, its type in the schema.
VALUES = [
    ("1", 1, "INTEGER"),
    ("-9223372036854775808", -(2**63), "INTEGER"),
    ("1.5", 1.5, "FLOAT"),
    ("CAST('inf' AS FLOAT64)", math.inf, "FLOAT"),
    ("TRUE", True, "BOOLEAN"),
    ("'a\\nb'", "a\nb", "STRING"),
    ("\"double 'quoted' 🌊\"", "double 'quoted' 🌊", "STRING"),
    ("r'raw\\n'", "raw\\n", "STRING"),
    ("b'\\x00\\xff'", b"\x00\xff", "BYTES"),
    ("NUMERIC '1.10'", Decimal("1.1"), "NUMERIC"),
    ("BIGNUMERIC '-0.000000000000000001'", Decimal("-1E-18"), "BIGNUMERIC"),
    ("DATE '2024-02-29'", dt.date(2024, 2, 29), "DATE"),
    ("TIME '12:34:56.000001'", dt.time(12, 34, 56, 1), "TIME"),
    ("DATETIME '2024-02-29 12:00:00'", dt.datetime(2024, 2, 29, 12), "DATETIME"),
    ("TIMESTAMP '2024-02-29 12:00:00+02'", dt.datetime(2024, 2, 29, 10, tzinfo=UTC), "TIMESTAMP"),
    ("TIMESTAMP '1969-12-31 23:59:59.999999 UTC'", dt.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), "TIMESTAMP"),
    ("CAST(NULL AS STRING)", None, "STRING"),
    ("[1, 2]", [1, 2], "INTEGER"),
    ("STRUCT(1 AS a, 'x' AS b)", {"a": 1, "b": "x"}, "RECORD"),
    ("[STRUCT(DATE '2024-01-01' AS d)]", [{"d": dt.date(2024, 1, 1)}], "RECORD"),
    ("SAFE_CAST('x' AS INT64)", None, "INTEGER"),
    ("IFNULL(NULL, 'b') || 'c'", "bc", "STRING"),
    ("DATE_DIFF(DATE '2024-03-01', DATE '2024-02-28', DAY)", 2, "INTEGER"),
    ("TIMESTAMP_TRUNC(TIMESTAMP '2024-02-29 12:34:56 UTC', DAY)", dt.datetime(2024, 2, 29, tzinfo=UTC), "TIMESTAMP"),
    ("FORMAT_DATE('%Y%m', DATE '2024-02-29')", "202402", "STRING"),
    ("7 / 2", 3.5, "FLOAT"),
    ("DIV(7, 2)", 3, "INTEGER"),
    ("COUNTIF(TRUE)", 1, "INTEGER"),
]


def value(sql, **options):
    """The only value of a query."""
    return next(iter(CLIENT.query_and_wait(sql, **options)))[0]


@check
def values_and_types():
    failed = []
    for expression, expected, kind in VALUES:
        try:
            result = CLIENT.query_and_wait(f"SELECT {expression} AS v")
            have = (next(iter(result))["v"], result.schema[0].field_type)
        except Exception as error:
            have = f"{type(error).__name__}: {error}"
        if have != (expected, kind):
            failed.append(f"{expression}: have {have}, expected {(expected, kind)}")
    assert not failed, "\n".join(failed)


@check
def parameters():
    at = dt.datetime(2024, 2, 29, 12, 0, 0, 1, UTC)
    cases = [
        ("INT64", 7),
        ("FLOAT64", 0.1),
        ("BOOL", False),
        ("STRING", "'; DROP TABLE x; -- 🌊\n"),
        ("BYTES", b"\x00\xff"),
        ("NUMERIC", Decimal("1.5")),
        ("BIGNUMERIC", Decimal("1E-18")),
        ("DATE", dt.date(2024, 2, 29)),
        ("TIME", dt.time(1, 2, 3, 4)),
        ("DATETIME", dt.datetime(2024, 2, 29, 1, 2, 3)),
        ("TIMESTAMP", at),
        ("STRING", None),
    ]
    named = [ScalarQueryParameter(f"p{i}", kind, v) for i, (kind, v) in enumerate(cases)]
    expected = [v for _, v in cases]
    sql = "SELECT " + ", ".join(f"@p{i} AS c{i}" for i in range(len(cases)))
    read = next(iter(CLIENT.query_and_wait(sql, job_config=QueryJobConfig(query_parameters=named))))
    equal(list(read.values()), expected, "named")
    positional = [ScalarQueryParameter(None, kind, v) for kind, v in cases]
    sql = "SELECT " + ", ".join(f"? AS c{i}" for i in range(len(cases)))
    read = next(iter(CLIENT.query_and_wait(sql, job_config=QueryJobConfig(query_parameters=positional))))
    equal(list(read.values()), expected, "positional")
    array = QueryJobConfig(query_parameters=[ArrayQueryParameter("ids", "INT64", [3, 1])])
    read = CLIENT.query_and_wait("SELECT x FROM UNNEST([1, 2, 3]) AS x WHERE x IN UNNEST(@ids) ORDER BY x", job_config=array)
    equal([row["x"] for row in read], [1, 3])
    struct = StructQueryParameter("s", ScalarQueryParameter("a", "INT64", 5), ScalarQueryParameter("b", "STRING", "x"))
    read = CLIENT.query_and_wait("SELECT @s.a, @s.b", job_config=QueryJobConfig(query_parameters=[struct]))
    equal(tuple(next(iter(read))), (5, "x"))
    with raises(exceptions.BadRequest, "p0"):
        CLIENT.query_and_wait("SELECT @p0")


@check
def pages_of_a_result():
    sql = "SELECT x, CAST(x AS STRING) AS s FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS x ORDER BY x DESC"
    job = CLIENT.query(sql)
    result = job.result(page_size=1500)
    equal(result.total_rows, 5000)
    pages = list(result.pages)
    equal([page.num_items for page in pages], [1500, 1500, 1500, 500])
    again = [row["x"] for row in CLIENT.get_job(job.job_id, location=job.location).result(page_size=999)]
    equal((len(again), again[0], again[-1]), (5000, 5000, 1))
    fresh = CLIENT.get_job(job.job_id, location=job.location)
    equal([row["x"] for row in fresh.result(start_index=4998)], [2, 1])
    equal(len(list(CLIENT.query_and_wait(sql, page_size=2000))), 5000)
    limited = CLIENT.query_and_wait(sql, max_results=3)
    equal([row["x"] for row in limited], [5000, 4999, 4998])
    # A result is a table without a name of its own.
    table = CLIENT.get_table(job.destination)
    equal((table.num_rows, [f.name for f in table.schema]), (5000, ["x", "s"]))
    assert table.table_id.startswith("anon"), table.table_id


@check
def jobs():
    config = QueryJobConfig(labels={"a": "b"})
    job = CLIENT.query("SELECT 1 AS one", job_id="query-once", location="EU", job_retry=None, job_config=config)
    equal([dict(row) for row in job.result()], [{"one": 1}])
    with raises(exceptions.Conflict, "Already Exists: Job", "query-once"):
        CLIENT.query("SELECT 2", job_id="query-once", location="EU", job_retry=None)
    done = CLIENT.get_job("query-once", location="EU")
    equal((done.state, done.query, done.labels), ("DONE", "SELECT 1 AS one", {"a": "b"}))
    equal((done.statement_type, done.error_result, done.use_legacy_sql), ("SELECT", None, False))
    assert done.created <= done.started <= done.ended and done.etag
    assert "query-once" in [listed.job_id for listed in CLIENT.list_jobs(max_results=50)]
    assert "query-once" in [listed.job_id for listed in CLIENT.list_jobs(state_filter="done")]
    equal(CLIENT.cancel_job("query-once", location="EU").state, "DONE")
    with raises(exceptions.NotFound, "Not found: Job", "no-such-job"):
        CLIENT.get_job("no-such-job", location="EU")


@check
def destinations():
    config = QueryJobConfig(destination=f"{PROJECT}.queries.kept", default_dataset=f"{PROJECT}.queries")
    CLIENT.query_and_wait("SELECT 1 AS id", job_config=config)
    equal(rows("queries.kept"), [{"id": 1}])
    with raises(exceptions.Conflict, "Already Exists: Table"):
        CLIENT.query_and_wait("SELECT 2 AS id", job_config=config)
    config.write_disposition = "WRITE_APPEND"
    CLIENT.query_and_wait("SELECT id + 1 AS id FROM kept", job_config=config)
    equal([row["id"] for row in rows("queries.kept")], [1, 2])
    config.write_disposition = "WRITE_TRUNCATE"
    CLIENT.query_and_wait("SELECT 'x' AS id", job_config=config)
    equal(rows("queries.kept"), [{"id": "x"}])


@check
def statements_that_change_rows():
    def affected(sql):
        job = CLIENT.query(sql)
        job.result()
        return job.statement_type, job.num_dml_affected_rows

    equal(affected("CREATE TABLE queries.dml (id INT64 NOT NULL, name STRING, amount NUMERIC(10, 2))"), ("CREATE_TABLE", None))
    with raises(exceptions.Conflict, "Already Exists: Table"):
        affected("CREATE TABLE queries.dml (id INT64)")
    affected("CREATE TABLE IF NOT EXISTS queries.dml (id INT64)")
    equal(affected("INSERT INTO queries.dml (id, name, amount) VALUES (1, 'a', 1.5), (2, 'b', NULL), (3, 'c', 3)"), ("INSERT", 3))
    equal(affected("INSERT queries.dml (id) SELECT id + 10 FROM queries.dml WHERE id < 3"), ("INSERT", 2))
    equal(affected("UPDATE queries.dml SET name = CONCAT(name, '!'), amount = 0 WHERE id <= 2"), ("UPDATE", 2))
    equal(affected("UPDATE queries.dml SET name = 'x' WHERE FALSE"), ("UPDATE", 0))
    equal(affected("DELETE FROM queries.dml WHERE id > 10"), ("DELETE", 2))
    with raises(exceptions.BadRequest):
        affected("DELETE FROM queries.dml")
    with raises(exceptions.BadRequest):
        affected("INSERT INTO queries.dml (id, name) VALUES (NULL, 'a required value')")
    expected = [(1, "a!", Decimal(0)), (2, "b!", Decimal(0)), (3, "c", Decimal(3))]
    equal([tuple(row.values()) for row in rows("queries.dml")], expected)
    equal(affected("TRUNCATE TABLE queries.dml")[0], "TRUNCATE_TABLE")
    equal(CLIENT.get_table("queries.dml").num_rows, 0)
    equal(affected("DROP TABLE queries.dml"), ("DROP_TABLE", None))
    with raises(exceptions.NotFound):
        CLIENT.get_table("queries.dml")


@check
def merge():
    CLIENT.query_and_wait("CREATE TABLE queries.target AS SELECT id, 'old' AS name, 5 AS stamp FROM UNNEST([1, 2, 3, 4]) AS id")
    CLIENT.query_and_wait(
        "CREATE TABLE queries.staging AS SELECT 1 AS id, 'new' AS name, 9 AS stamp, FALSE AS gone "
        "UNION ALL SELECT 2, 'late', 1, FALSE UNION ALL SELECT 3, 'gone', 9, TRUE "
        "UNION ALL SELECT 5, 'added', 9, FALSE UNION ALL SELECT 6, 'never seen', 9, TRUE"
    )
    job = CLIENT.query(
        "MERGE `test-project.queries.target` T USING `test-project.queries.staging` S ON T.id = S.id\n"
        "WHEN MATCHED AND S.gone THEN DELETE\n"
        "WHEN MATCHED AND S.stamp >= T.stamp THEN UPDATE SET name = S.name, stamp = S.stamp\n"
        "WHEN NOT MATCHED AND NOT S.gone THEN INSERT (id, name, stamp) VALUES (S.id, S.name, S.stamp)"
    )
    job.result()
    equal((job.statement_type, job.num_dml_affected_rows), ("MERGE", 3))
    stats = job.dml_stats
    equal((stats.inserted_row_count, stats.updated_row_count, stats.deleted_row_count), (1, 1, 1))
    merged = [tuple(row.values()) for row in rows("queries.target")]
    equal(merged, [(1, "new", 9), (2, "old", 5), (4, "old", 5), (5, "added", 9)])
    job = CLIENT.query(
        "MERGE queries.target T USING (SELECT 1 AS id) S ON T.id = S.id WHEN NOT MATCHED BY SOURCE THEN DELETE"
    )
    job.result()
    equal((job.num_dml_affected_rows, [row["id"] for row in rows("queries.target")]), (3, [1]))
    with raises(exceptions.BadRequest, "at most one"):
        CLIENT.query_and_wait(
            "MERGE queries.target T USING (SELECT 1 AS id, x FROM UNNEST(['a', 'b']) AS x) S ON T.id = S.id "
            "WHEN MATCHED THEN UPDATE SET name = S.x"
        )
    equal(len(rows("queries.target")), 1, "a statement that fails changes nothing")


@check
def dry_runs():
    CLIENT.query_and_wait("CREATE TABLE queries.wet AS SELECT 1 AS id")
    job = CLIENT.query("SELECT id, 'x' AS s FROM queries.wet", job_config=QueryJobConfig(dry_run=True))
    equal((job.state, job.dry_run), ("DONE", True))
    equal([(f.name, f.field_type) for f in job.schema], [("id", "INTEGER"), ("s", "STRING")])
    assert job.total_bytes_processed is not None
    CLIENT.query("DELETE FROM queries.wet WHERE TRUE", job_config=QueryJobConfig(dry_run=True))
    equal(len(rows("queries.wet")), 1, "a dry run changes nothing")
    with raises(exceptions.NotFound, "queries.none"):
        CLIENT.query("SELECT * FROM queries.none", job_config=QueryJobConfig(dry_run=True))


@check
def errors():
    CLIENT.query_and_wait("CREATE TABLE queries.erring (id INT64)")
    for sql, kind, texts in [
        ("SELEKT 1", exceptions.BadRequest, ["Syntax error", "[1:1]"]),
        ("SELECT 1\nFROM", exceptions.BadRequest, ["Syntax error"]),
        ("SELECT * FROM queries.none", exceptions.NotFound, [f"Not found: Table {PROJECT}:queries.none"]),
        ("SELECT * FROM no_such.t", exceptions.NotFound, [f"Not found: Dataset {PROJECT}:no_such"]),
        ("SELECT nme FROM queries.erring", exceptions.BadRequest, ["Unrecognized name: nme"]),
        ("SELECT no_such_function(1)", exceptions.BadRequest, ["Function not found: no_such_function"]),
        ("SELECT 1 + 'x' + DATE '2024-01-01'", exceptions.BadRequest, []),
        ("SELECT 1 / 0", exceptions.BadRequest, ["division by zero"]),
        ("SELECT CAST('x' AS INT64)", exceptions.BadRequest, ["Bad int64 value: x"]),
        ("", exceptions.BadRequest, []),
    ]:
        for how in (CLIENT.query_and_wait, lambda text: CLIENT.query(text).result()):
            try:
                with raises(kind, *texts):
                    how(sql)
            except AssertionError as error:
                raise AssertionError(sql) from error
    # Asked for later, the job tells the same.
    job = CLIENT.query("SELECT CAST(s AS INT64) FROM UNNEST(['1', 'x']) AS s")
    assert isinstance(job.exception(), exceptions.BadRequest), job.exception()
    done = CLIENT.get_job(job.job_id, location=job.location)
    equal((done.state, done.error_result["reason"]), ("DONE", "invalidQuery"))


main()
