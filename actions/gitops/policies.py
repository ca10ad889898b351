"""Policies over a plan, written in Rego and judged by Open Policy Agent. What they deny is told as an error of the plan.

A policy sees the plan's JSON whole, sensitive values among it, on the standard input of `opa`; what it says goes the way of all text.
"""

import json
import os
import subprocess

from diagnostics import Diagnostic

RULE = "data.headwater.plan.deny"


class Unjudged(Exception):
    """The policies could not be asked. That nothing is denied then means nothing."""


def denied(document, directory, secrets, program="opa"):
    """What the policies in a directory deny, each as an error."""
    command = [program, "eval", "--format", "json", "--stdin-input", "--data", os.path.abspath(directory), RULE]
    try:
        ended = subprocess.run(command, input=document, capture_output=True, check=False)
    except OSError as error:
        raise Unjudged(f"{program} cannot be started ({error.strerror}): the policies in {directory} need Open Policy Agent on PATH") from error
    if ended.returncode != 0:
        raise Unjudged(f"`opa eval` ended with {ended.returncode}: {secrets.without((ended.stdout + ended.stderr).decode('utf-8', 'replace'))}")
    try:
        messages = json.loads(ended.stdout)["result"][0]["expressions"][0]["value"]
    except (ValueError, LookupError) as error:
        raise Unjudged(f"the policies in {directory} define no {RULE}") from error
    return [Diagnostic("error", "a policy denies this plan", (secrets.without(str(message)),)) for message in sorted(messages)]
