"""Frames that no client should send: the server recovers at the next good one, or leaves with a word and a code."""

import json

import pytest

from rawlsp import EXIT, INITIALIZE, INITIALIZED, SHUTDOWN, Server, frame, notification, opened, request


def test_a_conversation_cut_at_every_byte_ends_cleanly():
    talk = INITIALIZE + INITIALIZED + notification("x") + frame({"jsonrpc": "2.0", "id": 5, "method": "shutdown"})
    for cut in range(len(talk)):
        server = Server()
        server.send(talk[:cut])
        code = server.end()
        assert code in (0, 1), f"cut at {cut}: exit code {code}: {server.errors.decode(errors='replace')}"
        assert b"bug:" not in server.errors


def test_one_byte_at_a_time_is_the_same_conversation():
    server = Server()
    talk = INITIALIZE + INITIALIZED + opened("file:///a.py", "python", "x = (\n")
    for i in range(len(talk)):
        server.send(talk[i:i + 1])
    assert server.reply(0)["result"]
    assert len(server.note("textDocument/publishDiagnostics")["diagnostics"]) == 1
    server.leave()


@pytest.mark.parametrize("name, raw", [
    ("lower-case header", b"content-length: %d\r\n\r\n"),
    ("space before the colon", b"Content-Length : %d\r\n\r\n"),
    ("leading zeros", b"Content-Length: 000%d\r\n\r\n"),
    ("a content type", b"Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: %d\r\n\r\n"),
    ("line feeds only", b"Content-Length: %d\n\n"),
])
def test_headers_that_mean_well_are_understood(name, raw):
    server = Server()
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"capabilities": {}}}).encode()
    server.send(raw % len(body) + body)
    assert server.reply(0)["result"], name
    server.leave()


@pytest.mark.parametrize("name, raw", [
    ("negative length", b"Content-Length: -1\r\n\r\n"),
    ("length zero", b"Content-Length: 0\r\n\r\n"),
    ("signed length", b"Content-Length: +5\r\n\r\nhello"),
    ("hexadecimal length", b"Content-Length: 0x10\r\n\r\n"),
    ("exponent length", b"Content-Length: 1e3\r\n\r\n"),
    ("length of 2^31", b"Content-Length: 2147483648\r\n\r\n"),
    ("length of 2^63", b"Content-Length: 9223372036854775808\r\n\r\n"),
    ("length of 2^64", b"Content-Length: 18446744073709551616\r\n\r\n"),
    ("length of 100 digits", b"Content-Length: " + b"9" * 100 + b"\r\n\r\n"),
    ("no length", b"X-Nothing: 1\r\n\r\n"),
    ("two lengths that differ", b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    ("a long header line", b"X-Long: " + b"a" * 20000 + b"\r\n\r\n"),
    ("many headers", b"X-A: b\r\n" * 10000 + b"\r\n"),
    ("noise", bytes(range(256)) * 4 + b"\r\n\r\n"),
    ("not JSON", frame("{nope")),
    ("a byte that is not UTF-8", b"Content-Length: 1\r\n\r\n\xff"),
    ("an array", frame([1, 2])),
    ("a number", frame("17")),
    ("null", frame("null")),
    ("deep nesting", frame("[" * 100000 + "]" * 100000)),
    ("a huge number", frame('{"jsonrpc":"2.0","id":1,"method":"x","params":[1e400]}')),
    ("a lone surrogate", frame('{"jsonrpc":"2.0","method":"x","params":["\\ud800"]}')),
    ("a method that is a number", frame({"jsonrpc": "2.0", "id": 3, "method": 4})),
    ("an id that is an object", frame({"jsonrpc": "2.0", "id": {}, "method": "shutdown"})),
    ("a response nobody asked for", frame({"jsonrpc": "2.0", "id": 12345, "result": 1})),
    ("wrong parameters", request(8, "textDocument/inlineCompletion", {"textDocument": 5})),
    ("parameters of the wrong kind", request(8, "textDocument/codeAction", [1])),
    ("a cancelled unknown request", notification("$/cancelRequest", {"id": 4711})),
    ("a change of nothing", notification("textDocument/didChange", {})),
])
def test_bad_input_never_crashes_or_hangs(name, raw):
    server = Server().start()
    server.send(raw)
    server.send(opened("file:///after.py", "python", "x = (\n"), request(50, "shutdown"), EXIT)
    code = server.end()
    assert code in (0, 1), f"{name}: exit code {code}: {server.errors.decode(errors='replace')}"
    assert b"bug:" not in server.errors and server.noise == b""
    if code == 1:
        assert server.errors, f"{name}: the server left without a word"


@pytest.mark.parametrize("name, raw", [
    ("not JSON", frame("{nope")), ("an array", frame([])), ("unknown method", request(9, "no/such")),
    ("wrong parameters", request(9, "textDocument/inlineCompletion", {"textDocument": 5}))])
def test_a_bad_message_in_a_good_frame_is_answered_with_an_error(name, raw):
    server = Server().start()
    server.send(raw)
    error = server.until(lambda m: "error" in m)["error"]
    assert error["code"] in (-32700, -32600, -32601, -32602) and error["message"]
    server.alive()
    server.leave()


def test_requests_before_initialize_and_after_shutdown_are_refused():
    server = Server()
    server.send(request(1, "textDocument/inlineCompletion", {}))
    assert server.reply(1)["error"]["code"] == -32002
    server.start()
    server.send(request(2, "initialize", {"capabilities": {}}))
    assert server.reply(2)["error"]["code"] == -32600
    server.send(SHUTDOWN)
    assert server.reply(999999)["result"] is None
    server.send(request(3, "workspace/executeCommand", {"command": "lacuna.status"}))
    assert server.reply(3)["error"]["code"] == -32600
    server.send(EXIT)
    assert server.process.wait(5) == 0


@pytest.mark.parametrize("before, code", [(b"", 1), (INITIALIZE + INITIALIZED, 1), (INITIALIZE + INITIALIZED + SHUTDOWN, 0)])
def test_the_exit_code_says_whether_the_goodbye_was_proper(before, code):
    server = Server()
    server.send(before, EXIT)
    assert server.process.wait(5) == code


def test_invalid_utf8_in_a_document_is_not_sent_back_broken():
    server = Server().start()
    body = b'{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.py","languageId":"python","version":1,"text":"x = (\xff\xfe"}}}'
    server.send(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    server.alive()
    server.leave()


def test_a_client_that_never_reads_does_not_stop_the_server_from_leaving():
    server = Server(read=False)
    server.send(INITIALIZE, INITIALIZED)
    status = request(1, "workspace/executeCommand", {"command": "lacuna.status"})
    server.send(status * 5000)
    assert server.end(10) in (0, 1)
