"""A plan as Markdown within a size: what destroys first, and nothing left out without saying how much.

Every section is a list of items, an item a headline and lines. Room is given to headlines first and to lines then, each time in fair
shares, so that neither one large change nor one frequent action hides the others.
"""

import difflib
from collections import Counter
from dataclasses import dataclass

import text
from plan import DESTRUCTIVE
from values import HIDDEN, Mark, path_text

# How many characters of a value, of a headline and of an attribute's path are shown.
VALUE = 1_500
HEADLINE = 600
NAME = 300
# What a section takes beside its title and its items, with its fence and the sentence that says how many were left out; and what the
# line takes that says how many lines were.
FRAME = 360
LEFT = 32

_TITLES = {
    "destroy": "to destroy",
    "replace": "to destroy and create again",
    "forget": "to forget: they stay where they are and leave the state",
    "update": "to change in place",
    "create": "to create",
    "import": "to import",
    "move": "to move, in the state alone",
    "read": "to read during the apply",
    "deferred": "deferred to a later plan",
}


@dataclass
class Item:
    """A headline and what there is to say below it."""

    kind: str
    headline: str
    lines: list


@dataclass
class Section:
    """Items that belong together."""

    title: str
    items: list
    language: str = "diff"
    open: bool = False


def sections(planned, diagnostics):
    """What there is to tell, from which each text takes as much as it has room for. `planned` is None where the plan failed."""
    of_plan = [] if planned is None else _failed_checks(planned) + _changes(planned)
    return _messages(diagnostics) + of_plan


def plan(stack, planned, diagnostics, content, note, limit):
    """The text of a comment or a summary: `content` are its sections, `note` stands at its end."""
    head = [f"## Terraform plan of {text.code(stack)}", "", *_verdict(planned, diagnostics)]
    return fit(head, content, note, limit)


def drift(stack, planned, content, note, limit):
    """The text of the issue on drift: what would have to be changed, and what was changed by others."""
    head = [
        f"## {text.code(stack)} is not what its configuration says",
        "",
        "A plan of the default branch is not empty. Either somebody changed the resources by other ways, or an apply is due.",
        "This issue is kept up to date by a scheduled workflow, which closes it when the plan is empty again.",
        "",
        *_table(planned),
    ]
    return fit(head, content, note, limit)


def headline(planned):
    """A plan in one line of plain text, such as `1 to destroy, 2 to create`."""
    parts = [f"{number:,} to {kind}" for kind, number in planned.counts().items() if kind not in ("read", "deferred")]
    parts += [f"{number:,} {kind}" for kind, number in planned.counts().items() if kind == "deferred"]
    if planned.outputs:
        parts.append(text.count(len(planned.outputs), "output"))
    return ", ".join(parts) if planned.changes_anything() else "no changes"


def _verdict(planned, diagnostics):
    errors = sum(one.severity == "error" for one in diagnostics)
    if planned is None:
        return [f"❌ **There is no plan: {text.count(errors, 'error')}.**"]
    if not planned.changes_anything():
        return ["✅ **No changes.** What is there is what the configuration says."]
    destroyed = sum(change.kind in DESTRUCTIVE for change in planned.changes)
    lines = []
    if destroyed:
        lines += ["> [!CAUTION]", f"> {text.count(destroyed, 'resource')} would be **destroyed**.", ""]
    return lines + _table(planned)


def _table(planned):
    rows = ["| | action | resources |", "|---|---|--:|"]
    for kind, number in planned.counts().items():
        rows.append(f"| {'⚠️' if kind in DESTRUCTIVE else ''} | {kind} | {number:,} |")
    if planned.outputs:
        rows.append(f"| | outputs | {len(planned.outputs):,} |")
    return rows


def _messages(diagnostics):
    made = []
    for severity in ("error", "warning"):
        chosen = [one for one in diagnostics if one.severity == severity]
        items = [Item(severity, text.shortened(f"{severity}: {one.summary}", HEADLINE), _indented(one.lines)) for one in chosen]
        if items:
            made.append(Section(text.count(len(items), severity), items, "text", open=severity == "error"))
    return made


def _indented(lines):
    return [f"  {text.shortened(line, VALUE)}" for line in lines]


def _failed_checks(planned):
    items = [Item("check", text.shortened(f"failed: {name}", HEADLINE), _indented(lines)) for name, lines in planned.checks]
    return [Section(text.count(len(items), "check that fails", "checks that fail"), items, "text")] if items else []


