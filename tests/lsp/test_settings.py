"""docs/settings.md against what the server reads and what the VS Code extension offers."""

import json
import re

import pytest

from conftest import finish, root, start

PAGE = (root / "docs" / "settings.md").read_text(encoding="utf-8")
SOURCE = (root / "server" / "lsp" / "settings.cpp").read_text(encoding="utf-8")
MANIFEST = json.loads((root / "vscode-extension" / "package.json").read_text(encoding="utf-8"))


def rows(heading: str) -> list[list[str]]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")]


SERVER = {row[0].strip("`"): row for row in rows("Of the server")}


def read_by_the_server() -> set[str]:
    """The names in the reading functions, with their sections."""
    completion = SOURCE.split("void read_completion")[1].split("\n}")[0]
    names = {f"completion.{name}" for name in re.findall(r'section\.read\("(\w+)"', completion)}
    names |= {f"{section}.{name}" for section, name in re.findall(r'root\.section\("(\w+)"\)\.read\("(\w+)"', SOURCE)}
    return names | set(re.findall(r'root\.read\("(\w+)"', SOURCE))


def test_every_setting_that_the_server_reads_is_documented_and_no_other():
    assert read_by_the_server() == set(SERVER)


@pytest.mark.parametrize("name", sorted(SERVER))
async def test_a_documented_setting_is_really_read(name, tmp_path):
    """A value of a type that no setting has must be named."""
    value: object = [1]
    for part in reversed(name.split(".")):
        value = {part: value}
    client = await start(cache=tmp_path, options=value)
    await client.until(lambda: any(f"lacuna.{name}:" in m.message for m in client.messages), f"a warning that names {name}")
    await finish(client)


@pytest.mark.parametrize("name", [name for name, row in SERVER.items() if " to " in row[1]])
async def test_the_documented_limits_are_those_of_the_server(name, tmp_path):
    least, most = map(int, SERVER[name][1].split(" to "))
    for value, wrong in ((least, False), (most, False), (least - 1, True), (most + 1, True)):
        options: object = value
        for part in reversed(name.split(".")):
            options = {part: options}
        client = await start(cache=tmp_path, options=options)
        await client.until(lambda: any("no ghost text" in m.message for m in client.messages), "the notice that comes after the warnings")
        warnings = [m.message for m in client.messages if f"lacuna.{name}:" in m.message]
        assert bool(warnings) == wrong, (name, value, warnings)
        if wrong and SERVER[name][2] != "-1":
            assert f"using {SERVER[name][2]}" in warnings[0], "the documented default stays"
        await finish(client)


def contributed() -> dict:
    configuration = MANIFEST["contributes"]["configuration"]
    parts = configuration if isinstance(configuration, list) else [configuration]
    return {name: what for part in parts for name, what in part["properties"].items()}


def shown(value) -> str:
    return {True: "true", False: "false", "": "empty"}.get(value, str(value)) if not isinstance(value, int) or isinstance(value, bool) else str(value)


def test_every_setting_of_the_extension_is_documented_with_its_default():
    own = {row[0].strip("`"): row[1] for row in rows("Of the VS Code extension")}
    for name, what in contributed().items():
        bare = name.removeprefix("lacuna.")
        documented = SERVER[bare][2] if bare in SERVER else own.pop(name, None)
        assert documented == shown(what["default"]), f"{name} is documented with {documented}"
    assert not own, f"documented, but not offered: {sorted(own)}"
