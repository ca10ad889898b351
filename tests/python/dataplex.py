"""google-cloud-dataplex (over REST) against the local cloud: data scans, their jobs and what these find."""

import json
import sys
import time
import urllib.request

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud import dataplex_v1 as dataplex

from checks import PROJECT, REGION, check, equal, main, raises

CLIENT = dataplex.DataScanServiceClient(
    credentials=AnonymousCredentials(), transport="rest", client_options=ClientOptions(api_endpoint=sys.argv[1])
)
BIGQUERY = bigquery.Client(
    project=PROJECT, credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=sys.argv[1])
)
FULL = dataplex.GetDataScanRequest.DataScanView.FULL
JOB_FULL = dataplex.GetDataScanJobRequest.DataScanJobView.FULL
State = dataplex.DataScanJob.State
PARENT = f"projects/{PROJECT}/locations/{REGION}"
TABLE = f"//bigquery.googleapis.com/projects/{PROJECT}/datasets/d/tables/t"


def scan(**settings):
    return dataplex.DataScan(data={"resource": TABLE}, **settings)


@check
def quality_scans():
    rules = [
        {"non_null_expectation": {}, "column": "id", "dimension": "COMPLETENESS", "threshold": 0.5, "name": "id-set"},
        {
            "statistic_range_expectation": {"statistic": "MEAN", "min_value": "1"},
            "column": "amount",
            "dimension": "VALIDITY",
        },
        {"sql_assertion": {"sql_statement": "SELECT 1 FROM ${data()}"}, "dimension": "VALIDITY"},
    ]
    wanted = scan(
        labels={"team": "crm"},
        execution_spec={"trigger": {"schedule": {"cron": "TZ=Europe/Berlin 0 6 * * *"}}},
        data_quality_spec={"rules": rules, "sampling_percent": 12.5},
    )
    made = CLIENT.create_data_scan(parent=PARENT, data_scan=wanted, data_scan_id="orders").result(timeout=30)
    equal(made.name, f"{PARENT}/dataScans/orders")
    equal((made.type_, made.state), (dataplex.DataScanType.DATA_QUALITY, dataplex.State.ACTIVE))
    equal(made.data_quality_spec, wanted.data_quality_spec)
    basic = CLIENT.get_data_scan(name=made.name)
    equal(len(basic.data_quality_spec.rules), 0, "the basic view has no rules")
    full = CLIENT.get_data_scan(request={"name": made.name, "view": dataplex.GetDataScanRequest.DataScanView.FULL})
    equal(full.data_quality_spec, wanted.data_quality_spec)
    equal([found.uid for found in CLIENT.list_data_scans(parent=PARENT)], [made.uid])
    change = scan(name=made.name, description="new")
    changed = CLIENT.update_data_scan(data_scan=change, update_mask={"paths": ["description"]}).result(timeout=30)
    equal((changed.description, changed.data_quality_spec), ("new", wanted.data_quality_spec))
    with raises(exceptions.BadRequest, "immutable"):
        moved = dataplex.DataScan(name=made.name, data={"resource": TABLE + "2"})
        CLIENT.update_data_scan(data_scan=moved, update_mask={"paths": ["data"]})
    CLIENT.delete_data_scan(name=made.name).result(timeout=30)
    with raises(exceptions.NotFound, "orders"):
        CLIENT.get_data_scan(name=made.name)


@check
def profile_scans():
    wanted = scan(data_profile_spec={"include_fields": {"field_names": ["a"]}})
    made = CLIENT.create_data_scan(parent=PARENT, data_scan=wanted, data_scan_id="profile").result(timeout=30)
    equal(made.type_, dataplex.DataScanType.DATA_PROFILE)
    equal(list(made.data_profile_spec.include_fields.field_names), ["a"])
    with raises(exceptions.MethodNotImplemented, "profile"):
        CLIENT.run_data_scan(name=made.name)
    CLIENT.delete_data_scan(name=made.name).result(timeout=30)


def query(sql):
    return [tuple(row.values()) for row in BIGQUERY.query(sql, location="EU").result()]


def orders(name, rows):
    """A table of orders; its full resource name."""
    query("CREATE SCHEMA IF NOT EXISTS shop OPTIONS (location = 'EU')")
    query(f"""CREATE OR REPLACE TABLE shop.{name}
        (id INT64, status STRING, score FLOAT64, price NUMERIC, day DATE, at TIMESTAMP, raw BYTES)""")
    query(f"INSERT INTO shop.{name} VALUES {rows}")
    return f"//bigquery.googleapis.com/projects/{PROJECT}/datasets/shop/tables/{name}"


