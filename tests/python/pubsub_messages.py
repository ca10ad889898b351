"""google-cloud-pubsub against a Pub/Sub: what is published arrives, once more if it must, in order if asked."""

import concurrent.futures
import datetime
import queue
import threading
import time

from google.api_core import exceptions
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.subscriber import exceptions as subscriber_exceptions
from google.protobuf import duration_pb2
from google.pubsub_v1 import types

from checks import check, equal, main, raises
from pubsub_server import (
    PROJECT_PATH,
    PUBLISHER,
    SCHEMAS,
    SUBSCRIBER,
    differs,
    snapshot_path,
    subscription_path,
    topic_path,
)

PATIENCE = 60


def make(name, **settings):
    """A topic and a subscription of the same name; gives their paths."""
    topic, subscription = topic_path(name), subscription_path(name)
    PUBLISHER.create_topic(request={"name": topic})
    SUBSCRIBER.create_subscription(request={"name": subscription, "topic": topic, **settings})
    return topic, subscription


def publish(topic, *messages):
    """Publishes texts, or (text, ordering key, attributes)."""
    rows = [(m, "", {}) if isinstance(m, str) else m for m in messages]
    sent = [{"data": text.encode(), "ordering_key": key, "attributes": attributes} for text, key, attributes in rows]
    return list(PUBLISHER.api.publish(request={"topic": topic, "messages": sent}).message_ids)


def pull(subscription, count, at_most=None, patience=PATIENCE):
    """Pulls until so many messages are there, and not more."""
    got = []
    end = time.monotonic() + patience
    while len(got) < count:
        assert time.monotonic() < end, f"{len(got)} of {count} messages came: {texts(got)}"
        request = {"subscription": subscription, "max_messages": at_most or count - len(got)}
        try:
            # No divisor of a lease's ten seconds: what is given to a call that is just being given up comes a lease later.
            got.extend(SUBSCRIBER.pull(request=request, timeout=7).received_messages)
        except exceptions.DeadlineExceeded:
            pass
    return got


def nothing(subscription):
    """There is nothing to pull."""
    request = {"subscription": subscription, "max_messages": 10, "return_immediately": True}
    equal(texts(SUBSCRIBER.pull(request=request, timeout=10).received_messages), [])


def texts(received):
    return [one.message.data.decode() for one in received]


def ack(subscription, received):
    SUBSCRIBER.acknowledge(request={"subscription": subscription, "ack_ids": [one.ack_id for one in received]})


def nack(subscription, received):
    SUBSCRIBER.modify_ack_deadline(
        request={
            "subscription": subscription,
            "ack_ids": [one.ack_id for one in received],
            "ack_deadline_seconds": 0,
        }
    )


@check
def publish_and_pull():
    topic, subscription = make("simple")
    ids = publish(topic, "one", ("two", "", {"k": "v"}), ("", "", {"only": "attributes"}))
    equal(len(set(ids)), 3)
    got = pull(subscription, 3)
    equal(sorted(texts(got)), ["", "one", "two"])
    equal({one.message.message_id for one in got}, set(ids))
    equal({one.message.data: dict(one.message.attributes) for one in got}[b"two"], {"k": "v"})
    age = datetime.datetime.now(datetime.timezone.utc) - got[0].message.publish_time
    assert datetime.timedelta(0) <= age < datetime.timedelta(minutes=1), age
    equal([one.delivery_attempt for one in got], [0, 0, 0])
    nothing(subscription)
    ack(subscription, got)
    nothing(subscription)
    # Once more: not an error.
    ack(subscription, got)


@check
def refusals():
    topic, subscription = topic_path("simple"), subscription_path("simple")
    for messages in [[], [{}], [{"ordering_key": "k"}]]:
        with raises(exceptions.InvalidArgument):
            PUBLISHER.api.publish(request={"topic": topic, "messages": messages})
    with raises(exceptions.NotFound):
        publish(topic_path("none"), "x")
    with raises(exceptions.InvalidArgument):
        SUBSCRIBER.pull(request={"subscription": subscription, "max_messages": 0})
    with raises(exceptions.NotFound):
        SUBSCRIBER.pull(request={"subscription": subscription_path("none"), "max_messages": 1})
    for ids in [[], ["bogus"]]:
        with raises(exceptions.InvalidArgument):
            SUBSCRIBER.acknowledge(request={"subscription": subscription, "ack_ids": ids})


