"""Texts made to hang a parser or to eat memory: the server goes on answering, in bounded memory, and exits cleanly."""

import pytest
from lsprotocol import types

from conftest import finish, start

LANGUAGES = ["c", "cpp", "csharp", "go", "java", "javascript", "json", "php", "python", "ruby", "rust", "shellscript", "typescript",
             "typescriptreact"]
MOST_KIB = 2 * 1024 * 1024  # of the server's memory at its highest

TEXTS = {
    "opening brackets": lambda: "(" * 200_000,
    "mixed openers": lambda: "([{" * 70_000,
    "closing braces": lambda: "}" * 200_000,
    "quotes": lambda: "\"'`" * 70_000,
    "one long line": lambda: "f(a, b) + " * 100_000,
    "binary": lambda: "".join(chr(i * 7919 % 256) for i in range(200_000)),
    "nested calls, never closed": lambda: "f(x, [y, {z: " * 20_000,
}


def highest_kib(client):
    with open(f"/proc/{client._server.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


async def quick_fixes_at(client, document, offset):
    here = types.Range(document.position(offset), document.position(offset))
    return await client.text_document_code_action_async(
        types.CodeActionParams(document.identifier, here, types.CodeActionContext([]))) or []


async def is_alive(client, tmp_path):
    """Another document is served as ever: its error is found and mended."""
    document = client.open(tmp_path / "alive.py", "python", "print((1, 2)\n")
    (diagnostic,) = await document.diagnostics()
    (fix, *_) = await document.quick_fixes(diagnostic)
    await document.apply(fix)
    assert await document.diagnostics() == []
    document.close()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_hostile_texts_of_a_grammar_are_survived(language, tmp_path):
    client = await start(cache=tmp_path)
    for name, text in TEXTS.items():
        document = client.open(tmp_path / f"{name.replace(' ', '_')}.txt", language, text())
        await quick_fixes_at(client, document, 0)
        await quick_fixes_at(client, document, len(document.text))
        document.replace(0, 0, "x")
        await quick_fixes_at(client, document, 0)
        document.close()
    await is_alive(client, tmp_path)
    assert highest_kib(client) < MOST_KIB
    await finish(client)


@pytest.mark.parametrize("language, opening", [("c", "/*"), ("javascript", "/*"), ("python", "'''"), ("rust", "/*")])
async def test_a_comment_of_30_megabytes_that_never_ends_is_survived(language, opening, tmp_path):
    client = await start(cache=tmp_path)
    document = client.open(tmp_path / "comment.txt", language, opening + " word\n" * 5_000_000)
    await quick_fixes_at(client, document, 0)
    await is_alive(client, tmp_path)
    document.close()
    assert highest_kib(client) < MOST_KIB
    await finish(client)
