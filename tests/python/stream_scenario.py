"""The scenario salesforce-cdc once it is applied: changes are made in the org until so many events have told them, and when all of
them have arrived, both tables of every entity are compared with the org (`stream_tables`).

    stream_scenario.py ORG CLOUD PROJECT DATASET POSITION EVENTS SOFT

POSITION: `BUCKET/OBJECT` where the bridge keeps its position. SOFT: the entities whose deleted records stay, by commas. All
differences are counted, the first are shown, and any ends this with 1.
"""

import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from eventbus import control
from stream_tables import Differences, Tables, compare, entities, export, history

CLOUD, PROJECT, DATASET, POSITION, EVENTS, SOFT = sys.argv[2:]
ENTITIES = entities()
BURST = 2_000
PATIENCE = 300
STALL = 120
SAY_EVERY = 10

TABLES = Tables(CLOUD, PROJECT, DATASET)


def cell(sql):
    return next(iter(TABLES.client.query_and_wait(sql)))[0]


def table(name):
    return f"`{PROJECT}.{DATASET}.{name}`"


def positions():
    """How many channels the bridge has a position in."""
    bucket, _, name = POSITION.partition("/")
    url = f"{CLOUD}/storage/v1/b/{bucket}/o/{urllib.parse.quote(name, safe='')}?alt=media"
    try:
        with urllib.request.urlopen(url) as answer:
            return len(json.load(answer)["feeds"])
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return 0


def wait(what, holds):
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, f"{what}: not within {PATIENCE} s"
        time.sleep(0.5)


def told():
    return control("events", {})["events"]


def arrived():
    """The changes in all changelogs, without the snapshots."""
    counts = (f"SELECT COUNT(*) AS n FROM {table(entity + '_changes')} WHERE _commit_number > 0" for entity in ENTITIES)
    return cell(f"SELECT SUM(n) FROM ({' UNION ALL '.join(counts)})")


def behind(entity):
    """The records that the current table does not have as the changelog says."""
    return cell(
        f"""WITH last AS (
            SELECT * FROM {table(entity + '_changes')}
            QUALIFY ROW_NUMBER() OVER (PARTITION BY _record_id ORDER BY _commit_number DESC, _sequence_number DESC) = 1)
        SELECT COUNT(*) FROM last LEFT JOIN {table(entity)} AS now ON now._record_id = last._record_id
        WHERE IF(last._operation = 'DELETE', NOT IFNULL(now._deleted, TRUE),
            now._commit_number IS NULL OR now._commit_number != last._commit_number
            OR now._sequence_number != last._sequence_number)"""
    )


def churn():
    """Changes in all entities until enough events have told them."""
    begun, seed, first = time.monotonic(), 0, told()
    over = threading.Event()

    def say():
        while not over.wait(SAY_EVERY):
            events, changes = told() - first, arrived()
            print(f"    {time.monotonic() - begun:4.0f} s: {events:>9,} events told, {changes:>9,} changes arrived", flush=True)

    saying = threading.Thread(target=say, daemon=True)
    saying.start()
    while (done := told() - first) < int(EVENTS):
        seed += 1
        size = min(BURST, int(EVENTS) - done)
        part = lambda percent: size * percent // 100
        kinds = {"inserts": part(10), "deletes": part(3), "undeletes": part(2)}
        control("churn", {**kinds, "updates": max(1, size - sum(kinds.values())), "seed": seed})
    over.set()
    saying.join()
    return begun


def settle(begun, expected):
    """Waits until so many changes have arrived and the current tables have them all."""
    last, since, said = -1, time.monotonic(), 0
    while True:
        count, now = arrived(), time.monotonic()
        if count != last:
            last, since = count, now
        if count >= expected and not any(behind(entity) for entity in ENTITIES):
            return
        assert now - since < STALL, f"only {count:,} of {expected:,} changes have arrived, and no more come"
        if now - said > SAY_EVERY:
            said = now
            print(f"    {now - begun:4.0f} s: {count:>9,} of {expected:,} changes arrived", flush=True)
        time.sleep(0.5)


def verify(baseline, changes):
    differ = Differences()
    line = "{:<22}{:>10}{:>12}{:>10}{:>10}{:>13}".format
    print(line("entity", "changes", "changelog", "snapshot", "current", "differences"))
    totals = [0] * 5
    for entity in sorted(baseline):
        before = differ.count
        of = changes.pop(entity, {})
        soft = entity in SOFT.split(",")
        figures = [sum(map(len, of.values())), *compare(TABLES, entity, baseline[entity], of, soft, differ), differ.count - before]
        totals = [a + b for a, b in zip(totals, figures)]
        print(line(entity, *figures), flush=True)
    print(line("all", *totals))
    assert not changes, f"the org told of {sorted(changes)}, which are not in the stream"
    return differ.count


def main():
    baseline = {entity: export(entity) for entity in ENTITIES}
    print("==> waiting until the stream has noted where each entity's events stand", flush=True)
    wait("the stream's positions", lambda: positions() == len(ENTITIES))
    print(f"==> {int(EVENTS):,} change events over {len(ENTITIES)} entities, while the snapshot is read", flush=True)
    begun = churn()
    print(f"    {time.monotonic() - begun:4.0f} s: all told; reading them, as a client of the org", flush=True)
    changes, events = history()
    told_of = sum(len(of) for records in changes.values() for of in records.values())
    settle(begun, told_of)
    seconds = time.monotonic() - begun
    print(f"    {seconds:4.0f} s: all of {events:,} events, which tell {told_of:,} changes, are in both tables", flush=True)
    print("==> comparing both tables with the org's history and state", flush=True)
    differences = verify(baseline, changes)
    print(f"{events:,} events, {told_of:,} changes, {differences:,} differences", flush=True)
    if differences or events < int(EVENTS):
        sys.exit(1)


main()
