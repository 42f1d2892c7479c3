"""Squiggles, quick-fixes, health, and a server that dies, in a real Neovim."""

import os
import signal
import stat

from shared import until

BROKEN = "def area(width, height):\n    return max(width * height, 0\n\nprint(area(2, 3))\n"
MENDED = BROKEN.replace("0\n", "0)\n")


def processes_of(editor) -> list[int]:
    """The processes that Neovim started."""
    children = editor.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())")
    return [child for child in children if "lacuna" in editor.lua("return (vim.api.nvim_get_proc(...) or {}).name or ''", child)]


def health_of(editor, environment=None) -> str:
    editor.nvim.command("checkhealth lacuna")
    return "\n".join(editor.nvim.current.buffer[:])


def test_an_error_is_marked_and_the_quick_fix_mends_it(neovim):
    editor = neovim(with_model=False)
    editor.open("a.py", BROKEN)
    (problem,) = until(editor.diagnostics, "a diagnostic")
    assert problem["line"] in (1, 2)
    editor.nvim.current.window.cursor = (problem["line"] + 1, 0)
    titles = editor.lua("""
        _G.titles = {}
        vim.ui.select = function(items, options, choose)
          for _, item in ipairs(items) do table.insert(_G.titles, item.action.title) end
          choose(items[1])
        end
        return true""")
    assert titles
    editor.keys("gra")
    until(lambda: editor.text() == MENDED, lambda: f"the mended text, not {editor.text()!r}; offered: {editor.lua('return _G.titles')}")
    until(lambda: not editor.diagnostics(), "no diagnostic any more")


def test_fix_all_mends_every_error(neovim):
    editor = neovim(with_model=False)
    editor.open("a.c", "int add(int a, int b) {\n    return a + b\n}\n\nint main(void) {\n    return add(1, 2;\n}\n")
    until(editor.diagnostics, "a diagnostic")
    editor.keys(":Lacuna fix<CR>")
    until(lambda: editor.text() == "int add(int a, int b) {\n    return a + b;\n}\n\nint main(void) {\n    return add(1, 2);\n}\n", editor.text)


def test_fixing_on_save_is_off_unless_chosen(neovim):
    for options, expected in (("", BROKEN), ("fix_all_on_save = true", MENDED)):
        editor = neovim(options, with_model=False)
        editor.open("saved.py", BROKEN)
        until(editor.diagnostics, "a diagnostic")
        editor.nvim.command("silent write")
        assert (editor.folder / "saved.py").read_text() == expected


def test_a_killed_server_is_started_again_and_goes_on(neovim):
    editor = neovim()
    editor.open("a.py", "def add(first, second):\n    return ^\n")
    editor.model_ready()
    (first,) = processes_of(editor)
    os.kill(first, signal.SIGKILL)
    editor.until_told("is started again")
    until(lambda: [p for p in processes_of(editor) if p != first], "another server")
    until(editor.attached, "the buffer is attached again")
    editor.model_ready()
    editor.keys("f")
    assert editor.until_ghost()


def test_a_server_that_keeps_dying_is_left_alone(neovim):
    editor = neovim("restarts = 2", with_model=False)
    editor.open("a.py", "x = 1\n")
    for _ in range(2):
        (server,) = until(lambda: processes_of(editor), "a server")
        os.kill(server, signal.SIGKILL)
        until(lambda: [p for p in processes_of(editor) if p != server] and editor.attached(), "another server")
    (server,) = processes_of(editor)
    os.kill(server, signal.SIGKILL)
    editor.until_told("not started again")
    editor.keys(":Lacuna restart<CR>")
    until(editor.attached, "started by hand")


def test_stopping_by_hand_is_not_a_crash(neovim):
    editor = neovim(with_model=False)
    editor.open("a.py", "x = 1\n")
    editor.keys(":Lacuna stop<CR>")
    until(lambda: not processes_of(editor), "the server's end")
    assert not [text for text in editor.told() if "ended" in text]


