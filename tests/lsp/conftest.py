"""Fixtures: a client connected to the built server, with or without a model.

LACUNA_SERVER is the server's command (default: build/release/lacuna lsp). LACUNA_TEST_MODELS is the folder of the models;
tests that need one are skipped only where the variable is unset.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
import pytest_asyncio
from lsprotocol import types

from checked_client import CheckedClient

root = Path(__file__).resolve().parents[2]
samples = root / "tests" / "samples"


def server_command() -> list[str]:
    return shlex.split(os.environ.get("LACUNA_SERVER", f"{root}/build/release/lacuna lsp"))


def model_path(name: str) -> Path:
    folder = os.environ.get("LACUNA_TEST_MODELS")
    if not folder:
        pytest.skip("LACUNA_TEST_MODELS is not set")
    path = Path(folder) / f"{name}.gguf"
    assert path.exists(), f"{path} is missing: run `lacuna model pull {name}`"
    return path


def capabilities(**changes) -> types.ClientCapabilities:
    """Those of a complete client; parts can be replaced by name."""
    parts = dict(
        general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf16]),
        window=types.WindowClientCapabilities(work_done_progress=True),
        workspace=types.WorkspaceClientCapabilities(
            configuration=True, apply_edit=True,
            workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True)),
        text_document=types.TextDocumentClientCapabilities(
            synchronization=types.TextDocumentSyncClientCapabilities(did_save=True),
            publish_diagnostics=types.PublishDiagnosticsClientCapabilities(version_support=True, related_information=True),
            inline_completion=types.InlineCompletionClientCapabilities(),
            completion=types.CompletionClientCapabilities(),
            code_action=types.CodeActionClientCapabilities(
                is_preferred_support=True, data_support=True,
                resolve_support=types.ClientCodeActionResolveOptions(["edit"]),
                code_action_literal_support=types.ClientCodeActionLiteralOptions(
                    types.ClientCodeActionKindOptions([types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll])))))
    return types.ClientCapabilities(**{**parts, **changes})


async def start(*arguments: str, client_capabilities: types.ClientCapabilities | None = None,
                options: dict | None = None, cache: Path | None = None) -> CheckedClient:
    """A session; with `cache`, the server looks for its models there."""
    client = CheckedClient()
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)} if cache else None
    await client.start_io(*server_command(), *arguments, env=environment)
    client.initialize_result = await client.initialize_session(types.InitializeParams(
        client_capabilities or capabilities(), initialization_options=options,
        client_info=types.ClientInfo("lacuna-tests", "1"), trace=types.TraceValue.Off))
    return client


async def finish(client: CheckedClient) -> None:
    await client.shutdown_session()
    assert client._server.returncode == 0, "exit after shutdown must end with code 0"
    await client.stop()
    assert client.violations == []


@pytest_asyncio.fixture
async def client(tmp_path):
    """A session without a model: everything but ghost text."""
    session = await start(cache=tmp_path)
    yield session
    await finish(session)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model_client():
    """A session with the small model, shared by a module's tests."""
    session = await start("--model", str(model_path("smollm2-135m")))
    yield session
    await finish(session)
