"""Repacked weights on disk (docs/sidecar.md) through the real program and a real model."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from rawlsp import Server, program, request

LACUNA = program()[0]
TEXT = "def total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return "


@pytest.fixture
def model() -> str:
    folder = os.environ.get("LACUNA_TEST_MODELS")
    if not folder:
        pytest.skip("LACUNA_TEST_MODELS is not set")
    return str(Path(folder) / "smollm2-135m.gguf")


@pytest.fixture
def place(tmp_path) -> str:
    path = tmp_path / "a.py"
    path.write_text(TEXT)
    return f"{path}:5:12"


def start(cache: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen([LACUNA, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "XDG_CACHE_HOME": str(cache)})


def finish(process: subprocess.Popen) -> tuple[dict, str]:
    out, errors = process.communicate(timeout=120)
    assert process.returncode in (0, 1), errors
    return json.loads(out), errors


def text_of(answer: dict) -> list:
    return [item["text"] for item in answer["items"]]


def sidecars(cache: Path) -> list[Path]:
    return sorted((cache / "lacuna" / "packed").glob("*.weights"))


def test_first_loads_at_once_leave_one_sidecar_and_all_answers_are_the_same(model, place, tmp_path):
    without, _ = finish(start(Path("/proc"), "complete", "--json", "--model", model, place))
    first = [start(tmp_path, "complete", "--json", "--model", model, place) for _ in range(2)]
    answers = [finish(process)[0] for process in first]
    answers.append(finish(start(tmp_path, "complete", "--json", "--model", model, place))[0])
    for answer in answers:
        assert text_of(answer) == text_of(without)
    assert len(sidecars(tmp_path)) == 1
    assert not list((tmp_path / "lacuna" / "packed").glob("*.unfinished"))


def test_a_cache_that_cannot_be_written_is_said_once_and_costs_nothing_else(model, place):
    answer, errors = finish(start(Path("/proc"), "complete", "--json", "--model", model, place))
    assert answer["silence"] == "" and answer["items"]
    assert errors.count("are not kept for the next start") == 1, errors


def test_doctor_tells_about_the_sidecar_and_remove_deletes_it(model, tmp_path):
    report, _ = finish(start(tmp_path, "doctor", "--json", "--model", model))
    finding = next(f for f in report["findings"] if f["subject"] == "sidecar")
    assert finding["health"] == "good" and "mapped" in finding["text"]
    assert len(sidecars(tmp_path)) == 1
    finish(start(tmp_path, "model", "add", model, "--name", "mine", "--json"))
    removed, _ = finish(start(tmp_path, "model", "remove", "mine", "--json"))
    assert removed["freed_bytes"] > 1_000_000
    assert sidecars(tmp_path) == []
    assert Path(model).exists()


def test_the_server_shares_its_weights_and_says_so(model, tmp_path):
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    finish(start(tmp_path, "doctor", "--json", "--model", model))
    server = Server(model=model, env=env).start()
    for id_ in range(1, 10_000):
        server.send(request(id_, "workspace/executeCommand", {"command": "lacuna.status"}))
        status = server.reply(id_)["result"]
        if status["model"]["state"] != "loading":
            break
    assert status["model"]["state"] == "ready", status["model"]
    assert status["engine"]["sharedBytes"] > 50_000_000
    assert 0 < status["privateBytes"] < status["residentBytes"]
    server.end()
