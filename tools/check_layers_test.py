#!/usr/bin/env python3
"""Tests of check_layers.py on small trees made here."""

import tempfile
import unittest
from pathlib import Path

import check_layers

LAYERS = """
include/binnacle :
include/binnacle/integrations : include/binnacle | *
base    :            | xxhash
model   : base
wire/*  : base model | protozero
store   : base model     # exact
store/{trace,memory} : base store
query   : store
app     : *          | *
"""


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.write("layers.txt", LAYERS)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def findings(self):
        return check_layers.check(self.root)

    def assert_one(self, *parts):
        found = self.findings()
        self.assertEqual(1, len(found), found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_allowed_edges_are_quiet(self):
        self.write("src/base/error.h", "#include <xxhash.h>\n#include <sys/stat.h>\n#include <vector>\n")
        self.write("src/model/batch.h", '#include "base/error.h"\n#include <fmt/core.h>\n')
        self.write("src/app/main.cpp", '#include "store/trace/store.h"\n#include <boost/asio.hpp>\n')
        self.write("src/store/trace/store.h", '#include "base/error.h"\n')
        self.assertEqual([], self.findings())

    def test_upward_edge_names_both_folders_and_the_file(self):
        self.write("src/model/batch.h", "")
        self.write("src/base/error.h", '\n#include "model/batch.h"\n')
        self.assert_one("src/base/error.h:2:", "'base'", "'model'", "layers.txt")

    def test_third_party_not_in_the_second_column(self):
        self.write("src/model/batch.h", "#include <boost/asio.hpp>\n")
        self.assert_one("src/model/batch.h:1:", "boost")

    def test_public_header_with_third_party_or_fmt(self):
        self.write("include/binnacle/span.h", "#include <fmt/core.h>\n")
        self.assert_one("include/binnacle/span.h:1:", "fmt")

    def test_unknown_third_party_header(self):
        self.write("src/app/main.cpp", "#include <folly/String.h>\n")
        self.assert_one("folly/String.h", "not a known")

    def test_sibling_of_a_starred_folder(self):
        self.write("src/wire/jaeger/a.h", "")
        self.write("src/wire/otlp/a.h", '#include "wire/jaeger/a.h"\n')
        self.assert_one("'wire/otlp'", "'wire/jaeger'")

    def test_an_exact_folder_is_not_a_prefix(self):
        self.write("src/store/trace/store.h", "")
        self.write("src/query/find.h", '#include "store/trace/store.h"\n')
        self.assert_one("'query'", "'store/trace'")

    def test_a_unit_test_may_name_an_engine(self):
        self.write("src/store/memory/store.h", "")
        self.write("src/query/find_test.cpp", '#include "store/memory/store.h"\n')
        self.assertEqual([], self.findings())

    def test_folder_cycle_inside_one_line(self):
        self.write("src/query/a.h", '#include "query/sub/b.h"\n')
        self.write("src/query/c.h", "")
        self.write("src/query/sub/b.h", '#include "query/c.h"\n')
        self.assert_one("cycle", "query -> query/sub -> query")

    def test_folder_without_a_line(self):
        self.write("src/extra/a.h", "")
        self.assert_one("'extra'", "no line")

    def test_missing_own_header(self):
        self.write("src/base/a.h", '#include "base/gone.h"\n')
        self.assert_one("base/gone.h")


if __name__ == "__main__":
    unittest.main()
