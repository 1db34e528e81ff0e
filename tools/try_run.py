#!/usr/bin/env python3
"""Tries ./run as a new user would: start it, look at the pages, start it twice, stop it.

    tools/try_run.py [--no-demo]

Uses the usual ports, so nothing else may hold them (tools/fresh_debian.sh gives it a network of its
own). Exit 0 when every step did what the README promises.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 600     # a first start builds
TRACE_LIMIT_S = 90      # the demo indexes its texts and trains its model before its first task
DEMO_SERVICES = 5


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.headers, answer.read()


def wait_for(what, limit_s, attempt):
    """Calls `attempt` until it gives something true."""
    deadline = time.monotonic() + limit_s
    last = None
    while time.monotonic() < deadline:
        try:
            found = attempt()
            if found:
                print(f"ok: {what}", flush=True)
                return found
        except (OSError, ValueError, KeyError) as error:
            last = error
        time.sleep(0.5)
    raise SystemExit(f"FAILED: {what} did not happen within {limit_s} s ({last})")


def widest_trace():
    """The services of the trace that crosses most of them, once that is all of the demo."""
    _, _, body = get("http://127.0.0.1:16686/api/services")
    best = set()
    for service in json.loads(body)["data"] or []:
        _, _, body = get(f"http://127.0.0.1:16686/api/traces?service={service}&limit=50&lookback=1h")
        for trace in json.loads(body)["data"] or []:
            services = {p["serviceName"] for p in trace["processes"].values()}
            best = max(best, services, key=len)
    return sorted(best) if len(best) >= DEMO_SERVICES else None


def check_pages():
    for url in ("http://127.0.0.1:3000/", "http://127.0.0.1:16686/"):
        status, headers, body = get(url)
        if status != 200 or "text/html" not in headers["Content-Type"] or b"without its web UI" in body:
            raise SystemExit(f"FAILED: {url} is not the page: {body[:200]!r}")
        print(f"ok: page at {url}")
    _, _, body = get("http://127.0.0.1:9090/metrics")
    if b"# TYPE binnacle_" not in body:
        raise SystemExit(f"FAILED: no counters at /metrics: {body[:200]!r}")
    print("ok: counters at /metrics")


def main():
    demo = "--no-demo" not in sys.argv[1:]
    with tempfile.TemporaryDirectory() as data:
        environment = dict(os.environ, BINNACLE_DATA_DIR=data)
        command = [str(ROOT / "run"), *([] if demo else ["--no-demo"])]
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
        try:
            wait_for("the server is healthy", START_LIMIT_S, lambda: get("http://127.0.0.1:3000/")[0] == 200
                     if started.poll() is None else sys.exit("FAILED: ./run ended early"))
            check_pages()
            if demo:
                services = wait_for(f"a trace through {DEMO_SERVICES} services", TRACE_LIMIT_S, widest_trace)
                print("    " + ", ".join(services))
            second = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True,
                                    stdin=subprocess.DEVNULL, timeout=START_LIMIT_S)
            if second.returncode != 0 or "already running" not in second.stdout:
                raise SystemExit(f"FAILED: the second ./run said {second.stdout}{second.stderr}")
            print("ok: a second ./run says that it runs already")
        finally:
            started.send_signal(signal.SIGINT)
            code = started.wait(timeout=60)
        if code != 0:
            raise SystemExit(f"FAILED: ./run ended with code {code} after Ctrl-C")
        print("ok: Ctrl-C stops everything")


if __name__ == "__main__":
    main()