ROWS = """(1, 'new', 0.5, 1.5, '2026-01-01', '2026-01-01 10:00:00+00', b'a'),
    (2, 'paid', 1.5, 2.5, '2026-01-02', '2026-01-02 10:00:00+00', b'b'),
    (2, 'größe', CAST('NaN' AS FLOAT64), 9.75, '2026-01-03', '2026-01-03 10:00:00+00', NULL),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL)"""


def create(name, resource, spec, **settings):
    wanted = dataplex.DataScan(data={"resource": resource}, data_quality_spec=spec, **settings)
    return CLIENT.create_data_scan(parent=PARENT, data_scan=wanted, data_scan_id=name).result(timeout=30).name


def ended(job):
    """The job when it has ended, with all there is to see."""
    for _ in range(600):
        found = CLIENT.get_data_scan_job(request={"name": job, "view": JOB_FULL})
        if found.state not in (State.PENDING, State.RUNNING, State.CANCELING):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{job} does not end")


def run(scan):
    return ended(CLIENT.run_data_scan(name=scan).job.name)


@check
def every_rule_is_judged():
    rule = lambda column, threshold=0, ignore_null=False, **kind: {
        "column": column, "dimension": "VALIDITY", "threshold": threshold, "ignore_null": ignore_null, **kind
    }  # fmt: skip
    condition = lambda kind, sql: {"dimension": "VALIDITY", kind: {"sql_statement" if kind == "sql_assertion" else "sql_expression": sql}}
    # A rule; whether it passes, and how many rows it evaluates, lets pass, and has nulls of.
    rules = [
        (rule("id", non_null_expectation={}), False, (4, 3, 1)),
        (rule("id", 0.75, non_null_expectation={}), True, (4, 3, 1)),
        (rule("status", set_expectation={"values": ["new", "größe"]}), False, (4, 2, 1)),
        (rule("status", ignore_null=True, set_expectation={"values": ["new", "paid", "größe"]}), True, (3, 3, 1)),
        (rule("day", ignore_null=True, set_expectation={"values": ["2026-01-01"]}), False, (3, 1, 1)),
        (rule("raw", 0.5, True, set_expectation={"values": ["YQ=="]}), True, (2, 1, 2)),
        (rule("id", ignore_null=True, range_expectation={"min_value": "1", "max_value": "2"}), True, (3, 3, 1)),
        (rule("id", ignore_null=True, range_expectation={"min_value": "1", "strict_min_enabled": True}), False, (3, 2, 1)),
        (rule("score", ignore_null=True, range_expectation={"min_value": "0"}), False, (3, 2, 1)),
        (rule("price", ignore_null=True, range_expectation={"max_value": "9.75"}), True, (3, 3, 1)),
        (rule("at", ignore_null=True, range_expectation={"min_value": "2026-01-02 12:00:00+02"}), False, (3, 2, 1)),
        (rule("status", ignore_null=True, regex_expectation={"regex": "^[a-z]+$"}), False, (3, 2, 1)),
        (rule("id", ignore_null=True, uniqueness_expectation={}), False, (3, 1, 1)),
        (rule("status", uniqueness_expectation={}), False, (4, 3, 1)),
        ({"dimension": "X", "row_condition_expectation": {"sql_expression": "id > 0 OR id IS NULL"}}, True, (4, 4, 0)),
        (condition("row_condition_expectation", "id IN (SELECT id FROM ${data()} WHERE id < 2)"), False, (4, 1, 0)),
        (rule("id", statistic_range_expectation={"statistic": "MEAN", "min_value": "1.6", "max_value": "1.7"}), True, None),
        (rule("id", statistic_range_expectation={"statistic": "MAX", "max_value": "2", "strict_max_enabled": True}), False, None),
        (condition("table_condition_expectation", "COUNT(*) = 4 AND SUM(price) > 10"), True, None),
        (condition("table_condition_expectation", "(SELECT COUNT(*) FROM ${data()}) < COUNT(id)"), False, None),
        (condition("sql_assertion", "SELECT id FROM ${data()} GROUP BY id HAVING COUNT(*) > 1"), False, None),
        (condition("sql_assertion", "SELECT 1 FROM ${data()} WHERE id > 5"), True, None),
    ]
    made = [{**one, "name": f"r{at}"} for at, (one, _, _) in enumerate(rules)]
    off = {"name": "off", "dimension": "OFF", "suspended": True, "sql_assertion": {"sql_statement": "SELECT 1"}}
    name = create("every", orders("every", ROWS), {"rules": [*made, off]}, labels={"team": "crm"})
    job = run(name)
    equal(job.state, State.SUCCEEDED, job.message)
    equal(job.data_quality_spec.rules[0].name, "r0")
    result = job.data_quality_result
    equal([found.rule.name for found in result.rules], [one["name"] for one in made], "a suspended rule is not judged")
    for found, (one, passed, counts) in zip(result.rules, rules):
        equal(found.passed, passed, str(one))
        if counts:
            equal((found.evaluated_count, found.passed_count, found.null_count), counts, str(one))
            equal(found.pass_ratio, counts[1] / counts[0], str(one))
            # The query finds the rows that do not pass.
            equal(bool(found.failing_rows_query), counts[1] < counts[0], str(one))
            if found.failing_rows_query:
                equal(len(query(found.failing_rows_query)), counts[0] - counts[1], found.failing_rows_query)
        else:
            equal((found.evaluated_count, found.failing_rows_query), (0, ""), str(one))
    equal(result.rules[20].assertion_row_count, 1)
    equal((result.passed, result.row_count), (False, 4))
    good = sum(passed for _, passed, _ in rules)
    equal(round(result.score, 2), round(100 * good / len(rules), 2))
    scores = {found.dimension.name: (found.passed, round(found.score, 2)) for found in result.dimensions}
    equal(scores, {"VALIDITY": (False, round(100 * (good - 1) / (len(rules) - 1), 2)), "X": (True, 100.0)})
    equal({found.column: round(found.score, 2) for found in result.columns}["price"], 100.0)
    # The scan shows the last.
    scan = CLIENT.get_data_scan(request={"name": name, "view": FULL})
    equal(scan.data_quality_result, result)
    equal(scan.execution_status.latest_job_end_time, job.end_time)
    equal(len(CLIENT.get_data_scan(name=name).data_quality_result.rules), 0, "the basic view has no result")
    again = run(name)
    listed = [one.name for one in CLIENT.list_data_scan_jobs(parent=name)]
    equal(listed, [again.name, job.name], "the newest first")
    equal(len(CLIENT.get_data_scan_job(name=job.name).data_quality_result.rules), 0)
    with raises(exceptions.NotFound, "none"):
        CLIENT.get_data_scan_job(name=f"{name}/jobs/none")
    with raises(exceptions.NotFound, "none"):
        CLIENT.run_data_scan(name=f"{PARENT}/dataScans/none")
    CLIENT.delete_data_scan(name=name).result(timeout=30)
    with raises(exceptions.NotFound):
        CLIENT.get_data_scan_job(name=job.name)


