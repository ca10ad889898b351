"""The pipelines that streams on Dataflow are rendered as, executed by Apache Beam's own local runner, beside the runtime's
workers on the same messages: the changelogs, the current tables and the dead letters have to be the same.

The document in the lake is executed as it lies there, but for its ends in Pub/Sub, which are files: what the subscription holds,
and what would go to the dead letters. Decoding and writing are what Dataflow would execute; rows go to the local BigQuery.
"""

import base64
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import yaml

from checks import PROJECT, check, equal, main

URL, LAKE = sys.argv[1], sys.argv[2]
PATIENCE = 90
MESSAGES = 250


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def query(sql):
    answer = call("POST", f"/bigquery/v2/projects/{PROJECT}/queries", {"query": sql, "useLegacySql": False, "location": "EU"})
    assert answer["jobComplete"], answer
    assert "pageToken" not in answer, "the test has more rows than a page"
    names = [field["name"] for field in answer["schema"]["fields"]]
    return [dict(zip(names, (cell["v"] for cell in row["f"]))) for row in answer.get("rows", [])]


# Messages, as texts: Python's own JSON would not write all of what comes

GOOD = {
    "text": ['"x"', '"a\\"b\\u00fc"', '"\\ud83d\\ude00"', "12.50", "true", '{"a":  1, "b": [1, 2.50]}', '[1, "x" ]', "null", '""', "-0.0"],
    "flag": ["true", "false", '"true"', "null"],
    "count": ["9223372036854775807", "-9223372036854775808", "12.0", "1.2e1", '"42"', '"+7"', "null"],
    "ratio": ["1e-3", "0.1", '"2.5"', "12", "1E6", '".5"', "null"],
    "amount": ["12.50", "-0.25", '"012"', '"1."', '".5"', "1.5e3", "-1e-9", '"99999999999999999999999999999.999999999"', "1e-500", "null"],
    "exact": ["0.00000000000000000000000000000000000001", "12345678901234567890123456789012345678", "-1.50", "null"],
    "day": ['"2026-01-31"', '"2026-01-31T10:00:00Z"', "0", "20000", "-1", '"0001-01-01"', "null"],
    "clock": ['"13:05:00.000"', '"13:05:00.120Z"', '"23:59:59"', '"07:08"', "null"],
    "at": [
        '"2026-01-31T13:05:00.120Z"', '"1969-12-31T23:59:59Z"', '"2026-01-31T13:05:00.000+0000"', '"2026-01-31 13:05:00"',
        '"2026-01-31T13:05:00.123456+02:00"', '"2026-01-31T00:05:00-05:30"', "1769864700120", "-1", "null",
    ],
    "raw": ['"AAE="', '""', "null"],
}
BAD = {
    "flag": ["1", '"yes"', "{}"],
    "count": ["12.5", '"x"', "1e18", "true", '"9223372036854775808"'],
    "ratio": ['"x"', "[]", "false", '"1_000"', '" 1"'],
    "amount": ["123456789012345678901234567890", '"-"', "[]", '"1e"', '"1_0"'],
    "exact": ['"123456789012345678901234567890123456789"'],
    "day": ['"2026-02-30"', '"soon"', "1.5", "9999999", "true"],
    "clock": ['"25:00:00"', "5", '"noon"'],
    "at": ['"soon"', '"2026-02-30T13:05:00.120Z"', '"2026-01-31T24:05:00.120Z"', "99999999999999999", "1.5"],
    "raw": ['"!"', "7", '"AAE"'],
}


def fields(random, bad=0.005):
    # In any order, some twice, and some that no column is for.
    names = random.sample(sorted(GOOD), random.randint(0, len(GOOD)))
    if random.random() < 0.1 and names:
        names.append(names[0])
    out = []
    for name in names:
        values = BAD if random.random() < bad and name in BAD else GOOD
        out.append((name, random.choice(values[name])))
    if random.random() < 0.1:
        out.insert(0, ("unknown", '"?"'))
    return out


