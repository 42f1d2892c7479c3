"""The server as a process among others: dead editors, missing models, large files, read-only folders."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rawlsp import EXIT, INITIALIZE, INITIALIZED, SHUTDOWN, Server, notification, opened, program, request, root


def model(name: str) -> str:
    folder = os.environ.get("LACUNA_TEST_MODELS")
    if not folder:
        pytest.skip("LACUNA_TEST_MODELS is not set")
    path = Path(folder) / f"{name}.gguf"
    assert path.exists(), f"{path} is missing"
    return str(path)


EDITOR = """
import os, subprocess, sys, time, json
read, write = os.pipe()
server = subprocess.Popen(sys.argv[1:], stdin=read, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"processId": os.getpid(), "capabilities": {}}}).encode()
os.write(write, b"Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
os.set_inheritable(write, True)
keeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[write])
print(server.pid, keeper.pid, flush=True)
time.sleep(60)
"""


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_a_killed_editor_takes_the_server_along_even_if_stdin_stays_open():
    editor = subprocess.Popen([sys.executable, "-c", EDITOR, *program(), "--model", "/nonexistent/none.gguf"], stdout=subprocess.PIPE)
    server, keeper = map(int, editor.stdout.readline().split())
    try:
        editor.kill()
        editor.wait()
        end = time.monotonic() + 8
        while not ended(server):
            assert time.monotonic() < end, "the server outlived its editor"
            time.sleep(0.05)
    finally:
        os.kill(keeper, signal.SIGKILL)
        if not ended(server):
            os.kill(server, signal.SIGKILL)


@pytest.mark.parametrize("state", ["idle", "loading", "completing"])
def test_a_closed_stdin_ends_the_server_in_any_state(state):
    server = Server(model=model("smollm2-135m"))
    server.send(INITIALIZE, INITIALIZED, opened("file:///a.py", "python", "def f(x):\n    \n"))
    if state != "loading":
        server.send(request(1, "textDocument/inlineCompletion", {
            "textDocument": {"uri": "file:///a.py"}, "position": {"line": 1, "character": 4}, "context": {"triggerKind": 1}}))
    if state == "idle":
        server.reply(1, 60)
    assert server.end() in (0, 1)
    assert b"bug:" not in server.errors


def test_shutdown_is_quick_while_the_model_loads_and_while_it_works():
    for wait in (False, True):
        server = Server(model=model("smollm2-135m")).start()
        server.send(opened("file:///a.py", "python", "def f(x):\n    \n"), request(1, "textDocument/inlineCompletion", {
            "textDocument": {"uri": "file:///a.py"}, "position": {"line": 1, "character": 4}, "context": {"triggerKind": 1}}))
        if wait:
            server.reply(1, 60)
        server.send(SHUTDOWN, EXIT)
        assert server.process.wait(5) == 0


def test_a_cancelled_request_is_answered_once_and_the_next_one_works():
    server = Server(model=model("smollm2-135m")).start()
    ask = lambda id_: request(id_, "textDocument/inlineCompletion", {
        "textDocument": {"uri": "file:///a.py"}, "position": {"line": 1, "character": 4}, "context": {"triggerKind": 1}})
    server.send(opened("file:///a.py", "python", "def f(x):\n    \n"), ask(1))
    server.reply(1, 60)
    server.send(ask(2), notification("$/cancelRequest", {"id": 2}))
    answer = server.reply(2)
    assert "result" in answer or answer["error"]["code"] in (-32800, -32801)
    server.send(ask(3))
    assert "items" in server.reply(3)["result"]
    server.leave()


def test_ten_megabytes_stay_usable():
    line = "value = compute(first, second, [1, 2, 3])\n"
    text = line * (10 * 1024 * 1024 // len(line))
    server = Server().start()
    server.send(opened("file:///big.py", "python", text))
    for version in range(2, 12):
        server.send(notification("textDocument/didChange", {
            "textDocument": {"uri": "file:///big.py", "version": version},
            "contentChanges": [{"range": {"start": {"line": 1000, "character": 0}, "end": {"line": 1000, "character": 0}}, "text": "x"}]}))
    server.alive()
    server.leave()


@pytest.mark.parametrize("name, text", [
    ("deep", "x = " + "(" * 200000), ("one line", "x = [" + "1, " * 400000), ("nul", "a\0b = (\0\n"), ("empty", ""),
    ("blank", "\n" * 100000), ("only closers", ")" * 50000)])
def test_hostile_texts_get_an_answer(name, text):
    server = Server().start()
    server.send(opened("file:///h.py", "python", text))
    server.send(request(1, "textDocument/codeAction", {
        "textDocument": {"uri": "file:///h.py"}, "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 5}},
        "context": {"diagnostics": []}}))
    server.reply(1)
    server.alive()
    server.leave()


def test_a_missing_model_leaves_everything_else_working():
    server = Server().start()
    assert "/nonexistent/none.gguf" in server.note("window/showMessage")["message"]
    server.send(opened("file:///a.py", "python", "print((1)\n"))
    assert len(server.note("textDocument/publishDiagnostics")["diagnostics"]) == 1
    server.leave()


def test_a_read_only_cache_is_an_error_with_a_reason(tmp_path):
    cache = tmp_path / "cache"
    cache.write_text("a file where a folder should be")  # holds for root too, whom modes do not stop
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    lacuna = program()[0]
    done = subprocess.run([lacuna, "model", "pull", "smollm2-135m"], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and str(cache) in done.stderr
    server = Server(env=env).start()
    server.alive()
    server.leave()


def test_no_source_text_reaches_the_log(tmp_path):
    log = tmp_path / "log"
    canary = "canary_5f1e"
    server = Server("--log", str(log), model=model("smollm2-135m")).start()
    server.send(opened("file:///a.py", "python", f"{canary} = (1\n{canary}."), request(1, "textDocument/inlineCompletion", {
        "textDocument": {"uri": "file:///a.py"}, "position": {"line": 1, "character": 12}, "context": {"triggerKind": 1}}))
    server.reply(1, 60)
    server.leave()
    assert canary not in log.read_text() and canary.encode() not in server.errors


def test_lsp_mode_opens_no_network_socket(tmp_path):
    trace = tmp_path / "trace"
    talk = INITIALIZE + INITIALIZED + opened("file:///a.py", "python", "x = (\n") + SHUTDOWN + EXIT
    command = ["strace", "-f", "-e", "trace=socket,connect,execve", "-o", str(trace), *program(), "--model", model("smollm2-135m")]
    assert subprocess.run(command, input=talk, capture_output=True, timeout=60).returncode == 0
    lines = trace.read_text().splitlines()
    assert not [l for l in lines if "AF_INET" in l]
    assert len([l for l in lines if "execve(" in l]) == 1
