#!/usr/bin/env python3
"""Adds up what scripts/test ran: JUnit files and failed stages in a folder. Prints a table and, last, `N passed, N failed`.

A doctest program counts as its test cases, not as one. Exits with 1 if anything failed or nothing passed.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as xml
from dataclasses import dataclass
from pathlib import Path

DOCTEST = re.compile(r"\[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed")


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __iadd__(self, other: Count) -> Count:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self


def count_case(case: xml.Element) -> Count:
    broken = case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return Count(skipped=1)
    summary = DOCTEST.search("".join(case.itertext()))
    if summary is None:
        return Count(failed=1) if broken else Count(passed=1)
    count = Count(int(summary[1]), int(summary[2]))
    if broken and count.failed == 0:  # it ended badly after its last test case, as a leak does
        count.failed = 1
    return count


def count_file(path: Path) -> Count:
    total = Count()
    for case in xml.parse(path).getroot().iter("testcase"):
        total += count_case(case)
    return total


def failed_stages(folder: Path) -> list[str]:
    listed = folder / "failed-stages"
    return listed.read_text().split() if listed.exists() else []


def main() -> int:
    folder = Path(sys.argv[1])
    total = Count()
    counted = {}
    for path in sorted(folder.glob("*.xml")):
        counted[path.stem] = count_file(path)
    for stage in failed_stages(folder):
        if counted.get(stage, Count()).failed == 0:  # a build that broke, or a runner that died
            counted.setdefault(stage, Count()).failed = 1
    for name, count in counted.items():
        print(f"{name:<16} {count.passed:6} passed {count.failed:4} failed {count.skipped:4} skipped")
        total += count
    print(f"{total.passed} passed, {total.failed} failed")
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
