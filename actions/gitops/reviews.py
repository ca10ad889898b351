"""A plan on a pull request: one comment that is kept up to date, and one status that remembers what was reviewed.

The comment is for people, and anybody with write access can edit it. What an apply is compared with is the status: it belongs to one
commit and cannot be changed, only followed by another.
"""

import re

import text
from github import Failed, quoted, written_by

_FINGERPRINT = r"v1:[0-9a-f]{64}"


def marker(stack):
    """What tells our comment from others. Names of stacks have no characters that could end it."""
    return f"<!-- headwater:plan:{stack} -->"


def context(stack):
    """The name of the status."""
    return f"headwater/plan/{stack}"


def comment(github, number, stack, author, body):
    """Makes the comment or changes it; there is one afterwards, whatever was there before."""
    marked = f"{marker(stack)}\n{body}"
    if text.size(marked) > text.COMMENT_LIMIT:
        raise Failed(f"a comment of {text.size(marked):,} bytes is more than the {text.COMMENT_LIMIT:,} that GitHub takes")

    def attempt():
        found = github.pages(f"/issues/{number}/comments")
        # Whoever may comment can write our marker, and could go on editing a comment that we had taken for ours.
        ours = [one for one in found if written_by(one, author) and (one["body"] or "").startswith(marker(stack))]
        for doubled in ours[1:]:
            _unless_gone(lambda: github.send("DELETE", f"/issues/comments/{doubled['id']}", None))
        if ours and ours[0]["body"] == marked:
            return ours[0]
        if ours:
            changed = _unless_gone(lambda: github.send("PATCH", f"/issues/comments/{ours[0]['id']}", {"body": marked}))
            if changed:
                return changed
        return github.send("POST", f"/issues/{number}/comments", {"body": marked})

    return github.settled(attempt)


def _unless_gone(change):
    try:
        return change()
    except Failed as error:
        if error.status == 404:
            return None
        raise


def status(github, commit, stack, state, description, url):
    """Sets the status of a commit."""
    document = {"state": state, "context": context(stack), "description": description[:140], "target_url": url or None}
    return github.settled(lambda: github.send("POST", f"/statuses/{commit}", document))


def described(headline, fingerprint):
    """A status's description: the fingerprint whole, and as much of the headline as has room."""
    room = 140 - len(fingerprint) - 3
    return f"{headline if len(headline) <= room else headline[: room - 1] + '…'} · {fingerprint}"


def reviewed(github, commit, stack, author):
    """The fingerprint of the plan that was on the pull request by which a commit came, and the pull request's number."""
    merged = [
        one for one in github.pages(f"/commits/{commit}/pulls") if one.get("merged_at") and one.get("merge_commit_sha") == commit
    ]
    if not merged:
        raise Failed(f"{commit} was not merged from a pull request, so nobody has reviewed its plan; {_BY_HAND}")
    pull = merged[0]
    head = pull["head"]["sha"]
    for one in github.pages(f"/commits/{head}/statuses"):
        # The newest comes first.
        if one["context"] == context(stack) and written_by(one, author, "creator"):
            found = re.search(_FINGERPRINT, one.get("description") or "")
            if one["state"] != "success" or not found:
                raise Failed(f"#{pull['number']}: the plan of {head} failed, so there is none that was reviewed; {_BY_HAND}")
            return found.group(), pull["number"]
    raise Failed(f"#{pull['number']}: {head} has no status {context(stack)} by {author}: no plan was made of it; {_BY_HAND}")


_BY_HAND = "start the workflow by hand, with `review: environment`, to have this plan reviewed by who may approve the environment"


def environment_has_reviewers(github, name):
    """Whether somebody must approve what runs in an environment."""
    environment = _unless_gone(lambda: github.get(f"/environments/{quoted(name)}")) or {}
    return any(rule.get("type") == "required_reviewers" for rule in environment.get("protection_rules") or [])
