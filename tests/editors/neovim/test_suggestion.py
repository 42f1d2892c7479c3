"""Where a suggestion stands, how it is drawn, and what is left of it after a part: the module lacuna.suggestion, in Neovim."""

import pytest

from neovim import Neovim


@pytest.fixture(scope="module")
def suggestion(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suggestion") / "project"
    folder.mkdir()
    editor = Neovim(folder, model=None)

    def call(function: str, *arguments):
        return editor.lua(f"return {{ require('lacuna.suggestion').{function}(...) }}", *arguments)
    yield call
    editor.close()


def at(row, col, rest, overlap=""):
    return {"row": row, "col": col, "rest": rest, "overlap": overlap}


def item(text, first, last):
    return {"insertText": text, "range": {"start": {"line": 0, "character": first}, "end": {"line": 0, "character": last}}}


def test_the_typed_part_is_left_out(suggestion):
    (found,) = suggestion("from_item", item("range(3)", 4, 6), 0, 6, "x = ra", "utf-16")
    assert found == at(0, 6, "nge(3)")


@pytest.mark.parametrize("text, first, last", [("other", 4, 6), ("ra", 4, 6), ("range", 5, 6)])
def test_what_cannot_follow_the_cursor_is_not_shown(suggestion, text, first, last):
    assert suggestion("from_item", item(text, first, last), 0, 6, "x = ra", "utf-16") in ([], [None])


def test_columns_count_in_the_servers_encoding(suggestion):
    line = "s = '𝄞é' + na"
    (found,) = suggestion("from_item", item("name", 12, 14), 0, len(line.encode()), line, "utf-16")
    assert found["rest"] == "me" and found["col"] == len(line.encode())


def test_the_overlap_is_drawn_by_the_buffer_itself(suggestion):
    (layout,) = suggestion("layout", at(0, 4, "a, b) {\n    return", ")"))
    assert layout == {"before": "a, b", "after": " {", "below": ["    return"]}


def test_a_text_without_the_overlap_is_drawn_at_the_cursor(suggestion):
    (layout,) = suggestion("layout", at(0, 4, "a, b", ")"))
    assert layout == {"before": "a, b", "after": "", "below": []}


@pytest.mark.parametrize("rest, word", [
    ("name(first)", "name"), ("(first)", "("), ("  == other", "  =="), (" + b", " +"), ("\n    pass", "\n    pass"), ("größe = 1", "größe"),
    ("   ", "   "),
])
def test_words(suggestion, rest, word):
    assert suggestion("next_word", at(0, 0, rest)) == [word]


@pytest.mark.parametrize("rest, line", [("a\n b", "a"), ("\n b\nc", "\n b"), ("a", "a")])
def test_lines(suggestion, rest, line):
    assert suggestion("next_line", at(0, 0, rest)) == [line]


def test_a_word_before_the_overlap_leaves_it(suggestion):
    text, replaced, remains = suggestion("take", at(0, 4, "a, b)", ")"), "a")
    assert (text, replaced) == ("a", 0) and remains == at(0, 5, ", b)", ")")


def test_a_piece_that_reaches_the_overlap_takes_all_of_it(suggestion):
    text, replaced, remains = suggestion("take", at(0, 4, "b)) {\nx", "))"), "b)")
    assert (text, replaced) == ("b))", 2) and remains == at(0, 7, " {\nx")


def test_a_line_takes_the_overlap_with_it(suggestion):
    text, replaced, remains = suggestion("take", at(2, 4, "b) {\n  x\n}", ")"), "b) {")
    assert (text, replaced) == ("b) {", 1) and remains == at(2, 8, "\n  x\n}")


def test_what_remains_after_a_line_break_is_on_the_next_line(suggestion):
    text, _, remains = suggestion("take", at(2, 4, "\n  x\n}"), "\n  x")
    assert remains == at(3, 3, "\n}")


def test_all_of_it_replaces_the_overlap_and_leaves_nothing(suggestion):
    found = suggestion("take", at(0, 4, "a)", ")"), "a)")
    assert found[:2] == ["a)", 1] and found[2:] in ([], [None])


@pytest.mark.parametrize("old, new, col, rest", [
    ("x = ", "x = r", 5, "ange"), ("x = )", "x = r)", 5, "ange"),
])
def test_typing_along_follows(suggestion, old, new, col, rest):
    (found,) = suggestion("follow", at(0, 4, "range"), old, new, col)
    assert found["rest"] == rest and found["col"] == col


@pytest.mark.parametrize("old, new, col", [("x = ", "x = s", 5), ("x = ", "x =", 3), ("x = ", "y = r", 5), ("x = ", "x = r)", 5)])
def test_another_text_is_not_followed(suggestion, old, new, col):
    assert suggestion("follow", at(0, 4, "range"), old, new, col) in ([], [None])
