"""The composite actions, carried out as a runner does: their steps, with their inputs, in the order of their files."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import yaml

from checks import check, equal, main
from github_run import PRETENDED, ROOT, change, document, pretended
from github_server import BOT, REPOSITORY, TOKEN, FakeGitHub

COMMIT, HEAD = "0" * 40, "1" * 40
BUCKET = change("headwater_storage_bucket.lake", ["create"], after={"name": "lake"})


def action(name, directory, github, inputs):
    """Carries out an action in a directory; its outputs, and whether it succeeded with what was said."""
    read = yaml.safe_load((ROOT / "actions" / name / "action.yml").read_text())
    # What GitHub puts where an action gives no other default.
    context = {
        "github.token": TOKEN,
        "github.sha": COMMIT,
        "github.event.pull_request.number": "7",
        "github.event.pull_request.head.sha": HEAD,
        "github.event.pull_request.head.sha || github.sha": HEAD,
    }

    def resolved(text):
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: context[found.group(1)], str(text))

    for key, declared in read["inputs"].items():
        assert key in inputs or not declared.get("required"), key
        context[f"inputs.{key}"] = inputs.get(key, resolved(declared.get("default", "")))
    assert set(inputs) <= set(read["inputs"]), inputs
    said = ""
    for number, step in enumerate(read["runs"]["steps"]):
        equal(step["shell"], "bash")
        output = Path(directory) / f"output-{number}"
        output.write_text("")
        environment = {
            "PATH": f"{directory}:{os.environ['PATH']}",
            "HOME": str(directory),
            "PYTHONDONTWRITEBYTECODE": "1",
            "RUNNER_TEMP": str(directory),
            "GITHUB_ACTION_PATH": str(ROOT / "actions" / name),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(Path(directory) / "summary"),
            "GITHUB_API_URL": github.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            **{key: resolved(value) for key, value in step.get("env", {}).items()},
        }
        script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        ended = subprocess.run(script, cwd=directory, env=environment, capture_output=True, text=True, timeout=120, check=False)
        said += ended.stdout + ended.stderr
        for line in output.read_text().splitlines():
            key, value = line.split("=", 1)
            context[f"steps.{step.get('id')}.outputs.{key}"] = value
        if ended.returncode != 0:
            return {}, False, said
    return {key: resolved(one["value"]) for key, one in read.get("outputs", {}).items()}, True, said


def planned(directory, github, *changes, **inputs):
    """Plans by the action with a Terraform that notes how it was called."""
    pretended(directory, document(*changes))
    noting = PRETENDED.replace("#!/bin/sh", f'#!/bin/sh\nprintf "%s\\n" "$@" >> {directory}/called')
    (Path(directory) / "terraform").write_text(noting)
    return action("terraform-plan", directory, github, {"stack": "main", **inputs})


@check
def a_plan_goes_from_action_to_action():
    github = FakeGitHub()
    with tempfile.TemporaryDirectory() as directory:
        arguments = "-lock=false\n-var-file=production.tfvars\n\n"
        outputs, well, said = planned(
            directory, github, BUCKET, **{"plan-arguments": arguments, "init-arguments": "-backend-config=prefix=main"}
        )
        assert well, said
        equal((outputs["outcome"], outputs["headline"]), ("changes", "1 to create"))
        called = (Path(directory) / "called").read_text().splitlines()
        for argument in ("-lock=false", "-var-file=production.tfvars", "-backend-config=prefix=main", f"-out={outputs['plan-file']}"):
            assert argument in called, called
        given = {"stack": "main", "texts": outputs["texts"]}
        _, well, said = action("plan-comment", directory, github, given)
        assert well, said
        equal([one["user"]["login"] for one in github.of_issue(7)], [BOT])
        equal([one["commit"] for one in github.statuses], [HEAD])
        pull = {"number": 7, "merged_at": "2026-11-27T00:00:00Z", "merge_commit_sha": COMMIT, "commits": [COMMIT], "head": {"sha": HEAD}}
        github.pulls.append(pull)
        _, well, said = action("reviewed-plan", directory, github, {"stack": "main", "fingerprint": outputs["fingerprint"]})
        assert well, said
        _, well, said = action("reviewed-plan", directory, github, {"stack": "main", "fingerprint": "v1:" + "0" * 64})
        assert not well and "another than the one that was reviewed" in said, said
        made, well, said = action("drift-issue", directory, github, given)
        assert well, said
        equal(made, {"drift": "true", "issue": str(max(github.issues))})
        # The same plan is what is expected behind the gate; another is not.
        _, well, said = planned(directory, github, BUCKET, expect=outputs["fingerprint"])
        assert well, said
        _, well, said = planned(directory, github, expect=outputs["fingerprint"])
        assert not well and "is not the one that was reviewed" in said, said
    github.stop()


main()
