"""Runs scenario files against any language server over stdio: a plain check for the CI of any project.

usage: scenario.py --server "COMMAND" FILE.toml ...

A scenario is one document and a list of steps (see tests/lsp/scenarios). A step may
  open = "text" | replace = ["old", "new"] | type = "text"   change the document; `^^` in the text sets the cursor
  fix = "title pattern"          apply the first quick-fix of any diagnostic whose title matches (a regular expression)
  fix_all = "kind"               apply the code action of that kind ("source.fixAll")
  complete = true                ask for an inline completion at the cursor and accept it
and then expects any of
  diagnostics = N                how many errors are published
  message = "pattern"            a diagnostic's message matches
  text = "..."                   the document is exactly this
  contains = "..." / lacks = "..."
  inserted = true | false        whether the completion gave text
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shlex
import sys
import tomllib
from pathlib import Path

from lsprotocol import types

from checked_client import CheckedClient, Document

ACTIONS = {"open", "replace", "type", "fix", "fix_all", "complete"}
EXPECTATIONS = {"diagnostics", "message", "text", "contains", "lacks", "inserted"}


class Failure(AssertionError):
    pass


class Run:
    def __init__(self, client: CheckedClient, scenario: dict, folder: Path):
        self.client, self.scenario, self.folder = client, scenario, folder
        self.document: Document | None = None
        self.cursor = 0
        self.inserted = False

    async def steps(self) -> None:
        for number, step in enumerate(self.scenario["step"], 1):
            unknown = step.keys() - ACTIONS - EXPECTATIONS
            if unknown:
                raise Failure(f"step {number}: unknown {sorted(unknown)}")
            try:
                for action in ACTIONS & step.keys():
                    await getattr(self, f"do_{action}")(step[action])
                for expectation in EXPECTATIONS & step.keys():
                    await self.expect(expectation, step[expectation])
            except (AssertionError, TimeoutError) as failure:
                raise Failure(f"step {number}: {failure or type(failure).__name__}") from failure
        self.document.close()

    async def do_open(self, text: str) -> None:
        before, mark, after = text.partition("^^")
        self.cursor = len(before) if mark else 0
        path = self.folder / self.scenario["file"]
        self.document = self.client.open(path, self.scenario["language"], before + after)

    async def do_replace(self, pair: list[str]) -> None:
        old, new = pair
        begin = self.document.text.index(old)
        before, mark, after = new.partition("^^")
        self.document.replace(begin, begin + len(old), before + after)
        self.cursor = begin + len(before)

    async def do_type(self, text: str) -> None:
        for character in text:
            self.document.replace(self.cursor, self.cursor, character)
            self.cursor += 1

    async def do_fix(self, pattern: str) -> None:
        titles = []
        for diagnostic in await self.document.diagnostics():
            for action in await self.document.quick_fixes(diagnostic):
                titles.append(action.title)
                if re.search(pattern, action.title):
                    return await self.document.apply(action)
        raise Failure(f"no quick-fix matches {pattern!r} among {titles}")

    async def do_fix_all(self, kind: str) -> None:
        end = self.document.position(len(self.document.text))
        actions = await self.client.text_document_code_action_async(types.CodeActionParams(
            self.document.identifier, types.Range(types.Position(0, 0), end),
            types.CodeActionContext(await self.document.diagnostics(), [kind])))
        if not actions:
            raise Failure(f"no action of kind {kind}")
        await self.document.apply(actions[0])

    async def do_complete(self, _: bool) -> None:
        items = await self.document.complete(self.cursor)
        self.inserted = bool(items)
        if items:
            self.cursor = self.document.accept(items[0], self.cursor)

    async def expect(self, what: str, wanted) -> None:
        text = self.document.text
        if what == "diagnostics":
            found = await self.document.diagnostics()
            assert len(found) == wanted, f"{len(found)} diagnostics, not {wanted}: {[d.message for d in found]}"
        elif what == "message":
            messages = [d.message for d in await self.document.diagnostics()]
            assert any(re.search(wanted, m) for m in messages), f"no message matches {wanted!r}: {messages}"
        elif what == "text":
            assert text == wanted, f"the text is {text!r}"
        elif what == "contains":
            assert wanted in text, f"{wanted!r} is not in {text!r}"
        elif what == "lacks":
            assert wanted not in text, f"{wanted!r} is in {text!r}"
        elif what == "inserted":
            assert self.inserted == wanted, "no completion" if wanted else "a completion where none was wanted"


def load(path: Path) -> dict:
    scenario = tomllib.loads(path.read_text(encoding="utf-8"))
    missing = {"title", "language", "file", "step"} - scenario.keys()
    if missing:
        raise Failure(f"{path}: missing {sorted(missing)}")
    return scenario


async def run_files(command: list[str], files: list[Path]) -> int:
    """Runs each file in one session with the server; returns the number of failures."""
    from conftest import capabilities

    client = CheckedClient()
    await client.start_io(*command)
    await client.initialize_session(types.InitializeParams(capabilities()))
    failures = 0
    for path in files:
        scenario = load(path)
        try:
            await Run(client, scenario, path.parent).steps()
            print(f"ok    {scenario['title']}")
        except Failure as failure:
            failures += 1
            print(f"FAIL  {scenario['title']} ({path.name}): {failure}")
    await client.shutdown_session()
    for violation in client.violations:
        failures += 1
        print(f"FAIL  protocol: {violation}")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    failures = asyncio.run(run_files(shlex.split(arguments.server), arguments.files))
    print(f"{len(arguments.files) - min(failures, len(arguments.files))} passed, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