def document(members):
    return "{ " + ", ".join(f'"{name}":{value}' for name, value in members) + "}"


def mapping(random, n):
    operation = random.choice(["I", "U", "U", "X", "undelete", "SNAPSHOT"])
    meta = [("id", random.choice(["1", "2", '"two"', "7.50", "true", "4", '"ü"'])), ("op", json.dumps(operation))]
    meta += [("at", random.choice([str(n), json.dumps(f"2026-01-01T00:{n // 60 % 60:02}:{n % 60:02}.5Z")])), ("n", str(random.randint(0, 2)))]
    row = "null" if operation == "X" else document(fields(random))
    which = random.choice(["orders", "orders", "items"])
    return document([("meta", document(meta)), ("list", f'[0, {{"row": {row} }} ]'), ("what", json.dumps(which))])


def debezium(random, n):
    op = random.choice("crudu")
    row = [("id", str(random.randint(1, 9))), ("region", random.choice(['"eu"', '"u|s\\\\"']))]
    image = document(row + [(name, value) for name, value in fields(random) if name not in ("id", "region")])
    if op == "u" and random.random() < 0.2:
        image = document(row + [("text", '"__debezium_unavailable_value"'), ("count", "5")])
    source = random.choice([
        [("lsn", str(1000 + n)), ("txId", str(n))],
        [("file", f'"mysql-bin.{n % 3:06}"'), ("pos", str(n)), ("row", "1"), ("gtid", '"g:1"')],
        [("change_lsn", f'"00000027:{n:08x}:0002"'), ("event_serial_no", "2")],
        [("scn", f'"{n}"')],
    ])
    source += [("connector", '"c"'), ("table", random.choice(['"orders"', '"orders"', '"items"'])), ("ts_ms", str(1770000000000 + n))]
    before, after = (image, "null") if op == "d" else ("null", image)
    event = document([("op", f'"{op}"'), ("before", before), ("after", after), ("source", document(source))])
    return random.choice([event, document([("schema", "{}"), ("payload", event)])])


def salesforce(random, n):
    kind = random.choice(["CREATE", "UPDATE", "UPDATE", "DELETE", "UNDELETE", "SNAPSHOT", "GAP_UPDATE"])
    set_fields = [] if kind == "DELETE" else fields(random)
    members = [
        ("entity", random.choice(['"orders"', '"orders"', '"items"'])), ("recordId", f'"00{random.randint(1, 9)}"'),
        ("changeType", f'"{kind}"'), ("commitNumber", f'"{10985937854362 + n}"'), ("sequenceNumber", str(random.randint(1, 3))),
        ("commitTimestamp", '"2026-01-31T13:05:00.120Z"'), ("transactionKey", '"t-1"'), ("changeOrigin", '"com/x"'),
        ("nulledFields", json.dumps(random.sample(["text", "count", "day", "unknown"], random.randint(0, 2)))),
        ("fields", document(set_fields)),
    ]
    return document(members)


