"""google-cloud-bigquery against the local cloud: datasets, tables, their settings, rows that are inserted and listed."""

import datetime as dt

from google.api_core import exceptions

from checks import check, equal, main, raises
from warehouse import CLIENT, FIELD, PROJECT, Decimal, bigquery, column_types, dataset, rows

UTC = dt.timezone.utc
DATASET = dataset("tables")
ALL_TYPES = [
    FIELD("id", "INT64", mode="REQUIRED", description="the key"),
    FIELD("text", "STRING", max_length=100),
    FIELD("bytes", "BYTES"),
    FIELD("float", "FLOAT64"),
    FIELD("bool", "BOOL"),
    FIELD("numeric", "NUMERIC", precision=20, scale=4),
    FIELD("big", "BIGNUMERIC"),
    FIELD("timestamp", "TIMESTAMP"),
    FIELD("date", "DATE"),
    FIELD("time", "TIME"),
    FIELD("datetime", "DATETIME"),
    FIELD("list", "STRING", mode="REPEATED"),
    FIELD("record", "RECORD", fields=[FIELD("a", "INT64"), FIELD("b", "STRING", mode="REPEATED")]),
    FIELD("records", "RECORD", mode="REPEATED", fields=[FIELD("n", "NUMERIC"), FIELD("d", "DATE")]),
]
FULL = {
    "id": 1,
    "text": "quotes ' \" \\ and\nlines, 🌊",
    "bytes": b"\x00\xff\x10",
    "float": -1.5e300,
    "bool": True,
    "numeric": Decimal("1234567890123456.7891"),
    "big": Decimal("-12345678901234567890.123456789012345678"),
    "timestamp": dt.datetime(2024, 2, 29, 23, 59, 59, 999999, UTC),
    "date": dt.date(1969, 7, 20),
    "time": dt.time(23, 59, 59, 1),
    "datetime": dt.datetime(2024, 2, 29, 12, 0, 0, 500000),
    "list": ["one", "two"],
    "record": {"a": 7, "b": ["x"]},
    "records": [{"n": Decimal("0.1"), "d": dt.date(2000, 1, 1)}, {"n": None, "d": None}],
}
NULLS = dict.fromkeys(FULL) | {"id": 2, "list": [], "records": []}


@check
def datasets():
    new = bigquery.Dataset(f"{PROJECT}.described")
    new.location = "europe-west1"
    new.description = "raw data"
    new.friendly_name = "Raw"
    new.labels = {"team": "data"}
    new.default_table_expiration_ms = 3_600_000
    CLIENT.create_dataset(new)
    with raises(exceptions.Conflict, "Already Exists", f"{PROJECT}:described"):
        CLIENT.create_dataset(new)
    CLIENT.create_dataset(new, exists_ok=True)
    read = CLIENT.get_dataset("described")
    equal((read.location, read.description, read.friendly_name), ("europe-west1", "raw data", "Raw"))
    equal((read.labels, read.default_table_expiration_ms), ({"team": "data"}, 3_600_000))
    assert read.created <= read.modified and read.etag
    assert "described" in [d.dataset_id for d in CLIENT.list_datasets()]
    read.description, read.labels = None, {"team": "platform", "env": "test"}
    changed = CLIENT.update_dataset(read, ["description", "labels"])
    equal((changed.description, changed.friendly_name), (None, "Raw"))
    equal(CLIENT.get_dataset("described").labels, {"team": "platform", "env": "test"})
    assert changed.etag != read.etag
    # The library sends the etag that it has read.
    with raises(exceptions.PreconditionFailed):
        CLIENT.update_dataset(read, ["labels"])
    table = CLIENT.create_table(bigquery.Table(f"{PROJECT}.described.t", schema=[FIELD("a", "INT64")]))
    assert table.expires is not None, "the dataset's default gives its tables an expiration"
    with raises(exceptions.BadRequest, "still in use"):
        CLIENT.delete_dataset("described")
    CLIENT.delete_dataset("described", delete_contents=True)
    with raises(exceptions.NotFound, "Not found: Dataset", f"{PROJECT}:described"):
        CLIENT.get_dataset("described")
    CLIENT.delete_dataset("described", not_found_ok=True)
    with raises(exceptions.BadRequest):
        CLIENT.create_dataset("not-a-name")


@check
def listing_datasets_in_pages():
    for i in range(5):
        dataset(f"page_{i}")
    pages = list(CLIENT.list_datasets(page_size=2).pages)
    listed = [d.dataset_id for page in pages for d in page]
    assert len(pages) >= 3 and len(listed) == len(set(listed)), listed
    equal([d for d in listed if d.startswith("page_")], [f"page_{i}" for i in range(5)])
    for i in range(5):
        CLIENT.delete_dataset(f"page_{i}")


