"""Documents: whatever an editor sends, the server's text stays the editor's text."""

import random

import pytest

from conftest import capabilities, finish, start
from lsprotocol import types

BROKEN = "def f(:\n    pass\n"
CLEAN = "def f():\n    pass\n"


async def test_a_file_is_judged_when_opened_changed_and_closed(client, tmp_path):
    document = client.open(tmp_path / "a.py", "python", CLEAN)
    assert await document.diagnostics() == []
    document.replace(6, 7, "")
    assert len(await document.diagnostics()) == 1
    document.replace(6, 6, ")")
    assert await document.diagnostics() == []
    document.replace(6, 7, "")
    assert len(await document.diagnostics()) == 1
    document.close()
    await client.until(lambda: client.diagnostics.get(document.uri) == [] or client.diagnostics.get(document.uri) == (),
                       "closing clears the diagnostics")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
async def test_positions_after_wide_characters_and_any_line_end(client, tmp_path, newline):
    text = newline.join(["a = '\U0001F600\u4e2d\u6587'", "b = (1, '\u00e9'", ""])
    document = client.open(tmp_path / "a.py", "python", text)
    found = await document.diagnostics()
    assert len(found) == 1
    if newline == "\r":  # the test client splits lines at \n only
        return
    (fix, *_) = await document.quick_fixes(found[0])
    await document.apply(fix)
    assert await document.diagnostics() == []
    assert document.text == text.replace("'\u00e9'", "'\u00e9')")


async def test_random_edits_leave_the_same_diagnostics_as_a_fresh_file(client, tmp_path):
    rng = random.Random(11)
    document = client.open(tmp_path / "a.js", "javascript", "function f(a) {\n  return [a, '\u4e2d\U0001F600'];\n}\n")
    pieces = ["(", ")", "{", "}", "\n", "x", "\U0001F600", "\u00e9", " = 1;\n", "'", "// c\n"]
    for round_ in range(60):
        begin = rng.randint(0, len(document.text))
        end = min(len(document.text), begin + rng.randint(0, 3))
        document.replace(begin, end, rng.choice(pieces))
        if round_ % 10 == 9:
            edited = [(d.range, d.message) for d in await document.diagnostics()]
            fresh = client.open(tmp_path / f"fresh{round_}.js", "javascript", document.text)
            assert [(d.range, d.message) for d in await fresh.diagnostics()] == edited
            fresh.close()


async def test_changes_to_a_document_that_is_not_open_are_ignored(client, tmp_path):
    document = client.open(tmp_path / "a.py", "python", CLEAN)
    document.close()
    document.set(BROKEN)
    other = client.open(tmp_path / "b.py", "python", BROKEN)
    assert len(await other.diagnostics()) == 1


async def test_ranges_outside_the_text_are_clamped(client, tmp_path):
    document = client.open(tmp_path / "a.py", "python", "x = 1\n")
    far = types.Range(types.Position(0, 10 ** 6), types.Position(2 ** 31 - 1, 2 ** 31 - 1))
    document.text = "x = 1 +\n"
    document._changed(types.TextDocumentContentChangePartial(far, " +\n"))
    assert len(await document.diagnostics()) == 1


async def test_an_unknown_language_is_silent(client, tmp_path):
    document = client.open(tmp_path / "a.txt", "plaintext", "( [ {")
    assert await document.diagnostics() == []


async def test_pulled_diagnostics_come_with_an_id_and_are_not_sent_twice(tmp_path):
    pulling = capabilities()
    pulling.text_document.diagnostic = types.DiagnosticClientCapabilities(related_document_support=False)
    client = await start(cache=tmp_path, client_capabilities=pulling)
    assert client.initialize_result.capabilities.diagnostic_provider is not None
    document = client.open(tmp_path / "a.py", "python", BROKEN)
    report = await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(document.identifier))
    assert report.kind == "full" and len(report.items) == 1
    again = await client.text_document_diagnostic_async(
        types.DocumentDiagnosticParams(document.identifier, previous_result_id=report.result_id))
    assert again.kind == "unchanged" and again.result_id == report.result_id
    assert not any(m.get("method") == "textDocument/publishDiagnostics" for m in client.protocol.received)
    await finish(client)
