"""google-cloud-bigquery-storage and google-cloud-bigquery against the local cloud: the Storage Read API."""

import datetime as dt
import json

import grpc
import pyarrow as pa
from google.api_core import exceptions

from checks import check, equal, main, raises
from storage_api import ARROW, AVRO, READ, path, responses, session, types
from warehouse import CLIENT, FIELD, PROJECT, Decimal, bigquery, dataset

UTC = dt.timezone.utc
DATASET = dataset("reads")
MANY = 60_000
CLIENT.query_and_wait(
    """CREATE TABLE reads.all_types (
        id INT64 NOT NULL, text STRING, bytes BYTES, flag BOOL, float FLOAT64, num NUMERIC, few NUMERIC(10, 2), big BIGNUMERIC,
        day DATE, clock TIME, civil DATETIME, at TIMESTAMP, doc JSON, span INTERVAL, list ARRAY<STRING>,
        rec STRUCT<a INT64, b STRUCT<c STRING, d ARRAY<DATE>>>, recs ARRAY<STRUCT<x NUMERIC, y STRING>>)"""
)
CLIENT.query_and_wait(
    """INSERT INTO reads.all_types VALUES
        (1, 'grüße 🌊', b'\\x00\\xff', TRUE, -1.5, NUMERIC '12.000000001', NUMERIC '1.25', BIGNUMERIC '-0.000000000000000001',
         DATE '1969-07-20', TIME '23:59:59.000001', DATETIME '2024-02-29 12:00:00.5', TIMESTAMP '2024-02-29 12:00:00.000001+00',
         JSON '{"a": [1, null]}', INTERVAL '1-2 3 4:5:6.5' YEAR TO SECOND, ['a', 'b'],
         STRUCT(7, STRUCT('in', [DATE '2000-01-01'])), [STRUCT(NUMERIC '0.1', 'y'), STRUCT(NULL, NULL)])"""
)
CLIENT.query_and_wait("INSERT INTO reads.all_types (id) VALUES (2)")
CLIENT.query_and_wait(
    f"""CREATE TABLE reads.many AS SELECT n AS id, CONCAT('name ', CAST(n AS STRING)) AS name, MOD(n, 10) AS digit,
        NUMERIC '0.01' * n AS amount FROM UNNEST(GENERATE_ARRAY(1, {MANY})) AS n"""
)


def table_of(read, number=None):
    """The rows of a session's streams as one Arrow table."""
    streams = read.streams if number is None else [read.streams[number]]
    return pa.concat_tables([READ.read_rows(stream.name).to_arrow(read) for stream in streams])


@check
def arrow_types():
    schema = pa.ipc.read_schema(pa.py_buffer(session("reads.all_types").arrow_schema.serialized_schema))
    expected = {
        "id": pa.int64(), "text": pa.string(), "bytes": pa.binary(), "flag": pa.bool_(), "float": pa.float64(),
        "num": pa.decimal128(38, 9), "few": pa.decimal128(10, 2), "big": pa.decimal256(76, 38), "day": pa.date32(),
        "clock": pa.time64("us"), "civil": pa.timestamp("us"), "at": pa.timestamp("us", tz="UTC"), "doc": pa.string(),
        "span": pa.month_day_nano_interval(), "list": pa.list_(pa.string()),
        "rec": pa.struct([("a", pa.int64()), ("b", pa.struct([("c", pa.string()), ("d", pa.list_(pa.date32()))]))]),
        "recs": pa.list_(pa.struct([("x", pa.decimal128(38, 9)), ("y", pa.string())])),
    }
    equal({field.name: field.type for field in schema}, expected)
    equal([field.name for field in schema if not field.nullable], ["id"])
    equal(schema.field("civil").metadata, {b"ARROW:extension:name": b"google:sqlType:datetime"})
    equal(schema.field("doc").metadata, {b"ARROW:extension:name": b"google:sqlType:json"})


