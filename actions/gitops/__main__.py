"""What Headwater's actions for GitHub do, as a program: `python3 actions/gitops COMMAND`. Python's standard library is all it needs.

    plan      plans with Terraform and writes the texts for people, and a report for the commands below, into a directory
    comment   puts a plan on a pull request: a comment, and the status of the commit
    reviewed  says which plan was reviewed on the pull request that brought a commit
    drift     opens, updates or closes the issue on a stack's drift

Commands that speak to GitHub read GITHUB_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL.
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import issues  # noqa: E402
import policies  # noqa: E402
import render  # noqa: E402
import reviews  # noqa: E402
import terraform  # noqa: E402
import text  # noqa: E402
from github import Failed, GitHub  # noqa: E402
from plan import DESTRUCTIVE, Unreadable  # noqa: E402

# Room for the markers that are put in front of a text.
MARKERS = 512


def run_url():
    """The page of this run; empty outside of GitHub."""
    server, repository, number = (os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{number}" if number else ""


def output(**values):
    """Outputs of the step, and lines of its log."""
    for name, value in values.items():
        print(f"{name}: {value}", flush=True)
    if os.environ.get("GITHUB_OUTPUT"):
        with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())


def summary(content):
    """Adds to the job's summary."""
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(os.environ["GITHUB_STEP_SUMMARY"], "a", encoding="utf-8") as file:
            file.write(content)


def lines(argument):
    """Arguments that are written one a line."""
    return [line.strip() for line in argument.splitlines() if line.strip()]


def plan(arguments):
    """`plan`."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    program = terraform.Terraform(arguments.directory, os.environ.get("HEADWATER_TERRAFORM", "terraform"))
    try:
        program.init(lines(arguments.init_arguments))
        planned, document, said = program.plan(os.path.abspath(arguments.plan_file), lines(arguments.plan_arguments))
    except terraform.Stopped as error:
        planned, document, said = None, None, [error.diagnostic]
    against = []
    if arguments.policies and planned is not None:
        against = policies.denied(document, arguments.policies, planned.secrets, os.environ.get("HEADWATER_OPA", "opa"))
    said = [*against, *said]
    outcome = "failed" if planned is None else "changes" if planned.changes_anything() else "empty"
    report = {
        "outcome": outcome,
        "headline": "no plan" if planned is None else render.headline(planned),
        "denied": len(against),
        "destructive": 0 if planned is None else sum(change.kind in DESTRUCTIVE for change in planned.changes),
        "fingerprint": "" if planned is None else planned.fingerprint(),
    }
    url = run_url()
    note = ["---", f"Plan of {text.code(arguments.commit[:12])}" if arguments.commit else "Plan"]
    note[-1] += f" by [this run]({url}), whose summary has more room" if url else ""
    note[-1] += f" · {text.code(report['fingerprint'])}" if report["fingerprint"] else ""
    note = "\n".join([*note, ""])
    (out / "report.json").write_text(json.dumps(report), encoding="utf-8")
    content = render.sections(planned, said)
    comment = render.plan(arguments.stack, planned, said, content, note, text.COMMENT_LIMIT - MARKERS)
    (out / "comment.md").write_text(comment, encoding="utf-8")
    whole = render.plan(arguments.stack, planned, said, content, note, text.SUMMARY_LIMIT - MARKERS)
    (out / "summary.md").write_text(whole, encoding="utf-8")
    if planned is not None:
        issue = render.drift(arguments.stack, planned, content, note, text.COMMENT_LIMIT - MARKERS)
        (out / "drift.md").write_text(issue, encoding="utf-8")
    summary(whole)
    output(**report)
    if planned is None:
        terraform.fail("terraform plan failed; the summary has its errors")
    if against:
        terraform.fail(f"the plan is denied by policies: {text.count(len(against), 'reason')}; the summary has them")
    if arguments.expect and arguments.expect != report["fingerprint"]:
        terraform.fail(
            f"this plan ({report['headline']}; {report['fingerprint']}) is not the one that was reviewed ({arguments.expect}): what is "
            "there, or what others merged, has changed since. Nothing was applied. Start the workflow by hand, with "
            "`review: environment`, to have this plan reviewed"
        )


def comment(arguments):
    """`comment`."""
    github = client(arguments)
    report = read(arguments)
    body = (Path(arguments.out) / "comment.md").read_text(encoding="utf-8")
    done = reviews.comment(github, arguments.pull_request, arguments.stack, arguments.author, body)
    print(f"comment {done.get('html_url') or done['id']}")
    described = reviews.described(report["headline"], report["fingerprint"])
    if report["outcome"] == "failed":
        described = "the plan failed"
    elif report["denied"]:
        described = "the plan is denied by policies"
    state = "failure" if report["outcome"] == "failed" or report["denied"] else "success"
    reviews.status(github, arguments.commit, arguments.stack, state, described, run_url())


def reviewed(arguments):
    """`reviewed`."""
    github = client(arguments)
    if arguments.environment:
        if not reviews.environment_has_reviewers(github, arguments.environment):
            raise Failed(
                f"the environment {arguments.environment!r} has no required reviewers, so nobody would review this plan: "
                "add them in the repository's settings, below Environments"
            )
        print(f"the plan is reviewed by who approves the environment {arguments.environment}")
        return
    fingerprint, number = reviews.reviewed(github, arguments.commit, arguments.stack, arguments.author)
    output(reviewed=fingerprint, pull_request=number)
    if fingerprint != arguments.fingerprint:
        raise Failed(
            f"the plan is another than the one that was reviewed on #{number} ({fingerprint}): what is there, or what others merged, has "
            "changed since. Start the workflow by hand, with `review: environment`, to have this plan reviewed"
        )
    print(f"the plan is the one that was reviewed on #{number}")


def drift(arguments):
    """`drift`."""
    github = client(arguments)
    report = read(arguments)
    if report["outcome"] == "failed":
        raise Failed("the plan failed, so it is not known whether there is drift; the issue, if there is one, stays as it is")
    if report["outcome"] == "empty":
        closed = issues.gone(github, arguments.stack, arguments.author, run_url())
        output(drift="false", closed=",".join(map(str, closed)))
        return
    body = (Path(arguments.out) / "drift.md").read_text(encoding="utf-8")
    issue = issues.drifted(github, arguments.stack, arguments.author, report["headline"], report["fingerprint"], body)
    output(drift="true", issue=issue["number"])


def read(arguments):
    """The report of a plan. It comes from a job that ran code of the pull request, so it is believed to be nothing but text."""
    report = json.loads((Path(arguments.out) / "report.json").read_text(encoding="utf-8"))
    headline = re.sub(r"[^A-Za-z0-9 ,]", "", str(report.get("headline")))[:200]
    outcome, fingerprint = str(report.get("outcome")), str(report.get("fingerprint"))
    well = re.fullmatch(r"v1:[0-9a-f]{64}", fingerprint) or (outcome == "failed" and not fingerprint)
    if outcome not in ("changes", "empty", "failed") or not well:
        raise Failed(f"{arguments.out}/report.json is none that `plan` wrote")
    return {"outcome": outcome, "headline": headline, "fingerprint": fingerprint, "denied": report.get("denied") != 0}


def client(arguments):
    """GitHub, as the environment says."""
    repository, token = (os.environ.get(name, "") for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN"))
    return GitHub(repository, token, patience=arguments.patience, pause=arguments.pause)


def stack_name(name):
    """A stack's name stands in markers, and in names of statuses and artifacts."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) or "--" in name:
        raise argparse.ArgumentTypeError(f"{name!r}: letters, digits, '.', '_' and single '-', 64 at most")
    return name


