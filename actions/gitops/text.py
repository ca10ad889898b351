"""Text for GitHub: what others wrote is put where it can do nothing, and a size is kept by giving every part a fair share.

All foreign text, which is addresses, values, diagnostics, file names, goes through `code` or `fence`. Inside of both GitHub
reads neither Markdown nor HTML nor mentions, and neither can be left from within.
"""

import re
import unicodedata

# GitHub refuses a comment of more than 65,536 characters, and a step's summary of more than 1 MiB. Bytes of UTF-8 are counted
# for both: they are never fewer than characters, whatever a character is taken to be.
COMMENT_LIMIT = 65_536
SUMMARY_LIMIT = 1024 * 1024
# More in a row are told and not shown, so that no fence is longer than this and one.
BACKTICKS = 16


def size(text):
    """How much of a limit a text takes."""
    return len(text.encode("utf-8", "replace"))


def plain(text):
    """Text whose every character is seen: no control characters, nothing that turns the direction of writing or has no width."""
    if "`" * (BACKTICKS + 1) in text:
        text = re.sub(f"`{{{BACKTICKS + 1},}}", lambda run: f"{'`' * BACKTICKS}… ({len(run.group()):,} backticks)", text)
    if text.isprintable():
        return text
    shown = []
    for character in text:
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            shown.append(character)
        elif character == "\t":
            shown.append("    ")
        elif character == "\n":
            shown.append("\\n")
        else:
            number = ord(character)
            shown.append(f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}")
    return "".join(shown)


def code(text):
    """Foreign text within a line. GitHub looks for mentions in no `<code>`, and an encoded character is never Markdown's."""
    encoded = re.sub(r"[^A-Za-z0-9 ]", lambda found: f"&#{ord(found.group())};", plain(text))
    return f"<code>{encoded}</code>"


def fence(lines, language):
    """Foreign lines as a block. No line can close it: it is fenced by more backticks than any of them has in a row."""
    text = "\n".join(plain(line) for line in lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text}\n{marks}"


def shortened(text, limit):
    """At most so many characters, and how many there were."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def count(number, what, plural=None):
    """A number with its noun."""
    return f"{number:,} {what if number == 1 else plural or what + 's'}"


def shares(room, wants):
    """Divides room fairly: nobody gets more than it wants, and what one leaves goes to the others in equal parts."""
    given = [0] * len(wants)
    waiting = sorted(range(len(wants)), key=lambda index: wants[index])
    for position, index in enumerate(waiting):
        part = max(0, room) // (len(waiting) - position)
        given[index] = min(wants[index], part)
        room -= given[index]
    return given
