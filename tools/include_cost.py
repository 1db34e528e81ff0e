#!/usr/bin/env python3
"""What including a public header of the SDK costs a compiler, over an empty file.

    tools/include_cost.py                      every header, a table
    tools/include_cost.py --limit-ms 150 apm.h fails when a header named costs more

CPU time of `-fsyntax-only`, the least of several runs, so that a busy machine disturbs little.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"


def cpu_seconds(command):
    """CPU time of one run of a command with no input; stops the program if it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}")
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def cost_ms(compiler, standard, headers, runs):
    """CPU milliseconds that the headers add to an empty C++ file."""
    base = [compiler, f"-std={standard}", "-fsyntax-only", f"-I{INCLUDE}", "-x", "c++"]
    includes = [part for header in headers for part in ("-include", f"binnacle/{header}")]
    # Alternating, so that a change of the machine's load meets both.
    pairs = [(cpu_seconds([*base, os.devnull]), cpu_seconds([*base, *includes, os.devnull]))
             for _ in range(runs)]
    return 1000 * (min(with_headers for _, with_headers in pairs) - min(empty for empty, _ in pairs))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("headers", nargs="*", help="relative to include/binnacle; all if none is named")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--standard", default="c++17")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limit-ms", type=float)
    options = parser.parse_args()
    if not shutil.which(options.compiler):
        sys.exit(f"{options.compiler} not found: see tools/packages.txt")
    headers = options.headers or sorted(
        path.relative_to(INCLUDE / "binnacle").as_posix()
        for path in (INCLUDE / "binnacle").glob("*.h"))
    failed = False
    for header in headers:
        cost = cost_ms(options.compiler, options.standard, [header], options.runs)
        is_over = options.limit_ms is not None and cost > options.limit_ms
        failed = failed or is_over
        print(f"{cost:8.0f} ms  {header}{'  over the limit' if is_over else ''}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
