"""Clients of the Pub/Sub that the first argument names, `http://HOST:PORT`, and what is known of the second, `local` or
`emulator`: the same checks run against the local cloud and against Google's emulator.

A check of something that the emulator does not do is written for what Google's documentation says and wrapped in
`differs`. Against the emulator it must fail: a difference that vanished is one to strike.
"""

import os
import sys

os.environ["PUBSUB_EMULATOR_HOST"] = sys.argv[1].removeprefix("http://")
KIND = sys.argv[2]
assert KIND in ("local", "emulator"), KIND

from google.cloud import pubsub_v1

from checks import PROJECT

PROJECT_PATH = f"projects/{PROJECT}"
PUBLISHER = pubsub_v1.PublisherClient()
SUBSCRIBER = pubsub_v1.SubscriberClient()
SCHEMAS = pubsub_v1.SchemaServiceClient()


def topic_path(name):
    return f"{PROJECT_PATH}/topics/{name}"


def subscription_path(name):
    return f"{PROJECT_PATH}/subscriptions/{name}"


def snapshot_path(name):
    return f"{PROJECT_PATH}/snapshots/{name}"


def schema_path(name):
    return f"{PROJECT_PATH}/schemas/{name}"


def differs(reason, call):
    """Runs a check that the emulator is known to fail, for the given reason."""
    if KIND != "emulator":
        call()
        return
    try:
        call()
    except Exception as error:
        print(f"known  {reason}: {type(error).__name__}")
        return
    raise AssertionError(f"the emulator passes this now, strike the known difference: {reason}")
