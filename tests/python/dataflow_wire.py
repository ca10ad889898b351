"""A proxy before the local cloud that lets everything pass and holds each request to Dataflow, and its answer, against Google's
description of the API: method, path, parameters and body have to be what it says. It prints its URL, serves until its input ends,
and fails when something was not.
"""

import http.server
import importlib.resources
import json
import re
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

URL = sys.argv[1]
FILE = importlib.resources.files("googleapiclient") / "discovery_cache/documents/dataflow.v1b3.json"
API = json.loads(FILE.read_text())
SEEN, FINDINGS = {}, []


def methods(resources):
    for resource in resources.values():
        yield from resource.get("methods", {}).values()
        yield from methods(resource.get("resources", {}))


def pattern(path):
    return re.compile("/" + re.sub(r"\\\{\w+\\\}", "[^/:]+", re.escape(path)))


METHODS = [(method, pattern(method.get("flatPath", method["path"]))) for method in methods(API["resources"])]
TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "object": dict}


def conform(value, schema, at, writing):
    """What of a value is not as its schema says."""
    if "$ref" in schema:
        schema = {"type": "object", **API["schemas"][schema["$ref"]]}
    kind = schema.get("type", "any")
    if kind == "any":
        return
    expected = TYPES[kind]
    # 64 bits travel as text.
    if not isinstance(value, expected) or (kind == "integer" and isinstance(value, bool)):
        yield f"{at} is {value!r} and no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is {value!r}, which is none of its values"
    if writing and schema.get("readOnly"):
        yield f"{at} is set by the service only"
    if kind == "array":
        for index, element in enumerate(value):
            yield from conform(element, schema["items"], f"{at}[{index}]", writing)
    if kind == "object":
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, member in value.items():
            if name in properties:
                yield from conform(member, properties[name], f"{at}.{name}", writing)
            elif others:
                yield from conform(member, others, f"{at}.{name}", writing)
            else:
                yield f"{at}.{name} does not exist"


def judge(verb, target, body, status, answer):
    path, _, query = target.partition("?")
    found = [method for method, pattern in METHODS if method["httpMethod"] == verb and pattern.fullmatch(urllib.parse.unquote(path))]
    if not found:
        FINDINGS.append(f"{verb} {path} is no method of the API")
        return
    method = found[0]
    SEEN[method["id"]] = SEEN.get(method["id"], 0) + 1
    wrong = []
    for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True):
        parameter = method["parameters"].get(name) or API["parameters"].get(name)
        if parameter is None or parameter.get("location") != "query":
            wrong.append(f"the parameter {name} does not exist")
        elif "enum" in parameter and value not in parameter["enum"]:
            wrong.append(f"the parameter {name} is {value!r}, which is none of its values")
        elif parameter["type"] == "integer" and not value.isdigit():
            wrong.append(f"the parameter {name} is {value!r} and no number")
    if "request" in method:
        wrong += conform(json.loads(body), method["request"], "request", True)
    elif body:
        wrong.append("the method takes no body")
    if status == 200:
        wrong += conform(json.loads(answer), method["response"], "answer", False)
    FINDINGS.extend(f"{method['id']}: {finding}" for finding in wrong)


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        length = self.headers.get("Content-Length")
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
        body = self.chunks() if chunked else self.rfile.read(int(length)) if length else None
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "transfer-encoding", "connection")}
        request = urllib.request.Request(URL + self.path, body, headers, method=self.command)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content, status = answer.read(), answer.status
        if self.path.startswith("/v1b3/"):
            judge(self.command, self.path, body, status, content)
        self.send_response(status)
        for name, value in answer.headers.items():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
sys.stdin.read()
print("    " + ", ".join(f"{count} × {method}" for method, count in sorted(SEEN.items())))
if FINDINGS:
    sys.exit("\n".join(sorted(set(FINDINGS))))
if "dataflow.projects.locations.flexTemplates.launch" not in SEEN:
    sys.exit("no job was launched: nothing was checked")
