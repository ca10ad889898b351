"""google-cloud-bigquery against the local cloud: loads of CSV, newline JSON and Parquet, from files and from Cloud Storage."""

import datetime as dt
import io
import os
import sys

os.environ["STORAGE_EMULATOR_HOST"] = sys.argv[1]

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from checks import check, equal, main, raises
from warehouse import CLIENT, FIELD, PROJECT, Decimal, bigquery, column_types, dataset, rows

UTC = dt.timezone.utc
DATASET = dataset("loads")
BUCKET = storage.Client(project=PROJECT, credentials=AnonymousCredentials()).create_bucket("loads-of-python", location="EU")
PEOPLE = [FIELD("id", "INT64", mode="REQUIRED"), FIELD("name", "STRING"), FIELD("amount", "NUMERIC"), FIELD("at", "TIMESTAMP")]
CSV = (
    'id,name,amount,at\n1,"Ada, ""the first""\nline",10.25,2024-02-29 12:00:00 UTC\n'
    '2,,,\n3,"",-0.000000001,2024-02-29T12:00:00.5Z\n'
)
EXPECTED = [
    {"id": 1, "name": 'Ada, "the first"\nline', "amount": Decimal("10.25"), "at": dt.datetime(2024, 2, 29, 12, tzinfo=UTC)},
    {"id": 2, "name": None, "amount": None, "at": None},
    {"id": 3, "name": "", "amount": Decimal("-1E-9"), "at": dt.datetime(2024, 2, 29, 12, 0, 0, 500000, UTC)},
]


def config(source_format, **options):
    return bigquery.LoadJobConfig(source_format=source_format, **options)


def csv_config(**options):
    return config("CSV", **{"schema": PEOPLE, "skip_leading_rows": 1, "allow_quoted_newlines": True, **options})


def load(data, table, job_config, **options):
    """Loads bytes or text; the finished job."""
    data = data.encode() if isinstance(data, str) else data
    job = CLIENT.load_table_from_file(io.BytesIO(data), table, job_config=job_config, **options)
    job.result()
    return job


def parquet(columns):
    """Parquet with these columns: name → (type, values)."""
    sink = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(values, kind) for name, (kind, values) in columns.items()}), sink)
    return sink.getvalue()


@check
def csv_from_a_file():
    job = load(CSV, "loads.csv", csv_config())
    equal((job.state, job.output_rows, job.input_files, job.errors), ("DONE", 3, 1, None))
    equal(rows("loads.csv"), EXPECTED)
    equal(CLIENT.get_table("loads.csv").num_rows, 3)
    # With its size known, a small file is uploaded in one request together with the job.
    text = "1;NULL;2.5;NULL\n"
    options = csv_config(skip_leading_rows=0, field_delimiter=";", null_marker="NULL")
    load(text, "loads.csv_options", options, size=len(text))
    equal(rows("loads.csv_options"), [{"id": 1, "name": None, "amount": Decimal("2.5"), "at": None}])


@check
def csv_with_a_detected_schema():
    text = "Id,Name,Score,Day,Flag\n1,Ada,1.5,2024-01-31,true\n2,Bo,2,2024-02-01,false\n"
    load(text, "loads.detected", config("CSV", autodetect=True))
    expected = [("Id", "INTEGER"), ("Name", "STRING"), ("Score", "FLOAT"), ("Day", "DATE"), ("Flag", "BOOLEAN")]
    equal(column_types("loads.detected"), expected)
    equal(rows("loads.detected", "Id")[0], {"Id": 1, "Name": "Ada", "Score": 1.5, "Day": dt.date(2024, 1, 31), "Flag": True})


@check
def newline_json():
    schema = [*PEOPLE, FIELD("tags", "STRING", mode="REPEATED"), FIELD("place", "RECORD", fields=[FIELD("city", "STRING")])]
    text = (
        '{"id": 1, "name": "a\\nb 🌊", "amount": "10.25", "at": "2024-02-29T12:00:00Z", "tags": ["x", "y"], '
        '"place": {"city": "Zürich"}}\n'
        '{"id": "2", "amount": null}\n'
    )
    load(text, "loads.json", config("NEWLINE_DELIMITED_JSON", schema=schema))
    first = {**EXPECTED[0], "name": "a\nb 🌊", "tags": ["x", "y"], "place": {"city": "Zürich"}}
    equal(rows("loads.json"), [first, {**EXPECTED[1], "tags": [], "place": None}])
    records = [{"id": 5, "name": "five", "amount": "5", "at": None}, {"id": 6}]
    CLIENT.load_table_from_json(records, "loads.from_json", job_config=bigquery.LoadJobConfig(schema=PEOPLE)).result()
    equal([(row["id"], row["name"]) for row in rows("loads.from_json")], [(5, "five"), (6, None)])
    with raises(exceptions.BadRequest):
        load('{"id": 1, "unknown": 1}\n', "loads.json", config("NEWLINE_DELIMITED_JSON", schema=schema))
    load('{"id": 3, "unknown": 1}\n', "loads.json", config("NEWLINE_DELIMITED_JSON", schema=schema, ignore_unknown_values=True))
    equal([row["id"] for row in rows("loads.json")], [1, 2, 3])


