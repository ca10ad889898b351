"""google-cloud-bigquery-storage against the local cloud: the Storage Write API, and what it wrote as queries see it."""

import datetime as dt
import json

import pyarrow as pa
from google.api_core import exceptions
from google.cloud.bigquery_storage_v1 import writer
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf import timestamp_pb2, wrappers_pb2  # noqa: F401 (what messages import)

from checks import check, equal, main, raises
from storage_api import WRITE, path, types
from warehouse import CLIENT, Decimal, dataset, rows

UTC = dt.timezone.utc
DATASET = dataset("writes")
TYPE = descriptor_pb2.FieldDescriptorProto
OPTIONAL, REPEATED = TYPE.LABEL_OPTIONAL, TYPE.LABEL_REPEATED
POOL = descriptor_pool.Default()
PENDING, COMMITTED, BUFFERED = (types.WriteStream.Type[name] for name in ("PENDING", "COMMITTED", "BUFFERED"))
ERRORS = types.StorageError.StorageErrorCode


def message_class(name, fields, nested=()):
    """A message of fields `name → type`, where a type is a number of FieldDescriptorProto's, the name of a message, or a
    list of one of them; as a compiler would make it of a .proto file in the package `writes`."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package="writes", syntax="proto2")
    file.dependency.extend(["google/protobuf/timestamp.proto", "google/protobuf/wrappers.proto"])
    fill(file.message_type.add(), name, fields)
    for inner, inner_fields in nested:
        fill(file.message_type[0].nested_type.add(), inner, inner_fields)
    POOL.Add(file)
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"writes.{name}"))


def fill(message, name, fields):
    message.name = name
    for number, (field, kind) in enumerate(fields.items(), 1):
        label = REPEATED if isinstance(kind, list) else OPTIONAL
        kind = kind[0] if isinstance(kind, list) else kind
        added = message.field.add(name=field, number=number, label=label)
        if isinstance(kind, str):
            added.type, added.type_name = TYPE.TYPE_MESSAGE, kind
        else:
            added.type = kind


def writer_schema(message):
    schema = types.ProtoSchema()
    message.DESCRIPTOR.CopyToProto(schema.proto_descriptor)
    return schema


def proto_rows(*messages):
    return types.AppendRowsRequest.ProtoData(rows={"serialized_rows": [m.SerializeToString() for m in messages]})


class Appending:
    """A connection for one stream, opened as Google's samples do it."""

    def __init__(self, stream, schema=None, arrow=None, **template):
        request = types.AppendRowsRequest(write_stream=stream, trace_id="tests", **template)
        if schema is not None:
            request.proto_rows = types.AppendRowsRequest.ProtoData(writer_schema=writer_schema(schema))
        if arrow is not None:
            request.arrow_rows = {"writer_schema": {"serialized_schema": arrow.serialize().to_pybytes()}}
        self.stream = writer.AppendRowsStream(WRITE, request)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def send(self, *messages, offset=None, arrow=None):
        """Sends rows; the answer to come."""
        request = types.AppendRowsRequest()
        if arrow is not None:
            request.arrow_rows = {"rows": {"serialized_record_batch": arrow.serialize().to_pybytes()}}
        else:
            request.proto_rows = proto_rows(*messages)
        if offset is not None:
            request.offset = offset
        return self.stream.send(request)


def default(table):
    return f"{path(table)}/streams/_default"


def create(table, kind):
    return WRITE.create_write_stream(parent=path(table), write_stream=types.WriteStream(type_=kind))


def count(table):
    return next(iter(CLIENT.query_and_wait(f"SELECT COUNT(*) FROM {table}")))[0]


def storage_error(error):
    """The code of the StorageError in the answer that an exception was made of."""
    found = types.StorageError.pb()()
    unpacked = [ERRORS(found.code) for detail in error.response.error.details if detail.Unpack(found)]
    return unpacked[0] if unpacked else None


def once(stream, data, rows_of="proto_rows"):
    """Sends one request on a connection of its own; raises what ended the connection, if something did. The client's own
    class hides that while it opens a connection."""
    request = types.AppendRowsRequest(write_stream=stream, **{rows_of: data})
    return next(iter(WRITE.append_rows(iter([request]))))


