"""A pytest-lsp client that checks every message of the server against the meta model and keeps the documents it opened."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import register_lsp_features
from pytest_lsp.protocol import LanguageClientProtocol

import protocol_check


class CheckedProtocol(LanguageClientProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.violations: list[str] = []
        self.open_requests: dict[Any, str] = {}
        self.received: list[dict[str, Any]] = []

    def _send_data(self, data: Any):
        method, request_id = getattr(data, "method", None), getattr(data, "id", None)
        if method is not None and request_id is not None:
            self.open_requests[request_id] = method
        return super()._send_data(data)

    def structure_message(self, data: dict[str, Any]):
        if "jsonrpc" not in data:  # pygls calls this for every object inside a message, too
            return super().structure_message(data)
        self.received.append(data)
        self.violations += protocol_check.violations(data, self.open_requests)
        if "method" not in data:
            self.open_requests.pop(data.get("id"), None)
        return super().structure_message(data)


class CheckedClient(LanguageClient):
    """Adds what an editor does with documents: open, edit, await diagnostics of a version, apply an edit."""

    def __init__(self):
        super().__init__(protocol_cls=CheckedProtocol, converter_factory=default_converter)
        register_lsp_features(self)
        self.documents: dict[str, Document] = {}

    @property
    def violations(self) -> list[str]:
        return self.protocol.violations

    def open(self, path: str | Path, language: str, text: str) -> "Document":
        document = Document(self, Path(path).absolute().as_uri(), language, text)
        self.documents[document.uri] = document
        self.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(document.uri, language, 1, text)))
        return document

    async def until(self, predicate, what: str, timeout: float = 30):
        """Waits until predicate() is truthy, woken by the server's messages."""
        async with asyncio.timeout(timeout):
            for seen in itertools.count():
                value = predicate()
                if value:
                    return value
                await asyncio.sleep(0.005)
        raise AssertionError(what)


class Document:
    """A text as the editor has it; positions are UTF-16."""

    def __init__(self, client: CheckedClient, uri: str, language: str, text: str):
        self.client, self.uri, self.language, self.text, self.version = client, uri, language, text, 1

    @property
    def identifier(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri)

    def position(self, offset: int) -> types.Position:
        start = self.text.rfind("\n", 0, offset) + 1
        return types.Position(self.text.count("\n", 0, offset), utf16_length(self.text[start:offset]))

    def offset(self, position: types.Position) -> int:
        lines = self.text.split("\n")
        if position.line >= len(lines):
            return len(self.text)
        before, line = sum(len(text) + 1 for text in lines[:position.line]), lines[position.line]
        for column in range(len(line) + 1):
            if utf16_length(line[:column]) >= position.character:
                return before + column
        return before + len(line)

    def replace(self, begin: int, end: int, new: str) -> None:
        """An incremental change, told to the server."""
        where = types.Range(self.position(begin), self.position(end))
        self.text = self.text[:begin] + new + self.text[end:]
        self._changed(types.TextDocumentContentChangePartial(where, new))

    def set(self, text: str) -> None:
        self.text = text
        self._changed(types.TextDocumentContentChangeWholeDocument(text))

    def _changed(self, change) -> None:
        self.version += 1
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(self.version, self.uri), [change]))

    def close(self) -> None:
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(self.identifier))

    async def diagnostics(self) -> list[types.Diagnostic]:
        """Those published for the current version."""
        def published():
            for message in reversed(self.client.protocol.received):
                if message.get("method") == "textDocument/publishDiagnostics":
                    params = message["params"]
                    if params["uri"] == self.uri and params.get("version", self.version) == self.version:
                        return params
            return None
        await self.client.until(published, f"diagnostics of {self.uri} version {self.version}")
        return list(self.client.diagnostics.get(self.uri, []))

    async def quick_fixes(self, diagnostic: types.Diagnostic) -> list[types.CodeAction]:
        actions = await self.client.text_document_code_action_async(types.CodeActionParams(
            self.identifier, diagnostic.range,
            types.CodeActionContext([diagnostic], [types.CodeActionKind.QuickFix], types.CodeActionTriggerKind.Invoked)))
        return list(actions or [])

    async def apply(self, action: types.CodeAction) -> None:
        """Resolves the action if it has no edit yet, and applies it as one change after another."""
        if action.edit is None:
            action = await self.client.code_action_resolve_async(action)
        assert action.edit is not None, "an action without an edit"
        edits = [edit for change in action.edit.document_changes or [] for edit in change.edits]
        for edits_of_uri in (action.edit.changes or {}).values():
            edits += edits_of_uri
        for change in action.edit.document_changes or []:
            assert change.text_document.version in (None, self.version), "an edit of another version"
        spans = sorted(((self.offset(e.range.start), self.offset(e.range.end), e.new_text) for e in edits), reverse=True)
        text = self.text
        for begin, end, new in spans:
            text = text[:begin] + new + text[end:]
        self.set(text)

    async def complete(self, offset: int, invoked: bool = True, **context) -> list[types.InlineCompletionItem]:
        kind = types.InlineCompletionTriggerKind.Invoked if invoked else types.InlineCompletionTriggerKind.Automatic
        answer = await self.client.text_document_inline_completion_async(types.InlineCompletionParams(
            types.InlineCompletionContext(kind, **context), self.identifier, self.position(offset)))
        assert answer is not None, "null would leave stale ghost text in an editor"
        return list(answer.items)

    def accept(self, item: types.InlineCompletionItem, offset: int) -> int:
        """Inserts an item as an editor would; returns the offset after it."""
        begin, end = offset, offset
        if item.range is not None:
            begin, end = self.offset(item.range.start), self.offset(item.range.end)
        self.replace(begin, end, item.insert_text)
        return begin + len(item.insert_text)


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def marked(text: str) -> tuple[str, int]:
    """A text and the offset of its mark `^^`, which is taken out."""
    before, mark, after = text.partition("^^")
    assert mark, "the text has no ^^"
    return before + after, len(before)
