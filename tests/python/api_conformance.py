"""Holds recorded calls against Google's own descriptions of its APIs.

    python api_conformance.py CALLS URL DEVIATIONS UNCALLED

CALLS is what local clouds recorded (`headwater local up --record`), URL where one is up that says which methods it serves. The
descriptions are the discovery documents in google-api-python-client, and for gRPC the descriptors in Google's packages.

Of every call of ours, and of every call of others that was not refused: the method exists, its parameters exist and have values of
their types, the body has only fields that the method's message has, of their types and of their enumerations. Of every answer: the
same, and an error has Google's form. What is known to differ stands in DEVIATIONS with its reason; methods that are served and not
called in UNCALLED. Both must be exact: a line too many is an error like a line too few.
"""

import collections
import json
import os
import re
import sys
import urllib.request
from urllib.parse import parse_qsl, unquote

import googleapiclient

SERVICES = [
    "artifactregistry.v1", "bigquery.v2", "cloudkms.v1", "cloudresourcemanager.v1", "cloudresourcemanager.v3", "cloudscheduler.v1",
    "dataflow.v1b3", "dataform.v1", "dataplex.v1", "iam.v1", "iamcredentials.v1", "logging.v2", "monitoring.v1", "monitoring.v3",
    "pubsub.v1", "run.v1", "run.v2", "secretmanager.v1", "serviceusage.v1", "storage.v1",
]  # fmt: skip
# Not methods of these APIs: what OAuth, the metadata server, discovery and batches are, and our own.
OTHERS = re.compile(r"/(_control|token|oauth2|o/oauth2|computeMetadata|discovery|batch|\$discovery|v1/token|tokeninfo)(/|$)")
# The registry of images, whose protocol is not Google's.
REGISTRY = re.compile(r"/v2/?$|/v2/.+/(blobs|manifests|tags)/")
# At one address for all services, Artifact Registry is below this: its repositories have the paths of Dataform's.
ARTIFACTS = "/artifactregistry"
OURS = re.compile(r"^(headwater|terraform-provider-headwater)/")
# https://cloud.google.com/apis/docs/system-parameters, with and without the dollar.
SYSTEM = {"alt", "fields", "key", "prettyPrint", "quotaUser", "userProject", "oauth_token", "access_token", "callback",
          "uploadType", "upload_protocol", "$.xgafv", "xgafv", "unique", "trace", "$apiKey", "upload_id", "userIp",
          "projection"}  # fmt: skip


class Method:
    def __init__(self, api, document, description):
        self.api, self.id = api, description["id"]
        self.verb = description["httpMethod"]
        self.request = description.get("request")
        self.response = description.get("response")
        self.parameters = {**document.get("parameters", {}), **description.get("parameters", {})}
        self.schemas = document["schemas"]
        base = "/" + document["servicePath"]
        # One that takes the rest of a path is tried after those that name its parts.
        paths = [(base + description.get("flatPath", description["path"]), {self.verb})]
        if "flatPath" in description:
            paths.append((base + description["path"], {self.verb}))
        for protocol in description.get("mediaUpload", {}).get("protocols", {}).values():
            paths.append((protocol["path"], {self.verb, "PUT", "POST"}))
        if description.get("useMediaDownloadService"):
            paths.append(("/download" + base + description["path"], {self.verb}))
        self.paths = [(pattern(path), verbs, rank(path)) for path, verbs in paths]


def pattern(path):
    parts = re.split(r"(\{[^}]*\})", path.lstrip("/"))
    return re.compile("/" + "".join(
        ("(.+)" if part.startswith("{+") else "([^/]+)") if part.startswith("{") else re.escape(part) for part in parts))


def rank(path):
    """The smaller, the more a path says."""
    return ("{+" in path, ":" not in path, path.count("{"))


def methods(api, document):
    def of(resources):
        for description in resources.get("methods", {}).values():
            yield Method(api, document, description)
        for inner in resources.get("resources", {}).values():
            yield from of(inner)

    yield from of(document)