def described(*messages):
    """Rows with their writer schema."""
    data = proto_rows(*messages)
    data.writer_schema = writer_schema(type(messages[0]))
    return data


PERSON = message_class("Person", {"id": TYPE.TYPE_INT64, "name": TYPE.TYPE_STRING})
CLIENT.query_and_wait("CREATE TABLE writes.people (id INT64 NOT NULL, name STRING)")


def fresh(name):
    """An empty table of people."""
    CLIENT.query_and_wait(f"CREATE OR REPLACE TABLE writes.{name} (id INT64 NOT NULL, name STRING)")
    return f"writes.{name}"


@check
def the_default_stream():
    table = fresh("defaults")
    with Appending(default(table), PERSON) as people:
        answers = [people.send(PERSON(id=n, name=f"name {n}"), PERSON(id=-n)) for n in range(1, 6)]
        for answer in [answer.result(timeout=30) for answer in answers]:
            equal(answer.append_result.offset, None)
            equal(answer.write_stream, default(table))
    equal(count(table), 10)
    equal(rows(table)[0], {"id": -5, "name": None})
    equal(WRITE.get_write_stream(name=default(table)).type_, COMMITTED)
    with raises(exceptions.NotFound, "writes.none"):
        once(default("writes.none"), described(PERSON(id=1)))
    with raises(exceptions.InvalidArgument, "writer_schema"):
        once(default(table), proto_rows(PERSON(id=1)))


@check
def a_pending_stream():
    table = fresh("pending")
    first, second = create(table, PENDING), create(table, PENDING)
    equal([field.name for field in first.table_schema.fields], ["id", "name"])
    for stream, ids in [(first, range(0, 100)), (second, range(100, 150))]:
        with Appending(stream.name, PERSON) as people:
            answers = [people.send(PERSON(id=n, name="x"), offset=at) for at, n in enumerate(ids)]
            equal([a.result(timeout=30).append_result.offset for a in answers], list(range(len(ids))))
    equal(count(table), 0)
    names = [first.name, second.name]
    refused = WRITE.batch_commit_write_streams({"parent": path(table), "write_streams": names})
    equal([error.code for error in refused.stream_errors], [ERRORS.INVALID_STREAM_STATE] * 2)
    equal([WRITE.finalize_write_stream(name=name).row_count for name in names], [100, 50])
    done = WRITE.batch_commit_write_streams({"parent": path(table), "write_streams": names})
    equal((list(done.stream_errors), done.commit_time is not None, count(table)), ([], True, 150))
    again = WRITE.batch_commit_write_streams({"parent": path(table), "write_streams": names})
    equal([error.code for error in again.stream_errors], [ERRORS.STREAM_ALREADY_COMMITTED] * 2)
    equal(count(table), 150)
    assert WRITE.get_write_stream(name=first.name).commit_time is not None


@check
def commits_are_of_all_streams_or_of_none():
    table = fresh("together")
    good, bad = create(table, PENDING), create(table, PENDING)
    for stream in [good, bad]:
        with Appending(stream.name, PERSON) as people:
            people.send(PERSON(id=1)).result(timeout=30)
    WRITE.finalize_write_stream(name=good.name)
    none = good.name.rsplit("/", 1)[0] + "/none"
    answer = WRITE.batch_commit_write_streams({"parent": path(table), "write_streams": [good.name, bad.name, none]})
    equal([error.code for error in answer.stream_errors], [ERRORS.INVALID_STREAM_STATE, ERRORS.STREAM_NOT_FOUND])
    equal(count(table), 0)


@check
def offsets_of_a_committed_stream():
    table = fresh("committed")
    stream = create(table, COMMITTED)
    with Appending(stream.name, PERSON) as people:
        equal(people.send(PERSON(id=0), PERSON(id=1), offset=0).result(timeout=30).append_result.offset, 0)
        equal(count(table), 2)
        for offset, kind, code in [
            (0, exceptions.AlreadyExists, ERRORS.OFFSET_ALREADY_EXISTS),
            (3, exceptions.OutOfRange, ERRORS.OFFSET_OUT_OF_RANGE),
        ]:
            try:
                people.send(PERSON(id=9), offset=offset).result(timeout=30)
            except exceptions.GoogleAPICallError as error:
                equal((type(error), storage_error(error)), (kind, code), error)
            else:
                raise AssertionError(f"offset {offset} was taken")
        equal(people.send(PERSON(id=2), offset=2).result(timeout=30).append_result.offset, 2)
    equal([row["id"] for row in rows(table)], [0, 1, 2])
    equal(WRITE.finalize_write_stream(name=stream.name).row_count, 3)
    with Appending(stream.name, PERSON) as people:
        try:
            people.send(PERSON(id=9), offset=3).result(timeout=30)
        except exceptions.GoogleAPICallError as error:
            equal(storage_error(error), ERRORS.STREAM_FINALIZED, error)
        else:
            raise AssertionError("a finalized stream took a row")
    equal(count(table), 3)