@check
def attributes_of_google():
    def reserved():
        for key in ["", "googx"]:
            with raises(exceptions.InvalidArgument):
                publish(topic_path("simple"), ("x", "", {key: "v"}))

    differs("the emulator takes any attribute", reserved)


@check
def only_later_messages():
    topic = topic_path("late")
    PUBLISHER.create_topic(request={"name": topic})
    publish(topic, "before")
    SUBSCRIBER.create_subscription(request={"name": subscription_path("late"), "topic": topic})
    publish(topic, "after")
    equal(texts(pull(subscription_path("late"), 1)), ["after"])


@check
def every_subscription_gets_all():
    topic, first = make("fan")
    second = subscription_path("fan-two")
    SUBSCRIBER.create_subscription(request={"name": second, "topic": topic})
    publish(topic, "x", "y")
    ack(first, pull(first, 2))
    equal(sorted(texts(pull(second, 2))), ["x", "y"])


@check
def backlog_of_a_deleted_topic():
    topic, subscription = make("doomed")
    publish(topic, "kept")
    PUBLISHER.delete_topic(request={"topic": topic})
    equal(texts(pull(subscription, 1)), ["kept"])


@check
def nack_redelivers():
    topic, subscription = make("nack")
    publish(topic, "x")
    first = pull(subscription, 1)
    nack(subscription, first)
    second = pull(subscription, 1)
    equal(second[0].message.message_id, first[0].message.message_id)
    assert second[0].ack_id != first[0].ack_id
    ack(subscription, second)
    nothing(subscription)


@check
def deadline_redelivers():
    topic, subscription = make("deadline", ack_deadline_seconds=10)
    publish(topic, "x")
    since = time.monotonic()
    first = pull(subscription, 1)
    second = pull(subscription, 1)
    passed = time.monotonic() - since
    assert 9 <= passed < 25, passed
    equal(texts(second), texts(first))


@check
def deadline_can_be_moved():
    topic, subscription = make("moved", ack_deadline_seconds=10)
    publish(topic, "x")
    first = pull(subscription, 1)
    SUBSCRIBER.modify_ack_deadline(
        request={"subscription": subscription, "ack_ids": [first[0].ack_id], "ack_deadline_seconds": 60}
    )
    time.sleep(12)
    nothing(subscription)
    ack(subscription, first)
    nothing(subscription)


@check
def streaming_pull():
    topic, subscription = make("stream")
    count = 500
    publisher = pubsub_v1.PublisherClient()
    sent = [publisher.publish(topic, b"%d" % i) for i in range(count)]
    ids = {future.result(timeout=PATIENCE) for future in sent}
    got, done = {}, threading.Event()

    def callback(message):
        got[message.message_id] = message.data
        message.ack()
        if len(got) == count:
            done.set()

    with pubsub_v1.SubscriberClient() as subscriber:
        future = subscriber.subscribe(subscription, callback=callback)
        assert done.wait(PATIENCE), f"{len(got)} of {count}"
        future.cancel()
        future.result(timeout=PATIENCE)
    equal(set(got), ids)
    equal(sorted(int(data) for data in got.values()), list(range(count)))
    nothing(subscription)


@check
def flow_control():
    differs("the emulator sends more than the client has room for", flow_control_stops)


def flow_control_stops():
    topic, subscription = make("flow")
    publish(topic, *[str(i) for i in range(100)])
    held, release = queue.Queue(), threading.Event()

    def callback(message):
        held.put(message)
        release.wait(PATIENCE)
        message.ack()

    with pubsub_v1.SubscriberClient() as subscriber:
        scheduler = pubsub_v1.subscriber.scheduler.ThreadScheduler(
            executor=concurrent.futures.ThreadPoolExecutor(max_workers=50)
        )
        future = subscriber.subscribe(
            subscription,
            callback=callback,
            flow_control=pubsub_v1.types.FlowControl(max_messages=7),
            scheduler=scheduler,
        )
        try:
            for _ in range(7):
                held.get(timeout=PATIENCE)
            # The other 93 are still on the server: another client can have them.
            others = pull(subscription, 93, patience=10)
            assert held.empty()
            ack(subscription, others)
        finally:
            release.set()
            future.cancel()
            future.result(timeout=PATIENCE)


