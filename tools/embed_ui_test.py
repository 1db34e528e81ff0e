#!/usr/bin/env python3
"""Tests of embed_ui.py: what it lays out is what a browser will get."""

import gzip
import re
import tempfile
import unittest
from pathlib import Path

import embed_ui


class EmbedTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dist = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def rows(self):
        archive, rows = embed_ui.build(embed_ui.list_files(self.dist))
        found = {}
        for row in rows:
            url, kind, *numbers, immutable = re.match(
                r'\s*\{"([^"]+)", "([^"]+)", (\d+), (\d+), (\d+), (\d+), (\w+)\},', row).groups()
            at, size, zat, zsize = map(int, numbers)
            found[url] = kind, archive[at:at + size], archive[zat:zat + zsize], immutable == "true"
        return found

    def test_bytes_types_and_lifetimes(self):
        (self.dist / "assets").mkdir()
        script = b"export const x = 1;\n" * 100
        (self.dist / "assets/index-3f2a.js").write_bytes(script)
        (self.dist / "assets/index-3f2a.js.map").write_bytes(b"{}")
        (self.dist / "index.html").write_bytes(b"<!doctype html>")
        rows = self.rows()
        self.assertEqual({"/assets/index-3f2a.js", "/index.html"}, rows.keys())
        kind, plain, packed, immutable = rows["/assets/index-3f2a.js"]
        self.assertEqual(("text/javascript; charset=utf-8", script, True), (kind, plain, immutable))
        self.assertEqual(script, gzip.decompress(packed))
        # Too small to gain anything: no gzipped form.
        self.assertEqual(("text/html; charset=utf-8", b"<!doctype html>", b"", False), rows["/index.html"])

    def test_an_unknown_type_stops_the_build(self):
        (self.dist / "a.weird").write_bytes(b"")
        with self.assertRaises(SystemExit) as stopped:
            embed_ui.list_files(self.dist)
        self.assertIn("a.weird", str(stopped.exception))

    def test_no_dist_is_an_empty_table(self):
        self.assertEqual((b"", []), embed_ui.build(embed_ui.list_files(self.dist / "gone")))


if __name__ == "__main__":
    unittest.main()