@check
def a_buffered_stream():
    table = fresh("buffered")
    stream = create(table, BUFFERED)
    with Appending(stream.name, PERSON) as people:
        people.send(*[PERSON(id=n) for n in range(10)], offset=0).result(timeout=30)
    equal(count(table), 0)
    equal(WRITE.flush_rows({"write_stream": stream.name, "offset": 3}).offset, 3)
    equal([row["id"] for row in rows(table)], [0, 1, 2, 3])
    with raises(exceptions.OutOfRange):
        WRITE.flush_rows({"write_stream": stream.name, "offset": 10})
    equal(WRITE.flush_rows({"write_stream": stream.name, "offset": 9}).offset, 9)
    equal([row["id"] for row in rows(table)], list(range(10)))
    with raises(exceptions.InvalidArgument, "BUFFERED"):
        WRITE.flush_rows({"write_stream": create(table, PENDING).name, "offset": 0})


ALL = message_class(
    "All",
    {
        "id": TYPE.TYPE_INT64, "text": TYPE.TYPE_STRING, "bytes": TYPE.TYPE_BYTES, "flag": TYPE.TYPE_BOOL,
        "float": TYPE.TYPE_DOUBLE, "num": TYPE.TYPE_STRING, "few": TYPE.TYPE_DOUBLE, "big": TYPE.TYPE_BYTES,
        "day": TYPE.TYPE_INT32, "clock": TYPE.TYPE_INT64, "civil": TYPE.TYPE_STRING, "at": TYPE.TYPE_INT64,
        "doc": TYPE.TYPE_STRING, "span": TYPE.TYPE_STRING, "list": [TYPE.TYPE_STRING], "rec": ".writes.All.Rec",
        "recs": [".writes.All.Rec"], "at2": ".google.protobuf.Timestamp", "wrapped": ".google.protobuf.Int64Value",
    },
    [("Rec", {"a": TYPE.TYPE_INT64, "days": [TYPE.TYPE_STRING]})],
)
ALL_COLUMNS = """id INT64, text STRING(20), bytes BYTES, flag BOOL, float FLOAT64, num NUMERIC, few NUMERIC(10, 2),
    big BIGNUMERIC, day DATE, clock TIME, civil DATETIME, at TIMESTAMP, doc JSON, span INTERVAL, list ARRAY<STRING>,
    rec STRUCT<a INT64, days ARRAY<DATE>>, recs ARRAY<STRUCT<a INT64, days ARRAY<DATE>>>, at2 TIMESTAMP, wrapped INT64"""
EXPECTED = {
    "id": 1, "text": "grüße 🌊", "bytes": b"\x00\xff", "flag": True, "float": -1.5, "num": Decimal("12.000000001"),
    "few": Decimal("1.25"), "big": Decimal("-1.5"), "day": dt.date(1970, 1, 2), "clock": dt.time(23, 59, 58, 7),
    "civil": dt.datetime(2024, 2, 29, 12, 0, 0, 500000), "at": dt.datetime(1970, 1, 1, 0, 0, 1, 1, UTC), "doc": {"a": [1, None]},
    "list": ["a", "b"], "rec": {"a": 7, "days": [dt.date(2000, 1, 1)]},
    "recs": [{"a": 1, "days": []}, {"a": None, "days": [dt.date(2000, 1, 2)]}],
    "at2": dt.datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC), "wrapped": 5,
}


