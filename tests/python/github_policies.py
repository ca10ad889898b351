"""The policies over a plan: what each denies and what it lets through, and how a denial reaches the pull request.

Rego is carried out by rego-cpp, which is not OPA: what the policies use is in both.
"""

import json
import os
import stat
import sys
import tempfile
from pathlib import Path

from regopy import Interpreter

from checks import check, equal, main
from github_run import ROOT, change, document, gitops, speaking
from github_run import pretended as pretended_plan
from github_server import FakeGitHub

POLICIES = sorted((ROOT / "policies").glob("*.rego"))
DIGEST = "europe-docker.pkg.dev/acme/headwater/headwater@sha256:" + "0" * 64
NONE, DIRECT = {"pii": "none"}, {"pii": "direct"}
DOOMED = {"pii": "none", "may_be_destroyed": "yes"}


def denied(plan):
    rego = Interpreter()
    for file in POLICIES:
        rego.add_module(file.stem, file.read_text())
    rego.set_input(plan)
    output = rego.query("x := data.headwater.plan.deny")
    assert output.ok(), str(output)
    return sorted(json.loads(output.binding("x").json()))


def resource(kind, actions, before=None, after=None, **more):
    return change(f"{kind}.it", actions, before, after, type=kind, **more)


def guarded(*tags):
    return [{"name": "id", "policy_tags": None}, *({"name": f"c{index}", "policy_tags": [tag]} for index, tag in enumerate(tags))]


DATASET, TABLE = "headwater_bigquery_dataset", "headwater_bigquery_table"
BUCKET, RUNTIME, EXTRACT = "headwater_storage_bucket", "headwater_runtime", "headwater_salesforce_extract"
# A change, and a part of each message that there must be; none must be missing and none too many.
CASES = [
    (resource(DATASET, ["create"], after={"labels": NONE}), []),
    (resource(DATASET, ["create"], after={"labels": None}), ["labels.pii is to be one of"]),
    (resource(DATASET, ["create"], after={}), ["labels.pii is to be one of"]),
    (resource(DATASET, ["create"], after={"labels": {"pii": "maybe"}}), ["labels.pii is to be one of"]),
    (resource(DATASET, ["create"], after={}, after_unknown={"labels": True}), []),
    (resource(DATASET, ["no-op"], before={}, after={}), []),
    (resource(EXTRACT, ["update"], before={}, after={"labels": {}}), ["labels.pii"]),
    (resource("headwater_cdc_stream", ["create"], after={"labels": NONE, "image": DIGEST}), []),
    (resource("headwater_secret", ["create"], after={}), []),
    (resource(TABLE, ["create"], after={"labels": DIRECT, "columns": guarded()}), ["no column has policy_tags"]),
    (resource(TABLE, ["create"], after={"labels": DIRECT, "columns": guarded("t")}), []),
    (resource(TABLE, ["create"], after={"labels": NONE, "columns": guarded()}), []),
    (resource(DATASET, ["delete"], before={"labels": NONE}), ["would be destroyed"]),
    (resource(DATASET, ["delete"], before={"labels": None}), ["would be destroyed"]),
    (resource(DATASET, ["delete"], before={"labels": DOOMED}), []),
    (resource(TABLE, ["delete", "create"], before={"labels": NONE}, after={"labels": NONE, "columns": []}), ["would be destroyed"]),
    (resource(BUCKET, ["create", "delete"], before={}, after={}), ["would be destroyed"]),
    (resource(RUNTIME, ["delete"], before={"image": "x"}), []),
    (resource(DATASET, ["forget"], before={"labels": NONE}), []),
    (resource(DATASET, ["update"], before={}, after={"labels": NONE, "deletion_protection": False}), ["deletion_protection is false"]),
    (resource(DATASET, ["update"], before={}, after={"labels": NONE, "deletion_protection": True}), []),
    (resource(DATASET, ["update"], before={}, after={"labels": DOOMED, "deletion_protection": False}), []),
    (
        resource(DATASET, ["create"], after={"labels": NONE, "delete_contents_on_destroy": True, "deletion_protection": False}),
        ["delete_contents_on_destroy is true", "deletion_protection is false"],
    ),
    (resource(BUCKET, ["create"], after={"force_destroy": True}), ["force_destroy is true"]),
    (resource(EXTRACT, ["create"], after={"labels": NONE, "delete_tables_on_destroy": True}), ["delete_tables_on_destroy is true"]),
    (resource(RUNTIME, ["create"], after={"image": DIGEST}), []),
    (resource(RUNTIME, ["create"], after={"image": "headwater:0.1.0"}), ["is named by a tag"]),
    (resource(RUNTIME, ["update"], before={}, after={"image": DIGEST[:-1]}), ["is named by a tag"]),
    (resource(RUNTIME, ["no-op"], before={"image": "headwater:0.1.0"}, after={"image": "headwater:0.1.0"}), []),
]


