"""Hostile model files through the real program: a clear error within seconds, never a crash."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from rawlsp import Server, opened, program, request, root

build = Path(program()[0]).parent
LACUNA = program()[0]


def run(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([LACUNA, *arguments], capture_output=True, text=True, timeout=5, **options)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run([build / "hostile_gguf_writer", folder], check=True)
    return sorted(folder.glob("*"))


def test_every_hostile_file_is_refused_with_its_reason(hostile, tmp_path):
    assert len(hostile) >= 60
    text = tmp_path / "a.py"
    text.write_text("def f(x):\n    return x\n")
    for path in hostile:
        done = run("perplexity", "--model", str(path), str(text))
        assert done.returncode in (1, 2, 3), f"{path.name}: exit code {done.returncode}: {done.stderr}"
        assert done.stderr.strip() and "bug:" not in done.stderr, path.name


def test_a_real_model_cut_short_is_refused(tmp_path):
    folder = os.environ.get("LACUNA_TEST_MODELS")
    if not folder:
        pytest.skip("LACUNA_TEST_MODELS is not set")
    whole = (Path(folder) / "smollm2-135m.gguf").read_bytes()
    text = tmp_path / "a.py"
    text.write_text("x = 1\n")
    for size in (0, 3, 4, 24, 1000, 100_000, 1_800_000, len(whole) // 2, len(whole) - 1):
        cut = tmp_path / "cut.gguf"
        cut.write_bytes(whole[:size])
        done = run("perplexity", "--model", str(cut), str(text))
        assert done.returncode in (1, 2, 3) and done.stderr.strip() and "bug:" not in done.stderr, f"{size}: {done}"


@pytest.mark.parametrize("path", ["/dev/zero", "/", "/dev/null"])
def test_paths_that_are_no_files_are_refused(path, tmp_path):
    text = tmp_path / "a.py"
    text.write_text("x = 1\n")
    done = run("perplexity", "--model", path, str(text))
    assert done.returncode in (1, 2, 3) and path in done.stderr


def test_the_server_lives_on_with_a_broken_model_and_says_why(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\xff" * 100)
    server = Server(model=str(broken)).start()
    assert str(broken) in server.note("window/showMessage")["message"]
    server.send(opened("file:///a.py", "python", "print((1)\n"), request(1, "textDocument/inlineCompletion", {
        "textDocument": {"uri": "file:///a.py"}, "position": {"line": 0, "character": 5}, "context": {"triggerKind": 1}}))
    assert server.reply(1)["result"] == {"items": []}
    server.leave()
