#!/usr/bin/env python3
"""Tests of test_results.py: nothing that went wrong may count as passed."""

import json
import tempfile
import unittest
from pathlib import Path

from test_results import Skips, read_gtest, read_playwright, read_vitest

GTEST = """<?xml version="1.0"?><testsuites><testsuite name="A">
<testcase name="Good" status="run" result="completed" classname="A"/>
<testcase name="Bad" status="run" result="completed" classname="A"><failure message="x"/></testcase>
<testcase name="Maybe/1" status="run" result="skipped" classname="Each/Real/0"><skipped message="x"/></testcase>
<testcase name="DISABLED_Off" status="notrun" result="suppressed" classname="A"/>
</testsuite></testsuites>"""
CLEAN = '<testsuites><testsuite><testcase name="G" status="run" result="completed" classname="A"/></testsuite></testsuites>'
NO_SKIPS = Skips("# nothing\n")


class ResultsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.report = Path(self.folder.name) / "report"

    def tearDown(self):
        self.folder.cleanup()

    def gtest(self, text, code=0, skips=NO_SKIPS):
        self.report.write_text(text)
        return read_gtest(self.report, code, "a_test", skips)

    def test_gtest_counts(self):
        results = self.gtest(GTEST, 1, Skips("Real.* : needs recordings\n"))
        self.assertEqual("1 passed, 2 failed, 1 skipped", results.line())
        self.assertEqual("A.Bad", results.failures[0])
        self.assertIn("DISABLED_Off", results.failures[1])

    def test_a_skip_needs_its_line_and_reason(self):
        self.assertEqual(3, self.gtest(GTEST, 1).failed)
        self.assertEqual(3, self.gtest(GTEST, 1, Skips("Real.*\n")).failed)

    def test_crash_without_report(self):
        results = read_gtest(self.report, -11, "a_test", NO_SKIPS)
        self.assertEqual("0 passed, 1 failed, 0 skipped", results.line())

    def test_crash_with_half_a_report(self):
        self.assertEqual(1, self.gtest(GTEST[:120], -6).failed)

    def test_no_tests_at_all(self):
        self.assertEqual(1, self.gtest("<testsuites></testsuites>").failed)

    def test_a_leak_after_the_last_test(self):
        results = self.gtest(CLEAN, 23)
        self.assertEqual("1 passed, 1 failed, 0 skipped", results.line())

    def playwright(self, statuses, code):
        self.report.write_text(json.dumps({"suites": [{"file": "search.spec.ts", "suites": [
            {"specs": [{"title": s, "tests": [{"status": s}]} for s in statuses]}]}]}))
        return read_playwright(self.report, code, Skips("search.spec.ts > skipped : reason\n"))

    def test_playwright_counts_flaky_as_failed(self):
        self.assertEqual("1 passed, 2 failed, 1 skipped",
                         self.playwright(["expected", "unexpected", "flaky", "skipped"], 1).line())

    def test_playwright_without_tests_or_report(self):
        self.assertEqual(1, self.playwright([], 0).failed)
        self.assertEqual(1, read_playwright(self.report / "gone", 0, NO_SKIPS).failed)
        self.assertEqual(1, self.playwright(["expected"], 1).failed)

    def test_vitest(self):
        self.report.write_text(json.dumps({"testResults": [
            {"name": "/x/src/a.test.ts", "status": "failed", "assertionResults": []},
            {"name": "/x/src/b.test.ts", "status": "passed", "assertionResults": [
                {"status": "passed", "fullName": "one"}, {"status": "pending", "fullName": "two"}]}]}))
        results = read_vitest(self.report, 1, NO_SKIPS)
        self.assertEqual("1 passed, 2 failed, 0 skipped", results.line())


if __name__ == "__main__":
    unittest.main()