@check
def filters_samples_and_increments():
    resource = orders("slices", ROWS)
    count = {"name": "all", "dimension": "VOLUME", "table_condition_expectation": {"sql_expression": "COUNT(*) > 0"}}
    debug = {**count, "debug_queries": [{"sql_statement": "SELECT COUNT(*) AS n, MIN(id), 'x' AS x FROM ${data()}"}]}
    name = create("filtered", resource, {"rules": [debug], "row_filter": "id IS NOT NULL -- a remark"})
    result = run(name).data_quality_result
    equal(result.row_count, 3)
    found = result.rules[0].debug_queries_result_sets[0].results
    equal([(one.name, one.type_, one.value) for one in found], [("n", "INTEGER", "3"), ("", "INTEGER", "1"), ("x", "STRING", "x")])

    query("CREATE OR REPLACE TABLE shop.many AS SELECT x AS id FROM UNNEST(GENERATE_ARRAY(1, 10000)) AS x")
    twice = {"name": "once", "dimension": "X", "table_condition_expectation": {"sql_expression": "COUNT(*) = (SELECT COUNT(*) FROM ${data()})"}}
    name = create("sampled", resource.replace("slices", "many"), {"rules": [twice], "sampling_percent": 10})
    one, other = (run(name).data_quality_result for _ in range(2))
    assert 800 < one.row_count < 1200 and one.passed, one.row_count
    assert one.row_count != other.row_count or one.passed, "each job has a sample of its own"

    name = create("growing", resource, {"rules": [count]}, execution_spec={"field": "at"})
    first = run(name).data_quality_result
    field = first.scanned_data.incremental_field
    equal((first.row_count, field.field, field.start[:10], field.end[:10]), (3, "at", "2026-01-01", "2026-01-03"))
    nothing = run(name).data_quality_result
    equal((nothing.row_count, nothing.passed), (0, False))
    query("INSERT INTO shop.slices (id, at) VALUES (9, '2026-01-04 00:00:00+00')")
    more = run(name).data_quality_result
    field = more.scanned_data.incremental_field
    equal((more.row_count, field.start[:10], field.end[:10]), (1, "2026-01-03", "2026-01-04"))