@check
def a_table_with_every_type():
    new = bigquery.Table(f"{PROJECT}.tables.every", schema=ALL_TYPES)
    new.description, new.labels = "all of them", {"kind": "wide"}
    new.clustering_fields = ["text"]
    created = CLIENT.create_table(new)
    equal(created.num_rows, 0)
    read = CLIENT.get_table("tables.every")
    # The API gives the names of the first dialect back.
    legacy = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN"}
    expected = [(f.name, legacy.get(f.field_type, f.field_type), f.mode) for f in ALL_TYPES]
    equal([(f.name, f.field_type, f.mode) for f in read.schema], expected)
    equal(read.schema[0].description, "the key")
    equal((read.schema[5].precision, read.schema[5].scale, read.schema[1].max_length), (20, 4, 100))
    equal([f.name for f in read.schema[13].fields], ["n", "d"])
    equal((read.description, read.labels, read.clustering_fields), ("all of them", {"kind": "wide"}, ["text"]))
    equal((read.table_type, read.location), ("TABLE", "EU"))
    with raises(exceptions.Conflict, "Already Exists: Table"):
        CLIENT.create_table(new)


@check
def inserted_rows_come_back_as_they_were():
    equal(CLIENT.insert_rows("tables.every", [FULL, NULLS], selected_fields=ALL_TYPES), [])
    equal(rows("tables.every"), [FULL, NULLS], "by a query")
    listed = CLIENT.list_rows(CLIENT.get_table("tables.every"))
    equal(sorted((dict(row) for row in listed), key=lambda row: row["id"]), [FULL, NULLS], "by tabledata.list")
    equal(CLIENT.get_table("tables.every").num_rows, 2)
    arrow = CLIENT.list_rows(CLIENT.get_table("tables.every")).to_arrow(create_bqstorage_client=False)
    equal(arrow.num_rows, 2)
    equal(arrow.column("numeric").to_pylist().count(FULL["numeric"]), 1)


@check
def more_digits_than_are_kept_are_refused():
    # The local BigQuery keeps 20 digits before a BIGNUMERIC's point and 18 after it. It must say so, not round.
    table = CLIENT.create_table(bigquery.Table(f"{PROJECT}.tables.big", schema=[FIELD("id", "INT64"), FIELD("b", "BIGNUMERIC")]))
    for text in ["0.0000000000000000001", "123456789012345678901"]:
        problems = CLIENT.insert_rows_json(table, [{"id": 1, "b": text}])
        equal([problem["errors"][0]["reason"] for problem in problems], ["invalid"], text)
        assert "BIGNUMERIC" in problems[0]["errors"][0]["message"], problems
        with raises(exceptions.BadRequest, "BIGNUMERIC"):
            CLIENT.query_and_wait(f"SELECT CAST('{text}' AS BIGNUMERIC)")
    equal(rows("tables.big"), [])


@check
def bad_rows_are_named():
    CLIENT.create_table(bigquery.Table(f"{PROJECT}.tables.strict", schema=ALL_TYPES[:3]))
    problems = CLIENT.insert_rows_json("tables.strict", [{"id": 1}, {"id": "x"}, {"text": "no id"}, {"id": 2, "typo": 1}])
    equal(sorted(problem["index"] for problem in problems), [0, 1, 2, 3])
    reasons = {problem["index"]: problem["errors"][0]["reason"] for problem in problems}
    equal(reasons, {0: "stopped", 1: "invalid", 2: "invalid", 3: "invalid"})
    equal(rows("tables.strict"), [], "one bad row stops them all")
    problems = CLIENT.insert_rows_json("tables.strict", [{"id": 1}, {"id": "x"}], skip_invalid_rows=True)
    equal([problem["index"] for problem in problems], [1])
    equal(CLIENT.insert_rows_json("tables.strict", [{"id": 2, "typo": 1}], ignore_unknown_values=True), [])
    equal([row["id"] for row in rows("tables.strict")], [1, 2])
    with raises(exceptions.NotFound, "Not found: Table"):
        CLIENT.insert_rows_json("tables.none", [{"id": 1}])


