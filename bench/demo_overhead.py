#!/usr/bin/env python3
"""How many more instructions does the demo execute because it is observed?

    bench/demo_overhead.py build/release/bin/arbitrage [--tasks N] [--repeat N]

Runs examples/arbitrage for the same tasks with APM_ENABLED=true and =false in turn, all six processes
under callgrind, which counts the instructions of user space (the kernel's, for sending, are not in it).
With it on, everything is exported as OTLP over HTTP to a sink in this program, which also counts spans and
requests (SERVER spans). Each setting runs with --tasks and with a quarter of them, and what is compared is
the difference, so that starting and stopping cancel out. Two tasks a second are few enough for the market,
which refuses more than 24 pages a second, to serve every page also under callgrind: the work is the same in
all runs but for the digits of the prices. The spread between repetitions is printed; a rise below it is not
known to be one. Needs valgrind.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SERVER = 2  # SpanKind
RUN_LIMIT_S = 280
TASKS_PER_SECOND = 2


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field of a protobuf message."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = 8 if tag & 7 == 1 else 4
            value, at = data[at:at + size], at + size
        yield tag >> 3, value


def spans_of(export):
    for number, resource_spans in fields(export):
        for inner, scope_spans in fields(resource_spans) if number == 1 else ():
            for deepest, span in fields(scope_spans) if inner == 2 else ():
                if deepest == 2:
                    yield span


class Sink(ThreadingHTTPServer):
    """Takes all signals; counts spans, and those that served a request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SinkHandler)
        self.lock = threading.Lock()
        self.spans = self.requests = 0

    def take(self, body):
        kinds = [dict(fields(span)).get(6, 0) for span in spans_of(body)]
        with self.lock:
            self.spans += len(kinds)
            self.requests += kinds.count(SERVER)


class SinkHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # the name is http.server's
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/v1/traces"):
            self.server.take(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def run_once(program, tasks, is_on):
    """Instructions of all processes, and the sink."""
    sink = Sink()
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, APM_ENABLED="true" if is_on else "false",
                           OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{sink.server_port}")
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--trace-children=yes", f"--log-file={folder}/%p.log",
             "--callgrind-out-file=/dev/null", program, "--tasks", str(tasks), "--pace", str(TASKS_PER_SECOND),
             "--state", folder],
            env=environment, check=True, timeout=RUN_LIMIT_S, stdout=subprocess.DEVNULL)
        total = processes = 0
        for log in Path(folder).glob("*.log"):
            found = re.search(r"Collected : (\d+)", log.read_text(errors="replace"))
            if found:
                total += int(found.group(1))
                processes += 1
    sink.shutdown()
    if processes < 7:  # the launcher and six more
        sys.exit(f"only {processes} of 7 processes were counted: is valgrind complete?")
    return total, sink


def measure(program, tasks, is_on):
    """Instructions, spans and requests of tasks - tasks / 4 tasks."""
    few, few_sink = run_once(program, max(tasks // 4, 1), is_on)
    many, many_sink = run_once(program, tasks, is_on)
    return many - few, many_sink.spans - few_sink.spans, many_sink.requests - few_sink.requests


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--tasks", type=int, default=16)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    counted = {True: [], False: []}
    spans = requests = 0
    for _ in range(options.repeat):
        for is_on in (False, True):
            instructions, more_spans, more_requests = measure(options.program, options.tasks, is_on)
            counted[is_on].append(instructions)
            spans, requests = spans + more_spans, requests + more_requests
            print(f"APM_ENABLED={str(is_on).lower()}: {instructions:,} instructions", flush=True)
    requests_per_run = requests / options.repeat
    if requests == 0:
        sys.exit("no spans arrived: is the demo built with the SDK that is to be measured?")
    off, on = (sorted(counted[is_on])[options.repeat // 2] for is_on in (False, True))
    spread = max(counted[False]) - min(counted[False])
    print(f"requests per run          {requests_per_run:.1f}\n"
          f"spans per request         {spans / requests:.2f}\n"
          f"instructions per request  {off / requests_per_run:,.0f} (off)\n"
          f"rise                      {100 * (on - off) / off:+.2f} % "
          f"(spread without: {100 * spread / off:.2f} %)")


if __name__ == "__main__":
    main()
