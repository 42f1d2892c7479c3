#!/usr/bin/env python3
"""Drives `lacuna lsp` as an editor would, and shows what it answers: ghost text in real files, and a quick-fix as a diff.

Standard library only. Run it through scripts/demo, which builds the server and fetches the model first.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import queue
import subprocess
import sys
import sysconfig
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "samples"
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
REPLY_SECONDS = 60

COLOR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if COLOR else text


class Server:
    """The language server as a child process, and the little of the protocol that an editor needs."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.incoming: queue.Queue[dict | None] = queue.Queue()
        self.notes: list[dict] = []
        self.next_id = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream = self.process.stdout
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                header = stream.readline()
            self.incoming.put(json.loads(stream.read(length)))
        self.incoming.put(None)

    def _send(self, message: dict) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def notify(self, method: str, params: dict | None = None) -> None:
        self._send({"method": method, "params": params or {}})

    def request(self, method: str, params: dict | None = None):
        self.next_id += 1
        self._send({"id": self.next_id, "method": method, "params": params})
        reply = self._wait_for(lambda message: message.get("id") == self.next_id and "method" not in message)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']['message']}")
        return reply.get("result")

    def wait_for_note(self, method: str, fits) -> dict:
        """The first notification that fits, also one that came while something else was awaited."""
        for note in self.notes:
            if note["method"] == method and fits(note["params"]):
                self.notes.remove(note)
                return note["params"]
        return self._wait_for(lambda message: message.get("method") == method and fits(message["params"]))["params"]

    def _wait_for(self, fits) -> dict:
        deadline = time.monotonic() + REPLY_SECONDS
        while True:
            try:
                message = self.incoming.get(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                raise RuntimeError(f"the server did not answer within {REPLY_SECONDS} s") from None
            if message is None:
                raise RuntimeError("the server ended")
            if "method" in message and "id" in message:  # the server asks: agree to everything
                items = message["params"].get("items") if isinstance(message.get("params"), dict) else None
                self._send({"id": message["id"], "result": [None] * len(items) if items else None})
            if fits(message):
                return message
            if "method" in message and "id" not in message:
                self.notes.append(message)


class Session:
    """One editor window: documents are opened, completed, mended."""

    def __init__(self, command: list[str]) -> None:
        self.server = Server(command)
        self.version = 0  # of whatever document is opened next: tells answers about it from older ones
        self.server.request("initialize", {
            "processId": os.getpid(), "rootUri": ROOT.as_uri(), "clientInfo": {"name": "lacuna-demo"},
            "capabilities": {
                "general": {"positionEncodings": ["utf-32"]},
                "window": {"workDoneProgress": True},
                "textDocument": {
                    "inlineCompletion": {},
                    "publishDiagnostics": {"versionSupport": True, "relatedInformation": True},
                    "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}},
                                   "isPreferredSupport": True, "dataSupport": True,
                                   "resolveSupport": {"properties": ["edit"]}}},
                "workspace": {"workspaceEdit": {"documentChanges": True}}}})
        self.server.notify("initialized")

    def wait_for_model(self) -> float:
        start = time.monotonic()
        self.server.wait_for_note("$/progress", lambda params: params["value"].get("kind") == "end")
        return time.monotonic() - start

    def open(self, path: Path, language: str, text: str) -> str:
        self.version += 1
        self.server.notify("textDocument/didOpen", {
            "textDocument": {"uri": path.as_uri(), "languageId": language, "version": self.version, "text": text}})
        return path.as_uri()

    def close(self, uri: str) -> None:
        self.server.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def ghost_text(self, uri: str, line: int, character: int) -> tuple[str, float]:
        start = time.monotonic()
        result = self.server.request("textDocument/inlineCompletion", {
            "textDocument": {"uri": uri}, "position": {"line": line, "character": character}, "context": {"triggerKind": 1}})
        items = result["items"] if isinstance(result, dict) else result or []
        return (items[0]["insertText"] if items else ""), (time.monotonic() - start) * 1000

    def diagnostics(self, uri: str) -> list[dict]:
        fits = lambda params: params["uri"] == uri and params.get("version") == self.version
        return self.server.wait_for_note("textDocument/publishDiagnostics", fits)["diagnostics"]

    def quick_fix(self, uri: str, diagnostic: dict) -> dict | None:
        actions = self.server.request("textDocument/codeAction", {
            "textDocument": {"uri": uri}, "range": diagnostic["range"],
            "context": {"diagnostics": [diagnostic], "only": ["quickfix"]}}) or []
        if not actions:
            return None
        return actions[0] if "edit" in actions[0] else self.server.request("codeAction/resolve", actions[0])

    def leave(self) -> None:
        self.server.request("shutdown")
        self.server.notify("exit")
        self.server.process.wait(10)


@dataclass
class Gap:
    """A place in a real file: the rest of the line after `before` is taken out, as if it were still to be typed."""

    path: Path
    language: str
    before: str


