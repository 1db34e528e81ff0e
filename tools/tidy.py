#!/usr/bin/env python3
"""Checks of the tree that no compiler does. Every finding is fatal, except those that say `warning`.

    tools/tidy.py                 all text checks (a second or two); what the ctest `tidy` runs
    tools/tidy.py --only bans,lengths
    tools/tidy.py format          clang-format-19 on every tracked C++ file, no changes made
    tools/tidy.py format --fix    the same, in place
    tools/tidy.py lint [--all]    clang-tidy-19 on files of the last commits (or all), fatal list
    tools/tidy.py public-headers  include/binnacle as C++17 and C++20, each header alone, with both
                                  compilers, and without exceptions and run-time types
"""

import argparse
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bans
import cpp_text

FILE_WARN, FILE_FAIL, FUNCTION_FAIL = 600, 1000, 70
CODE_SUFFIXES = (".h", ".cpp", ".py", ".ts", ".tsx", ".css", ".cmake", ".sh")
GENERATED = ("tests/golden/", "fuzz/corpus/", "ui/package-lock.json",
             "tests/interop/senders/package-lock.json")
VAGUE_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}
SUBJECT = re.compile(r"[a-z0-9][\w/.+*{} -]*(, ?[\w/.+*{} -]+)*: \S.*[^.\s]")


class Tree:
    """The files of the checkout: tracked ones and new ones that are not ignored."""

    def __init__(self, root):
        self.root = Path(root)
        try:
            out = self.git("ls-files", "-co", "--exclude-standard", "-z").split("\0")
        except (OSError, subprocess.CalledProcessError):
            out = [p.relative_to(self.root).as_posix() for p in self.root.rglob("*")]
        self.paths = sorted({p for p in out if p and (self.root / p).is_file()
                             and not (self.root / p).is_symlink()})
        self._texts = {}

    def git(self, *arguments):
        return subprocess.run(["git", "-C", str(self.root), *arguments], check=True, text=True,
                              capture_output=True).stdout

    def text(self, path):
        """The file as text, or None when it is binary."""
        if path not in self._texts:
            data = (self.root / path).read_bytes()
            self._texts[path] = None if b"\0" in data[:8192] else data.decode(errors="replace")
        return self._texts[path]

    def matching(self, *suffixes, under=""):
        return [p for p in self.paths if p.endswith(suffixes) and p.startswith(under)]


def check_bans(tree):
    for path in tree.paths:
        if path.startswith(GENERATED):
            continue
        text = tree.text(path)
        if text is None:
            continue
        code = cpp_text.code_only(text) if path.endswith((".h", ".cpp")) else text
        for line, message in bans.find(path, text, code):
            yield path, line, message


def read_exceptions(tree):
    """{(path, function or None): lines} of tools/length_exceptions.txt."""
    found = {}
    listing = tree.root / "tools/length_exceptions.txt"
    for line in listing.read_text().splitlines() if listing.exists() else []:
        words = line.split("#", 1)[0].split()
        if words:
            found[(words[0], words[1] if len(words) == 3 else None)] = int(words[-1])
    return found


def judge_length(actual, limit, allowed, what):
    """A message when `actual` lines break `limit` or a listed exception is out of date."""
    if allowed is None:
        return f"{what} has {actual} lines, the limit is {limit}: split it" if actual > limit else None
    if actual > allowed:
        return f"{what} grew to {actual} lines, its exception allows {allowed}: split it"
    if actual < allowed:
        return (f"{what} shrank to {actual} lines: "
                + ("lower its number in" if actual > limit else "remove it from")
                + " tools/length_exceptions.txt")
    return None


def check_lengths(tree):
    exceptions = read_exceptions(tree)
    seen = set()
    for path in tree.matching(*CODE_SUFFIXES):
        if path.startswith(GENERATED):
            continue
        lines = tree.text(path).count("\n")
        seen.add((path, None))
        message = judge_length(lines, FILE_FAIL, exceptions.get((path, None)), "file")
        if message:
            yield path, 1, message
        elif lines > FILE_WARN:
            yield path, 1, f"warning: file has {lines} lines, aim under 400, {FILE_FAIL} is the limit"
        if not path.endswith((".h", ".cpp")):
            continue
        for name, first, length in cpp_text.function_lengths(tree.text(path)):
            seen.add((path, name))
            message = judge_length(length, FUNCTION_FAIL, exceptions.get((path, name)), f"{name}()")
            if message:
                yield path, first, message
    for path, name in exceptions.keys() - seen:
        yield "tools/length_exceptions.txt", 1, f"{path} {name or ''} is gone: remove its line"