def all_row():
    row = ALL(
        id=1, text="grüße 🌊", bytes=b"\x00\xff", flag=True, float=-1.5, num="12.0000000010", few=1.25,
        big=(-15 * 10**37).to_bytes(17, "little", signed=True), day=1,
        clock=(23 << 32) | (59 << 26) | (58 << 20) | 7, civil="2024-02-29 12:00:00.5", at=1_000_001,
        doc='{"a": [1, null]}', span="1-2 3 4:5:6.5", list=["a", "b"],
    )
    row.rec.a = 7
    row.rec.days.append("2000-01-01")
    row.recs.add(a=1)
    row.recs.add(days=["2000-01-02"])
    row.at2.seconds = 2
    row.wrapped.value = 5
    return row


def plain(row):
    row = dict(row)
    row["doc"] = json.loads(row["doc"]) if isinstance(row["doc"], str) else row["doc"]
    return row


@check
def protobuf_types():
    CLIENT.query_and_wait(f"CREATE TABLE writes.all_types ({ALL_COLUMNS})")
    with Appending(default("writes.all_types"), ALL) as all_types:
        all_types.send(all_row(), ALL(id=2)).result(timeout=30)
    first, second = map(plain, rows("writes.all_types"))
    span = first.pop("span")
    equal((span.years, span.months, span.days, span.hours, span.minutes, span.seconds, span.microseconds), (1, 2, 3, 4, 5, 6, 500000))
    equal(first, EXPECTED)
    second.pop("span")
    equal(second, {name: None for name in EXPECTED} | {"id": 2, "list": [], "recs": []})


@check
def rows_that_are_wrong():
    CLIENT.query_and_wait("CREATE TABLE writes.strict (id INT64 NOT NULL, name STRING(5), day DATE, amount NUMERIC(5, 2), doc JSON)")
    strict = message_class(
        "Strict",
        {"id": TYPE.TYPE_INT64, "name": TYPE.TYPE_STRING, "day": TYPE.TYPE_STRING, "amount": TYPE.TYPE_STRING, "doc": TYPE.TYPE_STRING},
    )
    wrong = [
        strict(name="a"), strict(id=1, name="longer"), strict(id=1, day="2024-02-30"), strict(id=1, amount="1000"),
        strict(id=1, amount="x"), strict(id=1, doc="{"),
    ]
    with Appending(default("writes.strict"), strict) as stream:
        for row in wrong:
            good = strict(id=1, name="good")
            # The client raises what the answer says; the rows that are wrong are in the answer itself.
            with raises(exceptions.InvalidArgument, "row_errors"):
                stream.send(good, row).result(timeout=30)
        stream.send(strict(id=1, name="éééé5", day="2024-02-29", amount="999.99", doc="[]")).result(timeout=30)
    equal(count("writes.strict"), 1)
    answer = once(default("writes.strict"), described(strict(id=1), *wrong))
    equal([error.index for error in answer.row_errors], [2, 3, 4, 5, 6])
    # The row without an id is told once the others are right.
    answer = once(default("writes.strict"), described(strict(id=1), wrong[0]))
    equal([(error.index, "id" in error.message) for error in answer.row_errors], [(1, True)])
    equal(count("writes.strict"), 1)


@check
def schemas_that_do_not_match():
    table = fresh("mismatch")
    extra = message_class("Extra", {"id": TYPE.TYPE_INT64, "surprise": TYPE.TYPE_STRING})
    wrong = message_class("Wrong", {"id": TYPE.TYPE_INT64, "name": TYPE.TYPE_BOOL})
    for schema, text in [(extra, "surprise"), (wrong, "root.name")]:
        with raises(exceptions.InvalidArgument, text):
            once(default(table), described(schema(id=1)))
    equal(count(table), 0)


@check
def a_schema_that_grows():
    table = fresh("growing")
    with Appending(default(table), PERSON) as people:
        before = people.send(PERSON(id=1)).result(timeout=30)
        equal(list(before.updated_schema.fields), [])
        CLIENT.query_and_wait(f"ALTER TABLE {table} ADD COLUMN more STRING")
        after = people.send(PERSON(id=2)).result(timeout=30)
        equal([field.name for field in after.updated_schema.fields], ["id", "name", "more"])
        equal(list(people.send(PERSON(id=3)).result(timeout=30).updated_schema.fields), [])
    pending = create(table, PENDING)
    CLIENT.query_and_wait(f"ALTER TABLE {table} ADD COLUMN last INT64")
    longer = message_class("Longer", {"id": TYPE.TYPE_INT64, "more": TYPE.TYPE_STRING, "last": TYPE.TYPE_INT64})
    with Appending(pending.name, PERSON) as people:
        people.send(PERSON(id=4)).result(timeout=30)
    with Appending(pending.name, longer) as people:
        people.send(longer(id=5, more="x", last=7), offset=1).result(timeout=30)
    WRITE.finalize_write_stream(name=pending.name)
    WRITE.batch_commit_write_streams({"parent": path(table), "write_streams": [pending.name]})
    equal(rows(table)[-1], {"id": 5, "name": None, "more": "x", "last": 7})
    equal(count(table), 5)