GAPS = [
    Gap(SAMPLES / "inventory.py", "python", "            total += "),
    Gap(SAMPLES / "routes.ts", "typescript", "      const params = "),
    Gap(SAMPLES / "lru_cache.cpp", "cpp", "      index_."),
    Gap(SAMPLES / "ring_buffer.rs", "rust", "        self.head = "),
    Gap(SAMPLES / "wordcount.go", "go", "\t\tentries = "),
    Gap(SAMPLES / "tokens.c", "c", "        words->capacity = "),
    Gap(SAMPLES / "IntervalSet.java", "java", "            total += "),
    Gap(STANDARD_LIBRARY / "bisect.py", "python", "            mid = "),
]


@dataclass
class Break:
    """A real file with a mistake in it: `correct` is replaced by `wrong`."""

    path: Path
    language: str
    correct: str
    wrong: str


BREAKS = [
    Break(SAMPLES / "inventory.py", "python", 'raise ValueError(f"duplicate sku {item.sku!r}")', 'raise ValueError(f"duplicate sku {item.sku!r}"'),
    Break(SAMPLES / "routes.ts", "typescript", "if (pattern.length !== parts.length) return null;", "if (pattern.length !== parts.length return null;"),
    Break(SAMPLES / "lru_cache.cpp", "cpp", "if (found == index_.end()) {", "if (found == index_.end()) "),
]


def show_heading(path: Path, what: str) -> None:
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    print(f"\n{paint('1', str(name))}  {what}")


def fill_gap(session: Session, gap: Gap) -> float:
    text = gap.path.read_text(encoding="utf-8")
    lines = text.splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith(gap.before))
    original, lines[row] = lines[row], gap.before
    uri = session.open(gap.path, gap.language, "\n".join(lines) + "\n")
    ghost, milliseconds = session.ghost_text(uri, row, len(gap.before))
    session.close(uri)
    show_heading(gap.path, f"ghost text in {milliseconds:.0f} ms")
    for i in range(max(0, row - 4), row):
        print(f"  {i + 1:4} | {lines[i]}")
    shown = ghost.split("\n") if ghost else ["(nothing: the server stayed silent)"]
    print(f"  {row + 1:4} | {gap.before}{paint('3;36', shown[0])}")
    for line in shown[1:]:
        print(f"       | {paint('3;36', line)}")
    for i in range(row + 1, min(len(lines), row + 3)):
        print(f"  {i + 1:4} | {lines[i]}")
    print(f"         the file had: {paint('2', original[len(gap.before):])}")
    return milliseconds


def apply_edits(text: str, edits: list[dict]) -> str:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    offset = lambda position: starts[position["line"]] + position["character"]  # utf-32 was agreed on
    for edit in sorted(edits, key=lambda edit: offset(edit["range"]["start"]), reverse=True):
        text = text[:offset(edit["range"]["start"])] + edit["newText"] + text[offset(edit["range"]["end"]):]
    return text


def edits_of(action: dict, uri: str) -> list[dict]:
    edit = action["edit"]
    if "documentChanges" in edit:
        return [change for document in edit["documentChanges"] for change in document["edits"]]
    return edit["changes"][uri]


def show_diff(name: str, before: str, after: str) -> None:
    colors = {"+": "32", "-": "31", "@": "36"}
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", n=2, lineterm=""):
        print("  " + paint(colors.get(line[0], "0"), line))


def mend(session: Session, mistake: Break) -> bool:
    text = mistake.path.read_text(encoding="utf-8")
    assert mistake.correct in text, f"{mistake.path} has changed"
    broken = text.replace(mistake.correct, mistake.wrong, 1)
    uri = session.open(mistake.path, mistake.language, broken)
    diagnostics = session.diagnostics(uri)
    show_heading(mistake.path, "broken on purpose")
    for diagnostic in diagnostics:
        print(f"  line {diagnostic['range']['start']['line'] + 1}: {paint('31', diagnostic['message'])}")
    start = time.monotonic()
    action = session.quick_fix(uri, diagnostics[0]) if diagnostics else None
    milliseconds = (time.monotonic() - start) * 1000
    session.close(uri)
    if action is None:
        print("  no quick-fix was offered")
        return False
    mended = apply_edits(broken, edits_of(action, uri))
    print(f"  quick-fix in {milliseconds:.0f} ms: {paint('1', action['title'])}")
    show_diff(mistake.path.name, broken, mended)
    print("  " + ("the same text as before it was broken" if mended == text else "not the text it had before, but one that parses"))
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default=str(ROOT / "build/release/lacuna"), help="the program to show")
    parser.add_argument("--model", default="", help="a model's name or file; else the default model")
    options = parser.parse_args()
    try:
        return show(options)
    except RuntimeError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def show(options: argparse.Namespace) -> int:
    session = Session([options.server, "lsp"] + (["--model", options.model] if options.model else []))
    print(f"the model was ready after {session.wait_for_model():.1f} s")
    times = sorted(fill_gap(session, gap) for gap in GAPS if gap.path.exists())
    mended = [mend(session, mistake) for mistake in BREAKS]
    session.leave()
    print(f"\n{len(times)} completions, median {times[len(times) // 2]:.0f} ms; {sum(mended)} of {len(mended)} files mended")
    return 0 if all(mended) else 1


if __name__ == "__main__":
    sys.exit(main())
