"""Counting test results honestly, whatever made them.

A crash is a failure even when no report was written; a program that reports no test at all is a
failure; a skip is a failure unless tests/skips.txt names it with a reason.
"""

import fnmatch
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Results:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)   # names, for the summary

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def fail(self, name):
        self.failed += 1
        self.failures.append(name)

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class Skips:
    """The patterns of tests/skips.txt."""

    def __init__(self, text):
        self.patterns = {}
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                pattern, _, reason = line.partition(" : ")
                self.patterns[pattern.strip()] = reason.strip()

    def allows(self, name):
        return any(reason and fnmatch.fnmatchcase(name, pattern)
                   for pattern, reason in self.patterns.items())


def count_skip(results, skips, name):
    if skips.allows(name):
        results.skipped += 1
    else:
        results.fail(f"{name} (skipped, but not in tests/skips.txt)")


def plain_gtest_name(suite, case):
    """Instance/Suite.Name/0 -> Suite.Name, the form that tests/skips.txt uses."""
    parts = suite.split("/")
    suite = parts[1] if len(parts) > 1 and not parts[1].isdigit() else parts[0]
    return f"{suite}.{case.split('/')[0]}"


def read_gtest(report, exit_code, program, skips):
    """Results of one GoogleTest program from its XML report (a path that may not exist)."""
    results = Results()
    report = Path(report)
    if not report.exists():
        results.fail(f"{program} (ended with code {exit_code} and no report)")
        return results
    try:
        root = ElementTree.parse(report).getroot()
    except ElementTree.ParseError:
        results.fail(f"{program} (ended with code {exit_code} and half a report)")
        return results
    for case in root.iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        plain = plain_gtest_name(case.get("classname"), case.get("name"))
        if case.find("failure") is not None or case.find("error") is not None:
            results.fail(name)
        elif case.get("result") == "skipped" or case.find("skipped") is not None:
            count_skip(results, skips, plain)
        elif case.get("status") == "notrun" or case.get("result") == "suppressed":
            count_skip(results, skips, plain)
        else:
            results.passed += 1
    if results.passed + results.failed + results.skipped == 0:
        results.fail(f"{program} (reported no tests)")
    elif exit_code != 0 and results.failed == 0:
        results.fail(f"{program} (all tests passed, then it ended with code {exit_code})")
    return results


def read_playwright(report, exit_code, skips):
    """Results of a Playwright JSON report. A test that passed only when repeated counts as failed."""
    results = Results()
    try:
        root = json.loads(Path(report).read_text())
    except (OSError, ValueError):
        results.fail(f"browser tests (ended with code {exit_code} and no report)")
        return results

    def walk(suite, file):
        for spec in suite.get("specs", []):
            name = f"{file} > {spec['title']}"
            for test in spec["tests"]:
                status = test["status"]
                if status == "expected":
                    results.passed += 1
                elif status == "skipped":
                    count_skip(results, skips, name)
                else:
                    results.fail(f"{name} ({status})")
        for child in suite.get("suites", []):
            walk(child, file)

    for suite in root.get("suites", []):
        walk(suite, suite.get("file", suite.get("title", "")))
    for error in root.get("errors", []):
        results.fail("browser tests: " + error.get("message", "error").splitlines()[0])
    close(results, exit_code, "browser tests")
    return results


def read_vitest(report, exit_code, skips):
    """Results of Vitest's JSON report (the Jest shape)."""
    results = Results()
    try:
        root = json.loads(Path(report).read_text())
    except (OSError, ValueError):
        results.fail(f"web unit tests (ended with code {exit_code} and no report)")
        return results
    for file in root.get("testResults", []):
        cases = file.get("assertionResults", [])
        name = "/".join(Path(file.get("name", "")).parts[-2:])
        if file.get("status") == "failed" and not any(c["status"] == "failed" for c in cases):
            results.fail(f"{name} (did not load)")
        for case in cases:
            full = f"{name} > {case.get('fullName') or case.get('title')}"
            if case["status"] == "passed":
                results.passed += 1
            elif case["status"] == "failed":
                results.fail(full)
            else:
                count_skip(results, skips, full)
    close(results, exit_code, "web unit tests")
    return results


def close(results, exit_code, what):
    if results.passed + results.failed + results.skipped == 0:
        results.fail(f"{what} (reported no tests)")
    elif exit_code != 0 and results.failed == 0:
        results.fail(f"{what} (all passed, but it ended with code {exit_code})")
