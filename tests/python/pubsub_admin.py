"""google-cloud-pubsub against a Pub/Sub: topics, subscriptions, snapshots, schemas. See pubsub_server.py."""

import datetime

from google.api_core import exceptions
from google.protobuf import duration_pb2, field_mask_pb2
from google.pubsub_v1 import types

from checks import check, equal, main, raises
from pubsub_server import (
    PROJECT_PATH,
    PUBLISHER,
    SCHEMAS,
    SUBSCRIBER,
    differs,
    schema_path,
    snapshot_path,
    subscription_path,
    topic_path,
)

AVRO = '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}%s]}'
OPTIONAL = ', {"name": "b", "type": ["null", "int"], "default": null}'


def seconds(n):
    return duration_pb2.Duration(seconds=n)


@check
def topics():
    name = topic_path("topics-one")
    made = PUBLISHER.create_topic(request={"name": name, "labels": {"a": "b"}})
    equal((made.name, dict(made.labels)), (name, {"a": "b"}))
    with raises(exceptions.AlreadyExists, "already exists"):
        PUBLISHER.create_topic(request={"name": name})
    PUBLISHER.create_topic(request={"name": topic_path("topics-two")})
    listed = [topic.name for topic in PUBLISHER.list_topics(request={"project": PROJECT_PATH, "page_size": 1})]
    equal([n for n in listed if "topics-" in n], [name, topic_path("topics-two")])
    kept = PUBLISHER.update_topic(
        request={
            "topic": {"name": name, "message_retention_duration": seconds(86400)},
            "update_mask": field_mask_pb2.FieldMask(paths=["message_retention_duration"]),
        }
    )
    equal((kept.message_retention_duration.total_seconds(), dict(kept.labels)), (86400.0, {"a": "b"}))
    PUBLISHER.delete_topic(request={"topic": topic_path("topics-two")})
    for call in [PUBLISHER.get_topic, PUBLISHER.delete_topic]:
        with raises(exceptions.NotFound, "not found"):
            call(request={"topic": topic_path("topics-two")})


@check
def names():
    for wrong in ["ab", "1abc", "goog-x", "sp ace", "a" * 256, "a/b"]:
        with raises(exceptions.InvalidArgument, "invalid", "name"):
            PUBLISHER.create_topic(request={"name": topic_path(wrong)})
        with raises(exceptions.InvalidArgument, "invalid", "name"):
            SUBSCRIBER.create_subscription(
                request={"name": subscription_path(wrong), "topic": topic_path("topics-one")}
            )


@check
def topic_masks():
    name = topic_path("topics-one")
    for paths, text in [([], "must be set"), (["bogus"], "bogus is not a known Topic field")]:
        with raises(exceptions.InvalidArgument, text):
            PUBLISHER.update_topic(
                request={"topic": {"name": name}, "update_mask": field_mask_pb2.FieldMask(paths=paths)}
            )
    with raises(exceptions.InvalidArgument, "message_retention_duration"):
        PUBLISHER.create_topic(
            request={"name": topic_path("topics-short"), "message_retention_duration": seconds(5)}
        )


@check
def topic_labels_can_be_changed():
    def change():
        changed = PUBLISHER.update_topic(
            request={
                "topic": {"name": topic_path("topics-one"), "labels": {"c": "d"}},
                "update_mask": field_mask_pb2.FieldMask(paths=["labels"]),
            }
        )
        equal(dict(changed.labels), {"c": "d"})

    differs("the emulator does not change a topic's labels", change)


