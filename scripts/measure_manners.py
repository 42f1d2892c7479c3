#!/usr/bin/env python3
"""Measures how the server behaves as a guest: the start, the memory of a second process, and the rest when nobody asks.

    scripts/measure_manners.py [--lacuna build/release/lacuna] [--model NAME] [--isa auto] [--rounds 15] [start memory idle]

Prints a line for each figure (see docs/performance.md):

start   from the start of the process to status "ready", with everything in the page cache (medians; what initialize took
        of it, and the processor time, which does not depend on what else runs), and a whole `lacuna complete`
memory  resident (RSS), proportional (PSS) and own (USS) bytes of one server, and of two that both complete
idle    processor time of a server with a loaded model that nobody asks anything, over 10 s
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEXT = "def total(prices, tax):\n    result = 0\n    for price in prices:\n        result += price\n    return "


class Server:
    def __init__(self, lacuna: str, model: str, isa: str):
        self.started = time.perf_counter()
        self.process = subprocess.Popen([lacuna, "lsp", "--model", model, "--isa", isa], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.ids = 0
        self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        self.initialized_ms = self.since_start_ms()
        self.tell("initialized", {})

    def since_start_ms(self) -> float:
        return 1000 * (time.perf_counter() - self.started)

    def send(self, message: dict) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict:
        length = 0
        while (line := self.process.stdout.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if length == 0:
            raise SystemExit(f"the server ended with {self.process.wait()}")
        return json.loads(self.process.stdout.read(length))

    def tell(self, method: str, params: dict) -> None:
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: dict) -> dict:
        self.ids += 1
        self.send({"id": self.ids, "method": method, "params": params})
        while True:
            message = self.receive()
            if "method" in message and "id" in message:
                self.send({"id": message["id"], "result": None})
            if "method" not in message and message.get("id") == self.ids:
                return message["result"]

    def status(self) -> dict:
        return self.ask("workspace/executeCommand", {"command": "lacuna.status"})

    def wait_until_ready(self) -> float:
        while (state := self.status()["model"]["state"]) != "ready":
            if state in ("failed", "absent"):
                raise SystemExit(f"no model: {self.status()['model']['reason']}")
            time.sleep(0.001)
        return self.since_start_ms()

    def complete(self, name: str) -> None:
        uri = f"file:///{name}.py"
        self.tell("textDocument/didOpen",
                  {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": TEXT}})
        lines = TEXT.split("\n")
        self.ask("textDocument/inlineCompletion",
                 {"textDocument": {"uri": uri}, "position": {"line": len(lines) - 1, "character": len(lines[-1])},
                  "context": {"triggerKind": 1}})

    def memory_mb(self) -> dict[str, float]:
        figures = {"RSS": 0.0, "PSS": 0.0, "USS": 0.0}
        for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, value = line.split(":")
            kilobytes = int(value.split()[0])
            if name in ("Rss", "Pss"):
                figures[name.upper()] += kilobytes / 1000
            if name.startswith("Private_"):
                figures["USS"] += kilobytes / 1000
        return figures

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> None:
        self.ask("shutdown", {})
        self.tell("exit", {})
        self.process.wait(10)


def wait_until_saved(server: Server) -> None:
    """The first load writes the sidecar behind the scenes; figures are of later ones."""
    end = time.monotonic() + 60
    while server.status()["engine"]["sharedBytes"] == 0 and time.monotonic() < end:
        server.complete("warm")
        time.sleep(0.2)


def measure_start(options) -> None:
    ready, initialized, whole, busy = [], [], [], []
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(TEXT)
        file.flush()
        lines = TEXT.split("\n")
        place = f"{file.name}:{len(lines)}:{len(lines[-1]) + 1}"
        for _ in range(options.rounds):
            server = Server(options.lacuna, options.model, options.isa)
            ready.append(server.wait_until_ready())
            busy.append(1000 * server.cpu_seconds())
            initialized.append(server.initialized_ms)
            load_ms = server.status()["model"]["loadMs"]
            server.end()
            start = time.perf_counter()
            subprocess.run([options.lacuna, "complete", "--model", options.model, "--isa", options.isa, place],
                           capture_output=True, check=False)
            whole.append(1000 * (time.perf_counter() - start))
    print(f"start: ready after {statistics.median(ready):.0f} ms (of {len(ready)}: {min(ready):.0f} to {max(ready):.0f}), "
          f"initialize answered after {statistics.median(initialized):.0f} ms, model loaded in {load_ms:.0f} ms, "
          f"{statistics.median(busy):.0f} ms of processor time; "
          f"`lacuna complete` takes {statistics.median(whole):.0f} ms")


def measure_memory(options) -> None:
    first = Server(options.lacuna, options.model, options.isa)
    first.wait_until_ready()
    first.complete("a")
    alone = first.memory_mb()
    second = Server(options.lacuna, options.model, options.isa)
    second.wait_until_ready()
    second.complete("b")
    both = [first.memory_mb(), second.memory_mb()]
    total = sum(memory["PSS"] for memory in both)
    show = lambda memory: ", ".join(f"{name} {value:.0f} MB" for name, value in memory.items())  # noqa: E731
    print(f"memory: one server {show(alone)}; two servers {show(both[0])} and {show(both[1])}; the second adds "
          f"{total - alone['PSS']:.0f} MB, {100 * (total / alone['PSS'] - 1):.1f} %")
    first.end()
    second.end()


def measure_idle(options) -> None:
    server = Server(options.lacuna, options.model, options.isa)
    server.wait_until_ready()
    server.complete("a")
    time.sleep(3)  # work that is done ahead
    before = server.cpu_seconds()
    time.sleep(10)
    print(f"idle: {1000 * (server.cpu_seconds() - before):.0f} ms of processor time in 10 s")
    server.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lacuna", default="build/release/lacuna")
    parser.add_argument("--model", default="qwen2.5-coder-0.5b")
    parser.add_argument("--isa", default="auto")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("figures", nargs="*", default=["start", "memory", "idle"])
    options = parser.parse_args()
    server = Server(options.lacuna, options.model, options.isa)
    server.wait_until_ready()
    wait_until_saved(server)
    print(f"{options.model}, {server.status()['model']['isa']}, {server.status()['model']['threads']} threads")
    server.end()
    for name in options.figures:
        {"start": measure_start, "memory": measure_memory, "idle": measure_idle}[name](options)


if __name__ == "__main__":
    sys.exit(main())
