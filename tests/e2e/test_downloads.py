"""`lacuna model pull --url` against a server on this machine that breaks off, redirects and lies."""

import hashlib
import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rawlsp import program

MODEL = b"GGUF" + (3).to_bytes(4, "little") + bytes(16) + bytes(range(256)) * 2000
SHA256 = hashlib.sha256(MODEL).hexdigest()


class Behaviour:
    """What the server does next, and what it was asked for."""

    def __init__(self):
        self.break_after: int | None = None  # bytes of the next answer
        self.ranges = True
        self.requests: list[tuple[str, str | None]] = []  # path, Range header


class Handler(BaseHTTPRequestHandler):
    behaviour: Behaviour

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.behaviour.requests.append((self.path, wanted))
        if self.path == "/moved":
            return self.redirect("/model")
        if self.path == "/loop":
            return self.redirect("/loop")
        if self.path == "/away":
            return self.redirect("http://example.invalid/model")
        if self.path != "/model":
            return self.send_error(404)
        begin = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.behaviour.ranges else 0
        if begin >= len(MODEL):
            return self.send_error(416)
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(MODEL) - 1}/{len(MODEL)}")
        self.send_header("Content-Length", str(len(MODEL) - begin))
        self.end_headers()
        end = len(MODEL) if self.behaviour.break_after is None else begin + self.behaviour.break_after
        self.wfile.write(MODEL[begin:end])
        self.close_connection = True

    def redirect(self, place):
        self.send_response(302)
        self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    handler = type("BoundHandler", (Handler,), {"behaviour": Behaviour()})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    http.behaviour = handler.behaviour
    yield http
    http.shutdown()
    http.server_close()


@pytest.fixture
def pull(server, tmp_path):
    """Runs the command; its `cache` is the models' folder."""

    def run(path="/model", sha256=SHA256, name="mine", json_output=False):
        address = f"http://127.0.0.1:{server.server_address[1]}{path}"
        command = [program()[0], "model", "pull", "--url", address, "--sha256", sha256, "--name", name]
        env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "http_proxy": "http://127.0.0.1:9"}
        return subprocess.run(command + (["--json"] if json_output else []), env=env, capture_output=True, text=True, timeout=60)

    run.cache = tmp_path / "lacuna" / "models"
    return run


def test_a_model_is_fetched_checked_recorded_and_found(pull, tmp_path):
    done = pull(json_output=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {"name": "mine", "file": str(pull.cache / "mine.gguf"), "bytes": len(MODEL), "sha256": SHA256}
    assert Path(told["file"]).read_bytes() == MODEL
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    verified = subprocess.run([program()[0], "model", "verify", "mine"], env=env, capture_output=True, text=True, timeout=60)
    assert verified.returncode == 0, verified.stdout


def test_an_interrupted_download_goes_on_where_it_broke(pull, server):
    server.behaviour.break_after = 100_000
    broken = pull()
    assert broken.returncode == 3 and "cannot download" in broken.stderr
    assert not (pull.cache / "mine.gguf").exists()
    server.behaviour.break_after = None
    done = pull()
    assert done.returncode == 0, done.stderr
    assert server.behaviour.requests == [("/model", None), ("/model", "bytes=100000-")]
    assert (pull.cache / "mine.gguf").read_bytes() == MODEL


def test_a_server_without_ranges_sends_the_whole_file_again(pull, server):
    server.behaviour.break_after = 100_000
    assert pull().returncode == 3
    server.behaviour.break_after = None
    server.behaviour.ranges = False
    assert pull().returncode == 0
    assert (pull.cache / "mine.gguf").read_bytes() == MODEL


def test_a_part_of_another_file_is_not_continued(pull, server):
    server.behaviour.break_after = 100_000
    assert pull(sha256="0" * 64).returncode == 3
    server.behaviour.break_after = None
    assert pull().returncode == 0
    assert server.behaviour.requests[-1] == ("/model", None)


def test_a_file_with_another_sum_is_deleted(pull):
    done = pull(sha256="0" * 64)
    assert done.returncode == 3 and SHA256 in done.stderr and "0" * 64 in done.stderr
    assert not (pull.cache / "mine.gguf").exists()
    assert not (pull.cache / ".partial" / "mine" / "download").exists()


def test_a_redirect_on_this_machine_is_followed(pull):
    assert pull("/moved").returncode == 0
    assert (pull.cache / "mine.gguf").read_bytes() == MODEL


def test_redirects_have_an_end(pull, server):
    done = pull("/loop")
    assert done.returncode == 3 and "more than 5 times" in done.stderr
    assert len(server.behaviour.requests) == 6


def test_a_redirect_out_of_this_machine_over_plain_http_is_refused(pull):
    done = pull("/away")
    assert done.returncode == 3 and "example.invalid" in done.stderr and "https" in done.stderr


def test_an_error_page_is_no_model(pull):
    done = pull("/nothing")
    assert done.returncode == 3 and "404" in done.stderr
    assert not (pull.cache / "mine.gguf").exists()


def test_a_catalogue_name_cannot_be_taken(pull):
    done = pull(name="smollm2-135m")
    assert done.returncode == 3 and "catalogue" in done.stderr
    assert not list(pull.cache.glob("*.gguf"))


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", ""])
def test_a_name_that_is_no_file_name_is_refused(pull, name):
    assert pull(name=name).returncode == 3
    assert not list(pull.cache.parent.parent.rglob("*.gguf"))