def load():
    folder = os.path.join(os.path.dirname(googleapiclient.__file__), "discovery_cache", "documents")
    for api in SERVICES:
        with open(os.path.join(folder, api + ".json")) as file:
            yield from methods(api, json.load(file))


class Checker:
    """Collects what is wrong with one call."""

    def __init__(self, method, numbers):
        self.method, self.numbers, self.wrong = method, numbers, []

    def report(self, where, what):
        self.wrong.append((where, what))

    def schema(self, value, schema, where, answer):
        if "$ref" in schema:
            schema = self.method.schemas[schema["$ref"]]
        kind = schema.get("type", "any")
        if kind == "any":
            return
        if value is None:
            if answer:
                self.report(where, "null in an answer")
            return
        if kind == "object":
            self.object(value, schema, where, answer)
        elif kind == "array":
            if not isinstance(value, list):
                self.report(where, f"{type(value).__name__}, not a list")
                return
            for item in value:
                self.schema(item, schema["items"], where + "[]", answer)
        else:
            self.scalar(value, schema, kind, where, answer)

    def object(self, value, schema, where, answer):
        if not isinstance(value, dict):
            self.report(where, f"{type(value).__name__}, not an object")
            return
        properties, more = schema.get("properties", {}), schema.get("additionalProperties")
        for name, field in value.items():
            if name in properties:
                self.schema(field, properties[name], f"{where}.{name}", answer)
            elif more is not None:
                self.schema(field, more, f"{where}.*", answer)
            elif properties:
                self.report(f"{where}.{name}", "no such field")
        # What an operation ended with is a message that names its type.
        response = value.get("response")
        if answer and isinstance(response, dict) and "@type" in response:
            self.operation(response, where + ".response")

    def operation(self, value, where):
        name = value["@type"].rsplit("/", 1)[-1]
        parts = name.split(".")
        for candidate in ("".join(part[:1].upper() + part[1:] for part in parts), parts[-1]):
            if candidate in self.method.schemas:
                body = {key: field for key, field in value.items() if key != "@type"}
                self.schema(body, {"$ref": candidate}, where, True)
                return
        if name not in ("google.protobuf.Empty", "google.protobuf.Struct"):
            self.report(where + ".@type", f"no message {name}")

    def scalar(self, value, schema, kind, where, answer):
        form = schema.get("format", "")
        # Google's Python clients of REST ask for numbers in place of names.
        if not answer and "enum" in schema and numeric(str(value)) and self.numbers:
            return
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if kind == "boolean":
            right = isinstance(value, bool) or (not answer and str(value).lower() in ("true", "false"))
        elif kind == "integer":
            right = (number and int(value) == value) or (not answer and numeric(value))
        elif kind == "number":
            right = number or (isinstance(value, str) and (value in ("NaN", "Infinity", "-Infinity") or not answer))
        elif "int64" in form or "int32" in form:
            # In an answer a whole number of 64 bits is text.
            right = numeric(value) if answer else numeric(value) or number
        else:
            right = isinstance(value, str)
        if not right:
            self.report(where, f"{json.dumps(value)[:40]} is no {form or kind}")
        if "enum" in schema and isinstance(value, str) and value not in schema["enum"]:
            self.report(where, f"{value} is none of the enumeration")

    def query(self, text):
        seen = collections.Counter()
        for name, value in parse_qsl(text, keep_blank_values=True):
            schema = self.method.parameters.get(name)
            if schema is None:
                if name.removeprefix("$") not in SYSTEM:
                    self.report(f"?{name}", "no such parameter")
                continue
            seen[name] += 1
            if seen[name] > 1 and not schema.get("repeated"):
                self.report(f"?{name}", "given more than once")
            self.scalar(value, schema, schema.get("type", "string"), f"?{name}", False)
            if name == "updateMask" and self.method.request:
                for path in value.split(","):
                    self.mask(path.strip())

    def mask(self, path):
        schema = self.method.request
        if path in ("*", ""):
            return
        for part in path.split("."):
            schema = self.method.schemas[schema["$ref"]] if "$ref" in schema else schema
            name = re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), part.strip("`"))
            if "additionalProperties" in schema or schema.get("type") == "any":
                return
            if name not in schema.get("properties", {}):
                self.report("?updateMask", f"no field {path}")
                return
            schema = schema["properties"][name]

    def error(self, answer, status):
        error = answer.get("error") if isinstance(answer, dict) else None
        if not isinstance(error, dict) or error.get("code") != status or not isinstance(error.get("message"), str):
            self.report("error", f"not Google's form: {json.dumps(answer)[:80]}")


