"""A GitHub of one repository for tests: the part of its REST API that Headwater's actions use, with its state, its pages, and faults.

Written from GitHub's documentation of the API. A call that is not there answers 501, so that a test fails that needs more. Faults are
told beforehand and used up one after the other; a test asks whether all were.
"""

import json
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPOSITORY = "acme/platform"
TOKEN = "ghs_token-of-the-test"
BOT = "github-actions[bot]"
# As GitHub: https://docs.github.com/en/rest, and what it says to longer ones.
LONGEST = 65_536


class Fault:
    """What happens to the next request of a method to a path instead of, or after, what it asks for."""

    def __init__(self, method, path, status=None, headers=None, message="", after=False, meanwhile=None):
        self.method, self.path = method, re.compile(path)
        self.status, self.headers, self.message = status, headers or {}, message
        # Whether the request is carried out before the answer is lost.
        self.after = after
        # What somebody else does right before the request, which is then answered as ever.
        self.meanwhile = meanwhile


class FakeGitHub:
    """The repository's state, which tests look at and change directly."""

    def __init__(self):
        self.comments, self.issues, self.statuses, self.pulls, self.environments = {}, {}, [], [], {}
        self.faults, self.requests = [], []
        self.last = 1000
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        """Ends the server."""
        self.server.shutdown()
        self.server.server_close()

    def comment(self, issue, body, login="octocat"):
        """Somebody comments."""
        self.last += 1
        document = {"id": self.last, "body": body, "user": {"login": login}, "html_url": f"{self.url}/c/{self.last}"}
        self.comments[self.last] = {**document, "issue": issue}
        return document

    def issue(self, title, body, login="octocat", labels=(), pull=False):
        """Somebody opens an issue."""
        self.last += 1
        document = {
            "number": self.last,
            "title": title,
            "body": body,
            "state": "open",
            "user": {"login": login},
            "labels": [{"name": name} for name in labels],
            "created_at": self.last,
        }
        if pull:
            document["pull_request"] = {}
        self.issues[self.last] = document
        return document

    def of_issue(self, number):
        """The comments of an issue or pull request, the oldest first."""
        return [one for _, one in sorted(self.comments.items()) if one["issue"] == number]

    def changes(self):
        """The requests so far that would change something, as `METHOD path`."""
        return [f"{method} {path}" for method, path in self.requests if method != "GET"]

    def answer(self, method, path, query, document):
        """One request: status and body."""
        routes = [
            ("GET", r"/issues/(\d+)/comments", lambda number: self.of_issue(int(number))),
            ("POST", r"/issues/(\d+)/comments", lambda number: self._made(self.comment(int(number), document["body"], BOT))),
            ("PATCH", r"/issues/comments/(\d+)", lambda number: self._edit(self.comments, number, document)),
            ("DELETE", r"/issues/comments/(\d+)", lambda number: self._delete(number)),
            ("POST", r"/statuses/([0-9a-f]{40})", lambda commit: self._status(commit, document)),
            ("GET", r"/commits/([0-9a-f]{40})/statuses", lambda commit: self._statuses(commit)),
            ("GET", r"/commits/([0-9a-f]{40})/pulls", lambda commit: [one for one in self.pulls if commit in one["commits"]]),
            ("GET", r"/environments/([^/]+)", lambda name: self.environments.get(urllib.parse.unquote(name))),
            ("GET", r"/issues", lambda: self._list(query)),
            ("POST", r"/issues", lambda: self._made(self.issue(document["title"], document["body"], BOT, document["labels"]))),
            ("PATCH", r"/issues/(\d+)", lambda number: self._edit(self.issues, number, document)),
        ]
        for of, pattern, function in routes:
            found = re.fullmatch(f"/repos/{REPOSITORY}{pattern}", path)
            if of == method and found:
                body = (document or {}).get("body") or ""
                if len(body) > LONGEST:
                    return 422, {"message": f"Validation Failed: body is too long (maximum is {LONGEST} characters)"}
                result = function(*found.groups())
                if result is None:
                    return 404, {"message": "Not Found"}
                return result if isinstance(result, tuple) else (200, result)
        return 501, {"message": f"{method} {path} is not there"}

    def _made(self, document):
        return 201, document

    def _edit(self, store, number, changes):
        if int(number) in store:
            store[int(number)].update(changes)
        return store.get(int(number))

    def _delete(self, number):
        return (204, None) if self.comments.pop(int(number), None) else None

    def _status(self, commit, document):
        if len(document["description"]) > 140:
            return 422, {"message": "description is too long (maximum is 140 characters)"}
        self.statuses.insert(0, {**document, "commit": commit, "creator": {"login": BOT}})
        return self._made(document)

    def _statuses(self, commit):
        return [one for one in self.statuses if one["commit"] == commit]

    def _list(self, query):
        found = [one for _, one in sorted(self.issues.items()) if query.get("state", "open") in ("all", one["state"])]
        wanted = set(filter(None, query.get("labels", "").split(",")))
        return [one for one in found if wanted <= {label["name"] for label in one["labels"]}]


def _handler(github):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def _any(self):
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            document = json.loads(text) if text else None
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            with github.lock:
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    return self._say(401, {"message": "Bad credentials"}, {})
                github.requests.append((self.command, url.path))
                fault = next((one for one in github.faults if one.method == self.command and one.path.search(url.path)), None)
                if fault:
                    github.faults.remove(fault)
                if fault and fault.meanwhile:
                    fault.meanwhile()
                elif fault:
                    if fault.after:
                        github.answer(self.command, url.path, query, document)
                    if fault.status is None:
                        self.close_connection = True
                        return self.connection.close()
                    return self._say(fault.status, {"message": fault.message}, fault.headers)
                status, answer = github.answer(self.command, url.path, query, document)
            headers = {}
            if isinstance(answer, list):
                size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
                assert size <= 100, "GitHub gives a hundred at most"
                if len(answer) > page * size:
                    following = urllib.parse.urlencode({**query, "page": page + 1})
                    headers["Link"] = f'<{github.url}{url.path}?{following}>; rel="next"'
                answer = answer[(page - 1) * size : page * size]
            return self._say(status, answer, headers)

        def _say(self, status, document, headers):
            body = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value(time.time()) if callable(value) else value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _any

    return Handler
