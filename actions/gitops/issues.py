"""An issue for the drift of a stack: opened once, kept up to date while there is drift, closed when there is none.

Drift that comes back gets a new issue, which names the one before: what was discussed and done the last time is about the last time.
"""

import text
from github import Failed, written_by

LABEL = "headwater-drift"


def marker(stack):
    """What tells a stack's issue from others."""
    return f"<!-- headwater:drift:{stack} -->"


def _of(fingerprint):
    return f"<!-- headwater:fingerprint:{fingerprint} -->"


def _ours(github, stack, author, state):
    found = github.pages("/issues", state=state, labels=LABEL, sort="created", direction="asc")
    for one in found:
        body = one.get("body") or ""
        if "pull_request" not in one and written_by(one, author) and body.startswith(marker(stack)):
            yield one


def drifted(github, stack, author, headline, fingerprint, body):
    """There is drift: one open issue says so. A comment is added when the drift is another than before, so that people hear of it."""

    def attempt():
        ours = list(_ours(github, stack, author, "open"))
        for doubled in ours[1:]:
            say = f"A double of #{ours[0]['number']}."
            _close(github, doubled["number"], "not_planned", say)
        if ours:
            return _keep(github, stack, ours[0], headline, fingerprint, _body(stack, fingerprint, body))
        before = None
        for before in _ours(github, stack, author, "closed"):
            pass
        earlier = f"\n\nThe last time was #{before['number']}." if before else ""
        document = {
            "title": _title(stack, headline),
            "body": _body(stack, fingerprint, body + earlier),
            "labels": [LABEL],
        }
        return github.send("POST", "/issues", document)

    return github.settled(attempt)


def gone(github, stack, author, url):
    """There is no drift: no issue is open any more. Returns the numbers of those that were."""

    def attempt():
        closed = []
        for one in _ours(github, stack, author, "open"):
            say = "The plan is empty again" + (f" ([this run]({url}))." if url else ".")
            _close(github, one["number"], "completed", say)
            closed.append(one["number"])
        return closed

    return github.settled(attempt)


def _title(stack, headline):
    return f"Drift of {stack}: {headline}"[:250]


def _body(stack, fingerprint, body):
    whole = f"{marker(stack)}\n{_of(fingerprint)}\n{body}"
    if text.size(whole) > text.COMMENT_LIMIT:
        raise Failed(f"an issue of {text.size(whole):,} bytes is more than the {text.COMMENT_LIMIT:,} that GitHub takes")
    return whole


def _keep(github, stack, issue, headline, fingerprint, body):
    if _of(fingerprint) in issue["body"]:
        return issue
    document = {"title": _title(stack, headline), "body": body}
    changed = github.send("PATCH", f"/issues/{issue['number']}", document)
    github.send("POST", f"/issues/{issue['number']}/comments", {"body": f"It is another drift now: {headline}."})
    return changed


def _close(github, number, reason, say):
    # Closed before it is said why: should the second fail, nothing is said twice.
    github.send("PATCH", f"/issues/{number}", {"state": "closed", "state_reason": reason})
    github.send("POST", f"/issues/{number}/comments", {"body": say})
