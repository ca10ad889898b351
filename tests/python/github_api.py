"""What Headwater's actions do on GitHub, against a GitHub that keeps state and fails as told: comments, statuses, issues on drift."""

import contextlib
import json
import re
import tempfile
import time
from pathlib import Path

from checks import check, equal, main
from github_run import COMMIT, change, document, gitops, many, pretended, speaking
from github_server import BOT, FakeGitHub, Fault

MARKER = "<!-- headwater:plan:main -->"
HEAD = "89abcdef0123456789abcdef0123456789abcdef"


@contextlib.contextmanager
def a_github():
    """A GitHub; in the end every fault must have happened."""
    github = FakeGitHub()
    try:
        yield github
        equal([(one.method, one.path.pattern) for one in github.faults], [], "faults that did not happen")
    finally:
        github.stop()


@contextlib.contextmanager
def texts(*changes):
    """The directory of a plan's texts, and its fingerprint."""
    with tempfile.TemporaryDirectory() as directory:
        planned = pretended(directory, document(*changes))
        yield str(Path(directory) / "out"), planned.report["fingerprint"]


BUCKET = change("headwater_storage_bucket.lake", ["create"], after={"name": "lake"})
DATASET = change("headwater_bigquery_dataset.raw", ["delete"], before={"dataset_id": "raw"})


def comment(github, out, number=7):
    return speaking(github, "comment", "--stack", "main", "--out", out, "--pull-request", number, "--commit", HEAD)


def drift(github, out, stack="main"):
    return speaking(github, "drift", "--stack", stack, "--out", out)


@check
def one_comment_is_made_and_then_changed():
    with a_github() as github, texts(BUCKET) as (first, _), texts(DATASET) as (second, _):
        github.comment(7, "looks good")
        comment(github, first).ok()
        ours = [one for one in github.of_issue(7) if one["user"]["login"] == BOT]
        equal(len(ours), 1)
        assert "headwater_storage_bucket" in ours[0]["body"]
        comment(github, second).ok()
        again = [one for one in github.of_issue(7) if one["user"]["login"] == BOT]
        equal([one["id"] for one in again], [ours[0]["id"]], "the same comment")
        assert "headwater_bigquery_dataset" in again[0]["body"] and "headwater_storage_bucket" not in again[0]["body"]
        # Nothing new is nothing to write.
        before = len([one for one in github.changes() if "comments" in one])
        comment(github, second).ok()
        equal(len([one for one in github.changes() if "comments" in one]), before)


@check
def the_comment_is_found_behind_others():
    with a_github() as github, texts(BUCKET) as (first, _), texts(DATASET) as (second, _):
        for number in range(230):
            github.comment(7, f"remark {number}")
        comment(github, first).ok()
        comment(github, second).ok()
        equal(len(github.of_issue(7)), 231)


@check
def a_comment_of_another_is_never_taken_for_ours():
    with a_github() as github, texts(BUCKET) as (out, _):
        forged = github.comment(7, f"{MARKER}\nAll is well.", "mallory")
        quoted = github.comment(7, f"> {MARKER}", BOT)
        comment(github, out).ok()
        equal(github.comments[forged["id"]]["body"], f"{MARKER}\nAll is well.")
        equal(github.comments[quoted["id"]]["body"], f"> {MARKER}")
        equal(len(github.of_issue(7)), 3)


@check
def doubles_are_taken_away():
    with a_github() as github, texts(BUCKET) as (out, _):
        first = github.comment(7, f"{MARKER}\nold", BOT)
        github.comment(7, f"{MARKER}\nolder", BOT)
        comment(github, out).ok()
        equal([one["id"] for one in github.of_issue(7)], [first["id"]])


@check
def stacks_have_comments_of_their_own():
    with a_github() as github, texts(BUCKET) as (out, _):
        for stack in ("raw", "marts", "raw"):
            speaking(github, "comment", "--stack", stack, "--out", out, "--pull-request", 7, "--commit", HEAD).ok()
        equal(len(github.of_issue(7)), 2)
        equal(sorted({one["context"] for one in github.statuses}), ["headwater/plan/marts", "headwater/plan/raw"])


