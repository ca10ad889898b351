"""How plans look on GitHub: plans of the real Terraform, and of 5,000 changes; sizes, shares, secrets, and text that wants to break out.

What GitHub makes of a text is asked of its own Markdown parser, cmark-gfm.
"""

import contextlib
import html.parser
import os
import re
import resource
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options

from checks import check, equal, main
from github_run import change, document, many, plan, pretended

TERRAFORM = os.environ["HEADWATER_TEST_TERRAFORM"]
COMMENT, SUMMARY = 65_536, 1024 * 1024
CANARY = "canary-9f27c1d4e8"
KEY = "-----BEGIN KEY-----\ncanaryline1MIIEpAIBAAKC\ncanaryline2AQEAxyzq\n-----END KEY-----"


@contextlib.contextmanager
def directory():
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


class Outside(html.parser.HTMLParser):
    """What of a page is neither in code nor in a block of code: there GitHub looks for mentions, and shows images and links."""

    def __init__(self, markdown):
        super().__init__()
        self.depth, self.text, self.tags = 0, [], Counter()
        options = Options.CMARK_OPT_UNSAFE
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options))

    def handle_starttag(self, tag, _):
        self.tags[tag] += 1
        self.depth += tag in ("code", "pre")

    def handle_endtag(self, tag):
        self.tags[f"/{tag}"] += 1
        self.depth -= tag in ("code", "pre")

    def handle_data(self, data):
        if self.depth == 0:
            self.text.append(data)

    def said(self):
        return "".join(self.text)


def holds(planned):
    """What must be so of every plan's texts."""
    assert len(planned.comment.encode()) <= COMMENT, len(planned.comment.encode())
    assert len(planned.texts["summary.md"].encode()) <= SUMMARY, len(planned.texts["summary.md"].encode())
    for name, text in planned.texts.items():
        if name.endswith(".md"):
            outside = Outside(text)
            # Tags of ours, and those that Markdown's own signs make.
            allowed = {"h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre", "code"}
            opened = {tag for tag in outside.tags if not tag.startswith("/")}
            assert opened <= allowed | {"blockquote", "hr", "a"}, (name, opened)
            assert "@" not in outside.said(), (name, outside.said())
            equal(outside.tags["details"], outside.tags["/details"], name)


BEFORE = """
terraform {
  required_version = ">= 1.11"
}
variable "password" {
  type      = string
  sensitive = true
}
variable "key" {
  type      = string
  sensitive = true
}
resource "terraform_data" "changed" {
  input = { size = 1, labels = { team = "crm" }, columns = ["a", "b", "c"], secret = var.password, text = "one\\ntwo\\nthree\\n" }
}
resource "terraform_data" "replaced" {
  input            = "x"
  triggers_replace = ["EU", var.password]
}
resource "terraform_data" "gone" {
  input = { what = "data", secret = var.password }
}
resource "terraform_data" "old_name" {
  input = "moved"
}
resource "terraform_data" "forgotten" {
  input = "stays"
}
output "size" {
  value = 1
}
output "password" {
  value     = var.password
  sensitive = true
}
"""

AFTER = """
terraform {
  required_version = ">= 1.11"
}
variable "password" {
  type      = string
  sensitive = true
}
variable "key" {
  type      = string
  sensitive = true
}
resource "terraform_data" "changed" {
  input = { size = 2, labels = { team = "crm", tier = "1" }, columns = ["new", "a", "b", "c"], secret = "${var.password}-2", text = "one\\n2\\nthree\\n" }
}
resource "terraform_data" "replaced" {
  input            = "x"
  triggers_replace = ["US", "${var.password}-2"]
}
moved {
  from = terraform_data.old_name
  to   = terraform_data.new_name
}
resource "terraform_data" "new_name" {
  input = "moved"
}
removed {
  from = terraform_data.forgotten
  lifecycle {
    destroy = false
  }
}
import {
  to = terraform_data.imported
  id = "some-id"
}
resource "terraform_data" "imported" {
}
resource "terraform_data" "created" {
  input = { name = "n", key = var.key, of = terraform_data.replaced.id, leaked = nonsensitive(var.password), quoted = jsonencode({ p = nonsensitive(var.password) }) }
}
data "terraform_remote_state" "read" {
  backend    = "local"
  config     = { path = "${path.module}/other-${terraform_data.created.id}.tfstate" }
}
check "sizes" {
  assert {
    condition     = terraform_data.changed.input.size == 1
    error_message = "The size is ${terraform_data.changed.input.size}, and the password ${nonsensitive(var.password)}."
  }
}
output "size" {
  value = 2
}
output "password" {
  value     = "${var.password}-2"
  sensitive = true
}
output "later" {
  value = terraform_data.created.id
}
"""


