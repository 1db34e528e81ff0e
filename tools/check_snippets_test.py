#!/usr/bin/env python3
"""Tests of check_snippets.py: what it takes for a snippet, and that a stale one is found."""

import unittest

import check_snippets
from check_snippets import Snippet, compile_all, snippets_of


class SnippetsTest(unittest.TestCase):
    def test_finds_blocks_with_their_lines(self):
        found = snippets_of("a.md", "text\n```cpp\nint a;\n```\n```cmake\nx()\n```\n\n```cpp\nint b;\nint c;\n```\n")
        self.assertEqual(found, [Snippet("a.md", 3, "int a;\n"), Snippet("a.md", 10, "int b;\nint c;\n")])

    def test_refuses_a_block_that_is_never_closed(self):
        with self.assertRaisesRegex(ValueError, "a.md:1"):
            snippets_of("a.md", "```cpp\nint a;\n")

    def test_tells_functions_from_statements(self):
        for code in ["int main() {\n}\n", "double f(int a, const X& b) {\n",
                     "binnacle::TracedTask<int> fetch(Executor& e) {\n", "int C::f() const {\n"]:
            self.assertTrue(Snippet("a.md", 1, code).is_whole(), code)
        for code in ["if (f(1)) {\n}\n", "for (int i : f()) {\n}\n", "} else if (g(1)) {\n", "auto a = f({1});\n",
                     "struct A {\n  int f() {\n  }\n};\n", "run(\"x\", [&](int a) {\n});\n"]:
            self.assertFalse(Snippet("a.md", 1, code).is_whole(), code)

    def test_compiles_statements_and_programs_together(self):
        self.assertEqual(compile_all([
            Snippet("a.md", 3, "#include <vector>\n\nstd::vector<int> v = {1};\nv.clear();\n"),
            Snippet("a.md", 9, "int main() {\n  if (false) return 1;\n}\n"),
            Snippet("b.md", 9, "#include <binnacle/coroutine.h>\nbinnacle::TracedTask<int> f() {\n  co_return 1;\n}\n"),
        ], "g++"), "")

    def test_a_stale_snippet_is_named_by_page_and_line(self):
        errors = compile_all([Snippet("docs/a.md", 40, "auto s = binnacle::start_span(\"x\");\n\ns.no_such_call();\n")],
                             "g++")
        self.assertIn("docs/a.md:42:", errors)
        self.assertIn("no_such_call", errors)

    def test_the_documentation_has_snippets(self):
        page = check_snippets.ROOT / "docs/reference/quick_reference.md"
        self.assertGreater(len(snippets_of("q", page.read_text())), 15)


if __name__ == "__main__":
    unittest.main()