def check_names(tree):
    for path in tree.matching(".h", ".cpp", under="src/") + tree.matching(".h", under="include/"):
        for part in Path(path).with_suffix("").parts:
            if VAGUE_NAMES & set(part.split("_")):
                yield path, 1, f"'{part}' says nothing: name the file after what is in it"
        if not re.fullmatch(r"[a-z0-9_/]+\.(h|cpp)", path):
            yield path, 1, "file names are snake_case, .h or .cpp"
        if path.endswith(".h") and "#pragma once" not in tree.text(path):
            yield path, 1, "header without #pragma once"


def check_targets(tree):
    """Every .cpp is named by a CMakeLists.txt in its folder or one above."""
    for path in tree.matching(".cpp"):
        folder = Path(path).parent
        for up in (folder, *folder.parents):
            listing = tree.root / up / "CMakeLists.txt"
            name = Path(path).relative_to(up).as_posix()
            if listing.exists() and re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w/.-])",
                                              listing.read_text()):
                break
        else:
            if path != "fuzz/replay_main.cpp":
                yield path, 1, "in no target: add it to a CMakeLists.txt or delete it"


def check_fuzzers(tree):
    """Every decoder of wire/ is included by a fuzz target, and every fuzz target has seeds."""
    sources = {p: tree.text(p) for p in tree.matching(".cpp", under="fuzz/")}
    for path in tree.matching(".h", under="src/wire/"):
        if path.count("/") > 2 and re.search(r"(^|_)(decode|parse)r?(_|\.)", Path(path).name):
            name = path.removeprefix("src/")
            if not any(f'"{name}"' in text for text in sources.values()):
                yield path, 1, "decoder without a fuzz target: add one to fuzz/ that includes it"
    for listing in tree.matching("CMakeLists.txt", under="fuzz/"):
        for match in re.finditer(r"binnacle_fuzzer\((\w+)[^)]*?CORPUS\s+([^\s)]+)", tree.text(listing)):
            folder = f"{Path(listing).parent.as_posix()}/{match[2]}/"
            if not any(p.startswith(folder) for p in tree.paths):
                yield listing, 1, f"fuzzer {match[1]} has no seeds in {folder}"


