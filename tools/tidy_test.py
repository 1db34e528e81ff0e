#!/usr/bin/env python3
"""Tests of tidy.py: each check finds what it is for and is quiet about what it is not for."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import cpp_text
import tidy

ROOT = Path(__file__).resolve().parent.parent


class TreeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def findings(self, name):
        return list(tidy.CHECKS[name](tidy.Tree(self.root)))

    def assert_banned(self, path, line, ban):
        self.write(path, line + "\n")
        found = self.findings("bans")
        self.assertTrue(any(m.startswith(ban + ":") for _, _, m in found), (line, found))
        (self.root / path).unlink()

    def assert_fine(self, path, line):
        self.write(path, line + "\n")
        self.assertEqual([], self.findings("bans"), line)
        (self.root / path).unlink()


class BansTest(TreeTest):
    def test_each_ban_bites(self):
        for line, ban in [
            ("auto t = std::chrono::steady_clock::now();", "clock"),
            ("clock_gettime(CLOCK_REALTIME, &ts);", "clock"),
            ("time_t t = time(nullptr);", "clock"),
            ("std::thread worker;", "thread"), ("std::jthread worker;", "thread"),
            ("std::regex r;", "regex"), ("#include <regex>", "regex"),
            ("auto* p = new Thing(1);", "naked-new"), ("delete p;", "naked-delete"),
            ("delete[] p;", "naked-delete"), ("throw std::bad_alloc();", "throw"),
            ("std::this_thread::sleep_for(1ms);", "sleep"), ("usleep(3);", "sleep"),
            ("sleep(3);", "sleep"), ("int x = rand();", "random"),
            ("strcpy(a, b);", "c-string"), ("sprintf(a, b);", "c-string"),
            ("int x = atoi(s);", "c-number"), ("system(command);", "shell"),
            ("assert(x);", "assert"), ("for (const auto& part : *store->parts()) {", "dangling-range"), ("// FIX" "ME later", "unfinished"),
            ('open("/wor' 'k/x");', "machine-path"),
        ]:
            self.assert_banned("src/model/a.cpp", line, ban)

    def test_the_message_names_the_replacement(self):
        self.write("src/model/a.cpp", "\nstd::regex r;\n")
        self.assertEqual([("src/model/a.cpp", 2)], [(p, n) for p, n, _ in self.findings("bans")])
        self.assertIn("RE2", self.findings("bans")[0][2])

    def test_iostream_only_in_headers(self):
        self.assert_banned("src/model/a.h", "#include <iostream>", "iostream")
        self.assert_fine("src/app/main.cpp", "#include <iostream>")

    def test_no_false_alarms(self):
        for line in ["// a new thread would throw", 'log("delete it, then sleep(1)");',
                     "Foo(const Foo&) = delete;", "new (place) Foo;", "void* operator new(size_t n);",
                     "void operator delete(void* p) noexcept;", "std::thread::id id;",
                     "run_time(3);", "static_assert(sizeof(int) == 4);", "auto s = std::string_view(x);",
                     "clock.now();",
                     "return std::unique_ptr<Wal>(new Wal(options));", "std::unique_ptr<Wal> wal(\n    new Wal(a));", "event.sleep_ns = 3;"]:
            self.assert_fine("src/model/a.cpp", line)

    def test_owners_may(self):
        self.assert_fine("src/io/net/a.cpp", "std::thread worker;")
        self.assert_fine("src/base/clock.cpp", "clock_gettime(CLOCK_REALTIME, &ts);")
        self.assert_fine("src/model/a_test.cpp", "std::thread worker;")
        self.assert_banned("src/model/a_test.cpp", "usleep(3);", "sleep")

    def test_an_allowance_needs_its_name_and_a_reason(self):
        self.assert_fine("src/sdk/a.cpp", "auto* p = new T;  // tidy: allow(naked-new) outlives statics")
        self.assert_fine("src/sdk/a.cpp", "// tidy: allow(naked-new) outlives statics\nauto* p = new T;")
        self.assert_banned("src/sdk/a.cpp", "auto* p = new T;  // tidy: allow(throw) outlives statics", "naked-new")
        self.assert_banned("src/sdk/a.cpp", "auto* p = new T;  // tidy: allow(naked-new)", "naked-new")


class FunctionLengthsTest(unittest.TestCase):
    def lengths(self, text):
        return {name: length for name, _, length in cpp_text.function_lengths(text)}

    def test_functions_methods_constructors_and_tests(self):
        text = """namespace a {
class B : public C<int> {
 public:
  explicit B(int x) : x_(x), y_{1} {
    go();
  }
  int get() const noexcept override { return x_; }
 private:
  int x_ = 0;
  std::array<int, 2> z_{1, 2};
};
static const int kTable[] = {
  1,
  2,
};
Result<int>
B::find(std::string_view name,
        int limit) {
  auto f = [&](int i) {
    return i;
  };
  if (limit) { return f(1); }
  return "}}}";
}
template <typename T>
auto B::make(T t) -> std::vector<T> {
  return {};
}
TEST(Lexer, ReadsOne) {
  EXPECT_EQ('{', 1'000);
}
}  // namespace a
"""
        self.assertEqual({"B": 3, "get": 1, "B::find": 9, "B::make": 4, "Lexer.ReadsOne": 3},
                         self.lengths(text))

    def test_raw_strings_and_comments_do_not_count_as_braces(self):
        text = 'void f() {\n  auto s = R"({ " })";  // }\n  /* } */\n}\nvoid g() {\n}\n'
        self.assertEqual({"f": 4, "g": 2}, self.lengths(text))


class LengthsTest(TreeTest):
    def body(self, lines):
        return "void f() {\n" + "  go();\n" * (lines - 2) + "}\n"

    def test_seventy_lines_pass_and_seventy_one_fail(self):
        self.write("src/base/a.cpp", self.body(70))
        self.assertEqual([], self.findings("lengths"))
        self.write("src/base/a.cpp", self.body(71))
        self.assertIn("f() has 71 lines", self.findings("lengths")[0][2])

    def test_file_warns_then_fails(self):
        self.write("src/base/a.cpp", "int x;\n" * 601)
        self.assertTrue(self.findings("lengths")[0][2].startswith("warning"))
        self.write("src/base/a.cpp", "int x;\n" * 1001)
        self.assertIn("limit is 1000", self.findings("lengths")[0][2])

    def test_the_ratchet_only_turns_one_way(self):
        self.write("src/base/a.cpp", self.body(80))
        listing = "tools/length_exceptions.txt"
        self.write(listing, "src/base/a.cpp f 80\n")
        self.assertEqual([], self.findings("lengths"))
        self.write(listing, "src/base/a.cpp f 79\n")
        self.assertIn("grew to 80", self.findings("lengths")[0][2])
        self.write(listing, "src/base/a.cpp f 90\n")
        self.assertIn("lower its number", self.findings("lengths")[0][2])
        self.write(listing, "src/base/a.cpp f 80\nsrc/base/gone.cpp 1200\n")
        self.assertIn("gone", self.findings("lengths")[0][2])


class CompletenessTest(TreeTest):
    def test_cpp_in_no_target(self):
        self.write("src/base/CMakeLists.txt", "binnacle_library(base SRCS a.cpp)")
        self.write("src/base/a.cpp", "")
        self.assertEqual([], self.findings("targets"))
        self.write("src/base/b.cpp", "")
        self.assertEqual("src/base/b.cpp", self.findings("targets")[0][0])

    def test_decoder_needs_fuzzer_and_seeds(self):
        self.write("src/wire/otlp/trace_decode.h", "#pragma once")
        self.assertEqual(1, len(self.findings("fuzzers")))
        self.write("fuzz/otlp.cpp", '#include "wire/otlp/trace_decode.h"')
        self.write("fuzz/CMakeLists.txt", "binnacle_fuzzer(otlp SRCS otlp.cpp CORPUS corpus/otlp)")
        self.assertIn("no seeds", self.findings("fuzzers")[0][2])
        self.write("fuzz/corpus/otlp/empty", "x")
        self.assertEqual([], self.findings("fuzzers"))

    def test_links(self):
        self.write("docs/a.md", "# The plan\n[x](b.md) [y](#the-plan) [z](https://example.org) `[n](o.md)`\n")
        self.assertEqual(1, len(self.findings("links")))
        self.write("docs/b.md", "x")
        self.assertEqual([], self.findings("links"))
        self.write("docs/c.md", "[x](a.md#no-such-heading)")
        self.assertIn("no heading", self.findings("links")[0][2])

    def test_folder_table(self):
        self.write("src/base/a.h", "")
        self.write("ARCHITECTURE.md", "<!-- folders -->\n| `src/gone` | x |\n<!-- /folders -->")
        self.assertEqual(["lacks `src/base`", "lists `src/gone`"],
                         [" ".join(m.split()[2:4]).rstrip(",") for _, _, m in self.findings("architecture")])

    def test_unlisted_skip(self):
        self.write("src/a_test.cpp", "TEST(Real, Corpus) {\n  GTEST_SKIP() << 1;\n}\n")
        self.assertIn("Real.Corpus", self.findings("skips")[0][2])
        self.write("tests/skips.txt", "Real.* : needs recordings that are not in the tree\n")
        self.assertEqual([], self.findings("skips"))
        self.write("tests/skips.txt", "Real.*\n")
        self.assertIn("no reason", self.findings("skips")[0][2])

    def test_lock_file_with_addresses(self):
        lock = {"packages": {"": {}, "node_modules/a": {"version": "1", "integrity": "sha512-a"}}}
        self.write("ui/package-lock.json", json.dumps(lock))
        self.write("ui/.npmrc", "omit-lockfile-registry-resolved=true\n")
        self.assertEqual([], self.findings("lock-files"))
        lock["packages"]["node_modules/a"]["optionalDependencies"] = {"a-linux": "1", "a-darwin": "1"}
        lock["packages"]["node_modules/a-linux"] = {"version": "1", "integrity": "sha512-b"}
        self.write("ui/package-lock.json", json.dumps(lock))
        self.assertIn("'a-darwin'", self.findings("lock-files")[0][2])
        del lock["packages"]["node_modules/a"]["optionalDependencies"]
        lock["packages"]["node_modules/a"]["resolved"] = "somewhere"
        self.write("ui/package-lock.json", json.dumps(lock))
        self.assertEqual(1, len(self.findings("lock-files")))
        del lock["packages"]["node_modules/a"]["resolved"]
        del lock["packages"]["node_modules/a"]["integrity"]
        self.write("ui/package-lock.json", json.dumps(lock))
        self.assertIn("no integrity", self.findings("lock-files")[0][2])

    def test_names(self):
        self.write("src/base/string_utils.h", "#pragma once")
        self.write("src/base/Clock.h", "#pragma once")
        self.write("src/base/bare.h", "")
        self.assertEqual(3, len(self.findings("names")))


class SubjectsTest(TreeTest):
    def commit(self, subject):
        subprocess.run(["git", "-C", self.root, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q",
                        "--allow-empty", "-m", subject], check=True)

    def test_subjects(self):
        subprocess.run(["git", "init", "-q", "-b", "main", self.root], check=True)
        self.commit("Old and wrong")
        subprocess.run(["git", "-C", self.root, "checkout", "-q", "-b", "topic"], check=True)
        for good in ["wire/otlp: decode spans", "base, model: the vocabulary", "io/net: say 429 when full"]:
            self.commit(good)
        self.assertEqual([], self.findings("subjects"))
        for bad in ["Fixed stuff", "wire: ends with a stop.", "wire: " + "x" * 70, "Wire: capital"]:
            self.commit(bad)
        self.assertEqual(4, len(self.findings("subjects")))


class FormatTest(TreeTest):
    def test_format_finds_and_fixes(self):
        self.write(".clang-format", (ROOT / ".clang-format").read_text())
        self.write("src/a.cpp", "int  x ;\n")
        self.assertEqual(1, tidy.run_format(tidy.Tree(self.root), fix=False))
        self.assertEqual(0, tidy.run_format(tidy.Tree(self.root), fix=True))
        self.assertEqual("int x;\n", (self.root / "src/a.cpp").read_text())


if __name__ == "__main__":
    unittest.main()