@check
def values_that_are_missing():
    CLIENT.query_and_wait(
        "CREATE TABLE writes.defaults2 (id INT64 NOT NULL, name STRING DEFAULT 'nobody', n INT64 NOT NULL DEFAULT 6 * 7)"
    )
    some = message_class("Some", {"id": TYPE.TYPE_INT64, "name": TYPE.TYPE_STRING, "n": TYPE.TYPE_INT64})
    missing = types.AppendRowsRequest.MissingValueInterpretation
    with Appending(
        default("writes.defaults2"), some, default_missing_value_interpretation=missing.DEFAULT_VALUE
    ) as stream:
        stream.send(some(id=1), some(id=2, name="Ada", n=1)).result(timeout=30)
    with Appending(default("writes.defaults2"), some, missing_value_interpretations={"n": missing.DEFAULT_VALUE}) as stream:
        stream.send(some(id=3)).result(timeout=30)
    with Appending(default("writes.defaults2"), some) as stream:
        with raises(exceptions.InvalidArgument, "row_errors"):
            stream.send(some(id=4)).result(timeout=30)
    equal(
        [tuple(row.values()) for row in rows("writes.defaults2")],
        [(1, "nobody", 42), (2, "Ada", 1), (3, None, 42)],
    )


@check
def one_connection_for_many_tables():
    tables = [fresh("shared1"), fresh("shared2")]
    schema = writer_schema(PERSON)

    def requests():
        for n in range(6):
            data = proto_rows(PERSON(id=n))
            data.writer_schema = schema
            yield types.AppendRowsRequest(write_stream=default(tables[n % 2]), proto_rows=data)

    answers = list(WRITE.append_rows(requests()))
    equal([answer.write_stream for answer in answers], [default(tables[n % 2]) for n in range(6)])
    equal([[row["id"] for row in rows(table)] for table in tables], [[0, 2, 4], [1, 3, 5]])


@check
def arrow_rows():
    CLIENT.query_and_wait(f"CREATE TABLE writes.arrow ({ALL_COLUMNS})")
    record = pa.struct([("a", pa.int64()), ("days", pa.list_(pa.date32()))])
    schema = pa.schema(
        {
            "id": pa.int64(), "text": pa.string(), "bytes": pa.binary(), "flag": pa.bool_(), "float": pa.float64(),
            "num": pa.decimal128(38, 9), "few": pa.decimal128(10, 2), "big": pa.decimal256(76, 38), "day": pa.date32(),
            "clock": pa.time64("us"), "civil": pa.timestamp("us"), "at": pa.timestamp("us", tz="UTC"), "doc": pa.string(),
            "list": pa.list_(pa.string()), "rec": record, "recs": pa.list_(record), "at2": pa.timestamp("ms", tz="UTC"),
            "wrapped": pa.int32(),
        }
    )
    row = EXPECTED | {"doc": json.dumps(EXPECTED["doc"])}
    nulls = {name: None for name in row} | {"id": 2}
    batch = pa.RecordBatch.from_pylist([row, nulls], schema=schema)
    stream = create("writes.arrow", COMMITTED)
    with Appending(stream.name, arrow=schema) as connection:
        equal(connection.send(arrow=batch, offset=0).result(timeout=30).append_result.offset, 0)
        equal(connection.send(arrow=batch.slice(1, 1), offset=2).result(timeout=30).append_result.offset, 2)
    first, second, third = map(plain, rows("writes.arrow"))
    equal({name: first[name] for name in EXPECTED}, EXPECTED)
    equal((second, second["list"], second["rec"]), (third, [], None))
    with raises(exceptions.InvalidArgument, "root.id"):
        wrong = pa.RecordBatch.from_pylist([{"id": True}])
        data = {
            "writer_schema": {"serialized_schema": wrong.schema.serialize().to_pybytes()},
            "rows": {"serialized_record_batch": wrong.serialize().to_pybytes()},
        }
        once(default("writes.arrow"), data, "arrow_rows")


