#!/usr/bin/env python3
"""count.py TESTLOG STATUS: prints "PASSED FAILED" over one run of meson test.

A doctest executable counts by its test cases, a program whose last line is
"N passed, N failed" by that line, and any other as one. A program which
failed without naming a failed case, for instance by crashing, is one failure
more. STATUS is the exit status of meson: without a log it tells whether there
was nothing to run or nothing could be built.
"""

import json
import pathlib
import re
import sys

DOCTEST = re.compile(r"\[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed"
                     r"\s*\|\s*(\d+) failed")
PLAIN = re.compile(r"(\d+) passed, (\d+) failed")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def cases(entry):
    text = COLOUR.sub("", entry.get("stdout") or "").strip()
    good = entry["result"] in ("OK", "EXPECTEDFAIL")
    found = DOCTEST.findall(text)
    last = text.rsplit("\n", 1)[-1].strip()
    if found:
        passed, failed = (sum(int(one[i]) for one in found) for i in (0, 1))
    elif plain := PLAIN.fullmatch(last):
        passed, failed = int(plain[1]), int(plain[2])
    elif entry["result"] == "SKIP":
        return 0, 0
    else:
        passed, failed = (1, 0) if good else (0, 1)
    if not good and failed == 0:
        failed = 1
    return passed, failed


def main():
    log, status = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    passed = failed = 0
    if log.exists():
        for line in log.read_text(errors="replace").splitlines():
            more = cases(json.loads(line))
            passed += more[0]
            failed += more[1]
    if status != 0 and failed == 0:
        failed = 1
    print(passed, failed)


main()
