"""Emacs as a person sees it, in a terminal. The picture is kept in build/test-results/pictures."""

import os

import pytest

from shared import root, server_command, until
from terminal import PICTURES, Terminal


@pytest.fixture
def terminal(project, model):
    command = " ".join(f'"{part}"' for part in [*server_command(), "--model", str(model)])
    init = project.parent / "init.el"
    init.write_text(f"""
        (add-to-list 'load-path "{root / 'editors' / 'emacs'}")
        (setq inhibit-startup-screen t make-backup-files nil create-lockfiles nil auto-save-default nil native-comp-async-report-warnings-errors nil)
        (require 'lacuna)
        (setq lacuna-command '({command}))
        (lacuna-setup-eglot)
        (add-hook 'python-mode-hook #'eglot-ensure)
    """, encoding="utf-8")
    path = project / "cart.py"
    path.write_text("def add(first, second):\n    return\n", encoding="utf-8")
    session = Terminal(f"lacuna-emacs-{os.getpid()}", ["emacs", "-nw", "-q", "-l", str(init), str(path)], {"HOME": str(project.parent)})
    yield session
    session.close()


def test_ghost_text_is_seen_and_tab_makes_it_text(terminal, project):
    until(lambda: "Lacuna" in terminal.screen(), terminal.screen)
    terminal.keys("M->", "C-b", "Space", "f")

    def line_with_ghost_text() -> str | None:
        return next((line for line in terminal.screen().splitlines() if "return fi" in line), None)

    try:
        line = until(line_with_ghost_text, terminal.screen, seconds=10)
    except AssertionError:  # it was typed while the model was loading, which is not waited for long: the next key asks again
        terminal.keys("BSpace", "f")
        line = until(line_with_ghost_text, terminal.screen)
    terminal.picture(PICTURES / "emacs-ghost-text.png")
    terminal.keys("Tab", "C-x", "C-s")
    shown = line.partition("return ")[2].split()[0]
    until(lambda: f"return {shown}" in (project / "cart.py").read_text(encoding="utf-8"), "the accepted text is in the file")