@check
def ordering():
    topic, subscription = make("ordered", enable_message_ordering=True)
    for i in range(5):
        publish(topic, (f"a{i}", "a", {}))
        publish(topic, (f"b{i}", "b", {}))
    order = {"a": [], "b": []}
    end = time.monotonic() + PATIENCE
    while sum(len(one) for one in order.values()) < 10:
        assert time.monotonic() < end, order
        got = pull(subscription, 1, at_most=10)
        for one in got:
            order[one.message.ordering_key].append(one.message.data.decode())
        ack(subscription, got)
    equal(order, {"a": [f"a{i}" for i in range(5)], "b": [f"b{i}" for i in range(5)]})


@check
def order_after_a_nack():
    differs("the emulator redelivers the one message and not those after it", order_is_kept)


def order_is_kept():
    topic, subscription = make("ordered-nack", enable_message_ordering=True)
    for i in range(4):
        publish(topic, (str(i), "k", {}))
    seen = []

    def callback(message):
        seen.append(message.data.decode())
        # The second one fails at first: it and all after it come again, in order.
        if message.data == b"1" and seen.count("1") == 1:
            message.nack()
        else:
            message.ack()

    with pubsub_v1.SubscriberClient() as subscriber:
        future = subscriber.subscribe(subscription, callback=callback)
        end = time.monotonic() + 20
        try:
            while seen[-3:] != ["1", "2", "3"] or seen.count("1") < 2:
                assert time.monotonic() < end, seen
                time.sleep(0.05)
        finally:
            future.cancel()
            future.result(timeout=PATIENCE)
    again = seen[len(seen) - 1 - seen[::-1].index("1") :]
    equal(again, ["1", "2", "3"], str(seen))
    nothing(subscription)


@check
def dead_letters():
    dead, dead_subscription = make("dead")
    topic, subscription = make(
        "dying", dead_letter_policy={"dead_letter_topic": dead, "max_delivery_attempts": 5}
    )
    (published,) = publish(topic, ("x", "", {"k": "v"}))
    for attempt in range(1, 6):
        got = pull(subscription, 1)
        equal(got[0].delivery_attempt, attempt)
        nack(subscription, got)
    # The emulator moves it when it would deliver it for the sixth time.
    nothing(subscription)
    moved = pull(dead_subscription, 1)[0].message
    equal((moved.data, moved.attributes["k"]), (b"x", "v"))
    equal(moved.attributes["CloudPubSubDeadLetterSourceDeliveryCount"], "5")
    equal(moved.attributes["CloudPubSubDeadLetterSourceSubscription"], "dying")
    equal(moved.attributes["CloudPubSubDeadLetterSourceSubscriptionProject"], PROJECT_PATH.split("/")[1])
    assert "CloudPubSubDeadLetterSourceTopicPublishTime" in moved.attributes
    nothing(subscription)


@check
def backoff():
    def waits():
        topic, subscription = make(
            "backoff",
            retry_policy={
                "minimum_backoff": duration_pb2.Duration(seconds=2),
                "maximum_backoff": duration_pb2.Duration(seconds=4),
            },
        )
        publish(topic, "x")
        nack(subscription, pull(subscription, 1))
        for least in [2, 4, 4]:
            since = time.monotonic()
            got = pull(subscription, 1)
            passed = time.monotonic() - since
            assert least - 0.5 <= passed < least + 3, f"{passed} for {least}"
            nack(subscription, got)

    differs("the emulator does not wait", waits)


@check
def filters():
    def filtered():
        topic, subscription = make("filtered", filter='attributes.kind = "a" AND NOT hasPrefix(attributes.to, "x")')
        publish(topic, ("1", "", {"kind": "a"}), ("2", "", {"kind": "b"}), ("3", "", {"kind": "a", "to": "xy"}), "4")
        got = pull(subscription, 1, at_most=10)
        equal(texts(got), ["1"])
        ack(subscription, got)
        nothing(subscription)

    differs("the emulator does not filter", filtered)


@check
def seek_to_a_snapshot():
    topic, subscription = make("sought", retain_acked_messages=True)
    publish(topic, "one", "two")
    first = pull(subscription, 2)
    ack(subscription, [one for one in first if one.message.data == b"one"])
    SUBSCRIBER.create_snapshot(request={"name": snapshot_path("sought"), "subscription": subscription})
    ack(subscription, first)
    publish(topic, "three")
    ack(subscription, pull(subscription, 1))
    nothing(subscription)
    SUBSCRIBER.seek(request={"subscription": subscription, "snapshot": snapshot_path("sought")})
    got = pull(subscription, 2)
    equal(sorted(texts(got)), ["three", "two"])
    ack(subscription, got)
    nothing(subscription)


