"""initialize, capabilities, shutdown and exit, configuration, commands."""

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from conftest import capabilities, finish, start


async def test_the_server_says_what_it_can_do(client):
    answer = client.initialize_result
    able = answer.capabilities
    assert answer.server_info.name == "lacuna" and answer.server_info.version
    assert able.position_encoding == types.PositionEncodingKind.Utf16
    assert able.inline_completion_provider
    assert able.text_document_sync.change == types.TextDocumentSyncKind.Incremental
    assert types.CodeActionKind.QuickFix in able.code_action_provider.code_action_kinds
    assert able.code_action_provider.resolve_provider
    assert "lacuna.status" in able.execute_command_provider.commands


@pytest.mark.parametrize("wanted", [types.PositionEncodingKind.Utf8, types.PositionEncodingKind.Utf32])
async def test_another_position_encoding_is_taken_when_the_client_prefers_it(tmp_path, wanted):
    general = types.GeneralClientCapabilities(position_encodings=[wanted, types.PositionEncodingKind.Utf16])
    client = await start(cache=tmp_path, client_capabilities=capabilities(general=general))
    assert client.initialize_result.capabilities.position_encoding == wanted
    await finish(client)


async def test_a_client_without_inline_completion_is_offered_plain_completion(tmp_path):
    plain = capabilities()
    plain.text_document.inline_completion = None
    client = await start(cache=tmp_path, client_capabilities=plain)
    assert client.initialize_result.capabilities.completion_provider is not None
    await finish(client)


async def test_an_unknown_request_is_refused_and_the_session_goes_on(client):
    with pytest.raises(JsonRpcException) as refused:
        await client.text_document_hover_async(types.HoverParams(types.TextDocumentIdentifier("file:///x.py"), types.Position(0, 0)))
    assert refused.value.code == types.ErrorCodes.MethodNotFound
    assert await client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.status"))


async def test_the_status_is_an_account_for_people_and_for_programs(client):
    status = await client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.status"))
    assert "lacuna model pull" in status["message"], "without a model the status says how to get one"


async def test_without_a_model_the_user_is_told_once_how_to_get_one(client, tmp_path):
    await client.until(lambda: client.messages, "a message")
    document = client.open(tmp_path / "a.py", "python", "x = \n")
    assert await document.complete(4) == []
    assert len(client.messages) == 1
    assert "lacuna model pull" in client.messages[0].message


async def test_pausing_silences_completions_and_says_so(client, tmp_path):
    document = client.open(tmp_path / "a.py", "python", "x = 1\n")
    await client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.pause"))
    assert await document.complete(5, invoked=False) == []
    why = await client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.whyNoSuggestion"))
    assert "pause" in why["message"]
    await client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.resume"))
    assert await document.complete(5, invoked=False) == []
    why = await client.workspace_execute_command_async(types.ExecuteCommandParams("lacuna.whyNoSuggestion"))
    assert "pause" not in why["message"]


async def test_settings_of_a_wrong_type_are_named_and_the_defaults_stay(tmp_path):
    client = await start(cache=tmp_path, options={"completion": {"enabled": "yes"}})
    await client.until(lambda: any("completion.enabled" in m.message for m in client.messages), "a warning that names the setting")
    await finish(client)