@check
def subscriptions():
    topic = topic_path("subs-topic")
    PUBLISHER.create_topic(request={"name": topic})
    name = subscription_path("subs-one")
    made = SUBSCRIBER.create_subscription(request={"name": name, "topic": topic})
    equal((made.name, made.topic, made.ack_deadline_seconds), (name, topic, 10))
    equal(made.message_retention_duration.total_seconds(), 604800.0)
    with raises(exceptions.AlreadyExists, "already exists"):
        SUBSCRIBER.create_subscription(request={"name": name, "topic": topic})
    with raises(exceptions.NotFound):
        SUBSCRIBER.create_subscription(request={"name": subscription_path("subs-x"), "topic": topic_path("none")})
    full = SUBSCRIBER.create_subscription(
        request={
            "name": subscription_path("subs-full"),
            "topic": topic,
            "ack_deadline_seconds": 60,
            "retain_acked_messages": True,
            "message_retention_duration": seconds(3600),
            "labels": {"a": "b"},
            "enable_message_ordering": True,
            "filter": 'attributes.kind = "x"',
            "dead_letter_policy": {"dead_letter_topic": topic},
            "retry_policy": {},
            "expiration_policy": {},
        }
    )
    equal(full.dead_letter_policy.max_delivery_attempts, 5)
    retry = full.retry_policy
    equal((retry.minimum_backoff.total_seconds(), retry.maximum_backoff.total_seconds()), (10.0, 600.0))
    equal((full.filter, full.enable_message_ordering), ('attributes.kind = "x"', True))
    assert "ttl" not in full.expiration_policy
    attached = PUBLISHER.list_topic_subscriptions(request={"topic": topic, "page_size": 1})
    equal(sorted(attached), [subscription_path("subs-full"), name])
    changed = SUBSCRIBER.update_subscription(
        request={
            "subscription": {"name": name, "ack_deadline_seconds": 20},
            "update_mask": field_mask_pb2.FieldMask(paths=["ack_deadline_seconds"]),
        }
    )
    equal(changed.ack_deadline_seconds, 20)
    for paths, text in [
        ([], "must be set"),
        (["bogus"], "bogus is not a known Subscription field"),
        (["topic"], "topic field in the Subscription is not mutable"),
        (["enable_message_ordering"], "enable_message_ordering field in the Subscription is not mutable"),
    ]:
        with raises(exceptions.InvalidArgument, text):
            SUBSCRIBER.update_subscription(
                request={"subscription": {"name": name}, "update_mask": field_mask_pb2.FieldMask(paths=paths)}
            )
    SUBSCRIBER.modify_push_config(request={"subscription": subscription_path("subs-full"), "push_config": {}})
    SUBSCRIBER.delete_subscription(request={"subscription": subscription_path("subs-full")})
    for call in [SUBSCRIBER.get_subscription, SUBSCRIBER.delete_subscription]:
        with raises(exceptions.NotFound):
            call(request={"subscription": subscription_path("subs-full")})


@check
def subscription_bounds():
    topic = topic_path("subs-topic")
    for kind, settings in [
        (exceptions.InvalidArgument, {"ack_deadline_seconds": 601}),
        (exceptions.InvalidArgument, {"ack_deadline_seconds": -1}),
        (exceptions.InvalidArgument, {"message_retention_duration": seconds(5)}),
        (exceptions.InvalidArgument, {"message_retention_duration": seconds(32 * 86400)}),
        (exceptions.InvalidArgument, {"retry_policy": {"minimum_backoff": seconds(700)}}),
        (
            exceptions.InvalidArgument,
            {"retry_policy": {"minimum_backoff": seconds(100), "maximum_backoff": seconds(50)}},
        ),
        (exceptions.OutOfRange, {"dead_letter_policy": {"dead_letter_topic": topic, "max_delivery_attempts": 4}}),
        (exceptions.OutOfRange, {"dead_letter_policy": {"dead_letter_topic": topic, "max_delivery_attempts": 101}}),
        (exceptions.NotFound, {"dead_letter_policy": {"dead_letter_topic": topic_path("none")}}),
        (exceptions.InvalidArgument, {"push_config": {"push_endpoint": "ftp://x"}}),
    ]:
        with raises(kind):
            SUBSCRIBER.create_subscription(
                request={"name": subscription_path("subs-bounds"), "topic": topic, **settings}
            )


@check
def subscription_bounds_of_google():
    def create(settings):
        def call():
            with raises(exceptions.InvalidArgument):
                SUBSCRIBER.create_subscription(
                    request={
                        "name": subscription_path(f"subs-{next(iter(settings))}"),
                        "topic": topic_path("subs-topic"),
                        **settings,
                    }
                )

        return call

    differs("the emulator takes deadlines under 10 s", create({"ack_deadline_seconds": 5}))
    differs("the emulator takes any expiration", create({"expiration_policy": {"ttl": seconds(5)}}))
    differs("the emulator takes any filter", create({"filter": "bogus ==="}))


