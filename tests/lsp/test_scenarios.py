"""The scenario files, run by the same code that any project's CI can call."""

from pathlib import Path

import pytest

import scenario

FILES = sorted((Path(__file__).parent / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
async def test_scenario(client, path):
    await scenario.Run(client, scenario.load(path), path.parent).steps()


async def test_a_scenario_that_is_not_met_fails(client, tmp_path):
    wrong = {"title": "t", "language": "python", "file": "a.py", "step": [{"open": "x = (\n", "diagnostics": 0}]}
    with pytest.raises(scenario.Failure):
        await scenario.Run(client, wrong, tmp_path).steps()


async def test_the_protocol_check_notices_what_is_wrong():
    import protocol_check

    good = {"jsonrpc": "2.0", "method": "window/showMessage", "params": {"type": 1, "message": "m"}}
    assert protocol_check.violations(good, {}) == []
    for bad in ({**good, "jsonrpc": "1.0"}, {**good, "method": "window/shout"},
                {**good, "params": {"type": 99, "message": "m"}}, {**good, "params": {"type": 1}},
                {**good, "params": {"type": 1, "message": "m", "colour": "red"}},
                {"jsonrpc": "2.0", "id": 1, "result": None, "error": {"code": 1, "message": "m"}},
                {"jsonrpc": "2.0", "id": 7, "result": None}):
        assert protocol_check.violations(bad, {}), bad
