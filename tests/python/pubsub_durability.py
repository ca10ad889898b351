"""Publishes and acknowledges while the local cloud is killed and restarted; each message of which the publisher was told that
it is stored must arrive.

pubsub_durability.py URL local JOURNAL TOTAL: a line is added to JOURNAL for each message that was acknowledged to the
publisher; ends after TOTAL of them.
"""

import sys
import threading
import time

from google.api_core import exceptions
from google.cloud import pubsub_v1

from pubsub_server import PUBLISHER, SUBSCRIBER, subscription_path, topic_path

JOURNAL, TOTAL = open(sys.argv[3], "a"), int(sys.argv[4])
BATCH = 10
TOPIC, SUBSCRIPTION = topic_path("durable"), subscription_path("durable")
LOCK = threading.Lock()
SEEN = {"interrupted": 0}


def publisher(worker, count):
    for first in range(0, count, BATCH):
        names = [f"{worker}-{first + i}" for i in range(BATCH)]
        since = time.monotonic()
        while True:
            try:
                messages = [{"data": name.encode()} for name in names]
                # Without the client's own patience: what it hides should be seen.
                PUBLISHER.api.publish(request={"topic": TOPIC, "messages": messages}, retry=None, timeout=5)
                break
            except (exceptions.GoogleAPICallError, exceptions.RetryError):
                with LOCK:
                    SEEN["interrupted"] += 1
                assert time.monotonic() - since < 60, "the server does not come back"
                time.sleep(0.02)
        with LOCK:
            JOURNAL.write("".join(f"{name}\n" for name in names))
            JOURNAL.flush()
        time.sleep(0.005)


def main():
    PUBLISHER.create_topic(request={"name": TOPIC})
    SUBSCRIBER.create_subscription(request={"name": SUBSCRIPTION, "topic": TOPIC})
    received = set()

    def callback(message):
        with LOCK:
            received.add(message.data.decode())
        message.ack()

    workers = [threading.Thread(target=publisher, args=(name, TOTAL // 4)) for name in "abcd"]
    with pubsub_v1.SubscriberClient() as subscriber:
        future = subscriber.subscribe(SUBSCRIPTION, callback=callback)
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        acknowledged = set(open(sys.argv[3]).read().split())
        assert len(acknowledged) == TOTAL // 4 // BATCH * BATCH * 4, len(acknowledged)
        end = time.monotonic() + 60
        while not acknowledged <= received:
            assert future.running(), future.exception()
            missing = acknowledged - received
            assert time.monotonic() < end, f"{len(missing)} messages are lost: {sorted(missing)[:10]}"
            time.sleep(0.1)
        future.cancel()
        future.result(timeout=30)
    print(f"{len(acknowledged)} messages arrived; {SEEN['interrupted']} calls were interrupted")


if __name__ == "__main__":
    main()
