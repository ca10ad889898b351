"""Running Terraform for a plan: initialise, plan, and read what came of it. A plan's JSON is nowhere but in memory.

The plan itself stays in a file of this runner, for an apply in the same job; it is never uploaded, as it holds what is sensitive.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys

import diagnostics
from plan import Plan


class Stopped(Exception):
    """Terraform ended without saying why in a form that a program reads: the log has it."""

    def __init__(self, summary, *lines):
        super().__init__(summary)
        self.diagnostic = diagnostics.Diagnostic("error", summary, lines)


class Terraform:
    """A configuration's directory."""

    def __init__(self, directory, program="terraform"):
        self.directory = directory
        self.program = program
        self.environment = {**os.environ, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}

    def init(self, arguments):
        """Fetches the providers that the lock file names, and no others."""
        command = [self.program, "init", "-no-color", "-lockfile=readonly", *arguments]
        with _quoted():
            ended = subprocess.run(command, cwd=self.directory, env=self.environment, check=False)
        if ended.returncode != 0:
            raise Stopped("terraform init failed", "The log says why. Is .terraform.lock.hcl committed, with linux_amd64 in it?")

    def plan(self, file, arguments):
        """Plans, saying all the way what happens. Returns the plan, None when it failed, its JSON, and the diagnostics."""
        command = [self.program, "plan", "-json", "-input=false", f"-out={file}", *arguments]
        said = []
        piped = {"stdout": subprocess.PIPE, "encoding": "utf-8", "errors": "replace"}
        with _quoted(), subprocess.Popen(command, cwd=self.directory, env=self.environment, **piped) as running:
            for line in running.stdout:
                shown, diagnostic = diagnostics.message(line.rstrip("\n"))
                print(shown, flush=True)
                if diagnostic:
                    said.append(diagnostic)
        said = diagnostics.unique(said)
        if running.returncode != 0:
            broken = [] if any(one.severity == "error" for one in said) else [Stopped("terraform plan failed").diagnostic]
            return None, None, said + broken
        show = [self.program, "show", "-json", file]
        ended = subprocess.run(show, cwd=self.directory, env=self.environment, stdout=subprocess.PIPE, check=False)
        if ended.returncode != 0:
            raise Stopped("terraform show -json cannot read the plan that terraform plan wrote")
        planned = Plan(json.loads(ended.stdout))
        return planned, ended.stdout, [diagnostics.without(one, planned.secrets) for one in said]


@contextlib.contextmanager
def _quoted():
    """What a program says is no command to the runner, which obeys lines that look like one, such as `::add-mask::…`."""
    end = secrets.token_hex(16)
    print(f"::stop-commands::{end}", flush=True)
    try:
        yield
    finally:
        print(f"::{end}::", flush=True)


def fail(message):
    """Ends with an error that GitHub shows at the job."""
    sys.stdout.flush()
    one_line = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::error::{one_line}", flush=True)
    sys.exit(1)
