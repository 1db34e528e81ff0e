#!/usr/bin/env python3
"""Compiles every C++ snippet of the documentation, so that it cannot go stale.

    tools/check_snippets.py                 README.md, docs/guide and docs/reference
    tools/check_snippets.py docs/guide/a.md these pages

A snippet is a block fenced as ```cpp. One that defines a function is compiled as it stands, any other
as the body of one; `#include`s move to the top of the file, and what a reader would have of their own
is declared in tools/snippet_stand_ins.h. C++17 without extensions; C++20 for coroutines. Errors name
page and line. Nothing is linked.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAND_INS = ROOT / "tools/snippet_stand_ins.h"
FLAGS = ["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-variable",
         "-Wno-unused-but-set-variable", "-Wno-unused-function",
         "-Wno-unknown-warning-option", "-Wno-subobject-linkage",  # GCC takes pages for headers
         f"-I{ROOT}/include", "-x", "c++"]
# A line at the margin that opens a function: a result, a name, parameters and no initialiser.
FUNCTION = re.compile(r"^[\w:][\w:<>,&* ]* [\w:]+\([^;={}\"\[\]\n]*\)(?: const| noexcept)* \{", re.MULTILINE)
IGNORE_RETURN = '_Pragma("GCC diagnostic ignored \\"-Wreturn-type\\"") '
CONTROL = re.compile(r"(if|else|for|while|switch|do|try|catch|return)\b")


@dataclass
class Snippet:
    page: str
    line: int  # of its first line of code
    code: str

    def is_whole(self):
        return any(not CONTROL.match(found.group()) for found in FUNCTION.finditer(self.code))

    def standard(self):
        return "c++20" if re.search(r"\bco_(await|return|yield)\b", self.code) else "c++17"


def snippets_of(page, text):
    """The ```cpp blocks of a page."""
    found, code, first = [], None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if code is None and line.strip() == "```cpp":
            code, first = [], number + 1
        elif code is not None and line.strip() == "```":
            found.append(Snippet(page, first, "\n".join(code) + "\n"))
            code = None
        elif code is not None:
            code.append(line)
    if code is not None:
        raise ValueError(f"{page}:{first - 1}: the block is never closed")
    return found


def source_of(snippets):
    """One translation unit, each snippet in a namespace of its own."""
    includes = sorted({line for s in snippets for line in re.findall(r"^#include.*$", s.code, re.M)})
    out = [*includes, f'#include "{STAND_INS}"']
    for index, snippet in enumerate(snippets):
        body = re.sub(r"^#include.*$", "", snippet.code, flags=re.M)
        # Only a main() that is called so may end without a return.
        body = re.sub(r"^int main\(", IGNORE_RETURN + "int snippet_main(", body, flags=re.M)
        out += ["#pragma GCC diagnostic push", f"namespace snippet_{index} {{"]
        if not snippet.is_whole():
            out.append("[[maybe_unused]] static void body() {")
        out += [f'#line {snippet.line} "{snippet.page}"', body]
        out += ["}" if snippet.is_whole() else "}}", "#pragma GCC diagnostic pop"]
    return "\n".join(out) + "\n"


def compile_all(snippets, compiler):
    """What the compiler says, empty if nothing."""
    def run(standard):
        chosen = [s for s in snippets if s.standard() == standard]
        if not chosen:
            return ""
        with tempfile.NamedTemporaryFile("w", suffix=".cpp") as source:
            source.write(source_of(chosen))
            source.flush()
            done = subprocess.run([compiler, f"-std={standard}", *FLAGS, source.name],
                                  capture_output=True, text=True)
        if done.returncode == 0:
            return ""
        return done.stderr or f"{compiler} failed without a word\n"
    with ThreadPoolExecutor() as pool:
        return "".join(pool.map(run, ["c++17", "c++20"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--compiler", default="g++")
    options = parser.parse_args()
    if not shutil.which(options.compiler):
        sys.exit(f"{options.compiler} not found: see tools/packages.txt")
    pages = options.pages or [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md")),
                              *sorted((ROOT / "docs/reference").glob("*.md"))]
    snippets = []
    for page in pages:
        name = page.resolve()
        name = name.relative_to(ROOT) if name.is_relative_to(ROOT) else name
        snippets += snippets_of(name.as_posix(), page.read_text())
    if not snippets:
        sys.exit("no snippets found")
    errors = compile_all(snippets, options.compiler)
    print(errors, end="", file=sys.stderr)
    print(f"{len(snippets)} snippets of {len({s.page for s in snippets})} pages "
          + ("do not all compile" if errors else "compile"))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