@check
def a_comment_that_was_deleted_meanwhile_is_made_again():
    with a_github() as github, texts(BUCKET) as (first, _), texts(DATASET) as (second, _):
        comment(github, first).ok()
        (gone,) = github.of_issue(7)
        # Between our look and our change.
        github.faults.append(Fault("PATCH", "/issues/comments/", meanwhile=lambda: github.comments.clear()))
        comment(github, second).ok()
        (made,) = github.of_issue(7)
        assert made["id"] != gone["id"] and "headwater_bigquery_dataset" in made["body"]


@check
def what_fails_for_a_while_is_tried_again():
    for faults in (
        [Fault("GET", "/comments$", 502), Fault("GET", "/comments$", 503), Fault("GET", "/comments$", 500)],
        [Fault("GET", "/comments$", None)],
        [Fault("GET", "/comments$", 429, {"Retry-After": "1"}, "too many")],
        [Fault("POST", "/comments$", 403, {"Retry-After": "1"}, "You have exceeded a secondary rate limit")],
        [Fault("POST", "/comments$", 403, {}, "You have exceeded a secondary rate limit. Please wait a few minutes")],
        [
            Fault(
                "POST",
                "/statuses/",
                403,
                {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": lambda now: str(int(now) + 1)},
                "API rate limit exceeded",
            )
        ],
    ):
        with a_github() as github, texts(BUCKET) as (out, _):
            github.faults += faults
            comment(github, out).ok()
            equal((len(github.of_issue(7)), len(github.statuses)), (1, 1), [one.status for one in faults])


@check
def an_answer_that_was_lost_makes_no_second_comment():
    for status in (502, None):
        with a_github() as github, texts(BUCKET) as (out, _):
            github.faults.append(Fault("POST", "/comments$", status, after=True))
            comment(github, out).ok()
            equal(len(github.of_issue(7)), 1)
        with a_github() as github, texts(BUCKET) as (out, _):
            github.faults.append(Fault("POST", "/issues$", status, after=True))
            drift(github, out).ok()
            equal(len(github.issues), 1)


@check
def to_try_again_has_an_end():
    with a_github() as github, texts(BUCKET) as (out, _):
        github.faults += [Fault("GET", "/comments$", 503, message="unavailable") for _ in range(200)]
        since = time.monotonic()
        ended = comment(github, out)
        assert ended.code == 1 and "::error::" in ended.said and "given up" in ended.said, ended.said
        assert time.monotonic() - since < 20
        assert len(github.requests) < 30, len(github.requests)
        github.faults.clear()
    with a_github() as github, texts(BUCKET) as (out, _):
        # Nobody waits an hour in a job.
        github.faults.append(Fault("GET", "/comments$", 403, {"Retry-After": "3600"}, "secondary rate limit"))
        ended = comment(github, out)
        assert ended.code == 1 and "3600 s" in ended.said, ended.said


@check
def what_is_refused_is_not_tried_again():
    with a_github() as github, texts(BUCKET) as (out, _):
        github.faults.append(Fault("POST", "/comments$", 403, {}, "Resource not accessible by integration"))
        ended = comment(github, out)
        assert ended.code == 1 and "Resource not accessible by integration; does the job have the permission" in ended.said, ended.said
        equal(github.changes(), ["POST /repos/acme/platform/issues/7/comments"])


@check
def a_token_goes_to_no_other_server():
    with a_github() as github, a_github() as other, texts(BUCKET) as (out, _):
        where = f"{other.url}/repos/acme/platform/issues/7/comments"
        github.faults.append(Fault("GET", "/comments$", 301, {"Location": where}))
        ended = comment(github, out)
        assert ended.code == 1 and "redirected" in ended.said, ended.said
        equal(other.requests, [])


@check
def the_status_of_the_commit_remembers_the_plan():
    with a_github() as github, texts(DATASET) as (out, fingerprint):
        comment(github, out).ok()
        (status,) = github.statuses
        equal((status["commit"], status["state"], status["context"]), (HEAD, "success", "headwater/plan/main"))
        assert fingerprint in status["description"] and "1 to destroy" in status["description"], status
        equal(status["target_url"], "https://github.com/acme/platform/actions/runs/77")


@check
def a_plan_that_failed_is_told_and_fails_the_status():
    said = {"@message": "Error: no such object", "diagnostic": {"severity": "error", "summary": "no such object", "detail": "Acount"}}
    with a_github() as github, tempfile.TemporaryDirectory() as directory:
        planned = pretended(directory, {}, [said], status=1)
        equal((planned.ended.code, planned.report["outcome"]), (1, "failed"))
        comment(github, Path(directory) / "out").ok()
        (one,) = github.of_issue(7)
        assert "no such object" in one["body"] and "Acount" in one["body"]
        equal(github.statuses[0]["state"], "failure")


def merged(github, fingerprint=None, login=BOT, state="success", **more):
    pull = {"number": 7, "merged_at": "2026-11-27T00:00:00Z", "merge_commit_sha": COMMIT, "commits": [COMMIT], "head": {"sha": HEAD}}
    github.pulls.append({**pull, **more})
    if fingerprint:
        github.statuses.insert(
            0,
            {
                "commit": HEAD,
                "context": "headwater/plan/main",
                "state": state,
                "description": f"1 to destroy · {fingerprint}",
                "creator": {"login": login},
            },
        )


def reviewed(github, fingerprint, *more):
    return speaking(github, "reviewed", "--stack", "main", "--commit", COMMIT, "--fingerprint", fingerprint, *more)


ONE, OTHER = "v1:" + "a" * 64, "v1:" + "b" * 64


@check
def the_plan_that_was_reviewed_is_applied_and_no_other():
    with a_github() as github:
        merged(github, ONE)
        equal(reviewed(github, ONE).ok().outputs, {"reviewed": ONE, "pull_request": "7"})
        ended = reviewed(github, OTHER)
        assert ended.code == 1 and "another than the one that was reviewed on #7" in ended.said, ended.said


@check
def the_newest_plan_counts_and_nobody_elses():
    with a_github() as github:
        merged(github, ONE)
        merged(github, OTHER)
        merged(github, ONE, login="mallory")
        reviewed(github, OTHER).ok()
        equal(reviewed(github, ONE).code, 1)


@check
def without_a_review_nothing_is_applied():
    for prepare, expected in (
        (lambda github: None, "was not merged from a pull request"),
        (lambda github: merged(github), "no plan was made of it"),
        (lambda github: merged(github, ONE, state="failure"), "the plan of"),
        (lambda github: merged(github, ONE, merged_at=None), "was not merged from a pull request"),
        (lambda github: merged(github, ONE, merge_commit_sha=HEAD), "was not merged from a pull request"),
    ):
        with a_github() as github:
            prepare(github)
            ended = reviewed(github, ONE)
            assert ended.code == 1 and expected in ended.said and "by hand" in ended.said, ended.said


@check
def an_environment_without_reviewers_reviews_nothing():
    with a_github() as github:
        equal(reviewed(github, ONE, "--environment", "production").code, 1)
        github.environments["production"] = {"protection_rules": [{"type": "wait_timer"}]}
        ended = reviewed(github, ONE, "--environment", "production")
        assert ended.code == 1 and "no required reviewers" in ended.said, ended.said
        github.environments["production"]["protection_rules"].append({"type": "required_reviewers"})
        reviewed(github, ONE, "--environment", "production").ok()


@check
def drift_of_any_size_fits_in_its_one_issue():
    with a_github() as github:
        for size in (5, 500, 5000):
            with texts(*many(size)) as (out, _):
                drift(github, out).ok()
                (issue,) = github.issues.values()
                assert len(issue["body"].encode()) <= 65_536, len(issue["body"].encode())
                told = sum(int(number) for number in re.findall(r"(\d+) to ", issue["title"].replace(",", "")))
                equal(told, size, issue["title"])
                # Whatever has no room, what is destroyed is named.
                equal(len(re.findall(r"^! .*: destroy$", issue["body"], re.M)), -(-size // 500))
        with texts() as (empty, _):
            drift(github, empty).ok()
        equal([issue["state"] for issue in github.issues.values()], ["closed"])


@check
def drift_has_one_issue_from_its_beginning_to_its_end():
    with a_github() as github, texts(BUCKET) as (first, _), texts(DATASET) as (second, _), texts() as (empty, _):
        drift(github, empty).ok()
        equal(github.issues, {}, "without drift there is no issue")
        opened = drift(github, first).ok()
        (number,) = github.issues
        equal(opened.outputs, {"drift": "true", "issue": str(number)})
        issue = github.issues[number]
        equal(issue["title"], "Drift of main: 1 to create")
        equal([label["name"] for label in issue["labels"]], ["headwater-drift"])
        # The same drift is told once.
        drift(github, first).ok()
        equal((list(github.issues), github.of_issue(number)), ([number], []))
        # Another is an update of which people hear.
        drift(github, second).ok()
        equal(list(github.issues), [number])
        assert "headwater_bigquery_dataset" in github.issues[number]["body"]
        equal(github.issues[number]["title"], "Drift of main: 1 to destroy")
        equal([one["body"] for one in github.of_issue(number)], ["It is another drift now: 1 to destroy."])
        closed = drift(github, empty).ok()
        equal(closed.outputs, {"drift": "false", "closed": str(number)})
        equal((github.issues[number]["state"], github.issues[number]["state_reason"]), ("closed", "completed"))
        assert "The plan is empty again" in github.of_issue(number)[-1]["body"]
        before = len(github.changes())
        drift(github, empty).ok()
        equal(len(github.changes()), before, "what is closed is closed once")
        # What comes back is another story, which names the one before.
        drift(github, first).ok()
        equal(len(github.issues), 2)
        assert f"The last time was #{number}." in github.issues[max(github.issues)]["body"]
        equal(github.issues[number]["state"], "closed")


@check
def issues_of_others_and_of_other_stacks_are_left_alone():
    with a_github() as github, texts(BUCKET) as (out, _), texts() as (empty, _):
        text = "<!-- headwater:drift:main -->\nmine"
        mine = github.issue("mine", text, "mallory", ["headwater-drift"])
        pull = github.issue("a pull request", text, BOT, ["headwater-drift"], pull=True)
        for _ in range(210):
            github.issue("a bug", "it is broken", labels=["headwater-drift"])
        drift(github, out, "marts").ok()
        drift(github, out).ok()
        equal(len(github.issues), 214)
        drift(github, empty).ok()
        equal([one["title"] for one in github.issues.values() if one["state"] == "closed"], ["Drift of main: 1 to create"])
        equal((github.issues[mine["number"]]["body"], github.issues[pull["number"]]["state"]), (text, "open"))


@check
def of_two_open_issues_one_stays():
    with a_github() as github, texts(BUCKET) as (out, _):
        drift(github, out).ok()
        (first,) = github.issues
        github.issue("Drift", github.issues[first]["body"], BOT, ["headwater-drift"])
        drift(github, out).ok()
        equal([one["number"] for one in github.issues.values() if one["state"] == "open"], [first])


@check
def a_plan_that_failed_says_nothing_of_drift():
    with a_github() as github, texts(BUCKET) as (out, _), tempfile.TemporaryDirectory() as directory:
        drift(github, out).ok()
        pretended(directory, {}, [], status=1)
        ended = drift(github, Path(directory) / "out")
        assert ended.code == 1 and "stays as it is" in ended.said, ended.said
        equal([one["state"] for one in github.issues.values()], ["open"])


@check
def a_report_from_elsewhere_is_not_believed():
    with a_github() as github, texts(BUCKET) as (out, _):
        file = Path(out) / "report.json"
        report = json.loads(file.read_text())
        for wrong in ({"fingerprint": "v1:x"}, {"outcome": "fine"}, {"fingerprint": ""}):
            file.write_text(json.dumps({**report, **wrong}))
            equal(comment(github, out).code, 1, wrong)
        file.write_text(json.dumps({**report, "headline": "1 to create\n@octocat [x](http://evil.example)"}))
        comment(github, out).ok()
        assert "@" not in github.statuses[0]["description"] and "[" not in github.statuses[0]["description"]


@check
def wrong_usage_is_told():
    for arguments, expected in (
        (["comment", "--stack", "a -->", "--out", "x", "--pull-request", "1"], "64 at most"),
        (["comment", "--stack", "main", "--out", "x", "--pull-request", "1", "--commit", "main"], "no full commit hash"),
        (["comment", "--stack", "main", "--out", "x", "--pull-request", "one"], "invalid int"),
        (["drift", "--stack", "main", "--out", "x"], "GITHUB_TOKEN is not set"),
    ):
        ended = gitops(*arguments)
        assert ended.code != 0 and expected in ended.said, ended.said


main()
