"""What source files may not contain, and what to write instead. One row per ban; read by tidy.py.

A line that has to do it anyway says so: `// tidy: allow(name) reason`, on the line or the one above.
"""

import re

# Folders that own threads; elsewhere work is posted to them (DESIGN of threading: ARCHITECTURE.md).
THREAD_OWNERS = ("src/io/", "src/app/", "src/sdk/", "src/store/disk/", "examples/", "tests/", "bench/")
CLOCK_OWNERS = ("src/base/clock.", "src/sdk/tick_clock.", "examples/", "bench/", "tests/")


class Ban:
    """A pattern looked for in code (comments and literals blanked) or, if `raw`, in the bare text."""

    def __init__(self, name, pattern, instead, allowed=(), only=None, raw=False, tests=True,
                 unless=None):
        self.name = name
        self.pattern = re.compile(pattern)
        self.instead = instead
        self.allowed = allowed      # path prefixes that may
        self.only = only            # regex of paths it is about; None: all C++
        self.raw = raw
        self.tests = tests          # does it hold for tests too?
        self.unless = unless and re.compile(unless)  # regex of the line and the one before that is fine


BANS = [
    Ban("clock", r"\b\w*_clock::now\b|\b(clock_gettime|gettimeofday|ftime)\s*\(|\btime\s*\(\s*(nullptr|NULL|0)?\s*\)",
        "take a base::Clock (base/clock.h), so that tests can turn it", allowed=CLOCK_OWNERS, tests=False),
    Ban("thread", r"\bstd::(thread|jthread|async)\b(?!::)|\bpthread_create\b",
        "threads belong to io/, app/, store/disk and the SDK's exporter: post work to them",
        allowed=THREAD_OWNERS, tests=False),
    Ban("regex", r"\bstd::regex\b|#\s*include\s*<regex>", "use RE2 (relabel/ or query/), or parse by hand"),
    Ban("iostream", r"#\s*include\s*<iostream>", "include <iosfwd>, or take a sink", only=r"\.h$"),
    Ban("naked-new", r"(?<!operator )(?<!<)\bnew\b(?!\s*\()", "use std::make_unique or a container",
        unless=r"_ptr<[^;]*[({]\s*new\b|\.reset\(\s*new\b"),  # private constructors: owned at once
    Ban("naked-delete", r"(?<!operator )(?<!=)(?<!= )\bdelete\b(?!\s*[;(])", "let a std::unique_ptr own it"),
    Ban("throw", r"\bthrow\b", "return Result<T> (base/error.h)", allowed=("examples/",)),
    Ban("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>])sleep\s*\(",
        "wait on the event itself (condition variable, completion, poll), with a deadline"),
    Ban("random", r"\b(rand|drand48)\s*\(\s*\)|\bstd::random_device\b|\bsrand\s*\(",
        "take a base random source (base/random.h)", allowed=("src/base/random.",)),
    Ban("c-string", r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|strncpy|strncat)\s*\(",
        "use fmt::format_to_n, std::string or std::string_view"),
    Ban("c-number", r"\b(atoi|atol|atoll|atof)\s*\(", "use std::from_chars, which reports errors"),
    Ban("shell", r"\b(system|popen)\s*\(", "call the function, not a shell", tests=False),
    Ban("assert", r"(?<![\w_])assert\s*\(|#\s*include\s*<(cassert|assert\.h)>",
        "use BINNACLE_CHECK or BINNACLE_DCHECK (base/check.h)", allowed=("include/",)),
    Ban("using-namespace", r"\busing\s+namespace\s+(?!std::(string|chrono)?_?literals|std::literals)",
        "name what is used", only=r"\.h$"),
    Ban("pragma-once", r"^\s*#\s*ifndef\s+\w+_H_?\s*$", "use #pragma once", only=r"\.h$"),
    Ban("dangling-range", r"\bfor\s*\([^;]*[^:]:\s*\*[\w.>()-]*\(",
        "name what the call returns: before C++23's rule (GCC 15), the loop outlives the temporary it runs over"),
    Ban("unfinished", r"\b(FIXME|TODO|XXX)\b", "do it, or write an issue", raw=True,
        only=r"\.(h|cpp|cmake|py|sh|tsx?|css|md|yml|yaml|json|txt)$"),
    Ban("machine-path", "(?<![\\w.])/(wor" "k|ro" "ot|home/\\w+)/", "no paths of one machine in the tree", raw=True,
        only=r".*"),
    Ban("registry", r"registry\.npmjs|registry\.yarnpkg|https?://registry\.", "no registry addresses in the tree",
        raw=True, only=r".*"),
]


def is_test(path):
    return path.startswith("tests/") or re.search(r"_(test|fuzz|bench)\.\w+$", path) is not None


def applies(ban, path):
    if path.startswith("tools/bans.py") or path.startswith("tools/tidy_test.py"):
        return False
    if path.startswith(tuple(ban.allowed)) or (is_test(path) and not ban.tests):
        return False
    if ban.only is None:
        return path.endswith((".h", ".cpp"))
    return re.search(ban.only, path) is not None


def is_allowed(ban, lines, index):
    """Does the line, or one above it, carry `tidy: allow(name) reason`?"""
    mark = re.compile(rf"tidy: allow\({re.escape(ban.name)}\) +\S+ *\S+")
    return any(mark.search(lines[i]) for i in (index, index - 1) if 0 <= i < len(lines))


def find(path, text, code):
    """Yields (line, message) for each ban that `path` breaks."""
    raw_lines, code_lines = text.splitlines(), code.splitlines()
    for ban in BANS:
        if not applies(ban, path):
            continue
        lines = raw_lines if ban.raw else code_lines
        for index, line in enumerate(lines):
            if not ban.pattern.search(line) or is_allowed(ban, raw_lines, index):
                continue
            around = (lines[index - 1] if index else "") + " " + line
            if not (ban.unless and ban.unless.search(around)):
                yield index + 1, f"{ban.name}: '{ban.pattern.search(line).group().strip()}' is banned; {ban.instead}"