def test_pausing_silences_and_is_seen_in_the_status_line(neovim):
    editor = neovim()
    editor.open("a.py", "def add(first, second):\n    return ^\n")
    editor.model_ready()
    editor.keys("<Esc>:Lacuna pause 10<CR>")
    editor.until_told("paused for 10 minutes")
    assert editor.lua("return require('lacuna').status()") == "Lacuna: paused"
    editor.keys("A f")
    editor.until_status(lambda status: "paused" in status["lastSilence"])
    assert editor.ghost() == ""
    editor.keys("<Esc>:Lacuna resume<CR>")
    until(lambda: editor.lua("return require('lacuna').status()") == "Lacuna", "the status line")
    editor.keys("A<BS>")
    assert editor.until_ghost()


def test_the_status_is_told_in_words(neovim):
    editor = neovim(with_model=False, environment={"XDG_CACHE_HOME": "/nonexistent"})
    editor.open("a.py", "x = 1\n")
    editor.keys(":Lacuna<CR>")
    assert "lacuna model pull" in editor.until_told("Lacuna 0")


def test_a_long_message_of_the_server_does_not_stop_the_typing(neovim):
    editor = neovim()
    editor.nvim.options["columns"] = 40
    editor.open("a.py", "x = 1\n")
    editor.model_ready()
    short = editor.until_told("… :Lacuna messages")
    assert len(short) < 40
    editor.keys(":Lacuna messages<CR>")
    assert "fill-in-the-middle tokens: completions see the text before the cursor only" in editor.until_told("before the cursor only")


def test_an_action_that_does_not_exist_is_named_with_those_that_do(neovim):
    editor = neovim(with_model=False)
    editor.keys(":Lacuna dance<CR>")
    assert "pause" in editor.until_told("'dance'")


def test_wrong_options_are_named_and_the_defaults_stay(neovim):
    editor = neovim("automatic = 'no', debounce = 3, keys = { akzept = '<Tab>', next = 5 }", with_model=False)
    for part in ("'automatic' must be a boolean", "'debounce' is no option", "'keys.akzept'", "'keys.next'"):
        editor.until_told(part)
    assert editor.lua("return require('lacuna.config').current.automatic") is True


def test_health_of_a_good_set_up_has_no_error(neovim):
    editor = neovim()
    editor.open("a.py", "x = 1\n")
    editor.model_ready()
    report = health_of(editor)
    assert "❌" not in report and "ERROR" not in report, report
    assert "model run" in report and "draws" in report


def test_health_names_a_program_that_is_not_there_and_the_remedy(neovim):
    editor = neovim("cmd = { 'no-such-lacuna', 'lsp' }", with_model=False)
    report = health_of(editor)
    assert "'no-such-lacuna' is not a program" in report and "docs/install.md" in report


def test_health_names_a_program_that_cannot_run(neovim, project):
    broken = project / "broken"
    broken.write_text("#!/bin/sh\necho 'library x is missing' >&2\nexit 127\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    editor = neovim(f"cmd = {{ '{broken}', 'lsp' }}", with_model=False)
    assert "library x is missing" in health_of(editor)


def test_health_says_how_to_get_a_model(neovim):
    editor = neovim(with_model=False, environment={"XDG_CACHE_HOME": "/nonexistent"})
    editor.open("a.py", "x = 1\n")
    assert "lacuna model pull" in health_of(editor)


def test_the_help_has_the_tags_that_the_messages_name(neovim):
    editor = neovim(with_model=False)
    editor.nvim.command("helptags " + editor.lua("return vim.api.nvim_get_runtime_file('doc/lacuna.txt', false)[1]:gsub('/lacuna.txt$', '')"))
    for tag in ("lacuna", "lacuna-options", "lacuna-keys", ":Lacuna"):
        editor.nvim.command(f"help {tag}")
        assert editor.nvim.current.buffer.name.endswith("lacuna.txt")
