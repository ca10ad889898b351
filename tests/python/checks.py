"""What the scripts of the conformance tests share: checks that run one after the other and each say how they ended.

A script is called with the base URL of a server and whatever else it needs. It ends with 1 when a check failed; the others
have run all the same, so that one defect does not hide another.
"""

import contextlib
import sys
import time
import traceback

PROJECT = "test-project"
REGION = "europe-west1"
CHECKS = []


def check(function):
    """Marks a function as a check."""
    CHECKS.append(function)
    return function


def equal(have, expected, what=""):
    """Fails unless both are equal, and shows both."""
    assert have == expected, f"{what}\n  have     {have!r}\n  expected {expected!r}"


@contextlib.contextmanager
def raises(kind, *texts):
    """Fails unless the block raises exactly this kind of error, with these texts in its message (in any case)."""
    try:
        yield
    except Exception as error:
        # Not isinstance: a subclass is another status.
        assert type(error) is kind, f"expected {kind.__name__}, have {type(error).__name__}: {error}"
        for text in texts:
            assert text.lower() in str(error).lower(), f"{text!r} is not in: {error}"
        return
    raise AssertionError(f"expected {kind.__name__}, nothing was raised")


def main():
    """Runs all checks in the order in which they are written."""
    failed = []
    assert CHECKS, "a script without checks proves nothing"
    for function in CHECKS:
        since = time.monotonic()
        try:
            function()
        except Exception:
            failed.append(function.__name__)
            traceback.print_exc()
        how = "FAILED" if function.__name__ in failed[-1:] else "ok"
        print(f"{how:6} {time.monotonic() - since:6.2f} s  {function.__name__}", flush=True)
    if failed:
        sys.exit(f"{len(failed)} of {len(CHECKS)} checks failed: {', '.join(failed)}")