CHANGE = message_class(
    "Change",
    {"id": TYPE.TYPE_INT64, "name": TYPE.TYPE_STRING, "_CHANGE_TYPE": TYPE.TYPE_STRING, "_CHANGE_SEQUENCE_NUMBER": TYPE.TYPE_STRING},
)


def change(kind, key, name=None, sequence=None):
    row = CHANGE(id=key, _CHANGE_TYPE=kind)
    if name is not None:
        row.name = name
    if sequence is not None:
        row._CHANGE_SEQUENCE_NUMBER = sequence
    return row


@check
def change_data_capture():
    CLIENT.query_and_wait("CREATE TABLE writes.cdc (id INT64, name STRING, PRIMARY KEY (id) NOT ENFORCED)")
    with Appending(default("writes.cdc"), CHANGE) as changes:
        changes.send(change("UPSERT", 1, "a"), change("UPSERT", 2, "b"), change("UPSERT", 3, "c")).result(timeout=30)
        equal(count("writes.cdc"), 3)
        changes.send(change("UPSERT", 1, "a2"), change("DELETE", 2), change("UPSERT", 1, "a3"), change("DELETE", 9)).result(timeout=30)
    equal([tuple(row.values()) for row in rows("writes.cdc")], [(1, "a3"), (3, "c")])


@check
def changes_in_any_order():
    CLIENT.query_and_wait("CREATE TABLE writes.ordered (id INT64, name STRING, PRIMARY KEY (id) NOT ENFORCED)")
    with Appending(default("writes.ordered"), CHANGE) as changes:
        changes.send(change("UPSERT", 1, "late", "A"), change("UPSERT", 1, "early", "9")).result(timeout=30)
        changes.send(change("UPSERT", 1, "earlier", "1"), change("DELETE", 2, sequence="16/B374D848")).result(timeout=30)
        # What was deleted later than this change is not brought back by it.
        changes.send(change("UPSERT", 2, "gone", "16/B374D847"), change("UPSERT", 3, "c", "1/0")).result(timeout=30)
        equal([tuple(row.values()) for row in rows("writes.ordered")], [(1, "late"), (3, "c")])
        changes.send(change("UPSERT", 2, "back", "17/0"), change("UPSERT", 1, "tie", "A")).result(timeout=30)
    equal([tuple(row.values()) for row in rows("writes.ordered")], [(1, "tie"), (2, "back"), (3, "c")])


@check
def changes_that_are_refused():
    CLIENT.query_and_wait("CREATE TABLE writes.refused (id INT64, name STRING, PRIMARY KEY (id) NOT ENFORCED)")
    with raises(exceptions.InvalidArgument, "primary key"):
        once(default(fresh("keyless")), described(change("UPSERT", 1)))
    for row in [change("INSERT", 1), change("UPSERT", 1, sequence="x"), CHANGE(id=1)]:
        with Appending(default("writes.refused"), CHANGE) as changes:
            with raises(exceptions.InvalidArgument, "row_errors"):
                changes.send(row).result(timeout=30)
    with raises(exceptions.InvalidArgument, "default stream"):
        once(create("writes.refused", COMMITTED).name, described(change("UPSERT", 1)))
    equal(count("writes.refused"), 0)


@check
def what_does_not_exist():
    with raises(exceptions.NotFound, "writes.none"):
        create("writes.none", PENDING)
    with raises(exceptions.NotFound, "streams/none"):
        WRITE.get_write_stream(name=f"{path('writes.people')}/streams/none")
    with raises(exceptions.InvalidArgument, "default stream"):
        WRITE.finalize_write_stream(name=default("writes.people"))
    with raises(exceptions.InvalidArgument, "type"):
        create("writes.people", types.WriteStream.Type.TYPE_UNSPECIFIED)
    table = fresh("dropped")
    stream = create(table, PENDING)
    CLIENT.query_and_wait(f"DROP TABLE {table}")
    fresh("dropped")
    with raises(exceptions.NotFound):
        WRITE.get_write_stream(name=stream.name)


main()