def _changes(planned):
    made = []
    for kind, number in planned.counts().items():
        worst = kind in DESTRUCTIVE
        items = [_item(change) for change in planned.changes if change.kind == kind]
        title = f"{'⚠️ ' if worst else ''}{number:,} {_TITLES[kind]}"
        made.append(Section(title, items, open=worst))
    if planned.outputs:
        made.append(Section(text.count(len(planned.outputs), "output"), [_item(one) for one in planned.outputs]))
    if planned.drift:
        title = f"{len(planned.drift):,} changed outside of Terraform"
        made.append(Section(title, [_item(one) for one in planned.drift]))
    return made


def _item(change):
    notes = f" ({'; '.join(change.notes)})" if change.notes else ""
    mark = "!" if change.kind in DESTRUCTIVE else "#"
    lines = [line for part in change.differences for line in _difference(change, part)]
    return Item(change.kind, text.shortened(f"{mark} {change.address}: {change.kind}{notes}", HEADLINE), lines)


def _difference(change, part):
    name = text.shortened(path_text(part.path), NAME)
    because = "  # forces replacement" if change.forces(part) else ""
    before, after = part.before, part.after
    if isinstance(before, Mark) and isinstance(after, Mark) and before.text == after.text == HIDDEN:
        return [f"!   {name} = {HIDDEN}, changes{because}"]
    texts = [side for side in (before, after) if side is not None]
    if all(isinstance(side, str) for side in texts) and any("\n" in side for side in texts):
        return [f"@@ {name} @@{because}", *_of_texts(before or "", after or "")]
    lines = []
    if before is not None:
        lines.append(f"-   {name} = {text.shortened(part.texts[0], VALUE)}")
    if after is not None:
        lines.append(f"+   {name} = {text.shortened(part.texts[1], VALUE)}{because}")
    elif because:
        lines[-1] += because
    return lines


def _of_texts(before, after):
    """Two texts of several lines, line by line."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > 5_000:
        return [f"!   {len(old):,} lines become {len(new):,}"]
    changed = list(difflib.unified_diff(old, new, n=2, lineterm=""))[2:]
    if not changed:
        return ["!   the ends of its lines differ"]
    return [f"{line[0]}   {text.shortened(line[1:], VALUE)}" for line in changed if not line.startswith("@@")]


def fit(head, content, note, limit):
    """The sections within the limit."""
    fixed = [*head, ""]
    frame = sum(text.size(section.title) + FRAME for section in content)
    room = limit - text.size("\n".join(fixed)) - text.size(note) - frame - 16
    headlines = [sum(_headline(item) for item in section.items) for section in content]
    # When not all headlines fit, half of the room is left for what is below those that do.
    shares = text.shares(room if sum(headlines) <= room // 2 else room // 2, headlines)
    shown = [_first(section.items, share) for section, share in zip(content, shares)]
    flat = [item for items in shown for item in items]
    room -= sum(_headline(item) for item in flat)
    kept = _lines(flat, room)
    parts = list(fixed)
    for section, items in zip(content, shown):
        lines = []
        for item in items:
            lines += [item.headline, *_cut(item.lines, kept[id(item)])]
        parts += _section(section, lines, section.items[len(items) :])
    return "\n".join([*parts, note])


def _lines(items, room):
    """How many lines of each item are shown: each gets its share, and what whole lines leave of the shares goes to the first."""
    costs = [[_cost([line]) for line in item.lines] for item in items]
    kept = []
    left = room
    for of_item, share in zip(costs, text.shares(room, [sum(of_item) for of_item in costs])):
        kept.append(_whole(of_item, share))
        left -= sum(of_item[: kept[-1]])
    for index, of_item in enumerate(costs):
        more = _whole(of_item[kept[index] :], left)
        left -= sum(of_item[kept[index] : kept[index] + more])
        kept[index] += more
    return {id(item): number for item, number in zip(items, kept)}


def _whole(costs, room):
    """How many of these have room, from the first on."""
    for index, cost in enumerate(costs):
        room -= cost
        if room < 0:
            return index
    return len(costs)


def _cost(lines):
    # Escapes make a line longer than it was.
    return sum(text.size(text.plain(line)) + 1 for line in lines)


def _headline(item):
    """What an item takes at least: its headline, and the line that says how many others are left out."""
    return _cost([item.headline]) + (LEFT if item.lines else 0)


def _first(items, room):
    """As many items as have room for their headlines."""
    return items[: _whole([_headline(item) for item in items], room)]


def _cut(lines, number):
    """So many lines; one more, for which there is always room, says how many are left out."""
    left = len(lines) - number
    return [*lines[:number], f"    … {text.count(left, 'more line')}"] if left else lines


def _section(section, lines, left):
    parts = [f"<details{' open' if section.open else ''}><summary>{section.title}</summary>", ""]
    if lines:
        parts += [text.fence(lines, section.language), ""]
    if left:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in Counter(item.kind for item in left).items())
        parts += [f"**… and {len(left):,} more, which have no room here** ({kinds}).", ""]
    return [*parts, "</details>", ""]
