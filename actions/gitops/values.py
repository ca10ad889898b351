"""What a value becomes on its way from a plan to a reader: hidden where it is sensitive, and a list of differences.

Terraform writes sensitive values into a plan's JSON in clear, with a mask beside them. Nothing behind this module sees one:
`masked` replaces them by a digest that can be compared and not be read. `Secrets` is the second net. It knows every
text that any mask hides, and takes it out of whatever else it occurs in, such as the message of an error.
"""

import difflib
import functools
import hashlib
import json
import os
import re
from dataclasses import dataclass

SHORTEST = 6
HIDDEN = "(sensitive value)"
# A digest of this process only, so that what is shown of one can be compared with no other.
SALT = os.urandom(32)


class Mark:
    """A value of which only this text is told."""

    def __init__(self, text, identity=None):
        self.text = text
        self.identity = identity

    def __eq__(self, other):
        return isinstance(other, Mark) and (self.text, self.identity) == (other.text, other.identity)

    def __hash__(self):
        return hash((self.text, self.identity))


UNKNOWN = Mark("(known after apply)")


def hidden(value):
    """A sensitive value. Two are equal when what they hide is."""
    written = json.dumps(value, sort_keys=True).encode()
    return Mark(HIDDEN, hashlib.sha256(SALT + written).hexdigest())


class Secrets:
    """The texts that must not be told."""

    def __init__(self):
        self.texts = {}

    def add(self, value):
        """Remembers all texts of a sensitive value, as they are and as they stand within JSON; of many lines, each."""
        if isinstance(value, dict):
            for element in value.values():
                self.add(element)
        elif isinstance(value, list):
            for element in value:
                self.add(element)
        elif isinstance(value, str):
            for text in {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], *value.split("\n")}:
                # What is shorter occurs everywhere by chance.
                if len(text.strip()) >= SHORTEST:
                    self.texts.setdefault(text[:SHORTEST], set()).add(text)

    def collect(self, value, mask):
        """Remembers what a mask hides of a value."""
        if mask is True:
            self.add(value)
        elif isinstance(mask, dict) and isinstance(value, dict):
            for key, element in mask.items():
                self.collect(value.get(key), element)
        elif isinstance(mask, list) and isinstance(value, list):
            for element, of_element in zip(value, mask):
                self.collect(element, of_element)

    def without(self, text):
        """A text with all that must not be told taken out."""
        if not self.texts or len(text) < SHORTEST:
            return text
        kept, position, since = [], 0, 0
        while position <= len(text) - SHORTEST:
            candidates = self.texts.get(text[position : position + SHORTEST], ())
            found = max((one for one in candidates if text.startswith(one, position)), key=len, default=None)
            if found is None:
                position += 1
                continue
            kept += [text[since:position], HIDDEN]
            position += len(found)
            since = position
        return "".join([*kept, text[since:]]) if kept else text


def masked(value, sensitive, unknown, secrets):
    """A value with marks for what is hidden or unknown. A `null` is as good as absent."""
    if sensitive is True:
        return UNKNOWN if unknown is True else hidden(value) if value is not None else None
    if unknown is True:
        return UNKNOWN
    if isinstance(value, dict) or isinstance(unknown, dict):
        value = value if isinstance(value, dict) else {}
        hides = sensitive if isinstance(sensitive, dict) else {}
        lacks = unknown if isinstance(unknown, dict) else {}
        names = sorted({*value, *(name for name in lacks if lacks[name])})
        return {
            secrets.without(name): masked(value.get(name), hides.get(name), lacks.get(name), secrets) for name in names
        }
    if isinstance(value, list) or isinstance(unknown, list):
        value = value if isinstance(value, list) else []
        hides = sensitive if isinstance(sensitive, list) else []
        lacks = unknown if isinstance(unknown, list) else []

        def at(masks, index):
            return masks[index] if index < len(masks) else None

        length = max(len(value), len(lacks))
        return [masked(at(value, i), at(hides, i), at(lacks, i), secrets) for i in range(length)]
    return secrets.without(value) if isinstance(value, str) else value


