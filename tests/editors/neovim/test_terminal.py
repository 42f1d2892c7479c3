"""Neovim as a person sees it, in a terminal. The pictures are kept in build/test-results/pictures."""

import os

import pytest

from neovim import PLUGIN, program
from shared import server_command, until
from terminal import PICTURES, Terminal


@pytest.fixture
def terminal(project, model):
    command = ", ".join(f"'{part}'" for part in [*server_command(), "--model", str(model)])
    init = project.parent / "init.lua"
    init.write_text(f"""
        vim.opt.runtimepath:prepend('{PLUGIN}')
        vim.o.swapfile, vim.o.shadafile, vim.o.termguicolors, vim.o.number, vim.o.shortmess = false, 'NONE', true, true, 'atIF'
        vim.cmd('filetype plugin indent on | syntax on')
        vim.diagnostic.config({{ virtual_text = true }})
        require('lacuna').setup({{ cmd = {{ {command} }} }})
    """, encoding="utf-8")
    started = []

    def open_file(name: str, text: str) -> Terminal:
        (project / name).write_text(text, encoding="utf-8")
        home = str(project.parent / "home")
        session = Terminal(f"lacuna-{os.getpid()}-{len(started)}", [program(), "--clean", "-u", str(init), str(project / name)],
                           {"XDG_STATE_HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home})
        started.append(session)
        return session

    yield open_file
    for session in started:
        session.close()


def test_ghost_text_is_seen_and_tab_makes_it_text(terminal, project):
    session = terminal("cart.py", "def total(prices, discount):\n    return sum(prices) * (1 - discount)\n\n\ndef add(first, second):\n    return\n")
    until(lambda: "return sum" in session.screen(), session.screen)
    session.keys("G", "A", "Space", "f")

    def line_with_ghost_text() -> str | None:
        return next((line for line in session.screen().splitlines() if "return fi" in line), None)

    try:
        line = until(line_with_ghost_text, session.screen, seconds=10)
    except AssertionError:  # it was typed while the model was loading, which is not waited for long: the next key asks again
        session.keys("BSpace", "f")
        line = until(line_with_ghost_text, session.screen)
    session.picture(PICTURES / "neovim-ghost-text.png")
    before = session.cursor_column()
    session.keys("Tab")
    until(lambda: session.cursor_column() > before, "the cursor is behind what was accepted")
    session.keys("Escape", ":wq", "Enter")
    shown = line.partition("return ")[2].split()[0]
    until(lambda: f"return {shown}" in (project / "cart.py").read_text(encoding="utf-8"), "the accepted text is in the file")


def test_an_error_is_seen_where_it_is_and_its_fixes_are_listed(terminal):
    session = terminal("area.py", "def area(width, height):\n    return max(width * height, 0\n\nprint(area(2, 3))\n")
    until(lambda: "■" in session.screen() or "●" in session.screen(), session.screen)
    session.picture(PICTURES / "neovim-diagnostic.png")
    session.keys("2G", "gra")
    until(lambda: "Insert" in session.screen(), session.screen)
    session.picture(PICTURES / "neovim-quick-fix.png")