@check
def each_policy_denies_what_it_should_and_nothing_else():
    assert len(POLICIES) >= 5, POLICIES
    wrong = []
    for plan, expected in CASES:
        messages = denied(document(plan))
        if len(messages) != len(expected) or not all(part in message for part, message in zip(expected, messages)):
            wrong.append((plan, expected, messages))
        assert all("headwater_" in message for message in messages), messages
    equal(wrong, [])


@check
def a_plan_is_judged_as_a_whole():
    equal(denied(document()), [])
    whole = document(*(plan for plan, _ in CASES))
    # A message is told once for each resource, and all of these have one address for each kind.
    assert len(denied(whole)) >= 8, denied(whole)


# Answers as `opa eval` does, with rego-cpp.
OPA = f"""#!{sys.executable}
import json, pathlib, sys
from regopy import Interpreter
assert sys.argv[1:5] == ["eval", "--format", "json", "--stdin-input"] and sys.argv[5] == "--data", sys.argv
rego = Interpreter()
for file in pathlib.Path(sys.argv[6]).glob("*.rego"):
    rego.add_module(file.stem, file.read_text())
rego.set_input(json.load(sys.stdin))
output = rego.query("x := " + sys.argv[7])
if len(output) == 0 or "x" not in output[0].bindings:
    print("{{}}")
else:
    print(json.dumps({{"result": [{{"expressions": [{{"value": output[0].bindings["x"]}}]}}]}}))
"""


def planned(directory, policies, *changes, opa=None):
    """Plans with policies; returns how it ended."""
    directory = Path(directory)
    pretended_plan(directory, document(*changes))
    program = directory / "opa"
    program.write_text(opa or OPA)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return gitops(
        *("plan", "--stack", "main", "--directory", directory, "--out", directory / "out", "--plan-file", directory / "p"),
        *("--policies", policies),
        environment={"HEADWATER_TERRAFORM": str(directory / "terraform"), "HEADWATER_OPA": str(program)},
    )


@check
def a_denied_plan_is_told_and_fails():
    github = FakeGitHub()
    secret = {"labels": {"pii": "canary-of-a-policy"}}
    with tempfile.TemporaryDirectory() as directory:
        ended = planned(directory, ROOT / "policies", resource(BUCKET, ["create"], after={"force_destroy": True}))
        assert ended.code == 1 and "denied by policies: 1 reason" in ended.said, ended.said
        speaking(github, "comment", "--stack", "main", "--out", Path(directory) / "out", "--pull-request", 7, "--commit", "0" * 40).ok()
        (comment,) = github.of_issue(7)
        assert "error: a policy denies this plan" in comment["body"] and "force_destroy is true" in comment["body"], comment["body"]
        equal((github.statuses[0]["state"], github.statuses[0]["description"]), ("failure", "the plan is denied by policies"))
        planned(directory, ROOT / "policies", resource(BUCKET, ["create"], after={})).ok()
        speaking(github, "comment", "--stack", "main", "--out", Path(directory) / "out", "--pull-request", 7, "--commit", "0" * 40).ok()
        equal(github.statuses[0]["state"], "success")
        # A policy sees sensitive values, and what it says of them is not told.
        told = Path(directory) / "telling"
        told.mkdir()
        (told / "tell.rego").write_text(
            "package headwater.plan\nimport rego.v1\ndeny contains m if {\n  some r in input.resource_changes\n"
            '  m := sprintf("it is %s", [r.change.after.labels.pii])\n}\n'
        )
        ended = planned(directory, told, resource(DATASET, ["create"], after=secret, after_sensitive={"labels": {"pii": True}}))
        assert ended.code == 1 and "it is (sensitive value)" in ended.summary and "canary" not in ended.summary + ended.said, ended.summary
    github.stop()


@check
def policies_that_cannot_be_asked_let_nothing_through():
    with tempfile.TemporaryDirectory() as directory:
        empty = Path(directory) / "none"
        empty.mkdir()
        for opa, expected in ((None, "define no data.headwater.plan.deny"), ("#!/bin/sh\nexit 2\n", "ended with 2")):
            ended = planned(directory, empty, opa=opa)
            assert ended.code == 1 and expected in ended.said, ended.said
        os.remove(Path(directory) / "opa")
        ended = gitops(
            *("plan", "--stack", "main", "--directory", directory, "--out", Path(directory) / "out", "--plan-file", "p"),
            *("--policies", empty),
            environment={"HEADWATER_TERRAFORM": f"{directory}/terraform", "HEADWATER_OPA": f"{directory}/opa"},
        )
        assert ended.code == 1 and "need Open Policy Agent on PATH" in ended.said, ended.said


main()