POISON = {
    "mapping": [
        "x", "[]", "{}", '{"what": "orders"}', '{"what":"orders","meta":{"id":1,"op":"?","at":1,"n":0},"list":[0,{"row":{}}]}',
        '{"what":"orders","meta":{"id":1,"op":"I","at":"yesterday","n":0},"list":[0,{"row":{}}]}',
        '{"what":"orders","meta":{"id":1,"op":"I","at":1,"n":0.5},"list":[0,{"row":{}}]}',
        '{"what":"orders","meta":{"id":null,"op":"I","at":1,"n":0},"list":[0,{"row":{}}]}',
        '{"what":"orders","meta":{"id":1,"op":"I","at":1,"n":0},"list":[0,{"row":7}]}',
        '{"what":"nobody","meta":{"id":1,"op":"I","at":1,"n":0},"list":[0,{"row":{}}]}', '{"a": NaN}',
    ],
    "debezium": [
        "{}", '{"op":"t","source":{"table":"orders"}}', '{"op":"z","source":{"table":"orders"}}', '{"op":"c","source":{}}',
        '{"op":"c","source":{"table":"orders"}}', '{"op":"c","after":{"id":1},"source":{"table":"orders","lsn":1}}',
        '{"op":"c","after":{"id":1,"region":"eu"},"source":{"table":"orders"}}', '{"op":"c","after":{},"source":{"table":"nobody"}}', "[1",
        "null", '{"op":"m"}',
    ],
    "salesforce": [
        "{}", "7", '{"entity":"orders"}',
        '{"entity":"orders","recordId":"","changeType":"CREATE","commitNumber":"1","sequenceNumber":1,"commitTimestamp":"2026-01-31T13:05:00Z"}',
        '{"entity":"orders","recordId":"1","changeType":"MERGE","commitNumber":"1","sequenceNumber":1,"commitTimestamp":"2026-01-31T13:05:00Z"}',
        '{"entity":"orders","recordId":"1","changeType":"CREATE","commitNumber":"x","sequenceNumber":1,"commitTimestamp":"2026-01-31T13:05:00Z"}',
        '{"entity":"orders","recordId":"1","changeType":"CREATE","commitNumber":"1","sequenceNumber":1,"commitTimestamp":"soon"}',
        '{"entity":"nobody","recordId":"1","changeType":"CREATE","commitNumber":"1","sequenceNumber":1,"commitTimestamp":"2026-01-31T13:05:00Z"}',
    ],
}
MAKERS = {"mapping": mapping, "debezium": debezium, "salesforce": salesforce}


def publish(format):
    chance = random.Random(f"{format} 1")
    texts = [MAKERS[format](chance, n) for n in range(MESSAGES)] + POISON[format]
    # Some come twice, and all in any order.
    texts += chance.sample(texts, 20)
    chance.shuffle(texts)
    messages = [{"data": base64.b64encode(text.encode()).decode(), "attributes": {"n": str(n)}} for n, text in enumerate(texts)]
    messages.append({"data": base64.b64encode(b"\xff\xfe").decode(), "attributes": {"n": "bytes"}})
    call("POST", f"/v1/projects/{PROJECT}/topics/{format}:publish", {"messages": messages})
    return len(messages)


def pull(subscription, count):
    name, found, since = f"/v1/projects/{PROJECT}/subscriptions/{subscription}", {}, time.monotonic()
    while len(found) < count and time.monotonic() - since < PATIENCE:
        answer = call("POST", name + ":pull", {"maxMessages": 1000}) or {}
        for received in answer.get("receivedMessages", []):
            found[received["message"]["messageId"]] = received["message"]
            call("POST", name + ":acknowledge", {"ackIds": [received["ackId"]]})
    return list(found.values())


# The pipeline

READ = """
import base64
import json

from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.utils.timestamp import Timestamp

def read(root, path):
    kind = RowTypeConstraint.from_fields([("payload", bytes), ("attributes", dict[str, str])])
    def message(line):
        read = json.loads(line)
        row = beam.Row(payload=base64.b64decode(read.get("data", "")), attributes=read.get("attributes", {}))
        return beam.window.TimestampedValue(row, Timestamp.from_rfc3339(read["publishTime"]))
    return root | beam.io.ReadFromText(path) | beam.Map(message).with_output_types(kind)
"""
LETTERS = """
import base64
import json

def letters(rows, path):
    def line(row):
        return json.dumps({"data": base64.b64encode(row.payload).decode(), "attributes": dict(row.attributes)})
    return rows | beam.Map(line) | beam.io.WriteToText(path)
"""


def python(step, source, **arguments):
    step["type"] = "PyTransform"
    step["config"] = {"constructor": "__callable__", "kwargs": {"source": source, **arguments}}


