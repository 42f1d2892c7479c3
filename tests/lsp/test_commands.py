"""The commands that any editor can send, with a real (small) model."""

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from checked_client import marked
from conftest import capabilities, finish, model_path, samples, start

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def run(client, command, *arguments):
    return await client.workspace_execute_command_async(types.ExecuteCommandParams(command, list(arguments)))


def field(answer, name):
    return answer[name] if isinstance(answer, dict) else getattr(answer, name)


async def test_a_suggestion_is_taken_node_by_node_to_its_end(model_client):
    text, cursor = marked((samples / "inventory.py").read_text().replace("total += self.quantity(sku) * item.unit_price", "total^^", 1))
    document = model_client.open(samples / "parts.py", "python", text)
    items = await document.complete(cursor)
    assert items
    begin = document.offset(items[0].range.start)
    rest = items[0].insert_text[cursor - begin:]
    taken = ""
    for _ in range(200):
        edit = await run(model_client, "lacuna.nextPart", {
            "textDocument": {"uri": document.uri}, "unit": "node",
            "position": {"line": document.position(cursor).line, "character": document.position(cursor).character}})
        if edit is None:
            break
        part = field(edit, "newText")
        assert part and rest.startswith(taken + part)
        document.replace(cursor, cursor, part)
        taken += part
        cursor += len(part)
    assert taken == rest
    document.close()


async def test_where_no_suggestion_goes_on_there_is_no_next_part(model_client):
    document = model_client.open(samples / "none.py", "python", "x = 1\n")
    where = {"textDocument": {"uri": document.uri}, "position": {"line": 0, "character": 5}}
    assert await run(model_client, "lacuna.nextPart", {**where, "unit": "word"}) is None
    with pytest.raises(JsonRpcException):
        await run(model_client, "lacuna.nextPart", {**where, "unit": "chapter"})
    with pytest.raises(JsonRpcException):
        await run(model_client, "lacuna.nextPart")
    document.close()


async def test_statistics_and_the_explanation_follow_what_happens(model_client):
    before = await run(model_client, "lacuna.statistics")
    text, cursor = marked("def add(a, b):\n    return ^^\n")
    document = model_client.open(samples / "count.py", "python", text)
    (item, *_) = await document.complete(cursor)
    document.accept(item, cursor)
    await run(model_client, item.command.command, *item.command.arguments)
    after = await run(model_client, "lacuna.statistics")
    assert field(after, "offered") == field(before, "offered") + 1
    assert field(after, "accepted") == field(before, "accepted") + 1
    assert field(after, "acceptedCharacters") > field(before, "acceptedCharacters")
    assert field(field(after, "latencyMs"), "p95") >= field(field(after, "latencyMs"), "p50") > 0
    explanation = await run(model_client, "lacuna.explainCompletion")
    assert "The last answer took" in field(explanation, "message")
    document.close()


async def test_models_are_listed_and_only_names_of_this_machine_are_used(tmp_path):
    folder = tmp_path / "lacuna" / "models"
    folder.mkdir(parents=True)
    (folder / "smollm2-135m.gguf").symlink_to(model_path("smollm2-135m"))
    client = await start(cache=tmp_path)
    models = {field(each, "name"): field(each, "state") for each in field(await run(client, "lacuna.models"), "models")}
    assert models["smollm2-135m"] == "present" and models["qwen2.5-coder-0.5b"] == "absent"
    for refused in ("qwen2.5-coder-0.5b", str(model_path("smollm2-135m")), "nothing", 7):
        with pytest.raises(JsonRpcException):
            await run(client, "lacuna.useModel", refused)
    assert field(field(await run(client, "lacuna.status"), "model"), "state") == "absent"
    await run(client, "lacuna.useModel", "smollm2-135m")
    document = client.open(tmp_path / "a.py", "python", "def add(a, b):\n    return \n")
    assert await document.complete(26), "the model is waited for, and answers"
    assert field(field(await run(client, "lacuna.status"), "model"), "state") == "ready"
    await finish(client)


async def test_in_safe_mode_there_is_no_model_but_repairs_are(tmp_path):
    client = await start("--model", str(model_path("smollm2-135m")), options={"safeMode": True})
    document = client.open(tmp_path / "a.py", "python", "print((1)\n")
    assert await document.diagnostics() != []
    assert await document.complete(9) == []
    assert "safe mode" in field(await run(client, "lacuna.whyNoSuggestion"), "message")
    await finish(client)


async def test_fixes_on_saving_are_made_for_whoever_wants_them(tmp_path):
    parts = capabilities()
    parts.text_document.synchronization.will_save_wait_until = True
    client = await start(cache=tmp_path, client_capabilities=parts, options={"repair": {"fixAllOnSave": True}})
    assert client.initialize_result.capabilities.text_document_sync.will_save_wait_until
    document = client.open(tmp_path / "a.py", "python", "print((1)\n")
    edits = await client.text_document_will_save_wait_until_async(types.WillSaveTextDocumentParams(
        types.TextDocumentIdentifier(document.uri), types.TextDocumentSaveReason.Manual))
    assert [edit.new_text for edit in edits] == [")"]
    await finish(client)