@check
def an_insert_id_counts_once():
    CLIENT.create_table(bigquery.Table(f"{PROJECT}.tables.once", schema=[FIELD("id", "INT64")]))
    for _ in range(3):
        equal(CLIENT.insert_rows_json("tables.once", [{"id": 1}, {"id": 2}], row_ids=["a", "b"]), [])
    for _ in range(2):
        equal(CLIENT.insert_rows_json("tables.once", [{"id": 3}], row_ids=[None]), [])
    equal([row["id"] for row in rows("tables.once")], [1, 2, 3, 3])


@check
def rows_in_pages():
    CLIENT.query_and_wait("CREATE TABLE tables.many AS SELECT id, CONCAT('row ', CAST(id AS STRING)) AS text "
                          "FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS id")
    table = CLIENT.get_table("tables.many")
    pages = list(CLIENT.list_rows(table, page_size=1000).pages)
    equal([page.num_items for page in pages], [1000, 1000, 500])
    listed = CLIENT.list_rows(table, page_size=700)
    found = {row["id"]: row["text"] for row in listed}
    equal((listed.total_rows, len(found), found[2500]), (2500, 2500, "row 2500"))
    equal(len(list(CLIENT.list_rows(table, max_results=10))), 10)
    equal(len(list(CLIENT.list_rows(table, start_index=2490))), 10)
    only = list(CLIENT.list_rows(table, selected_fields=[table.schema[1]], max_results=1))
    equal(list(only[0].keys()), ["text"])


@check
def a_schema_grows_and_never_shrinks():
    table = CLIENT.create_table(
        bigquery.Table(f"{PROJECT}.tables.grows", schema=[FIELD("id", "INT64", mode="REQUIRED"), FIELD("a", "STRING")])
    )
    CLIENT.insert_rows_json(table, [{"id": 1, "a": "x"}])
    table = CLIENT.get_table(table)
    table.schema = [*table.schema, FIELD("b", "NUMERIC", description="new")]
    CLIENT.update_table(table, ["schema"])
    equal(column_types("tables.grows"), [("id", "INTEGER"), ("a", "STRING"), ("b", "NUMERIC")])
    equal(rows("tables.grows"), [{"id": 1, "a": "x", "b": None}])
    for schema, why in [
        ([FIELD("id", "INT64", mode="REQUIRED"), FIELD("a", "STRING")], "a column is missing"),
        ([*CLIENT.get_table(table).schema, FIELD("c", "INT64", mode="REQUIRED")], "a new column is required"),
        ([FIELD("id", "INT64"), FIELD("a", "INT64"), FIELD("b", "NUMERIC")], "a type changes"),
    ]:
        table = CLIENT.get_table(table)
        table.schema = schema
        try:
            with raises(exceptions.BadRequest):
                CLIENT.update_table(table, ["schema"])
        except AssertionError as error:
            raise AssertionError(why) from error
    table = CLIENT.get_table(table)
    table.schema = [FIELD("id", "INT64"), *table.schema[1:]]
    equal(CLIENT.update_table(table, ["schema"]).schema[0].mode, "NULLABLE")


@check
def settings_of_a_table():
    new = bigquery.Table(f"{PROJECT}.tables.set", schema=[FIELD("id", "INT64"), FIELD("at", "TIMESTAMP")])
    new.time_partitioning = bigquery.TimePartitioning(type_="DAY", field="at", expiration_ms=86_400_000)
    new.expires = dt.datetime(2100, 1, 1, tzinfo=UTC)
    CLIENT.create_table(new)
    read = CLIENT.get_table("tables.set")
    equal((read.time_partitioning.type_, read.time_partitioning.field), ("DAY", "at"))
    equal(read.expires, dt.datetime(2100, 1, 1, tzinfo=UTC))
    stale = CLIENT.get_table("tables.set")
    read.description, read.expires = "changed", None
    changed = CLIENT.update_table(read, ["description", "expires"])
    equal((changed.description, changed.expires), ("changed", None))
    with raises(exceptions.PreconditionFailed):
        stale.description = "late"
        CLIENT.update_table(stale, ["description"])
    equal([t.table_id for t in CLIENT.list_tables("tables") if t.table_id == "set"], ["set"])
    CLIENT.delete_table("tables.set")
    CLIENT.delete_table("tables.set", not_found_ok=True)
    with raises(exceptions.NotFound, f"Not found: Table {PROJECT}:tables.set"):
        CLIENT.delete_table("tables.set")
    with raises(exceptions.NotFound, "Not found: Dataset"):
        list(CLIENT.list_tables("no_such"))


@check
def a_call_that_is_not_served_is_named():
    with raises(exceptions.MethodNotImplemented, "models"):
        CLIENT.delete_model("tables.none")


main()