@check
def parquet_with_every_type():
    at = dt.datetime(2024, 2, 29, 23, 59, 59, 999999)
    columns = {
        "id": (pa.int64(), [1, 2]),
        "text": (pa.string(), ["ü🌊", None]),
        "bytes": (pa.binary(), [b"\x00\xff", None]),
        "flag": (pa.bool_(), [True, None]),
        "float": (pa.float64(), [0.1, None]),
        "numeric": (pa.decimal128(38, 9), [Decimal("-12345678901234567890123456789.123456789"), None]),
        "big": (pa.decimal256(76, 38), [Decimal("-0.000000000000000001"), None]),
        "timestamp": (pa.timestamp("us", tz="UTC"), [at, None]),
        "datetime": (pa.timestamp("us"), [at, None]),
        "date": (pa.date32(), [dt.date(1850, 1, 1), None]),
        "time": (pa.time64("us"), [dt.time(23, 59, 59, 1), None]),
    }
    job = load(parquet(columns), "loads.parquet", config("PARQUET", decimal_target_types=["NUMERIC", "BIGNUMERIC"]))
    equal(job.output_rows, 2)
    expected = ["INTEGER", "STRING", "BYTES", "BOOLEAN", "FLOAT", "NUMERIC", "BIGNUMERIC", "TIMESTAMP", "DATETIME", "DATE", "TIME"]
    equal([kind for _, kind in column_types("loads.parquet")], expected)
    first = {name: values[0] for name, (_, values) in columns.items()} | {"timestamp": at.replace(tzinfo=UTC)}
    equal(rows("loads.parquet"), [first, {name: values[1] for name, (_, values) in columns.items()}])


@check
def parquet_from_cloud_storage():
    for i in range(3):
        columns = {"id": (pa.int64(), list(range(i * 1000, (i + 1) * 1000))), "part": (pa.string(), [f"part {i}"] * 1000)}
        BUCKET.blob(f"run/part-{i:05}.parquet").upload_from_string(parquet(columns))
    BUCKET.blob("run/manifest.json").upload_from_string("{}")
    job = CLIENT.load_table_from_uri(f"gs://{BUCKET.name}/run/part-*.parquet", "loads.lake", job_config=config("PARQUET"))
    job.result()
    equal((job.output_rows, job.input_files), (3000, 3))
    assert job.input_file_bytes > 0 and job.output_bytes > 0
    read = CLIENT.query_and_wait("SELECT part, COUNT(*) AS n, MIN(id) AS low FROM loads.lake GROUP BY part ORDER BY part")
    equal([tuple(row) for row in read], [("part 0", 1000, 0), ("part 1", 1000, 1000), ("part 2", 1000, 2000)])
    uris = [f"gs://{BUCKET.name}/run/part-0000{i}.parquet" for i in (0, 2)]
    options = config("PARQUET", write_disposition="WRITE_TRUNCATE")
    equal(CLIENT.load_table_from_uri(uris, "loads.lake", job_config=options).result().output_rows, 2000)
    equal(CLIENT.get_table("loads.lake").num_rows, 2000)
    for uri in [f"gs://{BUCKET.name}/none-*.parquet", f"gs://{BUCKET.name}/none.parquet", "gs://no-such-bucket/x.parquet"]:
        with raises(exceptions.NotFound, "Not found"):
            CLIENT.load_table_from_uri(uri, "loads.lake", job_config=options).result()
    equal(CLIENT.get_table("loads.lake").num_rows, 2000, "a load that fails changes nothing")


@check
def write_and_create_dispositions():
    one = "id,name\n1,x\n"
    options = {"schema": PEOPLE[:2]}
    load(one, "loads.disposed", csv_config(**options))
    load(one, "loads.disposed", csv_config(**options))
    equal(len(rows("loads.disposed")), 2, "appending is the default")
    with raises(exceptions.Conflict, "Already Exists"):
        load(one, "loads.disposed", csv_config(write_disposition="WRITE_EMPTY", **options))
    load(one, "loads.disposed", csv_config(write_disposition="WRITE_TRUNCATE", **options))
    equal(len(rows("loads.disposed")), 1)
    load("name,id\nx,1\n", "loads.disposed", config("CSV", autodetect=True, write_disposition="WRITE_TRUNCATE"))
    equal(column_types("loads.disposed"), [("name", "STRING"), ("id", "INTEGER")], "truncating replaces the schema")
    with raises(exceptions.NotFound, "Not found: Table"):
        load(one, "loads.never", csv_config(create_disposition="CREATE_NEVER", **options))
    with raises(exceptions.NotFound, "Not found: Dataset"):
        load(one, "no_such.t", csv_config(**options))


