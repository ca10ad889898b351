"""Salesforce's Pub/Sub API of the org that the first argument names, by grpcio and fastavro: the messages are written down here
once more, from Salesforce's documentation, so that nothing of ours is on this side of the wire.
"""

import functools
import io
import json
import os
import queue
import sys
import urllib.parse
import urllib.request

import fastavro
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

URL = sys.argv[1].rstrip("/")
KEY, SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]

# Name, number and type of each field; a list is a repeated one, a text a message's name.
MESSAGES = {
    "TopicRequest": [("topic_name", 1, str)],
    "TopicInfo": [("topic_name", 1, str), ("tenant_guid", 2, str), ("can_publish", 3, bool), ("can_subscribe", 4, bool),
                  ("schema_id", 5, str), ("rpc_id", 6, str)],
    "EventHeader": [("key", 1, str), ("value", 2, bytes)],
    "ProducerEvent": [("id", 1, str), ("schema_id", 2, str), ("payload", 3, bytes), ("headers", 4, ["EventHeader"])],
    "ConsumerEvent": [("event", 1, "ProducerEvent"), ("replay_id", 2, bytes)],
    "Error": [("code", 1, int), ("msg", 2, str)],
    "PublishResult": [("replay_id", 1, bytes), ("error", 2, "Error"), ("correlation_key", 3, str)],
    "FetchRequest": [("topic_name", 1, str), ("replay_preset", 2, int), ("replay_id", 3, bytes), ("num_requested", 4, int),
                     ("auth_refresh", 5, str)],
    "FetchResponse": [("events", 1, ["ConsumerEvent"]), ("latest_replay_id", 2, bytes), ("rpc_id", 3, str),
                      ("pending_num_requested", 4, int)],
    "SchemaRequest": [("schema_id", 1, str)],
    "SchemaInfo": [("schema_json", 1, str), ("schema_id", 2, str), ("rpc_id", 3, str)],
    "PublishRequest": [("topic_name", 1, str), ("events", 2, ["ProducerEvent"]), ("auth_refresh", 3, str)],
    "PublishResponse": [("results", 1, ["PublishResult"]), ("schema_id", 2, str), ("rpc_id", 3, str)],
    "CommitReplayRequest": [("commit_request_id", 1, str), ("replay_id", 2, bytes)],
    "CommitReplayResponse": [("commit_request_id", 1, str), ("replay_id", 2, bytes), ("error", 3, "Error"),
                             ("process_time", 4, int)],
    "ManagedFetchRequest": [("subscription_id", 1, str), ("developer_name", 2, str), ("num_requested", 3, int),
                            ("auth_refresh", 4, str), ("commit_replay_id_request", 5, "CommitReplayRequest")],
    "ManagedFetchResponse": [("events", 1, ["ConsumerEvent"]), ("latest_replay_id", 2, bytes), ("rpc_id", 3, str),
                             ("pending_num_requested", 4, int), ("commit_response", 5, "CommitReplayResponse")],
}
LATEST, EARLIEST, CUSTOM = 0, 1, 2


def classes():
    kinds = descriptor_pb2.FieldDescriptorProto
    scalars = {str: kinds.TYPE_STRING, bytes: kinds.TYPE_BYTES, bool: kinds.TYPE_BOOL, int: kinds.TYPE_INT64}
    file = descriptor_pb2.FileDescriptorProto(name="events.proto", package="eventbus.v1", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            of = kind[0] if isinstance(kind, list) else kind
            made = message.field.add(name=field, number=number)
            made.label = kinds.LABEL_REPEATED if isinstance(kind, list) else kinds.LABEL_OPTIONAL
            if isinstance(of, str):
                made.type, made.type_name = kinds.TYPE_MESSAGE, f".eventbus.v1.{of}"
            else:
                made.type = scalars[of]
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {n: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"eventbus.v1.{n}")) for n in MESSAGES}


M = classes()
CHANNEL = grpc.insecure_channel(URL.removeprefix("http://"))


def rest(method, path, body=None, token=None, form=False):
    data = None
    headers = {}
    if body is not None:
        data = urllib.parse.urlencode(body).encode() if form else json.dumps(body).encode()
        headers["content-type"] = "application/x-www-form-urlencoded" if form else "application/json"
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(URL + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    return json.loads(text) if text.strip() else None


def control(what, body):
    return rest("POST", f"/_control/{what}", body)


LOGIN = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET}
TOKEN = rest("POST", "/services/oauth2/token", LOGIN, form=True)
METADATA = (
    ("accesstoken", TOKEN["access_token"]),
    ("instanceurl", TOKEN["instance_url"]),
    ("tenantid", TOKEN["id"].split("/")[-2]),
)


def unary(name, request, answer, metadata=METADATA, **fields):
    call = CHANNEL.unary_unary(f"/eventbus.v1.PubSub/{name}", M[request].SerializeToString, M[answer].FromString)
    return call(M[request](**fields), metadata=metadata, timeout=20)


def stream(name, request, answer, first, timeout=60):
    """A stream and the queue of what else it is sent."""
    sent = queue.Queue()
    sent.put(M[request](**first))
    call = CHANNEL.stream_stream(f"/eventbus.v1.PubSub/{name}", M[request].SerializeToString, M[answer].FromString)
    return call(iter(sent.get, None), metadata=METADATA, timeout=timeout), sent


SCHEMAS = {}


def schema(schema_id):
    if schema_id not in SCHEMAS:
        SCHEMAS[schema_id] = json.loads(unary("GetSchema", "SchemaRequest", "SchemaInfo", schema_id=schema_id).schema_json)
    return SCHEMAS[schema_id]


@functools.cache
def parsed(schema_id):
    return fastavro.parse_schema(schema(schema_id))


def decoded(event):
    return fastavro.schemaless_reader(io.BytesIO(event.payload), parsed(event.schema_id))


def events(topic, count, preset=EARLIEST, replay_id=b"", timeout=60):
    """So many events, asked for as they come."""
    first = {"topic_name": topic, "replay_preset": preset, "replay_id": replay_id, "num_requested": min(count, 100)}
    answers, sent = stream("Subscribe", "FetchRequest", "FetchResponse", first, timeout)
    came = 0
    for answer in answers:
        yield from answer.events
        came += len(answer.events)
        assert answer.pending_num_requested <= 100
        if came >= count:
            break
        if answer.events and (more := min(len(answer.events), count - came)) > 0:
            sent.put(M["FetchRequest"](num_requested=more))
    answers.cancel()
    sent.put(None)
    assert came == count, f"{came} events instead of {count}"


def take(topic, count, preset=EARLIEST, replay_id=b""):
    """So many events with their replay ids and schemas."""
    found = events(topic, count, preset, replay_id)
    return [(e.replay_id, decoded(e.event), schema(e.event.schema_id)) for e in found]


def names(maps, of):
    """The fields that bit maps name, as Salesforce's own examples read them."""
    out = []
    for entry in maps:
        parent, _, bits = entry.rpartition("-")
        fields = of["fields"]
        prefix = ""
        if parent:
            record = fields[int(parent)]["type"][1]
            record = RECORDS[record] if isinstance(record, str) else record
            prefix, fields = fields[int(parent)]["name"] + ".", record["fields"]
        text = bin(int(bits, 16))[2:][::-1]
        out += [prefix + fields[n]["name"] for n, bit in enumerate(text) if bit == "1"]
    return out


RECORDS = {}


def note_records(of):
    for field in of["fields"]:
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        for kind in kinds:
            if isinstance(kind, dict) and kind["type"] == "record":
                RECORDS[kind["name"]] = kind