def written(value, distinct=False):
    """A masked value as text. What is hidden all looks alike, unless texts are to be `distinct`, which nobody may see."""
    if isinstance(value, str):
        return _encode(value)
    marks = []

    def plain(part):
        if isinstance(part, Mark):
            marks.append(part)
            return "\0"
        if isinstance(part, dict):
            return {name: plain(part[name]) for name in sorted(part) if part[name] is not None}
        if isinstance(part, list):
            return [plain(element) for element in part]
        return part

    text = _encode(plain(value))
    if not marks:
        return text
    # JSON has no way to write a mark, and encodes the character that stands for one in no other way.
    pieces = text.split('"\\u0000"')
    if len(pieces) != len(marks) + 1:
        return _encode(str(marks))
    told = [f"{mark.text}{mark.identity or ''}" if distinct else mark.text for mark in marks]
    return "".join(piece + mark for piece, mark in zip(pieces, [*told, ""]))


_encode = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(eq=False)
class Difference:
    """One attribute, or a part of one, before and after; None is absent."""

    path: tuple
    before: object
    after: object

    @functools.cached_property
    def texts(self):
        """Both as text."""
        return tuple(None if side is None else written(side) for side in (self.before, self.after))

    def canonical(self):
        """What a reader is told of it. An old value that something unknown replaces decides nothing."""
        before, after = self.texts
        return [list(self.path), None if self.after == UNKNOWN else before, after]


def differences(before, after, path=()):
    """What differs between two masked values, part by part, in the order of the attributes' names."""
    if before == after:
        return []
    if before is not None and isinstance(after, Mark):
        # A whole that is to become unknown or hidden: its parts are no longer what there is to tell.
        return [Difference(path, before, after)]
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for name in sorted({*before, *after}):
            found += differences(before.get(name), after.get(name), (*path, name))
        return found
    if isinstance(before, list) and isinstance(after, list):
        return _of_lists(before, after, path)
    return [
        *(Difference(at, old, None) for at, old in _leaves(before, path) if not _is_leaf(before)),
        *(Difference(at, None, new) for at, new in _leaves(after, path) if not _is_leaf(after)),
        *([Difference(path, _leaf(before), _leaf(after))] if _is_leaf(before) or _is_leaf(after) else []),
    ]


def _is_leaf(value):
    return value is not None and not (isinstance(value, (dict, list)) and value)


def _leaf(value):
    return value if _is_leaf(value) else None


def _leaves(value, path):
    if isinstance(value, dict) and value:
        return [leaf for name in sorted(value) for leaf in _leaves(value[name], (*path, name))]
    if isinstance(value, list) and value:
        return [leaf for index, element in enumerate(value) for leaf in _leaves(element, (*path, index))]
    return [] if value is None else [(path, value)]


def _of_lists(before, after, path):
    """Elements that came and went, wherever: one that is put in front does not change all others."""
    old, new = ([written(element, distinct=True) for element in side] for side in (before, after))
    if len(old) * len(new) > 1_000_000:
        steps = [("replace", 0, len(old), 0, len(new))]
    else:
        steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    found = []
    for step, from_old, to_old, from_new, to_new in steps:
        if step == "equal":
            continue
        removed, added = range(from_old, to_old), range(from_new, to_new)
        if len(removed) == len(added):
            for index, other in zip(removed, added):
                found += differences(before[index], after[other], (*path, other))
            continue
        for index in removed:
            found += [Difference(at, value, None) for at, value in _leaves(before[index], (*path, index))]
        for index in added:
            found += [Difference(at, None, value) for at, value in _leaves(after[index], (*path, index))]
    return found


_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def path_text(path):
    """A path as HCL would write it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _WORD.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text or "value"
