"""What each editor gets: the rows of server/lsp/client_quirks.cpp, and what holds for all, with what the editors say of themselves."""

import pytest
from lsprotocol import types

from checked_client import CheckedClient, marked
from conftest import capabilities, finish, model_path, server_command

INLINE = {"Visual Studio Code", "code-server", "Neovim", "emacs", "coc.nvim", "", "an editor of tomorrow"}
LIST = {"Neovim 0.11 without the plugin", "helix", "Zed", "Sublime Text LSP", "Kate", "kak-lsp", "Eglot"}


async def connected(name: str, inline: bool, **changes) -> CheckedClient:
    client = CheckedClient()
    await client.start_io(*server_command(), "--model", str(model_path("smollm2-135m")))
    abilities = capabilities(**changes)
    if not inline:
        abilities.text_document.inline_completion = None
    client.initialize_result = await client.initialize_session(types.InitializeParams(
        abilities, client_info=types.ClientInfo(name) if name else None, trace=types.TraceValue.Off))
    return client


async def loaded(client: CheckedClient) -> None:
    """Typing waits for a model that is loading, but not for long."""
    state = None
    while state != "ready":
        state = (await client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.status")))["model"]["state"]
        assert state in ("loading", "ready"), state


@pytest.mark.parametrize("name", sorted(INLINE))
async def test_ghost_text_is_as_the_client_can_show_it(name, tmp_path):
    client = await connected(name, inline=True)
    able = client.initialize_result.capabilities
    assert able.inline_completion_provider and able.completion_provider is None, "no second copy in the list"
    text, cursor = marked("def add(first, second):\n    return fir^^\n")
    document = client.open(tmp_path / "a.py", "python", text)
    items = await document.complete(cursor)
    assert items
    for item in items:
        assert isinstance(item.insert_text, str) and item.insert_text, "never a snippet, never empty"
        begin, end = document.offset(item.range.start), document.offset(item.range.end)
        assert item.range.start.line == item.range.end.line and begin <= cursor <= end
        assert begin == (cursor if name == "Neovim" else cursor - len("fir"))
        assert item.command.command == "lacuna.didAccept"
    document.replace(0, 0, "# ^\n")
    assert await document.complete(len("# "), invoked=False) == [], "a list, not null"
    await finish(client)


@pytest.mark.parametrize("name", sorted(LIST))
async def test_clients_without_ghost_text_find_it_in_their_list(name, tmp_path):
    client = await connected(name, inline=False)
    assert client.initialize_result.capabilities.completion_provider is not None
    text, cursor = marked("def add(first, second):\n    return fir^^\n")
    document = client.open(tmp_path / "a.py", "python", text)

    async def asked():
        answer = await client.text_document_completion_async(types.CompletionParams(document.identifier, document.position(cursor)))
        assert answer is not None and answer.is_incomplete
        return answer.items

    items = []
    while not items:  # empty while the model loads
        items = await asked()
    (item,) = items
    assert item.text_edit.new_text.startswith("fir") and item.filter_text == "fir"
    assert item.insert_text_format == types.InsertTextFormat.PlainText
    assert item.insert_text == (item.text_edit.new_text if name in ("Kate", "kak-lsp") else None)
    await finish(client)


async def test_a_visual_selection_of_neovim_is_not_taken_for_an_entry_of_a_list(tmp_path):
    text, cursor = marked("def add(first, second):\n    return fir^^\n")
    selected = types.Range(types.Position(0, 0), types.Position(0, 3))
    answers = {}
    for name in ("Neovim", "Visual Studio Code"):
        client = await connected(name, inline=True)
        document = client.open(tmp_path / "a.py", "python", text)
        answers[name] = await document.complete(cursor, selected_completion_info=types.SelectedCompletionInfo(selected, "def"))
        await finish(client)
    assert answers["Neovim"], "the selection is ignored"
    assert all(item.range.start == selected.start for item in answers["Visual Studio Code"]), "the entry is extended, or nothing is said"


async def test_a_client_that_waits_long_gets_whole_lines(tmp_path):
    """By its own row, and not if a plugin says that it does not wait: the answer is then as for everybody else."""
    text, cursor = marked("import random\n\n\ndef roll():\n    return random.^^\n")
    whole = {}
    for name, experimental in (("emacs", None), ("emacs", {"lacuna": {"waitsMs": 20}})):
        client = await connected(name, inline=True, experimental=experimental)
        await loaded(client)
        document = client.open(tmp_path / "a.py", "python", text)
        (item,) = await document.complete(cursor, invoked=False)
        status = await client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.status"))
        whole[bool(experimental)] = (item.insert_text, status["completions"]["partial"])
        await finish(client)
    text_of_rested, partial_of_rested = whole[False]
    assert partial_of_rested == 0
    assert text_of_rested.startswith(whole[True][0])
