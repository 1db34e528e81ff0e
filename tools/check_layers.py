#!/usr/bin/env python3
"""Compares every #include of the tree with layers.txt.

CMake refuses a target edge that layers.txt does not allow, but src/ is one include root, so a file
could still include what its target does not name. This scan closes that gap, and finds cycles
between folders and between files. Unit tests (x_test.cpp), tests/, bench/ and fuzz/ may look at
everything; they are never looked at.

    tools/check_layers.py [ROOT]      exit 0: clean, 1: findings, one per line
"""

import re
import subprocess
import sys
from pathlib import Path

SOURCE_SUFFIXES = {".h", ".hpp", ".cpp", ".cc"}
SCANNED = ("include", "src", "examples", "tests", "bench", "fuzz")
FREE = ("tests", "bench", "fuzz")
ENGINES = {"store/trace", "store/log", "store/series", "store/memory", "store/sqlite",
           "store/clickhouse"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')

# Header prefix -> name in layers.txt, longest first where it matters.
THIRD_PARTY = [
    ("CLI/", "cli11"), ("absl/", "grpc"), ("benchmark/", "benchmark"), ("boost/", "boost"),
    ("curl/", "libcurl"), ("fmt/", "fmt"), ("gmock/", "gtest"), ("google/protobuf/", "libprotobuf"),
    ("grpc/", "grpc"), ("grpcpp/", "grpc"), ("gtest/", "gtest"), ("libdeflate.h", "libdeflate"),
    ("libxml/", "libxml2"), ("mimalloc", "mimalloc"), ("openssl/", "openssl"), ("protozero/", "protozero"),
    ("rapidcheck", "rapidcheck"), ("re2/", "re2"),
    ("roaring/", "roaring"), ("simdjson", "simdjson"), ("snappy", "snappy"), ("spdlog/", "spdlog"),
    ("sqlite3.h", "sqlite3"), ("xxhash.h", "xxhash"), ("yaml-cpp/", "yaml-cpp"),
    ("zlib.h", "zlib"), ("zstd", "zstd"), ("zdict.h", "zstd"),
]
# The C library, POSIX, Linux and the compiler: everybody's.
SYSTEM = re.compile(
    r"^([a-z0-9_]+|(sys|netinet|arpa|linux|net|asm|sanitizer|bits)/.*|"
    r"(assert|cpuid|ctype|cxxabi|dirent|dlfcn|elf|endian|errno|fcntl|grp|inttypes|limits|link|locale|"
    r"malloc|math|netdb|poll|pthread|pwd|sched|signal|stdarg|stdbool|stddef|stdint|stdio|stdlib|"
    r"spawn|string|strings|termios|time|ucontext|unistd|[a-z]+intrin|arm_neon|arm_acle)\.h)$")


class Layers:
    """The parsed layers.txt."""

    def __init__(self, text):
        self.edges = {}
        self.external = {}
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.split("#", 1)[0].strip()
            if not line:
                continue
            match = re.fullmatch(r"([^:|]+):([^|]*)\|?(.*)", line)
            if not match:
                raise ValueError(f"layers.txt:{number}: expected 'folder : folders | third-party'")
            for pattern in self._expand(match[1].strip()):
                if pattern in self.edges:
                    raise ValueError(f"layers.txt:{number}: '{pattern}' has two lines")
                self.edges[pattern] = match[2].split()
                self.external[pattern] = match[3].split()

    @staticmethod
    def _expand(pattern):
        match = re.fullmatch(r"(.*)\{([^}]*)\}(.*)", pattern)
        if not match:
            return [pattern]
        return [match[1] + name.strip() + match[3] for name in match[2].split(",")]

    def covers(self, pattern, folder):
        """True when `pattern` speaks of `folder`: itself, or a sub-folder unless lines exist below."""
        if pattern in ("*", folder):
            return True
        regex = re.escape(pattern).replace(r"\*", "[^/]+")
        if re.fullmatch(regex, folder):
            return True
        if not re.match(regex + "/", folder):
            return False
        return not any(other.startswith(pattern + "/") for other in self.edges)

    def layer_of(self, folder):
        return next((p for p in self.edges if self.covers(p, folder)), None)

    def allows(self, folder, target):
        if folder == target:
            return True
        layer = self.layer_of(folder)
        if "*" not in layer and self.covers(layer, target):
            return True
        return any(self.covers(edge, target) for edge in self.edges[layer])

    def allows_external(self, folder, name):
        allowed = self.external[self.layer_of(folder)]
        return "*" in allowed or name in allowed or (name == "fmt" and not folder.startswith("include/"))


def list_sources(root):
    """Paths (relative, posix) of tracked and new sources; every file where there is no git."""
    try:
        out = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "--", *SCANNED],
            check=True, capture_output=True, text=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        out = [p.relative_to(root).as_posix() for d in SCANNED for p in (root / d).rglob("*")]
    return sorted({p for p in out if Path(p).suffix in SOURCE_SUFFIXES and (root / p).is_file()})