@check
def subscription_state():
    def state():
        shown = SUBSCRIBER.get_subscription(request={"subscription": subscription_path("subs-one")})
        equal(shown.state, types.Subscription.State.ACTIVE)
        equal(shown.expiration_policy.ttl.total_seconds(), 31 * 86400.0)

    differs("the emulator shows neither state nor default expiration", state)


@check
def deleted_topic():
    topic, name = topic_path("short-lived"), subscription_path("orphan")
    PUBLISHER.create_topic(request={"name": topic})
    SUBSCRIBER.create_subscription(request={"name": name, "topic": topic})
    PUBLISHER.delete_topic(request={"topic": topic})
    equal(SUBSCRIBER.get_subscription(request={"subscription": name}).topic, "_deleted-topic_")
    PUBLISHER.create_topic(request={"name": topic})
    equal(SUBSCRIBER.get_subscription(request={"subscription": name}).topic, "_deleted-topic_")
    equal(list(PUBLISHER.list_topic_subscriptions(request={"topic": topic})), [])


@check
def snapshots():
    topic, subscription, name = topic_path("snap-topic"), subscription_path("snap-sub"), snapshot_path("snap-one")
    PUBLISHER.create_topic(request={"name": topic})
    SUBSCRIBER.create_subscription(request={"name": subscription, "topic": topic})
    made = SUBSCRIBER.create_snapshot(request={"name": name, "subscription": subscription})
    equal((made.name, made.topic), (name, topic))
    left = made.expire_time - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(days=6, hours=23) < left <= datetime.timedelta(days=7), left
    with raises(exceptions.AlreadyExists):
        SUBSCRIBER.create_snapshot(request={"name": name, "subscription": subscription})
    with raises(exceptions.NotFound):
        SUBSCRIBER.create_snapshot(
            request={"name": snapshot_path("snap-two"), "subscription": subscription_path("none")}
        )
    equal(SUBSCRIBER.get_snapshot(request={"snapshot": name}).topic, topic)
    listed = [one.name for one in SUBSCRIBER.list_snapshots(request={"project": PROJECT_PATH})]
    equal(listed, [name])
    equal(list(PUBLISHER.list_topic_snapshots(request={"topic": topic})), [name])
    with raises(exceptions.NotFound):
        SUBSCRIBER.seek(request={"subscription": subscription, "snapshot": snapshot_path("none")})
    SUBSCRIBER.delete_snapshot(request={"snapshot": name})
    with raises(exceptions.NotFound):
        SUBSCRIBER.get_snapshot(request={"snapshot": name})


@check
def snapshots_can_be_changed():
    def change():
        name, subscription = snapshot_path("snap-labels"), subscription_path("snap-sub")
        SUBSCRIBER.create_snapshot(request={"name": name, "subscription": subscription})
        changed = SUBSCRIBER.update_snapshot(
            request={
                "snapshot": {"name": name, "labels": {"a": "b"}},
                "update_mask": field_mask_pb2.FieldMask(paths=["labels"]),
            }
        )
        equal(dict(changed.labels), {"a": "b"})

    differs("the emulator has no UpdateSnapshot", change)


