# Rows of changelogs into BigQuery, by its Storage Write API: each an upsert of its key, so that what is written twice is there
# once. (Beam's own BigQuery sink takes rows whose names Python's named tuples allow, which a changelog's are not.)
import os

import apache_beam as beam
from apache_beam.typehints.row_type import RowTypeConstraint

ROWS = 500
BYTES = 4 << 20


def message_class(columns):
    # The message of a row, with the types in which values travel.
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    types = dict(
        BOOL=kinds.TYPE_BOOL, INT64=kinds.TYPE_INT64, TIMESTAMP=kinds.TYPE_INT64, DATE=kinds.TYPE_INT32,
        FLOAT64=kinds.TYPE_DOUBLE, BYTES=kinds.TYPE_BYTES,
    )
    file = descriptor_pb2.FileDescriptorProto(name="change.proto", package="headwater", syntax="proto2")
    message = file.message_type.add(name="Change")
    for number, column in enumerate(columns + [dict(name="_CHANGE_TYPE", type="STRING")], 1):
        # Left to Protobuf, `_origin` and a column `Origin` would have the same name in JSON.
        message.field.add(
            name=column["name"], json_name=column["name"], number=number, type=types.get(column["type"], kinds.TYPE_STRING),
            label=kinds.LABEL_REPEATED if column.get("repeated") else kinds.LABEL_OPTIONAL,
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("headwater.Change")
    return message_factory.GetMessageClass(found), message


def client():
    # Google's, or wherever the environment says, as for everything of Headwater's.
    import grpc
    from google.cloud.bigquery_storage_v1 import BigQueryWriteClient
    from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport

    endpoint = os.environ.get("HEADWATER_ENDPOINT", "")
    if not endpoint.startswith("http://"):
        return BigQueryWriteClient()
    channel = grpc.insecure_channel(endpoint.removeprefix("http://").rstrip("/"))
    return BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))


class Write(beam.DoFn):
    def __init__(self, subscription, entities):
        self.subscription, self.entities = subscription, entities
        self.written = beam.metrics.Metrics.counter("headwater", "changes_written")
        self.dead = beam.metrics.Metrics.counter("headwater", "dead_letters")

    def setup(self):
        self.client = client()
        self.classes = {name: message_class(entity["columns"]) for name, entity in self.entities.items()}

    def start_bundle(self):
        self.waiting, self.bytes, self.refused = dict(), dict(), []

    def process(self, change, timestamp=beam.DoFn.TimestampParam, window=beam.DoFn.WindowParam):
        entity, row, payload, attributes = change
        message = self.classes[entity][0]()
        for name, value in row.items():
            if isinstance(value, list):
                getattr(message, name).extend(value)
            elif value is not None:
                setattr(message, name, value)
        setattr(message, "_CHANGE_TYPE", "UPSERT")
        encoded = message.SerializeToString()
        rows = self.waiting.setdefault(entity, [])
        rows.append((encoded, payload, attributes, timestamp, window))
        self.bytes[entity] = self.bytes.get(entity, 0) + len(encoded)
        if len(rows) >= ROWS or self.bytes[entity] >= BYTES:
            self.flush(entity)

    def finish_bundle(self):
        # The bundle is done, and its messages are acknowledged, when everything is durable; when it fails, it comes again.
        for entity in list(self.waiting):
            self.flush(entity)
        yield from self.refused

    def flush(self, entity):
        rows = self.waiting.pop(entity, [])
        self.bytes[entity] = 0
        while rows:
            refused = self.append(entity, [row[0] for row in rows])
            for index, why in refused.items():
                _, payload, attributes, timestamp, window = rows[index]
                attributes["headwater-reason-code"] = "row_refused"
                attributes["headwater-reason"] = "BigQuery refused the row"
                attributes["headwater-subscription"] = self.subscription
                letter = beam.Row(payload=payload, attributes=attributes)
                self.refused.append(beam.utils.windowed_value.WindowedValue(letter, timestamp, [window]))
                self.dead.inc()
            if not refused:
                self.written.inc(len(rows))
                return
            # None of them was written: the others are sent again.
            rows = [row for index, row in enumerate(rows) if index not in refused]

    def append(self, entity, rows):
        # Which rows BigQuery refuses; none: they are durable.
        from google.cloud.bigquery_storage_v1 import types

        stream = self.entities[entity]["table"] + "/streams/_default"
        request = types.AppendRowsRequest(write_stream=stream, trace_id="headwater")
        request.proto_rows.writer_schema.proto_descriptor = self.classes[entity][1]
        request.proto_rows.rows.serialized_rows = rows
        metadata = [("x-goog-request-params", "write_stream=" + stream)]
        for response in self.client.append_rows(iter([request]), metadata=metadata, timeout=60):
            if response.row_errors:
                return {error.index: error.code for error in response.row_errors}
            if response.error.code:
                raise RuntimeError("BigQuery answers %d for %s" % (response.error.code, stream))
            return dict()
        raise RuntimeError("BigQuery gave no answer for " + stream)


def write(changes, **settings):
    letter = RowTypeConstraint.from_fields([("payload", bytes), ("attributes", dict[str, str])])
    return changes | "Append" >> beam.ParDo(Write(**settings)).with_output_types(letter)
