#!/usr/bin/env python3
"""The test tiers behind ./test. Each ends with `N passed, N failed, N skipped`.

    tools/run_tests.py [--all] [--only TIER,TIER] [--fuzz-seconds N]

A tier that cannot be built counts as one failure, and the others still run. Logs of what failed are
printed in full; everything else stays quiet. Exit 0 when nothing failed.
"""

import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from test_results import Results, Skips, read_gtest, read_playwright, read_vitest

ROOT = Path(__file__).resolve().parent.parent
JOBS = os.cpu_count() or 2
# Labels of ctest entries. `long` (more rounds of what is drawn at random) and `interop` (other people's
# programs) run with --all only; `style` has a tier of its own.
EVERYDAY = {"unit", "corpus", "e2e"}
LINES_OF_A_FAILURE = 400


def say(text):
    print(text, flush=True)


def run(command, **options):
    """Runs a command quietly; (exit code, output). A time-out is exit code 124."""
    try:
        done = subprocess.run(command, cwd=options.pop("cwd", ROOT), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", **options)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
        return 124, (output if isinstance(output, str) else output.decode(errors="replace")) + (
            f"\nstopped after {late.timeout:.0f} s")
    except FileNotFoundError as gone:
        return 127, str(gone)


def show_failure(name, output):
    lines = output.splitlines()
    if len(lines) > LINES_OF_A_FAILURE:
        lines = ["..."] + lines[-LINES_OF_A_FAILURE:]
    say(f"--- {name}")
    say("\n".join("    " + line for line in lines))


def build(preset, results, *targets):
    """Configures and builds a preset; a failure is counted and shown."""
    steps = [["cmake", "--preset", preset],
             ["cmake", "--build", f"build/{preset}", "--target", *(targets or ("all",))]]
    for step in steps:
        started = time.monotonic()
        code, output = run(step)
        if code != 0:
            show_failure(" ".join(step), output)
            results.fail(f"{' '.join(step)} (code {code})")
            return False
        say(f"    {' '.join(step)}: {time.monotonic() - started:.0f} s")
    return True


def list_ctests(preset, labels):
    """The ctest entries of a build tree with one of the labels."""
    code, output = run(["ctest", "--test-dir", f"build/{preset}", "--show-only=json-v1"])
    if code != 0:
        return []
    found = []
    for test in json.loads(output)["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        if labels & set(properties.get("LABELS", [])):
            found.append((test["name"], test.get("command", []), properties))
    return found


def run_ctest(entry, folder, skips):
    """One ctest entry: a GoogleTest program counts its cases, any other program counts as one."""
    name, command, properties = entry
    results = Results()
    if not command:
        results.fail(f"{name} (not built)")
        return results, ""
    report = Path(folder) / f"{name}.xml"
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{report}", GTEST_COLOR="no",
                       ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1",
                       UBSAN_OPTIONS="print_stacktrace=1", TSAN_OPTIONS="halt_on_error=1")
    for variable in properties.get("ENVIRONMENT", []):
        key, _, value = variable.partition("=")
        environment[key] = value
    code, output = run(command, cwd=properties.get("WORKING_DIRECTORY", ROOT), env=environment,
                       timeout=float(properties.get("TIMEOUT", 120)))
    if "gtest" in properties.get("LABELS", []):
        results = read_gtest(report, code, name, skips)
    elif code == 0:
        results.passed += 1
    else:
        results.fail(f"{name} (code {code})")
    return results, output if results.failed else ""


def run_ctests(preset, labels, skips, results, jobs=JOBS):
    entries = list_ctests(preset, labels)
    if not entries:
        results.fail(f"{preset} (no tests with label {', '.join(sorted(labels))})")
        return
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        for entry, (one, output) in zip(entries, pool.map(
                lambda e: run_ctest(e, folder, skips), entries)):
            results.add(one)
            if one.failed:
                show_failure(entry[0], output)


def install_senders(results):
    code, output = run(["bash", "-c", ". tools/build_ui.sh && install_node_modules tests/interop/senders"])
    if code != 0:
        show_failure("packages of tests/interop/senders", output)
        results.fail(f"packages of tests/interop/senders (code {code})")


def fetch_prometheus(results):
    """Debian's package, unpacked: installing it would start a server."""
    folder = ROOT / "build/prometheus"
    if (folder / "usr/bin/prometheus").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    code, output = run(["bash", "-c", "apt-get download prometheus && dpkg-deb -x prometheus_*.deb . && rm *.deb"],
                       cwd=folder)
    if code != 0:
        show_failure("download of Debian's prometheus", output)
        results.fail(f"download of Debian's prometheus (code {code})")


def tier_release(options, skips, results):
    if not build("release", results):
        return
    run_ctests("release", EVERYDAY, skips, results)
    if options.all:
        install_senders(results)
        fetch_prometheus(results)
        run_ctests("release", {"long", "interop"}, skips, results)


def tier_dev(options, skips, results):
    if build("dev", results, "binnacle_unit_tests"):
        run_ctests("dev", {"unit", "corpus"}, skips, results)


def tier_tsan(options, skips, results):
    if build("tsan", results, "binnacle_unit_tests"):
        run_ctests("tsan", {"unit"}, skips, results)


def tier_clang(options, skips, results):
    if build("clang", results):
        run_ctests("clang", EVERYDAY, skips, results)


def tier_fuzz(options, skips, results):
    if not build("fuzz", results, "binnacle_fuzzers"):
        return
    listings = sorted(glob.glob(str(ROOT / "build/fuzz/fuzz/*.corpus")))
    if not listings:
        results.fail("fuzz (no fuzz targets)")
        return
    seconds = options.fuzz_seconds or (60 if options.all else 5)

    def fuzz(listing):
        name = Path(listing).stem
        seeds = Path(listing).read_text().strip()
        with tempfile.TemporaryDirectory() as grown:
            code, output = run(
                [str(Path(listing).with_suffix("")), f"-max_total_time={seconds}", "-timeout=10",
                 "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={ROOT}/build/fuzz/{name}-",
                 grown, seeds], timeout=seconds + 120)
        return name, code, output

    with ThreadPoolExecutor(JOBS) as pool:
        for name, code, output in pool.map(fuzz, listings):
            runs = [line.split()[-1] for line in output.splitlines()
                    if line.startswith("stat::number_of_executed_units")]
            if code == 0 and runs and int(runs[0]) > 0:
                results.passed += 1
            else:
                results.fail(f"fuzz {name} (code {code})")
                show_failure(f"fuzz {name}", output)


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def tier_browser(options, skips, results):
    if not (ROOT / "ui/package.json").exists():
        results.fail("browser (no ui/)")
        return
    code, output = run(["bash", "-c", ". tools/build_ui.sh && build_ui"])
    if code != 0:
        show_failure("build of ui/", output)
        results.fail(f"build of ui/ (code {code})")
        return
    if not build("release", results, "binnacle_products"):
        return
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "vitest.json"
        code, output = run(["npx", "vitest", "run", "--reporter=json", f"--outputFile={report}"],
                           cwd=ROOT / "ui", timeout=600)
        one = read_vitest(report, code, skips)
        results.add(one)
        if one.failed:
            show_failure("web unit tests", output)
        report = Path(folder) / "playwright.json"
        environment = dict(os.environ, PLAYWRIGHT_JSON_OUTPUT_NAME=str(report), CI="true",
                           CHROMIUM=chromium() or "",
                           BINNACLE_BIN=str(ROOT / "build/release/bin/binnacle"))
        code, output = run(["npx", "playwright", "test", "--reporter=json,list"], cwd=ROOT / "ui",
                           env=environment, timeout=1200)
        one = read_playwright(report, code, skips)
        results.add(one)
        if one.failed:
            show_failure("browser tests", output)


def run_check(results, name, command, **options):
    code, output = run(command, **options)
    if code == 0:
        results.passed += 1
    else:
        results.fail(name)
        show_failure(name, output)


def tier_style(options, skips, results):
    if build("release", results, "header_checks"):
        results.passed += 1
        run_ctests("release", {"style"}, skips, results)
    python = sys.executable
    run_check(results, "clang-format", [python, "tools/tidy.py", "format"])
    run_check(results, "clang-tidy", [python, "tools/tidy.py", "lint", *(["--all"] if options.all else [])])
    if (ROOT / "ui/package.json").exists():
        run_check(results, "web packages", ["bash", "-c", ". tools/build_ui.sh && install_node_modules ui"])
        run_check(results, "eslint", ["npm", "run", "--silent", "lint"], cwd=ROOT / "ui")
        run_check(results, "typescript", ["npm", "run", "--silent", "typecheck"], cwd=ROOT / "ui")


TIERS = {"release": tier_release, "dev": tier_dev, "fuzz": tier_fuzz, "browser": tier_browser,
         "style": tier_style, "tsan": tier_tsan, "clang": tier_clang}
ONLY_WITH_ALL = {"tsan", "clang"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="", help=", ".join(TIERS))
    parser.add_argument("--fuzz-seconds", type=int)
    options = parser.parse_args()
    wanted = [t for t in options.only.split(",") if t]
    for name in wanted:
        if name not in TIERS:
            parser.error(f"unknown tier '{name}'; there are {', '.join(TIERS)}")
    wanted = wanted or [t for t in TIERS if options.all or t not in ONLY_WITH_ALL]

    skips = Skips((ROOT / "tests/skips.txt").read_text())
    total = Results()
    # The UI is embedded, so it is built before anything that embeds it.
    if (ROOT / "ui/package.json").exists() and {"release", "browser"} & set(wanted):
        code, output = run(["bash", "-c", ". tools/build_ui.sh && build_ui"])
        if code != 0:
            show_failure("build of ui/", output)
            total.fail("build of ui/")
    for name in wanted:
        say(f"== {name}")
        started = time.monotonic()
        results = Results()
        TIERS[name](options, skips, results)
        say(f"    {time.monotonic() - started:.0f} s")
        say(results.line())
        total.add(results)
    if total.failures:
        say("\nfailed:")
        for failure in total.failures:
            say(f"    {failure}")
    say("")
    say(f"{total.passed} passed, {total.failed} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