def folder_of(path):
    """src/store/trace/a.h -> store/trace; include/binnacle/a.h -> include/binnacle."""
    folder = path.rsplit("/", 1)[0]
    return folder.removeprefix("src/")


def is_free(path):
    return path.startswith(tuple(f + "/" for f in FREE)) or Path(path).stem.endswith("_test")


def read_includes(root, path):
    for number, line in enumerate((root / path).read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def resolve(files, path, name):
    """The tree's file that `#include name` in `path` means, or None."""
    for candidate in (f"src/{name}", f"include/{name}", name,
                      f"{path.rsplit('/', 1)[0]}/{name}"):
        if candidate in files:
            return candidate
    return None


def find_cycle(graph):
    """One cycle of a directed graph as a list of nodes, or None."""
    done, path, on_path = set(), [], set()

    def visit(node):
        if node in done:
            return None
        if node in on_path:
            return path[path.index(node):] + [node]
        path.append(node)
        on_path.add(node)
        for target in sorted(graph.get(node, ())):
            cycle = visit(target)
            if cycle:
                return cycle
        on_path.discard(path.pop())
        done.add(node)
        return None

    for start in sorted(graph):
        cycle = visit(start)
        if cycle:
            return cycle
    return None


def check_third_party(layers, path, folder, name):
    """A finding's text for `#include <name>`, or None."""
    known = next((n for prefix, n in THIRD_PARTY if name.startswith(prefix)), None)
    if known is None:
        if SYSTEM.match(name):
            return None
        return f"<{name}> is not a known third-party header: add it to tools/check_layers.py"
    if is_free(path) or layers.allows_external(folder, known):
        return None
    return f"'{folder}' may not include third-party <{name}> ({known}): not in its line of layers.txt"


def check_project(layers, path, folder, target):
    """A finding's text for an include of the tree's own file, or None."""
    other = folder_of(target)
    if is_free(path):
        return None
    if not layers.allows(folder, other):
        return f"'{folder}' may not include '{other}' ({target}): not in its line of layers.txt"
    if other in ENGINES and folder != other and folder != "app":
        return f"only app and tests name the engine '{other}'; use the interfaces of store/"
    return None


def check(root):
    """All findings for the tree at `root`, as 'path:line: text'."""
    layers = Layers((root / "layers.txt").read_text())
    files = list_sources(root)
    known = set(files)
    findings = []
    folder_graph, file_graph = {}, {}
    for path in files:
        folder = folder_of(path)
        if not is_free(path) and layers.layer_of(folder) is None:
            findings.append(f"{path}:1: folder '{folder}' has no line in layers.txt")
            continue
        for number, quote, name in read_includes(root, path):
            target = resolve(known, path, name)
            if target is None:
                if quote == '"':
                    problem = f'"{name}" is not a file of this tree (third-party headers take <>)'
                else:
                    problem = check_third_party(layers, path, folder, name)
            else:
                problem = check_project(layers, path, folder, target)
                file_graph.setdefault(path, set()).add(target)
                if not is_free(path) and folder_of(target) != folder:
                    folder_graph.setdefault(folder, set()).add(folder_of(target))
            if problem:
                findings.append(f"{path}:{number}: {problem}")
    for what, graph in (("folders", folder_graph), ("files", file_graph)):
        cycle = find_cycle(graph)
        if cycle:
            findings.append(f"layers.txt:1: {what} include each other in a cycle: {' -> '.join(cycle)}")
    return findings


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    findings = check(root)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
