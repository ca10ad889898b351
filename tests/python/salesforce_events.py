"""grpcio and fastavro against the simulator's Pub/Sub API: topics, schemas, subscriptions, publishing, managed subscriptions.
The messages are written down here once more, from Salesforce's documentation: nothing of ours is on this side of the wire."""

import io
import json
import os
import queue
import sys
import urllib.error
import urllib.parse
import urllib.request

import fastavro
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from checks import check, equal, main

URL = sys.argv[1].rstrip("/")
KEY, SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]
DATA = "/services/data/v62.0"

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


def stream(name, request, answer, first):
    """A stream and the queue of what else it is sent."""
    sent = queue.Queue()
    sent.put(M[request](**first))
    call = CHANNEL.stream_stream(f"/eventbus.v1.PubSub/{name}", M[request].SerializeToString, M[answer].FromString)
    return call(iter(sent.get, None), metadata=METADATA, timeout=60), sent


def refused(call, status, code):
    try:
        call()
    except grpc.RpcError as error:
        trailers = dict(error.trailing_metadata())
        equal((error.code(), trailers["error-code"]), (status, f"sfdc.platform.eventbus.grpc.{code}"))
        assert trailers["rpc-id"] in error.details(), error.details()
        return
    raise AssertionError("nothing was raised")


SCHEMAS = {}


def schema(schema_id):
    if schema_id not in SCHEMAS:
        SCHEMAS[schema_id] = json.loads(unary("GetSchema", "SchemaRequest", "SchemaInfo", schema_id=schema_id).schema_json)
    return SCHEMAS[schema_id]


def decoded(event):
    return fastavro.schemaless_reader(io.BytesIO(event.payload), fastavro.parse_schema(schema(event.schema_id)))


def take(topic, count, preset=EARLIEST, replay_id=b""):
    """So many events with their schemas, asked for as they come."""
    first = {"topic_name": topic, "replay_preset": preset, "replay_id": replay_id, "num_requested": min(count, 100)}
    answers, sent = stream("Subscribe", "FetchRequest", "FetchResponse", first)
    out = []
    for answer in answers:
        out += [(e.replay_id, decoded(e.event), schema(e.event.schema_id)) for e in answer.events]
        assert answer.pending_num_requested <= 100
        if len(out) >= count:
            break
        if answer.events and (more := min(len(answer.events), count - len(out))) > 0:
            sent.put(M["FetchRequest"](num_requested=more))
    answers.cancel()
    sent.put(None)
    equal(len(out), count)
    return out


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


def total():
    return control("events", {})["events"]


@check
def who_may_ask():
    topic = unary("GetTopic", "TopicRequest", "TopicInfo", topic_name="/data/AccountChangeEvent")
    equal((topic.can_subscribe, topic.can_publish), (True, False))
    of = schema(topic.schema_id)
    equal((of["name"], of["namespace"], of["fields"][0]["name"]), ("AccountChangeEvent", "com.sforce.eventbus", "ChangeEventHeader"))
    fastavro.parse_schema(of)
    ask = lambda **given: unary("GetTopic", "TopicRequest", "TopicInfo", **given)
    refused(lambda: ask(topic_name="/data/NopeChangeEvent"), grpc.StatusCode.NOT_FOUND, "topic.not.found")
    refused(lambda: ask(topic_name="/data/ChangeEvents", metadata=()), grpc.StatusCode.UNAUTHENTICATED, "service.auth.headers.invalid")
    stale = (("accesstoken", "00D!stale"), *METADATA[1:])
    refused(lambda: ask(topic_name="/data/ChangeEvents", metadata=stale), grpc.StatusCode.UNAUTHENTICATED, "service.auth.error")


@check
def chosen_objects_are_seen_by_the_tooling_api():
    soql = urllib.parse.quote("SELECT SelectedEntity FROM PlatformEventChannelMember WHERE EventChannel = 'ChangeEvents'")
    found = rest("GET", f"{DATA}/tooling/query?q={soql}", token=TOKEN["access_token"])
    equal(len(found["records"]), 10)


@check
def changes_by_rest_are_told_field_by_field():
    begun = total()
    call = lambda method, path, body: rest(method, f"{DATA}/sobjects/{path}", body, TOKEN["access_token"])
    made = call("POST", "Contact", {"LastName": "Lovelace", "FirstName": "Ada", "MailingCity": "London", "Phone": "1"})["id"]
    call("PATCH", f"Contact/{made}", {"FirstName": "Augusta", "Phone": None, "MailingCity": "Paris", "MailingState": "IDF"})
    call("DELETE", f"Contact/{made}", None)
    created, updated, deleted = take("/data/ContactChangeEvent", total() - begun)
    note_records(created[2])
    header = created[1]["ChangeEventHeader"]
    equal((header["changeType"], header["entityName"], header["recordIds"], header["changedFields"]), ("CREATE", "Contact", [made], []))
    name = created[1]["Name"]
    equal((name["FirstName"], name["LastName"], created[1]["MailingAddress"]["City"]), ("Ada", "Lovelace", "London"))
    assert header["commitNumber"] > 2**53 and header["changeOrigin"].startswith("com/salesforce/api/rest")
    header = updated[1]["ChangeEventHeader"]
    changed = set(names(header["changedFields"], updated[2]))
    told = {"Phone", "Name.FirstName", "MailingAddress.City", "MailingAddress.State", "LastModifiedDate", "LastModifiedById"}
    equal(changed, told)
    equal(names(header["nulledFields"], updated[2]), ["Phone"])
    equal((updated[1]["Name"]["FirstName"], updated[1]["Name"]["LastName"], updated[1]["Phone"]), ("Augusta", None, None))
    equal(deleted[1]["ChangeEventHeader"]["changeType"], "DELETE")
    assert all(v is None for k, v in deleted[1].items() if k != "ChangeEventHeader")


