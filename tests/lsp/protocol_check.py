"""Checks raw LSP messages against the protocol's own meta model.

The npm package vscode-languageserver-protocol ships the meta model's schema but not the model, so the check stands on
lsprotocol, whose classes are generated from metaModel.json of LSP 3.18. A message is right when the class of its method
takes it (types, required properties, enumerations, integer ranges) and gives the same JSON back: a property that the
model does not know would be lost on the way.
"""

from __future__ import annotations

import json
from typing import Any

from lsprotocol import types
from lsprotocol.converters import get_converter

_converter = get_converter()


def violations(message: dict[str, Any], result_types: dict[Any, str]) -> list[str]:
    """What is wrong with a message of the server. `result_types` maps the ids of the client's open requests to methods."""
    if message.get("jsonrpc") != "2.0":
        return [f'"jsonrpc" is {message.get("jsonrpc")!r}']
    if "method" in message:
        method = message["method"]
        if method not in types.METHOD_TO_TYPES:
            return [] if method.startswith("$/") else [f"unknown method {method}"]
        return _mismatch(message, types.METHOD_TO_TYPES[method][0], method)
    if ("result" in message) == ("error" in message):
        return ["a response has either a result or an error"]
    if "error" in message:
        return _mismatch(message, types.ResponseErrorMessage, f"error response to {message.get('id')}")
    method = result_types.get(message.get("id"))
    if method is None:
        return [f"a response to an unknown or answered id {message.get('id')!r}"]
    return _mismatch(message, types.METHOD_TO_TYPES[method][1], f"response to {method}")


def _mismatch(message: dict[str, Any], cls: type, what: str) -> list[str]:
    try:
        again = _converter.unstructure(_converter.structure(message, cls), cls)
    except Exception as failure:  # cattrs raises exception groups of its own
        return [f"{what}: {_reason(failure)}: {json.dumps(message)[:400]}"]
    return [f"{what}: {problem}" for problem in _lost(message, again, "")]


def _reason(failure: BaseException) -> str:
    while getattr(failure, "exceptions", None):
        failure = failure.exceptions[0]
    return f"{type(failure).__name__}: {failure}"


def _lost(sent: Any, kept: Any, path: str) -> list[str]:
    """Properties of `sent` that `kept` lacks or holds otherwise. Free-form values (LSPAny) come back as they are."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        problems = []
        for key, value in sent.items():
            if key in kept:
                problems += _lost(value, kept[key], f"{path}.{key}")
            elif value is not None:
                problems.append(f"unknown property {path}.{key}")
        return problems
    if isinstance(sent, list) and isinstance(kept, (list, tuple)) and len(sent) == len(kept):
        return [p for i, (a, b) in enumerate(zip(sent, kept)) for p in _lost(a, b, f"{path}[{i}]")]
    return [] if sent == kept else [f"{path} is {sent!r}, read as {kept!r}"]
