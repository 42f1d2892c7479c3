"""The server as a bare process: bytes in, frames out. For what a well-behaved client library would never send."""

from __future__ import annotations

import json
import os
import queue
import shlex
import subprocess
import threading
import time
from pathlib import Path

root = Path(__file__).resolve().parents[2]


def program() -> list[str]:
    return shlex.split(os.environ.get("LACUNA_SERVER", f"{root}/build/release/lacuna lsp"))


def frame(message: dict | list | str) -> bytes:
    body = message.encode() if isinstance(message, str) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def request(id_: int, method: str, params=None) -> bytes:
    return frame({"jsonrpc": "2.0", "id": id_, "method": method, "params": params})


def notification(method: str, params=None) -> bytes:
    return frame({"jsonrpc": "2.0", "method": method, "params": params})


def opened(uri: str, language: str, text: str, version: int = 1) -> bytes:
    return notification("textDocument/didOpen", {
        "textDocument": {"uri": uri, "languageId": language, "version": version, "text": text}})


def initialize(capabilities: dict) -> bytes:
    return request(0, "initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})


INITIALIZE = initialize({})
INITIALIZED = notification("initialized", {})
SHUTDOWN = request(999999, "shutdown")
EXIT = notification("exit")


class Server:
    """A server process. `read=False` never reads its stdout."""

    def __init__(self, *arguments: str, read: bool = True, model: str = "/nonexistent/none.gguf", env: dict | None = None):
        self.process = subprocess.Popen([*program(), "--model", model, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        self.messages: queue.Queue = queue.Queue()
        self.noise = b""
        self.errors = b""
        if read:
            threading.Thread(target=self._read_frames, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def _read_frames(self) -> None:
        out = self.process.stdout
        while True:
            header = out.readline()
            if not header:
                break
            if not header.lower().startswith(b"content-length:"):
                self.noise += header
                continue
            assert out.readline() == b"\r\n"
            self.messages.put(json.loads(out.read(int(header.split(b":")[1]))))
        self.messages.put(None)

    def _read_errors(self) -> None:
        for line in self.process.stderr:
            self.errors += line

    def send(self, *chunks: bytes) -> "Server":
        try:
            for chunk in chunks:
                self.process.stdin.write(chunk)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the server has gone; the test looks at its exit code
        return self

    def start(self, capabilities: dict | None = None) -> "Server":
        self.send(initialize(capabilities or {}))
        self.reply(0)
        return self.send(INITIALIZED)

    def until(self, test, timeout: float = 20) -> dict:
        """The first message from now on that `test` accepts."""
        end = time.monotonic() + timeout
        while True:
            message = self.messages.get(timeout=max(0.001, end - time.monotonic()))
            assert message is not None, f"the server ended with {self.process.wait()}: {self.errors.decode(errors='replace')}"
            if test(message):
                return message

    def reply(self, id_, timeout: float = 20) -> dict:
        return self.until(lambda m: "method" not in m and m.get("id") == id_, timeout)

    def note(self, method: str, timeout: float = 20) -> dict:
        return self.until(lambda m: m.get("method") == method, timeout)["params"]

    def alive(self) -> None:
        """Asserts that the server still answers."""
        self.send(request(777, "workspace/executeCommand", {"command": "lacuna.status"}))
        assert "result" in self.reply(777)

    def end(self, timeout: float = 5) -> int:
        """Closes stdin and returns the exit code; a server that hangs is killed and fails the test."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the server did not end within {timeout} s")

    def leave(self) -> None:
        """A proper goodbye, and a proper end."""
        self.send(SHUTDOWN)
        self.reply(999999)
        self.send(EXIT)
        assert self.process.wait(5) == 0
        assert self.noise == b""