@check
def results_are_exported():
    rules = [
        {"name": "set", "column": "id", "dimension": "COMPLETENESS", "threshold": 0.5, "non_null_expectation": {}},
        {"name": "none", "dimension": "VALIDITY", "sql_assertion": {"sql_statement": "SELECT 1 FROM ${data()}"}},
    ]
    table = f"//bigquery.googleapis.com/projects/{PROJECT}/datasets/shop/tables/dq_export"
    actions = {"bigquery_export": {"results_table": table}}
    name = create("exported", orders("exported", ROWS), {"rules": rules, "post_scan_actions": actions})
    job = run(name)
    equal(job.data_quality_result.post_scan_actions_result.bigquery_export_result.state.name, "SUCCEEDED")
    found = query("""SELECT data_quality_scan.data_scan_id, data_source.table_id, data_quality_job_id, job_rows_scanned, rule_name,
        rule_type, rule_passed, rule_rows_evaluated, rule_rows_passed, rule_threshold_percent, rule_assertion_row_count,
        JSON_VALUE(job_dimension_result, '$.COMPLETENESS.score'), JSON_VALUE(data_quality_job_configuration, '$.trigger')
        FROM shop.dq_export ORDER BY rule_name""")
    id = job.name.rsplit("/", 1)[1]
    equal(
        found,
        [
            ("exported", "exported", id, 4, "none", "SQL assertion", False, None, None, None, 4, "100.0", "ondemand"),
            ("exported", "exported", id, 4, "set", "Null check", True, 4, 3, 50.0, None, "100.0", "ondemand"),
        ],
    )
    partition = BIGQUERY.get_table("shop.dq_export").time_partitioning
    equal((partition.field, partition.type_), ("job_start_time", "DAY"))
    broken = {"bigquery_export": {"results_table": table.replace("shop", "nowhere")}}
    name = create("unexported", orders("exported", ROWS), {"rules": rules, "post_scan_actions": broken})
    job = run(name)
    equal(job.state, State.SUCCEEDED_WITH_ERRORS)
    assert "nowhere" in job.partial_failure_message, job.partial_failure_message
    equal(job.data_quality_result.post_scan_actions_result.bigquery_export_result.state.name, "FAILED")


@check
def jobs_fail_and_are_cancelled():
    resource = orders("failing", ROWS)
    bad = {"name": "wibble", "dimension": "X", "row_condition_expectation": {"sql_expression": "wibble > 1"}}
    job = run(create("failing", resource, {"rules": [bad]}))
    equal(job.state, State.FAILED)
    assert "wibble" in job.message, job.message
    with raises(exceptions.BadRequest, "not running"):
        CLIENT.cancel_data_scan_job(name=job.name)
    gone = create("gone", resource.replace("failing", "absent"), {"rules": [{**bad, "name": "r"}]})
    assert "absent" in run(gone).message
    # Long enough to be met at work.
    slow = "(SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 20000)) a, UNNEST(GENERATE_ARRAY(1, 20000)) b WHERE MOD(a * b, 7) = COUNT(*)) > 0"
    rule = {"name": "slow", "dimension": "X", "table_condition_expectation": {"sql_expression": slow}}
    job = CLIENT.run_data_scan(name=create("slow", resource, {"rules": [rule] * 1})).job.name
    CLIENT.cancel_data_scan_job(name=job)
    equal(ended(job).state, State.CANCELLED)


@check
def schedules_fire():
    rule = {"name": "r", "dimension": "X", "table_condition_expectation": {"sql_expression": "COUNT(*) = 4"}}
    schedule = {"trigger": {"schedule": {"cron": "TZ=Europe/Berlin 30 * * * *"}}}
    name = create("nightly", orders("nightly", ROWS), {"rules": [rule]}, execution_spec=schedule)
    equal(list(CLIENT.list_data_scan_jobs(parent=name)), [])
    body = json.dumps({"advance_seconds": 3600}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{sys.argv[1]}/_control/clock", data=body, method="POST")).read()
    for _ in range(600):
        jobs = list(CLIENT.list_data_scan_jobs(parent=name))
        if jobs:
            break
        time.sleep(0.05)
    equal(ended(jobs[0].name).data_quality_result.passed, True)
    CLIENT.delete_data_scan(name=name).result(timeout=30)


@check
def errors():
    with raises(exceptions.BadRequest, "exactly one of"):
        CLIENT.create_data_scan(parent=PARENT, data_scan=scan(), data_scan_id="none")
    with raises(exceptions.BadRequest, "data_scan_id"):
        CLIENT.create_data_scan(parent=PARENT, data_scan=scan(data_profile_spec={}), data_scan_id="Bad_Id")
    with raises(exceptions.NotFound):
        CLIENT.get_data_scan(name=f"{PARENT}/dataScans/none")


main()
