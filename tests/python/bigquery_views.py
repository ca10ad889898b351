"""google-cloud-bigquery against the local cloud: views, materialized views, routines, IAM policies, dry runs, scripts."""

import datetime as dt

from google.api_core import exceptions

from checks import check, equal, main, raises
from warehouse import CLIENT, FIELD, PROJECT, bigquery, dataset, rows

DATASET = dataset("views")
INT64 = bigquery.StandardSqlDataType(type_kind=bigquery.StandardSqlTypeNames.INT64)
CLIENT.query_and_wait("CREATE TABLE views.sales (id INT64, country STRING, amount NUMERIC)")
CLIENT.query_and_wait("INSERT INTO views.sales VALUES (1, 'DE', 10.5), (2, 'FR', 2), (3, 'DE', 0.5)")


@check
def a_view():
    new = bigquery.Table(f"{PROJECT}.views.german")
    new.view_query = f"SELECT id, amount FROM `{PROJECT}.views.sales` WHERE country = 'DE'"
    new.description = "sales in Germany"
    created = CLIENT.create_table(new)
    equal((created.table_type, created.view_use_legacy_sql), ("VIEW", False))
    equal([(f.name, f.field_type) for f in created.schema], [("id", "INTEGER"), ("amount", "NUMERIC")])
    equal([row["id"] for row in rows("views.german")], [1, 3])
    # Descriptions of columns are the view's own.
    created.schema = [FIELD("id", "INTEGER", description="the sale"), FIELD("amount", "NUMERIC")]
    described = CLIENT.update_table(created, ["schema"])
    equal(described.schema[0].description, "the sale")
    described.view_query = f"SELECT COUNT(*) AS n FROM `{PROJECT}.views.sales`"
    changed = CLIENT.update_table(described, ["view_query"])
    equal([f.name for f in changed.schema], ["n"])
    equal(list(CLIENT.query_and_wait("SELECT n FROM views.german"))[0]["n"], 3)
    with raises(exceptions.NotFound, "Not found: Table"):
        missing = bigquery.Table(f"{PROJECT}.views.missing")
        missing.view_query = f"SELECT * FROM `{PROJECT}.views.none`"
        CLIENT.create_table(missing)
    listed = {t.table_id: t.table_type for t in CLIENT.list_tables("views")}
    equal(listed, {"sales": "TABLE", "german": "VIEW"})


@check
def a_materialized_view():
    new = bigquery.Table(f"{PROJECT}.views.totals")
    new.mview_query = f"SELECT country, SUM(amount) AS total FROM `{PROJECT}.views.sales` GROUP BY country"
    new.mview_refresh_interval = dt.timedelta(minutes=10)
    created = CLIENT.create_table(new)
    equal((created.table_type, created.mview_enable_refresh), ("MATERIALIZED_VIEW", True))
    equal(created.mview_refresh_interval, dt.timedelta(minutes=10))
    assert created.mview_last_refresh_time is not None
    CLIENT.query_and_wait("INSERT INTO views.sales VALUES (4, 'FR', 8)")
    found = {row["country"]: row["total"] for row in rows("views.totals", order="country")}
    equal({country: str(total) for country, total in found.items()}, {"DE": "11", "FR": "10"})
    created.mview_enable_refresh = False
    equal(CLIENT.update_table(created, ["mview_enable_refresh"]).mview_enable_refresh, False)
    with raises(exceptions.BadRequest, "materialized view"):
        wrong = bigquery.Table(f"{PROJECT}.views.wrong")
        wrong.mview_query = f"SELECT id FROM `{PROJECT}.views.sales` ORDER BY id"
        CLIENT.create_table(wrong)


