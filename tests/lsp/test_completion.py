"""Inline completions of a real (small) model through the real server."""

import asyncio

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from checked_client import marked
from conftest import capabilities, finish, model_path, samples, start

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_ghost_text_is_plain_not_empty_and_does_no_harm(model_client):
    text, cursor = marked((samples / "inventory.py").read_text().replace("total += self.", "total += self.^^", 1))
    document = model_client.open(samples / "inventory.py", "python", text)
    assert await document.diagnostics() == []
    items = await document.complete(cursor)
    assert items, "a model that is asked in the middle of code has something to say"
    for item in items:
        assert isinstance(item.insert_text, str) and item.insert_text
        assert item.range is None or item.range.start.line == item.range.end.line
    document.accept(items[0], cursor)
    assert await document.diagnostics() == []
    document.close()


async def test_automatic_gives_one_item_and_the_same_question_the_same_answer(model_client):
    text, cursor = marked("def add(a, b):\n    return ^^\n")
    document = model_client.open(samples / "x.py", "python", text)
    await document.complete(cursor)  # the model is loaded now
    first = await document.complete(cursor, invoked=False)
    second = await document.complete(cursor, invoked=False)
    assert len(first) <= 1 and [i.insert_text for i in first] == [i.insert_text for i in second]
    document.close()


async def test_text_typed_through_a_suggestion_keeps_the_rest_of_it(model_client):
    text, cursor = marked("import os\n\n\ndef home_folder():\n    return os.^^\n")
    document = model_client.open(samples / "y.py", "python", text)
    (item, *_) = await document.complete(cursor)
    begin = document.offset(item.range.start) if item.range else cursor
    rest = item.insert_text[cursor - begin:]
    assert rest
    document.replace(cursor, cursor, rest[0])
    items = await document.complete(cursor + 1, invoked=False)
    if len(rest) > 1:
        begin = document.offset(items[0].range.start) if items[0].range else cursor + 1
        assert items[0].insert_text[cursor + 1 - begin:].startswith(rest[1:2])
    document.close()


async def test_work_for_the_next_request_begins_with_the_key(model_client):
    async def source_of_the_answer(offset):
        items = await document.complete(offset, invoked=False)
        status = await model_client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.status"))
        return status["lastAnswer"]["source"], items

    text, cursor = marked("def multiply(first, second):\n    return ^^\n")
    document = model_client.open(samples / "foreseen.py", "python", text)
    source, (item,) = await source_of_the_answer(cursor)
    assert source == "new request"
    document.replace(cursor, cursor, "s" if item.insert_text.startswith("f") else "f")  # not as offered
    assert (await source_of_the_answer(cursor + 1))[0] in ("running work", "typed through")
    document.replace(0, 0, "\n")  # elsewhere: where the cursor is now, only a request tells
    assert (await source_of_the_answer(cursor + 2))[0] == "new request"
    document.close()


async def test_a_newer_request_supersedes_the_older_one_and_each_is_answered_once(model_client):
    text, cursor = marked("def fibonacci(n):\n    ^^\n")
    document = model_client.open(samples / "z.py", "python", text)
    results = await asyncio.gather(*(document.complete(cursor) for _ in range(5)), return_exceptions=True)
    assert not isinstance(results[-1], BaseException)
    for older in results[:-1]:
        assert older == [] or isinstance(older, (JsonRpcException, list))
    document.close()


async def test_no_ghost_text_inside_a_word_or_a_comment_unless_asked(model_client):
    for code in ("val^^ue = 1\n", "# a comm^^ent about things\nx = 1\n"):
        text, cursor = marked(code)
        document = model_client.open(samples / "w.py", "python", text)
        assert await document.complete(cursor, invoked=False) == []
        why = await model_client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.whyNoSuggestion"))
        assert why["message"]
        document.close()


async def test_the_selected_suggestion_is_extended_or_nothing_is_said(model_client):
    text, cursor = marked("import os\nprint(os.ge^^)\n")
    document = model_client.open(samples / "v.py", "python", text)
    where = types.Range(document.position(cursor - 2), document.position(cursor))
    for item in await document.complete(cursor, selected_completion_info=types.SelectedCompletionInfo(where, "getcwd")):
        assert item.range == where and item.insert_text.startswith("getcwd")
    document.close()


async def test_clients_without_inline_completion_get_completion_items():
    plain = capabilities()
    plain.text_document.inline_completion = None
    client = await start("--model", str(model_path("smollm2-135m")), client_capabilities=plain)
    text, cursor = marked("def add(a, b):\n    return a ^^\n")
    document = client.open(samples / "u.py", "python", text)

    async def asked():
        answer = await client.text_document_completion_async(types.CompletionParams(
            document.identifier, document.position(cursor), types.CompletionContext(types.CompletionTriggerKind.Invoked)))
        return answer.items

    items = []
    async with asyncio.timeout(60):
        while not items:  # empty while the model loads
            items = await asked()
    assert items[0].text_edit is not None and items[0].text_edit.new_text
    await finish(client)


async def test_loading_a_model_is_a_progress_that_begins_and_ends(tmp_path):
    """The model is chosen late: one that is loaded before the client is `initialized` needs no progress."""
    folder = tmp_path / "lacuna" / "models"
    folder.mkdir(parents=True)
    (folder / "smollm2-135m.gguf").symlink_to(model_path("smollm2-135m"))
    client = await start(cache=tmp_path)
    await client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.useModel", ["smollm2-135m"]))
    await client.until(lambda: any(reports and isinstance(reports[-1], types.WorkDoneProgressEnd)
                                   for reports in client.progress_reports.values()), "the end of the progress", 60)
    (reports,) = client.progress_reports.values()
    assert isinstance(reports[0], types.WorkDoneProgressBegin) and reports[0].title
    await finish(client)