def numeric(value):
    return isinstance(value, str) and re.fullmatch(r"-?\d+", value) is not None


def check(method, call):
    checker = Checker(method, "enum-encoding" in call["query"])
    ours = OURS.match(call.get("agent") or "") is not None
    body, answer, status = call.get("request"), call.get("answer"), call["status"]
    if ours or status < 400:
        checker.query(call["query"])
        media = call["path"].startswith(("/upload/", "/resumable/")) and "uploadType=resumable" not in call["query"]
        if method.request:
            if body is not None and not media:
                checker.schema(body, method.request, "request", False)
        elif body:
            checker.report("request", "a body, and the method takes none")
    if status >= 400:
        # One of the answers to a failed download is plain text.
        if answer is not None:
            checker.error(answer, status)
    elif answer is not None and method.response and "alt=media" not in call["query"]:
        checker.schema(answer, method.response, "answer", True)
    elif answer and not method.response:
        checker.report("answer", "a body, and the method answers none")
    return ours, checker.wrong


def grpc_methods():
    """The full names of all methods of the services whose packages are at hand."""
    from google.protobuf import descriptor_pool
    import google.cloud.bigquery_storage_v1  # noqa: F401
    import google.cloud.bigquery_storage_v1.types.storage  # noqa: F401
    import google.pubsub_v1.types.pubsub  # noqa: F401
    import google.pubsub_v1.types.schema  # noqa: F401

    pool = descriptor_pool.Default()
    services = {
        "google.pubsub.v1.Publisher": "google/pubsub/v1/pubsub.proto",
        "google.pubsub.v1.Subscriber": "google/pubsub/v1/pubsub.proto",
        "google.pubsub.v1.SchemaService": "google/pubsub/v1/schema.proto",
        "google.cloud.bigquery.storage.v1.BigQueryRead": "google/cloud/bigquery/storage/v1/storage.proto",
        "google.cloud.bigquery.storage.v1.BigQueryWrite": "google/cloud/bigquery/storage/v1/storage.proto",
    }
    # https://github.com/googleapis/googleapis/blob/master/google/iam/v1/iam_policy.proto, which Pub/Sub serves beside its own.
    yield from (f"/google.iam.v1.IAMPolicy/{name}" for name in ("SetIamPolicy", "GetIamPolicy", "TestIamPermissions"))
    for service, file in services.items():
        try:
            found = pool.FindFileByName(file).services_by_name[service.rsplit(".", 1)[1]]
            for method in found.methods:
                yield f"/{service}/{method.name}"
        except KeyError:
            # The package keeps its messages without the service: its client's names are the service's.
            yield from transports(service)


def transports(service):
    import inspect

    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import grpc as read
    from google.cloud.bigquery_storage_v1.services.big_query_write.transports import grpc as write
    from google.pubsub_v1.services.publisher.transports import grpc as publisher
    from google.pubsub_v1.services.schema_service.transports import grpc as schemas
    from google.pubsub_v1.services.subscriber.transports import grpc as subscriber

    for module in (read, write, publisher, schemas, subscriber):
        yield from re.findall(rf'"(/{re.escape(service)}/\w+)"', inspect.getsource(module))


def listed(path):
    """The lines of a list: what stands before ` # `, and the reason behind it."""
    with open(path) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                what, _, reason = line.rstrip("\n").partition(" # ")
                yield what.strip(), reason.strip()