@check
def a_scalar_function():
    routine = bigquery.Routine(
        f"{PROJECT}.views.cents",
        type_="SCALAR_FUNCTION",
        language="SQL",
        arguments=[bigquery.RoutineArgument(name="euros", data_type=INT64)],
        return_type=INT64,
        body="euros * 100",
        description="euros in cents",
    )
    created = CLIENT.create_routine(routine)
    assert created.created and created.etag
    equal(list(CLIENT.query_and_wait("SELECT views.cents(3) AS c"))[0]["c"], 300)
    with raises(exceptions.Conflict, "Already Exists: Routine"):
        CLIENT.create_routine(routine)
    CLIENT.create_routine(routine, exists_ok=True)
    read = CLIENT.get_routine("views.cents")
    equal((read.body, read.description, read.return_type.type_kind), ("euros * 100", "euros in cents", INT64.type_kind))
    read.body = "euros * 1000"
    # The API has no patch for routines: what is not sent is gone.
    whole = ["body", "type_", "language", "arguments", "return_type", "description"]
    CLIENT.update_routine(read, whole)
    equal(list(CLIENT.query_and_wait("SELECT views.cents(3) AS c"))[0]["c"], 3000)
    with raises(exceptions.PreconditionFailed):
        read.body = "euros"
        CLIENT.update_routine(read, whole)
    equal([r.routine_id for r in CLIENT.list_routines("views")], ["cents"])
    CLIENT.delete_routine("views.cents")
    with raises(exceptions.NotFound, "Not found: Routine"):
        CLIENT.get_routine("views.cents")
    CLIENT.delete_routine("views.cents", not_found_ok=True)


@check
def functions_by_statements():
    job = CLIENT.query("CREATE TABLE FUNCTION views.of(wanted STRING) AS SELECT id FROM views.sales WHERE country = wanted")
    job.result()
    equal((job.statement_type, job.ddl_operation_performed), ("CREATE_TABLE_FUNCTION", "CREATE"))
    equal(job.ddl_target_routine.routine_id, "of")
    found = CLIENT.query_and_wait("SELECT id FROM views.of('DE') ORDER BY id")
    equal([row["id"] for row in found], [1, 3])
    equal(CLIENT.get_routine("views.of").type_, "TABLE_VALUED_FUNCTION")
    CLIENT.query_and_wait("CREATE PROCEDURE views.add(id INT64) BEGIN INSERT INTO views.sales VALUES (id, 'IT', 1); END")
    CLIENT.query_and_wait("CALL views.add(9)")
    equal(list(CLIENT.query_and_wait("SELECT COUNT(*) AS n FROM views.sales WHERE country = 'IT'"))[0]["n"], 1)
    CLIENT.query_and_wait("DROP TABLE FUNCTION views.of")
    CLIENT.query_and_wait("CREATE FUNCTION views.js(x FLOAT64) RETURNS FLOAT64 LANGUAGE js AS 'return x;'")
    with raises(exceptions.MethodNotImplemented, "JAVASCRIPT"):
        CLIENT.query_and_wait("SELECT views.js(1)")


@check
def policies():
    policy = CLIENT.get_iam_policy("views.sales")
    policy.bindings.append({"role": "roles/bigquery.dataViewer", "members": {"user:reader@example.com"}})
    kept = CLIENT.set_iam_policy("views.sales", policy)
    equal([b["role"] for b in kept.bindings], ["roles/bigquery.dataViewer"])
    equal([b["role"] for b in CLIENT.get_iam_policy("views.sales").bindings], ["roles/bigquery.dataViewer"])
    asked = ["bigquery.tables.get"]
    equal(CLIENT.test_iam_permissions("views.sales", asked)["permissions"], asked)


@check
def dry_runs():
    def dry(sql):
        return CLIENT.query(sql, job_config=bigquery.QueryJobConfig(dry_run=True, use_query_cache=False))

    whole, one = dry("SELECT * FROM views.sales"), dry("SELECT id FROM views.sales")
    equal(one.total_bytes_processed, 8 * CLIENT.get_table("views.sales").num_rows)
    assert whole.total_bytes_processed > one.total_bytes_processed
    equal([f.name for f in one.schema], ["id"])
    equal(dry("CREATE VIEW views.dry AS SELECT id FROM views.sales").statement_type, "CREATE_VIEW")
    with raises(exceptions.NotFound):
        CLIENT.get_table("views.dry")
    capped = bigquery.QueryJobConfig(maximum_bytes_billed=1)
    with raises(exceptions.BadRequest, "bytes billed"):
        CLIENT.query_and_wait("SELECT * FROM views.sales", job_config=capped)


@check
def a_script_and_its_children():
    job = CLIENT.query("DECLARE n INT64 DEFAULT 1; WHILE n < 3 DO SET n = n + 1; SELECT n AS so_far; END WHILE; SELECT n AS last")
    equal([row["last"] for row in job.result()], [3])
    equal((job.statement_type, job.num_child_jobs), ("SCRIPT", 3))
    children = list(CLIENT.list_jobs(parent_job=job.job_id))
    equal([list(child.result())[0][0] for child in reversed(children)], [2, 3, 3])


main()