@check
def churn_is_told_in_order():
    begun = total()
    control("churn", {"inserts": 50, "updates": 400, "deletes": 20, "undeletes": 5, "alike": 30, "seed": 5})
    events = take("/data/ChangeEvents", total())[begun:]
    numbers = [(h["commitNumber"], h["sequenceNumber"]) for h in (e[1]["ChangeEventHeader"] for e in events)]
    equal(numbers, sorted(numbers))
    assert max(len(e[1]["ChangeEventHeader"]["recordIds"]) for e in events) > 1, "changes alike share an event"
    for _, event, of in events:
        note_records(of)
        header = event["ChangeEventHeader"]
        for field in names(header["nulledFields"], of):
            value = event
            for part in field.split("."):
                value = value and value[part]
            equal(value, None, field)
        assert set(names(header["nulledFields"], of)) <= set(names(header["changedFields"], of))


@check
def positions():
    all_of_them = take("/data/ChangeEvents", total())
    middle = len(all_of_them) // 2
    rest_of_them = take("/data/ChangeEvents", len(all_of_them) - middle, CUSTOM, all_of_them[middle - 1][0])
    equal([e[0] for e in rest_of_them], [e[0] for e in all_of_them[middle:]])

    def ask(preset, replay_id, count=5):
        first = {"topic_name": "/data/ChangeEvents", "replay_preset": preset, "replay_id": replay_id, "num_requested": count}
        answers, _ = stream("Subscribe", "FetchRequest", "FetchResponse", first)
        return next(answers)

    invalid = grpc.StatusCode.INVALID_ARGUMENT
    refused(lambda: ask(CUSTOM, b"nonsense"), invalid, "subscription.fetch.replayid.corrupted")
    refused(lambda: ask(CUSTOM, b""), invalid, "subscription.fetch.replayid.validation.failed")
    refused(lambda: ask(EARLIEST, b"", 0), invalid, "subscription.fetch.requested.events.invalid")
    refused(lambda: ask(EARLIEST, b"", 101), invalid, "subscription.fetch.overflow")
    control("events", {"keep_alive_ms": 50})
    silent = ask(LATEST, b"")
    equal((len(silent.events), silent.pending_num_requested), (0, 5))
    assert silent.latest_replay_id


@check
def platform_events():
    control("events", {"platform_event": {"name": "Order__e", "fields": ["Number__c"]}})
    topic = unary("GetTopic", "TopicRequest", "TopicInfo", topic_name="/event/Order__e")
    out = io.BytesIO()
    record = {"CreatedDate": 1, "CreatedById": "005", "Number__c": "7"}
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema(topic.schema_id)), record)
    event = M["ProducerEvent"](id="a", schema_id=topic.schema_id, payload=out.getvalue())
    bad = M["ProducerEvent"](id="b", schema_id=topic.schema_id, payload=b"x")
    results = unary("Publish", "PublishRequest", "PublishResponse", topic_name="/event/Order__e", events=[event, bad]).results
    equal([(r.correlation_key, r.HasField("error")) for r in results], [("a", False), ("b", True)])
    answers, sent = stream("PublishStream", "PublishRequest", "PublishResponse", {"topic_name": "/event/Order__e", "events": [event]})
    equal(len(next(answers).results), 1)
    sent.put(None)
    equal([e[1] for e in take("/event/Order__e", 2)], [record, record])


@check
def managed_subscriptions():
    body = {"FullName": "Mine", "Metadata": {"topicName": "/data/ChangeEvents", "defaultReplay": "EARLIEST", "state": "RUN"}}
    rest("POST", f"{DATA}/tooling/sobjects/ManagedEventSubscription", body, TOKEN["access_token"])
    answers, sent = stream("ManagedSubscribe", "ManagedFetchRequest", "ManagedFetchResponse", {"developer_name": "Mine", "num_requested": 3})
    events = next(answers).events
    equal(len(events), 3)
    commit = M["CommitReplayRequest"](commit_request_id="c", replay_id=events[1].replay_id)
    sent.put(M["ManagedFetchRequest"](commit_replay_id_request=commit))
    response = next(answers).commit_response
    equal((response.commit_request_id, response.HasField("error")), ("c", False))
    sent.put(None)
    list(answers)
    again, _ = stream("ManagedSubscribe", "ManagedFetchRequest", "ManagedFetchResponse", {"developer_name": "Mine", "num_requested": 1})
    equal(next(again).events[0].replay_id, events[2].replay_id)
    again.cancel()


main()