@check
def a_schema_changes_only_when_allowed():
    load("id,name\n1,x\n", "loads.evolves", csv_config(schema=PEOPLE[:2]))
    wider = [*PEOPLE[:2], FIELD("extra", "DATE")]
    text = "id,name,extra\n2,y,2024-01-01\n"
    with raises(exceptions.BadRequest, "extra"):
        load(text, "loads.evolves", csv_config(schema=wider))
    load(text, "loads.evolves", csv_config(schema=wider, schema_update_options=["ALLOW_FIELD_ADDITION"]))
    equal([row["extra"] for row in rows("loads.evolves")], [None, dt.date(2024, 1, 1)])
    relaxed = [FIELD("id", "INT64"), *wider[1:]]
    with raises(exceptions.BadRequest, "id"):
        load(text, "loads.evolves", csv_config(schema=relaxed))
    load(text, "loads.evolves", csv_config(schema=relaxed, schema_update_options=["ALLOW_FIELD_RELAXATION"]))
    equal(CLIENT.get_table("loads.evolves").schema[0].mode, "NULLABLE")
    with raises(exceptions.BadRequest, "name"):
        load("id,name,extra\n2,5,\n", "loads.evolves", csv_config(schema=[relaxed[0], FIELD("name", "INT64"), relaxed[2]]))
    equal(len(rows("loads.evolves")), 3)
    # Parquet brings its columns by name, in any order and any case.
    options = config("PARQUET", schema_update_options=["ALLOW_FIELD_ADDITION"])
    load(parquet({"more": (pa.int64(), [9]), "ID": (pa.int64(), [4])}), "loads.evolves", options)
    equal(rows("loads.evolves")[-1], {"id": 4, "name": None, "extra": None, "more": 9})


@check
def bad_data_loads_nothing():
    load("id,name\n1,x\n", "loads.atomic", csv_config(schema=PEOPLE[:2]))
    for text, what in [
        ("id,name\n2,ok\nthree,bad\n", "not a number"),
        ("id,name\n2,ok\n,no id\n", "a required value is missing"),
        ("id,name\n2,ok,much\n", "too many columns"),
    ]:
        try:
            with raises(exceptions.BadRequest):
                load(text, "loads.atomic", csv_config(schema=PEOPLE[:2]))
        except AssertionError as error:
            raise AssertionError(what) from error
    job = CLIENT.load_table_from_file(io.BytesIO(b"id,name\nx,y\n"), "loads.atomic", job_config=csv_config(schema=PEOPLE[:2]))
    assert job.exception() is not None
    done = CLIENT.get_job(job.job_id, location=job.location)
    equal((done.state, done.error_result["reason"]), ("DONE", "invalid"))
    assert done.errors and done.errors[0]["message"], done.errors
    equal(rows("loads.atomic"), [{"id": 1, "name": "x"}])
    with raises(exceptions.BadRequest):
        load(b"this is no parquet", "loads.atomic", config("PARQUET"))
    job = load("id,name\n2,ok\nthree,bad\n4,ok\n", "loads.atomic", csv_config(schema=PEOPLE[:2], max_bad_records=1))
    equal(job.output_rows, 2)
    equal([row["id"] for row in rows("loads.atomic")], [1, 2, 4])


@check
def a_job_id_counts_once():
    BUCKET.blob("once.parquet").upload_from_string(parquet({"id": (pa.int64(), [1])}))
    start = lambda: CLIENT.load_table_from_uri(
        f"gs://{BUCKET.name}/once.parquet", "loads.once", job_id="load-once", location="EU", job_config=config("PARQUET")
    )
    start().result()
    with raises(exceptions.Conflict, "Already Exists: Job"):
        start().result()
    equal(len(rows("loads.once")), 1)
    job = CLIENT.get_job("load-once", location="EU")
    equal((job.state, job.job_type, job.output_rows), ("DONE", "load", 1))
    equal(job.source_uris, [f"gs://{BUCKET.name}/once.parquet"])
    assert job.created <= job.started <= job.ended


@check
def a_large_file_is_uploaded_in_pieces():
    count = 60_000
    text = "id,name\n" + "".join(f"{i},{'x' * 200} {i}\n" for i in range(count))
    # The library sends pieces of 10 MiB.
    assert len(text) > 11 << 20
    job = load(text, "loads.large", csv_config(schema=PEOPLE[:2]), size=None)
    equal(job.output_rows, count)
    read = next(iter(CLIENT.query_and_wait("SELECT COUNT(DISTINCT name) AS n, SUM(id) AS s FROM loads.large")))
    equal(tuple(read), (count, count * (count - 1) // 2))


main()