@check
def arrow_values():
    rows = table_of(session("reads.all_types")).to_pylist()
    first, second = sorted(rows, key=lambda row: row["id"])
    equal(json.loads(first.pop("doc")), {"a": [1, None]})
    span = first.pop("span")
    equal((span.months, span.days, span.nanoseconds), (14, 3, 14_706_500_000_000))
    equal(
        first,
        {
            "id": 1, "text": "grüße 🌊", "bytes": b"\x00\xff", "flag": True, "float": -1.5, "num": Decimal("12.000000001"),
            "few": Decimal("1.25"), "big": Decimal("-1E-18").quantize(Decimal("1E-38")), "day": dt.date(1969, 7, 20),
            "clock": dt.time(23, 59, 59, 1), "civil": dt.datetime(2024, 2, 29, 12, 0, 0, 500000),
            "at": dt.datetime(2024, 2, 29, 12, 0, 0, 1, UTC), "list": ["a", "b"],
            "rec": {"a": 7, "b": {"c": "in", "d": [dt.date(2000, 1, 1)]}},
            "recs": [{"x": Decimal("0.100000000"), "y": "y"}, {"x": None, "y": None}],
        },
    )
    nulls = {name: None for name in second} | {"id": 2, "list": [], "recs": []}
    equal(second, nulls)


@check
def avro_rows():
    read = session("reads.all_types", AVRO)
    schema = json.loads(read.avro_schema.schema)
    fields = {field["name"]: field["type"] for field in schema["fields"]}
    equal(schema["name"], "__root__")
    equal(fields["id"], "long")
    equal(fields["civil"], ["null", {"type": "string", "logicalType": "datetime"}])
    equal(fields["num"], ["null", {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9}])
    equal(fields["recs"]["items"]["name"], "__s_2")
    rows = sorted(READ.read_rows(read.streams[0].name).rows(read), key=lambda row: row["id"])
    first, second = rows
    equal(first["num"], Decimal("12.000000001"))
    equal(first["big"], Decimal("-1E-18").quantize(Decimal("1E-38")))
    equal(first["at"], dt.datetime(2024, 2, 29, 12, 0, 0, 1, UTC))
    equal((first["day"], first["clock"]), (dt.date(1969, 7, 20), dt.time(23, 59, 59, 1)))
    equal(first["civil"], "2024-02-29T12:00:00.500000")
    equal(first["rec"], {"a": 7, "b": {"c": "in", "d": [dt.date(2000, 1, 1)]}})
    equal(first["recs"], [{"x": Decimal("0.100000000"), "y": "y"}, {"x": None, "y": None}])
    equal((first["bytes"], first["text"], first["float"], first["flag"]), (b"\x00\xff", "grüße 🌊", -1.5, True))
    equal((second["text"], second["list"], second["rec"]), (None, [], None))


@check
def many_rows_in_many_streams():
    read = session("reads.many", streams=4, least=4)
    equal(len(read.streams), 4)
    equal(read.estimated_row_count, MANY)
    parts = [table_of(read, number) for number in range(4)]
    assert all(part.num_rows > 0 for part in parts), [part.num_rows for part in parts]
    whole = pa.concat_tables(parts)
    equal(sorted(whole["id"].to_pylist()), list(range(1, MANY + 1)))
    avro = session("reads.many", AVRO, streams=3, least=3, selected_fields=["id"])
    ids = [row["id"] for stream in avro.streams for row in READ.read_rows(stream.name).rows(avro)]
    equal(sorted(ids), list(range(1, MANY + 1)))


@check
def answers_say_how_far_they_are():
    read = session("reads.many")
    answers = responses(read.streams[0].name)
    assert len(answers) > 1
    equal(sum(answer.row_count for answer in answers), MANY)
    equal([bool(answer.arrow_schema.serialized_schema) for answer in answers], [True] + [False] * (len(answers) - 1))
    ends = [answer.stats.progress.at_response_end for answer in answers]
    starts = [answer.stats.progress.at_response_start for answer in answers]
    equal((starts[0], ends[-1], ends[:-1]), (0.0, 1.0, starts[1:]))


@check
def reading_goes_on_at_an_offset():
    read = session("reads.many", selected_fields=["id"])
    whole = table_of(read)["id"].to_pylist()
    schema = pa.ipc.read_schema(pa.py_buffer(read.arrow_schema.serialized_schema))
    for offset in [1, 16_384, 16_385, MANY - 1]:
        batches = [
            pa.ipc.read_record_batch(pa.py_buffer(answer.arrow_record_batch.serialized_record_batch), schema)
            for answer in responses(read.streams[0].name, offset)
        ]
        equal(pa.Table.from_batches(batches)["id"].to_pylist(), whole[offset:], offset)
    equal(responses(read.streams[0].name, MANY), [])
    for offset, code in [(MANY + 1, grpc.StatusCode.OUT_OF_RANGE), (-1, grpc.StatusCode.INVALID_ARGUMENT)]:
        try:
            responses(read.streams[0].name, offset)
        except Exception as error:
            equal(error.code(), code)
        else:
            raise AssertionError(f"offset {offset} was taken")


