"""Google's Python subscriber, merely receiving: acknowledges so many messages and does nothing else.

receive.py SUBSCRIPTION COUNT; the endpoint in PUBSUB_EMULATOR_HOST. Prints one JSON object; times are from the first message on.
"""

import json
import os
import sys
import threading
import time

from google.cloud import pubsub_v1

subscription, count = sys.argv[1], int(sys.argv[2])
lock = threading.Lock()
received = 0
began = None
ended = threading.Event()


def receive(message):
    global received, began
    message.ack()
    with lock:
        if began is None:
            began = (time.monotonic(), time.process_time())
        received += 1
        if received == count:
            ended.set()


subscriber = pubsub_v1.SubscriberClient()
flow = pubsub_v1.types.FlowControl(max_messages=20_000, max_bytes=96 << 20)
pull = subscriber.subscribe(subscription, receive, flow_control=flow)
if not ended.wait(600):
    sys.exit(f"{received} of {count} messages came within ten minutes")
seconds, cpu = time.monotonic() - began[0], time.process_time() - began[1]
print(json.dumps({"events": count, "events_per_second": count / seconds, "cpu_seconds": cpu}))
sys.stdout.flush()
# Closing waits for acknowledgements that nobody counts.


os._exit(0)