def real(before, after, *arguments, environment=None):
    """Applies the first configuration and plans the second with the real Terraform."""
    with directory() as where:
        variables = {"TF_VAR_password": CANARY, "TF_VAR_key": KEY, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
        if before:
            (where / "main.tf").write_text(before)
            for command in (["init"], ["apply", "-auto-approve"]):
                ended = subprocess.run(
                    [TERRAFORM, *command, "-no-color", "-input=false"],
                    cwd=where,
                    env={**os.environ, **variables},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert ended.returncode == 0, ended.stdout + ended.stderr
        (where / "main.tf").write_text(after)
        return plan(where, TERRAFORM, *arguments, environment={**variables, **(environment or {})})


@check
def each_kind_of_change_of_a_real_plan_is_there():
    planned = real(BEFORE, AFTER)
    planned.ended.ok()
    holds(planned)
    text = planned.comment
    counts = dict(re.findall(r"^\| [^|]*\| (\w+) \| (\d+) \|$", text, re.M))
    expected = {"destroy": "1", "replace": "1", "forget": "1", "update": "1", "create": "1", "import": "1", "move": "1", "read": "1"}
    equal(counts, {**expected, "outputs": "3"})
    order = [text.index(word) for word in ("warning", "1 to destroy<", "1 to destroy and create", "1 to forget", "1 to change", "1 to create")]
    equal(order, sorted(order), "what destroys comes before the rest")
    for part in (
        "> [!CAUTION]\n> 2 resources would be **destroyed**.",
        "! terraform_data.gone: destroy (it is not in the configuration)",
        "! terraform_data.replaced: replace",
        '-   triggers_replace[0] = "EU"',
        '+   triggers_replace[0] = "US"  # forces replacement',
        "# terraform_data.forgotten: forget",
        "# terraform_data.changed: update",
        "-   input.size = 1",
        "+   input.size = 2",
        '+   input.labels.tier = "1"',
        # What is put in front changes nothing behind it.
        '+   input.columns[0] = "new"\n',
        "!   input.secret = (sensitive value), changes",
        '-   output = {"columns": ["a", "b", "c"], ',
        "+   output = (known after apply)",
        "@@ input.text @@\n    one\n-   two\n+   2\n    three",
        "# terraform_data.new_name: move (moved from terraform_data.old_name)",
        "# terraform_data.imported: import (imported by some-id)",
        "+   input.of = (known after apply)",
        "+   input.key = (sensitive value)",
        "# data.terraform_remote_state.read: read (its configuration is known after apply)",
        "# size: update",
        "# password: update\n!   value = (sensitive value), changes",
        "+   value = (known after apply)",
        "1 check that fails",
        "Check block assertion failed",
        "on main.tf line ",
        "terraform_data.changed.input.size == 1",
    ):
        assert part in text, f"{part!r} is not in\n{text}"
    assert "input.columns[1]" not in text and "labels.team" not in text, text
    equal(planned.report["headline"], "1 to destroy, 1 to replace, 1 to forget, 1 to update, 1 to create, 1 to import, 1 to move, 3 outputs")


@check
def nothing_sensitive_is_told_anywhere():
    planned = real(BEFORE, AFTER)
    for name, text in {**planned.texts, "log": planned.ended.said, "summary": planned.ended.summary}.items():
        # Terraform itself says in its log what the configuration declares as not sensitive.
        found = [word for word in (CANARY, "canaryline1", "canaryline2") if word in text and name != "log"]
        equal(found, [], name)
    assert "The size is 2, and the password (sensitive value)." in planned.comment, planned.comment
    assert "input.leaked = \"(sensitive value)\"" in planned.comment, planned.comment


@check
def the_same_plan_has_the_same_fingerprint_and_another_has_not():
    first, second = real(BEFORE, AFTER), real(BEFORE, AFTER)
    equal(first.report["fingerprint"], second.report["fingerprint"], "ids that Terraform makes up decide nothing")
    third = real(BEFORE, AFTER.replace("size = 2", "size = 3"))
    assert third.report["fingerprint"] != first.report["fingerprint"]
    fourth = real(BEFORE.replace("size = 1", "size = 5"), AFTER)
    assert fourth.report["fingerprint"] != first.report["fingerprint"], "what was there has changed since the review"
    expected = real(BEFORE, AFTER, "--expect", first.report["fingerprint"])
    equal(expected.ended.code, 0, expected.ended.said)
    refused = real(BEFORE, AFTER, "--expect", third.report["fingerprint"])
    assert refused.ended.code == 1 and "is not the one that was reviewed" in refused.ended.said, refused.ended.said


@check
def what_changed_outside_of_terraform_and_what_is_empty():
    planned = real(BEFORE, BEFORE)
    planned.ended.ok()
    equal((planned.report["outcome"], planned.report["headline"]), ("empty", "no changes"))
    assert "No changes" in planned.comment
    drifted = change("a.b", ["update"], before={"size": 1}, after={"size": 2})
    with directory() as where:
        planned = pretended(where, document(change("a.b", ["update"], before={"size": 2}, after={"size": 1}), resource_drift=[drifted]))
        holds(planned)
        assert "1 changed outside of Terraform" in planned.comment
        assert "is not what its configuration says" in planned.texts["drift.md"]


@check
def a_plan_that_fails_says_why_and_where():
    planned = real("", 'resource "terraform_data" "a" {\n  inputt = 1\n}\n')
    equal((planned.ended.code, planned.report["outcome"]), (1, "failed"))
    holds(planned)
    for part in ("There is no plan: 1 error", "Unsupported argument", 'on main.tf line 2, in resource "terraform_data" "a":', "inputt = 1"):
        assert part in planned.comment, planned.comment
    planned = real("", 'terraform {\n  required_providers {\n    no = { source = "example.invalid/no/no" }\n  }\n}\n')
    equal((planned.ended.code, planned.report["outcome"]), (1, "failed"))
    assert ".terraform.lock.hcl" in planned.comment, planned.comment


@check
def five_hundred_changes_of_the_real_terraform():
    configuration = 'resource "terraform_data" "many" {\n  count = 500\n  input = { name = "n-${count.index}", text = join(" ", range(60)) }\n}\n'
    planned = real("", configuration)
    planned.ended.ok()
    holds(planned)
    assert "| create | 500 |" in planned.comment
    equal(planned.texts["summary.md"].count(": create"), 500, "all of them are in the summary")


@check
def five_changes_are_there_in_full():
    with directory() as where:
        planned = pretended(where, document(*many(5)))
    holds(planned)
    equal(planned.report["headline"], "1 to destroy, 1 to replace, 1 to update, 2 to create")
    for name in ("comment", "summary.md"):
        text = planned.comment if name == "comment" else planned.texts[name]
        addresses = re.findall(r"^[!#] (module\.m.*\.t\[\d\]): \w+", text, re.M)
        equal(len(set(addresses)), 5, name)
        assert "attribute_11" in text and "not shown" not in text, text


@check
def five_thousand_changes_have_room_and_time():
    with directory() as where:
        # Of the processor, as other tests may run beside this one.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        planned = pretended(where, document(*many(5000)))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        elapsed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    holds(planned)
    assert elapsed < 12, f"{elapsed:.1f} s of the processor"
    print(f"       5,000 changes: {elapsed:.1f} s of the processor, {len(planned.comment):,} and {len(planned.texts['summary.md']):,} bytes")
    assert len(planned.comment) > 50_000 and len(planned.texts["summary.md"]) > 900_000, "the room is used"
    # The ten that destroy are all there; of each other kind there are some, and it is said how many are not.
    equal(len(re.findall(r"^! .*: destroy$", planned.comment, re.M)), 10)
    for kind, number in re.findall(r"^\| [^|]*\| (\w+) \| ([\d,]+) \|$", planned.comment, re.M):
        shown = len(re.findall(rf"^[!#] .*: {kind}\b", planned.comment, re.M))
        left = sum(int(n.replace(",", "")) for n in re.findall(rf"([\d,]+) {kind}\)\.", planned.comment))
        equal(shown + left, int(number.replace(",", "")), kind)
        assert shown > 0, kind


@check
def one_large_change_does_not_hide_the_others():
    with directory() as where:
        huge = {f"field_{n}": "x" * 200 for n in range(2000)}
        small = [change(f"small.s{n}", ["create"], after={"name": f"n{n}"}) for n in range(50)]
        planned = pretended(where, document(change("huge.h", ["create"], after=huge), *small))
    holds(planned)
    for n in range(50):
        assert f'# small.s{n}: create\n+   name = "n{n}"' in planned.comment
    (left,) = re.findall(r"… ([\d,]+) more lines", planned.comment)
    shown = planned.comment.count("+   field_")
    equal(shown + int(left.replace(",", "")), 2000)


EVIL = (
    "```\n</details>\n<img src=x onerror=alert(1)> @octocat ![i](https://evil.example/i.png) [l](https://evil.example) #1 "
    "<!-- headwater:plan:main --> `code` ~~~ | a | b |\n````\n> @octocat\n# heading\n\u202etxt.exe\u200b\x1b[31m\r@octocat\x00"
)


@check
def no_text_breaks_out_of_its_place():
    evil = [EVIL, "`" * 5000 + EVIL, "\n" + EVIL * 3, "~~~\n" + EVIL, "</code></pre>" + EVIL, "\t```\n\t" + EVIL, "  ```\n@octocat"]
    changes = []
    for number, text in enumerate(evil):
        value = {"plain": text, text: text, "nested": [{text: [text]}], "multi": f"a\n{text}\nb"}
        changes += [
            change(f"x.create[{text!r}]", ["create"], after=value),
            change(f"x.{number}", ["update"], before={**value, "multi": "a\nb"}, after={**value, "plain": "p", "nested": text}),
            change(f"x.d{text}", ["delete"], before=value, action_reason=text, previous_address=text, deposed=text),
            change(f"x.i{number}", ["no-op"], importing={"id": text}, before={}, after={}),
        ]
    said = [
        {"@message": EVIL, "diagnostic": {"severity": "warning", "summary": text, "detail": text, "address": text}} for text in evil
    ]
    said[0]["diagnostic"].update(range={"filename": EVIL, "start": {"line": 1}}, snippet={"context": EVIL, "code": EVIL, "start_line": 1})
    outputs = {EVIL: {"actions": ["create"], "before": None, "after": EVIL}}
    with directory() as where:
        planned = pretended(where, document(*changes, output_changes=outputs), said)
    planned.ended.ok()
    holds(planned)
    for name, text in planned.texts.items():
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u200b\u202e]", text), name
        if name.endswith(".md"):
            outside = Outside(text).said()
            for word in ("octocat", "evil.example", "onerror", "heading"):
                assert word not in outside, (name, word, outside)


@check
def what_terraform_says_is_no_command_to_the_runner():
    with directory() as where:
        planned = pretended(where, document(), [{"@message": "::add-path::/tmp\n  ::error::no\n##[add-path]/tmp"}])
    lines = planned.ended.said.splitlines()
    said = [index for index, line in enumerate(lines) if "add-path" in line or "::error::" in line]
    stops = [index for index, line in enumerate(lines) if line.startswith("::stop-commands::")]
    before = max(index for index in stops if index < said[0])
    resumed = lines.index(f"::{lines[before].removeprefix('::stop-commands::')}::")
    assert len(said) == 3 and resumed > said[-1], planned.ended.said


@check
def what_is_unknown_deferred_or_sensitive_in_part():
    deferred = change("d.d", ["create"], after={"name": "n"})
    with directory() as where:
        planned = pretended(
            where,
            document(
                change(
                    "a.a",
                    ["update"],
                    before={"list": [{"k": "one", "s": "hush-hush-1"}, {"k": "two", "s": "hush-hush-2"}], "keep": 1},
                    after={"list": [{"k": "one", "s": "hush-hush-1"}, {"k": "two", "s": "hush-hush-3"}], "keep": 1},
                    before_sensitive={"list": [{"s": True}, {"s": True}]},
                    after_sensitive={"list": [{"s": True}, {"s": True}]},
                    after_unknown={"id": True, "list": [{}, {}], "more": {"deep": [True]}},
                ),
                change("b.b", ["create"], after={"all": {"a": "hush-hush-4"}}, after_sensitive={"all": True}),
                deferred_changes=[{"reason": "provider_config_unknown", "resource_change": deferred}],
            ),
        )
    holds(planned)
    for part in (
        "!   list[1].s = (sensitive value), changes",
        "+   id = (known after apply)",
        "+   more.deep[0] = (known after apply)",
        "+   all = (sensitive value)",
        "# d.d: deferred (its provider's configuration is known after apply)",
    ):
        assert part in planned.comment, f"{part!r} is not in\n{planned.comment}"
    assert "hush" not in planned.comment and "list[0]" not in planned.comment, planned.comment


@check
def what_is_no_plan_is_refused():
    for wrong, expected in (
        ({"format_version": "2.0"}, "format_version is '2.0'"),
        ([], "format_version"),
        (document(change("a.a", ["explode"])), "the actions ['explode'] are not known here"),
    ):
        with directory() as where:
            ended = pretended(where, wrong).ended
            assert ended.code == 1 and expected in ended.said, ended.said


main()
