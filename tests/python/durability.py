"""Uploads objects while the local cloud is killed and restarted, then looks whether each that was acknowledged is whole.

durability.py URL JOURNAL TOTAL: a line is added to JOURNAL for each acknowledged upload; ends after TOTAL of them.
"""

import concurrent.futures
import hashlib
import io
import os
import sys
import threading
import time

os.environ["STORAGE_EMULATOR_HOST"] = sys.argv[1]

import requests
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from checks import PROJECT

JOURNAL, TOTAL = open(sys.argv[2], "a"), int(sys.argv[3])
WORKERS = 4
# Simple, multipart and resumable uploads (chunks of 256 KiB).
SIZES = [0, 700, 30_000, 300_000, 900_000]
SEEN = {"interrupted": 0}
LOCK = threading.Lock()


def content(name, size):
    block = hashlib.sha256(name.encode()).digest()
    return b"".join(hashlib.sha256(block + i.to_bytes(4, "big")).digest() for i in range(size // 32 + 1))[:size]


def patiently(attempt):
    """Until it is acknowledged: a server that is away shows as a broken or refused connection."""
    since = time.monotonic()
    while True:
        try:
            return attempt()
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError, exceptions.RetryError):
            with LOCK:
                SEEN["interrupted"] += 1
            assert time.monotonic() - since < 60, "the server does not come back"
            time.sleep(0.05)
        except exceptions.NotFound as error:
            # A session of a resumable upload that the killed server had not yet stored: begin anew.
            assert "upload" in str(error).lower(), error


def acknowledged(line):
    with LOCK:
        JOURNAL.write(line + "\n")
        JOURNAL.flush()


def worker(index):
    client = storage.Client(project=PROJECT, credentials=AnonymousCredentials())
    bucket = client.bucket("durable")
    last = 0
    for i in range(TOTAL // WORKERS):
        size = SIZES[i % len(SIZES)]
        name = f"{index}/{i:04}-{size}"
        data = content(name, size)

        def upload():
            blob = bucket.blob(name, chunk_size=262_144 if size > 262_144 else None)
            blob.upload_from_file(io.BytesIO(data), size=size, retry=None, checksum="crc32c")

        patiently(upload)
        # An object that is overwritten again and again never goes back to what it was.
        counter = bucket.blob(f"counter-{index}")
        patiently(lambda: counter.upload_from_string(str(i), retry=None))
        now = int(patiently(lambda: counter.download_as_bytes(retry=None)))
        assert now >= i >= last, f"acknowledged {i}, read {now}"
        last = i
        acknowledged(name)
    return last


CLIENT = storage.Client(project=PROJECT, credentials=AnonymousCredentials())
CLIENT.create_bucket("durable", location="EU")
with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
    lasts = [future.result() for future in [pool.submit(worker, i) for i in range(WORKERS)]]

listed = {blob.name: blob for blob in CLIENT.list_blobs("durable")}
for index, last in enumerate(lasts):
    blob = listed.pop(f"counter-{index}")
    assert blob.download_as_bytes() == str(last).encode(), (blob.name, last)
expected = {f"{w}/{i:04}-{SIZES[i % len(SIZES)]}" for w in range(WORKERS) for i in range(TOTAL // WORKERS)}
assert set(listed) == expected, f"missing {sorted(expected - set(listed))}, unexpected {sorted(set(listed) - expected)}"
for name, blob in listed.items():
    size = int(name.rsplit("-", 1)[1])
    # The library compares the checksum as well.
    assert blob.size == size and blob.download_as_bytes() == content(name, size), f"{name} is not what was uploaded"
print(f"{len(listed)} objects are whole; {SEEN['interrupted']} calls were interrupted")