@check
def a_stream_is_split():
    read = session("reads.many", selected_fields=["id"])
    whole = table_of(read)["id"].to_pylist()
    halves = READ.split_read_stream(request={"name": read.streams[0].name, "fraction": 0.25})
    first = READ.read_rows(halves.primary_stream.name).to_arrow(read)["id"].to_pylist()
    rest = READ.read_rows(halves.remainder_stream.name).to_arrow(read)["id"].to_pylist()
    equal(len(first), MANY // 4)
    equal(first + rest, whole)
    one = session("reads.all_types", row_restriction="id = 1")
    nothing = READ.split_read_stream(request={"name": one.streams[0].name, "fraction": 0.5})
    equal((nothing.primary_stream.name, nothing.remainder_stream.name), ("", ""))


@check
def rows_and_fields_are_selected():
    read = session("reads.many", selected_fields=["amount", "ID"], row_restriction="digit = 3 AND name LIKE '%13'")
    table = table_of(read)
    equal(table.column_names, ["id", "amount"])
    equal(table["id"].to_pylist(), list(range(13, MANY + 1, 100)))
    nested = table_of(session("reads.all_types", selected_fields=["rec.b.d", "recs.y"], row_restriction="rec.a = 7"))
    equal(nested.to_pylist(), [{"rec": {"b": {"d": [dt.date(2000, 1, 1)]}}, "recs": [{"y": "y"}, {"y": None}]}])
    nothing = session("reads.many", row_restriction="id < 0")
    equal((list(nothing.streams), nothing.estimated_row_count), ([], 0))
    with raises(exceptions.InvalidArgument, "nope"):
        session("reads.many", selected_fields=["nope"])
    with raises(exceptions.InvalidArgument, "nope"):
        session("reads.many", row_restriction="nope = 1")
    with raises(exceptions.InvalidArgument, "division by zero"):
        session("reads.many", row_restriction="1 / (id - 5) > 0")
    with raises(exceptions.InvalidArgument, "condition"):
        session("reads.many", row_restriction="id")
    with raises(exceptions.InvalidArgument):
        session("reads.many", row_restriction="TRUE) UNION ALL (SELECT 1")


@check
def compressed():
    codecs = types.ArrowSerializationOptions.CompressionCodec
    plain = session("reads.many")
    expected = table_of(plain).sort_by("id")
    size = sum(len(a.arrow_record_batch.serialized_record_batch) for a in responses(plain.streams[0].name))
    for codec in [codecs.LZ4_FRAME, codecs.ZSTD]:
        read = session("reads.many", arrow_serialization_options={"buffer_compression": codec})
        assert table_of(read).sort_by("id").equals(expected)
        packed = sum(len(a.arrow_record_batch.serialized_record_batch) for a in responses(read.streams[0].name))
        assert packed < size, (codec, packed, size)
    raw = types.ReadSession.TableReadOptions.ResponseCompressionCodec.RESPONSE_COMPRESSION_CODEC_LZ4
    read = session("reads.many", response_compression_codec=raw)
    schema = pa.ipc.read_schema(pa.py_buffer(read.arrow_schema.serialized_schema))
    batches = []
    for answer in responses(read.streams[0].name):
        packed = answer.arrow_record_batch.serialized_record_batch
        assert 0 < len(packed) < answer.uncompressed_byte_size
        unpacked = pa.decompress(packed, answer.uncompressed_byte_size, codec="lz4_raw")
        batches.append(pa.ipc.read_record_batch(unpacked, schema))
    assert pa.Table.from_batches(batches).sort_by("id").equals(expected)


@check
def a_session_is_a_snapshot():
    CLIENT.query_and_wait("CREATE TABLE reads.moving AS SELECT n AS id FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n")
    read = session("reads.moving")
    CLIENT.query_and_wait("UPDATE reads.moving SET id = -id WHERE TRUE")
    equal(sorted(table_of(read)["id"].to_pylist()), list(range(1, 1001)))
    CLIENT.query_and_wait("DROP TABLE reads.moving")
    equal(table_of(read).num_rows, 1000)
    with raises(exceptions.NotFound, "reads.moving"):
        session("reads.moving")


@check
def snapshot_time():
    def at(when, table="reads.many"):
        wanted = types.ReadSession(
            table=path(table), data_format=ARROW, table_modifiers={"snapshot_time": when}
        )
        return READ.create_read_session(parent=f"projects/{PROJECT}", read_session=wanted, max_stream_count=1)

    now = dt.datetime.now(UTC)
    equal(at(now).estimated_row_count, MANY)
    with raises(exceptions.InvalidArgument, "future"):
        at(now + dt.timedelta(hours=1))
    with raises(exceptions.InvalidArgument, "Cannot read before"):
        at(now - dt.timedelta(hours=1))
    CLIENT.query_and_wait("CREATE TABLE reads.past AS SELECT 1 AS id")
    before = dt.datetime.now(UTC)
    CLIENT.query_and_wait("UPDATE reads.past SET id = 2 WHERE TRUE")
    equal(table_of(at(before, "reads.past"))["id"].to_pylist(), [1])
    equal(table_of(at(dt.datetime.now(UTC), "reads.past"))["id"].to_pylist(), [2])


@check
def what_cannot_be_read():
    CLIENT.query_and_wait("CREATE VIEW reads.view AS SELECT 1 AS one")
    for call, kind, texts in [
        (lambda: session("reads.view"), exceptions.InvalidArgument, ["VIEW"]),
        (lambda: session("reads.none"), exceptions.NotFound, ["reads.none"]),
        (lambda: session("none.none"), exceptions.NotFound, ["none"]),
        (lambda: session("reads.many", types.DataFormat.DATA_FORMAT_UNSPECIFIED), exceptions.InvalidArgument, ["data_format"]),
        (lambda: session("reads.many", streams=1, least=2), exceptions.InvalidArgument, ["preferred_min_stream_count"]),
        (lambda: session("reads.many", sample_percentage=101), exceptions.InvalidArgument, ["sample_percentage"]),
        (lambda: next(iter(READ.read_rows("projects/p/locations/eu/sessions/s/streams/x"))), exceptions.InvalidArgument, []),
    ]:
        with raises(kind, *texts):
            call()
    some = session("reads.many", sample_percentage=20).estimated_row_count
    assert MANY * 0.1 < some < MANY * 0.3, some


@check
def bigquery_reads_by_way_of_it():
    table = CLIENT.get_table("reads.many")
    frame = CLIENT.list_rows(table).to_dataframe(bqstorage_client=READ)
    equal((len(frame), int(frame["id"].sum())), (MANY, MANY * (MANY + 1) // 2))
    arrow = CLIENT.list_rows(table, selected_fields=[FIELD("name", "STRING")]).to_arrow(bqstorage_client=READ)
    equal((arrow.num_rows, arrow.column_names), (MANY, ["name"]))


@check
def results_of_queries_are_read_by_way_of_it():
    calls = []

    class Watched:
        """The client, with a note of each session that is made."""

        def __getattr__(self, name):
            if name == "create_read_session":
                calls.append(name)
            return getattr(READ, name)

    job = CLIENT.query("SELECT digit, COUNT(*) AS n, SUM(amount) AS total FROM reads.many GROUP BY digit")
    table = job.result().to_arrow(bqstorage_client=Watched())
    equal(sorted(table["n"].to_pylist()), [MANY // 10] * 10)
    big = CLIENT.query("SELECT * FROM reads.many").result(page_size=1000)
    frame = big.to_dataframe(bqstorage_client=Watched())
    equal((len(frame), frame["id"].nunique()), (MANY, MANY))
    read = session_of(big)
    equal(table_of(read).num_rows, MANY)
    assert calls, "nothing was read with the Storage Read API"


def session_of(rows):
    """A session of the hidden table of a query's result."""
    table = rows._table
    wanted = types.ReadSession(
        table=f"projects/{table.project}/datasets/{table.dataset_id}/tables/{table.table_id}", data_format=ARROW
    )
    return READ.create_read_session(parent=f"projects/{PROJECT}", read_session=wanted, max_stream_count=1)


main()
