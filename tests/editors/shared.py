"""What the tests of terminal editors share. LACUNA_SERVER is the server's command (default: build/release/lacuna lsp)."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path

root = Path(__file__).resolve().parents[2]


def server_command() -> list[str]:
    return shlex.split(os.environ.get("LACUNA_SERVER", f"{root}/build/release/lacuna lsp"))


def until(condition, what: str, seconds: float = 60):
    """The first true value of condition(). A limit for a broken editor, not a measurement."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what() if callable(what) else what}"
        time.sleep(0.01)