@check
def seek_to_a_time():
    topic, subscription = make("replayed", retain_acked_messages=True)
    publish(topic, "one")
    ack(subscription, pull(subscription, 1))
    time.sleep(0.1)
    middle = datetime.datetime.now(datetime.timezone.utc)
    time.sleep(0.1)
    publish(topic, "two")
    ack(subscription, pull(subscription, 1))
    nothing(subscription)
    SUBSCRIBER.seek(request={"subscription": subscription, "time": middle})
    equal(texts(pull(subscription, 1)), ["two"])
    SUBSCRIBER.seek(request={"subscription": subscription, "time": middle - datetime.timedelta(minutes=1)})
    equal(sorted(texts(pull(subscription, 2))), ["one", "two"])
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
    SUBSCRIBER.seek(request={"subscription": subscription, "time": later})
    nothing(subscription)


@check
def schemas():
    schema = SCHEMAS.create_schema(
        request={
            "parent": PROJECT_PATH,
            "schema_id": "of-messages",
            "schema": {
                "type_": types.Schema.Type.AVRO,
                "definition": '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}',
            },
        }
    )
    topic, subscription = topic_path("typed"), subscription_path("typed")
    settings = {"schema": schema.name, "encoding": types.Encoding.JSON}
    PUBLISHER.create_topic(request={"name": topic, "schema_settings": settings})
    SUBSCRIBER.create_subscription(request={"name": subscription, "topic": topic})
    with raises(exceptions.NotFound):
        PUBLISHER.create_topic(
            request={
                "name": topic_path("typed-none"),
                "schema_settings": {**settings, "schema": f"{PROJECT_PATH}/schemas/none"},
            }
        )
    publish(topic, '{"a": "x"}')
    for wrong in ['{"a": 1}', "{}", "x"]:
        with raises(exceptions.InvalidArgument):
            publish(topic, '{"a": "y"}', wrong)
    equal(texts(pull(subscription, 1, at_most=10)), ['{"a": "x"}'])
    SCHEMAS.delete_schema(request={"name": schema.name})
    equal(PUBLISHER.get_topic(request={"topic": topic}).schema_settings.schema, "_deleted-schema_")


@check
def exactly_once():
    topic, subscription = make("once", enable_exactly_once_delivery=True)
    publish(topic, *[str(i) for i in range(20)])
    outcomes, done = {}, threading.Event()

    def callback(message):
        outcomes[message.data] = message.ack_with_response()
        if len(outcomes) == 20:
            done.set()

    with pubsub_v1.SubscriberClient() as subscriber:
        future = subscriber.subscribe(subscription, callback=callback)
        assert done.wait(PATIENCE), outcomes
        for outcome in outcomes.values():
            equal(outcome.result(timeout=PATIENCE), subscriber_exceptions.AcknowledgeStatus.SUCCESS)
        future.cancel()
        future.result(timeout=PATIENCE)
    nothing(subscription)


def refused(subscription, received):
    """Acknowledging is refused, in the words of exactly-once delivery."""
    try:
        ack(subscription, received)
    except exceptions.InvalidArgument as error:
        (info,) = [detail for detail in error.details if hasattr(detail, "reason")]
        equal(info.reason, "EXACTLY_ONCE_ACKID_FAILURE")
        equal(dict(info.metadata), {one.ack_id: "PERMANENT_FAILURE_INVALID_ACK_ID" for one in received})
    else:
        raise AssertionError("an ack id that is not valid any more was taken")


@check
def acknowledgements_of_earlier_deliveries_are_refused():
    topic, subscription = make("once-late", enable_exactly_once_delivery=True, ack_deadline_seconds=10)
    publish(topic, "x")
    first = pull(subscription, 1)
    second = pull(subscription, 1)
    equal(texts(second), ["x"])
    refused(subscription, first)
    ack(subscription, second)
    nothing(subscription)


@check
def acknowledgements_after_the_deadline_are_refused():
    def late():
        topic, subscription = make("once-expired", enable_exactly_once_delivery=True, ack_deadline_seconds=10)
        publish(topic, "x")
        got = pull(subscription, 1)
        time.sleep(11)
        refused(subscription, got)

    differs("the emulator takes an acknowledgement until the message was delivered again", late)


if __name__ == "__main__":
    main()
