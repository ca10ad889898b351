"""grpcio and fastavro against the simulator's Pub/Sub API: topics, schemas, subscriptions, publishing, managed subscriptions."""

import io
import urllib.parse

import fastavro
import grpc

from checks import check, equal, main
from eventbus import control, CUSTOM, EARLIEST, LATEST, M, METADATA, names, note_records, rest, schema, stream, take, TOKEN, unary

DATA = "/services/data/v62.0"


def refused(call, status, code):
    try:
        call()
    except grpc.RpcError as error:
        trailers = dict(error.trailing_metadata())
        equal((error.code(), trailers["error-code"]), (status, f"sfdc.platform.eventbus.grpc.{code}"))
        assert trailers["rpc-id"] in error.details(), error.details()
        return
    raise AssertionError("nothing was raised")


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