def execute(format, messages, directory):
    name = urllib.parse.quote(f"headwater/pipelines/df-{format}/pipeline.yaml", safe="")
    with urllib.request.urlopen(f"{URL}/storage/v1/b/{LAKE}/o/{name}?alt=media") as answer:
        document = yaml.safe_load(answer.read())
    equal(document["options"], {"streaming": True})
    steps = {step["name"]: step for step in document["pipeline"]["transforms"]}
    equal([(step["name"], step["type"]) for step in document["pipeline"]["transforms"]], [
        ("Messages", "ReadFromPubSub"), ("Decode", "PyTransform"), ("Write", "PyTransform"), ("DeadLetters", "WriteToPubSub"),
        ("Refused", "WriteToPubSub"),
    ])
    source = directory / "messages"
    source.write_text("".join(json.dumps(message) + "\n" for message in messages))
    steps["Messages"]["input"] = {}
    python(steps["Messages"], READ, path=str(source))
    for name in ("DeadLetters", "Refused"):
        python(steps[name], LETTERS, path=str(directory / name))
    del document["options"]
    file = directory / "pipeline.yaml"
    file.write_text(yaml.safe_dump(document))
    command = [sys.executable, "-m", "apache_beam.yaml.main", f"--yaml_pipeline_file={file}", "--runner=FnApiRunner"]
    ended = subprocess.run(command, env={**os.environ, "HEADWATER_ENDPOINT": URL}, capture_output=True, text=True, cwd=directory)
    assert ended.returncode == 0, ended.stderr[-5000:]
    lines = [line for name in ("DeadLetters", "Refused") for file in directory.glob(name + "-*") for line in file.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def letter(message):
    attributes = message.get("attributes", {})
    return message.get("data", ""), attributes["n"], attributes["headwater-reason-code"]


def same(what, have, expected):
    shown = lambda rows: "\n    ".join(json.dumps(row, ensure_ascii=False, default=str)[:400] for row in rows[:5])
    missing = [row for row in expected if row not in have]
    more = [row for row in have if row not in expected]
    assert not missing and not more and len(have) == len(expected), (
        f"{what}: {len(have)} and {len(expected)}\n  only Beam:\n    {shown(more)}\n  only the runtime:\n    {shown(missing)}"
    )


def compare(format):
    count = publish(format)
    with tempfile.TemporaryDirectory() as directory:
        messages = pull(f"df-{format}", count)
        equal(len(messages), count)
        letters = execute(format, messages, pathlib.Path(directory))
    changes = {name: query(f"SELECT * FROM raw.df_{format}_{name}_changes ORDER BY 1, 2, 3") for name in ("orders", "items")}
    assert len(changes["orders"]) > 50 and len(letters) > 5, (len(changes["orders"]), len(letters))
    since = time.monotonic()
    for name, rows in changes.items():
        # The runtime's workers have the same messages, and their time.
        while time.monotonic() - since < PATIENCE:
            expected = query(f"SELECT * FROM raw.rt_{format}_{name}_changes ORDER BY 1, 2, 3")
            if len(expected) >= len(rows):
                break
            time.sleep(0.5)
        same(f"changes of {name}", rows, expected)
        columns = ", ".join(["_record_id", "_commit_number", "_sequence_number", "_commit_timestamp", "_deleted", *GOOD])
        current = query(f"SELECT {columns} FROM raw.df_{format}_{name} ORDER BY 1")
        assert current, f"{name} has no records"
        while time.monotonic() - since < PATIENCE:
            expected = query(f"SELECT {columns} FROM raw.rt_{format}_{name} ORDER BY 1")
            if expected == current:
                break
            time.sleep(0.5)
        same(f"records of {name}", current, expected)
    buried = pull(f"headwater-rt-{format}-dead", len(letters))
    same("dead letters", sorted(map(letter, letters)), sorted(map(letter, buried)))
    rows = sum(map(len, changes.values()))
    print(f"    {format}: {count} messages are {rows} changes and {len(letters)} dead letters for both", flush=True)


@check
def mapped_messages():
    compare("mapping")


@check
def debezium_messages():
    compare("debezium")


@check
def salesforce_messages():
    compare("salesforce")


main()
