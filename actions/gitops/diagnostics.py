"""What Terraform and its providers say while they plan (`terraform plan -json`): one message a line, errors and warnings among them.

https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnostic:
    """An error or a warning: where it is, in the configuration's own words, and what it says."""

    severity: str
    summary: str
    lines: tuple


def message(line):
    """A line of the output as a person reads it, and its diagnostic, if it is one. What is no JSON stands for itself."""
    try:
        document = json.loads(line)
    except ValueError:
        return line, None
    if not isinstance(document, dict):
        return line, None
    text = str(document.get("@message", ""))
    diagnostic = document.get("diagnostic")
    if not isinstance(diagnostic, dict):
        return text, None
    read = _read(diagnostic)
    return "\n".join([text, *(f"  {line}" for line in read.lines)]), read


def _read(document):
    lines = []
    where = document.get("range") or {}
    snippet = document.get("snippet") or {}
    if document.get("address"):
        lines.append(f"with {document['address']}")
    if where.get("filename"):
        line = (where.get("start") or {}).get("line")
        context = f", in {snippet['context']}" if snippet.get("context") else ""
        lines.append(f"on {where['filename']} line {line}{context}:")
    # Which attribute is meant: the place within the configuration to which Terraform resolved the provider's path.
    start = snippet.get("start_line")
    for number, line in enumerate(str(snippet.get("code") or "").splitlines()):
        lines.append(f"  {start + number}: {line}" if isinstance(start, int) else f"  {line}")
    lines += str(document.get("detail") or "").splitlines()
    return Diagnostic(str(document.get("severity", "error")), str(document.get("summary", "")), tuple(lines))


def unique(diagnostics):
    """Errors before warnings, each once: a plan repeats in its end what it said on the way."""
    seen = dict.fromkeys(diagnostics)
    return sorted(seen, key=lambda one: one.severity != "error")


def without(diagnostic, secrets):
    """A diagnostic in which nothing sensitive is told, whoever wrote it there."""
    lines = tuple(secrets.without(line) for line in diagnostic.lines)
    return Diagnostic(diagnostic.severity, secrets.without(diagnostic.summary), lines)