def commit_name(name):
    """A commit stands in paths."""
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}|", name):
        raise argparse.ArgumentTypeError(f"{name!r} is no full commit hash")
    return name


def parser():
    """The command line."""
    parser = argparse.ArgumentParser(prog="gitops", description="what Headwater's actions for GitHub do")
    commands = parser.add_subparsers(required=True)

    def command(function, help):
        made = commands.add_parser(function.__name__, help=help)
        made.set_defaults(function=function)
        made.add_argument("--stack", type=stack_name, required=True, help="the name of the configuration")
        made.add_argument("--commit", type=commit_name, default="")
        return made

    def speaking(function, help):
        made = command(function, help)
        made.add_argument("--author", default="github-actions[bot]", help="the account whose token this is")
        made.add_argument("--patience", type=float, default=300, help="how many seconds all waiting for GitHub may take")
        made.add_argument("--pause", type=float, default=1, help="the first wait, in seconds")
        return made

    made = command(plan, "plan with Terraform")
    made.add_argument("--directory", default=".", help="where the configuration is")
    made.add_argument("--out", required=True, help="where the texts and the report go")
    made.add_argument("--plan-file", required=True, help="where Terraform's plan goes")
    made.add_argument("--init-arguments", default="", help="more arguments of `terraform init`, one a line")
    made.add_argument("--plan-arguments", default="", help="more arguments of `terraform plan`, one a line")
    made.add_argument("--policies", default="", help="a directory of policies in Rego that judge the plan")
    made.add_argument("--expect", default="", help="fail unless the plan has this fingerprint")
    made = speaking(comment, "put a plan on a pull request")
    made.add_argument("--out", required=True)
    made.add_argument("--pull-request", type=int, required=True)
    made = speaking(reviewed, "compare a plan with the one that was reviewed")
    made.add_argument("--fingerprint", required=True)
    made.add_argument("--environment", default="", help="reviewed by who approves this environment, not on a pull request")
    made = speaking(drift, "keep the issue on drift")
    made.add_argument("--out", required=True)
    return parser


if __name__ == "__main__":
    given = parser().parse_args()
    try:
        given.function(given)
    except (Failed, Unreadable, policies.Unjudged) as error:
        terraform.fail(str(error))
