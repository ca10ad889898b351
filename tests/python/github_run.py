"""Running Headwater's actions for GitHub as a runner does: as processes, with files for outputs and the summary."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from github_server import REPOSITORY, TOKEN

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# A Terraform that answers what a directory says: for plans that the real one would take too long to make.
PRETENDED = """#!/bin/sh
case "$1" in
  init) exit 0 ;;
  plan) cat plan.jsonl; exit "$(cat status)" ;;
  show) cat plan.json ;;
esac
"""


class Ended:
    """How a command ended: its status, all it said, its outputs, and the job's summary."""

    def __init__(self, code, said, outputs, summary):
        self.code, self.said, self.outputs, self.summary = code, said, outputs, summary

    def ok(self):
        """Fails unless it succeeded."""
        assert self.code == 0, f"ended with {self.code}:\n{self.said}"
        return self


def gitops(*arguments, environment=None):
    """One command of the actions."""
    with tempfile.TemporaryDirectory() as directory:
        files = {name: Path(directory) / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        ended = subprocess.run(
            [sys.executable, str(ROOT / "actions/gitops"), *map(str, arguments)],
            env={
                **kept,
                **{name: str(file) for name, file in files.items()},
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_RUN_ID": "77",
                "CHECKPOINT_DISABLE": "1",
                "TF_CLI_CONFIG_FILE": os.devnull,
                "PYTHONDONTWRITEBYTECODE": "1",
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        return Ended(ended.returncode, ended.stdout, outputs, files["GITHUB_STEP_SUMMARY"].read_text())


def speaking(github, *arguments):
    """One that speaks to the GitHub of a test."""
    environment = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": TOKEN}
    return gitops(*arguments, "--pause", "0.01", "--patience", "5", environment=environment)


class Planned:
    """A plan's texts."""

    def __init__(self, ended, out):
        self.ended = ended
        self.texts = {file.name: file.read_text() for file in Path(out).iterdir()}
        self.report = json.loads(self.texts.get("report.json", "{}"))
        self.comment = self.texts.get("comment.md", "")


def plan(directory, terraform, *arguments, environment=None, stack="main"):
    """Plans in a directory; the texts are in its folder `out`."""
    out = Path(directory) / "out"
    ended = gitops(
        *("plan", "--stack", stack, "--directory", directory, "--out", out, "--plan-file", Path(directory) / "plan.bin"),
        *("--commit", COMMIT, *arguments),
        environment={"HEADWATER_TERRAFORM": str(terraform), **(environment or {})},
    )
    assert out.is_dir(), ended.said
    return Planned(ended, out)


def many(number):
    """Changes of all kinds with long and short values."""
    for index in range(number):
        attributes = {f"attribute_{n}": f"value {index} {n} " * (1 + (index + n) % 9) for n in range(12)}
        changed = {**attributes, "attribute_3": "another", "schema": [{"name": f"c{n}", "type": "STRING"} for n in range(index % 30)]}
        address = f'module.m["{index % 7}"].headwater_bigquery_table.t[{index}]'
        if index % 500 == 0:
            yield change(address, ["delete"], before=attributes)
        elif index % 100 == 1:
            yield change(address, ["delete", "create"], attributes, changed, replace_paths=[["attribute_3"]])
        elif index % 3 == 0:
            yield change(address, ["update"], attributes, changed)
        else:
            yield change(address, ["create"], after=changed, after_unknown={"id": True})


def pretended(directory, document, lines=(), status=0):
    """Plans with a Terraform that says this."""
    directory = Path(directory)
    program = directory / "terraform"
    program.write_text(PRETENDED)
    program.chmod(0o755)
    (directory / "plan.json").write_text(json.dumps(document))
    (directory / "plan.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (directory / "status").write_text(str(status))
    return plan(directory, program)


def change(address, actions, before=None, after=None, **more):
    """One change of a plan in Terraform's JSON."""
    parts = ("before_sensitive", "after_sensitive", "after_unknown", "replace_paths", "importing")
    of_change = {name: more.pop(name) for name in parts if name in more}
    return {"address": address, "change": {"actions": actions, "before": before, "after": after, **of_change}, **more}


def document(*changes, **more):
    """A plan in Terraform's JSON."""
    return {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": list(changes), **more}
