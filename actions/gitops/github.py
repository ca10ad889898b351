"""GitHub's REST API: requests that are tried again while there is reason to, pages, and errors that say what to do.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

import http.client
import json
import os
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request

VERSION = "2022-11-28"
# More than this no list is read; a hundred elements are a page.
PAGES = 100


class Failed(Exception):
    """GitHub refused, or could not be asked any more. `status` is 0 when there was no answer."""

    def __init__(self, text, status=0):
        super().__init__(text)
        self.status = status


class Lost(Exception):
    """Something was sent that may have been carried out, and the answer did not say. Whoever sent it looks before it is sent again."""


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follows a redirect, such as that of a renamed repository, to the same server only: the token goes with the request."""

    def redirect_request(self, request, answer, code, text, headers, target):
        here, there = (urllib.parse.urlsplit(url) for url in (request.full_url, target))
        if (here.scheme, here.netloc) != (there.scheme, there.netloc) or request.get_method() != "GET":
            raise Failed(f"{request.get_method()} {here.path}: redirected to {there.netloc}; name the repository as it is called now", code)
        return super().redirect_request(request, answer, code, text, headers, target)


class GitHub:
    """A repository, seen with a token. `patience` is how many seconds all waiting may take, `pause` the first wait."""

    def __init__(self, repository, token, patience=300.0, pause=1.0, url=None):
        if not re.fullmatch(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", repository or ""):
            raise Failed(f"{repository!r} is no repository: OWNER/NAME is, as in GITHUB_REPOSITORY")
        if not token:
            raise Failed("GITHUB_TOKEN is not set: give the step `env: GITHUB_TOKEN: ${{ github.token }}`")
        self.url = (url or os.environ.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/")
        self.repository = repository
        self.patience = patience
        self.pause = pause
        self._token = token
        self._until = time.monotonic() + patience
        self._opener = urllib.request.build_opener(_SameOrigin)

    def get(self, path, **query):
        """One document."""
        return self._request("GET", self._at(path, query))[0]

    def pages(self, path, **query):
        """The elements of a list, page after page."""
        url = self._at(path, {"per_page": 100, **query})
        for _ in range(PAGES):
            elements, headers = self._request("GET", url)
            yield from elements
            following = re.search(r'<([^>]+)>;\s*rel="next"', headers.get("Link", ""))
            if not following:
                return
            url = following.group(1)
            if not url.startswith(f"{self.url}/"):
                raise Failed(f"the next page of {path} is on another server")
        raise Failed(f"{path} has more than {PAGES} pages")

    def send(self, method, path, document):
        """Changes something. Raises `Lost` when it is not known whether it did."""
        return self._request(method, self._at(path, {}), document)[0]

    def settled(self, attempt):
        """Calls what looks and then changes something until it is known to have done so."""
        wait = self.pause
        while True:
            try:
                return attempt()
            except Lost as error:
                self._sleep(wait, str(error))
                wait *= 2

    def _at(self, path, query):
        url = f"{self.url}/repos/{self.repository}{path}"
        return f"{url}?{urllib.parse.urlencode(query)}" if query else url

    def _request(self, method, url, document=None):
        what = f"{method} {urllib.parse.urlsplit(url).path}"
        wait = self.pause
        while True:
            try:
                return self._once(method, url, document)
            except urllib.error.HTTPError as error:
                body = error.read(10_000).decode("utf-8", "replace")
                delay = self._delay(error, body, wait)
                if delay is None:
                    raise Failed(_refused(what, error.code, body), error.code) from error
                reason = f"{what}: {error.code} {_message(body)}"
                if error.code >= 500 and method == "POST":
                    raise Lost(reason) from error
            except (OSError, ValueError, http.client.HTTPException) as error:
                # No answer, or half of one.
                reason, delay = f"{what}: {getattr(error, 'reason', error)}", wait
                if method == "POST":
                    raise Lost(reason) from error
            self._sleep(delay, reason)
            wait = min(wait * 2, 60 * self.pause)

    def _once(self, method, url, document):
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "headwater-gitops",
            "X-GitHub-Api-Version": VERSION,
        }
        data = None if document is None else json.dumps(document).encode()
        if data:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        with self._opener.open(request, timeout=30) as answer:
            body = answer.read()
            return (json.loads(body) if body else None), answer.headers

    def _delay(self, error, body, wait):
        """How long to wait before the same is asked again; None when there is no use."""
        if error.code >= 500:
            return wait * (1 + random.random() / 4)
        limited = error.code == 429 or "rate limit" in body.lower() or error.headers.get("Retry-After")
        if error.code not in (403, 429) or not limited:
            return None
        after = error.headers.get("Retry-After", "")
        if after.isdigit():
            return float(after)
        reset = error.headers.get("X-RateLimit-Reset", "")
        if error.headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit():
            return max(0.0, float(reset) - time.time()) + self.pause
        # A secondary limit that does not say for how long: a minute at least.
        return 60 * wait

    def _sleep(self, delay, reason):
        if time.monotonic() + delay > self._until:
            raise Failed(f"{reason}; given up, as to wait {delay:.0f} s more would be longer than {self.patience:.0f} s in all")
        print(f"waiting {delay:.1f} s: {reason}", flush=True)
        time.sleep(delay)


def written_by(document, author, role="user"):
    """Whether this account made it. Who was deleted since has no name."""
    return (document.get(role) or {}).get("login") == author


def quoted(name):
    """A name as one step of a path."""
    return urllib.parse.quote(name, safe="")


def _message(body):
    try:
        return str(json.loads(body).get("message", ""))[:300]
    except (ValueError, AttributeError):
        return body[:100].strip()


def _refused(what, status, body):
    remedy = {
        401: "; the token is not valid",
        403: "; does the job have the permission (`permissions:`), and is the pull request not from a fork?",
        404: "; does the job have the permission (`permissions:`), and is the number right?",
        422: "",
    }.get(status, "")
    return f"{what}: {status} {_message(body)}{remedy}"
