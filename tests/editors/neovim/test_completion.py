"""Ghost text in a real Neovim, from a real (small) model."""

from shared import until

PYTHON = "import os\n\n\ndef add(first, second):\n    return ^\n"


def shown(neovim, name="a.py", text=PYTHON, key="f"):
    editor = neovim()
    editor.open(name, text)
    editor.model_ready()
    editor.keys(key)
    return editor, editor.until_ghost()


def test_typing_shows_ghost_text_that_is_not_in_the_buffer(neovim):
    editor, ghost = shown(neovim)
    assert "first" in "f" + ghost, "the obvious thing to return"
    assert editor.text() == PYTHON.replace("^", "f")
    assert editor.draws_itself or editor.status()["completions"]["shown"] >= 1, "Neovim's own ghost text tells nothing of it"


def test_tab_accepts_what_is_shown_and_tells_the_server(neovim):
    editor, ghost = shown(neovim)
    editor.keys("<Tab>")
    assert editor.text() == PYTHON.replace("^", "f" + ghost), "accepted is what was shown"
    assert editor.ghost() != ghost
    assert editor.mode() == "i"
    editor.until_status(lambda status: status["completions"]["accepted"] == 1)
    editor.keys("  # sum")
    assert editor.line().endswith("  # sum"), "the cursor is behind the accepted text"


def test_accepting_is_one_step_of_undo(neovim):
    editor, ghost = shown(neovim)
    editor.keys("<Tab>")
    until(lambda: ghost in editor.text(), "the accepted text")
    editor.keys("<Esc>u")
    assert editor.text() == PYTHON.replace("^", "f"), "what was typed before stays"


def test_a_word_at_a_time_keeps_the_rest_shown(neovim):
    editor, ghost = shown(neovim)
    editor.keys("<M-Right>")
    accepted = editor.line().removeprefix("    return f")
    assert accepted and ghost.startswith(accepted)
    rest = ghost[len(accepted):]
    assert editor.ghost() == rest or editor.draws_itself, "the rest is shown at once"
    while editor.line() != "    return f" + ghost:
        before = editor.line()
        until(editor.ghost, "the rest")
        editor.keys("<M-Right>")
        assert len(editor.line()) > len(before) and ("    return f" + ghost).startswith(editor.line())
    editor.until_status(lambda status: status["completions"]["partiallyAccepted"] >= 1)


def test_a_line_at_a_time(neovim):
    editor, ghost = shown(neovim, "b.py", "def sign(number):\n    if number > 0:\n        return 1\n    elif ^\n")
    editor.keys("<M-C-Right>")
    assert editor.line() == "    elif f" + ghost.split("\n")[0]


def test_typing_along_shortens_the_ghost_text_without_a_flicker(neovim):
    editor, ghost = shown(neovim)
    editor.keys(ghost[0])
    assert editor.ghost() == ghost[1:]


def test_typing_something_else_takes_it_away(neovim):
    editor, ghost = shown(neovim)
    editor.keys("@")
    assert editor.ghost() != ghost and not editor.ghost().endswith(ghost)


def test_dismissing_leaves_the_text_and_insert_mode_alone(neovim):
    editor, _ = shown(neovim)
    editor.keys("<C-]>")
    until(lambda: editor.ghost() == "", "no ghost text")
    assert editor.text() == PYTHON.replace("^", "f") and editor.mode() == "i"


def test_leaving_insert_mode_takes_it_away(neovim):
    editor, _ = shown(neovim)
    editor.keys("<Esc>")
    assert editor.ghost() == ""


def test_cycling_shows_the_alternatives_and_comes_back(neovim):
    editor, _ = shown(neovim, text="def load(path):\n    with open^", key="(")
    editor.keys("<M-]>")
    visible = until(lambda: (lambda v: v if v and v["count"] > 1 else None)(editor.lua("return require('lacuna').visible()")), "alternatives")
    seen = {visible["text"]}
    for _ in range(visible["count"]):
        editor.keys("<M-]>")
        seen.add(editor.ghost())
    assert len(seen) == visible["count"], "each is shown once"
    now = editor.ghost()
    editor.keys("<M-[>")
    assert editor.ghost() != now
    editor.keys("<M-]>")
    assert editor.ghost() == now
    editor.keys("<Tab>")
    assert editor.line() == "    with open(" + now.split("\n")[0]


def test_asking_by_hand_works_where_typing_does_not_ask(neovim):
    editor = neovim("automatic = false")
    editor.open("a.py", PYTHON)
    editor.model_ready()
    editor.keys("f")
    editor.keys("<M-Bslash>")
    assert editor.until_ghost()
    assert editor.status()["completions"]["requests"] == 1


def test_a_request_by_hand_without_an_answer_says_why(neovim):
    editor = neovim()
    editor.open("a.py", "x = 1\n^\n")
    editor.model_ready()
    editor.keys("<Esc>:Lacuna pause<CR>i<M-Bslash>")
    editor.until_told("paused")


def test_tab_is_a_tab_where_nothing_is_shown(neovim):
    editor = neovim("automatic = false")
    editor.open("a.py", "x = 1\n^\n")
    editor.keys("<Tab>y")
    assert editor.line().strip() == "y" and editor.line()[0] in " \t"


def test_a_key_that_was_mapped_before_still_does_that_where_nothing_is_shown(neovim):
    editor = neovim("automatic = false")
    editor.lua("vim.keymap.set('i', '<Tab>', function() return 'mapped' end, { expr = true })")
    editor.open("a.py", "^\n")
    editor.keys("<Tab>!")
    assert editor.line() == "mapped!"


def test_the_overlap_with_an_inserted_bracket_is_shown_and_accepted_once(neovim):
    editor = neovim()
    editor.open("a.py", "import os\n\n\nname = 'x'\npath = os.path.join(^)\n")
    editor.model_ready()
    editor.keys("o")
    editor.until_ghost()
    editor.keys("<Tab>")
    line = editor.line()
    assert line.count("(") == line.count(")"), line