def served(url):
    """Ids and paths of all methods that a local cloud serves; BigQuery has a description of its own."""
    with urllib.request.urlopen(url + "/_control/methods") as answer:
        for method in json.load(answer)["methods"]:
            yield method["id"], method["path"]
    with urllib.request.urlopen(url + "/discovery/v1/apis/bigquery/v2/rest") as answer:
        for resource in json.load(answer)["resources"].values():
            for method in resource["methods"].values():
                yield method["id"], "/bigquery/v2/" + method["path"]


def main(calls, url, deviations, uncalled):
    known = list(load())
    by_id = {method.id: method for method in known}
    grpc = set(grpc_methods())
    found, called, total = {}, set(), collections.Counter()
    for line in open(calls):
        call = json.loads(line)
        if "grpc" in call:
            total["grpc"] += 1
            called.add(call["grpc"])
            if call["grpc"] not in grpc:
                found.setdefault((call["grpc"], "method", "no such method"), call)
            continue
        path = unquote(call["path"]) if "%3A" in call["path"] else call["path"]
        if OTHERS.match(path) or REGISTRY.match(path):
            total["others"] += 1
            continue
        artifacts = path.startswith(ARTIFACTS + "/")
        path = path.removeprefix(ARTIFACTS)
        here = [method for method in known if (method.api == "artifactregistry.v1") == artifacts]
        matching = sorted(
            ((place, method) for method in here for regex, verbs, place in method.paths
             if call["verb"] in verbs and regex.fullmatch(path)), key=lambda pair: pair[0])
        if not matching:
            # A method that nobody has was asked for: of interest only when it was served, or when we did.
            if call["status"] < 400 or OURS.match(call.get("agent") or ""):
                found.setdefault((f"{call['verb']} {shape(path)}", "method", "no such method"), call)
            continue
        best = [method for place, method in matching if place == matching[0][0]]
        results = [(method, *check(method, call)) for method in best]
        method, ours, wrong = min(results, key=lambda result: len(result[2]))
        called.update(result[0].id for result in results if len(result[2]) == len(wrong))
        total["ours" if ours else "clients"] += 1
        for where, what in wrong:
            found.setdefault((method.id, where, what), call)

    failed = False
    allowed = dict(listed(deviations))
    used = set()
    for (method, where, what), call in sorted(found.items()):
        key = f"{method} {where}: {what}"
        if key in allowed:
            used.add(key)
            continue
        failed = True
        agent = (call.get("agent") or "")[:60]
        print(f"differs  {key}\n         {call.get('verb')} {call.get('path')}?{call.get('query')} {call.get('status')} by {agent}")
    for key in sorted(set(allowed) - used):
        failed = True
        print(f"stale    {key}: it does not differ (any more): take it off {deviations}")
    for key, reason in allowed.items():
        if not reason:
            failed = True
            print(f"reason   {key}: {deviations} gives none")

    names = {id: path for id, path in served(url) if id in by_id or path in grpc}
    missing = {id for id, path in names.items() if id not in called and path not in called}
    known_missing = {what for what, _ in listed(uncalled)}
    for id in sorted(missing - known_missing):
        failed = True
        print(f"uncalled {id}: served, and no test calls it: call it, or add it to {uncalled}")
    for id in sorted(known_missing - missing):
        failed = True
        print(f"called   {id}: take it off {uncalled}")

    print(f"{'service':<26}{'described':>10}{'called':>8}{'share':>8}")
    for api in SERVICES:
        of = [method.id for method in known if method.api == api]
        hit = sum(id in called for id in of)
        print(f"{api:<26}{len(of):>10}{hit:>8}{hit / len(of):>8.0%}")
    hit = len(grpc & called)
    print(f"{'gRPC':<26}{len(grpc):>10}{hit:>8}{hit / max(len(grpc), 1):>8.0%}")
    print(f"{len(names) - len(missing)} of {len(names)} served methods called; {total['ours']} kinds of calls of ours, "
          f"{total['clients']} of other clients, {len(used)} known deviations")
    return 1 if failed else 0


def shape(path):
    """A path whose names are left out."""
    parts = path.strip("/").split("/")
    return "/".join(part if at % 2 == 0 or re.fullmatch(r"v\d\w*", part) else "*" for at, part in enumerate(parts))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