@check
def schemas():
    name = schema_path("schema-one")

    def create(schema_id, definition, kind=types.Schema.Type.AVRO):
        return SCHEMAS.create_schema(
            request={
                "parent": PROJECT_PATH,
                "schema_id": schema_id,
                "schema": {"type_": kind, "definition": definition},
            }
        )

    made = create("schema-one", AVRO % "")
    equal((made.name, len(made.revision_id)), (name, 8))
    with raises(exceptions.AlreadyExists):
        create("schema-one", AVRO % "")
    for definition in ["", "nonsense", '{"type": "record"}']:
        with raises(exceptions.InvalidArgument, "parse"):
            create("schema-bad", definition)
        with raises(exceptions.InvalidArgument, "parse"):
            SCHEMAS.validate_schema(
                request={
                    "parent": PROJECT_PATH,
                    "schema": {"type_": types.Schema.Type.AVRO, "definition": definition},
                }
            )
    committed = SCHEMAS.commit_schema(
        request={
            "name": name,
            "schema": {"name": name, "type_": types.Schema.Type.AVRO, "definition": AVRO % OPTIONAL},
        }
    )
    assert committed.revision_id != made.revision_id
    revisions = {
        one.revision_id for one in SCHEMAS.list_schema_revisions(request={"name": name, "view": "FULL"})
    }
    equal(revisions, {made.revision_id, committed.revision_id})
    equal(SCHEMAS.get_schema(request={"name": f"{name}@{made.revision_id}"}).definition, AVRO % "")
    equal(SCHEMAS.get_schema(request={"name": name}).definition, AVRO % OPTIONAL)
    equal(SCHEMAS.get_schema(request={"name": name, "view": "BASIC"}).definition, "")
    back = SCHEMAS.rollback_schema(request={"name": name, "revision_id": made.revision_id})
    equal(back.definition, AVRO % "")
    with raises(exceptions.NotFound):
        SCHEMAS.rollback_schema(request={"name": name, "revision_id": "00000000"})
    SCHEMAS.delete_schema_revision(request={"name": f"{name}@{committed.revision_id}"})
    with raises(exceptions.NotFound):
        SCHEMAS.delete_schema_revision(request={"name": f"{name}@{committed.revision_id}"})
    for message, good in [(b'{"a": "x"}', True), (b'{"a": 1}', False), (b"{}", False), (b"", False)]:
        request = {"parent": PROJECT_PATH, "name": name, "message": message, "encoding": types.Encoding.JSON}
        if good:
            SCHEMAS.validate_message(request=request)
        else:
            with raises(exceptions.InvalidArgument):
                SCHEMAS.validate_message(request=request)
    equal([one.name for one in SCHEMAS.list_schemas(request={"parent": PROJECT_PATH})], [name])
    SCHEMAS.delete_schema(request={"name": name})
    with raises(exceptions.NotFound):
        SCHEMAS.get_schema(request={"name": name})


@check
def incompatible_revisions_are_refused():
    def commit():
        name = schema_path("schema-strict")
        avro = types.Schema.Type.AVRO
        SCHEMAS.create_schema(
            request={
                "parent": PROJECT_PATH,
                "schema_id": "schema-strict",
                "schema": {"type_": avro, "definition": AVRO % ""},
            }
        )
        with raises(exceptions.InvalidArgument):
            SCHEMAS.commit_schema(
                request={
                    "name": name,
                    "schema": {"name": name, "type_": avro, "definition": (AVRO % "").replace('"string"', '"int"')},
                }
            )

    differs("the emulator commits any revision", commit)


@check
def protocol_buffers():
    def create():
        made = SCHEMAS.create_schema(
            request={
                "parent": PROJECT_PATH,
                "schema_id": "schema-proto",
                "schema": {
                    "type_": types.Schema.Type.PROTOCOL_BUFFER,
                    "definition": 'syntax = "proto3"; message M { string a = 1; }',
                },
            }
        )
        message = {"parent": PROJECT_PATH, "name": made.name, "encoding": types.Encoding.BINARY}
        SCHEMAS.validate_message(request={**message, "message": b"\x0a\x01x"})
        with raises(exceptions.InvalidArgument):
            SCHEMAS.validate_message(request={**message, "message": b"\x0a\x05x"})

    differs("the emulator has no protocol buffers", create)


@check
def policies():
    def policy():
        name = topic_path("topics-one")
        read = PUBLISHER.get_iam_policy(request={"resource": name})
        read.bindings.add(role="roles/pubsub.publisher", members=["user:a@example.com"])
        written = PUBLISHER.set_iam_policy(request={"resource": name, "policy": read})
        equal(written.bindings[0].role, "roles/pubsub.publisher")
        with raises(exceptions.Aborted):
            PUBLISHER.set_iam_policy(request={"resource": name, "policy": read})
        allowed = PUBLISHER.test_iam_permissions(
            request={"resource": name, "permissions": ["pubsub.topics.publish"]}
        )
        equal(list(allowed.permissions), ["pubsub.topics.publish"])
        with raises(exceptions.NotFound):
            PUBLISHER.get_iam_policy(request={"resource": topic_path("none")})

    differs("the emulator has no policies", policy)


@check
def detached():
    def detach():
        name = subscription_path("subs-one")
        PUBLISHER.detach_subscription(request={"subscription": name})
        assert SUBSCRIBER.get_subscription(request={"subscription": name}).detached
        with raises(exceptions.FailedPrecondition):
            SUBSCRIBER.pull(request={"subscription": name, "max_messages": 1})

    differs("the emulator does not detach", detach)


if __name__ == "__main__":
    main()