def check_links(tree):
    """Relative links of Markdown files lead somewhere, anchors included."""
    for path in tree.matching(".md"):
        fenced = False
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for target in re.findall(r"\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)", re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                file = (tree.root / path).parent / name if name else tree.root / path
                if not file.exists():
                    yield path, number, f"link to '{target}' leads nowhere"
                elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
                    yield path, number, f"no heading '#{anchor}' in {name or path}"


def anchors(text):
    found = set()
    for title in re.findall(r"^#+\s+(.*)$", text, re.MULTILINE):
        found.add(re.sub(r"[^\w -]", "", re.sub(r"[`*]", "", title).lower()).replace(" ", "-"))
    return found


def source_folders(tree):
    """Folders that hold source: what ARCHITECTURE.md has to list."""
    folders = set()
    for path in tree.paths:
        parts = Path(path).parent.parts
        if not parts or parts[0].startswith("."):
            continue
        if parts[0] == "src" and path.endswith((".h", ".cpp")):
            folders.add("/".join(parts[:3]) if len(parts) > 2 else "/".join(parts))
        elif parts[0] == "include":
            folders.add("/".join(parts))
        elif parts[0] != "src":
            folders.add(parts[0])
    return folders


def check_architecture(tree):
    """The folder table of ARCHITECTURE.md equals the tree."""
    path = "ARCHITECTURE.md"
    if path not in tree.paths:
        return
    match = re.search(r"<!-- folders -->(.*?)<!-- /folders -->", tree.text(path), re.DOTALL)
    if not match:
        yield path, 1, "no folder table between <!-- folders --> and <!-- /folders -->"
        return
    listed = set(re.findall(r"^\|\s*`([^`]+?)/?`\s*\|", match[1], re.MULTILINE))
    actual = source_folders(tree)
    for folder in sorted(actual - listed):
        yield path, 1, f"folder table lacks `{folder}`"
    for folder in sorted(listed - actual):
        yield path, 1, f"folder table lists `{folder}`, which is not in the tree"


def read_skips(tree):
    """Patterns of tests/skips.txt, with their reasons."""
    skips = {}
    listing = tree.root / "tests/skips.txt"
    for line in listing.read_text().splitlines() if listing.exists() else []:
        if line.strip() and not line.startswith("#"):
            pattern, _, reason = line.partition(" : ")
            skips[pattern.strip()] = reason.strip()
    return skips


def check_skips(tree):
    skips = read_skips(tree)
    for pattern, reason in skips.items():
        if not reason:
            yield "tests/skips.txt", 1, f"'{pattern}' has no reason: write 'pattern : reason'"
    for path in tree.matching(".cpp"):
        test = None
        for number, line in enumerate(cpp_text.code_only(tree.text(path)).splitlines(), 1):
            match = re.match(r"(?:TEST|TEST_F|TEST_P|TYPED_TEST)\((\w+),\s*(\w+)\)", line)
            if match:
                test = f"{match[1]}.{match[2]}"
            elif line.startswith("}"):
                test = None
            if "GTEST_SKIP" in line and test and not any(
                    fnmatch.fnmatchcase(test, p) or fnmatch.fnmatchcase(f"*/{test}/*", p) for p in skips):
                yield path, number, f"{test} may be skipped but is not in tests/skips.txt"


def check_lock_files(tree):
    for path in tree.matching("package-lock.json"):
        lock = json.loads(tree.text(path))
        for name, package in lock.get("packages", {}).items():
            if "resolved" in package and not package.get("link"):
                yield path, 1, f"'{name}' has a resolved address: set omit-lockfile-registry-resolved"
                break
        for name, package in lock.get("packages", {}).items():
            if name and not package.get("link") and "integrity" not in package:
                yield path, 1, f"'{name}' has no integrity hash: remove it and let npm add it"
            for wanted in package.get("optionalDependencies", {}):
                if not any(p == f"node_modules/{wanted}" or p.endswith(f"/node_modules/{wanted}")
                           for p in lock["packages"]):
                    yield path, 1, f"no entry for '{wanted}': newer npm refuses a lock of one platform only"
        npmrc = Path(path).parent / ".npmrc"
        if not (tree.root / npmrc).exists() or "omit-lockfile-registry-resolved=true" not in (
                tree.root / npmrc).read_text():
            yield path, 1, f"{npmrc} has to say omit-lockfile-registry-resolved=true"


def check_layers_txt(tree):
    """Each EXTERNAL name of layers.txt is known to CMake and explained."""
    known = (tree.root / "cmake/third_party.cmake").read_text()
    reasons_file = tree.root / "docs/design/dependencies.md"
    reasons = reasons_file.read_text().lower() if reasons_file.exists() else None
    for name in sorted(set(re.findall(r'name STREQUAL "([^"]+)"\)\n    set\(header', known))):
        if reasons is not None and name not in reasons:
            yield "docs/design/dependencies.md", 1, f"no reason given for '{name}'"


def check_subjects(tree):
    """Subjects are `area: what it does`, 72 characters at most, no full stop.

    Looks at commits that are not on main yet; on main itself at the newest, since history stays.
    """
    try:
        fork = fork_point(tree)
        log = tree.git("log", "--no-merges", "--format=%h %s", f"{fork}..HEAD" if fork else "-1")
    except (OSError, subprocess.CalledProcessError):
        return
    for line in log.splitlines():
        commit, _, subject = line.partition(" ")
        if len(subject) > 72 or not SUBJECT.fullmatch(subject):
            yield ".git", 1, f"{commit} '{subject}': expected 'area: what it does', 72 characters at most"


def fork_point(tree):
    """Where this branch left main; None on main itself or where there is no main."""
    for base in ("origin/main", "main"):
        try:
            fork = tree.git("merge-base", "HEAD", base).strip()
            if fork != tree.git("rev-parse", "HEAD").strip():
                return fork
        except subprocess.CalledProcessError:
            continue
    return None


CHECKS = {
    "bans": check_bans, "lengths": check_lengths, "names": check_names, "targets": check_targets,
    "fuzzers": check_fuzzers, "links": check_links, "architecture": check_architecture,
    "skips": check_skips, "lock-files": check_lock_files, "layers-txt": check_layers_txt,
    "subjects": check_subjects,
}


def run_text_checks(tree, names):
    failed = 0
    for name in names:
        for path, line, message in CHECKS[name](tree):
            print(f"{path}:{line}: {message}")
            failed += not message.startswith("warning")
    return failed


def run_all(commands, root):
    """Runs the commands, as many at a time as there are cores; prints what fails; counts failures."""
    def run(command):
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        return command, done.returncode, done.stdout + done.stderr

    failed = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for command, code, output in pool.map(run, commands):
            if code != 0:
                failed += 1
                print(f"{' '.join(command)}: failed\n{output}", flush=True)
    return failed


def find_tool(name):
    tool = shutil.which(f"{name}-19") or shutil.which(name)
    if not tool:
        sys.exit(f"{name}-19 not found: apt-get install {name}-19")
    return tool


def run_format(tree, fix):
    files = [p for p in tree.matching(".h", ".cpp") if not p.startswith(GENERATED)]
    mode = ["-i"] if fix else ["--dry-run", "-Werror"]
    return run_all([[find_tool("clang-format"), *mode, p] for p in files], tree.root)


def changed_files(tree):
    """Paths that differ from the fork point with main, or from the commit before where that is HEAD."""
    try:
        return set(tree.git("diff", "--name-only", fork_point(tree) or "HEAD~1").split())
    except subprocess.CalledProcessError:
        return set()


def run_lint(tree, build, everything):
    database = tree.root / build / "compile_commands.json"
    if not database.exists():
        sys.exit(f"{database} not found: cmake --preset release")
    compiled = {os.path.relpath(entry["file"], tree.root) for entry in json.loads(database.read_text())}
    wanted = compiled if everything else compiled & changed_files(tree)
    # All that is ours; generated sources are in the build folder.
    files = sorted(p for p in wanted if p.startswith(("src/", "tests/", "bench/", "fuzz/", "examples/", "tools/")))
    print(f"clang-tidy: {len(files)} of {len(compiled)} files")

    def checks(path):
        # clang-tidy 19 does not see that a test ends where ASSERT_TRUE(found) fails.
        is_test = path.startswith("tests/") or path.endswith("_test.cpp")
        return ["--checks=-bugprone-unchecked-optional-access"] if is_test else []

    return run_all([[find_tool("clang-tidy"), "-p", build, "--quiet", *checks(p),
                     # GCC-only flags in the database are not the file's fault.
                     "--extra-arg=-Wno-unknown-warning-option",
                     # What cmake/compiler.cmake says of clang: libstdc++ 12's own use, and sign
                     # conversions, which GCC leaves out of -Wconversion.
                     "--extra-arg=-Wno-deprecated-declarations",
                     "--extra-arg=-Wno-sign-conversion", p] for p in files], tree.root)


def run_public_headers(tree):
    """Each public header alone, as an application with strict warnings includes it: as C++17, as C++20,
    and (all but the integrations) without exceptions and run-time types."""
    commands = []
    for compiler in ("g++", "clang++-19"):
        if not shutil.which(compiler):
            sys.exit(f"{compiler} not found: see tools/packages.txt")
        flags = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
        for path in tree.matching(".h", under="include/binnacle/"):
            dialects = [["-std=c++17"], ["-std=c++20"]]
            if "/integrations/" not in path:
                dialects.append(["-std=c++17", "-fno-exceptions", "-fno-rtti"])
            for dialect in dialects:
                commands.append([compiler, *dialect, *flags, "-fsyntax-only", "-Iinclude", "-x", "c++",
                                 "-include", path.removeprefix("include/"), "/dev/null"])
    return run_all(commands, tree.root)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("mode", nargs="?", default="text",
                        choices=["text", "format", "lint", "public-headers"])
    parser.add_argument("--only", help="comma-separated: " + ", ".join(CHECKS))
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    tree = Tree(arguments.root)
    if arguments.mode == "format":
        failed = run_format(tree, arguments.fix)
    elif arguments.mode == "lint":
        failed = run_lint(tree, arguments.build, arguments.all)
    elif arguments.mode == "public-headers":
        failed = run_public_headers(tree)
    else:
        failed = run_text_checks(tree, arguments.only.split(",") if arguments.only else CHECKS)
    if failed:
        print(f"{failed} findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
